"""The zip around a model file: one layout, byte for byte; what is laid out otherwise is refused before it is unpacked.

General zip readers forgive: bytes before or after the archive, a directory that contradicts the entries, one entry on
top of another. Here each header must be exactly the one that `pack` writes, so nothing can hide between the parts.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from relapse_model.errors import ModelFileError
from relapse_model.files import read_bounded

MOST_BYTES = 64 * 2**20  # of the file, and of all parts unpacked
MOST_PARTS = 300
MOST_RATIO = 200  # unpacked to packed: JSON of numbers stays far below
# What is built from a file takes memory and time in proportion to its size: a small file may not become a large model.
_UNPACKED, _UNPACKED_PER_BYTE = 8 * 2**20, 12  # bytes of all parts
_VALUES, _VALUES_PER_BYTE = 500_000, 0.25  # of a JSON part; a number of 17 digits packs to 8 bytes
_ALWAYS_ALLOWED = 4096  # bytes that an entry may unpack to whatever its ratio
_NAME = re.compile(r"[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*(/[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*)*", re.ASCII)
_LONGEST_NAME = 200
# Zip application note, sections 4.3.7, 4.3.12 and 4.3.16. Deflated, no flags, made on Unix, 1 January 1980, mode 0600.
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_MADE_ON_UNIX, _NEEDS, _DEFLATED, _DATE, _MODE = 3 << 8 | 20, 20, 8, 1 << 5 | 1, 0o600 << 16


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry, as the directory at the end of the archive tells of it."""

    name: str
    crc: int
    packed: int
    size: int
    start: int

    def local(self) -> bytes:
        """Return the header that stands before the entry."""
        fields = (_NEEDS, 0, _DEFLATED, 0, _DATE, self.crc, self.packed, self.size, len(self.name), 0)
        return _LOCAL.pack(b"PK\3\4", *fields) + self.name.encode("ascii")

    def central(self) -> bytes:
        """Return the header in the directory."""
        fields = (_MADE_ON_UNIX, _NEEDS, 0, _DEFLATED, 0, _DATE, self.crc, self.packed, self.size, len(self.name))
        return _CENTRAL.pack(b"PK\1\2", *fields, 0, 0, 0, 0, _MODE, self.start) + self.name.encode("ascii")


def pack(parts: Mapping[str, bytes]) -> bytes:
    """Return the parts as an archive, in the order given; the same parts are the same bytes.

    Parameters
    ----------
    parts : Mapping of str to bytes
        By name: letters, digits, ``_``, ``-``, ``.`` and ``/``.

    Examples
    --------
    >>> unpack(pack({"study.toml": b"[study]"}), "example")
    {'study.toml': b'[study]'}
    """
    body, directory = bytearray(), bytearray()
    for name, content in parts.items():
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        packed = deflate.compress(content) + deflate.flush()
        entry = _Entry(name, zlib.crc32(content), len(packed), len(content), len(body))
        body += entry.local() + packed
        directory += entry.central()
    end = _END.pack(b"PK\5\6", 0, 0, len(parts), len(parts), len(directory), len(body), 0)
    return bytes(body + directory) + end


def read_file(path: str | Path, name: str) -> bytes:
    """Return the bytes of a file, or refuse one that cannot be read or is too large.

    Parameters
    ----------
    path : str or Path
    name : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
    """
    try:
        content = read_bounded(Path(path), MOST_BYTES + 1)  # never more, whatever the file says of its size
    except OSError as error:
        raise ModelFileError(f"{name}: cannot be read ({error.strerror}); expected a model file.") from None
    if len(content) > MOST_BYTES:
        raise ModelFileError(f"{name}: larger than {MOST_BYTES >> 20} MiB; no model of this library is.")
    return content


def unpack(content: bytes, name: str) -> dict[str, bytes]:
    """Return the parts of an archive that `pack` wrote; nothing is unpacked before all of it has been looked at.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
        For another layout, a name twice or one that points outside, and too many, too large or too dense entries.
    """
    entries = list(_directory(content, name))
    _check_entries(entries, len(content), name)
    place = 0
    for entry in entries:
        header = entry.local()
        if entry.start != place or content[place : place + len(header)] != header:
            raise _not_ours(name, "an entry that its directory does not describe")
        place += len(header) + entry.packed
    if content[place : place + 4] not in (b"PK\1\2", b"PK\5\6"):
        raise _not_ours(name, "bytes between its entries and its directory")
    parts = {entry.name: _inflated(content, entry, name) for entry in entries}
    for entry in entries:
        _check_values(parts[entry.name], entry, name)
    return parts


