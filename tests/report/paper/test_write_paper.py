"""The folder for a journal: what there is, opened again, equal to its JSON; and docs/paper.md is true."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from open_tables import read_docx, read_xlsx

import relapse_model as rm
from relapse_model.cli.paper_arguments import _FORMATS
from relapse_model.cli.program import main
from relapse_model.errors import RelapseModelError
from relapse_model.report.paper import write_paper as module
from relapse_model.report.paper.journal_table import INDENT
from relapse_model.report.paper.table_files import FORMATS

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLED = [form for form, name in (("csv", "csv"), ("tex", "csv"), ("xlsx", "openpyxl"), ("docx", "docx"))
             if __import__("importlib.util").util.find_spec(name)]  # fmt: skip


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "paper.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(root, tmp_path_factory):
    """Stand where a reader stands, with build/ elsewhere, and run what the page says."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "build").mkdir()
    for name in ("examples", "models"):
        (folder / name).symlink_to(root / name)
    return folder


@pytest.fixture(scope="module")
def written(page, place):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        lines = [line for kind, text in BLOCK.findall(page) if kind == "sh" for line in text.splitlines()]
        assert len(lines) == 3
        for line in lines:
            formats = ["--formats", *INSTALLED] if " paper " in line and "--formats" not in line else []
            assert main([*shlex.split(line)[1:], *formats]) == 0
    return place / "build"


@pytest.fixture(scope="module")
def paper(written):
    return json.loads((written / "paper" / "paper.json").read_text(encoding="utf-8"))


def tables(paper):
    return paper["tables"] | paper["checklists"]


def path_of(written, name, form):
    kind = "tables" if (written / "paper" / "tables" / f"{name}.csv").exists() else "checklists"
    return written / "paper" / kind / f"{name}.{form}"


def test_the_page_names_what_is_written(page, written, paper):
    for name in (*paper["tables"], *paper["checklists"]):
        assert f"`{name}`" in page
        assert {path_of(written, name, form).exists() for form in INSTALLED} == {True}
    model = {path.name for path in (written / "model" / "tables").iterdir()}
    assert model == {f"{name}.{form}" for name in ("predictors", "coefficients") for form in ("csv", "tex")}
    assert "Anti-HBs (mIU/mL)" in (written / "features.csv").read_text(encoding="utf-8").splitlines()[0]


def test_csv_opened_again_is_the_json(written, paper):
    for name, table in tables(paper).items():
        text = path_of(written, name, "csv").read_text(encoding="utf-8-sig")
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
        end = 1 + len(table["rows"])
        width = len(table["columns"])
        assert [row[:width] for row in rows[:end]] == [
            [cell.lstrip(INDENT) for cell in row] for row in (table["columns"], *table["rows"])
        ]
        assert not any(any(row[:width]) for row in rows[end:])  # a line of a note has no other cell
        told = {row[-1] for row in rows[1:]} - {""} if table["notes"] else set()
        assert told == set(table["notes"])


