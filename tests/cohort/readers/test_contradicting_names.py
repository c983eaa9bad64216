"""A column that is called by the name of one analyte or agent is not read as another."""

from __future__ import annotations

import pytest
from redcap_projects import built_in

from relapse_model.cohort.readers.contradicting_names import name_clashes
from relapse_model.cohort.readers.mapping_file import parse_mapping

HEAD = '[mapping]\nprotocol = 1\nkind = "excel"\n[patients]\nid = "id"\n'


def clashes(analyte, column, **labels):
    text = f'[[labs]]\nanalyte = "{analyte}"\nvalue = "{column}"\ndate = "d"\n'
    found = name_clashes(parse_mapping(HEAD + text), built_in(), labels)
    return [(one.column, one.found, one.expected) for one in found]


@pytest.mark.parametrize("column", ["ALT", "alt_u_l", "W{visit} ALT (U/L)", "谷丙转氨酶", "ALT_w{visit}", "alt result"])
def test_alt_is_not_read_as_ast(column):
    ((place, found, expected),) = clashes("ast", column)
    assert (place, expected) == ("labs.1.value", "a column of 'ast'")
    assert found == f"{column!r}, by its name or label 'alt'"
    assert clashes("alt", column) == clashes("ALT", column) == []


def test_a_label_speaks_where_the_name_does_not():
    assert len(clashes("ast", "lab_7", lab_7=("ALT (U/L)", ""))) == 1
    assert clashes("alt", "lab_7", lab_7=("ALT (U/L)", "")) == []
    for read in ("ast", "alt"):  # name and label differ, and nothing says which of them is wrong: neither is read
        assert len(clashes(read, "ast", ast=("ALT (U/L)", ""))) == 1


@pytest.mark.parametrize("column", ["result", "ALT/AST", "HBsAg or anti-HBs", "x1", "{visit}"])
def test_a_name_that_says_more_or_nothing_contradicts_nothing(column):
    assert clashes("ast", column) == clashes("of_ones_own", "ALT") == []


def test_courses_too():
    entry = '[[treatments]]\nagent = "pegifn"\nstart = "hbig_date"\ndose = "hbig_dose"\n'
    found = list(name_clashes(parse_mapping(HEAD + entry), built_in(), {}))
    assert [one.column for one in found] == ["treatments.1.start", "treatments.1.dose"]
    assert list(name_clashes(parse_mapping(HEAD + entry.replace("pegifn", "hbig")), built_in(), {})) == []
