"""Dataset-JSON 1.1: one data set as JSON, or as lines of JSON; numbers are kept as they are printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from relapse_model.cohort.readers.cdisc.data_set import Coded, DataSet, coded_texts, refusal
from relapse_model.files import RepeatedKeyError, no_repeats

_EXPECTED = "Dataset-JSON 1.1"
_AGAIN = "It was cut off, or is not Dataset-JSON"


def read_dataset_json(path: Path, content: bytes) -> DataSet:
    """Return the data set of a file.

    Parameters
    ----------
    path : Path
    content : bytes

    Raises
    ------
    SourceError
        If it is no Dataset-JSON, or has other rows than it says.
    """
    try:
        text = content.decode("utf-8-sig")
        head, rows = _lines(text) if path.suffix.lower() == ".ndjson" else _whole(text)
    except RepeatedKeyError as error:
        raise refusal(path.name, error.msg, "each key of an object once", _AGAIN) from None
    except (ValueError, RecursionError):
        raise refusal(path.name, "it is no whole JSON in UTF-8", _EXPECTED, _AGAIN) from None
    columns = head.get("columns")
    if not isinstance(columns, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in columns
    ):
        raise refusal(path.name, "no description of the columns", _EXPECTED, _AGAIN)
    version = str(head.get("datasetJSONVersion", ""))
    if not version.startswith("1.1"):
        raise refusal(path.name, f"Dataset-JSON of version {version[:20]!r}", _EXPECTED)
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        raise refusal(path.name, "rows of another length than the columns", _EXPECTED, _AGAIN)
    if str(head.get("records", len(rows))) != str(len(rows)):
        raise refusal(
            path.name, f"{len(rows):,} rows, and {head.get('records')} stated", "as many rows as stated", _AGAIN
        )
    labels = {one["name"].upper(): str(one.get("label") or "") for one in columns}
    if len(labels) < len(columns):
        raise refusal(path.name, "two variables of one name", "each variable once")
    places = {one["name"].upper(): place for place, one in enumerate(columns)}
    return DataSet(
        str(head.get("name") or path.stem).upper(), str(head.get("label") or ""), path.name, len(rows), labels,
        lambda variable: _texts(path.name, rows, places[variable], variable),
    )  # fmt: skip


def _load(text: str) -> Any:
    """Read JSON with its numbers as they are printed."""
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=no_repeats)


def _whole(text: str) -> tuple[dict[str, Any], list[Any]]:
    head = _load(text)
    if not isinstance(head, dict) or not isinstance(head.get("rows", []), list):
        raise ValueError
    return head, head.get("rows", [])


def _lines(text: str) -> tuple[dict[str, Any], list[Any]]:
    lines = [line for line in text.split("\n") if line.strip()]
    head = _load(lines[0]) if lines else None
    if not isinstance(head, dict):
        raise ValueError
    return head, _load(f"[{','.join(lines[1:])}]")


def _texts(file: str, rows: list[Any], place: int, variable: str) -> Coded:
    values = [row[place] for row in rows]
    kinds = set(map(type, values))
    if not kinds <= {str, type(None), bool}:
        raise refusal(file, f"lists or objects in {variable}", "texts and numbers")
    if not kinds <= {str}:
        values = ["" if one is None else one if isinstance(one, str) else str(one).lower() for one in values]
    return coded_texts(np.array([*values, ""], dtype=object)[:-1])
