"""RM101: results of several assays meet one threshold."""

from __future__ import annotations

from relapse_model.cohort.cohort import Cohort
from relapse_model.comparisons import before
from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed
from relapse_model.study.study import Study


def assay_platforms(cohort: Cohort, study: Study, landmark: float) -> Verdict:
    """Warn when the outcome's analyte was measured on more than one assay.

    On a WHO standard at 1.0 IU/mL, HBsAg assays read from 0.94 to 1.46 (doi:10.1186/s12985-023-02054-7, Table 3):
    the same patient can be positive in one hospital and negative in another.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    landmark : float
        Not used.
    """
    name, labs = study.outcome.analyte, cohort.labs
    if name is None:
        return not_applicable("the outcome is adjudicated: no assay decides it")
    after = labs[(labs["analyte"] == name) & ~before(labs["week"], 0.0)]
    assays = sorted(after["assay"].dropna().unique()) if "assay" in after else []
    label = study.analytes[name].label
    if not assays:
        return not_applicable(f"no assay is stated with the results of {label}")
    if len(assays) < 2:
        return passed()
    counts = ", ".join(f"{assay} ({(after['assay'] == assay).sum()})" for assay in assays)
    return found(
        f"{label}, which decides the outcome, was measured on {len(assays)} assays: {counts}. Assays differ at the "
        "threshold: compare the relapse rates of the centres, and look at the results close to it."
    )


CHECK = Check("RM101", "several assays at one threshold", assay_platforms)
