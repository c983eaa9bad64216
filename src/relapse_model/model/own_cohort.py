"""Whether a cohort is the one that a model was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relapse_model.errors import RelapseModelError
from relapse_model.features.fingerprint import cohort_fingerprint

if TYPE_CHECKING:
    from relapse_model.cohort.cohort import Cohort
    from relapse_model.model.trained import TrainedModel

KEY = "fingerprint"  # in the summary, of the training; in "parent" and in "update", of theirs


def is_own_cohort(model: TrainedModel, cohort: Cohort) -> bool | None:
    """Tell whether a model was trained or updated on this very cohort, or the model it started from was.

    Assumes the whole cohort: patients shared in part are not seen (`relapse_model.features.fingerprint`).

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort

    Returns
    -------
    bool or None
        None where the model keeps no fingerprint of its training, as those of earlier versions.
    """
    if fingerprint_for(model, cohort) in _fingerprints(model.summary):
        return True
    return None if model.summary.get(KEY) is None else False


def fingerprint_for(model: TrainedModel, cohort: Cohort) -> str | None:
    """Return the fingerprint of a cohort as the model sees it; None where it does not even fit its study.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
    """
    try:
        return cohort_fingerprint(cohort, model.study, model.landmark_weeks)
    except RelapseModelError:
        return None


def refuse_own_cohort(model: TrainedModel, cohort: Cohort, what: str) -> None:
    """Refuse to learn once more from the very patients that a model was trained on: they would count twice.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
    what : str
        What was asked for, for the message.

    Raises
    ------
    RelapseModelError
    """
    own = model.summary.get(KEY)
    if own is not None and fingerprint_for(model, cohort) == own:
        raise RelapseModelError(
            f"{what}: these are the very patients that the model was trained on (RM115); expected others. They would "
            "count twice, and look like a confirmation. Give a cohort of other patients."
        )


def _fingerprints(summary: dict[str, Any]) -> set[str]:
    """Return those of the training, of the model it started from, and of each update."""
    parent, update = summary.get("parent") or {}, summary.get("update") or {}
    return {str(one) for one in (summary.get(KEY), parent.get(KEY), *update.get("fingerprints", ())) if one}
