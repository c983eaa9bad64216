"""Folds of a development: everybody is tested once, patients and centres are whole, and no fold is left to chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.development.folds import data_folds
from relapse_model.development.internal_validation import refits
from relapse_model.errors import CohortError, InsufficientDataError, RelapseModelError
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.validation.resampling import stratified_folds


def rows(relapse, centre=None, patient=None):
    relapse = np.asarray(relapse, dtype=float)
    time = np.where(relapse == 1, 20.0, np.where(relapse == 0, 48.0, 10.0))
    return DevelopmentData(
        features=pd.DataFrame({"number": np.arange(len(relapse))}),
        matrix=np.arange(len(relapse), dtype=float)[:, None],
        relapse=relapse,
        time=time,
        event=(relapse == 1).astype(float),
        horizon_time=time,
        horizon_event=(relapse == 1).astype(float),
        horizon=48.0,
        not_at_risk=0,
        fold_group=None if centre is None else np.array(list(centre), dtype=object),
        patient=None if patient is None else np.asarray(patient, dtype=np.intp),
    )


def centres_of(data, folds):
    """Return the centres of each fold, as text such as "ac"."""
    return sorted("".join(sorted(set(data.fold_group[test]))) for _, test in folds)


# 12 patients of three centres: a has 6, b 4, c 2. Relapses: 2 of a, 2 of b, 1 of c; the other of c is lost.
CENTRES = rows([1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, np.nan], "aaaaaabbbbcc")
LOST = np.nan


def test_three_centres_in_three_folds_have_one_each():
    for seed in range(5):
        found = data_folds(CENTRES, folds=3, repeats=1, seed=seed)
        assert centres_of(CENTRES, found) == ["a", "b", "c"]
        assert sorted(test.tolist() for _, test in found) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9], [10, 11]]


def test_three_centres_in_two_folds_by_hand():
    # Each centre goes to the fold with the fewest patients so far. If c (2) is first or second, the last one joins it;
    # if last, it joins b (4), the smaller. So a or b stands alone, c never: drawn in the six orders, a four times.
    #   abc, acb, bac -> a | bc    bca, cba -> b | ac    cab -> a | bc
    alone = [centres_of(CENTRES, data_folds(CENTRES, folds=2, repeats=1, seed=seed)) for seed in range(200)]
    assert all(found in (["a", "bc"], ["ac", "b"]) for found in alone)
    # 200 draws at 2/3: 133, with a standard deviation of 6.7.
    assert 107 < alone.count(["a", "bc"]) < 160


def test_more_folds_than_centres_are_as_many_as_there_are_centres():
    assert len(data_folds(CENTRES, folds=10, repeats=2, seed=0)) == 2 * 3


@given(
    size=st.lists(st.integers(4, 9), min_size=2, max_size=7),
    folds=st.integers(2, 8),
    seed=st.integers(0, 2**32 - 1),
)
def test_centres_are_whole_and_everybody_is_tested_once_a_repeat(size, folds, seed):
    centre = np.repeat(np.arange(len(size)), size)  # two relapses and two free in each
    relapse = np.concatenate([np.r_[1, 1, 0, 0, np.full(count - 4, LOST)] for count in size])
    data = rows(relapse, centre)
    found = data_folds(data, folds, repeats=2, seed=seed)
    assert [repeat for repeat, _ in found] == np.repeat([0, 1], min(folds, len(size))).tolist()
    for repeat in (0, 1):
        tests = [test for number, test in found if number == repeat]
        assert sorted(np.concatenate(tests)) == list(range(len(data)))
        seen = [set(centre[test]) for test in tests]
        assert sum(map(len, seen)) == len(size)  # no centre is in two folds
        assert all(seen)  # and no fold is empty


def test_the_same_seed_gives_the_same_folds_and_more_repeats_leave_the_earlier():
    def shown(repeats, seed):
        return [(repeat, test.tolist()) for repeat, test in data_folds(CENTRES, 2, repeats, seed)]

    assert shown(6, 1) == shown(6, 1)
    assert shown(6, 1)[:6] == shown(3, 1)
    assert shown(6, 1) != shown(6, 2)


def test_a_single_group_is_refused():
    with pytest.raises(InsufficientDataError, match="all patients are of one group; expected 2 or more"):
        data_folds(rows([1, 1, 0, 0, 0], "aaaaa"), folds=2, repeats=1, seed=0)


def test_a_centre_with_nearly_all_relapses_is_refused_by_name():
    # Without centre "north" one relapse of seven is left.
    data = rows([1] * 6 + [0] * 4 + [1] + [0] * 9, ["north"] * 10 + ["south"] * 10)
    with pytest.raises(InsufficientDataError, match="Folds by group") as caught:
        data_folds(data, folds=2, repeats=1, seed=0)
    said = str(caught.value)
    assert "1 patients with the outcome and 9 without it are left to learn from; expected 2 of each" in said
    assert "Group 'north' alone holds 6 of 7 patients with the outcome and 4 of 13 without it." in said
    assert "south" not in said


def test_a_centre_with_nearly_all_that_stay_free_is_refused_too():
    data = rows([0] * 9 + [1] + [1] * 9 + [0], ["north"] * 10 + ["south"] * 10)
    with pytest.raises(
        InsufficientDataError, match="Group 'north' alone holds 1 of 10 patients with the outcome and 9 of 10"
    ):
        data_folds(data, folds=2, repeats=1, seed=0)


# Two groups of four patients with a row each; two groups of two patients with three rows each. One row has a relapse.
@pytest.mark.parametrize(("size", "patient"), [(4, None), (6, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])])
def test_a_group_of_few_patients_is_not_named(size, patient):
    names = ["ZHANG", "WANG"]  # a group so small could bear a patient's name
    data = rows(np.arange(2 * size) == 0, np.repeat(names, size), patient)
    with pytest.raises(InsufficientDataError, match="without one fold's groups") as caught:
        data_folds(data, folds=2, repeats=1, seed=0)
    assert not any(name in str(caught.value) for name in names)


@pytest.mark.parametrize(("folds", "repeats"), [(1, 1), (0, 1), (2, 0)])
@pytest.mark.parametrize("data", [CENTRES, rows(CENTRES.relapse)], ids=["by centre", "by patient"])
def test_fewer_than_two_folds_or_no_repeat_are_refused(data, folds, repeats):
    with pytest.raises(RelapseModelError, match=f"{folds} folds, {repeats} repeats; expected 2 or more"):
        data_folds(data, folds, repeats, seed=0)


def same(found, expected):
    assert [repeat for repeat, _ in found] == [repeat for repeat, _ in expected]
    for (_, test), (_, wanted) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(test, wanted)


@pytest.mark.parametrize("seed", range(3))
def test_without_groups_the_folds_are_stratified(seed):
    relapse = np.r_[np.ones(8), np.zeros(20), np.full(5, LOST)]
    found = data_folds(rows(relapse), folds=4, repeats=3, seed=seed)
    same(found, stratified_folds(relapse, folds=4, repeats=3, seed=seed))
    assert [int(np.nansum(relapse[test])) for _, test in found] == [2] * 12


def test_fewer_events_than_folds_give_fewer_folds_each_with_an_event():
    relapse = np.r_[np.ones(3), np.zeros(17)]
    found = data_folds(rows(relapse), folds=5, repeats=2, seed=0)
    assert [int(relapse[test].sum()) for _, test in found] == [1] * 6


@pytest.mark.parametrize("events", [0, 1])
def test_hardly_an_event_is_the_refusal_of_too_little_data(events):
    # Of the kind that a fold of a validation is counted as failed for.
    with pytest.raises(InsufficientDataError, match=f"{events} patients with the outcome and .* for 2 folds"):
        data_folds(rows(np.arange(20) < events), folds=5, repeats=1, seed=0)


# Ten patients, three rows each: the first four relapse after their last row.
STACKED = rows(np.repeat([1] * 4 + [0] * 6, 3), patient=np.repeat(range(10), 3))


def test_rows_of_a_patient_stay_together():
    for seed in range(5):
        found = data_folds(STACKED, folds=4, repeats=2, seed=seed)
        same(found, stratified_folds(STACKED.relapse, folds=4, repeats=2, seed=seed, group=STACKED.patient))
        for _, test in found:
            assert len(set(STACKED.patient[test])) * 3 == len(test)
            assert STACKED.relapse[test].sum() == 3  # one patient with a relapse in each fold


def test_folds_are_as_many_as_patients_with_a_relapse_not_rows():
    assert len(data_folds(STACKED, folds=10, repeats=1, seed=0)) == 4


def test_rows_of_a_patient_stay_together_within_their_centre():
    data = rows(STACKED.relapse, np.repeat(list("aabbaabbab"), 3), STACKED.patient)
    for _, test in data_folds(data, folds=2, repeats=3, seed=0):
        assert len(set(data.patient[test])) * 3 == len(test)
        assert len(set(data.fold_group[test])) == 1


def test_what_is_left_to_learn_from_is_counted_in_patients():
    # Without centre "b" there are three rows with a relapse, all of one patient.
    data = rows(np.repeat([1, 0, 0, 1, 1, 0, 0], 3), np.repeat(list("aaabbbb"), 3), np.repeat(range(7), 3))
    with pytest.raises(InsufficientDataError, match="1 patients with the outcome and 2 without it are left"):
        data_folds(data, folds=2, repeats=1, seed=0)


def test_the_groups_are_those_of_the_patients_table(cohort, study):
    data = development_data(cohort, study, group_by="centre")
    assert list(data.fold_group) == list(cohort.patients["centre"])
    taken = data.take(np.array([5, 0]))
    assert list(taken.fold_group) == list(cohort.patients["centre"].iloc[[5, 0]])


def test_a_centre_that_is_not_stated_is_a_group_of_its_own(cohort, study):
    patients = cohort.patients.assign(centre=cohort.patients["centre"].where(np.arange(132) > 9))
    tables = cohort.tables() | {"patients": patients}
    data = development_data(rm.make_cohort(**tables, synthetic=True), study, group_by="centre")
    assert (data.fold_group[:10] == "not stated").all()
    for _, test in data_folds(data, folds=4, repeats=2, seed=0):
        assert np.isin(np.arange(10), test).sum() in (0, 10)


def test_a_group_that_is_no_column_is_refused_by_name(cohort, study):
    with pytest.raises(CohortError, match=r"'hospital'.*missing.*since group_by names it"):
        rm.train(cohort, study, candidates=("prior_logistic",), group_by="hospital")


def test_validation_by_centre_leaves_whole_centres_out(cohort, study, monkeypatch):
    centre = cohort.patients.set_index("patient_id")["centre"]
    fitted = []
    original = refits.develop

    def spy(train, *args, **kwargs):
        fitted.append(set(train.features.index))
        return original(train, *args, **kwargs)

    monkeypatch.setattr(refits, "develop", spy)
    found = rm.validate(
        cohort, study, candidates=("prior_logistic",), group_by="centre", outer_repeats=1, bootstraps=0, leave_out=None
    )
    assert found.settings["group_by"] == "centre"
    assert np.isfinite(found.risks).all()
    assert len(fitted) == centre.nunique() == 3
    for patients in fitted:
        left_out = set(centre.index) - patients
        assert centre[list(left_out)].nunique() == 1
        assert not set(centre[list(patients)]) & set(centre[list(left_out)])
