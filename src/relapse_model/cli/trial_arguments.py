"""The arguments of the verbs of a trial."""

from __future__ import annotations

import argparse
from typing import Any

TRIAL_VERBS = ("trial", "power", "dosing", "biomarkers", "benefit")


def add_trial_verbs(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs of a trial to the parser.

    Parameters
    ----------
    verbs : action
        As ``add_subparsers`` returns it.
    """
    _trial(verbs.add_parser("trial", help="compare the arms of a trial by its plan; write trial.html and trial.json"))
    _power(verbs.add_parser("power", help="exact power of a trial with two arms"))
    _dosing(verbs.add_parser("dosing", help="list who is due for a dose, what was given, and the next doses"))
    _biomarkers(verbs.add_parser("biomarkers", help="screen candidate biomarkers beside what is already known"))
    _benefit(verbs.add_parser("benefit", help="check whether the predicted benefit of treatment is right"))


def _cohort_and_study(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("cohort", metavar="COHORT", help="cohort folder: patients, labs, treatments, outcomes")
    verb.add_argument(
        "--study", default="hbsag-relapse", metavar="NAME|FILE", help="built-in study or TOML file (%(default)s)"
    )


def _trial(verb: argparse.ArgumentParser) -> None:
    _cohort_and_study(verb)
    verb.add_argument(
        "--out", required=True, metavar="DIR", help="folder for trial.html, trial.json, tables, and analysis_data"
    )
    verb.add_argument(
        "--adjust", nargs="+", metavar="NAME", help="predictors of an adjusted analysis outside the plan, labelled so"
    )
    verb.add_argument(
        "--adjust-model", metavar="MODEL", help="the same, adjusted for the risk predicted by a model of other patients"
    )
    verb.add_argument("--registered", metavar="SHA256", help="of the study as it was registered before the data")
    add_key(verb)


def add_key(verb: argparse.ArgumentParser) -> None:
    """Add the option that demands signed models.

    Parameters
    ----------
    verb : ArgumentParser
    """
    verb.add_argument(
        "--key", metavar="FILE", help="public key: refuse every model file that is not signed with its private key"
    )


def _power(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--control", type=float, required=True, metavar="RISK", help="risk of the event without treatment"
    )
    verb.add_argument("--treatment", type=float, required=True, metavar="RISK", help="risk with it")
    verb.add_argument(
        "--patients", type=int, nargs="+", required=True, metavar="N", help="randomised in all, or in each arm (two)"
    )
    verb.add_argument("--loss", type=float, default=0.0, metavar="SHARE", help="endpoints unknown (%(default)s)")
    verb.add_argument("--alpha", type=float, default=0.05, metavar="LEVEL", help="two-sided (%(default)s)")
    verb.add_argument("--test", choices=("score", "fisher"), default="score", help="the planned test (%(default)s)")


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


def _benefit(verb: argparse.ArgumentParser) -> None:
    _cohort_and_study(verb)
    verb.add_argument(
        "--out", required=True, metavar="DIR", help="folder for benefit.html, benefit.json and the figure"
    )
    verb.add_argument("--groups", type=int, default=3, metavar="N", help="groups by predicted risk (%(default)s)")
    verb.add_argument("--pairs", action="store_true", help="also the c-for-benefit, which says little")
    verb.add_argument("--repeats", type=int, default=10, metavar="N", help="repeats of 5 folds (%(default)s)")
    verb.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same result (%(default)s)")


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
