"""Single FHIR resources, as short as they may be."""

from __future__ import annotations

LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"


def patient(own="1", **more):
    return {"resourceType": "Patient", "id": own, "gender": "female", **more}


def enrolment(own="1", day="2024-03-01T09:00:00+08:00", **more):
    return {"resourceType": "Encounter", "id": f"e{own}{day[:10]}", "status": "finished",
            "type": [{"coding": [{"system": SNOMED, "code": "enrolment"}]}],
            "subject": {"reference": f"Patient/{own}"}, "period": {"start": day}} | more  # fmt: skip


def quantity(value=5.0, code="m[IU]/mL", **more):
    return {"valueQuantity": {"value": value, "unit": "mIU/mL", "code": code, "system": UCUM, **more}}


def observation(own="1", day="2024-03-08T10:00:00+08:00", code="5193-8", system=LOINC, **more):
    made = {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": system, "code": code}]},
            "subject": {"reference": f"Patient/{own}"}, "effectiveDateTime": day}  # fmt: skip
    return made | (more or quantity())


def dose(own="1", **more):
    return {"resourceType": "MedicationAdministration", "status": "completed",
            "subject": {"reference": f"Patient/{own}"},
            "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "J06BB04"}]},
            "effectiveDateTime": "2024-03-01", "dosage": {"dose": {"value": 400, "unit": "IU"}}} | more  # fmt: skip
