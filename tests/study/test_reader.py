"""A study file: every key that is wrong is named with its line, and all of them at once."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relapse_model.errors import StudyError
from relapse_model.study.prediction import Confirmation, OutcomeRule, Prediction
from relapse_model.study.predictor import Prior
from relapse_model.study.reader import parse_study
from relapse_model.study.written_out import HEAD

TEXT = """\
# A small study that is right.
[study]
protocol = 1
name = "small"
title = "A small study"
registry = "NCT00000000"

[analytes.titre]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0
upper_limit = 1000.0
units = { "IU/L" = 1.0 }
loinc = ["5193-8"]

[analytes.antigen]
label = "The antigen"
unit = "IU/mL"

[outcome]
analyte = "antigen"
at_least = 0.05
confirm = { tests = 2, within_weeks = 12, unconfirmed_at_end = "censor" }

[prediction]
landmark_weeks = [0, 12]
horizon_weeks = 48

[[predictors]]
name = "last_titre"
kind = "last"
analyte = "titre"
direction = "down"
prior = { log_odds = -0.8, sd = 0.4, per = "log10", source = "Somebody" }

[[predictors]]
name = "age"
label = "Age at entry"
kind = "column"
column = "age_years"
unit = "years"

[predictors.prior]
log_odds = 0.1
sd = 0.2
per = 10
source = "Nobody"

[[predictors]]
name = "male"
kind = "column"
column = "sex"
equals = "M"
# the end
"""


def problems(text):
    with pytest.raises(StudyError) as caught:
        parse_study(text, "own.toml")
    for problem in caught.value.problems:
        assert problem.table == "own.toml"
        assert str(problem) in str(caught.value) or len(caught.value.problems) > 100
    return caught.value.problems


def line_number(text, part):
    """Return the only line that a part of the text begins on."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


def test_a_right_file():
    study = parse_study(TEXT, "own.toml")
    titre = study.analytes["titre"]
    assert (titre.label, titre.scale, titre.below_limit, titre.loinc) == ("titre", "log10", "half", ("5193-8",))
    assert (titre.lower_limit, titre.upper_limit, titre.units) == (10.0, 1000.0, {"IU/L": 1.0})
    assert study.analytes["antigen"].label == "The antigen"
    assert study.outcome == OutcomeRule("relapse", "antigen", 0.05, None, Confirmation(2, 12.0, "censor"))
    assert study.prediction == Prediction((0.0, 12.0), 48.0, 4.0)
    last, age, male = study.predictors
    assert (last.label, last.scale, last.unit, last.direction) == ("last titre", "log10", "mIU/mL", "down")
    assert (age.label, age.scale, age.unit, age.equals) == ("Age at entry", "linear", "years", None)
    assert age.prior == Prior(0.1, 0.2, 10.0, "Nobody")
    assert (male.equals, male.prior) == ("M", None)
    assert study.text == TEXT


