"""A table of a cohort is not edited in place: an error, never an edit that is shown and not counted."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.tables.frozen import EditedCohortError, FrozenTable, frozen


@pytest.fixture(scope="module")
def cohort():
    return rm.simulate_cohort(30, seed=1)


def _by_label(table):
    table.loc[0, "week"] = 3.0


def _by_position(table):
    table.iloc[0, 2] = 3.0


def _cell(table):
    table.at[0, "week"] = 3.0


def _cell_by_position(table):
    table.iat[0, 2] = 3.0


def _column(table):
    table["week"] = 3.0


def _attribute(table):
    table.week = 3.0


def _columns(table):
    table.columns = [f"c{place}" for place in range(table.shape[1])]


def _taken_out(table):
    del table["week"]


EDITS = [
    _by_label, _by_position, _cell, _cell_by_position, _column, _attribute, _columns, _taken_out,
    lambda table: table.pop("week"),
    lambda table: table.insert(0, "new", 1),
    lambda table: table.update(pd.DataFrame({"week": [3.0]})),
    lambda table: table.drop(columns="week", inplace=True),
    lambda table: table.rename(columns={"week": "w"}, inplace=True),
    lambda table: table.replace(0.0, 1.0, inplace=True),  # pandas edits the cells before it asks to keep the result
    lambda table: table.where(table["week"] > 0, inplace=True),
    lambda table: table.fillna({"week": 1.0}, inplace=True),
    lambda table: table.sort_index(inplace=True),
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", ["patients", "labs", "treatments"])
def test_every_edit_in_place_is_refused_and_changes_nothing(cohort, name, edit):
    table = getattr(cohort, name)
    before = table.copy()
    table = frozen(table.assign(week=0.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3.1 says that inplace will go
        with pytest.raises(EditedCohortError, match=r"not edited in place.*cohort\.tables\(\)"):
            edit(table)
    assert (table["week"] == 0.0).all()
    pd.testing.assert_frame_equal(getattr(cohort, name).copy(), before)


def test_every_table_of_a_cohort_is_frozen_also_of_a_part_of_it_and_out_of_a_pickle(cohort):
    for one in (cohort, cohort.take(np.arange(5)), pickle.loads(pickle.dumps(cohort))):
        for table in (one.patients, one.labs, one.treatments, one.rejected):
            assert isinstance(table, FrozenTable)
            assert type(table.copy()) is type(table.iloc[:2]) is pd.DataFrame


def test_what_the_error_advises_works(cohort):
    """The only titre before the landmark is set to 5: the predictor is its logarithm."""
    study, tables = rm.load_study("hbsag-relapse"), dict(cohort.tables())
    labs = tables["labs"]
    labs.loc[labs["analyte"] == "anti_hbs", "value"] = "5"
    changed = rm.derive_features(rm.make_cohort(**tables), study, landmark_week=0)["anti_hbs"]
    assert changed.dropna().to_numpy() == pytest.approx(np.log10(5.0))


def test_no_cell_is_copied():
    table = pd.DataFrame({"week": np.zeros(100_000)})
    assert np.shares_memory(frozen(table)["week"].to_numpy(), table["week"].to_numpy())
