"""The rows behind RM121, for whoever holds the tables: first few of each kind, and nobody's identifier."""

from __future__ import annotations

import pandas as pd

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.cohort.rows_to_check import rows_to_check

STUDY = rm.load_study("hbsag-relapse")

OWN = '[study]\nprotocol = 1\nname = "own"\n[prediction]\nlandmark_weeks = [0]\n[predictors]\nalt = {}\n'


def cohort_of(labs, treatments=None):
    """Two patients; labs are (patient, week, value), treatments (patient, first week, lot)."""
    rows = pd.DataFrame(labs, columns=["patient_id", "week", "value"]).assign(analyte="alt", unit="U/L")
    given = None if treatments is None else pd.DataFrame(
        treatments, columns=["patient_id", "start_week", "lot"]).assign(agent="entecavir")  # fmt: skip
    return rm.make_cohort(pd.DataFrame({"patient_id": ["Q-one", "Q-two"]}), rows, given, study=STUDY)


def test_the_first_rows_of_each_kind_are_named_by_table_and_row():
    labs = [("Q-one", week, value) for week in range(5) for value in ("20", "20.0")] + [("Q-two", 600, "30")]
    said = list(rows_to_check(cohort_of(labs), STUDY))
    assert said == ["labs, several results of ALT on one day: rows 2 and 3; 4 and 5; 6 and 7; and 2 more",
                    "labs, more than ten years from enrolment: rows 12"]  # fmt: skip
    assert list(rows_to_check(cohort_of([("Q-one", 0, "20")]), STUDY)) == []


def test_courses_that_are_alike_are_named():
    cohort = cohort_of([("Q-one", 0, "20")], [("Q-one", 1, 7), ("Q-two", 1, 8), ("Q-one", 1, 9)])
    assert list(rows_to_check(cohort, STUDY)) == ["treatments, rows that are alike: rows 2 and 4"]


def test_rows_that_the_source_numbers_are_called_by_its_numbers():
    rows = pd.DataFrame({"patient_id": "Q-one", "week": 0, "analyte": "alt", "value": ["20", "20.0"], "unit": "U/L",
                         "row": [70, 90]})  # fmt: skip
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["Q-one"]}), rows, study=STUDY)
    (said,) = rows_to_check(cohort, STUDY)
    assert said == "labs, several results of ALT on one day: rows of the source 70 and 90"


def test_check_prints_them_unless_the_code_is_muted(tmp_path, capsys):
    cohort_of([("Q-one", 0, "20"), ("Q-one", 0, "20.0")]).write(tmp_path / "c")
    (tmp_path / "s.toml").write_text(OWN)
    for mute, shown in (([], True), (["--mute", "RM121"], False)):
        main(["check", str(tmp_path / "c"), "--study", str(tmp_path / "s.toml"), *mute])
        said = capsys.readouterr().out
        assert ("Rows of which RM121 speaks:\n  labs, several results of ALT on one day: rows 2 and 3" in said) is shown
