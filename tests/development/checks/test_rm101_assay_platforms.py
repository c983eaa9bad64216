"""RM101: several assays at one threshold, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.checks.rm101_assay_platforms import CHECK as assay_platforms


def labs_of(*rows):
    table = pd.DataFrame(rows, columns=["patient_id", "analyte", "week", "assay"])
    return rm.make_cohort(
        pd.DataFrame({"patient_id": ["PT-000", "PT-001"], "age_years": 40}),
        table.assign(value="<0.05", unit="IU/mL").astype({"assay": object}),
    )


def test_two_assays_are_found_with_their_numbers_and_name_nobody(study_with, names_nobody):
    cohort = labs_of(
        ("PT-000", "hbsag", 0, "Elecsys"), ("PT-000", "hbsag", 12, "Architect"), ("PT-001", "hbsag", 0, "Architect")
    )  # fmt: skip
    result = assay_platforms.of(cohort, study_with(), 0)
    assert (result.code, result.state, result.severity) == ("RM101", "found", "warning")
    assert "was measured on 2 assays, with these numbers of results: Architect (2), Elecsys (1). Assays" in result.text
    names_nobody(result.text, cohort)


@pytest.mark.parametrize(
    "other",
    [
        ("PT-001", "hbsag", 12, "Architect"),  # the same assay
        ("PT-001", "hbsag", -1, "Elecsys"),  # before enrolment
        ("PT-001", "anti_hbs", 12, "Elecsys"),  # another analyte
        ("PT-001", "hbsag", 12, None),  # not stated
    ],
)
def test_one_assay_after_enrolment_passes(study_with, other):
    assert assay_platforms.of(labs_of(("PT-000", "hbsag", 0, "Architect"), other), study_with(), 0).state == "passed"


def test_a_second_assay_at_enrolment_itself_counts(study_with):
    cohort = labs_of(("PT-000", "hbsag", 0, "Architect"), ("PT-001", "hbsag", 0, "Elecsys"))
    assert assay_platforms.of(cohort, study_with(), 0).state == "found"


def test_without_an_assay_or_an_analyte_it_does_not_apply(study_with, cohort_of):
    unstated = assay_platforms.of(cohort_of(("free", 3, {})), study_with(), 0)
    assert (unstated.state, unstated.text) == ("not applicable", "no assay is stated with the results of HBsAg")
    empty = assay_platforms.of(labs_of(("PT-000", "hbsag", 0, None)), study_with(), 0)
    assert empty.state == "not applicable"
    study = study_with(changed=[('analyte = "hbsag"\nat_least = 0.05', 'name = "death"\nadjudicated = true')])
    adjudicated = assay_platforms.of(labs_of(("PT-000", "hbsag", 0, "Architect")), study, 0)
    assert (adjudicated.state, "adjudicated" in adjudicated.text) == ("not applicable", True)
