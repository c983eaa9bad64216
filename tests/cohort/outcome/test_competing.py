"""Competing events: read, derived, weighted, and never silently free or lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.outcome.risk_set import COMPETED
from relapse_model.errors import CohortError, StudyError
from relapse_model.features.development_data import development_data
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "relapse"

[outcome]
{outcome}

[prediction]
horizon_weeks = 48

[[predictors]]
name = "age"
kind = "column"
column = "age_years"
"""
ADJUDICATED = "adjudicated = true"
BY_TESTS = 'analyte = "hbsag"\nat_least = 0.05\nconfirm = { tests = 2 }\n'
ANALYTE = '[analytes.hbsag]\nunit = "IU/mL"\nscale = "log10"\nlower_limit = 0.05\n'


def study(outcome=ADJUDICATED):
    return parse_study(STUDY.format(outcome=outcome) + (ANALYTE if "analyte" in outcome else ""), "test")


def cohort(outcomes, tests=(), **kwargs):
    """Patients a, b, ... of an outcomes table; tests are (patient, week, HBsAg)."""
    ids = sorted({*outcomes["patient_id"], *(row[0] for row in tests)})
    patients = pd.DataFrame({"patient_id": ids, "age_years": 50})
    labs = pd.DataFrame(tests, columns=["patient_id", "week", "value"]).assign(analyte="hbsag", unit="IU/mL")
    return rm.make_cohort(patients, labs, outcomes=outcomes, **kwargs)


def outcomes(*rows, columns=("patient_id", "event", "week", "competing_event")):
    return pd.DataFrame([(*row, *[None] * (len(columns) - len(row))) for row in rows], columns=list(columns))


FOUR = outcomes(
    ("a", "relapse", 12), ("b", "competing", 20, "Death"), ("c", "free", 30), ("d", "free", 48), ("e", "free", 48)
)


def test_each_event_is_a_state_of_its_own():
    found = rm.derive_outcome(cohort(FOUR), study())
    assert found["state"].tolist() == ["relapse", "competing event", "lost", "free", "free"]
    assert found["relapse"].fillna(-1).tolist() == [1, 0, -1, 0, 0]
    assert found["time_week"].tolist() == [12, 20, 30, 48, 48]
    assert found["event"].tolist() == [1, 0, 0, 0, 0]
    assert found["competing"].tolist() == ["", "death", "", "", ""]


def test_the_dead_weigh_as_who_was_followed_and_stand_for_nobody():
    """Followed beyond 30: 2 of 3 at risk then, so the two free weigh 3/2; relapse and death came before the loss: 1."""
    data = development_data(cohort(FOUR), study())
    assert data.weights() == pytest.approx([1, 1, 0, 1.5, 1.5])
    assert (data.events, data.lost, data.competed, data.competed_by_name()) == (1, 1, 1, {"death": 1})


def test_called_censoring_by_name_it_ends_follow_up_as_a_loss():
    """Without the death among the known: lost at 20 of 4 at risk, then 1 of 3."""
    called = study(ADJUDICATED + '\ncompeting_as_censoring = ["death"]')
    found = rm.derive_outcome(cohort(FOUR), called)
    assert found["state"].tolist() == ["relapse", "lost", "lost", "free", "free"]
    assert found["competing"].eq("").all()
    data = development_data(cohort(FOUR), called)
    assert data.weights() == pytest.approx([1, 0, 0, 2, 2])
    assert data.horizon_competing is None


def test_who_had_one_by_the_landmark_is_not_at_risk_whatever_it_is_called():
    """At the landmark nothing is left to predict: a death is no patient lost sight of."""
    for one in (study(), study(ADJUDICATED + '\ncompeting_as_censoring = ["death"]')):
        assert rm.derive_outcome(cohort(FOUR), one, 20)["state"].tolist()[1] == COMPETED
        assert rm.derive_outcome(cohort(FOUR), one, 19)["state"].tolist()[1] != COMPETED


