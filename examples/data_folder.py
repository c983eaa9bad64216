"""Where the real data of the examples lie: outside the project, never copied into it."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "RELAPSE_MODEL_DATA"
BESIDE_THE_PROJECT = Path(__file__).resolve().parents[2] / "shared" / "data"


def data_folder(name: str) -> Path:
    """Return the folder of one data set: under RELAPSE_MODEL_DATA if that is set, else beside the project."""
    root = Path(os.environ.get(VARIABLE) or BESIDE_THE_PROJECT)
    folder = root / name
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the data set {name!r} is not in {root}; expected a folder of that name. "
            f"Set the environment variable {VARIABLE} to the folder that holds the data sets."
        )
    return folder
