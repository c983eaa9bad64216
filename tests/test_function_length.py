"""A function that does not fit on a screen is several functions."""

from __future__ import annotations

import ast

MOST_LINES = 40  # of code, the signature among them; docstring, comments and empty lines not counted


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Count the lines of code of a function, whatever stands in it among them."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = range(first.lineno, first.end_lineno + 1) if documented else range(0)
    counted = (n for n in range(function.lineno, function.end_lineno + 1) if n not in docstring)
    return sum(1 for n in counted if lines[n - 1].strip() and not lines[n - 1].lstrip().startswith("#"))


def functions(text: str) -> dict[str, int]:
    tree, lines = ast.parse(text), text.splitlines()
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name: code_lines(node, lines) for node in found}


def test_lines_are_counted_without_docstring_comments_and_gaps():
    text = 'def one(\n    a,\n):\n    """Do.\n\n    More.\n    """\n    # why\n\n    b = a\n    return b\n'
    assert functions(text) == {"one": 5}
    assert functions("def two():\n    return 1\n") == {"two": 2}


def test_no_function_is_longer_than_a_screen(root):
    found = {
        f"{path.relative_to(root)}: {name}": count
        for path in sorted((root / "src").rglob("*.py"))
        for name, count in functions(path.read_text(encoding="utf-8")).items()
    }
    assert len(found) > 1000
    assert {name: count for name, count in found.items() if count > MOST_LINES} == {}
