"""The command line: `relapse-model VERB`. Argument parsing only; nothing heavy is imported before a verb runs."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

from relapse_model._version import __version__
from relapse_model.cli.paper_arguments import add_paper_verb
from relapse_model.cli.reader_arguments import READER_VERBS, add_reader_verbs
from relapse_model.cli.study_arguments import add_study_verbs
from relapse_model.cli.trial_arguments import TRIAL_VERBS, add_key, add_trial_verbs
from relapse_model.cli.verb_parser import HelpfulParser, VerbParser

_ON_MODELS = ("evaluate", "update", "calculator", "monitor", "sign", "verify", "keygen")  # verbs of model_verbs.py

_INTERRUPTED = 130  # as a shell reports a program that Ctrl-C ended

EPILOG = """exit codes: 0 done; 1 the data or the model were refused, or a check found an error; 2 wrong usage;
130 interrupted.
Research use only: no output of this program is fit to decide on the treatment of a patient."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = HelpfulParser(
        prog="relapse-model",
        description="Relapse-risk models from the visit records of small clinical cohorts.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"relapse-model {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=VerbParser)
    add_reader_verbs(verbs)
    _simulate(verbs.add_parser("simulate", help="make a synthetic cohort with known true risks"))
    _check(verbs.add_parser("check", help="read a cohort; report what it holds and what is wrong with it"))
    _features(verbs.add_parser("features", help="print the data dictionary of a study's predictors, or write them"))
    _train(verbs.add_parser("train", help="train a model and save it to one file"))
    _validate(verbs.add_parser("validate", help="validate the whole procedure; write validation.json and report.html"))
    _score(verbs.add_parser("score", help="score new patients, one row for each"))
    _explain(verbs.add_parser("explain", help="explain each risk by SHAP values, in clinical units"))
    _evaluate(verbs.add_parser("evaluate", help="validate a model, unchanged, on other patients"))
    _update(verbs.add_parser("update", help="recalibrate a model on other patients; write a new one"))
    _calculator(verbs.add_parser("calculator", help="write a model as a web calculator: one page, which opens offline"))
    _monitor(verbs.add_parser("monitor", help="compare scored patients, and their outcomes, with the training cohort"))
    _sign(verbs.add_parser("sign", help="sign a model file"), "private key")
    _sign(verbs.add_parser("verify", help="check the signature of a model file"), "public key")
    _keygen(verbs.add_parser("keygen", help="make a key pair for sign and verify"))
    add_study_verbs(verbs)
    add_trial_verbs(verbs)
    add_paper_verb(verbs, _CANDIDATES)
    _demo(verbs.add_parser("demo", help="run everything from end to end on a synthetic cohort"))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the command line by default.
    """
    given = parser().parse_args(arguments)
    from relapse_model.errors import RelapseModelError
    from relapse_model.files import printable

    try:
        if getattr(given, "out", None) or getattr(given, "figures", None):
            _load("outputs").check_outputs(given)
        run = getattr(_load(_home(given.verb)), given.verb.replace("-", "_"))
        with _demanding(given), _out_on_standard_output(given):
            run(given)
    except RelapseModelError as refusal:
        print(printable(f"relapse-model {given.verb}: {refusal}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"relapse-model {given.verb}: interrupted; no output was written{_goes_on(given)}.", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(printable(f"relapse-model {given.verb}: {where}{error.strerror or error}"), file=sys.stderr)
        return 1
    return 0


def _goes_on(given: argparse.Namespace) -> str:
    """Say what the next run of an interrupted one does."""
    later = {
        "score": "; the same command goes on where many patients were being scored",
        "validate": "; with --resume the same command goes on with what was done",
    }
    return later.get(given.verb, "")


def _out_on_standard_output(given: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what writes the output ``-`` to standard output, and what is said to people beside it."""
    if getattr(given, "out", None) != "-":
        return nullcontext()
    written: AbstractContextManager[None] = _load("outputs").on_standard_output(given)
    return written


