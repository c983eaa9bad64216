"""A study for several landmarks at once: its text with the weeks written in, and their own week as a predictor."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace

from relapse_model.comparisons import before
from relapse_model.errors import RelapseModelError
from relapse_model.study.line_numbers import line_of
from relapse_model.study.reader import parse_study
from relapse_model.study.study import Study

LANDMARK_KIND = "landmark_week"
_WEEKS = re.compile(r"""(landmark_weeks["']?\s*=\s*)\[[^\]]*\]""")
_HEADER = re.compile(r"^\s*\[\s*prediction\s*\].*$", re.MULTILINE)
_PREDICTOR = """
# The week of the landmark. Its prior is arithmetic and no finding: at a constant hazard a small risk is proportional
# to the weeks that are left to the horizon.
[[predictors]]
name = "landmark_week"
label = "Week of the landmark"
kind = "landmark_week"
direction = "down"
prior = {{ log_odds = {mean:.6g}, sd = {sd:.6g}, per = "unit", source = "arithmetic, no finding: of the weeks to the \
horizon (week {horizon:g}), the share left at week {last:g} of those left at week {first:g}, at constant hazard; log, \
per week; sd half of it" }}
"""


def stacked_study(study: Study, landmark_weeks: Sequence[float]) -> Study:
    """Return the study of one model for several landmarks.

    The landmark's own week is a predictor, so that the risk may fall as the horizon comes nearer; the effects of the
    other predictors are taken to be the same at all landmarks. The study's text is changed, and read again, so that
    a model file can carry it.

    Parameters
    ----------
    study : Study
        Where it declares a predictor of kind ``"landmark_week"``, that one is used as it is. Else one is added, with
        a prior by arithmetic: with H the horizon, a log-odds of ``log((H - last) / (H - first)) / (last - first)``
        per week, which holds for small risks at a constant hazard, and half of that as its standard deviation.
    landmark_weeks : sequence of float
        Two or more weeks before the horizon; put in order.

    Returns
    -------
    Study

    Raises
    ------
    RelapseModelError
        If the weeks are not such, or the study was changed after its text was read.
    StudyError
        If it has another predictor by the name ``landmark_week``.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = stacked_study(rm.load_study("hbsag-relapse"), (0, 12, 24))
    >>> study.prediction.landmark_weeks, study.predictors[-1].prior.log_odds
    ((0.0, 12.0, 24.0), -0.0288811)
    """
    weeks = check_landmarks(landmark_weeks, study)
    if parse_study(study.text, study.name) != study:
        raise RelapseModelError(
            f"study {study.name!r} was changed after it was read, and a model carries its text. "
            "Change the text instead, and load it with load_study."
        )
    text = _with_weeks(study.text, weeks)
    declared = any(predictor.kind == LANDMARK_KIND for predictor in study.predictors)
    if not declared:
        text = text.rstrip("\n") + "\n" + _predictor_text(weeks, study.prediction.horizon_weeks)
    stacked = parse_study(text, f"study {study.name!r} at several landmarks")
    added = () if declared else stacked.predictors[-1:]
    prediction = replace(study.prediction, landmark_weeks=weeks)
    if stacked != replace(study, prediction=prediction, predictors=(*study.predictors, *added), text=text):
        raise RelapseModelError(
            f"study {study.name!r}: its landmark_weeks cannot be replaced by {_listed(weeks)}; expected a section "
            "[prediction] with landmark_weeks = [...] on a line of its own. Write the weeks there."
        )
    return stacked


def check_landmarks(landmark_weeks: Sequence[float], study: Study) -> tuple[float, ...]:
    """Return the weeks in order; refuse fewer than two, one given twice, and one not before the horizon.

    Parameters
    ----------
    landmark_weeks : sequence of float
    study : Study
    """
    weeks = tuple(sorted(float(week) for week in landmark_weeks))
    horizon = study.prediction.horizon_weeks
    if len(weeks) < 2 or len(set(weeks)) < len(weeks):
        raise RelapseModelError(
            f"landmark_week is {_listed(weeks)}; expected two or more weeks, each once. Give a single one as a number."
        )
    if not all(math.isfinite(week) and before(week, horizon) for week in weeks):
        raise RelapseModelError(
            f"landmark_week is {_listed(weeks)}; expected weeks before the horizon of study {study.name!r} "
            f"({horizon:g}). Leave out the later ones."
        )
    return weeks


def _with_weeks(text: str, weeks: tuple[float, ...]) -> str:
    """Replace the landmark weeks in the section [prediction], or add them under its header."""
    array = f"[{', '.join(repr(week).removesuffix('.0') for week in weeks)}]"
    known = "landmark_weeks" in tomllib.loads(text)["prediction"]
    line = line_of(text, ("prediction", "landmark_weeks")) or 1
    begin = sum(len(one) + 1 for one in text.split("\n")[: line - 1])
    pattern, new = (_WEEKS, rf"\g<1>{array}") if known else (_HEADER, rf"\g<0>\nlandmark_weeks = {array}")
    return text[:begin] + pattern.sub(new, text[begin:], count=1)


def _predictor_text(weeks: tuple[float, ...], horizon: float) -> str:
    first, last = weeks[0], weeks[-1]
    mean = math.log((horizon - last) / (horizon - first)) / (last - first)
    return _PREDICTOR.format(mean=mean, sd=-mean / 2, horizon=horizon, first=first, last=last)


def _listed(weeks: Sequence[float]) -> str:
    return "[" + ", ".join(f"{week:g}" for week in weeks) + "]"
