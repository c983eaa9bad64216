"""The prior-informed logistic regression: what it promises about priors, rows, columns and files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from relapse_model.classifiers import PriorLogisticClassifier
from relapse_model.classifiers.prior.logistic_mixture import log_odds_moments
from relapse_model.classifiers.prior.logistic_mixture_values import PART
from relapse_model.classifiers.prior.terms import Factor, PriorGrid, Term
from relapse_model.errors import ModelFileError, RelapseModelError

TRUTH = np.array([0.8, -0.5, 0.0])
INFORMED = {"prior_mean": [0.8, -0.5, 0.0], "prior_sd": [0.3, 0.3, np.nan]}


def cohort(rows=132, seed=0, gaps=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    y = (rng.random(rows) < expit(-1.8 + X @ TRUTH)).astype(int)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, y


def plain(**settings):
    """A classifier without indicators, for tests that count its columns."""
    return PriorLogisticClassifier(**settings, indicators=False)


def fitted(rows=132, seed=0, gaps=0.1, **settings):
    return PriorLogisticClassifier(**(settings or INFORMED)).fit(*cohort(rows, seed, gaps))


def test_shapes_and_sums():
    model = fitted(rows=400, gaps=0.15)
    X, _ = cohort()
    # 4 strengths x 4 widths x 4 widths of the column without a prior; 3 columns and the indicators
    size = 3 + len(model.indicators_)
    assert 0 < len(model.indicators_) <= 3
    assert model.components_.coef.shape == (64, size)
    assert model.components_.covariance.shape == (64, size + 1, size + 1)
    assert model.components_.weight.sum() == pytest.approx(1.0)
    assert model.strength_weight_.shape == (4,)
    assert model.strength_weight_ == pytest.approx(model.components_.weight.reshape(4, 16).sum(axis=1))
    assert model.coef_mean_.shape == model.coef_sd_.shape == (size,)
    assert model.log_evidence_.shape == (64,)
    assert (model.terms_weight_, model.previous_weight_) == (0.0, 0.0)
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(132))


def test_a_prior_that_is_held_stands_in_every_component():
    # The held column is 0 throughout: nothing is learned of it, so that at every strength and width its posterior is
    # the prior as stated. As the only column without a mean it has no widths.
    X, y = cohort()
    X[:, 2] = 0.0
    model = plain(prior_mean=[0.8, -0.5, 0.0], prior_sd=[0.3, 0.3, 0.5], as_stated=(2,)).fit(X, y)
    assert model.components_.weight.shape == (16,)
    assert np.abs(model.components_.coef[:, 2]).max() < 1e-9
    assert np.sqrt(model.components_.covariance[:, 3, 3]) == pytest.approx(np.full(16, 0.5))
    again = PriorLogisticClassifier.from_parts(model.to_parts())
    assert again.as_stated == (2,)
    assert again.to_parts() == model.to_parts()
    varied = plain(prior_mean=[0.8, -0.5, 0.0], prior_sd=[0.3, 0.3, 0.5]).fit(X, y)
    assert np.sqrt(varied.components_.covariance[:4, 3, 3]) == pytest.approx(np.array([0.125, 0.25, 0.5, 1.0]))


def test_positions_of_held_priors_are_checked():
    with pytest.raises(RelapseModelError, match="as_stated is"):
        fitted(as_stated=(3,))


def test_components_are_weighted_by_their_evidence():
    model = fitted()
    ratio = model.components_.weight[3] / model.components_.weight[7]
    assert ratio == pytest.approx(np.exp(model.log_evidence_[3] - model.log_evidence_[7]))


def test_an_overwhelming_prior_is_the_answer():
    # sd 1e-4 against 132 rows: the coefficients stay at the prior, whatever the data say
    settings = {"prior_mean": [0.3, 0.2, 0.1], "prior_sd": [1e-4] * 3, "strengths": (1.0,), "widths": (1.0,)}
    model = fitted(gaps=0.0, **settings)
    assert model.coef_mean_ == pytest.approx([0.3, 0.2, 0.1], abs=1e-3)


def test_no_signal_allowed_gives_the_mean_risk():
    # coefficients held at 0 and a flat prior of the intercept: the risk is Beta(k, n - k), its mean k / n
    X, y = cohort()
    model = PriorLogisticClassifier(default_sd=1e-5, strengths=(0.0,), widths=(1.0,)).fit(X, y)
    assert model.predict_proba(X)[:, 1] == pytest.approx(np.full(132, y.mean()), abs=5e-4)


def test_risk_is_a_posterior_mean_not_the_mode():
    model = fitted(rows=60, gaps=0.0, strengths=(0.0,), widths=(1.0,), default_sd=2.0)
    X = np.array([[3.0, -3.0, 0.0]])
    mode = expit(model.components_.intercept[0] + (X[0] - model.center_) @ model.components_.coef[0])
    assert 0.5 < model.predict_proba(X)[0, 1] < mode  # uncertainty pulls the risk towards one half


def test_a_wrong_prior_is_unlearned():
    wrong = {"prior_mean": [-0.8, 0.5, 0.0], "prior_sd": [0.2, 0.2, np.nan], "widths": (0.5, 1.0, 2.0)}
    weights = [fitted(rows, **wrong).strength_weight_ for rows in (60, 300, 3000)]
    as_published = [weight[2] for weight in weights]
    assert as_published[0] > as_published[1] > as_published[2]
    # With n its weight, relative to strength 0, goes to the ratio of the two priors' densities at the truth;
    # at the largest width (sd 0.4): exp(-(1.6**2 + 1.0**2) / 0.32) / exp(-(0.8**2 + 0.5**2) / 0.32) = 2.4e-4
    assert as_published[2] / weights[2][0] == pytest.approx(2.4e-4, rel=0.5)
    assert as_published[2] < 1e-3
    assert fitted(3000, **wrong).coef_mean_[:2] == pytest.approx(TRUTH[:2], abs=0.2)


def test_a_right_prior_gains_weight():
    # "As published", the truth, against published means twice too small or not there at all. Relative weights at
    # n = 3000 are those of the densities at the truth, (0.8, -0.5), for sds of 0.05 times the widths.
    right = {"prior_mean": [0.8, -0.5, 0.0], "prior_sd": [0.2, 0.2, np.nan], "strengths": (0.0, 0.5, 1.0)}
    weights = fitted(3000, **right).strength_weight_
    assert weights[2] > 0.7 > weights[1] > weights[0]


def test_rescaled_columns_with_rescaled_priors_give_the_same_risks():
    X, y = cohort(gaps=0.1)
    factor = np.array([1e-3, 10.0, 1e5])  # by which round numbers stay such
    here = PriorLogisticClassifier(**INFORMED).fit(X, y)
    there = PriorLogisticClassifier(
        prior_mean=INFORMED["prior_mean"] / factor, prior_sd=INFORMED["prior_sd"] / factor
    ).fit(X * factor, y)
    assert there.predict_proba(X * factor) == pytest.approx(here.predict_proba(X), rel=1e-8)
    assert there.coef_mean_[:3] * factor == pytest.approx(here.coef_mean_[:3], rel=1e-8)


def test_priors_per_standard_deviation_do_not_care_for_units():
    X, y = cohort(gaps=0.1)
    settings = {**INFORMED, "prior_per_sd": [True, True, False]}
    here = PriorLogisticClassifier(**settings).fit(X, y)
    there = PriorLogisticClassifier(**settings).fit(X * 100.0 + 40.0, y)
    assert there.predict_proba(X * 100.0 + 40.0) == pytest.approx(here.predict_proba(X), rel=1e-8)
    # By another factor other numbers are round ones: what stands in for a gap moves by a tenth of the scale at most,
    # and a prior of 0.8 by an eighth.
    other = PriorLogisticClassifier(**settings).fit(X * 7.0 + 3.0, y)
    assert other.predict_proba(X * 7.0 + 3.0) == pytest.approx(here.predict_proba(X), abs=0.04)
    assert here.prior_mean_[:3] * here.scale_[:3] == pytest.approx([0.8, -0.5, 0.0])


def test_weight_two_is_two_rows():
    X, y = cohort(gaps=0.1)
    weight = np.arange(132) % 3
    weighted = PriorLogisticClassifier(**INFORMED).fit(X, y, weight)
    repeated = PriorLogisticClassifier(**INFORMED).fit(X.repeat(weight, axis=0), y.repeat(weight))
    assert weighted.predict_proba(X) == pytest.approx(repeated.predict_proba(X), rel=1e-8)
    assert weighted.predict_interval(X) == pytest.approx(repeated.predict_interval(X), rel=1e-6)


def test_rows_of_weight_zero_leave_no_trace():
    X, y = cohort(gaps=0.1)
    wild = np.vstack([X, np.full((5, 3), 1e6), np.full((5, 3), np.nan)])
    model = PriorLogisticClassifier(**INFORMED).fit(X, y)
    same = PriorLogisticClassifier(**INFORMED).fit(
        wild, np.concatenate([y, np.full(10, 7)]), np.concatenate([np.ones(132), np.zeros(10)])
    )
    assert np.array_equal(same.predict_proba(X), model.predict_proba(X))
    assert np.array_equal(same.impute_, model.impute_)


def test_columns_may_be_permuted():
    X, y = cohort(gaps=0.1)
    order = [2, 0, 1]
    model = PriorLogisticClassifier(**INFORMED).fit(X, y)
    moved = PriorLogisticClassifier(**{key: np.array(value)[order] for key, value in INFORMED.items()})
    moved.fit(X[:, order], y)
    assert moved.predict_proba(X[:, order]) == pytest.approx(model.predict_proba(X), rel=1e-9)


def test_a_missing_value_takes_the_training_median():
    X, y = cohort()
    model = PriorLogisticClassifier(**INFORMED).fit(X, y)
    median = model.impute_[0]
    assert median == pytest.approx(np.median(X[:, 0]), abs=0.1 * model.scale_[0])
    gap, known = [[np.nan, 1.0, 1.0]], [[median, 1.0, 1.0]]
    mean = [log_odds_moments(model.components_, rows)[0] for rows in (gap, known)]
    assert np.array_equal(*mean)
    # but it is less certain: a wider interval around the same log-odds, and a risk nearer to one half
    (low, high), (lower, upper) = (model.predict_interval(rows)[0] for rows in (known, gap))
    assert lower < low < high < upper
    assert abs(model.predict_log_odds(gap)[0]) < abs(model.predict_log_odds(known)[0])


def test_that_a_value_is_missing_may_count():
    # The prior is a small effect and no wider: default_sd of 1 is one of an odds ratio of 7.4 (sd 2 on the 0/1 scale).
    # Half of the patients lack column 1; of these 60 % relapse, of the others 10 %.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    missing = np.arange(400) % 2 == 0
    y = rng.random(400) < np.where(missing, 0.6, 0.1)
    X[missing, 1] = np.nan
    model = PriorLogisticClassifier(default_sd=1.0).fit(X, y)
    assert model.indicators_ == (1,)
    risk = model.predict_proba([[0.0, np.nan], [0.0, 0.0]])[:, 1]
    assert risk == pytest.approx([0.6, 0.1], abs=0.07)
    assert plain().fit(X, y).indicators_ == ()


def test_terms_are_averaged_with_the_linear_form_as_the_evidence_says():
    # The truth is a step at 0: a term that is the step wins, and the linear column is left out with it.
    rng = np.random.default_rng(1)
    X = rng.normal(size=(600, 2))
    y = rng.random(600) < expit(-2.0 + 2.5 * (X[:, 0] >= 0.0))
    step = Term((Factor(0, "at_least", 0.0),), replaces=(0,), prior_mean=2.0, prior_sd=1.0)
    model = plain(prior_mean=[0.5, 0.0], prior_sd=[0.5, np.nan], terms=(step,)).fit(X, y)
    assert model.terms_weight_ > 0.95
    with_term = model.components_.coef[:, 2] != 0.0
    assert np.array_equal(model.components_.coef[:, 0] == 0.0, with_term)
    low, high = model.predict_proba([[-0.1, 0.0], [0.1, 0.0]])[:, 1]
    assert low == pytest.approx(expit(-2.0), abs=0.05)
    assert high == pytest.approx(expit(0.5), abs=0.08)
    straight = rng.random(600) < expit(-1.0 + 1.5 * X[:, 0])
    assert plain(prior_mean=[0.5, 0.0], prior_sd=[0.5, np.nan], terms=(step,)).fit(X, straight).terms_weight_ < 0.05


@pytest.mark.parametrize("sd", [np.full((1, 2), 0.1), np.array([[0.1, 0.0, 0.1]]), np.array([[0.1, -1.0, 0.1]])])
def test_an_earlier_posterior_that_cannot_be_one_is_refused(sd):
    one = PriorGrid(np.zeros_like(sd), sd)
    with pytest.raises(RelapseModelError, match=r"previous has shapes .* expected means and standard deviations"):
        plain(previous=(one, one)).fit(*cohort())


def test_an_earlier_posterior_is_believed_where_it_fits_and_not_where_it_does_not():
    X, y = cohort(rows=400)
    right = PriorGrid(TRUTH[None], np.full((1, 3), 0.05))
    wrong = PriorGrid(-3.0 * TRUTH[None], np.full((1, 3), 0.05))
    believed = [plain(previous=(one, one)).fit(X, y).previous_weight_ for one in (right, wrong)]
    assert believed[0] > 0.6
    assert believed[1] < 1e-3
    assert plain().fit(X, y).previous_weight_ == 0.0


def test_a_constant_column_keeps_its_prior():
    X, y = cohort()
    X[:, 0] = 5.0
    model = PriorLogisticClassifier(**INFORMED, strengths=(1.0,), widths=(1.0,)).fit(X, y)
    assert model.coef_mean_[0] == pytest.approx(0.8)
    assert model.coef_sd_[0] == pytest.approx(0.3)
    assert (model.center_[0], model.scale_[0]) == (5.0, 1.0)
    # one unit above the only value ever seen: the prior's effect, and its uncertainty
    assert model.predict_log_odds([[6.0, 0.0, 0.0]]) > model.predict_log_odds([[5.0, 0.0, 0.0]])


def test_separated_data_stay_within_reason():
    x = np.linspace(-1, 1, 40)[:, None]
    model = PriorLogisticClassifier().fit(x, x[:, 0] > 0)
    assert 0.0 < model.coef_mean_[0] * model.scale_[0] < 2.0


def test_log_odds_stay_finite_far_away():
    log_odds = fitted().predict_log_odds(np.array([[1e30, -1e30, 0.0], [-1e30, 1e30, 0.0]]))
    assert np.isfinite(log_odds).all()
    one = fitted(rows=5000, prior_mean=[500.0, 0.0, 0.0], prior_sd=[1e-3] * 3, strengths=(1.0,), widths=(1.0,))
    assert np.isfinite(one.predict_log_odds([[1e6, 0.0, 0.0], [-1e6, 0.0, 0.0]])).all()


def test_interval_holds_the_risk_and_shrinks_with_rows():
    X, _ = cohort(seed=9)
    widths = []
    for rows in (132, 5000):
        model = fitted(rows)
        lower, upper = model.predict_interval(X).T
        risk = model.predict_proba(X)[:, 1]
        assert ((lower <= risk) & (risk <= upper)).all()
        widths.append((upper - lower).mean())
    assert widths[1] < 0.5 * widths[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strengths": ()}, "strengths"),
        ({"strengths": (np.nan,)}, "strengths"),
        ({"widths": (0.0,)}, "widths"),
        ({"widths": (-1.0, 1.0)}, "widths"),
        ({"prior_sd": [1.0]}, "prior_sd has shape"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, message):
    with pytest.raises(RelapseModelError, match=message):
        PriorLogisticClassifier(**settings).fit(*cohort())


# Columns that nobody has


def empty(typical, **settings):
    X, y = cohort()
    X[:, 1] = np.nan
    return PriorLogisticClassifier(**(INFORMED | settings), typical=typical).fit(X, y), X, y


def test_where_nobody_has_a_column_its_prior_stands():
    """Its coefficient is the prior at every strength and width; a new patient's value counts from the typical one."""
    model, _, _ = empty([None, 2.0, None])
    mixture = model.components_
    # strengths by widths (of what has a prior mean) by widths (of the rest), and no data: exactly the prior of each
    strength = np.repeat([0.0, 0.5, 1.0, 1.5], 16)
    width = np.tile(np.repeat([0.25, 0.5, 1.0, 2.0], 4), 4)
    np.testing.assert_allclose(mixture.coef[:, 1], -0.5 * strength, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(mixture.covariance[:, 2, 2]), 0.3 * width, rtol=1e-9)
    assert (mixture.center[1], mixture.impute[1]) == (2.0, 2.0)
    assert model.coef_mean_[1] == pytest.approx(-0.5 * (model.strength_weight_ @ [0.0, 0.5, 1.0, 1.5]))


