"""Who must have signed the models that are opened here: said by the caller, or by the environment for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

POLICY = "RELAPSE_MODEL_SIGNED_BY"  # environment variable: public keys, one of which must have signed every model
_DEMANDED: ContextVar[tuple[str | Path, ...]] = ContextVar("_DEMANDED", default=())


@contextmanager
def demanding(path: str | Path | None) -> Iterator[None]:
    """Refuse, for a while, every model file that was not signed with the private key of this public one.

    Parameters
    ----------
    path : str, Path or None
        PEM; None demands nothing.
    """
    before = _DEMANDED.set(_DEMANDED.get() if path is None else (*_DEMANDED.get(), path))
    try:
        yield
    finally:
        _DEMANDED.reset(before)


def demanded_keys() -> tuple[str | Path, ...]:
    """Return the public keys that `demanding` was given, each of which must have signed."""
    return _DEMANDED.get()


def listed_keys() -> list[str] | None:
    """Return the public keys of the environment variable, one of which must have signed; None where it is not set.

    Examples
    --------
    >>> listed_keys() is None
    True
    """
    listed = os.environ.get(POLICY, "")
    return [path for path in listed.split(os.pathsep) if path] if listed.strip() else None


def signature_matters(is_signed: bool, signed_by: str | Path | None) -> bool:
    """Tell whether there is a signature to check, or one that must be there.

    Parameters
    ----------
    is_signed : bool
        Whether the file has a signature.
    signed_by : str, Path or None
        The public key that the caller gave.
    """
    return is_signed or signed_by is not None or bool(demanded_keys()) or listed_keys() is not None
