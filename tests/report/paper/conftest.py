"""One trial, compared once for all tests of the folder."""

from __future__ import annotations

import pytest

import relapse_model as rm


@pytest.fixture(scope="session")
def trial(cohort, study):
    return rm.compare_arms(cohort, study)