def test_a_patient_like_those_whom_nobody_tested_has_their_risk():
    model, X, y = empty([None, 2.0, None])
    without = PriorLogisticClassifier([0.8, 0.0], [0.3, np.nan]).fit(np.delete(X, 1, axis=1), y)
    expected = without.predict_proba([[0.4, -0.3]])[0, 1]
    usual, unknown, high = model.predict_proba([[0.4, 2.0, -0.3], [0.4, np.nan, -0.3], [0.4, 4.0, -0.3]])[:, 1]
    assert usual == pytest.approx(expected, rel=1e-6)  # the typical value, or none: what was learned of the others
    assert unknown == pytest.approx(expected, rel=1e-6)
    assert high < expected  # the prior says -0.5 per unit
    narrow, wide = model.predict_interval([[0.4, 2.0, -0.3], [0.4, 4.0, -0.3]])
    assert np.ptp(wide) > np.ptp(narrow)


@pytest.mark.parametrize(
    ("typical", "settings"),
    [
        (None, {}),  # no value to count from
        ([0.0, None, 0.0], {}),
        ([0.0, 2.0, 0.0], {"prior_mean": None, "prior_sd": None}),  # small effects per SD, and nobody knows the SD
        ([0.0, 2.0, 0.0], {"prior_per_sd": [False, True, False]}),
    ],
)
def test_an_empty_column_whose_prior_has_nothing_to_stand_on_is_left_out(typical, settings):
    model, X, _ = empty(typical, **settings)
    assert (model.components_.coef[:, 1] == 0).all()
    assert (model.components_.covariance[:, 2] == 0).all()
    assert (model.coef_mean_[1], model.coef_sd_[1]) == (0.0, 0.0)
    known, unknown = model.predict_interval([[0.4, 5000.0, -0.3], [0.4, np.nan, -0.3]])
    assert known.tolist() == unknown.tolist()
    again = PriorLogisticClassifier.from_parts(model.to_parts())
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_term_of_an_empty_column_counts_from_the_typical_value_too():
    step = Term((Factor(1, "cap", 3.0),), replaces=(1,), prior_mean=-1.0, prior_sd=0.2)
    model, X, _ = empty([None, 2.0, None], terms=(step,))
    assert model.components_.center[3] == 2.0
    assert model.terms_weight_ == pytest.approx(0.5)  # no data support either form
    left_out, X, _ = empty(None, terms=(step,))
    assert left_out.terms_weight_ == 0.0
    assert np.isfinite(left_out.predict_proba(X)).all()


