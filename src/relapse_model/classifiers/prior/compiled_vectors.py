"""Steps of compiled loops on eight numbers at a time, which no compiler finds by itself.

Written in LLVM's own language, as vectors of eight: a processor whose registers hold fewer takes two or four for each.
Products and sums are rounded one by one (no fused ones), so that the bits are the same on every processor, and those of
the arrays in `sigmoid_table` and `many_rows`. Arrays are contiguous; places in them are counted in numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
TILE_ROWS, TILE_MEMBERS = 4, 16
_DOUBLE, _WHOLE, _SHORT = ir.DoubleType(), ir.IntType(64), ir.IntType(32)
_VECTOR = ir.VectorType(_DOUBLE, LANES)
_room: Any = cgutils.alloca_once


def _step(build: Callable[..., Any]) -> Any:
    return intrinsic(build)


def _made(count: int, build: Callable[..., None]) -> Callable[..., Any]:
    """Return what `intrinsic` asks for: a signature without result, and a builder that is given arrays as pointers."""

    def signed(typingctx: Any, *given: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = [
                context.make_array(kind)(context, builder, value=value).data if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, args, strict=True)
            ]
            build(builder, *values)
            return context.get_dummy_value()

        assert len(given) == count
        return types.void(*given), generate

    return signed


def _load(builder: Any, array: Any, at: Any) -> Any:
    """Return eight numbers of an array; they need not begin at a line of the cache."""
    return builder.load(builder.bitcast(builder.gep(array, [at]), _VECTOR.as_pointer()), align=8)


def _store(builder: Any, value: Any, array: Any, at: Any) -> None:
    builder.store(value, builder.bitcast(builder.gep(array, [at]), _VECTOR.as_pointer()), align=8)


def _eight(number: float) -> Any:
    return ir.Constant(_VECTOR, [float(number)] * LANES)


def _eight_times(builder: Any, number: Any) -> Any:
    one = builder.insert_element(ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined), number, _SHORT(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(_SHORT, LANES), [0] * LANES))


def _plus(builder: Any, at: Any, more: int) -> Any:
    return builder.add(at, _WHOLE(more))


# ---- sums of products: four rows by sixteen members ----


def _build_tile(
    builder: Any, values: Any, width: Any, row: Any, coef: Any, members: Any, member: Any, terms: Any, found: Any
) -> None:
    parts = range(0, TILE_MEMBERS, LANES)
    sums = [[_room(builder, _VECTOR) for _ in parts] for _ in range(TILE_ROWS)]
    for each in sums:
        for own, part in zip(each, parts, strict=True):
            builder.store(_load(builder, coef, _plus(builder, member, part)), own)
    with cgutils.for_range(builder, terms, start=_WHOLE(1)) as loop:
        first = builder.add(builder.mul(loop.index, members), member)
        factors = [_load(builder, coef, _plus(builder, first, part)) for part in parts]
        place = builder.add(builder.mul(loop.index, width), row)
        for number, each in enumerate(sums):
            value = _eight_times(builder, builder.load(builder.gep(values, [_plus(builder, place, number)])))
            for own, factor in zip(each, factors, strict=True):
                builder.store(builder.fadd(builder.load(own), builder.fmul(value, factor)), own)
    for number, each in enumerate(sums):
        first = builder.add(builder.mul(_plus(builder, row, number), members), member)
        for own, part in zip(each, parts, strict=True):
            _store(builder, builder.load(own), found, _plus(builder, first, part))


@_step
def tile_of_sums(
    typingctx: Any, values: Any, width: Any, row: Any, coef: Any, members: Any, member: Any, terms: Any, found: Any
) -> Any:
    """Write sums over ``terms`` of values (terms by rows) times coefficients (terms by members), rows by members.

    The first value of each row is 1, and is not looked at.
    """
    return _made(8, _build_tile)(typingctx, values, width, row, coef, members, member, terms, found)


# ---- smaller means of eight numbers, from the table ----


def _turned(builder: Any, rows: list[Any]) -> list[Any]:
    """Return the columns of eight rows of eight, in three steps that exchange blocks of 1, 2 and 4."""
    for size in (1, 2, 4):
        kept = [(lane // size % 2) * (LANES - size) + lane for lane in range(LANES)]
        other = [place + size for place in kept]
        turned = list(rows)
        for low in (lane for lane in range(LANES) if not lane // size % 2):
            pair = rows[low], rows[low + size]
            turned[low] = _shuffled(builder, *pair, kept)
            turned[low + size] = _shuffled(builder, *pair, other)
        rows = turned
    return rows


def _shuffled(builder: Any, one: Any, other: Any, places: list[int]) -> Any:
    return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(_SHORT, LANES), places))


def _heat_sums(builder: Any, coefficients: list[Any], x: Any, y: Any) -> Any:
    """Return sums of heat polynomials by Clenshaw's recurrence."""
    *lower, one = coefficients
    value = builder.fadd(lower[-1], builder.fmul(x, one))
    for k in range(len(lower) - 2, -1, -1):
        share = builder.fmul(builder.fmul(y, _eight(k + 1.0)), one)
        value, one = builder.fadd(builder.fadd(lower[k], builder.fmul(x, value)), share), value
    return value


