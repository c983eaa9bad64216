"""The answer of a validation, by rule: does the model work, how sure is that, and what should be done next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from relapse_model.model.within_levels import is_arm, takes_half
from relapse_model.report.language import words_of
from relapse_model.report.page_texts import true_minus
from relapse_model.study.study import Study
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance
from relapse_model.validation.verdict import EVENTS_FOR_A_CURVE, to_recalibrate, verdict_code

_UNCERTAIN_SLOPE = 0.5  # width of its interval: a wider one leaves calibration open


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader takes from the first screen.

    Attributes
    ----------
    code : str
        ``error``, ``refused``, ``worse``, ``not_shown``, ``between_arms``, ``between_centres``,
        ``ranks``, ``yes_few`` or ``yes``.
    works : str
        Whether it works, in a few words.
    sentence : str
        The same with its figures: never more than the intervals allow.
    plain : str
        What it adds to `works`, without the figures: to stand beside them.
    next : str
        What to do.
    needed : str
        How many patients the development of such a model needs, and by which criteria; empty where they are enough.
    without : str
        The predictor without which it was not shown to be better than chance, the arm of a trial first; also at the end
        of `sentence`. Empty where there is none.
    """

    code: str
    works: str
    sentence: str
    plain: str
    next: str
    needed: str = ""
    without: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)


def answer_of(
    performance: Performance,
    outcome: str,
    errors: Sequence[str] = (),
    *,
    size: Mapping[str, Any] | None = None,
    without: Sequence[tuple[str, Estimate]] = (),
    language: str = "en",
) -> Answer:
    """Return what the validation showed.

    It works if the whole interval of the AUC is above 0.5 and that of the log loss, less that of the mean risk, is
    below 0; in part if the first holds only. It does not where only arms or centres are told apart (`verdict_code`).

    Parameters
    ----------
    performance : Performance
    outcome : str
        Name of the outcome.
    errors : sequence of str
        Codes of the checks that found an error: then nothing is shown, whatever the figures.
    size : mapping, optional
        As `cohort_sample_size` returns it.
    without : sequence of (str, Estimate)
        As `carriers` returns them.
    language : {"en", "zh"}
    """
    say = words_of(language)
    auc, codes = performance.measures.get("auc"), ", ".join(errors)
    if errors:
        said = say("error_said", codes=codes)
        return Answer("error", say("error"), said, said, say("next_error", codes=codes))
    if not isinstance(auc, Estimate):
        reason = performance.refused.get("auc", "no AUC was computed")
        said = true_minus(say("refused_said", reason=reason))
        return Answer("refused", say("refused"), said, said, say("next_refused"))
    code = verdict_code(performance)
    clauses = [_ranking(auc, outcome, say), _against_mean_risk(performance, say), _calibration(performance, say)]
    if performance.events < EVENTS_FOR_A_CURVE:
        clauses.append((say("few_events", events=performance.events), ""))
    clauses = [clause for clause in clauses if clause[0]]
    sentence = say("joint").join(words + figures for words, figures in clauses) + say("stop")
    adds = say("joint").join(words for words, _ in (clauses if code == "worse" else clauses[1:])) + say("stop")
    plain = adds[:1].upper() + adds[1:]
    following, needed = _next(code, performance, size, say)
    carried = _without(without, say) if code in ("between_arms", "between_centres", "ranks", "yes_few", "yes") else ""
    joined = true_minus(sentence + (say("between") + carried if carried else ""))
    return Answer(code, say(code), joined, plain, following, needed, carried)


def carriers(
    study: Study, auc: Estimate | float | None, within: Mapping[str, Estimate], language: str = "en"
) -> list[tuple[str, Estimate]]:
    """Return the predictors that carry the ranking: with the AUC among patients who are alike in each.

    The arm of a trial (its label is empty) counts where that AUC is not shown to be above 0.5; another predictor only
    where it takes half or more of what the AUC has above 0.5, since among fewer pairs any interval is wider.

    Parameters
    ----------
    study : Study
    auc : Estimate
        Of all pairs.
    within : mapping of str to Estimate
        Of `Validation.within_levels`.
    language : {"en", "zh"}
    """
    if not isinstance(auc, Estimate) or auc.lower <= 0.5:
        return []
    found: list[tuple[str, Estimate]] = []
    for one in study.predictors:
        alike = within.get(one.name)
        if alike is None or alike.lower > 0.5:
            continue
        if is_arm(one, study):
            found.insert(0, ("", alike))
        elif takes_half(auc, alike):
            found.append(((one.label_zh if language == "zh" else "") or one.label, alike))
    return found


def _without(carried: Sequence[tuple[str, Estimate]], say: Callable[..., str]) -> str:
    texts = [
        say("without" if label else "without_arm", predictor=label, figures=_figures("auc", alike, ".2f", say))
        for label, alike in carried
    ]
    return say("between").join(texts)


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


def _next(
    code: str, performance: Performance, size: Mapping[str, Any] | None, say: Callable[..., str]
) -> tuple[str, str]:
    """Return what to do, and how many patients such a model needs where more of them are the answer."""
    if code.startswith("yes") and to_recalibrate(performance):
        return say("recalibrate"), ""
    needed = ""
    more = size is not None and size.get("needed_patients", 0) > performance.patients
    if size is not None and more and code == "ranks":  # what cannot rank is not mended by a size that assumes it can
        shown = {"patients": f"{size['needed_patients']:,}", "events": f"{size['needed_events']:,}"}
        needed = say("needed", parameters=size["parameters"], studied=performance.patients, **shown)
    return say(f"next_{code}"), needed


def _ranking(auc: Estimate, outcome: str, say: Callable[..., str]) -> tuple[str, str]:
    key = "better_ranking" if auc.lower > 0.5 else "worse_ranking" if auc.upper < 0.5 else "no_ranking"
    return say(key, outcome=outcome), _figures("auc", auc, ".2f", say)


def _against_mean_risk(performance: Performance, say: Callable[..., str]) -> tuple[str, str]:
    difference = performance.measures.get("log_loss_difference")
    if not isinstance(difference, Estimate):
        return "", ""
    key = "better_loss" if difference.upper < 0 else "worse_loss" if difference.lower > 0 else "no_loss"
    return say(key), _figures("log_loss_difference", difference, "z.3f", say)


def _calibration(performance: Performance, say: Callable[..., str]) -> tuple[str, str]:
    slope = performance.measures.get("calibration_slope")
    if not isinstance(slope, Estimate):
        return say("no_calibration"), ""
    return say(_calibration_key(slope)), _figures("calibration_slope", slope, "z.2f", say)


def _figures(name: str, found: Estimate, digits: str, say: Callable[..., str]) -> str:
    shown = {one: f"{getattr(found, one):{digits}}" for one in ("value", "lower", "upper")}
    return say("figures", measure=say(f"{name}_in_text"), level=f"{100 * found.level:g}", **shown)


def _calibration_key(slope: Estimate) -> str:
    if slope.upper < 1:
        return "unrelated" if slope.value <= 0 else "extreme"
    if slope.lower > 1:
        return "timid"
    return "uncertain_calibration" if slope.upper - slope.lower > _UNCERTAIN_SLOPE else "calibrated"
