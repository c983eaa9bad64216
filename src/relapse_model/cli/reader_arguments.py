"""The arguments of the verbs that read what a hospital has."""

from __future__ import annotations

import argparse
from typing import Any

from relapse_model.cli.trial_arguments import add_key

READER_VERBS = ("read", "propose-mapping", "export")
_KINDS = ("excel", "redcap", "cdisc", "fhir", "omop")


def add_reader_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs of the readers to the parser.

    Parameters
    ----------
    verbs : action
        As ``add_subparsers`` returns it.
    """
    _propose(verbs.add_parser("propose-mapping", help="look into an export; write a mapping file to be completed"))
    _read(verbs.add_parser("read", help="read an export (Excel, REDCap, CDISC, FHIR, OMOP) into a cohort folder"))
    _export(verbs.add_parser("export", help="write a cohort in the form of another system: Parquet, SDTM, OMOP, FHIR"))


def _source(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("kind", metavar="KIND", choices=_KINDS, help=f"one of {', '.join(_KINDS)}")
    verb.add_argument("source", metavar="SOURCE", help="file, folder, or the URL of a database")


def _propose(verb: argparse.ArgumentParser) -> None:
    _source(verb)
    verb.add_argument(
        "--study", default="hbsag-relapse", metavar="NAME|FILE",
        help="whose analytes, agents and columns to look for (%(default)s)",
    )  # fmt: skip
    verb.add_argument("--out", required=True, metavar="MAP", help="mapping file to be written (TOML)")


def _read(verb: argparse.ArgumentParser) -> None:
    _source(verb)
    verb.add_argument("--mapping", required=True, metavar="MAP", help="mapping file (TOML)")
    verb.add_argument("--study", metavar="NAME|FILE", help="study to read with (default: the one of the mapping)")
    verb.add_argument(
        "--dash", choices=("refuse", "negative", "missing"), help="what a bare '-' means (default: as the study says)"
    )
    verb.add_argument("--out", required=True, metavar="COHORT", help="cohort folder, with reading_report.txt and .json")


def _export(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("cohort", metavar="COHORT", help="cohort folder: patients, labs, treatments, outcomes")
    verb.add_argument(
        "--form", required=True, choices=("parquet", "sdtm", "omop", "fhir"),
        help="Parquet folder; SDTM as CSV; OMOP MEASUREMENT rows; scores as FHIR RiskAssessment resources",
    )  # fmt: skip
    verb.add_argument(
        "--study", default="hbsag-relapse", metavar="NAME|FILE", help="whose names and codes are used (%(default)s)"
    )
    verb.add_argument("--concepts", metavar="CSV", help="omop: columns analyte and concept_id (others get 0)")
    verb.add_argument("--model", metavar="MODEL", help="fhir: model file that scores the patients")
    add_key(verb)
    verb.add_argument(
        "--on", metavar="DATE", help="fhir: day of the prediction (default: the landmark of each patient)"
    )
    verb.add_argument("--out", required=True, metavar="DIR", help="folder to be written")
