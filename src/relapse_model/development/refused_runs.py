"""Runs of a procedure that were refused: counted by reason, so that none is lost and none stops the others."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"(?<![\w'.-])-?\d[\d.,]*\d|(?<![\w'.-])\d")


def reason_of(refusal: Exception) -> str:
    """Return why a run was refused: what was found, without what was expected, and without its numbers.

    The numbers differ from resample to resample, and one of them may be of few patients.

    Parameters
    ----------
    refusal : Exception

    Examples
    --------
    >>> reason_of(ValueError("Folds: 1 patients with a relapse for 2 folds; expected 2. Add patients."))
    'Folds: … patients with a relapse for … folds'
    """
    found = re.split(r"; expected |(?<=\w\.) (?=[A-Z])", str(refusal).splitlines()[0], maxsplit=1)[0]
    return _NUMBER.sub("…", found).rstrip(".:; ")


def reasons_counted(refused: Mapping[str, int]) -> str:
    """Return how often runs were refused, by reason, in words.

    Parameters
    ----------
    refused : mapping of str to int

    Examples
    --------
    >>> reasons_counted({"no relapse": 2, "no weights": 1})
    '2 x no relapse; 1 x no weights'
    """
    return "; ".join(f"{count} x {why}" for why, count in refused.items())
