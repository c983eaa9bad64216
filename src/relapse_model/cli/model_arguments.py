"""The arguments of the verbs on a model: evaluate, update, release, calculator, monitor, sign, verify, keygen."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import add_cohort, add_landmark_of_model, add_model, add_out


def evaluate(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `evaluate`."""
    add_model(verb)
    add_cohort(verb)
    add_landmark_of_model(verb)
    verb.add_argument("--out", metavar="JSON", help="also write the figures to a file")


def update(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `update`."""
    add_model(verb)
    add_cohort(verb)
    add_landmark_of_model(verb)
    add_out(verb, "MODEL", "model file to write")
    verb.add_argument(
        "--method",
        choices=("intercept", "intercept_and_slope"),
        default="intercept",
        help="what is estimated again (%(default)s)",
    )


def release(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `release`."""
    add_model(verb)
    add_out(verb, "MODEL", "model file to write; its card is written beside it")


def calculator(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `calculator`."""
    add_model(verb)
    add_out(verb, "HTML", "page to write")
    verb.add_argument(
        "--languages", nargs="+", choices=("en", "zh"), default=["en", "zh"], metavar="LANGUAGE",
        help="en, zh; the page opens in the first (en zh)",
    )  # fmt: skip


def monitor(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `monitor`."""
    add_model(verb)
    verb.add_argument("scores", metavar="SCORES", help="scores.csv, as score writes it")
    verb.add_argument(
        "outcomes", metavar="OUTCOMES", nargs="?", help="outcomes known so far: patient_id, relapse, week"
    )
    verb.add_argument(
        "--cohort", metavar="COHORT", help="cohort folder of the scored patients, to compare the predictors too"
    )
    verb.add_argument("--out", metavar="JSON", help="also write the figures to a file")


def keygen(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `keygen`."""
    add_out(verb, "FILE", "private key to write; the public one is FILE.pub")


def sign(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `sign`."""
    _signature(verb, "private key")


def verify(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `verify`."""
    _signature(verb, "public key")


def _signature(verb: argparse.ArgumentParser, which: str) -> None:
    verb.add_argument("model", metavar="MODEL", help="model file")
    verb.add_argument("--key", required=True, metavar="FILE", help=which)
