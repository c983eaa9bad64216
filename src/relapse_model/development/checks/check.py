"""A check: its code, what it is called, how grave its findings are, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.checks.check_result import FOUND, MUTED, NOT_APPLICABLE, PASSED, CheckResult
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.study.study import Study

PAGE = "docs/checks.md"
ERROR, WARNING, NOTE = "error", "warning", "note"
Looks = ParamSpec("Looks")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the function of a check returns: a state, its text, and a severity where it is not that of the check."""

    state: str
    text: str = ""
    severity: str | None = None


def found(text: str, *, severity: str | None = None) -> Verdict:
    """Return an objection: what was found here, and what to do about it."""
    return Verdict(FOUND, text, severity)


def passed() -> Verdict:
    """Return that it was looked at, and is in order."""
    return Verdict(PASSED)


def nobody_at_risk(at: AtLandmark) -> str:
    """Return why a check of the patients at risk does not apply."""
    return f"no patient is at risk at week {at.landmark:g}"


def not_applicable(reason: str) -> Verdict:
    """Return that there was nothing to look at, and why."""
    return Verdict(NOT_APPLICABLE, reason)


@dataclass(frozen=True, slots=True)
class Check(Generic[Looks]):
    """One check. Calling it looks, and returns the result under its code.

    Parameters
    ----------
    code : str
        Such as ``"RM101"``. Never changes its meaning, and is never given to another check.
    title : str
        What is checked, in a few words.
    look : callable
        To a `Verdict`.
    severity : {"error", "warning", "note"}

    Examples
    --------
    >>> check = Check("RM999", "an example", lambda weeks: found("late") if weeks > 4 else passed())
    >>> check(5).state, check(4).state, check.muted().state
    ('found', 'passed', 'muted')
    >>> check.link
    'docs/checks.md#rm999'
    """

    code: str
    title: str
    look: Callable[Looks, Verdict]
    severity: str = WARNING

    def __call__(self, *args: Looks.args, **kwargs: Looks.kwargs) -> CheckResult:
        """Look, and return the result."""
        return self._result(self.look(*args, **kwargs))

    def muted(self) -> CheckResult:
        """Return the result of a check that was switched off: it does not look."""
        return self._result(Verdict(MUTED, "switched off by its code"))

    def not_applicable(self, reason: str) -> CheckResult:
        """Return the result of a check that has nothing to look at."""
        return self._result(not_applicable(reason))

    @property
    def link(self) -> str:
        """Return where the code is explained."""
        return f"{PAGE}#{self.code.lower()}"

    def _result(self, verdict: Verdict) -> CheckResult:
        severity = verdict.severity or self.severity
        return CheckResult(self.code, self.title, severity, verdict.state, verdict.text, self.link)


@dataclass(frozen=True, slots=True)
class CohortCheck(Check[[AtLandmark]]):
    """A check of a cohort with its study at a landmark: what it reads is derived once for all checks together."""

    def of(self, cohort: Cohort, study: Study, landmark: float) -> CheckResult:
        """Look at a cohort by itself."""
        return self(AtLandmark(cohort, study, landmark))
