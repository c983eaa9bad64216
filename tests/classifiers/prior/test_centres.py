"""Centres whose mean risk may differ: pooling, averaging over the spread, new and known centres, and the way through
a file."""

import json

import numpy as np
import pytest
from scipy.special import expit

from relapse_model.classifiers import PriorLogisticClassifier
from relapse_model.classifiers.by_centre import by_centre, risk_by_centre
from relapse_model.classifiers.prior.centres import centre_rows, check_centre_sds, sds_beforehand
from relapse_model.classifiers.prior.loaded import load_prior
from relapse_model.classifiers.prior.logistic_mixture_values import PART
from relapse_model.errors import ModelFileError, RelapseModelError

ONE_PRIOR = {"strengths": (1.0,), "widths": (1.0,), "indicators": False}
SMALL = {"prior_mean": [0.5, 0.0], "prior_sd": [0.3, 0.2], "strengths": (0.0, 1.0), "widths": (0.5, 1.0)}


def cohort(per_centre=60, effects=(-1.0, 0.0, 0.0, 1.0), seed=3):
    """Centres a, b, c, d of equal size, with these log-odds beside a mean risk of about 20 %."""
    rng = np.random.default_rng(seed)
    centre = np.repeat(np.array(list("abcdefgh")[: len(effects)], dtype=object), per_centre)
    X = rng.normal(size=(len(centre), 2))
    level = np.repeat(np.array(effects), per_centre)
    return X, (rng.random(len(centre)) < expit(-1.4 + 0.5 * X[:, 0] + level)).astype(float), centre


@pytest.fixture(scope="module")
def differing():
    X, y, centre = cohort()
    return PriorLogisticClassifier(**SMALL).fit(X, y, centre=centre)


# which centres are told apart


def test_centres_of_four_patients_are_not_told_apart():
    found = centre_rows(["a"] * 5 + ["b"] * 5 + ["c"] * 5 + ["d"] * 4 + [None, np.nan, ""])
    assert found.labels == ("a", "b", "c")
    assert found.code.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 7


def test_patients_are_counted_not_rows():
    # Centre c has 6 rows of 4 patients.
    centre = ["a"] * 5 + ["b"] * 5 + ["c"] * 6 + ["d"] * 5
    patient = np.array([*range(10), 10, 10, 11, 11, 12, 13, *range(14, 19)])
    assert centre_rows(centre, patient).labels == ("a", "b", "d")


def test_two_centres_are_none():
    assert centre_rows(["a"] * 50 + ["b"] * 50 + ["c"] * 4) is None
    X, y, centre = cohort(effects=(-1.0, 1.0))
    with_two = PriorLogisticClassifier(**SMALL).fit(X, y, centre=centre)
    assert with_two.centres_ is None
    np.testing.assert_array_equal(
        with_two.predict_proba(X), PriorLogisticClassifier(**SMALL).fit(X, y).predict_proba(X)
    )


def test_more_than_a_hundred_centres_are_refused():
    with pytest.raises(RelapseModelError, match="101 centres"):
        centre_rows(np.repeat([f"c{number}" for number in range(101)], 5))


@pytest.mark.parametrize("sds", [(), (-0.1,), (np.nan,), (np.inf,), 0.2])
def test_standard_deviations_that_are_none_are_refused(sds):
    with pytest.raises(RelapseModelError, match="centre_sds is"):
        check_centre_sds(sds)


def test_no_spread_has_half_the_weight_beforehand():
    assert sds_beforehand(np.array([0.0, 0.2, 0.4, 0.8])) == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6])
    assert sds_beforehand(np.array([0.2, 0.4])).tolist() == [0.5, 0.5]


# what is fitted


def test_a_spread_of_nothing_is_the_model_without_centres():
    X, y, centre = cohort()
    plain = PriorLogisticClassifier(**SMALL).fit(X, y)
    pooled = PriorLogisticClassifier(**SMALL, centre_sds=(0.0,)).fit(X, y, centre=centre)
    np.testing.assert_allclose(pooled.predict_proba(X), plain.predict_proba(X), rtol=1e-12)
    np.testing.assert_allclose(pooled.at_centre("d").predict_proba(X), plain.predict_proba(X), rtol=1e-12)


