"""RM111: an AUC whose lower limit is above what the literature makes plausible."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from relapse_model.development.checks.rm111_implausible_auc import CHECK as implausible_auc
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance import Performance


def validation(study, lower, **changed):
    measures = {"auc": Estimate(0.95, lower, 0.99, 0.95, "bootstrap")} | changed
    return SimpleNamespace(study=study, performance=Performance(132, 21, 11, measures, {}))


@pytest.mark.parametrize(("lower", "state"), [(0.6, "passed"), (0.85, "passed"), (0.8501, "found"), (0.94, "found")])
def test_the_lower_limit_decides(lower, state, study):
    assert implausible_auc(validation(study, lower)).state == state


def test_what_is_found_gives_the_interval_and_where_to_look(study):
    result = implausible_auc(validation(study, 0.9))
    assert (result.code, result.severity) == ("RM111", "warning")
    assert result.text.startswith("AUC 0.95 (0.90 to 0.99): its lower limit is above 0.85")
    assert "outside the folds" in result.text


def test_of_another_study_nothing_is_known(study, study_with):
    later = replace(study, prediction=replace(study.prediction, horizon_weeks=96.0))
    for other in (study_with(), later):
        result = implausible_auc(validation(other, 0.94))
        assert (result.state, "study 'hbsag-relapse' at week 48 only" in result.text) == ("not applicable", True)


def test_without_an_interval_it_does_not_apply(study):
    bare = implausible_auc(validation(study, 0.9, auc=0.95))
    refused = implausible_auc(SimpleNamespace(study=study, performance=Performance(9, 0, 0, {}, {"auc": "no relapse"})))
    for result in (bare, refused):
        assert (result.state, result.text) == ("not applicable", "the validation has no AUC with an interval")
