"""What a validation showed, as one word: by it every page, score and card says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relapse_model.validation.estimate import Estimate

if TYPE_CHECKING:
    from relapse_model.validation.performance_measures import Performance

WITHIN = {
    "auc_within_arm": "between_arms",
    "auc_within_centre": "between_centres",
}  # kept where only these are told apart
EVENTS_FOR_A_CURVE = 100  # fewer do not support a smooth calibration curve (Van Calster et al. 2016)


def verdict_code(performance: Performance) -> str:
    """Return what a validation showed, never more than its intervals allow.

    Parameters
    ----------
    performance : Performance

    Returns
    -------
    {"refused", "worse", "not_shown", "between_arms", "between_centres", "ranks", "yes_few", "yes"}
        No AUC; worse than no model; not shown to rank better than chance; shown to tell arms or centres apart only, by
        the AUC within them; shown to rank, but not to be more accurate than the mean risk; both shown, with fewer than
        100 events; both shown.

    Examples
    --------
    >>> from relapse_model.validation.performance_measures import Performance
    >>> auc, loss = Estimate(0.68, 0.57, 0.78, 0.95, "bootstrap"), Estimate(-0.02, -0.06, 0.02, 0.95, "paired")
    >>> verdict_code(Performance(132, 21, 13, {"auc": auc, "log_loss_difference": loss}, {}))
    'ranks'
    """
    auc, difference = (performance.measures.get(name) for name in ("auc", "log_loss_difference"))
    if not isinstance(auc, Estimate):
        return "refused"
    if auc.upper < 0.5 or (isinstance(difference, Estimate) and difference.lower > 0):
        return "worse"
    if auc.lower <= 0.5:
        return "not_shown"
    for name, code in WITHIN.items():
        if name in performance.measures:
            return code
    if not (isinstance(difference, Estimate) and difference.upper < 0):
        return "ranks"
    return "yes_few" if performance.events < EVENTS_FOR_A_CURVE else "yes"


def to_recalibrate(performance: Performance) -> str:
    """Return ``"extreme"`` or ``"timid"`` where the calibration slope was shown to be below or above 1; else nothing.

    Parameters
    ----------
    performance : Performance
    """
    slope = performance.measures.get("calibration_slope")
    if not isinstance(slope, Estimate):
        return ""
    return "extreme" if slope.upper < 1 else "timid" if slope.lower > 1 else ""
