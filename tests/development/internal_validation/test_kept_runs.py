"""A validation that was broken off goes on from what was done, and gives what it would have given."""

from __future__ import annotations

import errno
import json
import os
import stat

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.development.internal_validation import refits
from relapse_model.errors import RelapseModelError

ASKED = {"candidates": ("prior_logistic",), "outer_repeats": 1, "bootstraps": 2, "leave_out": None}


@pytest.fixture(scope="module")
def whole(cohort, study):
    return rm.validate(cohort, study, **ASKED).to_dict()


def counted(monkeypatch, until=None):
    """Count the runs; break off in the one after `until`."""
    original, calls = refits.develop, []

    def develop(*args, **kwargs):
        if len(calls) == until:
            raise KeyboardInterrupt
        calls.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(refits, "develop", develop)
    return calls


@pytest.fixture
def broken_off(cohort, study, monkeypatch, tmp_path):
    keep = tmp_path / "runs"
    with monkeypatch.context() as patched:
        counted(patched, until=4)
        with pytest.raises(KeyboardInterrupt):
            rm.validate(cohort, study, **ASKED, keep=keep)
    return keep


def test_what_is_done_is_not_done_again(cohort, study, monkeypatch, broken_off, whole):
    calls = counted(monkeypatch)
    found = rm.validate(cohort, study, **ASKED, keep=broken_off, resume=True)
    assert len(calls) == 3  # five folds and two resamples, of which four were done
    assert found.to_dict() == whole
    assert not broken_off.exists()  # nothing is left to go on with


def test_without_resume_all_of_it_is_done(cohort, study, monkeypatch, broken_off, whole):
    calls = counted(monkeypatch)
    assert rm.validate(cohort, study, **ASKED, keep=broken_off).to_dict() == whole
    assert len(calls) == 7


def test_a_run_that_was_cut_off_in_the_file_is_done_again(cohort, study, monkeypatch, broken_off, whole):
    broken_off.write_bytes(broken_off.read_bytes()[:-20])
    calls = counted(monkeypatch)
    assert rm.validate(cohort, study, **ASKED, keep=broken_off, resume=True).to_dict() == whole
    assert len(calls) == 4


def test_nothing_to_resume_is_a_beginning(cohort, study, monkeypatch, tmp_path, whole):
    calls = counted(monkeypatch)
    assert rm.validate(cohort, study, **ASKED, keep=tmp_path / "new" / "runs", resume=True).to_dict() == whole
    assert len(calls) == 7


@pytest.mark.parametrize("changed", [{"seed": 1}, {"bootstraps": 3}, {"folds": 4}, {"censoring": "drop_lost"}])
def test_runs_of_another_validation_are_refused_and_kept(cohort, study, broken_off, changed):
    before = broken_off.read_bytes()
    with pytest.raises(RelapseModelError, match=r"holds no runs of this validation.*Start anew"):
        rm.validate(cohort, study, **ASKED | changed, keep=broken_off, resume=True)
    assert broken_off.read_bytes() == before


def test_runs_of_other_patients_are_refused(study, broken_off):
    with pytest.raises(RelapseModelError, match="the patients, the study"):
        rm.validate(rm.simulate_cohort(132, seed=3), study, **ASKED, keep=broken_off, resume=True)


def test_the_file_is_for_its_owner_and_names_nobody(cohort, broken_off):
    assert stat.S_IMODE(broken_off.stat().st_mode) == 0o600
    text = broken_off.read_text(encoding="utf-8")
    assert not any(identifier in text for identifier in cohort.patient_ids)
    head, *runs = map(json.loads, text.splitlines())
    assert set(head) == {"form", "key"}
    assert [run["run"] for run in runs] == [0, 1, 2, 3]
    assert all(np.isfinite(run["risk"]).all() for run in runs)


def test_resume_needs_a_file(cohort, study):
    with pytest.raises(RelapseModelError, match="resume: expected keep too"):
        rm.validate(cohort, study, **ASKED, resume=True)


def refusing(monkeypatch, after):
    """A disk that takes the first bytes only: the system's `write` takes a part of what it is given, then none."""
    write, room = os.write, [after]

    def nearly_full(handle, data):
        taken = bytes(data)[: room[0]]
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        room[0] -= len(taken)
        return write(handle, taken)

    monkeypatch.setattr(os, "write", nearly_full)


@pytest.mark.parametrize("room", [0, 30, 1000])
def test_a_full_disk_is_named_and_what_was_done_is_kept(cohort, study, monkeypatch, broken_off, room):
    """The runs that are resumed are written anew; the file that holds them is there until that is whole."""
    before = broken_off.read_bytes()
    refusing(monkeypatch, room)
    with pytest.raises(RelapseModelError, match=r"runs: no room for [\d,]+ bytes \(No space left on device\)"):
        rm.validate(cohort, study, **ASKED, keep=broken_off, resume=True)
    assert broken_off.read_bytes() == before
    assert [one.name for one in broken_off.parent.iterdir()] == ["runs"]


def test_a_line_that_a_disk_takes_by_pieces_is_whole(cohort, study, monkeypatch, tmp_path, whole):
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, data: write(handle, bytes(data)[:50]))
        counted(patched, until=4)
        with pytest.raises(KeyboardInterrupt):
            rm.validate(cohort, study, **ASKED, keep=tmp_path / "runs")
    calls = counted(monkeypatch)
    assert rm.validate(cohort, study, **ASKED, keep=tmp_path / "runs", resume=True).to_dict() == whole
    assert len(calls) == 3
