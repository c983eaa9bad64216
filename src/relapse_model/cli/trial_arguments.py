"""The arguments of the verbs of a trial."""

from __future__ import annotations

import argparse
from typing import Any

TRIAL_VERBS = (
    "biomarkers",
    "dosing",
)


def add_trial_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs of a trial to the parser.

    Parameters
    ----------
    verbs : action
        As ``add_subparsers`` returns it.
    """
    _biomarkers(verbs.add_parser("biomarkers", help="which candidates tell more than what is known already"))
    _dosing(verbs.add_parser("dosing", help="who is due for a dose, what was given, and when the next is due"))


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


def _biomarkers(verb: argparse.ArgumentParser) -> None:
    _cohort_and_study(verb)
    verb.add_argument("--out", required=True, metavar="DIR", help="folder for biomarkers.json and biomarkers.html")
    verb.add_argument("--candidates", type=_names, metavar="A,B,...", help="candidates of the study (all)")
    verb.add_argument("--base", type=_names, metavar="A,B,...", help="predictors known already (those with priors)")
    verb.add_argument(
        "--landmark-week", type=float, default=0.0, metavar="WEEK", help="nothing later is read (%(default)g)"
    )
    verb.add_argument(
        "--decide", choices=("maxt", "bh", "by"), default="maxt",
        help="what selects: family-wise error of 5 %% (maxt), or the false discovery rate (%(default)s)",
    )  # fmt: skip
    verb.add_argument("--fdr", type=float, default=0.10, metavar="RATE", help="false discovery rate (%(default)g)")
    verb.add_argument(
        "--no-increment",
        action="store_true",
        help="leave out what each adds to the prediction, which takes long",
    )
    verb.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same result (%(default)s)")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
