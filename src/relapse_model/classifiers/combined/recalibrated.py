"""Logistic recalibration: intercept and slope on the log-odds, learned inside the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.metaestimators import available_if

from relapse_model.arrays import Floats
from relapse_model.classifiers.combined.members import (
    SINGLE,
    Kinds,
    check_kind,
    fit_member,
    limits_as_log_odds,
    member_parts,
    out_of_fold_log_odds,
    read_member,
)
from relapse_model.classifiers.prior.loaded import full_classifier
from relapse_model.classifiers.shared.base import RiskClassifier
from relapse_model.classifiers.shared.folds import counted
from relapse_model.classifiers.shared.newton import penalised_logistic
from relapse_model.classifiers.shared.risks import sigmoid
from relapse_model.classifiers.shared.saved_parts import Document, read_document, write_document
from relapse_model.errors import RelapseModelError

METHODS = ("none", "logistic")
FEWEST_EVENTS_FOR_ISOTONIC = 1000
SLOPE_SD = 0.25
_FORM, _PART, _ESTIMATOR = "relapse-model recalibration", "recalibrated.json", "estimator"
_LARGEST = 1e6  # slope or intercept: no recalibration comes near it
_NARROWEST, _WIDEST = 1e-6, 1e6  # of the slope's prior: held at 1, and free, whatever the rows
_RESAMPLED = ("oversampling", "undersampling", "smote", "adasyn", "rose")
_REWEIGHTED = ("class_weight", "class_weights", "balanced", "scale_pos_weight")


def _averaged() -> type[RiskClassifier]:
    from relapse_model.classifiers.combined.averaged import AveragedClassifier

    return AveragedClassifier


def _prior_hazard() -> type[RiskClassifier]:
    from relapse_model.classifiers.prior.hazard import PriorHazardClassifier

    return PriorHazardClassifier


_KINDS: Kinds = {"AveragedClassifier": _averaged, **SINGLE}
# Hazards have no rows to hold out, but may be updated.
_KINDS_IN_FILE: Kinds = {**_KINDS, "PriorHazardClassifier": _prior_hazard}


class CalibrationMethodError(RelapseModelError):
    """A way of calibrating that would spoil the risks of a cohort of this size."""


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A straight line on the log-odds scale: ``intercept + slope * log_odds``.

    Attributes
    ----------
    intercept : float
        Above 0 where risks were too low on the whole (at slope 1).
    slope : float
        Below 1 where risks were too extreme, above 1 where they were too timid; never below 0.
    """

    intercept: float
    slope: float

    def apply(self, log_odds: Floats) -> Floats:
        """Return the recalibrated log-odds."""
        return self.intercept + self.slope * log_odds


