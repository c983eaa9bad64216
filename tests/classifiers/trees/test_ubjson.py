"""The strict UBJSON reader: bytes by hand, xgboost's own files, and garbage."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.classifiers.trees.ubjson import read_ubjson
from relapse_model.errors import ModelFileError


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"U\x07", 7),
        (b"i\xff", -1),
        (b"I\x01\x00", 256),  # big-endian
        (b"l\x00\x00\x01\x00", 256),
        (b"L" + bytes(7) + b"\x02", 2),
        (b"d" + struct.pack(">f", 0.5), 0.5),
        (b"D" + struct.pack(">d", 0.1), 0.1),
        (b"SU\x02ab", "ab"),
        (b"T", True),
        (b"F", False),
        (b"Z", None),
        (b"{}", {}),
        (b"{U\x01aU\x01U\x01bT}", {"a": 1, "b": True}),
        (b"[#U\x02U\x01SU\x00", [1, ""]),
        (b"[#U\x00", []),
    ],
)
def test_values_by_hand(data, value):
    assert read_ubjson(data, "x") == value


def test_a_typed_array_by_hand():
    found = read_ubjson(b"[$I#U\x02\x00\x01\xff\xff", "x")
    assert found.tolist() == [1, -1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"N",  # no-operation: allowed by the standard, never written by xgboost
        b"U",
        b"U\x01\x00",
        b"SU\x05ab",
        b"SU\x01\xff",
        b"Si\xff",
        b"Sd\x00\x00\x00\x00",
        b"{U\x01aU\x01",
        b"{U\x01aTU\x01aF}",
        b"[U\x01]",
        b"[#U\xff",
        b"[#L\x7f" + b"\xff" * 7,
        b"[$d#L\x7f" + b"\xff" * 7,
        b"[$S#U\x00",
        b"[$U\x00",
        b"[#U\x01" * 40 + b"Z",
    ],
)
def test_everything_else_is_refused(data):
    with pytest.raises(ModelFileError, match="x, byte"):
        read_ubjson(data, "x")


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(data):
    try:
        read_ubjson(data, "x")
    except ModelFileError:
        return


def plain(value):
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def as_single_precision(value):
    if isinstance(value, dict):
        return {key: as_single_precision(child) for key, child in value.items()}
    if isinstance(value, list):
        return [as_single_precision(child) for child in value]
    return float(np.float32(value)) if isinstance(value, float) else value


def test_xgboost_says_the_same_in_json():
    X = np.random.default_rng(0).normal(size=(60, 3))
    data = xgboost.DMatrix(X, label=X[:, 0] > 0, nthread=1)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2, "nthread": 1}, data, num_boost_round=5)
    binary = plain(read_ubjson(bytes(booster.save_raw("ubj")), "x"))
    assert binary == as_single_precision(json.loads(booster.save_raw("json")))
