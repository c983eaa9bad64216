"""What the predictors leave out: read from the study, refused without its source, and which risk the interval is of."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers.shared.own_risk import own_risk_interval
from relapse_model.errors import RelapseModelError
from relapse_model.study.prediction import Residual
from relapse_model.study.reader import parse_study

BUILT_IN = rm.load_study("hbsag-relapse").text
STATED = 'residual = { sd_logit = 0.5, source = "an assumption" }'


def with_residual(line):
    return parse_study(BUILT_IN.replace("[prediction]\n", f"[prediction]\n{line}\n", 1), "own.toml")


def test_it_is_read_and_absent_by_default():
    assert with_residual(STATED).prediction.residual == Residual(0.5, "an assumption")
    assert rm.load_study("hbsag-relapse").prediction.residual_sd == 0.0


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("residual = { sd_logit = 0.5 }", "source"),
        ('residual = { source = "x" }', "sd_logit"),
        ('residual = { sd_logit = 0, source = "x" }', "sd_logit"),
        ('residual = { sd_logit = 5, source = "x" }', "sd_logit"),
        ('residual = { sd = 0.5, source = "x" }', "sd"),
        ("residual = 0.5", "residual"),
    ],
)
def test_another_is_refused_by_name(line, named):
    with pytest.raises(RelapseModelError, match=named):
        with_residual(line)


def test_scores_keep_the_risk_and_widen_its_interval_to_that_of_the_patient():
    cohort, new = rm.simulate_cohort(132, seed=7), rm.simulate_cohort(6, seed=8)
    mean = rm.train(cohort, rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    own = rm.train(cohort, with_residual(STATED), candidates=("prior_logistic",))
    first, second = mean.score(new), own.score(new)
    np.testing.assert_array_equal(first["relapse_risk"], second["relapse_risk"])
    limits = ["risk_lower", "risk_upper"]
    wanted = own_risk_interval(first["relapse_risk"].to_numpy(), first[limits].to_numpy(), 0.5, 0.9)
    np.testing.assert_allclose(second[limits], wanted, rtol=1e-12)
    assert mean.study.prediction.interval_of == "the mean risk of patients with the same predictors"
    assert own.study.prediction.interval_of == "the patient's own risk"


def test_a_study_that_extends_another_takes_it_over_and_may_change_it(tmp_path):
    (tmp_path / "base.toml").write_text(with_residual(STATED).text, encoding="utf-8")
    for line, sd in (("", 0.5), ('[prediction]\nresidual = { sd_logit = 0.3, source = "y" }\n', 0.3)):
        own = tmp_path / "own.toml"
        own.write_text(f'extends = "base.toml"\n[study]\nname = "own"\n{line}', encoding="utf-8")
        assert rm.load_study(own).prediction.residual_sd == sd