def fit_recalibration(
    event: ArrayLike, log_odds: ArrayLike, weight: ArrayLike | None = None, slope_sd: float = SLOPE_SD
) -> Recalibration:
    """Learn intercept and slope from log-odds of rows that were not used to fit them.

    Assumes independent rows. The intercept is free; the slope has a Gaussian prior around 1, so that 20 events,
    which tell a slope to about 0.3 at best, move it only a little, and thousands move it freely.

    Parameters
    ----------
    event : array-like of shape (n,)
        1 for an event, 0 for none.
    log_odds : array-like of shape (n,)
        Predicted log-odds, held out.
    weight : array-like of shape (n,), optional
        Row weights.
    slope_sd : float, default=0.25
        Standard deviation of the prior of the slope.

    Returns
    -------
    Recalibration
        The posterior mode. A slope below 0, which would turn the order of the risks round, is set to 0.

    Raises
    ------
    InsufficientDataError
        If there is no event, or no row without.
    RelapseModelError
        If numbers are not finite, or ``slope_sd`` is not a number from 1e-6 to 1e6.

    Notes
    -----
    Logistic recalibration: Cox, Biometrika 45 (1958) 562-565.

    >>> event = np.repeat([1.0, 0.0, 1.0, 0.0], [20, 80, 40, 60])  # 20 % and 40 %, predicted as 10 % and 20 %
    >>> found = fit_recalibration(event, np.repeat(np.log([1 / 9, 1 / 4]), 100))
    >>> round(found.intercept, 2), round(found.slope, 2)
    (1.01, 1.06)
    """
    event, log_odds = np.asarray(event, dtype=np.float64), np.asarray(log_odds, dtype=np.float64)
    given = np.ones(len(event)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not _NARROWEST <= slope_sd <= _WIDEST:
        raise RelapseModelError(
            f"slope_sd is {slope_sd!r}; expected a positive number, such as {SLOPE_SD}, from {_NARROWEST:g} (the slope "
            f"is 1) to {_WIDEST:g} (nothing is known of it)."
        )
    fit = penalised_logistic(log_odds[:, None], event, given, [[1.0]], [[slope_sd**-2]])
    intercept, slope = float(fit.intercept[0]), float(fit.coef[0, 0])
    if slope < 0:  # the objective is concave: at the border, only the mean risk is left
        return Recalibration(float(np.log(given @ event) - np.log(given @ (1.0 - event))), 0.0)
    return Recalibration(intercept, slope)


def check_calibration(method: str, events: int) -> str:
    """Return the method if it keeps the risks honest in a cohort of this size; refuse it by name if not.

    Parameters
    ----------
    method : str
        "none" or "logistic".
    events : int
        Events among the training rows.

    Raises
    ------
    CalibrationMethodError
        For isotonic regression, class weights, over- and undersampling, and whatever is not known.

    Notes
    -----
    scikit-learn's user guide advises against isotonic calibration with far fewer than 1,000 rows. On balancing
    of classes: van den Goorbergh et al., J Am Med Inform Assoc 29 (2022) 1525-1534.
    """
    name = method.lower().replace("-", "_").replace(" ", "_")
    if name in METHODS:
        return name
    came = f"calibration is {method!r}; expected {' or '.join(METHODS)}."
    if name == "isotonic":
        few = f"{events} events came, and a step function needs {FEWEST_EVENTS_FOR_ISOTONIC} or more"
        reason = few if events < FEWEST_EVENTS_FOR_ISOTONIC else "it is not part of this library, at any size"
        raise CalibrationMethodError(f"{came} Isotonic regression: {reason}. Use 'logistic', which learns two numbers.")
    if name in _REWEIGHTED:
        raise CalibrationMethodError(
            f"{came} Class weights make every risk too high. Leave the classes as they are, and choose the "
            "threshold by what a missed event and a needless treatment cost."
        )
    if name in _RESAMPLED:
        raise CalibrationMethodError(
            f"{came} Over- and undersampling train on a cohort of another risk, and every risk comes out wrong. "
            "Keep every patient once, and choose the threshold by what a missed event and a needless treatment cost."
        )
    raise CalibrationMethodError(f"{came} Use 'none' if unsure.")


class RecalibratedClassifier(RiskClassifier):
    """A classifier whose log-odds are recalibrated on training rows that were held out of it.

    Assumes independent rows (or groups). The classifier is fitted without each fold in turn; intercept and slope
    are learned on the log-odds of the rows held out; then it is fitted on all rows. So the recalibration is part
    of the training, and resampling the whole of it judges it honestly. At 20 events the slope is hardly known:
    see what it brings before using it. Intervals are the classifier's own, recalibrated; intercept and slope are taken
    as known.

    Parameters
    ----------
    estimator : RiskClassifier
        A classifier of this package, not fitted; copies of it are.
    folds : int, default=5
        Folds in which it is held out.
    seed : int, default=0
        Seed of the folds.
    slope_sd : float, default=0.25
        Standard deviation of the prior of the slope, around 1.

    Attributes
    ----------
    estimator_ : RiskClassifier
        Fitted on all rows.
    recalibration_ : Recalibration
        Intercept and slope.
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``.

    Examples
    --------
    >>> from relapse_model.classifiers import RidgeLogisticClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 2))
    >>> y = rng.random(132) < 1 / (1 + np.exp(2 - X[:, 0]))
    >>> RecalibratedClassifier(RidgeLogisticClassifier()).fit(X, y).predict_proba(X).shape
    (132, 2)
    """

    def __init__(
        self, estimator: RiskClassifier | None = None, folds: int = 5, seed: int = 0, slope_sd: float = SLOPE_SD
    ):
        self.estimator = estimator
        self.folds = folds
        self.seed = seed
        self.slope_sd = slope_sd

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        rows = self._training_rows(X, y, sample_weight)
        check_kind(self.estimator, _KINDS, "estimator")
        group = None if groups is None else counted(groups, "groups", sample_weight, len(np.asarray(y)))
        held_out = out_of_fold_log_odds(self.estimator, rows, self.folds, self.seed, group)
        self.recalibration_ = fit_recalibration(rows.event, held_out, rows.weight, self.slope_sd)
        self.estimator_ = fit_member(self.estimator, rows, group)
        return self

    @classmethod
    def around(cls, fitted: Any, line: Recalibration) -> Self:
        """Return a fitted classifier recalibrated by a line that was learned elsewhere, such as in other patients.

        Parameters
        ----------
        fitted : RiskClassifier
            A fitted classifier of this package; of one that is recalibrated already the two lines become one.
        line : Recalibration
        """
        if isinstance(fitted, cls):
            before = fitted.recalibration_
            line = Recalibration(line.intercept + line.slope * before.intercept, line.slope * before.slope)
            fitted = fitted.estimator_
        fitted = full_classifier(fitted)  # of a model that was loaded only to score
        check_kind(fitted, _KINDS_IN_FILE, "around")
        model = cls(clone(fitted))
        model.classes_, model.n_features_in_ = fitted.classes_, fitted.n_features_in_
        if hasattr(fitted, "feature_names_in_"):
            model.feature_names_in_ = fitted.feature_names_in_
        model.estimator_, model.recalibration_ = fitted, line
        return model

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        rows = self._new_rows(X)
        return self.recalibration_.apply(self.estimator_.predict_log_odds(rows))

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        rows = self._new_rows(X)
        limits = self.recalibration_.apply(limits_as_log_odds(self.estimator_.predict_interval(rows, level)))
        log_odds = self.recalibration_.apply(self.estimator_.predict_log_odds(rows))
        return sigmoid(np.column_stack([np.minimum(limits[:, 0], log_odds), np.maximum(limits[:, 1], log_odds)]))

    @available_if(lambda self: hasattr(self.estimator_, "linear_contributions"))  # type: ignore[untyped-decorator]
    def linear_contributions(self, X: ArrayLike, reference: ArrayLike) -> Floats:
        """Return exact Shapley values of the log-odds, of a classifier that has them: its own, times the slope.

        Parameters
        ----------
        X : array-like of shape (n, p)
        reference : array-like of shape (p,)
            The row that the others are compared with.

        Returns
        -------
        ndarray of shape (n, p + 1)
            The last column is the log-odds of the reference.
        """
        found: Floats = self.recalibration_.slope * self.estimator_.linear_contributions(X, reference)
        found[:, -1] += self.recalibration_.intercept
        return found

    def to_parts(self) -> dict[str, bytes]:
        entry, own = member_parts(self.estimator_, _ESTIMATOR)
        values = {
            "settings": {"folds": int(self.folds), "seed": int(self.seed), "slope_sd": float(self.slope_sd)},
            **self._identity(),
            "intercept": self.recalibration_.intercept,
            "slope": self.recalibration_.slope,
            "estimator": entry,
        }
        return {_PART: write_document(_FORM, values), **own}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        document = read_document(parts, _PART, _FORM)
        member = read_member(document, document.get("estimator"), parts, _ESTIMATOR, _KINDS_IN_FILE)
        model = cls(clone(member), **_read_settings(document))
        model._restore_identity(document)
        model.estimator_ = member
        model.recalibration_ = Recalibration(
            document.number("intercept", -_LARGEST, _LARGEST), document.number("slope", 0.0, _LARGEST)
        )
        return model


def _read_settings(document: Document) -> dict[str, Any]:
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    return {
        "folds": settings.integer("folds", 2, 2**31),
        "seed": settings.integer("seed", 0, 2**63),
        "slope_sd": settings.number("slope_sd", _NARROWEST, _WIDEST),
    }
