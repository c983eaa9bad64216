"""An earlier model as a prior: matched by name, refused where it means another thing, harmless where it is wrong."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.cohort.simulation.settings import LINEAR
from relapse_model.development.earlier_model import BETWEEN_COHORTS, with_previous
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import design
from relapse_model.model.lineage import parent_summary
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.study.reader import parse_study

NAN = np.nan
HEAD = """
[study]
protocol = 1
name = "previous"

[analytes.titre]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
adjudicated = true

[prediction]
horizon_weeks = 48
"""
PREDICTORS = {
    "titre": 'kind = "last"\nanalyte = "titre"',
    "age": 'kind = "column"\ncolumn = "age_years"\nunit = "years"',
    "weeks": 'kind = "column"\ncolumn = "consolidation_weeks"\nunit = "weeks"',
    "male": 'kind = "column"\ncolumn = "sex"\nequals = "M"',
    "genotype": 'kind = "column"\ncolumn = "hbv_genotype"\nlevels = ["C", "B", "D"]',
}
TERMS = {
    "titre_share": 'factors = [{ predictor = "titre", saturating = 100 }]\nreplaces = ["titre"]',
    "weeks_to_24": 'factors = [{ predictor = "weeks", cap = 24 }]\nreplaces = ["weeks"]',
}


def study_of(predictors, terms=(), **changed):
    entries = [f'[[predictors]]\nname = "{name}"\n{changed.get(name, PREDICTORS[name])}\n' for name in predictors]
    entries += [f'[[terms]]\nname = "{name}"\n{changed.get(name, TERMS[name])}\n' for name in terms]
    return parse_study("\n".join([HEAD, *entries]), "test")


def model_of(study, coef, sd, weight=(1.0,), classifier="prior_logistic", extra=0):
    """Return a model with this posterior, one row per component; an sd of 0: the column is left out."""
    coef, sd = np.atleast_2d(np.array(coef, dtype=float)), np.atleast_2d(np.array(sd, dtype=float))
    count, size = coef.shape
    columns = design(study)
    assert size == len(columns.names) + len(columns.terms) + extra
    covariance = np.zeros((count, size + 1, size + 1))
    covariance[:, range(1, size + 1), range(1, size + 1)] = sd**2
    covariance[:, 0, 0] = 0.1
    ones = np.ones(size)
    mixture = LogisticMixture(
        coef, np.zeros(count), covariance, np.array(weight), ones, ones, ones, columns.terms, tuple(range(extra))
    )
    return RelapseModel(study, 0.0, classifier, SimpleNamespace(components_=mixture), {})  # type: ignore[arg-type]


def previous(study, earlier):
    found = with_previous(design(study), study, earlier)
    return [(grid.mean.tolist(), grid.sd.tolist()) for grid in found.previous]


def test_without_an_earlier_model_the_design_stays_as_it_is():
    columns = design(study_of(["age"]))
    assert with_previous(columns, study_of(["age"]), None) is columns
    assert columns.previous is None


def test_columns_are_matched_by_name_and_not_by_position():
    earlier = model_of(study_of(["age", "titre", "weeks"]), [0.1, -0.8, -0.04], [0.01, 0.3, 0.02])
    found = with_previous(design(study_of(["titre", "male", "age"])), study_of(["titre", "male", "age"]), earlier)
    for grid in found.previous:  # there are no terms: both are of the linear form
        np.testing.assert_allclose(grid.mean, [[-0.8, NAN, 0.1]])  # nothing is known of "male"
        np.testing.assert_allclose(grid.sd, [[0.3, NAN, 0.01]])
    assert found.names == ("titre", "male", "age")
    np.testing.assert_array_equal(found.prior_mean, design(study_of(["titre", "male", "age"])).prior_mean)


def test_levels_are_matched_by_their_names():
    # Theirs: genotype=B, genotype=D, age. Ours: age first.
    earlier = model_of(study_of(["genotype", "age"]), [0.5, 0.6, 0.1], [0.2, 0.3, 0.01])
    (mean, sd), _ = previous(study_of(["age", "genotype"]), earlier)
    np.testing.assert_allclose((mean[0], sd[0]), [[0.1, 0.5, 0.6], [0.01, 0.2, 0.3]])


def test_what_only_an_indicator_knows_is_not_taken_for_a_predictor():
    # Their last column says that the age is missing; a third predictor of ours must not take it.
    earlier = model_of(study_of(["age", "titre"]), [0.1, -0.8, 9.0], [0.01, 0.3, 0.5], extra=1)
    (mean, sd), _ = previous(study_of(["titre", "age", "male"]), earlier)
    np.testing.assert_allclose((mean[0], sd[0]), [[-0.8, 0.1, NAN], [0.3, 0.01, NAN]])


BOTH = ["titre_share", "weeks_to_24"]


def with_terms():
    """Return a model with two components without the terms (weights 0.3, 0.1) and one with them (0.6)."""
    study = study_of(["titre", "weeks", "age"], BOTH)
    coef = [[-0.8, -0.04, 0.1, 0, 0], [-0.4, -0.04, 0.1, 0, 0], [0, 0, 0.2, -2.2, -0.05]]
    sd = [[0.3, 0.02, 0.01, 0, 0], [0.3, 0.02, 0.01, 0, 0], [0, 0, 0.03, 1.1, 0.02]]
    return model_of(study, coef, sd, (0.3, 0.1, 0.6))


def test_each_form_starts_from_the_posterior_of_its_own_form():
    study = study_of(["age", "weeks", "titre"], BOTH[::-1])
    linear, terms = previous(study, with_terms())
    # Columns: age, weeks, titre, weeks_to_24, titre_share. Titre: 3/4 of -0.8 and 1/4 of -0.4 is -0.7; its
    # variance 0.09 + 3/4 0.1**2 + 1/4 0.3**2 = 0.12.
    np.testing.assert_allclose(linear[0], [[0.1, -0.04, -0.7, NAN, NAN]])
    np.testing.assert_allclose(linear[1], [[0.01, 0.02, np.sqrt(0.12), NAN, NAN]])
    np.testing.assert_allclose(terms[0], [[0.2, NAN, NAN, -0.05, -2.2]])
    np.testing.assert_allclose(terms[1], [[0.03, NAN, NAN, 0.02, 1.1]])


def test_a_form_starts_from_the_earlier_form_that_shares_most_of_its_terms():
    # Theirs: the titre's shape in both forms, the weeks' in the second alone. Components: linear, first, second form.
    shapes = {"titre_share": f'{TERMS["titre_share"]}\nforms = ["one", "two"]'}
    theirs = study_of(["titre", "weeks"], BOTH, **shapes, weeks_to_24=f'{TERMS["weeks_to_24"]}\nforms = ["two"]')
    coef = [[-0.8, -0.04, 0, 0], [0, -0.03, -2.0, 0], [0, 0, -1.5, -0.05]]
    sd = [[0.3, 0.02, 0, 0], [0, 0.02, 1.0, 0], [0, 0, 0.9, 0.02]]
    earlier = model_of(theirs, coef, sd, (0.5, 0.3, 0.2))
    one_form = previous(study_of(["titre", "weeks"], BOTH), earlier)  # both terms: their second form
    np.testing.assert_allclose([mean[0] for mean, _ in one_form], [[-0.8, -0.04, NAN, NAN], [NAN, NAN, -1.5, -0.05]])
    same = previous(theirs, earlier)
    np.testing.assert_allclose(
        [mean[0] for mean, _ in same], [[-0.8, -0.04, NAN, NAN], [NAN, -0.03, -2.0, NAN], [NAN, NAN, -1.5, -0.05]]
    )


def test_a_study_without_terms_starts_from_the_linear_form():
    linear, _ = previous(study_of(["titre"]), with_terms())
    np.testing.assert_allclose(linear, [[[-0.7]], [[np.sqrt(0.12)]]])


def test_of_terms_that_the_earlier_model_has_not_nothing_is_known():
    earlier = model_of(study_of(["titre", "weeks"]), [-0.8, -0.04], [0.3, 0.02])
    for mean, sd in previous(study_of(["titre", "weeks"], BOTH), earlier):
        np.testing.assert_allclose((mean[0], sd[0]), [[-0.8, -0.04, NAN, NAN], [0.3, 0.02, NAN, NAN]])


def test_a_term_may_be_all_that_is_shared():
    earlier = model_of(study_of(["weeks", "age"], ["weeks_to_24"]), [[0, 0.1, -0.05]], [[0, 0.01, 0.02]])
    study = study_of(["weeks", "male"], ["weeks_to_24"])
    _, (mean, sd) = previous(study, earlier)
    np.testing.assert_allclose((mean[0], sd[0]), [[NAN, NAN, -0.05], [NAN, NAN, 0.02]])


# Refusals


@pytest.mark.parametrize(
    ("name", "definition", "apart"),
    [
        ("titre", 'kind = "first"\nanalyte = "titre"', "kind"),
        ("titre", 'kind = "last"\nanalyte = "titre"\nwindow_weeks = 8', "window_weeks"),
        ("titre", 'kind = "last"\nanalyte = "titre"\nsaturating = 50', "scale, saturating"),
        ("titre", 'kind = "last"\nanalyte = "titre"\ncap = 50', "cap"),
        ("age", 'kind = "column"\ncolumn = "age_years"\nunit = "decades"', "unit"),
        ("age", 'kind = "column"\ncolumn = "age_years"\nunit = "years"\nscale = "log10"', "scale"),
        ("male", 'kind = "column"\ncolumn = "sex"\nequals = "F"', "equals"),
        ("genotype", 'kind = "column"\ncolumn = "hbv_genotype"\nlevels = ["B", "C", "D"]', "levels"),
    ],
)
def test_a_predictor_that_means_another_thing_is_refused(name, definition, apart):
    names = ["age", "titre", "male", "genotype"]
    earlier = model_of(study_of(names, **{name: definition}), [0.0] * 5, [1.0] * 5)
    with pytest.raises(
        RelapseModelError, match=rf"predictor '{name}' of the model differs in {apart} from.*another name"
    ):
        previous(study_of(names), earlier)


@pytest.mark.parametrize(
    ("definition", "apart"),
    [
        ('factors = [{ predictor = "titre", saturating = 50 }]\nreplaces = ["titre"]', "factors"),
        ('factors = [{ predictor = "titre", saturating = 100 }]', "replaces"),
    ],
)
def test_a_term_that_means_another_thing_is_refused(definition, apart):
    theirs = study_of(["titre"], ["titre_share"], titre_share=definition)
    with pytest.raises(RelapseModelError, match=rf"term 'titre_share' of the model differs in {apart} from"):
        previous(study_of(["titre"], ["titre_share"]), model_of(theirs, [0.0, 0.0], [1.0, 1.0]))


def test_another_label_direction_column_or_prior_is_no_other_meaning():
    prior = 'prior = { log_odds = 0.1, sd = 0.2, per = 10, source = "Somebody" }'
    shown = 'label = "Years"\ndirection = "up"\nkind = "column"\ncolumn = "years_old"\nunit = "years"'
    theirs = study_of(["age"], age=f"{shown}\n{prior}")
    (mean, sd), _ = previous(study_of(["age"]), model_of(theirs, [0.1], [0.01]))
    np.testing.assert_allclose((mean, sd), [[[0.1]], [[0.01]]])


def test_a_model_that_shares_nothing_is_refused():
    earlier = model_of(study_of(["age", "weeks"]), [0.1, 0.0], [0.01, 0.02])
    with pytest.raises(RelapseModelError, match="shares no predictor with the study; expected one at least"):
        previous(study_of(["titre", "male"]), earlier)


def test_a_model_of_another_class_is_refused():
    earlier = model_of(study_of(["age"]), [0.1], [0.01], classifier="ridge_logistic")
    with pytest.raises(RelapseModelError, match=r"of class 'ridge_logistic'; expected 'prior_logistic'.*candidates="):
        previous(study_of(["age"]), earlier)


# The mean risk


class Patients:
    """Rows of new patients at one landmark or several."""

    def __init__(self, matrix, landmarks=(0.0,)):
        self.matrix, self.landmark, self.landmark_weeks = np.array(matrix, dtype=float), landmarks[0], landmarks

    def __len__(self):
        return len(self.matrix)


def level(study, earlier, patients):
    return with_previous(design(study), study, earlier, patients).baseline


def test_the_mean_risk_that_it_expects_of_the_new_patients_is_handed_on():
    # Its median and mean of age are 1, and its log-odds there are 0 (variance 0.1). One patient of 3 and one of whom
    # the age is missing are 1 above the mean on average: log-odds 0.1, and 0.1 + 1 ** 2 * 0.01 ** 2 of variance.
    study = study_of(["age"])
    earlier = model_of(study, [0.1], [0.01])
    mean, sd = level(study, earlier, Patients([[3.0], [NAN]]))
    assert mean == pytest.approx(0.1)
    assert sd == pytest.approx(np.sqrt(0.1 + 1e-4 + BETWEEN_COHORTS**2))


def test_components_that_disagree_on_the_mean_risk_make_it_less_certain():
    study = study_of(["age"])
    earlier = model_of(study, [[0.1], [0.5]], [[0.01], [0.01]], weight=(0.75, 0.25))
    mean, sd = level(study, earlier, Patients([[2.0]]))  # log-odds 0.1 and 0.5
    assert mean == pytest.approx(0.75 * 0.1 + 0.25 * 0.5)
    assert sd == pytest.approx(np.sqrt(0.1 + 1e-4 + 0.75 * 0.25 * 0.4**2 + BETWEEN_COHORTS**2))


def test_columns_of_the_mean_risk_are_matched_by_name():
    # Ours: titre, male, age. Theirs: age, titre, weeks; nobody of ours has weeks, and its median is its mean.
    earlier = model_of(study_of(["age", "titre", "weeks"]), [0.1, -0.8, -0.04], [0.01, 0.3, 0.02])
    mean, _ = level(study_of(["titre", "male", "age"]), earlier, Patients([[2.0, 1.0, 4.0]]))
    assert mean == pytest.approx(-0.8 * (2.0 - 1.0) + 0.1 * (4.0 - 1.0))


@pytest.mark.parametrize(
    "changed",
    [
        ("horizon_weeks = 48", "horizon_weeks = 96"),
        ("adjudicated = true", 'analyte = "titre"\nat_least = 10.0'),
        ("adjudicated = true", 'adjudicated = true\nname = "death"'),
        ("adjudicated = true", 'adjudicated = true\ncompeting_as_censoring = ["death"]'),
    ],
)
def test_the_mean_risk_of_another_question_is_not_handed_on(changed):
    study = study_of(["age"])
    other = parse_study(study.text.replace(*changed), "test")
    assert level(study, model_of(other, [0.1], [0.01]), Patients([[2.0]])) is None


def test_two_spellings_of_an_adjudicated_outcome_are_one():
    study = study_of(["age"])
    other = parse_study(study.text.replace("adjudicated = true", 'adjudicated = true\nname = " Relapse"'), "test")
    assert level(study, model_of(other, [0.1], [0.01]), Patients([[2.0]])) is not None


def test_the_mean_risk_at_another_landmark_is_not_handed_on():
    study = study_of(["age"])
    earlier = model_of(study, [0.1], [0.01])
    assert level(study, earlier, Patients([[2.0]], landmarks=(4.0,))) is None
    assert level(study, earlier, Patients([[2.0]], landmarks=(0.0, 4.0))) is None


def test_without_a_mean_risk_of_the_earlier_model_that_of_the_study_stands():
    study = study_of(["age"])
    baseline = "[outcome.baseline]\nrisk = 0.12\nsd_logit = 0.5\nby_week = 48\nsource = 'a paper'\n[prediction]"
    stated = parse_study(study.text.replace("[prediction]", baseline), "test")
    earlier = model_of(study, [0.1], [0.01])
    here = Patients([[2.0]])
    assert level(stated, earlier, Patients([[2.0]], landmarks=(4.0,))) == design(stated).baseline
    assert level(stated, earlier, here) == level(study, earlier, here)


# Trained models

ONLY = {"candidates": ("prior_logistic",)}


def test_the_posterior_that_is_handed_on_is_that_of_the_trained_model(model, study):
    # Turned round: the columns stand in another order, and each takes what it had.
    names = [predictor.name for predictor in study.predictors]
    turned = replace(study, predictors=study.predictors[::-1])
    here, there = (with_previous(design(one), one, model).previous for one in (study, turned))
    size = len(names)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(other.mean[:, :size][:, ::-1], one.mean[:, :size])
        np.testing.assert_array_equal(other.mean[:, size:], one.mean[:, size:])
    # Of the models without terms, the mean of the coefficients by weight.
    mixture = model.classifier.components_
    linear = mixture.coef[:, size] == 0.0  # the first term is left out
    expected = mixture.weight[linear] @ mixture.coef[linear, :size] / mixture.weight[linear].sum()
    np.testing.assert_allclose(here[0].mean[0, :size], expected)


def test_what_a_model_keeps_of_the_one_it_started_from(model, study, new_patients):
    kept = parent_summary(model)
    assert (kept["study"], kept["landmark_week"], kept["classifier"]) == ("hbsag-relapse", 0.0, "prior_logistic")
    assert (kept["patients"], kept["events"], kept["synthetic"], kept["seed"]) == (132, 21, True, 0)
    assert len(kept["sha256"]) == 64
    of_counts = {"study", "landmark_week", "classifier", "patients", "events", "synthetic", "seed", "sha256"}
    assert set(kept) == of_counts | {"fingerprint"}
    again = rm.train(rm.simulate_cohort(132, seed=7), study, **ONLY)
    assert parent_summary(again) == kept
    other = rm.train(rm.simulate_cohort(132, seed=6), study, **ONLY)
    assert parent_summary(other)["sha256"] != kept["sha256"]


def test_a_cohort_as_prior_is_the_model_trained_on_it(model, cohort, study):
    small = rm.simulate_cohort(100, seed=21)
    by_model, by_cohort = (rm.train(small, study, prior=prior, **ONLY) for prior in (model, cohort))
    assert by_cohort.classifier.to_parts() == by_model.classifier.to_parts()
    assert by_model.summary["parent"] == parent_summary(model)


# What it is worth, in simulated cohorts: expected log loss against the true risk

REPLICATES = range(1000, 1010)


def loss(risk, truth):
    """Return the log loss that is expected when outcomes follow the true risk."""
    return -np.mean(truth * np.log(risk) + (1.0 - truth) * np.log1p(-risk))


@pytest.fixture(scope="module")
def judged(study):
    """Return a function that judges a model on 2,000 patients whose true risk is known."""
    patients = rm.simulate_cohort(2000, seed=900)
    features = rm.derive_features(patients, study, landmark_week=0)
    truth = patients.truth["true_risk"].to_numpy()
    return lambda model: loss(model.predict_risk(features), truth)


@pytest.fixture(scope="module")
def small_cohorts():
    return [rm.simulate_cohort(132, seed=seed) for seed in REPLICATES]


@pytest.fixture(scope="module")
def from_nothing(study, small_cohorts, judged):
    return np.array([judged(rm.train(one, study, **ONLY)) for one in small_cohorts])


@pytest.mark.slow
def test_starting_from_a_large_cohort_of_the_same_population_is_better(study, small_cohorts, judged, from_nothing):
    earlier = rm.train(rm.simulate_cohort(1000, seed=901), study, **ONLY)
    losses = np.array([judged(rm.train(one, study, prior=earlier, **ONLY)) for one in small_cohorts])
    gain = from_nothing - losses
    # By three standard errors over the cohorts, and in most of them.
    assert gain.mean() > 3 * gain.std(ddof=1) / np.sqrt(len(gain))
    assert (gain > 0).mean() >= 0.8


@pytest.mark.slow
def test_after_drift_starting_from_it_does_little_harm_and_using_it_as_it_is_does(
    study, small_cohorts, judged, from_nothing
):
    turned = {name: -value for name, value in LINEAR.items()}
    drifted = rm.simulate_cohort(1000, seed=901, coefficients=turned, hbig_hazard_ratio=1 / 0.7)
    earlier = rm.train(drifted, study, **ONLY)
    models = [rm.train(one, study, prior=earlier, **ONLY) for one in small_cohorts]
    losses = np.array([judged(model) for model in models])
    # As it is, it is far worse than nothing. Started from, it is not believed.
    assert judged(earlier) - from_nothing.mean() > 0.1
    assert (losses - from_nothing).max() < 0.002
    assert (losses - from_nothing).mean() < 0.0005
    assert max(model.classifier.previous_weight_ for model in models) < 0.05
