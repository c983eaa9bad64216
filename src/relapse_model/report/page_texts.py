"""The texts of a page, between its tags."""

from __future__ import annotations

import re
from collections.abc import Callable

from relapse_model.display.html_summary import true_minus as true_minus


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
    """Return text whose numbers are not parted from their percent sign, nor p and n from their value, at a line's end.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> unbroken("95 % (p = 0.76)") == "95\N{NO-BREAK SPACE}% (p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.76)"
    True
    """
    text = re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)
    return re.sub(r"\b([pn]) (=|&lt;) (?=\d)", "\\1\N{NO-BREAK SPACE}\\2\N{NO-BREAK SPACE}", text)