WRONG = [
    # what stands in the file, what stands there instead, the key, what came, what was expected, what to do
    ("[prediction]", "[predictions]", "predictions", "unknown key", "one of agents", "Did you mean 'prediction'?"),
    ("[analytes.antigen]", "[analyte.antigen]", "analyte", "unknown key", "one of", "Did you mean 'analytes'?"),
    ("registry =", "regsitry =", "study.regsitry", "unknown key", "one of name, protocol, registry, title",
     "Did you mean 'registry'?"),
    ("protocol = 1", "protocol = 2", "study.protocol", "2", "1",
     "The file was written for another version of this library"),
    ("protocol = 1", 'protocol = "1"', "study.protocol", "'1'", "a whole number of at least 1", ""),
    ("protocol = 1", "protocol = true", "study.protocol", "True", "a whole number of at least 1", ""),
    ('name = "small"', "name = 3", "study.name", "3", "text", ""),
    ('name = "small"', 'name = "  "', "study.name", "'  '", "text", ""),
    ('unit = "mIU/mL"', "unit = 1", "analytes.titre.unit", "1", "text", ""),
    ('scale = "log10"', 'scale = "log"', "analytes.titre.scale", "'log'", "one of 'linear', 'log10'", ""),
    ("lower_limit = 10.0", "lower_limit = 0", "analytes.titre.lower_limit", "0", "a number above 0", ""),
    ("lower_limit = 10.0", "lower_limit = nan", "analytes.titre.lower_limit", "nan", "a number above 0", ""),
    ("lower_limit = 10.0", "lower_limit = inf", "analytes.titre.lower_limit", "inf", "a number above 0", ""),
    ("lower_limit = 10.0", f"lower_limit = 1{'0' * 400}", "analytes.titre.lower_limit", "1000", "a number above 0", ""),
    ("lower_limit = 10.0", "lower_limit = 1000", "analytes.titre.lower_limit", "1000", "less than upper_limit (1000)",
     ""),
    ("lower_limit = 10.0", "", "analytes.titre", "no lower_limit", "a lower_limit, since the scale is log10", ""),
    ('"IU/L" = 1.0', '"IU/L" = 0.0', "analytes.titre.units", "{'IU/L': 0.0}", "a number above 0", ""),
    ('units = { "IU/L" = 1.0 }', 'units = ["IU/L"]', "analytes.titre.units", "['IU/L']", "a table of factors", ""),
    # the logarithm of an accepted unit is accepted, and no factor can be right for it
    ('"IU/L" = 1.0', '"log10 IU/L" = 1.0', "analytes.titre.units", "{'log10 IU/L': 1.0}", "units of amounts", ""),
    ('"IU/L" = 1.0', '"m[IU]/ml" = 1000.0', "analytes.titre.units", "one unit in two spellings", "each unit once", ""),
    ('unit = "mIU/mL"', 'unit = "log10 mIU/mL"', "analytes.titre.scale", "'log10' of a unit that is a logarithm",
     "'linear'", ""),
    ('loinc = ["5193-8"]', 'loinc = "5193-8"', "analytes.titre.loinc", "'5193-8'", "a list", ""),
    ('loinc = ["5193-8"]', "loinc = []", "analytes.titre.loinc", "[]", "a list", ""),
    ('loinc = ["5193-8"]', 'loinc = ["a", "a"]', "analytes.titre.loinc", "['a', 'a']", "a list without repetition", ""),
    ("at_least = 0.05", "atleast = 0.05", "outcome.atleast", "unknown key", "one of", "Did you mean 'at_least'?"),
    ("at_least = 0.05", "at_least = 0.05\nbelow = 1", "outcome", "2 thresholds", "one of at_least", ""),
    ("at_least = 0.05", "adjudicated = true", "outcome", "adjudicated beside a rule", "either adjudicated", ""),
    ("at_least = 0.05", "at_least = [0.05]", "outcome.at_least", "[0.05]", "a number above 0", ""),
    ('analyte = "antigen"', 'analyte = "antigne"', "outcome.analyte", "'antigne'", "an analyte of this study (titre, ",
     "Did you mean 'antigen'?"),
    ("tests = 2", "tests = 0", "outcome.confirm.tests", "0", "a whole number of at least 1", ""),
    ("tests = 2", "test = 2", "outcome.confirm.test", "unknown key", "one of", "Did you mean 'tests'?"),
    ("within_weeks = 12, ", "within_weeks = 0, ", "outcome.confirm.within_weeks", "2 tests within 0 weeks",
     "a number above", "Leave it out where the next test confirms"),
    ('"censor"', '"drop"', "outcome.confirm.unconfirmed_at_end", "'drop'", "one of 'relapse', 'censor'", ""),
    ("[0, 12]", "[0, 48]", "prediction.landmark_weeks", "48", "weeks before the horizon (48)", ""),
    ("[0, 12]", "0", "prediction.landmark_weeks", "0", "a list", ""),
    ("[0, 12]", "[0, 0.0]", "prediction.landmark_weeks", "[0, 0.0]", "a list without repetition", ""),
    ("[0, 12]", "[true]", "prediction.landmark_weeks", "[True]", "a number", ""),
    ("horizon_weeks = 48", "horizon_weeks = -1", "prediction.horizon_weeks", "-1", "a number above 0", ""),
    ("horizon_weeks = 48", "horizon_weeks = 2026-01-01", "prediction.horizon_weeks", "datetime.date(2026, 1, 1)",
     "a number above 0", ""),
    ("horizon_weeks = 48", "", "prediction", "no horizon", "one of horizon_weeks = ..., horizon_days", ""),
    ("horizon_weeks = 48", "horizon_weeks = 48\nhorizon_months = 11", "prediction",
     "horizon_weeks and horizon_months together", "one of horizon_weeks", ""),
    ("horizon_weeks = 48", "horizon_months = 0", "prediction.horizon_months", "0", "a number above 0", ""),
    ('kind = "last"', 'kind = "lats"', "predictors.1.kind", "'lats'", "one of 'last', ", ""),
    # A kind goes without saying beside an analyte or a column alone; here neither tells what is computed.
    ('kind = "last"\nanalyte = "titre"', "", "predictors.1", "key 'kind' is missing", "kind = ...", ""),
    ('analyte = "titre"', 'analyte = "titer"', "predictors.1.analyte", "'titer'", "an analyte of this study",
     "Did you mean 'titre'?"),
    ('analyte = "titre"', "", "predictors.1", "key 'analyte' is missing", "analyte = ...", ""),
    ('direction = "down"', 'direction = "up"', "predictors.1.direction", "'up' beside a prior log_odds of -0.8",
     "the same sign", ""),
    ('direction = "down"', 'direction = "sideways"', "predictors.1.direction", "'sideways'", "one of 'up', 'down'", ""),
    ('direction = "down"', 'columns = "x"', "predictors.1.columns", "unknown key", "one of", "Did you mean 'column'?"),
    ('direction = "down"', 'equals = "x"', "predictors.1.equals", "not a key of kind 'last'", "one of", ""),
    # A prior speaks of a step of its predictor; on the wrong scale it would be off by orders of magnitude.
    ('per = "log10"', 'per = "unit"', "predictors.1.prior.per", "'unit'", "'log10' or 'sd'", ""),
    ('per = "log10"', "per = 100", "predictors.1.prior.per", "100.0", "'log10' or 'sd'", ""),
    ('per = "log10"', "per = -1", "predictors.1.prior.per", "-1", "'unit', 'log10', 'sd' or a positive number", ""),
    ("per = 10\n", 'per = "log10"\n', "predictors.2.prior.per", "'log10'", "'unit', 'sd' or a number", ""),
    ("sd = 0.4", "sd = 0", "predictors.1.prior.sd", "0", "a number above 0 and at most 20", ""),
    ("sd = 0.4", "std = 0.4", "predictors.1.prior.std", "unknown key", "one of log_odds, per, sd, source",
     "Did you mean 'sd'?"),
    ("sd = 0.2", "sd = 21", "predictors.2.prior.sd", "21", "a number above 0 and at most 20", ""),
    ('source = "Nobody"', "", "predictors.2.prior", "key 'source' is missing", "source = ...", ""),
    ('source = "Nobody"', 'source = ""', "predictors.2.prior.source", "''", "text", ""),
    ('name = "male"', 'name = "age"', "predictors.3.name", "'age'", "a name used once", ""),
    ('equals = "M"', 'equals = "M"\nlevels = ["F", "M"]', "predictors.3.levels", "'levels' beside 'equals'",
     "one of them", ""),
    ('equals = "M"', 'equals = "M"\nscale = "log10"', "predictors.3.scale", "'scale' beside 'equals'", "one of them",
     ""),
    ('equals = "M"', 'levels = ["F", "M"]\ndirection = "up"', "predictors.3", "a prior or direction beside levels",
     "equals = ..., or no prior", "Write one predictor with equals"),
]  # fmt: skip
# What is missing is said of the table it is missing from, and of two that do not agree the one that can give way.
ELSEWHERE = {
    "analytes.titre": "[analytes.titre]",
    "analytes.titre.scale": 'scale = "log10"',
    "outcome": "[outcome]",
    "outcome.confirm": "confirm = {",
    "prediction": "[prediction]",
    "predictors.1": '[[predictors]]\nname = "last_titre"',
    "predictors.2.prior": "[predictors.prior]",
    "predictors.3": '[[predictors]]\nname = "male"',
}


