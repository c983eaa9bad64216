"""Scores as FHIR RiskAssessment: percentages, intervals, and a resource for everybody."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from relapse_model.errors import RelapseModelError
from relapse_model.model.scoring.risk_assessments import risk_assessments, write_risk_assessments

SCORES = pd.DataFrame({
    "patient_id": ["7", "8"], "status": ["scored", "rejected"], "relapse_risk": [0.2291, float("nan")],
    "risk_lower": [0.1, float("nan")], "risk_upper": [0.35, float("nan")],
    "warnings": ["RS203: outside the range", ""], "reason": ["", "not at risk (positive)"],
})  # fmt: skip
ASKED = {"model": "hbsag-relapse 0.1.0", "outcome": "HBsAg relapse", "on": "2024-03-01", "horizon_weeks": 48}


def test_a_risk_is_a_percentage_with_its_interval_and_its_warning():
    first, _ = risk_assessments(SCORES, **ASKED)
    risk, interval = first["prediction"]
    assert risk["probabilityDecimal"] == 22.91  # R4: decimals are percentages, at most 100
    assert [interval["probabilityRange"][end]["value"] for end in ("low", "high")] == [10, 35]
    said = (
        "risk of HBsAg relapse within 48 weeks, from 2024-03-01 to 2025-01-31; predicted by hbsag-relapse 0.1.0 from "
    )
    said += "the patient's records up to 2024-03-01"
    assert risk["rationale"] == f"Absolute {said}"
    assert interval["rationale"] == f"90% interval of the {said}"
    assert interval["whenPeriod"] == risk["whenPeriod"]
    assert risk["whenPeriod"] == {"start": "2024-03-01", "end": "2025-01-31"}  # 336 days later
    assert (first["status"], first["subject"]) == ("final", {"reference": "Patient/7"})
    assert first["note"] == [{"text": "RS203: outside the range"}]


def test_a_rejected_patient_is_there_without_a_prediction():
    _, second = risk_assessments(SCORES, **ASKED)
    assert second["status"] == "cancelled"
    assert "prediction" not in second
    assert second["note"] == [{"text": "not at risk (positive)"}]


def test_identifiers_days_and_tags(tmp_path):
    chinese = SCORES.assign(patient_id=["病人7", "病人8"])
    with pytest.raises(RelapseModelError, match="2 identifiers cannot be ids"):
        list(risk_assessments(chinese, **ASKED))
    (first, _) = risk_assessments(
        chinese, **ASKED | {"identifier_system": "urn:mrn", "on": ["2024-03-01", "2024-04-01"]}
    )
    assert first["subject"] == {"type": "Patient", "identifier": {"system": "urn:mrn", "value": "病人7"}}
    with pytest.raises(RelapseModelError, match="expected YYYY-MM-DD"):
        list(risk_assessments(SCORES, **ASKED | {"on": "1/3/2024"}))
    with pytest.raises(RelapseModelError, match="3 days for 2 scores"):
        list(risk_assessments(SCORES, **ASKED | {"on": ["2024-03-01"] * 3}))
    write_risk_assessments(SCORES, tmp_path / "scores.ndjson", **ASKED, synthetic=True)
    lines = [json.loads(line) for line in (tmp_path / "scores.ndjson").read_text(encoding="utf-8").splitlines()]
    assert [line["meta"]["tag"][0]["code"] for line in lines] == ["HTEST", "HTEST"]
    write_risk_assessments(SCORES, tmp_path / "patients.ndjson", **ASKED)
    assert (tmp_path / "patients.ndjson").stat().st_mode & 0o077 == 0


def test_scores_of_a_model_become_resources(model, new_patients, study):
    scores = model.score(new_patients)
    made = list(risk_assessments(scores, **ASKED, synthetic=True))
    assert len(made) == len(scores)
    assert all(0 <= one["prediction"][0]["probabilityDecimal"] <= 100 for one in made if one["status"] == "final")
