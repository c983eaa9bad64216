"""Progress is shown where somebody looks: in a terminal or a notebook."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from relapse_model import progress


def notebook(monkeypatch, config):
    shell = SimpleNamespace(config=config)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


@pytest.mark.parametrize(
    ("shown", "terminal", "drawn"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_bar_is_drawn_in_a_terminal_where_it_is_asked_for(monkeypatch, shown, terminal, drawn):
    monkeypatch.setattr(progress.sys, "stderr", SimpleNamespace(isatty=lambda: terminal, write=len, flush=int))
    bar = progress.progress_bar("ab", total=2, what="spell", unit="letter", shown=shown)
    assert (not bar.disable) is drawn
    assert list(bar) == ["a", "b"]


def test_a_notebook_is_known_by_its_kernel(monkeypatch):
    assert not progress.in_notebook()
    notebook(monkeypatch, {})  # IPython in a terminal
    assert not progress.in_notebook()
    notebook(monkeypatch, {"IPKernelApp": {}})
    assert progress.in_notebook()