@pytest.mark.parametrize(("right", "wrong", "key", "found", "expected", "advice"), WRONG)
def test_one_wrong_thing(right, wrong, key, found, expected, advice):
    text = TEXT.replace(right, wrong)
    assert text != TEXT
    problem = next(problem for problem in problems(text) if problem.column == key)
    assert problem.found.startswith(found)
    assert problem.expected.startswith(expected)
    assert problem.advice.startswith(advice)
    assert problem.advice or not advice
    assert problem.counted == "line"


@pytest.mark.parametrize(("right", "wrong", "key"), [case[:3] for case in WRONG])
def test_the_line_is_that_of_the_wrong_thing(right, wrong, key):
    text = TEXT.replace(right, wrong)
    problem = next(problem for problem in problems(text) if problem.column == key)
    if key in ELSEWHERE and ELSEWHERE[key] in text:
        expected = line_number(text, ELSEWHERE[key])
    else:
        changed = next(at for at, (old, new) in enumerate(zip(TEXT, text, strict=False)) if old != new)
        expected = text[:changed].count("\n") + 1
    assert problem.row == expected


@pytest.mark.parametrize(("right", "wrong"), [case[:2] for case in WRONG])
def test_the_end_of_a_line_moves_no_line(right, wrong):
    text = TEXT.replace(right, wrong)
    assert [p.place for p in problems(text)] == [p.place for p in problems(text.replace("\n", "\r\n"))]


