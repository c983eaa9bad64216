"""What may be right and should be looked at: nearly equal identifiers, a time zero long after the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.near_identifiers import plain_identifier
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import Problem

_HALF_A_YEAR = 26  # weeks
_OTHER_PATIENT = "another patient, or the same one: case and leading zeros distinguish patients"
_LOOK = "Look whether its date is right"
_ZERO = "results up to time zero or after it"


def to_be_looked_at(cohort: Cohort, made: Mapping[str, MadeTable]) -> Iterator[Problem]:
    """Yield remarks on patients, each placed in the source.

    Named are patients whose identifiers differ by case and leading zeros only, and those whose last result is more
    than half a year before time zero.

    Parameters
    ----------
    cohort : Cohort
        As read.
    made : mapping of str to MadeTable
        What it was made of.
    """
    keys = identifier_keys(made["patients"].rows["patient_id"].astype(object))
    place = pd.Series(np.arange(len(keys)), index=keys)
    kept = identifier_keys(pd.Series(cohort.patient_ids, dtype=object))
    rows = place[~place.index.duplicated()].reindex(kept).to_numpy()
    plain = kept.map(plain_identifier)
    for at in np.flatnonzero(plain.duplicated(keep=False).to_numpy()).tolist():
        found = "an identifier that differs from another by case or leading zeros only"
        yield _placed(made["patients"], int(rows[at]), "patient_id", found, _OTHER_PATIENT, str(kept.iloc[at]))
    if "enrolment_date" not in made["patients"].rows or not len(cohort.labs):
        return
    latest = np.full(len(cohort), -np.inf)
    weeks = cohort.labs["week"].to_numpy(dtype=float)
    np.maximum.at(latest, cohort.labs["patient"].to_numpy(dtype=np.intp), weeks)
    for at in np.flatnonzero(np.isfinite(latest) & (latest < -_HALF_A_YEAR)).tolist():
        found = f"the last result {-latest[at]:.0f} weeks before it"
        yield _placed(made["patients"], int(rows[at]), "enrolment_date", found, _ZERO, str(kept.iloc[at]), _LOOK)


def _placed(
    table: MadeTable, row: int, column: str, found: str, expected: str, patient: str, advice: str = ""
) -> Problem:
    return table.place(Problem("patients", row + FIRST_ROW, column, found, expected, advice, patient))
