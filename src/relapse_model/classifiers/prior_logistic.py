"""Logistic regression that starts from what is published, and believes it only as far as the data agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from relapse_model.classifiers.base import RiskClassifier, TrainingRows
from relapse_model.classifiers.columns import ColumnSummary, fill_missing, summarise_columns
from relapse_model.classifiers.mixture import (
    LogisticMixture,
    coefficient_moments,
    mixture_interval,
    mixture_risk,
)
from relapse_model.classifiers.mixture_file import FORM, PART, mixture_from, mixture_values
from relapse_model.classifiers.newton import LogisticFits, penalised_logistic
from relapse_model.classifiers.parts import Document, is_number, read_document, write_document
from relapse_model.classifiers.prior import prior_per_unit
from relapse_model.errors import RelapseModelError

FloatArray = NDArray[np.float64]


class PriorLogisticClassifier(RiskClassifier):
    """Bayesian logistic regression with Gaussian priors from published effects, averaged by evidence.

    Assumes a risk whose log-odds are linear in the columns, independent rows, and gaps that tell nothing.
    One model is fitted for each prior strength (from "ignore the published means", 0, to "as published",
    1) and each width of the prior; they are weighted by how well they foresaw the data (Laplace evidence),
    so a wrong prior is unlearned. Risks are means over the whole posterior, not at its mode.

    Parameters
    ----------
    prior_mean : array-like of shape (p,), optional
        Expected coefficients: log-odds per unit of the column (per standard deviation where
        ``prior_per_sd``).
    prior_sd : array-like of shape (p,), optional
        Their standard deviations, on the same scale. NaN or None: nothing is known of this column.
    prior_per_sd : array-like of bool of shape (p,), optional
        True where the prior is per standard deviation of the column in the training rows.
    strengths : tuple of float, default=(0.0, 0.25, 0.5, 0.75, 1.0)
        Factors of the prior means that are tried.
    widths : tuple of float, default=(0.5, 1.0, 2.0, 4.0)
        Factors of the prior standard deviations (of every column) that are tried.
    default_sd : float, default=0.15
        Prior standard deviation of a column without knowledge, log-odds per standard deviation.

    Attributes
    ----------
    components_ : LogisticMixture
        The fitted models, strengths outside, widths inside; intercepts stand at ``center_``.
    coef_mean_, coef_sd_ : ndarray of shape (p,)
        Posterior mean and standard deviation of the coefficients, log-odds per unit.
    prior_mean_, prior_sd_ : ndarray of shape (p,)
        The prior at strength 1 and width 1, log-odds per unit.
    log_evidence_ : ndarray of shape (B,)
        Log marginal likelihood of each component, up to one constant.
    strength_weight_ : ndarray of shape (n_strengths,)
        Posterior weight of each strength: near 0 for strength 1 says that the published means do not fit.
    impute_, center_, scale_ : ndarray of shape (p,)
        Weighted median, mean and standard deviation of the training columns (scale 1 where constant).
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 2))
    >>> y = rng.random(132) < 1 / (1 + np.exp(2 - X[:, 0]))
    >>> model = PriorLogisticClassifier(prior_mean=[0.8, 0.0], prior_sd=[0.4, None]).fit(X, y)
    >>> model.predict_proba(X).shape, model.predict_interval(X[:1]).shape
    ((132, 2), (1, 2))
    """

    def __init__(
        self,
        prior_mean: ArrayLike | None = None,
        prior_sd: ArrayLike | None = None,
        prior_per_sd: ArrayLike | None = None,
        strengths: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
        widths: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
        default_sd: float = 0.15,
    ):
        self.prior_mean = prior_mean
        self.prior_sd = prior_sd
        self.prior_per_sd = prior_per_sd
        self.strengths = strengths
        self.widths = widths
        self.default_sd = default_sd

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit every component and weight them.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing and takes the weighted median of its column.
        y : array-like of shape (n,)
            Two labels; the larger one is the event.
        sample_weight : array-like of shape (n,), optional
            Row weights: 2 counts as two rows, 0 as none.

        Returns
        -------
        PriorLogisticClassifier
            Itself.

        Raises
        ------
        InsufficientDataError
            If only one class or an empty column came.
        RelapseModelError
            If a setting does not fit the columns.
        NotConvergedError
            If a posterior has no finite mode.
        """
        rows = self._training_rows(X, y, sample_weight)
        columns = summarise_columns(rows.X, rows.weight)
        prior = (self.prior_mean, self.prior_sd, self.prior_per_sd)
        mean, sd = prior_per_unit(*prior, self.default_sd, columns.scale)
        fits = self._fit_components(rows, columns, mean, sd)
        weight = np.exp(fits.log_evidence - fits.log_evidence.max())
        mixture = LogisticMixture(
            fits.coef,
            fits.intercept,
            fits.covariance,
            weight / weight.sum(),
            columns.impute,
            columns.center,
            columns.scale,
        )
        return self._set_fitted(mixture, mean, sd, fits.log_evidence)

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return the posterior mean probabilities of no event and of the event.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.

        Returns
        -------
        ndarray of shape (n, 2)
            Columns as in ``classes_``.
        """
        rows = self._new_rows(X)
        return mixture_risk(self.components_, rows)

    def predict_log_odds(self, X: ArrayLike) -> FloatArray:
        """Return the log-odds of the posterior mean risk; always finite. Shape (n,)."""
        risk = np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))
        return risk[:, 1] - risk[:, 0]

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> FloatArray:
        """Return the central credible interval of each row's risk.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing (its uncertainty is not added).
        level : float, default=0.9
            Probability inside.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper risk.
        """
        rows = self._new_rows(X)
        return mixture_interval(self.components_, rows, level)

    def to_parts(self) -> dict[str, bytes]:
        """Return the fitted classifier as one JSON part, which ``from_parts`` reads back bit for bit."""
        part = write_document(FORM, {"settings": self._settings(), **self._identity(), **self._state()})
        parts = {PART: part}
        mixture_from(read_document(parts, PART, FORM))  # never write what would be refused
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """Return the classifier that ``to_parts`` wrote.

        Raises
        ------
        ModelFileError
            If the part is missing, or anything in it is not what this classifier writes.
        """
        document = read_document(parts, PART, FORM)
        mixture = mixture_from(document)
        columns = len(mixture.scale)
        model = cls(**_read_settings(document, columns))  # type: ignore[arg-type]
        if len(model.strengths) * len(model.widths) != len(mixture.weight):
            document.refuse("weight", "one component for each strength and width")
        model._restore_identity(document)
        mean, sd = document.array("prior_mean", (columns,)), document.array("prior_sd", (columns,))
        evidence = document.array("log_evidence", mixture.weight.shape)
        return model._set_fitted(mixture, mean, sd, evidence)

    def _fit_components(
        self, rows: TrainingRows, columns: ColumnSummary, mean: FloatArray, sd: FloatArray
    ) -> LogisticFits:
        strengths = np.asarray(self.strengths, dtype=np.float64)
        widths = np.asarray(self.widths, dtype=np.float64)
        if not strengths.size or not widths.size or not np.isfinite(strengths).all() or not (widths > 0).all():
            raise RelapseModelError(
                f"strengths {self.strengths!r} or widths {self.widths!r} cannot be used; expected at least "
                "one of each, strengths finite, widths positive."
            )
        distance = fill_missing(rows.X, columns.impute) - columns.center
        means = np.repeat(np.outer(strengths, mean), len(widths), axis=0)
        precisions = np.tile(np.outer(widths, sd) ** -2.0, (len(strengths), 1))
        return penalised_logistic(distance, rows.event, rows.weight, means, precisions)

    def _set_fitted(self, mixture: LogisticMixture, mean: FloatArray, sd: FloatArray, log_evidence: FloatArray) -> Self:
        self.components_ = mixture
        self.impute_, self.center_, self.scale_ = mixture.impute, mixture.center, mixture.scale
        self.prior_mean_, self.prior_sd_ = mean, sd
        self.log_evidence_ = log_evidence
        self.coef_mean_, self.coef_sd_ = coefficient_moments(mixture)
        self.strength_weight_ = mixture.weight.reshape(len(self.strengths), -1).sum(axis=1)
        return self

    def _settings(self) -> dict[str, object]:
        return {
            "prior_mean": _optional(self.prior_mean),
            "prior_sd": _optional(self.prior_sd),
            "prior_per_sd": None if self.prior_per_sd is None else np.array(self.prior_per_sd, dtype=bool),
            "strengths": [float(value) for value in self.strengths],
            "widths": [float(value) for value in self.widths],
            "default_sd": float(self.default_sd),
        }

    def _state(self) -> dict[str, object]:
        return {
            "prior_mean": self.prior_mean_,
            "prior_sd": self.prior_sd_,
            "log_evidence": self.log_evidence_,
            **mixture_values(self.components_),
        }


def _optional(values: ArrayLike | None) -> list[float | None] | None:
    """Return a setting as JSON holds it: unknown is null, not NaN."""
    if values is None:
        return None
    found = np.array(values, dtype=np.float64)
    return [None if np.isnan(value) else float(value) for value in found]


def _read_settings(document: Document, columns: int) -> dict[str, object]:
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    return {
        "prior_mean": _read_optional(settings, "prior_mean", columns),
        "prior_sd": _read_optional(settings, "prior_sd", columns),
        "prior_per_sd": _read_flags(settings, columns),
        "strengths": settings.numbers("strengths"),
        "widths": settings.numbers("widths", low=0.0),
        "default_sd": settings.number("default_sd", low=0.0),
    }


def _read_optional(settings: Document, key: str, columns: int) -> FloatArray | None:
    if settings.get(key) is None:
        return None
    found = settings.items(key)
    if len(found) != columns or not all(value is None or is_number(value) for value in found):
        settings.refuse(key, f"{columns} numbers or nulls")
    return np.array(found, dtype=np.float64)


def _read_flags(settings: Document, columns: int) -> NDArray[np.bool_] | None:
    if settings.get("prior_per_sd") is None:
        return None
    found = settings.items("prior_per_sd")
    if len(found) != columns or not all(isinstance(value, bool) for value in found):
        settings.refuse("prior_per_sd", f"{columns} times true or false")
    return np.array(found, dtype=bool)