def test_a_constant_number_without_a_unit_is_left_out_and_a_constant_no_is_not():
    # Nobody knows how far 5000 lies from 7 in standard deviations; from no to yes it is one step.
    X, y = cohort()
    X[:, 1], X[:, 2] = 7.0, 0.0
    model = PriorLogisticClassifier().fit(X, y)
    assert model.coef_sd_[1] == 0.0
    assert model.prior_sd_[2] == pytest.approx(0.3)
    assert np.ptp(model.predict_proba([[0.0, 7.0, 0.0], [0.0, 5000.0, 0.0]])[:, 1]) == 0.0


@pytest.mark.parametrize("typical", [[1.0], [np.inf, 0.0, 0.0]])
def test_typical_values_that_are_none_are_refused(typical):
    with pytest.raises(RelapseModelError, match="typical"):
        PriorLogisticClassifier(typical=typical).fit(*cohort())


# Small effects


def test_one_yes_in_315_moves_hardly_anything():
    """On its own scale the prior is what the report says: small effects of either sign.

    Per standard deviation of the rows (0.056) it was an odds ratio of 0.02 to 49, and one relapse with a yes gave 38.
    """
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=315), np.zeros(315)])
    y = rng.random(315) < expit(-2.0 + 0.8 * X[:, 0])
    X[np.flatnonzero(y)[0], 1] = 1.0
    model = PriorLogisticClassifier().fit(X, y)
    assert model.prior_sd_[1] == pytest.approx(0.15 / 0.5)
    assert np.exp(1.96 * model.prior_sd_[1]) == pytest.approx(1.8, abs=0.01)
    assert np.exp(model.coef_mean_[1]) < 1.5
    # half of the patients a yes: as before, one standard deviation is half of the way
    X[:, 1] = np.arange(315) % 2
    assert PriorLogisticClassifier().fit(X, y).prior_sd_[1] == pytest.approx(0.3, rel=1e-4)


