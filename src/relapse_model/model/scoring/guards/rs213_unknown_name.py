"""RS213: a result or a treatment under a name that the study does not know."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relapse_model.cohort.study_names import NAMED, name_table
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged
from relapse_model.model.scoring.guards.shown_names import shown_name

_WEEK = {"analyte": "week", "agent": "start_week"}
_TEXT = {
    "analyte": "result under an unknown name, and {label} is missing: {name}",
    "agent": "treatment under an unknown name: {name}",
}


def unknown_name(new: NewPatients) -> list[Flagged]:
    """Warn of a treatment that the study does not know by name, and of a result where one it asks for is missing.

    A drug under an unknown name counts as not given. A result under one is not missed while the results that the
    predictors read are there; one whose name is in common use for another analyte (haemoglobin) is none of them. What
    only looks like a name of the study is refused when the cohort is read.

    Parameters
    ----------
    new : NewPatients
    """
    return [*_treatments(new), *_results(new)]


def _treatments(new: NewPatients) -> list[Flagged]:
    if not name_table(new.study, "agent").asked:
        return []
    return [flagged(patients, _TEXT["agent"].format(name=name)) for name, patients in _unknown(new, *NAMED[1])]


def _results(new: NewPatients) -> list[Flagged]:
    lacking = {
        one.label: new.features[one.name].isna().to_numpy() for one in new.study.predictors if one.analyte is not None
    }
    if not any(missing.any() for missing in lacking.values()):
        return []
    return [
        flagged(patients & missing, _TEXT["analyte"].format(label=label, name=name))
        for name, patients in _unknown(new, *NAMED[0])
        for label, missing in lacking.items()
        if (patients & missing).any()
    ]


def _unknown(new: NewPatients, table: str, column: str) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the names that the study does not know, as a warning shows them, and who has each by the landmark."""
    rows = getattr(new.cohort, table)
    if rows is None:
        return []
    known = name_table(new.study, column)
    names = [name for name in map(str, rows[column].dropna().unique()) if known.meaning(name).name is None]
    names = [name for name in names if not known.is_another(name)]
    begun = rows[_WEEK[column]].to_numpy(dtype=float) <= new.landmark
    found = []
    for name in sorted(names):
        mask = np.zeros(len(new.cohort), dtype=bool)
        mask[rows.loc[begun & (rows[column] == name).to_numpy(), "patient"].to_numpy(dtype=np.intp)] = True
        found.append((shown_name(name, new.identifiers), mask))
    return found


GUARD = Guard("RS213", "a result or treatment of an unknown name", unknown_name)
