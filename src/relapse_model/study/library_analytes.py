"""Analytes that a study names and does not declare, taken from the library, in the unit that the study states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from relapse_model.errors import Problem
from relapse_model.study import keys
from relapse_model.study.analyte_library import LIBRARY_KEY, POSSIBLE, LibraryAnalyte, analyte_library, declared_in
from relapse_model.study.lists_of_entries import PREDICTOR_LISTS
from relapse_model.study.names import name_key
from relapse_model.study.origins import Document, KeyPath, Place
from relapse_model.study.predictor_kinds import kind_named
from relapse_model.study.unit_spelling import unit_key

# Keys that an entry may state of an analyte of the library which the study does not declare.
OF_THE_ANALYTE = ("unit", "scale", "lower_limit", "upper_limit")
_STATE_UNITS: tuple[KeyPath, ...] = (("outcome",), ("time", "index"))  # where else a unit stands beside a threshold
_COMPARED = ("below", "at_least", "at_most", "above", "between", "cap", "saturating", "typical", "first_below",
             "first_at_least")  # fmt: skip


@dataclass
class _Use:
    """How a study uses an analyte that it does not declare."""

    named: Place
    stated: dict[str, tuple[Any, Place]] = field(default_factory=dict)
    compared: Place | None = None


def with_library_analytes(document: Document, problems: list[Problem]) -> dict[str, Any]:
    """Return the tables of a study with every analyte that it names declared, as far as the library has it.

    A number that is compared with results has a unit: where the study states none, and declares none, it is refused,
    for the library's unit need not be the one that was meant.

    Parameters
    ----------
    document : Document
    problems : list of Problem
        Added to.
    """
    raw = dict(document.raw)
    declared = raw.get("analytes", {})
    if not isinstance(declared, Mapping) or not all(isinstance(one, Mapping) for one in declared.values()):
        return raw
    declared = {name: _from_library(name, one, document, problems) for name, one in declared.items()}
    uses: dict[str, _Use] = {}
    for section in PREDICTOR_LISTS:
        if isinstance(raw.get(section), list):
            raw[section] = [
                _noted(entry, (section, position), document, declared, uses, problems, of_results=_of_results(entry))
                for position, entry in enumerate(raw[section])
            ]
    raw |= _noted_elsewhere(raw, document, declared, uses, problems)
    for name, use in uses.items():
        declared[name] = _declared(analyte_library()[name], use, problems)
        document.origins.put(("analytes", name), use.named)
    for section in PREDICTOR_LISTS:
        if isinstance(raw.get(section), list):
            raw[section] = [_labelled(entry, uses) for entry in raw[section]]
    _no_name_twice(declared, {*uses}, raw)
    return raw | ({"analytes": declared} if declared else {})


def _of_results(entry: Any) -> bool:
    """Tell whether a predictor is in the unit of its analyte, so that ``unit`` and ``scale`` are the analyte's."""
    kind = kind_named(entry.get("kind")) if isinstance(entry, Mapping) else None
    return kind is not None and kind.unit.startswith("analyte")


def _from_library(name: str, entry: Mapping[str, Any], document: Document, problems: list[Problem]) -> Any:
    """Return a declared analyte; one that names an entry of the library has its keys where it has none of its own."""
    if LIBRARY_KEY not in entry:
        return entry
    path: KeyPath = ("analytes", name, LIBRARY_KEY)
    known = analyte_library()
    wanted = entry[LIBRARY_KEY]
    own = {key: value for key, value in entry.items() if key != LIBRARY_KEY}
    if not isinstance(wanted, str) or wanted not in known:
        problems.append(document.origins.of(path).problem(keys.value_shown(wanted), f"one of {', '.join(known)}"))
        return own
    try:
        declared = declared_in(known[wanted], own.get("unit"))
        if own.get("negative"):  # numbers that are no amounts any more, such as standard scores
            declared.pop(POSSIBLE, None)
        return {**declared, **own}
    except keys.NotAllowed as no:
        problems.append(document.origins.of((*path[:2], "unit")).problem(keys.value_shown(own.get("unit")), str(no)))
        return own


def _noted(
    entry: Any, path: KeyPath, document: Document, declared: Mapping[str, Any], uses: dict[str, _Use],
    problems: list[Problem], *, of_results: bool,
) -> Any:  # fmt: skip
    """Note how an entry uses an analyte that is not declared; return it without what it states of the analyte."""
    name = entry.get("analyte") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or name in declared or name not in analyte_library():
        return entry
    use = uses.setdefault(name, _Use(document.origins.of((*path, "analyte"))))
    stated = {key: entry[key] for key in OF_THE_ANALYTE if key in entry} if of_results else {}
    for key, value in stated.items():
        place = document.origins.of((*path, key))
        before = use.stated.setdefault(key, (value, place))[0]
        if not _same(key, before, value):
            found = f"{keys.value_shown(value)}, and {keys.value_shown(before)} elsewhere"
            problems.append(place.problem(found, f"one {key} of {name!r}, or [analytes.{name}]"))
    compared = next((key for key in entry if key in _COMPARED or _prior_in_units(key, entry[key])), None)
    if compared is not None and use.compared is None:
        use.compared = document.origins.of((*path, compared))
    return {key: value for key, value in entry.items() if key not in stated}


