"""Small spreadsheets into cohorts: visits as columns, one row per result, several sheets; what is refused."""

from __future__ import annotations

import datetime

import pytest
from spreadsheet_files import as_mapping, workbook

import relapse_model as rm
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError, MappingError, SourceError

PATIENTS = '[time]\nzero = { field = "入组日期" }\n[patients]\nid = "病案号"\n'
HBSAG = '[[labs]]\nanalyte = "hbsag"\nvalue = "W{visit} HBsAg"\nunit = "IU/mL"\ndate = "W{visit} 日期"\n'
HEADER = ["病案号", "姓名", "入组日期", "W0 日期", "W0 HBsAg", "W12 日期", "W12 HBsAg"]
ROW = [1001, "ZS", "2024-01-01", "2024-01-01", "＜0.05", "2024.3.25", "57↑"]


def labs(cohort):
    table = cohort.labs[["patient", "analyte", "value", "unit", "week"]]
    return [tuple(row) for row in table.itertuples(index=False)]


def problems(source, mapping, **options):
    with pytest.raises((CohortError, SourceError)) as refusal:
        read_excel(source, mapping, **options)
    return [str(problem) for problem in refusal.value.problems]


def test_a_wide_sheet_becomes_one_row_for_each_result(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx", [HEADER, ROW, [1002, "LS", datetime.date(2024, 1, 8), None, None, 45390, "0.2"]]
    )
    cohort = read_excel(path, as_mapping(PATIENTS + HBSAG))
    assert list(cohort.patient_ids) == ["1001", "1002"]
    # 45390 is 2024-04-08, 91 days after 2024-01-08.
    assert labs(cohort) == [
        (0, "hbsag", "＜0.05", "IU/mL", 0.0), (0, "hbsag", "57↑", "IU/mL", 12.0), (1, "hbsag", "0.2", "IU/mL", 13.0),
    ]  # fmt: skip
    assert cohort.reading.never_read == ("Sheet1, 姓名",)
    assert "1 dates were numbers of days" in str(cohort.reading)
    assert "W{visit} HBsAg: 4 cells, 3 used; 1 empty" in str(cohort.reading)
    assert "ZS" not in str(cohort.reading)


def test_problems_have_the_place_in_the_sheet_and_come_at_once(tmp_path):
    rows = [
        HEADER,
        ROW,
        [1002, "LS", "2024-01-08", "soon", "0.2", None, "0.3"],
        [1003, "WW", "2024-01-08", None, "#N/A", None, None],
    ]
    path = workbook(tmp_path / "a.xlsx", rows)
    found = problems(path, as_mapping(PATIENTS + HBSAG))
    assert [one.split(";")[0] for one in found] == [
        "Sheet1, row 3, column 'W0 日期': 'soon'",
        "Sheet1, row 4, column 'W0 HBsAg': the error #N/A, in cell Sheet1!E4",
        "Sheet1, row 3, column 'W12 日期': nothing",
    ]
    cohort = read_excel(path, as_mapping(PATIENTS + HBSAG), on_problems="list")
    assert list(cohort.patient_ids) == ["1001"]
    assert len(cohort.rejected) == 2


def test_a_year_alone_is_no_number_of_a_day(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEADER, [1001, "ZS", "2024-01-01", 2024, "<0.05", None, None]])
    assert problems(path, as_mapping(PATIENTS + HBSAG))[0].startswith("Sheet1, row 2, column 'W0 日期': '2024'")


def test_an_identifying_column_is_refused_wherever_it_is_mapped_but_as_the_identifier(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEADER, ROW])
    found = problems(path, as_mapping(PATIENTS + 'centre = "姓名"\n' + HBSAG))
    assert "names or contact data" in found[0]
    assert "map.toml, line" in found[0]
    cohort = read_excel(path, as_mapping(PATIENTS.replace("病案号", "姓名") + HBSAG))
    assert list(cohort.patient_ids) == ["ZS"]


