"""The audit of a classifier's parts by what each kind of part may hold, before any class is imported or built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from relapse_model.classifiers.shared.saved_parts import Document
from relapse_model.errors import ModelFileError
from relapse_model.files import strict_json

KINDS = (".bin", ".json", ".skops", ".ubj")
_BOOSTED = "boosted_trees.json"


def audit_parts(parts: Mapping[str, bytes], columns: int | None = None) -> None:
    """Refuse parts of a classifier that are not what their names say; numpy and the standard library only.

    JSON must be strict; a booster must be sound, node by node; a skops file may name the types of our own pipeline
    only. Raw numbers (``.bin``) can do no harm until they are read, and are checked then.

    Parameters
    ----------
    parts : Mapping of str to bytes
        As a classifier's ``to_parts`` gives them.
    columns : int, optional
        Of the study: what each part says of its own is compared with it, before anything is made of that size.

    Raises
    ------
    ModelFileError
        Naming the part.
    """
    values = {name: strict_json(data, name) for name, data in parts.items() if PurePosixPath(name).suffix == ".json"}
    for name, told in values.items():
        stated = told.get("n_features", columns) if isinstance(told, dict) else columns
        if columns is not None and (type(stated) is not int or stated != columns):
            raise ModelFileError(
                f"{name}: 'n_features' is {str(stated)[:20]}; expected {columns}, the columns of the study. It was "
                "damaged or changed: get it from its source."
            )
    for name, data in parts.items():
        kind = PurePosixPath(name).suffix
        if kind not in KINDS:
            raise ModelFileError(f"{name}: no classifier of this library has such a part; expected {', '.join(KINDS)}.")
        if kind == ".skops":
            from relapse_model.classifiers.penalised.skops_types import check_types

            check_types(data, name)
        if kind == ".ubj":
            _audit_booster(data, name, values)


def _audit_booster(data: bytes, name: str, parts: Mapping[str, object]) -> None:
    """Check a booster against the numbers of columns and trees that the part beside it states."""
    from relapse_model.classifiers.trees.booster_bytes import check_booster

    beside = str(PurePosixPath(name).with_name(_BOOSTED))
    if beside not in parts:
        raise ModelFileError(f"{name}: a booster without {beside}. The file is incomplete.")
    values = parts[beside]
    if not isinstance(values, dict):
        raise ModelFileError(f"{beside}: not an object; expected a part written by this library.")
    stated = Document(beside, values)
    check_booster(data, name, stated.integer("n_features", 1, 100_000), stated.integer("rounds", 0, 100_000))
