"""Truths that a study's priors allow: risks of a cohort's patients by effects that are drawn from the priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.classifiers.prior.evidence_grid import forms_of
from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier
from relapse_model.classifiers.prior.prior_columns import prior_columns
from relapse_model.classifiers.shared.risks import sigmoid
from relapse_model.features.design import Design

_HALVINGS = 60  # of an interval of the intercept, down to rounding


@dataclass(frozen=True, slots=True, eq=False)
class PriorTruths:
    """The columns of a cohort's patients, and what a study says of the effect of each.

    Attributes
    ----------
    distance : array, shape (n, q)
        Columns and terms of the study, from their means.
    mean, sd : array, shape (q,)
        Prior of each effect, log-odds per unit.
    forms : tuple of array of bool, each of shape (q,)
        The columns of a truth without the terms, in one half; and of those of each form with them, equally likely.
    """

    distance: Floats
    mean: Floats
    sd: Floats
    forms: tuple[Mask, ...]

    def draw(self, mean_risk: float, rng: np.random.Generator) -> Floats:
        """Return the risks of the patients in one truth, of a given mean.

        Parameters
        ----------
        mean_risk : float
        rng : numpy.random.Generator
        """
        others = len(self.forms) - 1
        drawn = int(rng.integers(max(2 * others, 1)))
        form = self.forms[max(0, drawn - others + 1) if others else 0]  # without terms there is one form
        effect = np.where(form, rng.normal(self.mean, self.sd), 0.0)
        return risks_of_mean(self.distance @ effect, mean_risk)


def prior_truths(matrix: Floats, design: Design) -> PriorTruths:
    """Return what is needed to draw truths: each effect is normal about its prior mean, with its prior's sd.

    Assumes that the priors hold as they are stated, independently of each other, and that columns without one have
    that of the prior-informed regression, which is small.

    Parameters
    ----------
    matrix : array, shape (n, p)
        As `design_matrix` makes it.
    design : Design
    """
    default_sd: float = PriorLogisticClassifier().default_sd
    prior = design.prior_mean, design.prior_sd, design.prior_per_sd
    columns = prior_columns(matrix, np.ones(len(matrix)), design.terms, (), design.typical, prior, default_sd)
    return PriorTruths(columns.distance, columns.mean, columns.sd, tuple(forms_of(columns.used, design.terms)))


def risks_of_mean(log_odds: Floats, mean: float) -> Floats:
    """Return risks of a given mean: log-odds shifted by an intercept.

    Parameters
    ----------
    log_odds : array, shape (n,)
    mean : float
        Above 0 and below 1.

    Examples
    --------
    >>> risks_of_mean(np.array([-1.0, 1.0]), 0.5).round(3).tolist()
    [0.269, 0.731]
    """
    centre = np.log(mean) - np.log1p(-mean)
    low, high = centre - float(log_odds.max()), centre - float(log_odds.min())
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if sigmoid(log_odds + middle).mean() < mean else (low, middle)
    risk: Floats = sigmoid(log_odds + 0.5 * (low + high))
    return risk