def _demanding(given: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what demands, of every model that a verb opens, that it is signed with the key of ``--key``."""
    key = None if given.verb in ("sign", "verify") else getattr(given, "key", None)
    if key is None:
        return nullcontext()
    from relapse_model.model.file.demands import demanding

    return demanding(key)


def _load(file: str) -> Any:
    """Import a file of this room, and keep the garbage collector from what is loaded: it stays until the end."""
    if "pandas" in sys.modules or not gc.isenabled():
        return import_module(f"relapse_model.cli.{file}")
    gc.disable()  # looking through all that pandas defines, again and again, takes a tenth of the time to a first score
    try:
        return import_module(f"relapse_model.cli.{file}")
    finally:
        gc.freeze()
        gc.enable()


def _home(verb: str) -> str:
    """Return the module in which a verb is."""
    homes = {
        "model_verbs": _ON_MODELS,
        "trial_verbs": TRIAL_VERBS,
        "reader_verbs": READER_VERBS,
        "study_verbs": ("study",),
        "paper_verb": ("paper",),
    }
    return next((home for home, verbs in homes.items() if verb in verbs), "verbs")


def _cohort(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("cohort", metavar="COHORT", help="cohort folder: patients, labs, treatments, outcomes")


def _study(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--study",
        default="hbsag-relapse",
        metavar="NAME|FILE",
        help="built-in study or TOML file (%(default)s)",
    )


def _model(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("model", metavar="MODEL", help="model file")
    add_key(verb)


def _landmark(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="week of the prediction (default: the study's first)"
    )


def _procedure(verb: argparse.ArgumentParser) -> None:
    """Add what train and validate have in common: how a model is made."""
    _study(verb)
    verb.add_argument(
        "--landmark-week", type=float, nargs="+", metavar="WEEK",
        help="week of the prediction (default: the study's first); several weeks: one model for all of them",
    )  # fmt: skip
    _seed(verb)
    _candidates(verb)
    verb.add_argument("--prior", metavar="MODEL", help="model file of another cohort to start from")
    add_key(verb)
    verb.add_argument(
        "--censoring", choices=("ipcw", "drop_lost", "lost_as_free"), default="ipcw",
        help="how training treats patients lost to follow-up (%(default)s); the others are biased, for comparison",
    )  # fmt: skip
    verb.add_argument(
        "--calibration", default="none", metavar="none|logistic", help="recalibration within each fold (%(default)s)"
    )
    verb.add_argument(
        "--biomarkers", choices=("none", "screen"), default="none",
        help="screen: select among the candidate biomarkers of the study, again in every fold (%(default)s)",
    )  # fmt: skip
    verb.add_argument("--group-by", metavar="COLUMN", help="column whose groups stay together in folds")
    _jobs_option(verb, "processes; -1 for all cores (validate: as many as are idle; train: 1)")


def _jobs_option(verb: argparse.ArgumentParser, meaning: str) -> None:
    verb.add_argument("--jobs", type=_jobs, default=None, metavar="N", help=meaning)


def _seed(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--seed", type=_whole_number, default=0, metavar="N", help="same seed, same result (%(default)s)")


# As in candidates.KNOWN, which is not imported here: --help stays quick. A test compares them.
_CANDIDATES = (
    "prior_logistic", "ridge_logistic", "elastic_net", "prior_hazard", "prior_and_trees", "boosted_trees",
    "random_forest",
)  # fmt: skip


def _candidates(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--candidates", nargs="+", metavar="NAME", choices=_CANDIDATES,
        help=f"classifiers to choose among: {', '.join(_CANDIDATES)} (by default all but elastic_net, prior_hazard "
        "and random_forest)",
    )  # fmt: skip


def _whole_number(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number of at least 0")
    return int(text)


def _positive(text: str) -> int:
    number = _whole_number(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0: expected a whole number of at least 1")
    return number


def _jobs(text: str) -> int:
    return -1 if text == "-1" else _positive(text)


def _out(verb: argparse.ArgumentParser, metavar: str, meaning: str) -> None:
    verb.add_argument("--out", required=True, metavar=metavar, help=meaning)


# As trial_scenarios() of the simulator, which is not imported here: --help stays quick. A test compares them.
_SCENARIOS = tuple(
    f"{effect}, {course}"
    for effect in ("no effect", "moderate effect", "strong effect")
    for course in ("as planned", "intercurrent events", "informative loss", "centres differ", "biomarkers")
)


def _simulate(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--patients", type=_positive, default=132, metavar="N", help="(%(default)s)")
    _seed(verb)
    verb.add_argument(
        "--scenario", choices=_SCENARIOS, metavar="NAME",
        help="effect of HBIG and course of the trial; informative loss depends on arm and titre. One of "
        + "; ".join(f'"{name}"' for name in _SCENARIOS),
    )  # fmt: skip
    _out(verb, "COHORT", "folder to write; truth.csv holds the true risks")


def _check(verb: argparse.ArgumentParser) -> None:
    _cohort(verb)
    _study(verb)
    _landmark(verb)
    _mute(verb)


def _mute(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--mute", nargs="+", default=[], metavar="CODE", help="checks to mute, such as RM101; they are listed as muted"
    )


def _features(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "cohort", nargs="?", metavar="COHORT", help="cohort folder: write the predictors of its patients to --out"
    )
    verb.add_argument("--study", default="hbsag-relapse", metavar="NAME|FILE", help="(%(default)s)")
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="with COHORT: week of the prediction (the study's first)"
    )
    verb.add_argument("--out", metavar="CSV", help="write it to a file instead of printing it")
    verb.add_argument(
        "--units", choices=("model", "clinical"), default="model",
        help="with COHORT: columns by name on the scale of the model, or by label in clinical units (%(default)s)",
    )  # fmt: skip


def _train(verb: argparse.ArgumentParser) -> None:
    _cohort(verb)
    _out(verb, "MODEL", "model file to write, such as hbsag_relapse.rmodel")
    _procedure(verb)
    verb.add_argument(
        "--validate", nargs="?", type=_positive, const=20, metavar="N",
        help="also validate, by N repeats of 5 folds (20), so that the model file and its card carry validated figures",
    )  # fmt: skip
    _mute(verb)


def _validate(verb: argparse.ArgumentParser) -> None:
    _cohort(verb)
    _out(verb, "DIR", "folder for validation.json, report.html and figures")
    _procedure(verb)
    verb.add_argument(
        "--repeats", type=_positive, default=20, metavar="N", help="outer repeats of 5 folds (%(default)s)"
    )
    verb.add_argument(
        "--bootstraps",
        type=_whole_number,
        default=200,
        metavar="N",
        help="bootstrap resamples; 0 for none (%(default)s)",
    )
    verb.add_argument(
        "--leave-out", default="centre", metavar="COLUMN", help="groups left out one by one (%(default)s)"
    )
    verb.add_argument(
        "--resume",
        action="store_true",
        help="go on with what a validation that was broken off (Ctrl-C) has left in DIR",
    )
    verb.add_argument(
        "--disclosure", choices=("full", "small-counts"), default="full",
        help="full: the report shows all counts, for whoever owns the data; small-counts: it hides counts under 5, for "
        "what leaves the hospital (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--language", choices=("en", "zh"), default="en",
        help="language of the report's first screen and headings; the rest is English (%(default)s)",
    )  # fmt: skip
    _mute(verb)


def _score(verb: argparse.ArgumentParser) -> None:
    _model(verb)
    _cohort(verb)
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="for a model of several landmarks (default: the first)"
    )
    _out(verb, "CSV", "scores: one row per patient")
    verb.add_argument(
        "--chunk", type=_positive, metavar="N",
        help="score N patients at a time, as is done with more than 20,000: memory stays bounded, and a run that was "
        "interrupted resumes where it stopped",
    )  # fmt: skip
    verb.add_argument(
        "--both-arms",
        action="store_true",
        help="also the risk in either arm of the trial, and the benefit of treatment",
    )
    verb.add_argument("--anew", action="store_true", help="start again instead of resuming an interrupted run")
    _jobs_option(verb, "processes that score chunks; -1 for all cores (1)")
    verb.add_argument(
        "--engine", choices=("processes", "dask"), default="processes",
        help="who scores the chunks: processes of this machine, or the workers of a Dask cluster (%(default)s)",
    )  # fmt: skip
    verb.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="with --engine dask: of a scheduler that runs, such as tcp://10.0.0.1:8786 (default: started here)",
    )  # fmt: skip


def _explain(verb: argparse.ArgumentParser) -> None:
    _model(verb)
    _cohort(verb)
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="for a model of several landmarks (default: the first)"
    )
    verb.add_argument(
        "--out", metavar="FILE", help="CSV, one row per patient and predictor; with --patient a page (.html) or text"
    )
    verb.add_argument("--patient", metavar="ID", help="explain the risk of this patient")
    verb.add_argument("--figures", metavar="DIR", help="with --patient: draw the contributions and the titres")


def _model_and_cohort(verb: argparse.ArgumentParser) -> None:
    _model(verb)
    _cohort(verb)
    verb.add_argument(
        "--landmark-week", type=float, metavar="WEEK", help="for a model of several landmarks (default: the first)"
    )


def _evaluate(verb: argparse.ArgumentParser) -> None:
    _model_and_cohort(verb)
    verb.add_argument("--out", metavar="JSON", help="also write the figures to a file")


def _update(verb: argparse.ArgumentParser) -> None:
    _model_and_cohort(verb)
    _out(verb, "MODEL", "model file to write")
    verb.add_argument(
        "--method", choices=("intercept", "intercept_and_slope"), default="intercept", help="(%(default)s)"
    )


def _calculator(verb: argparse.ArgumentParser) -> None:
    _model(verb)
    _out(verb, "HTML", "page to write")
    verb.add_argument(
        "--languages", nargs="+", choices=("en", "zh"), default=["en", "zh"], metavar="LANGUAGE",
        help="en, zh; the page opens in the first (en zh)",
    )  # fmt: skip


def _monitor(verb: argparse.ArgumentParser) -> None:
    _model(verb)
    verb.add_argument("scores", metavar="SCORES", help="scores.csv, as score writes it")
    verb.add_argument(
        "outcomes", metavar="OUTCOMES", nargs="?", help="patient_id, relapse, week; where they have arrived"
    )
    verb.add_argument(
        "--cohort", metavar="COHORT", help="cohort folder of the scored patients, to compare the predictors too"
    )
    verb.add_argument("--out", metavar="JSON", help="also write the figures to a file")


def _sign(verb: argparse.ArgumentParser, which: str) -> None:
    verb.add_argument("model", metavar="MODEL", help="model file")
    verb.add_argument("--key", required=True, metavar="FILE", help=which)


def _keygen(verb: argparse.ArgumentParser) -> None:
    _out(verb, "FILE", "private key to write; the public one is FILE.pub")


def _demo(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--out", default="build/demo", metavar="DIR", help="(%(default)s)")
    verb.add_argument("--cohort", metavar="COHORT", help="cohort to train on (default: the synthetic one, simulated)")


if __name__ == "__main__":
    sys.exit(main())
