"""What a notebook shows of each result: short, escaped, without a patient."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from html_text import texts_of

import relapse_model as rm
from relapse_model.display.html_summary import true_minus
from relapse_model.model.explanation.patient import explain_patient


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


@pytest.fixture(scope="module")
def cohort(root):
    return rm.read_cohort(root / "examples" / "cohort")


@pytest.fixture(scope="module")
def model(root):
    return rm.load_model(root / "models" / "hbsag_relapse.rmodel")


@pytest.fixture(scope="module")
def shown(cohort, study, model):
    """Return every object that shows itself."""
    validation = rm.validate(
        cohort, study, candidates=("ridge_logistic",), outer_repeats=1, outer_folds=3, bootstraps=0, jobs=1
    )
    return {
        "Cohort": cohort,
        "Study": study,
        "RelapseModel": model,
        "Validation": validation,
        "Performance": validation.performance,
        "Screening": rm.screen(cohort, study),
        "Explanation": model.explain(cohort),
        "PatientExplanation": explain_patient(model, cohort, str(cohort.patient_ids[0]), None),
        "BenefitTable": model.benefit(cohort),
        "TrialAnalysis": rm.compare_arms(cohort, study),
        "DosingReport": rm.dosing(cohort, study),
    }


NAMES = (
    "Cohort", "Study", "RelapseModel", "Validation", "Performance", "Screening", "Explanation", "PatientExplanation",
    "BenefitTable", "TrialAnalysis", "DosingReport",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_it_shows_itself_in_short_and_names_nobody(shown, cohort, name):
    html = shown[name]._repr_html_()
    text = " ".join(texts_of(html))
    assert len(text) > 30
    assert len(html) < 12_000
    assert not set(cohort.patient_ids) & set(re.findall(r"\w+", text))
    assert "nan" not in text.lower().split()
    assert "None" not in text
    plain = repr(shown[name])
    assert plain.startswith(f"{name}(")
    assert plain.count("\n") < 10
    assert len(plain) < 500


def test_a_study_says_what_it_predicts_from_what(study):
    """Formerly its repr was 9,818 characters long."""
    assert repr(study) == (
        "Study('hbsag-relapse': HBsAg relapse by week 48, predicted at week 0 from 8 predictors, 8 with a prior, "
        "with a trial plan)"
    )
    text = texts_of(study._repr_html_())
    assert "NCT07328711" in text
    assert text[text.index("Anti-HBs") :][:4] == [
        "Anti-HBs",
        "last of Anti-HBs",
        "mIU/mL",
        "\N{MINUS SIGN}0.8 (SD 0.41)",
    ]


def test_a_performance_shows_each_measure_with_its_interval(shown):
    found = shown["Performance"]
    text = " ".join(texts_of(found._repr_html_()))
    for label, value in found.measure_rows():
        assert f"{label} {true_minus(value)}" in text
    assert "too good" in replace(found, apparent=True)._repr_html_()


def test_names_from_a_study_file_are_escaped(study):
    hostile = replace(study, title="<img src=x onerror=alert(1)>")
    assert "<img" not in hostile._repr_html_()


def test_counts_of_a_cohort(cohort):
    text = texts_of(cohort._repr_html_())
    assert text[0] == "Cohort, synthetic"
    assert text[text.index("patients") + 1] == "132"
    assert text[text.index("laboratory results") + 1] == f"{len(cohort.labs):,}"


def test_an_explanation_is_that_of_shap_and_lists_the_largest_effect_first(shown, model, cohort):
    """A patient who could not be scored has no values: the means are those of the others, and how many are left out."""
    import numpy as np
    import shap

    found = shown["Explanation"]
    assert isinstance(found, shap.Explanation)
    assert isinstance(found[:5], type(found))
    cut = found[:5]
    cut.values = np.vstack([cut.values[:4], np.full(cut.values.shape[1], np.nan)])
    text = texts_of(cut._repr_html_())
    mean = np.abs(found.values[:4]).mean(axis=0)
    assert text[text.index("patients") + 1] == "4"
    assert text[text.index("without a risk, left out here") + 1] == "1"
    assert text[text.index(found.feature_names[int(mean.argmax())]) + 1] == f"{mean.max():.2f}"
    assert "Explanation(SHAP values of 1 x 8" in repr(found[0])


def test_a_test_alone_is_no_analysis_that_was_not_made(shown):
    """The log-rank test has a p-value and no interval; the direction of every difference is said once."""
    text = shown["TrialAnalysis"]._repr_html_()
    assert re.search(r"Log-rank test</th><td[^>]*>p = 0\.\d+<", text)
    assert "Direction: HBIG minus control; negative favours HBIG." in text


def test_a_validation_says_whether_to_act(shown):
    assert re.search("Do not act on this model|more accurate than giving everyone", shown["Validation"]._repr_html_())
