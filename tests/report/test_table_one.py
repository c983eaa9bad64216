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
from relapse_model.report.translation import sentences
from relapse_model.small_counts import HIDDEN, hidden_cells
from relapse_model.trial.statistics.standardised_difference import difference_of_numbers, difference_of_shares


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
    """As others see it."""
    return table_one(cohort, data, study, disclosure="small-counts")


@pytest.fixture(scope="module")
def own(cohort, data, study):
    """As whoever owns the data sees it."""
    arm = cohort.patients["arm"].set_axis(cohort.patient_ids).loc[data.features.index].to_numpy(dtype=object)
    return table_one(cohort, data, study, arm=arm)


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
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    assert low == pytest.approx(5)  # stands for every result below 10, and is shown as such
    expected = f"{summary_shown(middle)} (<10 to {summary_shown(high)})"
    assert row(table, "Anti-HBs (mIU/mL)").cells[-1] == expected


def test_a_yes_or_no_is_counted(table, data):
    arm = data.features["hbig_arm"] == 1
    assert row(table, "HBIG arm").cells[-1] == f"{arm.sum()} ({100 * arm.mean():.0f} %)"


def test_what_no_predictor_reads_is_described_too(table):
    labels = [one.label for one in table.rows]
    assert "Centre" in labels
    assert "Sex" not in labels  # the predictor "Male sex" says it


def test_sex_is_one_line_where_no_predictor_reads_it(cohort, data, study):
    """As a journal prints it: the women, and nothing of F and M; the table is the same, and Chinese has the word."""
    others = replace(study, predictors=tuple(one for one in study.predictors if one.column != "sex"))
    found = table_one(cohort, data, others)
    women = int((cohort.patients["sex"] == "F").sum())
    assert row(found, "Female sex").cells[-1] == f"{women} ({100 * women / 132:.0f} %)"
    assert not {"Sex", "F", "M", "Male sex"} & {one.label for one in found.rows}
    assert sentences()["Female sex"] == "女性"


def test_a_small_group_is_described_nowhere(cohort, data, study):
    few = np.flatnonzero(~np.isnan(data.relapse))
    few = np.concatenate([few, np.flatnonzero(np.isnan(data.relapse))[:9]])  # one below the floor
    found = table_one(cohort, data.take(few), study, disclosure="small-counts")
    assert [name.split(" (")[0] for name in found.columns] == [
        "HBsAg relapse",
        "free of HBsAg relapse",
        "all of these",
    ]
    assert found.left_out == ("lost (9)",)
    assert all(len(one.cells) == 3 for one in found.rows)


def test_nobody_to_describe_is_an_empty_table(cohort, data, study):
    found = table_one(cohort, data.take(np.arange(4)), study, disclosure="small-counts")
    assert found.columns == ()


def test_values_that_are_not_known_have_a_line(cohort, data, study):
    features = data.features.assign(age=data.features["age"].where(np.arange(132) >= 40))
    found = table_one(cohort, replace(data, features=features), study)
    place = [one.label for one in found.rows].index("Age (years)")
    assert found.rows[place + 1].label == "not known"
    assert found.rows[place + 1].cells[-1] == "40"


def test_an_arm_that_no_predictor_reads_is_called_as_the_study_calls_it(cohort, data, study):
    """By its plan; without a plan by the agents of the study. What neither names keeps the word of the table."""
    others = tuple(one for one in study.predictors if one.column != "arm")
    planned = replace(study, predictors=others)
    for asked, names in ((planned, ["HBIG", "control"]), (replace(planned, trial=None), [
        "control", "hepatitis B immunoglobulin",
    ])):  # fmt: skip
        labels = [one.label for one in table_one(cohort, data, asked).rows]
        place = labels.index("Arm")
        assert sorted(labels[place + 1 : place + 3]) == names


def test_quartiles_of_a_handful_are_not_told(cohort, data, study):
    features = data.features.assign(age=data.features["age"].where(np.arange(132) < 4))
    found = table_one(cohort, replace(data, features=features), study, disclosure="small-counts")
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


def test_age_and_sex_come_first(table, own):
    for found in (table, own):
        assert [one.label for one in found.rows if not one.inner][:2] == ["Age (years)", "Male sex"]


def test_all_counts_are_by_arm_and_by_outcome_with_the_differences(own, data):
    sizes = [name.split(" (")[0] for name in own.columns]
    assert sizes == ["control", "hbig", "SMD", "HBsAg relapse", "free of HBsAg relapse", "SMD", "lost", "all"]
    assert all(len(one.cells) == len(own.columns) for one in own.rows)
    assert not {HIDDEN, "<5"} & {cell for one in own.rows for cell in one.cells}


def test_all_counts_add_up(own):
    """By arm, and by outcome, to those of all: 0 to 4 as well."""
    start = next(place for place, one in enumerate(own.rows) if one.label == "Centre")
    for one in own.rows[start + 1 : start + 4]:
        control, hbig, _, relapse, free, _, lost, everybody = (
            int(cell.split(" ")[0]) if cell else 0 for cell in one.cells
        )
        assert control + hbig == relapse + free + lost == everybody


def test_a_difference_by_hand():
    # Means 1 apart, each with a variance of 2: 1 / sqrt(2). Shares 1/2 and 1/4: 0.25 / sqrt((0.25 + 0.1875) / 2).
    assert difference_of_numbers(np.array([2.0, 4.0]), np.array([1.0, 3.0])) == pytest.approx(0.5**0.5)
    assert difference_of_shares(np.array([[0.5], [0.25]])) == pytest.approx(0.25 / np.sqrt(0.21875))
    assert difference_of_numbers(np.array([2.0]), np.array([1.0, 3.0])) is None


def test_a_difference_without_end_is_no_number_and_never_0(own):
    # All of one arm and nobody of the other have it.
    assert difference_of_shares(np.array([[1.0], [0.0]])) is None
    assert difference_of_shares(np.array([[1.0], [1.0]])) == 0.0
    assert row(own, "HBIG arm").cells[2] == ""
