"""RM105: a kind of predictor that reads rows after the landmark is caught."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.development.checks.rm105_look_ahead import CHECK as look_ahead
from relapse_model.features import by_kind
from relapse_model.features.by_kind import register_feature_kind
from relapse_model.study import predictor_kinds as feature_kinds
from relapse_model.study.predictor_kinds import FeatureKind

LATEST = """
[[predictors]]
name = "latest"
label = "Week of the latest test"
kind = "check_latest_week"
"""


@pytest.fixture(scope="module", autouse=True)
def latest_week():
    """A kind as somebody might write it who forgets the landmark."""

    def week(cohort, study, predictor, landmark):
        weeks = cohort.labs.groupby("patient")["week"].max()
        return weeks.reindex(np.arange(len(cohort))).to_numpy(dtype=float)

    before, known = dict(feature_kinds._ALL), dict(by_kind._FUNCTIONS)
    register_feature_kind(FeatureKind("check_latest_week", (), (), "week of the latest test", "weeks"), week)
    yield
    for registry, kept in ((feature_kinds._ALL, before), (by_kind._FUNCTIONS, known)):
        registry.clear()
        registry.update(kept)


def test_a_kind_that_forgets_the_landmark_is_found_by_its_label(study_with, cohort_of, names_nobody):
    cohort = cohort_of(("free", 2, {}), ("relapse", 1, {}))
    result = look_ahead.of(cohort, study_with(LATEST), 0)
    assert (result.code, result.state, result.severity) == ("RM105", "found", "warning")
    assert result.text.startswith("Week of the latest test: changes when the rows after week 0 are removed")
    names_nobody(result.text, cohort)


def test_the_kinds_of_the_library_pass(study_with, cohort_of):
    assert look_ahead.of(cohort_of(("free", 2, {})), study_with(), 0).state == "passed"


def test_a_row_in_the_landmark_week_is_known(study_with, cohort_of):
    # The last tests are those of week 44: known then, not the week before.
    cohort = cohort_of(("free", 2, {}))
    assert look_ahead.of(cohort, study_with(LATEST), 44).state == "not applicable"
    assert look_ahead.of(cohort, study_with(LATEST), 43).state == "found"


def test_where_there_is_no_later_row_it_does_not_apply(study_with, cohort_of):
    result = look_ahead.of(cohort_of(("not_at_risk", 2, {})), study_with(LATEST), 0)
    assert (result.state, result.text) == ("not applicable", "the cohort has no row after week 0")


def test_a_later_dose_is_a_later_row(study_with, cohort_of):
    dosed = cohort_of(("not_at_risk", 2, {}), treatments=[(0, "hbig", 4)])
    assert look_ahead.of(dosed, study_with(), 0).state == "passed"


@pytest.mark.parametrize("landmark", [0, 12])
def test_the_built_in_study_looks_at_nothing_later(landmark, study, cohort):
    assert look_ahead.of(cohort, study, landmark).state == "passed"
