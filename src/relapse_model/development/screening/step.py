"""The screen as a step of the procedure that makes a model: run again on whatever patients it is given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.screening.base import base_columns, base_names, base_risk, require_support_of_screen
from relapse_model.development.screening.candidates import (
    asked_for,
    derive_columns,
    from_middle,
    of_predictors,
    refuse_what_is_no_biomarker,
    why_untestable,
)
from relapse_model.development.screening.multiplicity import selected_by
from relapse_model.development.screening.null_distribution import compared_with_null
from relapse_model.development.screening.score_test import score_tests
from relapse_model.development.screening.within_centres import accounts_for_centre, within_centres
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import Design, design
from relapse_model.features.development_data import DevelopmentData
from relapse_model.study.candidates_as_predictors import with_candidates
from relapse_model.study.study import Study

DRAWS = 10_000
WAYS = ("none", "screen")


@dataclass(frozen=True, slots=True, eq=False)
class Narrowed:
    """What is left of a development after a screen of its patients.

    Attributes
    ----------
    data : DevelopmentData
    design : Design
    columns : array of int
        Of the matrix before.
    selected : tuple of str
        Candidates.
    """

    data: DevelopmentData
    design: Design
    columns: Positions
    selected: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ScreenStep:
    """A screen of candidate biomarkers as a step of the procedure.

    Attributes
    ----------
    study : Study
        With all candidates as predictors.
    base : tuple of str
        Predictors that candidates are tested beside: those with a prior.
    candidates : tuple of str
        Predictors that take part in a model only if the screen of its patients selects them.
    """

    study: Study
    base: tuple[str, ...]
    candidates: tuple[str, ...]

    def narrow(self, data: DevelopmentData, seed: int) -> Narrowed:
        """Screen the candidates in these patients, and leave out what is not selected.

        The largest statistic decides, at a family-wise error of 5 %, as in `screen_biomarkers`. Of a candidate with
        levels all are taken in if one is selected.

        Parameters
        ----------
        data : DevelopmentData
            With all candidates.
        seed : int
        """
        screened = self._columns(self.candidates)
        found = selected_columns(*self.beside(data), data.matrix[:, screened].T, seed=seed)
        predictors, place = self.study.predictors, design(self.study).predictor
        selected = {predictors[one].name for one in place[screened[found]]}
        kept = [one for one in predictors if one.name not in self.candidates or one.name in selected]
        columns = self._columns([one.name for one in kept])
        narrow = replace(data, matrix=data.matrix[:, columns], features=data.features[[one.name for one in kept]])
        chosen = tuple(name for name in self.candidates if name in selected)
        return Narrowed(narrow, design(of_predictors(self.study, kept)), columns, chosen)

    def beside(self, data: DevelopmentData) -> tuple[DevelopmentData, Study]:
        """Return the data and the study of the base alone.

        Parameters
        ----------
        data : DevelopmentData
            With all candidates.
        """
        own = of_predictors(self.study, [one for one in self.study.predictors if one.name in self.base])
        return replace(data, matrix=data.matrix[:, self._columns(self.base)]), own

    def _columns(self, names: Collection[str]) -> Positions:
        place = design(self.study).predictor
        return np.flatnonzero([self.study.predictors[one].name in names for one in place])


def selected_columns(
    data: DevelopmentData,
    own: Study,
    candidates: Floats,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    decide: str = "maxt",
    fdr: float = 0.10,
) -> Mask:
    """Tell which candidates a screen of these patients selects, beside a base fitted to the same patients.

    In a bootstrap resample the copies of a patient are one patient, with as many times the weight: taken for several,
    chance alone would be found in most resamples. Centres are accounted for, as in `screen_biomarkers`.

    Parameters
    ----------
    data : DevelopmentData
        With the matrix of the base.
    own : Study
        With the predictors of the base alone.
    candidates : array, shape (m, n)
        NaN is missing.
    draws, seed : int
    decide : {"maxt", "bh", "by"}
    fdr : float

    Returns
    -------
    array of bool, shape (m,)

    Raises
    ------
    InsufficientDataError
        Where the base separates the outcomes.
    """
    each_weight = data.weights()
    columns = base_columns(data, own, each_weight, seed)
    first, times = np.arange(len(data)), np.ones(len(data))
    if data.copy is not None:
        _, first, counts = np.unique(np.asarray(data.patient), return_index=True, return_counts=True)
        times = counts.astype(float)
    relapse = np.nan_to_num(data.relapse[first])
    centre = None if data.centre is None or accounts_for_centre(own) else data.centre[first]
    within = within_centres(columns[first], relapse, each_weight[first] * times, centre)
    x = np.array([from_middle(row) for row in candidates[:, first]]).reshape(len(candidates), len(first))
    base, weight, counted = within.columns, within.weight, within.weight > 0
    known = counted & ~np.isnan(x)
    testable = [
        not why_untestable(row[here], relapse[here], int(counted.sum())) for row, here in zip(x, known, strict=True)
    ]
    places = np.flatnonzero(testable)
    found = np.zeros(len(candidates), dtype=bool)
    if len(places):
        risk = base_risk(base, relapse, weight, [one.name for one in own.predictors])
        tests = score_tests(x[places], relapse, base, weight)
        strata = within.group if within.few_events else None
        largest = compared_with_null(tests, x[places], relapse, risk, weight, strata, draws, seed)
        found[places] = selected_by(largest, decide, fdr)
    return found


def screen_step(cohort: Cohort, study: Study, way: str, landmark: object, *, prior: object) -> ScreenStep | None:
    """Return the screen of the study's candidates as a step, or None where none was asked for; refuse what cannot be.

    Candidates that this cohort does not give are left out, and stay candidates of the study.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    way : {"none", "screen"}
    landmark : float, sequence of float, or None
    prior : RelapseModel, Cohort or None
        From which the development starts.

    Raises
    ------
    StudyError
        Without candidates; for one that is a dose, the outcome itself, or known only later.
    RelapseModelError
        With several landmarks or an earlier model, or for another way.
    """
    if way not in WAYS:
        raise RelapseModelError(f"biomarkers is {way!r}; expected one of {', '.join(map(repr, WAYS))}.")
    if way == "none":
        return None
    if np.ndim(landmark) or prior is not None:  # type: ignore[arg-type]
        raise RelapseModelError(
            "biomarkers='screen' takes one landmark, and no earlier model (prior): rows of several landmarks are not "
            "independent, and an earlier model knows nothing of the candidates. Screen at one landmark, without prior."
        )
    week, base = study.landmark(landmark), base_names(study, None)  # type: ignore[arg-type]
    wanted = asked_for(study, None, base)
    refuse_what_is_no_biomarker(study, wanted, week)
    derived = [one.candidate.predictor for one in derive_columns(cohort, study, wanted, week) if not one.reason]
    names = tuple(dict.fromkeys(one.name.split("=", 1)[0] for one in derived))
    names = tuple(one.predictor.name for one in study.candidates if one.predictor.name in names)
    return ScreenStep(with_candidates(study, names), base, names)


def require_support_of_step(step: ScreenStep, data: DevelopmentData) -> None:
    """Refuse what a screen of all patients would refuse: few events, and a large base.

    Parameters
    ----------
    step : ScreenStep
    data : DevelopmentData
        With all candidates.
    """
    require_support_of_screen(*step.beside(data))
