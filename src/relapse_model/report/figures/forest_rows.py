"""The rows of a forest plot: what each is and its figures on one line, its interval beneath, across the whole width.

Labels end before the middle, where the line of no effect stands, so that nothing interrupts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING

from relapse_model.report.figures.style import GREY, INK, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDEST = 31  # letters of a line: they end before the middle
_MOST_LINES = 2
_BAR = 1.25  # heights of a line of text: the interval and the room around it
LINE = 0.158  # inches


def label_lines(label: str) -> list[str]:
    """Return a label broken into lines that end before the middle of the figure; a longer one is cut.

    Parameters
    ----------
    label : str

    Examples
    --------
    >>> label_lines("Multiple imputation, odds multiplied by 2.7")
    ['Multiple imputation, odds', 'multiplied by 2.7']
    """
    return wrap(label, _WIDEST, max_lines=_MOST_LINES, placeholder=" ...") or [""]


def two_lines(label: str, kept: str, width: int) -> str:
    """Return a label with what belongs to it on one line, or on two alike; one that is longer is cut, but not its end.

    Parameters
    ----------
    label : str
    kept : str
        What stands behind the label, such as its unit.
    width : int
        Letters of a line.

    Examples
    --------
    >>> two_lines("Rise of bilirubin in the first year", ", per SD", 40).splitlines()
    ['Rise of bilirubin in', 'the first year, per SD']
    >>> two_lines("Rise of bilirubin in the first year of all", ", per SD", 22).splitlines()
    ['Rise of bilirubin in', 'the first ..., per SD']
    """
    if len(label + kept) <= width:
        return label + kept
    for most in range(len(label), 4, -1):
        words = shorten(label, most, placeholder=" ...") + kept
        for letters in range(len(words) // 2, width + 1):
            if len(lines := wrap(words, letters, break_long_words=False)) <= _MOST_LINES and len(lines[0]) <= width:
                return "\n".join(lines)
    return "\n".join(wrap(label + kept, width)[:_MOST_LINES])


def rows_height(labels: Sequence[str]) -> float:
    """Return the height of the rows in inches.

    Parameters
    ----------
    labels : sequence of str
    """
    return LINE * sum(len(label_lines(label)) + _BAR for label in labels)


def put_rows(axes: Axes, labels: Sequence[str], words: Sequence[str], bold: Sequence[bool] = ()) -> list[float]:
    """Write labels and figures, set the vertical limits, and return where the interval of each row belongs.

    Parameters
    ----------
    axes : Axes
    labels, words : sequence of str
        What stands at the left, and at the right, of the line above each interval.
    bold : sequence of bool
        Rows in bold type; none by default.
    """
    beside, top, places = axes.get_yaxis_transform(), 0.0, []
    for row, (label, said) in enumerate(zip(labels, words, strict=True)):
        lines = label_lines(label)
        weight = "bold" if row < len(bold) and bold[row] else "normal"
        for side, text, colour in ((0.0, "\n".join(lines), INK), (1.0, said, INK if "(" in said else GREY)):
            drawn = axes.text(
                side, top, plain(text), transform=beside, va="top", ha="right" if side else "left", fontsize=8.5,
                fontweight=weight, color=colour, linespacing=1.15,
            )  # fmt: skip
            drawn.set_in_layout(False)
        places.append(top + len(lines) + 0.45 * _BAR)
        top += len(lines) + _BAR
    axes.set(ylim=(top, -0.4), yticks=[])
    axes.spines["left"].set_visible(False)
    return places
