"""RS204 and RS205: a unit, or an assay, that the training did not have."""

from __future__ import annotations

import numpy as np

from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged
from relapse_model.model.scoring.guards.results_read import KEYS, names_of, results_read
from relapse_model.model.scoring.guards.shown_names import shown_name


def other_name(new: NewPatients, column: str) -> list[Flagged]:
    """Flag patients with a result that the predictors read, under a name that no training patient's result had.

    Spellings of one name are one. Where the training, or a result, states no name, there is nothing to compare.

    Parameters
    ----------
    new : NewPatients
    column : {"assay", "unit"}
    """
    trained = new.summary.get(f"{column}s")
    if trained is None:
        return []
    patient = new.cohort.labs["patient"].to_numpy(dtype=np.intp)
    found = []
    for analyte, rows in results_read(new.cohort, new.study, new.landmark).items():
        known = {KEYS[column](name) for name in trained.get(analyte, {})}
        codes, names = names_of(new.cohort.labs, rows, column)
        for number, name in sorted(enumerate(names), key=lambda pair: str(pair[1])):  # whoever comes first
            if known and KEYS[column](name) not in known:
                mask = np.zeros(len(new.cohort), dtype=bool)
                mask[patient[rows[codes == number]]] = True
                label = new.study.analytes[analyte].label
                shown = shown_name(name, new.identifiers)
                usual = " or ".join(trained[analyte])
                found.append(
                    flagged(
                        mask,
                        f"{column} other than trained: {label} {_ON[column]} {shown} (trained {_ON[column]} {usual})",
                    )
                )
    return found


_ON = {"assay": "on", "unit": "in"}


def other_unit(new: NewPatients) -> list[Flagged]:
    """Warn of results in a unit that no training patient's had: the study converts it, but nobody has tried.

    A unit that the study does not accept is refused when the cohort is read.

    Parameters
    ----------
    new : NewPatients
    """
    return other_name(new, "unit")


UNIT_GUARD = Guard("RS204", "a unit other than trained", other_unit)


def other_assay(new: NewPatients) -> list[Flagged]:
    """Warn of results of an assay that no training patient's came from: assays read the same blood differently.

    Parameters
    ----------
    new : NewPatients
    """
    return other_name(new, "assay")


ASSAY_GUARD = Guard("RS205", "an assay other than trained", other_assay)