def test_one_after_the_horizon_changes_nothing_at_it():
    late = outcomes(("a", "competing", 60, "death"), ("b", "relapse", 12))
    found = rm.derive_outcome(cohort(late), study())
    assert found["state"].tolist() == ["free", "relapse"]
    assert found["competing"].tolist() == ["death", ""]
    data = development_data(cohort(late), study())
    assert data.states(by_horizon=True).tolist() == [0, 1]
    assert data.states(by_horizon=False).tolist() == [2, 1]


def test_a_table_of_yes_and_no_alone_is_read_as_before():
    plain = pd.DataFrame({"patient_id": list("ab"), "relapse": [1, 0], "week": [12, 48]})
    made = cohort(plain)
    assert set(made.outcomes.columns) == {"patient_id", "relapse", "week", "patient"}
    data = development_data(made, study())
    assert data.competing is None
    assert data.horizon_competing is None


def test_both_columns_may_stand_beside_each_other_and_fill_each_other():
    columns = ("patient_id", "relapse", "event", "week", "competing_event")
    table = outcomes(("a", 1, None, 12), ("b", None, "free", 48), ("c", 0, "competing", 9, "death"), columns=columns)
    made = cohort(table)
    assert made.outcomes["event"].tolist() == ["relapse", "free", "competing"]
    assert made.outcomes["relapse"].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("a", 1, "free", 12, None), "free, and relapse = 1"),
        (("a", 1, "competing", 12, "death"), "competing, and relapse = 1"),
        (("a", None, "competing", 12, None), "its name, such as death"),
        (("a", None, "competing", None, "death"), "column 'week'"),
        (("a", None, "free", 48, "death"), "a name of a competing event only"),
        (("a", None, None, 48, None), "nothing; expected 0 or 1"),
        (("a", None, "died", 48, None), "one of relapse, free, competing"),
        (("a", None, "competing", 12, "death of b-0042-x"), "patient's identifier"),
    ],
)
def test_what_contradicts_itself_or_is_left_open_is_refused(row, words):
    columns = ("patient_id", "relapse", "event", "week", "competing_event")
    table = outcomes(row, ("b-0042-x", 0, "free", 48, None), columns=columns)
    with pytest.raises(CohortError, match=words) as refused:
        cohort(table)
    assert "b-0042-x" not in str(refused.value)


def test_a_relapse_in_an_unknown_week_may_stand_as_an_event():
    made = cohort(outcomes(("a", "relapse", None), ("b", "free", 48)))
    assert made.outcomes["relapse"].tolist() == [1, 0]


def test_a_name_that_the_study_does_not_list_is_refused_at_the_gate_and_later():
    listed = study(ADJUDICATED + '\ncompeting = ["Transplant"]\ncompeting_as_censoring = ["re-treatment"]')
    with pytest.raises(CohortError, match="'transplant', 're-treatment'"):
        cohort(FOUR, study=listed)
    with pytest.raises(CohortError, match=r"1 competing events that the study does not name: 'death'"):
        rm.derive_outcome(cohort(FOUR), listed)


@pytest.mark.parametrize("listed", ["deaht", "deaths", "death of liver failure"])
def test_a_slip_of_the_pen_does_not_leave_an_event_competing(listed):
    """Death was to end follow-up; it would have counted as competing, and lowered every risk, without a word."""
    with pytest.raises(CohortError, match=rf"'death'; expected one of '{listed}'"):
        cohort(FOUR, study=study(f'{ADJUDICATED}\ncompeting_as_censoring = ["{listed}"]'))


def test_another_event_than_those_called_censoring_competes():
    found = rm.derive_outcome(cohort(FOUR), study(ADJUDICATED + '\ncompeting_as_censoring = ["transplantation"]'))
    assert found["competing"].tolist() == ["", "death", "", "", ""]


@pytest.mark.parametrize("key", ["competing", "competing_as_censoring"])
@pytest.mark.parametrize("name", ["relapse", "lost to follow-up"])
def test_what_is_no_competing_event_stands_in_no_list(key, name):
    with pytest.raises(StudyError, match=f"{name!r}; expected events after which the outcome cannot come"):
        study(f'{ADJUDICATED}\n{key} = ["death", "{name}"]')


