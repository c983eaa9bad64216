"""The analytes and agents of a study file, and the names that each goes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relapse_model.study import keys
from relapse_model.study.analyte import Analyte, Assay
from relapse_model.study.names import name_key
from relapse_model.study.study import Agent
from relapse_model.study.terms_section import KeyPath, Reader
from relapse_model.study.unit_spelling import is_log10, unit_key


def read_analytes(reader: Reader, raw: Any) -> dict[str, Analyte]:
    """Return the analytes of a study; problems go to the reader."""
    if not isinstance(raw, dict):
        reader.refuse(("analytes",), keys.value_shown(raw), "tables [analytes.NAME]")
        return {}
    analytes = {}
    for name, entry in raw.items():
        path = ("analytes", name)
        values = reader.table(entry, path, keys.ANALYTE)
        values["assays"] = _assays(reader, values.get("assays", {}), (*path, "assays"))
        if reader.need(values, entry, path, "unit"):
            analytes[name] = Analyte(name=name, **{"label": name, **values})
        low, high = values.get("lower_limit"), values.get("upper_limit")
        if low is not None and high is not None and low >= high:
            reader.refuse((*path, "lower_limit"), f"{low:g}", f"less than upper_limit ({high:g})")
        if values.get("scale") == "log10":
            _logarithm_fits(reader, values, path)
        _limits_are_possible(reader, values, path)
        if values.get("floor") and low is None:
            reader.refuse((*path, "floor"), "true, and no lower_limit", "a lower_limit, on which the floor rests")
        known = (values.get("unit", ""), *values.get("units", ()), *values.get("other_units", ()))
        spellings = [unit_key(unit) for unit in known]
        if len(set(spellings)) < len(spellings):
            reader.refuse((*path, "units"), "one unit in two spellings", "each unit once, and not the analyte's own")
        if values.get("negative") and values.get("scale") == "log10":
            reader.refuse((*path, "scale"), "'log10' beside negative = true", "'linear': no logarithm is of a negative")
    return analytes


def read_other_analytes(reader: Reader, raw: Any, analytes: Mapping[str, Analyte]) -> dict[str, tuple[str, ...]]:
    """Read the names of results that the study does not read; they, and those it reads, are each of one thing."""
    names = raw if isinstance(raw, dict) else {}
    others = reader.table(raw, ("other_analytes",), dict.fromkeys(names, keys.several(keys.text)))
    read = {("analytes", name, "synonyms"): one.synonyms for name, one in analytes.items()}
    _names_differ(reader, read | {("other_analytes", name): synonyms for name, synonyms in others.items()})
    return others


def read_agents(reader: Reader, raw: Any) -> dict[str, Agent]:
    """Return the drugs and vaccines of a study; problems go to the reader."""
    if not isinstance(raw, dict):
        reader.refuse(("agents",), keys.value_shown(raw), "tables [agents.NAME]")
        return {}
    agents = {name: Agent(name, **reader.table(entry, ("agents", name), keys.AGENT)) for name, entry in raw.items()}
    _names_differ(reader, {("agents", name, "synonyms"): one.synonyms for name, one in agents.items()})
    return agents


def _names_differ(reader: Reader, spellings: Mapping[tuple[str, ...], tuple[str, ...]]) -> None:
    """Refuse a synonym that is the name, or a synonym, of another entry too, or of its own a second time."""
    taken = {name_key(path[1]): path[1] for path in spellings}
    for path, synonyms in spellings.items():
        name = path[1]
        seen: set[str] = set()
        for synonym in synonyms:
            key = name_key(synonym)
            owner = taken.setdefault(key, name)
            if owner != name or key in seen:
                where = f"also of {owner!r}" if owner != name else "twice"
                advice = "Spellings that differ in case, spaces or hyphens are one"
                reader.refuse(path, f"{synonym!r}, {where}", "each name once in the study", advice)
            seen.add(key)


def _logarithm_fits(reader: Reader, values: Mapping[str, Any], path: KeyPath) -> None:
    """Refuse a log10 scale without a limit to put below-limit results at, and a logarithm of a logarithm."""
    if values.get("lower_limit") is None:
        reader.refuse(path, "no lower_limit", "a lower_limit, since the scale is log10")
    if is_log10(unit_key(values.get("unit", ""))):
        reader.refuse((*path, "scale"), "'log10' of a unit that is a logarithm", "'linear', or the unit itself")


def _limits_are_possible(reader: Reader, values: Mapping[str, Any], path: KeyPath) -> None:
    """Refuse limits of quantification that leave no possible result; a lower limit may well lie below all of them."""
    if "possible" not in values:
        return
    low, high = values["possible"]
    if values.get("lower_limit", low) > high or values.get("upper_limit", high) < low:
        key = "lower_limit" if values.get("lower_limit", low) > high else "upper_limit"
        reader.refuse((*path, key), f"{values[key]:g}", f"a value that is possible ({low:g} to {high:g})")


def _assays(reader: Reader, raw: Any, path: KeyPath) -> dict[str, Assay]:
    if not isinstance(raw, dict):
        reader.refuse(path, keys.value_shown(raw), "tables [analytes.NAME.assays.ASSAY]")
        return {}
    return {name: Assay(**reader.table(entry, (*path, name), keys.ASSAY)) for name, entry in raw.items()}
