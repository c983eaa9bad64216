"""One run of the procedure on a part of the patients: what it is given, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass

from relapse_model.arrays import Floats, Positions
from relapse_model.features.development_data import DevelopmentData


@dataclass(frozen=True, eq=False)
class Refit:
    """One run of the procedure.

    Attributes
    ----------
    risk : array of shape (m,)
        Risks of the rows that were to be predicted; NaN if the run failed.
    effect : array of shape (columns,)
        By how much the log-odds rise from the lower to the upper quartile of each column; NaN if the run failed.
    chosen : str
        The classifier; empty if the run failed.
    failed : str
        Why it failed; empty if it did not.
    """

    risk: Floats
    effect: Floats
    chosen: str
    failed: str


@dataclass(frozen=True, eq=False)
class Task:
    """Patients to learn from, rows to predict, and the seed of the run."""

    train: DevelopmentData
    predict: Positions
    seed: int