def test_the_intercept_of_a_centre_is_its_own_and_shrunk(differing):
    # Beside a spread so wide that every centre stands alone, each is on the same side of the mean, and nearer to it.
    X, y, centre = cohort()
    alone = PriorLogisticClassifier(**SMALL, centre_sds=(5.0,)).fit(X, y, centre=centre)
    pooled, own = (one.components_.weight @ one.centres_.mean for one in (differing, alone))
    assert own[0] - own.mean() < pooled[0] - pooled.mean() < 0
    assert own[3] - own.mean() > pooled[3] - pooled.mean() > 0
    X = np.zeros((1, 2))
    risks = [differing.at_centre(label).predict_proba(X)[0, 1] for label in "abcd"]
    assert risks[0] < min(risks[1:3]) < max(risks[1:3]) < risks[3]
    assert risks[0] < differing.predict_proba(X)[0, 1] < risks[3]


def test_a_new_centre_is_less_certain_than_a_known_one(differing):
    X = np.zeros((1, 2))
    widths = [np.diff(one.predict_interval(X)).item() for one in (differing, differing.at_centre("b"))]
    assert widths[0] > widths[1]


def test_a_large_centre_converges_to_its_own_mean():
    # Of 4,000 patients in each, pooling is next to nothing: the risk at the mean is the centre's own.
    X, y, centre = cohort(4000)
    model = PriorLogisticClassifier(**ONE_PRIOR, default_sd=2.0).fit(X * 0.0, y, centre=centre)
    for label in "abcd":
        own = y[centre == label].mean()
        assert model.at_centre(label).predict_proba(np.zeros((1, 2)))[0, 1] == pytest.approx(own, abs=0.005)


def test_centres_that_do_not_differ_have_little_spread():
    X, y, centre = cohort(150, effects=(0.0,) * 4)
    model = PriorLogisticClassifier(**SMALL).fit(X, y, centre=centre)
    assert model.centres_.sd_weight[0] > 0.5
    assert model.centres_.sd_weight[3] < 0.05
    assert model.centres_.sd_weight.sum() == pytest.approx(1.0)


def test_the_joined_posterior_has_the_moments_of_the_mixture():
    # One prior, two spreads: mean and covariance over both, weighted by evidence, in hand-written sums.
    X, y, centre = cohort()
    both = PriorLogisticClassifier(**ONE_PRIOR, centre_sds=(0.2, 0.6)).fit(X, y, centre=centre)
    each = [PriorLogisticClassifier(**ONE_PRIOR, centre_sds=(sd,)).fit(X, y, centre=centre) for sd in (0.2, 0.6)]
    evidence = np.array([one.log_evidence_[0] for one in each])
    share = np.exp(evidence - evidence.max()) / np.exp(evidence - evidence.max()).sum()
    np.testing.assert_allclose(both.centres_.sd_weight, share)
    means = np.array([one.centres_.mean[0] for one in each])
    expected = share @ means
    np.testing.assert_allclose(both.centres_.mean[0], expected)
    variance = share @ np.array([one.centres_.variance[0] for one in each]) + share @ (means - expected) ** 2
    np.testing.assert_allclose(both.centres_.variance[0], variance)
    assert both.centres_.spread[0] == pytest.approx(share @ np.array([0.04, 0.36]))


def test_names_of_centres_and_their_order_do_not_matter():
    X, y, centre = cohort()
    renamed = np.array([{"a": "z", "b": "y", "c": "x", "d": "w"}[one] for one in centre], dtype=object)
    here = PriorLogisticClassifier(**SMALL).fit(X, y, centre=centre)
    there = PriorLogisticClassifier(**SMALL).fit(X, y, centre=renamed)
    np.testing.assert_allclose(there.predict_proba(X), here.predict_proba(X), rtol=1e-9)
    np.testing.assert_allclose(there.at_centre("w").predict_proba(X), here.at_centre("d").predict_proba(X), rtol=1e-9)


