"""A model and its card, written as its owner has it or as it may leave the hospital."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relapse_model.model.relapse_model import RelapseModel
    from relapse_model.validation.performance_measures import Performance


def save_with_card(model: RelapseModel, path: str | Path, performance: Performance | None, disclosure: str) -> str:
    """Write a model with its card inside, and return the card.

    Parameters
    ----------
    model : RelapseModel
    path : str or Path
    performance : Performance or None
    disclosure : {"full", "small-counts"}
    """
    from relapse_model.model.file.coarse import coarse_performance
    from relapse_model.report.model_card import model_card

    told = model
    if disclosure != "full":
        performance = None if performance is None else coarse_performance(performance, model.summary)
        told = model.released()
    card = model_card(told, performance)
    told.save(path, card=card, performance=performance, disclosure=disclosure)
    return card


def still_told(model: RelapseModel) -> str:
    """Return what a file that may leave the hospital still tells, in one sentence.

    Parameters
    ----------
    model : RelapseModel
    """
    from relapse_model.classifiers.told_coarsely import holds_trees

    trees = " Its trees hold values of single patients as thresholds." if holds_trees(model.classifier) else ""
    return (
        "The coefficients stay exact, since risks depend on them: do not give away two models of nearly the same "
        f"patients (docs/model_file.md).{trees}"
    )
