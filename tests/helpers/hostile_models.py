"""Model files forged at random, from a seed: archives, JSON, matrices, trees, inner archives, what they tell."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import json
import lzma
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from small_model import PART, forged, small_model

from relapse_model.model.file.archive import pack, unpack

Dice = random.Random
Parts = dict[str, bytes]
ODD = (
    None, True, -1, 1.5, 1e308, 10**40, "", "x", "a" * 100_000, [], {}, [None], [[]], {"x": 1}, {"": None}, [1e308] * 9,
    "\u202e", "{{ 7*7 }}",
)  # fmt: skip
SKOPS, BOOSTER = "classifier/pipeline.skops", "classifier/booster.ubj"


def sound_models(folder: Path) -> dict[str, bytes]:
    """Return the bytes of three small models."""
    names = ("prior_logistic", "ridge_logistic", "boosted_trees")
    for name in names:
        small_model(name).save(folder / f"{name}.rmodel")
    return {name: (folder / f"{name}.rmodel").read_bytes() for name in names}


def hostile_models(sound: dict[str, bytes], dice: Dice) -> Iterator[tuple[str, bytes]]:
    """Yield a name and the bytes of each file."""
    parts = {name: unpack(data, name) for name, data in sound.items()}
    makers: list[tuple[Callable[..., bytes], int]] = [
        (an_archive, 20), (a_nested_part, 12), (many_keys_or_values, 10), (a_matrix, 12), (a_tree, 14), (a_ubjson, 10),
        (an_inner_archive, 12), (a_summary, 12), (coefficients, 6), (a_week, 6),
    ]  # fmt: skip
    for make, times in makers:
        for number in range(times):
            yield f"{make.__name__}_{number:02d}", make(sound if make is an_archive else parts, dice, number)


def an_archive(sound: dict[str, bytes], dice: Dice, number: int) -> bytes:
    data = sound[dice.choice(sorted(sound))]
    inside = unpack(data, "x")
    made: list[Callable[[], bytes]] = [
        lambda: data[: dice.randrange(len(data))],
        lambda: _flipped(data, dice, 1),
        lambda: _flipped(data, dice, 200),
        lambda: data + dice.randbytes(1000),
        lambda: dice.randbytes(50) + data,
        lambda: data[:-22] + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0),
        lambda: _sized(data, dice),
        lambda: gzip.compress(data),
        lambda: b"",
        lambda: pack(inside | {f"classifier/{n}.json": b"{}" for n in range(400)}),
        lambda: pack(inside | {"classifier/zeros.bin": bytes(2**26)}),
        lambda: pack(inside | {"classifier/noise.bin": bytes(2**20) + dice.randbytes(2**20)}),
        lambda: _zip(inside, zipfile.ZIP_STORED),
        lambda: _zip(inside, zipfile.ZIP_LZMA),
        lambda: _zip(inside | {"../../x": b"1"}, zipfile.ZIP_DEFLATED),
        lambda: _zip(inside | {"manifest.json/": b""}, zipfile.ZIP_DEFLATED),
        lambda: b"PK\3\4" + bytes(2**20),
        lambda: b"PK\5\6" * 200_000,
        lambda: dice.randbytes(2**20),
        lambda: data * 20,
    ]
    return made[number % len(made)]()


def a_nested_part(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    """A JSON part of lists or objects in one another, of numbers of many digits, of what is no JSON."""
    inside = parts["prior_logistic"]
    name = dice.choice([PART, "dictionary.json", "coefficients.json"])
    deep = dice.choice([500, 900, 3000, 100_000, 400_000])
    texts = [
        b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b'{"a":' + b"9" * deep + b"}",
        b'{"a": 1e' + b"9" * 400 + b"}", b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"a": "\\ud800"}', b"\xff\xfe{}",
        b"[1, 2", b"\xef\xbb\xbf{}", b'"' + b"\\u0000" * deep + b'"', b"null",
    ]  # fmt: skip
    return forged(inside | {name: texts[number % len(texts)]})


def many_keys_or_values(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    inside, count = parts["prior_logistic"], dice.choice([10_000, 100_000, 400_000])
    texts = [
        json.dumps({f"k{one}": 0 for one in range(count)}).encode(), b"[" + b"0," * count + b"0]",
        b"[" + b"[]," * count + b"{}]", b"[" + b'"\xc3\xa9",' * count + b"1]",
        json.dumps({"x": dice.choices(range(10**9), k=min(count, 100_000))}).encode(),
    ]  # fmt: skip
    if number % 2:
        told = json.loads(inside["manifest.json"])
        return forged(inside, told, summary=told["summary"] | {f"k{one}": [one] for one in range(count)})
    return forged(inside | {PART: texts[number // 2 % len(texts)]})


def a_matrix(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    """The classifier's numbers of other sizes than its columns: square, ragged, of many components."""
    inside = parts["prior_logistic"]
    told = json.loads(inside[PART])
    size = dice.choice([0, 1, 4, 30, 200, 600])
    key = dice.choice(["covariance", "coef", "center", "scale", "impute", "prior_mean", "weight", "intercept"])
    square = [[float(dice.random() < 0.5) for _ in range(size)] for _ in range(size)]
    values = [
        {"covariance": [square]}, {"covariance": [square] * 20}, {"n_features": size, "covariance": [square]},
        {key: square},
        {key: [square]}, {key: [0.0] * size * size}, {"n_features": 10**12}, {"n_features": True}, {key: [[0.0],
        [0.0, 1.0]]},
        {"covariance": [[[1e308] * 3] * 3]}, {key: dice.choice(ODD)}, {"weight": [0.001] * 1000,
        "intercept": [0.0] * 1000},
    ]  # fmt: skip
    return forged(inside | {PART: json.dumps(told | values[number % len(values)]).encode()})


