"""What a proposal recognises, what it asks, and that it is read as it stands where nothing is asked."""

from __future__ import annotations

import openpyxl
import pytest
from spreadsheet_files import workbook

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.header_words import at_visit
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, MappingError, SourceError

WIDE = [
    ["住院号", "姓名", "性别", "入组日期", "W0 HBsAg(IU/mL)", "W12 HBsAg(IU/mL)", "W0 日期", "W12 日期"],
    ["007", "ZS", "男", "2024-01-01", "<0.05", "0.2", "2024-01-01", "2024-03-25"],
    ["008", "LS", "女", "2024-01-08", "<0.05", "溶血", "2024-01-08", "2024-04-01"],
]


def questions(text: str) -> list[str]:
    lines = text.split("\n")
    return [lines[place + 1] for place, line in enumerate(lines) if line.startswith("#?")]


def test_what_is_found_is_read_as_it_is(tmp_path, study):
    path = workbook(tmp_path / "a.xlsx", WIDE)
    text = propose_excel(path, study)
    assert questions(text) == []
    cohort = read_excel(path, parse_mapping(text, "map.toml", "excel"))
    assert list(cohort.patient_ids) == ["007", "008"]
    assert cohort.labs["week"].tolist() == [0, 0, 12, 12]
    assert "姓名" in text.split("# Never read")[1]
    assert "ZS" not in text


@pytest.mark.parametrize(
    ("name", "pattern", "visit"),
    [
        ("HBsAg_w12", "HBsAg_w{visit}", "12"),
        ("W12 HBsAg(IU/mL)", "W{visit} HBsAg(IU/mL)", "12"),
        ("第12周HBsAg", "第{visit}周HBsAg", "12"),
        ("Week 4 ALT", "Week {visit} ALT", "4"),
        ("12w HBsAg", "{visit}w HBsAg", "12"),
        ("HBsAg V3", "HBsAg V{visit}", "3"),
        ("血小板(10^9/L)", None, None),
        ("M2BPGi", None, None),
        ("维生素D3", None, None),
    ],
)
def test_visits_in_names(name, pattern, visit):
    found = at_visit(name)
    if name == "维生素D3":  # a single column of its kind is no pattern of visits
        return
    assert (pattern, visit) == (None, None) if found is None else (found.pattern, found.visit) == (pattern, visit)


def test_what_only_a_person_knows_is_asked(tmp_path, study):
    rows = [
        ["编号", "分组", "性别", "HBcrAg_V1", "HBcrAg_V2", "治疗前HBsAg", "用药史"],
        ["1", "A组", "1", "2.5", "-", "3.1", "ETV 2020.01.01-2023.01.01"],
        ["2", "对照", "2", "3.5", "很高", "4.1", None],
    ]
    text = propose_excel(workbook(tmp_path / "a.xlsx", rows), study)
    assert questions(text) == [
        'zero = { field = "" }',
        'visits = { "1" = "...", "2" = "..." }',
        'arm = { field = "分组", values = { "A组" = "?", "对照" = "control" } } # A组 1, 对照 1',
        'sex = { field = "性别", values = { "1" = "?", "2" = "?" } } # 1 1, 2 1',
        'hbsag_before_treatment_iu_ml = { field = "治疗前HBsAg", unit = "" }',
        'unit = ""',
        'empty = "refuse"',
        "codes = []",
    ]
    assert "- 1, 很高 1" in text


def test_the_order_of_dates_is_asked_where_nothing_tells(tmp_path, study):
    rows = [["id", "入组日期"], ["1", "02/03/2024"]]
    assert questions(propose_excel(workbook(tmp_path / "a.xlsx", rows), study)) == ['dates = ""']
    rows.append(["2", "25/03/2024"])
    text = propose_excel(workbook(tmp_path / "a.xlsx", rows), study)
    assert questions(text) == []
    assert 'dates = "dmy"' in text


def test_a_unit_that_the_study_does_not_take_is_asked_for(tmp_path, study):
    rows = [["id", "入组日期", "W0 HBsAb(IU/mL)", "W4 HBsAb(IU/mL)", "W0 日期", "W4 日期"]]
    rows.append(["1", "2024-01-01", "20", "30", "2024-01-01", "2024-01-29"])
    text = propose_excel(workbook(tmp_path / "a.xlsx", rows), study)
    assert questions(text) == ['unit = ""']
    assert '"IU/mL", which the study does not take. The study reads numbers in "mIU/mL"' in text


