"""Power of the trial by counting every outcome it can have, with the test that is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics.inputs import require_one_of
from relapse_model.trial.statistics.score_interval import Tables, null_statistic
from relapse_model.validation.estimate import normal_quantile

_NEGLIGIBLE = 1e-12  # probability of a number of losses that is left out


@dataclass(frozen=True, slots=True)
class TrialPower:
    """The chance that a trial shows a difference.

    Parameters
    ----------
    power : float
        The chance of p <= alpha, two-sided, in either direction; the size of the test if the risks are equal.
    right_direction : float
        The part of it in which the arms differ as they truly do; half of it (or so) if they do not.
    patients : tuple of int
        Randomised to treatment and control.
    control, treatment : float
        True risks.
    loss : float
        Chance that a patient's endpoint is unknown.
    alpha : float
        Two-sided level.
    test : str
        The test.
    """

    power: float
    right_direction: float
    patients: tuple[int, int]
    control: float
    treatment: float
    loss: float
    alpha: float
    test: str


@dataclass(frozen=True, eq=False)
class PowerGrid:
    """Power for each pair of risks.

    Parameters
    ----------
    controls, treatments : ndarray
        Risks of the control arm (rows) and the treatment arm (columns).
    power : ndarray of shape (controls, treatments)
        Two-sided power.
    detectable : tuple of (float or None)
        For each control risk the largest risk under treatment, below it, that is detected with ``target`` power, to
        three decimals; None if not even a risk of 0 is.
    target : float
        The power asked for.
    """

    controls: Floats
    treatments: Floats
    power: Floats
    detectable: tuple[float | None, ...]
    target: float


def trial_power(
    patients: int | tuple[int, int],
    *,
    control: float,
    treatment: float,
    loss: float = 0.0,
    alpha: float = 0.05,
    test: str = "score",
) -> TrialPower:
    """Return the power of a trial of two arms with a binary endpoint, exactly.

    Assumes independent patients, and patients lost at random with the same chance in both arms, whose endpoint is
    unknown and who are left out. Every number of events (and of losses) in each arm is weighed by its probability and
    tested: no normal approximation of the power.

    Parameters
    ----------
    patients : int or tuple of int
        Randomised in all, half to each arm (an odd one to treatment); or to treatment and control.
    control, treatment : float
        True risks of the event.
    loss : float
        Chance that a patient's endpoint is unknown.
    alpha : float
        Two-sided level.
    test : str
        ``"score"`` (of the Miettinen-Nurminen interval), or ``"fisher"``.

    Returns
    -------
    TrialPower

    Raises
    ------
    RelapseModelError
        If an argument is out of range.

    Examples
    --------
    >>> round(trial_power(132, control=0.20, treatment=0.05).power, 4)
    0.7726
    """
    arms = _check(patients, (control, treatment), loss, alpha, test)
    rejections = _Rejections(alpha, test)
    total = below = above = 0.0
    for n1, chance1 in _known(arms[0], loss):
        for n0, chance0 in _known(arms[1], loss):
            fewer, more = rejections.probability(n1, treatment, n0, control)
            weight = chance1 * chance0
            below, above = below + weight * fewer, above + weight * more
    total = below + above
    right = below if treatment < control else above if treatment > control else total / 2
    return TrialPower(total, right, arms, float(control), float(treatment), float(loss), float(alpha), test)


def power_grid(
    patients: int | tuple[int, int],
    controls: ArrayLike,
    treatments: ArrayLike,
    *,
    target: float = 0.8,
    loss: float = 0.0,
    alpha: float = 0.05,
    test: str = "score",
) -> PowerGrid:
    """Return the power for many pairs of risks, and the effect that is detectable at each control risk.

    Assumes what `trial_power` assumes, except that the number of patients lost is taken as the expected one, rounded.

    Parameters
    ----------
    patients : int or tuple of int
        As in `trial_power`.
    controls, treatments : array-like
        Risks.
    target : float
        Power at which an effect counts as detectable.
    loss, alpha, test
        As in `trial_power`.

    Returns
    -------
    PowerGrid

    Raises
    ------
    RelapseModelError
        If an argument is out of range.

    Examples
    --------
    >>> grid = power_grid(132, [0.20, 0.25], [0.05])
    >>> grid.power.round(3).tolist(), grid.detectable[1] > 0.05
    ([[0.773], [0.925]], True)
    """
    rows, columns = (np.atleast_1d(np.asarray(risks, dtype=float)) for risks in (controls, treatments))
    arms = _check(patients, [*rows, *columns], loss, alpha, test)
    if not 0 < target < 1:
        raise RelapseModelError(f"Power: target is {target}; expected a number between 0 and 1, such as 0.8.")
    n1, n0 = (round(n * (1 - loss)) for n in arms)
    if min(n1, n0) < 1:
        raise InsufficientDataError(f"Power: {n1} and {n0} patients are left with a loss of {loss:g}; expected some.")
    rejections = _Rejections(alpha, test)
    fine = np.arange(1001) / 1000
    found = rejections.grid(n1, np.concatenate([columns, fine]), n0, rows)
    detectable = []
    for control, power in zip(rows, found[:, columns.size :], strict=True):
        able = np.flatnonzero((fine < control) & (power >= target))
        # Power is not quite monotone: the largest risk up to which all smaller ones are detected.
        missed = np.flatnonzero((fine < control) & (power < target))
        last = able[able < missed[0]] if missed.size else able
        detectable.append(float(fine[last[-1]]) if last.size else None)
    return PowerGrid(rows, columns, found[:, : columns.size], tuple(detectable), float(target))


class _Rejections:
    """Which tables a test rejects, each size of the arms worked out once."""

    def __init__(self, alpha: float, test: str):
        self.alpha, self.test = alpha, test
        self._found: dict[tuple[int, int], tuple[Mask, Mask]] = {}

    def tables(self, n1: int, n0: int) -> tuple[Mask, Mask]:
        """Return, for events of both arms, whether treatment has significantly fewer, and significantly more."""
        if (n1, n0) not in self._found:
            x1, x0 = np.meshgrid(np.arange(n1 + 1.0), np.arange(n0 + 1.0), indexing="ij")
            if self.test == "score":
                sizes = np.full_like(x1, n1), np.full_like(x0, n0)
                z = null_statistic(Tables(*(value[..., np.newaxis] for value in (x1, sizes[0], x0, sizes[1]))))
                significant = np.abs(z) >= normal_quantile(1 - self.alpha)
            else:
                significant = _fisher_p(n1, n0) <= self.alpha
            fewer = x1 * n0 < x0 * n1
            self._found[n1, n0] = (significant & fewer, significant & ~fewer)
        return self._found[n1, n0]

    def probability(self, n1: int, risk1: float, n0: int, risk0: float) -> tuple[float, float]:
        """Return the chance that treatment is found to have fewer events, and more."""
        chance1, chance0 = _binomial(n1, np.array([risk1]))[0], _binomial(n0, np.array([risk0]))[0]
        fewer, more = self.tables(n1, n0)
        return float(chance1 @ fewer @ chance0), float(chance1 @ more @ chance0)

    def grid(self, n1: int, risks1: Floats, n0: int, risks0: Floats) -> Floats:
        """Return the two-sided power for each control risk (rows) and treatment risk."""
        fewer, more = self.tables(n1, n0)
        power: Floats = _binomial(n0, risks0) @ (fewer | more).T.astype(np.float64) @ _binomial(n1, risks1).T
        return power


def _binomial(n: int, risks: Floats) -> Floats:
    """Return the probability of each number of events, for each risk."""
    from scipy import stats

    chances: Floats = stats.binom.pmf(np.arange(n + 1), n, risks[:, np.newaxis])
    return chances


def _known(n: int, loss: float) -> Sequence[tuple[int, float]]:
    """Return the numbers of patients whose endpoint may be known, with their probabilities; 0 known shows nothing."""
    if loss == 0:
        return [(n, 1.0)]
    chances = _binomial(n, np.array([1 - loss]))[0]
    return [(known, float(chances[known])) for known in range(1, n + 1) if chances[known] > _NEGLIGIBLE]


def _fisher_p(n1: int, n0: int) -> Floats:
    """Return Fisher's two-sided p of every table."""
    from scipy import stats

    p = np.ones((n1 + 1, n0 + 1))
    for events in range(n1 + n0 + 1):
        x1 = np.arange(max(0, events - n0), min(n1, events) + 1)
        chances = stats.hypergeom.pmf(x1, n1 + n0, n1, events)
        order = np.argsort(chances)
        running = np.cumsum(chances[order])
        # Tables as likely as the one that came count, up to rounding.
        place = np.searchsorted(chances[order], chances * (1 + 1e-7), side="right") - 1
        p[x1, events - x1] = np.minimum(running[place], 1)
    return p


def _check(
    patients: int | tuple[int, int], risks: Sequence[float], loss: float, alpha: float, test: str
) -> tuple[int, int]:
    """Return the patients of both arms."""
    require_one_of(test, ("score", "fisher"), "Test")
    given = (patients - patients // 2, patients // 2) if isinstance(patients, int) else tuple(patients)
    if len(given) != 2 or any(n != int(n) or n < 1 for n in given):
        raise RelapseModelError(f"Power: {patients} patients; expected 2 or more, or a number for each arm.")
    if any(not 0 <= risk <= 1 for risk in risks):
        raise RelapseModelError(
            f"Power: risks {', '.join(f'{risk:g}' for risk in risks)}; expected shares from 0 to 1, such as 0.20 for "
            "20 %."
        )
    if not (0 <= loss < 1 and 0 < alpha < 1):
        raise RelapseModelError(f"Power: loss is {loss}, alpha {alpha}; expected 0 to below 1, and between 0 and 1.")
    return int(given[0]), int(given[1])
