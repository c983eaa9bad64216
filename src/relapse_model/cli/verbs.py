"""What the verbs of the command line do."""

from __future__ import annotations

from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from relapse_model.classifiers.known import CANDIDATES
from relapse_model.cli.texts import (
    NOT_VALIDATED,
    SYNTHETIC,
    arms,
    checks_text,
    errors_of,
    explanation_table,
    noted,
    record_lines,
    refuse_errors,
    say,
    scoring_text,
    training_text,
    unattached,
    validation_text,
)
from relapse_model.cohort.cohort import SYNTHETIC_FILE, Cohort
from relapse_model.cohort.folder import read_cohort
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.files import write_csv, write_text
from relapse_model.model.relapse_model import RelapseModel, load_model
from relapse_model.study.reader import load_study


def simulate(given: Namespace) -> None:
    """Write a synthetic cohort."""
    from relapse_model.cohort.simulation import trial_scenarios
    from relapse_model.cohort.simulation.simulated_cohort import simulate_cohort

    folder = Path(given.out)
    if any(folder.glob("*.csv")) and not (folder / SYNTHETIC_FILE).exists():
        raise RelapseModelError(f"--out {given.out}: the folder holds tables that are not synthetic; choose another.")
    chosen = {} if given.scenario is None else trial_scenarios()[given.scenario]
    cohort = simulate_cohort(given.patients, given.seed, **chosen)
    cohort.write(given.out)
    say(f"{cohort!r} written to {given.out}, true risks in truth.csv. {SYNTHETIC}")


def check(given: Namespace) -> None:
    """Read a cohort and describe it; every problem is an error, all at once."""
    from relapse_model.development.checks.all_checks import errors_found
    from relapse_model.report.cohort_check import check_report

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    say(check_report(cohort, study, given.landmark_week, mute=tuple(given.mute)))
    refuse_errors([one.code for one in errors_found(cohort, study, given.landmark_week, tuple(given.mute))])


def features(given: Namespace) -> None:
    """Print, or write, the data dictionary of a study; of a cohort, write the predictors of each patient."""
    from relapse_model.features.dictionary import data_dictionary

    if given.cohort is not None:
        _write_features(given)
        return
    table = data_dictionary(load_study(given.study)).reset_index()
    if given.out:
        write_csv(table, Path(given.out))
        say(f"Data dictionary of {len(table)} predictors: {given.out}")
        return
    for row in table.to_dict("records"):
        unit = f" [{row['unit']}{', log10 scale' if row['scale'] == 'log10' else ''}]" if row["unit"] else ""
        say(f"{row['name']}: {row['label']}{unit}")
        say(f"    {row['definition']}")
        say(f"    direction {row['direction']}; prior {row['prior']}")
        say(f"    source: {row['source']}" if row["source"] else "")


def _write_features(given: Namespace) -> None:
    from relapse_model.features.derive import derive_features

    if not given.out:
        raise RelapseModelError("--out is missing: predictors are of patients, and are written to a file, not printed.")
    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    table = derive_features(cohort, study, given.landmark_week, units=given.units)
    write_csv(table.rename_axis("patient_id").reset_index(), Path(given.out), private=True)
    say(f"Predictors of {len(table)} patients at week {study.landmark(given.landmark_week):g}: {given.out}")
    for name, known in table.notna().sum().items():
        say(f"    {name}: {known} known")


def train(given: Namespace) -> None:
    """Train a model and save it; where that is asked for, with how it does in patients that it has not seen.

    What is muted stays in the model and on its card.
    """
    from relapse_model.development.checks.all_checks import known_codes
    from relapse_model.development.train import train as train_model
    from relapse_model.report.model_card import model_card

    card = Path(given.out).with_suffix(".md")
    known_codes(tuple(given.mute))  # before anything is trained
    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    found = None
    if given.validate is None:
        model = train_model(cohort, study, **_procedure(given))
    else:
        from relapse_model.development.internal_validation.validate import validate as validate_procedure

        found = validate_procedure(
            cohort, study, outer_repeats=given.validate, bootstraps=0, leave_out=None, **_procedure(given)
        )
        model = found.model
    performance = None if found is None else found.performance
    text = model_card(model, performance)
    model.save(given.out, card=text, performance=performance)
    write_text(text, card)
    say(training_text(model, given.mute))
    say(NOT_VALIDATED if found is None else validation_text(found))
    say(f"Model: {given.out}   card: {card}")
    refuse_errors(errors_of(model, given.mute))


