"""The settings that are rarely changed: one object, or single keywords as before."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError

import pytest

import relapse_model as rm
from relapse_model.development.procedure import ProcedureSettings, SettingKeywords, settings_with
from relapse_model.errors import InsufficientDataError

QUICK = {"candidates": ("prior_logistic",), "seed": 2}


@pytest.fixture(scope="module")
def small():
    return rm.simulate_cohort(70, seed=3)


def test_a_keyword_does_what_the_setting_does(small, study):
    settings = rm.ProcedureSettings(folds=3, repeats=1, more_predictors_than_events=True)
    one = rm.train(small, study, settings=settings, **QUICK)
    other = rm.train(small, study, folds=3, repeats=1, more_predictors_than_events=True, **QUICK)
    assert one.summary == other.summary
    assert (one.summary["choice"]["folds"], one.summary["choice"]["repeats"]) == (3, 1)


def test_validate_takes_them_too_and_tells_them(small, study):
    more = {"outer_repeats": 1, "bootstraps": 0, "leave_out": None, **QUICK}
    settings = rm.ProcedureSettings(outer_folds=3, repeats=1, more_predictors_than_events=True)
    one = rm.validate(small, study, settings=settings, **more)
    other = rm.validate(small, study, outer_folds=3, repeats=1, more_predictors_than_events=True, **more)
    assert one.to_dict() == other.to_dict()
    assert (one.settings["outer_folds"], one.settings["folds"], one.settings["repeats"]) == (3, 5, 1)


def test_a_keyword_wins_over_the_object():
    found = settings_with(ProcedureSettings(folds=3, repeats=4), {"folds": 7})
    assert found == ProcedureSettings(folds=7, repeats=4)
    assert settings_with(None, {}) == ProcedureSettings(5, 2, 5, more_predictors_than_events=False)


def test_settings_are_frozen_and_have_the_names_of_the_keywords():
    with pytest.raises(FrozenInstanceError):
        ProcedureSettings().folds = 3
    assert list(ProcedureSettings.__dataclass_fields__) == list(SettingKeywords.__annotations__)


@pytest.mark.parametrize("verb", [rm.train, rm.validate])
def test_an_unknown_keyword_is_refused_before_any_work(verb, study):
    with pytest.raises(TypeError, match="unexpected keyword argument 'fold'; the settings are folds, repeats"):
        verb(None, study, fold=3)


def test_more_predictors_than_events_are_refused_unless_asked_for(study):
    few = rm.simulate_cohort(50, seed=1)
    with pytest.raises(InsufficientDataError, match="more_predictors_than_events=True"):
        rm.train(few, study, **QUICK)


@pytest.mark.parametrize(("verb", "most"), [(rm.train, 13), (rm.validate, 16)])
def test_the_signature_can_be_read(verb, most):
    assert len(inspect.signature(verb).parameters) <= most
