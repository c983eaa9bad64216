"""What the verb `paper` does: gather a trial and a model for a journal."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from relapse_model.cli.texts import SYNTHETIC, say
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.folder import read_cohort
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.report.paper.table_files import require_formats
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study


def paper(given: Namespace) -> None:
    """Write tables, figures and checklists for a journal."""
    from relapse_model.report.paper.write_paper import write_paper

    require_formats(given.formats)  # before the work, not after it
    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    parts = _parts(given, cohort, study)
    places = write_paper(given.out, width_mm=given.width, dpi=given.dpi, formats=given.formats, **parts)
    for what, path in places.items():
        say(f"{what}: {path}")
    if cohort.synthetic:
        say(SYNTHETIC)


def _parts(given: Namespace, cohort: Cohort, study: Study) -> dict[str, Any]:
    """Return the results that were asked for; by default all that study and cohort allow."""
    asked = given.parts or ("trial", "model")
    why = _no_trial(cohort, study)
    if given.parts and "trial" in given.parts and why:
        raise RelapseModelError(f"--parts trial: {why}.")
    parts: dict[str, Any] = {}
    if "trial" in asked and not why:
        from relapse_model.trial.arms.compare_arms import compare_arms

        parts["trial"] = compare_arms(cohort, study)
    elif "trial" in asked:
        say(f"No trial is reported: {why}.")
    if "biomarkers" in asked:
        from relapse_model.trial.biomarkers.screen import screen_biomarkers

        parts["screen"] = screen_biomarkers(cohort, study, seed=given.seed, increment=False)
    if "model" in asked:
        parts |= _model(given, cohort, study)
    return parts


def _no_trial(cohort: Cohort, study: Study) -> str:
    """Return why the arms cannot be compared; empty where they can."""
    if study.trial is None:
        return "the study file has no section [trial]"
    column = study.trial.arms.column
    return "" if column in cohort.patients else f"the patients table has no column {column!r}"


def _model(given: Namespace, cohort: Cohort, study: Study) -> dict[str, Any]:
    if given.model is not None:
        from relapse_model.model.relapse_model import load_model

        say("The model is reported as it was saved; its performance is not, since no validation was run.")
        return {"model": load_model(given.model)}
    from relapse_model.development.internal_validation.validate import validate

    settings: dict[str, Any] = {} if given.candidates is None else {"candidates": tuple(given.candidates)}
    try:
        found = validate(
            cohort, study, outer_repeats=given.repeats, bootstraps=given.bootstraps, seed=given.seed, jobs=given.jobs,
            progress=True, **settings,
        )  # fmt: skip
    except InsufficientDataError:
        say("No model is supported by this cohort. What there is without one: --parts trial")
        raise
    return {"validation": found}
