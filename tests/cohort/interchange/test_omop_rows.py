"""A cohort as rows of MEASUREMENT: hand-countable, and read back."""

from __future__ import annotations

import pandas as pd
import pytest
from whole_days import LABS, whole_days

import relapse_model as rm
from relapse_model.cohort import gate
from relapse_model.cohort.interchange.omop import measurement_rows, write_measurement
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.omop.read import read_omop
from relapse_model.errors import RelapseModelError


def cohort():
    patients = pd.DataFrame({"patient_id": ["7", "8"], "enrolment_date": ["2024-03-01", "2024-03-02"]})
    labs = pd.DataFrame({
        "patient_id": ["7", "7", "8"], "week": [-1, 1, 1 / 7], "analyte": ["anti_hbs", "anti_hbs", "hbsag"],
        "value": [">1000", "12.50", "TND"], "unit": ["mIU/mL", "mIU/mL", "IU/mL"],
    })  # fmt: skip
    return rm.make_cohort(patients, labs, study=rm.load_study("hbsag-relapse"))


def test_rows_hold_what_was_printed_and_what_was_read(study):
    rows = measurement_rows(cohort(), {"anti_hbs": 3}, units={"mIU/mL": 9}, study=study, first_id=100)
    shown = ["measurement_id", "person_id", "measurement_concept_id", "measurement_date", "operator_concept_id",
             "value_as_number", "unit_concept_id", "measurement_source_value", "value_source_value"]  # fmt: skip
    assert rows[shown].astype(object).where(rows[shown].notna(), None).to_numpy().tolist() == [
        [100, 7, 3, "2024-02-23", 4172704, 1000.0, 9, "5193-8", ">1000"],
        [101, 7, 3, "2024-03-08", 0, 12.5, 9, "5193-8", "12.50"],
        [102, 8, 0, "2024-03-03", 0, None, 0, "63557-3", "TND"],  # no concept, and no number
    ]
    assert rows[["range_low", "range_high"]].isna().all(axis=None)


def test_gaps_of_a_large_table_are_blank(monkeypatch):
    """Texts of many rows are categories, of which the blank is none."""
    monkeypatch.setattr(gate, "_MANY_ROWS", 0)
    labs = pd.DataFrame({
        "patient_id": "7", "week": range(1200), "analyte": "anti_hbs", "value": ["<10", None] * 600, "unit": "mIU/mL",
    })  # fmt: skip
    patients = pd.DataFrame({"patient_id": ["7"], "enrolment_date": ["2024-03-01"]})
    rows = measurement_rows(rm.make_cohort(patients, labs), {"anti_hbs": 3})
    assert rows["value_source_value"].tolist() == ["<10", ""] * 600
    assert rows["operator_concept_id"].tolist() == [4171756, 0] * 600


def test_what_omop_needs_and_the_cohort_lacks_is_refused():
    study = rm.load_study("hbsag-relapse")
    named = {"7": "P7", "8": "P8"}
    tables = {
        name: table.assign(patient_id=table["patient_id"].map(named)) for name, table in cohort().tables().items()
    }
    with pytest.raises(RelapseModelError, match="2 patients with results have no person_id"):
        measurement_rows(rm.make_cohort(**tables, study=study), {})
    undated = cohort().patients.drop(columns="enrolment_date")
    labs = cohort().tables()["labs"].drop(columns="date", errors="ignore")
    with pytest.raises(RelapseModelError, match="enrolment_date: lacking"):
        measurement_rows(rm.make_cohort(undated, labs, study=study), {})


def test_the_rows_are_read_back(tmp_path, study):
    tables = dict(whole_days(5).tables())
    tables["patients"] = tables["patients"].assign(enrolment_date="2020-03-02")
    original = rm.make_cohort(**tables, study=study)
    persons = {own: place for place, own in enumerate(original.patient_ids, start=1)}
    concepts = {name: 10 + place for place, name in enumerate(sorted(original.labs["analyte"].unique()))}
    write_measurement(original, tmp_path / "measurement.csv", concepts, persons=persons)
    people = pd.DataFrame({"person_id": persons.values(), "person_source_value": persons.keys()})
    people.to_csv(tmp_path / "person.csv", index=False)
    (tmp_path / "zero.csv").write_text(
        "patient_id,date\n" + "".join(f"{own},2020-03-02\n" for own in persons), encoding="utf-8"
    )
    lines = ['[mapping]\nprotocol = 1\nkind = "omop"\nstudy = "hbsag-relapse"\n[time]\nfile = "zero.csv"']
    lines += ['[patients]\nid = "person_source_value"']
    lines += [f'[[labs]]\nanalyte = "{name}"\ncodes = [{concept}]' for name, concept in concepts.items()]
    back = read_omop(tmp_path, parse_mapping("\n".join(lines))).tables()["labs"]
    known = [name for name in LABS if name not in ("assay", "lower_limit", "upper_limit")]
    pd.testing.assert_frame_equal(back[known], original.tables()["labs"][known], check_dtype=False, atol=1e-12)
