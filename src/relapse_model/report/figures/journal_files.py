"""A figure as a journal takes it: SVG and PDF with every letter in them, PNG and TIFF without transparency."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from relapse_model.errors import RelapseModelError
from relapse_model.report.figures.style import families, png, quiet_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE_FORMATS = ("svg", "pdf", "png", "tiff")
RESOLUTIONS = (300, 600)  # dots per inch that journals ask for: the least and the most


def figure_files(figure: Figure, dpi: int = 600) -> dict[str, bytes]:
    """Return a figure as SVG, PDF, PNG and TIFF, by the ending of the file.

    Letters are outlines in the SVG, and embedded in the PDF: TrueType, or Type 3 for letters that Matplotlib's own font
    has not, such as Chinese.

    Parameters
    ----------
    figure : Figure
    dpi : int
        300 to 600.

    Raises
    ------
    RelapseModelError
        If no font of this computer has a letter of the figure: it would be drawn as a box.
    """
    require_letters(figure)
    picture = png(figure, dpi)
    made: dict[str, Callable[[], bytes]] = {
        "svg": lambda: _saved(figure, "svg", {"Date": None, "Creator": None}, {"svg.fonttype": "path"}),
        "pdf": lambda: _saved(
            figure, "pdf", {"Creator": None, "Producer": None, "CreationDate": None},
            {"pdf.fonttype": 3 if _foreign(figure) else 42},
        ),
        "png": lambda: _flat(picture, "PNG", dpi),
        "tiff": lambda: _flat(picture, "TIFF", dpi, compression="tiff_lzw"),
    }  # fmt: skip
    return {ending: write() for ending, write in made.items()}


def require_letters(figure: Figure) -> None:
    """Refuse a figure with letters that no font of this computer has.

    Parameters
    ----------
    figure : Figure

    Raises
    ------
    RelapseModelError
        With the letters, and what to install.
    """
    known = frozenset[int]().union(*(_letters(name) for name in families()[:-1]))
    missing = "".join(sorted({letter for letter in _text(figure) if ord(letter) not in known and letter.isprintable()}))
    if missing:
        raise RelapseModelError(
            f"no font of this computer has the letters {missing[:20]}; expected one, or the figure would show boxes. "
            "Install a font that has them, such as Noto Sans CJK SC (https://github.com/notofonts/noto-cjk)."
        )


def _foreign(figure: Figure) -> bool:
    own = _letters(families()[0])
    return any(ord(letter) not in own and letter.isprintable() for letter in _text(figure))


def _text(figure: Figure) -> set[str]:
    from matplotlib.text import Text

    return {letter for text in figure.findobj(Text) if isinstance(text, Text) for letter in text.get_text()}


@cache
def _letters(family: str) -> frozenset[int]:
    from matplotlib import font_manager

    file = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
    return frozenset(font_manager.get_font(file).get_charmap())


def _saved(figure: Figure, form: str, metadata: dict[str, Any], settings: dict[Any, Any]) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    with quiet_style(), matplotlib.rc_context(settings):
        figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()


def _flat(picture: bytes, form: str, dpi: int, **settings: Any) -> bytes:
    """Return a picture without transparency, of which journals' programs make black."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as drawn:
        drawn.convert("RGB").save(buffer, form, dpi=(dpi, dpi), **settings)
    return buffer.getvalue()
