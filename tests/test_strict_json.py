"""JSON that is not yet believed: what the standard library forgives is refused here."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import ModelFileError
from relapse_model.files import strict_json

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
)


@settings(deadline=None, max_examples=40)
@given(value=VALUES, finite=st.booleans())
def test_what_is_strict_comes_back(value, finite):
    assert strict_json(json.dumps(value).encode(), "x", finite=finite) == value


def test_a_key_that_stands_twice_is_named():
    with pytest.raises(ModelFileError, match="a key is given twice: 'sex'"):
        strict_json(b'{"age": 1, "sex": {"sex": 1, "sex": 2}}', "x")


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"NaN", b"[Infinity]", b"[-Infinity]", b'{"a": 1, "a": 2}', b'[{"b": {"a": 1, "a": 1}}]', b"\xff",
     b"1 2", b"\xef\xbb\xbf{}", b"'a'", b"[1,]", b"// x\n1", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000],
)  # fmt: skip
def test_what_is_not_is_refused_by_the_name_of_its_part(text):
    with pytest.raises(ModelFileError, match=r"^part\.json: not strict JSON"):
        strict_json(text, "part.json")


def test_a_number_beyond_64_bits_is_refused_where_that_is_asked():
    assert strict_json(b"[1e999]", "x") == [float("inf")]
    with pytest.raises(ModelFileError, match="a number too large"):
        strict_json(b"[1e999]", "x", finite=True)
