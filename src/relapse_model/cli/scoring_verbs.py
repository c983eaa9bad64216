"""What the verbs do that score patients: score, explain."""

from __future__ import annotations

from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path

from relapse_model.cli.texts import (
    explanation_table,
    noted,
    record_lines,
    say,
    scoring_text,
    unattached,
)
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.folder import read_cohort
from relapse_model.display.html_summary import true_minus
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_bytes, write_csv, write_text
from relapse_model.model.relapse_model import RelapseModel, load_model
from relapse_model.model.scoring.guards.unlike import unlike_words


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
    if found.unlike:
        say(unlike_words(found.unlike))
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

        say(true_minus(statement(model, arm_effect(model))))


def explain(given: Namespace) -> None:
    """Explain the risks of new patients, or of one."""
    if given.patient is not None:
        _explain_one(given)
        return
    if not given.out:
        raise RelapseModelError("explain: expected --out CSV for all patients, or --patient ID for one.")
    if given.figures:
        raise RelapseModelError(
            f"--figures {given.figures}: figures are of one patient; expected --patient ID with it."
        )
    model = load_model(given.model)
    cohort = read_cohort(given.cohort, study=model.study, on_problems="list")
    table = explanation_table(model, cohort, given.landmark_week)
    write_csv(table, Path(given.out), private=True)
    say(f"Log-odds of {model.study.outcome.name} explained for {table['patient_id'].nunique()} patients: {given.out}")
    _say_rejected(cohort, model, given.landmark_week)


def _explain_one(given: Namespace) -> None:
    """Print, write as a page or draw what raised and lowered the risk of one patient."""
    from relapse_model.model.explanation.patient import explain_patient

    model = load_model(given.model)
    cohort = read_cohort(given.cohort, study=model.study, on_problems="list")
    found = explain_patient(model, cohort, given.patient, given.landmark_week)
    say(found.text())
    if given.out and Path(given.out).suffix.lower() in (".html", ".htm"):
        from relapse_model.report.patient_page import write_patient_page

        write_patient_page(model, cohort, given.patient, given.out, given.landmark_week, language=given.language)
        say(f"Page: {given.out}")
    elif given.out:
        write_text(found.text() + "\n", Path(given.out), private=True)
    if given.figures:
        from relapse_model.report.figures.patient import patient_figure, patient_trajectory_figure
        from relapse_model.report.figures.style import png

        folder = Path(given.figures)
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(png(patient_figure(found)), folder / "contributions.png", private=True)
        try:
            trajectory = png(patient_trajectory_figure(model, cohort, given.patient, landmark_week=given.landmark_week))
        except RelapseModelError as nothing:  # no titres to draw
            say(f"No trajectory: {nothing}")
        else:
            write_bytes(trajectory, folder / "trajectory.png", private=True)
        say(f"Figures: {folder}")


def _say_rejected(cohort: Cohort, model: RelapseModel, landmark_week: float | None) -> None:
    from relapse_model.model.scoring.scorable import unusable

    landmark = model.landmark(landmark_week)
    found = unusable(cohort, model.study, landmark, unmeasured=model.scores_unmeasured)
    reasons = [*cohort.rejected["reason"], *filter(None, found)]
    for reason in (*reasons, *unattached(cohort)):
        say(f"  not explained: {reason}")