def test_all_wrong_things_come_at_once():
    text = TEXT
    for right, wrong in (
        ("registry =", "regsitry ="),
        ("at_least = 0.05", "atleast = 0.05"),
        ("tests = 2", "tests = 0"),
        ("horizon_weeks = 48", "horizon_weeks = -1"),
        ('loinc = ["5193-8"]', "loinc = []"),
        ("sd = 0.4", "sd = 0"),
        ('column = "age_years"', 'column = ""'),
        ('name = "male"', 'name = "age"'),
        ('equals = "M"', "equals = 1"),
    ):
        assert right in text
        text = text.replace(right, wrong)
    found = {problem.column for problem in problems(text)}
    assert found == {
        "study.regsitry", "outcome.atleast", "outcome", "outcome.confirm.tests", "prediction.horizon_weeks",
        "analytes.titre.loinc", "predictors.1.prior.sd", "predictors.2.column", "predictors.3.name",
        "predictors.3.equals",
    }  # fmt: skip


def test_a_name_is_told_to_be_doubled_although_the_first_of_them_is_wrong():
    text = TEXT.replace('kind = "last"', 'kind = "lats"').replace('name = "male"', 'name = "last_titre"')
    assert [problem.column for problem in problems(text)] == ["predictors.1.kind", "predictors.3.name"]


