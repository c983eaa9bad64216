"""Values as strict JSON, and the versions of what made them."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from math import isfinite
from typing import Any

import numpy as np

from relapse_model._version import __version__
from relapse_model.development.summary import PACKAGES


def strict_json(values: Any) -> str:
    """Return JSON as the standard has it: what is no finite number is null.

    Parameters
    ----------
    values : dict, list or scalar

    Examples
    --------
    >>> print(strict_json({"slope": float("nan")}), end="")
    {
      "slope": null
    }
    """
    return json.dumps(_plain(values), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def packages() -> dict[str, str]:
    """Return the versions of what the numbers were made with."""
    own = {"relapse-model": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in PACKAGES}


def _plain(values: Any) -> Any:
    if isinstance(values, dict):
        return {str(key): _plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple | np.ndarray):
        return [_plain(value) for value in values]
    if isinstance(values, np.generic):
        return _plain(values.item())
    if isinstance(values, float) and not isfinite(values):
        return None
    return values