def test_rows_of_weight_zero_count_for_no_centre():
    X, y, centre = cohort()
    weight = (centre != "d").astype(float)
    model = PriorLogisticClassifier(**SMALL).fit(X, y, sample_weight=weight, centre=centre)
    assert model.centres_.labels == ("a", "b", "c")


# who is scored by what


def test_rows_are_scored_by_the_posterior_of_their_centre(differing):
    X = np.random.default_rng(1).normal(size=(5, 2))
    centre = np.array(["d", None, "a", "elsewhere", "d"], dtype=object)
    risk = risk_by_centre(differing, X, centre)
    new = differing.predict_proba(X)[:, 1]
    np.testing.assert_allclose(risk[[1, 3]], new[[1, 3]], rtol=1e-12)
    np.testing.assert_allclose(risk[[0, 4]], differing.at_centre("d").predict_proba(X[[0, 4]])[:, 1], rtol=1e-12)
    np.testing.assert_allclose(risk_by_centre(differing, X, None), new, rtol=1e-12)
    assert sorted(np.concatenate([rows for _, rows in by_centre(differing, centre, 5)]).tolist()) == [0, 1, 2, 3, 4]
    assert differing.at_centre("a").centres_ is None


def test_nobody_is_scored_where_nobody_came(differing):
    assert by_centre(differing, np.empty(0, dtype=object), 0) == []


def test_a_centre_that_is_not_known_is_refused_without_its_name(differing):
    with pytest.raises(RelapseModelError, match="not a centre that this classifier knows") as refused:
        differing.at_centre("ward of Mr X")
    assert "ward" not in str(refused.value)


# the file


def test_centres_go_through_the_parts(differing):
    X = np.random.default_rng(1).normal(size=(4, 2))
    parts = differing.to_parts()
    for again in (PriorLogisticClassifier.from_parts(parts), load_prior(parts)):
        np.testing.assert_array_equal(again.predict_proba(X), differing.predict_proba(X))
        there = again.at_centre("d")
        np.testing.assert_array_equal(there.predict_proba(X), differing.at_centre("d").predict_proba(X))
        np.testing.assert_array_equal(there.predict_interval(X), differing.at_centre("d").predict_interval(X))
        assert again.to_parts() == parts
    assert load_prior(parts).at_centre("d").full().coef_mean_ == pytest.approx(differing.coef_mean_)


def test_a_centre_of_four_patients_stands_in_no_part():
    X, y, centre = cohort()
    centre[:4] = "tiny"
    text = PriorLogisticClassifier(**SMALL).fit(X, y, centre=centre).to_parts()[PART].decode()
    assert "tiny" not in text
    assert '"labels":["a","b","c","d"]' in text


def test_parts_without_centres_have_no_word_of_them():
    X, y, _ = cohort()
    assert "centres" not in json.loads(PriorLogisticClassifier(**SMALL).fit(X, y).to_parts()[PART])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", ["a", "b"]),
        ("labels", ["b", "a", "c", "d"]),
        ("labels", ["a", "b", "c", 4]),
        ("labels", "abcd"),
        ("spread", [-1.0] * 8),
        ("mean", [[0.0]]),
        ("mean", [[1e12] * 4] * 8),
        ("variance", [[1e-9] * 4] * 8),  # less than the covariances of the centre allow
        ("sd_weight", [0.5, 0.2]),
        ("sd_weight", []),
    ],
)
def test_parts_with_centres_that_cannot_be_are_refused(differing, key, value):
    document = json.loads(differing.to_parts()[PART])
    document["centres"][key] = value
    parts = {PART: json.dumps(document).encode()}
    for read in (PriorLogisticClassifier.from_parts, load_prior):
        with pytest.raises(ModelFileError, match="centres"):
            read(parts)
