"""What a proposal makes of codes and words: drugs by text, codes of no system, names that differ; and how it reads."""

from __future__ import annotations

import json

import pytest
from fhir_resources import LOINC, SNOMED, enrolment, observation, patient, quantity

import relapse_model as rm
from relapse_model.cohort.readers.fhir.propose import propose_fhir
from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.nothing_found import nothing_found
from relapse_model.errors import CohortError, MappingError
from relapse_model.study.reader import parse_study

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
TIME = f'[time]\nresource = "Encounter"\ncodes = ["{SNOMED}|enrolment"]\n'


def drug(**said):
    return {"resourceType": "MedicationStatement", "status": "completed", "subject": {"reference": "Patient/1"},
            "effectivePeriod": {"start": "2024-03-01", "end": "2024-04-01"}} | said  # fmt: skip


def in_text(text, **coding):
    held = {"text": text} if text else {}
    return drug(medicationCodeableConcept=held | ({"coding": [coding]} if coding else {}))


def named(display, day, code="5193-8"):
    row = observation(day=day, code=code)
    row["code"]["coding"][0]["display"] = display
    return row


@pytest.fixture
def propose(tmp_path):
    """Return a function that writes resources as a bundle, and proposes a mapping of it."""

    def proposing(*resources):
        entries = [{"resource": one} for one in (patient(), enrolment(), *resources)]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (tmp_path / "one.json").write_text(json.dumps(bundle), encoding="utf-8")
        return propose_fhir(tmp_path / "one.json", rm.load_study("hbsag-relapse"))

    return proposing


@pytest.fixture
def follow(tmp_path):
    """Return a function that states time zero, takes up lines of the proposal, and reads."""

    def following(proposal, *lines):
        head, _, rest = proposal.partition("[time]")
        for line in lines:
            assert line in rest
            rest = rest.replace(line, line.removeprefix("# "))
        return read_fhir(tmp_path / "one.json", parse_mapping(head + TIME + rest[rest.index("\n\n") :]))

    return following


@pytest.mark.parametrize(
    "row",
    [
        in_text("entecavir 0.5 MG Oral Tablet"),
        in_text("", system=RXNORM, code="485436", display="entecavir 0.5 MG Oral Tablet"),
        in_text("entecavir 0.5 MG Oral Tablet [Baraclude]", system=RXNORM, code="485436"),
        in_text("恩替卡韦片 0.5mg"),
        drug(medicationReference={"reference": "#m"},
             contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "Entecavir 0.5 mg"}}]),
        drug(medicationReference={"reference": "Medication/gone", "display": "ETV 0.5 mg"}),
    ],
)  # fmt: skip
def test_a_drug_is_proposed_and_read_by_its_text(propose, follow, row):
    text = propose(observation(), row)
    assert 'agent = "entecavir"\nresource = "MedicationStatement"' in text
    assert list(follow(text).treatments["agent"]) == ["entecavir"]


def test_a_medication_may_come_after_its_course(propose, follow):
    text = propose(
        observation(), drug(medicationReference={"reference": "Medication/e"}),
        {"resourceType": "Medication", "id": "e", "code": {"text": "entecavir tablets"}},
    )  # fmt: skip
    assert list(follow(text).treatments["agent"]) == ["entecavir"]


def test_what_is_not_evident_is_asked_or_listed(propose):
    text = propose(observation(), in_text("HBIG placebo"), in_text("", system=RXNORM, code="99"), in_text("aspirin"),
                   in_text("entecavir / lamivudine 1 MG"), drug(medicationCodeableConcept={}))  # fmt: skip
    assert "#? Is it hbig? It is called HBIG placebo" in text
    assert "#? Is it entecavir or lamivudine? It is called entecavir / lamivudine 1 MG" in text
    assert "#? Codes to which the export gives no name" in text
    assert f'# codes = ["{RXNORM}|99"]' in text
    assert '# codes = ["text|aspirin"]  # aspirin: 1' in text
    assert "# 1 have neither a code nor words, and are not read" in text
    assert "\n[[treatments]]" not in text


@pytest.mark.parametrize(
    ("code", "key"),
    [({"text": "HBsAb"}, "text|HBsAb"), ({"coding": [{"code": "AB", "display": "HBsAb"}]}, "|AB"),
     ({"coding": [{"display": "HBsAb"}]}, "text|HBsAb")],
)  # fmt: skip
def test_results_without_a_system_are_proposed_and_read(propose, follow, code, key):
    row = observation() | {"code": code}
    text = propose(row)
    assert f'"{key}",' in text
    assert list(follow(text).labs["value"]) == ["5.0"]


