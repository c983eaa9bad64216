"""Forms of one identifier meet; what somebody can tell apart stays apart."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.cohort.tables.identifiers import identifier_key, identifier_keys, same_identifier


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zo\xeb-1", "Zoe\u0308-1"),  # composed, decomposed
        ("P001", "Ｐ００１"),  # full width
        ("ｶﾞ1", "ガ1"),  # half width
        ("P 001", "P\xa0001"),  # non-breaking space
        ("P 001", "P\u3000001"),  # ideographic space
        ("P001", "P\u200b001"),  # zero width
        ("P001", "\ufeffP001\u200e"),  # byte order mark, mark of direction
        ("P001", " P001 "),
    ],
)
def test_forms_of_one_identifier_are_one(one, other):
    assert identifier_key(one) == identifier_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("P2", "P²"), ("P1", "P①"), ("p1", "P1"), ("P1", "P01"), ("张1", "張1"), ("P 1", "P1")]
)
def test_what_can_be_told_apart_stays_apart(one, other):
    assert identifier_key(one) != identifier_key(other)


@given(st.text())
def test_a_key_is_its_own_key_whatever_the_form(text):
    key = identifier_key(text)
    assert identifier_key(key) == key
    assert identifier_key(unicodedata.normalize("NFD", text)) == key


def test_a_column_is_levelled_as_its_cells_are():
    texts = pd.Series(["P1", "Ｐ１", "", "P1"], index=[3, 4, 5, 6])
    found = identifier_keys(texts)
    assert (found.tolist(), found.index.tolist()) == (["P1", "P1", "", "P1"], [3, 4, 5, 6])
    assert identifier_keys(pd.Series([], dtype=object)).tolist() == []
    assert same_identifier("x", ["y"]) == []
