"""Too few events to learn from, or more predictors than events: refused by name."""

from __future__ import annotations

from relapse_model.errors import InsufficientDataError
from relapse_model.features.development_data import DevelopmentData

FEWEST_EVENTS = 5  # folds need at least one each; below this nothing can be learned or checked


def require_events(data: DevelopmentData, purpose: str) -> None:
    """Refuse a cohort in which there is nothing to learn from.

    Parameters
    ----------
    data : DevelopmentData
    purpose : str
        What was asked for, for the message.

    Raises
    ------
    InsufficientDataError
    """
    free = data.patients - data.events - data.lost
    for count, what in ((data.events, "events"), (free, "patients free of the outcome through the horizon")):
        if count < FEWEST_EVENTS:
            raise InsufficientDataError(
                f"{purpose}: {count} {what} among {data.patients} patients at risk ({data.lost} lost before week "
                f"{data.horizon:g}); expected at least {FEWEST_EVENTS}. "
                "The cohort is too small to support a model: follow the patients longer, or combine cohorts."
            )


def require_support(data: DevelopmentData, predictors: int, purpose: str, *, override: bool) -> None:
    """Refuse more predictors than events: no penalty or prior makes up for that without being believed blindly.

    Parameters
    ----------
    data : DevelopmentData
    predictors : int
    purpose : str
        What was asked for, for the message.
    override : bool
        Go on all the same.

    Raises
    ------
    InsufficientDataError
    """
    if predictors > data.events and not override:
        raise InsufficientDataError(
            f"{purpose}: {predictors} predictors and {data.events} events; expected at most one predictor per "
            "event. Choose fewer predictors, in advance and by what is known of them. For exploration only, the "
            "setting more_predictors_than_events=True fits the model all the same."
        )