def test_columns_are_found_in_any_width_and_case_and_near_names_are_suggested(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx",
        [["病案号", "入组日期", "Ｗ０ 日期", "w0  hbsag", "BMI"], [1, "2024-01-01", "2024-01-01", "<0.05", 22]],
    )
    assert len(read_excel(path, as_mapping(PATIENTS + HBSAG)).labs) == 1
    found = problems(path, as_mapping(PATIENTS + 'bmi_kg_m2 = "BMI1"\n' + HBSAG))
    assert found == ["Sheet1, column 'BMI1': no such column; expected a column of that name. Did you mean 'BMI'?"]


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["病案号", "入组日期", "BMI", "BMI"], [1, "2024-01-01", 20, 30]])
    assert "columns 3 and 4 have one name" in problems(path, as_mapping(PATIENTS + 'bmi_kg_m2 = "BMI"\n'))[0]


def test_a_visit_without_a_date_column_is_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [[*HEADER, "W24 HBsAg"], [*ROW, "0.1"]])
    assert "'W24 日期': no such column" in problems(path, as_mapping(PATIENTS + HBSAG))[0].replace("w24", "W24")


def test_visits_without_dates_need_their_weeks(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["id", "HBsAg_w0", "HBsAg_w12"], ["p1", "<0.05", 0.3]])
    text = '[[labs]]\nanalyte = "hbsag"\nvalue = "HBsAg_w{visit}"\nunit = "IU/mL"\n'
    assert "no week of the visit '0'" in problems(path, as_mapping('[patients]\nid = "id"\n' + text))[0]
    stated = '[time]\nvisits = { "0" = 0, "12" = 12.5 }\n[patients]\nid = "id"\n'
    assert labs(read_excel(path, as_mapping(stated + text))) == [
        (0, "hbsag", "<0.05", "IU/mL", 0.0), (0, "hbsag", "0.3", "IU/mL", 12.5),
    ]  # fmt: skip


def test_a_merged_header_of_two_rows_names_every_column(tmp_path):
    rows = [
        ["病案号", "入组日期", "第12周", None],
        [None, None, "日期", "HBsAg"],
        [1, "2024-01-01", "2024-03-25", "<0.05"],
    ]
    path = workbook(tmp_path / "a.xlsx", rows, merged=["A1:A2", "B1:B2", "C1:D1"])
    text = HBSAG.replace("W{visit}", "第{visit}周")
    cohort = read_excel(path, as_mapping("[source]\nheader_rows = 2\n" + PATIENTS + text))
    assert labs(cohort) == [(0, "hbsag", "<0.05", "IU/mL", 12.0)]


LONG = (
    '[[labs]]\nsource = "lis"\nanalyte = { field = "项目" }\nvalue = "结果"\nunit = { field = "单位" }\ndate = "日期"\n'
)
LIS = "病案号,日期,项目,结果,单位\n1001,2023/12/01 08:30,乙肝表面抗原,0.03,IU/mL\n1001,2023/12/02,ALT,溶血,U/L\n"


def lis(tmp_path, text=LIS):
    (tmp_path / "lis.csv").write_text(text, encoding="utf-8")
    return workbook(tmp_path / "a.xlsx", [["病案号", "入组日期"], [1001, "2024-01-01"]])


def test_a_second_file_of_one_row_per_result(tmp_path):
    source = lis(tmp_path)
    text = '[sources.lis]\nfile = "lis.csv"\n' + PATIENTS + LONG
    cohort = read_excel(source, as_mapping(text))
    assert labs(cohort)[0][:4] == (0, "hbsag", "0.03", "IU/mL")
    assert cohort.labs["minute_of_day"].tolist()[0] == 510
    text = (
        text.replace('value = "结果"', 'value = "结果"\nwhen = { "项目" = "乙肝表面抗原" }')
        + '[missing]\ncodes = ["溶血"]\n'
    )
    cohort = read_excel(tmp_path, as_mapping('[source]\nfile = "a.xlsx"\n' + text))
    assert "结果: 2 rows, 1 used; 1 of other rows, by when" in str(cohort.reading)


def test_a_test_without_a_meaning_is_listed_unless_it_may_be_one_of_the_study(tmp_path):
    text = (
        '[sources.lis]\nfile = "lis.csv"\n'
        + PATIENTS
        + LONG.replace("}\nvalue", ', values = { "S" = "hbsag" } }\nvalue')
    )
    source = lis(
        tmp_path, "病案号,日期,项目,结果,单位\n1001,2023-12-01,S,0.03,IU/mL\n1001,2023-12-01,血糖,5.1,mmol/L\n"
    )
    report = read_excel(source, as_mapping(text)).reading
    assert [(one.code, one.count) for one in report.not_mapped] == [("血糖", 1)]
    assert "1 of a test that the mapping does not name" in str(report)
    source = lis(tmp_path, "病案号,日期,项目,结果,单位\n1001,2023-12-01,hepatitis B surface antigan,0.03,IU/mL\n")
    assert "lis.csv, row 2, column '项目'" in problems(source, as_mapping(text))[0]


