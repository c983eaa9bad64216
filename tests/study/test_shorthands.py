"""Shorthands of a study file: each means what its long form does, and what is doubtful is refused."""

from __future__ import annotations

import tomllib

import pytest

from relapse_model.errors import StudyError
from relapse_model.study.reader import parse_study

HEAD = '[study]\nprotocol = 1\nname = "x"\n[outcome]\nadjudicated = true\n[prediction]\nhorizon_weeks = 52\n'


def study(text, head=HEAD):
    return parse_study(head + text, "own.toml")


def refused(text, head=HEAD):
    with pytest.raises(StudyError) as caught:
        study(text, head)
    return [(one.row, one.column, one.found) for one in caught.value.problems]


def test_one_entry_for_several_columns():
    short = study('[[predictors]]\ncolumn = ["age_years", "bmi_kg_m2"]\ndirection = "up"\n')
    long = study(
        "".join(
            f'[[predictors]]\nname = "{name}"\nkind = "column"\ncolumn = "{name}"\ndirection = "up"\n'
            for name in ("age_years", "bmi_kg_m2")
        )
    )
    assert short.predictors == long.predictors
    assert "[[predictors]]" in short.text


def test_a_line_for_each_predictor():
    short = study(
        '[predictors]\nage = { column = "age_years", unit = "years" }\nmale = { column = "sex", equals = "M" }\n'
    )
    assert [(one.name, one.kind, one.column, one.equals) for one in short.predictors] == [
        ("age", "column", "age_years", None),
        ("male", "column", "sex", "M"),
    ]


def test_an_analyte_is_written_once():
    short = study('[predictors]\nalbumin = { unit = "g/dL", direction = "down" }\nalt = {}\n')
    albumin, alt = short.predictors
    assert (albumin.kind, albumin.analyte, albumin.unit, albumin.label) == ("last", "albumin", "g/dL", "Albumin")
    assert (albumin.direction, albumin.label_zh) == ("down", "白蛋白")
    assert (alt.unit, alt.scale) == ("U/L", "log10")
    assert short.analytes["albumin"].unit == "g/dL"
    assert short.analytes["alt"].loinc == ("1742-6",)


def test_several_analytes_and_other_kinds():
    short = study(
        '[[predictors]]\nanalyte = ["alp", "ggt"]\nkind = "maximum"\n'
        '[[predictors]]\nname = "albumin_slope"\nkind = "slope"\nanalyte = "albumin"\n'
        '[[predictors]]\nname = "cd4"\nkind = "mean"\n'
    )
    assert [(one.name, one.kind, one.analyte) for one in short.predictors] == [
        ("alp", "maximum", "alp"), ("ggt", "maximum", "ggt"), ("albumin_slope", "slope", "albumin"),
        ("cd4", "mean", "cd4"),
    ]  # fmt: skip
    assert [one.label for one in short.predictors] == ["alp", "ggt", "albumin slope", "cd4"]


def test_the_scale_and_limit_of_an_analyte_stand_beside_its_predictor():
    short = study('[predictors]\ninr = { scale = "log10", lower_limit = 0.1 }\n')
    assert (short.analytes["inr"].scale, short.analytes["inr"].lower_limit) == ("log10", 0.1)
    assert short.predictors[0].scale == "log10"


def test_an_analyte_that_is_declared_is_as_it_is_declared():
    """The study's own word wins, and a study of an earlier version means what it meant."""
    text = '[analytes.albumin]\nunit = "g/dL"\n[[predictors]]\nname = "albumin"\nkind = "last"\nanalyte = "albumin"\n'
    whole = study(text)
    assert whole.analytes["albumin"].label == "albumin"
    assert (whole.analytes["albumin"].synonyms, whole.predictors[0].label) == ((), "albumin")
    assert whole.text == HEAD + text


def test_an_analyte_of_the_library_with_differences():
    short = study('[analytes.tb]\nlibrary = "bilirubin"\nunit = "mg/dL"\nlower_limit = 0.1\n[predictors]\ntb = {}\n')
    tb = short.analytes["tb"]
    assert (tb.unit, tb.lower_limit, tb.loinc) == ("mg/dL", 0.1, ("1975-2", "14631-6"))
    assert tb.units["umol/L"] == pytest.approx(1 / 17.1)
    assert refused('[analytes.tb]\nlibrary = "bile"\nunit = "g/L"\n[predictors]\ntb = {}\n') == [
        (9, "analytes.tb.library", "'bile'")
    ]


def test_a_name_that_the_study_gives_to_something_else_is_not_the_librarys():
    short = study(
        '[analytes.tbil]\nunit = "U"\n[other_analytes]\nfraction = ["total bilirubin"]\n'
        "[predictors]\nbilirubin = {}\ntbil = {}\n"
    )
    assert "TBIL" not in short.analytes["bilirubin"].synonyms
    assert "total bilirubin" not in short.analytes["bilirubin"].synonyms
    assert "总胆红素" in short.analytes["bilirubin"].synonyms


def test_what_is_stored_needs_neither_library_nor_rule():
    short = study(
        '[predictors]\nalt = { prior = { odds_ratio = 2.0, ci = [1.0, 4.0], per = "log10", source = "x" } }\n'
        'age = { column = "age_years" }\n'
    )
    raw = tomllib.loads(short.text)
    assert [one["kind"] for one in raw["predictors"]] == ["last", "column"]
    assert raw["analytes"]["alt"]["unit"] == "U/L"
    assert set(raw["predictors"][0]["prior"]) == {"log_odds", "sd", "per", "source"}
    again = parse_study(short.text, "again")
    assert (again, again.text) == (short, short.text)


