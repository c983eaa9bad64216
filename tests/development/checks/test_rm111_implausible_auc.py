"""RM111: an AUC whose lower limit is above what the study calls plausible."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm111_implausible_auc import CHECK as implausible_auc
from relapse_model.errors import StudyError
from relapse_model.validation.estimate import Estimate

KEY = "visit_window_weeks = 4"


def auc(lower):
    return Estimate(0.95, lower, 0.99, 0.95, "bootstrap")


@pytest.mark.parametrize(("lower", "state"), [(0.6, "passed"), (0.85, "passed"), (0.8501, "found"), (0.94, "found")])
def test_the_lower_limit_decides(lower, state, study):
    assert study.prediction.implausible_auc == 0.85  # of the built-in study, at week 48
    assert implausible_auc(study, auc(lower)).state == state


def test_the_limit_is_that_of_the_study(study_with):
    strict = study_with(changed=[(KEY, f"{KEY}\nimplausible_auc = 0.7")])
    assert [implausible_auc(strict, auc(lower)).state for lower in (0.7, 0.71)] == ["passed", "found"]
    assert "above 0.70, which the study calls implausible" in implausible_auc(strict, auc(0.71)).text


def test_what_is_found_gives_the_interval_and_where_to_look(study):
    result = implausible_auc(study, auc(0.9))
    assert (result.code, result.severity) == ("RM111", "warning")
    assert result.text.startswith("AUC 0.95 (0.90 to 0.99): its lower limit is above 0.85")
    assert "outside the folds" in result.text


def test_of_a_study_without_a_limit_nothing_is_known(study_with):
    result = implausible_auc(study_with(), auc(0.94))
    assert (result.state, "[prediction] implausible_auc" in result.text) == ("not applicable", True)


@pytest.mark.parametrize("limit", ["0.5", "1.01", "true"])
def test_a_limit_that_is_no_auc_is_refused(limit, study_with):
    with pytest.raises(StudyError, match="implausible_auc"):
        study_with(changed=[(KEY, f"{KEY}\nimplausible_auc = {limit}")])


def test_without_an_interval_it_does_not_apply(study):
    for bare in (0.95, None):
        result = implausible_auc(study, bare)
        assert (result.state, result.text) == ("not applicable", "the validation has no AUC with an interval")
