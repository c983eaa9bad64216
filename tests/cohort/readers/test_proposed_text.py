"""What a proposal asks where the study knows other names, and where it has no code of its own."""

from __future__ import annotations

import json

import pytest

import relapse_model as rm
from relapse_model.cohort.readers.proposed_text import arm_line, beside_units, library_codes, not_read, units_read
from relapse_model.study.reader import parse_study


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


def test_arms_of_other_names_are_a_question(study):
    line, otherwise = arm_line(study, "TRT01P", {"Placebo": 86, "Active": 84})
    assert "another trial, write its study (`relapse-model study new`)" in otherwise
    assert line.startswith('#? arm = { field = "TRT01P", values = { "Placebo" = "...", "Active" = "..." } }')
    assert line.endswith("Placebo: 86, Active: 84; the study knows control, hbig")


def test_arms_as_the_study_calls_them_are_ready(study):
    ready, otherwise = arm_line(study, "ARM", {"hbig": 66, "control": 66})
    assert ready == 'arm = "ARM"  # hbig: 66, control: 66'
    assert otherwise.startswith("# arm = { field =")


def test_a_study_that_reads_no_arm_asks_nothing(study):
    other = parse_study(
        '[study]\nprotocol = 1\nname = "x"\n[outcome]\nname = "x"\nadjudicated = true\n'
        '[prediction]\nlandmark_weeks = [0]\nhorizon_weeks = 26\n[predictors]\nage = { column = "age_years" }\n',
        "x.toml",
    )
    assert arm_line(other, "ARM", {"Placebo": 1})[0] == 'arm = "ARM"  # Placebo: 1'


def test_codes_of_the_library_are_those_of_analytes_without_their_own(study):
    codes = library_codes(study)
    assert {codes[code] for code in ("1920-8", "1751-7", "1975-2")} == {"ast", "albumin", "bilirubin"}
    assert "1742-6" not in codes  # the study states that of ALT itself


def test_only_units_whose_numbers_are_read_are_offered(study):
    for rule in study.analytes.values():
        offered, _, beside = units_read(rule).partition(" (numbers in ")
        units = [json.loads(one) for one in offered.split(", ")]
        assert not any(not_read(rule, one) for one in units)
        assert not set(units) & set(rule.other_units)
        assert all(f'"{one}"' in beside and not_read(rule, one) for one in rule.other_units)


def test_what_is_not_read_of_the_results_met_is_said(study):
    unread, sign = beside_units(study, "hbeag", {"S/CO": 20, "COI": 7})
    assert unread == "# COI, 7 results: numbers are not read in this unit, words and limits are"
    assert sign.startswith("# A criterion asks whether it is negative: a number says so only beside the cut-off")
    assert beside_units(study, "alt", {"U/L": 20}) == []