def test_a_name_in_both_lists_and_competing_events_of_a_column_are_refused():
    with pytest.raises(StudyError, match="which competing names too"):
        study(ADJUDICATED + '\ncompeting = ["death"]\ncompeting_as_censoring = ["Death"]')
    with pytest.raises(StudyError, match="which event came first"):
        study('column = "died"\ncompeting = ["transplant"]')


def test_a_relapse_by_the_tests_before_it_must_be_decided_by_a_person():
    """Re-treated at 26 after two positive tests: free with certainty would be wrong, and nothing says so."""
    tests = [("a", 0, "<0.05"), ("a", 12, "0.3"), ("a", 20, "0.4"), ("b", 0, "<0.05"), ("b", 48, "<0.05")]
    open_one = outcomes(("a", "competing", 26, "re-treatment"))
    with pytest.raises(CohortError, match=r"1 competing events at or after relapse"):
        rm.derive_outcome(cohort(open_one, tests), study(BY_TESTS))
    columns = ("patient_id", "relapse", "event", "week", "competing_event")
    decided = outcomes(("a", 0, "competing", 26, "re-treatment"), columns=columns)
    found = rm.derive_outcome(cohort(decided, tests), study(BY_TESTS))
    assert found["state"].tolist() == ["competing event", "free"]


def test_tests_after_it_do_not_count():
    tests = [("a", 0, "<0.05"), ("a", 30, "0.3"), ("a", 36, "0.4"), ("b", 0, "<0.05"), ("b", 48, "<0.05")]
    found = rm.derive_outcome(cohort(outcomes(("a", "competing", 26, "re-treatment")), tests), study(BY_TESTS))
    assert found.loc["a", ["state", "time_week"]].tolist() == ["competing event", 26]


def test_a_competing_event_after_a_death_is_refused():
    events = pd.DataFrame({"patient_id": ["b"], "week": [10], "term": ["sepsis"], "grade": ["5"], "serious": [1]})
    with pytest.raises(CohortError, match="after the patient's death"):
        cohort(FOUR, adverse_events=events)


def test_it_comes_back_from_a_folder(tmp_path):
    made = cohort(FOUR)
    made.write(tmp_path / "c")
    again = rm.read_cohort(tmp_path / "c")
    pd.testing.assert_frame_equal(again.outcomes, made.outcomes, check_dtype=False)


def test_the_fingerprint_knows_it():
    """A training cohort is known again; one in which the dead count as free is another."""
    from relapse_model.features.fingerprint import data_fingerprint

    free = FOUR.assign(event=FOUR["event"].replace("competing", "free"), competing_event=None)
    one, other = (data_fingerprint(development_data(cohort(table), study())) for table in (FOUR, free))
    assert one != other


def test_hazards_learn_the_risk_in_their_presence():
    """Half die at 10, half of the others relapse by the horizon: 1/4, where deaths as losses would say 1/2."""
    rng = np.random.default_rng(1)
    kind = np.resize([2, 2, 1, 0], 400)
    week = np.where(kind == 2, 10, np.where(kind == 1, rng.integers(20, 40, 400), 48))
    table = pd.DataFrame(
        {
            "patient_id": [f"p{place}" for place in range(400)], "week": week,
            "event": np.array(["free", "relapse", "competing"])[kind],
            "competing_event": np.where(kind == 2, "death", None),
        }
    )  # fmt: skip
    made = cohort(table)
    varied = made.patients.assign(age_years=rng.normal(50, 5, 400).round())
    made = rm.make_cohort(varied, made.labs[["patient_id", "week", "analyte", "value", "unit"]], outcomes=table)
    for candidate in ("prior_logistic", "prior_hazard"):
        model = rm.train(made, study(), candidates=(candidate,))
        assert model.summary["mean_risk"] == pytest.approx(0.25, abs=0.02)
        assert model.score(made)["relapse_risk"].mean() == pytest.approx(0.25, abs=0.02)
        judged = model.evaluate(made)
        assert (judged.events, judged.competing, judged.lost) == (100, 200, 0)
