"""Logistic regression that starts from what is published, and believes it only as far as the data agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Positions
from relapse_model.classifiers.prior.beforehand import BASELINE_WIDTHS, STRENGTHS, WIDTHS, grid_weights
from relapse_model.classifiers.prior.centre_intercepts import CentreIntercepts
from relapse_model.classifiers.prior.centre_values import centre_values, centres_from
from relapse_model.classifiers.prior.centres import (
    CENTRE_SDS,
    centre_rows,
    check_centre_sds,
    fit_with_centres,
)
from relapse_model.classifiers.prior.evidence_grid import (
    Components,
    check_as_stated,
    check_baseline,
    check_grid,
    fit_components,
    forms_of,
    missing_indicators,
    previous_grid,
    published_grid,
)
from relapse_model.classifiers.prior.logistic_mixture import coefficient_moments, mixture_interval, mixture_risk
from relapse_model.classifiers.prior.logistic_mixture_values import FORM, PART, mixture_from, mixture_values
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.prior.prior_columns import PriorColumns, prior_columns
from relapse_model.classifiers.prior.settings import read_settings, settings_values
from relapse_model.classifiers.prior.terms import PriorGrid, Term, check_previous, check_terms, form_count, form_weights
from relapse_model.classifiers.shared.base import RiskClassifier, TrainingRows
from relapse_model.classifiers.shared.folds import counted, group_numbers
from relapse_model.classifiers.shared.saved_parts import read_document, write_document
from relapse_model.errors import RelapseModelError


class PriorLogisticClassifier(RiskClassifier):
    """Bayesian logistic regression with Gaussian priors from published effects, averaged by evidence.

    Assumes a risk whose log-odds are linear in the columns (and in the terms, where given), and independent rows. One
    model is fitted for each prior strength (from "ignore the published means", 0, past "as published", 1, to "half as
    strong again", 1.5), each width of the published priors and of the others, and with the terms and without; they
    are weighted by how well they foresaw the data (Laplace evidence), so a wrong prior is unlearned. Risks are means
    over the whole posterior, not at its mode (a Gaussian around the posterior mean, whose distance from the mode is
    taken to first order); intervals are credible intervals. A missing value takes the weighted median of its column
    (see ``indicators``), and widens the interval.

    Parameters
    ----------
    prior_mean : array-like of shape (p,), optional
        Expected coefficients: log-odds per unit of the column (per standard deviation where
        ``prior_per_sd``).
    prior_sd : array-like of shape (p,), optional
        Their standard deviations, on the same scale. NaN or None: nothing is known of this column.
    prior_per_sd : array-like of bool of shape (p,), optional
        True where the prior is per standard deviation of the column in the training rows; of a yes or no, per half of
        the way between them, however rare one is (see ``effect_steps``).
    terms : tuple of Term
        Non-linear terms and products stated beforehand; the average is over the models of each of their forms, and the
        linear one, which has half the weight before the data.
    previous : tuple of PriorGrid, optional
        Posterior of another cohort, as a second prior, widened by ``between_sds``: one row for the models without
        the terms, one for each form of those with them; of the predictors and the terms, NaN where it knows nothing.
        Whether it is believed, and how far, the evidence decides.
    strengths : tuple of float, default=(0.0, 0.5, 1.0, 1.5)
        Factors of the prior means that are tried; published effects may be too small here as well as too large.
    widths : tuple of float, default=(0.25, 0.5, 1.0, 2.0)
        Factors tried of the prior standard deviations: once for the columns with a prior mean, and once for the rest.
    between_sds : tuple of float, default=(0.0, 0.1, 0.2, 0.4)
        Standard deviations between cohorts that are tried with ``previous``, log-odds per standard deviation.
    default_sd : float, default=0.15
        Prior standard deviation of a column without knowledge, log-odds per standard deviation (as ``prior_per_sd``
        counts it).
    indicators : bool or tuple of int, default=True
        Whether it may count that a value is missing, where at least 10 training patients lack it and 10 have it, 3 of
        each with the event; or the predictors of which it shall. All together have a prior of one small effect.
    typical : array-like of shape (p,), optional
        Typical value of each column, from which the effect of a column counts that no training row has; NaN or None
        where none is known: such a column is left out.
    as_stated : tuple of int, default=()
        Predictors, and terms counted on from them, whose prior is taken as it stands: neither strength nor width of it
        is varied. Such is the effect that a trial is made to find (see ``published_grid``).
    baseline : tuple of (float, float), optional
        Prior of the mean risk: its log-odds and their standard deviation, as published cohorts give them. It stands
        where every column has its mean. Without one the level is learned from the rows alone.
    baseline_widths : tuple of float, default=(1.0, 3.0)
        Factors tried of that standard deviation: the wider one stands for a cohort unlike the published ones.
    strength_weights, width_weights : tuple of float, optional
        How much each strength and each width counts before the data, in any unit; None: each counts alike. For effects
        as published (usually of the right sign and somewhat too large), (0.1, 0.25, 0.5, 0.15) and (0.1, 0.3, 0.5,
        0.1). Priors that are shrunk already, as those of a study file, gain nothing by them (docs/concepts/priors.md).
    centre_sds : tuple of float, default=(0.0, 0.2, 0.4, 0.8)
        Standard deviations between centres that are tried, log-odds, where ``fit`` is given centres. Beforehand 0 has
        half the weight, as the models without terms have it, and the others share the rest.

    Attributes
    ----------
    components_ : LogisticMixture
        The fitted models; intercepts stand at ``center_``.
    coef_mean_, coef_sd_ : ndarray of shape (q,)
        Posterior mean and standard deviation of the coefficients, log-odds per unit: of the p predictors, the
        terms, and the indicators; 0 of a column that is left out.
    prior_mean_, prior_sd_ : ndarray of shape (q,)
        The prior at strength 1 and width 1, log-odds per unit.
    log_evidence_ : ndarray of shape (B,)
        Log marginal likelihood of each component, up to one constant; components by form (without terms,
        then each form with them), strength, width, other width, width of the baseline; then those of ``previous``, by
        form, strength, between-sd and width of the baseline.
    strength_weight_ : ndarray of shape (n_strengths,)
        Posterior weight of each strength: near 0 for strength 1 says that the published means do not fit.
    terms_weight_, previous_weight_ : float
        Posterior weight of the models with the terms, and of those that start from ``previous``.
    baseline_weight_ : ndarray of shape (n_widths,)
        Posterior weight of each width of the baseline; near 0 for the first says that the published risk does not fit.
        Empty without a baseline.
    centres_ : CentreIntercepts or None
        What is known of each centre with enough patients. ``components_`` are then for a new centre: the variance
        between centres is part of the intercept's.
    impute_, center_, scale_ : ndarray of shape (q,)
        Round numbers near weighted median, mean and standard deviation of the training columns (see `round_columns`;
        scale 1 where constant). Of a column without any value: its typical value, and a scale of next to nothing.
    indicators_ : tuple of int
        Predictors that have an indicator.
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
        terms: tuple[Term, ...] = (),
        previous: tuple[PriorGrid, ...] | None = None,
        strengths: Sequence[float] = STRENGTHS,
        widths: Sequence[float] = WIDTHS,
        between_sds: Sequence[float] = (0.0, 0.1, 0.2, 0.4),
        default_sd: float = 0.15,
        indicators: bool | tuple[int, ...] = True,
        typical: ArrayLike | None = None,
        as_stated: tuple[int, ...] = (),
        baseline: tuple[float, float] | None = None,
        baseline_widths: Sequence[float] = BASELINE_WIDTHS,
        strength_weights: Sequence[float] | None = None,
        width_weights: Sequence[float] | None = None,
        centre_sds: Sequence[float] = CENTRE_SDS,
    ):
        self.prior_mean = prior_mean
        self.prior_sd = prior_sd
        self.prior_per_sd = prior_per_sd
        self.terms = terms
        self.previous = previous
        self.strengths = strengths
        self.widths = widths
        self.between_sds = between_sds
        self.default_sd = default_sd
        self.indicators = indicators
        self.typical = typical
        self.as_stated = as_stated
        self.baseline = baseline
        self.baseline_widths = baseline_widths
        self.strength_weights = strength_weights
        self.width_weights = width_weights
        self.centre_sds = centre_sds

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        centre: ArrayLike | None = None,
    ) -> Self:
        """Fit every component and weight them.

        Parameters
        ----------
        X, y, sample_weight, groups
            As every classifier takes them.
        centre : array-like of str of shape (n,), optional
            The centre of each row, None or NaN where it is not known. Of 3 centres or more with 5 patients each gets
            an intercept, partially pooled (see ``centre_sds``, ``at_centre``); with fewer the centre does not count.

        Returns
        -------
        PriorLogisticClassifier
            Itself.
        """
        rows = self._training_rows(X, y, sample_weight)
        check_terms(self.terms, rows.X.shape[1])
        check_as_stated(self.as_stated, rows.X.shape[1] + len(self.terms))
        check_previous(self.previous or (), rows.X.shape[1] + len(self.terms), form_count(tuple(self.terms)))
        own = None if groups is None else counted(groups, "groups", sample_weight, len(np.asarray(y)))
        patient = None if own is None else group_numbers(own, len(rows.event))
        marked = self._marked(rows, patient)
        there = None if centre is None else counted(centre, "centre", sample_weight, len(np.asarray(y)))
        check_grid(self.strengths, self.widths, self.between_sds)
        check_baseline(self.baseline, self.baseline_widths)
        prior = self.prior_mean, self.prior_sd, self.prior_per_sd
        columns = prior_columns(rows.X, rows.weight, self.terms, marked, self.typical, prior, self.default_sd)
        found, centres = self._fitted(rows, columns, len(marked), there, patient)
        weight = self._weights(found.log_evidence)
        mixture = LogisticMixture(
            found.coef, found.intercept, found.covariance, weight,
            columns.impute, columns.center, columns.scale, tuple(self.terms), marked,
        )  # fmt: skip
        if centres is not None:
            centres = replace(centres, sd_weight=centres.sd_weight @ weight)
        return self._set_fitted(mixture, columns.mean, columns.sd, found.log_evidence, centres)

    def at_centre(self, label: str) -> Self:
        """Return the classifier for patients of a known centre; as it is, it is for those of a new or unknown one.

        Parameters
        ----------
        label : str
            One of ``centres_.labels``.

        Raises
        ------
        RelapseModelError
            For any other.
        """
        if self.centres_ is None or label not in self.centres_.labels:
            raise RelapseModelError("at_centre: not a centre that this classifier knows; expected one of its labels.")
        there = copy(self)
        there.components_ = self.centres_.mixture_at(self.components_, label)
        there.centres_ = None
        return there

    def predict_proba(self, X: ArrayLike) -> Floats:
        rows = self._new_rows(X)
        return mixture_risk(self.components_, rows)

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        risk = np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))
        return risk[:, 1] - risk[:, 0]

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        rows = self._new_rows(X)
        return mixture_interval(self.components_, rows, level)

    def to_parts(self) -> dict[str, bytes]:
        part = write_document(
            FORM, {"settings": settings_values(self.get_params()), **self._identity(), **self._state()}
        )
        parts = {PART: part}
        mixture_from(read_document(parts, PART, FORM))  # never write what would be refused
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        document = read_document(parts, PART, FORM)
        mixture = mixture_from(document)
        predictors, columns = mixture.columns, len(mixture.scale)
        forms = form_count(mixture.terms)
        model = cls(terms=mixture.terms, **read_settings(document, predictors, len(mixture.terms), forms))
        model._restore_identity(document)
        mean, sd = document.array("prior_mean", (columns,)), document.array("prior_sd", (columns,))
        grid = published_grid(mean, sd, model.strengths, model.widths, as_stated=model.as_stated)
        every = len(grid.mean) * forms * model._levels()
        if model._published(len(mixture.weight)) != every:
            document.refuse("weight", "one component for each strength and width")
        evidence = document.array("log_evidence", mixture.weight.shape)
        return model._set_fitted(mixture, mean, sd, evidence, centres_from(document, mixture))

    def _fitted(
        self,
        rows: TrainingRows,
        columns: PriorColumns,
        marked: int,
        centre: ArrayLike | None,
        patient: Positions | None,
    ) -> tuple[Components, CentreIntercepts | None]:
        """Return the fitted components, and those of the centres where there are centres enough."""
        sds = check_centre_sds(self.centre_sds)
        forms = forms_of(columns.used, self.terms, marked) * (1 if self.previous is None else 2)
        start = columns.distance, rows.event, rows.weight, forms, self._starts(columns, marked), self._baselines()
        by_centre = None if centre is None else centre_rows(centre, patient)
        return (fit_components(*start), None) if by_centre is None else fit_with_centres(*start, by_centre, sds)

    def _marked(self, rows: TrainingRows, group: Positions | None) -> tuple[int, ...]:
        """Return the predictors that have an indicator: as they were named, or as their patients support it."""
        if isinstance(self.indicators, bool):
            return missing_indicators(rows.X, rows.event, group) if self.indicators else ()
        named = tuple(int(column) for column in self.indicators)
        if not set(named) <= set(range(rows.X.shape[1])):
            raise RelapseModelError(
                f"indicators is {self.indicators!r}; expected True, False, or positions of 0 to {rows.X.shape[1] - 1}."
            )
        return named

    def _starts(self, columns: PriorColumns, marked: int) -> list[PriorGrid]:
        """Return the priors to be tried for each form."""
        forms = form_count(tuple(self.terms))
        grid = published_grid(columns.mean, columns.sd, self.strengths, self.widths, marked, self.as_stated)
        published = [grid] * forms
        if self.previous is None:
            return published
        fallback = PriorGrid(columns.mean[None], columns.sd[None])
        padded = [
            PriorGrid(*(np.pad(a, ((0, 0), (0, marked)), constant_values=np.nan) for a in (one.mean, one.sd)))
            for one in self.previous[:forms]
        ]
        believed = self._believed()
        return published + [
            previous_grid(one, fallback, columns.step, believed, self.between_sds) for one in padded
        ]  # fmt: skip

    def _weights(self, log_evidence: Floats) -> Floats:
        """Return posterior weights: beforehand published and earlier priors count alike, as do the latter each."""
        published = self._published(len(log_evidence))
        forms = form_weights(form_count(tuple(self.terms)))
        earlier = (len(log_evidence) - published) // len(forms)
        beforehand = np.append(self._beforehand(published), np.repeat(forms / max(earlier, 1), earlier))
        weight = beforehand * np.exp(log_evidence - log_evidence.max())
        return np.asarray(weight / weight.sum())

    def _beforehand(self, published: int) -> Floats:
        """Return the weights before the data of the components that start from the published prior."""
        strengths, widths = (self.strengths, self.strength_weights), (self.widths, self.width_weights)
        return grid_weights(strengths, widths, published, form_count(tuple(self.terms)), self._levels())

    def _set_fitted(
        self,
        mixture: LogisticMixture,
        mean: Floats,
        sd: Floats,
        log_evidence: Floats,
        centres: CentreIntercepts | None = None,
    ) -> Self:
        self.components_, self.centres_ = mixture, centres
        self.impute_, self.center_, self.scale_ = mixture.impute, mixture.center, mixture.scale
        self.indicators_ = mixture.indicators
        self.prior_mean_, self.prior_sd_ = mean, sd
        self.log_evidence_ = log_evidence
        self.coef_mean_, self.coef_sd_ = coefficient_moments(mixture)
        forms = form_count(tuple(self.terms))
        published = mixture.weight[: self._published(len(mixture.weight))].reshape(forms, len(self.strengths), -1)
        self.previous_weight_ = 0.0 if self.previous is None else float(max(0.0, 1.0 - published.sum()))
        self.strength_weight_ = published.sum(axis=(0, 2)) / max(published.sum(), 1e-300)
        levels = mixture.weight.reshape(-1, self._levels()).sum(axis=0)
        self.baseline_weight_ = levels if self.baseline is not None else np.empty(0)
        variance = np.diagonal(mixture.covariance, axis1=1, axis2=2)[:, 1 + mixture.columns :][:, : len(self.terms)]
        self.terms_weight_ = float(np.sum(mixture.weight * (variance > 0).any(axis=1)))
        return self

    def _published(self, components: int) -> int:
        """Return how many of the components start from the published prior; they come first."""
        forms = form_count(tuple(self.terms))
        earlier = forms * len(self._believed()) * len(self.between_sds) * self._levels()
        return components - (0 if self.previous is None else earlier)

    def _baselines(self) -> list[tuple[float, float]]:
        """Return the priors of the level that are tried."""
        if self.baseline is None:
            return []
        mean, sd = self.baseline
        return [(float(mean), float(sd) * width) for width in self.baseline_widths]

    def _levels(self) -> int:
        """Return how many components there are for each prior of the coefficients."""
        return max(1, len(self._baselines()))

    def _believed(self) -> list[float]:
        """Return the strengths tried of a previous model: an estimate from patients, so never more than its own."""
        return [strength for strength in self.strengths if 0.0 < strength <= 1.0] or [1.0]

    def _state(self) -> dict[str, object]:
        return {
            "prior_mean": self.prior_mean_,
            "prior_sd": self.prior_sd_,
            "log_evidence": self.log_evidence_,
            **mixture_values(self.components_),
            **centre_values(self.centres_),
        }
