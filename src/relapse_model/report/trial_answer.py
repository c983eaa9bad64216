"""The answer of a trial in words: the endpoint as registered first, then the comparison as planned."""

from __future__ import annotations

from relapse_model.report.trial_words import (
    MEASURES,
    contrast_words,
    first_capital,
    p_value,
    percent,
    points,
    ratio_words,
)
from relapse_model.trial.arms.analysis import TrialAnalysis, direction
from relapse_model.trial.arms.arm_contrast import ArmContrast, ArmFigures
from relapse_model.trial.arms.findings import NOT_MADE
from relapse_model.trial.arms.flow import DIED, ENDED
from relapse_model.trial.arms.number_words import number_of
from relapse_model.trial.statistics import Contrast

_NOT_ALIKE = "This does not show that the arms are equivalent."
DIFFERENCE = "risk_difference"


def answer(found: TrialAnalysis) -> str:
    """Return the answer of the primary analysis in words, with its interval, never more than it allows.

    Parameters
    ----------
    found : TrialAnalysis
    """
    return " ".join(filter(None, (short_answer(found), answer_caveats(found))))


def short_answer(found: TrialAnalysis) -> str:
    """Return the answer itself: what was found, and what that shows.

    The registered endpoint is freedom from failure, and stands first, by arm; the plan compares failures, whose
    difference is the only one that is given, so that one result has one sign.

    Parameters
    ----------
    found : TrialAnalysis
    """
    contrast = found.primary.contrast
    if contrast is None:
        return f"The planned analysis has no answer: {found.primary.note}."
    return " ".join((_endpoint(found), _as_planned(found, contrast), _shown(found, contrast)))


def answer_caveats(found: TrialAnalysis) -> str:
    """Return what the answer leaves open: patients who were lost, and antibody that may hide the outcome.

    Parameters
    ----------
    found : TrialAnalysis
    """
    if found.primary.contrast is None:
        return ""
    return " ".join(filter(None, (lost_words(found), hidden_words(found))))


def endpoint_words(found: TrialAnalysis) -> str:
    """Return what it is called not to have failed: the endpoint of the plan.

    Parameters
    ----------
    found : TrialAnalysis
    """
    endpoint = found.plan.primary.endpoint
    of_failure = endpoint.casefold() == found.study.outcome.name.casefold()  # the plan named the failure itself
    return first_capital(f"free of {endpoint}" if of_failure else endpoint)


def lost_words(found: TrialAnalysis) -> str:
    """Return how those without a known endpoint count; nothing where all are known.

    Parameters
    ----------
    found : TrialAnalysis
    """
    settled = settled_reasons(found)
    reasons = [one for arm in found.flow.arms for one in arm.lost_reasons]
    ended = sum(number for why, number in reasons if why in settled)
    event = "an intercurrent event" if {why for why, _ in reasons} & settled <= {ENDED} else "the event that ended it"
    lost = sum(number for _, number in reasons) - ended
    if found.plan.primary.adjusted:
        known = "; patients with a known endpoint are weighted to stand for them" if lost + ended else ""
        return f"The endpoint is unknown in {number_of(lost + ended, 'patient')}{known}." if known else ""
    parts = []
    if lost:
        one, several = ("patient was lost to follow-up and counts up to the last test",
                        "patients were lost to follow-up and count up to their last test")  # fmt: skip
        parts.append(number_of(lost, one, several))
    if ended:
        one, several = ("patient counts", "patients count")
        parts.append(f"{number_of(ended, one, several)} up to {event}, as planned")
    return f"{'; '.join(parts)}." if parts else ""


def settled_reasons(found: TrialAnalysis) -> set[str]:
    """Return why an endpoint is unknown for good: follow-up ended as the plan or the study says, or by a death.

    Parameters
    ----------
    found : TrialAnalysis
    """
    return {ENDED, DIED, *found.study.outcome.competing_as_censoring}


def excludes_none(contrast: Contrast) -> int:
    """Return -1 if the interval shows fewer failures with the treatment, 1 if more, 0 if neither.

    Parameters
    ----------
    contrast : Contrast
    """
    none = 0.0 if contrast.measure.endswith("difference") else 1.0
    return int(contrast.lower > none) - int(contrast.upper < none)