def test_indicators_share_one_small_effect():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 4))
    y = rng.random(200) < 0.3
    X[:60, 1], X[50:110, 2], X[100:170, 3] = np.nan, np.nan, np.nan
    model = PriorLogisticClassifier().fit(X, y)
    assert model.indicators_ == (1, 2, 3)
    assert model.prior_sd_[-3:] == pytest.approx([0.3 / np.sqrt(3)] * 3)  # together an sd of 0.3
    named = PriorLogisticClassifier(indicators=(2,)).fit(X, y)
    assert named.indicators_ == (2,)
    assert PriorLogisticClassifier.from_parts(named.to_parts()).indicators == (2,)
    with pytest.raises(RelapseModelError, match="indicators is"):
        PriorLogisticClassifier(indicators=(4,)).fit(X, y)


def test_patients_of_several_rows_count_once_towards_an_indicator():
    X, y = cohort(rows=120)
    X[:24, 1] = np.nan  # 24 rows of 8 patients
    assert PriorLogisticClassifier().fit(X, y).indicators_ == (1,)
    assert PriorLogisticClassifier().fit(X, y, groups=np.arange(120) // 3).indicators_ == ()


def test_fifty_thousand_rows():
    model = fitted(50_000)
    assert model.coef_mean_[:3] == pytest.approx(TRUTH, abs=0.06)
    # Where a value is missing its median stands, and the risk is the mean over what it may have been: the log-odds of
    # E[expit(-1.8 + 0.8 z)] = 0.174 is 0.24 above -1.8, that of E[expit(-1.8 + 0.5 z)] = 0.155 is 0.10.
    assert model.coef_mean_[3:] == pytest.approx([0.24, 0.10, 0.0], abs=0.1)


# The model file


def test_the_part_holds_the_settings_and_reads_back():
    settings = {
        **INFORMED,
        "prior_per_sd": [True, False, False],
        "strengths": (0.0, 1.0),
        "widths": (0.3, 1.0),
    }
    model = fitted(**settings)
    again = PriorLogisticClassifier.from_parts(model.to_parts())
    assert again.to_parts() == model.to_parts()
    assert again.prior_per_sd.tolist() == settings["prior_per_sd"]
    assert (again.strengths, again.widths) == (settings["strengths"], settings["widths"])
    for name in ("coef_mean_", "coef_sd_", "prior_mean_", "prior_sd_", "log_evidence_", "strength_weight_"):
        assert np.array_equal(getattr(again, name), getattr(model, name))
    X, _ = cohort()
    assert np.array_equal(again.predict_interval(X), model.predict_interval(X))
    refitted = again.fit(*cohort(gaps=0.1))
    assert np.array_equal(refitted.predict_proba(X), model.predict_proba(X))


def changed(**changes):
    document = json.loads(fitted().to_parts()[PART])
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = document
        for key in parents:
            target = target[int(key) if key.isdigit() else key]
        target[int(last) if last.isdigit() else last] = value
    return {PART: json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"coef__0__1": None}, "'coef'"),
        ({"coef__0__1": "0.1"}, "'coef'"),
        ({"coef__0__1": 1e308}, "'coef'"),
        ({"coef__0__1": 1e12}, "'coef'.*log-odds per standard deviation"),
        ({"coef__0": [0.0]}, "'coef'"),
        ({"coef": []}, "'coef'"),
        ({"intercept__0": 10**400}, "'intercept'"),
        ({"intercept__0": -1e10}, "'intercept'"),
        ({"weight__0": 0.9}, "'weight'.*sum to 1"),
        ({"weight__0": -0.5}, "'weight'"),
        ({"weight": []}, "'weight'"),
        ({"covariance__0__0__0": -1.0}, "'covariance'.*variances of 0 or more"),
        ({"covariance__0__0__1": 0.5}, "'covariance'.*symmetric"),
        ({"covariance__0__1__1": 1e-12}, "'covariance'.*semidefinite"),
        ({"covariance__0__1__1": 1e30}, "'covariance'"),
        ({"scale__0": 0.0}, "'scale'"),
        ({"scale__0": -1.0}, "'scale'"),
        ({"center__0": 1e40}, "'center'"),
        ({"n_features": 2}, "'coef'"),
        ({"indicators": [3]}, "'indicators'"),
        ({"settings__indicators": [3]}, "'indicators'"),
        ({"settings__typical": [0.0]}, "'typical'"),
        ({"n_features": True}, "'n_features'"),
        ({"classes": [1, 1]}, "'classes'"),
        ({"classes": [0, 1, 2]}, "'classes'"),
        ({"classes": [0, "1"]}, "'classes'"),
        ({"classes": [[0], [1]]}, "'classes'"),
        ({"feature_names": ["a"]}, "'feature_names'"),
        ({"settings__strengths": [0.0]}, "'weight'.*strength and width"),
        ({"settings__strengths": []}, "'strengths'"),
        ({"settings__widths__0": -1.0}, "'widths'"),
        ({"settings__prior_mean": [0.0]}, "'prior_mean'"),
        ({"settings__prior_per_sd": [1, 0, 0]}, "'prior_per_sd'"),
        ({"settings__default_sd": None}, "'default_sd'"),
        ({"settings": []}, "'settings'"),
        ({"log_evidence": [0.0]}, "'log_evidence'"),
        ({"version": 2}, "version"),
        ({"format": "relapse-model ridge logistic"}, "format"),
    ],
)
def test_a_changed_part_is_refused_by_name(change, names):
    with pytest.raises(ModelFileError, match=names):
        PriorLogisticClassifier.from_parts(changed(**change))


