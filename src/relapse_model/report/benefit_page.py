"""The page of predicted benefit: does it differ with risk, is it right, and what cannot be said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relapse_model.development.refused_runs import reasons_counted
from relapse_model.files import write_text
from relapse_model.report.figures.benefit import benefit_figure
from relapse_model.report.page import json_text, packages, render, save_figures

if TYPE_CHECKING:
    from relapse_model.trial.benefit.benefit_result import BenefitReport

NOT_ESTIMABLE = "not estimable"
_MEASURES = {
    "mean benefit in the trial": "mean benefit in these patients, percentage points",
    "observed / expected": "events observed / expected",
}


def write_benefit_report(found: BenefitReport, folder: Path) -> dict[str, Path]:
    """Write ``benefit.json``, ``benefit.html`` and the figure; return where they are.

    Parameters
    ----------
    found : BenefitReport
    folder : Path
        Made if it does not exist.
    """
    places = {"report": folder / "benefit.html", "values": folder / "benefit.json", "figures": folder / "figures"}
    drawn = {"benefit": benefit_figure(found.groups, found.curve, _names(found)[0])}
    pictures = save_figures(drawn, places["figures"])
    write_text(json_text(found.to_dict() | {"packages": packages()}), places["values"])
    write_text(benefit_page(found, pictures), places["report"])
    return places


def benefit_page(found: BenefitReport, pictures: dict[str, str]) -> str:
    """Return the page.

    Parameters
    ----------
    found : BenefitReport
    pictures : dict of str to str
        Figures as SVG.
    """
    return render(
        "benefit_report.html.jinja",
        pictures,
        study=found.study,
        synthetic=found.synthetic,
        found=found,
        names=_names(found),
        failed=reasons_counted(found.settings["failed_folds"]),
        answer=_answer(found),
        facts=_facts(found),
        groups=[_group(row) for row in found.groups.to_dict("records")],
        calibration=[_measure(row, _names(found)) for row in found.calibration.to_dict("records")],
        decisions=[_decision(row) for row in found.decisions.to_dict("records")],
        captions={"benefit": "Points: difference of the arms' risks (Kaplan-Meier) in groups of predicted risk. Line: "
                             "the benefit if the effect on the log-odds is the same for everybody. Above 0 the "
                             "treatment helps."},
    )  # fmt: skip


def _names(found: BenefitReport) -> tuple[str, str]:
    """Return what the plan calls treatment and control."""
    plan = found.study.trial
    assert plan is not None  # without a plan there is no benefit report
    return plan.arms.names


def _answer(found: BenefitReport) -> str:
    overall = found.effect["benefit_at_mean_risk"]
    span = f"{_points(overall['lower'])} to {_points(overall['upper'])}"
    name = _names(found)[0]
    if not found.effect["known"]:
        why = (
            f"at the mean risk in the control arm its 90 % interval is {span} percentage points."
            if found.effect["both_arms_seen"]
            else "no patient was known to be in one of the arms."
        )
        first = f"How much {name} helps is not known: {why}"
    elif overall["lower"] <= 0.0 <= overall["upper"]:
        first = (
            f"Neither benefit nor harm of {name} was shown: at the mean risk in the control arm the benefit is "
            f"{_points(overall['value'])} percentage points (90 % interval {span})."
        )
    else:
        way = "lowers" if overall["value"] > 0 else "raises"
        at = _percent(found.effect["mean_control_risk"])
        first = (
            f"At the mean risk in the control arm ({at} as predicted) {name} {way} "
            f"the risk by {_points(abs(overall['value']))} percentage points "
            f"(benefit {_points(overall['value'])}, 90 % interval {span})."
        )
    parts = [first, found.disagreement, f"{found.verdict[0].upper()}{found.verdict[1:]}."]
    return " ".join(filter(None, parts))


def _facts(found: BenefitReport) -> list[tuple[str, str]]:
    ratio = {name: np.exp(value) for name, value in found.effect["log_odds"].items() if name != "sd"}
    return [
        ("Patients", str(found.patients)),
        ("With the outcome", str(found.events)),
        ("Lost", str(found.lost)),
        ("Odds ratio (90 % interval)", f"{ratio['mean']:.2f} ({ratio['lower']:.2f} to {ratio['upper']:.2f})"),
    ]


def _group(row: dict[Any, Any]) -> dict[str, str]:
    arms = {
        name: f"{row[f'{name}_events']} of {row[f'{name}_patients']}"
        + ("" if pd.isna(row[f"risk_{name}"]) else f" ({_percent(row[f'risk_{name}'])})")
        for name in ("control", "treated")
    }
    unknown = pd.isna(row["benefit"])
    return {
        "name": f"Group {row['group']}: risk {100 * row['risk_from']:.1f} to {_percent(row['risk_to'])}",
        **arms,
        "lost": str(row["lost"]),
        "benefit": NOT_ESTIMABLE if unknown
        else f"{_points(row['benefit'])} ({_points(row['lower'])} to {_points(row['upper'])})",
        "ratio": "" if pd.isna(row["risk_ratio"]) else f"{row['risk_ratio']:.2f}",
        "predicted": _points(row["predicted_benefit"]),
    }  # fmt: skip


def _measure(row: dict[Any, Any], names: tuple[str, str]) -> dict[str, str]:
    shown = _points if row["measure"].startswith("mean") else (lambda value: _minus(f"{value:z.2f}"))
    value = (
        NOT_ESTIMABLE if pd.isna(row["value"])
        else f"{shown(row['value'])} ({shown(row['lower'])} to {shown(row['upper'])})"
    )  # fmt: skip
    name = _MEASURES.get(row["measure"], row["measure"])
    arm = dict(zip(("treatment", "control"), names, strict=True)).get(row["arm"], row["arm"])
    if row["measure"].startswith("mean"):
        name = f"{name} ({row['method']})"
    return {"name": name[0].upper() + name[1:], "arm": arm, "value": value, "right": shown(row["right"])}


def _decision(row: dict[Any, Any]) -> dict[str, str]:
    threshold = f"{100 * row['threshold']:g}"
    return {
        "threshold": f"{threshold} percentage point{'' if threshold == '1' else 's'}",
        "treated": f"{100 * row['treated']:.0f} %",
        "by_benefit": NOT_ESTIMABLE if pd.isna(row["by_benefit"]) else _points(row["by_benefit"]),
        "treat_all": _points(row["treat_all"]),
    }


def _points(value: float) -> str:
    return _minus(f"{100 * value:z.1f}")


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
