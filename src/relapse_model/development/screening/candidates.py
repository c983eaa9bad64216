"""Which candidates are looked at, as they were known at the landmark; or why one cannot be tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Positions
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.development.checks.leak_signs import first_sign, followed_patients
from relapse_model.errors import CohortError, Problem, RelapseModelError, StudyError
from relapse_model.features.derive import derive_features
from relapse_model.features.development_data import DevelopmentData
from relapse_model.features.look_ahead import looking_ahead
from relapse_model.study.names_near import near_names
from relapse_model.study.predictor import Candidate, Predictor
from relapse_model.study.predictor_kinds import AS_MEASURED
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import is_log10, unit_key

MOST = 5000
MOST_MISSING = 0.5
FEWEST_EVENTS = 5  # among those who have the candidate, and as many without the event
_FAR = 1e4  # spreads from 0
_ROUNDING = 1e-13  # of a value: what varies less is the error of arithmetic
_DOSES = ("dose_count", "dose_total")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One candidate as a column: values of the patients at risk, or the reason why it is not tested.

    Attributes
    ----------
    candidate : Candidate
    values : array, shape (n,)
        On the scale of the study; NaN is missing.
    step : float
        What the odds ratio refers to, in units of `values`.
    per : str
        The same in words: ``"log10"``, ``"yes"`` or ``"SD"``.
    reason : str
        Why it is not tested; empty if it is.
    """

    candidate: Candidate
    values: Floats
    step: float
    per: str
    reason: str

    @property
    def name(self) -> str:
        """Return the name of the candidate."""
        return self.candidate.predictor.name


def asked_for(study: Study, names: Sequence[str] | None, base: Sequence[str]) -> tuple[Candidate, ...]:
    """Return the candidates to look at, one for each level beyond the first, by name.

    Parameters
    ----------
    study : Study
    names : sequence of str, optional
        All candidates of the study by default; also predictors of the study that are not in the base.
    base : sequence of str

    Raises
    ------
    StudyError
        If there are none, or one is not known.
    RelapseModelError
        If there are more than 5000.
    """
    known = {one.predictor.name: one for one in study.candidates}
    if names is None:
        if not known:
            problem = Problem(f"study {study.name!r}", None, None, "no [[candidates]]", "the biomarkers to be screened")
            raise StudyError("no screen of biomarkers", [problem])
        wanted = list(known.values())
    else:
        known |= {one.name: Candidate(one, "predictor") for one in study.predictors if one.name not in base}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise StudyError("no screen of biomarkers", [_not_known(name, sorted(known), base) for name in unknown])
        wanted = [known[name] for name in dict.fromkeys(names)]
    expanded = [one for candidate in wanted for one in _by_level(candidate)]
    if len(expanded) > MOST:
        raise RelapseModelError(
            f"screen of biomarkers: {len(expanded)} candidates; expected {MOST} at most. So many cannot be "
            "distinguished by the events of one trial: choose beforehand."
        )
    return tuple(sorted(expanded, key=lambda one: one.predictor.name))


def _not_known(name: str, known: Sequence[str], base: Sequence[str]) -> Problem:
    near = near_names(name, known)
    found = "it stands in the base" if name in base else "neither a candidate nor a predictor of the study"
    return Problem("candidates", None, name, found, ", ".join(known), f"Did you mean {near[0]!r}?" if near else "")


def _by_level(candidate: Candidate) -> Iterator[Candidate]:
    """Yield a candidate with levels as one for each level but the first."""
    predictor = candidate.predictor
    if not predictor.levels:
        yield candidate
    for level in predictor.levels[1:]:
        rest = tuple(one for one in predictor.levels if one != level)
        name, label = f"{predictor.name}={level}", f"{predictor.label} {level}"
        one = replace(predictor, name=name, label=label, equals=level, others=rest, levels=())
        yield replace(candidate, predictor=one)


def refuse_what_is_no_biomarker(study: Study, candidates: Sequence[Candidate], landmark: float) -> None:
    """Refuse doses, titres that hold the drug, and what is known only later.

    Parameters
    ----------
    study : Study
    candidates : sequence of Candidate
    landmark : float

    Raises
    ------
    StudyError
        With all of them.
    """
    problems = [
        Problem("candidates", None, one.predictor.name, *found)
        for one in candidates
        if (found := _no_biomarker(one.predictor, study, landmark)) is not None
    ]
    if problems:
        raise StudyError("no screen of biomarkers", problems)


def _no_biomarker(predictor: Predictor, study: Study, landmark: float) -> tuple[str, str, str] | None:
    passive = study.passive_antibody
    drugs = set(passive.agents if passive is not None else ())
    drugs |= {study.dosing.agent} if study.dosing is not None else set()
    if predictor.kind in _DOSES or drugs & set(predictor.agents):
        return (
            "doses of a drug that is given by titre", "a marker of the patient",
            "They reflect the patient's own poor response: the arm stands for the drug",
        )  # fmt: skip
    if passive is not None and predictor.analyte == passive.analyte and predictor.kind in AS_MEASURED and landmark > 0:
        return (
            f"{passive.analyte} as measured after enrolment, of which the drug is a part", "kind endogenous",
            "It would tell who was given the drug, and when",
        )  # fmt: skip
    return None


