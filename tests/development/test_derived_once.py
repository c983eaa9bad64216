"""What is derived of a cohort at a landmark is derived once, and passed on."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

import relapse_model as rm
from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.development.internal_validation.check_validation import check_validation
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.derive import derive_features
from relapse_model.report.cohort_check import check_report

QUICK = {"candidates": ("prior_logistic",), "repeats": 1, "seed": 1}


@pytest.fixture
def derived(monkeypatch):
    """Count who is derived: the rows of the labs table tell a whole cohort from one that is cut off at a landmark."""
    counts: Counter[tuple[str, float, int]] = Counter()

    def counted(function):
        def call(cohort, study, landmark_week=None, **settings):
            counts[function.__name__, float(study.landmark(landmark_week)), len(cohort.labs)] += 1
            return function(cohort, study, landmark_week, **settings)

        return call

    for function in (derive_features, derive_outcome):
        new = counted(function)
        for module in [one for name, one in sys.modules.items() if name.startswith("relapse_model.")]:
            if module.__dict__.get(function.__name__) is function:
                monkeypatch.setattr(module, function.__name__, new)
    return counts


@pytest.mark.parametrize("weeks", [0, [0, 12]])
@pytest.mark.parametrize("verb", [rm.train, rm.validate])
def test_features_and_outcome_are_derived_once_at_each_landmark(verb, weeks, derived):
    # It was 10 times and 8 times at each. RM105 derives the predictors of another cohort: the one cut off there.
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    more = {"outer_repeats": 1, "bootstraps": 0} if verb is rm.validate else {}
    verb(cohort, study, landmark_week=weeks, **QUICK, **more)
    whole = {key[:2]: count for key, count in derived.items() if key[2] == len(cohort.labs)}
    landmarks = [float(week) for week in ([weeks] if weeks == 0 else weeks)]
    assert whole == {(name, week): 1 for name in ("derive_features", "derive_outcome") for week in landmarks}
    cut_off = [key for key in derived if key[2] < len(cohort.labs)]
    assert [key[0] for key in cut_off] == ["derive_features"] * len(landmarks)
    assert all(derived[key] == 1 for key in cut_off)


def test_a_report_of_a_cohort_derives_once(derived):
    cohort = rm.simulate_cohort(132, seed=7)
    check_report(cohort, rm.load_study("hbsag-relapse"))
    assert all(count == 1 for count in derived.values())
    assert len(derived) == 3  # predictors, outcome, and the predictors of the cohort cut off at the landmark


def test_the_checks_of_a_validation_derive_once(derived):
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    found = rm.validate(cohort, study, outer_repeats=1, bootstraps=0, **QUICK)
    derived.clear()
    check_validation(found, cohort)
    assert all(count == 1 for count in derived.values())
    assert len(derived) == 3


def test_what_is_kept_is_what_is_derived(cohort, study):
    at = AtLandmark(cohort, study, 12.0)
    assert at.features.equals(derive_features(cohort, study, 12.0))
    assert at.outcome.equals(derive_outcome(cohort, study, 12.0))
    states = at.outcome["state"].isin(("relapse", "free", "lost")).to_numpy()
    assert at.at_risk.tolist() == states.nonzero()[0].tolist()
    assert list(at.features_at_risk.index) == list(cohort.patient_ids[states])
