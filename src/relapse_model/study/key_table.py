"""How the keys of one table of a study file are described, for the page docs/study_file.md.

Names and values come from the tables that the reader checks, defaults from the classes that it fills; only the meaning
is written down, and what those two cannot tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relapse_model.study import keys


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The keys of one table of a study file.

    Attributes
    ----------
    header : str
        As it stands in a file.
    about : str
        What the table is for.
    keys : mapping of str to Check
        As the reader has them.
    meanings : mapping of str to str
        One for each key.
    filled : type or None
        The class that holds the values; its defaults are those of the keys.
    required : tuple of str
        Keys that must be given.
    types : mapping of str to str
        What a key holds, where its check does not say.
    defaults : mapping of str to str
        What stands for a key that is not given, where the class does not say.
    """

    header: str
    about: str
    keys: Mapping[str, keys.Check]
    meanings: Mapping[str, str]
    filled: type[Any] | None = None
    required: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
