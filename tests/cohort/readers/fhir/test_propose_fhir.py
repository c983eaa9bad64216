"""What a proposal makes of codes and words: drugs by text, codes of no system, names that differ; and how it reads."""

from __future__ import annotations

import json

import pytest
from fhir_resources import LOINC, SNOMED, enrolment, observation, patient, quantity

import relapse_model as rm
from relapse_model.cohort.readers.fhir.propose import propose_fhir
from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.errors import CohortError, MappingError

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
