"""FHIR resources that say twice what they are: the two agree, or the resource is refused by name, or listed."""

from __future__ import annotations

import pytest
from fhir_resources import LOINC, dose, enrolment, observation, patient, quantity
from fhir_rows import MAPPING, left_out, reader, values

from relapse_model.errors import CohortError

STATEMENTS = MAPPING + 'resource = "MedicationStatement"\n'
REQUESTS = MAPPING + 'resource = "MedicationRequest"\nend = "dispenseRequest.validityPeriod.end"\n'


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


def specimen(**more):
    return {"resourceType": "Specimen", "id": "s", "subject": {"reference": "Patient/1"}} | more


@pytest.mark.parametrize(
    ("more", "used"),
    [({"type": {"text": "Urine"}}, 0), ({"type": {"text": "Aszites"}}, 0),
     ({"type": {"coding": [{"code": "UR", "display": "尿液"}]}}, 0),
     ({"status": "unsatisfactory"}, 0), ({"type": {"text": "Serum"}, "status": "available"}, 1)],
)  # fmt: skip
def test_results_of_another_specimen_are_listed(read, more, used):
    one = observation(**quantity(), specimen={"reference": "Specimen/s"})
    made = read(one, observation(day="2024-03-20", **quantity(9.0)), specimen(**more))
    assert len(values(made)) == 1 + used
    assert left_out(made) == ({} if used else {"of a specimen that is none of blood, or cannot be used": 1})


@pytest.mark.parametrize("more", [{"specimen": {"display": "Urine"}}, {"bodySite": {"text": "Ascites"}}])
def test_a_result_that_names_another_specimen_is_refused(read, more):
    with pytest.raises(CohortError, match="blood of the patient"):
        read(observation(**quantity(), **more))


@pytest.mark.parametrize(("code", "number"), [("<", 5.0), (">", 5.0), ("NEG", 500.0)])
def test_an_interpretation_is_held_against_the_number(read, study, code, number):
    with pytest.raises(CohortError, match="interpretation"):
        read(observation(**quantity(number), interpretation=[{"coding": [{"code": code}]}]), study=study)


def test_an_interpretation_that_agrees_is_read(read, study):
    below = {"valueQuantity": quantity()["valueQuantity"] | {"comparator": "<"}}
    for code, value in (("<", below), ("H", quantity(500.0)), ("POS", quantity(500.0))):
        assert len(values(read(observation(**value, interpretation=[{"coding": [{"code": code}]}]), study=study))) == 1


@pytest.mark.parametrize("said", ["Detected", "Detected <LLOQ", "Low positive", "Not quantifiable"])
def test_detected_below_the_limit_of_quantification_is_no_contradiction(read, study, said):
    """It agrees with <20; a plain 20 beside "<LLOQ" would be the limit read as a result."""
    below = {"valueQuantity": quantity(20.0)["valueQuantity"] | {"comparator": "<"}}
    assert values(read(observation(**below, interpretation=[{"text": said}]), study=study)) == ["<20.0"]
    assert len(values(read(observation(**below, interpretation=[{"coding": [{"code": "DET"}]}]), study=study))) == 1
    with pytest.raises(CohortError, match="interpretation"):
        read(observation(**below, interpretation=[{"coding": [{"code": "POS"}]}]), study=study)
    if said in ("Detected <LLOQ", "Not quantifiable"):
        with pytest.raises(CohortError, match="interpretation"):
            read(observation(**quantity(20.0), interpretation=[{"text": said}]), study=study)


@pytest.mark.parametrize(
    "said", [{"text": "below LLOQ"}, {"text": "<LLOQ"}, {"text": "below limit of detection"},
             {"coding": [{"code": "BDL", "display": "Below detection limit"}]}, {"coding": [{"code": "LX"}]}],
)  # fmt: skip
def test_a_number_that_its_interpretation_calls_a_limit_is_refused(read, study, said):
    below = {"valueQuantity": quantity(20.0)["valueQuantity"] | {"comparator": "<"}}
    assert values(read(observation(**below, interpretation=[said]), study=study)) == ["<20.0"]
    with pytest.raises(CohortError, match="interpretation"):
        read(observation(**quantity(20.0), interpretation=[said]), study=study)


def test_a_number_above_what_the_assay_measures_has_its_sign(read, study):
    above = {"valueQuantity": quantity(250.0)["valueQuantity"] | {"comparator": ">"}}
    said = [{"coding": [{"code": "HX"}]}]
    assert values(read(observation(**above, interpretation=said), study=study)) == [">250.0"]
    with pytest.raises(CohortError, match="interpretation"):
        read(observation(**quantity(250.0), interpretation=said), study=study)


def test_codes_of_two_analytes_are_refused(read, study):
    code = {"coding": [{"system": LOINC, "code": one} for one in ("5193-8", "63557-3")]}
    with pytest.raises(CohortError, match="codes of anti_hbs alone"):
        read(observation(**quantity()) | {"code": code}, study=study)


def test_a_masked_value_is_none(read):
    value = quantity(0)
    value["valueQuantity"]["_value"] = {"extension": [{"url": "data-absent-reason", "valueCode": "masked"}]}
    with pytest.raises(CohortError, match="_value"):
        read(observation(**value))


def statement(status, kind="MedicationStatement", **more):
    return {"resourceType": kind, "status": status, "subject": {"reference": "Patient/1"},
            "medicationCodeableConcept": dose()["medicationCodeableConcept"]} | more  # fmt: skip


