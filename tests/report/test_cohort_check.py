"""The account of a cohort: predictors of the patients at risk, why values are missing, zeros below a limit."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.report.cohort_check import check_report
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "account"

[analytes.hbsag]
unit = "IU/mL"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
lower_limit = 10.0

[analytes.load]
unit = "log10 IU/mL"

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0]
horizon_weeks = 48

[[predictors]]
name = "titre"
label = "Titre"
kind = "last"
analyte = "anti_hbs"
window_weeks = 16

[[predictors]]
name = "nuc"
label = "Analogue"
kind = "ever_on_agent"
agents = ["nuc"]
column = "prior_nuc"
"""


@pytest.fixture(scope="module")
def lines():
    study = parse_study(STUDY, "test")
    labs = [(who, week, "hbsag", "<0.05", "IU/mL") for who in "abcd" for week in (0, 48)]
    labs += [("e", 0, "hbsag", "7", "IU/mL"), ("e", 0, "anti_hbs", "900", "mIU/mL")]  # not at risk
    labs += [("a", 0, "anti_hbs", "0", "mIU/mL"), ("b", -8, "anti_hbs", "<10", "mIU/mL")]
    labs += [("c", -104, "anti_hbs", "50", "mIU/mL"), ("a", 0, "load", "0", "log10 IU/mL")]
    table = pd.DataFrame(labs, columns=["patient_id", "week", "analyte", "value", "unit"])
    given = pd.DataFrame({"patient_id": ["a"], "agent": ["nuc"], "start_week": [-40]})
    patients = pd.DataFrame({"patient_id": list("abcde"), "prior_nuc": [None, 1, None, None, None]})
    shown = check_report(rm.make_cohort(patients, table, given, study=study), study)
    return [line.strip() for line in shown.splitlines()]


def after(lines, start):
    """Return the line that begins so, and the two below it."""
    (place,) = [place for place, line in enumerate(lines) if line.startswith(start)]
    return lines[place : place + 3]


def test_the_predictors_are_those_of_the_patients_at_risk(lines):
    after(lines, "Predictors at week 0 of 4 patients at risk")
    titre, _, _ = after(lines, "Titre  ")
    assert titre.split()[1:] == ["2", "5,", "5,", "5", "mIU/mL"]  # 900 of the patient who is positive is not among them


def test_it_says_why_values_are_missing_and_how_old_the_others_are(lines):
    _, missing, age = after(lines, "Titre  ")
    assert missing in (
        "missing: 1 no result; 1 no result in the last 16 weeks",
        "missing: 1 no result in the last 16 weeks; 1 no result",
    )
    assert age == "results 4 weeks old (median), 8 at most"


def test_it_says_of_how_many_no_course_is_taken_for_never_given(lines):
    _, without, _ = after(lines, "Analogue  ")
    assert without == "2 without a course in the treatments table: never given it"  # a has one, b is stated


def test_a_printed_zero_counts_as_below_a_limit_but_not_on_a_logarithm(lines):
    assert after(lines, "anti_hbs")[0].split() == ["anti_hbs", "4", "0", "2", "0", "0"]
    assert after(lines, "load")[0].split() == ["load", "1", "0", "0", "0", "0"]


def test_a_long_name_of_an_analyte_moves_no_column():
    """The counts of both analytes end at the same place of the line."""
    text = STUDY.replace("anti_hbs", "anti_hbs_of_the_second_laboratory")
    labs = pd.DataFrame({
        "patient_id": ["1", "1"], "week": [0, 0], "analyte": ["hbsag", "anti_hbs_of_the_second_laboratory"],
        "value": ["0.01", "30"], "unit": ["IU/mL", "mIU/mL"],
    })  # fmt: skip
    study = parse_study(text, "study")
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["1"], "prior_nuc": [None]}), labs, study=study)
    table = check_report(cohort, study).partition("Analytes (")[2].split("\n\n")[0].split("\n")[1:]
    assert len(table) == 2
    assert len({len(line) for line in table}) == 1
