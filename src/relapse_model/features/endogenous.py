"""The patient's own antibody, estimated from titres that also hold antibody given as a drug."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from relapse_model.cohort import Cohort
from relapse_model.column_reader import shown
from relapse_model.errors import CohortError, Problem, StudyError
from relapse_model.features.grouped import Floats, groups, spread
from relapse_model.features.kinetics import passive_titre
from relapse_model.features.treatment import Courses, courses_until
from relapse_model.measurements import Measurements, measurements
from relapse_model.study import PassiveAntibody, Spread, Study
from relapse_model.units import unit_key

# Own antibody at the first titre, log10 mIU/mL: the normal distribution of which 58.4 % reach 10 mIU/mL and 34.6 %
# reach 100, as after peginterferon (Chang 2025 doi:10.1186/s12985-025-02761-3). Broad: 95 % of it lies below 36,000
# and 20 % below 1 mIU/mL. That its form is normal is an assumption.
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
# Not identifiable: the interval of log10 is at least this share of the prior's, 2 of 4 powers of ten at 90 %.
WIDE_SHARE = 0.5

_KINETIC_NODES = 64  # a power of 2, for the balance of the Sobol sequence
_NODE_REACH = 1.3  # the nodes spread this much wider than the patients, to find the unusual ones; weights make up for it
_SLOPE_NODES = 5
_GRID_STEP_LOG10 = (0.02, 0.08)  # finest and coarsest; between them three quarters of the error
_CHUNK_NUMBERS = 2_000_000  # in the largest array, so 16 MB
_LEAST_LOG_LIKELIHOOD = -60.0  # beside the best: titres that contradict one another still leave a belief
_TITRE_UNITS = frozenset({unit_key("mIU/mL"), unit_key("IU/L")})
_LONGEST_DOSE_WEEKS = 1 / 7


@dataclass(frozen=True, slots=True)
class EndogenousTitre:
    """The patient's own antibody in the week of the last titre, one entry per patient.

    Attributes
    ----------
    value : array of float
        mIU/mL: ten to the posterior mean of log10, so a geometric mean; the measured titre where `state` is
        ``"measured"``. Never below `FLOOR`; where the last titre is above a limit, never above that titre.
    lower, upper : array of float
        Interval of the posterior with equal tails; the bounds of the measured titre where that is the value.
    passive : array of float
        Posterior mean of the antibody given as a drug in that week, mIU/mL.
    measured : array of float
        The last titre.
    state : array of str
        ``"measured"``: no dose before the titre, which then is the patient's own. ``"estimated"``. ``"not
        identifiable"``: the interval is at least half as wide as before any titre (`WIDE_SHARE`), so the value
        says little. ``"unknown"``: no titre, and NaN in every number.
    """

    value: Floats
    lower: Floats
    upper: Floats
    passive: Floats
    measured: Floats
    state: NDArray[Any]


def endogenous_titre(
    results: Measurements, doses: Courses, passive: PassiveAntibody, patients: int, week: float, level: float = 0.9
) -> EndogenousTitre:
    """Estimate the patient's own antibody in the week of the last titre known at a landmark.

    The assay sees the sum of own and passive antibody. Passive antibody follows `passive_titre`, its half-life,
    volume and absorption lognormal between patients. Own antibody moves along a line in log10 whose slope is
    shrunk to 0, strays from it a little, and seldom jumps. Titres have a normal error in log10, and one beyond a
    limit says no more than that. The posterior is a sum over fixed nodes, so there is no chance in it, and the
    estimate of one patient does not depend on the others.

    The figures of the own antibody are assumptions, named at the top of this module.

    Parameters
    ----------
    results : Measurements
        Titres in mIU/mL. Those after the landmark, and words without a number, are not used.
    doses : Courses
        Doses in IU, one row each, given at `start`; blood of the same week was drawn before.
    passive : PassiveAntibody
    patients : int
    week : float
        The landmark.
    level : float
        Of the interval.

    Raises
    ------
    CohortError
        If a dose known at the landmark has no amount above 0.

    Examples
    --------
    Two patients at 60 mIU/mL; the second was given 400 IU four weeks before.

    >>> import numpy as np
    >>> from relapse_model.study import PassiveAntibody, Spread
    >>> assumed = "assumption"
    >>> drug = PassiveAntibody(
    ...     analyte="anti_hbs",
    ...     agents=("hbig",),
    ...     half_life_days=Spread(24.0, 0.25, assumed),
    ...     volume_litres=Spread(7.5, 0.40, assumed),
    ...     absorption_per_day=Spread(0.6, 0.50, assumed),
    ...     error_sd_log10=0.12,
    ...     error_source=assumed,
    ... )
    >>> titre = np.array([60.0, 60.0])
    >>> titres = Measurements(np.array([0, 1]), np.array([4.0, 4.0]), titre, titre, titre)
    >>> dose = Courses(np.array([1]), np.zeros(1), np.zeros(1), np.array([400.0]), np.array([False]))
    >>> own = endogenous_titre(titres, dose, drug, patients=2, week=4.0)
    >>> own.state.tolist(), own.value.round().tolist(), own.passive.round().tolist()
    (['measured', 'estimated'], [60.0, 29.0], [0.0, 27.0])
    """
    known, given = results.until(week).valued(), _given(doses, week)
    of = groups(known.patient, patients)
    last = of.end - 1
    measured, lower, upper, last_week = (
        spread(column[last], of) for column in (known.value, known.lower, known.upper, known.week)
    )
    state = np.where(np.isnan(last_week), "unknown", "measured").astype(object)
    answer = EndogenousTitre(
        value=measured.copy(), lower=lower, upper=upper, passive=np.where(np.isnan(last_week), np.nan, 0.0),
        measured=measured, state=state,
    )  # fmt: skip
    earlier = given.start < last_week[given.patient]
    asked = np.flatnonzero(np.bincount(given.patient[earlier], minlength=patients))
    model = _Model(passive)
    widest = WIDE_SHARE * float(np.ptp(model.interval(model.prior[None], level)))
    for chunk in np.array_split(asked, -(-len(asked) // model.chunk)) if len(asked) else ():
        _estimate(answer, chunk, _history(known, given, chunk, patients), model, level, widest)
    return answer


def derive_endogenous(cohort: Cohort, study: Study, landmark_week: float | None = None) -> pd.DataFrame:
    """Estimate each patient's own antibody beside the antibody given as a drug, as known at the landmark.

    Never a subtraction: see `endogenous_titre` for the model, its assumptions, and what an estimate is. With no
    dose before the last titre the result is that titre.

    Parameters
    ----------
    cohort : Cohort
        With a treatments table, in which each dose is a row with its amount in IU.
    study : Study
        With a section [passive_antibody].
    landmark_week : float, optional
        The study's first landmark by default.

    Returns
    -------
    DataFrame
        Indexed by patient_id, in the order of the cohort, for the week of the last titre, in mIU/mL:
        ``endogenous`` with its 90 % interval ``lower`` and ``upper``, ``passive``, ``measured``; and ``state``
        (``measured``, ``estimated``, ``not identifiable``, ``unknown``).

    Raises
    ------
    StudyError
        If the study has no [passive_antibody], or its analyte is not in mIU/mL.
    CohortError
        If there is no treatments table, or a dose known at the landmark has no amount, another unit, or lasts.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import relapse_model as rm
    >>> from relapse_model.study import PassiveAntibody, Spread
    >>> assumed = "assumption"
    >>> kinetics = Spread(24.0, 0.25, assumed), Spread(7.5, 0.40, assumed), Spread(0.6, 0.50, assumed)
    >>> drug = PassiveAntibody("anti_hbs", ("hbig",), *kinetics, error_sd_log10=0.12, error_source=assumed)
    >>> study = replace(rm.load_study("hbsag-relapse"), passive_antibody=drug)
    >>> own = derive_endogenous(rm.simulate_cohort(20, seed=1), study, landmark_week=24)
    >>> list(own)
    ['endogenous', 'lower', 'upper', 'passive', 'measured', 'state']
    >>> bool((own["endogenous"] > 0).all())
    True
    """
    passive = _passive_antibody(study)
    landmark = study.prediction.landmark_weeks[0] if landmark_week is None else float(landmark_week)
    treatments = _treatments(cohort, passive, landmark)
    own = endogenous_titre(
        measurements(cohort, study, passive.analyte),
        courses_until(treatments, passive.agents, landmark),
        passive,
        len(cohort),
        landmark,
    )
    columns = {"endogenous": own.value, "lower": own.lower, "upper": own.upper, "passive": own.passive}
    columns |= {"measured": own.measured, "state": own.state}
    return pd.DataFrame(columns, index=cohort.patient_ids)


def _passive_antibody(study: Study) -> PassiveAntibody:
    passive = study.passive_antibody
    if passive is None:
        problem = Problem(
            f"study {study.name!r}", None, None, "no section [passive_antibody]", "one with doses' agents and kinetics",
            "Without it own and passive antibody cannot be told apart",
        )  # fmt: skip
        raise StudyError("no endogenous titre", [problem])
    unit = study.analytes[passive.analyte].unit
    if unit_key(unit) not in _TITRE_UNITS:
        problem = Problem(
            f"study {study.name!r}", None, None, f"analyte {passive.analyte!r} in {unit!r}", "mIU/mL or IU/L",
            "Doses are in IU and volumes in litres, so titres must be in IU/L",
        )  # fmt: skip
        raise StudyError("no endogenous titre", [problem])
    return passive


def _treatments(cohort: Cohort, passive: PassiveAntibody, landmark: float) -> pd.DataFrame:
    """Return the treatments table, once every dose known at the landmark is an amount in IU at one time."""
    table = cohort.treatments
    agents = ", ".join(passive.agents)
    if table is None:
        problem = Problem(
            "treatments", None, None, "no such table", f"the doses of {agents}",
            "A table without rows says that nobody was given any",
        )  # fmt: skip
        raise CohortError("no endogenous titre", [problem])
    known = (table["agent"].isin(passive.agents) & (table["start_week"] <= landmark)).to_numpy()
    problems = [problem for row in np.flatnonzero(known) for problem in _dose_problems(table.iloc[row], int(row) + 2)]
    if problems:
        raise CohortError("no endogenous titre", problems)
    return table


def _dose_problems(dose: pd.Series, row: int) -> Iterator[Problem]:
    """Yield what keeps a row from being one dose in IU."""
    amount, unit = dose.get("dose", np.nan), dose.get("unit")
    if not amount > 0:
        found = "no amount" if pd.isna(amount) else f"an amount of {amount:g}"
        yield Problem("treatments", row, "dose", found, "the amount given, above 0", "Take out a dose that was not given")
    if pd.isna(unit) or unit_key(str(unit)) != "iu":
        found = "no unit" if pd.isna(unit) or not str(unit).strip() else f"unit {shown(unit)}"
        yield Problem("treatments", row, "unit", found, "IU")
    weeks = dose.get("end_week", np.nan) - dose["start_week"]
    if weeks > _LONGEST_DOSE_WEEKS:
        yield Problem("treatments", row, "end_week", f"{weeks:g} weeks after the start", "one row for each dose")


def _given(doses: Courses, week: float) -> Courses:
    """Return the doses known at the landmark, sorted by patient."""
    known = np.flatnonzero(doses.start <= week)
    if not (doses.dose[known] > 0).all():
        problem = Problem("treatments", None, "dose", "a dose without an amount above 0", "the amount in IU")
        raise CohortError("no endogenous titre", [problem])
    known = known[np.lexsort((doses.dose[known], doses.start[known], doses.patient[known]))]
    return Courses(*(getattr(doses, name)[known] for name in doses.__slots__))


@dataclass(frozen=True, slots=True)
class _History:
    """Titres and doses of some patients, the last in the last column; NaN, or a dose of 0, where there is none."""

    week: Floats
    lower: Floats
    upper: Floats
    dose_week: Floats
    dose: Floats


def _history(known: Measurements, given: Courses, chosen: NDArray[np.intp], patients: int) -> _History:
    place = np.full(patients, -1)
    place[chosen] = np.arange(len(chosen))
    of_titre, of_dose = place[known.patient], place[given.patient]
    week, lower, upper = (_rectangle(of_titre, column, np.nan) for column in (known.week, known.lower, known.upper))
    return _History(
        # Less than the floor is one and the same, however it was printed.
        week=week, lower=np.where(lower < FLOOR, 0.0, lower), upper=np.maximum(upper, FLOOR),
        dose_week=_rectangle(of_dose, given.start, 0.0), dose=_rectangle(of_dose, given.dose, 0.0),
    )  # fmt: skip


def _rectangle(place: NDArray[np.intp], column: Floats, empty: float) -> Floats:
    """Lay sorted rows out as one line per patient, flush right."""
    place, column = place[place >= 0], column[place >= 0]
    count = np.bincount(place)
    table = np.full((len(count), count.max()), empty)
    table[place, np.arange(len(place)) - np.cumsum(count)[place]] = column
    return table


class _Model:
    """The nodes of the sum, and the steps of the filter over them."""

    def __init__(self, passive: PassiveAntibody):
        self.error = passive.error_sd_log10
        spreads = passive.half_life_days, passive.volume_litres, passive.absorption_per_day
        self.kinetics, self.kinetic_weight = _kinetic_nodes(*spreads)
        self.step = float(np.clip(0.75 * self.error, *_GRID_STEP_LOG10))
        self.level = self.step * np.arange(round(HIGHEST_LOG10 / self.step) + 1)
        node, weight = np.polynomial.hermite_e.hermegauss(_SLOPE_NODES)
        self.slope, self.slope_weight = SLOPE_SD_LOG10 * node, weight / weight.sum()
        edges = ndtr((self.level[1:] - 0.5 * self.step - LEVEL_MEAN_LOG10) / LEVEL_SD_LOG10)
        self.prior = np.diff(edges, prepend=0.0, append=1.0)  # the lowest level holds all that is lower
        self.chunk = max(1, _CHUNK_NUMBERS // (_SLOPE_NODES * _KINETIC_NODES * len(self.level)))

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
        return np.exp(np.maximum(logarithm, _LEAST_LOG_LIKELIHOOD))

    def posterior(self, history: _History) -> tuple[Floats, Floats]:
        """Return the belief after the last titre, and the passive antibody of that week under each node."""
        belief, passive = self.start(len(history.week)), np.zeros((len(history.week), _KINETIC_NODES))
        for column in range(history.week.shape[1]):
            week = history.week[:, column]
            rows = np.flatnonzero(~np.isnan(week))
            later = np.flatnonzero(~np.isnan(history.week[:, column - 1])) if column else rows[:0]
            belief[later] = self.moved(belief[later], (week - history.week[:, column - 1])[later])
            passive[rows] = self.passive(week[rows], history.dose_week[rows], history.dose[rows])
            seen = self.likelihood(passive[rows], history.lower[rows, column], history.upper[rows, column])
            belief[rows] *= seen[:, None]
            belief[rows] /= belief[rows].sum(axis=(1, 2, 3), keepdims=True)
        return belief, passive

    def interval(self, levels: Floats, level: float) -> Floats:
        """Return the bounds of log10 with equal tails, shape (patients, 2); the lowest level is a point."""
        border = np.append(0.0, self.level[1:] + 0.5 * self.step)
        tails = 0.5 * (1.0 - level), 0.5 * (1.0 + level)
        return np.array([np.interp(tails, np.cumsum(weights), border) for weights in levels])


def _estimate(
    answer: EndogenousTitre, chosen: NDArray[np.intp], history: _History, model: _Model, level: float, widest: float
) -> None:
    """Write the estimates of some patients into the answer."""
    belief, passive = model.posterior(history)
    levels, kinetics = belief.sum(axis=(1, 2)), belief.sum(axis=(1, 3))
    # Above a limit the laboratory's number stands, as it does for patients without a dose.
    beyond = np.isposinf(history.upper[:, -1])
    highest = np.where(beyond, np.log10(answer.measured[chosen]), np.inf)[:, None]
    interval = np.minimum(bounds := model.interval(levels, level), highest)
    value = (levels * np.minimum(model.level, highest)).sum(axis=1)
    answer.value[chosen] = np.power(10.0, value)
    answer.lower[chosen] = np.power(10.0, np.minimum(interval[:, 0], value))
    answer.upper[chosen] = np.where(beyond, np.inf, np.power(10.0, bounds[:, 1]))
    answer.passive[chosen] = (kinetics * passive).sum(axis=1)
    wide = interval[:, 1] - interval[:, 0] >= widest
    answer.state[chosen] = np.where(wide, "not identifiable", "estimated")


@lru_cache(maxsize=8)
def _kinetic_nodes(*parameters: Spread) -> tuple[tuple[Floats, ...], Floats]:
    """Return half-life, volume and absorption at the nodes of their joint distribution, and the nodes' weights."""
    from scipy.stats.qmc import Sobol

    points = Sobol(len(parameters), scramble=False).random(_KINETIC_NODES) + 0.5 / _KINETIC_NODES
    normal = _NODE_REACH * ndtri(points)
    weight = np.exp(-0.5 * (1.0 - _NODE_REACH**-2.0) * (normal**2).sum(axis=1))
    nodes = tuple(
        parameter.median * np.exp(np.sqrt(np.log1p(parameter.cv**2)) * column)
        for parameter, column in zip(parameters, normal.T, strict=True)
    )
    return nodes, weight / weight.sum()
