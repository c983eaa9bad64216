"""FHIR: golden values of synthetic bundles, the proposed mapping, and sources that were damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fhir_writer import HOSPITAL, bundle, mapping_of, resources_of, write_bulk
from mutations import mutated
from whole_days import whole_days

import relapse_model as rm
from relapse_model.cohort.readers.fhir.propose import propose_fhir
from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.errors import RelapseModelError, SourceError

CIEL = "http://loinc.org|{}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # codes of another system under the one of LOINC
NOT_OURS = "This is a fault of the reader"
BUNDLES = """
[mapping]
protocol = 1
kind = "fhir"
[time]
resource = "Encounter"
codes = ["http://snomed.info/sct|410620009"]
pick = "first"
[patients]
id = "id"
sex = { field = "gender", values = { male = "M", female = "F" } }
"""


@pytest.fixture
def bundles(root):
    folder = root.parent / "shared" / "data" / "fhir_synthea_bundles"
    if not folder.is_dir():
        pytest.skip("fhir_synthea_bundles is not here")
    return folder


def test_golden_values_of_synthetic_bundles(bundles):
    mapping = BUNDLES + f'[[labs]]\nanalyte = "weight"\ncodes = ["{CIEL.format(5089)}"]\n'
    counted = {"Bob965": (238, 30, 8, 1), "Cecelia952": (259, 64, 14, 0), "Jeremiah751": (238, 30, 8, 1)}  # by hand
    for name, (entries, results, numbers, weights) in counted.items():
        cohort = read_fhir(bundles / f"{name}.json", parse_mapping(mapping))
        came = {one.source: one.came for one in cohort.reading.sources}
        others = sum(one.count for one in cohort.reading.not_mapped if one.source == "resources")
        assert (sum(came.values()) + others, came["Observation"]) == (entries, results)
        assert len(cohort.labs) >= weights
        resources = [one["resource"] for one in json.loads((bundles / f"{name}.json").read_text())["entry"]]
        observations = [one for one in resources if one["resourceType"] == "Observation"]
        quantities = [one["valueQuantity"] for one in observations if "valueQuantity" in one]
        assert len(quantities) == numbers
        assert not any("comparator" in one for one in quantities)
        assert {one["status"] for one in observations} == {"final"}
    cohort = read_fhir(bundles / "Bob965.json", parse_mapping(mapping))
    first = cohort.labs.iloc[0]
    assert (first["value"], first["unit"], first["date"][:10]) == ("64.595", "kg", "2019-07-27")


def test_no_name_is_in_the_report_of_synthetic_bundles(bundles):
    cohort = read_fhir(bundles, parse_mapping(BUNDLES + f'[[labs]]\nanalyte = "w"\ncodes = ["{CIEL.format(5089)}"]\n'))
    text = str(cohort.reading) + json.dumps(cohort.reading.as_json())
    for name in ("Bob965", "Keeling57", "Cecelia952", "Jeremiah751", *cohort.patient_ids):
        assert name not in text
    assert "Patient.name" in cohort.reading.never_read


def test_the_proposal_of_synthetic_bundles_names_every_code_and_asks_for_time_zero(bundles, study):
    text = propose_fhir(bundles, study)
    assert "HIV viral load: 4 (no unit: 4)" in text
    assert 'codes = ["http://snomed.info/sct|410620009"]' in text
    assert "#? zone = " in text
    parse_mapping(text, "map", "fhir")
    with pytest.raises(RelapseModelError, match="0 ways to time zero"):
        read_fhir(bundles, parse_mapping(text))


def proposable(resources):
    """Name the analytes as laboratories do, and answer some in codes."""
    names = {"hbsag": "HBsAg", "anti_hbs": "乙肝表面抗体", "hbig": "人乙型肝炎免疫球蛋白"}
    for kind, element in (("Observation", "code"), ("MedicationAdministration", "medicationCodeableConcept")):
        for one in resources[kind]:
            coding = one[element]["coding"][0]
            coding["display"] = names.get(coding["code"], coding["code"])
    answer = {"coding": [{"system": HOSPITAL, "code": "n", "display": "阴性"}]}
    stated = {"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/P0001"},
            "code": {"coding": [{"system": HOSPITAL, "code": "hbsag", "display": "HBsAg"}]},
            "effectiveDateTime": "2031-01-01", "valueCodeableConcept": answer}  # fmt: skip
    return [*(one for every in resources.values() for one in every), stated]


def test_a_proposal_is_ready_but_for_time_zero(tmp_path, study):
    resources = resources_of(whole_days(5))
    resources["Observation"] = [one for one in resources["Observation"] if "valueQuantity" in one]
    every = proposable(resources)
    (tmp_path / "export.json").write_text(bundle(*every).replace("2031-01-01", "2021-01-01"), encoding="utf-8")
    text = propose_fhir(tmp_path, study)
    assert f'"{HOSPITAL}|n" = "negative"  # 阴性: 1' in text
    edited = text.replace('# resource = "ResearchSubject"', 'resource = "ResearchSubject"')
    assert edited != text  # one line
    cohort = read_fhir(tmp_path, parse_mapping(edited))
    assert len(cohort) == 5
    assert {"hbsag", "anti_hbs"} <= set(cohort.labs["analyte"])
    assert "hbig" in set(cohort.treatments["agent"])


def test_bundles_and_bulk_data_are_one_cohort(tmp_path):
    cohort = whole_days(6)
    write_bulk(cohort, tmp_path / "bulk")
    resources = resources_of(cohort)
    (tmp_path / "bundles").mkdir()
    for own in cohort.patient_ids:
        about = [one for every in resources.values() for one in every if own in json.dumps(one)]
        (tmp_path / "bundles" / f"{own}.json").write_text(bundle(*about), encoding="utf-8")
    mapping = parse_mapping(mapping_of(cohort))
    assert read_fhir(tmp_path / "bulk", mapping) == read_fhir(tmp_path / "bundles", mapping)


def damaged(tmp_path: Path, seeds: range, study: rm.Study) -> tuple[int, int]:
    """Read damaged sources; return how many were read and how many were refused: nothing else may happen."""
    cohort = whole_days(2)
    mapping = parse_mapping(mapping_of(cohort))
    every = [one for kind in resources_of(cohort).values() for one in kind[:12]]
    whole = bundle(*every).encode()
    write_bulk(cohort, tmp_path / "bulk")
    lines = (tmp_path / "bulk" / "Observation.ndjson").read_bytes()
    read = refused = 0
    for seed in seeds:
        target = tmp_path / ("export.json" if seed % 2 else "bulk/Observation.ndjson")
        target.write_bytes(mutated(whole if seed % 2 else lines, seed))
        try:
            got = read_fhir(target if seed % 2 else tmp_path / "bulk", mapping, study=study)
            str(got.reading)
            read += 1
        except RelapseModelError as error:
            refused += NOT_OURS not in str(error)
    return read, refused


def test_damaged_sources_are_read_or_refused(tmp_path, study):
    read, refused = damaged(tmp_path, range(40), study)
    assert refused > 5
    assert read + refused == 40


@pytest.mark.slow
def test_three_hundred_damaged_sources_are_read_or_refused(tmp_path, study):
    read, refused = damaged(tmp_path, range(300), study)
    assert refused > 100
    assert read + refused == 300


KINDS = (None, True, 7, "text", [], {}, [None], [[]], {"reference": 3}, [{"coding": "x"}], {"value": {"value": 1}})


def test_elements_of_a_wrong_kind_are_read_or_refused(tmp_path, study):
    cohort = whole_days(1)
    mapping, random = parse_mapping(mapping_of(cohort)), np.random.default_rng(5)
    refused = 0
    text = json.dumps(resources_of(cohort))
    for _ in range(25):
        every = [one for kind in json.loads(text).values() for one in kind[:3]]
        one = every[random.integers(len(every))]
        keys = [key for key in one if key != "resourceType"]
        one[keys[random.integers(len(keys))]] = KINDS[random.integers(len(KINDS))]
        (tmp_path / "export.json").write_text(bundle(*every), encoding="utf-8")
        try:
            read_fhir(tmp_path, mapping, study=study)
        except RelapseModelError as error:
            assert NOT_OURS not in str(error)  # noqa: PT017
            refused += 1
    assert refused > 5


def test_a_size_limit_holds_for_each_line(tmp_path):
    cohort = whole_days(1)
    write_bulk(cohort, tmp_path)
    with pytest.raises(SourceError, match="a line of more than 20 bytes"):
        read_fhir(tmp_path, parse_mapping(mapping_of(cohort) + "\n[source]\nmax_bytes = 20\n"))
