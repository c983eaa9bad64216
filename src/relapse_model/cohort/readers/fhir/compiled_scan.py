"""A compiled look at JSON before it is parsed: whether it is sound and no key stands twice, and where resources are.

It is read byte by byte as RFC 8259 says, and nothing is made of it. What it passes needs no check of keys, and resources
that nobody asks for need not be parsed. It passes less than it could (escapes in keys, very deep nesting, very many keys):
such texts are parsed as without it, which also says what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

_Function = TypeVar("_Function", bound=Callable[..., Any])
_DEEPEST, _MOST_KEYS, _KEYS_OF_ONE = 64, 4096, 200
RESOURCES = 65_536  # resources of one bundle that are found; with more, nothing is passed

_SPACE, _TAB, _LINE, _RETURN = 0x20, 0x09, 0x0A, 0x0D
_QUOTE, _BACKSLASH, _COMMA, _COLON = 0x22, 0x5C, 0x2C, 0x3A
_OBJECT, _OBJECT_END, _LIST, _LIST_END = 0x7B, 0x7D, 0x5B, 0x5D
_MINUS, _PLUS, _POINT, _ZERO, _NINE = 0x2D, 0x2B, 0x2E, 0x30, 0x39

# FNV-1a; what two keys share by chance is parsed with a check of keys
_BASIS, _PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)
_TYPE, _ENTRY, _RESOURCE = (np.frombuffer(word, np.uint8) for word in (b"resourceType", b"entry", b"resource"))


def _compiled(function: _Function) -> _Function:
    return cast(_Function, njit(cache=True, nogil=True)(function))


@_compiled
def _end_of_text(data: NDArray[np.uint8], at: int) -> int:
    """Return where the text ends that begins at a quote; -1 where it is none."""
    size = len(data)
    at += 1
    while at < size:
        byte = data[at]
        if byte == _QUOTE:
            return at
        if byte < _SPACE:
            return -1
        if byte == _BACKSLASH:
            at += 1
            if at >= size:
                return -1
            byte = data[at]
            if byte == 0x75:  # u and four digits
                if at + 4 >= size:
                    return -1
                for place in range(at + 1, at + 5):
                    digit = data[place]
                    if not (
                        (_ZERO <= digit <= _NINE) or (0x41 <= digit <= 0x46) or (0x61 <= digit <= 0x66)
                    ):
                        return -1
                at += 4
            elif not (
                byte == _QUOTE or byte == _BACKSLASH or byte == 0x2F or byte == 0x62 or byte == 0x66
                or byte == 0x6E or byte == 0x72 or byte == 0x74
            ):
                return -1
        at += 1
    return -1


@_compiled
def _end_of_number(data: NDArray[np.uint8], at: int) -> int:
    """Return where a number ends, its last digit; -1 where it is none, or a very long one."""
    size, start = len(data), at
    if data[at] == _MINUS:
        at += 1
    first = at
    while at < size and _ZERO <= data[at] <= _NINE:
        at += 1
    if at == first or (data[first] == _ZERO and at - first > 1):
        return -1
    if at < size and data[at] == _POINT:
        at += 1
        first = at
        while at < size and _ZERO <= data[at] <= _NINE:
            at += 1
        if at == first:
            return -1
    if at < size and (data[at] == 0x65 or data[at] == 0x45):
        at += 1
        if at < size and (data[at] == _PLUS or data[at] == _MINUS):
            at += 1
        first = at
        while at < size and _ZERO <= data[at] <= _NINE:
            at += 1
        if at == first:
            return -1
    return at - 1 if at - start < 400 else -1


@_compiled
def _end_of_word(data: NDArray[np.uint8], at: int) -> int:
    """Return where ``true``, ``false`` or ``null`` ends; -1 where it is none of them."""
    size = len(data)
    if at + 3 < size and data[at] == 0x74 and data[at + 1] == 0x72 and data[at + 2] == 0x75 and data[at + 3] == 0x65:
        return at + 3
    if at + 3 < size and data[at] == 0x6E and data[at + 1] == 0x75 and data[at + 2] == 0x6C and data[at + 3] == 0x6C:
        return at + 3
    if (
        at + 4 < size and data[at] == 0x66 and data[at + 1] == 0x61 and data[at + 2] == 0x6C and data[at + 3] == 0x73
        and data[at + 4] == 0x65
    ):
        return at + 4
    return -1


@_compiled
def _is(data: NDArray[np.uint8], start: int, end: int, word: NDArray[np.uint8]) -> bool:
    """Tell whether a word stands at a place."""
    if end - start != len(word):
        return False
    for place in range(len(word)):
        if data[start + place] != word[place]:
            return False
    return True


@_compiled
def _after_key(data: NDArray[np.uint8], at: int) -> int:
    """Return where the value of a key begins, or the space before it; -1 where no colon comes."""
    size = len(data)
    while at < size and (data[at] == _SPACE or data[at] == _LINE or data[at] == _RETURN or data[at] == _TAB):
        at += 1
    return at + 1 if at < size and data[at] == _COLON else -1


@_compiled
def _key(
    data: NDArray[np.uint8], at: int, keys: NDArray[np.uint64], begin: int, top: int
) -> int:
    """Return where a key ends that no other of its object is, having added it; -1 where another one may be it."""
    size = len(data)
    end = at + 1
    own = _BASIS
    while end < size and data[end] != _QUOTE:
        if data[end] == _BACKSLASH or data[end] < _SPACE:
            return -1
        own = (own ^ np.uint64(data[end])) * _PRIME
        end += 1
    if top >= _MOST_KEYS or end >= size or top - begin > _KEYS_OF_ONE:
        return -1
    for place in range(begin, top):
        if keys[place] == own:
            return -1
    keys[top] = own
    return end


@_compiled
def _end_of_value(data: NDArray[np.uint8], at: int) -> int:
    """Return where a text, a number or a word ends; -1 where it is none."""
    if data[at] == _QUOTE:
        return _end_of_text(data, at)
    if data[at] == _MINUS or _ZERO <= data[at] <= _NINE:
        return _end_of_number(data, at)
    return _end_of_word(data, at)


@_compiled
def scan(data: NDArray[np.uint8], spans: NDArray[np.int64]) -> int:
    """Look at one JSON object: find its resources; return how many, or -1 where it is to be parsed with every check.

    Parameters
    ----------
    data : array of uint8
        UTF-8, or nothing is known of it.
    spans : array of int, shape (RESOURCES + 1, 4)
        Filled: of the object itself (the last row) and of each ``entry[].resource``, where it begins and ends (one
        beyond), and where its type does, without quotes; of a type that is not there, -1.
    """
    size = len(data)
    keys = np.empty(_MOST_KEYS, dtype=np.uint64)
    base = np.empty(_DEEPEST, dtype=np.int64)  # of each open object, its first key
    is_list = np.empty(_DEEPEST, dtype=np.bool_)
    role = np.empty(_DEEPEST, dtype=np.int64)  # 1: the object; 2: its entries; 3: an entry; 4: a resource in it
    depth, top, found, at = -1, 0, 0, 0
    own = len(spans) - 1
    spans[own, :] = -1
    wanted = 0  # 0: a value; 1: a key or the end; 2: a comma or the end; 3: a key; 4: a value or the end of a list
    first, stop = 0, 0  # of the last key
    while at < size:
        byte = data[at]
        if byte == _SPACE or byte == _LINE or byte == _RETURN or byte == _TAB:
            at += 1
            continue
        if depth < 0 and spans[own, 1] >= 0:
            return -1  # something after the end
        if wanted == 1 or wanted == 3:
            if byte == _OBJECT_END and wanted == 1:
                wanted = 5
            elif byte == _QUOTE:
                end = _key(data, at, keys, base[depth], top)
                if end < 0:
                    return -1
                top += 1
                first, stop = at + 1, end
                at = _after_key(data, end + 1)
                if at < 0:
                    return -1
                wanted = 0
                continue
            else:
                return -1
        elif wanted == 2:
            if byte == _COMMA:
                wanted = 0 if is_list[depth] else 3
                at += 1
                continue
            if byte != (_LIST_END if is_list[depth] else _OBJECT_END):
                return -1
            wanted = 5
        elif wanted == 4 and byte == _LIST_END:
            wanted = 5
        if wanted == 5:  # the end of an object or a list
            if not is_list[depth]:
                top = base[depth]
                if role[depth] == 1:
                    spans[own, 1] = at + 1
                elif role[depth] == 4:
                    spans[found - 1, 1] = at + 1
            depth -= 1
            wanted = 2
            at += 1
            continue
        # a value
        above = role[depth] if depth >= 0 else 0
        if byte == _OBJECT or byte == _LIST:
            depth += 1
            if depth >= _DEEPEST:
                return -1
            is_list[depth] = byte == _LIST
            role[depth] = 0
            if byte == _OBJECT:
                base[depth] = top
                if depth == 0:
                    role[depth] = 1
                    spans[own, 0] = at
                elif above == 2:
                    role[depth] = 3
                elif above == 3 and _is(data, first, stop, _RESOURCE):
                    if found >= own:
                        return -1
                    role[depth] = 4
                    spans[found, 0] = at
                    spans[found, 2] = -1
                    spans[found, 3] = -1
                    found += 1
                wanted = 1
            else:
                if depth == 0:
                    return -1
                if above == 1 and _is(data, first, stop, _ENTRY):
                    role[depth] = 2
                wanted = 4
            at += 1
            continue
        if depth < 0:
            return -1
        end = _end_of_value(data, at)
        if end < 0:
            return -1
        if byte == _QUOTE and (above == 1 or above == 4) and _is(data, first, stop, _TYPE):
            row = own if above == 1 else found - 1
            spans[row, 2] = at + 1
            spans[row, 3] = end
        at = end + 1
        wanted = 2
    return found if depth < 0 and spans[own, 1] >= 0 else -1
