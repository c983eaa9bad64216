"""The answer of a validation, by rule: does the model work, how sure is that, and what should be done next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from relapse_model.report.figures.validation import EVENTS_FOR_A_CURVE
from relapse_model.report.language import words_of
from relapse_model.report.page_texts import true_minus
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance

_UNCERTAIN_SLOPE = 0.5  # width of its interval: a wider one leaves calibration open


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader takes from the first screen.

    Attributes
    ----------
    code : str
        ``error``, ``refused``, ``worse``, ``not_shown``, ``ranks``, ``yes_few`` or ``yes``.
    works : str
        Whether it works, in a few words.
    sentence : str
        The same with its figures: never more than the intervals allow.
    next : str
        What to do.
    """

    code: str
    works: str
    sentence: str
    next: str

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)


def answer_of(
    performance: Performance,
    outcome: str,
    errors: Sequence[str] = (),
    *,
    size: Mapping[str, Any] | None = None,
    language: str = "en",
) -> Answer:
    """Return what the validation showed.

    It works if the whole interval of the AUC is above 0.5 and that of the log loss, less that of the mean risk, is
    below 0; in part if the first holds only.

    Parameters
    ----------
    performance : Performance
    outcome : str
        Name of the outcome.
    errors : sequence of str
        Codes of the checks that found an error: then nothing is shown, whatever the figures.
    size : mapping, optional
        As `cohort_sample_size` returns it.
    language : {"en", "zh"}
    """
    say = words_of(language)
    auc, codes = performance.measures.get("auc"), ", ".join(errors)
    if errors:
        return _answer("error", say("error_said", codes=codes), say("next_error", codes=codes), say)
    if not isinstance(auc, Estimate):
        reason = performance.refused.get("auc", "no AUC was computed")
        return _answer("refused", say("refused_said", reason=reason), say("next_refused"), say)
    code = _code(performance, auc)
    clauses = [_ranking(auc, outcome, say), _against_mean_risk(performance, say), _calibration(performance, say)]
    if performance.events < EVENTS_FOR_A_CURVE:
        clauses.append(say("few_events", events=performance.events))
    sentence = say("joint").join(clause for clause in clauses if clause) + say("stop")
    return _answer(code, sentence, _next(code, performance, size, say), say)


def validation_verdict(performance: Performance, outcome: str, errors: Sequence[str] = ()) -> str:
    """Return in one sentence what the validation showed, never more than the intervals allow.

    Parameters
    ----------
    performance : Performance
    outcome : str
    errors : sequence of str
        Codes of the checks that found an error.
    """
    return answer_of(performance, outcome, errors).sentence


def _answer(code: str, sentence: str, following: str, say: Callable[..., str]) -> Answer:
    return Answer(code, say(code), true_minus(sentence), following)


def _code(performance: Performance, auc: Estimate) -> str:
    difference = performance.measures.get("log_loss_difference")
    if auc.upper < 0.5 or (isinstance(difference, Estimate) and difference.lower > 0):
        return "worse"
    if auc.lower <= 0.5:
        return "not_shown"
    if not (isinstance(difference, Estimate) and difference.upper < 0):
        return "ranks"
    return "yes_few" if performance.events < EVENTS_FOR_A_CURVE else "yes"


def _next(code: str, performance: Performance, size: Mapping[str, Any] | None, say: Callable[..., str]) -> str:
    slope = performance.measures.get("calibration_slope")
    if code.startswith("yes") and isinstance(slope, Estimate) and (slope.upper < 1 or slope.lower > 1):
        return say("recalibrate")
    if code not in ("not_shown", "ranks"):
        return say(f"next_{code}")
    asked = ""
    if size is not None and "needed_patients" in size and size["needed_patients"] > performance.patients:
        asked = say("size", patients=size["needed_patients"], events=size["needed_events"])
    return say(f"next_{code}", size=asked)


def _ranking(auc: Estimate, outcome: str, say: Callable[..., str]) -> str:
    key = "better_ranking" if auc.lower > 0.5 else "worse_ranking" if auc.upper < 0.5 else "no_ranking"
    shown = {"auc": f"{auc.value:.2f}", "lower": f"{auc.lower:.2f}", "upper": f"{auc.upper:.2f}"}
    return say(key, outcome=outcome, level=f"{100 * auc.level:g}", **shown)


def _against_mean_risk(performance: Performance, say: Callable[..., str]) -> str:
    names = ("log_loss", "log_loss_mean_risk", "log_loss_difference")
    ours, theirs, difference = (performance.measures.get(name) for name in names)
    if not (isinstance(ours, float) and isinstance(theirs, float) and isinstance(difference, Estimate)):
        return ""
    key = "better_loss" if difference.upper < 0 else "worse_loss" if difference.lower > 0 else "no_loss"
    shown = {name: f"{getattr(difference, name):z.3f}" for name in ("lower", "upper")}
    return say(key, ours=f"{ours:.3f}", theirs=f"{theirs:.3f}", difference=f"{difference.value:z.3f}", **shown)


def _calibration(performance: Performance, say: Callable[..., str]) -> str:
    slope = performance.measures.get("calibration_slope")
    if not isinstance(slope, Estimate):
        return say("no_calibration")
    shown = {name: f"{getattr(slope, name):z.2f}" for name in ("lower", "upper")}
    return say(_calibration_key(slope), slope=f"{slope.value:z.2f}", **shown)


def _calibration_key(slope: Estimate) -> str:
    if slope.upper < 1:
        return "unrelated" if slope.value <= 0 else "extreme"
    if slope.lower > 1:
        return "timid"
    return "uncertain_calibration" if slope.upper - slope.lower > _UNCERTAIN_SLOPE else "calibrated"
