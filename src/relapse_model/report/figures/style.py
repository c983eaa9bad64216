"""The look of every figure, on a page and in a journal; SVG and PNG that are the same bytes for the same figure."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, ParamSpec

from relapse_model.errors import RelapseModelError
from relapse_model.report.figures.aligned_lines import marked_lines, tied_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


P = ParamSpec("P")

# Okabe and Ito's palette, made for all kinds of colour vision. Outcomes and groups never share a colour.
INK, GREY, PALE = "#222222", "#6e6e6e", "#d9d9d9"
RELAPSE, FREE, LOST = "#d55e00", "#0072b2", GREY
GROUPS = ("#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222")

LEVEL = 0.95  # of every interval, but that of a patient's risk
_PRINTED = 600  # dots per inch
WIDTH = 4.4  # inches: text stays legible when a telephone shrinks the figure to its screen

_HYPHEN_AS_MINUS = re.compile(r"(?<![\w.)\]-])-(?=\.?\d)")
_CJK = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei", "SimHei",
    "Noto Sans SC", "Noto Serif CJK SC", "Noto Sans CJK JP",
)  # fmt: skip
_CJK_FILES = ("notosanscjk", "sourcehansans", "msyh", "pingfang", "wqy", "simhei", "notosanssc", "notoserifcjk")


@dataclass(frozen=True, slots=True)
class Look:
    """How large figures and their letters are.

    Parameters
    ----------
    width : float
        Inches.
    heights : float
        By which the heights of a page are multiplied.
    title, text, small : float
        Points: of titles, of axes and notes, of ticks, legends and numbers.
    """

    width: float
    heights: float
    title: float
    text: float
    small: float


PAGE = Look(WIDTH, 1.0, 10.5, 9.5, 9.0)
_LOOK: ContextVar[Look] = ContextVar("look", default=PAGE)


def journal(width_mm: float) -> Look:
    """Return the look of a journal: letters of 7 to 8 points in a column of that width.

    Parameters
    ----------
    width_mm : float
        Such as 85 (one column) or 180 (two).

    Examples
    --------
    >>> round(journal(85).width, 2), journal(85).small
    (3.35, 7.0)
    """
    return Look(width_mm / 25.4, 0.82, 8.0, 7.5, 7.0)


@contextmanager
def drawn_for(look: Look) -> Iterator[None]:
    """Draw what is drawn inside in that look.

    Parameters
    ----------
    look : Look
        As `journal` makes one.
    """
    before = _LOOK.set(look)
    try:
        yield
    finally:
        _LOOK.reset(before)


@contextmanager
def quiet_style() -> Iterator[None]:
    """Write a figure inside: in the style, and without a warning of letters that are looked after elsewhere."""
    with _style(), _quiet_about_letters():
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Give a figure function the style of this module, and leave the caller's settings alone.

    A function that was given axes to draw on (`ax`) leaves the arrangement of their figure to its owner. One of several
    panels arranges them itself, and refuses axes.
    """
    takes_axes = "ax" in signature(draw).parameters

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        if "ax" in kwargs and not takes_axes:
            raise RelapseModelError(
                f"{draw.__name__}: ax is given, and this figure arranges its own panels; expected none. Leave ax out, "
                "and use the figure that is returned."
            )
        with _style(), _quiet_about_letters():
            figure = draw(*args, **kwargs)
            if kwargs.get("ax") is not None:
                return figure
            on_screen = figure.dpi
            if _LOOK.get() is not PAGE:
                _fit_letters(figure, _LOOK.get())
                figure.set_dpi(_PRINTED)  # letters are a little wider there than on a screen, and would be cut off
            # Arrange once and keep it: arranged at each drawing, the last digits would differ.
            figure.draw_without_rendering()
            figure.set_dpi(on_screen)
            figure.set_layout_engine("none")
        return figure

    return drawn


def _fit_letters(figure: Figure, look: Look) -> None:
    """Bring letters with a size of their own, chosen for a page, to those of the look; numbers get a true minus."""
    from matplotlib.text import Text

    free = figure.get_layout_engine() is not None  # else every place is in inches, and letters must keep their size
    for text in figure.findobj(Text):
        if not isinstance(text, Text):
            continue
        text.set_text(_HYPHEN_AS_MINUS.sub("\N{MINUS SIGN}", text.get_text()))
        if float(text.get_fontsize()) > look.title:
            text.set_fontsize(look.small if free else min(float(text.get_fontsize()), 9.0))


