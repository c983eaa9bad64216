"""The page on FHIR is true: its mapping reads an export of the kind that it describes."""

from __future__ import annotations

import json
import re

import pytest
from fhir_resources import dose, enrolment, observation, patient, quantity

from relapse_model.cohort.readers.fhir.read import read_fhir


@pytest.fixture
def page(root):
    return (root / "docs" / "reading" / "fhir.md").read_text(encoding="utf-8")


def test_the_mapping_of_the_page_reads(page, tmp_path):
    (mapping,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
    person = patient(identifier=[{"system": "http://hospital.example/mrn", "value": "0007"}], birthDate="1980-03-02")
    visit = enrolment(type=[{"coding": [{"system": "http://hospital.example/visits", "code": "HBIG-1"}]}])
    entecavir = {
        **dose(), "resourceType": "MedicationRequest", "intent": "order", "authoredOn": "2024-03-01",
        "dispenseRequest": {"validityPeriod": {"end": "2024-04-12"}},
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "J05AF10"}]},
    }  # fmt: skip
    arm = {"resourceType": "ResearchSubject", "status": "on-study", "individual": {"reference": "Patient/1"},
           "assignedArm": "hbig"}  # fmt: skip
    every = [person, visit, arm, observation(**quantity(12)), dose(), entecavir, patient("2")]
    (tmp_path / "Export.ndjson").write_text("\n".join(map(json.dumps, every)), encoding="utf-8")
    cohort = read_fhir(tmp_path / "Export.ndjson", tmp_path / "map.toml")
    assert cohort.patients[["patient_id", "sex", "age_years", "arm"]].to_numpy().tolist() == [["0007", "F", 43, "hbig"]]
    assert cohort.labs[["analyte", "value"]].to_numpy().tolist() == [["anti_hbs", "12"]]
    assert cohort.treatments[["agent", "end_week"]].to_numpy().tolist() == [["hbig", 0], ["entecavir", 6]]
