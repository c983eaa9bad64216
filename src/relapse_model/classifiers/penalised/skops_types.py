"""The audit of a skops part: an exact list of types and loaders, checked before scikit-learn or skops is imported."""

from __future__ import annotations

import io
import json
import zipfile

from relapse_model.errors import ModelFileError

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
_LARGEST_FILE = 64 * 2**20  # bytes, unpacked
_MOST_ENTRIES = 1000


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
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_entries(archive.infolist(), name)
            schema = json.loads(archive.read("schema.json"))
            unknown = types_named(schema) - TYPES_IN_FILE
    except ModelFileError:
        raise
    except Exception as error:  # whatever a crafted archive provokes, it is no skops file
        raise ModelFileError(f"{name}: not a skops file ({error}).") from error
    if unknown:
        raise unknown_types(unknown, name)


def types_named(node: object) -> set[str]:
    """Return the types and loaders that a schema names, anywhere in it."""
    if isinstance(node, list):
        return {name for child in node for name in types_named(child)}
    if not isinstance(node, dict):
        return set()
    own = {f"{node.get('__module__')}.{node.get('__class__')}"} if "__class__" in node else set()
    loader = {f"loader {node['__loader__']}"} if "__loader__" in node else set()
    return (own | loader).union(*(types_named(child) for child in node.values()))


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
    if not all(entry == "schema.json" or entry.endswith(".npy") for entry in names):
        raise ModelFileError(f"{name}: entries that are neither the schema nor an array; expected a pipeline.")
    if sum(entry.file_size for entry in entries) > _LARGEST_FILE:
        raise ModelFileError(f"{name}: more than {_LARGEST_FILE} bytes unpacked; expected a pipeline.")
