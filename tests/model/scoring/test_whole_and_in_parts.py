"""Whatever is wrong with the files of a folder, whole and in parts it has one answer: scores, counts, refusals."""

from __future__ import annotations

import random
import shutil

import pytest

import relapse_model as rm
from relapse_model.cohort.tables import csv_table
from relapse_model.errors import ProblemsError
from relapse_model.model.scoring.batch import score_folder

CELLS = ["", "x", "-", "1e9", "NA", "<0.05", "12 IU/mL", "阴性", "2024-01-01", "-3", " 7 ", "inf", "7.0", "9999"]
ODD = ["", " ", "X-1", "sim-1", "Ｓ1", "NA", "\ufeffS"]


def one_cell(pick, lines, change):
    row = pick.randrange(1, len(lines))
    cells = lines[row].split(",")
    place = pick.randrange(len(cells))
    cells[place] = change(cells[place])
    lines[row] = ",".join(cells)
    return lines


def inserted(pick, lines, line):
    lines.insert(pick.randrange(len(lines) + 1), line)
    return lines


def in_one_place(pick, lines, text):
    row = pick.randrange(len(lines))
    place = pick.randrange(len(lines[row]) + 1)
    lines[row] = lines[row][:place] + text + lines[row][place:]
    return lines


def without_column(pick, lines):
    place = pick.randrange(lines[0].count(",") + 1)
    return [",".join(cell for at, cell in enumerate(line.split(",")) if at != place) for line in lines]


HARMS = {
    "more cells": lambda pick, lines: one_cell(pick, lines, lambda cell: cell + ",x"),
    "fewer cells": lambda pick, lines: [*lines[:-2], lines[-2].rsplit(",", 1)[0], lines[-1]],
    "all in quotes": lambda pick, lines: [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines],
    "a comma in quotes": lambda pick, lines: one_cell(pick, lines, '"x, {}"'.format),
    "a line end in quotes": lambda pick, lines: one_cell(pick, lines, '"{}\n"'.format),
    "a quote in quotes": lambda pick, lines: one_cell(pick, lines, '"a ""b"" {}"'.format),
    "an open quote": lambda pick, lines: one_cell(pick, lines, '"{}'.format),
    "a blank line": lambda pick, lines: inserted(pick, lines, pick.choice(["", " ", "," * lines[0].count(",")])),
    "blank lines at the end": lambda pick, lines: [*lines, "", ",", " "],
    "a zero byte": lambda pick, lines: in_one_place(pick, lines, "\0"),
    "a byte that is not UTF-8": lambda pick, lines: in_one_place(pick, lines, "\udcff"),
    "a carriage return": lambda pick, lines: in_one_place(pick, lines, "\r"),
    "carriage returns": lambda pick, lines: ["\r".join(lines)],
    "the header again": lambda pick, lines: inserted(pick, lines, lines[0]),
    "a row again": lambda pick, lines: inserted(pick, lines, pick.choice(lines[1:])),
    "no order": lambda pick, lines: [lines[0], *pick.sample(lines[1:], len(lines) - 1)],
    "another cell": lambda pick, lines: one_cell(pick, lines, lambda cell: pick.choice(CELLS)),
    "another identifier": lambda pick, lines: one_cell(pick, lines, lambda cell: pick.choice(ODD)),
    "a column is missing": without_column,
    "a mark of byte order": lambda pick, lines: ["\ufeff" + lines[0], *lines[1:]],
}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    rm.simulate_cohort(12, seed=3).write(folder)
    return folder


def answer(model, folder, out, part_patients):
    try:
        found = score_folder(model, folder, out, chunk_patients=part_patients)
    except ProblemsError as error:
        return [str(problem) for problem in error.problems]
    counts = found.patients, found.scored, found.rejected, found.warned
    return out.read_bytes(), counts, dict(found.unattached_rows), dict(found.noted_rows)


def compare(model, few, tmp_path, monkeypatch, pick, harms):
    folder = tmp_path / "cohort"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(few, folder)
    for harm in harms:
        file = folder / f"{pick.choice(['patients', 'labs', 'labs', 'treatments'])}.csv"
        lines = file.read_bytes().decode("utf-8", "surrogateescape").rstrip("\n").split("\n")
        if len(lines) > 2:
            file.write_bytes("\n".join([*HARMS[harm](pick, lines), ""]).encode("utf-8", "surrogateescape"))
    whole = answer(model, folder, tmp_path / "whole.csv", 1000)
    with monkeypatch.context() as patch:  # pieces of a few lines, as if the files were large
        patch.setattr(csv_table, "BYTES_WORTH", 0)
        patch.setattr(csv_table, "PIECE_BYTES", pick.choice([300, 3000]))
        assert answer(model, folder, tmp_path / "parts.csv", pick.choice([4, 6])) == whole, harms
        assert answer(model, folder, tmp_path / "pieces.csv", 1000) == whole, harms
    return isinstance(whole, list)


@pytest.mark.parametrize("harm", HARMS)
def test_one_harm(model, few, tmp_path, monkeypatch, harm):
    compare(model, few, tmp_path, monkeypatch, random.Random(harm), [harm])


@pytest.mark.slow
def test_400_folders_with_several_harms(model, few, tmp_path, monkeypatch):
    refused = 0
    for seed in range(400):
        pick = random.Random(seed)
        harms = pick.choices(list(HARMS), k=pick.choice([1, 2, 3]))
        refused += compare(model, few, tmp_path, monkeypatch, pick, harms)
    assert 100 < refused < 300  # both happen often, or nothing was tested
