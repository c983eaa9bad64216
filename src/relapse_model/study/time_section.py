"""How the tables count time, in a study file; and week 0 where it is found in the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relapse_model.study import keys
from relapse_model.study.analyte import Analyte
from relapse_model.study.origins import KeyPath
from relapse_model.study.study import Time, TimeIndex
from relapse_model.study.terms_section import Reader


def read_time(reader: Reader, raw: Any, analytes: Mapping[str, Analyte]) -> Time:
    """Return the section ``[time]``; problems go to the reader.

    Parameters
    ----------
    reader : Reader
    raw : Any
    analytes : mapping of str to Analyte
    """
    values = reader.table(raw, ("time",), keys.TIME)
    if "index" in values:
        values["index"] = _index(reader, values["index"], ("time", "index"), analytes)
    return Time(**values)


def _index(reader: Reader, raw: Any, path: KeyPath, analytes: Mapping[str, Analyte]) -> TimeIndex | None:
    values = reader.table(raw, path, keys.INDEX)
    sound = reader.need(values, raw, path, "analyte")
    given = [key for key in ("first_below", "first_at_least") if key in values]
    if len(given) != 1:
        reader.refuse(path, f"{len(given)} thresholds", "one of first_below = ..., first_at_least = ...")
    reader.known_analyte(values.get("analyte"), path, analytes)
    return TimeIndex(**values) if sound and len(given) == 1 else None
