"""What the command line prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relapse_model.classifiers.known import label_of
from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import RelapseModelError, problem_lines
from relapse_model.files import naming_standard_output, printable
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.model.scoring.guards.unlike import unlike_count, unlike_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relapse_model.development.checks.check_result import CheckResult
    from relapse_model.development.internal_validation.result import Validation
    from relapse_model.study.study import Study
    from relapse_model.validation.performance_measures import Performance
SYNTHETIC = "These patients are synthetic: no conclusion about treatment can be drawn."
NOT_VALIDATED = (
    "Its performance is unknown until it is validated: run validate, or train with --validate "
    "to have the figures on its card."
)


def say(text: str = "") -> None:
    """Write a line for people."""
    with naming_standard_output():
        sys.stdout.write(printable(text) + "\n")


def say_at_once(text: str) -> None:
    """Write a line for people before long work: at once, where output to a file else waits for the end."""
    say(text)
    with naming_standard_output():
        sys.stdout.flush()


def runs_text(cohort: Cohort, study: Study, repeats: int, bootstraps: int, leave_out: str | None = None) -> str:
    """Return what a validation is going to do, and in how many parts, for whoever waits for it.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    repeats, bootstraps : int
        Of the outer cross-validation, and bootstrap resamples.
    leave_out : str, optional
        Column whose groups are left out one at a time, where there are several.
    """
    from relapse_model.development.internal_validation.group_tables import column_left_out
    from relapse_model.development.procedure import OUTER_FOLDS
    from relapse_model.features.centre_labels import one_name_each

    leave_out = column_left_out(cohort, study, leave_out)
    groups = one_name_each(cohort.patients[leave_out]).nunique(dropna=False) if leave_out in cohort.patients else 0
    counts = {
        f"{repeats} x {OUTER_FOLDS} folds": repeats * OUTER_FOLDS,
        f"{bootstraps} bootstrap resamples": bootstraps,
        f"{groups} groups of {leave_out!r} left out in turn": groups if groups > 1 else 0,
    }
    return (
        f"Validation: all steps (tuning, choice of the classifier, fit) are repeated {sum(counts.values()):,} times: "
        f"{', '.join(part for part, runs in counts.items() if runs)}. This may take minutes to hours; fewer "
        "--candidates, --repeats or --bootstraps shorten it."
    )


def arms(cohort: Cohort, found: Validation) -> list[str] | None:
    """Return the arm of each validated patient, or None where the cohort has no arms."""
    if "arm" not in cohort.patients:
        return None
    arm = cohort.patients["arm"].fillna("not stated").set_axis(cohort.patient_ids)
    return [str(one) for one in arm.loc[found.data.features.index]]


def explanation_table(model: RelapseModel, cohort: Cohort, landmark_week: float | None = None) -> pd.DataFrame:
    """Return SHAP values in long form: one row per scored patient and predictor, values in clinical units.

    Parameters
    ----------
    model : RelapseModel
    cohort : Cohort
    landmark_week : float, optional
        For a model of several landmarks.
    """
    from relapse_model.features.clinical_units import unit_shown
    from relapse_model.model.scoring.scorable import unusable

    reasons = unusable(cohort, model.study, model.landmark(landmark_week), unmeasured=model.scores_unmeasured)
    cohort = cohort.take(np.array([place for place, reason in enumerate(reasons) if reason == ""], dtype=np.intp))
    found = model.explain(cohort, landmark_week=landmark_week)
    predictors = model.study.predictors
    patients, columns = found.values.shape
    data: dict[str, Any] = {
        "patient_id": np.repeat(cohort.patient_ids.to_numpy(), columns),
        "predictor": [predictor.name for predictor in predictors] * patients,
        "label": [predictor.label for predictor in predictors] * patients,
        "value": found.data.ravel(),
        "unit": [unit_shown(predictor) for predictor in predictors] * patients,
        "shap_log_odds": found.values.ravel(),
        "base_log_odds": np.repeat(found.base_values, columns),
    }
    return pd.DataFrame(data)


def training_text(model: RelapseModel, muted: Sequence[str] = ()) -> str:
    """Return what a person wants to know after training; muted findings are listed as muted.

    Parameters
    ----------
    model : RelapseModel
    muted : sequence of str
        Codes of checks.
    """
    from relapse_model.validation.estimate import Estimate
    from relapse_model.validation.performance_measures import measure_shown

    summary = model.summary
    name, week = model.study.outcome.name, model.study.prediction.horizon_weeks
    lines = [
        f"Trained on {summary['patients']} patients at risk at {landmark_words(model)}: {summary['events']} "
        f"with {name} by week {week:g}, {summary['lost_before_horizon']} lost before it.",
    ]
    losses = summary["choice"]["log_loss"]
    if losses:
        lines.append(f"Cross-validated log loss (mean risk alone: {summary['choice']['log_loss_mean_risk']:.3f}):")
        lines += [f"  {loss:.3f}  {label_of(name, model.study.has_priors)}" for name, loss in losses.items()]
        gain = summary["choice"].get("against_mean_risk")
        difference = "" if gain is None else measure_shown("log_loss_difference", Estimate(**gain))
        lines += [f"  {difference}  difference, chosen model minus mean risk (95 % interval)"] if difference else []
    failed = summary["choice"].get("failed_folds", {})
    lines += [f"Folds that could not be fitted, {count} x: {why}" for why, count in failed.items()]
    why = ", the simplest not shown to be worse than the best" if len(losses) > 1 else ""
    lines.append(f"Chosen: {label_of(model.classifier_name, model.study.has_priors)}{why}.")
    lines += [
        f"{finding['code']} {finding['severity']}{', muted' if finding['code'] in muted else ''}: {finding['text']}"
        for finding in summary["warnings"]
    ]
    lines += [SYNTHETIC] if summary["synthetic"] else []
    return "\n".join(lines)


def landmark_words(model: RelapseModel) -> str:
    """Return the weeks at which a model predicts, in words."""
    weeks = model.landmark_weeks
    return f"week {weeks[0]:g}" if len(weeks) == 1 else "weeks " + ", ".join(f"{week:g}" for week in weeks)


def validation_text(found: Validation, errors: Sequence[str] | None = None, language: str = "en") -> str:
    """Return the headline of a validation: its figures, and whether the model works, as the report says it.

    Parameters
    ----------
    found : Validation
    errors : sequence of str, optional
        Codes of the checks that found an error; by default those that training found, as they stand on the card.
    language : {"en", "zh"}
        Of the report, for what it says first.
    """
    from relapse_model.cli.verdict_text import validation_answer

    performance = replace(found.performance, within_levels=found.within_levels)
    lines = [
        f"Nested cross-validation: {performance.patients} patients, {performance.events} "
        f"with {found.study.outcome.name}, {competing_words(performance)}{performance.lost} lost before week "
        f"{found.study.prediction.horizon_weeks:g}.",
        *performance_lines(performance),
        *within_lines(performance, found.study),
        validation_answer(
            performance, found.study.outcome.name, errors_of(found.model, ()) if errors is None else errors, language
        ),
    ]
    return "\n".join(lines)


def competing_words(performance: Performance) -> str:
    """Return how many had a competing event, to stand before those who were lost; empty without any."""
    return f"{performance.competing} with a competing event, " if performance.competing else ""


def performance_lines(performance: Performance) -> list[str]:
    """Return a line for each measure, and for each that these patients cannot support.

    Parameters
    ----------
    performance : Performance
    """
    from relapse_model.validation.performance_measures import MEASURES, measure_shown

    lines = []
    if performance.unmeasured:
        lines.append(f"  {performance.unmeasured} more at risk have no laboratory result of the predictors: not scored")
    for name, label in MEASURES.items():
        if name in performance.measures:
            lines.append(f"  {label:27s} {measure_shown(name, performance.measures[name])}")
    return lines + [f"  {MEASURES[name]:27s} refused: {why}" for name, why in performance.refused.items()]


def within_lines(performance: Performance, study: Study) -> list[str]:
    """Return the AUC within arms, and within centres, where they are predictors.

    Parameters
    ----------
    performance : Performance
        With its `within_levels`.
    study : Study
    """
    from relapse_model.model.within_levels import of_groups
    from relapse_model.validation.performance_measures import measure_shown

    if "auc" not in performance.measures:
        return []
    lines = []
    for name, groups in of_groups(study).items():
        auc = performance.within_levels.get(name)
        why = f"refused: too few patients with and without the outcome can be compared within {groups}"
        lines.append(f"  {f'AUC within {groups}':27s} {why if auc is None else measure_shown('auc', auc)}")
    return lines


def checks_text(results: Sequence[CheckResult]) -> str:
    """Return what the checks found, and which were muted or do not apply.

    Parameters
    ----------
    results : sequence of CheckResult
    """
    lines = [str(one) for one in results if one.state in ("found", "muted")]
    silent = [one.code for one in results if one.state == "not applicable"]
    lines += [f"Checks that do not apply: {', '.join(silent)}."] if silent else []
    return "\n".join(lines) or f"All {len(results)} checks passed."


def found_errors(results: Sequence[CheckResult]) -> list[str]:
    """Return the codes of the checks that found an error and were not muted, as a report counts them."""
    return [one.code for one in results if one.state == "found" and one.severity == "error"]


def errors_of(model: RelapseModel, muted: Sequence[str]) -> list[str]:
    """Return the codes of the errors on record in a model, without those that were muted.

    Parameters
    ----------
    model : RelapseModel
    muted : sequence of str
    """
    found = model.summary["warnings"]
    return [one["code"] for one in found if one["severity"] == "error" and one["code"] not in muted]


def record_lines(model: RelapseModel) -> list[str]:
    """Return how far the risks of a model can be relied on, and the errors on record in it; muted ones too.

    Parameters
    ----------
    model : RelapseModel
    """
    from relapse_model.model.verdict import model_verdict

    found = [one for one in model.summary["warnings"] if one["severity"] == "error"]
    return [model_verdict(model).en] + [f"On record in the model: {one['code']} error: {one['text']}" for one in found]


def refuse_errors(codes: Sequence[str]) -> None:
    """Refuse what the checks call an error, once everything was said and written: the exit code is 1.

    Parameters
    ----------
    codes : sequence of str
        Of the findings of that grade which were not muted.

    Raises
    ------
    RelapseModelError
    """
    if codes:
        named = ", ".join(dict.fromkeys(codes))
        raise RelapseModelError(
            f"{named}: an error, explained above. No figure can be trusted until it is resolved: correct the "
            f"data or the study. If it is a false alarm, mute it "
            f"(--mute {' '.join(dict.fromkeys(codes))}); it stays on record."
        )


def scoring_text(scores: pd.DataFrame, cohort: Cohort) -> str:
    """Return how many were scored, warned of, and rejected, with the reasons."""
    rejected = scores[scores["status"] == "rejected"]
    warned = int((scores["warnings"] != "").sum())
    lines = [
        f"{len(scores)} patients: {len(scores) - len(rejected)} scored ({warned} with warnings), "
        f"{len(rejected)} rejected.",
        *filter(None, [unlike_words(unlike_count(scores))]),
    ]
    problems = {str(one): one for one in cohort.problems}
    counts = rejected["reason"].value_counts()
    own = [str(reason) for reason, count in counts.items() if count == 1 and reason in problems]  # of one row each
    lines += [f"  {line}" for line in problem_lines(problems[reason] for reason in own)]
    lines += [f"  {count} x {reason}" for reason, count in counts.drop(own).items()]
    lines += [f"  {line}" for line in (*unattached(cohort), *noted(cohort.noted_rows()))]
    return "\n".join(lines)


def unattached(cohort: Cohort) -> list[str]:
    """Return the problems of rows that belong to no patient of the cohort."""
    known = cohort.identifier_keys() if cohort.problems else frozenset()
    return problem_lines(problem for problem in cohort.problems if problem.patient not in known)


def noted(rows: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return a line for each table that has rows to look at, with the first of their numbers."""
    why = "are duplicates, counted once, lie more than ten years from enrolment, or lack what should be said"
    return [
        f"{table}: {len(found)} rows {why} (rows {', '.join(map(str, found[:10]))}{', ...' if len(found) > 10 else ''})"
        for table, found in rows.items()
    ]
