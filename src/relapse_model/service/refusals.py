"""What a request is refused with: a status of HTTP, and a FHIR OperationOutcome that says why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_CODES = {400: "invalid", 403: "forbidden", 404: "not-found", 405: "not-supported", 408: "timeout", 412: "incomplete",
          413: "too-long", 415: "not-supported", 422: "processing"}  # fmt: skip


class RequestRefusedError(Exception):
    """A request that is answered with a status and its reasons.

    Parameters
    ----------
    status : int
        Of HTTP.
    reasons : iterable of str
        Each says what came and what was expected.
    """

    def __init__(self, status: int, reasons: Iterable[str]):
        self.status, self.reasons = status, tuple(reasons)
        super().__init__(status)  # the reasons are for who asked, not for a log


def operation_outcome(status: int, reasons: Iterable[str]) -> dict[str, Any]:
    """Return an OperationOutcome.

    Parameters
    ----------
    status : int
        Of HTTP.
    reasons : iterable of str

    Examples
    --------
    >>> operation_outcome(404, ["no such service"])["issue"]
    [{'severity': 'error', 'code': 'not-found', 'diagnostics': 'no such service'}]
    """
    code = _CODES.get(status, "exception")
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": reason} for reason in reasons],
    }
