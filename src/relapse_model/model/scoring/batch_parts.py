"""The parts of a batch on disk: where they lie, and how they become one file."""

from __future__ import annotations

import csv
import heapq
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from relapse_model.cohort.large_folders.chunks import CohortChunks
from relapse_model.errors import RelapseModelError
from relapse_model.files import naming_full_disk, put_in_place, write_text


def part_file(chunks: CohortChunks, number: int, what: str = "part") -> Path:
    """Return the file of a part; with the key in its name, no process that another run left behind writes it.

    Parameters
    ----------
    chunks : CohortChunks
    number : int
        Of the chunk, from 0.
    what : str
        ``"part"`` for its scores, ``"noted"`` for its rows to be looked at, ``"sum"`` for the checksum of both.
    """
    return chunks.work / f"{what}-{chunks.counts['key'][:16]}-{number:05d}.csv"


def write_sum(chunks: CohortChunks, number: int) -> None:
    """Write the checksum of a chunk's two files beside them, for `is_whole`.

    Parameters
    ----------
    chunks : CohortChunks
    number : int
        Of the chunk, from 0.
    """
    write_text(_sum(chunks, number), part_file(chunks, number, "sum"), private=True)


def is_whole(chunks: CohortChunks, number: int) -> bool:
    """Tell whether a chunk was scored, and both of its files are as they were written.

    Parameters
    ----------
    chunks : CohortChunks
    number : int
        Of the chunk, from 0.
    """
    try:
        return part_file(chunks, number, "sum").read_bytes() == _sum(chunks, number).encode("ascii")
    except OSError:
        return False


def _sum(chunks: CohortChunks, number: int) -> str:
    both = [part_file(chunks, number, what).read_bytes() for what in ("part", "noted")]
    return " ".join(f"{len(one)} {zlib.crc32(one)}" for one in both)


def join_parts(chunks: CohortChunks, columns: list[str], out: Path) -> Counter[str]:
    """Write the parts as one file in the order of the patients table, complete or not at all.

    Parameters
    ----------
    chunks : CohortChunks
    columns : list of str
        Of the output.
    out : Path

    Returns
    -------
    Counter
        How many were ``scored`` and ``rejected``, and scored but ``warned``.

    Raises
    ------
    RelapseModelError
        If a row would be lost, or a part has other columns.
    """
    counts: Counter[str] = Counter()
    status, warnings = columns.index("status"), columns.index("warnings")
    joined = chunks.work / "joined.csv"
    joined.touch(mode=0o600)
    size = sum(part_file(chunks, number).stat().st_size for number in range(len(chunks)))
    with naming_full_disk(out, size), joined.open("w", newline="", encoding="utf-8") as file:
        plain = csv.writer(file, lineterminator="\n")
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(columns)
        for cells in _in_order(chunks, columns):
            # Before 3.13 Python does not quote a carriage return on its own, and a reader would end the row there.
            (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)
            counts[cells[status]] += 1
            counts["warned"] += cells[status] == "scored" and cells[warnings] != ""
        file.flush()
        os.fsync(file.fileno())
    if counts["scored"] + counts["rejected"] != chunks.patients:
        raise RelapseModelError(
            f"{chunks.patients} rows of the patients table came, and {counts['scored']} scored and "
            f"{counts['rejected']} rejected would have gone out; nothing was written. Score the folder again with "
            "resume=False; if that does not help, report it."
        )
    put_in_place(joined, out)
    return counts


def noted_rows(chunks: CohortChunks) -> dict[str, tuple[int, ...]]:
    """Return the rows to be looked at of all chunks, by table."""
    rows: dict[str, list[int]] = {}
    for number in range(len(chunks)):
        with part_file(chunks, number, "noted").open(newline="", encoding="utf-8") as file:
            for one in csv.DictReader(file):
                rows.setdefault(one["table"], []).append(int(one["row"]))
    return {name: tuple(sorted(found)) for name, found in sorted(rows.items())}


def _in_order(chunks: CohortChunks, columns: list[str]) -> Iterator[list[str]]:
    """Yield the rows of all parts in the order of the patients table.

    Only rows of an identifier that stood in an earlier chunk too lie beyond their chunk; they wait for their place.
    """
    waiting: list[tuple[int, list[str]]] = []
    for number in range(len(chunks)):
        merged = heapq.merge(waiting, _rows(part_file(chunks, number), columns), key=lambda row: row[0])
        waiting = []
        for row, cells in merged:
            if row < chunks.end(number):
                yield cells
            else:
                waiting.append((row, cells))


def _rows(part: Path, columns: list[str]) -> Iterator[tuple[int, list[str]]]:
    with part.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if next(reader, [])[1:] != columns:
            raise RelapseModelError(
                f"{part.name}: other columns than in the first part. Score the folder again with resume=False."
            )
        for row in reader:
            yield int(row[0]), row[1:]
