"""RM107: a predictor cuts a continuous value in two."""

from __future__ import annotations

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import texts
from relapse_model.development.checks.check import CohortCheck, Verdict, found, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.study.predictor import Predictor

MOST_CODES = 10  # a column of more numbers than these holds no codes


def dichotomised_predictor(at: AtLandmark) -> Verdict:
    """Warn when a predictor keeps of a continuous value only the side of a limit on which it lies.

    Cutting throws information away (at the median, as much as a third of the patients), makes unequals of patients at
    the limit, and a limit looked for in the data is an optimistic one (Royston 2006, doi:10.1002/sim.2331). Two kinds
    of predictor cut: ``ever_detected``, of an analyte with results in numbers, and a column ``equals`` one value, where
    it holds more than ten different numbers. A term with ``below`` or ``at_least`` is stated beforehand, and the
    model is averaged over it: that alone is a note.

    Parameters
    ----------
    at : AtLandmark
    """
    cut = [one.label for one in at.study.predictors if _is_cut(one, at.cohort)]
    terms = [
        term.label
        for term in at.study.terms
        if any(factor.below is not None or factor.at_least is not None for factor in term.factors)
    ]
    if not cut and not terms:
        return passed()
    said = []
    if cut:
        said.append(
            f"{', '.join(cut)}: a continuous value is cut in two, which throws information away. Use the value itself "
            "(kind last, or the column without equals); where its effect levels off, declare cap or saturating"
        )
    if terms:
        said.append(
            f"terms cut at a limit stated beforehand: {', '.join(terms)}. Patients on either side of it get different "
            "risks, however close they are; saturating avoids the jump"
        )
    return found(". ".join(said) + ".", severity=None if cut else "note")


def _is_cut(predictor: Predictor, cohort: Cohort) -> bool:
    if predictor.kind == "ever_detected":
        of_it = cohort.labs["analyte"] == predictor.analyte
        return bool((cohort.labs.loc[of_it, "kind"] == "number").any())
    if predictor.kind != "column" or predictor.equals is None or predictor.column not in cohort.patients.columns:
        return False
    numbers = pd.to_numeric(texts(cohort.patients[predictor.column]), errors="coerce")
    return int(numbers.nunique()) > MOST_CODES


CHECK = CohortCheck("RM107", "a continuous value cut in two", dichotomised_predictor)