def test_a_test_that_the_study_does_not_use_is_listed_where_a_result_of_it_cannot_be_read(tmp_path):
    """A genotype and a ratio stand in every long file; those of the study are refused, and glucose is kept."""
    rows = ["1001,2023-12-01,HBsAg,0.03,IU/mL", "1001,2023-12-01,HBV基因型,C型,", "1001,2023-12-01,ALT/AST,1.2,"]
    rows += ["1001,2023-12-02,ALT/AST,阴性,", "1001,2023-12-01,血糖,5.1,mmol/L"]
    source = lis(tmp_path, "\n".join(["病案号,日期,项目,结果,单位", *rows]) + "\n")
    mapping = as_mapping('[sources.lis]\nfile = "lis.csv"\n' + PATIENTS + LONG)
    study = rm.load_study("hbsag-relapse")
    cohort = read_excel(source, mapping, study=study)
    assert [(one.code, one.count) for one in cohort.reading.not_mapped] == [("ALT/AST", 2), ("HBV基因型", 1)]
    assert [one[1] for one in labs(cohort)] == ["hbsag", "血糖"]
    lis(tmp_path, "病案号,日期,项目,结果,单位\n1001,2023-12-01,HBsAg,C型,IU/mL\n1001,2023-12-01,ALT,20,\n")
    found = problems(source, mapping, study=study)
    assert [one.split(":")[0] for one in found] == ["lis.csv, row 2, column '结果'", "lis.csv, row 3, column '单位'"]


def test_people_who_are_no_patients_are_listed_where_the_mapping_says_so(tmp_path):
    rows = [["病案号", "入组日期", "状态", "W0 日期", "W0 HBsAg", "用药史"]]
    rows += [[1001, "2024-01-01", "入组", "2024-01-01", "<0.05", "无"], [1002, None, "筛败", "soon", "0.2", "?"]]
    text = '[sources.lis]\nfile = "lis.csv"\n' + PATIENTS + 'when = { "状态" = "入组" }\n' + HBSAG + LONG + HISTORY
    source = lis(tmp_path, LIS + "1002,2023-12-02,ALT,20,U/L\n1003,2023-12-02,ALT,20,U/L\n")
    workbook(source, rows)
    found = problems(source, as_mapping(text))
    # 1002 is known and no patient; 1003 is nobody that the sheet knows, and may be 1001.
    assert [one.split(":")[0] for one in found] == ["lis.csv, row 5, column '病案号'"]
    cohort = read_excel(source, as_mapping(text.replace("[time]", 'unknown_patients = "list"\n[time]')))
    said = str(cohort.reading)
    assert "Sheet1: 2 rows, 1 used; 1 rows of others, by [patients] when (3)" in said
    assert "lis.csv, 结果: 4 rows, 2 used; 2 of people who are no patients of the cohort" in said
    assert "Sheet1, 用药史: 2 entries, 0 used; 1 of people who are no patients of the cohort; 1 that say" in said
    assert list(cohort.patient_ids) == ["1001"]


def test_a_result_that_came_twice_counts_once(tmp_path):
    source = lis(tmp_path, LIS.split("\n")[0] + "\n" + (LIS.split("\n")[1] + "\n") * 2)
    cohort = read_excel(source, as_mapping('[sources.lis]\nfile = "lis.csv"\n' + PATIENTS + LONG))
    assert len(cohort.labs) == 1
    assert str(cohort.remarks[0]).startswith("lis.csv, row 3: says the same as an earlier row")
    assert cohort.remarks[0].expected == "each row once"  # it names no visit


