"""Files that were changed at random: read, or refused by name, and never anything else."""

from __future__ import annotations

import random

import pytest
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import RelapseModelError

MAPPING = """[source]
file = "a.xlsx"
[sources.lis]
file = "lis.csv"
[time]
zero = { field = "入组日期" }
[patients]
id = "病案号"
age_years = { field = "年龄", unit = "岁" }
[[labs]]
analyte = "hbsag"
value = "W{visit} HBsAg"
unit = "IU/mL"
date = "W{visit} 日期"
[[labs]]
source = "lis"
analyte = { field = "项目" }
value = "结果"
unit = { field = "单位" }
date = "日期"
[[treatments]]
form = "courses"
agent = { field = "用药史" }
"""
HEADER = ["病案号", "入组日期", "年龄", "W0 日期", "W0 HBsAg", "W4 日期", "W4 HBsAg", "用药史"]
ODD = [
    None,
    "",
    "#N/A",
    "=1/0",
    "=B2",
    "-",
    "溶血",
    1e300,
    -5,
    "１２",
    "2024-02-30",
    44185,
    True,
    "x" * 3000,
    "\u200b",
    "岁",
    "<",
]
TEXTS = ["病案号,日期,项目,结果,单位", "1,2024-01-01,乙肝表面抗原,<0.05,IU/mL", "2,2024-01-02,ALT,57↑,U/L"]


def sound_rows():
    return [HEADER] + [
        [one, "2024-01-01", f"{30 + one}岁", "2024-01-01", "<0.05", "2024-01-29", "0.2", "ETV 2020.01.01-2023.01.01"]
        for one in (1, 2, 3)
    ]


def changed_cells(path, chance):
    rows = [list(row) for row in sound_rows()]
    for _ in range(chance.randint(1, 2)):
        row = chance.randrange(len(rows))
        rows[row][chance.randrange(len(HEADER))] = chance.choice(ODD)
    if chance.random() < 0.1:
        gone = chance.randrange(len(HEADER))
        rows = [row[:gone] + row[gone + 1 :] for row in rows]
    merged = [chance.choice(["A1:B2", "C2:C4", "D1:E1", "A3:H3"])] if chance.random() < 0.1 else []
    workbook(path, rows, merged=merged)


def changed_bytes(path, chance):
    content = bytearray(path.read_bytes())
    if chance.random() < 0.1:
        content = content[: chance.randrange(len(content))]
    for _ in range(chance.randint(1, 3)):
        if content:
            content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(bytes(content))


def changed_text(path, chance):
    text = "\n".join(TEXTS) + "\n"
    place = chance.randrange(len(text))
    text = text[:place] + chance.choice(['"', ",", "\0", "\n", "\r", ";", "\t", "￥", ""]) + text[place + 1 :]
    path.write_bytes(text.encode(chance.choice(["utf-8", "utf-16", "gb18030", "utf-16-le", "utf-8-sig"])))


def outcome_of_one(folder, study, seed):
    """Change a sound source and read it; return what came of it."""
    chance = random.Random(seed)
    workbook(folder / "a.xlsx", sound_rows())
    (folder / "lis.csv").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    kind = seed % 3
    if kind == 0:
        changed_cells(folder / "a.xlsx", chance)
    elif kind == 1:
        changed_bytes(folder / chance.choice(["a.xlsx", "lis.csv"]), chance)
    else:
        changed_text(folder / "lis.csv", chance)
    looked = [lambda: propose_excel(folder, study)] if seed % 4 == 0 else []
    for once in (*looked, lambda: read_excel(folder, as_mapping(MAPPING), study=study)):
        try:
            found = once()
        except RelapseModelError:
            found = None
    if isinstance(found, Cohort):
        report = found.reading
        assert sum(one.came for one in report.sources) > 0  # each adds up, or would not be there
    return found


def outcomes(folder, study, seeds):
    return [outcome_of_one(folder, study, seed) is not None for seed in seeds]


def test_a_sound_source_is_read(tmp_path, study):
    workbook(tmp_path / "a.xlsx", sound_rows())
    (tmp_path / "lis.csv").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    cohort = read_excel(tmp_path, as_mapping(MAPPING), study=study)
    assert (len(cohort), len(cohort.labs), len(cohort.treatments)) == (
        3,
        7,
        3,
    )  # one result came in both files, and counts once


def test_changed_sources_are_read_or_refused(tmp_path, study):
    read = outcomes(tmp_path, study, range(40))
    assert 2 < sum(read) < 38


@pytest.mark.slow
def test_many_changed_sources_are_read_or_refused(tmp_path, study):
    read = outcomes(tmp_path, study, range(1000, 1300))
    assert 15 < sum(read) < 285
