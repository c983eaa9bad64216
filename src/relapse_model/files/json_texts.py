"""JSON read strictly: no repeated key, no number that is none."""

from __future__ import annotations

import json
from math import isfinite
from typing import NoReturn

from relapse_model.errors import ModelFileError

_PLAIN_BYTES = 4 * 2**20  # of JSON; a larger one holds numbers and names, and nothing else


def strict_json(data: bytes, name: str, *, finite: bool = False) -> object:
    """Return the value of a JSON text, or refuse it.

    Parameters
    ----------
    data : bytes
        UTF-8.
    name : str
        Name of the part, for messages.
    finite : bool
        Refuse numbers too large for 64 bits too, which Python reads as infinity. Slower.

    Raises
    ------
    ModelFileError

    Examples
    --------
    >>> strict_json(b'{"risk": 0.1}', "example")
    {'risk': 0.1}
    """
    if len(data) > _PLAIN_BYTES and not (data.isascii() and b"\\" not in data):
        # One letter beyond Latin makes each letter of a text take four bytes.
        raise ModelFileError(f"{name}: over {_PLAIN_BYTES >> 20} MiB, with letters beyond ASCII; expected numbers.")
    try:
        return json.loads(
            data.decode(),
            parse_constant=_no_constant,
            object_pairs_hook=no_repeats,
            parse_float=_finite if finite else None,
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{name}: not strict JSON ({error}); expected a part written by this library.") from error


def _finite(text: str) -> float:
    if not isfinite(float(text)):
        raise ValueError("a number too large")
    return float(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class RepeatedKeyError(ValueError):
    """An object of JSON in which a key stands twice."""

    def __init__(self, key: str):
        self.msg = f"a key is given twice: {key[:40]!r}"
        super().__init__(self.msg)


def no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON; refuse one in which a key stands twice, of which Python would keep the last.

    Parameters
    ----------
    pairs : list of (str, object)
        As ``object_pairs_hook`` of `json.loads` is given them.

    Raises
    ------
    RepeatedKeyError
        With the key.

    Examples
    --------
    >>> no_repeats([("a", 1), ("b", 2)])
    {'a': 1, 'b': 2}
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedKeyError(next(name for name in found if names.count(name) > 1))
    return found
