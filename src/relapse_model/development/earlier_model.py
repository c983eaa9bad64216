"""An earlier model as the prior of a new one: its posterior, matched to the new study by predictor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from relapse_model.arrays import Mask, Positions
from relapse_model.classifiers.prior.beforehand import BASELINE_WIDTHS
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture, expand_columns
from relapse_model.classifiers.prior.terms import PriorGrid, form_count
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import Design, design
from relapse_model.study.names import name_key
from relapse_model.study.prediction import OutcomeRule
from relapse_model.study.predictor import Predictor, StudyTerm
from relapse_model.study.study import Study

if TYPE_CHECKING:
    from relapse_model.features.development_data import DevelopmentData
    from relapse_model.model.relapse_model import RelapseModel

_SAME_OUTCOME = ("analyte", "at_least", "below", "confirm", "column", "equals", "others", "competing_as_censoring")
_MEANING = (
    "kind",
    "analyte",
    "agents",
    "confirmed",
    "scale",
    "unit",
    "window_weeks",
    "below",
    "at_least",
    "equals",
    "levels",
    "cap",
    "saturating",
)


STARTING_FROM_EARLIER = ("prior_logistic", "prior_and_trees")  # candidates that take an earlier model
BETWEEN_COHORTS = 0.25  # standard deviation of the mean risk's log-odds between cohorts that one study describes


def with_previous(
    columns: Design, study: Study, earlier: RelapseModel | None, data: DevelopmentData | None = None
) -> Design:
    """Add to a design what an earlier model says of its columns and terms, and of the mean risk.

    Columns are matched by predictor: the same name, computed in the same way, in the same unit. Those that the
    earlier model does not have start from the study's prior. The mean risk that it expects of the new patients is
    handed on where it predicts the same outcome over the same weeks, with a variance between cohorts on top of its own.
    It takes the place of the study's baseline: patients of whom one knows more.

    Parameters
    ----------
    columns : Design
    study : Study
    earlier : RelapseModel or None
        Of class "prior_logistic": the others have no posterior. None: the design as it is.
    data : DevelopmentData, optional
        The new patients. Their predictors are read, not their outcomes. None: no mean risk is handed on.

    Raises
    ------
    RelapseModelError
        If it has no posterior, shares no predictor with the study, or means another thing by the same name.
    """
    if earlier is None:
        return columns
    from relapse_model.classifiers.prior.evidence_grid import forms_of, posterior_of_form

    if not hasattr(earlier.classifier, "components_") or earlier.classifier_name != "prior_logistic":
        raise RelapseModelError(
            f"prior: the model is of class {earlier.classifier_name!r}"
            f"{' and recalibrated' if hasattr(earlier.classifier, 'recalibration_') else ''}; expected "
            "'prior_logistic' as it was trained, which alone has a "
            'posterior. Train it with candidates=("prior_logistic",).'
        )
    _check_meaning(study, earlier.study)
    theirs = design(earlier.study)
    source = (*theirs.names, *theirs.term_names)
    place = [source.index(name) if name in source else -1 for name in (*columns.names, *columns.term_names)]
    if max(place) < 0:
        raise RelapseModelError("prior: the model shares no predictor with the study; expected one at least.")
    mixture = earlier.classifier.components_
    size = len(mixture.scale)
    there = (mixture.covariance[:, np.arange(1, size + 1), np.arange(1, size + 1)] > 0).any(axis=0)
    at_hand = np.append(there[: len(source)], np.ones(size - len(source), dtype=bool))
    at_hand[: len(theirs.names)] = True  # a term of which nobody had the factors replaces nothing
    forms = forms_of(at_hand, theirs.terms, size - len(source))
    known, found = np.array(place) >= 0, []
    for used in _alike(columns, theirs, forms):
        grid = posterior_of_form(mixture, used)
        found.append(PriorGrid(*(np.where(known, values[:, place], np.nan) for values in (grid.mean, grid.sd))))
    own = np.array(place[: len(columns.names)])
    centre = np.where((own >= 0) & there[own], mixture.center[own], np.nan)  # of a column left out there is none
    stated = np.full(len(own), np.nan) if columns.typical is None else columns.typical
    typical = np.where(np.isnan(stated), centre, stated)
    level = None if data is None else _level(study, earlier, mixture, data, own)
    columns = replace(columns, previous=tuple(found), typical=typical)
    return columns if level is None else replace(columns, baseline=level, baseline_widths=BASELINE_WIDTHS)


def _alike(ours: Design, theirs: Design, forms: list[Mask]) -> list[Mask]:
    """Return the earlier model's form for each of ours: the linear one, then that which shares most terms."""
    names = [_names_by_form(ours), _names_by_form(theirs)]
    found = [forms[0]]
    for own in names[0] or [set()]:  # a model without terms is given two
        shared = [len(own & other) for other in names[1]]
        found.append(forms[1 + shared.index(max(shared))] if shared else forms[0])
    return found


