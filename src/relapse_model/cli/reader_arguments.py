"""The arguments of the verbs that read what a hospital has."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import add_cohort, add_key, add_problems

_KINDS = ("excel", "redcap", "cdisc", "fhir", "omop")


def _source(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("kind", metavar="KIND", choices=_KINDS, help=f"one of {', '.join(_KINDS)}")
    verb.add_argument("source", metavar="SOURCE", help="file, folder, or the URL of a database")


def propose_mapping(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `propose-mapping`."""
    _source(verb)
    verb.add_argument(
        "--study", default="hbsag-relapse", metavar="NAME|FILE",
        help="study whose analytes, agents and columns are looked for (%(default)s)",
    )  # fmt: skip
    verb.add_argument("--out", required=True, metavar="MAP", help="mapping file to write (TOML); it must not exist")


def read(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `read`."""
    _source(verb)
    verb.add_argument("--mapping", required=True, metavar="MAP", help="mapping file (TOML)")
    verb.add_argument("--study", metavar="NAME|FILE", help="study to read with (default: the one of the mapping)")
    verb.add_argument(
        "--dash", choices=("refuse", "negative", "missing"), help="what a bare '-' means (default: as the study says)"
    )
    verb.add_argument("--out", required=True, metavar="COHORT", help="cohort folder, with reading_report.txt and .json")
    add_problems(verb)


def export(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `export`."""
    add_cohort(verb)
    verb.add_argument(
        "--form", required=True, choices=("parquet", "sdtm", "omop", "fhir"),
        help="Parquet folder; SDTM as CSV; OMOP MEASUREMENT rows; scores as FHIR RiskAssessment resources",
    )  # fmt: skip
    verb.add_argument(
        "--study",
        default="hbsag-relapse",
        metavar="NAME|FILE",
        help="study whose names and codes are used (%(default)s)",
    )
    verb.add_argument("--concepts", metavar="CSV", help="omop: columns analyte and concept_id (others get 0)")
    verb.add_argument("--model", metavar="MODEL", help="fhir: model file that scores the patients")
    add_key(verb)
    verb.add_argument(
        "--on", metavar="DATE", help="fhir: day of the prediction (default: the landmark of each patient)"
    )
    verb.add_argument("--out", required=True, metavar="DIR", help="folder to be written")
