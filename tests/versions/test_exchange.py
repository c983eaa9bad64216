"""What `make test-versions` does between environments works within one; it is run rarely, and would rot unseen."""

from __future__ import annotations

import importlib.util
import json

import pytest


@pytest.fixture
def exchange(root):
    path = root / "tests" / "versions" / "exchange.py"
    found = importlib.util.spec_from_file_location("exchange", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_models_are_written_and_give_the_same_risks(exchange, tmp_path, capsys):
    exchange.write(tmp_path, ("prior_logistic",))
    assert "3 models written" in capsys.readouterr().out
    assert exchange.check(tmp_path)
    shown = capsys.readouterr().out
    assert all(f"{name}: risks and limits at most" in shown for name in ("recalibrated", "several_landmarks"))
    stored = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    stored["scores"]["recalibrated"][0][0] += 1e-8
    (tmp_path / "scores.json").write_text(json.dumps(stored), encoding="utf-8")
    assert not exchange.check(tmp_path)