# Without [outcome] it is a study of predictors alone: test_no_outcome.py.
@pytest.mark.parametrize("section", ["study", "prediction", "predictors"])
def test_a_section_that_is_missing(section):
    blocks = TEXT.split("\n\n")
    text = "\n\n".join(block for block in blocks if f"[{section}" not in block)
    assert any(p.found == f"section [{section}] is missing" and p.row is None for p in problems(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "section [study] is missing"),
        (TEXT.replace("[outcome]", "[[outcome]]"), "[{'analyte'"),
        (TEXT.replace("[prediction]", "[[prediction]]"), "[{'landmark_weeks'"),
        (TEXT.replace("[analytes.titre]", "[[analytes]]").replace("[analytes.antigen]", "[[analytes]]"), "[{'unit'"),
        ("predictors = 3\n" + TEXT.split("[[predictors]]")[0], "3"),
        ("predictors = [1]\n" + TEXT.split("[[predictors]]")[0], "1"),
        ("predictors = []\n" + TEXT.split("[[predictors]]")[0], "[]"),
        ('study = "x"\n' + TEXT.split("\n\n", 1)[1], "'x'"),
        (TEXT.replace("confirm = {", "confirm = 2 #"), "2"),
        (TEXT.replace("prior = {", "prior = -0.8 #"), "-0.8"),
        (TEXT.replace("[analytes.antigen]\n", "[analytes]\nantigen = 1\n[other]\n"), "1"),
    ],
)
def test_a_thing_of_another_shape_is_refused_in_words(text, found):
    assert any(problem.found.startswith(found) for problem in problems(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[study", "not TOML: "),
        (TEXT + '\n[study]\nname = "again"', "not TOML: Cannot declare ('study',) twice (at line"),
        (TEXT.replace("protocol = 1", "protocol = "), "not TOML: Invalid value (at line 3, column"),
        (TEXT.replace("protocol = 1", "protocol = 1\nprotocol = 1"), "not TOML: Cannot overwrite a value (at line 4"),
        (TEXT.replace("48", "4" * 5000), "not TOML: "),  # more digits than Python will read
    ],
)
def test_what_is_no_toml(text, found):
    (problem,) = problems(text)
    assert problem.found.startswith(found)
    assert problem.expected == "a TOML file"


def test_a_study_beyond_every_limit_is_refused_before_it_is_parsed():
    beyond = {
        "more than 32 brackets": TEXT.replace("48", "[" * 5000 + "]" * 5000),
        "letters, more than": TEXT + "#\n" * 600_000,
        "a name of more than 32 parts in line": TEXT + ".".join("a" * 40) + " = 1\n",
        "of more than 20,000 letters": TEXT + "." * 20_001,
        "more than 10,000 keys": TEXT + "".join(f"k{number} = 1\n" for number in range(10_001)),
    }
    for found, text in beyond.items():
        (problem,) = problems(text)
        assert found in problem.found


def test_a_thousand_wrong_keys_are_all_found_each_at_its_line():
    """Each line was once looked for by reading the whole text again: 1,600 of them took half a minute."""
    wrong = [f"wrong_{number} = 1" for number in range(1600)]
    began = process_time()
    found = problems(TEXT + "\n".join(wrong) + "\n")
    assert process_time() - began < 2
    assert [problem.row for problem in found] == [TEXT.count("\n") + 1 + number for number in range(1600)]


def test_an_adjudicated_outcome_needs_no_rule():
    text = TEXT.replace('analyte = "antigen"\nat_least = 0.05\n', "adjudicated = true\n")
    assert parse_study(text, "x").outcome.analyte is None


def test_below_instead_of_at_least():
    rule = parse_study(TEXT.replace("at_least", "below"), "x").outcome
    assert (rule.at_least, rule.below) == (None, 0.05)


def test_dotted_keys_and_tables_below_predictors_are_understood_and_found():
    text = TEXT.replace("confirm = { tests = 2, within_weeks = 12, unconfirmed_at_end = \"censor\" }",
                        "confirm.tests = 2\nconfirm.within_weeks = -1")  # fmt: skip
    (problem, *_) = problems(text)
    assert (problem.column, problem.row) == ("outcome.confirm.within_weeks", line_number(text, "confirm.within_weeks"))


CRITERIA = """
[[eligibility.include]]
id = "I1"
text = "Adults"
column = "age_years"
between = [18, 60]

[[eligibility.exclude]]
id = "E1"
text = "Treated before"
agents = ["hbig"]
ever = true

[laboratory]
dash = "negative"
below_limit_detected = "no"

[passive_antibody]
analyte = "titre"
agents = ["hbig"]
half_life_days = { median = 20, cv = 0.3, source = "a" }
volume_litres = { median = 5, cv = 0.3, source = "b" }
absorption_per_day = { median = 0.5, cv = 0.3, source = "c" }
error_sd_log10 = 0.1
error_source = "d"
"""


def test_sections_that_may_be_left_out():
    study = parse_study(TEXT + CRITERIA, "x")
    (adults,), (treated,) = study.eligibility.include, study.eligibility.exclude
    assert (adults.id, adults.column, adults.between) == ("I1", "age_years", (18.0, 60.0))
    assert (treated.agents, treated.ever) == (("hbig",), True)
    assert (study.laboratory.dash, study.laboratory.below_limit_detected) == ("negative", False)
    assert study.passive_antibody.half_life_days.median == 20
    without = parse_study(TEXT, "x")
    assert (without.eligibility.include, without.passive_antibody) == ((), None)
    assert (without.laboratory.dash, without.laboratory.below_limit_detected) == ("refuse", None)


@pytest.mark.parametrize(
    ("right", "wrong", "place", "found"),
    [
        ("[[eligibility.include]]", "[[eligibility.includes]]", "eligibility.includes", "unknown key"),
        ("[18, 60]", "[60, 18]", "eligibility.include.1.between", "[60, 18]"),
        ("[18, 60]", "[18]", "eligibility.include.1.between", "[18]"),
        ('text = "Adults"', "", "eligibility.include.1", "key 'text' is missing"),
        ('column = "age_years"\nbetween', 'colum = "age_years"\nbetween', "eligibility.include.1.colum", "unknown key"),
        ('id = "E1"', 'id = "I1"', "eligibility.exclude.1.id", "'I1'"),
        ("ever = true", 'ever = "yes"', "eligibility.exclude.1.ever", "'yes'"),
        ('dash = "negative"', 'dash = "keep"', "laboratory.dash", "'keep'"),
        ('detected = "no"', "detected = false", "laboratory.below_limit_detected", "False"),
        ('analyte = "titre"\nagents', 'analyte = "titer"\nagents', "passive_antibody.analyte", "'titer'"),
        ("median = 20", "median = 0", "passive_antibody.half_life_days.median", "0"),
        ("error_sd_log10 = 0.1", "error_sd = 0.1", "passive_antibody.error_sd", "unknown key"),
    ],
)
def test_one_wrong_thing_in_a_section_that_may_be_left_out(right, wrong, place, found):
    whole = TEXT + CRITERIA
    assert whole.count(right) == 1
    text = whole.replace(right, wrong)
    problem = next(problem for problem in problems(text) if problem.column == place)
    assert problem.found.startswith(found)
    if place != "eligibility.include.1":
        changed = next(at for at, (old, new) in enumerate(zip(whole, text, strict=False)) if old != new)
        assert problem.row == text[:changed].count("\n") + 1
    else:
        assert problem.row == line_number(text, "[[eligibility.include]]")


LETTERS = st.sampled_from(list("[]{}=\",.'#\n\\ -0a1e_\t\r\x00é\u2028"))


@settings(deadline=None, max_examples=150)
@given(st.integers(0, len(TEXT)), st.text(LETTERS, max_size=4), st.integers(0, 12))
@example(TEXT.index('le"\nkind = "column"'), "", 12)
def test_a_spoilt_file_is_read_or_refused_and_nothing_else(at, insert, cut):
    text = TEXT[:at] + insert + TEXT[at + cut :]
    lines = text.count("\n") + 1
    try:
        study = parse_study(text, "own.toml")
    except StudyError as error:
        found = error.problems
    else:
        found = ()
        # A cut can make a shorthand: `name = "macolumn"`, without a kind, is of the kind "column". Then the study is
        # written out in full, and is the same study when it is read again.
        assert study.text == text or study.text.startswith(HEAD)
        assert parse_study(study.text, "again.toml") == study
        assert study.predictors
    assert all(problem.found and problem.expected for problem in found)
    assert all(problem.row is None or 1 <= problem.row <= lines for problem in found)
