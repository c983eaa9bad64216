from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.development.choice import fit_known
from relapse_model.features.design import design
from same_folds import baseline_scores, mean_auc, mean_c, ridge_logistic


@pytest.fixture(scope="module")
def found():
    cohort, study = rm.simulate_cohort(150, seed=3), rm.load_study("hbsag-relapse")
    return rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=2, bootstraps=0, seed=5)


def test_the_folds_are_those_of_the_validation(found):
    columns = design(found.study)

    def library(train, new, seed):
        return fit_known("prior_logistic", train, columns, seed).predict_proba(new)[:, 1]

    # The library's own classifier, refitted here, gives its risks again only in the very same folds.
    assert np.array_equal(baseline_scores(found, library), found.risks)


def test_the_means_are_those_of_the_report(found):
    assert mean_auc(found, found.risks) == pytest.approx(found.performance.measures["auc"].value)
    assert mean_c(found, found.risks) == pytest.approx(found.performance.measures["c_index"])


def test_every_patient_gets_a_ridge_score_in_every_repeat(found):
    scores = baseline_scores(found, ridge_logistic)
    assert scores.shape == found.risks.shape
    assert np.isfinite(scores).all()
