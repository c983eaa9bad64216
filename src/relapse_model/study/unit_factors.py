"""Factors between units of one quantity that are arithmetic: prefixes, volumes, powers of ten. Nothing else converts.

What differs from substance to substance (mg/dL and umol/L), from assay to assay (copies and international units), or
has no common measure at all (S/CO, COI and IU/mL) is said by a study, or nothing converts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_BASES = {
    **dict.fromkeys(("iu",), "iu"),
    **dict.fromkeys(("u",), "u"),
    **dict.fromkeys(("g",), "g"),
    **dict.fromkeys(("mol",), "mol"),
    **dict.fromkeys(("kat",), "kat"),
    **dict.fromkeys(("copies", "copy", "cp", "cps", "拷贝", "kopien", "kopie", "copie", "copias"), "copies"),
    **dict.fromkeys(("geq", "vge", "ge"), "genome equivalents"),
    **dict.fromkeys(("peiu", "pei-u", "pei"), "peiu"),
    **dict.fromkeys(("ncu",), "ncu"),
    **dict.fromkeys(("", "cells", "个"), "count"),
}
_PREFIXES = {"": 0, "k": 3, "d": -1, "c": -2, "m": -3, "mc": -6, "u": -6, "n": -9, "p": -12}
_COUNTS = {"k": 3, "m": 6, "g": 9, "t": 12}  # K/uL and G/L: thousands and milliards of cells
_COUNTED = {
    **dict.fromkeys(("tsd", "tsd.", "tausend", "thou", "thousand", "thousands", "千", "1000", "1,000"), 3),
    **dict.fromkeys(("万", "10000", "10,000"), 4),
    **dict.fromkeys(("mio", "mio.", "million", "millions", "1000000"), 6),
    **dict.fromkeys(("gpt", "gi", "giga", "mrd", "mrd."), 9),
    **dict.fromkeys(("tpt", "tera"), 12),
    "1": 0,
}  # of cells: Gpt/l, Tsd/µl, 万/μL
_VOLUMES = {
    **{"l": 0, "升": 0, "dl": -1, "ml": -3, "cc": -3, "毫升": -3, "ul": -6, "nl": -9},
    **dict.fromkeys(("mm3", "mm^3", "mm*3"), -6),
}
_POWER = re.compile(r"[x*]?10(?:\^|\*\*?|e\+?)?([0-9]{1,2})(?:cells|个)?")
_RATIOS = {
    **dict.fromkeys(("s/co", "s/c.o", "s/c.o.", "s/coratio", "s_co_ratio", "scoratio", "s/cutoff"), "s/co"),
    **dict.fromkeys(("coi", "c.o.i", "c.o.i.", "cutoffindex", "cut-offindex"), "coi"),
}


@cache
def unit_factor(came: str, wanted: str) -> float | None:
    """Return by what an amount in one unit is multiplied to be in another; None where that is no arithmetic.

    A thousand international units where the wanted unit has their thousandth (``IU/mL`` for ``mIU/mL``) are not
    converted: in print the ``m`` is left out more often than the amount is a thousand times as large.

    Parameters
    ----------
    came, wanted : str
        As printed, in the everyday spelling or in that of UCUM. Of amounts, never of their logarithms.

    Examples
    --------
    >>> unit_factor("k[IU]/L", "IU/mL"), unit_factor("g/dL", "g/L"), unit_factor("10^3/uL", "10*9/L")
    (1.0, 10.0, 1.0)
    >>> unit_factor("G/L", "10*9/L"), unit_factor("ng/mL", "ug/L"), unit_factor("mIU/mL", "IU/mL")
    (1.0, 1.0, 0.001)
    >>> [unit_factor(unit, "10*9/L") for unit in ("万/μL", "10000/uL", "Gpt/l", "Tsd/µl", "/nl", "Mio/l")]
    [10.0, 10.0, 1.0, 1.0, 1.0, 0.001]
    >>> [unit_factor(unit, "IU/mL") for unit in ("COI", "S/CO", "copies/mL", "U/mL", "PEIU/mL", "ng/mL")]
    [None, None, None, None, None, None]
    >>> unit_factor("IU/mL", "mIU/mL") is None, unit_factor("g/L", "10*9/L") is None
    (True, True)
    """
    ratio = _RATIOS.get(_plain(came).casefold())
    if ratio is not None:
        return 1.0 if ratio == _RATIOS.get(_plain(wanted).casefold()) else None
    found, target = _readings(came), _readings(wanted)
    if not found.keys() & target.keys() or lacks_milli(came, wanted):
        return None
    base = next(iter(found.keys() & target.keys()))
    return float(f"1e{found[base] - target[base]}")


def lacks_milli(came: str, wanted: str) -> bool:
    """Tell whether a unit is another one without its leading ``m``, as ``IU/mL`` is ``mIU/mL``: a slip more often."""
    short, full = _plain(came).casefold(), _plain(wanted).casefold()
    return full == f"m{short}" and full.startswith(("miu/", "mu/"))


def _plain(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).replace("\u03bc", "u").replace("\u00b5", "u").replace("×", "x")
    return re.sub(r"[\[\]{}\s]", "", text)


def _readings(unit: str) -> dict[str, int]:
    """Return what a unit may be: for each quantity, the power of ten of one litre's worth."""
    plain = _plain(unit)
    if plain.casefold() in ("mg%", "g%"):
        plain = f"{plain[:-1]}/dl"
    numerator, slash, denominator = plain.rpartition("/")
    volume = _VOLUMES.get(denominator.casefold())
    if not slash or volume is None:
        return {}
    folded = numerator.casefold()
    if folded in _COUNTED:
        return {"count": _COUNTED[folded] - volume}
    power = _POWER.fullmatch(folded)
    if power is not None:
        return {"count": int(power[1]) - volume}
    found = {"count": _COUNTS[folded] - volume} if _counts(numerator, denominator) else {}
    for prefix, exponent in _PREFIXES.items():
        base = _BASES.get(folded.removeprefix(prefix)) if folded.startswith(prefix) else None
        if base is not None and (base != "count" or not prefix):
            found[base] = exponent - volume
    return found


def _counts(numerator: str, denominator: str) -> bool:
    """Tell whether a numerator counts cells: K/uL in any case, G/L, T/L and M/uL in capitals (g/L is a mass)."""
    small = denominator.casefold() in ("ul", "mm3", "mm^3", "mm*3")
    return (numerator in ("K", "k", "M") and small) or (numerator in ("G", "T") and denominator.casefold() == "l")
