"""RM119: agents or analytes in the tables that no entry of the study knows."""

from __future__ import annotations

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.study_names import NAMED, name_table
from relapse_model.development.checks.check import CohortCheck, Verdict, found, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.centre_labels import one_name_each
from relapse_model.model.scoring.guards.shown_names import holds_identifier, identifiers
from relapse_model.small_counts import SMALL
from relapse_model.study.study import Study

_LISTED = 10  # names of a table; the commonest first
_KEPT = {"agent": "not recognised, and counted as none of the study's agents", "analyte": "not used by any predictor"}
_ADVICE = (
    "If one is another name of an agent or analyte of the study, add it to the synonyms there; otherwise give it an "
    "entry of its own in the study."
)
_ANOTHER = "The library of common analytes knows each as an analyte of its own, which the study does not read."


def unknown_names(at: AtLandmark) -> Verdict:
    """Warn of agents, and note analytes, that the study does not know by any name.

    A drug that is not known counts as not given: under a name of its own it makes "never treated" of a treated patient.

    Parameters
    ----------
    at : AtLandmark
    """
    # Where a study asks for no agents, the name of a drug is of no consequence.
    asked = [(table, column) for table, column in NAMED if column == "analyte" or name_table(at.study, column).asked]
    unknown = {column: _counts(at.cohort, at.study, table, column) for table, column in asked}
    if not any(len(counts) for counts in unknown.values()):
        return passed()
    nobody = identifiers(at.cohort)
    listed = [
        f"{column}s {_KEPT[column]}: {_listed(unknown[column], at.cohort, at.study, (table, column), nobody)}"
        for table, column in asked[::-1]
        if len(unknown[column])
    ]
    # A result under a name with a word too many may be one that the study asks for, and is read by nothing.
    names = {column: [str(name) for name in counts.index] for column, counts in unknown.items()}
    like = any(name_table(at.study, "analyte").alike(name) for name in names.get("analyte", ()))
    doubtful = any(not name_table(at.study, column).is_another(name) for column in names for name in names[column])
    return found(
        f"{'; '.join(listed)}. {_ADVICE if doubtful else _ANOTHER}",
        severity="warning" if like or names.get("agent") else "note",
    )


def _counts(cohort: Cohort, study: Study, table: str, column: str) -> pd.Series:
    """Return how many rows there are of each name that the study does not know, the commonest first."""
    rows = getattr(cohort, table)
    if rows is None:
        return pd.Series(dtype=int)
    known = name_table(study, column)
    counts = rows[column].value_counts()
    counts = counts[counts > 0]  # a category may have no row in the cohort of some of the patients
    unknown = [name for name in counts.index if known.meaning(str(name)).name is None]
    found: pd.Series = counts[sorted(unknown, key=lambda name: (-counts[name], str(name)))]
    return found


def _listed(counts: pd.Series, cohort: Cohort, study: Study, where: tuple[str, str], nobody: frozenset[str]) -> str:
    """Return the names with their counts; those that look like one the study asks for first."""
    known = name_table(study, where[1])
    like = {name: known.alike(str(name)) for name in counts.index}
    shown = [
        f"{name!r} ({count if count >= SMALL else f'<{SMALL}'} rows{_like(like[name])}"
        f"{', another analyte' * known.is_another(str(name))}{_centre(cohort, *where, name, count)})"
        for name, count in sorted(counts.items(), key=lambda pair: not like[pair[0]])
        if not holds_identifier(str(name), nobody)
    ]
    hidden, more = len(counts) - len(shown), max(len(shown) - _LISTED, 0)
    rest = [f"and {more} more"] * (more > 0) + [f"{hidden} not shown, because an identifier is in them"] * (hidden > 0)
    return ", ".join([*shown[:_LISTED], *rest])


def _like(names: tuple[str, ...]) -> str:
    return f", like {' or '.join(map(repr, names))}" if names else ""


def _centre(cohort: Cohort, table: str, column: str, name: object, count: int) -> str:
    """Name the centre where all rows of a name are of one among several: a coding of its own."""
    if "centre" not in cohort.patients or count < SMALL:
        return ""
    rows, each = getattr(cohort, table), one_name_each(cohort.patients["centre"])
    who = rows.loc[rows[column] == name, "patient"].unique()
    centres = pd.unique(each.iloc[who].dropna())
    if each.nunique() < 2 or len(centres) != 1 or len(who) < SMALL:  # a model file keeps it; few could be recognised
        return ""
    return f", all of centre {centres[0]!r}"


CHECK = CohortCheck("RM119", "names that the study does not know", unknown_names)