def validate(given: Namespace) -> None:
    """Validate the procedure and write the report."""
    from relapse_model.development.checks.all_checks import known_codes
    from relapse_model.development.internal_validation.check_validation import check_validation
    from relapse_model.development.internal_validation.kept_runs import KEPT_RUNS
    from relapse_model.development.internal_validation.validate import validate as validate_procedure
    from relapse_model.report.refusal_report import write_refusal
    from relapse_model.report.validation_report import write_report

    mute = tuple(given.mute)
    known_codes(mute)  # before the work, not after it
    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    try:
        found = validate_procedure(
            cohort, study, outer_repeats=given.repeats, bootstraps=given.bootstraps, leave_out=given.leave_out,
            keep=Path(given.out) / KEPT_RUNS, resume=given.resume, **_procedure(given),
        )  # fmt: skip
    except KeyboardInterrupt:
        say(f"Broken off. What was done is in {Path(given.out) / KEPT_RUNS}; the same command with --resume goes on.")
        raise
    except InsufficientDataError as refusal:
        week = None if given.landmark_week is None else given.landmark_week[0]
        paths = write_refusal(cohort, study, refusal, Path(given.out), week, mute=mute, disclosure=given.disclosure)
        say(f"No model is supported by this cohort; what can be said of it: {paths['report']}")
        raise
    paths = write_report(
        found, Path(given.out), arm=arms(cohort, found), mute=mute, disclosure=given.disclosure,
        language=given.language,
    )  # fmt: skip
    say(validation_text(found))
    say(checks_text(check_validation(found, cohort, mute=mute)))
    for what, path in paths.items():
        say(f"{what}: {path}")
    refuse_errors(errors_of(found.model, mute))


def score(given: Namespace) -> None:
    """Score new patients, by chunks where they are many."""
    from relapse_model.model.scoring.each_or_reason import scores_of
    from relapse_model.model.scoring.folder_size import CHUNK_PATIENTS, more_patients_than, partitioned

    model = load_model(given.model)
    if given.scheduler and given.engine != "dask":
        raise RelapseModelError(f"--scheduler {given.scheduler}: expected --engine dask with it.")
    parted = given.chunk or given.engine == "dask" or partitioned(Path(given.cohort))
    if parted or more_patients_than(Path(given.cohort), CHUNK_PATIENTS):
        _score_in_chunks(model, given)
        return
    cohort = read_cohort(given.cohort, study=model.study, on_problems="list")
    scores = scores_of(model, cohort, landmark_week=given.landmark_week, both_arms=given.both_arms)
    write_csv(scores, Path(given.out), private=True)
    say("\n".join([scoring_text(scores, cohort), *record_lines(model), f"Scores: {given.out}"]))
    _say_benefit(model, given)


def _score_in_chunks(model: RelapseModel, given: Namespace) -> None:
    from relapse_model.model.scoring.batch import score_folder
    from relapse_model.model.scoring.engines import dask_executor
    from relapse_model.model.scoring.folder_size import CHUNK_PATIENTS

    with dask_executor(given.scheduler, given.jobs) if given.engine == "dask" else nullcontext() as executor:
        found = score_folder(
            model, given.cohort, given.out, chunk_patients=given.chunk or CHUNK_PATIENTS,
            landmark_week=given.landmark_week, both_arms=given.both_arms, resume=not given.anew, jobs=given.jobs,
            executor=executor, progress=True,
        )  # fmt: skip
    say(
        f"{found.patients} patients: {found.scored} scored ({found.warned} with warnings), {found.rejected} rejected, "
        f"in {found.chunks} chunks."
    )
    for table, rows in found.unattached_rows.items():
        shown = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
        say(f"  {table}: {len(rows)} rows of patients who are not in the patients table (rows {shown})")
    for line in noted(found.noted_rows):
        say(f"  {line}")
    say("\n".join([*record_lines(model), f"Scores: {given.out}"]))
    _say_benefit(model, given)


def _say_benefit(model: RelapseModel, given: Namespace) -> None:
    """Say what holds for the benefit of all patients, where both arms were asked for."""
    if given.both_arms:
        from relapse_model.model.scoring.arm_effect import arm_effect
        from relapse_model.model.scoring.benefit import statement

        say(statement(model, arm_effect(model)))


def explain(given: Namespace) -> None:
    """Explain the risks of new patients, or of one."""
    if given.patient is not None:
        from relapse_model.cli.model_verbs import explain_one

        explain_one(given)
        return
    if not given.out:
        raise RelapseModelError("explain: expected --out CSV for all patients, or --patient ID for one.")
    model = load_model(given.model)
    cohort = read_cohort(given.cohort, study=model.study, on_problems="list")
    table = explanation_table(model, cohort, given.landmark_week)
    write_csv(table, Path(given.out), private=True)
    say(f"Log-odds of {model.study.outcome.name} explained for {table['patient_id'].nunique()} patients: {given.out}")
    _say_rejected(cohort, model, given.landmark_week)


def demo(given: Namespace) -> None:
    """Run the main job from end to end."""
    from relapse_model.cli.demo import run_demo

    run_demo(Path(given.out), None if given.cohort is None else Path(given.cohort))


def _say_rejected(cohort: Cohort, model: RelapseModel, landmark_week: float | None) -> None:
    from relapse_model.model.scoring.scorable import unusable

    landmark = model.landmark(landmark_week)
    found = unusable(cohort, model.study, landmark, unmeasured=model.scores_unmeasured)
    reasons = [*cohort.rejected["reason"], *filter(None, found)]
    for reason in (*reasons, *unattached(cohort)):
        say(f"  not explained: {reason}")


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
