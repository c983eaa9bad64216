"""The sensitivity analyses of the plan, in its order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from relapse_model.arrays import Mask
from relapse_model.errors import InsufficientDataError
from relapse_model.study.trial_plan import Sensitivity, TrialPlan
from relapse_model.trial.arms.arm_contrast import ArmContrast, Names, counts
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.estimation import by_plan
from relapse_model.trial.arms.number_words import odds_factor, out_of
from relapse_model.trial.statistics import (
    ArmCount,
    Contrast,
    TippingGrid,
    imputed_risk_difference,
    interval_censored_masses,
    interval_censored_test,
    interval_censored_weibull,
    missing_endpoint_bounds,
    tipping_grid,
)

STATUS = "sensitivity"
_WORDS = {
    "missing = failure": ("Missing = failure", "all patients with an unknown endpoint failed", "all_events"),
    "missing = success": ("Missing = success", "no patient with an unknown endpoint failed", "no_events"),
}


@dataclass(frozen=True, eq=False)
class SensitivityResults:
    """The comparisons in the order of the plan, and the grid of the tipping point if the plan asks for it."""

    contrasts: tuple[ArmContrast, ...]
    tipping: TippingGrid | None


def sensitivity_analyses(
    found: Endpoint, plan: TrialPlan, per_protocol: Mask, protocol: str, not_judged: str = ""
) -> SensitivityResults:
    """Carry out the sensitivity analyses of the plan; where one cannot be made, it says why.

    Parameters
    ----------
    found : Endpoint
        As the primary analysis sees it.
    plan : TrialPlan
    per_protocol : array of bool
        Who kept to the protocol.
    protocol : str
        What that means, in words.
    not_judged : str
        Why nobody can tell who did; empty where it is known.
    """
    names = plan.arms.names
    made: list[ArmContrast] = []
    grid = None
    for one in plan.sensitivity:
        if one.kind in _WORDS or one.kind == "extreme":
            made += _bounds(found, plan, names, one.kind)
        elif one.kind == "tipping point":
            grid = _grid(found, plan, names)
            made.append(_tipping(found, names, grid))
        elif one.kind == "multiple imputation":
            made += _imputed(found, plan, names, one)
        elif one.kind == "interval censored":
            made.append(_interval_censored(found, plan, names))
        else:
            made.append(
                _refused("per protocol", "Per protocol", protocol, found, names, not_judged)
                if not_judged
                else _per_protocol(found, plan, names, per_protocol, protocol)
            )
    return SensitivityResults(tuple(made), grid)


def endpoint_counts(found: Endpoint) -> tuple[ArmCount, ArmCount]:
    """Return events, known and missing of the treatment and the control arm."""
    one, nought = (
        ArmCount(int(found.event[who].sum()), int((~found.lost[who]).sum()), int(found.lost[who].sum()))
        for who in (found.treated, ~found.treated)
    )
    return one, nought


def _refused(kind: str, label: str, estimand: str, found: Endpoint, names: Names, why: object) -> ArmContrast:
    return ArmContrast(kind, label, estimand, STATUS, *counts(found, names), note=f"not made: {why}")


def _bounds(found: Endpoint, plan: TrialPlan, names: Names, kind: str) -> list[ArmContrast]:
    one, nought = endpoint_counts(found)
    pair = (names[0], names[1])
    if kind == "extreme":
        rows = [
            (
                f"Worst case for {pair[0]}",
                f"of those with an unknown endpoint, all in {pair[0]}, none in {pair[1]} failed",
                "worst",
            ),
            (
                f"Best case for {pair[0]}",
                f"of those with an unknown endpoint, none in {pair[0]}, all in {pair[1]} failed",
                "best",
            ),
        ]
    else:
        rows = [_WORDS[kind]]
    try:
        bounds = missing_endpoint_bounds(one, nought, plan.primary.level)
    except InsufficientDataError as error:
        return [_refused(kind, label, estimand, found, names, error) for label, estimand, _ in rows]
    failed = {"all_events": (1, 1), "no_events": (0, 0), "worst": (1, 0), "best": (0, 1)}
    made = []
    for label, estimand, which in rows:
        arms = []
        for arm, count, more in zip(counts(found, names), (one, nought), failed[which], strict=True):
            events = count.events + more * count.missing
            arms.append(replace(arm, events=events, lost=0, value=events / arm.patients))
        made.append(ArmContrast(kind, label, estimand, STATUS, arms[0], arms[1], getattr(bounds, which)))
    return made


def _grid(found: Endpoint, plan: TrialPlan, names: Names) -> TippingGrid | None:
    try:
        return tipping_grid(*endpoint_counts(found), plan.primary.level)
    except InsufficientDataError:
        return None


def _tipping(found: Endpoint, names: Names, grid: TippingGrid | None) -> ArmContrast:
    label, estimand = (
        "Tipping point",
        "every number of failures among the patients with an unknown endpoint",
    )
    if grid is None:
        return _refused("tipping point", label, estimand, found, names, "nobody's endpoint is known in an arm")
    cells = grid.difference.size
    below, above = int(grid.fewer_events.sum()), int(grid.more_events.sum())
    note = f"in none of {cells} combinations did the interval exclude 0"
    if below + above:
        note = f"the interval excludes 0 in {out_of(below + above, cells)} combinations ({below} below, {above} above)"
    return ArmContrast("tipping point", label, estimand, STATUS, *counts(found, names), note=note)


def _imputed(found: Endpoint, plan: TrialPlan, names: Names, asked: Sensitivity) -> list[ArmContrast]:
    one, nought = endpoint_counts(found)
    made = []
    for delta in asked.deltas:
        label = f"Multiple imputation, odds multiplied by {odds_factor(delta)}" if delta else "Multiple imputation"
        estimand = (
            f"patients with an unknown endpoint have the risk of their arm; in {names[0]}, their odds of failure are "
            f"multiplied by {odds_factor(delta)}"
        )
        if delta == 0:
            estimand = "patients with an unknown endpoint have the risk of their arm"
        try:
            contrast = imputed_risk_difference(
                one, nought, (delta, 0.0), imputations=asked.imputations, seed=asked.seed, level=plan.primary.level
            ).contrast
        except InsufficientDataError as error:
            made.append(_refused(asked.kind, label, estimand, found, names, error))
            continue
        made.append(ArmContrast(asked.kind, label, estimand, STATUS, *counts(found, names), contrast))
    return made


def _interval_censored(found: Endpoint, plan: TrialPlan, names: Names) -> ArmContrast:
    """Compare the arms by the intervals between tests: risks without a shape assumed, their test, a Weibull ratio."""
    kind, label = "interval censored", "Interval-censored times"
    estimand = (
        "as the primary analysis; each failure lies somewhere between the last negative and the first positive test"
    )
    try:
        bounds = [
            interval_censored_masses(found.left[who], found.right[who]).risk_by(found.week)
            for who in (found.treated, ~found.treated)
        ]
        test = interval_censored_test(found.left, found.right, found.arm)
    except InsufficientDataError as error:
        return _refused(kind, label, estimand, found, names, error)
    contrast: Contrast | None = None
    note = ""
    try:
        # No Weibull time is exactly 0: who had failed at randomisation did so within the first day.
        right = np.where(found.right == 0, 1 / 7, found.right)
        contrast = interval_censored_weibull(found.left, right, found.arm, plan.primary.level).contrast
    except InsufficientDataError as error:
        note = f"no hazard ratio: {error} "
    arms = [
        replace(arm, value=bound[0] if bound[0] == bound[1] else None)
        for arm, bound in zip(counts(found, names), bounds, strict=True)
    ]
    risks = " and ".join(
        f"{name} {100 * low:.1f} %" if low == high else f"{name} {100 * low:.1f} to {100 * high:.1f} %"
        for name, (low, high) in zip(names, bounds, strict=True)
    )
    note += f"nonparametric risk by week {found.week:g}: {risks}"
    return ArmContrast(kind, label, estimand, STATUS, arms[0], arms[1], contrast, (test,), note)


def _per_protocol(found: Endpoint, plan: TrialPlan, names: Names, per_protocol: Mask, protocol: str) -> ArmContrast:
    kept = found.rows(per_protocol)
    label = "Per protocol"
    left_out = [int((~per_protocol & who).sum()) for who in (found.treated, ~found.treated)]
    note = f"excluded: {names[0]} {left_out[0]}, {names[1]} {left_out[1]}"
    try:
        if not (kept.treated.any() and (~kept.treated).any()):
            raise InsufficientDataError("an arm has nobody who kept to the protocol")
        made = by_plan(kept, plan, kind="per protocol", label=label, status=STATUS, estimand=protocol)
    except InsufficientDataError as error:
        return _refused("per protocol", label, protocol, kept, names, f"{error} ({note})")
    return replace(made, note="; ".join(filter(None, (made.note, note))))
