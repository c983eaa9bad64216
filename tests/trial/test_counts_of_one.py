"""What is said of one patient, one dose, one week is said in the singular, wherever a trial is reported."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from small_trial import PLAN, POLICY, RESTART, small_cohort, small_study, small_tables

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.report.dosing_page import write_dosing_page
from relapse_model.report.trial_answer import answer
from relapse_model.report.trial_next import next_steps
from relapse_model.study.reader import parse_study
from relapse_model.trial.arms import findings

NOUNS = (
    "patients", "events", "failures", "doses", "courses", "tests", "weeks", "visits", "candidates", "relapses",
    "analyses", "rows", "columns", "endpoints", "losses", "levels", "combinations", "imputations", "points",
)  # fmt: skip
OF_ONE = re.compile(rf"(?<![\d.,<])1 (?:{'|'.join(NOUNS)})\b")
ONE_WEEK = PLAN + 'window_weeks = 1\n[[trial.subgroup]]\ncolumn = "age_years"\nat = [36]\n'


def texts_of(page):
    """The texts of a page, cells of tables apart: a number and the next heading are no sentence."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " | ", page[page.index("<main") :]))


def one_of_each(**columns):
    """One treated control, one lost in each arm, one failure and one dose in an arm; one who had it at entry."""
    tables = small_tables(**columns)
    kept = ["T1", "T2", "T3", "C1", "C2", "C5", "C6"]
    tables = {name: table[table["patient_id"].isin(kept)] for name, table in tables.items()}
    tables["treatments"] = tables["treatments"][tables["treatments"]["patient_id"].isin(["T1", "C5", "C6"])]
    at_entry = pd.DataFrame({"patient_id": ["C2"], "week": [0.0], "analyte": ["hbsag"], "value": ["1.2"],
                             "unit": ["IU/mL"]})  # fmt: skip
    labs = tables["labs"][~((tables["labs"]["patient_id"] == "C2") & (tables["labs"]["week"] == 0))]
    return tables | {"labs": pd.concat([labs, at_entry], ignore_index=True)}


@pytest.fixture(scope="module", params=["composite", "hypothetical"])
def found(request):
    study = small_study(ONE_WEEK + POLICY + RESTART.format(request.param))
    return rm.compare_arms(rm.make_cohort(**one_of_each(), study=study), study)


def test_the_pattern_finds_what_is_wrong():
    assert OF_ONE.search("the endpoint of 1 patients is unknown")
    assert OF_ONE.search("within 1 weeks")
    assert not OF_ONE.search("11 patients, 0.1 points, 1 of 6 patients, 1 patient")


def test_a_trial_is_reported_in_the_singular(found, tmp_path):
    page = found.save(tmp_path)["report"].read_text(encoding="utf-8")
    codes = {one.code for one in found.findings}
    assert {"RM203", "RM204", "RM208", "RM209"} <= codes  # each is rendered, with counts of one among them
    said = [texts_of(page), answer(found), *next_steps(found), *map(str, found.findings), repr(found), *found.notes,
            found._repr_html_(), (tmp_path / "trial.json").read_text(encoding="utf-8")]  # fmt: skip
    for text in said:
        assert OF_ONE.findall(text.replace("\N{NO-BREAK SPACE}", " ")) == []


def test_the_findings_of_counts_of_one_stand_in_the_singular(found):
    texts = {one.code: one.text for one in found.findings}
    assert "1 patient in the control arm was given HBIG" in texts["RM203"]
    assert "HBIG 1" in texts["RM204"]
    (started,) = findings.uncounted_finding([findings.Uncounted("entecavir", (1, 0), "")], ("HBIG", "control"))
    assert "The plan does not name it, so nothing was counted or censored for it." in started.text


def test_doses_are_reported_in_the_singular(tmp_path):
    study = rm.load_study("hbsag-relapse")
    short = parse_study(study.text.replace("act_within_weeks = 2", "act_within_weeks = 1"), "short")
    assert short.dosing.again.act_within_weeks == 1
    labs = pd.DataFrame([("A", 0, "anti_hbs", "<10"), ("A", 4, "anti_hbs", "<10"), ("B", 0, "anti_hbs", "150")],
                        columns=["patient_id", "week", "analyte", "value"]).assign(unit="mIU/mL")  # fmt: skip
    patients = pd.DataFrame({"patient_id": ["A", "B", "C"], "arm": "hbig", "lost_reason": ["", "moved", ""]})
    given = pd.DataFrame({"patient_id": ["A"], "agent": "hbig", "start_week": [0.0], "dose": 400.0, "unit": "IU"})
    report = rm.dosing(rm.make_cohort(patients, labs, given, study=short), short, as_of_week=5)
    write_dosing_page(report, short, tmp_path / "dosing.html", as_of="5")
    page = texts_of((tmp_path / "dosing.html").read_text(encoding="utf-8"))
    for text in (page, repr(report), report._repr_html_(), *report.notes, *report.due["reason"]):
        assert OF_ONE.findall(text.replace("\N{NO-BREAK SPACE}", " ")) == []
    assert "1 patient: probably will not reach 100 mIU/mL" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_refusals_of_one_patient_are_in_the_singular():
    from relapse_model.errors import CohortError

    study = small_study(PLAN + 'method = "miettinen-nurminen"\n')
    with pytest.raises(CohortError) as refused:
        rm.compare_arms(small_cohort(study), study)
    assert OF_ONE.findall(str(refused.value)) == []
    assert "the endpoint of 1 patient of the arm 'control' is unknown" in str(refused.value)


def test_the_command_line_says_one_in_the_singular(tmp_path, capsys):
    study = rm.load_study("hbsag-relapse")
    labs = pd.DataFrame([("A", 0.0, "anti_hbs", "<10", "mIU/mL")],
                        columns=["patient_id", "week", "analyte", "value", "unit"])  # fmt: skip
    patients = pd.DataFrame({"patient_id": ["A"], "arm": ["hbig"]})
    given = pd.DataFrame(columns=["patient_id", "agent", "start_week", "dose", "unit"]).astype({"dose": float})
    rm.make_cohort(patients, labs, given, study=study).write(tmp_path / "cohort")
    assert main(["dosing", str(tmp_path / "cohort"), "--out", str(tmp_path / "out"), "--as-of", "0.5"]) == 0
    told = capsys.readouterr().out
    assert "To act on now: 1 patient (due)" in told
    assert OF_ONE.findall(told) == []
