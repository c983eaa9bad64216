"""Units of columns of plain numbers: proposed where cells carry one, taken off, converted where it is stated."""

from __future__ import annotations

import openpyxl
import pytest
from spreadsheet_files import workbook

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, SourceError

HEAD = ["ID", "Sex", "Enrolled", "W0 HBsAg (IU/mL)", "W0 date"]


def source(tmp_path, name, cells):
    rows = [[f"p{n}", "F", "2024-01-08", "negative", "2024-01-08", cell] for n, cell in enumerate(cells)]
    return workbook(tmp_path / "a.xlsx", [[*HEAD, name], *rows])


def proposed(tmp_path, study, name, cells):
    text = propose_excel(source(tmp_path, name, cells), study)
    return text, next(line for line in text.split("\n") if f'field = "{name}"' in line)


def read(tmp_path, text):
    return read_excel(tmp_path / "a.xlsx", parse_mapping(text, "map.toml", "excel"))


@pytest.mark.parametrize(
    ("name", "cells", "refused"),
    [
        ("BMI", ["22,4", "27", "30"], "'22,4'"),
        ("Age", ["40,5", "41", "42"], "'40,5'"),
        ("Age", ["4O", "41", "42"], "'4O'"),
        ("Age", ["40 months", "41", "42"], "'40 months'"),
        ("PegIFN weeks", ["48+24", "48", "72"], "'48+24'"),
        ("PegIFN weeks", ["48", "48*", "72*"], "'48*'"),
        ("PegIFN weeks", ["1 year", "48", "72"], "'1 year'"),
        ("Consolidation weeks", ["24-28", "12", "0"], "'24-28'"),
    ],
)
def test_the_rest_of_an_odd_cell_is_no_unit(tmp_path, study, name, cells, refused):
    text, line = proposed(tmp_path, study, name, cells)
    assert "unit" not in line
    with pytest.raises(CohortError) as error:
        read(tmp_path, text)
    assert refused in str(error.value)
    assert all(problem.row in (2, 3, 4) for problem in error.value.problems)


@pytest.mark.parametrize(
    ("name", "cells", "unit", "ages"),
    [
        ("Age", ["40岁", "41 岁", "42"], "years", [40, 41, 42]),
        ("年龄(岁)", ["40岁", "41", "42"], "years", [40, 41, 42]),
        ("Alter", ["40 Jahre", "41 Jahre", "42 J"], "years", [40, 41, 42]),
    ],
)
def test_the_unit_of_the_column_is_proposed_where_a_cell_carries_it(tmp_path, study, name, cells, unit, ages):
    text, line = proposed(tmp_path, study, name, cells)
    assert f'unit = "{unit}"' in line
    assert read(tmp_path, text).patients["age_years"].tolist() == ages


def test_another_unit_is_asked_about_and_converted(tmp_path, study):
    """480 months are 40 years; of a number alone beside them nobody states the unit; days are none of weeks."""
    text, line = proposed(tmp_path, study, "Age", ["480 months", "492 mo", "504 months"])
    assert 'unit = "months"' in line
    assert "#? It is in months" in text
    cohort = read(tmp_path, text)
    assert cohort.patients["age_years"].tolist() == [40, 41, 42]
    assert "each counted as 0.08333 years" in str(cohort.reading)
    source(tmp_path, "Age", ["480 months", "492 months", "42"])
    with pytest.raises(CohortError, match="a number with its unit, as others of the column have"):
        read(tmp_path, text)
    text, _ = proposed(tmp_path, study, "PegIFN weeks", ["14 days", "28 days", "7 d"])
    with pytest.raises(SourceError, match="in weeks by its name"):
        read(tmp_path, text)


def test_months_in_the_name_are_asked_about_and_converted(tmp_path, study):
    text, line = proposed(tmp_path, study, "Age (months)", ["480", "492", "504"])
    assert 'unit = "months"' in line
    assert read(tmp_path, text).patients["age_years"].tolist() == [40, 41, 42]
    with pytest.raises(SourceError, match="in months by its name"):
        read(tmp_path, text.replace(', unit = "months"', ""))


def test_a_unit_that_the_column_cannot_have_is_refused(tmp_path, study):
    text, _ = proposed(tmp_path, study, "Age", ["40", "41", "42"])
    for unit in (",5", "kg/m2", "IU/mL"):
        with pytest.raises(SourceError, match=r"the unit .* of age_years; expected years, days, weeks, months"):
            read(tmp_path, text.replace('{ field = "Age" }', f'{{ field = "Age", unit = "{unit}" }}'))


def test_a_decimal_comma_is_named_with_what_to_state(tmp_path, study):
    text, _ = proposed(tmp_path, study, "BMI", ["22,4", "27,9", "30"])
    with pytest.raises(CohortError) as error:
        read(tmp_path, text)
    assert 'state decimal = ","' in str(error.value)
    stated = text.replace("[time]", '[source]\ndecimal = ","\n\n[time]')
    assert read(tmp_path, stated).patients["bmi_kg_m2"].tolist() == [22.4, 27.9, 30]


def test_a_logarithm_of_an_amount_is_the_amount(tmp_path, study):
    """10^3 IU/mL are 1000, and below 10^-1 is below 0.1."""
    text, _ = proposed(tmp_path, study, "HBsAg before treatment (log10 IU/mL)", ["3", "2", "<-1"])
    values = read(tmp_path, text).patients["hbsag_before_treatment_iu_ml"].astype(str).tolist()
    assert values == ["1000 IU/mL", "100 IU/mL", "<0.1 IU/mL"]


def test_a_sheet_called_by_an_agent_is_of_its_doses(tmp_path, study):
    """Three doses of one sheet, which names no drug in its rows: none is left out without a question."""
    book = openpyxl.Workbook()
    book.active.title = "Patients"
    for row in (["ID", "Enrolled", "W0 HBsAg (IU/mL)", "W0 date"], ["p1", "2024-01-08", "<0.05", "2024-01-08"]):
        book.active.append(row)
    sheet = book.create_sheet("HBIG")
    for row in (["ID", "Injection date", "Dose (IU)"], *(["p1", f"2024-0{n}-08", 200 * n] for n in (1, 2, 3))):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    text = propose_excel(tmp_path / "a.xlsx", study)
    assert "#? Is it a single dose?" in text
    given = read(tmp_path, text).treatments
    assert given["agent"].tolist() == ["hbig"] * 3
    assert given["dose"].tolist() == [200, 400, 600]


@pytest.mark.parametrize(
    ("printed", "number"), [("1.250,5", "1250.5"), (">1.250.000,25", ">1250000.25"), ("12,5", "12.5")]
)
def test_points_part_thousands_before_a_decimal_comma(tmp_path, printed, number):
    head = '[mapping]\nprotocol = 1\nkind = "excel"\n[source]\ndecimal = ","\n[time]\nzero = { field = "on" }\n'
    entry = '[patients]\nid = "ID"\n[[labs]]\nanalyte = "alt"\nvalue = "ALT"\nunit = "U/L"\ndate = "on"\n'
    workbook(tmp_path / "a.xlsx", [["ID", "on", "ALT"], ["p1", "2024-01-08", printed]])
    assert read(tmp_path, head + entry).labs["value"].tolist() == [number]
    workbook(tmp_path / "a.xlsx", [["ID", "on", "ALT"], ["p1", "2024-01-08", "1.250"]])
    with pytest.raises(CohortError, match="one decimal comma, and no point"):
        read(tmp_path, head + entry)
