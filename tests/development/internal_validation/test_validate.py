"""Validation refits everything in every fold, gives every patient a risk in every repeat, and loses no fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.development import choice
from relapse_model.development.internal_validation import refits
from relapse_model.development.internal_validation.group_tables import THRESHOLDS, around, thresholds_of
from relapse_model.development.internal_validation.judged_risks import mean_performance
from relapse_model.errors import InsufficientDataError
from relapse_model.features.development_data import development_data
from relapse_model.validation.calibration import observed_expected
from relapse_model.validation.classification_measures import threshold_measures
from relapse_model.validation.performance_measures import MEASURES


@pytest.fixture(scope="module")
def found(cohort, study):
    return rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=2, bootstraps=0, leave_out=None)


def test_every_patient_has_a_risk_in_every_repeat(found):
    assert found.risks.shape == (2, 132)
    assert ((found.risks > 0) & (found.risks < 1)).all()
    assert found.chosen == {"prior_logistic": 10}
    assert found.failed == {}


def test_all_measures_are_there(found):
    assert set(found.performance.measures) == set(MEASURES)
    assert found.performance.events == int(np.nansum(found.data.relapse))


def test_jobs_change_nothing(cohort, study, found):
    again = rm.validate(
        cohort, study, candidates=("prior_logistic",), outer_repeats=2, bootstraps=0, leave_out=None, jobs=2
    )
    np.testing.assert_array_equal(again.risks, found.risks)
    assert again.to_dict() == found.to_dict()


def test_no_patient_is_predicted_by_a_model_that_saw_him(cohort, study, monkeypatch):
    seen = []
    original = refits.develop

    def spy(train, *args, **kwargs):
        seen.append(set(train.features.index))
        return original(train, *args, **kwargs)

    monkeypatch.setattr(refits, "develop", spy)
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0, leave_out=None)
    everybody = set(found.data.features.index)
    left_out = [everybody - group for group in seen]
    assert sum(map(len, left_out)) == len(everybody)  # each patient left out exactly once
    assert set().union(*left_out) == everybody


def test_a_failed_fold_is_counted_not_hidden(cohort, study, monkeypatch):
    original, calls = refits.develop, []

    def fails_once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise InsufficientDataError("this fold has nothing to learn from")
        return original(*args, **kwargs)

    monkeypatch.setattr(refits, "develop", fails_once)
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0, leave_out=None)
    assert found.failed == {"this fold has nothing to learn from": 1}
    assert np.isnan(found.risks).sum() in (26, 27)


def test_mostly_failing_is_a_refusal(cohort, study, monkeypatch):
    def fails(*args, **kwargs):
        raise InsufficientDataError("nothing")

    monkeypatch.setattr(refits, "develop", fails)
    with pytest.raises(InsufficientDataError, match="5 of 5 folds failed"):
        rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=0, leave_out=None)


def test_where_most_folds_fail_nothing_is_told_and_nothing_is_lost(cohort, study, monkeypatch, tmp_path):
    """Three of five folds: their patients have no risk, and those of the others are not these patients."""
    original, calls = refits.develop, []

    def fails_mostly(*args, **kwargs):
        calls.append(1)
        if len(calls) <= 3:
            raise InsufficientDataError("too few events in 99 patients; expected more")
        return original(*args, **kwargs)

    monkeypatch.setattr(refits, "develop", fails_mostly)
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=1, bootstraps=3, leave_out=None)
    assert found.failed == {"too few events in … patients": 3}
    assert found.performance.measures == {}
    stated = "3 of 5 folds failed: 3 x too few events in … patients."
    assert set(found.performance.refused.values()) == {stated}
    assert (found.thresholds, found.subgroups) == ((), {})
    assert found.performance.patients == np.sum(~np.isnan(found.risks)) < 60  # those judged, not all
    assert "auc" in found.bootstrap.corrected
    places = rm.write_report(found, tmp_path)
    assert stated in places["report"].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("risk", "thresholds"),
    [
        (0.05, THRESHOLDS), (0.30, THRESHOLDS), (0.0, THRESHOLDS), (1.0, THRESHOLDS),  # nobody's odds are 0
        # Odds of 0.68: 2.125. A quarter: 0.531, or 34.7 %; half: 51.5 %; twice: 81.0 %; four times: 89.5 %.
        (0.68, [0.35, 0.50, 0.70, 0.80, 0.90]),
        # Odds of 0.02: 0.0204. A quarter: 0.51 %; half: 1.01 %; twice: 3.9 %; four times: 7.5 %.
        (0.02, [0.005, 0.01, 0.02, 0.04, 0.08]),
        (0.98, [0.92, 0.96, 0.98, 0.99, 0.995]),  # the same from the other side
    ],
)  # fmt: skip
def test_thresholds_lie_around_an_observed_risk_outside_5_to_30_percent(risk, thresholds):
    np.testing.assert_allclose(around(risk), thresholds, rtol=1e-12)


def test_the_observed_risk_of_thresholds_leaves_the_lost_out_by_their_weights(found):
    data = found.data
    ill = replace(data, relapse=np.where(np.isnan(data.relapse), np.nan, 1.0 * (np.arange(len(data)) % 2)))
    share = np.average(np.nan_to_num(ill.relapse), weights=ill.weights())
    assert 0.4 < share < 0.6
    assert thresholds_of(data).tolist() == THRESHOLDS.tolist()
    assert thresholds_of(ill).tolist() == around(share).tolist() != THRESHOLDS.tolist()


def test_thresholds_and_groups_are_judged_in_each_repeat_and_averaged(found):
    """The mean of a patient's risks over the repeats is a model of several: it crosses thresholds another way."""
    risks, data = found.risks, found.data
    weight = data.weights()
    each = [threshold_measures(data.relapse, risk, THRESHOLDS, weight) for risk in risks]
    for place, one in enumerate(found.thresholds):
        if one.measures:
            values = [at[place].measures["sensitivity"].value for at in each]
            assert one.measures["sensitivity"].value == pytest.approx(np.mean(values))
            assert one.flagged == round(np.mean([at[place].flagged for at in each]))
    centre = np.asarray([group.name for group in found.subgroups["centre"] if group.measures])
    assert len(centre)
    rows = (found.cohort.patients["centre"].set_axis(found.cohort.patient_ids) == centre[0]).to_numpy()
    expected = np.mean([observed_expected(data.relapse[rows], risk[rows], weight[rows]).value for risk in risks])
    (shown,) = (group for group in found.subgroups["centre"] if group.name == centre[0])
    assert shown.measures["observed_expected"].value == pytest.approx(expected)
    assert shown.measures["auc"].method.startswith("pairs within folds")


