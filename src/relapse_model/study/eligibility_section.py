"""The eligibility criteria of a study file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relapse_model.study import keys
from relapse_model.study.analyte import Analyte
from relapse_model.study.eligibility import Criterion, Eligibility
from relapse_model.study.terms_section import KeyPath, Reader


def read_eligibility(reader: Reader, raw: Any, analytes: Mapping[str, Analyte]) -> Eligibility:
    """Return who may enter; problems go to the reader."""
    path = ("eligibility",)
    lists = reader.table(raw, path, {"include": keys.anything, "exclude": keys.anything})
    found: dict[str, tuple[Criterion, ...]] = {}
    names: set[str] = set()
    for side, entries in lists.items():
        if not isinstance(entries, list):
            reader.refuse((*path, side), keys.value_shown(entries), f"one or more [[eligibility.{side}]]")
            continue
        read = [_criterion(reader, e, (*path, side, i), analytes, names) for i, e in enumerate(entries)]
        found[side] = tuple(criterion for criterion in read if criterion is not None)
    return Eligibility(**found)


def _criterion(
    reader: Reader, raw: Any, path: KeyPath, analytes: Mapping[str, Analyte], names: set[str]
) -> Criterion | None:
    values = reader.table(raw, path, keys.CRITERION)
    if not reader.need(values, raw, path, "id", "text"):
        return None
    if values["id"] in names:
        reader.refuse((*path, "id"), repr(values["id"]), "an id used once")
    names.add(values["id"])
    for what, known in (("subject", ("column", "analyte", "agents")), ("condition", keys.CONDITIONS)):
        given = [key for key in known if key in values]
        if len(given) != 1:
            reader.refuse(path, f"{len(given)} keys for the {what}", f"one of {', '.join(known)}")
    if ("agents" in values) != ("ever" in values):
        reader.refuse(path, "agents without ever, or ever without agents", "both, or neither")
    reader.known_analyte(values.get("analyte"), path, analytes)
    return Criterion(**values)
