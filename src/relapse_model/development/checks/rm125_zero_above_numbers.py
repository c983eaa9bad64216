"""RM125: a printed 0 stands above a number that another laboratory printed."""

from __future__ import annotations

import numpy as np

from relapse_model.cohort.laboratory.values_in_unit import below_limit_value
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import at_or_before
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark

_TOLERANCE = 1e-9


def zero_above_numbers(at: AtLandmark) -> Verdict:
    """Warn when results are lower than what stands for a 0 or a "negative" without a limit of its own.

    A 0 is a result below the limit, and half the study's limit stands for it. A laboratory with a lower limit prints
    0.2 for the same, which then ranks below the 0.

    Parameters
    ----------
    at : AtLandmark
    """
    read = {one.analyte for one in at.study.predictors if one.analyte is not None}
    rules = [rule for name, rule in at.study.analytes.items() if name in read and rule.lower_limit is not None]
    if not rules:
        return not_applicable("no predictor reads an analyte with a lower limit")
    lower = []
    for rule in rules:
        labs = at.cohort.labs
        labs = labs[(labs["analyte"] == rule.name) & at_or_before(labs["week"], at.landmark)]
        zero = (labs["kind"] == "number") & (labs["comparator"] == "") & (labs["number"] == 0)
        own = labs["lower_limit"].fillna(0) > 0 if "lower_limit" in labs else zero & False
        if rule.floor or not ((zero | (labs["kind"] == "negative")) & ~own).any():
            continue
        stands = below_limit_value(rule) or 0.0
        if np.any(measurements(at.cohort, at.study, rule.name).until(at.landmark).value < stands - _TOLERANCE):
            lower.append(f"{rule.label} ({stands:g} {rule.unit})")
    if not lower:
        return passed()
    return found(
        "a result of 0, or a word such as negative, reported without a limit counts as the value in brackets, and so "
        f"ranks above lower results reported as numbers: {', '.join(lower)}. Give the limit with the result "
        "(lower_limit), or set floor = true for the analyte, so that all results below its limit rank equally."
    )


CHECK = CohortCheck("RM125", "a 0 that is ranked above a positive result", zero_above_numbers)