def test_two_visits_on_one_day_that_say_the_same_are_named(tmp_path):
    sheet = "id,enrolled,W4 ALT,W8 ALT,W4 date,W8 date\n1,2024-01-01,20,20,2024-01-29,2024-01-29\n"
    (tmp_path / "a.csv").write_text(sheet, encoding="utf-8")
    text = '[time]\nzero = { field = "enrolled" }\n[patients]\nid = "id"\n[[labs]]\nanalyte = "alt"\n'
    text += 'value = "W{visit} ALT"\nunit = "U/L"\ndate = "W{visit} date"\n'
    (said,) = read_excel(tmp_path / "a.csv", as_mapping(text)).remarks
    assert said.expected == "each visit on its own day, and W4 ALT and W8 ALT have one date"


def test_a_decimal_comma_is_stated_and_then_a_point_is_refused(tmp_path):
    text = '[source]\ndelimiter = ";"\ndecimal = ","\n[time]\nvisits = { "0" = 0 }\n'
    text += '[patients]\nid = "id"\nbmi_kg_m2 = "bmi"\n'
    text += '[[labs]]\nanalyte = "alt"\nvalue = "W{visit} ALT"\nunit = "U/L"\n'
    (tmp_path / "a.csv").write_text("id;bmi;W0 ALT\np1;22,5;<1,54\n")
    cohort = read_excel(tmp_path / "a.csv", as_mapping(text))
    assert (cohort.patients["bmi_kg_m2"][0], cohort.labs["number"][0]) == (22.5, 1.54)
    (tmp_path / "a.csv").write_text("id;bmi;W0 ALT\np1;22.5;1.540\n")
    assert [one.split(":")[0] for one in problems(tmp_path / "a.csv", as_mapping(text))] == [
        "a.csv, row 2, column 'bmi'", "a.csv, row 2, column 'W0 ALT'",
    ]  # fmt: skip


def test_units_are_taken_off_numbers_and_put_to_results(tmp_path):
    rows = [
        ["病案号", "入组日期", "年龄", "治疗前HBsAg"],
        [1, "2024-01-01", "３４岁", "2.15"],
        [2, "2024-01-01", "8月", ""],
    ]
    text = PATIENTS + 'age_years = { field = "年龄", unit = "岁" }\n'
    text += 'hbsag_before_treatment_iu_ml = { field = "治疗前HBsAg", unit = "IU/mL" }\n'
    path = workbook(tmp_path / "a.xlsx", rows)
    (found,) = problems(path, as_mapping(text))
    assert found.startswith(
        "Sheet1, row 3, column '年龄': '8月'; expected a number from 0 to 120. State the unit of the column"
    )
    cohort = read_excel(path, as_mapping(text), on_problems="list")
    assert cohort.patients["age_years"].tolist() == [34.0]
    assert cohort.patients["hbsag_before_treatment_iu_ml"].tolist() == ["2.15 IU/mL"]


def test_a_column_that_another_entry_reads_is_no_visit_of_a_pattern(tmp_path):
    """The concentration before treatment is one of the patients table; Baseline is a visit and read there, too."""
    rows = [["病案号", "入组日期", "治疗前 HBsAg", "Baseline HBsAg", "W12 HBsAg"], [1, "2024-01-01", 2150, 0.04, 0.6]]
    path = workbook(tmp_path / "a.xlsx", rows)
    head = PATIENTS.replace("[patients]", 'visits = { "baseline" = 0, "w12" = 12 }\n[patients]')
    visits = '[[labs]]\nanalyte = "hbsag"\nvalue = "{visit} HBsAg"\nunit = "IU/mL"\n'
    found = problems(path, as_mapping(head + visits))
    assert "it fits '治疗前 HBsAg', too" in found[0]
    assert "by an entry of its own" in found[0]
    own = 'hbsag_before_treatment_iu_ml = { field = "治疗前 HBsAg", unit = "IU/mL" }\n'
    own += 'hbsag_first = { field = "Baseline HBsAg", unit = "IU/mL" }\n'
    cohort = read_excel(path, as_mapping(head + own + visits))
    assert labs(cohort) == [(0, "hbsag", "0.04", "IU/mL", 0.0), (0, "hbsag", "0.6", "IU/mL", 12.0)]