# A number of a library analyte has a unit that the library may not share with whoever wrote it.
NEEDS_UNIT = [
    ('[predictors]\nbilirubin = { prior = { log_odds = 1, sd = 1, per = "unit", source = "x" } }\n',
     "predictors.bilirubin.prior"),
    ("[predictors]\nbilirubin = { cap = 2 }\n", "predictors.bilirubin.cap"),
    ("[predictors]\nbilirubin = { typical = 1 }\n", "predictors.bilirubin.typical"),
    ('[[predictors]]\nname = "high"\nkind = "weeks_at_least"\nanalyte = "bilirubin"\nat_least = 2\n',
     "predictors.1.at_least"),
    ('[predictors]\nbilirubin = {}\n[[eligibility.include]]\nid = "I"\ntext = "t"\nanalyte = "bilirubin"\n'
     "at_most = 2\n", "eligibility.include.1.at_most"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column"), NEEDS_UNIT)
def test_a_number_without_a_unit_is_refused(text, column):
    assert (column, "a number of 'bilirubin', whose unit is not stated") in [one[1:] for one in refused(text)]
    with_unit = '[analytes.bilirubin]\nlibrary = "bilirubin"\nunit = "mg/dL"\n'
    if "per =" not in text:  # per unit of a logarithm is refused for another reason
        assert study(with_unit + text).analytes["bilirubin"].unit == "mg/dL"


def test_the_threshold_of_an_outcome_states_its_unit():
    head = HEAD.replace("adjudicated = true", 'analyte = "bilirubin"\nat_least = 2\nunit = "mg/dL"')
    rule = study("[predictors]\nalt = {}\n", head)
    assert (rule.analytes["bilirubin"].unit, rule.outcome.at_least) == ("mg/dL", 2.0)
    (found,) = refused("[predictors]\nalt = {}\n", head.replace('unit = "mg/dL"\n', ""))
    assert found[1:] == ("outcome.at_least", "a number of 'bilirubin', whose unit is not stated")
    declared = '[analytes.bilirubin]\nunit = "umol/L"\n[predictors]\nalt = {}\n'
    (found,) = refused(declared, head)
    assert found[1:] == ("outcome.unit", "'mg/dL'")


def test_two_units_of_one_analyte_are_refused():
    text = (
        '[[predictors]]\nname = "a"\nanalyte = "albumin"\nunit = "g/dL"\n'
        '[[predictors]]\nname = "b"\nkind = "first"\nanalyte = "albumin"\nunit = "g/L"\n'
    )
    assert refused(text) == [(16, "predictors.2.unit", "'g/L', and 'g/dL' elsewhere")]


@pytest.mark.parametrize(
    ("text", "column", "found"),
    [
        ("[[predictors]]\ncolumn = []\n", "predictors.1.column", "[]"),
        ('[[predictors]]\ncolumn = ["a", "a"]\n', "predictors.1.column", "['a', 'a']"),
        ('[[predictors]]\ncolumn = ["a", 3]\n', "predictors.1.column", "['a', 3]"),
        ('[[predictors]]\nname = "n"\ncolumn = ["a", "b"]\n', "predictors.1.name", "'name' of 2 predictors"),
        ('[[predictors]]\nlabel = "n"\ncolumn = ["a", "b"]\n', "predictors.1.label", "'label' of 2 predictors"),
        ('[predictors]\nalbumin = { unit = "mmol/L" }\n', "predictors.albumin.unit", "'mmol/L'"),
        ('[predictors]\ninr = { scale = "log10" }\n', "predictors.inr.analyte", "no lower_limit"),
        ("[predictors]\nalbumni = {}\n", "predictors.albumni", "key 'kind' is missing"),
        ('[predictors]\nage = { column = "age_years", colour = 1 }\n', "predictors.age.colour", "unknown key"),
        ('[predictors]\nage = "age_years"\n', "predictors", "{'age': 'age_years'}"),
        ('[[predictors]]\ncolumn = ["a", "b"]\nkind = "lats"\n', "predictors.1.kind", "'lats'"),
    ],
)  # fmt: skip
def test_shorthands_that_are_refused(text, column, found):
    problems = refused(text)
    assert (column, found) in [one[1:] for one in problems], problems


def test_a_problem_of_a_list_stands_on_the_line_of_the_list():
    """The third predictor, though it is the second entry of the file."""
    text = '[[predictors]]\ncolumn = ["a", "b"]\n\n[[predictors]]\ncolumn = "c"\ndirection = "sideways"\n'
    assert refused(text) == [(13, "predictors.2.direction", "'sideways'")]


@pytest.mark.parametrize("kind", ["{ a = 1 }", "[]", "3"])
def test_a_kind_that_is_no_text_is_refused_by_its_key(kind):
    """An inline table for a kind cannot be looked up in any table of kinds."""
    with pytest.raises(StudyError, match=r"line 10, key 'predictors.1.kind': .* expected one of 'last'"):
        parse_study(f'{HEAD}[[predictors]]\nname = "alt"\nkind = {kind}\n', "x.toml")
