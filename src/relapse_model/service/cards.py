"""Cards of CDS Hooks: the risk of the patient whose record is open, its interval and warnings; or why there is none."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from relapse_model._version import __version__
from relapse_model.display.html_summary import true_minus
from relapse_model.model.explanation.patient_input import risk_percent
from relapse_model.model.scoring.guards.unlike import DO_NOT_RELY, each_warning, unlike_studied
from relapse_model.model.trained import LEVEL, TrainedModel
from relapse_model.model.verdict import model_verdict
from relapse_model.report.model_card import markdown_text

RESEARCH = "Research use only. Not a medical device; not for diagnosis or treatment decisions."
_SUMMARY = 140  # letters, of which the standard allows fewer than this


def card(model: TrainedModel, indicator: str, summary: str, lines: Iterable[str] = ()) -> dict[str, Any]:
    """Return a card.

    Parameters
    ----------
    model : TrainedModel
    indicator : {"info", "warning"}
    summary : str
        One line; cut where it is longer than the standard allows.
    lines : iterable of str
        Markdown, each a paragraph or an item.
    """
    synthetic = ["**The model was trained on synthetic patients.**"] if model.summary["synthetic"] else []
    title = model.study.heading
    return {
        "uuid": str(uuid.uuid4()),
        "summary": summary if len(summary) < _SUMMARY else summary[: _SUMMARY - 4] + "...",
        "indicator": indicator,
        "detail": "\n\n".join([*synthetic, *lines, RESEARCH]),
        "source": {"label": f"relapse_model {__version__}: {title}"},
    }


def risk_card(
    model: TrainedModel, row: Mapping[Any, Any], landmark: float, day: datetime.date, over: bool, model_id: str
) -> dict[str, Any]:
    """Return the card of a risk, with its interval and every warning of it.

    Parameters
    ----------
    model : TrainedModel
    row : mapping
        Of `score`.
    landmark : float
        Week of the prediction.
    day : date
        Its day.
    over : bool
        Whether the horizon has passed.
    model_id : str
    """
    study = model.study
    horizon = study.prediction.horizon_weeks
    interval = ""
    if row["risk_lower"] == row["risk_lower"]:  # not every classifier has one
        ends = f"{risk_percent(row['risk_lower'])} to {risk_percent(row['risk_upper'])} %"
        interval = f" ({100 * LEVEL:.0f} % interval {ends})"
    risk = f"{risk_percent(row['relapse_risk'])} %{interval}"
    warnings = each_warning(str(row["warnings"]))
    unlike, verdict = unlike_studied(warnings), model_verdict(model)
    brief = "do not rely on it: unlike those studied" if unlike else verdict.brief
    return card(
        model,
        "info" if verdict.shown and not warnings else "warning",
        "; ".join(filter(None, (f"{study.outcome.name} by week {horizon:g}: {risk}", brief))),
        [
            f"{markdown_text(study.outcome.name)} by week {horizon:g}: **{risk}**",
            *((f"**{DO_NOT_RELY}**",) if unlike else ()),
            f"**{markdown_text(verdict.en)}**",
            f"Predicted at week {landmark:g} ({day.isoformat()}), from what was known by then."
            + (f" Week {horizon:g} has passed." if over else "")
            + (f" The interval is of {study.prediction.interval_of}." if interval else ""),
            *(f"- Warning: {markdown_text(true_minus(one))}" for one in warnings),
            f"Model {model_id}; trained on {model.told_count('patients')} patients, {model.told_count('events')} with "
            f"{markdown_text(study.outcome.name)}.",
        ],
    )


def refusal_card(model: TrainedModel, reasons: Iterable[str]) -> dict[str, Any]:
    """Return the card that says why there is no risk.

    Parameters
    ----------
    model : TrainedModel
    reasons : iterable of str
    """
    lines = [f"- {markdown_text(one)}" for one in reasons]
    return card(model, "warning", f"No risk of {model.study.outcome.name}: see why", lines)


def early_card(model: TrainedModel, day: datetime.date) -> dict[str, Any]:
    """Return the card for a patient who has not come to the first week at which the model predicts.

    Parameters
    ----------
    model : TrainedModel
    day : date
        When that week comes.
    """
    week = model.landmark_weeks[0]
    return card(
        model, "info", f"No risk of {model.study.outcome.name} before week {week:g} ({day.isoformat()})",
        [f"The model predicts at week {week:g}, from what is known by then."],
    )  # fmt: skip
