"""Who may enter a study: its criteria as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Criterion:
    """One inclusion or exclusion criterion: its text as registered, and the rule that decides it.

    It looks at a column of the patients table, at the last result of an analyte at or before enrolment (and within
    `window_weeks` before it), or at whether any of the agents was ever given. Exactly one of the conditions holds
    the threshold. For an analyte the bounds of the result must settle it: a result below a limit of 20 says nothing
    about "below 10".
    """

    id: str
    text: str
    column: str | None = None
    analyte: str | None = None
    agents: tuple[str, ...] = ()
    window_weeks: float | None = None
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    above: float | None = None
    between: tuple[float, float] | None = None
    equals: tuple[str, ...] = ()
    ever: bool | None = None
    text_zh: str = ""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may enter: all of `include` must be met, none of `exclude`."""

    include: tuple[Criterion, ...] = ()
    exclude: tuple[Criterion, ...] = ()
