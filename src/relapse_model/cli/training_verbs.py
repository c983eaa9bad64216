"""What the verbs do that make a model: train, validate."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relapse_model.classifiers.known import CANDIDATES
from relapse_model.cli.release import save_with_card, still_told
from relapse_model.cli.texts import (
    NOT_VALIDATED,
    SYNTHETIC,
    arms,
    checks_text,
    errors_of,
    found_errors,
    refuse_errors,
    runs_text,
    say,
    say_at_once,
    training_text,
    validation_text,
)
from relapse_model.cohort.folder import read_cohort
from relapse_model.errors import InsufficientDataError
from relapse_model.files import write_csv, write_text
from relapse_model.model.relapse_model import load_model
from relapse_model.study.reader import load_study


def train(given: Namespace) -> None:
    """Train a model and save it; where that is asked for, with how it does in patients that it has not seen.

    What is muted stays in the model and on its card.
    """
    from relapse_model.development.checks.all_checks import known_codes
    from relapse_model.development.train import train as train_model

    card = Path(given.out).with_suffix(".md")
    known_codes(tuple(given.mute))  # before anything is trained
    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    found = None
    if given.validate is None:
        model = train_model(cohort, study, **_procedure(given))
    else:
        from relapse_model.development.internal_validation.validate import validate as validate_procedure

        say_at_once(runs_text(cohort, study, given.validate, 0))
        found = validate_procedure(
            cohort, study, outer_repeats=given.validate, bootstraps=0, leave_out=None, **_procedure(given)
        )
        model = found.model
    write_text(save_with_card(model, given.out, None if found is None else found.performance, given.disclosure), card)
    say(training_text(model, given.mute))
    say(NOT_VALIDATED if found is None else validation_text(found))
    say(f"Model: {given.out}   card: {card}")
    if given.disclosure == "small-counts":
        say(still_told(model))
    refuse_errors(errors_of(model, given.mute))


def validate(given: Namespace) -> None:
    """Validate the procedure and write the report."""
    from relapse_model.development.checks.all_checks import known_codes
    from relapse_model.development.internal_validation.check_validation import check_validation
    from relapse_model.development.internal_validation.kept_runs import KEPT_RUNS
    from relapse_model.development.internal_validation.validate import validate as validate_procedure
    from relapse_model.development.learning_curve.simulate import learning_curve
    from relapse_model.report.refusal_report import write_refusal
    from relapse_model.report.validation_report import write_report

    mute = tuple(given.mute)
    known_codes(mute)  # before the work, not after it
    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    say_at_once(runs_text(cohort, study, given.repeats, given.bootstraps, given.leave_out))
    try:
        found = validate_procedure(
            cohort, study, outer_repeats=given.repeats, bootstraps=given.bootstraps, leave_out=given.leave_out,
            keep=Path(given.out) / KEPT_RUNS, resume=given.resume, **_procedure(given),
        )  # fmt: skip
    except KeyboardInterrupt:
        say(f"Interrupted. Results so far: {Path(given.out) / KEPT_RUNS}; the same command with --resume continues.")
        raise
    except InsufficientDataError as refusal:
        week = None if given.landmark_week is None else given.landmark_week[0]
        paths = write_refusal(
            cohort, study, refusal, Path(given.out), week, mute=mute, disclosure=given.disclosure,
            language=given.language,
        )  # fmt: skip
        say(f"No model is supported by this cohort; what can be said of it: {paths['report']}")
        raise
    paths = write_report(
        found, Path(given.out), arm=arms(cohort, found), mute=mute, disclosure=given.disclosure,
        language=given.language,
        learning_curve=learning_curve(cohort, study, landmark_week=found.landmark_week, seed=given.seed)
        if given.learning_curve
        else None,
    )  # fmt: skip
    checks = check_validation(found, cohort, mute=mute)
    say(f"{validation_text(found, found_errors(checks), given.language)}\n{checks_text(checks)}")
    _say_written(paths)
    refuse_errors(errors_of(found.model, mute))


def _say_written(paths: Mapping[str, Path]) -> None:
    """Say where the files of a validation are, and how a model file gets a card with such figures."""
    for what, path in paths.items():
        say(f"{what}: {path}")
    say("A model file whose own card carries validated figures: train --validate.")


def plan(given: Namespace) -> None:
    """Say what models of so many patients are expected to reach."""
    from relapse_model.development.learning_curve.simulate import learning_curve

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    found = learning_curve(
        cohort, study, tuple(given.patients), events=given.events, landmark_week=given.landmark_week,
        replicates=given.replicates, seed=given.seed,
    )  # fmt: skip
    say(found.table().to_string(index=False))
    say(f"{found.sentence()} {found.assumption()}")
    if given.out:
        from relapse_model.report.figures.learning_curve import learning_curve_figure
        from relapse_model.report.page import json_text, save_figures

        folder = Path(given.out)
        save_figures({"learning_curve": learning_curve_figure(found)}, folder)
        write_csv(found.table(), folder / "learning_curve.csv")
        write_text(json_text(found.to_dict()), folder / "learning_curve.json")
        say(f"Table, figure and values: {folder}")
    if cohort.synthetic:
        say(SYNTHETIC)


def _procedure(given: Namespace) -> dict[str, Any]:
    """Return how a model is made, as train and validate take it."""
    weeks = given.landmark_week
    return {
        "landmark_week": weeks[0] if weeks is not None and len(weeks) == 1 else weeks,
        "seed": given.seed,
        "candidates": CANDIDATES if given.candidates is None else tuple(given.candidates),
        "prior": None if given.prior is None else load_model(given.prior),
        "censoring": given.censoring,
        "calibration": given.calibration,
        "group_by": given.group_by,
        "biomarkers": given.biomarkers,
        "jobs": given.jobs,
        "progress": True,
    }
