"""Independent calls: in order whatever the processes, and in several only where that saves time."""

from __future__ import annotations

import joblib
import pytest

from relapse_model.development import side_by_side
from relapse_model.development.side_by_side import idle_cores, processes_for


def squares(count):
    return [(pow, (number, 2)) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_results_come_in_order(count):
    assert list(side_by_side.side_by_side(squares(count), jobs=None)) == [number**2 for number in range(count)]


def test_processes_give_the_same():
    assert list(side_by_side.side_by_side(squares(6), jobs=2)) == [0, 1, 4, 9, 16, 25]


def test_little_work_starts_no_process(monkeypatch):
    monkeypatch.setattr(side_by_side, "idle_cores", lambda: 7)
    assert processes_for(1.0) == 1
    assert processes_for(60.0) == 7


def test_what_the_user_told_joblib_counts(monkeypatch):
    monkeypatch.setattr(side_by_side, "idle_cores", lambda: 7)
    with joblib.parallel_config(n_jobs=3):
        assert processes_for(60.0) == 3
    with joblib.parallel_config(n_jobs=1):
        assert processes_for(60.0) == 1


@pytest.mark.parametrize(("load", "idle"), [(0.0, 4), (1.0, 4), (2.6, 2), (4.0, 1), (9.0, 1)])
def test_cores_that_others_use_are_left_to_them(monkeypatch, load, idle):
    """A load of 1 is this process's own."""
    monkeypatch.setattr(side_by_side, "_cores", lambda: 4)
    monkeypatch.setattr(side_by_side.os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert idle_cores() == idle


def test_the_time_that_it_will_take_is_told(monkeypatch):
    """Each call takes 3 s by this clock: of five, two are done, and nine seconds are left."""
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(side_by_side.time, "perf_counter", lambda: next(clock))
    told = []
    list(side_by_side.side_by_side(squares(5), jobs=1, tell=told.append))
    assert len(told) == 1
    assert told[0].startswith("5 runs, about 9 seconds on 1 of ")
    told.clear()
    list(side_by_side.side_by_side(squares(3), jobs=1, tell=told.append))  # three seconds are not worth a word
    assert told == []