def test_rows_of_nobody_and_rows_that_differ_are_refused(tmp_path):
    rows = [["病案号", "入组日期", "性别"], [1, "2024-01-01", "男"], [None, None, None], [None, "合计", 1]]
    found = problems(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + 'sex = "性别"\n'))
    assert found[0].startswith("Sheet1, row 4, column '病案号': no identifier")
    rows = [rows[0], rows[1], [1, "2024-01-01", "女"]]
    found = problems(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + 'sex = "性别"\n'))
    assert "another sex than in row 2 of the patient" in found[0]
    rows = [rows[0], rows[1], [1, "2024-01-01", "男"], [None, None, None], [2, "2024-01-01", "女"]]
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + 'sex = "性别"\n'))
    assert str(cohort.reading.sources[0]) == (
        "Sheet1: 4 rows, 2 used; 1 blank rows (4); 1 rows of a patient above, which agree with it (3)"
    )


def test_one_patient_twice_in_a_sheet_of_one_row_per_patient_is_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEADER, ROW, ROW])
    assert any(
        "an identifier that stands on more than one row" in one for one in problems(path, as_mapping(PATIENTS + HBSAG))
    )


def test_only_cells_of_identifiers_and_dates_may_be_merged_downwards(tmp_path):
    rows = [["病案号", "入组日期", "BMI"], [1, "2024-01-01", 22], [2, None, None]]
    path = workbook(tmp_path / "a.xlsx", rows, merged=["B2:B3", "C2:C3"])
    assert read_excel(path, as_mapping(PATIENTS)).patients["enrolment_date"].tolist() == ["2024-01-01"] * 2
    found = problems(path, as_mapping(PATIENTS + 'bmi_kg_m2 = "BMI"\n'))
    assert "merged cells, so that it is not certain whose value it is, in cell Sheet1!C2" in found[0]


def test_identifiers_keep_all_their_digits(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["病案号", "入组日期"], [110101199003071234, "2024-01-01"]])
    assert "more than 15 digits" in problems(path, as_mapping(PATIENTS))[0]
    path = workbook(tmp_path / "a.xlsx", [["病案号", "入组日期"], [12, "2024-01-01"]], formats={"A2": "00000000"})
    assert list(read_excel(path, as_mapping(PATIENTS)).patient_ids) == ["00000012"]


HISTORY = '[[treatments]]\nform = "courses"\nagent = { field = "用药史" }\n'


def test_a_history_is_read_whole_or_its_patient_refused(tmp_path):
    rows = [
        ["病案号", "入组日期", "用药史"],
        [1, "2024-01-01", "ETV 2020.01.01-2023.01.01；HBIG 400IU im 2024.01.01-2024.01.01"],
    ]
    rows += [[2, "2024-01-01", "ETV 2020.01.01-2023.01.01；HBIG"], [3, "2024-01-01", None], [4, "2024-01-01", "无"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    found = problems(path, as_mapping(PATIENTS + HISTORY))
    assert [one.split(";")[0].split(" (")[0] for one in found] == [
        "Sheet1, row 3, column '用药史': entry 2: no first and last day",
        "Sheet1, row 4, column '用药史': nothing",
    ]
    cohort = read_excel(path, as_mapping(PATIENTS + HISTORY + 'empty = "none"\n'), on_problems="list")
    table = cohort.treatments[["patient", "agent", "dose", "unit"]].astype(object)
    assert table.where(table.notna(), None).values.tolist() == [[0, "entecavir", None, None], [0, "hbig", 400.0, "IU"]]
    assert list(cohort.patient_ids) == ["1", "3", "4"]
    assert "5 entries, 2 used; 2 of histories that were refused; 1 that say that nothing was given" in str(
        cohort.reading
    )


def test_histories_need_a_study(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["病案号", "入组日期", "用药史"], [1, "2024-01-01", "无"]])
    mapping = as_mapping(PATIENTS + HISTORY)
    from dataclasses import replace

    assert "histories without a study" in problems(path, replace(mapping, study=""))[0]


def test_doses_in_columns_of_visits(tmp_path):
    rows = [["病案号", "入组日期", "HBIG1 日期", "HBIG1 剂量", "HBIG2 日期", "HBIG2 剂量"]]
    rows += [[1, "2024-01-01", "2024-01-01", 400, "2024-01-29", 200], [2, "2024-01-01", None, None, None, None]]
    text = '[[treatments]]\nagent = "hbig"\nstart = "HBIG{visit} 日期"\nend = "HBIG{visit} 日期"\n'
    text += 'dose = "HBIG{visit} 剂量"\nunit = "IU"\n'
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + text))
    table = cohort.treatments[["patient", "start_week", "end_week", "dose", "unit"]]
    assert table.values.tolist() == [[0, 0.0, 0.0, 400.0, "IU"], [0, 4.0, 4.0, 200.0, "IU"]]


