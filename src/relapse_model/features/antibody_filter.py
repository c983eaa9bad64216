"""Own and passive antibody behind a row of titres: a filter over fixed nodes, without chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from relapse_model.arrays import Floats
from relapse_model.features.kinetics import lognormal_nodes, passive_titre
from relapse_model.study.study import PassiveAntibody

# Own antibody at the first titre, log10 mIU/mL: the normal distribution of which 58.4 % reach 10 mIU/mL (59 of 101
# after peginterferon, doi:10.1186/s12985-025-02761-3) and 34.6 % reach 100 (a lognormal fitted to the same patients;
# 32.7 % were counted in doi:10.1016/j.bjid.2023.103703). Broad: a fifth of it lies below 1, a twentieth above 11,000.
# That its form is normal, and that it holds for other patients, is an assumption.
LEVEL_MEAN_LOG10, LEVEL_SD_LOG10 = 1.35, 1.64
# Its slope, log10 per 4 weeks [assumption]: mean 0. Passive antibody of half-life 24 days falls by 0.35, 3.5 of
# these SDs, so a fall as fast as that of the drug is ascribed to the drug where there is any.
SLOPE_SD_LOG10 = 0.1
# How far it strays from that line, log10 per square root of 4 weeks [assumption]: half of what the slope may do.
DRIFT_SD_LOG10 = 0.05
# Sudden changes (vaccination, a flare, antigen that uses it up): chance per 4 weeks, and their SD [assumption].
JUMP_SHARE, JUMP_SD_LOG10 = 0.05, 0.7
# Less than this is as good as none: no assay of the field quantifies it [assumption].
FLOOR = 1.0
HIGHEST_LOG10 = 6.0

_KINETIC_NODES = 64  # a power of 2, for the balance of the Sobol sequence
# Evenly spaced within 3.5 SDs. Titres of a year or more tell the slope to a sixth of its SD, and nodes must lie closer
# than twice that: 31 are within 1 % of 121 over 4 years of monthly titres. Gauss-Hermite nodes lie too far apart there.
_SLOPE_NODES, _SLOPE_REACH = 31, 3.5
_GRID_STEP_LOG10 = (0.02, 0.08)  # finest and coarsest; between them three quarters of the error
_CHUNK_NUMBERS = 200_000  # in the largest array: 1.6 MB stay in the cache of a processor
_LEAST_LOG_LIKELIHOOD = -60.0  # beside the best: titres that contradict one another still leave a belief


@dataclass(frozen=True, slots=True)
class History:
    """Titres and doses of some patients, the last in the last column.

    Attributes
    ----------
    week, lower, upper : array of float, shape (patients, titres)
        Week and bounds of each titre, mIU/mL; NaN on the left where a patient has fewer.
    dose_week, dose : array of float, shape (patients, doses)
        Week and IU of each dose; a dose of 0 where a patient has fewer.
    """

    week: Floats
    lower: Floats
    upper: Floats
    dose_week: Floats
    dose: Floats


class AntibodyFilter:
    """What is believed of own and passive antibody, from titre to titre: probabilities on fixed nodes.

    A node is a slope of the own antibody, a set of kinetic parameters of the drug, and a level of the own antibody
    in log10. Slope and kinetics stay with the patient; the level moves between titres along the slope, with a
    drift, and seldom with a jump. The lowest level stands for everything below `FLOOR`. The drug is assumed to be
    cleared at one rate: no faster where HBsAg is present.

    Parameters
    ----------
    passive : PassiveAntibody
    slopes : int
        Nodes of the slope.

    Examples
    --------
    400 IU in week 0; the titre is 30 before it and 55 four weeks later, so about 25 came with the dose.

    >>> from relapse_model.study.study import Spread
    >>> kinetics = Spread(24.0, 0.25, "assumed"), Spread(7.5, 0.40, "assumed"), Spread(0.6, 0.50, "assumed")
    >>> filtered = AntibodyFilter(PassiveAntibody("anti_hbs", ("hbig",), *kinetics, 0.12, "assumed"))
    >>> weeks, titres = np.array([[0.0, 4.0]]), np.array([[30.0, 55.0]])
    >>> belief, _ = filtered.posterior(History(weeks, titres, titres, np.array([[0.0]]), np.array([[400.0]])))
    >>> belief.shape, round(float(10 ** (belief.sum(axis=(0, 1, 2)) @ filtered.level)))
    ((1, 31, 64, 76), 29)
    """

    def __init__(self, passive: PassiveAntibody, slopes: int = _SLOPE_NODES):
        self.error = passive.error_sd_log10
        spreads = passive.half_life_days, passive.volume_litres, passive.absorption_per_day
        pairs = tuple((parameter.median, parameter.cv) for parameter in spreads)
        self.kinetics, self.kinetic_weight = lognormal_nodes(pairs, _KINETIC_NODES)
        self.step = float(np.clip(0.75 * self.error, *_GRID_STEP_LOG10))
        self.level = self.step * np.arange(round(HIGHEST_LOG10 / self.step) + 1)
        node = np.linspace(-_SLOPE_REACH, _SLOPE_REACH, slopes)
        weight = np.exp(-0.5 * node**2)
        self.slope, self.slope_weight = SLOPE_SD_LOG10 * node, weight / weight.sum()
        edges = ndtr((self.level[1:] - 0.5 * self.step - LEVEL_MEAN_LOG10) / LEVEL_SD_LOG10)
        self.prior = np.diff(edges, prepend=0.0, append=1.0)  # the lowest level holds all that is lower
        self.chunk = max(1, _CHUNK_NUMBERS // (slopes * _KINETIC_NODES * len(self.level)))

    def start(self, patients: int) -> Floats:
        """Return the belief before any titre, shape (patients, slopes, kinetics, levels)."""
        belief = self.slope_weight[:, None, None] * self.kinetic_weight[:, None] * self.prior
        return np.tile(belief, (patients, 1, 1, 1))

    def passive(self, week: Floats, dose_week: Floats, dose: Floats) -> Floats:
        """Return the sum over the doses under each kinetic node, shape (patients, kinetics)."""
        total = np.zeros((len(week), _KINETIC_NODES))
        for column in range(dose.shape[1]):
            days = 7.0 * (week - dose_week[:, column])
            total += passive_titre(days[:, None], dose[:, column, None], *self.kinetics)
        return total

    def moved(self, belief: Floats, weeks: Floats) -> Floats:
        """Return the belief some weeks later."""
        periods = (weeks / 4.0)[:, None, None]
        shift, drift = self.slope[:, None] * periods, np.maximum(DRIFT_SD_LOG10 * np.sqrt(periods), 1e-9)
        jump = 1.0 - (1.0 - JUMP_SHARE) ** periods
        levels = len(self.level)
        distance = self.step * (np.arange(2 * levels) - levels + 0.5) - shift  # from a level to borders of others
        reached = (1.0 - jump) * ndtr(distance / drift) + jump * ndtr(distance / np.hypot(drift, JUMP_SD_LOG10))
        here, there = np.arange(levels)[:, None], np.arange(levels)
        share = np.diff(reached)[..., there - here + levels - 1]
        share[..., 0] = reached[..., levels - there]  # what would go below the lowest level stays there
        share[..., -1] = 1.0 - reached[..., 2 * levels - 2 - there]
        return np.asarray(belief @ share)

    def likelihood(self, passive: Floats, lower: Floats, upper: Floats) -> Floats:
        """Return the likelihood of one titre per patient, 1 at its best, shape (patients, kinetics, levels)."""
        mean = np.log10(passive[..., None] + np.power(10.0, self.level))
        with np.errstate(divide="ignore"):
            low, high = (np.log10(bound)[:, None, None] for bound in (lower, upper))
        exact = lower == upper
        logarithm = -0.5 * ((high - mean) / self.error) ** 2
        between = ndtr((mean - low)[~exact] / self.error) - ndtr((mean - high)[~exact] / self.error)
        logarithm[~exact] = np.log(np.maximum(between, np.finfo(float).tiny))
        logarithm -= logarithm.max(axis=(1, 2), keepdims=True)
        return np.asarray(np.exp(np.maximum(logarithm, _LEAST_LOG_LIKELIHOOD)))

    def posterior(self, history: History) -> tuple[Floats, Floats]:
        """Return the belief after the last titre, and the passive antibody of that week under each node."""
        belief, passive = self.start(len(history.week)), np.zeros((len(history.week), _KINETIC_NODES))
        for column in range(history.week.shape[1]):
            week = history.week[:, column]
            rows = np.flatnonzero(~np.isnan(week))
            later = np.flatnonzero(~np.isnan(history.week[:, column - 1])) if column else rows[:0]
            belief[later] = self.moved(belief[later], (week - history.week[:, column - 1])[later])
            passive[rows] = self.passive(week[rows], history.dose_week[rows], history.dose[rows])
            seen = self.likelihood(passive[rows], history.lower[rows, column], history.upper[rows, column])
            updated = belief[rows] * seen[:, None]
            belief[rows] = updated / updated.sum(axis=(1, 2, 3), keepdims=True)
        return belief, passive

    def interval(self, levels: Floats, level: float) -> Floats:
        """Return the bounds of log10 with equal tails, shape (patients, 2); the lowest level is a point."""
        border = np.append(0.0, self.level[1:] + 0.5 * self.step)
        tails = 0.5 * (1.0 - level), 0.5 * (1.0 + level)
        return np.array([np.interp(tails, np.cumsum(weights), border) for weights in levels])
