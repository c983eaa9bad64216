"""Labels of several lines in an SVG: each line is tied to the edge, or the middle, on which all of them are aligned.

Matplotlib places each line by the width that it has in its own font. In the font of another computer, and in another
language, lines have other widths, and would no longer end, or stand centred, where they should.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure
    from matplotlib.text import Text

_SVG_DPI = 72  # a unit of Matplotlib's SVG is a point
_PLACE = re.compile(r'transform="translate\(([-\d.]+) ([-\d.]+)\)( rotate\(-90\))?"')
_ANCHORS = {"right": "end", "center": "middle"}


def marked_lines(figure: Figure) -> dict[str, tuple[str, float, float]]:
    """Give each label of several lines that are not aligned at their start an identifier; return where they belong.

    Parameters
    ----------
    figure : Figure
        Its places stay as they are.

    Returns
    -------
    dict
        By identifier: the value of ``text-anchor``, and x and y of the edge or the middle: of an upright label y
        counts, of any other x.
    """
    before = figure.dpi
    figure.set_dpi(_SVG_DPI)
    height = figure.bbox.height
    found = {}
    for number, text in enumerate(_aligned(figure)):
        box = text.get_window_extent()
        anchor = _ANCHORS[str(text.get_horizontalalignment())]
        x, y = (box.x1, box.y1) if anchor == "end" else ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
        name = f"lines_text_{number}"
        text.set_gid(name)
        found[name] = (anchor, x, height - y)
    figure.set_dpi(before)
    return found


def tied_lines(picture: str, places: dict[str, tuple[str, float, float]]) -> str:
    """Return an SVG in which the lines of each of these labels are aligned by ``text-anchor``.

    Parameters
    ----------
    picture : str
    places : dict
        As `marked_lines` returns it.
    """
    for name, (anchor, x, y) in places.items():
        label = re.compile(rf'<g id="{name}">(?:\s*<g id="patch.*?</g>)?.*?</g>', re.DOTALL)
        picture = label.sub(partial(_tied, anchor=anchor, x=x, y=y), picture, count=1)
    return picture


def _aligned(figure: Figure) -> Iterator[Text]:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if not isinstance(text, Text) or "\n" not in text.get_text() or not text.get_visible():
            continue
        if text.get_rotation() in (0, 90) and text.get_horizontalalignment() in _ANCHORS:
            yield text


def _tied(group: re.Match[str], anchor: str, x: float, y: float) -> str:
    def moved(found: re.Match[str]) -> str:
        place = f"{found[1]} {y:.6g}" if found[3] else f"{x:.6g} {found[2]}"
        return f'text-anchor="{anchor}" transform="translate({place}){found[3] or ""}"'

    return _PLACE.sub(moved, group[0])
