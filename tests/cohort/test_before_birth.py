"""Nothing is dated before a patient's birth: by the age at enrolment, or by a birth that the patients table has."""

from __future__ import annotations

import pandas as pd
import pytest
from spreadsheet_files import as_mapping

import relapse_model as rm
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError


def refusals(age, weeks, courses=()):
    labs = pd.DataFrame({"patient_id": "b", "week": weeks, "analyte": "alt", "value": "20", "unit": "U/L"})
    treatments = pd.DataFrame({"patient_id": "b", "agent": "hbig", "start_week": list(courses)})
    patients = pd.DataFrame({"patient_id": ["a", "b"], "age_years": ["", age]})
    try:
        rm.make_cohort(patients, labs, treatments)
    except CohortError as error:
        return [(one.table, one.row, one.column) for one in error.problems]
    return []


@pytest.mark.parametrize(
    ("age", "week", "born"),
    [
        ("2", "-150", True),  # two years and eleven months are 152 weeks
        ("2", "-158", False),
        ("0", "-51", True),
        ("0", "-53", False),
        ("", "-4000", True),  # not known
    ],
)
def test_an_age_tells_the_birth_to_the_year(age, week, born):
    assert refusals(age, ["0", week], [week]) == (
        [] if born else [("labs", 3, "week"), ("treatments", 2, "start_week")]
    )


@pytest.mark.parametrize(("year", "born"), [("1990", True), ("2019", False)])
def test_a_year_of_birth_tells_it_too(tmp_path, year, born):
    """The birth itself is refused as well, in the row where it stands."""
    (tmp_path / "a.csv").write_text(f"id,on,yob,date,alt\n7,2024-01-01,{year},2018-12-31,20\n", encoding="utf-8")
    mapping = as_mapping('[time]\nzero = { field = "on" }\n[patients]\nid = "id"\nbirth_year = "yob"\n[[labs]]\n'
                         'analyte = "alt"\nvalue = "alt"\nunit = "U/L"\ndate = "date"\n')  # fmt: skip
    if born:
        assert len(read_excel(tmp_path / "a.csv", mapping).labs) == 1
        return
    with pytest.raises(CohortError) as refusal:
        read_excel(tmp_path / "a.csv", mapping)
    assert [(one.row, one.column) for one in refusal.value.problems] == [(2, "date"), (2, "yob")]