def test_a_header_of_two_rows_under_a_title_is_found(tmp_path, study):
    rows = [
        ["乙肝随访表", None, None, None, None, None],
        ["病案号", "入组日期", "W0", None, "W12", None],
        [None, None, "日期", "HBsAg(IU/mL)", "日期", "HBsAg(IU/mL)"],
        [1, "2024-01-01", "2024-01-01", "<0.05", "2024-03-25", "0.2"],
    ]
    merged = ["A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2"]
    path = workbook(tmp_path / "a.xlsx", rows, merged=merged)
    text = propose_excel(path, study)
    assert "header_row = 2\nheader_rows = 2" in text
    assert read_excel(path, parse_mapping(text)).labs["week"].tolist() == [0, 12]


def test_a_folder_of_files_is_put_together(tmp_path, study):
    workbook(tmp_path / "followup.xlsx", WIDE)
    lis = "病历号;项目名称;结果;单位;采样日期\n007;HBV-DNA定量;1,5;IU/mL;2024-01-01\n"
    lis += "007;血糖;5,1;mmol/L;2024-01-01\n999;血糖;5,1;mmol/L;2024-01-01\n"
    (tmp_path / "检验.csv").write_bytes(lis.encode("gb18030"))
    drugs = "id,drug,start date,stop date,dose\n008,ETV,2020-01-01,2023-01-01,0.5\n008,阿司匹林,2020-01-01,,\n"
    (tmp_path / "drugs.csv").write_text(drugs, encoding="utf-8")
    (tmp_path / "redcap.csv").write_text("record_id,redcap_event_name\n1,a\n")
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    text = propose_excel(tmp_path, study)
    assert questions(text) == ['unknown_patients = "refuse"', 'unit = ""']  # of people of the laboratory; of the dose
    text = text.replace('"refuse"', '"list"')
    assert 'delimiter = ";"\ndecimal = ","' in text
    assert "# 血糖 in mmol/L: 2, not used by the study" in text
    assert "an export of REDCap" in text
    assert "broken.xlsx: not readable as a workbook" in text
    cohort = read_excel(tmp_path, parse_mapping(text.replace('unit = ""', 'unit = "mg"')))
    assert cohort.treatments["agent"].tolist() == ["entecavir", "阿司匹林"]
    assert cohort.labs["value"].tolist()[-2:] == ["1.5", "5.1"]


def test_nothing_to_look_at_is_refused(tmp_path, study):
    with pytest.raises(SourceError, match="no spreadsheet with a header"):
        propose_excel(tmp_path, study)


def test_the_question_for_the_unit_of_hbeag_says_what_is_not_read(tmp_path, study):
    rows = [["id", "入组日期", "W0 HBeAg", "W4 HBeAg", "W0 日期", "W4 日期"]]
    rows.append(["1", "2024-01-01", "0.23", "0.4", "2024-01-01", "2024-01-29"])
    text = propose_excel(workbook(tmp_path / "a.xlsx", rows), study)
    assert 'The study reads numbers in "S/CO" (numbers in "COI"' in text
    assert "only beside the cut-off of its assay. State it as lower_limit" in text


@pytest.mark.parametrize(
    ("printed", "comma"),
    [(["1,250", "23,100"], False), (["1,5", "1,250"], True), (["1,25", "1.2x10^3"], False), (["0,125"], True)],
)
def test_a_comma_before_three_digits_is_not_taken_for_a_decimal_one(tmp_path, study, printed, comma):
    """1,250 may be a thousand; 1,5 and 0,125 cannot be, unless a number beside it has a point."""
    rows = "".join(f'P1,2024-01-08,HBV DNA,"{one}",IU/mL,2024-0{2 + at}-05\n' for at, one in enumerate(printed))
    (tmp_path / "lis.csv").write_text("ID,Enrol date,Test,Result,Unit,Date\n" + rows, encoding="utf-8")
    assert ('\ndecimal = ","' in propose_excel(tmp_path / "lis.csv", study)) is comma


