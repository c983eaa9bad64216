"""The documentation is complete and true: every public name and code has its place, blocks run, links lead somewhere.

Nothing is built here; `make docs` builds the pages, runs the gallery, and checks the links of what was built.
"""

from __future__ import annotations

import importlib
import re
import runpy
import sys

import pytest
from page_blocks import BLOCK, languages, run_in_order, stand_at_root

import relapse_model as rm
from relapse_model import classifiers, validation
from relapse_model.cli.program import parser
from relapse_model.study.predictor_kinds import FEATURE_KINDS

OURS = tuple(FEATURE_KINDS)  # as they are now: a kind that another test registers is not ours
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
WRITTEN = ("index.md", "methods.md", "classifiers.md", "validation.md", "cite.md", "start", "concepts", "howto", "zh")


@pytest.fixture(scope="module")
def made(root):
    """The modules that make pages from the code, which stand beside the documentation."""
    sys.path.insert(0, str(root / "docs"))
    try:
        yield importlib.import_module("site_pages.reference")
    finally:
        sys.path.remove(str(root / "docs"))


def pages_of(root):
    """The pages that are written by hand and hold code to be run."""
    found = []
    for name in WRITTEN:
        path = root / "docs" / name
        found += sorted(path.rglob("*.md")) if path.is_dir() else [path]
    return found


def every_page(root):
    return [path for path in sorted((root / "docs").rglob("*.md")) if "generated" not in path.parts]


def pytest_generate_tests(metafunc):
    root = metafunc.config.rootpath
    if "page" in metafunc.fixturenames:
        with_code = [path for path in pages_of(root) if BLOCK.search(path.read_text(encoding="utf-8"))]
        metafunc.parametrize("page", with_code, ids=lambda path: str(path.relative_to(root / "docs")))
    if "example" in metafunc.fixturenames:
        metafunc.parametrize(
            "example", sorted((root / "docs" / "gallery").glob("plot_*.py")), ids=lambda path: path.stem
        )


def test_blocks_run(page, root, tmp_path, monkeypatch, capsys):
    text = page.read_text(encoding="utf-8")
    assert set(languages(text)) <= {"sh", "python", "toml", "text", "{toctree}"}
    stand_at_root(root, tmp_path, monkeypatch)
    run_in_order(text, page.name)


def test_examples_of_the_gallery_are_pages(example):
    """What a page needs to begin with: a title, underlined. `make docs` runs them all."""
    title, line = example.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[:2]
    assert len(line) >= len(title)
    assert set(line) == {"="}
    compile(example.read_text(encoding="utf-8"), example.name, "exec")


def test_the_gallery_has_twelve_examples(root):
    assert len(list((root / "docs" / "gallery").glob("plot_*.py"))) == 12


