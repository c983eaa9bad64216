"""The titres of one patient over time, and, beside a drug that holds the antibody, the own and the passive part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.courses import Courses, courses_until
from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.comparisons import at_or_before, before
from relapse_model.features.endogenous import EndogenousTitre, derive_endogenous, endogenous_titre
from relapse_model.features.kinetics import passive_titre
from relapse_model.study.study import PassiveAntibody, Study

_POINTS = 400  # of the line of the passive part


@dataclass(frozen=True, slots=True, eq=False)
class TitreCourse:
    """One analyte of one patient over time.

    Attributes
    ----------
    titres : Measurements
        Of this patient alone, those with a number.
    dose_week : array of float, shape (doses,)
        Empty without doses, or without [passive_antibody] in the study.
    own : EndogenousTitre or None
        One entry per week of `own_week`: the patient's own part, as it was known in that week, from the titres up to
        it. None where there is no dose before a titre.
    own_week : array of float
        Weeks with a titre and a dose before it.
    passive_week, passive : array of float
        The passive part between the titres, for the typical patient: the medians of the study's kinetics.
    agents : tuple of str
        The drugs that hold the antibody, as the study names them.
    """

    titres: Measurements
    dose_week: Floats
    own: EndogenousTitre | None
    own_week: Floats
    passive_week: Floats
    passive: Floats
    agents: tuple[str, ...] = ()


def titre_course(cohort: Cohort, study: Study, place: int, analyte: str) -> TitreCourse:
    """Return the titres of one patient, and what is own and passive in them.

    Assumes the model of `relapse_model.features.endogenous.endogenous_titre`.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    place : int
        Position of the patient in the cohort.
    analyte : str

    Raises
    ------
    CohortError
        If a dose has no amount in IU.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort, study = rm.simulate_cohort(20, seed=8), rm.load_study("hbsag-relapse")
    >>> treated = cohort.treatments.loc[cohort.treatments["agent"] == "hbig", "patient"].iloc[0]
    >>> course = titre_course(cohort, study, int(treated), "anti_hbs")
    >>> bool((course.own_week > course.dose_week.min()).all()), course.own.state[0]
    (True, 'estimated')
    """
    one = cohort.take(np.array([place], dtype=np.intp))
    titres = measurements(one, study, analyte).valued()
    passive = study.passive_antibody
    nothing = np.zeros(0)
    if passive is None or passive.analyte != analyte or one.treatments is None or not len(titres.week):
        return TitreCourse(titres, nothing, None, nothing, nothing, nothing)
    until = float(max(titres.week.max(), one.treatments["start_week"].max(skipna=True)))
    doses = courses_until(one.treatments, passive.agents, until)
    if not len(doses.start):
        return TitreCourse(titres, nothing, None, nothing, nothing, nothing)
    derive_endogenous(one, study, until)  # refuses doses that are no amounts in IU
    own_week = np.unique(titres.week[before(doses.start.min(), titres.week)])
    own = _own(titres, doses, passive, own_week) if len(own_week) else None
    week, level = _typical(doses, passive, float(titres.week.max()))
    return TitreCourse(titres, doses.start, own, own_week, week, level, study.agent_labels(passive.agents))


def _own(titres: Measurements, doses: Courses, passive: PassiveAntibody, weeks: Floats) -> EndogenousTitre:
    """Estimate the own part in several weeks at once: what was known in each week stands for a patient of its own."""
    titre, of_titre = _known_by(titres.week, weeks)
    dose, of_dose = _known_by(doses.start, weeks)
    known = Measurements(of_titre, titres.week[titre], titres.value[titre], titres.lower[titre], titres.upper[titre])
    given = Courses(of_dose, doses.start[dose], doses.end[dose], doses.dose[dose], doses.ongoing[dose])
    return endogenous_titre(known, given, passive, len(weeks), float(weeks.max()))


def _known_by(week: Floats, weeks: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows known by each of the weeks, one week after the other, and to which of them each belongs."""
    of, row = np.nonzero(at_or_before(week[None, :], weeks[:, None]))
    return row, of


def _typical(doses: Courses, passive: PassiveAntibody, last: float) -> tuple[Floats, Floats]:
    begin = float(doses.start.min())
    week = np.linspace(begin, max(last, float(doses.start.max())), _POINTS)
    medians = (one.median for one in (passive.half_life_days, passive.volume_litres, passive.absorption_per_day))
    days = 7.0 * (week[:, None] - doses.start[None, :])
    return week, passive_titre(days, doses.dose[None, :], *medians).sum(axis=1)
