"""A compiled look at JSON before it is parsed: whether it is sound and no key stands twice, and where resources are.

It is read byte by byte as RFC 8259 says, and nothing is made of it. What it passes needs no check of keys, and
resources that nobody asks for need not be parsed. It passes less than it could (escapes in keys, very deep nesting,
very many keys): such texts are parsed as without it, which also says what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Bytes = NDArray[np.uint8]
_Numbers = NDArray[np.int64]

_DEEPEST, _MOST_KEYS, _KEYS_OF_ONE, _LONGEST_NUMBER = 64, 4096, 200, 400
RESOURCES = 65_536  # resources of one bundle that are found; with more, nothing is passed

_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS, _ZERO, _POINT = np.frombuffer(b'"\\,:-0.', np.uint8).tolist()
_OBJECT, _OBJECT_END, _LIST, _LIST_END = np.frombuffer(b"{}[]", np.uint8).tolist()
_CONTROL, _LETTER_U = 0x20, 0x75
_TYPE, _ENTRY, _RESOURCE, _TRUE, _FALSE, _NULL = (
    np.frombuffer(word, np.uint8) for word in (b"resourceType", b"entry", b"resource", b"true", b"false", b"null")
)


def _set(letters: bytes) -> NDArray[np.bool_]:
    return np.isin(np.arange(256), list(letters))


_WHITE = tuple(b" \n\r\t")
_DIGITS, _HEX = _set(b"0123456789"), _set(b"0123456789abcdefABCDEF")
_ESCAPES, _EXPONENT, _SIGNS = _set(b'"\\/bfnrt'), _set(b"eE"), _set(b"+-")
_BASIS, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)  # FNV-1a

_IS_LIST, _BEGIN, _ROLE = range(3)  # of what is open: whether it is a list, the first of its keys, what it is
_PLAIN, _WHOLE, _ENTRIES, _AN_ENTRY, _HELD = range(5)  # roles: the object itself, its entries, one, its resource
_DEPTH, _TOP, _FOUND, _NEXT, _START, _STOP = range(6)  # the state; of the last key, where it starts and stops
_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COMMA_OR_END = range(5)  # what may come next


def _compiled(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, nogil=True)(function))


# Calls that are not put into the loop take three times its own time.
def _inlined(function: _Function) -> _Function:
    return cast(_Function, njit(inline="always")(function))


@_inlined
def _after_space(data: _Bytes, at: int) -> int:
    size = len(data)
    while at < size and data[at] in _WHITE:
        at += 1
    return at


@_compiled
def _is(data: _Bytes, start: int, end: int, word: _Bytes) -> bool:
    """Tell whether a word stands at a place."""
    if end - start != len(word) or end > len(data):
        return False
    same = True
    for place in range(len(word)):
        same = same and data[start + place] == word[place]
    return same


@_compiled
def _end_of_escape(data: _Bytes, at: int) -> int:
    if at + 1 < len(data) and _ESCAPES[data[at + 1]]:
        return at + 1
    if at + 5 >= len(data) or data[at + 1] != _LETTER_U:
        return -1
    for place in range(at + 2, at + 6):
        if not _HEX[data[place]]:
            return -1
    return at + 5


@_inlined
def _end_of_text(data: _Bytes, at: int) -> int:
    at += 1
    while at < len(data) and data[at] != _QUOTE:
        if data[at] < _CONTROL:
            return -1
        if data[at] == _BACKSLASH:
            at = _end_of_escape(data, at)
            if at < 0:
                return -1
        at += 1
    return at if at < len(data) else -1


@_compiled
def _after_digits(data: _Bytes, at: int) -> int:
    while at < len(data) and _DIGITS[data[at]]:
        at += 1
    return at


@_compiled
def _after_exponent(data: _Bytes, at: int) -> int:
    if at >= len(data) or not _EXPONENT[data[at]]:
        return at
    at += 1
    if at < len(data) and _SIGNS[data[at]]:
        at += 1
    end = _after_digits(data, at)
    return end if end > at else -1


@_compiled
def _end_of_number(data: _Bytes, at: int) -> int:
    start = at
    if data[at] == _MINUS:
        at += 1
    end = _after_digits(data, at)
    if end == at or (data[at] == _ZERO and end - at > 1):
        return -1
    if end < len(data) and data[end] == _POINT:
        at = end + 1
        end = _after_digits(data, at)
        if end == at:
            return -1
    end = _after_exponent(data, end)
    return end - 1 if 0 < end - start < _LONGEST_NUMBER else -1


@_inlined
def _end_of_value(data: _Bytes, at: int) -> int:
    """Return the last place of a text, a number or a word; -1 where it is none."""
    if data[at] == _QUOTE:
        return _end_of_text(data, at)
    if data[at] == _MINUS or _DIGITS[data[at]]:
        return _end_of_number(data, at)
    if _is(data, at, at + 4, _TRUE) or _is(data, at, at + 4, _NULL):
        return at + 3
    return at + 4 if _is(data, at, at + 5, _FALSE) else -1


@_inlined
def _key(data: _Bytes, at: int, state: _Numbers, begin: int, keys: NDArray[np.uint64]) -> int:
    """Take a key, and return the place after its colon; -1 where another key of its object may be the same."""
    end = at + 1
    own = _BASIS
    while end < len(data) and data[end] != _QUOTE:
        if data[end] == _BACKSLASH or data[end] < _CONTROL:
            return -1
        own = (own ^ np.uint64(data[end])) * _PRIME
        end += 1
    top = state[_TOP]
    if top >= _MOST_KEYS or end >= len(data) or top - begin > _KEYS_OF_ONE:
        return -1
    for place in range(begin, top):
        if keys[place] == own:
            return -1
    keys[top] = own
    state[_TOP], state[_START], state[_STOP], state[_NEXT] = top + 1, at + 1, end, _VALUE
    colon = _after_space(data, end + 1)
    return colon + 1 if colon < len(data) and data[colon] == _COLON else -1


@_inlined
def _close(at: int, state: _Numbers, opened: _Numbers, spans: _Numbers) -> int:
    """End an object or a list."""
    depth = state[_DEPTH]
    if not opened[depth, _IS_LIST]:
        state[_TOP] = opened[depth, _BEGIN]
    if opened[depth, _ROLE] == _WHOLE:
        spans[len(spans) - 1, 1] = at + 1
    elif opened[depth, _ROLE] == _HELD:
        spans[state[_FOUND] - 1, 1] = at + 1
    state[_DEPTH], state[_NEXT] = depth - 1, _COMMA_OR_END
    return at + 1


@_inlined
def _role(data: _Bytes, is_list: bool, above: int, state: _Numbers) -> int:
    """Return what an object or a list is that begins within another."""
    start, stop = state[_START], state[_STOP]
    if above == _WHOLE and is_list and _is(data, start, stop, _ENTRY):
        return _ENTRIES
    if above == _ENTRIES and not is_list:
        return _AN_ENTRY
    return _HELD if above == _AN_ENTRY and not is_list and _is(data, start, stop, _RESOURCE) else _PLAIN


@_inlined
def _open(data: _Bytes, at: int, role: int, state: _Numbers, opened: _Numbers, spans: _Numbers) -> int:
    """Begin an object or a list; -1 where it is too deep, or one resource too many."""
    is_list, depth = data[at] == _LIST, state[_DEPTH] + 1
    if depth >= _DEEPEST or (role == _HELD and state[_FOUND] >= len(spans) - 1):
        return -1
    opened[depth, _IS_LIST], opened[depth, _BEGIN], opened[depth, _ROLE] = is_list, state[_TOP], role
    if role in (_WHOLE, _HELD):
        row = state[_FOUND] if role == _HELD else len(spans) - 1
        spans[row, 0] = at
        spans[row, 1:] = -1
        state[_FOUND] += role == _HELD
    state[_DEPTH], state[_NEXT] = depth, _VALUE_OR_END if is_list else _KEY_OR_END
    return at + 1


@_inlined
def _value(data: _Bytes, at: int, state: _Numbers, opened: _Numbers, spans: _Numbers) -> int:
    """Take a value, or the beginning of one; return the place after it, or -1."""
    above = opened[state[_DEPTH], _ROLE]
    if data[at] == _OBJECT or data[at] == _LIST:
        return _open(data, at, _role(data, data[at] == _LIST, above, state), state, opened, spans)
    end = _end_of_value(data, at)
    if end < 0:
        return -1
    of_object = above in (_WHOLE, _HELD)
    if of_object and data[at] == _QUOTE and _is(data, state[_START], state[_STOP], _TYPE):
        row = state[_FOUND] - 1 if above == _HELD else len(spans) - 1
        spans[row, 2], spans[row, 3] = at + 1, end
    state[_NEXT] = _COMMA_OR_END
    return end + 1


@_inlined
def _after_next(
    data: _Bytes, at: int, state: _Numbers, opened: _Numbers, spans: _Numbers, keys: NDArray[np.uint64]
) -> int:
    """Take whatever comes next, and return the place after it; -1 where it may not come."""
    depth, wanted, byte = state[_DEPTH], state[_NEXT], data[at]
    is_list = opened[depth, _IS_LIST]
    if wanted != _VALUE and wanted != _KEY and byte == (_LIST_END if is_list else _OBJECT_END):
        return _close(at, state, opened, spans)
    if wanted == _COMMA_OR_END:
        state[_NEXT] = _VALUE if is_list else _KEY
        return at + 1 if byte == _COMMA else -1
    if wanted in (_KEY, _KEY_OR_END):
        return _key(data, at, state, opened[depth, _BEGIN], keys) if byte == _QUOTE else -1
    return _value(data, at, state, opened, spans)


@_compiled
def scan(data: _Bytes, spans: _Numbers) -> int:
    """Look at one JSON object: find its resources; return how many, or -1 where it is to be parsed with every check.

    Parameters
    ----------
    data : array of uint8
        UTF-8, or nothing is known of it.
    spans : array of int, shape (RESOURCES + 1, 4)
        Filled: of the object itself (the last row) and of each ``entry[].resource``, where it begins and ends (one
        beyond), and where its type does, without quotes; of a type that is not there, -1.
    """
    keys = np.empty(_MOST_KEYS, dtype=np.uint64)
    opened = np.zeros((_DEEPEST, 3), dtype=np.int64)
    state = np.zeros(6, dtype=np.int64)
    state[_DEPTH] = -1
    at = _after_space(data, 0)
    if at >= len(data) or data[at] != _OBJECT:
        return -1
    at = _open(data, at, _WHOLE, state, opened, spans)
    while state[_DEPTH] >= 0:
        at = _after_space(data, at)
        if at >= len(data):
            return -1
        at = _after_next(data, at, state, opened, spans, keys)
        if at < 0:
            return -1
    return state[_FOUND] if _after_space(data, at) == len(data) else -1
