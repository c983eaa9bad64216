"""What the classifiers share: one gate for training rows, one for new rows, and what is read off a risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from relapse_model.arrays import LARGEST_VALUE, Floats, require_seed
from relapse_model.classifiers.shared.risks import both_risks
from relapse_model.classifiers.shared.saved_parts import (
    Document,
    read_identity,
)
from relapse_model.errors import InsufficientDataError, RelapseModelError


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows of positive weight, and whether each had the event.

    Attributes
    ----------
    X : ndarray of shape (n, p)
        Predictors; NaN is missing.
    event : ndarray of shape (n,)
        1.0 for an event, 0.0 for none.
    weight : ndarray of shape (n,)
        Positive weights.
    """

    X: Floats
    event: Floats
    weight: Floats


class RiskClassifier(ClassifierMixin, BaseEstimator):
    """A binary classifier whose product is the risk of ``classes_[1]``; missing values are allowed.

    The methods of the contract are documented here, and a class that does not say otherwise inherits what is said. What
    is its own (how it chooses, what becomes of a missing value, what its intervals are) stands in its class.
    """

    classes_: NDArray[Any]
    n_features_in_: int

    def __sklearn_tags__(self) -> Any:
        """Declare that NaN is welcome and that there are two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Self:
        """Learn from rows of two classes; what is chosen is chosen by log loss in rows held out.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        y : array-like of shape (n,)
            Two labels; the larger one is the event.
        sample_weight : array-like of shape (n,), optional
            Row weights; rows of weight 0 do not count at all.
        groups : array-like of shape (n,), optional
            Rows of one group (one patient) stay together where rows are held out or resampled, and count as one
            patient where patients are counted.

        Returns
        -------
        object
            Itself.

        Raises
        ------
        InsufficientDataError
            If only one class came, or a class has fewer rows (or groups) than can be held out.
        RelapseModelError
            If a setting cannot be used, or does not fit the columns.
        NotConvergedError
            If a posterior has no finite mode.
        """
        raise NotImplementedError

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        """Return the log-odds of the event; always finite.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.

        Returns
        -------
        ndarray of shape (n,)
        """
        raise NotImplementedError

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probabilities of no event and of the event; of a classifier with priors, their posterior means.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.

        Returns
        -------
        ndarray of shape (n, 2)
            Columns as in ``classes_``.
        """
        return both_risks(self.predict_log_odds(X))

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        """Return an interval of each row's risk; what kind of interval it is stands in the class.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        level : float, default=0.9
            Probability, or share of the resamples, inside.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper risk.

        Raises
        ------
        IntervalUnavailableError
            If it was fitted without what its intervals are read from.
        """
        raise NotImplementedError

    def to_parts(self) -> dict[str, bytes]:
        """Return the fitted classifier as parts of a model file, which ``from_parts`` reads back bit for bit.

        Returns
        -------
        dict of str to bytes
            JSON, or raw numbers, trees or a pipeline that are audited before they are read; never a pickle.
        """
        raise NotImplementedError

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Return the classifier that ``to_parts`` wrote.

        Parameters
        ----------
        parts : Mapping of str to bytes

        Raises
        ------
        ModelFileError
            If a part is missing, names a class or type that is not ours, or is not what the classifier writes.
        """
        raise NotImplementedError

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of each row: the event where its risk is above one half.

        At a risk of 17 % almost nobody is above one half: use the risk itself for decisions.
        """
        risk = self.predict_proba(X)[:, 1]
        return self.classes_[(risk > 0.5).astype(np.intp)]

    def _training_rows(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> TrainingRows:
        """Check what ``fit`` was given, set ``classes_`` and keep the rows that count."""
        if hasattr(self, "seed"):
            require_seed(self.seed)
        checked: tuple[Floats, NDArray[Any]] = validate_data(
            self, X, y, dtype=np.float64, order="C", ensure_all_finite="allow-nan"
        )
        check_classification_targets(checked[1])
        weight = row_weights(sample_weight, len(checked[0]))
        used = weight > 0
        rows, labels = checked[0][used], checked[1][used]
        check_values(rows)
        self.classes_, event = _two_classes(labels)
        return TrainingRows(rows, event.astype(np.float64), weight[used])

    def _new_rows(self, X: ArrayLike) -> Floats:
        """Check what a prediction was asked for."""
        check_is_fitted(self)
        rows: Floats = validate_data(self, X, dtype=np.float64, order="C", ensure_all_finite="allow-nan", reset=False)
        check_values(rows)
        return rows

    def _identity(self) -> dict[str, object]:
        """Return what every part must say of the classifier: labels and columns."""
        names = getattr(self, "feature_names_in_", None)
        return {
            "classes": self.classes_.tolist(),
            "classes_are_objects": self.classes_.dtype.kind == "O",
            "n_features": self.n_features_in_,
            "feature_names": None if names is None else names.tolist(),
        }

    def _restore_identity(self, document: Document) -> None:
        """Set labels and columns from a part."""
        self.classes_, self.n_features_in_, names = read_identity(document)
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)


def row_weights(sample_weight: ArrayLike | None, rows: int) -> Floats:
    """Return the weight of each row, 1 by default; refuse weights that cannot be used."""
    if sample_weight is None:
        return np.ones(rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (rows,):
        raise RelapseModelError(f"sample_weight has shape {weight.shape}; expected one weight per row, ({rows},).")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise RelapseModelError("sample_weight holds values that are negative or not finite; expected 0 or more.")
    if not weight.any():
        raise InsufficientDataError("Every sample_weight is zero: no row is left; expected positive weights.")
    return weight


def check_values(X: Floats) -> None:
    """Refuse values that are no measurements, naming their columns."""
    if max(np.fmax.reduce(X, axis=None, initial=0.0), -np.fmin.reduce(X, axis=None, initial=0.0)) <= LARGEST_VALUE:
        return  # in two passes that write nothing; NaN counts for neither
    beyond = np.flatnonzero((np.abs(X) > LARGEST_VALUE).any(axis=0))  # NaN compares as False
    if beyond.size:
        raise RelapseModelError(
            f"Columns {beyond.tolist()} (counted from 0) hold values beyond {LARGEST_VALUE:g}; expected "
            "measurements. Check the units, or leave unknown values missing (NaN)."
        )


def _two_classes(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    classes, event = np.unique(y, return_inverse=True)
    if len(classes) > 2:
        raise RelapseModelError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(y)}: {len(classes)} classes came; expected 2."
        )
    if len(classes) < 2:
        raise InsufficientDataError(
            f"The {len(y)} training rows with a positive weight are of one class (fewer than 2 classes): a "
            "risk cannot be learned. Expected at least one event and one row without."
        )
    return classes, event


class IntervalUnavailableError(RelapseModelError):
    """The classifier was fitted without the resamples that its intervals are read from."""
