"""A study for several landmarks at once: their weeks, and the week of the landmark as a predictor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from relapse_model.comparisons import before
from relapse_model.errors import RelapseModelError
from relapse_model.study.prediction import Prediction
from relapse_model.study.predictor import Predictor, Prior
from relapse_model.study.reader import parse_study
from relapse_model.study.study import Study, one_week

LANDMARK_KIND = "landmark_week"
_NAME = "landmark_week"


def stacked_study(study: Study, landmark_weeks: Sequence[float]) -> Study:
    """Return the study of one model for several landmarks.

    The landmark's own week is a predictor, so that the risk may fall as the horizon comes nearer; the effects of the
    other predictors are taken to be the same at all landmarks. The study's text stays as it is: a model file keeps the
    weeks beside it.

    Parameters
    ----------
    study : Study
        Where it declares a predictor of kind ``"landmark_week"``, that one is used as it is. Else one is added, with
        a prior by arithmetic: with H the horizon, a log-odds of ``log((H - last) / (H - first)) / (last - first)``
        per week, which holds for small risks at a constant hazard, and half of that as its standard deviation. One
        that was added for other weeks is replaced.
    landmark_weeks : sequence of float
        Two or more weeks before the horizon; put in order.

    Returns
    -------
    Study

    Raises
    ------
    RelapseModelError
        If the weeks are not such, or the study has another predictor by the name ``landmark_week``.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = stacked_study(rm.load_study("hbsag-relapse"), (0, 12, 24))
    >>> study.prediction.landmark_weeks, study.predictors[-1].prior.log_odds
    ((0.0, 12.0, 24.0), -0.0288811)
    """
    weeks = check_landmarks(landmark_weeks, study)
    prediction = replace(study.prediction, landmark_weeks=weeks)
    predictors = tuple(one for one in study.predictors if one not in _added(study.prediction))
    if any(one.kind == LANDMARK_KIND for one in predictors):
        return replace(study, prediction=prediction)
    if any(_NAME in (one.name for one in entries) for entries in (predictors, study.terms)):
        raise RelapseModelError(
            f"study {study.name!r} at several landmarks: {_NAME!r} is the name of the week of the landmark, and of "
            f"another predictor or term; expected kind = {LANDMARK_KIND!r}, or another name. Rename it."
        )
    return replace(study, prediction=prediction, predictors=(*predictors, *_added(prediction)))


def landmarks_beside_text(study: Study) -> tuple[float, ...] | None:
    """Return the landmarks of a study that was made by `stacked_study`, which its text does not say; else None.

    Parameters
    ----------
    study : Study

    Raises
    ------
    RelapseModelError
        If the study was changed in another way after its text was read.
    """
    read, weeks = parse_study(study.text, study.name), study.prediction.landmark_weeks
    if read == study:
        return None
    with suppress(RelapseModelError):  # weeks that cannot be landmarks
        if stacked_study(read, weeks) == study:
            return weeks
    raise RelapseModelError(
        f"study {study.name!r} was changed after it was read, and a model carries its text. "
        "Change the text instead, and load it with load_study."
    )


def check_landmarks(landmark_weeks: Sequence[float], study: Study) -> tuple[float, ...]:
    """Return the weeks in order; refuse fewer than two, one given twice, and one not before the horizon.

    Parameters
    ----------
    landmark_weeks : sequence of float
    study : Study
    """
    weeks = tuple(sorted(map(one_week, landmark_weeks)))
    horizon = study.prediction.horizon_weeks
    if len(weeks) < 2 or len(set(weeks)) < len(weeks):
        raise RelapseModelError(
            f"landmark_week is {_listed(weeks)}; expected two or more weeks, each once. Give a single one as a number."
        )
    if not all(before(week, horizon) for week in weeks):
        raise RelapseModelError(
            f"landmark_week is {_listed(weeks)}; expected weeks before the horizon of study {study.name!r} "
            f"({horizon:g}). Leave out the later ones."
        )
    window = study.prediction.landmark_window_weeks
    close = [pair for pair in pairwise([*weeks, horizon]) if window and not before(window, (pair[1] - pair[0]) / 2)]
    if close:
        raise RelapseModelError(
            f"landmark_week is {_listed(weeks)}, and landmark_window_weeks of study {study.name!r} is {window:g}; "
            f"expected more than twice as many weeks between {close[0][0]:g} and {close[0][1]:g}: one visit would be "
            "that of both."
        )
    return weeks


def _added(prediction: Prediction) -> tuple[Predictor, ...]:
    """Return the predictor that is added for several landmarks; none for a single one."""
    first, last, horizon = prediction.landmark_weeks[0], prediction.landmark_weeks[-1], prediction.horizon_weeks
    if not first < last:
        return ()
    mean = math.log((horizon - last) / (horizon - first)) / (last - first)
    source = (
        f"arithmetic, no finding: of the weeks to the horizon (week {horizon:g}), the share left at week {last:g} of "
        f"those left at week {first:g}, at constant hazard; log, per week; sd half of it"
    )
    prior = Prior(float(f"{mean:.6g}"), float(f"{-mean / 2:.6g}"), "unit", source)
    return (Predictor(_NAME, LANDMARK_KIND, "Week of the landmark", unit="weeks", direction="down", prior=prior),)


def _listed(weeks: Sequence[float]) -> str:
    return "[" + ", ".join(f"{week:g}" for week in weeks) + "]"
