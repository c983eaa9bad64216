"""Files: who may read them, what is kept of an older one, and what is never replaced."""

from __future__ import annotations

import os
import stat

import pandas as pd
import pytest

from relapse_model.errors import RelapseModelError
from relapse_model.files import (
    require_file,
    require_no_replacement,
    write_bytes,
    write_csv,
    write_private_csv,
    write_text,
)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def mask():
    """The user's mask, for the time of a test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize(
    ("umask", "private", "expected"),
    [(0o022, False, 0o644), (0o077, False, 0o600), (0o002, False, 0o664), (0o022, True, 0o600), (0o277, True, 0o400)],
)
def test_a_new_file_has_no_more_than_the_mask_leaves_and_a_private_one_is_the_owners(
    tmp_path, mask, umask, private, expected
):
    mask(umask)
    write_text("x", tmp_path / "file", private=private)
    assert mode(tmp_path / "file") == expected


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("had", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_hands_on_its_permissions(tmp_path, mask, had, private):
    path = tmp_path / "file"
    path.touch()
    path.chmod(had)
    write_bytes(b"new", path, private=private)
    assert (mode(path), path.read_bytes()) == (had, b"new")


def test_rows_of_patients_in_a_work_folder_are_the_owners(tmp_path, mask):
    table = pd.DataFrame({"a": [1]})
    write_private_csv(table, tmp_path / "part.csv")
    write_csv(table, tmp_path / "table.csv", private=True)
    assert mode(tmp_path / "part.csv") == mode(tmp_path / "table.csv") == 0o600
    with pytest.raises(FileNotFoundError):
        write_private_csv(table, tmp_path / "removed" / "part.csv")


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "kept" / "file")
    write_text("new", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept" / "file").read_text(encoding="utf-8") == "new"
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]


def test_what_is_no_file_is_refused_by_name(tmp_path):
    """A rename would put a file in the place of a device, for who may do that."""
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path, "a folder"), (tmp_path / "pipe", "no ordinary file")):
        with pytest.raises(RelapseModelError, match=f"{path.name}: it is {what}; expected the name of a file"):
            write_text("x", path)
    (tmp_path / "file").touch()
    with pytest.raises(RelapseModelError, match="file is no folder"):
        require_file(tmp_path / "file" / "below" / "deeper")
    require_file(tmp_path / "new" / "folder" / "file")  # folders are made


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is protected from root")
def test_a_protected_file_is_not_replaced(tmp_path):
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    (tmp_path / "file").chmod(0o400)
    with pytest.raises(RelapseModelError, match="may not be written"):
        write_text("x", tmp_path / "file")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"


def test_an_input_is_known_by_what_it_is_and_not_by_its_name(tmp_path):
    here = tmp_path / "c"
    here.mkdir()
    (here / "patients.csv").write_text("x", encoding="utf-8")
    (tmp_path / "soft").symlink_to(here / "patients.csv")
    (tmp_path / "folder").symlink_to(here)
    os.link(here / "patients.csv", tmp_path / "hard")
    inputs = [here / "patients.csv", here / "outcomes.csv"]
    for out in (
        here / ".." / "c" / "patients.csv", tmp_path / "soft", tmp_path / "hard", tmp_path / "folder" / "patients.csv",
        here / "outcomes.csv",  # not there yet: written, it would be read as a table of the cohort
    ):  # fmt: skip
        with pytest.raises(RelapseModelError, match=out.name):
            require_no_replacement([tmp_path / "free", out], inputs)
    require_no_replacement([tmp_path / "free", here / "scores.csv"], inputs)