@pytest.mark.parametrize("period", [{"effectivePeriod": {"start": "2024-03-01"}}, {"effectiveDateTime": "2024-03-01"}])
def test_a_course_on_hold_is_not_one_that_goes_on(read, period):
    with pytest.raises(CohortError, match="on-hold"):
        read(observation(), statement("on-hold", **period), mapping=STATEMENTS)
    ended = {"effectivePeriod": {"start": "2024-03-01", "end": "2024-04-01"}}
    assert len(read(observation(), statement("on-hold", **ended), mapping=STATEMENTS).treatments) == 1


@pytest.mark.parametrize("status", ["on-hold", "stopped"])
def test_the_planned_end_of_an_order_that_was_stopped_is_not_its_end(read, status):
    order = {
        "intent": "order",
        "authoredOn": "2024-03-01",
        "dispenseRequest": {"validityPeriod": {"end": "2024-09-01"}},
    }
    with pytest.raises(CohortError, match=status):
        read(observation(), statement(status, "MedicationRequest", **order), mapping=REQUESTS)
    done = statement("completed", "MedicationRequest", **order)
    assert len(read(observation(), done, mapping=REQUESTS).treatments) == 1


def test_an_administration_on_hold_was_not_given(read):
    with pytest.raises(CohortError, match="on-hold"):
        read(observation(), dose(status="on-hold"))


@pytest.mark.parametrize(
    ("more", "where"),
    [({"status": "stopped"}, "status"), ({"note": [{"text": "not given"}]}, "note"),
     ({"note": [{"text": "wrong patient"}]}, "note"),
     ({"statusReason": [{"text": "patient refused"}]}, "statusReason"),
     ({"note": [{"text": "only half of the dose given (200 IU)"}]}, "note"),
     ({"note": [{"text": "仅注射半量"}]}, "note"),
     ({"note": [{"text": "200 IU administered"}]}, "note")],
)  # fmt: skip
def test_a_dose_that_was_not_given_whole_is_refused(read, more, where):
    with pytest.raises(CohortError, match=rf"MedicationAdministration\.{where}"):
        read(observation(), dose(**more))


@pytest.mark.parametrize("said", ["left deltoid", "400 IU given", "previous dose 200 IU", "800 IU given in total",
                                  "next dose postponed", "patient part of the study", "given as planned"])  # fmt: skip
def test_other_notes_on_a_dose_are_told_by_their_count(read, said):
    made = read(observation(), dose(note=[{"text": said}]))
    assert made.treatments["dose"].tolist() == [400.0]
    assert "1 courses have a note, which is read for doses that were not given and no more" in made.reading.notes


def test_a_dose_that_was_stopped_has_no_amount(read):
    made = read(observation(), dose(status="stopped", dosage={"text": "im"}))
    assert "dose" not in made.treatments or made.treatments["dose"].isna().all()


def test_a_course_that_ended_may_have_been_refused_later(read):
    period = {"effectivePeriod": {"start": "2024-03-01", "end": "2024-04-01"}}
    more = {"note": [{"text": "2 doses missed"}], "statusReason": [{"text": "patient refused"}]}
    assert len(read(observation(), statement("stopped", **period, **more), mapping=STATEMENTS).treatments) == 1
    with pytest.raises(CohortError, match="not given"):
        read(observation(), statement("stopped", **period, note=[{"text": "never taken"}]), mapping=STATEMENTS)


def test_a_text_of_another_amount_than_the_dose_is_refused(read):
    amount = {"value": 400, "unit": "IU"}
    with pytest.raises(CohortError, match="another amount"):
        read(observation(), dose(dosage={"text": "800 IU", "dose": amount}))
    assert len(read(observation(), dose(dosage={"text": "400 IU once", "dose": amount})).treatments) == 1


def test_a_placebo_is_no_dose(read, study):
    held = {"coding": dose()["medicationCodeableConcept"]["coding"], "text": "Placebo of HBIG"}
    with pytest.raises(CohortError, match="a name of hbig"):
        read(observation(), dose(medicationCodeableConcept=held), study=study)


def test_records_for_tests_are_listed(read):
    test = {"meta": {"security": [{"code": "HTEST"}]}}
    people = (patient(), enrolment(), patient("2", **test))
    made = read(observation(), observation(day="2024-03-20", **quantity(), **test), people=people)
    assert list(made.patient_ids) == ["1"]
    assert left_out(made) == left_out(made, "Patient") == {"a record for tests alone (HTEST)": 1}


@pytest.mark.parametrize("place", ["display", "text"])
@pytest.mark.parametrize("name", ["anti-HBs log10", "anti-HBs (log)", "lg anti-HBs"])
def test_a_number_that_its_code_calls_a_logarithm_is_no_amount(read, name, place):
    """2.5 as a logarithm is 316 mIU/mL: neither 2.5 mIU/mL nor a guess."""
    code = {"coding": [{"system": LOINC, "code": "5193-8"}]}
    called = code | {"text": name} if place == "text" else {"coding": [code["coding"][0] | {"display": name}]}
    with pytest.raises(CohortError, match="no logarithm"):
        read(observation(**quantity(2.5)) | {"code": called})
    logs = {"valueQuantity": {"value": 2.5, "unit": "log10 mIU/mL"}}
    assert values(read(observation(**logs) | {"code": called})) == ["2.5"]
