"""The arguments of the verbs of a trial."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import add_cohort, add_key, add_seed, add_study


def trial(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `trial`."""
    add_cohort(verb)
    add_study(verb)
    verb.add_argument(
        "--out", required=True, metavar="DIR", help="folder for trial.html, trial.json, tables, and analysis_data"
    )
    verb.add_argument(
        "--adjust", nargs="+", metavar="NAME", help="predictors of an adjusted analysis outside the plan, labelled so"
    )
    verb.add_argument(
        "--adjust-model",
        metavar="MODEL",
        help="the same, adjusted for the risk predicted by a model trained on other patients",
    )
    verb.add_argument(
        "--registered", metavar="SHA256", help="SHA-256 of the study as registered before the data were seen"
    )
    add_key(verb)


def power(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `power`."""
    verb.add_argument(
        "--control", type=float, required=True, metavar="RISK", help="risk of the event without treatment"
    )
    verb.add_argument("--treatment", type=float, required=True, metavar="RISK", help="risk of the event with treatment")
    verb.add_argument(
        "--patients",
        type=int,
        nargs="+",
        required=True,
        metavar="N",
        help="number randomised: in total, or in each arm (two numbers)",
    )
    verb.add_argument(
        "--loss",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="share of patients with an unknown endpoint (%(default)s)",
    )
    verb.add_argument(
        "--alpha", type=float, default=0.05, metavar="LEVEL", help="two-sided significance level (%(default)s)"
    )
    verb.add_argument("--test", choices=("score", "fisher"), default="score", help="the planned test (%(default)s)")


def dosing(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `dosing`."""
    add_cohort(verb)
    add_study(verb)
    verb.add_argument(
        "--out", required=True, metavar="DIR", help="folder for due.csv, audit.csv, next.csv, ended.csv, dosing.html"
    )
    verb.add_argument(
        "--as-of",
        metavar="DATE|WEEK",
        help="use records up to this day (2026-11-28) or week (default: all)",
    )


def benefit(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `benefit`."""
    add_cohort(verb)
    add_study(verb)
    verb.add_argument(
        "--out", required=True, metavar="DIR", help="folder for benefit.html, benefit.json and the figure"
    )
    verb.add_argument("--groups", type=int, default=3, metavar="N", help="groups by predicted risk (%(default)s)")
    verb.add_argument(
        "--pairs",
        action="store_true",
        help="also compute the c-for-benefit, a weak measure",
    )
    verb.add_argument("--repeats", type=int, default=10, metavar="N", help="repeats of 5 folds (%(default)s)")
    add_seed(verb)


def biomarkers(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `biomarkers`."""
    add_cohort(verb)
    add_study(verb)
    verb.add_argument("--out", required=True, metavar="DIR", help="folder for biomarkers.json and biomarkers.html")
    verb.add_argument("--candidates", type=_names, metavar="A,B,...", help="candidates of the study (all)")
    verb.add_argument(
        "--base", type=_names, metavar="A,B,...", help="established predictors (default: those with priors)"
    )
    verb.add_argument(
        "--landmark-week",
        type=float,
        default=0.0,
        metavar="WEEK",
        help="week from which on nothing is read (%(default)g)",
    )
    verb.add_argument(
        "--decide", choices=("maxt", "bh", "by"), default="maxt",
        help="rule of selection: family-wise error of 5 %% (maxt), or false discovery rate (default: %(default)s)",
    )  # fmt: skip
    verb.add_argument("--fdr", type=float, default=0.10, metavar="RATE", help="false discovery rate (%(default)g)")
    verb.add_argument(
        "--no-increment",
        action="store_true",
        help="skip the added predictive value of each candidate, which takes longest",
    )
    add_seed(verb)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
