"""RM126: a centre recorded no course of an agent that the others gave."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.courses import courses_until, ever
from relapse_model.cohort.tables.column_values import texts
from relapse_model.development.checks.check import CohortCheck, Verdict, found, nobody_at_risk, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.centre_labels import one_name_each
from relapse_model.study.predictor import Predictor

CENTRE = "centre"
FEWEST = 10
CHANCE = 0.001


def agent_by_centre(at: AtLandmark) -> Verdict:
    """Warn when no patient of a centre has a course of a predictor's agents, and chance hardly explains it.

    Who has no course in a complete treatments table counts as never given the agent. A centre that writes another name,
    or keeps its drugs elsewhere, then has patients who seem untreated. Looked at are centres of 10 patients at risk or
    more for whom no column states the history; the chance that none of them was given it, at the share of the other
    centres, is less than 1 in 1000.

    Parameters
    ----------
    at : AtLandmark
    """
    readers = [one for one in at.study.predictors if one.agents]
    recorded = at.cohort.treatments is not None and at.study.treatments.complete
    if not recorded or not readers or CENTRE not in at.cohort.patients:
        return not_applicable(
            "no predictor is read from a complete treatments table of patients whose centre is stated"
        )
    rows = at.at_risk
    if not len(rows):
        return not_applicable(nobody_at_risk(at))
    centres = texts(one_name_each(at.cohort.patients[CENTRE])).to_numpy(dtype=object)[rows]
    said = [text for one in readers for text in _without(at.cohort, one, at.landmark, rows, centres)]
    if not said:
        return passed()
    return found(
        f"{'; '.join(said)}. They count as never treated with it: check whether the centre uses another name or "
        "records drugs elsewhere; if drugs were not recorded, say so in the study ([treatments] complete = false)."
    )


def _without(cohort: Cohort, predictor: Predictor, landmark: float, rows: np.ndarray, centres: np.ndarray) -> list[str]:
    assert cohort.treatments is not None
    given = ever(courses_until(cohort.treatments, predictor.agents, landmark), len(cohort))[rows] == 1
    derived = np.ones(len(rows), dtype=bool)
    if predictor.column in cohort.patients.columns:
        derived = cohort.patients[predictor.column].isna().to_numpy()[rows]
    table = pd.DataFrame({"centre": centres[derived], "given": given[derived]})
    sizes = table.groupby("centre")["given"].agg(["size", "sum"])
    said = []
    for name, size, count in sizes.itertuples():
        others = len(table) - size
        share = (table["given"].sum() - count) / others if others else 0.0
        if name and count == 0 and size >= FEWEST and (1 - share) ** size < CHANCE:
            said.append(
                f"{predictor.label}: none of the {size} patients at {str(name)!r} has a course of "
                f"{' or '.join(predictor.agents)}, against {share:.0%} of the patients elsewhere"
            )
    return said


CHECK = CohortCheck("RM126", "an agent recorded in no patient of a centre", agent_by_centre)
