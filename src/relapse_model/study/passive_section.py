"""The kinetics of an antibody that is given as a drug, in a study file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relapse_model.study import keys
from relapse_model.study.analyte import Analyte
from relapse_model.study.study import PassiveAntibody, Spread
from relapse_model.study.terms_section import Reader


def read_passive(reader: Reader, raw: Any, analytes: Mapping[str, Analyte]) -> PassiveAntibody | None:
    """Return the kinetics of an antibody that is given as a drug; problems go to the reader."""
    path = ("passive_antibody",)
    values = reader.table(raw, path, keys.PASSIVE)
    complete = reader.need(values, raw, path, *keys.PASSIVE)
    reader.known_analyte(values.get("analyte"), path, analytes)
    for name in ("half_life_days", "volume_litres", "absorption_per_day"):
        if name in values:
            spread = reader.table(values[name], (*path, name), keys.SPREAD)
            complete &= reader.need(spread, values[name], (*path, name), *keys.SPREAD)
            values[name] = Spread(**spread) if len(spread) == len(keys.SPREAD) else None
    return PassiveAntibody(**values) if complete else None
