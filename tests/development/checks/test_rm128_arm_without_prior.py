"""RM128: the arm of a trial is a predictor, and the study says nothing of its effect beforehand."""

from __future__ import annotations

import re

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier
from relapse_model.development.checks.rm128_arm_without_prior import CHECK as arm_without_prior
from relapse_model.report.translation import translation
from relapse_model.study.reader import parse_study


@pytest.fixture(scope="module")
def silent():
    """The built-in study with nothing stated of the arm."""
    text = rm.load_study("hbsag-relapse").text
    bare = re.sub(r'(name = "hbig_arm"\n(?:.+\n)*?)prior = .+\n', r"\1", text)
    assert len(bare) < len(text)
    return parse_study(bare, "study.toml")


def test_an_arm_without_a_prior_is_found_and_the_built_in_one_has_one(silent, cohort_of):
    cohort = cohort_of(("free", 10, {}))
    result = arm_without_prior.of(cohort, silent, 0)
    assert (result.code, result.state) == ("RM128", "found")
    assert "states no prior for the arm (HBIG arm)" in result.text
    chinese = translation(silent, "zh")(result.text)
    assert chinese is not None
    assert "0.56 至 1.80" in chinese
    assert arm_without_prior.of(cohort, rm.load_study("hbsag-relapse"), 0).state == "passed"


def test_without_a_trial_it_does_not_apply(study_with, cohort_of):
    assert arm_without_prior.of(cohort_of(("free", 10, {})), study_with(""), 0).state == "not applicable"


def test_what_is_assumed_is_what_the_text_says():
    """0.15 per standard deviation of a column that is 1 in half of the patients, 0.5: 0.3 per unit."""
    arm = np.tile([0.0, 1.0], 66)[:, None]
    fitted = PriorLogisticClassifier().fit(arm, np.tile([0, 0, 0, 1, 0, 0], 22))
    assert (fitted.prior_mean_[0], fitted.prior_sd_[0]) == (0.0, pytest.approx(0.3))
    assert np.exp(1.96 * 0.3 * np.array([-1, 1])).round(2).tolist() == [0.56, 1.80]


def test_it_stands_where_the_benefit_is_computed(silent):
    cohort = rm.simulate_cohort(132, seed=7, hbig_hazard_ratio=0.4)
    found = rm.benefit_report(cohort, silent, repeats=1)
    assert [one.code for one in found.findings] == ["RM128"]
    assert "states no prior for the arm" in found.statement
    ridge = rm.benefit_report(cohort, silent, candidates=("ridge_logistic",), repeats=1)  # it reads no prior
    assert ridge.findings == ()
    assert "no prior" not in ridge.statement
