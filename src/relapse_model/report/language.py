"""What a report says first, and its headings, in the languages that there are."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from relapse_model.errors import RelapseModelError

LANGUAGES = ("en", "zh")


def words_of(language: str) -> Callable[..., str]:
    """Return a function from a key, and what its text names, to the text.

    Parameters
    ----------
    language : {"en", "zh"}

    Raises
    ------
    RelapseModelError
        For another language.

    Examples
    --------
    >>> words_of("en")("centres", centres=3)
    '3 centres.'
    """
    if language not in LANGUAGES:
        raise RelapseModelError(f"Report: language {language!r}; expected one of {', '.join(LANGUAGES)}.")
    known = _tables()[language]

    def say(key: str, **named: object) -> str:
        return known[key].format(**named) if named else known[key]

    return say


@cache
def _tables() -> dict[str, dict[str, str]]:
    text = files(__name__.rpartition(".")[0]).joinpath("report_words.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    return tables
