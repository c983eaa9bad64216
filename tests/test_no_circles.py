"""No file imports, by whatever way round, a file that imports it."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

PACKAGE = "relapse_model"


def imports(root, package):
    """Return which modules each module of a package names in an import, wherever the import stands in it."""
    paths = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / package).rglob("*.py")
    }
    found = {}
    for module, path in paths.items():
        named = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= {name if name in paths else node.module for name in whole}
        found[module] = named & set(paths) - {module}
    return found


def test_no_circle_of_files(root):
    graph = imports(root / "src", PACKAGE)
    assert sum(map(len, graph.values())) > 1000
    TopologicalSorter(graph).prepare()  # raises where there is a circle


def test_a_circle_would_be_seen(tmp_path):
    (tmp_path / "pack").mkdir()
    for name, text in {
        "__init__": "", "one": "from pack import two\n",
        "two": "def late():\n    from pack.three import x\n", "three": "import pack.one\n",
    }.items():  # fmt: skip
        (tmp_path / "pack" / f"{name}.py").write_text(text)
    with pytest.raises(CycleError):
        TopologicalSorter(imports(tmp_path, "pack")).prepare()
