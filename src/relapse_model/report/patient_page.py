"""The page of one patient: the risk as a frequency, what raised and lowered it, the titres. It names the patient."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relapse_model.errors import RelapseModelError
from relapse_model.files import write_text
from relapse_model.model.explanation.patient import PatientExplanation, explain_patient
from relapse_model.model.explanation.patient_input import (
    PatientInput,
    percent_in_tenths,
    risk_percent,
    week_shown,
)
from relapse_model.model.scoring.guards.unlike import DO_NOT_RELY, unlike_studied
from relapse_model.report.figures.patient import patient_trajectory_figure
from relapse_model.report.figures.style import svg
from relapse_model.report.language import known_language
from relapse_model.report.page import render

if TYPE_CHECKING:
    from relapse_model.cohort.cohort import Cohort
    from relapse_model.model.relapse_model import RelapseModel
    from relapse_model.study.study import Study

_RARE = 0.01  # risk below which a frequency is of 1,000 patients
_HALF, _HEAD = 78.0, 7.0  # length of the longest arrow and of its head, in units of the drawing
_CAPTIONS = {
    "course": "Titres over time. At the dotted line the risk was predicted: what was measured after it is shown, but "
    "was not used."
}
_MENDABLE = {"RS201", "RS202", "RS204", "RS209", "RS212", "RS213"}  # by a value that is measured, stated or corrected
_NOT_KNOWN = {"RS201", "RS210", "RS212", "RS213"}
_WARNING = re.compile(r"<li>(<span lang=\"en\">)?(RS\d{3}) (.*?)</li>", re.DOTALL)
_DIRECTIONS = {"raises": "↑ raises", "lowers": "↓ lowers", "hardly changes": "no real change"}


def write_patient_page(
    model: RelapseModel, cohort: Cohort, patient_id: str, path: str | Path, landmark_week: float | None = None,
    *, language: str = "en",
) -> PatientExplanation:  # fmt: skip
    """Write the page of one patient, for its owner alone: it names the patient.

    Parameters
    ----------
    model : RelapseModel
    cohort : Cohort
        In which the patient is.
    patient_id : str
    path : str or Path
        Such as ``patient.html``.
    landmark_week : float, optional
        As `RelapseModel.score` takes it.
    language : {"en", "zh"}
        Names of the study of which it has no translation stay as they are.

    Returns
    -------
    PatientExplanation

    Raises
    ------
    RelapseModelError
        If the cohort has no such patient, or the patient cannot be scored.

    Examples
    --------
    >>> import tempfile
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_patient_page(model, rm.simulate_cohort(3, seed=8), "P0001", f"{folder}/patient.html")
    PatientExplanation(risk 0.044, 8 inputs, 0 warnings)
    """
    known_language(language)
    found = explain_patient(model, cohort, patient_id, landmark_week)
    html = render(
        "patient_page.html.jinja",
        _pictures(model, cohort, patient_id, landmark_week),
        language=language,
        study=model.study,
        synthetic=found.synthetic,
        found=found,
        when=week_shown(found.landmark_week, found.landmark_date),
        risk=risk_percent(found.risk),
        lower=risk_percent(found.lower),
        upper=risk_percent(found.upper),
        base=risk_percent(found.base_risk),
        ends=(percent_in_tenths(found.base_risk), percent_in_tenths(found.risk)),
        unlike=[one for one in found.warnings if unlike_studied([one])],
        others=[one for one in found.warnings if not unlike_studied([one])],
        do_not_rely=DO_NOT_RELY,
        level=f"{100 * found.level:.0f}",
        frequency=frequency(found),
        studied=studied_words(found),
        following=next_words(found, model.study),
        dots=[place < round(100 * found.risk) for place in range(100)],
        rows=[
            _row(one, before, after, found)
            for one, before, after in zip(found.inputs, found.steps(), found.steps()[1:], strict=False)
        ],
        captions=_CAPTIONS,
        items_of=lambda anchor: "",
    )
    write_text(_codes_last(html), Path(path), private=True)
    return found


def _pictures(model: RelapseModel, cohort: Cohort, patient_id: str, landmark_week: float | None) -> dict[str, str]:
    try:
        course = patient_trajectory_figure(model, cohort, patient_id, landmark_week=landmark_week)
    except RelapseModelError:  # no titres to draw
        return {}
    return {"course": svg(course)}


def _codes_last(page: str) -> str:
    """Return a page with the codes of warnings small and last: they are for whoever looks one up."""
    return _WARNING.sub(lambda one: f'<li>{one[1] or ""}{one[3]} <span class="code">{one[2]}</span></li>', page)


def frequency(found: PatientExplanation) -> str:
    """Return the risk as a number of patients among 100, or 1,000 where it is small.

    Parameters
    ----------
    found : PatientExplanation
    """
    of = 1000 if found.risk < _RARE else 100
    count, low, high = (round(of * one) for one in (found.risk, found.lower, found.upper))
    event = f"{found.outcome} by week {found.horizon_weeks:g}"
    expected = f"The model expects {event} in about {count} of {of:,} patients with these values"
    level = f"{100 * found.level:.0f} % interval"
    if found.own_risk:
        limits = f"{risk_percent(found.lower)} to {risk_percent(found.upper)} %"
        return f"{expected}. The {level} of the patient's own risk is {limits}."
    return f"{expected} (between {low} and {high}, {level})."


def studied_words(found: PatientExplanation) -> str:
    """Return whether patients like this one were studied, as far as the warnings of the score tell.

    Parameters
    ----------
    found : PatientExplanation
    """
    codes = {warning[:5] for warning in found.warnings}
    if found.unlike_studied:
        return "No: see the warnings. The risk of such a patient is a guess beyond what was studied."
    if codes & _NOT_KNOWN:
        return "As far as is known: no value that is known lies far outside those of the training patients."
    return "Yes: no value lies far outside those of the training patients."


def next_words(found: PatientExplanation, study: Study) -> str:
    """Return what to do with the risk: mend the values, continue as planned, and when the next visit is planned.

    Parameters
    ----------
    found : PatientExplanation
    study : Study
    """
    to_mend = {warning[:5] for warning in found.warnings} & _MENDABLE
    first = "Complete or correct what the warnings name, then predict again. " if to_mend else ""
    later = [week for week in study.prediction.visit_weeks if week > found.landmark_week]
    visit = f" The next planned visit is at week {min(later):g}." if later else ""
    return f"{first}Continue care as planned; this risk is no reason to start, stop or change a treatment.{visit}"


def _row(one: PatientInput, before: float, after: float, found: PatientExplanation) -> dict[str, Any]:
    largest = max(abs(other.contribution) for other in found.inputs) or 1.0
    first, then = percent_in_tenths(before), percent_in_tenths(after)
    hardly = one.effect == "hardly changes"
    return {
        "label": one.label,
        "value": one.value_shown,
        "reference": one.reference_shown,
        "read_from": one.read_from,
        "effect": one.effect.split()[0],
        "words": _DIRECTIONS[one.effect] + ("" if hardly or first == then else f", {first} to {then} %"),
        "arrow": "" if hardly else _arrow(one.contribution / largest),
    }


def _arrow(share: float) -> str:
    """Return the outline of an arrow from the middle: to the right it raises the risk, to the left it lowers it."""
    way, length = (1 if share > 0 else -1), max(_HEAD + 1, _HALF * abs(share))
    neck, tip = 80 + way * (length - _HEAD), 80 + way * length
    points = [(80, 5), (neck, 5), (neck, 1), (tip, 8), (neck, 15), (neck, 11), (80, 11)]
    return " ".join(f"{x:.1f},{y}" for x, y in points)