def test_weeks_and_dates_in_one_table_are_put_on_one_clock(tmp_path):
    source = lis(tmp_path)
    workbook(source, [["病案号", "入组日期", "HBsAg_w0", "HBsAg_w12"], [1001, "2024-01-01", "<0.05", "0.2"]])
    text = '[sources.lis]\nfile = "lis.csv"\n' + PATIENTS.replace(
        "[time]\n", '[time]\nvisits = { "0" = 0, "12" = 12 }\n'
    )
    text += LONG + '[[labs]]\nanalyte = "hbsag"\nvalue = "HBsAg_w{visit}"\nunit = "IU/mL"\n'
    weeks = read_excel(source, as_mapping(text)).labs["week"].tolist()
    assert weeks[2:] == [0.0, 12.0]
    assert weeks[0] < -4


def test_time_zero_from_a_file_of_its_own(tmp_path):
    (tmp_path / "zero.csv").write_text("patient_id,date\n1001,2024-01-01\n")
    path = workbook(tmp_path / "a.xlsx", [HEADER, ROW])
    text = '[time]\nfile = "zero.csv"\n[patients]\nid = "病案号"\n' + HBSAG
    assert read_excel(path, as_mapping(text)).labs["week"].tolist() == [0.0, 12.0]


def test_an_adjudicated_outcome(tmp_path):
    rows = [
        ["病案号", "入组日期", "结局", "结局日期"],
        [1, "2024-01-01", "复发", "2024-03-25"],
        [2, "2024-01-01", "未复发", "2024-12-02"],
    ]
    text = '[outcome]\nrelapse = { field = "结局", values = { "复发" = 1, "未复发" = 0 } }\ndate = "结局日期"\n'
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + text))
    assert cohort.outcomes[["patient", "relapse", "week"]].values.tolist() == [[0, 1, 12], [1, 0, 48]]


def test_what_came_first_is_told_by_one_column_or_two(tmp_path):
    rows = [
        ["病案号", "入组日期", "结局", "原因", "结局日期"],
        [1, "2024-01-01", "复发", None, "2024-03-25"],
        [2, "2024-01-01", "未复发", None, "2024-12-02"],
        [3, "2024-01-01", "死亡", None, "2024-02-05"],
        [4, "2024-01-01", "其他", "肝移植", "2024-02-05"],
        [5, "2024-01-01", None, None, None],
    ]
    text = (
        '[outcome]\ndate = "结局日期"\ncompeting_event = { field = "原因", values = { "肝移植" = "transplant" } }\n'
        'event = { field = "结局", values = { "复发" = "relapse", "未复发" = "free", "死亡" = "competing: death", '
        '"其他" = "competing" } }\n'
    )
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + text))
    told = cohort.outcomes[["patient", "event", "competing_event", "week"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        [0, "relapse", None, 12], [1, "free", None, 48], [2, "competing", "death", 5],
        [3, "competing", "transplant", 5],
    ]  # fmt: skip
    assert cohort.outcomes["relapse"].fillna(-1).tolist() == [1, 0, -1, -1]  # whether somebody looked is not known
    (listed,) = [one for one in cohort.reading.sources if one.source.endswith("outcome")]
    assert [(one.reason, one.count) for one in listed.left_out] == [("empty", 1)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[[labs]]\nanalyte = "hbsag"\nvalue = "W{visit} HBsAg"\ndate = "W{visit} 日期"\ncodes = ["1"]\n', "codes"),
        ('sex = { field = "W0 HBsAg", values = { "＜0.05" = "?" } }\n', "no meaning of '＜0.05'"),
        ('[[labs]]\nvalue = "W{visit} HBsAg"\ndate = "W{visit} 日期"\n', "no 'analyte'"),
        ('[[labs]]\nanalyte = "hbsag"\nvalue = "W{visit} HBsAg"\nsource = "lis"\n', "source 'lis'"),
        ('[[labs]]\nanalyte = "hbsag"\nvalue = "Q{visit} HBsAg"\nunit = "IU/mL"\n', "no column fits the pattern"),
        ('[outcome]\nevent = "W0 HBsAg"\n', "one of date, day, week"),
    ],
)
def test_mappings_that_cannot_be_right(text, found, tmp_path):
    assert found in problems(workbook(tmp_path / "a.xlsx", [HEADER, ROW]), as_mapping(PATIENTS + text))[0]


