"""An outcome without a week, cohorts without results, and week 0 found in the data; each case counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError, InsufficientDataError, RelapseModelError, StudyError
from relapse_model.study.reader import parse_study

HEAD = '[study]\nprotocol = 1\nname = "x"\n'
AGE = '[predictors]\nage = { column = "age_years" }\n'


def of_column(outcome='column = "died"', prediction="horizon_weeks = 52", more=AGE):
    return parse_study(f"{HEAD}[outcome]\n{outcome}\n[prediction]\n{prediction}\n{more}", "own.toml")


def patients(*died, column="died"):
    return pd.DataFrame(
        {"patient_id": [f"p{place}" for place in range(len(died))], "age_years": 50.0, column: list(died)}
    )


def test_yes_no_and_unknown():
    """Known through the horizon, or not known at all: who is unknown is lost, never free."""
    study = of_column()
    cohort = rm.make_cohort(patients("yes", "no", "unknown", "", "1", "否"), study=study)
    outcome = rm.derive_outcome(cohort, study)
    assert list(outcome["state"]) == ["relapse", "free", "lost", "lost", "relapse", "free"]
    # A yes came after enrolment and by the horizon; nobody wrote down when.
    assert outcome["last_negative_week"].tolist()[:2] == [0, 52]
    assert outcome["first_positive_week"].tolist()[0] == 52
    assert outcome["time_week"].tolist()[:2] == [52, 52]
    assert np.isnan(outcome["time_week"].to_numpy()[2:4]).all()
    assert outcome["event"].tolist() == [1, 0, 0, 0, 1, 0]


@pytest.mark.parametrize("horizon", ["horizon_months = 12", "horizon_days = 365"])
def test_the_horizon_is_met_in_whatever_unit_it_is_stated(horizon):
    study = of_column(prediction=horizon)
    cohort = rm.make_cohort(patients(1, 0), study=study)
    assert list(rm.derive_outcome(cohort, study)["state"]) == ["relapse", "free"]


def test_the_value_that_is_the_outcome():
    """1 survives, 0 dies, as in the Coimbra data."""
    study = of_column('column = "died"\nequals = "0"')
    cohort = rm.make_cohort(patients(1, 0, None), study=study)
    assert list(rm.derive_outcome(cohort, study)["state"]) == ["free", "relapse", "lost"]
    study = of_column('column = "died"\nequals = "dead"\nothers = ["alive", "transplanted"]')
    cohort = rm.make_cohort(patients("Dead", "alive", "transplanted", "unknown"), study=study)
    assert list(rm.derive_outcome(cohort, study)["state"]) == ["relapse", "free", "free", "lost"]


def test_any_other_value_is_refused_by_row():
    study = of_column('column = "died"\nequals = "dead"\nothers = ["alive"]')
    with pytest.raises(CohortError) as caught:
        rm.make_cohort(patients("dead", "lost to follow-up", "alive", "deadly"), study=study)
    assert [(one.row, one.column, one.found) for one in caught.value.problems] == [
        (3, "died", "'lost to follow-up'"),
        (5, "died", "'deadly'"),
    ]
    listed = rm.make_cohort(patients("dead", "lost", "alive"), study=study, on_problems="list")
    assert (len(listed), list(listed.rejected["patient_id"])) == (2, ["p1"])


def test_a_second_word_on_the_outcome_is_refused():
    study = of_column()
    outcomes = pd.DataFrame({"patient_id": ["p0"], "relapse": [1], "week": [3]})
    with pytest.raises(CohortError, match="an outcomes table, and column 'died' as the outcome of the study"):
        rm.make_cohort(patients(1, 0), study=study, outcomes=outcomes)
    other = parse_study(f"{HEAD}[outcome]\nadjudicated = true\n[prediction]\nhorizon_weeks = 52\n{AGE}", "x")
    cohort = rm.make_cohort(patients(1, 0), study=other, outcomes=outcomes)
    with pytest.raises(CohortError, match="an outcomes table"):
        rm.derive_outcome(cohort, study)


def test_a_column_that_is_absent_or_silent():
    study = of_column()
    cohort = rm.make_cohort(patients(1, 0, column="other"), study=study)  # as new patients come to be scored
    with pytest.raises(CohortError, match="column 'died': the column is missing"):
        rm.derive_outcome(cohort, study)
    with pytest.raises(InsufficientDataError, match="a yes or no in column 'died'"):
        rm.derive_outcome(rm.make_cohort(patients("", ""), study=study), study)


def test_no_landmark_after_enrolment():
    study = of_column()
    cohort = rm.make_cohort(patients(1, 0), study=study)
    with pytest.raises(RelapseModelError, match="a column without weeks"):
        rm.derive_outcome(cohort, study, 12)
    with pytest.raises(StudyError, match="0 or earlier: the column of the outcome has no weeks"):
        of_column(prediction="horizon_weeks = 52\nlandmark_weeks = [12]")


@pytest.mark.parametrize(
    ("outcome", "more", "message"),
    [
        ('column = "died"\nadjudicated = true', AGE, "'adjudicated' beside 'column'"),
        ('column = "died"\nbelow = 3', AGE, "'below' beside 'column'"),
        ('column = "died"\nequals = "dead"', AGE, r"'dead', and no others; expected others = \[...\]"),
        ('column = "died"\nothers = ["alive"]', AGE, "'others' without 'equals'"),
        ('adjudicated = true\nequals = "1"', AGE, "'equals' without 'column'"),
        ('column = "died"', '[predictors]\nx = { column = "died" }\n', "a column that is not the outcome"),
    ],
)
def test_outcomes_that_are_refused(outcome, more, message):
    with pytest.raises(StudyError, match=message):
        of_column(outcome, more=more)


def test_a_study_that_reads_no_results_needs_no_labs(tmp_path):
    study = of_column()
    patients(1, 0, 1).to_csv(tmp_path / "patients.csv", index=False)
    cohort = rm.read_cohort(tmp_path, study=study)
    assert (len(cohort), len(cohort.labs)) == (3, 0)
    cohort.write(tmp_path / "again")
    assert rm.read_cohort(tmp_path / "again", study=study) == cohort
    with pytest.raises(CohortError, match=r"labs\.csv: no such file in the folder"):
        rm.read_cohort(tmp_path)
    with pytest.raises(CohortError, match=r"labs\.csv: no such file in the folder"):
        rm.read_cohort(tmp_path, study=rm.load_study("hbsag-relapse"))
    with pytest.raises(CohortError, match=r"labs: None; .* A study that reads no results needs none"):
        rm.make_cohort(patients(1, 0))


def trained(tmp_path):
    draws = np.random.default_rng(1)
    age = draws.normal(60, 10, 200).round()
    table = pd.DataFrame({"patient_id": [f"p{place}" for place in range(200)], "age_years": age})
    table["died"] = np.where(draws.uniform(size=200) < 1 / (1 + np.exp(-(age - 65) / 8)), "yes", "no")
    study = of_column()
    model = rm.train(rm.make_cohort(table, study=study), study, candidates=("prior_logistic",))
    model.save(tmp_path / "m.rmodel")
    return rm.load_model(tmp_path / "m.rmodel"), table


def test_a_model_of_it_from_training_to_scores_whole_and_in_chunks(tmp_path):
    from relapse_model.cli.program import main

    model, table = trained(tmp_path)
    new = table.drop(columns="died").head(7)
    (tmp_path / "new").mkdir()
    new.to_csv(tmp_path / "new" / "patients.csv", index=False)
    scores = model.score(rm.read_cohort(tmp_path / "new", study=model.study))
    assert (scores["status"] == "scored").all()
    out = tmp_path / "scores.csv"
    for more in ((), ("--chunk", "3")):
        arguments = ["score", str(tmp_path / "m.rmodel"), str(tmp_path / "new"), "--out", str(out), *more]
        assert main(arguments) == 0
        np.testing.assert_allclose(pd.read_csv(out)["relapse_risk"], scores["relapse_risk"], rtol=1e-9)


INDEX = """\
[outcome]
adjudicated = true
[prediction]
horizon_weeks = 48
[time]
index = {{ analyte = "lesions", first_below = 1{more} }}
[analytes.lesions]
unit = "count"
lower_limit = 5.0
[predictors]
lesions = {{ kind = "maximum" }}
"""


def indexed(more=""):
    return parse_study(HEAD + INDEX.format(more=more), "own.toml")


def lesion_tables(*rows):
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "value"]).assign(analyte="lesions", unit="count")
    names = list(dict.fromkeys(labs["patient_id"]))
    return pd.DataFrame({"patient_id": names}), labs


THREE = [("a", 0, "3"), ("a", 8, "0.5"), ("a", 20, "2"), ("b", 4, "0.9"), ("b", 10, "0.2"), ("b", -4, "7")]


def test_weeks_count_from_the_first_result_below():
    """a: below 1 first in week 8; b: in week 4, whatever came after."""
    study = indexed()
    people, labs = lesion_tables(*THREE)
    cohort = rm.make_cohort(
        people, labs, study=study,
        treatments=pd.DataFrame({"patient_id": ["a"], "agent": ["drug"], "start_week": [2], "end_week": [12]}),
        outcomes=pd.DataFrame({"patient_id": ["a", "b"], "relapse": [1, 0], "week": [20, 60]}),
    )  # fmt: skip
    assert cohort.labs["week"].tolist() == [-8, 0, 12, 0, 6, -8]
    assert cohort.treatments[["start_week", "end_week"]].to_numpy().tolist() == [[-6, 4]]
    assert cohort.outcomes["week"].tolist() == [12, 56]
    assert rm.derive_features(cohort, study)["lesions"].tolist() == [3, 7]  # what was known at the index
    assert list(rm.derive_outcome(cohort, study)["state"]) == ["relapse", "free"]
    assert rm.derive_features(cohort.take(np.array([1])), study)["lesions"].tolist() == [7]


def test_dates_may_stand_in_the_tables_and_a_written_cohort_is_read_back_as_it_was(tmp_path):
    study = indexed()
    people, labs = lesion_tables(*THREE)
    labs["date"] = (pd.Timestamp("2024-01-01") + pd.to_timedelta(labs.pop("week") * 7, "D")).dt.strftime("%Y-%m-%d")
    cohort = rm.make_cohort(people.assign(enrolment_date="2024-01-01"), labs, study=study)
    assert cohort.labs["week"].tolist() == [-8, 0, 12, 0, 6, -8]
    cohort.write(tmp_path / "c")
    assert rm.read_cohort(tmp_path / "c", study=study) == cohort


def test_a_patient_without_an_index_is_refused_by_row_or_left_out_and_listed():
    """c is never below 1; of d a result that does not decide comes first, so that the index may lie there."""
    people, labs = lesion_tables(*THREE, ("c", 0, "4"), ("d", 0, "<5"), ("d", 9, "0"))
    labs.loc[labs["value"] == "0", "value"] = "0.3"
    with pytest.raises(CohortError) as caught:
        rm.make_cohort(people, labs, study=indexed())
    assert [(one.table, one.row, one.found) for one in caught.value.problems] == [
        ("patients", 4, "no result of lesions below 1 count"),
        ("patients", 5, "a result that does not decide comes before the first of lesions below 1 count"),
    ]
    assert 'without = "leave out"' in str(caught.value)
    for cohort in (
        rm.make_cohort(people, labs, study=indexed(), on_problems="list"),
        rm.make_cohort(people, labs, study=indexed(', without = "leave out"')),
    ):
        assert list(cohort.patient_ids) == ["a", "b"]
        assert cohort.labs["week"].tolist() == [-8, 0, 12, 0, 6, -8]
        assert list(cohort.rejected["patient_id"]) == ["c", "d"]
        assert list(cohort.rejected.index) == [2, 3]  # their rows, so that scores come in the order of the tables


def test_weeks_from_something_else_are_refused():
    """The same numbers would be read as other weeks, and nobody would see it."""
    study, people = indexed(), lesion_tables(*THREE)
    plain = parse_study((HEAD + INDEX.format(more="")).replace("index = {", "# index = {"), "plain.toml")
    with pytest.raises(RelapseModelError, match="counts its weeks from the index"):
        rm.derive_features(rm.make_cohort(*people, study=plain), study)
    with pytest.raises(RelapseModelError, match="counts its weeks from the enrolment"):
        rm.derive_outcome(rm.make_cohort(*people, study=study), plain)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ('{ first_below = 1 }', "key 'analyte' is missing"),
        ('{ analyte = "lesions" }', "0 thresholds"),
        ('{ analyte = "lesion", first_below = 1 }', "Did you mean 'lesions'"),
        ('{ analyte = "lesions", first_below = 1, without = "drop" }', "one of 'refuse', 'leave out'"),
        ("3", "a table of keys"),
    ],
)  # fmt: skip
def test_an_index_that_is_none(index, message):
    text = HEAD + INDEX.format(more="").replace('{ analyte = "lesions", first_below = 1 }', index)
    with pytest.raises(StudyError, match=message):
        parse_study(text, "own.toml")


def test_results_of_the_index_that_contradict_each_other_on_one_day_are_refused():
    people, labs = lesion_tables(("a", 0, "3"), ("a", 8, "0.5"), ("a", 8, "2"))
    study = parse_study((HEAD + INDEX.format(more="")).replace('kind = "maximum"', 'kind = "count"'), "own.toml")
    with pytest.raises(CohortError, match="on the same day"):
        rm.make_cohort(people, labs, study=study)