def test_a_missing_part_is_named():
    with pytest.raises(ModelFileError, match=r"prior_logistic\.json.*missing"):
        PriorLogisticClassifier.from_parts({})


def test_a_model_that_cannot_be_read_back_is_not_written():
    model = fitted()
    model.components_.coef[0, 0] = np.nan
    with pytest.raises(ModelFileError, match="not finite"):
        model.to_parts()


@pytest.mark.slow
def test_intervals_cover_when_the_prior_is_true():
    """Truth drawn from the prior, 200 cohorts: 90 % intervals hold the true risk in about 90 %."""
    rng = np.random.default_rng(0)
    settings = {
        "prior_mean": [0.5, -0.5, 0.0],
        "prior_sd": [0.4, 0.4, 0.4],
        "strengths": (1.0,),
        "widths": (1.0,),
    }
    covered = []
    for _ in range(200):
        coef = rng.normal([0.5, -0.5, 0.0], 0.4)
        X = rng.normal(size=(332, 3))
        risk = expit(-1.8 + X @ coef)
        y = rng.random(332) < risk
        model = PriorLogisticClassifier(**settings).fit(X[:132], y[:132])
        lower, upper = model.predict_interval(X[132:], level=0.9).T
        covered.append(((lower <= risk[132:]) & (risk[132:] <= upper)).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.025)  # standard error about 0.011