def test_one_odd_name_takes_no_code_away(propose, follow):
    rows = [named(name, f"2024-03-{8 + at:02}") for at, name in enumerate(("HDV RNA", "HBsAb", "HBsAb"))]
    text = propose(*rows)
    line = '# when = { "code.coding.display" = ["HBsAb"] }'
    assert '#? 1 row is called otherwise ("HDV RNA": 1)' in text
    with pytest.raises(CohortError, match="'HDV RNA'"):
        follow(text)
    assert [day[:10] for day in follow(text, line).labs["date"]] == ["2024-03-09", "2024-03-10"]


def test_a_code_without_its_system_is_refused_with_what_to_write(propose, follow):
    text = propose(observation())
    with pytest.raises(MappingError, match=r"of words without a code 'text\|HBsAg'"):
        follow(text.replace(f"{LOINC}|5193-8", "5193-8"))
    assert len(follow(text).labs) == len([quantity()])


SSN, MRN = "http://hl7.org/fhir/sid/us-ssn", "urn:a-record"
TYPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}


def test_what_says_who_a_person_is_everywhere_is_not_offered_as_the_identifier(tmp_path):
    held = [{"system": SSN, "value": "9"}, {"system": "urn:b", "value": "8", "type": {"text": "Passport Number"}},
            {"system": "urn:c", "value": "7"}, {"system": MRN, "value": "6", "type": TYPE}]  # fmt: skip
    rows = [patient(identifier=held), enrolment(), observation()]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in rows]}
    (tmp_path / "one.json").write_text(json.dumps(bundle), encoding="utf-8")
    text = propose_fhir(tmp_path / "one.json", rm.load_study("hbsag-relapse"))
    offered = [line.partition("  #")[0] for line in text.split("\n") if line.lstrip("# ").startswith("id = ")]
    assert offered == ['id = "id"', f'# id = "identifier({MRN})"', '# id = "identifier(urn:c)"']
    assert "would link the cohort to anything else that is known of the person" in text
    assert f"# not offered: {SSN}, 1 of 1" in text


def test_a_zone_is_never_proposed_as_a_value(propose, follow):
    text = propose(observation(day="2024-03-08T20:00:00Z"))
    zone = '#? zone = "..."  # of the hospital, such as "Asia/Shanghai"; a wrong one moves days'
    assert zone in text
    with pytest.raises(MappingError, match=r"line \d+, .*zone.*'\.\.\.'; expected the zone of the hospital"):
        follow(text.replace(zone, zone.removeprefix("#? ")))
    stated = follow(text.replace(zone, 'zone = "Asia/Shanghai"'))
    assert [day[:10] for day in stated.labs["date"]] == ["2024-03-09"]


def test_a_code_that_is_nearly_another_and_a_unit_of_neither_are_not_asked_about(tmp_path):
    """5193-9 is no slip of 5193-8; a blood pressure is neither of two weights, whatever it is called."""
    study = rm.load_study("hbsag-relapse")
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": one} for one in (patient(), named("Hair colour", "2024-03-08", "5193-9"))]}  # fmt: skip
    (tmp_path / "one.json").write_text(json.dumps(bundle), encoding="utf-8")
    assert "#? Is it" not in propose_fhir(tmp_path / "one.json", study)
    two = parse_study(
        '[study]\nprotocol = 1\nname = "two"\n[analytes]\nbody_weight_a = { unit = "kg" }\n'
        'body_weight_b = { unit = "kg" }\n[prediction]\nlandmark_weeks = [0]\n'
        "[predictors]\nbody_weight_a = {}\nbody_weight_b = {}\n", "two")  # fmt: skip
    for unit, asked in (("mm[Hg]", False), ("kg", True)):
        row = named("body weight c", "2024-03-08", "1-8") | {"valueQuantity": {"value": 70, "unit": unit, "code": unit}}
        entries = [{"resource": patient()}, {"resource": row}]
        (tmp_path / "one.json").write_text(json.dumps(bundle | {"entry": entries}), encoding="utf-8")
        assert ("#? Is it body_weight_a or body_weight_b?" in propose_fhir(tmp_path / "one.json", two)) is asked


def test_laboratory_names_come_first_among_what_was_not_recognised(propose):
    words = {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "1", "display": "yes"}]}}
    asked = observation(code="9-9", **words)
    asked["code"]["coding"][0]["display"] = "Screening question"
    visit = enrolment(day="2024-04-01")
    visit["type"][0]["coding"][0]["display"] = "General examination"
    text = propose(asked, asked, visit, in_text("aspirin"), named("Serum magnesium of hair", "2024-03-08", "1-8"))
    said = nothing_found(text, rm.load_study("hbsag-relapse"), "s")
    assert "Found, and not recognised: Serum magnesium of hair, Screening question, aspirin." in said
