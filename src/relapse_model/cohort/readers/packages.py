"""Packages that not everybody needs: imported where used, and asked for by name where they are not installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from relapse_model.errors import RelapseModelError

_DISTRIBUTIONS = {"docx": "python-docx"}  # where the package index has another name


def needed(package: str, what: str, extra: str = "readers") -> Any:
    """Return a package that is not a dependency of every installation.

    Parameters
    ----------
    package : str
        Its import name.
    what : str
        What it is needed for.
    extra : str
        Of this library, that installs it.

    Raises
    ------
    RelapseModelError
        With the line that installs it.

    Examples
    --------
    >>> needed("not_installed_here", "reading nothing")
    Traceback (most recent call last):
        ...
    relapse_model.errors.RelapseModelError: reading nothing needs the package not_installed_here, which is not \
installed. Install it with: pip install 'relapse-model[readers]'
    """
    try:
        return import_module(package)
    except ImportError:
        name = _DISTRIBUTIONS.get(package, package.partition(".")[0])
        raise RelapseModelError(
            f"{what} needs the package {name}, which is not installed. "
            f"Install it with: pip install 'relapse-model[{extra}]'"
        ) from None
