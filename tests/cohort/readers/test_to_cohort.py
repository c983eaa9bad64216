"""Tables that a reader made: at the gate, with every problem placed where it stands in the source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.to_cohort import cohort_of, refused_of
from relapse_model.cohort.reading_report import LeftOut, ReadingReport, SourceReading
from relapse_model.errors import CohortError, Problem, RelapseModelError

REPORT = ReadingReport("excel", (SourceReading("Sheet1", "rows", 2, 2),))


def made(values: list[str]) -> dict[str, MadeTable]:
    patients = pd.DataFrame({"patient_id": ["a-1", "b-1"], "enrolment_date": ["2024-01-01"] * 2})
    labs = pd.DataFrame(
        {"patient_id": ["a-1", "b-1"], "date": ["2024-01-08"] * 2, "analyte": "hbsag", "value": values, "unit": "IU/mL"}
    )
    rows = np.array([5, 9])
    return {
        "patients": MadeTable(patients, "Sheet1", rows),
        "labs": MadeTable(labs, "Sheet1", rows, {"value": np.array(["W1 HBsAg", "W2 HBsAg"], dtype=object)}),
    }


def test_a_problem_is_placed_in_the_source():
    with pytest.raises(CohortError, match="Sheet1, row 9, column 'W2 HBsAg'"):
        cohort_of(made(["5", "five or so"]), REPORT, study=None)


def test_listed_problems_are_placed_too_and_reject_their_patient_only():
    cohort = cohort_of(made(["5", "five or so"]), REPORT, study=None, on_problems="list")
    assert list(cohort.patient_ids) == ["a-1"]
    assert cohort.rejected["reason"].str.startswith("Sheet1, row 9, column 'W2 HBsAg'").all()


def test_what_the_reader_refused_of_one_patient_rejects_that_patient():
    found = [Problem("Sheet1", 5, "sex", "'9'", "one of the mapping's values", patient="a-1")]
    cohort = cohort_of(made(["5", "6"]), REPORT, found, study=None, on_problems="list")
    assert list(cohort.patient_ids) == ["b-1"]
    with pytest.raises(CohortError, match="Sheet1, row 5, column 'sex'"):
        cohort_of(made(["5", "6"]), REPORT, found, study=None)


def test_the_report_counts_units_and_must_add_up():
    cohort = cohort_of(made(["5", "6"]), REPORT, study=None)
    assert [(one.analyte, one.unit, one.count) for one in cohort.reading.units] == [("hbsag", "IU/mL", 2)]
    with pytest.raises(RelapseModelError, match="do not add up"):
        SourceReading("LB", "rows", 10, 8, (LeftOut("not done", 1),))


def test_one_cell_that_several_rows_were_made_of_is_told_once():
    """A date beside two results is one date."""
    patients = MadeTable(pd.DataFrame({"patient_id": ["7"], "enrolment_date": ["2024-01-01"]}), "S", np.array([2]))
    rows = pd.DataFrame({"patient_id": ["7", "7"], "analyte": ["alt", "ast"], "value": ["1", "2"], "unit": "U/L"})
    labs = MadeTable(rows.assign(date="2999-01-01", row=[1, 2]), "S", np.array([2, 2]), {"date": "drawn"})
    with pytest.raises(CohortError) as refusal:
        cohort_of({"patients": patients, "labs": labs}, ReadingReport("excel", ()), study=None)
    assert [(one.row, one.column) for one in refusal.value.problems] == [(2, "drawn")]


@pytest.mark.parametrize(
    ("kind", "said"),
    [("redcap", "the REDCap export"), ("cdisc", "the CDISC export"), ("fhir", "the FHIR export"),
     ("omop", "the OMOP source"), ("excel", "the export")],
)  # fmt: skip
def test_a_refusal_spells_the_kind_as_it_is_written(kind, said):
    assert refused_of(kind) == f"{said} was refused"
