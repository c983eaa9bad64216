"""The answer that a report gives, for the terminal: whether a model works stands beside its figures.

An AUC alone misleads: one of 0.81 may come from the arms, and say nothing of the patients within them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relapse_model.model.relapse_model import RelapseModel
    from relapse_model.validation.performance_measures import Performance


@dataclass(frozen=True, slots=True)
class _Judged:
    summary: dict[str, Any]
    performance: Performance | None


def validation_answer(performance: Performance, outcome: str, errors: Sequence[str], language: str = "en") -> str:
    """Return whether a validated model works, and what to do next, as its report says them first.

    Parameters
    ----------
    performance : Performance
    outcome : str
        Name of the outcome.
    errors : sequence of str
        Codes of the checks that found an error.
    language : {"en", "zh"}
        Of the report.
    """
    from relapse_model.report.answer import answer_of
    from relapse_model.report.language import words_of

    say, answer = words_of(language), answer_of(performance, outcome, errors, language=language)
    return say("between").join([say("works"), answer.works, answer.next])


def evaluation_answer(performance: Performance, model: RelapseModel) -> dict[str, str]:
    """Return whether a model works in the patients that it was evaluated in: ``code``, ``works`` and ``sentence``.

    Patients that it was made from show nothing, and a check that found an error in training holds for every figure.

    Parameters
    ----------
    performance : Performance
        Of `RelapseModel.evaluate`.
    model : RelapseModel
    """
    from relapse_model.model.verdict import model_verdict
    from relapse_model.report.answer import answer_of
    from relapse_model.report.language import words_of
    from relapse_model.validation.verdict import to_recalibrate

    judged = model_verdict(_Judged(model.summary, performance))
    if judged.code in ("error", "apparent"):
        return {"code": judged.code, "works": judged.en, "sentence": judged.en}
    answer = answer_of(performance, model.study.outcome.name, [])
    also = [words_of("en")("recalibrate")] if answer.code.startswith("yes") and to_recalibrate(performance) else []
    return {"code": answer.code, "works": " ".join([answer.works, *also]), "sentence": answer.sentence}