def test_a_mapping_of_another_kind_and_an_unknown_key_are_refused(tmp_path):
    (tmp_path / "map.toml").write_text('[mapping]\nprotocol = 1\nkind = "fhir"\n[patients]\nid = "x"\n')
    with pytest.raises(MappingError, match="'fhir'; expected 'excel'"):
        read_excel(tmp_path, tmp_path / "map.toml")
    with pytest.raises(SourceError, match="no such file or folder"):
        read_excel(tmp_path / "none.xlsx", as_mapping(PATIENTS))


PLAIN = '[time]\nzero = { field = "zero" }\n[patients]\nid = "id"\n'
PLAIN += '[[labs]]\nanalyte = "hbsag"\nvalue = "v"\nunit = "IU/mL"\ndate = "d"\n'


def csv(tmp_path, *lines, name="a.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_missing_code_is_found_in_the_decimals_that_programs_add(tmp_path):
    path = csv(tmp_path, "id,zero,d,v", "1,2024-01-01,2024-03-25,999.0", "2,2024-01-01,2024-03-25,999")
    cohort = read_excel(path, as_mapping(PLAIN + '[missing]\ncodes = ["999"]\n'))
    assert len(cohort.labs) == 0


def test_a_day_of_a_course_that_is_not_known_says_neither_that_it_goes_on_nor_that_nothing_was_given(tmp_path):
    rows = ["1,2024-01-01,,,2024-01-01,UNK", "2,2024-01-01,,,2024-01-01,", "3,2024-01-01,,,UNK,", "4,2024-01-01,,,,"]
    path = csv(tmp_path, "id,zero,d,v,s,e", *rows)
    mapping = PLAIN + '[[treatments]]\nagent = "hbig"\nstart = "s"\nend = "e"\n[missing]\ncodes = ["UNK"]\n'
    assert problems(path, as_mapping(mapping)) == [
        "a.csv, row 2, column 'e': a code for no value; expected the last day, or nothing if it goes on.",
        "a.csv, row 4, column 's': a code for no value; expected the first day, if it was given.",
    ]


@pytest.mark.parametrize("moment", ["2024-03-24T23:30:00Z", "2024-03-24 23:30 +0800"])
def test_a_time_with_a_zone_is_refused_while_the_hospitals_zone_is_not_known(tmp_path, moment):
    path = csv(tmp_path, "id,zero,d,v", f"1,2024-01-01,{moment},5")
    (found,) = problems(path, as_mapping(PLAIN))
    assert '[time] zone = "..." in the study' in found


def test_a_time_of_greenwich_is_of_the_hospitals_day(tmp_path):
    study = tmp_path / "here.toml"
    head = 'extends = "hbsag-relapse"\n[study]\nname = "here"\n'
    study.write_text(head + '[time]\nzone = "Asia/Shanghai"\n', encoding="utf-8")
    path = csv(tmp_path, "id,zero,d,v", "1,2024-01-01,2024-03-24T23:30:00Z,5")
    cohort = read_excel(path, as_mapping(PLAIN), study=rm.load_study(study))
    assert list(cohort.labs["week"].round(9)) == [12.0]  # 2024-03-25 07:30 in Shanghai: day 84


@pytest.mark.parametrize("other", ["W 12 v", "w12 V", "Ｗ12 v"])
def test_two_columns_of_one_visit_are_refused_whatever_their_spelling(tmp_path, other):
    path = csv(tmp_path, f"id,zero,W12 d,W12 v,{other}", "1,2024-01-01,2024-03-25,0.01,5")
    mapping = PLAIN.replace('"v"', '"W{visit} v"').replace('"d"', '"W{visit} d"')
    (found,) = problems(path, as_mapping(mapping))
    assert "expected one column of the visit '12'" in found


OTHER = '[source]\nfile = "a.csv"\n[sources.x]\nfile = "x.csv"\n'


def test_a_column_of_another_sheet_accounts_for_people_who_are_no_patients(tmp_path):
    csv(tmp_path, "id,zero,d,v", "1,2024-01-01,2024-03-25,5", "2,2024-01-01,2024-03-25,5")
    csv(tmp_path, "id,a", "1,hbig", "20,control", "2,", name="x.csv")
    mapping = PLAIN.replace('id = "id"', 'id = "id"\narm = { field = "a", source = "x" }') + OTHER
    (found,) = problems(tmp_path, as_mapping(mapping))
    assert found.startswith("x.csv, row 3, column 'id': a patient who is not in the patients table")
    cohort = read_excel(tmp_path, as_mapping(mapping + 'unknown_patients = "list"\n'))
    assert cohort.patients["arm"].fillna("").tolist() == ["hbig", ""]
    account = "x.csv, a: 3 rows, 1 used; 1 of people who are no patients of the cohort; 1 empty, or a code for no value"
    assert account in str(cohort.reading)


def test_a_file_of_dates_has_one_for_each_patient(tmp_path):
    path = csv(tmp_path, "id,d,v", "1,2024-03-25,5", "2,2024-03-25,5")
    csv(tmp_path, "patient_id,date", "1,2024-01-01", "1,2024-01-08", "2,2024-01-01", name="zero.csv")
    mapping = PLAIN.replace('zero = { field = "zero" }', 'file = "zero.csv"')
    found = problems(path, as_mapping(mapping))
    assert [one.split(";")[0] for one in found if "twice" in one] == [
        "zero.csv, row 2, column 'patient_id': a patient who stands twice",
        "zero.csv, row 3, column 'patient_id': a patient who stands twice",
    ]
    csv(tmp_path, "patient_id,date", "1,2024-01-01", "2,2024-01-01", name="zero.csv")
    assert read_excel(path, as_mapping(mapping)).labs["week"].tolist() == [12.0, 12.0]


@pytest.mark.parametrize(("own", "text"), [("AB-12", "AB-12 ?"), ("张三", "张三转院"), ("WANGLI", "see wangli")])
def test_no_message_shows_an_identifier(tmp_path, own, text):
    path = csv(tmp_path, "id,zero,d,v", f"{own},2024-01-01,{text},5")
    (found,) = problems(path, as_mapping(PLAIN))
    assert "a text that is not shown" in found
    assert own.casefold() not in found.casefold()


@pytest.mark.parametrize(("number", "code"), [(0, "0.00;-0.00;;@"), (0, "0;;"), (0.5, ";;;")])
def test_a_number_that_the_sheet_does_not_show_is_refused(tmp_path, number, code):
    # Whoever reads the sheet sees an empty cell, and not a result of 0.
    row = [1, datetime.date(2024, 1, 1), datetime.date(2024, 3, 25), number]
    path = workbook(tmp_path / "a.xlsx", [["id", "zero", "d", "v"], row], formats={"D2": code})
    (found,) = problems(path, as_mapping(PLAIN))
    assert "so that what is shown is not the number" in found


def test_a_format_that_hides_zeros_says_nothing_of_other_numbers(tmp_path):
    row = [1, datetime.date(2024, 1, 1), datetime.date(2024, 3, 25), 0.5]
    path = workbook(tmp_path / "a.xlsx", [["id", "zero", "d", "v"], row], formats={"D2": "0.00;-0.00;;@"})
    assert labs(read_excel(path, as_mapping(PLAIN))) == [(0, "hbsag", "0.5", "IU/mL", 12.0)]


def test_visits_out_of_order_are_told(tmp_path):
    """W12 lies before W0 in row 3: a year mistyped, or a visit moved; nobody but a person knows."""
    rows = [
        HEADER,
        ROW,
        [1002, "LS", "2024-01-01", "2024-04-01", "5", "2023-04-01", "6"],
        [1003, "WW", "2024-01-01", "2024-01-01", "5", "2024-03-25", "6"],
    ]
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(PATIENTS + HBSAG))
    (note,) = cohort.reading.notes
    assert note.startswith("Sheet1, W{visit} 日期: in 1 rows the dates are not in the order of the visits (3)")
