"""The archive around a model: one layout, and no byte that could be another without being noticed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import ModelFileError
from relapse_model.model.file.archive import MOST_BYTES, MOST_PARTS, pack, read_file, unpack

PARTS = {"manifest.json": b"{}", "study.toml": b"[study]\n" * 40, "classifier/a.json": b""}
NAMES = st.from_regex(r"[a-z0-9_]{1,8}(/[a-z0-9_]{1,8}){0,2}\.json", fullmatch=True)


@settings(deadline=None, max_examples=30)
@given(parts=st.dictionaries(NAMES, st.binary(max_size=300), max_size=6))
def test_parts_come_back_as_they_were(parts):
    assert unpack(pack(parts), "x") == parts


def test_any_zip_reader_can_open_it():
    with zipfile.ZipFile(io.BytesIO(pack(PARTS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == PARTS


def test_it_is_what_the_standard_library_writes_with_the_same_settings():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in PARTS.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    assert pack(PARTS) == buffer.getvalue()


def test_every_byte_counts():
    """Each byte turned over (all eight bits): refused, or the very same parts (unused bits at a stream's end)."""
    content, harmless = pack(PARTS), 0
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        try:
            assert unpack(bytes(changed), "x") == PARTS
            harmless += 1
        except ModelFileError:
            continue
    assert harmless == 0


def test_no_byte_may_be_missing_added_or_repeated():
    content = pack(PARTS)
    for shorter in range(len(content)):
        with pytest.raises(ModelFileError, match="Pickle and joblib files are never opened"):
            unpack(content[:shorter], "x")
    for changed in (content + b"\0", b"\0" + content, b"#!/bin/sh\n" + content, content * 2, content[1:]):
        with pytest.raises(ModelFileError, match="not a model file of this library"):
            unpack(changed, "x")


def with_zipfile(entries, method=zipfile.ZIP_DEFLATED, comment=b""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, compress_type=method)
        archive.comment = comment
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_zipfile([("a.json", b"1")], zipfile.ZIP_STORED), "does not write"),
        (with_zipfile([("a.json", b"1")], zipfile.ZIP_LZMA), "does not write"),
        (with_zipfile([("a.json", b"1")], comment=b"hello"), "no directory at its end"),
        (with_zipfile([("../a", b"1")]), "points outside"),
        (with_zipfile([("a/../../b", b"1")]), "points outside"),
        (with_zipfile([("/etc/passwd", b"1")]), "points outside"),
        (with_zipfile([("C:/a", b"1")]), "points outside"),
        (with_zipfile([("a\\b", b"1")]), "points outside"),
        (with_zipfile([("a b", b"1")]), "has a name"),
        (with_zipfile([("a/", b"")]), "has a name"),
        (with_zipfile([("ä.json", b"1")]), "has a name"),
        (with_zipfile([("a" * 300, b"1")]), "has a name"),
        (with_zipfile([("a.json", b"1"), ("A.JSON", b"2")]), "comes twice"),
        (with_zipfile([(f"{n}.json", b"1") for n in range(MOST_PARTS + 1)]), "at most 300"),
        (with_zipfile([("a.json", b"0" * 50_000_000)]), "unpacks to over 200 times"),
        (b"", "too short"),
    ],
)  # fmt: skip
def test_another_layout_is_refused(content, message):
    with pytest.raises(ModelFileError, match=message):
        unpack(content, "x")


def test_a_name_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = with_zipfile([("a.json", b"1"), ("a.json", b"2")])
    with pytest.raises(ModelFileError, match="comes twice"):
        unpack(content, "x")


def test_an_entry_that_lies_of_its_size_is_unpacked_to_no_more_than_it_promised():
    """The directory promises 10 bytes, the stream holds 100 million; only the promise is ever in memory."""
    deflate = zlib.compressobj(wbits=-15)
    packed = deflate.compress(b"0" * 100_000_000) + deflate.flush()
    content = pack({"a.json": b"0" * 10})
    honest = zlib.compressobj(wbits=-15)
    old = honest.compress(b"0" * 10) + honest.flush()
    lying = content.replace(old, packed)
    lying = lying.replace(struct.pack("<LL", len(old), 10), struct.pack("<LL", len(packed), 10))
    # The directory begins later by as much as the stream is longer.
    start = content.index(b"PK\1\2")
    lying = lying[:-6] + struct.pack("<L", start + len(packed) - len(old)) + lying[-2:]
    with pytest.raises(ModelFileError, match=r"a\.json is not of the size"):
        unpack(lying, "x")


def test_overlapping_entries_are_refused():
    """Two names for one stream, as the densest bombs have it (Fifield 2019)."""
    content = pack({"a.json": b"0" * 100, "b.json": b"0" * 100})
    second = content.index(b"PK\3\4", 4)
    overlapping = content.replace(struct.pack("<L", second) + b"b.json", struct.pack("<L", 0) + b"b.json")
    assert overlapping != content
    with pytest.raises(ModelFileError, match="its directory does not describe"):
        unpack(overlapping, "x")


def test_too_large_a_file_is_refused_before_it_is_read_whole(tmp_path):
    large = tmp_path / "large.rmodel"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # sparse: it takes no room
    with pytest.raises(ModelFileError, match=r"large\.rmodel: larger than 64 MiB"):
        read_file(large, large.name)


def test_what_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "nowhere.rmodel", tmp_path):
        with pytest.raises(ModelFileError, match=f"{path.name}: cannot be read"):
            read_file(path, path.name)
