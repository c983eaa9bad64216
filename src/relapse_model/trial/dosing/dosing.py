"""`rm.dosing`: who is due for a dose and why, what was given, and when the next dose falls due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import COUNTED_ONCE, Cohort
from relapse_model.cohort.courses import courses_until
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.tables.column_values import texts
from relapse_model.display.html_summary import html_summary
from relapse_model.errors import CohortError, Problem, RelapseModelError, StudyError
from relapse_model.features.antibody_filter import AntibodyFilter
from relapse_model.features.endogenous import dose_table, doses_given, passive_antibody_of, titre_history
from relapse_model.files import write_csv
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.arms.number_words import number_of, weeks_of
from relapse_model.trial.arms.randomised import RANDOMISED, rows_shown
from relapse_model.trial.dosing.as_of import weeks_known
from relapse_model.trial.dosing.endings import endings
from relapse_model.trial.dosing.forecast import Forecast, forecast
from relapse_model.trial.dosing.missed_visits import missed_visits
from relapse_model.trial.dosing.rule import (
    ALL_CENTRES,
    AS_DUE,
    DETECTED,
    LATE,
    NONE,
    NOT_ASSESSED,
    OMITTED,
    OPEN,
    UNDECIDABLE,
)
from relapse_model.trial.dosing.visit_verdicts import (
    BY_HAND,
    CONTROL,
    WRONG_AMOUNT,
    visit_verdicts,
    without_arm,
)

DEVIATIONS_OF_ASSESSMENT = (NOT_ASSESSED, UNDECIDABLE)
_KINETICS = (
    "antibody kinetics were taken from other HBIG products: none have been published for the Chinese 400 IU product"
)
_UNREACHABLE = 0.9  # beyond this probability the page says that one dose does not do it
_SURPRISING = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class DosingReport:
    """What the dosing rule asks for, what was given, and what is expected.

    Attributes
    ----------
    rule : DosingRule
    due : DataFrame
        One row per patient for whom something is to be done: ``patient_id, arm, week, titre, reason, status``; the
        status is ``due``, ``overdue``, ``undecidable``, ``not assessed`` or ``clinician decides``. Who has no titre at
        all, or none since, although planned visits have passed is ``not assessed``, with these visits as the reason.
    audit : DataFrame
        One row per visit, and per dose that no visit asked for: what was due, what was given, the verdict.
    next : DataFrame or None
        One row per patient with a titre whose dosing has not ended: ``patient_id, titre_week``; ``week, lower, upper``
        (when the titre will fall below the limit: median and 90 % interval, infinite beyond a year), ``next_visit``,
        ``due_at_next_visit`` (NaN where HBsAg is detected: the rule calls for no dose), ``reachable`` (probability that
        one dose brings the titre to the limit), ``dose_needed`` (IU, for information), ``contradicts`` (whether the
        last titre hardly fits the kinetics: check dose, date or assay). None without [passive_antibody] in the study,
        and where there is no such patient.
    deviations : DataFrame
        Counts by verdict and centre.
    adherence : DataFrame
        Given of due doses by centre.
    notes : tuple of str
        What was assumed or could not be said.
    ended : DataFrame
        One row per patient of the arm whose dosing has ended: ``patient_id, week, reason``. Nothing is due for them,
        and nothing is forecast.
    """

    rule: DosingRule
    due: pd.DataFrame
    audit: pd.DataFrame
    next: pd.DataFrame | None
    deviations: pd.DataFrame
    adherence: pd.DataFrame
    notes: tuple[str, ...]
    ended: pd.DataFrame
    _forecast: Forecast | None = None
    _places: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return counts only, never a patient."""
        verdicts = self.audit["verdict"].value_counts()
        given = int(verdicts.get(AS_DUE, 0) + verdicts.get(LATE, 0))
        counts = (number_of(len(self.due), "patient"), number_of(given, "dose"), number_of(len(self.audit), "row"))
        return "DosingReport({} to look at, {} given as due, {})".format(*counts)

    def _repr_html_(self) -> str:
        """Return counts only, as a notebook shows them: patients are never printed."""
        verdicts = self.audit["verdict"].value_counts()
        return html_summary(
            repr(self)[len("DosingReport(") : -1],
            columns=("verdict", "rows"),
            rows=[(str(name), int(count)) for name, count in verdicts.items()],
            note=" ".join(f"{note[:1].upper()}{note[1:]}." for note in self.notes),
        )

    def course(self, patient_id: str) -> pd.DataFrame:
        """Return the forecast of one patient's titre: ``week, median, lower, upper`` (90 % band), mIU/mL.

        Parameters
        ----------
        patient_id : str

        Raises
        ------
        RelapseModelError
            If there is no forecast of this patient.
        """
        if self._forecast is None or patient_id not in self._places:
            raise RelapseModelError("course: no forecast of this patient; expected one of the dosing arm with a titre.")
        place = self._places.index(patient_id)
        known = self._forecast
        return pd.DataFrame(
            {
                "week": known.start[place] + known.course_week,
                "median": known.median[place],
                "lower": known.low[place],
                "upper": known.high[place],
            }
        )

    def save(self, folder: str | Path) -> None:
        """Write the tables, for their owner alone: they name patients.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.
        """
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        tables: dict[str, pd.DataFrame | None] = {
            "due": self.due, "audit": self.audit, "next": self.next, "ended": self.ended,
        }  # fmt: skip
        for name, table in tables.items():
            if table is not None:
                write_csv(table, path / f"{name}.csv", private=True)


