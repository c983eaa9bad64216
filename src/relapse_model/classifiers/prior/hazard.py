"""Discrete-time hazards that start from what is published: the lost count for as long as they were followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import validate_data

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.beforehand import STRENGTHS, WIDTHS, grid_weights
from relapse_model.classifiers.prior.evidence_grid import check_as_stated, check_grid, forms_of, published_grid
from relapse_model.classifiers.prior.hazard_fits import fit_hazards, levels
from relapse_model.classifiers.prior.hazard_mixture import (
    HazardMixture,
    draw_posterior,
    hazard_interval,
    hazard_moments,
    hazard_risk,
)
from relapse_model.classifiers.prior.hazard_mixture_values import (
    FORM,
    PART,
    hazard_from,
    hazard_settings,
    hazard_values,
    read_hazard_settings,
)
from relapse_model.classifiers.prior.person_periods import PersonPeriods, check_ends, person_periods, planned_times
from relapse_model.classifiers.prior.prior_columns import prior_columns
from relapse_model.classifiers.prior.terms import Term, check_terms
from relapse_model.classifiers.shared.base import RiskClassifier, TrainingRows, check_values, row_weights
from relapse_model.classifiers.shared.saved_parts import read_document, write_document
from relapse_model.errors import InsufficientDataError, RelapseModelError


class PriorHazardClassifier(RiskClassifier):
    """Bayesian discrete-time hazards with Gaussian priors from published effects, averaged by evidence.

    Assumes that patients with the same columns who are lost would have had the event as often as those who stay,
    whatever the loss depends on among the columns; that the log-odds of the hazard are linear in the columns, with
    the same effects in every interval; and independent patients. Nobody is dropped and nobody weighted up: a patient
    who is lost counts in the intervals through which he was followed (see ``person_periods``). One model is fitted
    for each prior strength and width, weighted by Laplace evidence, as ``PriorLogisticClassifier`` does; with one
    interval and nobody lost it is that model. Risks and their credible intervals are by the horizon; a missing value
    takes the weighted median of its column, and widens the interval.

    Published effects are mostly odds ratios of the event by the horizon. A ratio of hazards is nearer to 1, the more
    so the higher the risk (an odds ratio of 2.5 from a risk of 17 % is a hazard ratio of 2.2): the strengths make up
    for it.

    Parameters
    ----------
    prior_mean : array-like of shape (p,), optional
        Expected coefficients: log-odds of the hazard per unit of the column (per standard deviation where
        ``prior_per_sd``).
    prior_sd : array-like of shape (p,), optional
        Their standard deviations, on the same scale. NaN or None: nothing is known of this column.
    prior_per_sd : array-like of bool of shape (p,), optional
        True where the prior is per standard deviation of the column in the training rows; of a yes or no, per half of
        the way between them, however rare one is (see ``effect_steps``).
    intervals : tuple of float, default=(4, 8, 12, 24, 36, 48)
        Ends of the intervals, weeks from the landmark; the last is the horizon. They should be the planned visits.
    strengths : tuple of float, default=(0.0, 0.5, 1.0, 1.5)
        Factors of the prior means that are tried.
    widths : tuple of float, default=(0.25, 0.5, 1.0, 2.0)
        Factors tried of the prior standard deviations: once for the columns with a prior mean, and once for the rest.
    default_sd : float, default=0.15
        Prior standard deviation of a column without knowledge, log-odds per standard deviation.
    interval_sd : float, default=1.0
        Prior standard deviation of each interval's log-odds around the common level (which is free) plus the log of
        the interval's length: hazards per week that differ by a factor of 4 are nothing unusual, by 50 they are. It
        matters where an interval has hardly any events; without it, one without events would have a hazard of 0.
    visit_window : float, default=4.0
        Weeks by which a visit may be early or late: a time so near an end of an interval counts as that end (see
        ``planned_times``). 0 where events are dated by more than visits.
    draws : int, default=2000
        Draws from the posterior over which risks are means; even.
    terms : tuple of Term
        Non-linear terms stated beforehand; the average is over models with all of them and with none.
    typical : array-like of shape (p,), optional
        Typical value of each column, from which the effect of a column counts that no training row has; NaN or None
        where none is known: such a column is left out.
    as_stated : tuple of int, default=()
        Predictors, and terms counted on from them, whose prior is taken as it stands (see ``published_grid``).
    strength_weights, width_weights : tuple of float, optional
        How much each strength and each width counts before the data (see ``PriorLogisticClassifier``).

    Attributes
    ----------
    components_ : HazardMixture
        The fitted models, and the draws; levels stand at ``center_``.
    coef_mean_, coef_sd_ : ndarray of shape (q,)
        Posterior mean and standard deviation of the coefficients, log-odds of the hazard per unit: of the p predictors
        and the terms; 0 of a column that is left out.
    prior_mean_, prior_sd_ : ndarray of shape (q,)
        The prior at strength 1 and width 1, log-odds per unit.
    log_evidence_ : ndarray of shape (B,)
        Log marginal likelihood of each component, up to one constant; by form (without terms, with them), strength,
        width, other width.
    strength_weight_ : ndarray of shape (n_strengths,)
        Posterior weight of each strength: near 0 for strength 1 says that the published means do not fit.
    terms_weight_ : float
        Posterior weight of the models with the terms.
    impute_, center_, scale_ : ndarray of shape (q,)
        Round numbers near weighted median, mean and standard deviation of the training columns (see `round_columns`;
        scale 1 where constant).
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``, which is 1: the event by the horizon.

    Notes
    -----
    Efron 1988, J Am Stat Assoc 83:414: a logistic regression over the intervals at risk has the likelihood of the
    discrete hazards, and without columns it gives the life table.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 2))
    >>> relapse, lost = rng.exponential(150 * np.exp(-X[:, 0])), rng.exponential(100, 132)
    >>> model = PriorHazardClassifier(prior_mean=[0.8, 0.0], prior_sd=[0.4, None], intervals=(12, 24, 36, 48))
    >>> model = model.fit(X, np.minimum(relapse, lost), relapse <= lost)
    >>> model.predict_proba(X).shape, model.predict_risk(X, [24, 48]).shape
    ((132, 2), (132, 2))
    """

    def __init__(
        self,
        prior_mean: ArrayLike | None = None,
        prior_sd: ArrayLike | None = None,
        prior_per_sd: ArrayLike | None = None,
        intervals: Sequence[float] = (4.0, 8.0, 12.0, 24.0, 36.0, 48.0),
        strengths: Sequence[float] = STRENGTHS,
        widths: Sequence[float] = WIDTHS,
        default_sd: float = 0.15,
        interval_sd: float = 1.0,
        visit_window: float = 4.0,
        draws: int = 2000,
        terms: tuple[Term, ...] = (),
        typical: ArrayLike | None = None,
        as_stated: tuple[int, ...] = (),
        strength_weights: Sequence[float] | None = None,
        width_weights: Sequence[float] | None = None,
    ):
        self.prior_mean = prior_mean
        self.prior_sd = prior_sd
        self.prior_per_sd = prior_per_sd
        self.intervals = intervals
        self.strengths = strengths
        self.widths = widths
        self.default_sd = default_sd
        self.interval_sd = interval_sd
        self.visit_window = visit_window
        self.draws = draws
        self.terms = terms
        self.typical = typical
        self.as_stated = as_stated
        self.strength_weights = strength_weights
        self.width_weights = width_weights

    def fit(  # type: ignore[override]  # times and events in place of two classes
        self, X: ArrayLike, time: ArrayLike, event: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit every component and weight them.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing and takes the weighted median of its column.
        time : array-like of shape (n,)
            Weeks from the landmark to the event, or to the last time known free of it. A patient who is only known
            to be free at 0 counts for the columns' medians and scales, and for nothing else.
        event : array-like of shape (n,)
            1 for an event at that time, 0 otherwise. Events after the horizon are none by then.
        sample_weight : array-like of shape (n,), optional
            Patient weights: 2 counts as two patients, 0 as none, whose time and event may be unknown (NaN).

        Returns
        -------
        PriorHazardClassifier
            Itself.

        Raises
        ------
        InsufficientDataError
            If nobody has the event by the horizon, or nobody survives any interval at risk; if nobody was at risk in
            the last interval.
        RelapseModelError
            If a setting does not fit the columns, or times and events are not such numbers.
        NotConvergedError
            If a posterior has no finite mode.
        """
        ends = check_ends(self.intervals)
        times, events = _known_follow_up(time, event, sample_weight)
        times = planned_times(times, events, ends, self.visit_window)
        rows, counted = self._patients(X, (events == 1) & (times <= ends[-1]), sample_weight)
        periods = person_periods(times[counted], events[counted], ends)
        _check_followed(rows, periods, ends)
        check_terms(tuple(self.terms), rows.X.shape[1])
        check_grid(self.strengths, self.widths, (0.0,))
        check_as_stated(self.as_stated, rows.X.shape[1] + len(self.terms))
        if not 0.0 < self.interval_sd < np.inf:
            raise RelapseModelError(f"interval_sd is {self.interval_sd!r}; expected a positive number, such as 1.0.")
        prior = self.prior_mean, self.prior_sd, self.prior_per_sd
        columns = prior_columns(rows.X, rows.weight, tuple(self.terms), (), self.typical, prior, self.default_sd)
        grid = published_grid(columns.mean, columns.sd, self.strengths, self.widths, as_stated=self.as_stated)
        forms = forms_of(columns.used, self.terms)
        fits = fit_hazards(columns.distance, rows.weight, periods, ends, forms, grid, self.interval_sd)
        level, covariance = levels(fits, ends)
        coef = np.ascontiguousarray(fits.coef[:, -len(columns.mean) :])
        weight = self._beforehand(len(fits.log_evidence)) * np.exp(fits.log_evidence - fits.log_evidence.max())
        weight /= weight.sum()
        drawn = draw_posterior(np.column_stack([level, coef]), covariance, weight, self.draws)
        mixture = HazardMixture(
            level, coef, covariance, weight, drawn, ends,
            columns.impute, columns.center, columns.scale, tuple(self.terms),
        )  # fmt: skip
        return self._set_fitted(mixture, columns.mean, columns.sd, fits.log_evidence)

    def predict_proba(self, X: ArrayLike) -> Floats:
        rows = self._new_rows(X)
        return np.column_stack(hazard_risk(self.components_, rows, self.components_.ends[-1:]))

    def predict_risk(self, X: ArrayLike, weeks: ArrayLike) -> Floats:
        """Return the posterior mean probability of the event by each week.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Predictors; NaN is missing.
        weeks : array-like of shape (W,)
            Weeks from the landmark, above 0 and up to the horizon; within an interval the hazard is constant.

        Returns
        -------
        ndarray of shape (n, W)

        Raises
        ------
        RelapseModelError
            If a week is not one of those.
        """
        rows = self._new_rows(X)
        return hazard_risk(self.components_, rows, weeks)[1]

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        risk = np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))
        return risk[:, 1] - risk[:, 0]

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        rows = self._new_rows(X)
        return hazard_interval(self.components_, rows, level)

    def to_parts(self) -> dict[str, bytes]:
        part = write_document(
            FORM, {"settings": hazard_settings(self.get_params()), **self._identity(), **self._state()}
        )
        parts = {PART: part}
        hazard_from(read_document(parts, PART, FORM))  # never write what would be refused
        return parts

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        document = read_document(parts, PART, FORM)
        mixture = hazard_from(document)
        model = cls(**read_hazard_settings(document, mixture))
        model._restore_identity(document)
        columns, forms = len(mixture.scale), 2 if mixture.terms else 1
        mean, sd = document.array("prior_mean", (columns,)), document.array("prior_sd", (columns,))
        if len(mixture.weight) % (forms * len(model.strengths) * len(model.widths)):
            document.refuse("weight", "one component for each strength and width")
        evidence = document.array("log_evidence", mixture.weight.shape)
        return model._set_fitted(mixture, mean, sd, evidence)

    def _patients(
        self, X: ArrayLike, relapsed: NDArray[np.bool_], sample_weight: ArrayLike | None
    ) -> tuple[TrainingRows, NDArray[np.bool_]]:
        """Check rows and weights as every classifier does, and return the patients who count, and which they are.

        It is intervals that need both outcomes, not patients: all of them may have the event by the horizon.
        """
        checked: tuple[Floats, NDArray[np.bool_]] = validate_data(
            self, X, relapsed, dtype=np.float64, order="C", ensure_all_finite="allow-nan"
        )
        weight = row_weights(sample_weight, len(relapsed))
        counted = weight > 0
        rows = TrainingRows(checked[0][counted], relapsed[counted].astype(np.float64), weight[counted])
        check_values(rows.X)
        self.classes_ = np.array([0, 1])
        return rows, counted

    def _beforehand(self, components: int) -> Floats:
        """Return the weight of each component before the data."""
        strengths, widths = (self.strengths, self.strength_weights), (self.widths, self.width_weights)
        return grid_weights(strengths, widths, components, 2 if self.terms else 1)

    def _set_fitted(self, mixture: HazardMixture, mean: Floats, sd: Floats, log_evidence: Floats) -> Self:
        self.components_ = mixture
        self.impute_, self.center_, self.scale_ = mixture.impute, mixture.center, mixture.scale
        self.prior_mean_, self.prior_sd_ = mean, sd
        self.log_evidence_ = log_evidence
        self.coef_mean_, self.coef_sd_ = hazard_moments(mixture)
        forms = mixture.weight.reshape(2 if self.terms else 1, len(self.strengths), -1)
        self.strength_weight_ = forms.sum(axis=(0, 2))
        self.terms_weight_ = float(forms[1:].sum())
        return self

    def _state(self) -> dict[str, object]:
        return {
            "prior_mean": self.prior_mean_,
            "prior_sd": self.prior_sd_,
            "log_evidence": self.log_evidence_,
            **hazard_values(self.components_),
        }


