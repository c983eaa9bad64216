"""Where each key of a study stands, of however many files it was put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relapse_model.errors import Problem
from relapse_model.study.line_numbers import line_of

KeyPath = tuple[str | int, ...]  # where a key stands: ("predictors", 2, "prior", "sd")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a study: what to call it in messages, and its text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands in a file."""

    source: Source
    path: KeyPath

    def problem(self, found: str, expected: str, advice: str = "") -> Problem:
        """Return what is wrong there as a problem with the file, its line, and the key as that file has it."""
        column = ".".join(str(part + 1) if isinstance(part, int) else part for part in self.path)
        line = line_of(self.source.text, self.path)
        return Problem(self.source.name, line, column or None, found, expected, advice, counted="line")


class Origins:
    """For the keys of a study as it is read, where each was written.

    Kept for the tables that were moved or put together; what stands below them moved along.
    """

    def __init__(self, source: Source):
        self._places: dict[KeyPath, Place] = {(): Place(source, ())}
        self._above: set[KeyPath] = set()  # every path at or above one of the places, so that few are looked through

    def of(self, path: KeyPath) -> Place:
        """Return where a key was written.

        Parameters
        ----------
        path : tuple
            As the study that is read has it.
        """
        end = next(end for end in range(len(path), -1, -1) if path[:end] in self._places)
        place = self._places[path[:end]]
        return Place(place.source, (*place.path, *path[end:]))

    def put(self, path: KeyPath, place: Place) -> None:
        """Note where a key was written, and that all below it stands there too."""
        if path in self._above:
            kept = {known: one for known, one in self._places.items() if not known or known[: len(path)] != path}
            self._places = kept
        self._places[path] = place
        self._above |= {path[:end] for end in range(len(path) + 1)}

    def take(self, other: Origins, came_from: KeyPath, to: KeyPath) -> None:
        """Note that a table, with all below it, was taken from a place in another study.

        Parameters
        ----------
        other : Origins
        came_from : tuple
            Its path there.
        to : tuple
            Its path here.
        """
        self.put(to, other.of(came_from))
        depth = len(came_from)
        if came_from and came_from not in other._above:
            return
        below = {
            known: one for known, one in other._places.items() if len(known) > depth and known[:depth] == came_from
        }
        moved = {(*to, *known[depth:]): one for known, one in below.items()}
        self._places |= moved
        self._above |= {known[:end] for known in moved for end in range(len(known) + 1)}


@dataclass(frozen=True, slots=True)
class Document:
    """A study as TOML has it, and where its keys were written."""

    raw: dict[str, Any]
    origins: Origins
