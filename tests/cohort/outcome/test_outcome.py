"""The outcome: equal to a slow rule on simulated and on random patients; adjudication; what was known in a week."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.outcome.outcome import STATES, decide_tests, derive_outcome, relapsed_by
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.study.study import Confirmation, OutcomeRule, Prediction

CENSOR, RELAPSE = "censor", "relapse"


def as_test(row):
    """Return True, False or None for a printed HBsAg: at or above 0.05, below it, or undecided."""
    limit = row.get("lower_limit", np.nan)
    limit = 0.05 if np.isnan(limit) else limit
    if row["kind"] == "negative":
        return False if limit <= 0.05 else None
    if row["kind"] == "positive":
        return True if row["detected"] is True and limit >= 0.05 else None
    if row["comparator"] in ("<", "<="):
        return False if row["number"] <= 0.05 else None
    return bool(row["number"] >= 0.05)


def decided_tests(cohort):
    """Week and result of the tests of each patient that decide, in order; positives before week 0 left out."""
    tests = [[] for _ in range(len(cohort))]
    for row in sorted(cohort.labs.to_dict("records"), key=lambda row: row["week"]):
        if row["analyte"] != "hbsag" or row["kind"] == "missing" or as_test(row) is None:
            continue
        if not as_test(row) or row["week"] >= 0:
            tests[row["patient"]].append((row["week"], as_test(row)))
    return tests


def relapse_of(tests, confirm):
    """Return the week of the first positive test of the relapse, or None."""
    for place, (week, positive) in enumerate(tests):
        if not positive or (place and tests[place - 1][1]):
            continue  # only where a run begins
        later = [result for _, result in tests[place:]]
        length = later.index(False) if False in later else len(later)
        run = [at for at, _ in tests[place : place + length]]
        pairs = zip(run, run[confirm.tests - 1 :], strict=False)
        if any(last - first <= confirm.within_weeks for first, last in pairs):
            return week
        if False not in later and confirm.unconfirmed_at_end == RELAPSE:
            return week
    return None


def slowly(tests, study, landmark):
    """Return state, last negative, first positive and time of one patient."""
    horizon, window = study.prediction.horizon_weeks, study.prediction.visit_window_weeks
    positive = relapse_of(tests, study.outcome.confirm)
    negatives = [week for week, result in tests if not result and (positive is None or week < positive)]
    negative = max(negatives, default=None)
    at_visit = negative is not None and negative >= horizon - window
    time = negative if positive is None else positive
    if time is None or time < landmark or (positive is not None and positive <= landmark):
        state = "not_at_risk"
    elif positive is not None and (positive <= horizon or (positive <= horizon + window and not at_visit)):
        state = "relapse"
    else:
        state = "free" if at_visit else "lost"
    return state, negative, positive, time


def assert_as_slowly(cohort, study, landmark):
    found = derive_outcome(cohort, study, landmark)
    expected = [slowly(tests, study, landmark) for tests in decided_tests(cohort)]
    assert found["state"].tolist() == [one[0] for one in expected]
    for place, column in enumerate(("last_negative_week", "first_positive_week", "time_week"), start=1):
        numbers = [np.nan if one[place] is None else one[place] for one in expected]
        np.testing.assert_array_equal(found[column], numbers, err_msg=column)
    np.testing.assert_array_equal(found["event"], [int(one[2] is not None) for one in expected])
    return found


RULES = [
    Confirmation(2, 12.0, RELAPSE),
    Confirmation(2, 12.0, CENSOR),
    Confirmation(1, 0.0, CENSOR),
    Confirmation(3, 24.0, CENSOR),
]


@pytest.mark.parametrize("seed", [3, 4])
def test_simulated_cohorts_equal_the_slow_rule(study, seed):
    cohort = rm.simulate_cohort(60, seed=seed, control_risk=0.4, drop_out=0.2)
    states = set()
    for confirm in RULES:
        ruled = replace(study, outcome=replace(study.outcome, confirm=confirm))
        for landmark in (0.0, 12.0):
            states |= set(assert_as_slowly(cohort, ruled, landmark)["state"])
    assert states == set(STATES)  # or the comparison would have tried too little


WHO = [f"P{number}" for number in range(12)]
TEXTS = {"negative": "<0.05", "positive": "0.3", "nothing": "<20", "grey": "grey zone", "gap": "not done"}


def cohort_of(rows, study, outcomes=None):
    """Make a cohort of tests: (patient, week, text)."""
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "value"]).assign(analyte="hbsag", unit="IU/mL")
    patients = pd.DataFrame({"patient_id": sorted({row[0] for row in rows} | set(WHO[:1]))})
    decided = None if outcomes is None else pd.DataFrame(outcomes, columns=["patient_id", "relapse", "week"])
    return rm.make_cohort(patients, labs, None, decided, study=study)


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    confirm=st.sampled_from([*RULES, Confirmation(2, 0.0, RELAPSE), Confirmation(2, 4.0, CENSOR)]),
    window=st.sampled_from([0.0, 4.0]),
    landmark=st.sampled_from([0.0, 8.0]),
)
def test_random_tests_equal_the_slow_rule(study, seed, confirm, window, landmark):
    # Visits from before enrolment to past the window of the horizon; runs of equal results are made likely.
    rng = np.random.default_rng(seed)
    rows = []
    for who in WHO:
        weeks = np.sort(rng.choice(np.arange(-8.0, 70.0, 2.0), size=rng.integers(1, 14), replace=False))
        words = rng.choice(list(TEXTS), size=2, p=[0.4, 0.3, 0.1, 0.1, 0.1])
        rows += [(who, week, TEXTS[rng.choice(words)]) for week in weeks]
    rows = [*rows, ("P0", 1.0, "<0.05")]
    ruled = replace(
        study,
        outcome=replace(study.outcome, confirm=confirm),
        prediction=Prediction((landmark,), 48.0, window),
    )
    shuffled = [rows[place] for place in rng.permutation(len(rows))]
    first = assert_as_slowly(cohort_of(rows, ruled), ruled, landmark)
    second = derive_outcome(cohort_of(shuffled, ruled), ruled)  # no ties, so the order of rows says nothing
    pd.testing.assert_frame_equal(first, second)


def test_random_patients_alone_have_the_same_outcome(study):
    cohort = rm.simulate_cohort(20, seed=5, control_risk=0.4)
    together = derive_outcome(cohort, study)
    for positions in ([0], [19], [7, 3, 11]):
        alone = derive_outcome(cohort.take(np.array(positions)), study)
        pd.testing.assert_frame_equal(alone, together.iloc[positions])


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (["0.05", "0.049", "<0.05", "<0.1", ">0.01", ">130", "0"], [1, 0, 0, -1, -1, 1, 0]),
        (["positive", "negative", "grey zone", "weak positive"], [1, 0, -1, 1]),
    ],
)
def test_tests_against_a_lower_threshold(study, printed, expected):
    assert decided(study, study.outcome, printed) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    # Below 0.05 is now the event: 0.05 is not below it, "<0.05" is, "<0.1" may be.
    [(["0.05", "0.049", "<0.05", "<0.1", ">0.01", ">130", "0"], [0, 1, 1, -1, -1, 0, 1])],
)
def test_tests_against_an_upper_threshold(study, printed, expected):
    rule = OutcomeRule(name="loss", analyte="hbsag", below=0.05)
    assert decided(study, rule, printed) == expected


def decided(study, rule, printed):
    from relapse_model.cohort.measurements import measurements

    cohort = cohort_of([("P0", float(week), text) for week, text in enumerate(printed)], study)
    return decide_tests(measurements(cohort, study, "hbsag"), rule).tolist()


def test_a_word_is_judged_by_the_limit_of_its_assay(study):
    # "negative" by an assay that sees 0.5 at best says nothing of 0.05; "positive" by one that sees 0.005 neither.
    labs = pd.DataFrame(
        {
            "patient_id": "P0",
            "week": [0, 1, 2, 3],
            "analyte": "hbsag",
            "value": ["negative", "negative", "positive", "positive"],
            "unit": "IU/mL",
            "lower_limit": [0.05, 0.5, 0.05, 0.005],
        }
    )
    from relapse_model.cohort.measurements import measurements

    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["P0"]}), labs, study=study)
    assert decide_tests(measurements(cohort, study, "hbsag"), study.outcome).tolist() == [0, -1, 1, -1]


def test_the_states_are_three_and_relapse_is_missing_for_two_of_them(study):
    rows = [
        ("a", 0, "<0.05"),
        ("a", 48, "<0.05"),
        ("b", 0, "<0.05"),
        ("b", 8, "0.3"),
        ("b", 12, "0.3"),
        ("c", 0, "<0.05"),
    ]
    found = derive_outcome(cohort_of(rows, study), study)
    assert found.index.name == "patient_id"
    assert found.loc[["a", "b", "c", "P0"], "state"].tolist() == ["free", "relapse", "lost", "not_at_risk"]
    np.testing.assert_array_equal(found.loc[["a", "b", "c", "P0"], "relapse"], [0, 1, np.nan, np.nan])


def test_adjudication_ends_every_disagreement(study):
    # For every state of the rule, the committee's word: the state must follow it alone.
    rows = [
        *[(who, 0, "<0.05") for who in "abcdef"],
        *[(who, 48, "<0.05") for who in "ab"],
        *[(who, week, "0.3") for who in "cd" for week in (8, 12)],
    ]
    says = [("a", 1, 20), ("b", 0, 20), ("c", 1, 40), ("d", 0, 48), ("e", 1, 8), ("f", 0, 48)]
    found = derive_outcome(cohort_of(rows, study, says), study)
    assert found.loc[list("abcdef"), "state"].tolist() == ["relapse", "lost", "relapse", "free", "relapse", "free"]
    assert found.loc[list("abcdef"), "time_week"].tolist() == [20, 20, 40, 48, 8, 48]
    assert found.loc[list("abcdef"), "event"].tolist() == [1, 0, 1, 0, 1, 0]
    # A negative test later than the relapse that was decided on is no lower end of its interval.
    assert np.isnan(found.loc["a", "last_negative_week"])
    assert not (found["last_negative_week"] >= found["first_positive_week"]).any()


def test_nothing_is_known_of_anybody(study):
    with pytest.raises(InsufficientDataError, match="tests of 'hbsag'"):
        derive_outcome(cohort_of([("P0", 0, "<20"), ("P0", 4, "grey zone")], study), study)
    adjudicated = replace(study, outcome=OutcomeRule(name="relapse"))
    with pytest.raises(InsufficientDataError, match="a table 'outcomes'"):
        derive_outcome(cohort_of([("P0", 0, "<0.05")], study), adjudicated)


@pytest.mark.parametrize("landmark", [48, 60, float("nan")])
def test_a_landmark_that_is_not_before_the_horizon_is_refused(study, landmark):
    cohort = cohort_of([("P0", 0, "<0.05"), ("P0", 60, "<0.05")], study)
    with pytest.raises(RelapseModelError, match=r"landmark_week is .*before the horizon .*\(48\)"):
        derive_outcome(cohort, study, landmark)


@pytest.mark.parametrize("declared", [RELAPSE, CENSOR, "both"])
def test_a_positive_last_test_can_be_read_the_other_way(study, declared):
    # Positive at the last test, week 36: a relapse, or follow-up that ends with the negative at 24.
    cohort = cohort_of([("P0", 0, "<0.05"), ("P0", 24, "<0.05"), ("P0", 36, "0.3")], study)
    ruled = replace(study, outcome=replace(study.outcome, confirm=Confirmation(2, 12.0, declared)))
    for reading, state, time in ((RELAPSE, "relapse", 36), (CENSOR, "lost", 24)):
        found = derive_outcome(cohort, ruled, unconfirmed_at_end=reading).iloc[0]
        assert (found["state"], found["time_week"]) == (state, time)
    expected = "lost" if declared == CENSOR else "relapse"  # "both" counts it, and reports the other beside it
    assert derive_outcome(cohort, ruled)["state"].tolist() == [expected]


@pytest.mark.parametrize(
    ("tests", "week"),
    [
        ([(-30, "7"), (-12, "<0.05"), (0, "<0.05"), (12, "<0.05")], -12),
        ([(-30, "<0.05"), (-20, "0.3"), (-12, "<0.05"), (0, "<0.05")], -12),  # free again since then
        ([(0, "<0.05"), (12, "<0.05")], np.nan),  # negative from the first test on: the loss was not seen
        ([(-12, "<0.05"), (0, "<20")], np.nan),
        ([(-30, "7"), (-12, "<0.05"), (0, "<20")], -12),  # what decides nothing does not end it
        ([(-30, "7"), (-20, "<20"), (-12, "<0.05"), (0, "<0.05")], np.nan),  # lost at -20 or at -12
        ([(-12, "7"), (12, "<0.05")], np.nan),  # first known free after enrolment
        ([(-12, "<0.05"), (-4, "0.3"), (12, "<0.05")], np.nan),  # not free when follow-up began
    ],
)
def test_how_long_a_patient_was_free_when_follow_up_began(study, tests, week):
    cohort = cohort_of([("P0", *test) for test in tests], study)
    np.testing.assert_array_equal(derive_outcome(cohort, study)["clearance_week"], [week])


def test_what_was_known_in_a_week_of_relapse(study):
    # At week 8 the only positive is the last test, a relapse by this study's rule; at week 12 it is refuted.
    rows = [("a", 0, "<0.05"), ("a", 8, "0.3"), ("a", 12, "<0.05"), ("a", 24, "0.3"), ("a", 28, "0.3")]
    cohort = cohort_of(rows, study)
    known = {week: relapsed_by(cohort, study, week)[1] for week in (0, 8, 12, 20, 24, 48)}
    assert known == {0: False, 8: True, 12: False, 20: False, 24: True, 48: True}
    censored = replace(study, outcome=replace(study.outcome, confirm=Confirmation(2, 12.0, CENSOR)))
    known = {week: relapsed_by(cohort, censored, week)[1] for week in (8, 24, 28)}
    assert known == {8: False, 24: False, 28: True}


def test_relapse_by_a_week_sees_an_adjudicated_one(study):
    cohort = cohort_of([("a", 0, "<0.05")], study, [("a", 1, 20)])
    assert [relapsed_by(cohort, study, week).tolist() for week in (19.9, 20)] == [[False, False], [False, True]]
    adjudicated = replace(study, outcome=OutcomeRule(name="relapse"))
    assert relapsed_by(cohort, adjudicated, 20).tolist() == [False, True]


def test_tests_after_a_week_change_nothing_known_in_it(study):
    early = [("a", 0, "<0.05"), ("a", 8, "0.3"), ("b", 0, "<0.05")]
    late = [("a", 12, "<0.05"), ("b", 12, "0.3"), ("b", 16, "0.3")]
    before = relapsed_by(cohort_of(early, study), study, 8)
    assert relapsed_by(cohort_of(early + late, study), study, 8).tolist() == before.tolist() == [False, True, False]


def test_two_rows_of_one_week_do_not_confirm_each_other(study):
    """0 negative, 12 twice positive (one sample, two rows), 16 and 48 negative: a single positive, not a relapse."""
    labs = pd.DataFrame(
        [(0, "<0.05"), (12, "0.06"), (12, "0.07"), (16, "<0.05"), (48, "<0.05")], columns=["week", "value"]
    ).assign(patient_id="a", analyte="hbsag", unit="IU/mL")
    found = rm.derive_outcome(rm.make_cohort(pd.DataFrame({"patient_id": ["a"]}), labs), study)
    assert found.loc["a", "state"] == "free"
    assert found.loc["a", "single_positives"] == 1
