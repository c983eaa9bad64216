"""The flow of participants as a drawing (CONSORT 2025): boxes with arrows, as SVG, legible on a telephone."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from relapse_model.report.figures.style import GREY, INK, WIDTH, new_figure, plain, styled
from relapse_model.trial.arms.flow import ArmFlow, ParticipantFlow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _LINE, _PAD, _GAP = 440, 17, 9, 24
_FONT = 12.5
_LETTER, _WIDE_LETTER = 0.56, 1.0  # width of a letter over its height, on the safe side; of a Chinese one
_MOST_REASONS = 6
_POINTS = (7.0, 9.0)  # of letters in a figure


_Width = Callable[[str], float]  # of a line of text


@dataclass(frozen=True, slots=True)
class _Box:
    """A box with lines of text; the first is bold."""

    left: float
    width: float
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 2 * _PAD - 3


@dataclass(frozen=True, slots=True)
class _Line:
    """A line through points, with an arrow at its end or without."""

    points: tuple[tuple[float, float], ...]
    arrow: bool = True

    @property
    def head(self) -> tuple[tuple[float, float], ...]:
        """Return the points of the arrow: the way the last piece goes."""
        if not self.arrow:
            return ()
        (before, _), (x, y) = self.points[-2:]
        down = before == x
        return ((x - 4, y - 5), (x, y), (x + 4, y - 5)) if down else ((x - 5, y - 4), (x, y), (x - 5, y + 4))


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Boxes with the place of their upper edge, lines, and how far down it goes."""

    boxes: tuple[tuple[_Box, float], ...]
    lines: tuple[_Line, ...]
    bottom: float


def flow_svg(flow: ParticipantFlow) -> str:
    """Draw the flow of participants.

    Parameters
    ----------
    flow : ParticipantFlow

    Returns
    -------
    str
        SVG, 440 units wide.
    """
    drawing = _drawing(flow, _width)
    parts = [_svg_box(box, top) for box, top in drawing.boxes] + [_svg_line(line) for line in drawing.lines]
    family = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Noto Sans CJK SC, sans-serif"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {drawing.bottom:g}" font-family="{family}">'
        + "".join(parts) + "</svg>\n"
    )  # fmt: skip


@styled
def flow_figure(flow: ParticipantFlow, *, ax: Axes | None = None) -> Figure:
    """Draw the flow of participants by Matplotlib, for a journal.

    Parameters
    ----------
    flow : ParticipantFlow
    ax : Axes, optional
        To draw on, in a figure of your own.

    Returns
    -------
    Figure
    """
    if ax is not None:
        figure: Figure = ax.get_figure(root=True)  # type: ignore[assignment]
        _put(ax, flow, 72 * float(ax.get_window_extent().width) / figure.dpi / _WIDTH)
        return figure
    figure = new_figure(1.0)
    figure.set_layout_engine("none")  # every place is given
    width = min(float(figure.get_size_inches()[0]), WIDTH)  # wider, its letters would be too large
    axes = figure.add_axes((0, 0, 1, 1))
    bottom = _put(axes, flow, 72 * width / _WIDTH)
    figure.set_size_inches(width, width * bottom / _WIDTH)
    return figure


def _put(axes: Axes, flow: ParticipantFlow, unit: float) -> float:
    """Draw on axes whose unit has so many points; return how far down it goes."""
    points = min(max(_FONT * unit, _POINTS[0]), _POINTS[1])
    drawing = _drawing(flow, lambda line: _measured(axes, line, points) / unit)
    for box, top in drawing.boxes:
        right, low = box.left + box.width, top + box.height
        axes.fill([box.left, right, right, box.left], [top, top, low, low], facecolor="white", edgecolor=GREY,
                  linewidth=0.7, zorder=2)  # fmt: skip
        for place, words in enumerate(box.lines):
            axes.text(box.left + _PAD, top + _PAD + 10 + place * _LINE, plain(words), fontsize=points, color=INK,
                      zorder=3, fontweight="bold" if place == 0 else "normal")  # fmt: skip
    for line in drawing.lines:
        for stroke in filter(None, (line.points, line.head)):
            axes.plot(*zip(*stroke, strict=True), color=GREY, linewidth=0.7)
    axes.set(xlim=(0, _WIDTH), ylim=(drawing.bottom, 0))
    axes.set_axis_off()
    return drawing.bottom