def _same(key: str, one: Any, other: Any) -> bool:
    return unit_key(one) == unit_key(other) if key == "unit" and isinstance(one, str) and isinstance(other, str) else (
        one == other
    )  # fmt: skip


def _prior_in_units(key: str, value: Any) -> bool:
    """Tell whether a prior refers to units of the analyte, rather than of its logarithm or standard deviation."""
    return key == "prior" and isinstance(value, Mapping) and value.get("per", "unit") not in ("log10", "sd")


def _noted_elsewhere(
    raw: Mapping[str, Any], document: Document, declared: Mapping[str, Any], uses: dict[str, _Use],
    problems: list[Problem],
) -> dict[str, Any]:  # fmt: skip
    """Note how the other sections use analytes; return those that state a unit without it."""
    changed: dict[str, Any] = {}
    for path in _other_places(raw):
        entry, states_unit = _at(raw, path), path in _STATE_UNITS
        noted = _noted(entry, path, document, declared, uses, problems, of_results=states_unit)
        if states_unit and "unit" in noted:
            noted = _checked_unit(noted, path, document, declared, problems)
        if states_unit:
            section = str(path[0])
            changed[section] = noted if len(path) == 1 else {**raw[section], str(path[1]): noted}
    return changed


def _checked_unit(
    entry: Mapping[str, Any], path: KeyPath, document: Document, declared: Mapping[str, Any], problems: list[Problem]
) -> dict[str, Any]:
    """Refuse a unit of a threshold that is not the one in which the study declares the analyte."""
    name = entry.get("analyte")
    analyte = declared.get(name, {}) if isinstance(name, str) else {}
    if not _same("unit", analyte.get("unit"), entry["unit"]):
        expected = f"{analyte['unit']!r}, the unit of the analyte" if "unit" in analyte else "no unit"
        problems.append(document.origins.of((*path, "unit")).problem(keys.value_shown(entry["unit"]), expected))
    return {key: value for key, value in entry.items() if key != "unit"}


def _other_places(raw: Mapping[str, Any]) -> Iterator[KeyPath]:
    """Yield where else a study names an analyte."""
    yield from ((section,) for section in ("outcome", "passive_antibody") if isinstance(raw.get(section), Mapping))
    if isinstance(raw.get("time"), Mapping) and isinstance(raw["time"].get("index"), Mapping):
        yield ("time", "index")
    if isinstance(raw.get("dosing"), Mapping) and isinstance(raw["dosing"].get("again"), Mapping):
        yield ("dosing", "again")
    eligibility = raw.get("eligibility", {})
    for side in ("include", "exclude"):
        entries = eligibility.get(side) if isinstance(eligibility, Mapping) else None
        yield from (("eligibility", side, place) for place in range(len(entries) if isinstance(entries, list) else 0))


def _at(raw: Any, path: KeyPath) -> Any:
    for part in path:
        raw = raw[part]
    return raw


def _declared(analyte: LibraryAnalyte, use: _Use, problems: list[Problem]) -> dict[str, Any]:
    """Return an analyte as the study uses it."""
    unit, place = use.stated.get("unit", (None, use.named))
    if unit is None and use.compared is not None:
        own = analyte.declared["unit"]
        problems.append(
            use.compared.problem(
                f"a number of {analyte.name!r}, whose unit is not stated", f'unit = "..." (the library has {own!r})',
                f"State it beside a predictor or outcome, or under [analytes.{analyte.name}] with library = "
                f'"{analyte.name}"',
            )
        )  # fmt: skip
    stated = {key: value for key, (value, _) in use.stated.items()}
    try:
        return {**declared_in(analyte, unit), **stated}
    except (keys.NotAllowed, AttributeError, TypeError) as no:
        problems.append(place.problem(keys.value_shown(unit), str(no)))
        return dict(analyte.declared)


def _labelled(entry: Any, uses: Mapping[str, _Use]) -> Any:
    """Give the last result of an analyte of the library, under the analyte's name, the analyte's label."""
    name = entry.get("analyte") if isinstance(entry, Mapping) else None
    if (
        not isinstance(name, str)
        or name not in uses
        or entry.get("name") != name
        or entry.get("kind") != "last"
        or "label" in entry
    ):
        return entry
    declared = analyte_library()[str(name)].declared
    return {**entry, **{key: declared[key] for key in ("label", "label_zh") if key in declared and key not in entry}}


def _no_name_twice(declared: dict[str, Any], from_library: set[str], raw: Mapping[str, Any]) -> None:
    """Leave out of the library's names those that the study gives to something else."""
    own = {name_key(name): name for name in declared}
    lists = [(name, one.get("synonyms")) for name, one in declared.items() if name not in from_library]
    others = raw.get("other_analytes", {})
    lists += list(others.items()) if isinstance(others, Mapping) else []
    own |= {name_key(str(name)): str(name) for name in (others if isinstance(others, Mapping) else ())}
    for name, spellings in lists:
        texts = spellings if isinstance(spellings, list) else []
        own |= {name_key(text): name for text in texts if isinstance(text, str)}
    for name in from_library:
        kept = [text for text in declared[name].get("synonyms", []) if own.get(name_key(text), name) == name]
        declared[name] = {**declared[name], **({"synonyms": kept} if kept else {})}
        if not kept:
            declared[name].pop("synonyms", None)
