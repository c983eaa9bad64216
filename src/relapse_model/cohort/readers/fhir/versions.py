"""The same resource again, and its versions: one counts."""

from __future__ import annotations

import datetime
import json

from relapse_model.cohort.readers.fhir.elements import object_in, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.values import UnclearError

AGAIN = "the same resource again"
EARLIER = "an earlier version of a resource that came again"
_EXPECTED = "meta.lastUpdated in both, so that the later one counts"


class Versions:
    """Numbers the resources that count, and knows which of them were replaced by a later version.

    Attributes
    ----------
    superseded : set of int
        Numbers of resources of which a later version came.
    """

    def __init__(self) -> None:
        self.superseded: set[int] = set()
        self._last = 0
        self._known: dict[str, tuple[int, int, str]] = {}

    def number(self, found: Found) -> tuple[int | None, int, str]:
        """Return a number for a resource, that of its earlier version (or -1), and why it does not count.

        Raises
        ------
        UnclearError
            If it differs from one of the same name, and nothing says which is later.
        """
        resource, url = found.resource, found.full_url
        own = text_in(resource, "id")
        name = url if url.startswith("http") else f"{found.kind}/{own}" if own else url
        self._last += 1
        if not name:
            return self._last, -1, ""
        content = hash(json.dumps({key: value for key, value in resource.items() if key != "meta"}, sort_keys=True))
        updated = text_in(object_in(resource, "meta") or {}, "lastUpdated")
        before = self._known.get(name)
        if before is None:
            self._known[name] = self._last, content, updated
            return self._last, -1, ""
        if before[1] == content:
            return None, -1, AGAIN
        later = _later(updated, before[2])
        if later is None:
            raise UnclearError("id", "another version of a resource that came already", _EXPECTED)
        if not later:
            return None, -1, EARLIER
        self.superseded.add(before[0])
        self._known[name] = self._last, content, updated
        return self._last, before[0], ""


def _later(one: str, other: str) -> bool | None:
    """Tell whether one instant is later than another; None where one of them is not known, or they are the same."""
    try:
        first, second = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (one, other))
        return None if first == second else first > second
    except (ValueError, TypeError):
        return None
