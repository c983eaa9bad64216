"""The flow of participants as a drawing (CONSORT 2025): boxes with arrows, as SVG, legible on a telephone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from xml.sax.saxutils import escape

from relapse_model.report.figures.style import GREY, INK
from relapse_model.trial.arms.flow import ArmFlow, ParticipantFlow

_WIDTH, _LINE, _PAD, _GAP = 440, 17, 9, 24
_FONT = 12.5
_LETTER = 0.56  # width of a letter over its height, on the safe side
_MOST_REASONS = 6


@dataclass(frozen=True, slots=True)
class _Box:
    """A box with lines of text; the first is bold."""

    left: float
    width: float
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 2 * _PAD - 3

    def draw(self, top: float) -> str:
        text = "".join(
            f'<text x="{self.left + _PAD:g}" y="{top + _PAD + 10 + place * _LINE:g}" font-size="{_FONT}" '
            f'font-weight="{"600" if place == 0 else "400"}" fill="{INK}">{escape(line)}</text>'
            for place, line in enumerate(self.lines)
        )
        frame = (
            f'<path d="M{self.left:g} {top:g}h{self.width:g}v{self.height:g}h-{self.width:g}z" fill="#ffffff" '
            f'stroke="{GREY}" stroke-width="1"/>'
        )
        return frame + text


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
    middle, column = _WIDTH / 2, (_WIDTH - 12) / 2
    lefts = (0.5, _WIDTH - column - 0.5)
    parts: list[str] = []
    top = 1.0
    if flow.not_randomised:
        drawn, top = _screened(flow, top)
        parts += drawn
    lines = [f"Randomised: {flow.randomised}"]
    if flow.not_eligible is not None:
        lines.append(f"of these, not eligible on record: {flow.not_eligible}")
        lines.append(f"eligibility not documented: {flow.undecidable}")
    start = _box(20 if flow.not_randomised else 60, _WIDTH - (40 if flow.not_randomised else 120), lines)
    parts.append(start.draw(top))
    stages = [[_box(left, column, lines) for left, lines in zip(lefts, pair, strict=True)] for pair in _stages(flow)]
    fork = top + start.height
    y = fork + _GAP
    centres = [left + column / 2 for left in lefts]
    parts.append(f'<path d="M{middle:g} {fork:g}v{_GAP / 2:g}M{centres[0]:g} {fork + _GAP / 2:g}H{centres[1]:g}" '
                 f'fill="none" stroke="{GREY}"/>')  # fmt: skip
    parts += [_arrow(centre, fork + _GAP / 2, y) for centre in centres]
    for place, pair in enumerate(stages):
        height = max(box.height for box in pair)
        for box, centre in zip(pair, centres, strict=True):
            same = _Box(box.left, box.width, box.lines + ("",) * round((height - box.height) / _LINE))
            parts.append(same.draw(y))
            if place + 1 < len(stages):
                parts.append(_arrow(centre, y + height, y + height + _GAP))
        y += height + _GAP
    bottom = y - _GAP + 2
    family = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Noto Sans CJK SC, sans-serif"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom:g}" font-family="{family}">'
        + "".join(parts) + "</svg>\n"
    )  # fmt: skip


def _screened(flow: ParticipantFlow, top: float) -> tuple[list[str], float]:
    """Draw who was assessed and not randomised; return that, and where the next box begins."""
    assessed = _box(60, _WIDTH - 120, [f"Assessed for eligibility: {flow.assessed}"])
    out = _box(60, _WIDTH - 60.5, [f"Not randomised: {flow.not_randomised}", *_listed(flow.reasons)])
    below = top + assessed.height
    next_top = below + _GAP + out.height + _GAP
    arrow = _arrow(30, top + assessed.height / 2, next_top, elbow=60)
    return [assessed.draw(top), arrow, _side(30, below + _GAP + out.height / 2, 60), out.draw(below + _GAP)], next_top


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


def _box(left: float, width: float, lines: Sequence[str]) -> _Box:
    """Return a box with its lines broken where they would jut out."""
    most = int((width - 2 * _PAD) / (_FONT * _LETTER))
    return _Box(left, width, tuple(part for line in lines for part in wrap(line, most, subsequent_indent="  ")))


def _arrow(x: float, top: float, bottom: float, *, elbow: float | None = None) -> str:
    begin = f"M{x:g} {top:g}" if elbow is None else f"M{elbow:g} {top:g}H{x:g}"
    return f'<path d="{begin}V{bottom - 1:g}m-4 -5l4 5l4 -5" fill="none" stroke="{GREY}"/>'


def _side(left: float, y: float, right: float) -> str:
    return f'<path d="M{left:g} {y:g}H{right - 1:g}m-5 -4l5 4l-5 4" fill="none" stroke="{GREY}"/>'
