"""What a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection, with a code that never changes its meaning.

    Parameters
    ----------
    code : str
        Such as ``"RM101"``.
    title : str
        What is checked, in a few words.
    severity : {"error", "warning", "note"}
        An error: no figure of a model is to be believed before it is resolved.
    text : str
        What was found here, and what to do about it. Never a patient's identifier.
    """

    code: str
    title: str
    severity: str
    text: str

    def __str__(self) -> str:
        """Return the finding in one line."""
        return f"{self.code} {self.severity}: {self.text}"

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)
