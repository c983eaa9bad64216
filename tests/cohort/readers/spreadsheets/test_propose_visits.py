"""Proposals of what a hospital calls its visits, courses and columns; and what is said of cells that cannot be read."""

from __future__ import annotations

import pytest

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, MappingError, SourceError

FIRST = "ID,Enrol date,Sex,Age,"
P1 = "P01,2024-01-08,M,34,"


@pytest.fixture
def built(study, tmp_path):
    def make(text, **answers):
        path = tmp_path / "f.csv"
        path.write_text(text, encoding="utf-8")
        proposed = propose_excel(path, study)
        for asked, answer in answers.items():
            proposed = proposed.replace(asked, answer)
        return path, proposed

    return make


def weeks(path, text, study):
    return read_excel(path, parse_mapping(text, "map.toml", "excel"), study=study).labs["week"].tolist()


def test_one_visit_is_enough(built, study):
    path, text = built(f"{FIRST}W0 HBsAg (IU/mL),W0 date\n{P1}<0.05,2024-01-08\n")
    assert 'value = "W{visit} HBsAg (IU/mL)"' in text
    assert weeks(path, text, study) == [0]


def test_visits_called_by_words_are_read_by_their_dates(built, study):
    """12 weeks after 2024-01-08 is 2024-04-01; nothing is made of FU12."""
    head = "HBsAg EOT (IU/mL),EOT date,HBsAg FU12 (IU/mL),FU12 date"
    path, text = built(f"{FIRST}{head}\n{P1}<0.05,2024-01-08,0.3,2024-04-01\n")
    assert 'value = "HBsAg {visit} (IU/mL)"' in text
    assert 'date = "{visit} date"' in text
    assert weeks(path, text, study) == [0, 12]


@pytest.mark.parametrize(
    ("head", "pattern"),
    [("W0 HBsAg (IU/mL),EOT HBsAg (IU/mL)", "{visit} HBsAg (IU/mL)"),
     ("HBsAg W0 (IU/mL),HBsAg EOT (IU/mL)", "HBsAg {visit} (IU/mL)")],
)  # fmt: skip
def test_without_dates_their_weeks_are_asked(built, study, head, pattern):
    path, text = built(f"{FIRST}{head}\n{P1}<0.05,0.3\n", **{'= "..."': '= "24"'})
    assert f'value = "{pattern}"' in text
    assert text.count("[[labs]]") == 1  # W0 is not read twice
    assert "needs a column of its date, or is taken out" in text
    assert weeks(path, text, study) == [0, 24]


def test_a_visit_before_enrolment_is_asked(built, study):
    path, text = built(f"{FIRST}W-4 HBsAg (IU/mL),W0 HBsAg (IU/mL)\n{P1}0.3,<0.05\n")
    assert 'visits = { "0" = 0, "-4" = "..." }' in text
    assert "and -4 for 4 weeks before it" in text
    assert sorted(weeks(path, text.replace('= "..."', "= -4"), study)) == [-4, 0]
    with pytest.raises(MappingError, match=r"line 11, key .*: '\.\.\.'; .*It is not filled in\. Complete the line"):
        parse_mapping(text, "map.toml", "excel")


def test_rows_of_visits_with_columns_of_analytes(built, study):
    """UNS and ET have no week: they are asked; no date is asked for where there is none."""
    rows = "P01,M,34,0,<0.05,12\nP01,M,34,UNS,0.06,200\nP01,M,34,12,0.3,100\n"
    path, text = built("ID,Sex,Age,Week,HBsAg (IU/mL),anti-HBs (mIU/mL)\n" + rows)
    assert 'week = { field = "Week", values = { "0" = "0", "UNS" = "...", "12" = "12" } }' in text
    assert "zero = " not in text
    assert weeks(path, text.replace('"UNS" = "..."', '"UNS" = "8"'), study) == [0, 8, 12, 0, 8, 12]


def test_a_result_of_no_date_is_said(built):
    _, text = built(f"{FIRST}HBsAg (IU/mL)\n{P1}0.3\n")
    assert "results of hbsag, and no column of dates or weeks beside it" in text


def test_courses_in_columns_are_proposed(built, study):
    head = "W0 HBsAg (IU/mL),W0 date,PegIFN start,PegIFN end"
    path, text = built(f"{FIRST}{head}\n{P1}<0.05,2024-01-08,2023-01-09,2024-01-01\n")
    cohort = read_excel(path, parse_mapping(text, "map.toml", "excel"), study=study)
    assert cohort.treatments[["agent", "start_week", "end_week"]].to_numpy().tolist() == [["pegifn", -52, -1]]


