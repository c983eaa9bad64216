"""The same resource again, under whichever name, and its versions: one counts."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass

from relapse_model.cohort.readers.fhir.elements import Json, object_in, split_version, text_in
from relapse_model.cohort.readers.fhir.files import Found
from relapse_model.cohort.readers.fhir.values import UnclearError

AGAIN = "the same resource again"
EARLIER = "an earlier version of a resource that came again"
_EXPECTED = "meta.lastUpdated or meta.versionId in both, so that the later one counts"
_CHANGED = ("amended", "corrected", "cancelled", "entered-in-error", "stopped")
_URN = "urn:uuid:"
_REFERENCE = '"reference": "'
_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=False, check_circular=False)  # read from JSON: a tree


@dataclass(slots=True)
class _Known:
    """A resource that came: its number, a sum of its content, when and as which version it was written, and where."""

    number: int
    content: int
    updated: str
    version: str
    server: str
    asked: bool


class Versions:
    """Numbers the resources that count, and knows which of them were replaced by a later version.

    A resource has several names: its type and id, its address on a server, its ``urn:uuid`` in a bundle. Resources of
    one name are one; ids of two servers are not.

    Attributes
    ----------
    superseded : set of int
        Numbers of resources of which a later version came.
    """

    def __init__(self) -> None:
        self.superseded: set[int] = set()
        self._last = 0
        self._known: dict[str, list[_Known]] = {}
        self._passed: set[int] = set()  # sums of names: of the many that are not asked for, no more is kept

    def number(self, found: Found, *, asked: bool = True) -> tuple[int | None, int, str]:
        """Return a number for a resource, that of one that came under its name (or -1), and why it does not count.

        Parameters
        ----------
        found : Found
        asked : bool
            Whether the mapping asks for it; of two for which it does not ask, nothing needs to be known.

        Raises
        ------
        UnclearError
            If it differs from one of the same name, and nothing says which is later.
        """
        names, server = _names(found)
        self._last += 1
        if not names:
            return self._last, -1, ""
        meta = object_in(found.resource, "meta") or {}
        updated, version = text_in(meta, "lastUpdated"), text_in(meta, "versionId")
        new = _Known(self._last, _content(found.resource), updated, version, server, asked)
        before = self._before(names, new)
        if before is None and asked and hash((server, names[0])) in self._passed and not _changed(found, version):
            raise UnclearError("id", "another resource that came already, of another code", _EXPECTED)
        if before is None:
            self._note(names, new)
            return self._last, -1, ""
        self._note(names, before)
        if before.content == new.content:
            if _later(new, before):
                before.updated, before.version = updated, version
            return None, before.number, AGAIN
        later = _later(new, before)
        if later is None and not (asked or before.asked):
            return self._last, -1, ""
        if later is None:
            raise UnclearError("id", "another version of a resource that came already", _EXPECTED)
        if not later:
            return None, before.number, EARLIER
        self.superseded.add(before.number)
        number, before.number = before.number, self._last
        before.content, before.updated, before.version, before.asked = new.content, updated, version, asked
        return self._last, number, ""

    def concerns(self, found: Found) -> bool:
        """Tell whether a resource that the mapping does not ask for may be a version of one that it does ask for.

        A later version may have another code: so may one that came first.
        """
        resource, url = found.resource, found.full_url
        own = resource.get("id")
        if f"{found.kind}/{own}" in self._known or resource.get("status") in _CHANGED:
            return True
        if url and not url.endswith(f"{own}") and any(name in self._known for name in _names(found)[0]):
            return True
        if "meta" not in resource:
            return False
        version = text_in(object_in(resource, "meta") or {}, "versionId")
        return version.isdigit() and int(version) > 1

    def passed(self, found: Found) -> None:
        """Note a resource that the mapping does not ask for: another one of its name cannot count, too."""
        own = found.resource.get("id")
        if isinstance(own, str) and own and not found.full_url.startswith("http"):  # as nearly all are named
            self._passed.add(hash(("", f"{found.kind}/{own.strip()}")))
            return
        names, server = _names(found)
        if names:
            self._passed.add(hash((server, names[0])))

    def meant(self, reference: str, version: str, kinds: tuple[str, ...]) -> set[int]:
        """Return the numbers of the resources that a reference means, of those that are known.

        Parameters
        ----------
        reference : str
            As it is written: relative, absolute, or a ``urn:uuid``, which does not say of which type it is.
        version : str
            Of which it speaks; of a resource that has another one by now, it says nothing.
        kinds : tuple of str
        """
        *server, kind, own = ["", "", *reference.rsplit("/", 2)][-3:]
        names = [f"{kind}/{own}"]
        if reference.startswith(_URN):
            server, names = [""], [f"{kind}/{reference.removeprefix(_URN)}" for kind in kinds]
        known = [one for name in (*names, reference) for one in self._known.get(name, ())]
        return {
            one.number for one in known
            if (not one.server or not server[0] or one.server == server[0])
            and (not version or not one.version or one.version == version)
        }  # fmt: skip

    def _before(self, names: list[str], new: _Known) -> _Known | None:
        every = {id(one): one for name in names for one in self._known.get(name, ())}
        known = [one for one in every.values() if not (one.server and new.server and one.server != new.server)]
        if len(known) > 1:  # an id that two servers have, and a resource that does not say of which it is
            same = [one for one in known if one.content == new.content]
            if len(same) != 1:
                raise UnclearError(
                    "id", "an id that resources of several servers have", "the address (fullUrl) of each"
                )
            return same[0]
        return known[0] if known else None

    def _note(self, names: list[str], one: _Known) -> None:
        for name in names:
            known = self._known.setdefault(name, [])
            if not any(other is one for other in known):
                known.append(one)


def _changed(found: Found, version: str) -> bool:
    """Tell whether a resource says that it is a later version of another one."""
    return found.resource.get("status") in _CHANGED or (version.isdigit() and int(version) > 1)


def _names(found: Found) -> tuple[list[str], str]:
    """Return the names of a resource, and the server of which it is; empty where nothing says it."""
    own, url = text_in(found.resource, "id"), split_version(found.full_url)[0]
    server = url.rpartition(f"/{found.kind}/")[0] if url.startswith("http") else ""
    names = [f"{found.kind}/{own}"] if own else []
    if url.startswith(_URN):
        names.append(f"{found.kind}/{url.removeprefix(_URN)}")
    elif url and not server:
        names.append(url)
    elif server and not own:
        names.append(f"{found.kind}/{url.rpartition('/')[2]}")
    return list(dict.fromkeys(names)), server


def _content(resource: Json) -> int:
    """Return a sum of what a resource says: not its name, not its narrative, references by their last part."""
    said = {key: value for key, value in resource.items() if key not in ("meta", "id", "text")}
    first, *parts = _SORTED.encode(said).split(_REFERENCE)
    content = [first]
    for part in parts:
        reference, _, after = part.partition('"')
        content += _last_part(reference), after
    return hash(tuple(content))


def _last_part(reference: str) -> str:
    """Return what a reference is to, without server, type and version; a reference without it as it is."""
    last = split_version(reference)[0].rpartition("/")[2].removeprefix(_URN)
    return last or reference


def _later(one: _Known, other: _Known) -> bool | None:
    """Tell whether one version is later than another; None where nothing says it, or time and number contradict."""
    by_time = _after(one.updated, other.updated)
    by_number = None
    if one.version.isdigit() and other.version.isdigit() and int(one.version) != int(other.version):
        by_number = int(one.version) > int(other.version)
    if by_time is not None and by_number is not None and by_time != by_number:
        return None
    return by_number if by_time is None else by_time


def _after(one: str, other: str) -> bool | None:
    """Tell whether one instant is later than another; None where one of them is not known, or they are the same."""
    try:
        first, second = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (one, other))
        return None if first == second else first > second
    except (ValueError, TypeError):
        return None
