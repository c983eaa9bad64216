"""All verbs of the command line, in the order of `--help`: what each does, and in which files it is.

Verbs of a group have their arguments in ``GROUP_arguments.py`` and what they do in ``GROUP_verbs.py``, each as a
function named like the verb. Neither file is imported before one of its verbs is asked for.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from importlib import import_module

VERBS = {  # name: (group, help)
    "propose-mapping": ("reader", "inspect an export and draft a mapping file to be completed"),
    "read": ("reader", "read an export (Excel, REDCap, CDISC, FHIR, OMOP) into a cohort folder"),
    "export": ("reader", "write a cohort in the form of another system: Parquet, SDTM, OMOP, FHIR"),
    "simulate": ("cohort", "make a synthetic cohort with known true risks"),
    "check": ("cohort", "read a cohort; report what it holds and what is wrong with it"),
    "features": ("cohort", "print the data dictionary of a study's predictors, or write them"),
    "train": ("training", "train a model and save it to one file"),
    "validate": (
        "training",
        "validate internally, by nested cross-validation and bootstrap; write report.html and validation.json",
    ),
    "plan": ("training", "estimate by simulation how well models of more patients would predict, if the priors hold"),
    "score": ("scoring", "score new patients, one row per patient"),
    "explain": ("scoring", "explain each risk by SHAP values, in clinical units"),
    "evaluate": ("model", "validate a model, unchanged, on other patients"),
    "update": ("model", "recalibrate a model on other patients; write a new one"),
    "release": ("model", "write a model file that may leave the hospital: same risks, rounded numbers of its patients"),
    "calculator": ("model", "write a model as a web calculator: one page, which opens offline"),
    "serve": ("service", "serve a model on this machine: scores, and CDS Hooks cards"),
    "monitor": ("model", "compare scored patients, and their outcomes, with the training cohort"),
    "sign": ("model", "sign a model file"),
    "verify": ("model", "check the signature of a model file"),
    "keygen": ("model", "make a key pair for sign and verify"),
    "study": ("study", "write, show or check a study file"),
    "trial": ("trial", "compare the arms of a trial by its plan; write trial.html and trial.json"),
    "power": ("trial", "exact power of a trial with two arms"),
    "dosing": ("trial", "list who is due for a dose, what was given, and the next doses"),
    "biomarkers": ("trial", "screen candidate biomarkers, adjusted for what is already known"),
    "benefit": ("trial", "check the predicted benefit of treatment against the observed one"),
    "paper": ("paper", "write tables, figures and checklists for a journal"),
    "demo": ("cohort", "run everything from end to end on a synthetic cohort"),
}


def arguments_of(verb: str) -> Callable[[ArgumentParser], None]:
    """Return what adds the arguments of a verb to its parser.

    Parameters
    ----------
    verb : str
    """

    def add(parser: ArgumentParser) -> None:
        _function(verb, "arguments")(parser)

    return add


def action_of(verb: str) -> Callable[[Namespace], None]:
    """Return what a verb does.

    Parameters
    ----------
    verb : str
    """
    return _function(verb, "verbs")


def _function(verb: str, part: str) -> Callable[..., None]:
    module = import_module(f"relapse_model.cli.{VERBS[verb][0]}_{part}")
    found: Callable[..., None] = getattr(module, verb.replace("-", "_"))
    return found
