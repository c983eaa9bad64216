"""Every code of a finding, a warning or a refusal has a section in the docs, and every section a code."""

from __future__ import annotations

import ast
import re

import pytest

CODE = re.compile(r"\bR[MS][0-9]{3}\b")
SECTION = re.compile(r"^## (R[MS][0-9]{3})\b", re.MULTILINE)


def texts_of(source: str) -> list[str]:
    """The texts of a module without its docstrings, whose examples may name codes that do not exist."""
    tree = ast.parse(source)
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, described) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


@pytest.fixture(scope="module")
def in_source(root):
    found: dict[str, str] = {}
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in {".py", ".jinja", ".toml"}:
            continue
        source = path.read_text(encoding="utf-8")
        texts = texts_of(source) if path.suffix == ".py" else [source]
        for text in texts:
            found.update(dict.fromkeys(CODE.findall(text), path.name))
    return found


@pytest.fixture(scope="module")
def sections(root):
    return [
        code
        for page in sorted((root / "docs").glob("*.md"))
        for code in SECTION.findall(page.read_text(encoding="utf-8"))
    ]


def test_every_code_has_a_section_of_its_own(in_source, sections):
    assert (
        len(in_source) >= 40
    )  # RM101 to RM128, RM201 to RM207, RS201 to RS213 stood in the source when this was written
    assert {code: where for code, where in in_source.items() if code not in sections} == {}


def test_no_section_is_of_a_code_that_nothing_gives_and_none_stands_twice(in_source, sections):
    assert sorted(sections) == sorted(set(sections) & set(in_source))


def test_a_code_in_a_docstring_is_none_and_one_in_a_text_is():
    source = '"""RM998"""\nCODE = "RM997"\ndef f():\n    """RS299"""\n    return f"{CODE}: RS298 x"\n'
    assert CODE.findall(" ".join(texts_of(source))) == ["RM997", "RS298"]