def _known_follow_up(time: ArrayLike, event: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Floats, Floats]:
    """Return times and events as arrays, both 0 where the weight is: whatever came there is not read."""
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    unread = np.zeros(times.shape) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64) == 0
    if unread.shape == times.shape == events.shape:  # other shapes are refused where they are checked
        times, events = np.where(unread, 0.0, times), np.where(unread, 0.0, events)
    return times, events


def _check_followed(rows: TrainingRows, periods: PersonPeriods, ends: Floats) -> None:
    if not rows.event.any():
        raise InsufficientDataError(
            f"The {len(rows.event)} training rows with a positive weight are of one class: nobody has the event by the "
            f"horizon at week {ends[-1]:g}, so a risk cannot be learned. Ask for a later horizon, or add follow-up."
        )
    last = int(periods.interval.max(initial=-1))
    if last < len(ends) - 1:
        raise InsufficientDataError(
            f"Nobody was at risk after week {ends[last]:g}, so the hazard up to the horizon at week {ends[-1]:g} was "
            "never observed. Ask for an earlier horizon, or add follow-up."
        )
    if periods.event.all():
        raise InsufficientDataError(
            f"Each of {len(periods.event)} patients at risk has the event within the only interval, up to week "
            f"{ends[-1]:g}: a risk cannot be learned from one class. Divide the interval, such as by (12, 24, 36, 48)."
        )
