from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.features.development_data import development_data
from relapse_model.report.table_one import summary_shown, table_one
from relapse_model.small_counts import HIDDEN, hidden_cells


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


@pytest.fixture(scope="module")
def cohort():
    return rm.simulate_cohort(132, seed=7)


@pytest.fixture(scope="module")
def data(cohort, study):
    return development_data(cohort, study)


@pytest.fixture(scope="module")
def table(cohort, data, study):
    return table_one(cohort, data, study)


def row(table, label):
    return next(one for one in table.rows if one.label == label)


def test_columns_are_the_outcome_groups_and_all(table, data):
    events, lost = int((data.relapse == 1).sum()), int(np.isnan(data.relapse).sum())
    counts = [int(name.rsplit("=", 1)[1].strip("\u00a0)")) for name in table.columns]
    assert counts == [events, 132 - events - lost, lost, 132]
    assert [name.split(" (")[0] for name in table.columns] == ["HBsAg relapse", "free of HBsAg relapse", "lost", "all"]


def test_a_number_is_shown_by_its_quartiles_in_clinical_units(table, data):
    # The predictor is on the log10 scale; the table is in mIU/mL. Quantiles are interpolated there.
    values = 10 ** data.features["anti_hbs"].to_numpy()
    low, middle, high = (summary_shown(one) for one in np.quantile(values, [0.25, 0.5, 0.75]))
    assert row(table, "Anti-HBs (mIU/mL)").cells[-1] == f"{middle} ({low} to {high})"


def test_a_yes_or_no_is_counted(table, data):
    arm = data.features["hbig_arm"] == 1
    assert row(table, "HBIG arm").cells[-1] == f"{arm.sum()} ({100 * arm.mean():.0f} %)"


def test_what_no_predictor_reads_is_described_too(table):
    labels = [one.label for one in table.rows]
    assert "Centre" in labels
    assert "Sex" not in labels  # the predictor "Male sex" says it


def test_a_small_group_is_described_nowhere(cohort, data, study):
    few = np.flatnonzero(~np.isnan(data.relapse))
    few = np.concatenate([few, np.flatnonzero(np.isnan(data.relapse))[:9]])  # one below the floor
    found = table_one(cohort, data.take(few), study)
    assert [name.split(" (")[0] for name in found.columns] == [
        "HBsAg relapse",
        "free of HBsAg relapse",
        "all of these",
    ]
    assert found.left_out == ("lost (9)",)
    assert all(len(one.cells) == 3 for one in found.rows)


def test_nobody_to_describe_is_an_empty_table(cohort, data, study):
    found = table_one(cohort, data.take(np.arange(4)), study)
    assert found.columns == ()


def test_values_that_are_not_known_have_a_line(cohort, data, study):
    features = data.features.assign(age=data.features["age"].where(np.arange(132) >= 40))
    found = table_one(cohort, replace(data, features=features), study)
    place = [one.label for one in found.rows].index("Age (years)")
    assert found.rows[place + 1].label == "not known"
    assert found.rows[place + 1].cells[-1] == "40"


def test_quartiles_of_a_handful_are_not_told(cohort, data, study):
    features = data.features.assign(age=data.features["age"].where(np.arange(132) < 4))
    found = table_one(cohort, replace(data, features=features), study)
    assert row(found, "Age (years)").cells[-1] == "<5 known"


def test_many_levels_are_the_commonest_and_the_others(cohort, data, study):
    centres = pd.Series([f"c{number % 20:02d}" for number in range(132)])
    changed = replace(cohort, patients=cohort.patients.assign(centre=centres))
    labels = [one.label for one in table_one(changed, data, study).rows if one.inner and one.label[:1] in "co"]
    assert len(labels) == 8
    assert labels[-1] == "others"


def test_counts_by_hand():
    # 2 of 10 in the first group: its other level would give it away, and so would the row of the total.
    counts = np.array([[2, 20, 30, 52], [8, 30, 20, 58]])
    small, besides = hidden_cells(counts)
    assert small.tolist() == [[True, False, False, False], [False] * 4]
    assert besides.tolist() == [[False, True, False, False], [True, True, False, False]]


def test_nothing_is_hidden_without_a_small_count():
    small, besides = hidden_cells(np.array([[5, 6, 11], [7, 8, 15]]))
    assert not small.any()
    assert not besides.any()


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_no_line_has_a_single_hidden_count(rows):
    counts = np.array([[*row, sum(row)] for row in rows])
    small, besides = hidden_cells(counts)
    hidden = small | besides
    if not hidden.all():  # then none is called small
        assert (small == (counts < 5)).all()
    assert not (hidden.sum(axis=0) == 1).any()
    assert not (hidden.sum(axis=1) == 1).any()


def test_no_small_count_is_printed(table):
    for one in table.rows:
        for cell in one.cells:
            if cell not in ("", HIDDEN, "<5") and " to " not in cell:
                assert int(cell.split(" ")[0]) >= 5, one


@pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (1000000.0, "1,000,000"), (-0.01234, "-0.0123")])
def test_numbers_have_three_figures_and_no_exponent(value, shown):
    assert summary_shown(value) == shown