def dosing(
    cohort: Cohort,
    study: Study,
    as_of_week: float | date | None = None,
    visits: tuple[float, ...] | None = None,
) -> DosingReport:
    """Hold the dosing rule of the study against what was measured and given.

    Blood of a visit is drawn before the dose of that visit. A titre printed below a limit under the rule's threshold
    makes a dose due; one whose limit lies above it is undecidable, and listed. Where HBsAg is detected no dose is due:
    that a clinician decides, until a relapse is confirmed, which ends dosing. Forecasts assume the kinetics of the
    study's [passive_antibody].

    Parameters
    ----------
    cohort : Cohort
        With an arm column, a treatments table, and titres in the labs table.
    study : Study
        With a section [dosing].
    as_of_week : float or date, optional
        Up to when the records are looked at: a week since enrolment, or a calendar day (which needs
        ``enrolment_date``). By default all records of each patient.
    visits : tuple of float, optional
        Planned weeks; those of the study by default.

    Returns
    -------
    DosingReport

    Raises
    ------
    StudyError
        If the study has no [dosing].
    CohortError
        If the arm of a randomised patient or the treatments are missing, a dose has no amount in IU, or a date was
        asked for and there are no enrolment dates.
    RelapseModelError
        For a week or day before every enrolment, or more than a year after the last record.

    Examples
    --------
    >>> import relapse_model as rm
    >>> report = rm.dosing(rm.simulate_cohort(40, seed=1), rm.load_study("hbsag-relapse"), as_of_week=12)
    >>> list(report.due.columns)
    ['patient_id', 'arm', 'week', 'titre', 'reason', 'status']
    """
    rule = _rule(study)
    _need_arm(cohort, study, rule)
    planned = rule.visits if visits is None else tuple(visits)
    as_of = weeks_known(cohort, as_of_week, rule)
    ends = endings(cohort, study, rule, as_of)
    table = visit_verdicts(cohort, study, rule, as_of, planned, ends)
    begun = as_of >= rule.first.week - rule.first.window_weeks
    arm = (cohort.patients["arm"] == rule.arm).to_numpy() & begun
    ids, ended = cohort.patient_ids.to_numpy(), np.flatnonzero(arm & ends.ended)
    whose = table["patient"].to_numpy(dtype=np.intp)
    unseen = missed_visits(cohort, study, rule, as_of, planned, ends)
    due = _due(table[~ends.ended[whose]], unseen, cohort, rule)
    notes = [*_notes(rule, as_of_week, ends.cause[ended]), *_counted_once(cohort)]
    found: Forecast | None = None
    places: tuple[int, ...] = ()
    upcoming: pd.DataFrame | None = None
    if study.passive_antibody is None:
        notes.append("no forecast: it needs a section [passive_antibody] in the study")
    else:
        found, places = _forecast(cohort, study, rule, as_of, arm & ~ends.ended)
        by_hand = set(due.loc[due["status"] == BY_HAND, "patient_id"])
        upcoming = None if found is None else _next(ids, found, places, ends.stop, planned, as_of, by_hand)
        notes.append(_KINETICS)
    audited = table.assign(patient=ids[whose]).rename(columns={"patient": "patient_id"})
    centre = _centres(cohort)[whose]
    gone = pd.DataFrame({"patient_id": ids[ended], "week": ends.week[ended], "reason": ends.reason[ended]})
    return DosingReport(
        rule, due, audited, upcoming, _deviations(table, centre),
        _adherence(table, centre), tuple(notes), gone, found, tuple(ids[list(places)]),
    )  # fmt: skip


