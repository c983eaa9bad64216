"""A simulated cohort written as SDTM, read back: the same tables, and the same scores."""

from __future__ import annotations

import numpy as np
import pytest
from cdisc_writer import write_sdtm
from mutations import mutated
from whole_days import assert_same, whole_days

import relapse_model as rm
from relapse_model.cohort.readers.cdisc.read import read_cdisc
from relapse_model.errors import RelapseModelError


@pytest.fixture(scope="module")
def original():
    return whole_days(40, 3)


@pytest.fixture(scope="module", params=["xpt5", "xpt8", "json", "ndjson"])
def trial(request, original, tmp_path_factory):
    return write_sdtm(original, tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def read(trial, study):
    return read_cdisc(*trial, study=study)


def test_the_tables_are_the_same(read, original):
    assert_same(read, original)


def test_the_scores_are_the_same(read, original, root):
    model = rm.load_model(root / "models" / "hbsag_relapse.rmodel")
    came, expected = (model.score(one)["relapse_risk"].to_numpy(dtype=float) for one in (read, original))
    np.testing.assert_allclose(came, expected, rtol=1e-12, atol=1e-12)


def test_every_observation_is_used(read, original):
    assert {one.source: (one.came, one.used) for one in read.reading.sources} == {
        "DM": (40, 40),
        "LB": (len(original.labs),) * 2,
        "EX": (len(original.treatments),) * 2,
    }


def test_only_the_library_refuses_what_is_broken(trial, study, tmp_path):
    read_or_refused(trial, study, tmp_path, range(12))


@pytest.mark.slow
def test_only_the_library_refuses_what_is_broken_often(trial, study, tmp_path):
    read_or_refused(trial, study, tmp_path, range(100, 175))


def read_or_refused(trial, study, tmp_path, seeds):
    folder, mapping = trial
    files = sorted(path for path in folder.iterdir() if path != mapping)
    whole = {path.name: path.read_bytes() for path in files}
    refused = 0
    for seed in seeds:
        name = files[seed % len(files)].name
        for other, content in whole.items():
            (tmp_path / other).write_bytes(mutated(content, seed) if other == name else content)
        try:
            cohort = read_cdisc(tmp_path, mapping, study=study, on_problems="list")
        except RelapseModelError:
            refused += 1
        else:
            assert len(cohort) + len(cohort.rejected) == cohort.reading.sources[0].used
    assert refused > 0
