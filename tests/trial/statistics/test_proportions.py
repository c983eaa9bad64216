"""Two shares compared: golden values of other software, symmetries, a search by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import (
    fisher_exact,
    odds_ratio,
    proportion,
    risk_difference,
    risk_ratio,
    score_test,
    stratified_risk_difference,
    stratified_risk_ratio,
)

INF = np.inf
# R package ratesci 1.0.0: scoreci(skew = FALSE) for differences and ratios, moverci(type = "wilson"); the first two
# rows and the third are those of Newcombe 1998, Stat Med 17:873, Table II. Fisher: R fisher.test.
# counts; Miettinen-Nurminen; Newcombe; Miettinen-Nurminen ratio; Fisher p
GOLDEN = [
    ((56, 70, 48, 80), (0.052829713, 0.338172940), (0.052431472, 0.333872654), (1.0790471, 1.6721454), 0.0125211),
    ((9, 10, 3, 10), (0.170025016, 0.840649544), (0.170522724, 0.809017974), (1.3279566, 8.6919149), 0.0197666),
    ((5, 56, 0, 29), (-0.032596562, 0.193330977), (-0.038137148, 0.192560014), (0.71749508, INF), 0.1606214),
    # Miettinen and Nurminen 1985, example 4: -0.166 to 0.284.
    ((0, 10, 0, 20), (-0.165760228, 0.284381340), (-0.161125158, 0.277532800), (0, INF), 1.0),
    (
        (3, 66, 10, 66),
        (-0.218671075, -0.004497665),
        (-0.215626483, -0.001752634),
        (0.091354829, 0.960417468),
        0.0763874,
    ),
    ((0, 66, 8, 66), (-0.221829907, -0.062563398), (-0.221374390, -0.040920215), (0, 0.4649534), 0.0062382),
    ((3, 59, 9, 61), (-0.214746012, 0.012599676), (-0.211358574, 0.014726319), (0.10373136, 1.11530568), 0.1261396),
    ((10, 10, 0, 10), (0.663641552, 1), (0.607509350, 1), None, None),
]
counts = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def limits(contrast):
    return contrast.lower, contrast.upper


@pytest.mark.parametrize(("table", "score", "newcombe", "ratio", "fisher"), GOLDEN)
def test_golden_values(table, score, newcombe, ratio, fisher):
    # Printed with 9 decimals: 1e-6 of the value, or half of the last one.
    assert limits(risk_difference(*table)) == pytest.approx(score, rel=1e-6, abs=1e-9)
    assert limits(risk_difference(*table, method="newcombe")) == pytest.approx(newcombe, rel=1e-6, abs=1e-9)
    if ratio is not None:
        assert limits(risk_ratio(*table)) == pytest.approx(ratio, rel=1e-6)
        assert fisher_exact(*table).p_value == pytest.approx(fisher, abs=6e-8)


def test_without_the_correction_it_is_mees():
    # gsDesign prints this for 0/10 against 0/20.
    assert limits(risk_difference(0, 10, 0, 20, method="mee")) == pytest.approx((-0.1611252, 0.2775328), abs=6e-8)


def test_the_score_test_is_the_chi_square_with_n_minus_1():
    found = score_test(3, 66, 10, 66)  # ratesci
    assert found.p_value == pytest.approx(0.04165121616, rel=1e-8)
    # By hand: (ad - bc)^2 (N - 1) / (row and column totals).
    assert found.statistic == pytest.approx((3 * 56 - 10 * 63) ** 2 * 131 / (66 * 66 * 13 * 119), rel=1e-12)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of statsmodels, at an odds ratio of 1
def test_ratio_newcombe_and_odds_ratio_beside_statsmodels():
    # Its score interval of a difference (0.15.0) uses the wrong denominator, and is no second opinion.
    sm = pytest.importorskip("statsmodels.stats.proportion")
    for x1, n1, x0, n0 in [(56, 70, 48, 80), (9, 10, 3, 10), (3, 66, 10, 66), (3, 59, 9, 61)]:
        expected = sm.confint_proportions_2indep(x1, n1, x0, n0, compare="ratio", method="score", correction=True)
        assert limits(risk_ratio(x1, n1, x0, n0)) == pytest.approx(expected, rel=1e-4)
        expected = sm.confint_proportions_2indep(x1, n1, x0, n0, compare="odds-ratio", method="score", correction=True)
        assert limits(odds_ratio(x1, n1, x0, n0)) == pytest.approx(expected, rel=1e-4)
        expected = sm.confint_proportions_2indep(x1, n1, x0, n0, compare="diff", method="newcomb")
        assert limits(risk_difference(x1, n1, x0, n0, method="newcombe")) == pytest.approx(expected, rel=1e-9)


def by_search(x1, n1, x0, n0, side):
    """The limit by maximising the likelihood numerically at each difference: no cubic."""

    def statistic(d):
        low, high = max(0, -d), min(1, 1 - d)
        loss = lambda p: -(  # noqa: E731
            x1 * np.log(max(p + d, 1e-300)) + (n1 - x1) * np.log(max(1 - p - d, 1e-300))
            + x0 * np.log(max(p, 1e-300)) + (n0 - x0) * np.log(max(1 - p, 1e-300))
        )  # fmt: skip
        p0 = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
        p1, n = p0 + d, n1 + n0
        return (x1 / n1 - x0 / n0 - d) / np.sqrt((p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * n / (n - 1))

    z, found = norm.ppf(0.975), x1 / n1 - x0 / n0
    ends = (-1 + 1e-9, found - 1e-9) if side < 0 else (found + 1e-9, 1 - 1e-9)
    return brentq(lambda d: statistic(d) + side * z, *ends)


@pytest.mark.parametrize("table", [(3, 66, 10, 66), (7, 62, 14, 62), (1, 9, 5, 23)])
def test_the_limits_are_found_again_without_the_cubic(table):
    expected = by_search(*table, -1), by_search(*table, 1)
    assert limits(risk_difference(*table)) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(counts, counts, st.sampled_from(["miettinen-nurminen", "mee", "newcombe"]))
def test_symmetries_of_the_difference(one, nought, method):
    (x1, n1), (x0, n0) = one, nought
    lower, upper = limits(risk_difference(x1, n1, x0, n0, method=method))
    assert -1 <= lower <= x1 / n1 - x0 / n0 <= upper <= 1
    # The arms exchanged, or those with and without the event: the interval is turned round.
    assert limits(risk_difference(x0, n0, x1, n1, method=method)) == pytest.approx((-upper, -lower), abs=1e-9)
    turned = limits(risk_difference(n1 - x1, n1, n0 - x0, n0, method=method))
    assert turned == pytest.approx((-upper, -lower), abs=1e-9)


def test_everybody_and_nobody_give_the_same_interval():
    assert limits(risk_difference(66, 66, 66, 66)) == pytest.approx(limits(risk_difference(0, 66, 0, 66)), abs=1e-12)
    assert limits(risk_difference(0, 66, 0, 66)) == pytest.approx((-0.0554, 0.0554), abs=5e-5)


@settings(max_examples=30, deadline=None)
@given(counts, counts, st.sampled_from([risk_ratio, odds_ratio]))
def test_ratios_are_never_negative_and_turn_round_with_the_arms(one, nought, ratio):
    (x1, n1), (x0, n0) = one, nought
    found = ratio(x1, n1, x0, n0)
    assert 0 <= found.lower <= found.upper
    if found.value is not None:
        assert found.lower * (1 - 1e-9) <= found.value <= found.upper * (1 + 1e-9)
    back = ratio(x0, n0, x1, n1)
    assert back.lower == pytest.approx(0 if found.upper == INF else 1 / found.upper, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(counts, counts, st.sampled_from(["miettinen-nurminen", "mee", "newcombe"]))
def test_the_p_value_belongs_to_the_interval(one, nought, method):
    found = risk_difference(*one, *nought, method=method)
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.p_value < 0.05) == (found.lower > 0 or found.upper < 0)


def test_a_ratio_of_nothing_to_nothing_has_no_value_and_says_so_in_json():
    found = risk_ratio(0, 10, 0, 20)
    assert (found.value, found.lower, found.upper, found.p_value) == (None, 0, INF, 1)
    assert found.to_dict()["upper"] is None
    assert str(found) == "not estimable (0.00 to inf)"


def test_exact_interval_by_hand():
    found = proportion(0, 66)
    assert (found.lower, found.upper) == (0, pytest.approx(1 - 0.025 ** (1 / 66)))
    assert proportion(0, 10, method="wilson").upper == pytest.approx(0.2775328, abs=6e-8)  # z^2 / (n + z^2)


# --- Strata ------------------------------------------------------------------------------------------------------

STRATA = ([2, 1, 0], [30, 20, 16], [5, 3, 2], [31, 19, 16])


def test_strata_golden():
    found = stratified_risk_difference(*STRATA)  # ratesci, weighting = "MH"
    assert found.contrast.value == pytest.approx(-0.105909635, abs=6e-10)
    assert limits(found.contrast) == pytest.approx((-0.219373555, -0.003851657), rel=1e-6)
    assert found.contrast.p_value == pytest.approx(0.0429351543, rel=1e-8)
    assert found.pooled == ()


def test_the_test_of_the_strata_is_cochran_mantel_and_haenszels():
    x1, n1, x0, n0 = (np.array(column, dtype=float) for column in STRATA)
    n, m = n1 + n0, x1 + x0
    chi = (x1 - n1 * m / n).sum() ** 2 / (n1 * n0 * m * (n - m) / n**2 / (n - 1)).sum()
    assert stratified_risk_ratio(*STRATA).contrast.statistic ** 2 == pytest.approx(chi, rel=1e-10)


def test_one_stratum_is_no_stratum():
    assert limits(stratified_risk_difference([3], [66], [10], [66]).contrast) == limits(risk_difference(3, 66, 10, 66))
    assert limits(stratified_risk_ratio([3], [66], [10], [66]).contrast) == limits(risk_ratio(3, 66, 10, 66))


def test_a_stratum_of_one_arm_is_put_to_the_smallest_other_by_name():
    found = stratified_risk_difference([2, 1, 1], [30, 20, 4], [5, 3, 0], [31, 19, 0], names=["A", "B", "C"])
    assert found.pooled == ("C with B",)
    pooled = stratified_risk_difference([2, 2], [30, 24], [5, 3], [31, 19])
    assert found.contrast == pooled.contrast
    both = stratified_risk_difference([2, 1, 0], [30, 4, 0], [5, 0, 1], [31, 0, 3], names=["A", "B", "C"])
    assert both.pooled == ("C with B",)  # then B and C has both arms


def test_no_success_in_any_stratum_is_an_interval():
    found = stratified_risk_difference([0, 0], [20, 30], [0, 0], [22, 31]).contrast
    assert found.lower < 0 < found.upper
    assert found.p_value == 1
    assert stratified_risk_ratio([0, 0], [20, 30], [0, 0], [22, 31]).contrast.value is None


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ((3, 0, 1, 10), "3 events among 0 patients of the treatment arm"),
        ((11, 10, 1, 10), "11 events among 10 patients"),
        ((1.5, 10, 1, 10), "x1 is 1.5; expected whole numbers"),
        ((float("nan"), 10, 1, 10), "x1 is nan"),
        ((1, 10, -1, 10), "x0 is -1"),
        (([1, 2], [10, 10], [1, 1], [10, 10]), "stratified_risk_difference"),
        (([1, 2], [10, 10], [1], [10]), "shapes differ"),
    ],
)
def test_what_are_no_counts_is_refused(table, words):
    for analysis in (risk_difference, risk_ratio, odds_ratio, score_test):
        with pytest.raises(RelapseModelError, match=words.replace("(", r"\(")):
            analysis(*table)


def test_an_empty_arm_and_wrong_words_are_refused():
    with pytest.raises(InsufficientDataError, match="the control arm has no patient"):
        risk_difference(1, 10, 0, 0)
    with pytest.raises(InsufficientDataError, match="no patient in any stratum"):
        stratified_risk_difference([1, 1], [10, 10], [0, 0], [0, 0])
    with pytest.raises(RelapseModelError, match="'wald'; expected 'miettinen-nurminen'"):
        risk_difference(1, 10, 1, 10, method="wald")
    with pytest.raises(RelapseModelError, match="Method of the odds ratio is 'newcombe'"):
        odds_ratio(1, 10, 1, 10, method="newcombe")
    with pytest.raises(RelapseModelError, match="Confidence level is 95"):
        risk_difference(1, 10, 1, 10, level=95)
    with pytest.raises(RelapseModelError, match="2 names for 3 strata"):
        stratified_risk_difference(*STRATA, names=["A", "B"])
