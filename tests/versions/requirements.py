"""Print what an environment needs: the oldest versions that pyproject.toml allows, or the newest."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def requirements(which: str, project: dict) -> list[str]:
    """Return requirement lines; the newest are then held to constraints.txt."""
    wanted = [*project["dependencies"], *project["optional-dependencies"]["signing"]]
    found = [re.fullmatch(r"([A-Za-z0-9_.\-]+)>=([0-9.]+)", line) for line in wanted]
    if not all(found):
        raise SystemExit(f"pyproject.toml: expected dependencies such as numpy>=2.0; came {wanted}")
    return [f"{one[1]}=={one[2]}" if which == "oldest" else one[0] for one in found]


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    stated = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sys.stdout.write("\n".join(requirements(sys.argv[1], stated)) + "\n")
