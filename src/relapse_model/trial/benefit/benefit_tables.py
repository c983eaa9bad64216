"""The tables of the benefit report: the arms by predicted risk, calibration, decisions, the curve of one effect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.trial.benefit.held_out import HeldOut
from relapse_model.trial.benefit.measures import benefit_slope, policy_net_benefit
from relapse_model.trial.statistics.standardised import standardised_contrast
from relapse_model.trial.statistics.survival_contrast import survival_contrast
from relapse_model.validation.calibration import calibration_intercept, calibration_slope, observed_expected
from relapse_model.validation.estimate import Estimate

STANDARDISED = "standardised for the predicted risk, everybody followed"
KAPLAN_MEIER = "Kaplan-Meier, unadjusted"
THRESHOLDS = (0.01, 0.02, 0.05, 0.10)
Found = TypeVar("Found")


def or_refused(refused: dict[str, str], name: str, function: Callable[..., Found], *given: Any) -> Found | None:
    """Return what a function makes of these patients; None where it refuses them, with the reason kept by its name.

    Parameters
    ----------
    refused : dict of str to str
        The reason is added.
    name : str
    function : callable
    *given
        Its arguments.
    """
    try:
        return function(*given)
    except InsufficientDataError as reason:
        refused[name] = str(reason)
        return None


def groups_by_risk(
    data: DevelopmentData, treated: Mask, risks: HeldOut, groups: int, refused: dict[str, str]
) -> pd.DataFrame:
    """Return the arms within groups of predicted risk in the control arm.

    Parameters
    ----------
    data : DevelopmentData
    treated : array of bool
    risks : HeldOut
    groups : int
    refused : dict of str to str
        Groups without a comparison are added, with the reason.
    """
    followed, event, horizon = data.by_horizon()
    order = np.argsort(risks.control_log_odds, kind="stable")
    rows = []
    for number, members in enumerate(np.array_split(order, groups), start=1):
        arm = treated[members]
        row: dict[str, Any] = {
            "group": number,
            "risk_from": float(risks.control[members].min()),
            "risk_to": float(risks.control[members].max()),
            "control_patients": int((~arm).sum()), "treated_patients": int(arm.sum()),
            "control_events": int(event[members][~arm].sum()), "treated_events": int(event[members][arm].sum()),
            "lost": int(np.isnan(data.relapse[members]).sum()),
            "predicted_control": float(risks.control[members].mean()),
            "predicted_treated": float(risks.treated[members].mean()),
            "predicted_benefit": float(risks.benefit[members].mean()),
        }  # fmt: skip
        rows.append(row | _compared(followed[members], event[members], arm, horizon, f"group {number}", refused))
    return pd.DataFrame(rows)


def _compared(
    followed: Floats, event: Floats, treated: Mask, horizon: float, name: str, refused: dict[str, str]
) -> dict[str, float]:
    """Return the risks of both arms, the benefit with its interval, and the risk ratio; NaN where refused."""
    empty = dict.fromkeys(("risk_control", "risk_treated", "benefit", "lower", "upper", "risk_ratio"), np.nan)
    try:
        found = survival_contrast(followed, event, treated.astype(float), horizon)
    except InsufficientDataError as reason:
        refused[name] = str(reason)
        return empty
    control, with_treatment, difference = found.control.risk, found.treatment.risk, found.contrast
    if control is None or with_treatment is None or difference.value is None:
        refused[name] = "a risk by the horizon is not known in one of the arms"
        return empty
    return {
        "risk_control": control, "risk_treated": with_treatment, "benefit": -difference.value,
        "lower": -difference.upper, "upper": -difference.lower,
        "risk_ratio": with_treatment / control if control > 0 else np.nan,
    }  # fmt: skip


def calibration_of_benefit(
    data: DevelopmentData, treated: Mask, risks: HeldOut, weight: Floats, refused: dict[str, str]
) -> pd.DataFrame:
    """Return mean benefit predicted and observed, calibration in each arm, and the slope of the benefit.

    Parameters
    ----------
    data : DevelopmentData
    treated : array of bool
    risks : HeldOut
    weight : array of float
        Of the patients, for the lost.
    refused : dict of str to str
        Measures that these patients cannot support are added, with the reason.
    """
    arm = treated.astype(float)
    rows = [_mean_benefit(data, arm, risks)]
    for name, who, risk in (("treatment", treated, risks.treated), ("control", ~treated, risks.control)):
        for measure, function, right in (
            ("observed / expected", observed_expected, 1.0),
            ("calibration intercept", calibration_intercept, 0.0),
            ("calibration slope", calibration_slope, 1.0),
        ):
            found = or_refused(refused, f"{measure}, {name}", function, data.relapse[who], risk[who], weight[who])
            rows.append(_row(measure, name, found, right))
    slope = or_refused(
        refused, "slope of the benefit", benefit_slope, data.relapse, arm, risks.control_log_odds, risks.effect, weight
    )
    return pd.DataFrame([*rows, _row("slope of the benefit", "both", slope, 1.0)])


def _row(measure: str, arm: str, found: Estimate | None, right: float) -> dict[str, Any]:
    value = (np.nan, np.nan, np.nan, "") if found is None else (found.value, found.lower, found.upper, found.method)
    return {"measure": measure, "arm": arm, **dict(zip(("value", "lower", "upper", "method"), value, strict=True)),
            "right": right}  # fmt: skip


def _mean_benefit(data: DevelopmentData, arm: Floats, risks: HeldOut) -> dict[str, Any]:
    """Return the mean benefit in these patients, and how it was estimated; a right prediction has the same mean.

    It is not the planned analysis of the trial: with everybody followed it is standardised for the predicted risk.
    """
    predicted = float(risks.benefit.mean())
    method = KAPLAN_MEIER
    found = survival_contrast(*data.by_horizon()[:2], arm, data.by_horizon()[2]).contrast
    if not data.lost:
        with suppress(InsufficientDataError):
            found = standardised_contrast(data.relapse, arm, risks.control_log_odds).contrast
            method = STANDARDISED
    value = np.nan if found.value is None else -found.value
    return {"measure": "mean benefit in the trial", "arm": "both", "value": value, "lower": -found.upper,
            "upper": -found.lower, "method": method, "right": predicted}  # fmt: skip


def decisions_by_benefit(relapse: Floats, arm: Floats, benefit: Floats, weight: Floats) -> pd.DataFrame:
    """Return the net benefit of treating by predicted benefit, and of treating all, by threshold.

    Parameters
    ----------
    relapse, arm, benefit, weight : array of float
        As in `policy_net_benefit`.
    """
    net = policy_net_benefit(relapse, arm, benefit, THRESHOLDS, weight)
    share = [float((benefit > threshold).mean()) for threshold in THRESHOLDS]
    return pd.DataFrame({"threshold": THRESHOLDS, "treated": share, "by_benefit": net[:, 0], "treat_all": net[:, 1],
                         "treat_none": 0.0})  # fmt: skip


def curve_of_one_effect(risks: HeldOut, log_odds: dict[str, float]) -> pd.DataFrame:
    """Return the model's benefit over the range of predicted risks, with the interval of the effect.

    Parameters
    ----------
    risks : HeldOut
    log_odds : dict of str to float
        ``mean``, ``lower`` and ``upper`` of the effect.
    """
    low, high = np.quantile(risks.control, [0.01, 0.99])
    risk = np.linspace(low, high, 60)
    at = np.log(risk) - np.log1p(-risk)

    def benefit(effect: float) -> Floats:
        return np.asarray(risk - 1.0 / (1.0 + np.exp(-at - effect)))

    return pd.DataFrame(
        {"risk": risk, "benefit": benefit(log_odds["mean"]), "lower": benefit(log_odds["upper"]),
         "upper": benefit(log_odds["lower"])}
    )  # fmt: skip
