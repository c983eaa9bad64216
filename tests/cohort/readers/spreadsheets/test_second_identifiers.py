"""A second column of identifiers that names other patients than the one by which rows are read."""

from __future__ import annotations

import pytest
from redcap_projects import built_in
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

MAPPING = (
    '[time]\nzero = { field = "Enrolled" }\n[patients]\nid = "PatientID"\n'
    '[[labs]]\nanalyte = "hbsag"\nvalue = "HBsAg (IU/mL)"\nunit = "IU/mL"\ndate = "Sample date"\n'
)


def sheet(tmp_path, name, theirs, ours=("p1", "p2", "p3")):
    head = ["PatientID", "Sex", "Enrolled", name, "Sample date", "HBsAg (IU/mL)"]
    rows = [[one, "F", "2024-01-08", other, "2024-01-08", 0.3] for one, other in zip(ours, theirs, strict=True)]
    return workbook(tmp_path / "a.xlsx", [head, *rows])


@pytest.mark.parametrize("name", ["Patient", "Pat.-Nr.", "Lab patient ID", "住院号"])
def test_rows_in_which_a_second_table_names_another_patient_are_refused_and_asked_about(tmp_path, name):
    """The second table has p2 beside p1, and p1 beside p2: two of three rows."""
    path = sheet(tmp_path, name, ["p2", "p1", "p3"])
    with pytest.raises(CohortError) as refused:
        read_excel(path, as_mapping(MAPPING))
    assert [(one.row, one.column) for one in refused.value.problems] == [(2, name), (3, name)]
    assert not any("p2" in one.found or "p1" in one.found for one in refused.value.problems)
    assert f"#? a.xlsx, {name}: names another patient than 'PatientID' in 2 rows" in propose_excel(
        path, built_in()
    ).replace("Sheet1,", "a.xlsx,")


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("Patient", ["p1", "p2", "p3"], ("p1", "p2", "p3")),  # the same
        ("Patient", ["p1", "", ""], ("p1", "p2", "p3")),
        ("Lab patient ID", ["L-771", "L-772", "L-773"], ("p1", "p2", "p3")),  # of another system
        ("住院号", ["2", "1", "3"], ("1", "2", "3")),  # running numbers of a hospital
        ("Randomisation no", ["2", "3", "1"], ("1", "2", "3")),
        ("Matched patient", ["p2", "p1", "p1"], ("p1", "p2", "p3")),  # of another person
        ("Visit", ["2", "3", "3"], ("1", "2", "3")),
    ],
)
def test_other_numbers_beside_the_identifier_are_no_fault(tmp_path, name, theirs, ours):
    path = sheet(tmp_path, name, theirs, ours)
    assert len(read_excel(path, as_mapping(MAPPING)).labs) == 3
    assert "names another patient" not in propose_excel(path, built_in())
