"""A study file of any shape is read, or refused in words: no mistake in it ends in another error."""

from __future__ import annotations

import re

import pytest

from relapse_model.errors import StudyError
from relapse_model.study.reader import parse_study

WHOLE = """\
[study]
protocol = 1
name = "x"
[analytes]
lesions = { unit = "count", synonyms = ["spots"], assays = { a = { lower_limit = 1 } } }
tb = { library = "bilirubin", unit = "mg/dL" }
[other_analytes]
other = ["something"]
[outcome]
analyte = "bilirubin"
at_least = 2
unit = "mg/dL"
confirm = { tests = 2 }
[prediction]
landmark_weeks = [0]
horizon_weeks = 48
[time]
index = { analyte = "lesions", first_below = 1, without = "leave out" }
[predictors]
alt = { direction = "up", prior = { odds_ratio = 2, ci = [1, 4], per = "log10", source = "s" } }
age = { column = "age_years" }
"""
EXTENDING = """\
extends = "hbsag-relapse"
remove = ["trial"]
[study]
name = "o"
[[predictors]]
name = "age"
prior = { hazard_ratio = 2, ci = [1, 3], source = "s" }
[[predictors]]
column = ["a", "b"]
[analytes.hbsag]
synonyms = { add = ["x"], remove = ["HBs antigen"] }
[eligibility]
include = [{ id = "I1", text = "t" }]
"""
VALUES = ("3", '"x"', "[]", "{}", "[1]", "{ a = 1 }", "[{}]", "true", "2026-01-01", "[[]]", "{ add = 3 }", "nan")
SECTIONS = (
    "extends", "remove", "study", "analytes", "other_analytes", "outcome", "prediction", "time", "predictors",
    "candidates", "terms", "eligibility", "passive_antibody", "trial", "dosing",
)  # fmt: skip


def mutations(text, values):
    """Every value exchanged for every other kind of value, and every section for something that is none."""
    for found in re.finditer(r'\w+ = ("[^"]*"|[\d.]+|\[[^\]]*\]|\{.*\})', text):
        for value in values:
            yield text[: found.start(1)] + value + text[found.end(1) :]
    for section in SECTIONS:
        rest = re.sub(rf"(?ms)^\[+{section}\b.*?(?=^\[|\Z)", "", text)
        for value in values:
            yield f"{section} = {value}\n" + re.sub(rf"(?m)^{section} = .*\n", "", rest)


@pytest.mark.parametrize(("text", "values"), [(WHOLE, VALUES), (EXTENDING, VALUES[::2])])
def test_any_value_anywhere(text, values):
    parse_study(text, "own.toml")
    refused = 0
    for mutated in mutations(text, values):
        try:
            study = parse_study(mutated, "own.toml")
        except StudyError:
            refused += 1
        else:
            assert parse_study(study.text, "again") == study
    assert refused > 100
