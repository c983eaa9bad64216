"""The JSON parts of a saved classifier: strict to write, stricter to read, every number exact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.errors import ModelFileError
from relapse_model.files import strict_json

_VERSION = 1
_LABEL_TYPES = {bool, int, float, str}
_LARGEST = 1e60  # squares and products of numbers up to this stay finite


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON part that has been read but not yet believed: each method checks what it hands out.

    Attributes
    ----------
    name : str
        Name of the part, for messages.
    values : Mapping
        What stands in it.
    """

    name: str
    values: Mapping[str, object]

    def refuse(self, key: str, expected: str) -> NoReturn:
        """Raise the error that says what was expected at ``key``."""
        raise ModelFileError(
            f"{self.name}, {key!r}: not what this classifier writes; expected {expected}. "
            "The file is damaged or was changed: save the model again, or get it from its source."
        )

    def get(self, key: str) -> object:
        """Return what stands at ``key``, or refuse the part."""
        if key not in self.values:
            self.refuse(key, "it to be present")
        return self.values[key]

    def number(self, key: str, low: float = -_LARGEST, high: float = _LARGEST) -> float:
        """Return a finite number from ``low`` to ``high``."""
        value = self.get(key)
        if not is_number(value) or not low <= value <= high:  # type: ignore[operator]
            self.refuse(key, f"a number from {low:g} to {high:g}")
        return float(value)  # type: ignore[arg-type]

    def integer(self, key: str, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(key, f"a whole number from {low} to {high}")
        return value

    def items(self, key: str) -> list[object]:
        """Return a list."""
        value = self.get(key)
        if not isinstance(value, list):
            self.refuse(key, "a list")
        return value

    def numbers(self, key: str, low: float = -_LARGEST) -> tuple[float, ...]:
        """Return one or more numbers, each at least ``low``."""
        found = self.items(key)
        if not found or not all(is_number(value) and low <= value <= _LARGEST for value in found):  # type: ignore[operator]
            self.refuse(key, f"a list of numbers from {low:g}")
        return tuple(float(value) for value in found)  # type: ignore[arg-type]

    def integers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """Return one or more whole numbers from ``low`` to ``high``."""
        found = self.items(key)
        whole = all(isinstance(value, int) and not isinstance(value, bool) for value in found)
        if not found or not whole or not all(low <= value <= high for value in found):  # type: ignore[operator]
            self.refuse(key, f"a list of whole numbers from {low} to {high}")
        return tuple(int(value) for value in found)  # type: ignore[call-overload]

    def array(self, key: str, shape: tuple[int, ...]) -> Floats:
        """Return finite numbers in exactly this shape."""
        try:
            found = np.array(self.items(key))
        except ValueError:
            found = np.array(None)
        if found.shape != shape or (found.dtype.kind not in "iuf" and found.size):
            self.refuse(key, f"numbers in the shape {shape}")
        values = np.ascontiguousarray(found, dtype=np.float64)
        if not (np.abs(values) <= _LARGEST).all():
            self.refuse(key, f"finite numbers, none beyond {_LARGEST:g}")
        return values

    def array_if_told(self, key: str, shape: tuple[int, ...]) -> Floats:
        """Return finite numbers in exactly this shape; NaN where the part says null: they are not told."""
        return np.full(shape, np.nan) if self.get(key) is None else self.array(key, shape)


def told(values: Floats) -> Floats | None:
    """Return numbers as a part holds them: None where they are not known (all NaN), as a file that leaves has them."""
    return None if values.size and np.isnan(values).all() else values


def write_document(form: str, values: Mapping[str, object]) -> bytes:
    """Return a JSON part as UTF-8; numbers read back bit for bit, NaN and infinity are refused.

    Examples
    --------
    >>> write_document("example", {"risk": 0.1})
    b'{"format":"example","version":1,"risk":0.1}'
    """
    document = {"format": form, "version": _VERSION, **values}
    try:
        text = json.dumps(document, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain)
    except ValueError as error:
        raise ModelFileError(
            f"{form}: the classifier holds numbers that are not finite, so it is not written; expected a "
            "fitted classifier. Fit it again."
        ) from error
    return text.encode()


def read_document(parts: Mapping[str, bytes], name: str, form: str) -> Document:
    """Return a JSON part of the given form, or refuse it with a ModelFileError.

    Parameters
    ----------
    parts : Mapping of str to bytes
        The parts of a model file.
    name : str
        The part to read.
    form : str
        What its ``format`` must say.
    """
    values = strict_json(read_part(parts, name), name)
    if not isinstance(values, dict) or values.get("format") != form or values.get("version") != _VERSION:
        raise ModelFileError(
            f"{name}: not a part of format {form!r}, version {_VERSION}. It belongs to another classifier or "
            "to another version of the library."
        )
    return Document(name, values)


def read_part(parts: Mapping[str, bytes], name: str) -> bytes:
    """Return the bytes of a part, or say that it is missing."""
    if name not in parts:
        raise ModelFileError(f"The part {name!r} is missing; came: {sorted(parts)}. The file is incomplete.")
    return parts[name]


def read_identity(document: Document) -> tuple[NDArray[Any], int, list[str] | None]:
    """Return what every part says of its classifier: its labels, its number of columns, and their names if any."""
    columns = document.integer("n_features", 1, 100_000)
    if document.get("feature_names") is None:
        return _read_classes(document), columns, None
    names = document.items("feature_names")
    if len(names) != columns or not all(isinstance(name, str) for name in names):
        document.refuse("feature_names", f"{columns} names")
    return _read_classes(document), columns, [str(name) for name in names]


def check_covariance(document: Document, key: str, covariance: Floats) -> None:
    """Refuse matrices of shape (..., q, q) that are not covariances: asymmetric or of negative variance.

    A variance of 0, with all its covariances, says that the component leaves the column out.
    """
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    if not (variance >= 0).all():
        document.refuse(key, "variances of 0 or more")
    if np.abs(covariance[variance == 0]).max(initial=0.0) > 0 or not (variance[..., 0] > 0).all():
        document.refuse(key, "no covariance where a variance is 0, and the intercept's above 0")
    # In units of the standard deviations, so that columns of any size are judged alike.
    sd = np.where(variance > 0, np.sqrt(variance), 1.0)
    correlation = covariance / sd[..., :, None] / sd[..., None, :]
    if np.abs(correlation - np.swapaxes(correlation, -1, -2)).max() > 1e-9:
        document.refuse(key, "symmetric matrices")
    if np.abs(correlation).max() > 1.0 + 1e-9 or np.linalg.eigvalsh(correlation).min() < -1e-8:
        document.refuse(key, "positive semidefinite matrices")


def is_number(value: object) -> bool:
    """Tell whether ``value`` is a finite number (True and False are not)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST and isfinite(value)


def _read_classes(document: Document) -> NDArray[Any]:
    labels = document.items("classes")
    kinds = {type(label) for label in labels}
    if len(labels) != 2 or len(kinds) != 1 or not kinds <= _LABEL_TYPES or labels[0] == labels[1]:
        document.refuse("classes", "two different labels of one type")
    try:
        return np.array(labels, dtype=object if document.get("classes_are_objects") is True else None)
    except OverflowError:
        document.refuse("classes", "labels of an ordinary size")


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in a model file.")