def _directory(content: bytes, name: str) -> Iterator[_Entry]:
    """Read the directory, which must end with the file and be exactly what `pack` writes."""
    if len(content) < _END.size:
        raise _not_ours(name, "too short for an archive")
    mark, *disks, here, entries, size, start, comment = _END.unpack(content[-_END.size :])
    if mark != b"PK\5\6" or any(disks) or here != entries or comment or start + size + _END.size != len(content):
        raise _not_ours(name, "no directory at its end")
    if entries > MOST_PARTS:
        raise ModelFileError(f"{name}: {entries} entries; expected at most {MOST_PARTS}, each once.")
    place = start
    for _ in range(entries):
        if place + _CENTRAL.size > start + size:
            raise _not_ours(name, "a directory that is cut short")
        fields = _CENTRAL.unpack_from(content, place)
        label = content[place + _CENTRAL.size : place + _CENTRAL.size + fields[10]]
        entry = _Entry(_entry_name(label, name), fields[7], fields[8], fields[9], fields[16])
        header = entry.central()
        if content[place : place + len(header)] != header:
            raise _not_ours(name, "a directory that this library does not write")
        yield entry
        place += len(header)
    if place != start + size:
        raise _not_ours(name, "bytes after its directory")


def _entry_name(label: bytes, name: str) -> str:
    text = label.decode("latin-1")
    if text.startswith("/") or ".." in text.split("/") or "\\" in text or ":" in text:
        raise ModelFileError(f"{name}: an entry points outside the archive.")
    if len(text) > _LONGEST_NAME or not _NAME.fullmatch(text):
        raise ModelFileError(f"{name}: an entry has a name that this library does not give.")
    return text


def _check_entries(entries: list[_Entry], size: int, name: str) -> None:
    """Refuse what would unpack to too much, and names that come twice (also where only a file system mixes them up)."""
    if len({entry.name.casefold() for entry in entries}) < len(entries):
        raise ModelFileError(f"{name}: an entry comes twice; expected at most {MOST_PARTS} entries, each once.")
    for entry in entries:
        if entry.size > MOST_RATIO * max(entry.packed, 1) + _ALWAYS_ALLOWED:
            raise ModelFileError(f"{name}: an entry unpacks to over {MOST_RATIO} times its size.")
    most = min(MOST_BYTES, _UNPACKED + _UNPACKED_PER_BYTE * size)
    if sum(entry.size for entry in entries) > most:
        raise ModelFileError(f"{name}: unpacks to more than {most >> 20} MiB; no model file of {size:,} bytes does.")


def _check_values(found: bytes, entry: _Entry, name: str) -> None:
    """Refuse JSON of more values than its packed size allows, before any of them is made."""
    most = _VALUES + int(_VALUES_PER_BYTE * entry.packed)
    if entry.name.endswith(".json") and sum(map(found.count, (b"[", b"{", b",", b":"))) > most:
        raise ModelFileError(f"{name}: {entry.name} holds more than {most:,} values; no part of its size does.")


def _inflated(content: bytes, entry: _Entry, name: str) -> bytes:
    """Unpack one entry to the size that was promised, and not a byte more."""
    start = entry.start + len(entry.local())
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        found = inflate.decompress(content[start : start + entry.packed], entry.size + 1)
    except zlib.error:
        raise _not_ours(name, f"{entry.name} cannot be unpacked") from None
    whole = inflate.eof and not inflate.unused_data and not inflate.unconsumed_tail
    if not whole or len(found) != entry.size or zlib.crc32(found) != entry.crc:
        raise _not_ours(name, f"{entry.name} is not of the size, or has not the checksum, that was promised")
    return found


def _not_ours(name: str, why: str) -> ModelFileError:
    return ModelFileError(
        f"{name}: not a model file of this library, or one that was damaged or repacked: {why}. Get it again from "
        "whoever trained it. Pickle and joblib files are never opened: they can run code."
    )
