"""Threads are taken only where nobody else shares out the processors."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from relapse_model.classifiers.shared import threads as module
from relapse_model.classifiers.shared.threads import for_each, free_threads


@pytest.mark.parametrize(("stated", "found"), [(None, 4), ("1", 1), ("3", 3), ("16", 4), ("0", 1), ("4,2", 4), ("", 4)])
def test_as_many_as_there_are_processors_or_the_variable_allows(stated, found, monkeypatch):
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.setattr(module.multiprocessing, "parent_process", lambda: None)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if stated is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", stated)
    assert free_threads() == found


def test_where_the_processors_of_a_process_are_not_known_all_count(monkeypatch):
    monkeypatch.delattr(module.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 3)
    monkeypatch.setattr(module.multiprocessing, "parent_process", lambda: None)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert free_threads() == 3


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs a count that can be set")
def test_one_in_a_process_that_another_started(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(free_threads) == 1


def test_one_in_a_worker_of_joblib(monkeypatch):
    from joblib import Parallel, delayed

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert Parallel(n_jobs=2)(delayed(free_threads)() for _ in range(2)) == [1, 1]


@pytest.mark.parametrize("threads", [1, 3])
def test_each_part_is_done_once_and_an_error_comes_through(threads):
    found = [0] * 20
    for_each(lambda part: found.__setitem__(part, found[part] + part), range(20), threads)
    assert found == list(range(20))
    with pytest.raises(ZeroDivisionError):
        for_each(lambda part: 1 // part, range(3), threads)
