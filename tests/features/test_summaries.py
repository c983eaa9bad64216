"""Features of an analyte: equal to a loop over patients that anybody can read, on simulated cohorts."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from statistics import mean

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.features.summaries import SUMMARIES, summarise
from relapse_model.study.predictor import Predictor

ANALYTES = ("hbsag", "anti_hbs", "hbcrag", "alt", "platelets")  # on both scales, and one in a log10 unit


@pytest.fixture(scope="module", params=[3, 4])
def cohort(request):
    return rm.simulate_cohort(60, seed=request.param)


def number_for(row, analyte):
    """What stands for a printed result: half the limit below it (0.3 less on a log10 unit), the limit above it."""
    below = row["kind"] == "negative" or row["comparator"] in ("<", "<=") or row["number"] == 0
    if not below:
        return row["number"]
    given = row["lower_limit"] if row["kind"] == "negative" or row["number"] == 0 else row["number"]
    limit = analyte.lower_limit if math.isnan(given) else given
    return limit - math.log10(2) if analyte.unit.startswith("log10") else limit / 2


def slope_of(pairs):
    """Slope through points by the textbook formula, per 4 weeks."""
    weeks, values = [week for week, _ in pairs], [value for _, value in pairs]
    if len(set(weeks)) < 2:
        return math.nan
    at, level = mean(weeks), mean(values)
    return 4 * sum((w - at) * (v - level) for w, v in pairs) / sum((w - at) ** 2 for w in weeks)


def area_of(pairs):
    """The area under the straight lines between the results, over its width; the mean where there is no width."""
    weeks = pairs[-1][0] - pairs[0][0]
    if weeks == 0:
        return mean(value for _, value in pairs)
    return sum((w - v) * (b + a) / 2 for (v, a), (w, b) in pairwise(pairs)) / weeks


def held(pairs, landmark, counts):
    """The weeks for which a result that counts was the last one known."""
    until = [*(week for week, _ in pairs[1:]), landmark]
    return sum(end - week for (week, value), end in zip(pairs, until, strict=True) if counts(value))


THRESHOLD = 50.0
TO_LANDMARK = {
    "weeks_below": lambda pairs, landmark: held(pairs, landmark, lambda value: value < THRESHOLD),
    "weeks_at_least": lambda pairs, landmark: held(pairs, landmark, lambda value: value >= THRESHOLD),
    "weeks_since_last": lambda pairs, landmark: landmark - pairs[-1][0],
    "weeks_since_first_below": lambda pairs, landmark: (
        math.nan  # below from the first result on: nobody saw when it began
        if pairs[0][1] < THRESHOLD
        else next((landmark - week for week, value in pairs if value < THRESHOLD), math.nan)
    ),
}
SLOW = {
    "last": lambda pairs: pairs[-1][1],
    "first": lambda pairs: pairs[0][1],
    "maximum": lambda pairs: max(value for _, value in pairs),
    "minimum": lambda pairs: min(value for _, value in pairs),
    "mean": lambda pairs: mean(value for _, value in pairs),
    "change": lambda pairs: pairs[-1][1] - pairs[0][1] if len(pairs) > 1 else math.nan,
    "slope": slope_of,
    "count": len,
    "time_weighted_mean": area_of,
}


def results_known(cohort, study, name, landmark, window_weeks):
    """Week and value of the results of each patient, one row after the other, in order of week."""
    analyte = study.analytes[name]
    known = [[] for _ in range(len(cohort))]
    for row in sorted(cohort.labs.to_dict("records"), key=lambda row: row["week"]):
        too_old = window_weeks is not None and row["week"] < landmark - window_weeks
        if row["analyte"] == name and row["kind"] != "missing" and row["week"] <= landmark and not too_old:
            value = number_for(row, analyte)
            known[row["patient"]].append((row["week"], value))
    return known


def slowly(kind, pairs, log10, landmark):
    if not pairs:
        return 0.0 if kind == "count" else math.nan
    if kind in TO_LANDMARK:
        return TO_LANDMARK[kind](pairs, landmark)
    return SLOW[kind]([(week, math.log10(value) if log10 else value) for week, value in pairs])


def predictors(window_weeks):
    return tuple(
        Predictor(
            name=f"{kind} {analyte}",
            kind=kind,
            label="",
            analyte=analyte,
            window_weeks=window_weeks,
            below=THRESHOLD if kind in ("weeks_below", "weeks_since_first_below") else None,
            at_least=THRESHOLD if kind == "weeks_at_least" else None,
        )
        for kind in (*SLOW, *TO_LANDMARK)
        for analyte in ANALYTES
    )


def test_the_loop_knows_every_summary():
    assert {*SLOW, *TO_LANDMARK, "ever_detected"} == SUMMARIES.keys()


@pytest.mark.parametrize(("landmark", "window_weeks"), [(0.0, None), (24.0, None), (24.0, 12.0)])
def test_features_equal_the_loop_over_patients(cohort, study, landmark, window_weeks):
    study = replace(study, predictors=predictors(window_weeks))
    found = rm.derive_features(cohort, study, landmark)
    for analyte in ANALYTES:
        known = results_known(cohort, study, analyte, landmark, window_weeks)
        for kind in (*SLOW, *TO_LANDMARK):
            log10 = study.analytes[analyte].scale == "log10" and kind != "count"
            expected = [slowly(kind, pairs, log10, landmark) for pairs in known]
            came = found[f"{kind} {analyte}"]
            np.testing.assert_allclose(came, expected, rtol=1e-9, atol=1e-9, err_msg=came.name)


def detected_slowly(cohort, name, landmark):
    """1 after any detected result, 0 if every result said that nothing was, else unknown."""
    said = [[] for _ in range(len(cohort))]
    for row in cohort.labs.to_dict("records"):
        if row["analyte"] == name and row["kind"] != "missing" and row["week"] <= landmark:
            said[row["patient"]].append(row["detected"])
    return [1.0 if True in words else 0.0 if words and set(words) == {False} else math.nan for words in said]


@pytest.mark.parametrize("landmark", [0.0, 24.0])
def test_detection_equals_the_loop_over_patients(cohort, study, landmark):
    names = ("hbsag", "hbv_dna", "hbcrag")
    declared = tuple(Predictor(name=name, kind="ever_detected", label="", analyte=name) for name in names)
    found = rm.derive_features(cohort, replace(study, predictors=declared), landmark)
    for name in names:
        np.testing.assert_array_equal(found[name], detected_slowly(cohort, name, landmark), err_msg=name)


def test_the_simulated_cohort_tries_every_kind_of_result(cohort):
    # Otherwise agreement with the loop would say little.
    labs = cohort.labs[cohort.labs["analyte"].isin(ANALYTES)]
    assert {"number", "negative", "missing"} <= set(labs["kind"])
    assert {"<", ">", ""} <= set(labs["comparator"])
    assert {True, False, None} <= set(cohort.labs["detected"])


@pytest.mark.parametrize("kind", SUMMARIES)
def test_nobody_has_a_result(kind):
    nothing = np.zeros(0)
    found = summarise(kind, np.zeros(0, dtype=np.intp), nothing, nothing, 3, True)
    np.testing.assert_array_equal(found, np.full(3, 0.0 if kind == "count" else np.nan))


@pytest.mark.parametrize("kind", SUMMARIES)
def test_patients_do_not_mix(kind):
    # Patients 0 and 2 have the same results, so the same feature; patient 1 between them has none.
    patient = np.array([0, 0, 2, 2], dtype=np.intp)
    week, value = np.array([0.0, 4.0, 0.0, 4.0]), np.array([10.0, 1000.0, 10.0, 1000.0])
    detected = np.array([1, 0, 1, 0], dtype=np.int8)
    found = summarise(kind, patient, week, value, 3, True, landmark=20.0, threshold=100.0, detected=detected)
    assert found[0] == found[2]
    assert found[1] == 0 if kind == "count" else math.isnan(found[1])


def test_slope_is_that_of_a_straight_line_wherever_it_lies():
    # 2 per week is 8 per 4 weeks; far from week 0 the sums are large, and must not swallow it.
    week = 5000.0 + np.arange(6)
    found = summarise("slope", np.zeros(6, dtype=np.intp), week, 2.0 * week, 1, False)
    np.testing.assert_allclose(found, [8.0], rtol=1e-9)
