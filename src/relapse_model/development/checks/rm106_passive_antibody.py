"""RM106: antibody given as a drug is read as if it were the patient's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.measurements import Measurements, measurements
from relapse_model.comparisons import at_or_before
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import AS_MEASURED
from relapse_model.study.study import PassiveAntibody

HALF_LIVES = 5.0  # after which 3 % of a dose is left


def passive_antibody(at: AtLandmark) -> Verdict:
    """Warn when a predictor reads measured antibody in blood drawn after a dose of it.

    Whether a column was filled in after enrolment cannot be seen from its name. What can be seen is the one case that
    the treatment forces on us: the assay measures the patient's own antibody and the drug together, so that after a
    dose the predictor tells who was given the drug, and when, instead of how the patient responds. That holds whether
    or not the arm is a predictor, and for doses before enrolment too. A dose counts for five of the study's median
    half-lives; blood of the week of a dose was drawn before it. Kinds that count results, or take their age, read no
    titre.

    Parameters
    ----------
    at : AtLandmark
    """
    passive = at.study.passive_antibody
    if passive is None:
        return not_applicable("the study has no section [passive_antibody]")
    if at.cohort.treatments is None:
        return not_applicable("the cohort has no treatments table, so no dose is known")
    readers = [one for one in at.study.predictors if one.analyte == passive.analyte and one.kind in AS_MEASURED]
    if not readers:
        return not_applicable(f"no predictor reads {at.study.analytes[passive.analyte].label} as measured")
    results = measurements(at.cohort, at.study, passive.analyte)
    affected = []
    for predictor in readers:
        read = _read_by(predictor, results, at.landmark)
        patients = len(np.unique(read.patient[_after_a_dose(read, at.cohort.treatments, passive)]))
        if patients:
            affected.append(f"{predictor.label}: in {patients} of {len(at.cohort)} patients")
    if not affected:
        return passed()
    agents, label = " or ".join(at.study.agent_labels(passive.agents)), at.study.analytes[passive.analyte].label
    return found(
        f"after a dose of {agents}, measured {label} includes "
        "passive antibody: it reflects who was treated and when, not how the patient responds. "
        f"{'; '.join(affected)}. Use kind endogenous, which estimates the patient's own antibody."
    )


def _read_by(predictor: Predictor, results: Measurements, landmark: float) -> Measurements:
    """Return the results that a predictor reads: of kinds first and last one a patient, else all up to the landmark."""
    known = results.until(landmark, predictor.window_weeks)
    if predictor.kind not in ("first", "last"):
        return known
    known = known.valued()
    differs = known.patient[1:] != known.patient[:-1]
    edge = np.ones(min(1, len(known.patient)), dtype=bool)
    return known.rows(np.concatenate([edge, differs] if predictor.kind == "first" else [differs, edge]))


def _after_a_dose(results: Measurements, treatments: pd.DataFrame, passive: PassiveAntibody) -> NDArray[np.bool_]:
    """Tell which results were drawn after a dose, and within five half-lives of it."""
    drawn = pd.DataFrame({"patient": results.patient, "week": results.week, "row": np.arange(len(results.week))})
    doses = treatments.loc[treatments["agent"].isin(passive.agents), ["patient", "start_week"]]
    doses = doses.astype({"patient": drawn["patient"].dtype, "start_week": float})
    joined = pd.merge_asof(
        drawn.sort_values("week"), doses.sort_values("start_week"), left_on="week", right_on="start_week", by="patient",
        allow_exact_matches=False,
    ).sort_values("row")  # fmt: skip
    since = joined["week"] - joined["start_week"]  # NaN where there is no dose before
    return np.asarray(at_or_before(since, HALF_LIVES * passive.half_life_days.median / 7))


CHECK = CohortCheck("RM106", "passive antibody read as the patient's own", passive_antibody)
