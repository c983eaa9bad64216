"""Over 200 files forged from a seed: each is refused by name, or opened, in 2 s and 300 MB; none crashes."""

from __future__ import annotations

import random

import pytest
from hostile_models import hostile_models, sound_models
from hostile_texts import hostile_folders, hostile_studies
from opened_apart import opened_apart

SECONDS, SECONDS_OF_TABLES, MEGABYTES, LETTERS = 2.0, 5.0, 300, 40_000
LARGE = ("bad_rows", "bad_weeks", "unknown_patients", "open_quote", "columns", "line_ends")  # tables of 1 MB and more


@pytest.fixture(scope="module")
def forged_files(tmp_path_factory):
    """Kind, place and name of each."""
    folder, dice = tmp_path_factory.mktemp("forged"), random.Random(18)
    found = []
    for name, content in hostile_models(sound_models(folder), dice):
        (folder / f"{name}.rmodel").write_bytes(content)
        found.append(("model", folder / f"{name}.rmodel", name))
    for name, content in hostile_studies(dice):
        (folder / f"{name}.toml").write_bytes(content)
        found.append(("study", folder / f"{name}.toml", name))
    return found + [("cohort", place, name) for name, place in hostile_folders(folder / "cohorts", dice)]


def held(files):
    """Open files and return what each came to, once all are within the limits."""
    found = opened_apart([(kind, path) for kind, path, _ in files])
    wrong = []
    for (kind, path, name), one in zip(files, found, strict=True):
        said = one.text.startswith("opened") or one.text.startswith("refused")
        named = not one.text.startswith("refused") or kind == "cohort" or path.name in one.text
        seconds = SECONDS_OF_TABLES if name in LARGE else SECONDS
        if not (said and named and one.seconds < seconds and one.megabytes < MEGABYTES and one.letters < LETTERS):
            wrong.append((kind, name, one))
    assert not wrong, "\n".join(map(str, wrong))
    return found


def test_some_forged_files_are_refused_or_opened_within_the_limits(forged_files):
    found = held([one for one in forged_files if one[2] not in LARGE][::8])
    assert sum(one.text.startswith("refused") for one in found) > 15


@pytest.mark.slow
def test_200_forged_files_are_refused_or_opened_within_the_limits(forged_files):
    assert len(forged_files) >= 200
    found = held(forged_files)
    counts = {kind: sum(one.text.startswith(kind) for one in found) for kind in ("refused", "opened")}
    assert counts["refused"] > 120