def _rule(study: Study) -> DosingRule:
    if study.dosing is None:
        problem = Problem(
            f"study {study.name!r}", None, None, "no section [dosing]", "one with agent, arm, dose and again"
        )
        raise StudyError("no dosing report", [problem])
    return study.dosing


def _notes(rule: DosingRule, as_of: float | date | None, ended: NDArray[np.object_]) -> list[str]:
    """Return what is assumed of windows and of the day, and how many are past dosing."""
    first, again = weeks_of(rule.first.window_weeks), weeks_of(rule.again.act_within_weeks)
    notes = [f"a dose counts as given on time within {again}, the first within {first} (set in the study)"]
    if as_of is None:
        notes.append(
            "no day was stated ('as of'), so the records are taken as complete: a dose that was due and is not among "
            "them counts as overdue, and a planned visit without a titre as not assessed"
        )
    if len(ended):
        causes = ", ".join(f"{cause} {count}" for cause, count in pd.Series(ended).value_counts(sort=False).items())
        notes.append(
            f"dosing has ended in {number_of(len(ended), 'patient')} ({causes}): nothing is due for them, and nothing "
            "is forecast"
        )
    return notes


def _counted_once(cohort: Cohort) -> list[str]:
    """Say whether two vials may have been read as one row."""
    once = sum(one.table == "treatments" and one.found == COUNTED_ONCE for one in cohort.remarks)
    if not once:
        return []
    return [
        f"{number_of(once, 'row')} of treatments that differ from another in the row number only count once: two vials "
        "of one day are to be one row with their sum"
    ]


def _need_arm(cohort: Cohort, study: Study, rule: DosingRule) -> None:
    expected = "the arm of each patient"
    if "arm" not in cohort.patients:
        raise CohortError("no dosing report", [Problem("patients", None, "arm", "the column is missing", expected)])
    arms = cohort.patients["arm"]
    if not (arms == rule.arm).any():
        there = ", ".join(sorted(map(repr, arms.dropna().astype(str).unique()))) or "no arm at all"
        problem = Problem("patients", None, "arm", f"nobody in the arm {rule.arm!r}, but {there}",
                          "patients in the arm that [dosing] names",
                          "State arm under [dosing] as the patients table writes it")  # fmt: skip
        raise CohortError("no dosing report", [problem])
    rows = np.flatnonzero(without_arm(cohort, study) & _randomised(cohort))
    if len(rows):
        problem = Problem("patients", None, "arm", f"no arm in {rows_shown(rows)}", expected,
                          "Find out to which arm they were allocated; who was not randomised has 0 in a column "
                          f"{RANDOMISED!r}")  # fmt: skip
        raise CohortError("no dosing report", [problem])


def _randomised(cohort: Cohort) -> Mask:
    if RANDOMISED not in cohort.patients:
        return np.ones(len(cohort), dtype=bool)
    return np.asarray((texts(cohort.patients[RANDOMISED]) != "0").to_numpy(), dtype=bool)


def _due(table: pd.DataFrame, unseen: pd.DataFrame, cohort: Cohort, rule: DosingRule) -> pd.DataFrame:
    """Return who needs something now: an open dose, or a visit that was left without its dose or its titre.

    Of each patient the last visit counts; who never had a titre is listed for that, if for nothing else.
    """
    visits = table[table["call"] != NONE]
    last = visits.groupby("patient").tail(1)
    status = {OPEN: "due", OMITTED: "overdue", NOT_ASSESSED: NOT_ASSESSED, UNDECIDABLE: UNDECIDABLE, BY_HAND: BY_HAND}
    listed = last[last["verdict"].isin(status)]
    never = unseen[~unseen["patient"].isin(listed["patient"])].assign(verdict=NOT_ASSESSED, titre=None)
    columns = ["patient", "week", "titre", "reason", "verdict"]
    listed = pd.concat([one[columns] for one in (listed, never) if len(one)] or [listed[columns]], ignore_index=True)
    listed = listed.sort_values(["patient", "week"], kind="stable")
    return pd.DataFrame(
        {
            "patient_id": cohort.patient_ids.to_numpy()[listed["patient"].to_numpy(dtype=np.intp)],
            "arm": rule.arm,
            "week": listed["week"].to_numpy(dtype=float),
            "titre": listed["titre"].to_numpy(dtype=object),
            "reason": listed["reason"].where(listed["verdict"] != BY_HAND, DETECTED).to_numpy(),
            "status": listed["verdict"].map(status).to_numpy(),
        }
    )


