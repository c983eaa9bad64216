"""The parts of a batch on disk: where they lie, and how they become one file."""

from __future__ import annotations

import csv
import heapq
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from relapse_model.cohort.large_folders.partitions import Partitions
from relapse_model.errors import RelapseModelError
from relapse_model.files import naming_full_disk, put_in_place
from relapse_model.model.scoring.guards.unlike import each_warning, unlike_studied
from relapse_model.model.scoring.score_part import PartScoring


def join_parts(parts: Partitions, files: PartScoring, out: Path) -> Counter[str]:
    """Write the parts as one file in the order of the patients table, complete or not at all.

    Parameters
    ----------
    chunks : CohortChunks
    parts : Partitions
    files : PartScoring
        Knows where the scores of each lie.
    out : Path

    Returns
    -------
    Counter
        How many were ``scored`` and ``rejected``, and scored but ``warned`` of, or ``unlike`` those studied.

    Raises
    ------
    RelapseModelError
        If a row would be lost, or a part has other columns.
    """
    counts: Counter[str] = Counter()
    with files.file(0).open(newline="", encoding="utf-8") as first:
        columns = next(csv.reader(first))[1:]
    status, warnings = columns.index("status"), columns.index("warnings")
    joined = Path(files.out) / "joined.csv"
    joined.touch(mode=0o600)
    size = sum(files.file(number).stat().st_size for number in range(len(parts)))
    with naming_full_disk(out, size), joined.open("w", newline="", encoding="utf-8") as file:
        plain = csv.writer(file, lineterminator="\n")
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(columns)
        for cells in _in_order(parts, files, columns):
            # Before 3.13 Python does not quote a carriage return on its own, and a reader would end the row there.
            (quoted if "\r" in "".join(cells) else plain).writerow(cells)
            counts[cells[status]] += 1
            counts["warned"] += cells[status] == "scored" and cells[warnings] != ""
            counts["unlike"] += unlike_studied(each_warning(cells[warnings]))
        file.flush()
        os.fsync(file.fileno())
    if counts["scored"] + counts["rejected"] != parts.patients:
        raise RelapseModelError(
            f"{parts.patients} rows of the patients table came, and {counts['scored']} scored and "
            f"{counts['rejected']} rejected would have gone out; nothing was written. Score the folder again with "
            "resume=False; if that does not help, report it."
        )
    put_in_place(joined, out)
    return counts


def noted_rows(parts: Partitions, files: PartScoring) -> dict[str, tuple[int, ...]]:
    """Return the rows to be looked at of all parts, by table."""
    rows: dict[str, list[int]] = {}
    for number in range(len(parts)):
        with files.file(number, "noted").open(newline="", encoding="utf-8") as file:
            for one in csv.DictReader(file):
                rows.setdefault(one["table"], []).append(int(one["row"]))
    return {name: tuple(sorted(found)) for name, found in sorted(rows.items())}


def _in_order(parts: Partitions, files: PartScoring, columns: list[str]) -> Iterator[list[str]]:
    """Yield the rows of all parts in the order of the patients table.

    Only rows of an identifier that stood in an earlier part too lie beyond their part; they wait for their place.
    """
    waiting: list[tuple[int, list[str]]] = []
    for number in range(len(parts)):
        rows = _rows(files.file(number), columns)
        merged = heapq.merge(waiting, rows, key=lambda row: row[0]) if waiting else rows
        waiting = []
        for row, cells in merged:
            if row < parts.end(number):
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
