"""The texts of a page, between its tags."""

from __future__ import annotations

import re
from collections.abc import Callable

from relapse_model.display.html_summary import true_minus as true_minus

_NUMBER = r"(?:&[lg]t;|[<>\u2212+-])?\d"  # as a quantity begins, in a page
_COUNTED = (
    "%|patients?|centres?|events?|relapses?|weeks?|months?|years?|days?|points?|percentage|parameters?|standard|times"
    r"|log10|IU|mIU|mg|\u03bcg|\u00b5g|ng|kg|mL|m\u00b2|[\w\u00b5.*]+/[\w\u00b5\u00b2.*]+"
)
_RANGE = re.compile(rf"({_NUMBER}[\d.,]*(?:[ \u00a0]%)?) (to|\u81f3) ({_NUMBER}(?:[\d.,]*\d)?)")
_BOUND = (
    (re.compile(rf"(?<=\d) (?=(?:{_COUNTED})(?!\w))"), "\N{NO-BREAK SPACE}"),
    (re.compile(r"(?<=\d) (?=[\u5468\u5c81\u540d\u4f8b\u4e2a])"), "\N{NO-BREAK SPACE}"),  # weeks, years, people, cases
    (re.compile(r"\b(log10) (?=\w)"), "\\1\N{NO-BREAK SPACE}"),
    (re.compile(r"((?<!\w)[Ww]eeks?|\u7b2c) (?=\d)"), "\\1\N{NO-BREAK SPACE}"),
    (re.compile(r"\b([pn]) (=|&lt;) (?=\d)"), "\\1\N{NO-BREAK SPACE}\\2\N{NO-BREAK SPACE}"),
)


def in_texts(page: str, change: Callable[[str], str], opened: Callable[[str], None] = lambda tag: None) -> str:
    """Return a page whose texts are changed: all between its tags, but not code and style.

    Parameters
    ----------
    page : str
        Well-formed: no bare < or > in a text or an attribute.
    change : callable
        From a text as it stands in the page, to another.
    opened : callable
        Is told each tag before the text that follows it.

    Examples
    --------
    >>> in_texts("<p>a <code>a</code></p>", str.upper)
    '<p>A <code>a</code></p>'
    """
    parts, kept = re.split(r"(<[^>]*>)", page), 0
    for place, part in enumerate(parts):
        if place % 2:
            kept += (re.match(r"<(code|style)\b", part) is not None) - (re.match(r"</(code|style)>", part) is not None)
            opened(part)
        elif part.strip() and not kept:
            parts[place] = change(part)
    return "".join(parts)


def unbroken(text: str) -> str:
    """Return text in which no line ends within a quantity: number and unit, a range, ``week 48``, ``n = 66``.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> unbroken("95 % (p = 0.76)") == "95\N{NO-BREAK SPACE}% (p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.76)"
    True
    >>> unbroken("3 centres, 0.05 IU/mL by week 48").count("\N{NO-BREAK SPACE}")
    3
    """
    for pattern, bound in _BOUND:
        text = pattern.sub(bound, text)
    return _RANGE.sub("\\1\N{NO-BREAK SPACE}\\2\N{NO-BREAK SPACE}\\3", text)


def unbroken_page(page: str) -> str:
    """Return a page with no line that ends within a quantity; in a table of many columns a range may still be broken.

    There it is marked, and the style keeps it whole where rows become cards.

    Parameters
    ----------
    page : str
        As for `in_texts`.
    """
    inside = {"td": 0}

    def opened(tag: str) -> None:
        inside["td"] += bool(re.match(r"<td\b", tag)) - (tag == "</td>")

    def change(text: str) -> str:
        if not inside["td"]:
            return unbroken(text)
        for pattern, bound in _BOUND:
            text = pattern.sub(bound, text)
        return _RANGE.sub(r'<span class="range">\1 \2 \3</span>', text)

    return in_texts(page, change, opened)
