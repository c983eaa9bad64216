"""JSON parts: exact on the way out, suspicious on the way in."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.classifiers.shared.saved_parts import (
    Document,
    check_covariance,
    read_document,
    read_part,
    write_document,
)
from relapse_model.errors import ModelFileError

FORM = "example"


def read(text):
    return read_document({"example.json": text if isinstance(text, bytes) else text.encode()}, "example.json", FORM)


def document(**values):
    return Document("example.json", values)


@given(st.lists(st.floats(-1e60, 1e60), min_size=1, max_size=20))
def test_numbers_come_back_bit_for_bit(numbers):
    values = np.array(numbers)
    found = read(write_document(FORM, {"values": values})).array("values", values.shape)
    assert found.tobytes() == values.tobytes()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.array([1.0, np.nan])])
def test_numbers_that_are_not_finite_are_not_written(value):
    with pytest.raises(ModelFileError, match="not finite"):
        write_document(FORM, {"value": value})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"format":"example","version":1,"x":NaN}',
        '{"format":"example","version":1,"x":-Infinity}',
        '{"format":"example","version":1,"x":1,"x":2}',
        b"\xff\xfe",
        "[" * 100_000,
        '{"format":"example","version":1,"x":' + "9" * 5000 + "}",  # Python refuses so long a whole number
    ],
)
def test_what_is_not_strict_json_is_refused(text):
    with pytest.raises(ModelFileError, match=r"example\.json: not strict JSON"):
        read(text)


@pytest.mark.parametrize(
    "text", ["[]", "1", "{}", '{"format":"example","version":2}', '{"format":"other","version":1}']
)
def test_other_formats_and_versions_are_refused(text):
    with pytest.raises(ModelFileError, match="not a part of format 'example', version 1"):
        read(text)


def test_a_missing_part_is_named_with_those_that_came():
    with pytest.raises(ModelFileError, match=r"'b' is missing; came: \['a'\]"):
        read_part({"a": b""}, "b")


@pytest.mark.parametrize("value", ["1", None, True, [1], math.nan, 1e61, 10**400, -1, 11])
def test_a_number_must_be_one(value):
    with pytest.raises(ModelFileError, match=r"example\.json, 'x'.*from 0 to 10"):
        document(x=value).number("x", 0, 10)


@pytest.mark.parametrize("value", ["1", None, True, 1.0, -1, 11])
def test_an_integer_must_be_one(value):
    with pytest.raises(ModelFileError, match="whole number from 0 to 10"):
        document(x=value).integer("x", 0, 10)


@pytest.mark.parametrize("value", [[], "12", [1, "2"], [True], [None], [-1.0], [10**400]])
def test_a_list_of_numbers_must_be_one(value):
    with pytest.raises(ModelFileError, match="'x'"):
        document(x=value).numbers("x", low=0.0)


@pytest.mark.parametrize("value", [[], [1.0], [True], [3], ["1"], None])
def test_a_list_of_integers_must_be_one(value):
    with pytest.raises(ModelFileError, match="'x'"):
        document(x=value).integers("x", -1, 1)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        [1.0],
        [[1.0, 2.0]],
        [[1.0], [2.0, 3.0]],
        [["1"], ["2"]],
        [[True], [False]],
        [[1e61], [0.0]],
        [[10**400], [0]],
    ],
)
def test_an_array_must_have_its_shape(value):
    with pytest.raises(ModelFileError, match="'x'"):
        document(x=value).array("x", (2, 1))


def test_what_is_right_is_handed_out():
    found = document(n=2, x=1, xs=[1, 2.5], ks=[-1, 0], a=[[1], [2.5]], e=[])
    assert (found.integer("n", 0, 2), found.number("x")) == (2, 1.0)
    assert (found.numbers("xs"), found.integers("ks", -1, 1)) == ((1.0, 2.5), (-1, 0))
    assert found.array("a", (2, 1)).tolist() == [[1.0], [2.5]]
    assert found.array("e", (0,)).dtype == np.float64


def test_a_missing_entry_is_named():
    with pytest.raises(ModelFileError, match=r"'x'.*present"):
        document().number("x")


@given(st.integers(1, 5), st.integers(0, 2**32))
def test_covariances_of_any_units_are_accepted(size, seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size + 1)) * np.geomspace(1e-20, 1e20, size)[:, None]
    covariance = root @ root.T
    check_covariance(document(), "covariance", (covariance + covariance.T) / 2)


@pytest.mark.parametrize(
    "matrix",
    [
        [[0.0, 0.0], [0.0, 1.0]],
        [[-1.0, 0.0], [0.0, 1.0]],
        [[1.0, 0.5], [0.4, 1.0]],
        [[1.0, 1.1], [1.1, 1.0]],
        [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]],  # each pair possible, all three not
    ],
)
def test_what_is_no_covariance_is_refused(matrix):
    with pytest.raises(ModelFileError, match="'covariance'"):
        check_covariance(document(), "covariance", np.array(matrix))


def test_the_text_is_plain_json():
    text = write_document(FORM, {"name": "抗体", "count": np.int64(3), "flag": np.bool_(True)})
    assert json.loads(text) == {"format": FORM, "version": 1, "name": "抗体", "count": 3, "flag": True}
