"""The compiled look passes nothing that the checked way refuses, and what it leaves out is what nobody asked for."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from fhir_resources import observation, patient
from fhir_rows import MAPPING

from relapse_model.cohort.readers.fhir import files
from relapse_model.cohort.readers.fhir.asked_alone import AskedAlone
from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.errors import SourceError
from relapse_model.files import no_repeats

pytest.importorskip("numba")

CLAIM = {"resourceType": "Claim", "id": "c", "total": {"value": 12.50}, "contained": [{"resourceType": "Coverage"}]}
ENTRIES = [patient(), observation(), CLAIM, {"resourceType": "Device", "note": 'a "quoted" \\ text, 乙肝'}]
BUNDLE = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in ENTRIES]}
TEXT = json.dumps(BUNDLE, ensure_ascii=False, indent=1).encode()


@pytest.fixture(scope="module")
def asked():
    return AskedAlone(frozenset({"Observation", "Patient"}))


def checked(data):
    """What the reader makes of a text without the look; an exception where it refuses it."""
    return json.loads(data, parse_float=str, parse_constant=lambda name: 1 / 0, object_pairs_hook=no_repeats)


def test_what_is_asked_for_is_as_it_would_be_and_of_others_their_type(asked):
    found, whole = asked.parsed(TEXT), checked(TEXT)
    kinds = [one["resource"] for one in found["entry"]]
    assert kinds[:2] == [one["resource"] for one in whole["entry"]][:2]
    assert kinds[2:] == [{"resourceType": "Claim"}, {"resourceType": "Device"}]
    assert AskedAlone(None).parsed(TEXT) == whole


def test_resources_within_others_are_not_lost(asked):
    """A contained result is counted in the report; its type may be written by an escape."""
    for held in ('{"resourceType": "Observation"}', '{"resourceType": "Observ\\u0061tion"}'):
        text = b'{"resourceType": "Claim", "contained": [' + held.encode() + b"]}"
        assert asked.parsed(text) == json.loads(text)
    assert asked.parsed(b'{"resourceType": "Claim", "contained": []}') == {"resourceType": "Claim"}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a": {"b": 1, "c": [{"d": 1, "d": 2}]}}', '{"a": 01}', '{"a": NaN}', '{"a": 1.}',
     '{"a": -}', '{"a": tru}', '{"a": "\\x"}', '{"a": "\\u12G4"}', '{"a": "\t"}', '{"a": 1,}', '{"a": [1,]}', '{"a" 1}',
     '{"a": 1} x', '{"a": 1', '{"a": "b', "[1]", "5", "", '{"a": [1}', '{"a": {]}', "{,}",
     '{"a": 1e}', '{"\\u0061": 1}',
     '{"a":' * 70 + "1" + "}" * 70],
)  # fmt: skip
def test_what_is_not_sound_or_not_understood_is_left_to_every_check(asked, text):
    assert asked.parsed(text.encode()) is None


def test_texts_that_are_not_utf_8_are_left_to_every_check(asked):
    assert asked.parsed('{"a": "ä"}'.encode("latin-1")) is None
    assert asked.parsed('{"a": 1}'.encode("utf-16")) is None
    assert asked.parsed(b'\xef\xbb\xbf{"a": 1}') is None


def test_a_mutated_text_that_passes_is_one_that_every_check_passes():
    everything, chance = AskedAlone(None), random.Random(5)
    passed = 0
    for _ in range(4000):
        data = bytearray(TEXT)
        for _ in range(chance.choice((1, 1, 2, 4))):
            if not data:
                break
            at, other = chance.randrange(len(data)), chance.randrange(len(data))
            way = chance.randrange(4)
            if way == 0:
                data[at] = chance.choice(b'{}[]",:\\ 0-e.tfn\n\x00\xff')
            elif way == 1:
                del data[at : at + chance.randrange(1, 9)]
            elif way == 2:
                data[at:at] = data[other : other + chance.randrange(1, 40)]
            else:
                del data[at:]
        found = everything.parsed(bytes(data))
        if found is not None:
            passed += 1
            assert found == checked(bytes(data))
    assert passed > 100  # or nothing was tried


def test_a_large_export_is_read_as_a_small_one(tmp_path, monkeypatch):
    """Whatever the size, the same cohort, the same report, and the same refusal of a key that stands twice."""
    visit = {"resourceType": "Encounter", "id": "e", "status": "finished", "subject": {"reference": "Patient/1"},
             "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "enrolment"}]}],
             "period": {"start": "2024-03-01"}}  # fmt: skip
    entries = [{"resource": one} for one in (*ENTRIES, visit)]
    (tmp_path / "a.json").write_text(json.dumps(BUNDLE | {"entry": entries}), encoding="utf-8")
    mapping = parse_mapping(MAPPING)
    small = read_fhir(tmp_path / "a.json", mapping)
    looks = []
    monkeypatch.setattr(files, "BYTES_WORTH", 0)
    monkeypatch.setattr(AskedAlone, "_is_other", _counted(AskedAlone._is_other, looks))
    large = read_fhir(tmp_path / "a.json", mapping)
    assert any(looks)
    assert str(large.reading) == str(small.reading)
    assert large.labs.equals(small.labs)
    assert large.patients.equals(small.patients)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    (tmp_path / "a.json").write_text(text.replace('"total": {', '"total": {"value": 1, ', 1), encoding="utf-8")
    with pytest.raises(SourceError, match="'value'"):
        read_fhir(tmp_path / "a.json", mapping)


def _counted(function, looks):
    def counting(*given):
        looks.append(function(*given))
        return looks[-1]

    return counting


def test_every_resource_of_a_bundle_is_found():
    many = {"resourceType": "Bundle", "entry": [{"fullUrl": f"urn:{n}", "resource": {"resourceType": "Device"}}
                                                for n in range(500)]}  # fmt: skip
    quick = AskedAlone(frozenset())
    assert quick.parsed(json.dumps(many).encode())["entry"][499] == many["entry"][499]
    assert int(np.count_nonzero(quick._spans[:500, 2] > 0)) == 500
