"""Ridge logistic regression, penalty by cross-validation: the comparator without prior knowledge."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from relapse_model.arrays import Floats
from relapse_model.classifiers.penalised.linear import LinearClassifier, LinearLogOdds
from relapse_model.classifiers.penalised.penalty_losses import best_penalty, cross_validated_losses
from relapse_model.classifiers.penalised.skops_types import ALLOWED, checked_archive, unknown_types
from relapse_model.classifiers.shared.base import TrainingRows
from relapse_model.classifiers.shared.columns import empty_columns
from relapse_model.classifiers.shared.folds import counted, tuning_folds
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.classifiers.shared.saved_parts import (
    Document,
    check_covariance,
    read_document,
    read_part,
    told,
    write_document,
)
from relapse_model.errors import ModelFileError, RelapseModelError

_FORM = "relapse-model ridge logistic"
_PART, _PIPELINE = "ridge.json", "pipeline.skops"
_STEPS = {"imputer": SimpleImputer, "scaler": StandardScaler, "logistic": LogisticRegression}


class RidgeLogisticClassifier(LinearClassifier):
    """L2-penalised logistic regression on standardised columns, penalty by stratified cross-validation.

    Assumes a risk whose log-odds are linear in the columns, effects of like size per standard deviation, and
    independent rows. It is the honest standard to beat; it knows nothing of what is published, and its
    choice of penalty is unstable at 20 events. A missing value takes the median of its column; a column without any
    value is left out. Intervals are Laplace intervals, for the chosen penalty taken as given.

    Parameters
    ----------
    penalties : sequence of float, optional
        Penalties tried (1 / C in scikit-learn; 1 is a prior standard deviation of 1 log-odds per standard
        deviation). By default 12 from 0.1 to 10 000.
    folds : int, default=5
        Folds of the cross-validation.
    seed : int, default=0
        Seed of the folds.

    Attributes
    ----------
    pipeline_ : sklearn.pipeline.Pipeline
        Median imputation (medians do not know the row weights), scaling and the regression, on all rows.
    penalty_ : float
        The chosen penalty.
    cv_log_loss_ : ndarray of shape (n_penalties,)
        Mean held-out log loss of each penalty.
    covariance_ : ndarray of shape (p + 1, p + 1)
        Laplace covariance of (intercept, coefficients), on standardised columns.
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 2))
    >>> y = rng.random(132) < 1 / (1 + np.exp(2 - X[:, 0]))
    >>> RidgeLogisticClassifier().fit(X, y).predict_proba(X).shape
    (132, 2)
    """

    def __init__(self, penalties: Sequence[float] | None = None, folds: int = 5, seed: int = 0):
        self.penalties = penalties
        self.folds = folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        rows = self._training_rows(X, y, sample_weight)
        empty = empty_columns(rows.X)
        # Constant, so that nothing is learned of it.
        rows = TrainingRows(np.where(empty, 0.0, rows.X), rows.event, rows.weight)
        penalties = self._penalties()
        group = None if groups is None else counted(groups, "groups", sample_weight, len(np.asarray(y)))
        fold = tuning_folds(rows.event, self.folds, self.seed, group)
        self.cv_log_loss_ = cross_validated_losses(rows.X, rows.event, rows.weight, fold, penalties)
        self.penalty_ = float(penalties[best_penalty(self.cv_log_loss_, penalties)])
        self.pipeline_ = _fit_pipeline(rows, self.penalty_)
        self.covariance_ = _laplace_covariance(self.pipeline_, rows, self.penalty_)
        # Nobody knows on which scale an empty column lies, so that it has no effect in the interval either.
        left_out = np.append(False, empty)
        self.covariance_[left_out] = self.covariance_[:, left_out] = 0.0
        return self

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        rows = self._new_rows(X)
        reach = NormalDist().inv_cdf(tail_levels(level)[1])
        design = _design(self.pipeline_, rows)
        sd = np.sqrt(np.maximum(((design @ self.covariance_) * design).sum(axis=1), 0.0))
        log_odds = _log_odds(self.pipeline_, design)
        return np.column_stack([sigmoid(log_odds - reach * sd), sigmoid(log_odds + reach * sd)])

    def to_parts(self) -> dict[str, bytes]:
        import skops.io  # here, because it takes a second

        values = {
            "settings": {"folds": int(self.folds), "seed": int(self.seed), "penalties": self._penalties()},
            "default_penalties": self.penalties is None,
            **self._identity(),
            "penalty": self.penalty_,
            "cv_log_loss": told(self.cv_log_loss_),
            "covariance": self.covariance_,
        }
        return {_PART: write_document(_FORM, values), _PIPELINE: skops.io.dumps(self.pipeline_)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        document = read_document(parts, _PART, _FORM)
        model = cls(**_read_settings(document))
        model._restore_identity(document)
        size = model.n_features_in_ + 1
        model.penalty_ = document.number("penalty", low=0.0)
        model.cv_log_loss_ = document.array_if_told("cv_log_loss", model._penalties().shape)
        model.covariance_ = document.array("covariance", (size, size))
        check_covariance(document, "covariance", model.covariance_)
        model.pipeline_ = _read_pipeline(read_part(parts, _PIPELINE), model.n_features_in_)
        return model

    def _penalties(self) -> Floats:
        if self.penalties is None:
            return np.logspace(-1, 4, 12)
        penalties = np.asarray(self.penalties, dtype=np.float64)
        if penalties.ndim != 1 or not penalties.size or not ((penalties > 0) & (penalties < np.inf)).all():
            raise RelapseModelError(f"penalties is {self.penalties!r}; expected one or more positive numbers.")
        return penalties

    def _line(self) -> LinearLogOdds:
        imputer, scaler, logistic = (step for _, step in self.pipeline_.steps)
        slope = logistic.coef_[0] / scaler.scale_
        return LinearLogOdds(slope, scaler.mean_, float(logistic.intercept_[0]), imputer.statistics_)


def _fit_pipeline(rows: TrainingRows, penalty: float) -> Pipeline:
    steps = [
        ("imputer", SimpleImputer(strategy="median")),
        ("scaler", StandardScaler()),
        ("logistic", LogisticRegression(C=1.0 / penalty, solver="newton-cholesky", tol=1e-8)),
    ]
    weights = {"scaler__sample_weight": rows.weight, "logistic__sample_weight": rows.weight}
    return Pipeline(steps).fit(rows.X, rows.event, **weights)


def _design(pipeline: Pipeline, X: Floats) -> Floats:
    """Return the intercept's column and the standardised ones.

    Computed here from the pipeline's public numbers: a pipeline that another version of scikit-learn has written lacks
    private ones that its steps need to transform (``SimpleImputer._fill_dtype``, between 1.6 and 1.9).
    """
    imputer, scaler, _ = (step for _, step in pipeline.steps)
    filled = np.where(np.isnan(X), imputer.statistics_, X)
    return np.column_stack([np.ones(len(X)), (filled - scaler.mean_) / scaler.scale_])


def _log_odds(pipeline: Pipeline, design: Floats) -> Floats:
    logistic = pipeline.steps[-1][1]
    log_odds: Floats = design @ np.append(logistic.intercept_, logistic.coef_[0])
    return log_odds


def _laplace_covariance(pipeline: Pipeline, rows: TrainingRows, penalty: float) -> Floats:
    design = _design(pipeline, rows.X)
    risk = sigmoid(_log_odds(pipeline, design))
    information = (design.T * (rows.weight * risk * (1.0 - risk))) @ design
    information[1:, 1:] += penalty * np.eye(design.shape[1] - 1)
    inverse = np.linalg.inv(information)
    covariance: Floats = 0.5 * (inverse + inverse.T)
    return covariance


def _read_settings(document: Document) -> dict[str, Any]:
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    default = document.get("default_penalties") is True
    return {
        "penalties": None if default else settings.numbers("penalties", low=1e-300),
        "folds": settings.integer("folds", 2, 2**31),
        "seed": settings.integer("seed", 0, 2**63),
    }


def _read_pipeline(data: bytes, columns: int) -> Pipeline:
    """Build the pipeline, after its file has been found to name nothing but our own types."""
    data = checked_archive(data, _PIPELINE)
    import skops.io

    unknown = set(skops.io.get_untrusted_types(data=data)) - set(ALLOWED)
    if unknown:
        raise unknown_types(unknown, _PIPELINE)
    try:
        with warnings.catch_warnings():
            # Only numbers are read from the steps, and the model file's own patients are predicted again.
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            pipeline = skops.io.loads(data, trusted=list(ALLOWED))
        found = {name: type(step) for name, step in pipeline.steps}
        numbers = np.concatenate([np.ravel(values) for values in _arrays(pipeline, columns)])
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelFileError(f"{_PIPELINE}: the pipeline cannot be built ({error}).") from error
    if found != _STEPS or not (np.abs(numbers) <= 1e60).all():
        raise ModelFileError(
            f"{_PIPELINE}: not the pipeline this classifier writes; expected steps {list(_STEPS)} and finite "
            f"numbers for {columns} columns."
        )
    return pipeline


def _arrays(pipeline: Pipeline, columns: int) -> list[Floats]:
    imputer, scaler, logistic = (step for _, step in pipeline.steps)
    expected = {
        (columns,): (imputer.statistics_, scaler.mean_, scaler.scale_),
        (1, columns): (logistic.coef_,),
        (1,): (logistic.intercept_,),
    }
    for shape, arrays in expected.items():
        if any(values.shape != shape or values.dtype != np.float64 for values in arrays):
            raise ValueError(f"expected numbers in the shape {shape}")
    return [values for arrays in expected.values() for values in arrays]
