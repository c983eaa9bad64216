"""The arguments of the verbs of a trial."""

from __future__ import annotations

import argparse
from typing import Any

TRIAL_VERBS = ("dosing", "benefit")


def add_trial_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs of a trial to the parser.

    Parameters
    ----------
    verbs : action
        As ``add_subparsers`` returns it.
    """
    _dosing(verbs.add_parser("dosing", help="who is due for a dose, what was given, and when the next is due"))
    _benefit(
        verbs.add_parser("benefit", help="does the benefit of treatment differ with risk, and is it predicted right")
    )


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
        "--as-of", metavar="DATE|WEEK", help="look at the records up to then: a day such as 2026-11-28, or a week (all)"
    )


def _benefit(verb: argparse.ArgumentParser) -> None:
    _cohort_and_study(verb)
    verb.add_argument("--out", required=True, metavar="DIR", help="folder for benefit.html, benefit.json, figures")
    verb.add_argument("--groups", type=int, default=3, metavar="N", help="groups by predicted risk (%(default)s)")
    verb.add_argument("--pairs", action="store_true", help="also the c-for-benefit, which says little")
    verb.add_argument("--repeats", type=int, default=10, metavar="N", help="repeats of 5 folds (%(default)s)")
    verb.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same result (%(default)s)")