def svg(figure: Figure) -> str:
    """Return a figure as SVG with text as text; the same figure gives the same characters.

    Parameters
    ----------
    figure : Figure
    """
    buffer = io.StringIO()
    with _style(), _quiet_about_letters():
        places = marked_lines(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return tied_lines(buffer.getvalue(), places)


def png(figure: Figure, dpi: int = 200) -> bytes:
    """Return a figure as PNG.

    Parameters
    ----------
    figure : Figure
    dpi : int
    """
    buffer = io.BytesIO()
    with _style(), _quiet_about_letters():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib

    look = _LOOK.get()
    settings: dict[Any, Any] = {
        "font.family": families(), "font.size": look.text, "text.color": INK,
        "axes.titlesize": look.title, "axes.titlelocation": "left", "axes.labelsize": look.text,
        "axes.labelcolor": INK, "axes.edgecolor": GREY, "axes.linewidth": 0.8, "axes.spines.top": False,
        "axes.spines.right": False, "axes.unicode_minus": True,
        "xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
        "xtick.labelsize": look.small, "ytick.labelsize": look.small, "legend.frameon": False,
        "legend.fontsize": look.small, "legend.title_fontsize": look.small, "lines.solid_capstyle": "butt",
        "savefig.facecolor": "white", "svg.fonttype": "none", "svg.hashsalt": "relapse-model", "text.usetex": False,
        "text.hinting": "none",  # letters as wide in the file as when the figure was arranged
    }  # fmt: skip
    with matplotlib.rc_context(settings):
        yield


@contextmanager
def _quiet_about_letters() -> Iterator[None]:
    """Letters that Matplotlib's fonts lack stay letters in an SVG: the browser has a font for them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@cache
def families() -> list[str]:
    """Return the fonts: Matplotlib's own, and for Chinese one that this computer has."""
    return ["DejaVu Sans", *_chinese_font(), "sans-serif"]


def _chinese_font() -> list[str]:
    """Return a font for Chinese; looked for in the system's folders too, since Matplotlib's list may be an old one."""
    from matplotlib import font_manager

    present = set(font_manager.get_font_names())
    if not present & set(_CJK):
        files = font_manager.findSystemFonts()
        for file in sorted(one for one in files if any(name in one.lower().replace("-", "") for name in _CJK_FILES)):
            font_manager.fontManager.addfont(file)
        present = set(font_manager.get_font_names())
    return [name for name in _CJK if name in present][:1]


def new_figure(height: float, width: float | None = None) -> Figure:
    """Return an empty figure of the width of the look, in inches; its height is that on a page."""
    from matplotlib.figure import Figure

    look = _LOOK.get()
    return Figure(figsize=(look.width if width is None else width, height * look.heights), layout="constrained")


def one_axes(ax: Axes | None, height: float) -> tuple[Figure, Axes]:
    """Return the axes to draw on, and their figure: those given, or a new figure of that height in inches.

    Parameters
    ----------
    ax : Axes or None
    height : float
    """
    if ax is not None:
        return ax.get_figure(root=True), ax  # type: ignore[return-value]
    figure = new_figure(height)
    return figure, figure.subplots()


def put_legend(figure: Figure, axes: Axes, ax: Axes | None, **settings: Any) -> None:
    """Put the legend below a figure; on axes that were given, below these.

    Parameters
    ----------
    figure : Figure
    axes : Axes
        With what is explained.
    ax : Axes or None
        As the caller gave them.
    **settings
        Of the legend.
    """
    if ax is None:
        below = figure.legend(loc="outside lower left", **settings)
        if below.get_window_extent().width > figure.bbox.width:  # what stands in columns would be cut off at the edge
            below.remove()
            figure.legend(loc="outside lower left", **settings | {"ncols": 1})
    else:
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.2), borderaxespad=0.0, **settings)


def plain(text: str) -> str:
    """Return text in which a dollar sign is a dollar sign, and not the start of a formula."""
    return text.replace("$", r"\$")


def colours(groups: int) -> list[str]:
    """Return a colour for each group of patients."""
    return [FREE] if groups == 1 else [GROUPS[place % len(GROUPS)] for place in range(groups)]
