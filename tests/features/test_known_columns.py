"""Which columns are known in enough patients to be learned, and what counts as a parameter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.features.development_data import development_data
from relapse_model.features.known_columns import (
    FEWEST_KNOWN,
    as_learned,
    hardly_known_columns,
    hardly_known_predictors,
    marked_columns,
    parameter_count,
)


@pytest.fixture(scope="module")
def data(study):
    return development_data(rm.simulate_cohort(132, seed=7), study)


def known_in(data, study, count):
    """Return the data with HBcrAg known in some of the patients whose outcome is known, and in all who were lost."""
    place = [one.name for one in study.predictors].index("hbcrag")
    known, matrix = ~np.isnan(data.relapse), data.matrix.copy()
    matrix[np.flatnonzero(known)[count:], place] = np.nan
    matrix[np.flatnonzero(known)[:count], place] = 3.0
    matrix[~known, place] = 3.0
    return replace(data, matrix=matrix), place


@pytest.mark.parametrize(("count", "hidden"), [(0, True), (9, True), (10, False)])
def test_nine_patients_are_too_few_and_ten_are_not(count, hidden, data, study):
    assert FEWEST_KNOWN == 10
    few, place = known_in(data, study, count)
    assert hardly_known_columns(few)[place] == hidden
    assert hardly_known_columns(few).sum() == hidden
    assert [one.name for one in hardly_known_predictors(few, study)] == ["hbcrag"] * hidden
    learned = as_learned(few)
    assert np.isnan(learned.matrix[:, place]).all() == hidden
    np.testing.assert_array_equal(np.delete(learned.matrix, place, 1), np.delete(data.matrix, place, 1))
    assert np.isfinite(few.matrix[:count, place]).all()  # the data themselves stay as they were


def test_draws_of_a_resample_count_and_rows_of_a_patient_do_not(data, study):
    few, place = known_in(data, study, 9)
    rows = np.flatnonzero(~np.isnan(few.matrix[:, place]) & ~np.isnan(few.relapse))
    twice = few.take(np.append(rows, rows[:1]))
    assert not hardly_known_columns(replace(twice, copy=np.arange(10), patient=np.arange(10) % 9))[place]
    assert hardly_known_columns(replace(twice, patient=np.arange(10) % 9))[place]


def test_parameters_are_what_is_learned(data, study):
    assert parameter_count(data) == 8
    few, place = known_in(data, study, 3)
    assert parameter_count(few) == 7  # one less, and no indicator of it
    half, place = known_in(data, study, 60)
    assert marked_columns(half) == (place,)
    assert parameter_count(half) == 9