def _forecast(
    cohort: Cohort, study: Study, rule: DosingRule, as_of: Floats, asked: Mask
) -> tuple[Forecast | None, tuple[int, ...]]:
    """Return the forecast of every patient asked for who has a titre, and their positions."""
    passive = passive_antibody_of(study)
    titres = measurements(cohort, study, rule.again.analyte).valued()
    titres = titres.rows((titres.week <= as_of[titres.patient]) & asked[titres.patient])
    treatments = dose_table(cohort, passive, np.inf)
    given = doses_given(courses_until(treatments, passive.agents, np.inf), np.inf)
    counted = given.start <= as_of[given.patient]
    given = type(given)(*(getattr(given, name)[counted] for name in type(given).__slots__))
    places = np.unique(titres.patient)
    if not len(places):
        return None, ()
    history = titre_history(titres, given, places, len(cohort))
    return forecast(AntibodyFilter(passive), history, rule.dose, rule.again.below), tuple(places.tolist())


def _next(
    ids: NDArray[np.object_],
    found: Forecast,
    places: tuple[int, ...],
    stop: Floats,
    planned: tuple[float, ...],
    as_of: Floats,
    by_hand: set[str],
) -> pd.DataFrame:
    rows = list(places)
    now = np.where(np.isfinite(as_of[rows]), as_of[rows], found.start)
    visit = np.array([next((week for week in planned if week > at), np.nan) for at in now])
    visit = np.where(visit < stop[rows], visit, np.nan)
    chance = np.where([one in by_hand for one in ids[rows]], np.nan, found.due_at(visit))
    return pd.DataFrame(
        {
            "patient_id": ids[rows],
            "titre_week": found.start,
            "week": found.crossing,
            "lower": found.lower,
            "upper": found.upper,
            "next_visit": visit,
            "due_at_next_visit": chance,
            "reachable": 1.0 - found.unreachable,
            "dose_needed": found.dose_needed,
            "contradicts": found.surprise < _SURPRISING,
        }
    )


def _centres(cohort: Cohort) -> np.ndarray[Any, np.dtype[np.object_]]:
    if "centre" not in cohort.patients:
        return np.full(len(cohort), "all", dtype=object)
    return cohort.patients["centre"].fillna("unknown").astype(str).to_numpy(dtype=object)


def _deviations(table: pd.DataFrame, centre: np.ndarray[Any, np.dtype[np.object_]]) -> pd.DataFrame:
    """Count what departs from the rule by kind and centre, also centres in which nothing did."""
    departs = ~table["verdict"].isin([AS_DUE, NONE, OPEN, BY_HAND])  # the last is for a person to decide
    kinds = pd.crosstab(table.loc[departs, "verdict"], centre[departs.to_numpy()])
    kinds = kinds.reindex(columns=sorted(set(centre.tolist())), fill_value=0)
    return kinds.rename_axis(index="deviation", columns=None).reset_index()


def _adherence(table: pd.DataFrame, centre: np.ndarray[Any, np.dtype[np.object_]]) -> pd.DataFrame:
    """Return doses given of those due by centre; those still open do not count."""
    due = table["verdict"].isin([AS_DUE, LATE, OMITTED, WRONG_AMOUNT]).to_numpy()
    given = table["verdict"].isin([AS_DUE, LATE, WRONG_AMOUNT]).to_numpy()
    rows = []
    for name in [*sorted(set(centre[due].tolist())), ALL_CENTRES]:
        here = due if name == ALL_CENTRES else due & (centre == name)
        rows.append({"centre": name, "due": int(here.sum()), "given": int((given & here).sum())})
    outside = int((table["verdict"] == CONTROL).sum())
    rows.append({"centre": "doses in the control arm", "due": 0, "given": outside})
    return pd.DataFrame(rows)
