"""Updating: only the line changes, what was off is mended, and the parent is on record."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers.combined.recalibrated import Recalibration
from relapse_model.errors import InsufficientDataError, RelapseModelError


@pytest.fixture(scope="module")
def riskier():
    """Patients of a centre where relapse is twice as frequent, whatever the predictors say."""
    return rm.simulate_cohort(500, seed=40, control_risk=0.30)


def log_odds(model, cohort):
    risk = model.predict_risk(rm.derive_features(cohort, model.study))
    return np.log(risk) - np.log1p(-risk)


def test_the_intercept_makes_the_risks_right_on_the_whole(model, riskier):
    before = model.evaluate(riskier).measures["observed_expected"].value
    updated = model.update(riskier)
    assert before > 1.3
    assert updated.evaluate(riskier).measures["calibration_intercept"].value == pytest.approx(0.0, abs=1e-6)
    # The order of the patients is as it was, and their distances are.
    shift = log_odds(updated, riskier) - log_odds(model, riskier)
    assert shift == pytest.approx(np.full(500, updated.summary["update"]["intercept"]))


def test_with_the_slope_the_spread_may_change_too(model, riskier):
    updated = model.update(riskier, method="intercept_and_slope")
    stated = updated.summary["update"]
    expected = stated["intercept"] + stated["slope"] * log_odds(model, riskier)
    np.testing.assert_allclose(log_odds(updated, riskier), expected)
    slope = updated.evaluate(riskier).measures["calibration_slope"].value
    assert abs(slope - 1.0) < abs(model.evaluate(riskier).measures["calibration_slope"].value - 1.0)


def test_the_parent_is_on_record_and_the_model_comes_back_from_its_file(model, riskier, new_patients, tmp_path):
    updated = model.update(riskier)
    assert updated.summary["parent"]["patients"] == 132
    assert len(updated.summary["parent"]["sha256"]) == 64
    assert updated.summary["update"]["patients"] <= len(riskier)
    assert model.summary.get("update") is None
    updated.save(tmp_path / "updated.rmodel")
    again = rm.load_model(tmp_path / "updated.rmodel")
    assert again.score(new_patients).equals(updated.score(new_patients))


def test_two_updates_are_one_line(model, riskier):
    twice = model.update(riskier, method="intercept_and_slope").update(riskier)
    first = model.update(riskier, method="intercept_and_slope").classifier.recalibration_
    second = twice.summary["update"]
    assert type(twice.classifier.estimator_) is type(model.classifier)
    assert twice.classifier.recalibration_ == Recalibration(
        second["intercept"] + second["slope"] * first.intercept, second["slope"] * first.slope
    )


def test_hazards_are_updated_too(cohort, study, riskier, new_patients, tmp_path):
    updated = rm.train(cohort, study, candidates=("prior_hazard",)).update(riskier)
    updated.save(tmp_path / "hazard.rmodel")
    assert rm.load_model(tmp_path / "hazard.rmodel").score(new_patients).equals(updated.score(new_patients))


def test_what_cannot_be_updated_is_refused(model, riskier, study):
    with pytest.raises(RelapseModelError, match="method is 'refit'; expected 'intercept' or 'intercept_and_slope'"):
        model.update(riskier, method="refit")
    with pytest.raises(InsufficientDataError, match=r"update: \d events among"):
        model.update(rm.simulate_cohort(12, seed=1))
    with pytest.raises(RelapseModelError, match="'prior_logistic' and recalibrated"):
        rm.train(riskier, study, candidates=("prior_logistic",), prior=model.update(riskier))
