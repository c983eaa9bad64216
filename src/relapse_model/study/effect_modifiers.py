"""The effect modifiers of a trial's plan as terms of the study: the arm times the distance of a predictor."""

from __future__ import annotations

from collections.abc import Mapping

from relapse_model.study.reader import parse_study
from relapse_model.study.several_landmarks import landmarks_beside_text, stacked_study
from relapse_model.study.study import Study

FEWEST_EVENTS_PER_MODIFIER = 40  # with fewer even a strong interaction is found in a third of trials
_TERM = """
# An effect modifier of the plan ([trial]): how the effect of the arm changes with the predictor, around its mean.
[[terms]]
name = "{name}"
label = "Effect modification: {label}"
factors = [{{ predictor = "{arm}" }}, {{ predictor = "{predictor}", minus = {mean!r} }}]
prior = {{ log_odds = 0.0, sd = {sd!r}, per = "unit", source = "the plan of the trial: mean 0, sd {planned:g} per \
standard deviation" }}
"""


def modifier_term(arm: str, predictor: str) -> str:
    """Return the name of the term of an effect modifier."""
    return f"{arm}_by_{predictor}"


def with_effect_modifiers(study: Study, arm: str, spread: Mapping[str, tuple[float, float]]) -> Study:
    """Return the study with the effect modifiers of its plan as terms, over which its models are averaged.

    The study's text is changed, and read again, so that a model file can carry it. The prior of an interaction has the
    mean 0 and the standard deviation that the plan states per standard deviation of the predictor; the effect of the
    arm itself stays that at the predictor's mean.

    Parameters
    ----------
    study : Study
        With a plan of a trial.
    arm : str
        The predictor that tells the arms apart.
    spread : mapping of str to (float, float)
        Mean (in the clinical unit) and standard deviation (on the scale of the model) of each modifier.

    Raises
    ------
    RelapseModelError
        If the study was changed after its text was read.
    """
    weeks = landmarks_beside_text(study)
    text = study.text.rstrip("\n") + "\n"
    for one in study.trial.effect_modifiers if study.trial is not None else ():
        mean, sd = spread[one.predictor]
        label = study.predictor(one.predictor).label.replace("\\", "").replace('"', "")
        text += _TERM.format(
            name=modifier_term(arm, one.predictor), label=label, arm=arm, predictor=one.predictor, mean=float(mean),
            sd=float(one.sd / sd), planned=one.sd,
        )  # fmt: skip
    found = parse_study(text, f"study {study.name!r} with the effect modifiers of its plan")
    return found if weeks is None else stacked_study(found, weeks)


def few_events_for_modifiers(events: int, modifiers: int) -> str:
    """Say that the effect cannot be modelled by so many modifiers; empty where it can.

    Parameters
    ----------
    events, modifiers : int

    Examples
    --------
    >>> few_events_for_modifiers(80, 2)
    ''
    """
    needed = FEWEST_EVENTS_PER_MODIFIER * modifiers
    if events >= needed:
        return ""
    return (
        f"the effect modifiers of the plan are not modelled: {events} events, expected {needed} "
        f"({FEWEST_EVENTS_PER_MODIFIER} for each of {modifiers}). With fewer even a strong interaction is mostly "
        "missed, and one that is found is mostly exaggerated"
    )
