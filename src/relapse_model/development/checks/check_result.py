"""What became of one check: one of four states, always said, so that silence never means two things."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from relapse_model.development.checks.finding import Finding

FOUND, PASSED, NOT_APPLICABLE, MUTED = "found", "passed", "not applicable", "muted"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Parameters
    ----------
    code, title : str
        As in `Finding`.
    severity : {"error", "warning", "note"}
        Of what was found; else of what the check would say.
    state : {"found", "passed", "not applicable", "muted"}
        Passed: looked at, and nothing to object to. Not applicable: there was nothing to look at. Muted: the check was
        switched off by whoever asked.
    text : str
        What was found and what to do; or why the check does not apply. Never a patient's identifier.
    link : str
        Where the code is explained.

    Examples
    --------
    >>> result = CheckResult("RM102", "doses as a predictor", "warning", "muted", "by code", "docs/checks.md#rm102")
    >>> print(result)
    RM102 muted: by code
    >>> result.finding is None
    True
    """

    code: str
    title: str
    severity: str
    state: str
    text: str
    link: str

    def __str__(self) -> str:
        """Return the result in one line; what was found, as the finding says it."""
        said = self.severity if self.state == FOUND else self.state
        return f"{self.code} {said}: {self.text}" if self.text else f"{self.code} {said}"

    @property
    def finding(self) -> Finding | None:
        """Return what was found, or None in the other states."""
        return Finding(self.code, self.title, self.severity, self.text) if self.state == FOUND else None

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)
