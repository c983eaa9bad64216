"""Which eligibility criteria of the study the fields of the page decide, and how."""

from __future__ import annotations

from typing import Any

from relapse_model.model.trained import TrainedModel
from relapse_model.study.eligibility import Criterion
from relapse_model.study.names import level_of
from relapse_model.study.predictor import Predictor


def criteria_asked(model: TrainedModel) -> list[dict[str, Any]]:
    """Return the criteria that a predictor decides, those of inclusion first.

    A criterion speaks of enrolment: one that looks at a result or at treatment is decided only where the model predicts
    at week 0, and a result only where the predictor's is as new as the criterion asks. What is left out stays
    undecided, as it does in a table without the column.

    Parameters
    ----------
    model : TrainedModel

    Returns
    -------
    list of dict
        ``id``; ``label`` and ``label_zh``, its text; ``excludes``; ``field``, the place of the predictor; and either
        ``met``, by code, or ``conditions``: ``below`` or ``at_most``, the limit, and whether it must hold.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> [(one["id"], one["conditions"]) for one in criteria_asked(model)]
    [('I1', [['below', 18.0, False], ['at_most', 60.0, True]])]
    """
    sides = [(one, False) for one in model.study.eligibility.include]
    sides += [(one, True) for one in model.study.eligibility.exclude]
    found = []
    for criterion, excludes in sides:
        for place, predictor in enumerate(model.study.predictors):
            decided = _decided(criterion, predictor, at_enrolment=model.landmark_weeks == (0.0,))
            if decided:
                named = {"id": criterion.id, "label": criterion.text, "label_zh": criterion.text_zh}
                found.append({**named, "excludes": excludes, "field": place, **decided})
                break
    return found


def _decided(criterion: Criterion, predictor: Predictor, *, at_enrolment: bool) -> dict[str, Any]:
    """Return how a predictor decides a criterion; empty where it does not."""
    if criterion.column is not None:
        return _by_column(criterion, predictor) if criterion.column == predictor.column else {}
    if not at_enrolment:
        return {}
    if criterion.analyte is not None:
        same = criterion.analyte == predictor.analyte and predictor.kind == "last" and not criterion.equals
        return {"conditions": _conditions(criterion)} if same and _new_enough(criterion, predictor) else {}
    same = predictor.kind == "ever_on_agent" and set(criterion.agents) == set(predictor.agents)
    return {"met": {"1": bool(criterion.ever), "0": not criterion.ever}} if same else {}


def _new_enough(criterion: Criterion, predictor: Predictor) -> bool:
    if criterion.window_weeks is None:
        return predictor.window_weeks is None
    return predictor.window_weeks is not None and predictor.window_weeks <= criterion.window_weeks


def _by_column(criterion: Criterion, predictor: Predictor) -> dict[str, Any]:
    by_words = predictor.levels or predictor.equals is not None or predictor.kind == "ever_on_agent"
    if not criterion.equals:
        return {} if by_words else {"conditions": _conditions(criterion)}
    return {"met": _met_by_code(criterion, predictor)} if by_words else {}


def _met_by_code(criterion: Criterion, predictor: Predictor) -> dict[str, bool]:
    """Return whether the criterion is met, by the code of each answer that tells."""
    wanted = criterion.equals
    if predictor.levels:
        return {str(place): level_of(one, wanted) is not None for place, one in enumerate(predictor.levels)}
    yes = predictor.equals if predictor.equals is not None else "1"
    met = {"1": level_of(yes, wanted) is not None}
    others = predictor.others if isinstance(predictor.others, tuple) else ()
    if predictor.equals is None:
        others = ("0",)
    answers = {level_of(one, wanted) is not None for one in others}
    if len(answers) == 1:
        return {**met, "0": answers.pop()}
    only = all(level_of(one, (yes,)) is not None for one in wanted)  # whoever is not that does not meet it
    return {**met, "0": False} if only and not answers else met


def _conditions(criterion: Criterion) -> list[list[str | float | bool]]:
    low, high = criterion.between or (None, None)
    asked: list[tuple[str, float | None, bool]] = [
        ("below", criterion.below, True), ("at_most", criterion.at_most, True), ("below", criterion.at_least, False),
        ("at_most", criterion.above, False), ("below", low, False), ("at_most", high, True),
    ]  # fmt: skip
    return [[test, float(limit), holds] for test, limit, holds in asked if limit is not None]