def limits_per_100(contrast: Contrast) -> tuple[str, str]:
    """Return how many fewer and how many more failures per 100 patients the interval allows, one decimal each.

    Parameters
    ----------
    contrast : Contrast
        A risk difference.
    """
    return f"{-100 * min(contrast.lower, 0.0):.1f}", f"{100 * max(contrast.upper, 0.0):.1f}"


def hidden_words(found: TrialAnalysis) -> str:
    """Return that antibody that was given may hide the outcome, and what the analysis that allows for it found.

    Parameters
    ----------
    found : TrialAnalysis
    """
    passive, analyte = found.study.passive_antibody, found.study.outcome.analyte
    if passive is None or analyte is None or analyte == passive.analyte:
        return ""
    drug = first_capital(" or ".join(found.study.agent_labels(passive.agents)))
    week = found.endpoint.week + found.study.scoring.passive_weeks
    later = found.later.contrast
    if later is None:
        shown = f"was not possible: {found.later.note.removeprefix(NOT_MADE).rstrip('.')}"
    else:
        unit = " percentage points" if later.measure == DIFFERENCE else ""
        shown = f"gives {contrast_words(later)}{unit}"
    return (
        f"{drug} can hide {found.study.analytes[analyte].label}, so that failures under it may be found late or not at "
        f"all; the analysis extended to week {week:g}, which allows for this, {shown}."
    )


def _endpoint(found: TrialAnalysis) -> str:
    treatment, control = found.primary.treatment, found.primary.control
    arms = f"{treatment.name} {_free(treatment)}, {control.name} {_free(control)}"
    return f"{endpoint_words(found)} at week {found.endpoint.week:g}: {arms}."


def _as_planned(found: TrialAnalysis, contrast: Contrast) -> str:
    composite = [one.event for one in found.plan.intercurrent if one.strategy == "composite"]
    ways = [found.study.outcome.name, *composite]
    failure = " or ".join([", ".join(ways[:-1]), ways[-1]] if len(ways) > 1 else ways)
    what, favours = direction(found.plan).split("; ")
    if contrast.measure == DIFFERENCE:
        value = f"Difference in failure, {what}: {points(contrast.value or 0.0)} percentage points"
    else:
        value = f"{MEASURES[contrast.measure].capitalize()}, {what}: {ratio_words(contrast.value)}"
    interval = f"{_level(contrast)} {contrast_words(contrast, interval_only=True)}"
    return f"Failure is the loss of this endpoint ({failure}). {value} ({interval}; {_tested(found)}); {favours}."


def _shown(found: TrialAnalysis, contrast: Contrast) -> str:
    treatment, control = found.plan.arms.quoted
    side = excludes_none(contrast)
    if side > 0 and found.plan.primary.sides == 1:
        return f"The planned test does not show fewer failures with {treatment}: the interval lies on the side of more."
    if side:
        return f"{'Fewer' if side < 0 else 'More'} failures with {treatment} than with {control} were shown."
    if contrast.measure != DIFFERENCE:
        return f"No difference was shown. {_NOT_ALIKE}"
    fewer, more = limits_per_100(contrast)
    return (
        f"No difference was shown; the data are compatible with anything from {fewer} fewer to {more} more failures "
        f"per 100 patients with {treatment}. {_NOT_ALIKE}"
    )


def _tested(found: TrialAnalysis) -> str:
    """Return p of the test of the plan; a one-sided one is held against half of what the interval leaves."""
    contrast, asked = found.primary.contrast, found.plan.primary
    if contrast is None:
        return ""
    planned = _one_sided(found.primary) if asked.sides == 1 else None
    if planned is not None:
        return f"one-sided {p_value(planned)}, tested at {(1 - asked.level) / 2:.3g}"
    return p_value(contrast.p_value) + (", two-sided: the method has no one-sided test" if asked.sides == 1 else "")


def _one_sided(one: ArmContrast) -> float | None:
    """Return p of the one-sided test of a comparison; None where none was made."""
    return next((test.p_value for test in one.tests if "one-sided" in test.method), None)


def _level(contrast: Contrast) -> str:
    return f"{100 * contrast.level:g} % interval"


def _free(arm: ArmFigures) -> str:
    return "none known" if arm.value is None else percent(1 - arm.value)
