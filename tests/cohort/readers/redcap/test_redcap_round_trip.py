"""A simulated cohort written as a REDCap project, read back: the same tables, and the same scores."""

from __future__ import annotations

import numpy as np
import pytest
from mutations import mutated
from redcap_writer import write_project
from whole_days import assert_same, whole_days

import relapse_model as rm
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import RelapseModelError


@pytest.fixture(scope="module")
def original():
    return whole_days(40, 3)


@pytest.fixture(scope="module", params=["csv", "xml"])
def project(request, original, tmp_path_factory):
    return write_project(original, tmp_path_factory.mktemp(request.param), request.param)


def test_the_tables_are_the_same(project, original):
    assert_same(read_redcap(*project), original)


def test_the_scores_are_the_same(project, original, root):
    model = rm.load_model(root / "models" / "hbsag_relapse.rmodel")
    came, expected = (
        model.score(one)["relapse_risk"].to_numpy(dtype=float) for one in (read_redcap(*project), original)
    )
    np.testing.assert_allclose(came, expected, rtol=1e-12, atol=1e-12)


def test_every_row_is_used(project, original):
    first = read_redcap(*project).reading.sources[0]
    assert (first.came, first.used) == (len(original) + len(original.labs) + len(original.treatments), first.came)


def test_only_the_library_refuses_what_is_broken(project, tmp_path):
    read_or_refused(project, tmp_path, range(20))


@pytest.mark.slow
def test_only_the_library_refuses_what_is_broken_often(project, tmp_path):
    read_or_refused(project, tmp_path, range(100, 250))


def read_or_refused(project, tmp_path, seeds):
    source, mapping = project
    head = source.read_bytes()[: 2**15] if source.suffix == ".csv" else source.read_bytes()
    if (source.parent / "dictionary.csv").exists():
        (tmp_path / "dictionary.csv").write_bytes((source.parent / "dictionary.csv").read_bytes())
    refused = 0
    for seed in seeds:
        broken = tmp_path / source.name
        broken.write_bytes(mutated(head, seed))
        try:
            cohort = read_redcap(broken, mapping, on_problems="list")
        except RelapseModelError:
            refused += 1
        else:
            assert len(cohort) + len(cohort.rejected) <= cohort.reading.sources[0].used
    assert refused > 0