def test_the_written_result_holds_no_patient(cohort, found):
    text = repr(found.to_dict())
    assert not any(identifier in text for identifier in cohort.patient_ids)


def test_a_measure_that_some_repeats_cannot_support_is_averaged_over_the_others(cohort, study):
    data = development_data(cohort, study)
    rng = np.random.default_rng(0)
    fold = np.tile(np.arange(132) % 5, (3, 1))
    varied, flat = rng.uniform(0.05, 0.5, 132), np.full(132, 0.17)
    found = mean_performance(data, np.array([varied, flat, varied]), 0, fold)
    alone = mean_performance(data, varied[None], 0, fold[:1])
    slope = found.measures["calibration_slope"]
    assert slope.value == pytest.approx(alone.measures["calibration_slope"].value)
    assert slope.method.endswith("mean over the 2 of 3 repeats that have it")
    assert "calibration_slope" not in found.refused
    mostly_flat = mean_performance(data, np.array([varied, flat, flat]), 0, fold)
    assert "calibration_slope" not in mostly_flat.measures
    assert "same risk" in mostly_flat.refused["calibration_slope"]


def test_the_figures_of_the_default_candidates_stay_what_they_were(root, study, monkeypatch):
    """Written when boosted trees were tuned by xgboost itself, tree by tree: faster ways give the same choice.

    By the rule of then, one standard error, which takes trees in one of the folds. Of the regressions with priors,
    figures moved in the sixth digit when their columns came to be standardised by round numbers, and in the fourth when
    the study came to state a baseline; of trees none did.
    """
    monkeypatch.setattr(choice, "SHOWN_WORSE", 1.0)
    example = rm.read_cohort(root / "examples" / "cohort", study=study)
    found = rm.validate(example, study, outer_repeats=1, bootstraps=2, leave_out=None, jobs=1)
    measures = found.to_dict()["performance"]["measures"]
    assert found.chosen == {"prior_logistic": 4, "boosted_trees": 1}
    assert found.bootstrap.chosen == {"prior_logistic": 2}
    assert measures["auc"]["value"] == pytest.approx(0.6577138925848796, rel=1e-9)
    assert measures["log_loss"] == pytest.approx(0.4501425238399329, rel=1e-9)
    assert measures["brier"] == pytest.approx(0.1374623847989761, rel=1e-9)
    assert measures["calibration_slope"]["value"] == pytest.approx(0.5269355970679122, rel=1e-7)
    assert found.model.summary["choice"]["log_loss"] == pytest.approx(
        {
            "prior_logistic": 0.4393085078184065, "ridge_logistic": 0.455688935974285,
            "prior_and_trees": 0.4367553831919383, "boosted_trees": 0.44652574660555006,
        }, rel=1e-7,
    )  # fmt: skip
