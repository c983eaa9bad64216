"""A cohort as SDTM data sets: hand-countable days and codes, and nothing lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.interchange.sdtm import study_day, write_sdtm


def cohort():
    patients = pd.DataFrame({"patient_id": ["01", "02"], "arm": ["hbig", "control"], "age_years": [40, 50]})
    labs = pd.DataFrame(
        {
            "patient_id": ["01", "01", "02"],
            "week": [-1 / 7, 0, 4.5],
            "analyte": ["hbsag", "anti_hbs", "hbsag"],
            "value": ["<0.05", "12", "TND"],
            "unit": ["IU/mL", "mIU/mL", "IU/mL"],
        }
    )
    treatments = pd.DataFrame(
        {"patient_id": ["01"], "agent": ["hbig"], "start_week": [0], "dose": [400], "unit": ["IU"]}
    )
    return rm.make_cohort(patients, labs, treatments, study=rm.load_study("hbsag-relapse"))


def test_there_is_no_day_0():
    assert study_day(np.array([-2 / 7, -1 / 7, 0, 1 / 7])).tolist() == [-2, -1, 1, 2]


def test_the_data_sets_hold_what_was_printed(tmp_path):
    files = write_sdtm(cohort(), tmp_path, rm.load_study("hbsag-relapse"))
    assert [file.name for file in files] == ["dm.csv", "lb.csv", "ex.csv"]
    lb = pd.read_csv(tmp_path / "lb.csv", dtype=str)
    assert lb["LBTESTCD"].tolist() == ["HBSAG", "HBSAB", "HBSAG"]  # anti-HBs is HBSAB in CDISC's terminology
    assert lb["LBORRES"].tolist() == ["<0.05", "12", "TND"]
    assert lb["LBDY"].tolist() == ["-1", "1", "32"]
    assert lb["LBSEQ"].tolist() == ["1", "2", "1"]
    dm = pd.read_csv(tmp_path / "dm.csv", dtype=str)
    assert dm[["USUBJID", "ARM", "AGE"]].to_numpy().tolist() == [["01", "hbig", "40"], ["02", "control", "50"]]
    assert pd.read_csv(tmp_path / "ex.csv")[["EXTRT", "EXDOSE", "EXSTDY"]].to_numpy().tolist() == [["hbig", 400, 1]]


def test_two_analytes_of_one_code_are_refused(tmp_path):
    labs = pd.DataFrame(
        {"patient_id": ["1", "1"], "week": [0, 0], "analyte": ["long_name_a", "long_name_b"], "value": 1, "unit": "g"}
    )
    two = rm.make_cohort(pd.DataFrame({"patient_id": ["1"]}), labs)
    with pytest.raises(rm.RelapseModelError, match="long_name_a, long_name_b"):
        write_sdtm(two, tmp_path)


def test_adverse_events(tmp_path):
    """Unknown stays blank; the event of week 0 is on day 1."""
    events = pd.DataFrame(
        {
            "patient_id": ["01", "01"],
            "week": [0, 2],
            "term": ["Fever", "Rash"],
            "grade": ["2", ""],
            "serious": ["0", ""],
        }
    )
    nothing = cohort().tables()["labs"].iloc[:0]
    made = rm.make_cohort(pd.DataFrame({"patient_id": ["01"]}), nothing, adverse_events=events)
    files = write_sdtm(made, tmp_path)
    assert [file.name for file in files] == ["dm.csv", "lb.csv", "ae.csv"]
    ae = pd.read_csv(tmp_path / "ae.csv", dtype=str).fillna("")
    assert ae[["AESEQ", "AETERM", "AESTDY", "AETOXGR", "AESER"]].to_numpy().tolist() == [
        ["1", "Fever", "1", "2", "N"], ["2", "Rash", "15", "", ""]
    ]  # fmt: skip
