"""Bodies of requests: strict JSON, with numbers as they were printed; the tables of a cohort in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from relapse_model.cohort.tables.columns import TABLES
from relapse_model.service.refusals import RequestRefusedError

_SHOWN = 20  # problems of a body; the others are counted


def json_object(body: bytes, *, integers_as_text: bool = False) -> dict[str, Any]:
    """Return the object that a body holds; its decimals are texts, as they were printed.

    Parameters
    ----------
    body : bytes
    integers_as_text : bool
        Whole numbers too.

    Raises
    ------
    RequestRefusedError
        400: not strict JSON in UTF-8, or no object.

    Examples
    --------
    >>> json_object(b'{"value": 0.050}')
    {'value': '0.050'}
    """
    try:
        found = json.loads(
            body.decode("utf-8"), parse_float=str, parse_int=str if integers_as_text else None,
            parse_constant=_no_constant, object_pairs_hook=_no_repeats,
        )  # fmt: skip
        if b"\\" in body:
            json.dumps(found, ensure_ascii=False).encode("utf-8")  # half of a pair of \uXXXX is no letter
    except (ValueError, RecursionError) as error:
        place = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise RequestRefusedError(400, [f"not strict JSON in UTF-8{place}; expected one object"]) from None
    if not isinstance(found, dict):
        raise RequestRefusedError(400, ["JSON that is no object; expected one"])
    return found


def cohort_tables(content: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the tables of a request, each a list of rows, as text: what a CSV file with those cells would hold.

    A table that is not there is not known; an empty list says that there are no such rows. A key that a row lacks, or
    null, is an empty cell.

    Parameters
    ----------
    content : mapping
        Of `json_object`, with whole numbers as texts.

    Raises
    ------
    RequestRefusedError
        422, with everything that is no table.

    Examples
    --------
    >>> cohort_tables({"patients": [{"patient_id": "a", "sex": "F"}]})["patients"].to_dict("records")
    [{'patient_id': 'a', 'sex': 'F'}]
    """
    problems = [
        f"{str(name)[:40]!r}: expected one of {', '.join(TABLES)}, landmark_week" for name in content
        if name not in TABLES and name != "landmark_week"
    ]  # fmt: skip
    given = {name: content[name] for name in TABLES if name in content}
    if not isinstance(given.get("patients"), list) or not given["patients"]:
        problems.append("patients: expected a list with an object for each patient")
    for name, rows in given.items():
        if not isinstance(rows, list):
            problems.append(f"{name}: expected a list of objects; leave it out if it is not known")
            continue
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict):
                problems.append(f"{name}, row {number}: expected an object")
            else:
                problems += [
                    f"{name}, row {number}: a cell that is neither text, number nor null; yes and no are 1 and 0"
                    for cell in row.values() if not (cell is None or isinstance(cell, str))
                ]  # fmt: skip
    if problems:
        others = [f"and {len(problems) - _SHOWN:,} more"] if len(problems) > _SHOWN else []
        raise RequestRefusedError(422, [*problems[:_SHOWN], *others])
    return {name: _table(name, rows) for name, rows in given.items()}


def _table(name: str, rows: list[dict[str, str | None]]) -> pd.DataFrame:
    if not rows:
        return pd.DataFrame({column: [] for column in TABLES[name]}, dtype=object)
    columns = dict.fromkeys(column for row in rows for column in row)
    return pd.DataFrame(
        {column: [np.nan if (cell := row.get(column)) is None else cell for row in rows] for column in columns},
        dtype=object,
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found
