"""Small FHIR bundles made of single resources, and read with a mapping."""

from __future__ import annotations

import json

from fhir_resources import LOINC, SNOMED, enrolment, patient

from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping

MAPPING = f"""
[mapping]
protocol = 1
kind = "fhir"
[time]
resource = "Encounter"
codes = ["{SNOMED}|enrolment"]
[patients]
id = "id"
sex = {{ field = "gender", values = {{ male = "M", female = "F" }} }}
[missing]
codes = ["haemolysed"]
[[labs]]
analyte = "anti_hbs"
codes = ["{LOINC}|5193-8"]
value = {{ field = "value", values = {{ "{SNOMED}|260385009" = "negative", "reagiert nicht" = "negative" }} }}
[[treatments]]
agent = "hbig"
codes = ["http://www.whocc.no/atc|J06BB04"]
"""


def reader(folder):
    """Return a function that writes resources as one bundle and reads them."""

    def reading(*resources, mapping=MAPPING, people=None, **options):
        known = (patient(), enrolment()) if people is None else people
        entries = [{"resource": one} for one in (*known, *resources)]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (folder / "bundle.json").write_text(json.dumps(bundle), encoding="utf-8")
        return read_fhir(folder / "bundle.json", parse_mapping(mapping), **options)

    return reading


def values(cohort):
    return list(cohort.labs["value"])


def left_out(cohort, kind="Observation"):
    (one,) = [one for one in cohort.reading.sources if one.source == kind]
    return {reason.reason: reason.count for reason in one.left_out}
