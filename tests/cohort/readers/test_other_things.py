"""What texts say that they are instead; one table of words for all readers."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.cohort import COUNTED_ONCE
from relapse_model.cohort.readers.counted_once import with_repetitions
from relapse_model.cohort.readers.other_things import (
    DERIVED,
    LOGARITHM,
    NEVER,
    NO_RESULT,
    NOT_FOUND,
    NOT_GIVEN,
    OF_RESULTS,
    OF_TREATMENTS,
    PERSON,
    SPECIMEN,
    other_thing,
    other_things,
)
from relapse_model.cohort.reading_report import ReadingReport, SourceReading
from relapse_model.errors import Problem
from relapse_model.study.names_known import agent_names, analyte_names

SAID = {
    PERSON: ("ALT (mother)", "Donor HBsAb", "母亲ALT", "alt_mother", "ALT of the newborn"),
    SPECIMEN: ("HBSAB urine", "URINALYSIS", "ALT in ascites", "尿液", "Cord blood", "bone marrow"),
    DERIVED: ("Change in ALT", "ALT x ULN", "ΔALT", "ALT upper limit of normal", "ALT grade", "参考上限", "mean ALT"),
    LOGARITHM: ("Log10 HBV DNA (IU/mL)", "lg HBV DNA", "Log-transformed HBV DNA", "HBV DNA 对数"),
    NO_RESULT: ("30 (cancelled)", "haemolysed", "QNS", "作废", "标本不合格", "superseded", "storniert"),
    NOT_GIVEN: ("HBIG placebo", "no HBIG", "HBIG refused", "安慰剂", "not taken", "HBIG scheduled"),
    NEVER: ("not administered", "never taken", "entered in error", "未注射"),
    NOT_FOUND: ("ruled out", "History of HBV", "Family history of HCC", "entered in error", "家族史", "排除"),
}


@pytest.mark.parametrize("kind", SAID)
def test_words_of_each_kind(kind):
    assert [other_thing(text, (kind,)) for text in SAID[kind]] == [kind] * len(SAID[kind])


@pytest.mark.parametrize(
    "text", ["", "ALT", "Serum", "尿素", "尿酸", "bile acids", "INR", "HBsAg (S/CO)", "Child-Pugh"]
)
def test_names_of_results_in_blood_say_nothing_else(text):
    assert other_thing(text, OF_RESULTS) == ""


def test_reasons_for_stopping_are_no_words_for_what_was_never_given():
    assert {other_thing(text, (NEVER,)) for text in ("completed as planned", "refused further doses", "")} == {""}


def test_no_name_of_the_study_says_another_thing():
    study = rm.load_study("hbsag-relapse")
    for names, kinds in ((analyte_names(study), OF_RESULTS), (agent_names(study), OF_TREATMENTS)):
        texts = pd.Series([text for spellings in names.spellings.values() for text in spellings], dtype=object)
        assert list(texts[other_things(texts, kinds) != ""]) == []


def test_rows_counted_once_are_taken_from_those_used():
    report = ReadingReport("cdisc", (SourceReading("EX", "observations", 3, 3),))
    once = Problem("EX", 2, None, COUNTED_ONCE, "each row once")
    (reading,) = with_repetitions(report, [("treatments", once)]).sources
    assert (reading.came, reading.used, reading.left_out[0].count, reading.left_out[0].rows) == (3, 2, 1, (2,))
    sheet = with_repetitions(ReadingReport("excel", (SourceReading("Sheet1", "cells", 3, 3),)), [("labs", once)])
    assert sheet.sources[0].used == 3
    assert "(labs: 1, EX row 2)" in sheet.notes[0]  # the row, so that it can be looked at
    other = Problem("EX", 2, None, "something else", "")
    assert with_repetitions(report, [("treatments", other)]) is report
