"""The arguments of the verbs that work on a cohort: simulate, check, features, demo."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import (
    add_cohort,
    add_landmark,
    add_mute,
    add_out,
    add_problems,
    add_seed,
    add_study,
    positive,
)

# As trial_scenarios() of the simulator, which is not imported here: --help stays quick. A test compares them.
SCENARIOS = tuple(
    f"{effect}, {course}"
    for effect in ("no effect", "moderate effect", "strong effect")
    for course in ("as planned", "intercurrent events", "informative loss", "centres differ", "biomarkers")
)


def simulate(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `simulate`."""
    verb.add_argument("--patients", type=positive, default=132, metavar="N", help="number of patients (%(default)s)")
    add_seed(verb)
    verb.add_argument(
        "--scenario", choices=SCENARIOS, metavar="NAME",
        help="effect of HBIG and course of the trial; informative loss depends on arm and titre. One of "
        + "; ".join(f'"{name}"' for name in SCENARIOS),
    )  # fmt: skip
    add_out(verb, "COHORT", "folder to write; truth.csv holds the true risks")


def check(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `check`."""
    add_cohort(verb)
    add_study(verb)
    add_landmark(verb)
    add_mute(verb)
    add_problems(verb)


def features(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `features`."""
    verb.add_argument(
        "cohort", nargs="?", metavar="COHORT", help="cohort folder: write the predictors of its patients to --out"
    )
    verb.add_argument(
        "--study", default="hbsag-relapse", metavar="NAME|FILE", help="built-in study or TOML file (%(default)s)"
    )
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="with COHORT: week of the prediction (the study's first)"
    )
    verb.add_argument(
        "--out",
        metavar="CSV",
        help="file to write: of a cohort always needed; without COHORT, the data dictionary is printed otherwise",
    )
    verb.add_argument(
        "--units", choices=("model", "clinical"), default="clinical",
        help="with COHORT: columns by label in clinical units, or by name on the scale of the model (%(default)s)",
    )  # fmt: skip


def demo(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `demo`."""
    verb.add_argument("--out", default="build/demo", metavar="DIR", help="folder to write (%(default)s)")
    verb.add_argument("--cohort", metavar="COHORT", help="cohort to train on (default: the synthetic one, simulated)")
