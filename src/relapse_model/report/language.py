"""What a report says first, and its headings, in the languages that there are."""

from __future__ import annotations

import re
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
    known_language(language)
    known = _tables()[language]

    def say(key: str, **named: object) -> str:
        text = known[key].format(**named) if named else known[key]
        return spaced(text) if language == "zh" else text

    return say


def spaced(text: str) -> str:
    """Return Chinese text with a space between a Latin and a Chinese character.

    Examples
    --------
    >>> spaced("第 48 周前HBsAg 复阳")
    '第 48 周前 HBsAg 复阳'
    """
    text = re.sub(r"(?<=[A-Za-z])(?=[\u4e00-\u9fff])", " ", text)
    return re.sub(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z])", " ", text)


def known_language(language: str) -> None:
    """Refuse a language that there is not."""
    if language not in LANGUAGES:
        raise RelapseModelError(f"Report: language {language!r}; expected one of {', '.join(LANGUAGES)}.")


@cache
def _tables() -> dict[str, dict[str, str]]:
    text = files(__name__.rpartition(".")[0]).joinpath("report_words.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    return tables
