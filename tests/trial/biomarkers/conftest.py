"""A cohort in which one marker tells, and a screen of it."""

from __future__ import annotations

import pytest

import relapse_model as rm

FAST = {"permutations": 500, "repeats": 5, "increment": False}
BASE = ("anti_hbs", "hbig_arm", "consolidation_weeks")


@pytest.fixture(scope="package")
def true_marker():
    return rm.simulate_cohort(400, seed=3, coefficients={"hbcrag": 1.2})


@pytest.fixture(scope="package")
def found(true_marker, study):
    candidates = ("hbcrag", "pegifn_weeks", "genotype_c", "age", "hbv_rna")
    return rm.screen_biomarkers(true_marker, study, candidates, BASE, **FAST)
