"""Kinds registered from outside, the check that finds one that looks ahead, and the data dictionary."""

from __future__ import annotations

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.errors import RelapseModelError
from relapse_model.features import by_kind
from relapse_model.features.by_kind import register_feature_kind
from relapse_model.features.dictionary import data_dictionary
from relapse_model.features.look_ahead import looking_ahead
from relapse_model.study import predictor_kinds as feature_kinds
from relapse_model.study.predictor_kinds import FEATURE_KINDS, FeatureKind
from relapse_model.study.reader import parse_study


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Leave no kind behind."""
    monkeypatch.setattr(by_kind, "_FUNCTIONS", dict(by_kind._FUNCTIONS))
    before = dict(feature_kinds._ALL)
    yield
    feature_kinds._ALL.clear()
    feature_kinds._ALL.update(before)


def counted(only_known):
    def function(cohort, study, predictor, landmark):
        labs = cohort.labs[cohort.labs["analyte"] == predictor.analyte]
        labs = labs[labs["week"] <= landmark] if only_known else labs
        return np.bincount(labs["patient"], minlength=len(cohort)).astype(float)

    return function


def with_kind(study, kind):
    return parse_study(
        study.text + f'\n[[predictors]]\nname = "own"\nlabel = "Own"\nkind = "{kind}"\nanalyte = "anti_hbs"\n',
        "study.toml",
    )


def test_a_kind_of_ones_own_is_named_by_a_study_and_trained_on(cohort, study):
    register_feature_kind(FeatureKind("tests_so_far", ("analyte",), (), "tests so far", "tests"), counted(True))
    own = with_kind(study, "tests_so_far")
    features = rm.derive_features(cohort, own)
    expected = (
        cohort.labs[(cohort.labs["analyte"] == "anti_hbs") & (cohort.labs["week"] <= 0)].groupby("patient").size()
    )
    np.testing.assert_array_equal(features["own"], expected.reindex(range(len(cohort)), fill_value=0))
    assert looking_ahead(cohort, own) == []
    assert data_dictionary(own).loc["own", "definition"] == "Anti-HBs: tests so far"


def test_a_kind_that_looks_ahead_is_found(cohort, study):
    register_feature_kind(FeatureKind("all_tests", ("analyte",), (), "all tests", "tests"), counted(False))
    assert looking_ahead(cohort, with_kind(study, "all_tests")) == ["own"]


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(RelapseModelError, match="'last' exists already"):
        register_feature_kind(FeatureKind("last", (), (), "", ""), counted(True))


def test_every_kind_has_a_function_and_every_function_a_kind():
    assert by_kind._FUNCTIONS.keys() == FEATURE_KINDS.keys()


def test_the_dictionary_says_what_each_predictor_is(study):
    table = data_dictionary(study)
    assert list(table.index) == [one.name for one in (*study.predictors, *study.terms)]
    assert table.loc["anti_hbs_saturating", "definition"].startswith("term: Anti-HBs / (Anti-HBs + 100 mIU/mL)")
    assert table.loc["anti_hbs", "unit"] == "mIU/mL"
    assert table.loc["anti_hbs", "prior"] == "log-odds -0.8 (sd 0.41) per log10"
    assert "threshold: below 0.05" in table.loc["consolidation_weeks", "definition"]
    assert (table["source"] != "").all()