def test_a_baseline_draws_the_mean_risk_towards_it():
    """Expected 5 %, and 40 %: the mean risk lies between what is expected and what was seen, nearer the latter."""
    X, y = cohort()
    means = {
        risk: plain(**INFORMED, baseline=(np.log(risk / (1 - risk)), 0.3), baseline_widths=(1.0,))
        .fit(X, y).predict_proba(X)[:, 1].mean()
        for risk in (0.05, 0.4)
    }  # fmt: skip
    free = plain(**INFORMED).fit(X, y).predict_proba(X)[:, 1].mean()
    assert 0.05 < means[0.05] < free < means[0.4] < 0.4


def test_a_baseline_that_does_not_fit_is_believed_less():
    """Of the two widths, evidence prefers the wider one where the risk is far from what was expected."""
    X, y = cohort(rows=400)
    near, far = (
        plain(**INFORMED, baseline=(level, 0.3)).fit(X, y) for level in (np.log(y.mean() / (1 - y.mean())), 2.0)
    )
    assert near.baseline_weight_.sum() == pytest.approx(1.0)
    assert near.baseline_weight_[0] > 0.6
    assert far.baseline_weight_[0] < 0.05
    assert plain(**INFORMED).fit(X, y).baseline_weight_.size == 0


def test_a_baseline_is_saved_and_read_bit_for_bit():
    X, y = cohort(gaps=0.1)
    model = PriorLogisticClassifier(**INFORMED, baseline=(-2.0, 0.5)).fit(X, y)
    again = PriorLogisticClassifier.from_parts(model.to_parts())
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.baseline == (-2.0, 0.5)
    assert np.array_equal(again.baseline_weight_, model.baseline_weight_)
    assert np.array_equal(again.strength_weight_, model.strength_weight_)


