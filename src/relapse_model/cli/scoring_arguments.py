"""The arguments of the verbs that score patients: score, explain."""

from __future__ import annotations

import argparse

from relapse_model.cli.arguments import add_cohort, add_jobs, add_landmark_of_model, add_model, add_out, positive


def score(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `score`."""
    add_model(verb)
    add_cohort(verb)
    add_landmark_of_model(verb)
    add_out(verb, "CSV", "scores: one row per patient")
    verb.add_argument(
        "--chunk", type=positive, metavar="N",
        help="score N patients at a time, as is done with more than 20,000: memory stays bounded, and a run that was "
        "interrupted resumes where it stopped",
    )  # fmt: skip
    verb.add_argument(
        "--both-arms",
        action="store_true",
        help="also the risk in either arm of the trial, and the benefit of treatment",
    )
    verb.add_argument("--anew", action="store_true", help="start again instead of resuming an interrupted run")
    add_jobs(verb, "processes that score chunks; -1 for all cores (1)")
    verb.add_argument(
        "--engine", choices=("processes", "dask"), default="processes",
        help="what scores the chunks: processes of this machine, or the workers of a Dask cluster (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="with --engine dask: address of a running scheduler, such as tcp://10.0.0.1:8786 (default: started here)",
    )  # fmt: skip


def explain(verb: argparse.ArgumentParser) -> None:
    """Add the arguments of `explain`."""
    add_model(verb)
    add_cohort(verb)
    add_landmark_of_model(verb)
    verb.add_argument(
        "--out", metavar="FILE", help="CSV, one row per patient and predictor; with --patient a page (.html) or text"
    )
    verb.add_argument("--patient", metavar="ID", help="explain the risk of this patient")
    verb.add_argument(
        "--language", choices=("en", "zh"), default="en", help="with --patient: language of the page (%(default)s)"
    )
    verb.add_argument("--figures", metavar="DIR", help="with --patient: draw the contributions and the titres")
