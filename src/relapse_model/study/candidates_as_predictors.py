"""Candidate biomarkers as predictors: the text of a study is changed, so that a model file can carry it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from relapse_model.errors import RelapseModelError
from relapse_model.study.line_numbers import Place, line_of
from relapse_model.study.reader import parse_study
from relapse_model.study.study import Study

_HEADER = re.compile(r"^(\s*\[\[\s*)[\"']?candidates[\"']?(\s*\]\])")


def with_candidates(study: Study, names: Collection[str]) -> Study:
    """Return the study with some of its candidates as predictors; the others stay candidates.

    Parameters
    ----------
    study : Study
        As it was read.
    names : collection of str

    Raises
    ------
    RelapseModelError
        If the study was changed after its text was read, or a candidate has no ``[[candidates]]`` line of its own.

    Examples
    --------
    >>> import relapse_model as rm
    >>> with_candidates(rm.load_study("hbsag-relapse"), ["hbv_rna"]).predictors[-1].name
    'hbv_rna'
    """
    _require_unchanged(study)
    lines = study.text.split("\n")
    for position, one in enumerate(study.candidates):
        if one.predictor.name in names:
            place: Place = ("candidates", position)
            header = line_of(study.text, place) or 1
            family = line_of(study.text, (*place, "family")) or header
            lines[header - 1] = _HEADER.sub(r"\1predictors\2", lines[header - 1])
            if family != header:
                lines[family - 1] = ""
    changed = parse_study("\n".join(lines), study.name)
    moved = [one.predictor for one in study.candidates if one.predictor.name in names]
    rest = tuple(one for one in study.candidates if one.predictor.name not in names)
    if {one.name: one for one in changed.predictors} != {one.name: one for one in (*study.predictors, *moved)} or (
        changed.candidates != rest
    ):
        raise RelapseModelError(
            f"study {study.name!r}: its candidates cannot be made predictors; expected each under a line "
            "[[candidates]] of its own, with family on a line of its own. Write them so."
        )
    return changed


def marked_as_screened(study: Study, names: Collection[str], fingerprint: str) -> Study:
    """Return the study with the mark of the cohort on which some of its predictors were chosen.

    Parameters
    ----------
    study : Study
        As it was read.
    names : collection of str
    fingerprint : str
        Of the cohort.
    """
    _require_unchanged(study)
    lines = study.text.split("\n")
    for position, one in enumerate(study.predictors):
        if one.name in names and one.screened_on is None:
            header = line_of(study.text, ("predictors", position)) or 1
            lines[header - 1] += f"\nscreened_on = {json.dumps(fingerprint)}"
    return parse_study("\n".join(lines), study.name)


def _require_unchanged(study: Study) -> None:
    if parse_study(study.text, study.name) != study:
        raise RelapseModelError(
            f"study {study.name!r} was changed after it was read, and a model carries its text. "
            "Change the text instead, and load it with load_study."
        )
