"""Subgroups: figures are those of the patients alone, small groups keep theirs back, nobody disappears."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from relapse_model.errors import RelapseModelError
from relapse_model.validation.calibration import observed_expected
from relapse_model.validation.discrimination import auc_delong
from relapse_model.validation.resampling import auc_bootstrap
from relapse_model.validation.subgroups import MISSING, subgroup_table


def cohort(seed=0):
    """60 patients: 40 in a (10 relapses), 16 in b (6), 3 in c (1), 1 without a group."""
    rng = np.random.default_rng(seed)
    groups = np.array(["a"] * 40 + ["b"] * 16 + ["c"] * 3 + [None], dtype=object)
    relapse = np.concatenate([np.repeat([1.0, 0.0], [10, 30]), np.repeat([1.0, 0.0], [6, 10]), [1, 0, 0], [0]])
    risk = 1 / (1 + np.exp(1.5 - rng.normal(size=60) - relapse))
    return relapse, risk, groups


def test_figures_are_those_of_the_group_alone():
    y, p, groups = cohort()
    table = subgroup_table(y, p, None, groups, 10, 5)
    a = table[0]
    assert (a.name, a.patients, a.events, a.lost, a.hidden, a.refused) == ("a", "40", "10", "0", "", {})
    assert a.measures == {"auc": auc_delong(y[:40], p[:40]), "observed_expected": observed_expected(y[:40], p[:40])}


def test_small_groups_are_listed_without_figures():
    y, p, groups = cohort()
    table = subgroup_table(y, p, None, groups, 10, 5)
    assert [group.name for group in table] == ["a", "b", "c", MISSING]
    assert [(group.patients, group.events, group.lost) for group in table[2:]] == [
        ("<5", "<5", "0")
    ] * 2  # nobody was lost at all
    why = "fewer than 10 patients or fewer than 5 events"
    assert all(group.measures == {} and why in group.hidden for group in table[2:])


def test_a_hidden_group_shows_the_counts_that_are_not_small():
    y, p, groups = cohort()
    b = subgroup_table(y, p, None, groups, 10, 7)[1]  # 16 patients, but 6 relapses
    assert (b.patients, b.events, b.lost, b.measures) == ("16", "6", "0", {})
    b = subgroup_table(y, p, None, groups, 17, 1)[1]
    assert (b.patients, b.events, b.measures) == ("16", "6", {})
    y[40] = 0
    b = subgroup_table(y, p, None, groups, 17, 1)[1]
    assert b.events == "5"  # small is below 5


def lost_of(*counts):
    """Return what is disclosed of the lost in groups of 40 with so many of them."""
    names = np.repeat([chr(97 + place) for place in range(len(counts))], 40)
    y = np.tile([1.0] * 10 + [0.0] * 30, len(counts))
    for place, count in enumerate(counts):
        y[40 * place + 40 - count : 40 * place + 40] = np.nan
    table = subgroup_table(y, np.linspace(0.1, 0.4, y.size), (~np.isnan(y)).astype(float), names, 20, 5, resamples=20)
    return [group.lost for group in table]


def test_a_small_count_of_the_lost_is_hidden_with_another():
    assert lost_of(3, 20, 9) == ["<5", "20", "hidden"]  # the total is known: 9 would give 3 away
    assert lost_of(3, 0, 9) == ["<5", "<5", "9"]
    assert lost_of(0, 0) == ["0", "0"]
    assert lost_of(6, 7) == ["6", "7"]


def test_the_size_of_a_single_small_group_cannot_be_worked_out():
    y, p, groups = cohort()
    table = subgroup_table(y[:-1], p[:-1], None, groups[:-1], 10, 5)  # 40, 16 and 3 patients; 10, 6 and 1 relapses
    assert [group.patients for group in table] == ["40", "hidden", "<5"]
    assert [group.events for group in table] == ["10", "hidden", "<5"]
    assert table[1].measures


def test_those_free_of_relapse_in_a_group_cannot_be_worked_out_where_they_are_few():
    # 20 patients, 10 relapses and 8 lost would leave 2 who are free.
    y = np.concatenate([np.repeat([1.0, np.nan, 0.0], [10, 8, 2]), np.repeat([1.0, np.nan, 0.0], [10, 9, 21])])
    groups, weight = np.repeat(["a", "b"], [20, 40]), (~np.isnan(y)).astype(float)
    a, b = subgroup_table(y, np.linspace(0.1, 0.4, 60), weight, groups, 50, 5)
    assert "hidden" in (a.patients, a.events, a.lost)
    assert (b.patients, b.events, b.lost).count("hidden") >= 1  # the totals are known


def test_a_group_at_the_floor_has_its_figures():
    y, p, groups = cohort()
    b = subgroup_table(y, p, None, groups, 16, 6)[1]
    assert (b.hidden, sorted(b.measures)) == ("", ["auc", "observed_expected"])


def test_with_weights_the_lost_are_counted_and_the_bootstrap_is_used():
    y, p, groups = cohort()
    y[35:40] = np.nan
    weight = np.where(np.isnan(y), 0.0, np.where(p > 0.3, 1.5, 1.0))
    a = subgroup_table(y, p, weight, groups, 10, 5, resamples=200, seed=3)[0]
    assert (a.patients, a.events, a.lost) == ("40", "10", "5")
    assert a.measures["auc"] == auc_bootstrap(y[:40], p[:40], weight[:40], 200, 3)
    assert a.measures["observed_expected"] == observed_expected(y[:40], p[:40], weight[:40])


def test_a_group_above_the_floor_without_a_measure_says_why():
    y, p, groups = cohort()
    y[40:56] = 1  # everybody in b relapses
    b = subgroup_table(y, p, None, groups, 10, 5)[1]
    assert b.hidden == ""
    assert b.measures == {}
    assert "0 without" in b.refused["auc"]
    assert "Observed over expected" in b.refused["observed_expected"]


@pytest.mark.parametrize(
    "make",
    [
        lambda labels: labels,
        list,
        lambda labels: pd.Series(labels, index=np.arange(60)[::-1]),
        lambda labels: pd.Categorical(labels, categories=["c", "b", "a"]),
    ],
)
def test_any_column_of_labels_will_do(make):
    y, p, groups = cohort()
    assert subgroup_table(y, p, None, make(groups), 10, 5) == subgroup_table(y, p, None, groups, 10, 5)


def test_numbers_and_missing_numbers_are_labels_too():
    y, p, _ = cohort()
    labels = np.where(np.arange(60) < 40, 1.0, np.nan)
    assert [group.name for group in subgroup_table(y, p, None, labels, 10, 5)] == ["1.0", MISSING]
    visits = np.repeat([10, 2], 30)
    assert [group.name for group in subgroup_table(y, p, None, visits, 10, 5)] == ["2", "10"]  # in their own order
    several = [10, "a", pd.NA] * 20
    assert [group.name for group in subgroup_table(y, p, None, several, 10, 5)] == ["10", "a", MISSING]


def test_the_order_of_patients_does_not_matter():
    y, p, groups = cohort()
    mixed = np.random.default_rng(1).permutation(60)
    for one, other in zip(
        subgroup_table(y, p, None, groups, 10, 5),
        subgroup_table(y[mixed], p[mixed], None, groups[mixed], 10, 5),
        strict=True,
    ):
        assert (one.name, one.patients, one.events) == (other.name, other.patients, other.events)
        for name, estimate in one.measures.items():
            assert other.measures[name].lower == pytest.approx(estimate.lower)


def test_results_become_json():
    y, p, groups = cohort()
    plain = json.loads(json.dumps([group.to_dict() for group in subgroup_table(y, p, None, groups, 10, 5)]))
    assert plain[0]["measures"]["auc"]["method"] == "DeLong, logit scale"
    assert plain[2]["patients"] == "<5"


@pytest.mark.parametrize(
    ("groups", "floors", "message"),
    [
        (["a"] * 59, (10, 5), "one label for each of 60 patients"),
        ("a", (10, 5), "one label for each of 60 patients"),
        (["a"] * 59 + [MISSING], (10, 5), "Rename it"),
        (["a"] * 60, (0, 5), "floors of 0 patients"),
        (["a"] * 60, (10, 0), "0 events"),
    ],
)
def test_refusals(groups, floors, message):
    y, p, _ = cohort()
    with pytest.raises(RelapseModelError, match=message):
        subgroup_table(y, p, None, groups, *floors)


def test_lost_patients_without_weights_are_refused():
    y, p, groups = cohort()
    y[0] = np.nan
    with pytest.raises(RelapseModelError, match="pass censoring weights"):
        subgroup_table(y, p, None, groups, 10, 5)


def test_repeats_are_judged_one_by_one_and_averaged():
    """The mean of the two risks would rank every patient rightly; each repeat has one pair of four wrong."""
    relapse = np.array([1.0, 0, 1, 0])
    first, second = np.array([0.2, 0.3, 0.6, 0.1]), np.array([0.6, 0.1, 0.3, 0.4])
    (found,) = subgroup_table(relapse, np.array([first, second]), None, ["a"] * 4, 4, 2)
    each = [subgroup_table(relapse, risk, None, ["a"] * 4, 4, 2)[0].measures for risk in (first, second)]
    assert found.measures["auc"].value == pytest.approx(0.75)
    assert found.measures["auc"].method.endswith("; mean over repeats")
    for name in ("value", "lower", "upper"):
        mean = np.mean([getattr(one["observed_expected"], name) for one in each])
        assert getattr(found.measures["observed_expected"], name) == pytest.approx(mean)
    pooled = subgroup_table(relapse, (first + second) / 2, None, ["a"] * 4, 4, 2)[0]
    assert pooled.measures["auc"].value == 1.0


def test_who_has_no_risk_in_a_repeat_has_no_part_in_it():
    relapse, risk = np.array([1.0, 0, 1, 0, 1]), np.array([0.3, 0.2, 0.6, 0.4, 0.1])
    gap = np.where(np.arange(5) == 4, np.nan, risk)
    (found,) = subgroup_table(relapse, np.array([risk, gap]), None, ["a"] * 5, 4, 2)
    whole, less = (
        subgroup_table(relapse[:n], risk[:n], None, ["a"] * n, 4, 2)[0].measures["auc"].value for n in (5, 4)
    )
    assert found.measures["auc"].value == pytest.approx((whole + less) / 2)


def test_groups_of_out_of_fold_risks_compare_patients_of_one_fold():
    """Twelve patients in two folds whose mean risks differ: within them the order is perfect, between them reversed."""
    relapse, fold = np.tile([1.0, 0, 0], 4), np.repeat([0, 1], 6)
    risk = np.where(relapse == 1, 0.2, 0.1) + 0.5 * fold
    plain = subgroup_table(relapse, risk, None, ["a"] * 12, 4, 2)[0].measures["auc"].value
    (within,) = subgroup_table(relapse, risk, None, ["a"] * 12, 4, 2, fold=fold)
    assert plain == pytest.approx(
        24 / 32
    )  # of 32 pairs the 8 of a relapse of fold 0 with who is free in fold 1 are wrong
    assert within.measures["auc"].value == 1.0


def test_groups_of_nobody_known_are_listed_and_stop_nothing():
    lost = np.full(6, np.nan)
    table = subgroup_table(lost, np.full(6, 0.2), np.zeros(6), list("aaabbb"), 2, 1)
    assert [(group.name, group.measures) for group in table] == [("a", {}), ("b", {})]
    assert all("fewer than 2 patients or fewer than 1 events" in group.hidden for group in table)
