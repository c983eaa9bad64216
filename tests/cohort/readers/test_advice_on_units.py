"""A result in another unit than its row says: what each reader advises, followed, leads to a file that is read."""

from __future__ import annotations

import re

import cdisc_rows
import fhir_rows
import omop_rows
import pytest
from fhir_resources import observation
from redcap_projects import HEAD, HEADER, PATIENTS, TIME
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError
from relapse_model.study.reader import parse_study

STUDY = parse_study(
    '[study]\nprotocol = 1\nname = "p"\n[analytes]\ntotal_protein = { unit = "g/L", possible = [10, 250] }\n'
    "[prediction]\nlandmark_weeks = [0]\n[predictors]\ntotal_protein = {}\n", "p")  # fmt: skip
LABS = '[[labs]]\nanalyte = "total_protein"\n'


def of_omop(folder, line):
    mapping = omop_rows.MAPPING[: omop_rows.MAPPING.index("[[labs]]")] + LABS + "codes = [1]\n" + line
    rows = [omop_rows.number(one, unit_source_value="g/dL") for one in ("69.3", "7.3")]
    return omop_rows.reader(folder)(*rows, mapping=mapping, study=STUDY)


def of_cdisc(folder, line):
    mapping = cdisc_rows.HEAD + cdisc_rows.TIME + cdisc_rows.PATIENTS + LABS + 'codes = ["PROT"]\n' + line
    rows = [cdisc_rows.lb(code="PROT", result="69.3", unit="g/dL"),
            cdisc_rows.lb("S-2", code="PROT", result="7.3", unit="g/dL", date="2024-02-12")]  # fmt: skip
    return cdisc_rows.read(folder, mapping, study=STUDY, lb=rows)


def of_fhir(folder, line):
    mapping = fhir_rows.MAPPING[: fhir_rows.MAPPING.index("[[labs]]")] + LABS + 'codes = ["http://loinc.org|2885-2"]\n'
    rows = [observation(day=day, code="2885-2", valueQuantity={"value": value, "unit": "g/dL"})
            for day, value in (("2024-03-08", 69.3), ("2024-03-09", 7.3))]  # fmt: skip
    return fhir_rows.reader(folder)(*rows, mapping=mapping + line, study=STUDY)


@pytest.mark.parametrize("read", [of_omop, of_cdisc, of_fhir])
def test_the_row_is_left_out_by_the_line_that_the_refusal_shows(tmp_path, read):
    with pytest.raises(CohortError) as refusal:
        read(tmp_path, "")
    (problem,) = refusal.value.problems
    assert "69.3 g/dL" in problem.found
    assert "state the unit" not in problem.advice  # that of the row would win
    line = re.search(r"unless = \{.*?\}", problem.advice)[0]
    cohort = read(tmp_path, line + "\n")
    assert list(cohort.labs["number"]) == [7.3]


def of_excel(folder, unit, column):
    rows = [["id", "day", "TP", "u"], ["1", "2024-01-01", "69.3", column]]
    mapping = f'[time]\nzero = {{ field = "day" }}\n[patients]\nid = "id"\n{LABS}value = "TP"\ndate = "day"\n{unit}\n'
    return read_excel(workbook(folder / "a.xlsx", rows), as_mapping(mapping), study=STUDY)


def of_redcap(folder, unit, column):
    fields = "".join(f"{name},a,text,{name},,{kind},\n" for name, kind in
                     (("record_id", ""), ("enrolled", "date_ymd"), ("tp", ""), ("u", "")))  # fmt: skip
    (folder / "dictionary.csv").write_text(HEADER + fields)
    (folder / "data.csv").write_text(f"record_id,enrolled,tp,u\n1,2024-01-01,69.3,{column}\n")
    mapping = f'{HEAD}[source]\ndictionary = "dictionary.csv"\n{TIME}{PATIENTS}{LABS}value = "tp"\ndate = "enrolled"\n'
    return read_redcap(folder / "data.csv", parse_mapping(f"{mapping}{unit}\n"), study=STUDY)


@pytest.mark.parametrize("read", [of_excel, of_redcap])
@pytest.mark.parametrize(
    ("unit", "stated"), [('unit = "g/dL"', True), ('unit = { field = "u" }', False)], ids=["stated", "of each row"]
)
def test_a_unit_is_stated_where_the_mapping_states_it_and_corrected_where_the_row_does(tmp_path, read, unit, stated):
    with pytest.raises(CohortError) as refusal:
        read(tmp_path, unit, "" if stated else "g/dL")
    (problem,) = refusal.value.problems
    line = re.search(r'state the unit that it is in, such as (unit = "g/L")', problem.advice)
    assert (line is not None) is stated
    assert ("correct its unit in the source, or in a copy of it" in problem.advice) is not stated
    cohort = read(tmp_path, line[1], "") if line else read(tmp_path, unit, "g/L")
    assert list(zip(cohort.labs["number"], cohort.labs["unit"], strict=True)) == [(69.3, "g/L")]
