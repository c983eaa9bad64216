"""The arguments of the verbs that make a model: train, validate."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import (
    add_candidates,
    add_cohort,
    add_jobs,
    add_key,
    add_landmark,
    add_mute,
    add_out,
    add_seed,
    add_study,
    positive,
    whole_number,
)


def train(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `train`."""
    add_cohort(verb)
    add_out(verb, "MODEL", "model file to write, such as hbsag_relapse.rmodel")
    _procedure(verb)
    verb.add_argument(
        "--validate", nargs="?", type=positive, const=20, metavar="N",
        help="also validate, by N repeats of 5 folds (20); model file and card then hold the validated performance",
    )  # fmt: skip
    verb.add_argument(
        "--disclosure", choices=("full", "small-counts"), default="full",
        help="full: the model file and card hold exact counts of training patients, for the owner of the data; "
        "small-counts: rounded counts, for a file that leaves the hospital; the risks are the same (%(default)s)",
    )  # fmt: skip
    add_mute(verb)


def validate(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `validate`."""
    add_cohort(verb)
    add_out(verb, "DIR", "folder for validation.json, report.html and figures")
    _procedure(verb)
    verb.add_argument(
        "--repeats", type=positive, default=20, metavar="N",
        help="repeats of the outer 5-fold cross-validation (%(default)s); the first line of output says how many times "
        "all steps are repeated in total",
    )  # fmt: skip
    verb.add_argument(
        "--bootstraps", type=whole_number, default=200, metavar="N",
        help="bootstrap resamples; 0 for none (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--leave-out", type=_column_or_none, default="centre", metavar="COLUMN",
        help="column whose groups are left out one at a time (%(default)s); none: leave no group out",
    )  # fmt: skip
    verb.add_argument(
        "--resume",
        action="store_true",
        help="resume an interrupted validation from what it left in DIR",
    )
    verb.add_argument(
        "--disclosure", choices=("full", "small-counts"), default="full",
        help="full: the report shows all counts, for the owner of the data; small-counts: it hides counts under 5, for "
        "a report that leaves the hospital (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--language", choices=("en", "zh"), default="en",
        help="language of the report and the model card (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--learning-curve", action="store_true", help="also estimate the performance with more patients (see plan)"
    )
    add_mute(verb)


def plan(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `plan`."""
    add_cohort(verb)
    add_study(verb)
    add_landmark(verb)
    verb.add_argument(
        "--patients", type=positive, nargs="+", default=(60, 132, 300, 1000), metavar="N",
        help="numbers of patients at risk, ascending (60 132 300 1000)",
    )  # fmt: skip
    verb.add_argument(
        "--events", type=float, nargs="+", metavar="N",
        help="expected number with the outcome for each number of patients, if nobody were lost to follow-up (default: "
        "by the mean risk of the cohort, or else the baseline of the study)",
    )  # fmt: skip
    verb.add_argument(
        "--replicates",
        type=positive,
        default=40,
        metavar="N",
        help="simulations, each with other effects drawn from the priors, or their defaults; at least 10 (%(default)s)",
    )
    add_seed(verb)
    verb.add_argument("--out", metavar="DIR", help="folder for learning_curve.csv, .json, .svg and .png")


def _procedure(verb: argparse.ArgumentParser) -> None:
    """Add what train and validate have in common: how a model is made."""
    add_study(verb)
    verb.add_argument(
        "--landmark-week", type=float, nargs="+", metavar="WEEK",
        help="week of the prediction (default: the study's first); several weeks: one model for all of them",
    )  # fmt: skip
    add_seed(verb)
    add_candidates(verb)
    verb.add_argument("--prior", metavar="MODEL", help="model file, trained on another cohort, to be used as prior")
    add_key(verb)
    verb.add_argument(
        "--censoring", choices=("ipcw", "drop_lost", "lost_as_free"), default="ipcw",
        help="how training accounts for patients lost to follow-up: ipcw weights the others in their place; drop_lost "
        "and lost_as_free are biased, for comparison only (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--calibration", default="none", metavar="none|logistic", help="recalibration within each fold (%(default)s)"
    )
    verb.add_argument(
        "--biomarkers", choices=("none", "screen"), default="none",
        help="screen: select among the candidate biomarkers of the study, again in every fold (%(default)s)",
    )  # fmt: skip
    verb.add_argument("--group-by", metavar="COLUMN", help="column whose groups stay together in folds")
    add_jobs(verb, "number of processes; -1: all cores (default: of validate all idle cores, of train 1)")


def _column_or_none(text: str) -> str | None:
    """Return the name of a column; the word "none" asks for none."""
    return None if text == "none" else text
