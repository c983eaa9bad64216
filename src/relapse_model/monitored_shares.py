"""Shares of monitored patients as they may be told: none that stands on one to four of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from relapse_model.monitored_scores import MonitoredScores
from relapse_model.predictor_drift import PredictorDrift
from relapse_model.small_counts import SMALL, told_count
from relapse_model.validation.estimate import Estimate

_RISKS = ("mean_risk", "p05", "median", "p95")


def few(share: Estimate, of: int) -> bool:
    """Return whether a share is that of one to four patients.

    Parameters
    ----------
    share : Estimate
    of : int
        Patients that it is a share of.
    """
    return 0 < round(share.value * of) < SMALL


def share_words(share: Estimate, of: int) -> str:
    """Return a share with its interval in words, or that it is of fewer than 5.

    Parameters
    ----------
    share : Estimate
    of : int

    Examples
    --------
    >>> from relapse_model.validation.threshold_measures import wilson
    >>> share_words(wilson(0.1, 100), 100), share_words(wilson(0.03, 100), 100)
    ('10 % (6 to 17 %)', '<5 of 100 patients')
    """
    if few(share, of):
        return f"<{SMALL} of {of} patients"
    return f"{100 * share.value:.0f} % ({100 * share.lower:.0f} to {100 * share.upper:.0f} %)"


def patients_of_shares(one: PredictorDrift) -> list[int]:
    """Return how many patients each share of a predictor is a share of: all for the missing, the known for the others.

    Parameters
    ----------
    one : PredictorDrift
    """
    missing = next((share.found.value for share in one.shares if share.what == "missing"), 0.0)
    known = one.patients - round(missing * one.patients)
    return [one.patients if share.what == "missing" else known for share in one.shares]


def drift_told(one: PredictorDrift) -> dict[str, Any]:
    """Return the drift of a predictor as plain values; a share of one to four patients, and its p, are not told.

    Parameters
    ----------
    one : PredictorDrift
    """
    hidden = [few(share.found, of) for share, of in zip(one.shares, patients_of_shares(one), strict=True)]
    told = asdict(one)
    for share, is_hidden in zip(told["shares"], hidden, strict=True):
        if is_hidden:
            share |= {"found": _hidden(share["found"]), "p_value": None}
    furthest = min(range(len(hidden)), key=lambda place: one.shares[place].p_value, default=None)
    p_value = None if furthest is not None and hidden[furthest] else one.p_value
    return told | {"shares": list(told["shares"]), "p_value": p_value}


def scores_told(scores: MonitoredScores) -> dict[str, Any]:
    """Return what the scores show as plain values: risks to a tenth of a per cent, and none of fewer than 5 patients.

    Parameters
    ----------
    scores : MonitoredScores
    """
    told = asdict(scores) | {"warnings": [drift_told(one) for one in scores.warnings]}
    enough = scores.scored >= SMALL
    told |= {name: round(told[name], 3) if enough else None for name in _RISKS}
    if few(scores.rejected, scores.patients):
        told["rejected"] = _hidden(told["rejected"])
    told |= {"patients": told_count(scores.patients), "scored": told_count(scores.scored)}
    return told if enough else told | {"p_value": None}


def _hidden(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"value": f"<{SMALL}", "lower": None, "upper": None}
