"""What a setting of a simulation may be."""

from __future__ import annotations

import math
from numbers import Integral, Real

from relapse_model.errors import RelapseModelError


def require(name: str, value: object, low: float, high: float, *, open_low: bool = False) -> None:
    """Refuse a setting that is no finite number in [low, high), or in (low, high) with `open_low`."""
    number = float(value) if isinstance(value, Real) else math.nan
    fits = math.isfinite(number) and low <= number < high
    if not fits or (open_low and number == low):
        least = "above" if open_low else "from"
        most = f" and below {high:g}" if math.isfinite(high) else ""
        raise RelapseModelError(f"simulation: {name} is {value!r}; expected a number {least} {low:g}{most}.")


def require_count(name: str, value: object, low: int) -> None:
    """Refuse a setting that is no whole number of at least `low`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise RelapseModelError(f"simulation: {name} is {value!r}; expected a whole number, at least {low}.")