def _build_heat(builder: Any, table: Any, cell: Any, x: Any, y: Any, at: Any, minor: Any) -> None:
    lines = []
    for lane in range(LANES):
        own = builder.zext(builder.load(builder.gep(cell, [_plus(builder, at, lane)])), _WHOLE)
        lines.append(_load(builder, table, builder.shl(own, _WHOLE(3))))
    found = _heat_sums(builder, _turned(builder, lines), _load(builder, x, at), _load(builder, y, at))
    _store(builder, found, minor, at)


@_step
def eight_heat_sums(typingctx: Any, table: Any, cell: Any, x: Any, y: Any, at: Any, minor: Any) -> Any:
    """Write the sums of heat polynomials at eight places, each with the eight coefficients of its cell."""
    return _made(6, _build_heat)(typingctx, table, cell, x, y, at, minor)


# ---- weighted sums of a row ----


def _build_means(
    builder: Any, mean: Any, minor: Any, at: Any, weight: Any, members: Any, below: Any, above: Any, row: Any
) -> None:
    zero, one = _eight(0.0), _eight(1.0)
    sums = [_room(builder, _VECTOR) for _ in range(2)]
    for own in sums:
        builder.store(zero, own)
    with cgutils.for_range_slice(builder, _WHOLE(0), members, _WHOLE(LANES), inc=True) as (first, _):
        place = builder.add(at, first)
        small, share = _load(builder, minor, place), _load(builder, weight, first)
        large = builder.fsub(one, small)
        positive = builder.fcmp_ordered(">=", _load(builder, mean, place), zero)
        for own, sides in zip(sums, ((small, large), (large, small)), strict=True):
            builder.store(builder.fadd(builder.load(own), builder.fmul(share, builder.select(positive, *sides))), own)
    for own, found in zip(sums, (below, above), strict=True):
        lanes = [builder.extract_element(builder.load(own), _SHORT(lane)) for lane in range(LANES)]
        while len(lanes) > 1:
            lanes = [builder.fadd(*lanes[lane : lane + 2]) for lane in range(0, len(lanes), 2)]
        place = builder.gep(found, [row])
        builder.store(builder.fadd(builder.load(place), lanes[0]), place)


@_step
def add_row_means(
    typingctx: Any, mean: Any, minor: Any, at: Any, weight: Any, members: Any, below: Any, above: Any, row: Any
) -> Any:
    """Add to a row the weighted sums of the smaller means and the larger ones, each on its side."""
    return _made(8, _build_means)(typingctx, mean, minor, at, weight, members, below, above, row)
