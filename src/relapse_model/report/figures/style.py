"""The look of every figure, and how it is written: SVG and PNG that are the same bytes for the same figure."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure


P = ParamSpec("P")

# Okabe and Ito's palette, made for all kinds of colour vision. Outcomes and groups never share a colour.
INK, GREY, PALE = "#222222", "#6e6e6e", "#d9d9d9"
RELAPSE, FREE, LOST = "#d55e00", "#0072b2", GREY
GROUPS = ("#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222")

LEVEL = 0.9  # of the intervals of coefficients
WIDTH = 4.4  # inches: text stays legible when a telephone shrinks the figure to its screen

_CJK = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Give a figure function the style of this module, and leave the caller's settings alone."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _style(), _quiet_about_letters():
            figure = draw(*args, **kwargs)
            # Arrange once and keep it: arranged at each drawing, the last digits would differ.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        return figure

    return drawn


def svg(figure: Figure) -> str:
    """Return a figure as SVG with text as text; the same figure gives the same characters.

    Parameters
    ----------
    figure : Figure
    """
    buffer = io.StringIO()
    with _style(), _quiet_about_letters():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def png(figure: Figure, dpi: int = 200) -> bytes:
    """Return a figure as PNG.

    Parameters
    ----------
    figure : Figure
    dpi : int
    """
    buffer = io.BytesIO()
    with _style():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib

    settings: dict[Any, Any] = {
        "font.family": _families(), "font.size": 9.5, "text.color": INK,
        "axes.titlesize": 10.5, "axes.titlelocation": "left", "axes.labelsize": 9.5, "axes.labelcolor": INK,
        "axes.edgecolor": GREY, "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False,
        "xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
        "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.frameon": False, "legend.fontsize": 9,
        "legend.title_fontsize": 9, "lines.solid_capstyle": "butt", "savefig.facecolor": "white",
        "svg.fonttype": "none", "svg.hashsalt": "relapse-model", "text.usetex": False,
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
def _families() -> list[str]:
    """Return the fonts: Matplotlib's own, and for Chinese one that this computer has."""
    from matplotlib import font_manager

    present = set(font_manager.get_font_names())
    return ["DejaVu Sans", *[name for name in _CJK if name in present][:1], "sans-serif"]


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure of the common width, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plain(text: str) -> str:
    """Return text in which a dollar sign is a dollar sign, and not the start of a formula."""
    return text.replace("$", r"\$")


def colours(groups: int) -> list[str]:
    """Return a colour for each group of patients."""
    return [FREE] if groups == 1 else [GROUPS[place % len(GROUPS)] for place in range(groups)]