def test_german_headers(built, study):
    head = "Patient-Nr.;Einschluss;Geschlecht;Alter;Behandlungsarm;Woche 12 HBsAg (IU/ml);Woche 12 Datum"
    path, text = built(f"{head}\nP01;08.01.2024;m;34;Kontrolle;0,06;18.04.2024\n")
    for line in ('id = "Patient-Nr."', 'age_years = { field = "Alter" }', 'date = "Woche {visit} Datum"'):
        assert line in text
    assert '"Kontrolle" = "control"' in text
    assert weeks(path, text, study) == [pytest.approx(101 / 7)]


def test_ages_with_their_unit(built, study):
    path, text = built(f"{FIRST}W0 HBsAg (IU/mL)\nP01,2024-01-08,M,34岁,<0.05\nP02,2024-01-08,M,35岁,<0.05\n")
    cohort = read_excel(path, parse_mapping(text, "map.toml", "excel"), study=study)
    assert cohort.patients["age_years"].astype(float).tolist() == [34, 35]


def test_words_are_asked_apart_from_numbers_that_cannot_be_read(built):
    head = "W0 HBV DNA (IU/mL),W0 date,W12 HBV DNA (IU/mL),W12 date"
    _, text = built(f'{FIRST}{head}\n{P1}"1,250",2024-01-08,未到,2024-04-01\n')
    assert "that there is none? 未到 1. Write them so: codes = " in text
    assert "to be corrected in a copy: 1,250 1" in text


@pytest.mark.parametrize(
    ("cell", "day", "advice"),
    [
        ("同上", "2024-01-08", "Write the result itself"),
        ("失访", "2024-01-08", "a patient who was lost has no result of that visit"),
        ('"1,250"', "2024-01-08", "Write it without the comma"),
        ("O.12", "2024-01-08", "from the report"),
        ("<0.05", "24-01-08", "Of a year of two digits"),
        ("<0.05", "", "Complete it; or leave such rows out"),
        ("<0.05", '"2024-01-08, 2024-02-05"', "Write each date in a row"),
    ],
)
def test_each_refusal_says_what_to_do(built, study, cell, day, advice):
    path, text = built(f"{FIRST}W0 HBsAg (IU/mL),W0 date\n{P1}{cell},{day}\nP02,2024-01-08,F,36,<0.05,2024-01-08\n")
    with pytest.raises(CohortError) as refusal:
        read_excel(path, parse_mapping(text, "map.toml", "excel"), study=study)
    assert any(advice in str(one) for one in refusal.value.problems)


def test_identifiers_that_a_spreadsheet_has_cut(built, study):
    head = "W0 HBsAg (IU/mL),W0 date"
    path, text = built(f"{FIRST}{head}\n3.30106E+11,2024-01-08,M,34,<0.05,2024-01-08\n")
    with pytest.raises(SourceError) as refusal:
        read_excel(path, parse_mapping(text, "map.toml", "excel"), study=study)
    assert "Its last digits are lost in this file" in str(refusal.value.problems[0])


def proposed_csv(tmp_path, study, text):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return path, propose_excel(path, study)


def test_visits_and_names_of_french_hospitals(tmp_path, study):
    """J0 is the day of enrolment, S12 week 12, M6 month 6; AgHBs is HBsAg."""
    path, text = proposed_csv(
        tmp_path, study,
        "Identifiant,Date d'inclusion,AgHBs J0 (UI/mL),Date J0,AgHBs S12 (UI/mL),Date S12,AgHBs M6 (UI/mL),Date M6\n"
        "1,2024-01-08,<0.05,2024-01-08,0.12,2024-04-01,0.3,2024-07-08\n",
    )  # fmt: skip
    assert "Dates, too" not in text
    labs = read_excel(path, parse_mapping(text, "map.toml", "excel")).labs
    assert labs["week"].tolist() == [0, 12, 26]
    assert set(labs["analyte"]) == {"hbsag"}


