"""What a posterior says of single centres, beside a population in which a new centre is one of many."""

from __future__ import annotations

from dataclasses import dataclass, replace

from relapse_model.arrays import Floats
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture

FEWEST_CENTRES = 3  # of fewer, a spread cannot be told
MOST_CENTRES = 100


@dataclass(frozen=True, slots=True)
class CentreIntercepts:
    """What each of B components says of C centres, beside a population in which a new centre is one of many.

    Attributes
    ----------
    labels : tuple of str
        Centres with enough patients, sorted.
    spread : ndarray of shape (B,)
        Variance between centres, log-odds squared; the intercept of the population holds it.
    mean, variance : ndarray of shape (B, C)
        Of the intercept of each centre, log-odds from the population's.
    cross : ndarray of shape (B, C, q + 1)
        Its covariance with (intercept, coefficients) of the population.
    sd_weight : ndarray of shape (T,)
        Posterior weight of each standard deviation between centres that was tried.
    """

    labels: tuple[str, ...]
    spread: Floats
    mean: Floats
    variance: Floats
    cross: Floats
    sd_weight: Floats

    def mixture_at(self, mixture: LogisticMixture, label: str) -> LogisticMixture:
        """Return the posterior for patients of a known centre.

        Parameters
        ----------
        mixture : LogisticMixture
            Of the population, with the spread in the variance of its intercept.
        label : str
            One of `labels`.
        """
        place = self.labels.index(label)
        covariance = mixture.covariance.copy()
        covariance[:, 0, :] += self.cross[:, place]
        covariance[:, :, 0] += self.cross[:, place]
        covariance[:, 0, 0] += self.variance[:, place] - self.spread
        return replace(mixture, intercept=mixture.intercept + self.mean[:, place], covariance=covariance)
