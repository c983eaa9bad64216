"""The procedure that makes a model of patients: what `train` does once, and validation in every resample again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.known import Classifier
from relapse_model.development.choice import Choice, choose, fit_known
from relapse_model.development.one_thread import one_thread
from relapse_model.development.screening.step import ScreenStep
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import Design
from relapse_model.features.development_data import DevelopmentData

FOLDS, REPEATS, OUTER_FOLDS = 5, 2, 5


@dataclass(frozen=True, slots=True)
class ProcedureSettings:
    """Settings of `train` and `validate` that are rarely changed.

    Attributes
    ----------
    folds, repeats : int
        Of the cross-validation that chooses the classifier.
    outer_folds : int
        Of the cross-validation around it, by which `validate` judges; `train` does not use it.
    more_predictors_than_events : bool
        Go on even then.
    biomarkers : {"none", "screen"}
        Whether the ``[[candidates]]`` of the study are screened beside its predictors, as `screen_biomarkers` does
        with its defaults, and those selected become predictors: again in every fold and resample.
    keep : str, Path or None
        A file in which `validate` keeps finished runs until all are done, so that one that was broken off can go on. It
        holds risks of single patients, by row, and no identifiers. `train` does not use it.
    resume : bool
        Whether `validate` goes on with the runs in that file, if there are any; if not, they are replaced.

    Examples
    --------
    >>> ProcedureSettings(folds=10).repeats
    2
    """

    folds: int = FOLDS
    repeats: int = REPEATS
    outer_folds: int = OUTER_FOLDS
    more_predictors_than_events: bool = False
    biomarkers: str = "none"
    keep: str | Path | None = None
    resume: bool = False


class SettingKeywords(TypedDict, total=False):
    """The same settings as keywords, one by one."""

    folds: int
    repeats: int
    outer_folds: int
    more_predictors_than_events: bool
    biomarkers: str
    keep: str | Path | None
    resume: bool


def settings_with(settings: ProcedureSettings | None, given: SettingKeywords) -> ProcedureSettings:
    """Return the settings, the defaults where there are none, with those replaced that were given one by one.

    Parameters
    ----------
    settings : ProcedureSettings or None
    given : SettingKeywords

    Raises
    ------
    TypeError
        For a keyword that is no setting.

    Examples
    --------
    >>> settings_with(None, {"folds": 10}).folds
    10
    """
    for name in given:
        if name not in ProcedureSettings.__dataclass_fields__:
            known = ", ".join(ProcedureSettings.__dataclass_fields__)
            raise TypeError(f"unexpected keyword argument {name!r}; the settings are {known}.")
    return replace(settings or ProcedureSettings(), **given)


@dataclass(frozen=True, slots=True)
class Procedure:
    """How a model is made of patients: what `train` does once, and `validate` repeats.

    Attributes
    ----------
    columns : Design
        Columns, priors and directions of the study.
    candidates : tuple of str
        Classifiers to choose among, the simplest first.
    folds, repeats : int
        Of the cross-validation that chooses.
    calibration : {"none", "logistic"}
    screen : ScreenStep or None
        Which of the columns are candidates that a screen selects, again in every run.
    """

    columns: Design
    candidates: tuple[str, ...]
    folds: int = FOLDS
    repeats: int = REPEATS
    calibration: str = "none"
    screen: ScreenStep | None = None


@dataclass(frozen=True, slots=True)
class Development:
    """The result of one run of the procedure: the fitted classifier and how it was chosen.

    Attributes
    ----------
    classifier : Classifier
    choice : Choice
    columns : array of int, or None
        Those of the matrix that the classifier takes, where a screen left some out.
    selected : tuple of str
        Candidates that the screen selected.
    """

    classifier: Classifier
    choice: Choice
    columns: Positions | None = None
    selected: tuple[str, ...] = ()

    def of_classifier(self, matrix: Floats) -> Floats:
        """Return the columns of a matrix that the classifier takes."""
        return matrix if self.columns is None else matrix[:, self.columns]


def develop(
    data: DevelopmentData,
    procedure: Procedure,
    seed: int,
    *,
    final: bool = False,
    jobs: int | None = 1,
    progress: bool = False,
) -> Development:
    """Run the whole procedure on these patients: compare the candidates, choose, refit on all of them.

    Parameters
    ----------
    data : DevelopmentData
    procedure : Procedure
    seed : int
    final : bool
        Whether it is the fit that will be kept: then intervals are learned too.
    jobs : int, optional
        Processes that compare the candidates.
    progress : bool
    """
    columns, way = procedure.columns, procedure.calibration
    # The problems are small: threads cost more than they bring, and the folds run side by side anyway.
    with one_thread():
        choice = choose(
            data, columns, procedure.candidates, seed, folds=procedure.folds, repeats=procedure.repeats,
            calibration=way, judge_single=final, narrow=None if procedure.screen is None else procedure.screen.narrow,
            jobs=jobs, progress=progress,
        )  # fmt: skip
        if procedure.screen is None:
            return Development(fit_known(choice.chosen, data, columns, seed, final=final, calibration=way), choice)
        kept = procedure.screen.narrow(data, seed)
        fitted = fit_known(choice.chosen, kept.data, kept.design, seed, final=final, calibration=way)
        return Development(fitted, choice, kept.columns, kept.selected)


def check_calibration_of(calibration: str, candidates: tuple[str, ...], events: int) -> str:
    """Return the way of calibrating; refuse what would spoil the risks, by name.

    Parameters
    ----------
    calibration : str
    candidates : tuple of str
    events : int

    Raises
    ------
    CalibrationMethodError
        For isotonic regression, class weights, resampling, and what is not known.
    RelapseModelError
        For hazards, which have no rows of outcomes to recalibrate on.
    """
    from relapse_model.classifiers.combined.recalibrated import check_calibration

    method = check_calibration(calibration, events)
    if method != "none" and "prior_hazard" in candidates:
        raise RelapseModelError(
            f"calibration is {calibration!r}, which 'prior_hazard' does not take: it is fitted to times, not to "
            "outcomes at the horizon. Leave it out of the candidates, or use calibration='none'."
        )
    return method
