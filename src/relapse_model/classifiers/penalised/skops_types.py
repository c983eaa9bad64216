"""The audit of a skops part: an exact list of types and loaders, checked before scikit-learn or skops is imported."""

from __future__ import annotations

import io
import re
import zipfile
from math import prod

from relapse_model.errors import ModelFileError
from relapse_model.files import strict_json

# What skops does not trust by itself and our pipeline needs (as `get_untrusted_types` reports it).
ALLOWED = ("numpy.dtype",)
# Every type and loader that our pipeline's file names: a file that names another is refused unbuilt.
TYPES_IN_FILE = frozenset(
    {
        "loader DTypeNode",
        "loader DictNode",
        "loader JsonNode",
        "loader ListNode",
        "loader NdArrayNode",
        "loader ObjectNode",
        "loader TupleNode",
        "loader TypeNode",
        "builtins.dict",
        "builtins.list",
        "builtins.str",
        "builtins.tuple",
        "numpy.dtype",
        "numpy.float64",
        "numpy.ndarray",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
    }
)
_SCHEMA = "schema.json"
_LARGEST_SCHEMA = 2**20  # bytes; that of our pipeline has 30,000
_LARGEST_ARRAY = 2**20  # bytes; of 100,000 columns
_MOST_ENTRIES = 64  # a pipeline of ours has 12
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# An array as numpy writes it; what it says of its size is compared with the bytes that follow.
_ARRAY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<|][fiub])([1248])', 'fortran_order': (?:False|True), "
    rb"'shape': \(([0-9, ]{0,40})\), \} *\n",
    re.DOTALL,
)


def check_types(data: bytes, name: str) -> None:
    """Refuse a skops file that names a type which is not our pipeline's; nothing is imported or built.

    Parameters
    ----------
    data : bytes
    name : str
        Name of the part, for messages.

    Raises
    ------
    ModelFileError
        Naming the types that are none of ours.
    """
    checked_archive(data, name)


def checked_archive(data: bytes, name: str) -> bytes:
    """Return a skops file's schema and arrays in an archive of our own making, once they are found to be a pipeline's.

    skops unpacks whatever an archive holds: so it is given none but this one, in which nothing is packed.

    Parameters
    ----------
    data : bytes
    name : str
        Name of the part, for messages.

    Raises
    ------
    ModelFileError
        For another packing, sizes that no pipeline has, arrays that are none, and types that are none of ours.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_entries(entries, name)
            parts = {entry.filename: _read(archive, entry) for entry in entries}
        schema = strict_json(parts.get(_SCHEMA, b""), _SCHEMA)
        unknown = types_named(schema) - TYPES_IN_FILE
    except ModelFileError as error:
        raise ModelFileError(
            str(error) if str(error).startswith(name) else f"{name}: not a skops file ({error})"
        ) from None
    except Exception as error:  # whatever a crafted archive provokes, it is no skops file
        raise ModelFileError(f"{name}: not a skops file ({error}).") from error
    if unknown:
        raise unknown_types(unknown, name)
    for entry, content in parts.items():
        if entry != _SCHEMA and not _is_array(content):
            raise ModelFileError(f"{name}: {entry} is no array of numbers as numpy writes it; expected a pipeline.")
    clean = io.BytesIO()
    with zipfile.ZipFile(clean, "w") as written:
        for entry, content in parts.items():
            written.writestr(entry, content)
    return clean.getvalue()


def types_named(schema: object) -> set[str]:
    """Return the types and loaders that a schema names, anywhere in it."""
    names: set[str] = set()
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        if isinstance(node, dict):
            waiting += node.values()
            names |= {f"{node.get('__module__')}.{node.get('__class__')}"} if "__class__" in node else set()
            names |= {f"loader {node['__loader__']}"} if "__loader__" in node else set()
    return names


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Unpack an entry to the size that it tells, and not a byte more, whatever it holds."""
    with archive.open(entry) as packed:
        return packed.read(entry.file_size + 1)


def _is_array(content: bytes) -> bool:
    """Tell whether these are numbers as numpy writes them, as many as they say."""
    found = _ARRAY.match(content)
    if found is None or len(content) - found.end() > _LARGEST_ARRAY:
        return False
    shape = [int(length) for length in found[3].split(b",") if length.strip().isdigit()]
    return (
        int.from_bytes(content[8:10], "little") == found.end() - 10
        and prod(shape) * int(found[2]) == len(content) - found.end()
    )


def unknown_types(names: set[str], name: str) -> ModelFileError:
    """Return the refusal of a file that names these types."""
    return ModelFileError(
        f"{name} names {sorted(names)}, which this classifier never writes; nothing was built from it. "
        "Get the file from its source."
    )


def _check_entries(entries: list[zipfile.ZipInfo], name: str) -> None:
    names = {entry.filename for entry in entries}
    if len(names) < len(entries) or len(entries) > _MOST_ENTRIES:
        raise ModelFileError(f"{name}: {len(entries)} entries, or one twice; expected those of one pipeline.")
    if not all(entry == _SCHEMA or entry.endswith(".npy") for entry in names):
        raise ModelFileError(f"{name}: entries that are neither the schema nor an array; expected a pipeline.")
    if any(entry.compress_type not in _PACKED for entry in entries):
        raise ModelFileError(f"{name}: packed in a way that skops is not; expected entries stored or deflated.")
    for entry in entries:
        most = _LARGEST_SCHEMA if entry.filename == _SCHEMA else _LARGEST_ARRAY + 200
        if entry.file_size > most:
            raise ModelFileError(f"{name}: {entry.filename} has more than {most} bytes unpacked; expected a pipeline.")
