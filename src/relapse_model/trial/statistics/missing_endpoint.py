"""Patients with an unknown endpoint: the two extremes, missing as failure, and every case between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.trial.statistics.contrast import RISK_DIFFERENCE, Contrast
from relapse_model.trial.statistics.inputs import check_counts
from relapse_model.trial.statistics.proportions import risk_difference
from relapse_model.trial.statistics.score_interval import Tables, score_limits
from relapse_model.validation.estimate import normal_quantile


@dataclass(frozen=True, slots=True)
class ArmCount:
    """One arm: who is known, and how many are not.

    Parameters
    ----------
    events, known, missing : int
        Patients with the event, with a known endpoint, and without.
    """

    events: int
    known: int
    missing: int


@dataclass(frozen=True, slots=True)
class MissingEndpointBounds:
    """The risk difference under each assumption on the patients with an unknown endpoint.

    Parameters
    ----------
    complete : Contrast
        They are left out.
    all_events, no_events : Contrast
        All of them, in both arms, had the event (missing = failure); none had (missing = success).
    worst, best : Contrast
        Worst for the treatment: all of the treatment arm had the event, none of control; best: the other way round.
    """

    complete: Contrast
    all_events: Contrast
    no_events: Contrast
    worst: Contrast
    best: Contrast


@dataclass(frozen=True, eq=False)
class TippingGrid:
    """The risk difference for every number of events among the patients with an unknown endpoint.

    Parameters
    ----------
    difference, lower, upper : ndarray of shape (missing treatment + 1, missing control + 1)
        Row i, column j: i of the treatment arm's unknown patients had the event, j of the control arm's.
    level : float
        Confidence level.
    """

    difference: Floats
    lower: Floats
    upper: Floats
    level: float

    @property
    def fewer_events(self) -> Mask:
        """Return where the whole interval is below 0: the treatment arm has fewer events."""
        below: Mask = self.upper < 0
        return below

    @property
    def more_events(self) -> Mask:
        """Return where the whole interval is above 0: the treatment arm has more events."""
        above: Mask = self.lower > 0
        return above


def missing_endpoint_bounds(treatment: ArmCount, control: ArmCount, level: float = 0.95) -> MissingEndpointBounds:
    """Compare two arms under the extreme assumptions on patients with an unknown endpoint.

    Assumes nothing about them: whatever happened to them lies between ``worst`` and ``best``. Missing = failure is no
    cautious choice if more patients of the control arm are missing.

    Parameters
    ----------
    treatment, control : ArmCount
        The arms.
    level : float
        Confidence level.

    Returns
    -------
    MissingEndpointBounds
        Miettinen-Nurminen intervals.

    Raises
    ------
    InsufficientDataError
        If nobody's endpoint is known in an arm.
    RelapseModelError
        If the counts are not such.

    Examples
    --------
    >>> found = missing_endpoint_bounds(ArmCount(7, 62, 4), ArmCount(14, 62, 4))
    >>> print(found.worst, found.best)
    -0.05 (-0.18 to 0.09) -0.17 (-0.30 to -0.03)
    """
    _check(treatment, control)
    a, b = treatment, control
    whole = a.known + a.missing, b.known + b.missing

    def contrast(more1: int, more0: int) -> Contrast:
        return risk_difference(a.events + more1, whole[0], b.events + more0, whole[1], level)

    return MissingEndpointBounds(
        complete=risk_difference(a.events, a.known, b.events, b.known, level),
        all_events=contrast(a.missing, b.missing),
        no_events=contrast(0, 0),
        worst=contrast(a.missing, 0),
        best=contrast(0, b.missing),
    )


def tipping_grid(treatment: ArmCount, control: ArmCount, level: float = 0.95) -> TippingGrid:
    """Compare two arms for every number of events among patients with an unknown endpoint.

    Assumes nothing about them: the grid shows at which numbers the conclusion tips, and the reader judges whether these
    can be believed.

    Parameters
    ----------
    treatment, control : ArmCount
        The arms.
    level : float
        Confidence level.

    Returns
    -------
    TippingGrid
        Miettinen-Nurminen intervals.

    Raises
    ------
    InsufficientDataError
        If nobody's endpoint is known in an arm.
    RelapseModelError
        If the counts are not such.

    Examples
    --------
    >>> grid = tipping_grid(ArmCount(7, 62, 4), ArmCount(14, 62, 4))
    >>> [(int(i), int(j)) for i, j in zip(*grid.fewer_events.nonzero())]
    [(0, 2), (0, 3), (0, 4), (1, 3), (1, 4)]
    """
    _check(treatment, control)
    more1, more0 = np.meshgrid(np.arange(treatment.missing + 1.0), np.arange(control.missing + 1.0), indexing="ij")
    x1, x0 = treatment.events + more1, control.events + more0
    n1, n0 = float(treatment.known + treatment.missing), float(control.known + control.missing)
    columns = (x1, np.full_like(x1, n1), x0, np.full_like(x0, n0))
    tables = Tables(*(column[..., np.newaxis] for column in columns))
    lower, upper = score_limits(tables, RISK_DIFFERENCE, normal_quantile(level))
    return TippingGrid(x1 / n1 - x0 / n0, lower, upper, level)


def _check(treatment: ArmCount, control: ArmCount) -> None:
    check_counts(treatment.events, treatment.known, control.events, control.known)
    check_counts(0, treatment.missing, 0, control.missing, may_be_empty=True)
