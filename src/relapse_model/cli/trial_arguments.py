"""The arguments of the verbs of a trial."""

from __future__ import annotations

import argparse
from typing import Any

TRIAL_VERBS = ("dosing",)


def add_trial_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs of a trial to the parser.

    Parameters
    ----------
    verbs : action
        As ``add_subparsers`` returns it.
    """
    _dosing(verbs.add_parser("dosing", help="list who is due for a dose, what was given, and the next doses"))


def _cohort_and_study(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("cohort", metavar="COHORT", help="cohort folder: patients, labs, treatments, outcomes")
    verb.add_argument(
        "--study", default="hbsag-relapse", metavar="NAME|FILE", help="built-in study or TOML file (%(default)s)"
    )


def _dosing(verb: argparse.ArgumentParser) -> None:
    _cohort_and_study(verb)
    verb.add_argument(
        "--out", required=True, metavar="DIR", help="folder for due.csv, audit.csv, next.csv, dosing.html"
    )
    verb.add_argument(
        "--as-of",
        metavar="DATE|WEEK",
        help="use records up to this day (2026-11-28) or week (default: all)",
    )