def a_tree(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    """Some bytes of an array of the trees, or of a scalar beside them, set to others."""
    inside = parts["boosted_trees"]
    name = dice.choice([one for one in sorted(inside) if one.endswith(".ubj")])
    data = bytearray(inside[name])
    keys = [
        b"left_children", b"right_children", b"parents", b"split_indices", b"split_type", b"default_left",
        b"categories",
        b"split_conditions", b"base_weights", b"sum_hessian", b"id", b"tree_info", b"iteration_indptr", b"num_nodes",
    ]  # fmt: skip
    key = keys[number % len(keys)]
    places = [at for at in range(len(data)) if data.startswith(key, at)]
    at = dice.choice(places) + len(key)
    for _ in range(dice.choice([1, 4, 30])):
        data[at + dice.randrange(40)] = dice.choice([0, 1, 0x7F, 0x80, 0xFF])
    return forged(inside | {name: bytes(data)})


def a_ubjson(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    inside = parts["boosted_trees"]
    data = inside[BOOSTER]
    texts = [
        b"[" * 100_000, b"[$d#L" + struct.pack(">q", 2**40), b"[$Z#L" + struct.pack(">q", 2**40),
        b"{U\1aS" + b"L" + struct.pack(">q", 2**62), b"[#l" + struct.pack(">i", -1),
        b"[$T#l" + struct.pack(">i", 2**30),
        b"[#L" + struct.pack(">q", 10**6) + b"Z" * 10**6, b"[#U\2" * 40, data[: dice.randrange(len(data))],
        _flipped(data, dice, 30),
    ]  # fmt: skip
    return forged(inside | {BOOSTER: texts[number % len(texts)]})


def an_inner_archive(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    inside = parts["ridge_logistic"]
    data = inside[SKOPS]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    arrays = [name for name in held if name.endswith(".npy")]
    big = b" " * dice.choice([2**24, 2**26])
    array = next(iter(arrays), "a.npy")
    header = b"\x93NUMPY\1\0" + struct.pack("<H", 118)
    shape = header + b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % dice.choice([10**9, 10**18])
    made = [
        lambda: _zip(held | {"schema.json": big}, zipfile.ZIP_BZIP2),
        lambda: _zip(held | {"schema.json": big}, zipfile.ZIP_LZMA),
        lambda: _zip(held | {"schema.json": big}, zipfile.ZIP_DEFLATED),
        lambda: _zip(held | {array: big}, zipfile.ZIP_DEFLATED),
        lambda: _zip(held | {array: shape.ljust(127) + b"\n"}, zipfile.ZIP_STORED),
        lambda: _zip(held | {array: held.get(array, b"").replace(b"<f8", b"|O8")}, zipfile.ZIP_STORED),
        lambda: _zip(held | {"schema.json": b"[" * 400_000}, zipfile.ZIP_STORED),
        lambda: _zip(held | {f"{one}.npy": b"" for one in range(5000)}, zipfile.ZIP_STORED),
        lambda: data[: dice.randrange(len(data))],
        lambda: _flipped(data, dice, 10),
        lambda: _schema(held, dice),
        lambda: bz2.compress(data) + lzma.compress(data),
    ]
    return forged(inside | {SKOPS: made[number % len(made)]()})


def a_summary(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    """One to three values anywhere in the manifest, but of the checksums, set to something odd."""
    inside = parts[dice.choice(sorted(parts))]
    told = json.loads(inside["manifest.json"])
    for _ in range(1 + number % 3):
        value: object = told if dice.random() < 0.2 else told["summary"]
        while isinstance(value, dict | list) and value:
            key = dice.choice(sorted(value)) if isinstance(value, dict) else dice.randrange(len(value))
            if key == "parts" or not isinstance(value[key], dict | list) or not value[key] or dice.random() < 0.3:
                value[key] = copy.deepcopy(dice.choice(ODD))
                break
            value = value[key]
    return forged(inside, told)


def coefficients(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    inside = parts["prior_logistic"]
    told = json.loads(inside["coefficients.json"])
    column = dice.choice(told["columns"])
    if number % 2:
        column[dice.choice(sorted(column))] = dice.choice(ODD)
    else:
        told[dice.choice(sorted(told))] = dice.choice(ODD)
    return forged(inside | {"coefficients.json": json.dumps(told).encode()})


def a_week(parts: dict[str, Parts], dice: Dice, number: int) -> bytes:
    inside = parts[dice.choice(sorted(parts))]
    weeks = [1e308, -1e308, 48.0, dice.uniform(48, 1e6), "0", [0, 4]]
    changed = {"landmark_week": weeks[number % len(weeks)]}
    if number % 3 == 2:
        changed = {"landmark_weeks": [dice.uniform(-1e9, 1e9) for _ in range(dice.choice([1, 2, 5000]))]}
    return forged(inside, json.loads(inside["manifest.json"]), **changed)


def _flipped(data: bytes, dice: Dice, times: int) -> bytes:
    changed = bytearray(data)
    for _ in range(times):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _sized(data: bytes, dice: Dice) -> bytes:
    """Every size that an archive tells, in both headers of an entry, said to be others."""
    changed = bytearray(data)
    for mark, place in ((b"PK\3\4", 18), (b"PK\1\2", 20)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + place : at + place + 8] = struct.pack("<2L", dice.randrange(2**32), dice.randrange(2**32))
            at = changed.find(mark, at + 4)
    return bytes(changed)


def _zip(parts: Parts, method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _schema(held: Parts, dice: Dice) -> bytes:
    text = held["schema.json"].decode()
    kinds = ["ObjectNode", "TypeNode", "NdArrayNode", "DictNode", "ListNode", "TupleNode"]
    return _zip(
        held | {"schema.json": text.replace(dice.choice(kinds), dice.choice(kinds)).encode()}, zipfile.ZIP_STORED
    )
