"""Two statements of the unit of one number, a code and a text, that cannot both be true."""

from __future__ import annotations

from functools import lru_cache

from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.readers.measures_in_names import other_measure
from relapse_model.cohort.readers.units_in_names import unit_stands, units_in_name
from relapse_model.study.analyte import Analyte
from relapse_model.study.unit_factors import lacks_milli, unit_factor
from relapse_model.study.unit_spelling import is_log10, unit_key, without_log10


@lru_cache(maxsize=4096)  # an export has a few units, and very many numbers
def units_contradict(one: str, other: str) -> bool:
    """Tell whether two units are both known, and different.

    A unit that is not known contradicts nothing, and neither does U/L beside IU/L, as enzymes are printed in both.

    Parameters
    ----------
    one, other : str
        In the everyday spelling or in that of UCUM.

    Examples
    --------
    >>> [units_contradict("mg/dL", unit) for unit in ("MG/DL", "g/L", "umol/L", "S/CO", "", "mg%")]
    [False, True, True, True, False, False]
    >>> units_contradict("U/L", "IU/L"), units_contradict("m[IU]/mL", "IU/mL"), units_contradict("{Log_IU}/mL", "IU/mL")
    (False, True, True)
    """
    if not one or not other or unit_stands(one, other):
        return False
    keys = [unit_key(text) for text in (one, other)]
    if lacks_milli(one, other) or lacks_milli(other, one):
        return True
    plain = [without_log10(key) if is_log10(key) else text for key, text in zip(keys, (one, other), strict=True)]
    if any(unit_factor(text, text) is None for text in plain):
        return False
    if is_log10(keys[0]) != is_log10(keys[1]):
        return True
    bare = [text.casefold().replace("[", "").replace("]", "").replace("iu", "u") for text in plain]
    return bare[0] != bare[1]


@lru_cache(maxsize=8192)
def other_unit_named(name: str, unit: str) -> str:
    """Return the unit that the name of a result states, where that is another one than its own; else nothing.

    A logarithm without its unit says nothing here, and neither do the kinds of quantities in names of LOINC.

    Parameters
    ----------
    name, unit : str

    Examples
    --------
    >>> [other_unit_named(one, "U/L") for one in ("ALT (ukat/L)", "ALT ukat", "ALT (KU)", "ALT (IU/L)", "ALT")]
    ['ukat/L', 'ukat', 'KU', '', '']
    >>> other_unit_named("Hepatitis B virus DNA [Units/volume] in Serum", "IU/mL"), other_unit_named("HBsAg OD", "")
    ('', '')
    """
    if not name or not unit:
        return ""
    named = [one for one in units_in_name(name) if one != "log10"]
    if named:
        return named[0] if all(units_contradict(one, unit) for one in named) else ""
    return other_measure(name, unit)


def converted(one: str, other: str, rule: Analyte | None) -> float | None:
    """Return by what a number in one unit becomes that in another, by arithmetic or the study's rule; None if unknown.

    Parameters
    ----------
    one, other : str
    rule : Analyte or None
        Of the study, which may convert them into its own unit.

    Examples
    --------
    >>> [converted(*units, None) for units in (("g/L", "mg/dL"), ("IU/mL", "mIU/mL"), ("umol/L", "mg/dL"))]
    [100.0, 1000.0, None]
    """
    factor, back = unit_factor(one, other), unit_factor(other, one)
    if factor is not None or back is not None or rule is None:
        return factor if back is None else 1 / back
    first, second = conversion(rule, one), conversion(rule, other)
    if first is None or second is None or first[1] != "as_is" or second[1] != "as_is":
        return None
    return first[0] / second[0]
