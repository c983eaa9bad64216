"""Columns that a study reads, in proposals for sources that have them under their names, and for those that do not."""

from __future__ import annotations

import pandas as pd
import pytest

from relapse_model.cohort.readers.columns_of_study import columns_left, columns_read
from relapse_model.cohort.readers.read_source import proposer_of
from relapse_model.study.reader import load_study, parse_study

STUDY = """[study]
protocol = 1
name = "own"
[outcome]
name = "stopped"
column = "stopped"
equals = "Adverse event"
others = ["Completed"]
[prediction]
landmark_weeks = [0]
horizon_weeks = 24
[predictors]
alt = {}
education = { column = "educlvl" }
sex = { column = "sex", equals = "M" }
"""


def test_a_study_tells_what_it_reads_each_column_for():
    study = parse_study(STUDY, "own.toml")
    assert columns_read(study) == {
        "stopped": "its outcome", "educlvl": "predictor 'education'", "sex": "predictor 'sex'"
    }  # fmt: skip
    left = columns_left(['#? stopped = "..."'], study)
    assert [line.partition(" = ")[0] for line in left] == ["# optional: educlvl"]  # sex the data contract knows


def test_of_the_built_in_study_nothing_is_asked():
    assert columns_left([], load_study("hbsag-relapse")) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_sheet_has_the_column_of_the_outcome_or_it_is_asked_for(tmp_path, there):
    sheet = {"patient_id": ["a", "b"], "enrolment date": "2024-01-08", "sex": ["F", "M"], "ALT (U/L)": [40, 41]}
    if there:
        sheet |= {"Stopped": ["Completed", "Adverse event"], "educlvl": [9, 12]}
    pd.DataFrame(sheet).to_csv(tmp_path / "data.csv", index=False)
    text = proposer_of("excel")(tmp_path / "data.csv", parse_study(STUDY, "own.toml"))
    assert ('stopped = { field = "Stopped" } # ' in text) is there
    assert ('educlvl = { field = "educlvl"' in text) is there
    assert ('#? stopped = "..."  # the study reads it for its outcome' in text) is not there
