"""RM101: results of several assays meet one threshold."""

from __future__ import annotations

from relapse_model.comparisons import before
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark


def assay_platforms(at: AtLandmark) -> Verdict:
    """Warn when the outcome's analyte was measured on more than one assay.

    On a WHO standard at 1.0 IU/mL, HBsAg assays read from 0.94 to 1.46 (doi:10.1186/s12985-023-02054-7, Table 3):
    the same patient can be positive in one hospital and negative in another.

    Parameters
    ----------
    at : AtLandmark
    """
    name, labs = at.study.outcome.analyte, at.cohort.labs
    if name is None:
        return not_applicable("the outcome is adjudicated: no assay decides it")
    after = labs[(labs["analyte"] == name) & ~before(labs["week"], 0.0)]
    assays = sorted(after["assay"].dropna().unique()) if "assay" in after else []
    label = at.study.analytes[name].label
    if not assays:
        return not_applicable(f"no assay is stated with the results of {label}")
    if len(assays) < 2:
        return passed()
    numbers = after["assay"].value_counts()
    counts = ", ".join(f"{one} ({numbers[one]:,})" for one in assays)
    return found(
        f"{label}, which decides the outcome, was measured on {len(assays)} assays, with these numbers of results: "
        f"{counts}. Assays differ at the threshold: compare event rates between centres, and review the results close "
        "to it."
    )


CHECK = CohortCheck("RM101", "several assays at one threshold", assay_platforms)
