"""The patient's own antibody, estimated from titres that also hold antibody given as a drug."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.courses import Courses, courses_until
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.cohort.rows_by_patient import groups, spread
from relapse_model.cohort.tables.column_values import cell_shown, texts
from relapse_model.comparisons import at_or_before, before, to_the_day
from relapse_model.errors import CohortError, Problem, StudyError
from relapse_model.features.antibody_filter import FLOOR, AntibodyFilter, History
from relapse_model.study.study import PassiveAntibody, Study
from relapse_model.study.unit_spelling import unit_key

# Not identifiable: the interval of log10 is at least this share of the prior's, 2 of 4 powers of ten at 90 %.
WIDE_SHARE = 0.5
_TITRE_UNITS = frozenset({unit_key("mIU/mL"), unit_key("IU/L")})
_LONGEST_DOSE_WEEKS = 1 / 7 + 1e-6  # a day, whatever the last digit of the difference of two weeks
_FIRST_ROW = 2  # rows are numbered as in a spreadsheet: the header is row 1


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

    The figures of the own antibody are assumptions, named in `antibody_filter`.

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
    >>> from relapse_model.study.study import PassiveAntibody, Spread
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
    (['measured', 'estimated'], [60.0, 12.0], [0.0, 34.0])
    """
    known, given = results.until(week).valued(), doses_given(doses, week)
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
    earlier = before(given.start, last_week[given.patient])
    asked = np.flatnonzero(np.bincount(given.patient[earlier], minlength=patients))
    model = AntibodyFilter(passive)
    widest = WIDE_SHARE * float(np.ptp(model.interval(model.prior[None], level)))
    for chunk in np.array_split(asked, -(-len(asked) // model.chunk)) if len(asked) else ():
        _estimate(answer, chunk, titre_history(known, given, chunk, patients), model, level, widest)
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
    >>> from relapse_model.study.study import PassiveAntibody, Spread
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
    passive = passive_antibody_of(study)
    landmark = study.landmark(landmark_week)
    treatments = dose_table(cohort, passive, landmark)
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


def passive_antibody_of(study: Study) -> PassiveAntibody:
    """Return the kinetics of the study, or refuse a study without them or with titres in another unit."""
    passive = study.passive_antibody
    if passive is None:
        problem = Problem(
            f"study {study.name!r}", None, None, "no section [passive_antibody]", "one with agents and kinetics",
            "Without it own and passive antibody cannot be distinguished",
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


def dose_table(cohort: Cohort, passive: PassiveAntibody, landmark: float) -> pd.DataFrame:
    """Return the treatments table, once every dose known at the landmark is an amount in IU at one time."""
    table = cohort.treatments
    if table is None:
        problem = Problem(
            "treatments", None, None, "no such table", f"the doses of {', '.join(passive.agents)}",
            "A table without rows says that nobody was given any",
        )  # fmt: skip
        raise CohortError("no endogenous titre", [problem])
    known = (table["agent"].isin(passive.agents) & at_or_before(table["start_week"], landmark)).to_numpy()
    problems = list(dose_problems(table[known], np.flatnonzero(known) + _FIRST_ROW))
    if problems:
        raise CohortError("no endogenous titre", problems)
    return table


def dose_problems(doses: pd.DataFrame, row: NDArray[np.intp]) -> Iterator[Problem]:
    """Yield what keeps a row from being one dose in IU."""
    missing = [name for name in ("dose", "unit") if name not in doses]
    if missing or doses.empty:
        for name in missing if len(doses) else ():
            yield Problem("treatments", None, name, "the column is missing", f"a column {name!r}", "Doses are in IU")
        return
    amount = doses["dose"].to_numpy(dtype=float)
    for place in np.flatnonzero(~(amount > 0)):
        found = "no amount" if np.isnan(amount[place]) else f"an amount of {amount[place]:g}"
        yield Problem("treatments", int(row[place]), "dose", found, "the amount, above 0", "Take out a dose not given")
    for number, unit in zip(row.tolist(), texts(doses["unit"]), strict=True):
        if unit_key(unit) != "iu":
            yield Problem("treatments", number, "unit", cell_shown(unit) if unit else "no unit", "IU")
    if "end_week" in doses:
        weeks = (doses["end_week"] - doses["start_week"]).to_numpy(dtype=float)
        for place in np.flatnonzero(before(_LONGEST_DOSE_WEEKS, weeks)):
            found = f"{weeks[place]:g} weeks after the start"
            yield Problem("treatments", int(row[place]), "end_week", found, "one row for each dose")


def doses_given(doses: Courses, week: float) -> Courses:
    """Return the doses known at the landmark, sorted by patient."""
    known = np.flatnonzero(at_or_before(doses.start, week))
    if not ((doses.dose[known] > 0) & np.isfinite(doses.dose[known])).all():
        problem = Problem("treatments", None, "dose", "a dose without an amount above 0", "the amount in IU")
        raise CohortError("no endogenous titre", [problem])
    known = known[np.lexsort((doses.dose[known], doses.start[known], doses.patient[known]))]
    return Courses(*(getattr(doses, name)[known] for name in doses.__slots__))


def titre_history(known: Measurements, given: Courses, chosen: NDArray[np.intp], patients: int) -> History:
    """Lay the titres and doses of the chosen patients out as the filter takes them; both sorted by patient."""
    place = np.full(patients, -1)
    place[chosen] = np.arange(len(chosen))
    of_titre, of_dose = place[known.patient], place[given.patient]
    rows = len(chosen)
    titres = (to_the_day(known.week), known.lower, known.upper)  # blood of the day of a dose was drawn before it
    week, lower, upper = (_rectangle(of_titre, column, np.nan, rows) for column in titres)
    return History(
        # Less than the floor is one and the same, however it was printed.
        week=week, lower=np.where(lower < FLOOR, 0.0, lower), upper=np.maximum(upper, FLOOR),
        dose_week=_rectangle(of_dose, to_the_day(given.start), 0.0, rows),
        dose=_rectangle(of_dose, given.dose, 0.0, rows),
    )  # fmt: skip


def _rectangle(place: NDArray[np.intp], column: Floats, empty: float, rows: int) -> Floats:
    """Lay sorted rows out as one line per patient, flush right."""
    place, column = place[place >= 0], column[place >= 0]
    count = np.bincount(place, minlength=rows)
    table = np.full((rows, count.max(initial=0)), empty)
    table[place, np.arange(len(place)) - np.cumsum(count)[place]] = column
    return table


def _estimate(
    answer: EndogenousTitre,
    chosen: NDArray[np.intp],
    history: History,
    model: AntibodyFilter,
    level: float,
    widest: float,
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
