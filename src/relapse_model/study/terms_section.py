"""The non-linear terms of a study file, checked against its predictors."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from relapse_model.study import keys as keys
from relapse_model.study.analyte import Analyte
from relapse_model.study.origins import KeyPath as KeyPath
from relapse_model.study.predictor import Predictor, Prior, StudyTerm, TermFactor
from relapse_model.study.predictor_kinds import DIFFERENCES


class Reader(Protocol):
    """What is asked of the reader of a study file: it collects the problems."""

    def refuse(self, path: KeyPath, found: str, expected: str, advice: str = "") -> None:
        """Note a problem."""

    def table(self, raw: Any, path: KeyPath, allowed: Mapping[str, keys.Check]) -> dict[str, Any]:
        """Return the checked values of a table."""

    def need(self, values: Mapping[str, Any], raw: Any, path: KeyPath, *names: str) -> bool:
        """Note what is missing."""

    def known_analyte(self, name: str | None, path: KeyPath, analytes: Mapping[str, Analyte]) -> None:
        """Note an analyte that the study has not."""

    def prior(self, raw: Any, path: KeyPath) -> Prior | None:
        """Read a prior."""


def read_terms(reader: Reader, raw: Any, predictors: Sequence[Predictor]) -> tuple[StudyTerm, ...]:
    """Return the terms of a study; problems go to the reader.

    Parameters
    ----------
    reader : Reader
    raw : Any
        What stands under ``[[terms]]``.
    predictors : sequence of Predictor
    """
    if not isinstance(raw, list):
        reader.refuse(("terms",), keys.value_shown(raw), "one or more [[terms]]")
        return ()
    known = {predictor.name: predictor for predictor in predictors}
    found = [_term(reader, entry, ("terms", position), known) for position, entry in enumerate(raw)]
    names = [*known, *(term.name for term in found if term is not None)]
    for position, term in enumerate(found):
        if term is not None and names.count(term.name) > 1:
            reader.refuse(("terms", position, "name"), repr(term.name), "a name used once, and by no predictor")
    return tuple(term for term in found if term is not None)


def _term(reader: Reader, raw: Any, path: KeyPath, known: Mapping[str, Predictor]) -> StudyTerm | None:
    values = reader.table(raw, path, keys.TERM)
    if not reader.need(values, raw, path, "name", "factors"):
        return None
    factors = values["factors"]
    if not isinstance(factors, list) or not factors:
        reader.refuse((*path, "factors"), keys.value_shown(factors), "a list such as [{ predictor = ..., cap = 24 }]")
        return None
    read = [_factor(reader, entry, (*path, "factors"), known) for entry in factors]
    for name in values.get("replaces", ()):
        _predictor(reader, name, (*path, "replaces"), known)
    prior = reader.prior(values["prior"], (*path, "prior")) if "prior" in values else None
    if prior is not None and prior.per != "unit":
        reader.refuse((*path, "prior", "per"), repr(prior.per), "'unit': a term has a scale of its own")
    kept = tuple(factor for factor in read if factor is not None)
    if len(kept) < len(read):
        return None
    _some_value_fits(reader, kept, (*path, "factors"))
    label = values.get("label", values["name"].replace("_", " "))
    replaces, forms = tuple(values.get("replaces", ())), tuple(values.get("forms", ("terms",)))
    if not forms or len(set(forms)) < len(forms):
        reader.refuse((*path, "forms"), keys.value_shown(values["forms"]), "one name or more, each once")
        return None
    return StudyTerm(values["name"], label, kept, replaces, prior, values.get("label_zh", ""), forms)


def _some_value_fits(reader: Reader, factors: Sequence[TermFactor], path: KeyPath) -> None:
    """Refuse a range that holds no value: the term would be 0 in everybody."""
    for name in dict.fromkeys(factor.predictor for factor in factors):
        here = [factor for factor in factors if factor.predictor == name]
        low = max((one.at_least for one in here if one.at_least is not None), default=None)
        high = min((one.below for one in here if one.below is not None), default=None)
        if low is not None and high is not None and low >= high:
            reader.refuse(
                path, f"{name!r} at least {low:g} and below {high:g}", "a range that holds some value",
                "The term would be 0 in every patient",
            )  # fmt: skip


def _factor(reader: Reader, raw: Any, path: KeyPath, known: Mapping[str, Predictor]) -> TermFactor | None:
    values = reader.table(raw, path, keys.FACTOR)
    if not reader.need(values, raw, path, "predictor"):
        return None
    shapes = [shape for shape in keys.SHAPES if shape in values]
    if len(shapes) > 1:
        reader.refuse(path, f"{' and '.join(shapes)} in one factor", "at most one of them")
        return None
    predictor = _predictor(reader, values["predictor"], path, known)
    if predictor is None:
        return None
    if predictor.levels or predictor.saturating is not None or predictor.kind in DIFFERENCES:
        reader.refuse(path, f"predictor {predictor.name!r}", "a predictor with values in a clinical unit")
        return None
    if predictor.scale == "log10" and values.get("minus", 1.0) <= 0:
        reader.refuse(
            (*path, "minus"), keys.value_shown(values["minus"]), "a number above 0, of a predictor on the log10 scale"
        )
        return None
    return TermFactor(**values)


def _predictor(reader: Reader, name: str, path: KeyPath, known: Mapping[str, Predictor]) -> Predictor | None:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    reader.refuse(
        path,
        repr(name),
        f"a predictor of this study ({', '.join(known)})",
        f"Did you mean {near[0]!r}?" if near else "",
    )
    return None
