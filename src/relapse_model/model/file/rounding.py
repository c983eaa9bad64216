"""Numbers of a training cohort rounded up or down by a coin that always falls alike: no two files can be subtracted.

Rounding to the nearest would tell for certain, wherever a count of two files differs, that the one patient made it so.
Here 132 is 130 with probability 0.8 and 140 with probability 0.2, whatever 131 becomes in the next file: that the two
differ says next to nothing. The coin is a hash of everything exact that the summary says, so that a model always gives
the same file, and nobody who lacks the cohort can throw it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from relapse_model.small_counts import BELOW_ROUNDED, ROUNDED

_NOT_OF_THE_COHORT = ("packages", "warnings", "choice", "seed", "accepted_risk_change", "disclosure")
_OF_SPREAD = 5  # steps of a predictor's standard deviation
_NORMAL_90 = 2 * 1.6448536269514722  # width of the central 90 % of a normal, in standard deviations


@dataclass(frozen=True, slots=True)
class Rounding:
    """Rounds each number up or down by a coin of its own.

    Attributes
    ----------
    key : bytes
        What the coins follow from.
    """

    key: bytes

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> Rounding:
        """Return the rounding of a summary: of the same cohort and study always the same.

        Parameters
        ----------
        summary : Mapping
            Exact.
        """
        told = {name: value for name, value in summary.items() if name not in _NOT_OF_THE_COHORT}
        return cls(hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest())

    def coin(self, place: str) -> float:
        """Return a number from 0 up to 1 that belongs to a place of the file."""
        return int.from_bytes(hashlib.sha256(self.key + place.encode()).digest()[:6], "big") / 2**48

    def number(self, value: float, step: float, place: str) -> float:
        """Return the multiple of a step below a number, or the one above, the nearer the likelier; the mean is right.

        Numbers rounded with one place keep their order.

        Parameters
        ----------
        value : float
        step : float
            Above 0.
        place : str
            Of the number in the file.

        Examples
        --------
        >>> rounding = Rounding(b"example")
        >>> rounding.number(30.0, 10.0, "a"), rounding.number(0.25, 0.1, "a") in (0.2, 0.3)
        (30.0, True)
        """
        return float(f"{np.floor(value / step + self.coin(place)) * step:.9g}") + 0.0

    def count(self, count: int | str, place: str, most: int | None = None) -> int | str:
        """Return a count as a multiple of 10, ``<10`` for none of them; what is hidden stays so.

        Parameters
        ----------
        count : int or str
            As the summary tells it: a small one may be told as ``<5`` already.
        place : str
        most : int, optional
            No more than it can be.

        Examples
        --------
        >>> Rounding(b"example").count(0, "a"), Rounding(b"example").count(20, "a")
        ('<10', 20)
        """
        if isinstance(count, str):
            return BELOW_ROUNDED if count.startswith("<") else count
        rounded = round(self.number(count, ROUNDED, place))
        rounded = rounded if most is None else min(rounded, most)
        return rounded if rounded else BELOW_ROUNDED

    def some(self, count: int, place: str, most: int | None = None) -> int:
        """Return a count that a model cannot be without, of patients or events: at least 10.

        Parameters
        ----------
        count : int
        place : str
        most : int, optional
        """
        rounded = self.count(count, place, most)
        return rounded if isinstance(rounded, int) else ROUNDED


def step_of(low: float, high: float) -> float:
    """Return the step to which numbers of a predictor are rounded: 1, 2 or 5 times a power of ten.

    The largest that is no more than a fifth of the standard deviation that a normal of this central 90 % has.

    Parameters
    ----------
    low, high : float
        5th and 95th percentile; where they are equal, their size takes the place of a spread.

    Examples
    --------
    >>> step_of(20.0, 65.0), step_of(0.0, 3.3), step_of(4.0, 4.0)
    (2.0, 0.2, 0.5)
    """
    spread = (high - low) / _NORMAL_90 or max(abs(low), 1e-9)
    most = spread / _OF_SPREAD
    power = int(np.floor(np.log10(most) + 1e-12))
    digit = next(one for one in (5, 2, 1) if one * 10.0**power <= most * (1 + 1e-9) or one == 1)
    return float(f"{digit}e{power}")
