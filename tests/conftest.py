"""What several tests share: the built-in study, one simulated cohort, one model of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run small problems; threads only fight over two cores

import relapse_model as rm

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def study():
    return rm.load_study("hbsag-relapse")


@pytest.fixture(scope="session")
def cohort():
    return rm.simulate_cohort(132, seed=7)


@pytest.fixture(scope="session")
def new_patients():
    return rm.simulate_cohort(30, seed=8)


@pytest.fixture(scope="session")
def model(cohort, study):
    return rm.train(cohort, study, candidates=("prior_logistic",))


@pytest.fixture(scope="session")
def models(cohort, study, model):
    """One model of each classifier."""
    others = ("ridge_logistic", "boosted_trees")
    return {"prior_logistic": model} | {name: rm.train(cohort, study, candidates=(name,)) for name in others}
