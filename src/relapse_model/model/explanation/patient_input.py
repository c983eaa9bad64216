"""One predictor of one patient as a clinician reads it: value, unit, reference, when it was read, what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.features.clinical_units import clinical, unit_shown
from relapse_model.model.explanation.predictor_source import PredictorSource
from relapse_model.study.predictor import Predictor

_HARDLY = 0.01  # of log-odds: the odds change by one in a hundred


_READ_FROM = {  # by table of the cohort
    "labs": "no usable result", "": "week of the prediction", "patients": "baseline data",
    "treatments": "treatment records",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PatientInput:
    """One predictor of one patient, and what it did to the risk.

    Attributes
    ----------
    predictor, label : str
    value, reference : float, str or None
        In clinical units, or the level; of the patient, and of what the patient is compared with. For a predictor of
        0 and 1 the reference is the share of 1. None: missing, or not known.
    shown, reference_shown : str
        The same as a laboratory would write it, without the unit: ``<10``, ``yes``, ``missing``.
    unit : str
    source : str
        Table it was read from: ``labs``, ``patients``, ``treatments``, or nothing for the week of prediction itself.
    week, age_weeks : float or None
        Week of the laboratory result (of several, the newest), and how old it was at the prediction.
    date : str or None
        The day of that week, where the patients table has an enrolment_date.
    contribution : float
        To the log-odds.
    counted : str
        Of a missing value: what the model counts in its place.
    """

    predictor: str
    label: str
    value: float | str | None
    shown: str
    unit: str
    reference: float | str | None
    reference_shown: str
    source: str
    week: float | None
    date: str | None
    age_weeks: float | None
    contribution: float
    counted: str = ""

    @property
    def value_shown(self) -> str:
        """Return the value with its unit; of a missing one, what counts in its place."""
        return f"{self.shown}, {self.counted}" if self.counted else with_unit(self.shown, self.unit)

    @property
    def effect(self) -> str:
        """Return ``raises``, ``lowers``, or ``hardly changes`` (the odds, by less than one in a hundred)."""
        if abs(self.contribution) < _HARDLY:
            return "hardly changes"
        return "raises" if self.contribution > 0 else "lowers"

    @property
    def read_from(self) -> str:
        """Say where and when the value was read."""
        if self.week is None or self.age_weeks is None:
            return _READ_FROM.get(self.source, f"{self.source} table")
        age = number_shown(self.age_weeks)
        old = "" if age == "0" else f", {age} week{'' if age == '1' else 's'} old"
        return f"{week_shown(self.week, self.date)}{old}"


def patient_input(
    predictor: Predictor, value: Any, reference: float, contribution: float, source: PredictorSource,
    enrolled: np.datetime64 | None, landmark: float, counted: str = "",
) -> PatientInput:  # fmt: skip
    """Put together what is shown of one predictor.

    Parameters
    ----------
    predictor : Predictor
    value : float, str or None
        As `derive_features` returns it.
    reference : float
        As `shap_values.reference_codes` returns it: on the scale of the model, or the place of a level.
    contribution : float
        To the log-odds.
    source : PredictorSource
    enrolled : datetime64 or None
        Day of enrolment.
    landmark : float
        Week of the prediction.
    counted : str
        As `missing_value.counted_words` says it, for a value that is missing.
    """
    yes_no, unit = _yes_no(predictor), _unit(predictor)
    of_patient: float | str | None
    compared: float | str | None
    if predictor.levels:
        of_patient = None if pd.isna(value) else str(value)
        compared = predictor.levels[int(reference)]
        shown, reference_shown = of_patient or "missing", compared
    else:
        of_patient, compared = (_clinical(number, predictor) for number in (float(value), float(reference)))
        shown = _value_shown(of_patient, source, yes_no)
        reference_shown = _reference_shown(compared, unit, yes_no)
    week = None if of_patient is None else source.week
    return PatientInput(
        predictor=predictor.name, label=predictor.label, value=of_patient, shown=shown, unit=unit,
        reference=compared, reference_shown=reference_shown, source=source.table, week=week,
        date=None if week is None else date_of(enrolled, week), age_weeks=None if week is None else landmark - week,
        contribution=contribution, counted=counted if of_patient is None else "",
    )  # fmt: skip


def code_shown(predictor: Predictor, code: float) -> str:
    """Return what stands in place of a missing value as a laboratory would write it; empty where nothing does.

    Parameters
    ----------
    predictor : Predictor
    code : float
        On the scale of the model, or the place of a level; NaN where there is none.
    """
    if np.isnan(code):
        return ""
    if predictor.levels:
        return predictor.levels[int(code)]
    value = _clinical(code, predictor)
    if _yes_no(predictor) and value in (0.0, 1.0):
        return "yes" if value else "no"
    return _reference_shown(value, _unit(predictor), _yes_no(predictor))


def _yes_no(predictor: Predictor) -> bool:
    return predictor.equals is not None or unit_shown(predictor) == "0/1"


def _unit(predictor: Predictor) -> str:
    return "" if _yes_no(predictor) or predictor.levels else unit_shown(predictor)


def centre_input(column: str, value: object, contribution: float) -> PatientInput:
    """Put together what is shown of the centre, compared with a new one.

    Parameters
    ----------
    column : str
        Of the patients table.
    value : object
        As it stands there; None where it is not known.
    contribution : float
        To the log-odds: 0 of a centre that the model does not know.
    """
    shown = None if value is None else str(value)
    return PatientInput(
        predictor=column, label=column, value=shown, shown=shown or "missing", unit="", reference=None,
        reference_shown="a new centre", source="patients", week=None, date=None, age_weeks=None,
        contribution=contribution,
    )  # fmt: skip


def _clinical(value: float, predictor: Predictor) -> float | None:
    return None if np.isnan(value) else float(clinical(np.array([value]), predictor)[0])


def _value_shown(value: float | None, source: PredictorSource, yes_no: bool) -> str:
    if value is None:
        return "missing"
    if yes_no:
        return "yes" if value == 1 else "no"
    return f"{source.limit}{number_shown(source.at)}" if source.limit else number_shown(value)


def _reference_shown(value: float | None, unit: str, yes_no: bool) -> str:
    if value is None:
        return "not known"
    return f"{100 * value:.0f} % yes" if yes_no else with_unit(number_shown(value), unit)


def with_unit(shown: str, unit: str) -> str:
    """Put the unit behind a value, if there is a value."""
    return f"{shown} {unit}".rstrip() if shown != "missing" else shown


def date_of(enrolled: np.datetime64 | None, week: float) -> str | None:
    """Return the day of a week, if the day of enrolment is known."""
    return None if enrolled is None else str((enrolled + np.timedelta64(round(7 * week), "D")).astype("datetime64[D]"))


def week_shown(week: float, date: str | None) -> str:
    """Write a week, with its day if that is known."""
    return f"week {week:g}" if date is None else f"week {week:g} ({date})"


def number_shown(value: float) -> str:
    """Write a number as a laboratory would: three figures, no exponent for a large one."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def risk_percent(risk: float) -> str:
    """Write a risk in per cent: whole, but for a small one."""
    return f"{100 * risk:.0f}" if 0.05 <= risk <= 0.95 else f"{100 * risk:.1f}"


def percent_in_tenths(risk: float) -> str:
    """Write a risk in per cent with one decimal, as the steps from one risk to another are written."""
    return f"{100 * risk:.1f}"