def _names_by_form(columns: Design) -> list[set[str]]:
    terms = list(zip(columns.term_names, columns.terms, strict=True))
    return [{name for name, term in terms if form in term.forms} for form in range(form_count(columns.terms) - 1)]


def _level(
    study: Study, earlier: RelapseModel, mixture: LogisticMixture, data: DevelopmentData, place: Positions
) -> tuple[float, float] | None:
    """Return what the earlier model expects of the patients' mean log-odds, and its standard deviation."""
    ours, theirs = study.prediction, earlier.study.prediction
    same_weeks = ours.horizon_weeks == theirs.horizon_weeks and data.landmark == earlier.landmark_week
    if not same_weeks or max(len(data.landmark_weeks), len(earlier.landmark_weeks)) > 1:
        return None
    if not _same_outcome(study.outcome, earlier.study.outcome):
        return None
    rows = np.full((len(data), mixture.columns), np.nan)
    rows[:, place[place >= 0]] = data.matrix[:, place >= 0]
    expanded = expand_columns(rows, mixture.terms, mixture.indicators)
    middle = (np.where(np.isnan(expanded), mixture.impute, expanded) - mixture.center).mean(axis=0)
    at = np.append(1.0, middle)
    mean = mixture.intercept + mixture.coef @ middle
    variance = np.einsum("i,bij,j->b", at, mixture.covariance, at)
    expected = float(mixture.weight @ mean)
    own = float(mixture.weight @ (variance + (mean - expected) ** 2))
    return expected, float(np.sqrt(own + BETWEEN_COHORTS**2))


def _same_outcome(ours: OutcomeRule, theirs: OutcomeRule) -> bool:
    """Tell whether two rules mean one outcome; one that is only adjudicated has no rule, and is known by its name."""
    if any(getattr(ours, key) != getattr(theirs, key) for key in _SAME_OUTCOME):
        return False
    ruled = ours.analyte is not None or ours.column is not None
    return ruled or name_key(ours.name) == name_key(theirs.name)


def _check_meaning(study: Study, other: Study) -> None:
    theirs = {predictor.name: predictor for predictor in other.predictors}
    for predictor in study.predictors:
        if predictor.name in theirs:
            _same("predictor", predictor, theirs[predictor.name], _MEANING)
    their_terms = {term.name: term for term in other.terms}
    for term in study.terms:
        if term.name in their_terms:
            _same("term", term, their_terms[term.name], ("factors", "replaces"))


def _same(what: str, ours: Predictor | StudyTerm, theirs: Predictor | StudyTerm, keys: tuple[str, ...]) -> None:
    apart = [key for key in keys if getattr(ours, key) != getattr(theirs, key)]
    if apart:
        raise RelapseModelError(
            f"prior: {what} {ours.name!r} of the model differs in {', '.join(apart)} from the study's; "
            "expected the same definition. Give it another name in the study."
        )