def test_strengths_are_weighed_over_both_widths_of_the_baseline():
    """Components are innermost by width of the baseline: sums over it are those of one width at a time."""
    X, y = cohort()
    both = plain(**INFORMED, baseline=(-2.0, 0.5), baseline_widths=(1.0, 1.0)).fit(X, y)
    one = plain(**INFORMED, baseline=(-2.0, 0.5), baseline_widths=(1.0,)).fit(X, y)
    np.testing.assert_allclose(both.strength_weight_, one.strength_weight_, rtol=1e-12)
    np.testing.assert_allclose(both.predict_proba(X), one.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [{"baseline": (np.nan, 0.5)}, {"baseline": (-2.0, 0.0)}, {"baseline": (-2.0, 0.5), "baseline_widths": ()}],
)
def test_a_baseline_that_is_none_is_refused(settings):
    with pytest.raises(RelapseModelError, match="baseline"):
        fitted(**INFORMED, **settings)


def test_a_file_whose_baseline_is_none_is_refused():
    parts = PriorLogisticClassifier(**INFORMED, baseline=(-2.0, 0.5)).fit(*cohort()).to_parts()
    for wrong in ([-2.0], [-2.0, -1.0], "low"):
        document = json.loads(parts[PART])
        document["settings"]["baseline"] = wrong
        with pytest.raises(ModelFileError):
            PriorLogisticClassifier.from_parts({PART: json.dumps(document).encode()})