def derive_columns(cohort: Cohort, study: Study, candidates: Sequence[Candidate], landmark: float) -> list[Column]:
    """Return the candidates of all patients of a cohort, as they were known at the landmark.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    candidates : sequence of Candidate
    landmark : float

    Raises
    ------
    StudyError
        If one is the outcome in other words, or reads later rows.
    """
    columns = [_derived(cohort, study, one, landmark) for one in candidates]
    sound = [column.candidate.predictor for column in columns if not column.reason]
    later = looking_ahead(cohort, of_predictors(study, sound), landmark) if sound else []
    outcome_signs = _knowing_the_outcome(cohort, study, columns, landmark)
    problems = [
        Problem("candidates", None, name, f"its value changes when rows after week {landmark:g} are taken away",
                "what was known at the landmark")
        for name in later
    ]  # fmt: skip
    problems += [
        Problem("candidates", None, name, sign, f"what was known at week {landmark:g}", "It follows from the outcome")
        for name, sign in outcome_signs.items()
    ]
    if problems:
        raise StudyError("no screen of biomarkers", problems)
    return columns


def _knowing_the_outcome(cohort: Cohort, study: Study, columns: Sequence[Column], landmark: float) -> dict[str, str]:
    followed = followed_patients(derive_outcome(cohort, study, landmark), study.prediction.horizon_weeks)
    if not followed.rows.any():
        return {}
    signs = {
        column.name: first_sign(
            cohort, column.candidate.predictor, pd.Series(column.values)[followed.rows], followed, landmark
        )
        for column in columns
        if not column.reason
    }
    return {name: sign for name, sign in signs.items() if sign}


def of_predictors(study: Study, predictors: Sequence[Predictor]) -> Study:
    """Return the study with these predictors alone, and the terms that need no others."""
    names = {one.name for one in predictors}
    terms = tuple(term for term in study.terms if {factor.predictor for factor in term.factors} <= names)
    return replace(study, predictors=tuple(predictors), terms=terms, candidates=())


def _derived(cohort: Cohort, study: Study, candidate: Candidate, landmark: float) -> Column:
    predictor = candidate.predictor
    empty = np.full(len(cohort), np.nan)
    try:
        found = derive_features(cohort, of_predictors(study, [predictor]), landmark)
    except CohortError as refused:
        return Column(candidate, empty, 1.0, "", f"not derived: {refused.problems[0]}")
    return Column(candidate, found[predictor.name].to_numpy(dtype=float), 1.0, "", "")


def judged(column: Column, rows: Positions, relapse: Floats, weight: Floats) -> Column:
    """Return a column of the patients at risk, with its step, or the reason why it is not tested.

    Parameters
    ----------
    column : Column
        Of all patients.
    rows : array of int
        Those at risk.
    relapse, weight : array
        Of those at risk.
    """
    values = column.values[rows]
    counted = weight > 0
    known = counted & ~np.isnan(values)
    step, per = _step(column.candidate.predictor, values[known])
    reason = column.reason or why_untestable(values[known], relapse[known], int(counted.sum()))
    if reason:
        step, per = 1.0, ""
    return replace(column, values=values, step=step, per=per, reason=reason)


def why_untestable(known: Floats, relapse: Floats, patients: int) -> str:
    """Say why a candidate cannot be tested; empty if it can.

    Parameters
    ----------
    known : array
        Its values, of those who have it.
    relapse : array
        Of the same patients.
    patients : int
        Of all who take part.
    """
    missing = 1 - len(known) / patients
    if missing > MOST_MISSING:
        share = f"{100 * missing:.0f} % of the" if len(known) else "all"
        return f"missing in {share} patients (at most {100 * MOST_MISSING:.0f} % allowed)"
    if np.ptp(known) <= _ROUNDING * float(np.abs(known).max()):
        return "constant: the same in all patients"
    for count, what in ((int((relapse == 1).sum()), "with"), (int((relapse == 0).sum()), "without")):
        if count < FEWEST_EVENTS:
            return f"known in fewer than {FEWEST_EVENTS} patients {what} the event"
    return ""


def _step(predictor: Predictor, known: Floats) -> tuple[float, str]:
    if np.isin(known, (0.0, 1.0)).all():
        return 1.0, "yes"
    if (predictor.scale == "log10" or is_log10(unit_key(predictor.unit))) and not predictor.kind.startswith("slope"):
        return 1.0, "log10"
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return (spread, "SD") if spread > 0 else (1.0, "SD")


def from_middle(values: Floats) -> Floats:
    """Return values counted from their median where they lie far from 0, and as they are otherwise.

    The intercept of the base takes the median up; rounding would take the candidate for a part of the intercept.

    Parameters
    ----------
    values : array
        NaN is missing.

    Examples
    --------
    >>> from_middle(np.array([1e6, 1e6 + 0.25, 1e6 + 0.5])).tolist(), from_middle(np.array([1.0, 2.0])).tolist()
    ([-0.25, 0.0, 0.25], [1.0, 2.0])
    """
    known = values[~np.isnan(values)]
    far = bool(len(known)) and float(np.abs(known).max()) > _FAR * float(np.ptp(known))
    return values - float(np.median(known)) if far else values


def rows_at_risk(cohort: Cohort, data: DevelopmentData) -> Positions:
    """Return the rows of the cohort of the patients at risk, in the order of the development."""
    return np.asarray(cohort.patient_ids.get_indexer(data.features.index))
