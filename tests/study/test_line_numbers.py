"""Where a key stands: every way of TOML to write it."""

from __future__ import annotations

import tomllib

import pytest

from relapse_model.study.line_numbers import line_of

TEXT = '''top = 1
[study]              # a comment
name = "x"
'quoted' = 2
"quoted too" = 3

[ analytes . alt ]
unit = "U/L"
units = { "IU/L" = 1.0, "a b" = 2.0 }
loinc = [
  "1742-6",
  "1743-4",
]
[analytes."anti.hbs"]
label = "anti"

[outcome]
confirm.tests = 2
note = """
[predictors]
name = "not a key"
"""
after = true

[[predictors]]
name = "first"
prior = { log_odds = 1, sd = 2 }
[[predictors]] # second
name = "second"
[predictors.prior]
sd = 3
[[predictors.steps]]
at = 1
[[predictors.steps]]
at = 2
[[predictors]]
  name = "third"
  prior.sd = 4
'''

PLACES = [
    (("top",), 1),
    (("study",), 2),
    (("study", "name"), 3),
    (("study", "quoted"), 4),
    (("study", "quoted too"), 5),
    (("analytes",), 7),  # a table that is only implied begins with the first in it
    (("analytes", "alt"), 7),
    (("analytes", "alt", "unit"), 8),
    (("analytes", "alt", "units"), 9),
    (("analytes", "alt", "units", "IU/L"), 9),
    (("analytes", "alt", "units", "a b"), 9),
    (("analytes", "alt", "loinc"), 10),
    (("analytes", "anti.hbs"), 14),
    (("analytes", "anti.hbs", "label"), 15),
    (("outcome", "confirm"), 18),
    (("outcome", "confirm", "tests"), 18),
    (("outcome", "note"), 19),
    (("outcome", "after"), 23),
    (("predictors",), 25),
    (("predictors", 0), 25),
    (("predictors", 0, "name"), 26),
    (("predictors", 0, "prior", "sd"), 27),
    (("predictors", 1), 28),
    (("predictors", 1, "name"), 29),
    (("predictors", 1, "prior"), 30),
    (("predictors", 1, "prior", "sd"), 31),
    (("predictors", 1, "steps", 0, "at"), 33),
    (("predictors", 1, "steps", 1, "at"), 35),
    (("predictors", 2), 36),
    (("predictors", 2, "name"), 37),
    (("predictors", 2, "prior", "sd"), 38),
]


@pytest.mark.parametrize(("path", "line"), PLACES)
def test_a_key_is_found_where_it_stands(path, line):
    value = tomllib.loads(TEXT)
    for part in path:  # the table above has keys that are there
        value = value[part]
    assert line_of(TEXT, path) == line
    assert line_of(TEXT.replace("\n", "\r\n"), path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("study", "missing"), 2),  # its table
        (("predictors", 1, "missing"), 28),
        (("predictors", 1, "prior", "missing"), 30),
        (("predictors", 0, "prior", "missing"), 27),
        (("outcome", "confirm", "missing"), 18),
        (("nowhere", "at all"), None),
        ((), None),
    ],
)
def test_what_is_not_there_is_looked_for_in_its_table(path, line):
    assert line_of(TEXT, path) == line


def test_an_array_of_tables_written_on_one_line_is_found_by_its_name():
    text = 'a = 1\npredictors = [ { name = "x" }, { name = "y" } ]\n'
    assert line_of(text, ("predictors", 1, "name")) == 2


def test_lines_are_counted_as_an_editor_counts_them():
    # A line separator inside a text (as copied from a web page) ends no line in TOML, nor in an editor.
    text = 'a = "x\u2028y\u0085z"\nb = 1\n'
    assert tomllib.loads(text)["b"] == 1
    assert line_of(text, ("b",)) == 2