def test_the_csv_of_results_says_unit_and_reasons_in_the_row(written):
    text = path_of(written, "primary_analysis", "csv").read_text(encoding="utf-8-sig")
    rows = {row["Analysis"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["Extended to week 60"]["Estimate (95 % CI)"] == "not made"
    assert "neither arm had a visit at week 60" in rows["Extended to week 60"]["Note"]
    assert next(iter(rows.values()))["Measure"] == "Risk difference, percentage points"
    text = path_of(written, "sensitivity_analyses", "csv").read_text(encoding="utf-8-sig")
    tipping = next(row for row in csv.DictReader(io.StringIO(text)) if row["Analysis"] == "Tipping point")
    assert "combinations" in tipping["Note"]


@pytest.mark.parametrize(("form", "package"), [("xlsx", "openpyxl"), ("docx", "docx")])
def test_xlsx_and_docx_opened_again_are_the_json(written, paper, form, package):
    pytest.importorskip(package, reason=f"{package} is of the extra 'paper'")
    assert len(tables(paper)) >= 9
    for name, table in tables(paper).items():
        content = path_of(written, name, form).read_bytes()
        found = read_docx(content) if form == "docx" else read_xlsx(content, len(table["rows"]))
        rows = [[cell.lstrip(INDENT) for cell in row] for row in table["rows"]]
        assert found == (table["title"], table["columns"], rows, table["notes"]), name


def test_the_printed_answer_is_the_full_precision_beside_it(paper):
    contrast = paper["trial"]["primary"]["contrast"]
    shown = paper["tables"]["primary_analysis"]["rows"][0][4]
    found = [float(one.replace("−", "-")) for one in re.findall(r"[+−]?\d+\.\d+", shown)]
    assert found == [round(100 * contrast[name], 1) for name in ("value", "lower", "upper")]


def test_figures_in_every_format_with_letters_inside(written):
    figures = written / "paper" / "figures"
    assert {path.name for path in figures.iterdir()} == {
        f"{name}.{form}"
        for name in ("flow", "failures", "sensitivity", "subgroups")
        for form in ("svg", "pdf", "png", "tiff")
    }
    assert all(b"/FontFile2" in path.read_bytes() for path in figures.glob("*.pdf"))
    assert {path.stem for path in (written / "model" / "figures").iterdir()} == {"coefficients", "nomogram"}


def test_the_page_links_what_is_there_and_fetches_nothing(written):
    text = (written / "paper" / "index.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#]+)"', text))
    assert len(links) > 40 or len(INSTALLED) < 4
    assert [link for link in links if not (written / "paper" / link).exists()] == []
    assert "<script" not in text
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|http-equiv', "", text)
    ids = set(re.findall(r'id="([\w.-]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= ids


def test_nobody_is_in_any_file(written, root):
    ids = [line.split(",")[0] for line in (root / "examples/cohort/patients.csv").read_text().splitlines()[1:]]
    pattern = re.compile("|".join(rf"\b{one}\b" for one in ids).encode())
    for path in (written / "paper").rglob("*"):
        if path.suffix in (".xlsx", ".docx"):
            with zipfile.ZipFile(path) as archive:
                texts = [archive.read(name) for name in archive.namelist()]
        else:
            texts = [path.read_bytes()] if path.suffix in (".csv", ".tex", ".json", ".html") else []
        for text in texts:
            assert not pattern.search(text), path


def test_python_snippets_run(page, written, place, monkeypatch):
    monkeypatch.chdir(place)
    snippets = [text for kind, text in BLOCK.findall(page) if kind == "python"]
    assert len(snippets) == 2
    for snippet in snippets:
        exec(compile(snippet, "paper.md", "exec"), {})
    assert (written / "coefficients.pdf").read_bytes().startswith(b"%PDF")
    assert (written / "from_python" / "tables" / "coefficients.tex").exists()


def test_a_validation_brings_its_tables_its_report_and_tripod(validation, tmp_path, monkeypatch):
    """Figures are written as a letter each: how they are written is tested beside them."""
    monkeypatch.setattr(module, "figure_files", lambda figure, dpi: {"pdf": b"%"})
    monkeypatch.setattr(module, "write_report", lambda found, folder: folder.mkdir())
    places = rm.write_paper(tmp_path, validation=validation, formats=("csv",))
    made = {path.stem for path in places["tables"].iterdir()}
    assert made == {"patients_by_outcome", "performance", "thresholds", "subgroups", "predictors", "coefficients"}
    assert [path.stem for path in places["checklists"].iterdir()] == ["tripod_ai"]
    assert {"calibration", "decision_curve", "coefficients", "nomogram"} <= {
        p.stem for p in places["figures"].iterdir()
    }
    text = places["index"].read_text(encoding="utf-8")
    assert "95\xa0% intervals" in text  # no line ends between a number and its sign
    assert "90 %" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    assert (tmp_path / "validation").is_dir()
    checklist = (places["checklists"] / "tripod_ai.csv").read_text(encoding="utf-8-sig")
    assert "validation/report.html#performance; " in checklist
    assert "; tables/performance; " in checklist


def test_one_folder_has_one_rule_of_disclosure_all_counts_are_shown(validation, cohort, study, tmp_path, monkeypatch):
    """The result of a validation or a screen holds its small counts hidden: no table of the folder does."""
    few = {"<5", "hidden"}
    one = next(iter(validation.subgroups.values()))[0]
    hidden = replace(one, patients="hidden", events="<5", lost="<5")
    name = next(iter(validation.subgroups))
    groups = (hidden, *validation.subgroups[name][1:])
    found = replace(validation, subgroups=validation.subgroups | {name: groups})
    screen = rm.screen_biomarkers(cohort, study, increment=False)
    few_missing = screen.table.assign(missing=2, n=screen.counts["patients"] - 2, events=3)
    monkeypatch.setattr(module, "figure_files", lambda figure, dpi: {"pdf": b"%"})
    monkeypatch.setattr(module, "write_report", lambda found, folder: folder.mkdir())
    places = rm.write_paper(tmp_path, validation=found, screen=replace(screen, table=few_missing), formats=("csv",))
    told = json.loads(places["values"].read_text(encoding="utf-8"))
    for table in told["tables"].values():
        assert not few & {cell for row in table["rows"] for cell in row}, table["title"]
    assert [row["missing"] for row in told["biomarkers"]["table"]] == [2] * len(few_missing)
    rows = told["tables"]["subgroups"]["rows"]
    parts = [[int(cell) for cell in row[1:4]] for row in rows[1 : 1 + len(groups)]]
    data = validation.data  # a first grouping has every patient in one of its groups
    assert [sum(column) for column in zip(*parts, strict=True)] == [
        len(data), int((data.relapse == 1).sum()), int(np.isnan(data.relapse).sum()),
    ]  # fmt: skip


def test_a_figure_without_its_letters_is_listed_with_the_reason(model, tmp_path, monkeypatch):
    def refuse(figure, dpi):
        raise RelapseModelError("no font of this computer has the letters 滴")

    monkeypatch.setattr(module, "figure_files", refuse)
    places = rm.write_paper(tmp_path, model=model, formats=("csv",))
    text = places["index"].read_text(encoding="utf-8")
    assert "coefficients: no font of this computer has the letters 滴" in text
    assert not places["figures"].exists()


def test_a_table_of_an_earlier_paper_does_not_stay(model, study, trial, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "figure_files", lambda figure, dpi: {"pdf": b"%"})
    first = rm.write_paper(tmp_path, trial=trial, formats=("csv", "tex"))
    (first["tables"] / "mine.csv").write_text("not of this library", encoding="utf-8")
    assert (first["figures"] / "flow.pdf").exists()
    again = rm.write_paper(tmp_path, model=model, formats=("csv",))
    assert {path.name for path in again["tables"].iterdir()} == {"predictors.csv", "coefficients.csv", "mine.csv"}
    assert {path.name for path in again["figures"].iterdir()} == {"coefficients.pdf", "nomogram.pdf"}
    assert list(again["checklists"].iterdir()) == []


def test_everything_that_is_wrong_is_refused_at_once_and_nothing_is_written(tmp_path):
    wrong = r"nothing to report; .*; width 40 mm; expected 85 .* to 180 .*; 72 dpi; expected 300 to 600"
    with pytest.raises(RelapseModelError, match=wrong):
        rm.write_paper(tmp_path / "new", width_mm=40, dpi=72)
    assert not (tmp_path / "new").exists()


def test_a_cohort_without_an_arm_has_no_trial(tmp_path, capsys, root):
    import pandas as pd

    folder = tmp_path / "cohort"
    folder.mkdir()
    for path in Path(root / "examples" / "cohort").glob("*.csv"):
        pd.read_csv(path, dtype=str).drop(columns="arm", errors="ignore").to_csv(folder / path.name, index=False)
    assert main(["paper", str(folder), "--out", str(tmp_path / "out"), "--parts", "trial"]) == 1
    assert "the patients table has no column 'arm'" in capsys.readouterr().err


def test_the_formats_of_the_command_line_are_those_there_are():
    assert tuple(FORMATS) == _FORMATS
