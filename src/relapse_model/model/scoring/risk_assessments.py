"""Scores as FHIR R4 RiskAssessment resources, so that they go back to where the data came from."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from relapse_model.errors import RelapseModelError
from relapse_model.files import write_text
from relapse_model.model.trained import LEVEL

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_DIGITS = 2  # of a percentage


def risk_assessments(
    scores: pd.DataFrame,
    *,
    model: str,
    outcome: str,
    on: str | Iterable[str],
    horizon_weeks: float,
    identifier_system: str = "",
    synthetic: bool = False,
    verdict: str = "",
) -> Iterator[dict[str, Any]]:
    """Yield one RiskAssessment for each row of a table of scores, in its order; nobody is left out.

    A risk is a percentage, as FHIR R4 defines ``probabilityDecimal``. Its interval is a second prediction of the same
    outcome, with a ``probabilityRange``. A patient who was rejected has the status ``cancelled``, the reason as a note,
    and no prediction. Warnings are notes.

    Parameters
    ----------
    scores : DataFrame
        As `RelapseModel.score` returns it.
    model : str
        Name and version of the model.
    outcome : str
        What is predicted, in words.
    on : str or iterable of str
        Day of the prediction (YYYY-MM-DD), of all or of each row.
    horizon_weeks : float
        Until when.
    identifier_system : str
        System of the identifiers; default: they are the ids of Patient resources.
    synthetic : bool
        Whether the patients are simulated: then every resource is tagged as test data.
    verdict : str
        How far the risks of the model can be relied on (`relapse_model.model.verdict.model_verdict`): the first note of
        every risk.

    Raises
    ------
    RelapseModelError
        If an identifier cannot be that of a resource, or a day is none.

    Examples
    --------
    >>> scores = pd.DataFrame(
    ...     {"patient_id": ["7"], "status": ["scored"], "relapse_risk": [0.225], "risk_lower": [0.1],
    ...      "risk_upper": [0.375], "warnings": [""], "reason": [""]}
    ... )
    >>> made = risk_assessments(scores, model="m 1", outcome="relapse", on="2024-03-01", horizon_weeks=48)
    >>> prediction = next(made)["prediction"][0]
    >>> prediction["probabilityDecimal"], prediction["whenPeriod"]
    (22.5, {'start': '2024-03-01', 'end': '2025-01-31'})
    """
    days = [on] * len(scores) if isinstance(on, str) else list(on)
    if len(days) != len(scores):
        raise RelapseModelError(f"on: {len(days)} days for {len(scores)} scores; expected one of all, or of each.")
    subjects = [_subject(str(own), identifier_system) for own in scores["patient_id"]]
    if None in subjects:
        raise RelapseModelError(
            f"patient_id: {subjects.count(None)} identifiers cannot be ids of Patient resources (letters, digits, '-' "
            "and '.', at most 64). Give identifier_system, the system of the identifiers."
        )
    periods = [_period(day, horizon_weeks) for day in days]
    for row, subject, period in zip(scores.to_dict("records"), subjects, periods, strict=True):
        resource: dict[str, Any] = {
            "resourceType": "RiskAssessment",
            "status": "final" if row["status"] == "scored" else "cancelled",
            "method": {"text": model},
            "subject": subject,
            "occurrenceDateTime": period["start"],
        }
        if synthetic:
            resource["meta"] = {"tag": [_TEST_DATA]}
        if row["status"] == "scored":
            resource["prediction"] = _predictions(row, outcome, period, f"{horizon_weeks:g} weeks", model)
        notes = [verdict] if verdict and row["status"] == "scored" else []
        notes += [str(row[name]) for name in ("warnings", "reason") if isinstance(row[name], str) and row[name]]
        if notes:
            resource["note"] = [{"text": text} for text in notes]
        yield resource


def write_risk_assessments(scores: pd.DataFrame, path: str | Path, **options: Any) -> None:
    """Write the resources of `risk_assessments` as NDJSON, one on each line, for their owner alone.

    Parameters
    ----------
    scores, options
        As for `risk_assessments`.
    path : str or Path
    """
    lines = [json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n" for one in risk_assessments(scores, **options)]
    write_text("".join(lines), Path(path), private=not options.get("synthetic", False))


def _subject(own: str, system: str) -> dict[str, Any] | None:
    if system:
        return {"type": "Patient", "identifier": {"system": system, "value": own}}
    return {"reference": f"Patient/{own}"} if _ID.fullmatch(own) else None


def _period(day: str, horizon_weeks: float) -> dict[str, str]:
    try:
        start = datetime.date.fromisoformat(day)
        end = start + datetime.timedelta(days=round(horizon_weeks * 7))
    except (ValueError, TypeError, OverflowError):
        raise RelapseModelError("on: a text that is no day; expected YYYY-MM-DD.") from None
    return {"start": start.isoformat(), "end": end.isoformat()}


def _predictions(
    row: dict[Any, Any], outcome: str, period: dict[str, str], horizon: str, model: str
) -> list[dict[str, Any]]:
    """Return the risk and its interval; each says of what, until when and from what."""
    of = f"risk of {outcome} within {horizon}, from {period['start']} to {period['end']}"
    basis = f"predicted by {model} from the patient's records up to {period['start']}"
    named = {"outcome": {"text": outcome}, "whenPeriod": period}
    low, high = (_percent(row[name]) for name in ("risk_lower", "risk_upper"))
    unit = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
    interval = {"low": {"value": low, **unit}, "high": {"value": high, **unit}}
    found = [{**named, "probabilityDecimal": _percent(row["relapse_risk"]), "rationale": f"Absolute {of}; {basis}"}]
    if not (pd.isna(row["risk_lower"]) or pd.isna(row["risk_upper"])):
        found.append({**named, "probabilityRange": interval, "rationale": f"{LEVEL:.0%} interval of the {of}; {basis}"})
    return found


def _percent(risk: float) -> float:
    return round(float(risk) * 100, _DIGITS)
