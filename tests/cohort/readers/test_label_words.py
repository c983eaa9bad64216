"""What labels and notes say: texts of each kind, English and Chinese, and those that only look like them."""

from __future__ import annotations

import pytest

from relapse_model.cohort.readers.beside_rows import why_not_counted
from relapse_model.cohort.readers.contradicting_columns import why_other
from relapse_model.cohort.readers.label_words import is_arm, is_negated, relapse_or_free, says

VALUE = ("labs", 0, "value")
COLUMNS = [  # what a column is called, where it is read, whether it is refused
    ("Mother ALT", VALUE, True), ("母亲ALT", VALUE, True), ("ALT urine", VALUE, True), ("ALT in ascites", VALUE, True),
    ("ALT ULN", VALUE, True), ("ALT x ULN", VALUE, True), ("ALT 参考上限", VALUE, True), ("ΔALT", VALUE, True),
    ("ALT change", VALUE, True), ("ALT grade", VALUE, True), ("ALT (previous)", VALUE, True), ("ALT", VALUE, False),
    ("W{visit} HBsAg (IU/mL)", VALUE, False), ("谷丙转氨酶", VALUE, False), ("尿素", VALUE, False),
    ("Sex of donor", ("patients", "sex"), True), ("Genotype of the mother", ("patients", "hbv_genotype"), True),
    ("Age at diagnosis", ("patients", "age_years"), True), ("诊断年龄", ("patients", "age_years"), True),
    ("Age at enrolment", ("patients", "age_years"), False), ("Date of birth", ("time", "zero"), True),
    ("Date of next visit", ("labs", 0, "date"), True), ("Date of sampling", ("labs", 0, "date"), False),
    ("HBIG placebo date", ("treatments", 0, "start"), True), ("计划用药日期", ("treatments", 0, "start"), True),
    ("HBIG date", ("treatments", 0, "start"), False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "refused"), COLUMNS)
def test_a_column_says_what_it_holds(text, place, refused):
    assert bool(why_other(text, place)) is refused


def test_a_multiple_of_the_limit_is_read_where_its_unit_says_so():
    assert why_other("ALT x ULN", VALUE, "xULN") == ""


@pytest.mark.parametrize(
    ("text", "column", "negated"),
    [
        ("No malignancy", "malignancy", True), ("Free of malignancy", "malignancy", True),
        ("Malignancy absent?", "malignancy", True), ("无恶性肿瘤", "malignancy", True),
        ("Malignancy (yes/no)", "malignancy", False), ("有无恶性肿瘤", "malignancy", False),
        ("是否合并感染", "coinfection", False), ("non-hepatic malignancy", "malignancy", False),
        ("Compensated cirrhosis", "decompensated_cirrhosis", True), ("失代偿肝硬化", "decompensated_cirrhosis", False),
        ("NUC naive", "prior_nuc", True), ("Free of relapse", "relapse", True), ("No relapse", "relapse", True),
        ("持续阴性", "relapse", True), ("Sustained HBsAg loss", "relapse", True), ("Relapse?", "relapse", False),
        ("是否复发", "relapse", False),
    ],
)  # fmt: skip
def test_a_column_may_be_called_the_contrary(text, column, negated):
    assert is_negated(text, column) is negated


@pytest.mark.parametrize(
    ("text", "said"),
    [("absent", False), ("present", True), ("无", False), ("阳性", True), ("None", False), ("HCC", None)],
)
def test_a_label_says_yes_or_no(text, said):
    assert says(text) is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("复阳", "relapse"), ("HBsAg+", "relapse"), ("seroreversion", "relapse"), ("failure", "relapse"),
        ("持续阴转", "free"), ("HBsAg-", "free"), ("sustained loss", "free"), ("未复阳", "free"),
        ("liver failure", None), ("lost to follow-up", None), ("other", None),
    ],
)  # fmt: skip
def test_a_label_says_relapse_or_free(text, said):
    assert relapse_or_free(text) == said


@pytest.mark.parametrize(
    ("text", "hbig", "control"),
    [
        ("HBIG 400 IU", True, False), ("No HBIG", False, True), ("placebo", False, True), ("对照组", False, True),
        ("active", None, False), ("Group A", None, None),
    ],
)  # fmt: skip
def test_a_label_says_which_arm_it_is(text, hbig, control):
    assert [is_arm(text, arm, ("control", "hbig"), None) for arm in ("hbig", "control")] == [hbig, control]


BESIDE = [  # text, column, section, whether it is refused
    ("superseded", "status", "labs", True), ("storniert", "status", "labs", True), ("已退回", "状态", "labs", True),
    ("溶血", "备注", "labs", True), ("QC", "sample type", "labs", True), ("质控", "标本类型", "labs", True),
    ("mother", "relation", "labs", True), ("供者", "人员类型", "labs", True), ("结果作废", "备注", "labs", True),
    ("此标本为母亲", "备注", "labs", True), ("稀释100倍后测定", "备注", "labs", True),
    ("100", "稀释倍数", "labs", True),
    ("1000", "multiplier", "labs", True), ("90", "修正值", "labs", True), ("yes", "Sample haemolysed?", "labs", True),
    ("no", "ALT valid?", "labs", True), ("yes", "ALT not done", "labs", True),
    ("cancelled", "given", "treatments", True),
    ("planned", "Dose status", "treatments", True), ("no", "Given?", "treatments", True),
    ("final", "status", "labs", False), ("1", "Dilution factor", "labs", False), ("wife", "contact", "labs", False),
    ("lives with his wife and daughter", "remarks", "labs", False), ("liver biopsy in May", "remarks", "labs", False),
    ("no", "Sample haemolysed?", "labs", False), ("yes", "Given?", "treatments", False),
    ("no", "Received HBV vaccine", "treatments", False), ("yes", "Excluded from analysis", "labs", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "section", "refused"), BESIDE)
def test_a_text_beside_a_row_says_whether_it_counts(text, column, section, refused):
    assert bool(why_not_counted(text, [column], section, ["alt"])) is refused
