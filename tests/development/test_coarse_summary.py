"""What a model tells of its training cohort: rounded, and of no use against one of its patients."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.development.coarse_summary import coarse_names, coarse_predictors, coarse_scatter, coarse_share
from relapse_model.model.told_summary import TOLD, told_summary
from relapse_model.small_counts import coarse_count

STUDY = rm.load_study("hbsag-relapse")
KEY = b"one cohort"


def _told(**summary):
    exact = {
        one.name: {"missing": 0, "mean": None, "p05": None, "median": None, "p95": None} for one in STUDY.predictors
    }
    return coarse_predictors(exact | summary, STUDY, 132, KEY)


def test_a_number_is_told_in_steps_of_a_25th_of_its_range_and_the_range_no_narrower():
    """The range of age is 23.58 wide; a 25th of it is 0.94, so that the step is 0.5."""
    age = {"missing": 0, "mean": 39.0356, "p05": 26.52, "median": 40.45, "p95": 50.1}
    told = _told(age=age)["age"]
    assert told == {"missing": "<5", "mean": 39.0, "p05": 26.5, "median": 40.5, "p95": 50.5}


def test_where_hardly_anybody_differs_the_mean_is_that_of_the_others():
    """All but one are 10: the mean 10.1 would tell of this one that it is 10 + 132 * 0.1."""
    age = {"missing": 0, "mean": 10.1, "p05": 10.0, "median": 10.0, "p95": 10.0}
    assert _told(age=age)["age"]["mean"] == 10.0


def test_a_yes_is_told_as_a_count_in_fives_and_its_median_follows():
    male = {"missing": 0, "mean": 88 / 132, "p05": 0.0, "median": 1.0, "p95": 1.0}
    told = _told(male=male)["male"]
    assert round(told["mean"] * 132) % 5 == 0
    assert abs(told["mean"] - 88 / 132) < 10 / 132
    half = _told(hbig_arm={"missing": 0, "mean": 0.5, "p05": 0.0, "median": 0.5, "p95": 1.0})["hbig_arm"]
    assert half["median"] in (0.0, 1.0)  # 0.5 would tell that the arms are equally large


def test_counts_are_close_in_fives_and_five_stay_five():
    told = np.array([coarse_count(23, 132, str(draw).encode(), "events") for draw in range(2000)])
    assert set(told % 5) == {0}
    assert set(told) >= {20, 25}
    assert np.sqrt(((told - 23) ** 2).mean()) < 2.5
    assert {coarse_count(5, 132, str(draw).encode(), "x") for draw in range(500)} <= {5, 10, 15}
    assert max(coarse_count(128, 132, str(draw).encode(), "x") for draw in range(500)) <= 132


def test_no_count_is_much_more_likely_with_a_patient_than_without():
    """The promise: at most e = 2.7 times; with 20,000 draws of each, frequent counts are known to a tenth."""
    draws = {
        count: Counter(coarse_count(count, 132, f"{count} {draw}".encode(), "events") for draw in range(20_000))
        for count in (22, 23)
    }
    for told in (15, 20, 25, 30):
        ratio = draws[23][told] / draws[22][told]
        assert 1 / 3.0 < ratio < 3.0


def test_a_name_that_hardly_anybody_had_is_not_told():
    told = coarse_names({"assays": {"alt": {"A": 88, "B": 1}, "ast": {"C": 2}, "none": {}}}, 132, KEY)
    assert list(told["assays"]["alt"]) == ["A"]
    assert list(told["assays"]["ast"]) == ["C"]  # or every other name would be unknown without a warning
    assert told["assays"]["none"] == {}


def test_correlations_stay_solvable_in_steps():
    exact = np.array([[1, 0.93, 0.9], [0.93, 1, 0.92], [0.9, 0.92, 1.0]])
    scatter = {"predictors": ["age"] * 3, "correlation": exact.tolist(), "shrinkage": 0.123456, "spread": 1.108893}
    told = coarse_scatter(scatter, {"age": {"p05": 1.0}})
    correlation = np.array(told["correlation"])
    assert np.linalg.eigvalsh(correlation)[0] >= 0.05 - 1e-9
    assert np.abs(correlation * 20 - np.round(correlation * 20)).max() < 1e-9
    assert (told["shrinkage"], told["spread"]) == (0.1, 1.2)


def test_shares():
    assert [coarse_share(share) for share in (0.16929, 0.0, 1.0, 0.9999)] == [0.17, 0.0, 1.0, 0.999]


@pytest.fixture(scope="module")
def model():
    return rm.train(rm.simulate_cohort(132, seed=100), STUDY, candidates=("prior_logistic",), seed=0)


def test_a_file_tells_rounded_counts_and_no_text_of_a_finding(model, tmp_path):
    model.save(tmp_path / "x.rmodel")
    loaded = rm.load_model(tmp_path / "x.rmodel").summary
    assert loaded == told_summary(model.summary)
    assert TOLD not in loaded
    assert loaded["events"] % 5 == 0
    assert loaded["lost_before_horizon"] % 5 == 0
    for one, exact in zip(loaded["warnings"], model.summary["warnings"], strict=True):
        assert (one["code"], one["severity"]) == (exact["code"], exact["severity"])
        assert not any(letter.isdigit() for letter in one["text"].replace(one["title"], ""))


def test_a_file_opened_and_saved_again_is_not_rounded_again(model, tmp_path):
    model.save(tmp_path / "x.rmodel")
    rm.load_model(tmp_path / "x.rmodel").save(tmp_path / "y.rmodel")
    assert (tmp_path / "x.rmodel").read_bytes() == (tmp_path / "y.rmodel").read_bytes()


@pytest.mark.slow
def test_the_differencing_attack_gives_nothing_back(root):
    """Files of 132 and of 131 patients, 200 removed: before the rounding, means gave back every value."""
    place = Path(root) / "benchmarks" / "differencing.py"
    spec = importlib.util.spec_from_file_location("differencing", place)
    attack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(attack)
    found = attack.attack(132, 5, 40, "prior_logistic")
    means = np.array(found["means"], dtype=float)
    numbers = means[means[:, 0] == 0]
    assert len(numbers) > 900
    assert (numbers[:, 1] <= attack.CLOSE).mean() <= 0.01
    shares = np.array(found["shares"], dtype=float)
    answered = np.isfinite(shares[:, 1])
    assert (shares[answered, 1] == 0).mean() < 0.65  # 1.0 before; guessing gives a half
