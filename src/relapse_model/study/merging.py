"""How a study and the one that it extends are put together: key by key, entries by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relapse_model.errors import Problem
from relapse_model.study import keys
from relapse_model.study.origins import Document, KeyPath, Origins
from relapse_model.study.unit_spelling import unit_key

ENTRY_NAMES: Mapping[KeyPath, str] = {  # lists of entries, and the key that tells one from another
    ("predictors",): "name",
    ("candidates",): "name",
    ("terms",): "name",
    ("eligibility", "include"): "id",
    ("eligibility", "exclude"): "id",
    ("trial", "intercurrent"): "event",
    ("trial", "sensitivity"): "kind",
    ("trial", "subgroup"): "column",
    ("trial", "effect_modifier"): "predictor",
}
# Statements of several keys that belong together: with its source, a figure is taken over whole or not at all.
WHOLE = ("prior", "baseline", "residual", "half_life_days", "volume_litres", "absorption_per_day", "index")
_ADD, _TAKE = "add", "remove"
_NAMES = ("name", "label_zh")
_THRESHOLDS = ("at_least", "below")
_RULE = ("analyte", *_THRESHOLDS, "confirm")
_OTHERWISE = ("adjudicated", "column", "equals", "others")
_OF_EFFECTS = ("predictors", "candidates", "terms")
_COUNTED_IN = ("agents", "unit", "scale", "saturating", "below", "at_least")  # what the step of a prior is a step of
_COMPUTED_BY = ("kind", "analyte", "equals", "levels")  # what makes another predictor of one


def merged(base: Document, own: Document, problems: list[Problem], outcome: Any = None) -> Document:
    """Return a study with the keys of the one that it extends where it has none of its own.

    Parameters
    ----------
    base, own : Document
    problems : list of Problem
        Added to.
    outcome : table, optional
        Of the one that it extends, where it was removed from it.
    """
    return _Merging(base, own, problems, outcome).study()


class _Merging:
    """Puts two studies together, and notes from where each key came."""

    def __init__(self, base: Document, own: Document, problems: list[Problem], outcome: Any = None):
        theirs, mine = base.raw.get("outcome", outcome), own.raw.get("outcome")
        self.of_another = (
            isinstance(theirs, Mapping) and isinstance(mine, Mapping) and _is_another_outcome(theirs, mine)
        )
        self.base, self.own, self.problems = base, own, problems
        self.origins = Origins(own.origins.of(()).source)

    def study(self) -> Document:
        head = self.head()
        raw = self.table(
            {key: value for key, value in self.base.raw.items() if key != "study"},
            {key: value for key, value in self.own.raw.items() if key != "study"},
            (), (), (),
        )  # fmt: skip
        if self.asks_otherwise():  # what is known of another risk, or of another time, is not known of this one
            for section, key in (("prediction", "implausible_auc"), ("outcome", "baseline")):
                whole = raw.get(section)
                if isinstance(whole, dict) and key not in self.own.raw.get(section, {}):
                    whole.pop(key, None)
        return Document({"study": head, **raw}, self.origins)

    def head(self) -> Any:
        """Return who this study is: its name, title and registration are its own, never those of the other."""
        theirs, mine = self.base.raw.get("study", {}), self.own.raw.get("study", {})
        self.origins.take(self.own.origins, ("study",), ("study",))
        if not isinstance(theirs, Mapping) or not isinstance(mine, Mapping):
            return mine
        if mine.get("name") is not None and mine.get("name") == theirs.get("name"):
            self.refuse(("study", "name"), repr(mine["name"]), "a name of its own, for it is another study")
        return {**({"protocol": theirs["protocol"]} if "protocol" in theirs else {}), **mine}

    def asks_otherwise(self) -> bool:
        """Tell whether the study predicts something else, or until another week, than the one that it extends."""
        outcome, prediction = (self.own.raw.get(name, {}) for name in ("outcome", "prediction"))
        both = all(isinstance(table, Mapping) for table in (outcome, prediction))
        return both and (bool({*_RULE, *_OTHERWISE} & {*outcome}) or bool({*keys.HORIZONS} & {*prediction}))

    def refuse(self, path: KeyPath, found: str, expected: str, advice: str = "") -> None:
        self.problems.append(self.own.origins.of(path).problem(found, expected, advice))

    def table(
        self, base: Mapping[str, Any], own: Mapping[str, Any], of_base: KeyPath, of_own: KeyPath, to: KeyPath
    ) -> dict[str, Any]:
        """Merge two tables; `to` is the path of what comes of them."""
        gone = _superseded(to, base, own)
        raw: dict[str, Any] = {}
        if self.of_another and not to:
            base = {
                key: [_without_effect(one, (key,)) for one in value]
                if key in _OF_EFFECTS and key not in own and isinstance(value, list) else value
                for key, value in base.items()
            }  # fmt: skip
        for key in (*(key for key in base if key not in gone), *(key for key in own if key not in base or key in gone)):
            paths = (*of_base, key), (*of_own, key), (*to, key)
            if key not in own:
                self.origins.take(self.base.origins, paths[0], paths[2])
                raw[key] = base[key]
            elif key not in base or key in gone:
                self.origins.take(self.own.origins, paths[1], paths[2])
                raw[key] = own[key]
            else:
                raw[key] = self.value(base[key], own[key], *paths)
        return raw

    def value(self, base: Any, own: Any, of_base: KeyPath, of_own: KeyPath, to: KeyPath) -> Any:
        name = str(to[-1])
        if to in ENTRY_NAMES and isinstance(base, list) and isinstance(own, list):
            return self.entries(base, own, of_base, of_own, to)
        if isinstance(base, list) and isinstance(own, Mapping) and own and {*own} <= {_ADD, _TAKE}:
            self.origins.take(self.own.origins, of_own, to)
            return self.changed_list(base, own, of_own)
        if isinstance(base, Mapping) and isinstance(own, Mapping) and name not in WHOLE:
            self.origins.put(to, self.own.origins.of(of_own))
            if to[0] == "analytes" and len(to) == 2:
                self.same_unit(base, own, of_own)
            return self.table(base, own, of_base, of_own, to)
        self.origins.take(self.own.origins, of_own, to)
        return own

    def entries(self, base: list[Any], own: list[Any], of_base: KeyPath, of_own: KeyPath, to: KeyPath) -> list[Any]:
        """Merge two lists of entries: one of a known name is changed in its place, another is added at the end."""
        name_key = ENTRY_NAMES[to]
        names = [entry.get(name_key) if isinstance(entry, Mapping) else None for entry in base]
        result, seen = list(base), set[str]()
        for position in range(len(base)):
            self.origins.take(self.base.origins, (*of_base, position), (*to, position))
            if self.of_another and isinstance(base[position], Mapping):
                result[position] = _without_effect(base[position], to)
        for position, entry in enumerate(own):
            name, path = entry.get(name_key) if isinstance(entry, Mapping) else None, (*of_own, position)
            name = name if isinstance(name, str) else None
            if name in seen:
                self.refuse((*path, name_key), repr(name), "each entry once")
                continue
            seen |= {name} if name is not None else set()
            if name is not None and names.count(name) > 1:
                advice = f'Remove them all (remove = ["{".".join(map(str, to))}"]), and write those that are wanted'
                self.refuse((*path, name_key), f"{name!r}, of which there are several", "one entry to change", advice)
            elif name is None or name not in names:
                self.origins.take(self.own.origins, path, (*to, len(result)))
                result.append(entry)
            else:
                place = names.index(name)
                new = (*to, place)
                if to[0] in ("predictors", "candidates") and _is_another(base[place], entry):
                    self.origins.take(self.own.origins, path, new)
                    result[place] = entry
                else:
                    self.origins.put(new, self.own.origins.of(path))
                    result[place] = self.table(_kept(result[place], entry, to), entry, (*of_base, place), path, new)
        return result

    def changed_list(self, base: list[Any], own: Mapping[str, Any], of_own: KeyPath) -> list[Any]:
        """Return a list with some of its members removed and others added."""
        added, taken = own.get(_ADD, []), own.get(_TAKE, [])
        for key, members in ((_ADD, added), (_TAKE, taken)):
            if not isinstance(members, list):
                self.refuse((*of_own, key), keys.value_shown(members), "a list [...]")
                return base
        there = [one for one in added if one in base]
        absent = [one for one in taken if one not in base]
        if there:
            self.refuse((*of_own, _ADD), f"{there[0]!r}, which it has", "members that it has not")
        if absent:
            self.refuse((*of_own, _TAKE), f"{absent[0]!r}, which it has not", f"some of {keys.value_shown(base)}")
        return [*(one for one in base if one not in taken), *(one for one in added if one not in base)]

    def same_unit(self, base: Mapping[str, Any], own: Mapping[str, Any], of_own: KeyPath) -> None:
        """Refuse another unit of an analyte: what is taken over was written in the first."""
        units = base.get("unit"), own.get("unit", base.get("unit"))
        if all(isinstance(unit, str) for unit in units) and unit_key(str(units[0])) != unit_key(str(units[1])):
            name = of_own[-1]
            self.refuse(
                (*of_own, "unit"), repr(units[1]), f"{units[0]!r}, in which its limits and thresholds are written",
                f'Remove it (remove = ["analytes.{name}"]), and write it and what compares it again',
            )  # fmt: skip


def _superseded(path: KeyPath, base: Mapping[str, Any], own: Mapping[str, Any]) -> set[str]:
    """Return the keys of a table that are not taken over, since the study says the same in another way."""
    if path == ("prediction",) and {*keys.HORIZONS} & {*own}:
        return {*keys.HORIZONS}
    if path == ("outcome",):
        if {*_OTHERWISE} & {*own}:
            return {*_RULE, *_OTHERWISE, *(_NAMES if _is_another_outcome(base, own) else ())}
        gone = {*_OTHERWISE} if {*_RULE} & {*own} else set()
        gone |= {*_NAMES} if _is_another_outcome(base, own) else set()
        another = {*_THRESHOLDS} & {*own} or own.get("analyte", base.get("analyte")) != base.get("analyte")
        return gone | {*_THRESHOLDS, "unit"} if another else gone
    return set()


def _is_another_outcome(base: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Tell whether a study predicts another event: of another analyte, on the other side, of a column, or so named."""
    if own.get("adjudicated") is True:
        return bool(own.get("name", base.get("name")) != base.get("name"))
    stated = [key for key in ("analyte", "column", "equals") if key in own and own[key] != base.get(key)]
    sides = [key for key in _THRESHOLDS if key in own and key not in base and {*_THRESHOLDS} & {*base}]
    return bool(stated or sides)


def _without_effect(entry: Any, path: KeyPath) -> Any:
    """Return an entry without what was known of its effect, which was that on another outcome."""
    if path[0] not in _OF_EFFECTS or not isinstance(entry, Mapping):
        return entry
    return {key: value for key, value in entry.items() if key not in ("prior", "direction")}


def _kept(base: Mapping[str, Any], own: Mapping[str, Any], path: KeyPath) -> Mapping[str, Any]:
    """Return an entry without its prior, if the study counts it in other steps than those that the prior is of."""
    changed = [key for key in _COUNTED_IN if key in own and own[key] != base.get(key)]
    other = [key for key in changed if not isinstance(own[key], Mapping)]  # a table adds or removes single agents
    return {key: value for key, value in base.items() if key != "prior"} if path[0] in _OF_EFFECTS and other else base


def _is_another(base: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Tell whether an entry is another predictor under a known name, of which nothing is kept."""
    computed = [*_COMPUTED_BY, *(["column"] if base.get("kind") == "column" else [])]
    return any(key in own and own[key] != base.get(key) for key in computed)
