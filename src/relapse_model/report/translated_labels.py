"""Labels of figures in another language: as many lines as in English, or fewer, and none that runs off the figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape, unescape
from unicodedata import east_asian_width

_LINES = re.compile(r"(<text[^>]*>)(.*?)(</text>)", re.DOTALL)
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_UPRIGHT_PLACE = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)$")
_AT_END = re.compile(r'text-anchor: end[^>]* x="([-\d.]+)"')
_NEVER_LAST, _NEVER_FIRST = "（", "）、，。：；"
_LONGER = 1.2  # than in English: a label that ends at an axis would then begin outside of the figure


def translated_label(group: str, said: Callable[[str], str | None]) -> str:
    """Return a label of a figure: line by line, or, where a line alone says nothing, as one text cut into its lines.

    Parameters
    ----------
    group : str
        Element of an SVG, with its lines as ``text``.
    said : callable
        As `relapse_model.report.translation.translation` returns it.
    """
    lines = _LINES.findall(group)
    texts = [unescape(text) for _, text, _ in lines]
    if not texts:
        return group
    whole = said(" ".join(texts))
    known = whole is not None and _CHINESE.search(whole) is not None
    alone = all(said(text) is not None for text in texts) and not texts[-1].startswith("(")
    if whole is None or not known or (len(texts) > 1 and alone):
        return group
    if len(texts) == 1:
        return _in_two(group, lines[0], whole)
    return _with_lines(group, lines, _cut(whole, texts))


def lines_of(text: str, count: int) -> list[str]:
    """Return a text cut into so many lines: before its unit, or into equal parts, and not beside a bracket or comma.

    Parameters
    ----------
    text : str
    count : int

    Examples
    --------
    >>> lines_of("治疗前 HBsAg（IU/mL）", 2)
    ['治疗前 HBsAg', '（IU/mL）']
    >>> lines_of("曾用核苷（酸）类似物", 2)
    ['曾用核苷', '（酸）类似物']
    """
    unit = text.rfind("（") if text.endswith("）") else -1
    if unit > 0 and count > 1:
        return [*lines_of(text[:unit], count - 1), text[unit:]]
    if count == 1:
        return [text]
    size = -(-len(text) // count)
    while 0 < size < len(text) and (text[size - 1] in _NEVER_LAST or text[size] in _NEVER_FIRST):
        size -= 1
    return [text[:size].rstrip(), *lines_of(text[size:].lstrip(), count - 1)]


def _cut(whole: str, texts: Sequence[str]) -> list[str]:
    """Return a label on one line where it is no longer than the English was; a unit keeps its own line."""
    if not whole.endswith("）") and _width(whole) <= max(map(_width, texts)) + 2:
        return [whole]
    return lines_of(whole, len(texts))


def _with_lines(group: str, lines: Sequence[tuple[str, str, str]], cut: Sequence[str]) -> str:
    heights = [float(found[2]) for start, _, _ in lines if (found := _UPRIGHT_PLACE.search(start[:-2]))]
    middle = sum(heights) / len(heights) if len(cut) == 1 and len(heights) == len(lines) else None
    for place, (start, text, end) in enumerate(lines):
        moved = start
        if middle is not None:
            moved = re.sub(r'(translate\([-\d.]+) [-\d.]+\)"', rf'\1 {middle:.6g})"', start)
        shown = cut[place] if place < len(cut) else ""
        group = group.replace(f"{start}{text}{end}", f"{moved}{escape(shown, quote=False)}{end}", 1)
    return group


def _in_two(group: str, line: tuple[str, str, str], whole: str) -> str:
    """Return a label that ends at an axis with its unit below it, where it is much longer than in English."""
    start, text, end = line
    found = _AT_END.search(start)
    if found is None or not whole.endswith("）") or _width(whole) <= _LONGER * _width(unescape(text)):
        return group
    first, second = lines_of(whole, 2)
    shown = "".join(
        f'<tspan x="{found[1]}" dy="{dy}em">{escape(part, quote=False)}</tspan>'
        for part, dy in ((first, -0.6), (second, 1.2))
    )
    return group.replace(f"{start}{text}{end}", f"{start}{shown}{end}", 1)


def _width(text: str) -> int:
    """Return how many Latin letters a text is as wide as."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