def test_a_column_called_stop_is_the_end_of_a_course(tmp_path, study):
    rows = "ID,drug,Start,Stop,dose\n7,PegIFN,2023-01-01,2023-12-20,180\n8,PegIFN,2023-02-01,,180\n"
    (tmp_path / "drugs.csv").write_text(rows, encoding="utf-8")
    assert 'end = "Stop"' in propose_excel(tmp_path / "drugs.csv", study)


def test_a_file_that_is_marked_and_is_not_of_its_encoding_is_refused(tmp_path, study):
    """A byte order mark of UTF-8, and a byte that no text in UTF-8 has."""
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfid,a\n1,\xff\n")
    with pytest.raises(SourceError, match=r"a\.csv, line 2: byte 0xff is not of the encoding UTF-8; expected UTF-8"):
        propose_excel(tmp_path / "a.csv", study)


def test_an_export_of_redcap_is_told_once(tmp_path, study):
    (tmp_path / "a.csv").write_text("record_id,redcap_event_name,alt\n1,e,2\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        propose_excel(tmp_path / "a.csv", study)
    assert str(caught.value).count("a.csv") == 1
    assert "propose-mapping redcap reads it; expected a spreadsheet" in str(caught.value)


def two_sheets(path, first, second):
    """One sheet for each of two centres, with the identifiers that are given."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, own in (("Munich", first), ("Berlin", second)):
        sheet = book.create_sheet(title)
        sheet.append(["Patient ID", "Sex", "Enrolment date", "W0 HBsAg (IU/mL)", "W0 date"])
        for one in own:
            sheet.append([one, "F", "2024-01-08", 0.02, "2024-01-08"])
    book.save(path)
    return path


@pytest.mark.parametrize(("second", "twice"), [(["B1"], False), (["M1"], True)])
def test_sheets_of_the_same_columns_are_to_be_joined_first(tmp_path, study, second, twice):
    path = two_sheets(tmp_path / "a.xlsx", ["M1", "M2"], second)
    text = propose_excel(path, study)
    assert questions(text) == ['sheet = ""']
    (asked,) = [line for line in text.split("\n") if line.startswith("#?")]
    assert "'Munich', 'Berlin' have the same columns" in asked
    assert "a column Centre that has the name of the sheet" in asked
    assert ("1 identifiers stand in more than one" in asked) is twice
    with pytest.raises(MappingError, match=r"source\.sheet"):
        parse_mapping(text, "map.toml", "excel")
    cohort = read_excel(path, parse_mapping(text.replace('sheet = ""', 'sheet = "Munich"'), "map.toml", "excel"))
    assert list(cohort.patient_ids) == ["M1", "M2"]


NEWCOMERS = {
    "de": "Pat.-Nr.;Vorname;Geschl.;Alter (Jahre);Datum des Einschlusses;HBsAg W0 (IE/ml);Untersuchungsdatum W0\n"
    "P1;Anna;w;34;08.01.2024;n.n.;08.01.2024\nP2;Bernd;m;45;15.01.2024;0,12;15.01.2024\n",
    "fr": "N° patient;Nom;Sexe;Âge;Date d’inclusion;Date de visite;HBsAg (UI/mL)\n"
    "P1;Dupont;F;34;08/01/2024;08/01/2024;indétectable\nP2;Durand;H;45;15/01/2024;15/01/2024;0,12\n",
    "es": "NHC;Apellidos;Sexo;Edad;Fecha de inclusión;Fecha;HBsAg (UI/ml)\n"
    "P1;Gil;mujer;34;08/01/2024;08/01/2024;no detectado\nP2;Ruiz;hombre;45;15/01/2024;15/01/2024;0,12 UI/ml\n",
    "it": "Codice paziente;Cognome;Sesso;Età;Data di inclusione;Data prelievo;HBsAg (UI/ml)\n"
    "P1;Rossi;F;34;08/01/2024;08/01/2024;non rilevabile\nP2;Bianchi;M;45;15/01/2024;15/01/2024;0,12\n",
}


@pytest.mark.parametrize("language", NEWCOMERS)
def test_headers_of_western_europe_are_recognised(tmp_path, study, language):
    path = tmp_path / "a.csv"
    path.write_bytes(NEWCOMERS[language].encode("cp1252"))
    text = propose_excel(path, study)
    assert questions(text) == []
    assert "# Never read, since they may identify a person:" in text
    cohort = read_excel(path, parse_mapping(text, "map.toml", "excel"))
    assert list(cohort.patient_ids) == ["P1", "P2"]
    assert cohort.patients["sex"].tolist() == ["F", "M"]
    assert cohort.patients["age_years"].tolist() == [34, 45]
    assert cohort.labs["week"].tolist() == [0, 0]
    assert cohort.labs["number"].tolist()[1] == 0.12


def test_spanish_letters_of_the_sex_are_asked(tmp_path, study):
    """M beside H is the woman: "mujer" and "hombre"."""
    (tmp_path / "a.csv").write_text("id,Sexo,Fecha de inclusión\n1,H,2024-01-08\n2,M,2024-01-08\n", encoding="utf-8")
    asked = questions(propose_excel(tmp_path / "a.csv", study))
    assert asked == ['sex = { field = "Sexo", values = { "H" = "?", "M" = "?" } } # H 1, M 1']


def test_baseline_may_be_abbreviated_and_nd_is_asked(tmp_path, study):
    text = (
        "id,enrol_date,hbsag_bl (IU/mL),hbsag_w12 (IU/mL),date_bl,date_w12\n1,2024-01-08,nd,0.2,2024-01-08,2024-04-01\n"
    )
    (tmp_path / "a.csv").write_text(text.replace("enrol_date", "Enrol date"), encoding="utf-8")
    proposed = propose_excel(tmp_path / "a.csv", study)
    assert 'value = "hbsag_{visit} (IU/mL)"' in proposed
    assert "#? Does nd 1 mean that nothing was detected?" in proposed
    assert read_excel(tmp_path / "a.csv", parse_mapping(proposed, "m.toml", "excel")).labs["week"].tolist() == [0, 12]


@pytest.mark.parametrize(("last", "asked"), [("合格", False), ("溶血", True)])
def test_a_sound_specimen_is_not_asked_about(tmp_path, study, last, asked):
    rows = [["病案号", "入组日期", "日期", "项目", "结果", "单位", "标本状态"],
            ["1", "2024-01-08", "2024-01-08", "HBsAg", 0.02, "IU/mL", "正常"],
            ["2", "2024-01-08", "2024-01-08", "HBsAg", 0.02, "IU/mL", last]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    text = propose_excel(path, study)
    assert questions(text) == (['when = { "标本状态" = ["正常"] }'] if asked else [])
    assert len(read_excel(path, parse_mapping(text, "map.toml", "excel")).labs) == (1 if asked else 2)


def test_a_haemolysed_specimen_that_the_mapping_leaves_in_is_refused(tmp_path, study):
    rows = [["id", "Enrol date", "Date", "Test", "Result", "Unit", "Probenqualität"],
            ["1", "2024-01-08", "2024-01-08", "HBsAg", 0.02, "IU/mL", "hämolytisch"]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", rows)
    with pytest.raises(CohortError, match="row 2, column 'Probenqualität'"):
        read_excel(path, parse_mapping(propose_excel(path, study), "map.toml", "excel"))


def test_a_remark_that_says_who_was_lost_is_asked_about(tmp_path, study):
    """Three of five remarks say so, in their own words; the words alone are shown, and a result column is none."""
    remarks = ["失访", "Died 2024-05-01, called by ZS", "", "not lost", "fasting", "失访"]
    head, *_ = WIDE
    rows = [[f"0{one}", "ZS", "男", "2024-01-01", "<0.05", "失访", "2024-01-01", "2024-03-25", remark]
            for one, remark in enumerate(remarks)]  # fmt: skip
    text = propose_excel(workbook(tmp_path / "a.xlsx", [[*head, "备注"], *rows]), study)
    patients = text.partition("[patients]")[2].partition("[[labs]]")[0]
    assert "# 备注: 3 of its 5 cells say that the patient was lost, withdrew or died (失访 2, died 1)." in patients
    assert '# optional: lost_reason = { field = "备注" }' in patients
    assert text.count("lost_reason") == 1
    taken = text.replace("# optional: lost_reason", "lost_reason").replace("codes = []", 'codes = ["失访"]')
    answered = parse_mapping(taken)
    assert answered.patients["lost_reason"].name == "备注"
    few = [[*row[:-1], "fasting" if place > 1 else row[-1]] for place, row in enumerate(rows)]
    assert "lost_reason" not in propose_excel(workbook(tmp_path / "b.xlsx", [[*head, "备注"], *few]), study)
