"""Analytes in common use, as a study that does not declare them has them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from relapse_model.study import keys
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import is_log10, unit_key

LIBRARY_KEY = "library"
POSSIBLE = "possible"
_AMOUNTS = ("lower_limit", "upper_limit")


@dataclass(frozen=True, slots=True)
class LibraryAnalyte:
    """An analyte of the library.

    Attributes
    ----------
    name : str
    declared : mapping
        The keys of ``[analytes.NAME]`` that it stands for.
    ucum : str
        Its unit as UCUM writes it.
    loinc_from : mapping of str to str
        Where each LOINC code was looked up.
    limits_from : str
        Where its limits come from; empty where it has none.
    loinc_beside : mapping of str to str
        Codes of the analyte in another specimen, each with which, and where it was looked up; not read as it.
    """

    name: str
    declared: Mapping[str, Any]
    ucum: str
    loinc_from: Mapping[str, str]
    limits_from: str
    loinc_beside: Mapping[str, str]


@cache
def analyte_library() -> Mapping[str, LibraryAnalyte]:
    """Return the analytes of the library by name.

    Examples
    --------
    >>> library = analyte_library()
    >>> library["albumin"].declared["unit"], library["bilirubin"].declared["units"]
    ('g/L', {'mg/dL': 17.1})
    """
    file = resources.files("relapse_model.study") / "library" / "analytes.toml"
    read = tomllib.loads(file.read_bytes().decode("utf-8"))
    return MappingProxyType({name: _analyte(name, entry) for name, entry in read.items()})


def _analyte(name: str, entry: Mapping[str, Any]) -> LibraryAnalyte:
    declared = {key: value for key, value in entry.items() if key in keys.ANALYTE}
    codes = entry.get("loinc", {})
    if codes:
        declared["loinc"] = list(codes)
    limits, beside = entry.get("limits_from", ""), entry.get("loinc_beside", {})
    return LibraryAnalyte(name, MappingProxyType(declared), entry["ucum"], codes, limits, beside)


def declared_in(analyte: LibraryAnalyte, unit: str | None) -> dict[str, Any]:
    """Return an analyte of the library as a study declares it, in a unit of the study's choice.

    Limits and factors are those of the library, converted by its own factors or by arithmetic.

    Parameters
    ----------
    analyte : LibraryAnalyte
    unit : str or None
        None: the library's own.

    Raises
    ------
    NotAllowed
        For a unit that does not convert.

    Examples
    --------
    >>> bilirubin = declared_in(analyte_library()["bilirubin"], "mg/dL")
    >>> bilirubin["unit"], round(bilirubin["lower_limit"], 4), round(bilirubin["units"]["umol/L"], 4)
    ('mg/dL', 0.0292, 0.0585)
    >>> declared_in(analyte_library()["haemoglobin"], "g/dL")["unit"]
    'g/dL'
    """
    declared = dict(analyte.declared)
    own = declared["unit"]
    if unit is None or unit_key(unit) == unit_key(own):
        return declared
    factors = {own: 1.0, **declared.get("units", {})}
    factor = _factor(unit, factors)
    if factor is None:
        known = ", ".join(factors)
        raise keys.NotAllowed(f"a unit that converts into that of the library ({known}), or [analytes.{analyte.name}]")
    declared["unit"] = unit
    declared |= {key: declared[key] / factor for key in _AMOUNTS if key in declared}
    if POSSIBLE in declared:
        declared[POSSIBLE] = [limit / factor for limit in declared[POSSIBLE]]
    others = {other: of_other / factor for other, of_other in factors.items() if not _arithmetic(other, unit)}
    declared.pop("units", None)
    return declared | ({"units": others} if others else {})


def _factor(unit: str, factors: Mapping[str, float]) -> float | None:
    """Return what an amount in a unit is multiplied by to be in the library's."""
    if is_log10(unit_key(unit)) or any(is_log10(unit_key(known)) for known in factors):
        return None
    for known, factor in factors.items():
        step = 1.0 if unit_key(known) == unit_key(unit) else unit_factor(unit, known)
        if step is not None:
            return step * factor
    return None


def _arithmetic(other: str, unit: str) -> bool:
    """Tell whether a study needs no factor for a unit beside its own."""
    return unit_key(other) == unit_key(unit) or unit_factor(other, unit) is not None
