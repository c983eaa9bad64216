"""The mapping on the page about spreadsheets reads such a sheet."""

from __future__ import annotations

import re

from spreadsheet_files import workbook

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.mapping_keys import OF_KIND
from relapse_model.cohort.readers.spreadsheets.read import read_excel


def test_the_mapping_of_the_page_is_read(tmp_path, root):
    page = (root / "docs" / "reading" / "excel.md").read_text(encoding="utf-8")
    text = re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1]
    header = [
        "病案号",
        "入组日期",
        "性别",
        "年龄",
        "分组",
        "治疗前HBsAg",
        "W0 日期",
        "W0 HBsAg",
        "W12 日期",
        "W12 HBsAg",
    ]
    row = [1, "2024-01-01", "男", "34岁", "HBIG组", 2.15, "2024-01-01", "＜0.05", "2024-03-25", -99]
    workbook(tmp_path / "followup.xlsx", [
        [*header, "用药史", "结局", "结局日期"], [*row, "ETV 2020.01.05-2022.02.01", "死亡", "2024-04-01"],
    ])  # fmt: skip
    lis = "病案号,检验日期,项目名称,结果,单位,仪器\n1,2023/12/01,乙肝表面抗原定量,3.1,IU/ml,Architect\n"
    (tmp_path / "lis.csv").write_bytes(lis.encode("gb18030"))
    cohort = read_excel(tmp_path, parse_mapping(text, "map.toml", "excel"))
    assert (len(cohort), len(cohort.labs), len(cohort.treatments)) == (1, 2, 1)
    assert cohort.outcomes[["event", "competing_event", "week"]].to_numpy().tolist() == [["competing", "death", 13]]
    assert "1 a code for no value" in str(cohort.reading)


def test_every_key_of_the_kind_stands_on_the_page(root):
    page = (root / "docs" / "reading" / "excel.md").read_text(encoding="utf-8")
    own = OF_KIND["excel"]
    keys = {*own.of_source, *own.of_named, *own.of_entry}
    assert [key for key in sorted(keys) if f"`{key}" not in page] == []
