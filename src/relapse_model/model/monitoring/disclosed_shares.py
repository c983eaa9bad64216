"""Shares of monitored patients as they may be disclosed: none that stands on one to four of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from relapse_model.model.monitoring.drift import PredictorDrift
from relapse_model.model.monitoring.scores import MonitoredScores
from relapse_model.small_counts import HIDDEN, SMALL, disclosed_count
from relapse_model.validation.estimate import Estimate

FEWEST_QUANTILES = 20  # scored patients of whom quantiles are disclosed: of fewer, they are nearly one patient's risk
_QUANTILES = ("p05", "median", "p95")


def few(share: Estimate, of: int) -> bool:
    """Return whether a share is that of one to four patients, or of all but one to four.

    Parameters
    ----------
    share : Estimate
    of : int
        Patients that it is a share of.
    """
    count = round(share.value * of)
    return 0 < count < SMALL or 0 < of - count < SMALL


def share_words(share: Estimate, of: int) -> str:
    """Return a share with its interval in words, or that it is of fewer than 5.

    Parameters
    ----------
    share : Estimate
    of : int

    Examples
    --------
    >>> from relapse_model.validation.classification_measures import wilson
    >>> share_words(wilson(0.1, 100), 100), share_words(wilson(0.03, 100), 100)
    ('10 % (6 to 17 %)', '<5 of 100 patients')
    >>> share_words(wilson(0.97, 100), 100)
    'all but <5 of 100 patients'
    """
    if few(share, of):
        return f"{_few_words(share.value, of)} of {of} patients"
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


def disclosed_drift(one: PredictorDrift) -> dict[str, Any]:
    """Return the drift of a predictor as plain values; a share of one to four patients, and its p, are not disclosed.

    Parameters
    ----------
    one : PredictorDrift
    """
    hidden = [few(share.found, of) for share, of in zip(one.shares, patients_of_shares(one), strict=True)]
    disclosed = asdict(one)
    for share, is_hidden, of in zip(disclosed["shares"], hidden, patients_of_shares(one), strict=True):
        if is_hidden:
            share |= {"found": _hidden(share["found"], of), "p_value": None}
    furthest = min(range(len(hidden)), key=lambda place: one.shares[place].p_value, default=None)
    p_value = None if furthest is not None and hidden[furthest] else one.p_value
    return disclosed | {"shares": list(disclosed["shares"]), "p_value": p_value}


def disclosed_scores(scores: MonitoredScores) -> dict[str, Any]:
    """Return what the scores show as plain values, none of them of one to four patients.

    Risks are disclosed to a tenth of a per cent, their mean of 5 patients or more, their quantiles of 20 or more.

    Parameters
    ----------
    scores : MonitoredScores
    """
    disclosed = asdict(scores) | {"warnings": [disclosed_drift(one) for one in scores.warnings]}
    enough = scores.scored >= SMALL
    disclosed |= {"mean_risk": round(scores.mean_risk, 3) if enough else None}
    many = scores.scored >= FEWEST_QUANTILES
    disclosed |= {name: round(disclosed[name], 3) if many else None for name in _QUANTILES}
    if few(scores.rejected, scores.patients):
        disclosed["rejected"] = _hidden(disclosed["rejected"], scores.patients)
    disclosed |= {"patients": disclosed_count(scores.patients), "scored": disclosed_scored(scores)}
    return disclosed if enough else disclosed | {"p_value": None}


def disclosed_scored(scores: MonitoredScores) -> int | str:
    """Return the number of scored patients, hidden where it would tell that one to four were rejected.

    Parameters
    ----------
    scores : MonitoredScores
    """
    return HIDDEN if few(scores.rejected, scores.patients) else disclosed_count(scores.scored)


def _few_words(value: float, of: int) -> str:
    return f"<{SMALL}" if round(value * of) < SMALL else f"all but <{SMALL}"


def _hidden(found: dict[str, Any], of: int) -> dict[str, Any]:
    return found | {"value": _few_words(found["value"], of), "lower": None, "upper": None}