def test_dates_of_visits_are_taken_whatever_they_are_called(tmp_path, study):
    """Read at week 12 by its name, the relapse would be a week early."""
    path, text = proposed_csv(
        tmp_path, study,
        "ID paziente,Data arruolamento,HBsAg settimana 0 (UI/mL),Data settimana 0,HBsAg settimana 12 (UI/mL),"
        "Data settimana 12\n1,2024-01-08,<0.05,2024-01-08,0.12,2024-04-08\n",
    )  # fmt: skip
    assert read_excel(path, parse_mapping(text, "map.toml", "excel")).labs["week"].tolist() == [0, 13]


def test_units_in_the_row_below_the_names_belong_to_them(tmp_path, study):
    path, text = proposed_csv(
        tmp_path, study,
        "病案号,入组日期,HBsAg,HBsAb,检查日期\n,,IU/mL,mIU/mL,\n1001,2024-01-08,0.02,15.3,2024-01-08\n",
    )  # fmt: skip
    assert "header_rows = 2" in text
    labs = read_excel(path, parse_mapping(text, "map.toml", "excel")).labs
    assert labs["unit"].tolist() == ["IU/mL", "mIU/mL"]


def test_tests_of_another_language_are_given_their_meaning(tmp_path, study):
    path, text = proposed_csv(
        tmp_path, study,
        "N° patient,Date d'inclusion,Date de prélèvement,Analyse,Résultat,Unité\n"
        "1,2024-01-08,2024-01-08,AgHBs,0.02,UI/mL\n1,2024-01-08,2024-01-08,ADN-VHB,120,UI/mL\n"
        "1,2024-01-08,2024-01-08,Glycémie,5.1,mmol/L\n",
    )  # fmt: skip
    assert 'values = { "AgHBs" = "hbsag", "ADN-VHB" = "hbv_dna" }' in text
    assert sorted(read_excel(path, parse_mapping(text, "map.toml", "excel")).labs["analyte"]) == ["hbsag", "hbv_dna"]


def test_numbered_injections_with_points_are_doses(tmp_path, study):
    path, text = proposed_csv(
        tmp_path, study,
        "Fallnr.,Einschlussdatum,HBsAg quant. Woche 0 (IE/ml),Datum Woche 0,HBIG 1. Gabe,HBIG 1. Dosis (IE)\n"
        "1,2024-01-08,0.02,2024-01-08,2024-01-15,400\n",
    )  # fmt: skip
    cohort = read_excel(path, parse_mapping(text, "map.toml", "excel"))
    assert cohort.treatments[["agent", "start_week", "dose"]].to_numpy().tolist() == [["hbig", 1, 400]]
    assert cohort.labs["number"].tolist() == [0.02]


def test_a_word_beside_numbered_visits_with_letters(built, study):
    """Basal is dated, S12 is named as a visit of week 12: both are read without a question."""
    path, text = built(
        "NHC,Fecha inclusión,Basal HBsAg (UI/mL),Fecha basal,S12 HBsAg (UI/mL),Fecha S12\n"
        "1,2024-01-08,<0.05,2024-01-08,0.3,2024-04-01\n"
    )
    assert "\n#?" not in text
    assert read_excel(path, parse_mapping(text, "map.toml", "excel")).labs["week"].tolist() == [0, 12]


def test_a_visit_that_is_counted_in_weeks_is_the_week(built, study):
    path, text = built("ID,Enrol date,Visit (week),HBsAg (IU/mL)\n1,2024-01-08,0,<0.05\n1,2024-01-08,12,0.3\n")
    assert 'week = "Visit (week)"' in text
    assert read_excel(path, parse_mapping(text, "map.toml", "excel")).labs["week"].tolist() == [0, 12]


@pytest.mark.parametrize(
    ("column", "cells", "offered"),
    [("HBsAg (IU/mL)", ("0.3", "below detection"), False), ("HBsAg (IU/mL)", ("0.3", "below assay range"), False),
     ("HBsAg (log10 IU/mL)", ("-1.3", "-2"), False), ("HBsAg (IU/mL)", ("0.3", "-99"), True),
     ("HBsAg (log10 IU/mL)", ("-1.3", "-99"), True), ("HBsAg (IU/mL)", ("0.3", "lost"), True)],
)  # fmt: skip
def test_a_result_is_not_offered_as_a_code_for_no_value(built, column, cells, offered):
    rows = "".join(f"1,2024-01-08,{week},{cell}\n" for week, cell in enumerate(cells))
    _, text = built(f"ID,Enrol date,Week,{column}\n{rows}")
    assert ("mean that there is none?" in text) is offered
