"""docs/trial.md: a section for each finding, with its title."""

from __future__ import annotations

import re

from relapse_model.trial.arms.findings import TITLES


def test_each_code_has_its_section(root):
    text = (root / "docs" / "trial.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    for code, title in TITLES.items():
        assert f"**{title[0].upper()}{title[1:]}.**" in sections[code]
