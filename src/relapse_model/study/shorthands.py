"""The shorthands of a study file, written out: kinds that go without saying, library analytes, printed priors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from relapse_model.errors import Problem
from relapse_model.study import keys
from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.library_analytes import with_library_analytes
from relapse_model.study.lists_of_entries import PREDICTOR_LISTS
from relapse_model.study.origins import Document, KeyPath
from relapse_model.study.predictor_kinds import FEATURE_KINDS
from relapse_model.study.published_effects import LEVEL, fits_interval, shrunk_effect

RATIOS = ("odds_ratio", "hazard_ratio")


def without_shorthands(document: Document, problems: list[Problem]) -> Document:
    """Return a study with everything in it written out.

    Parameters
    ----------
    document : Document
        With one entry for each predictor.
    problems : list of Problem
        Added to.
    """
    raw = dict(document.raw)
    analytes = raw.get("analytes", {})
    known = {*analytes, *analyte_library()} if isinstance(analytes, Mapping) else set()
    for section in PREDICTOR_LISTS:
        if isinstance(raw.get(section), list):
            raw[section] = [_with_kind(entry, known) for entry in raw[section]]
    raw = with_library_analytes(Document(raw, document.origins), problems)
    for section in (*PREDICTOR_LISTS, "terms"):
        if isinstance(raw.get(section), list):
            raw[section] = [
                _with_prior(entry, (section, position), document, problems)
                for position, entry in enumerate(raw[section])
            ]
    return Document(raw, document.origins)


def _with_kind(entry: Any, known: set[str]) -> Any:
    """Add the analyte and the kind of a predictor where there is one that goes without saying."""
    if not isinstance(entry, Mapping):
        return entry
    subjects = {"analyte", "column", "agents"} & {*entry}
    kind = FEATURE_KINDS.get(entry["kind"]) if isinstance(entry.get("kind"), str) else None
    reads_result = kind is not None and "analyte" in kind.requires
    added = {}
    name = entry.get("name")
    named = isinstance(name, str) and name in known
    if named and "analyte" not in entry and (reads_result or not (subjects or "kind" in entry)):
        added["analyte"] = name
        subjects |= {"analyte"}
    if "kind" not in entry and subjects in ({"analyte"}, {"column"}):
        added["kind"] = "last" if subjects == {"analyte"} else "column"
    return {**entry, **added} if added else entry


def _with_prior(entry: Any, path: KeyPath, document: Document, problems: list[Problem]) -> Any:
    """Convert a prior as a paper prints it to the log-odds scale."""
    prior = entry.get("prior") if isinstance(entry, Mapping) else None
    if not isinstance(prior, Mapping) or not {*RATIOS, "ci"} & {*prior}:
        return entry
    found = list(_printed_problems(prior, (*path, "prior"), document))
    problems += found
    if found:
        return {key: value for key, value in entry.items() if key != "prior"}
    ratio = next(prior[name] for name in RATIOS if name in prior)
    low, high = prior["ci"]
    mean, sd = shrunk_effect(ratio, low, high, level=prior.get("level", LEVEL), steps=prior.get("steps", 1.0))
    converted = {"log_odds": mean, "sd": sd, "per": prior.get("per", "unit"), "source": _cited(prior)}
    return {**entry, "prior": converted}


def _cited(prior: Mapping[str, Any]) -> str:
    """Return the source with what it prints, so that whoever reads the prior can compute it again."""
    name = next(name for name in RATIOS if name in prior)
    low, high = prior["ci"]
    level = prior.get("level", LEVEL)
    of_level = "" if level == LEVEL else f", {100 * level:g} % interval"
    apart = f", divided by {prior['steps']:g}" if prior.get("steps", 1) != 1 else ""
    words = {"odds_ratio": "OR", "hazard_ratio": "HR"}
    return f"{prior['source']}: {words[name]} {prior[name]:g} ({low:g}-{high:g}{of_level}), shrunk{apart}"


def _printed_problems(prior: Mapping[str, Any], path: KeyPath, document: Document) -> Iterator[Problem]:
    for key, value in prior.items():
        place = document.origins.of((*path, key))
        if key not in keys.PRINTED_PRIOR:
            yield place.problem("unknown key", f"one of {', '.join(sorted(keys.PRINTED_PRIOR))}")
            continue
        try:
            keys.PRINTED_PRIOR[key](value)
        except keys.NotAllowed as no:
            yield place.problem(keys.value_shown(value), str(no))
    given = [name for name in RATIOS if name in prior]
    whole = document.origins.of(path)
    if len(given) != 1:
        yield whole.problem(" and ".join(given) or "no ratio", "one of odds_ratio = ..., hazard_ratio = ...")
    for name in ("ci", "source"):
        if name not in prior:
            yield whole.problem(f"key {name!r} is missing", f"{name} = ...")
    try:
        low, high = keys.PRINTED_PRIOR["ci"](prior.get("ci"))
        ratio = keys.PRINTED_PRIOR["odds_ratio"](prior[given[0]])
    except (keys.NotAllowed, IndexError):
        return
    if not low <= ratio <= high:
        yield document.origins.of((*path, "ci")).problem(
            f"[{low:g}, {high:g}], and a ratio of {ratio:g} outside it", "the interval of that ratio"
        )
    elif not fits_interval(ratio, low, high):
        yield document.origins.of((*path, given[0])).problem(
            f"{ratio:g}, far from the geometric middle ({math.sqrt(low * high):.3g}) of [{low:g}, {high:g}]",
            "a ratio in the middle of its interval on the log scale, but for rounding",
            "Look whether both are printed so; of an interval that is not symmetric, state log_odds and sd",
        )