@pytest.mark.slow
def test_an_example_runs(example, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    runpy.run_path(str(example))


def test_every_public_name_has_a_page(made):
    packages = {"relapse_model": rm, "relapse_model.classifiers": classifiers, "relapse_model.validation": validation}
    named = {f"{name}.{one}" for name, package in packages.items() for one in package.__all__} - {
        "relapse_model.__version__"
    }
    pages = made.api_pages()
    assert set(pages) - {"index"} == named
    for name in named:
        assert f"({name}.md)" in pages["index"]


def test_every_code_is_in_the_list_of_codes(made, root):
    listed = re.findall(
        r"^\| \[(R[MS]\d{3})\]\(\.\./([a-z_]+\.md)#(r[ms]\d{3})\) \| (.+) \|$", made.codes_page(root / "docs"), re.M
    )
    sections = {
        code: path.name
        for path in (root / "docs").glob("*.md")
        for code in re.findall(r"^## (R[MS]\d{3})\b", path.read_text(encoding="utf-8"), re.M)
    }
    assert {code: page for code, page, _, _ in listed} == sections  # that these are all there are: test_codes.py
    assert all(anchor == code.lower() for code, _, anchor, _ in listed)
    assert len(listed) >= 40


def test_every_verb_and_argument_is_on_the_page_of_the_command_line(made):
    page = made.cli_page()
    verbs = made.verbs_of(parser())
    assert re.findall(r"^## `relapse-model (.+)`$", page, re.M) == list(verbs)
    assert {"train", "study new", "study check", "trial", "read excel"} <= set(verbs) or {"read", "study"} & set(verbs)
    for its, _ in verbs.values():
        for action in its._actions:
            assert all(option == "-h" or option == "--help" or option in page for option in action.option_strings)


def test_every_kind_of_predictor_has_an_anchor(made):
    assert re.findall(r"^## `(\w+)`$", made.kinds_page(), re.M)[: len(OURS)] == list(OURS)


def test_links_lead_to_files_and_sections(root, made):
    generated = {"api/index.md", "cli.md", "codes.md", "kinds.md", "changelog.md", "first_look.md", "gallery/index.rst"}
    generated |= {f"gallery/{path.stem}.rst" for path in (root / "docs" / "gallery").glob("plot_*.py")}
    generated |= {f"api/{name}.md" for name in made.api_pages()}
    figures = importlib.import_module("site_pages.concept_figures").FIGURES
    generated |= {f"figures/{name}.svg" for name in figures}
    lost = []
    for page in every_page(root):
        for target, anchor in LINK.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)):
            there = (page.parent / target).resolve() if target else page
            below = root / "docs" / "generated"
            if there.is_relative_to(below):
                if str(there.relative_to(below)) not in generated:
                    lost.append(f"{page.name}: {target}")
            elif not there.exists() or (anchor and there.suffix == ".md" and anchor[1:] not in anchors(there)):
                lost.append(f"{page.name}: {target}{anchor}")
    assert lost == []


def anchors(path):
    """The anchors of a page, as they are made of its headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower().strip()).replace(" ", "-") for heading in headings}


def test_every_verb_that_a_page_names_exists(made, root):
    """What stands after `relapse-model`, and what is said in a page to show, print or write something."""
    verbs = {part for name in made.verbs_of(parser()) for part in (name, name.split()[0])}
    named = 0
    for path in [*every_page(root), root / "README.md"]:
        text = path.read_text(encoding="utf-8")
        said = re.findall(r"(?:^|`)relapse-model ([a-z][a-z-]*)", text, re.M)
        said += re.findall(r"`([a-z][a-z-]*)` (?:shows|prints|lists)\b", text)
        named += len(said)
        assert not [one for one in said if one not in verbs and not hasattr(rm.RelapseModel, one)], path
    assert named > 50


def test_every_page_is_in_the_contents(root):
    """A page that no page lists is found by nobody."""
    listed = {root / "docs" / "index.md"}
    for page in every_page(root):
        for text in (text for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == "{toctree}"):
            lines = [line for line in text.splitlines() if line and not line.startswith(":")]
            names = [line.split("<")[-1].rstrip(">") for line in lines]  # with or without a title of its own
            listed |= {(page.parent / f"{name}.md").resolve() for name in names}
    assert [page.name for page in every_page(root) if page.resolve() not in listed] == []


def test_the_notebook_runs(root, made):
    """From beginning to end, in a kernel of its own; its outputs are not committed."""
    pytest.importorskip("nbclient", reason="nbclient is of the extra 'test'")
    pytest.importorskip("ipykernel", reason="ipykernel is of the extra 'test'")
    notebook = root / "docs" / "notebooks" / "first_look.ipynb"
    assert '"outputs": [{' not in notebook.read_text(encoding="utf-8").replace("\n", "")
    shown = importlib.import_module("site_pages.executed_notebook").executed(notebook)
    outputs = [output for cell in shown.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("text/html" in output.get("data", {}) for output in outputs) >= 4  # cohort, study, model, tables
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output.output_type == "error" for output in outputs)