def _width(line: str) -> float:
    """Return how wide a line is in a browser, whose font is not known, in units of the drawing."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)
    return _FONT * (_WIDE_LETTER * wide + _LETTER * (len(line) - wide))


def _measured(axes: Axes, line: str, points: float) -> float:
    """Return how wide a line is by Matplotlib, in bold, in points."""
    drawn = axes.text(0, 0, plain(line), fontsize=points, fontweight="bold")
    width = float(drawn.get_window_extent().width) / axes.get_figure(root=True).dpi * 72  # type: ignore[union-attr]
    drawn.remove()
    return width


def _broken(line: str, room: float, width: _Width) -> list[str]:
    """Return the lines into which a line is broken: between words, or within a word that has no room."""
    lines, current = [], ""
    for word in line.split():
        grown = f"{current} {word}" if current.strip() else f"{current}{word}"
        if width(grown) > room and current.strip():
            lines.append(current)
            grown = f"  {word}"
        while width(grown) > room and len(grown) > 3:
            most = next(end for end in range(len(grown) - 1, 2, -1) if end == 3 or width(grown[:end]) <= room)
            lines.append(grown[:most])
            grown = f"  {grown[most:]}"
        current = grown
    return [*lines, current]


def _svg_box(box: _Box, top: float) -> str:
    text = "".join(
        f'<text x="{box.left + _PAD:g}" y="{top + _PAD + 10 + place * _LINE:g}" font-size="{_FONT}" '
        f'font-weight="{"600" if place == 0 else "400"}" fill="{INK}">{escape(line)}</text>'
        for place, line in enumerate(box.lines)
    )
    return (
        f'<path d="M{box.left:g} {top:g}h{box.width:g}v{box.height:g}h-{box.width:g}z" fill="#ffffff" '
        f'stroke="{GREY}" stroke-width="1"/>{text}'
    )


def _svg_line(line: _Line) -> str:
    strokes = ("M" + "L".join(f"{x:g} {y:g}" for x, y in one) for one in filter(None, (line.points, line.head)))
    return f'<path d="{"".join(strokes)}" fill="none" stroke="{GREY}"/>'


def _drawing(flow: ParticipantFlow, width: _Width) -> _Drawing:
    column = (_WIDTH - 12) / 2
    lefts = (0.5, _WIDTH - column - 0.5)
    boxes: list[tuple[_Box, float]] = []
    lines: list[_Line] = []
    top = 1.0
    if flow.not_randomised:
        boxes, lines, top = _screened(flow, top, width)
    words = [f"Randomised: {flow.randomised}"]
    if flow.not_eligible is not None:
        words.append(f"of these, not eligible on record: {flow.not_eligible}")
        words.append(f"eligibility not documented: {flow.undecidable}")
    side = 20 if flow.not_randomised else 60
    start = _box(side, _WIDTH - 2 * side, words, width)
    boxes.append((start, top))
    fork = top + start.height
    y, half = fork + _GAP, fork + _GAP / 2
    centres = [left + column / 2 for left in lefts]
    lines.append(_Line(((_WIDTH / 2, fork), (_WIDTH / 2, half)), False))
    lines.append(_Line(((centres[0], half), (centres[1], half)), False))
    lines += [_down(centre, half, y) for centre in centres]
    for place, pair in enumerate(_stages(flow)):
        y = _stage(pair, lefts, column, width, y, boxes, lines if place else None)
    return _Drawing(tuple(boxes), tuple(lines), y - _GAP + 2)


def _stage(
    pair: tuple[list[str], list[str]], lefts: tuple[float, float], column: float, width: _Width, y: float,
    boxes: list[tuple[_Box, float]], lines: list[_Line] | None,
) -> float:  # fmt: skip
    """Add the boxes of both arms, as high as one another, and what leads to them; return where the next ones begin."""
    made = [_box(left, column, words, width) for left, words in zip(lefts, pair, strict=True)]
    height = max(box.height for box in made)
    for box in made:
        boxes.append((_Box(box.left, box.width, box.lines + ("",) * round((height - box.height) / _LINE)), y))
        if lines is not None:
            lines.append(_down(box.left + column / 2, y - _GAP, y))
    return y + height + _GAP


def _screened(flow: ParticipantFlow, top: float, width: _Width) -> tuple[list[tuple[_Box, float]], list[_Line], float]:
    """Draw who was assessed and not randomised; return that, and where the next box begins."""
    assessed = _box(60, _WIDTH - 120, [f"Assessed for eligibility: {flow.assessed}"], width)
    out = _box(60, _WIDTH - 60.5, [f"Not randomised: {flow.not_randomised}", *_listed(flow.reasons)], width)
    below = top + assessed.height + _GAP
    next_top = below + out.height + _GAP
    middle, side = top + assessed.height / 2, below + out.height / 2
    lines = [_Line(((60, middle), (30, middle), (30, next_top - 1))), _Line(((30, side), (59, side)))]
    return [(assessed, top), (out, below)], lines, next_top


def _stages(flow: ParticipantFlow) -> list[tuple[list[str], list[str]]]:
    one, nought = flow.arms
    return [
        (_allocated(one), _allocated(nought)),
        (_followed(one), _followed(nought)),
        (_analysed(one), _analysed(nought)),
    ]


def _allocated(arm: ArmFlow) -> list[str]:
    lines = [f"{arm.name}: {arm.allocated} allocated", f"received allocation: {arm.received}",
             f"did not receive it: {arm.not_received}"]  # fmt: skip
    return lines + ([f"not known: {arm.unknown_received}"] if arm.unknown_received else [])


def _followed(arm: ArmFlow) -> list[str]:
    lines = [f"Endpoint known: {arm.failed + arm.free}", f"failed: {arm.failed}", f"free of failure: {arm.free}"]
    return [*lines, f"Endpoint unknown (lost): {arm.lost}", *_listed(arm.lost_reasons)]


def _analysed(arm: ArmFlow) -> list[str]:
    return [f"Analysed: {arm.analysed}", f"not analysed: {arm.left_out}"]


def _listed(reasons: Sequence[tuple[str, int]]) -> list[str]:
    shown = [f"\N{EN DASH} {why}: {number}" for why, number in reasons[:_MOST_REASONS]]
    rest = sum(number for _, number in reasons[_MOST_REASONS:])
    return [*shown, f"\N{EN DASH} other reasons: {rest}"] if rest else shown


def _box(left: float, across: float, lines: Sequence[str], width: _Width) -> _Box:
    """Return a box with its lines broken where they would jut out."""
    return _Box(left, across, tuple(part for line in lines for part in _broken(line, across - 2 * _PAD, width)))


def _down(x: float, top: float, bottom: float) -> _Line:
    return _Line(((x, top), (x, bottom - 1)))
