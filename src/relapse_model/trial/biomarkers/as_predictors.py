"""Candidates written as predictors of a study file, with a mark of the cohort on which they were chosen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from relapse_model.study.predictor import Predictor, Prior
from relapse_model.study.study import Study


def predictors_text(study: Study, names: Sequence[str], fingerprint: str) -> str:
    """Return TOML of candidates as ``[[predictors]]``.

    Parameters
    ----------
    study : Study
    names : sequence of str
        Of its candidates; of a level, such as ``genotype=C``, the candidate with all its levels.
    fingerprint : str
        Of the cohort.
    """
    known = {one.predictor.name: one.predictor for one in study.candidates}
    known |= {one.name: one for one in study.predictors}
    wanted = dict.fromkeys(name.split("=", 1)[0] if name not in known else name for name in names)
    return "\n".join(_entry(known[name], fingerprint) for name in wanted)


def _entry(predictor: Predictor, fingerprint: str) -> str:
    lines = ["[[predictors]]"]
    for one in fields(Predictor):
        value = getattr(predictor, one.name)
        derived = one.name == "scale" and predictor.analyte is not None
        if value in (None, (), "", False) or derived or (one.name == "scale" and value == "linear"):
            continue
        lines.append(f"{one.name} = {_toml(value)}")
    return "\n".join([*lines, f"screened_on = {json.dumps(fingerprint)}", ""])


def _toml(value: Any) -> str:
    if isinstance(value, Prior):
        return "{ " + ", ".join(f"{one.name} = {_toml(getattr(value, one.name))}" for one in fields(Prior)) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
