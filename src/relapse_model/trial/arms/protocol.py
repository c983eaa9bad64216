"""Who kept to the protocol, and the deviations from the dosing rule by arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.eligibility.screening import screen
from relapse_model.errors import CohortError
from relapse_model.study.study import Study
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.dosing.dosing import dosing

OMITTED, IN_CONTROL = "omitted", "given in the control arm"
_REGULAR = ("given as due", "none expected", "open", "clinician decides")  # the last asks for a decision of a person


@dataclass(frozen=True, eq=False)
class Protocol:
    """Adherence to the protocol.

    Attributes
    ----------
    kept : array of bool
        One entry per randomised patient.
    words : str
        What that means.
    deviations : DataFrame
        ``deviation, treatment, control``: patients with at least one, up to their endpoint.
    adherence : DataFrame
        ``centre, due, given``: doses of the treatment arm by centre.
    note : str
        Why something could not be judged.
    judged : bool
        Whether doses were held against the rule; False where the study has one and the tables do not tell.
    """

    kept: Mask
    words: str
    deviations: pd.DataFrame
    adherence: pd.DataFrame
    note: str = ""
    judged: bool = True


def protocol(cohort: Cohort, study: Study, found: Endpoint) -> Protocol:
    """Return who kept to the protocol: not known to be ineligible, no dose omitted, none given in the control arm.

    Deviations after a patient's endpoint do not count. Where the study has no dosing rule, or the tables do not tell,
    nobody is left out for it, and the note says so. Where it has one and the doses cannot be judged, no analysis per
    protocol can be made.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint
    """
    kept = np.ones(len(found), dtype=bool)
    parts, notes, unknown, judged = [], [], 0, True
    if study.eligibility.include or study.eligibility.exclude:
        state = screen(cohort, study).patients["state"].to_numpy(dtype=object)[found.place]
        kept &= state != "not eligible"
        unknown = int((~np.isin(state, ["eligible", "not eligible"])).sum())
        parts.append("no known ineligibility")
    deviations = pd.DataFrame({"deviation": [], "treatment": [], "control": []})
    adherence = pd.DataFrame({"centre": [], "due": [], "given": []})
    if study.dosing is None:
        notes.append("the study has no dosing rule: adherence to treatment was not judged")
    else:
        try:
            # Without kinetics there is no forecast, which is most of the work and nothing that is asked for here.
            report = dosing(cohort, replace(study, passive_antibody=None), found.week)
        except CohortError as error:
            notes.append(f"adherence to treatment was not judged: {error.problems[0]}")
            judged = False
        else:
            audit = _until_endpoint(report.audit, cohort, found)
            important = audit.loc[audit["verdict"].isin([OMITTED, IN_CONTROL]), "row"].unique()
            kept[important] = False
            parts.append("no omitted dose (treatment arm) and no dose (control arm)")
            deviations = _by_arm(audit, found)
            adherence = report.adherence[report.adherence["due"] > 0].reset_index(drop=True)
    words = (
        f"patients with {', '.join(parts)}; other deviations are not considered" if parts else "all randomised patients"
    )
    if unknown:
        words += f"; eligibility could not be checked in {unknown}"
    return Protocol(kept, words, deviations, adherence, "; ".join(notes), judged)


def _until_endpoint(audit: pd.DataFrame, cohort: Cohort, found: Endpoint) -> pd.DataFrame:
    """Return the rows of the audit up to each patient's endpoint, with the patient's place among the randomised."""
    place = np.full(len(cohort), -1)
    place[found.place] = np.arange(len(found))
    row = place[cohort.patient_ids.get_indexer(pd.Index(audit["patient_id"]))]
    weeks = audit["week"].to_numpy(dtype=float)
    inside = (row >= 0) & (weeks <= found.time[np.maximum(row, 0)])
    rows: pd.DataFrame = audit.assign(row=row)[inside]
    return rows


def _by_arm(audit: pd.DataFrame, found: Endpoint) -> pd.DataFrame:
    """Count the patients with each kind of deviation."""
    departs = audit[~audit["verdict"].isin(_REGULAR)].drop_duplicates(["row", "verdict"])
    treated = found.treated[departs["row"].to_numpy(dtype=np.intp)]
    rows = []
    for kind in sorted(departs["verdict"].unique()):
        same = (departs["verdict"] == kind).to_numpy()
        rows.append((kind, int((same & treated).sum()), int((same & ~treated).sum())))
    return pd.DataFrame(rows, columns=["deviation", "treatment", "control"])
