"""A guard: its code, what it is called, and the function that looks at new patients; and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.model.scoring.guards.criteria import NotMet, criteria_not_met
from relapse_model.model.scoring.guards.shown_names import identifiers
from relapse_model.study.study import Study

PAGE = "docs/scoring_warnings.md"


@dataclass(frozen=True, eq=False, repr=False)
class NewPatients:
    """The patients to be scored, and what is known of the training: all that a guard looks at.

    Attributes
    ----------
    cohort : Cohort
    features : DataFrame
        Their predictors at the landmark, one row per patient, in the order of the cohort.
    study : Study
    summary : dict
        Of the training cohort. A model of an earlier version lacks some of it; a guard that needs what is not there
        does not look.
    landmark : float
        Week at which they are scored.
    landmark_weeks : tuple of float
        Weeks for which the model was trained.
    risk_of : callable or None
        From a table of predictors to the risks of the model.
    centres : tuple of str
        Labels of the centres that the model knows, where it has an intercept for each.
    """

    cohort: Cohort
    features: pd.DataFrame
    study: Study
    summary: dict[str, Any]
    landmark: float
    landmark_weeks: tuple[float, ...]
    risk_of: Callable[[pd.DataFrame], Floats] | None = None
    centres: tuple[str, ...] = ()

    @cached_property
    def not_met(self) -> list[NotMet]:
        """Return the criteria of the study that some of the patients do not meet."""
        return criteria_not_met(self.cohort, self.study)

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Return what no warning may show."""
        return identifiers(self.cohort)


@dataclass(frozen=True, slots=True, eq=False)
class Flagged:
    """The patients of whom a guard warns: their rows, and one text for each."""

    rows: NDArray[np.intp]
    texts: Sequence[str]


def flagged(mask: NDArray[np.bool_], text: str | Callable[[int], str]) -> Flagged:
    """Return the patients where a mask holds, with one text for all, or one made for each from its row.

    Parameters
    ----------
    mask : array of bool
    text : str or callable
    """
    rows = np.flatnonzero(mask)
    return Flagged(rows, [text if isinstance(text, str) else text(row) for row in rows.tolist()])


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard. Calling it looks at new patients.

    Parameters
    ----------
    code : str
        Such as ``"RS201"``. Never changes its meaning, and is never given to another guard.
    title : str
        What is warned of, in a few words.
    look : callable
        From `NewPatients` to the patients it flags; no text holds a patient's identifier.

    Examples
    --------
    >>> guard = Guard("RS299", "an example", lambda new: [flagged(np.array([True, False]), "look")])
    >>> [(one.rows.tolist(), one.texts) for one in guard(None)]
    [([0], ['RS299 look'])]
    >>> guard.link
    'docs/scoring_warnings.md#rs299'
    """

    code: str
    title: str
    look: Callable[[NewPatients], list[Flagged]]

    def __call__(self, new: NewPatients) -> list[Flagged]:
        """Look, and return whom it warns of, each text with the code in front."""
        return [Flagged(one.rows, [f"{self.code} {text}" for text in one.texts]) for one in self.look(new)]

    @property
    def link(self) -> str:
        """Return where the code is explained."""
        return f"{PAGE}#{self.code.lower()}"
