"""The outcome: equal to a slow rule on simulated and on random patients; adjudication; what was known in a week."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.outcome.decided_tests import decide_tests
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.cohort.outcome.risk_set import LEFT, POSITIVE, RELAPSED, UNKNOWN, is_at_risk, risk_set, why_not
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.study.prediction import Confirmation, OutcomeRule, Prediction

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
    """Week and result of the tests of each patient that decide, in order."""
    tests = [[] for _ in range(len(cohort))]
    for row in sorted(cohort.labs.to_dict("records"), key=lambda row: row["week"]):
        if row["analyte"] == "hbsag" and row["kind"] != "missing" and as_test(row) is not None:
            tests[row["patient"]].append((row["week"], as_test(row)))
    return tests


def runs_of(tests):
    """Yield the runs of positive tests that a negative precedes: their weeks, and whether a negative follows."""
    run, lost = [], False
    for week, positive in [*tests, (None, False)]:
        if positive:
            run.append(week)
            continue
        if run and lost:
            yield run, week is not None
        run, lost = [], True


def relapse_of(tests, confirm, landmark):
    """Return the week of the first positive test of the relapse (or None), and where follow-up ends before a run."""
    for run, refuted in runs_of(tests):
        if run[0] < min(0, landmark):
            continue
        pairs = zip(run, run[confirm.tests - 1 :], strict=False)
        if any(confirm.within_weeks is None or last - first <= confirm.within_weeks + 1e-9 for first, last in pairs):
            return run[0], None
        if not refuted or len(run) >= confirm.tests:
            if confirm.unconfirmed_at_end == RELAPSE:
                return run[0], None
            if run[0] > landmark:
                return None, run[0]
    return None, None


def slowly(tests, study, landmark):
    """Return state, last negative, first positive and time of one patient."""
    horizon, window = study.prediction.horizon_weeks, study.prediction.visit_window_weeks
    positive, end = relapse_of(tests, study.outcome.confirm, landmark)
    until = positive if positive is not None else end
    negative = max((week for week, result in tests if not result and (until is None or week < until)), default=None)
    at_visit = negative is not None and negative >= horizon - window
    time = negative if positive is None else positive
    known = [result for week, result in tests if week <= landmark]
    if not known:
        state = UNKNOWN
    elif known[-1]:
        state = POSITIVE
    elif positive is not None and positive <= landmark:
        state = RELAPSED
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
    Confirmation(2, None, RELAPSE),
    Confirmation(2, None, CENSOR),
    Confirmation(2, 12.0, RELAPSE),
    Confirmation(2, 12.0, CENSOR),
    Confirmation(1, None, CENSOR),
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
    assert states == {"relapse", "free", "lost", POSITIVE}  # or the comparison would have tried too little


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
    rows = [*rows, ("P0", -9.0, "<0.05")]
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


def test_relapse_is_missing_for_the_lost_and_those_not_at_risk(study):
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
    assert found.loc[["a", "b", "c", "P0"], "state"].tolist() == ["free", "relapse", "lost", UNKNOWN]
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
    # The last negative before the relapse that was decided on is the lower end of its interval, not the one at 48 (and
    # not nothing, as it was once).
    assert found.loc[list("ace"), "last_negative_week"].tolist() == [0, 0, 0]
    assert not (found["last_negative_week"] >= found["first_positive_week"]).any()


def test_nothing_is_known_of_anybody(study):
    with pytest.raises(InsufficientDataError, match="tests of 'hbsag'"):
        derive_outcome(cohort_of([("P0", 0, "<20"), ("P0", 4, "grey zone")], study), study)
    adjudicated = replace(study, outcome=OutcomeRule(name="relapse"))
    with pytest.raises(InsufficientDataError, match="a table 'outcomes'"):
        derive_outcome(cohort_of([("P0", 0, "<0.05")], study), adjudicated)


@pytest.mark.parametrize(
    ("landmark", "why"),
    [
        (48, r"landmark_week is .*before the horizon .*\(48\)"),
        (60, r"landmark_week is .*before the horizon .*\(48\)"),
        (float("nan"), "landmark_week is nan; expected one week, as a number"),
    ],
)
def test_a_landmark_that_is_not_before_the_horizon_is_refused(study, landmark, why):
    cohort = cohort_of([("P0", 0, "<0.05"), ("P0", 60, "<0.05")], study)
    with pytest.raises(RelapseModelError, match=why):
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


@pytest.mark.parametrize("reading", ["Censor", "lost", "", "both"])
def test_a_reading_that_is_none_is_refused(study, reading):
    """A slip of the pen was read as "relapse" without a word; "both" is a declaration, and two readings."""
    cohort = cohort_of([("P0", 0, "<0.05"), ("P0", 36, "0.3")], study)
    with pytest.raises(RelapseModelError, match="expected 'relapse', 'censor' or None"):
        derive_outcome(cohort, study, unconfirmed_at_end=reading)


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


def test_who_is_at_risk_is_read_from_the_last_test_up_to_the_landmark(study):
    # A single positive is no freedom, whether or not a later test refutes it; once refuted, it is; a relapse stays one.
    rows = [
        ("a", 0, "<0.05"),
        ("a", 8, "0.3"),
        ("a", 12, "<0.05"),
        ("a", 24, "0.3"),
        ("a", 28, "0.3"),
        ("a", 36, "<0.05"),
    ]
    cohort = cohort_of(rows, study)
    expected = {
        -1: UNKNOWN,
        0: "at risk",
        8: POSITIVE,
        12: "at risk",
        20: "at risk",
        24: POSITIVE,
        28: POSITIVE,
        36: RELAPSED,
    }
    assert {week: risk_set(cohort, study, week)[1] for week in expected} == expected
    censored = replace(study, outcome=replace(study.outcome, confirm=Confirmation(2, None, CENSOR)))
    assert {week: risk_set(cohort, censored, week)[1] for week in expected} == expected


def test_an_adjudicated_relapse_ends_the_risk(study):
    cohort = cohort_of([("a", 0, "<0.05")], study, [("a", 1, 20)])
    states = {week: risk_set(cohort, study, week).tolist() for week in (19.9, 20)}
    assert states == {19.9: [UNKNOWN, "at risk"], 20: [UNKNOWN, RELAPSED]}
    # Adjudicated only: no test decides, and nobody is refused for having none.
    adjudicated = replace(study, outcome=OutcomeRule(name="relapse"))
    assert risk_set(cohort, adjudicated, 20).tolist() == ["at risk", RELAPSED]
    assert risk_set(replace(cohort, outcomes=None), adjudicated, 20).tolist() == ["at risk", "at risk"]


def test_who_was_followed_to_a_week_before_the_landmark_has_left(study):
    # Free until day 20, 28 (the day of the landmark, week 4) and 29; "d" had it on day 30, "e" has no row.
    tests = [(who, 0, "<0.05") for who in "abcde"]
    outcomes = [("a", 0, 20 / 7), ("b", 0, 28 / 7), ("c", 0, 29 / 7), ("d", 1, 30 / 7)]
    cohort = cohort_of([*tests, ("P0", 0, "0.3")], study, outcomes)
    adjudicated = replace(study, outcome=OutcomeRule(name="relapse"))
    ids = list(cohort.patient_ids)
    for rule in (study, adjudicated):
        for week, left in {0: "", 4: "a", 29 / 7: "ab", 30 / 7: "abc"}.items():
            states = dict(zip(ids, risk_set(cohort, rule, week), strict=True))
            assert "".join(who for who in "abcde" if states[who] == LEFT) == left
            assert derive_outcome(cohort, rule, week)["state"].eq(LEFT).sum() == len(left)
    assert states["d"] == RELAPSED
    assert states["e"] == "at risk"
    assert len(AtLandmark(cohort, adjudicated, 4).at_risk) == 5
    assert len(AtLandmark(cohort, study, 4).at_risk) == 4  # and without P0, who is positive
    assert "follows the patient to a week before week 4" in why_not(LEFT, study, 4)


def test_a_later_test_that_decides_shows_who_was_followed(study):
    later = [("a", 4, "<0.05"), ("b", 4, "<20"), ("c", 5, "<0.05")]
    rows = [*((who, 0, "<0.05") for who in "abc"), *later]
    cohort = cohort_of(rows, study, [(who, 0, 2) for who in "abc"])
    states = dict(zip(cohort.patient_ids, risk_set(cohort, study, 4), strict=True))
    # The limit of b's test decides nothing; that of c comes after the landmark.
    assert [states[who] for who in "abc"] == ["at risk", LEFT, LEFT]


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), landmark=st.sampled_from([-4.0, 0.0, 8.0, 24.0]), confirm=st.sampled_from(RULES))
def test_who_is_at_risk_never_depends_on_a_later_test(study, seed, landmark, confirm):
    rng = np.random.default_rng(seed)
    rows = [
        (who, week, TEXTS[rng.choice(list(TEXTS))])
        for who in WHO
        for week in np.sort(rng.choice(np.arange(-8.0, 70.0, 2.0), size=rng.integers(1, 14), replace=False))
    ]
    ruled = replace(study, outcome=replace(study.outcome, confirm=confirm))
    cohort, then = cohort_of(rows, ruled), cohort_of([row for row in rows if row[1] <= landmark] or rows[:1], ruled)
    known = pd.Series(risk_set(then, ruled, landmark), index=then.patient_ids)
    states = pd.Series(risk_set(cohort, ruled, landmark), index=cohort.patient_ids)
    assert (states == known.reindex(states.index).fillna(UNKNOWN)).all()
    outcome = derive_outcome(cohort_of([*rows, ("P0", 80.0, "<0.05")], ruled), ruled, landmark)["state"]
    assert (is_at_risk(outcome) == (states == "at risk")).all()
    assert (outcome[~is_at_risk(outcome)] == states[states != "at risk"]).all()


def test_two_rows_of_one_week_do_not_confirm_each_other(study):
    """0 negative, 12 twice positive (one sample, two rows), 16 and 48 negative: a single positive, not a relapse.

    Both rows lie on one side of the threshold, and nothing else is asked of HBsAg: they do not contradict each other.
    """
    labs = pd.DataFrame(
        [(0, "<0.05"), (12, "0.06"), (12, "0.07"), (16, "<0.05"), (48, "<0.05")], columns=["week", "value"]
    ).assign(patient_id="a", analyte="hbsag", unit="IU/mL")
    found = rm.derive_outcome(rm.make_cohort(pd.DataFrame({"patient_id": ["a"]}), labs), study)
    assert found.loc["a", "state"] == "free"
    assert found.loc["a", "single_positives"] == 1
