"""Tables that a reader made: at the gate, with every problem placed where it stands in the source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import parse_mapping
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


WAITING = """[mapping]
protocol = 1
kind = "{kind}"
[time]
zero = {{ field = "enrolled" }}
[patients]
id = "id"
[[labs]]
analyte = "hbsag"
value = "first"
unit = "IU/mL"
[[labs]]
analyte = "hbsag"
value = "second"
{line}
[[labs]]
analyte = "alt"
value = "third"
# unit = "..."
[missing]
"""


def unitless(kind, line, analytes, called):
    tables = made(["5"] * 2)
    patients, labs = tables["patients"], tables["labs"]
    rows = pd.concat([labs.rows.iloc[[0]]] * len(analytes), ignore_index=True)
    rows["analyte"], rows["unit"] = analytes, ""
    rows["date"] = [f"2024-01-{day + 8:02}" for day in range(len(rows))]
    wide = MadeTable(rows, "Sheet1", np.arange(len(rows)) + 2, {"value": np.array(called, dtype=object)})
    mapping = parse_mapping(WAITING.format(kind=kind, line=line), "map.toml")
    with pytest.raises(CohortError) as refusal:
        cohort_of({"patients": patients, "labs": wide}, replace(REPORT, kind=kind), study=None, mapping=mapping)
    return refusal.value


def test_a_unit_that_the_mapping_leaves_open_is_refused_once_by_its_line():
    """Of five numbers three are of the second entry, of which line 15 asks, and two of the third, line 19."""
    refusal = unitless("redcap", '#? unit = "..."', ["hbsag"] * 3 + ["alt"] * 2, ["second"] * 3 + ["third"] * 2)
    told = [(one.table, one.row, one.column, one.found.partition(" (")[0]) for one in refusal.problems]
    assert told == [
        ("map.toml", 15, "labs.2.unit", "3 numbers of 'hbsag' without a unit"),
        ("map.toml", 19, "labs.3.unit", "2 numbers of 'alt' without a unit"),
    ]
    assert "(Sheet1, row 2, column" in str(refusal)
    assert "Take away what stands before it, and write the unit" in str(refusal)


def test_a_unit_that_no_line_asks_for_is_refused_by_the_entry_or_the_row():
    """In a sheet the mapping states units; where rows have their own, one without is a fault of the row."""
    sheet = unitless("excel", "", ["hbsag"] * 2, ["second"] * 2).problems
    assert [(one.row, one.column) for one in sheet] == [(12, "labs.2.unit")]
    assert "Write it under this entry" in sheet[0].advice
    rows = unitless("omop", "", ["hbsag"] * 2, ["second"] * 2).problems
    assert [(one.table, one.row, one.found) for one in rows] == [("Sheet1", 2, "no unit"), ("Sheet1", 3, "no unit")]


@pytest.mark.parametrize(
    ("kind", "said"),
    [("redcap", "the REDCap export"), ("cdisc", "the CDISC export"), ("fhir", "the FHIR export"),
     ("omop", "the OMOP source"), ("excel", "the export")],
)  # fmt: skip
def test_a_refusal_spells_the_kind_as_it_is_written(kind, said):
    assert refused_of(kind) == f"{said} was refused"
