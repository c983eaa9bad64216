"""The trial of 132 from a cohort to the result. Golden values: R 4.2.2, survival 3.5-3, survRM2, RobinCar2, ratesci."""

from __future__ import annotations

import numpy as np
import pytest
from small_trial import cohort_132, study_132

import relapse_model as rm

KINDS = (
    "missing = failure", "missing = success", "extreme", "tipping point", "multiple imputation", "interval censored",
)  # fmt: skip
SENSITIVITY = "".join(f'[[trial.sensitivity]]\nkind = "{kind}"\n' for kind in KINDS)


@pytest.fixture(scope="module")
def found():
    return rm.compare_arms(cohort_132(), study_132(SENSITIVITY, head='strata = ["centre"]\n', interval="greenwood"))


def beside(found, kind):
    return next(one for one in found.beside if one.kind == kind)


def test_kaplan_meier_risks_and_their_difference(found):
    one = found.primary
    assert one.control.value == pytest.approx(0.219834710744, rel=1e-6)
    assert one.control.standard_error == pytest.approx(0.0520385602014, rel=1e-6)
    assert one.treatment.value == pytest.approx(0.109195402299, rel=1e-6)
    assert one.treatment.standard_error == pytest.approx(0.0390123190482, rel=1e-6)
    # Of survival, log-log: 0.784335505565 to 0.946446861491.
    assert (one.treatment.lower, one.treatment.upper) == pytest.approx(
        (1 - 0.946446861491, 1 - 0.784335505565), rel=1e-6
    )
    made = one.contrast
    assert (made.value, made.standard_error) == pytest.approx((-0.110639308445, 0.065038240946), rel=1e-6)
    assert (made.lower, made.upper) == pytest.approx((-0.238111918, 0.016833301), rel=1e-6)
    assert (one.treatment.lost, one.control.lost) == (4, 4)


def test_ratio(found):
    made = beside(found, "kaplan-meier risk ratio, greenwood").contrast
    assert (made.value, made.lower, made.upper) == pytest.approx((0.49671592775, 0.214438981, 1.150568388), rel=1e-6)


def test_log_rank_cox_and_mean_weeks(found):
    plain, strata = beside(found, "log-rank").tests[0], beside(found, "stratified log-rank").tests[0]
    assert (plain.statistic, plain.p_value) == pytest.approx((2.71412578883, 0.0994634481), rel=1e-6)
    assert strata.statistic == pytest.approx(2.67664245805, rel=1e-6)
    cox = beside(found, "cox").contrast
    assert (np.log(cox.value), cox.standard_error) == pytest.approx((-0.742563109305, 0.463033956745), rel=1e-6)
    weeks = beside(found, "rmst").contrast
    assert (weeks.value, weeks.p_value) == pytest.approx((2.622209556379, 0.187391347887), rel=1e-6)
    assert (weeks.lower, weeks.upper) == pytest.approx((-1.276218518, 6.520637631), rel=1e-6)


def test_missing_endpoints(found):
    """Miettinen-Nurminen limits to six decimals, as the source prints them."""
    assert beside(found, "complete").contrast.lower == pytest.approx(-0.248229, abs=5e-7)
    limits = [(one.contrast.lower, one.contrast.upper) for one in found.sensitivity[:4]]
    expected = [(-0.247309, 0.036558), (-0.234831, 0.020161), (-0.181907, 0.090931), (-0.300258, -0.033898)]
    assert np.array(limits) == pytest.approx(np.array(expected), abs=5e-7)
    assert [tuple(map(int, cell)) for cell in np.argwhere(found.tipping.fewer_events)] == [
        (0, 2), (0, 3), (0, 4), (1, 3), (1, 4)
    ]  # fmt: skip


def test_order_of_the_plan(found):
    kinds = list(dict.fromkeys(one.kind for one in found.sensitivity))
    assert kinds == list(KINDS)


def test_multiple_imputation_starts_near_the_complete_cases(found):
    made = [one.contrast.value for one in found.sensitivity if one.kind == "multiple imputation"]
    assert made[0] == pytest.approx(7 / 62 - 14 / 62, abs=0.01)
    assert made == sorted(made)  # the worse the unknown of HBIG fared, the less it gained


def test_adjudicated_times_are_exact_so_the_intervals_give_kaplan_meier(found):
    made = next(one for one in found.sensitivity if one.kind == "interval censored")
    assert made.treatment.value == pytest.approx(found.primary.treatment.value, abs=1e-6)
    assert made.control.value == pytest.approx(found.primary.control.value, abs=1e-6)
    assert made.tests[0].statistic < 0


def test_standardised_by_the_plan():
    """Every endpoint known: the adjusted analysis is the primary one, the unadjusted stands beside it."""
    found = rm.compare_arms(cohort_132(lost=False), study_132(adjust=["x"], method="miettinen-nurminen"))
    one = found.primary
    assert (one.control.value, one.treatment.value) == pytest.approx((0.214496280823, 0.104470249702), rel=1e-6)
    made = one.contrast
    assert (made.value, made.standard_error) == pytest.approx((-0.110026031121, 0.0609681156886), rel=1e-6)
    assert made.p_value == pytest.approx(0.0711296712, rel=1e-6)
    assert beside(found, "kaplan-meier risk difference, score").contrast.value == pytest.approx(
        -0.106060606061, rel=1e-6
    )


def test_adjustment_that_the_plan_does_not_name_is_an_extra():
    plain = rm.compare_arms(cohort_132(lost=False), study_132())
    found = rm.compare_arms(cohort_132(lost=False), study_132(), adjust=["x"])
    assert found.primary == plain.primary
    (extra,) = found.extra
    assert extra.status == "not pre-specified"
    assert extra.contrast.value == pytest.approx(-0.110026031121, rel=1e-6)
    assert plain.extra == ()


def test_all_known_kaplan_meier_is_miettinen_nurminen():
    """7 of 66 against 14 of 66: with nobody lost the score interval of both methods is one."""
    first = rm.compare_arms(cohort_132(lost=False), study_132()).primary
    second = rm.compare_arms(cohort_132(lost=False), study_132(method="miettinen-nurminen")).primary
    direct = rm.risk_difference(7, 66, 14, 66)
    for made in (first.contrast, second.contrast):
        assert (made.value, made.lower, made.upper) == pytest.approx(
            (direct.value, direct.lower, direct.upper), rel=1e-9
        )
    assert [test.method for test in second.tests] == ["score test (chi-square with N - 1)", "Fisher's exact test"]


def test_strata_with_all_known():
    found = rm.compare_arms(
        cohort_132(lost=False), study_132(head='strata = ["centre"]\n', method="miettinen-nurminen")
    )
    assert "3 strata" in found.primary.contrast.method


def test_subgroups_of_the_plan_and_no_others():
    found = rm.compare_arms(
        cohort_132(lost=False),
        study_132('[[trial.subgroup]]\ncolumn = "x"\n[[trial.subgroup]]\ncolumn = "centre"\n'
                  '[[trial.subgroup]]\ncolumn = "x"\nat = [0]\nlabel = "x, cut"\n', method="miettinen-nurminen"),
    )  # fmt: skip
    number, centre, cut = found.subgroups
    # A number stays a number: likelihood ratio of arm x x.
    assert number.interaction.statistic == pytest.approx(6.30254109309, rel=1e-6)
    assert number.interaction.p_value == pytest.approx(0.012057, abs=1e-6)
    assert [level.name for level in centre.effects.levels] == ["A", "B", "C"]
    assert [level.name for level in cut.effects.levels] == ["below 0", "0 or more"]
    assert sum(sum(level.patients) for level in cut.effects.levels) == 132


def test_swapping_the_arms_turns_the_sign():
    study = study_132()
    swapped = study_132().trial
    other = study.trial.__class__(
        arms=swapped.arms.__class__(treatment="control", control="hbig"), primary=swapped.primary
    )
    import dataclasses

    back = rm.compare_arms(cohort_132(), dataclasses.replace(study, trial=other)).primary.contrast
    forth = rm.compare_arms(cohort_132(), study).primary.contrast
    assert (back.value, back.lower, back.upper) == pytest.approx((-forth.value, -forth.upper, -forth.lower), rel=1e-9)
    assert back.p_value == pytest.approx(forth.p_value)


def test_an_adjusted_plan_with_losses():
    """Weighted for the lost, and it is said; the unadjusted analyses beside it are Kaplan-Meier.

    Until now the lost were left out: who failed early is known more often than who would have been free, so that the
    arm of which more are lost seemed to fail more often.
    """
    more = '[[trial.sensitivity]]\nkind = "per protocol"\n[[trial.subgroup]]\ncolumn = "centre"\n'
    found = rm.compare_arms(cohort_132(), study_132(more, adjust=["x"], method="miettinen-nurminen"))
    assert "weighted for 8 lost" in found.primary.note
    assert (found.flow.arms[0].analysed, found.flow.arms[0].left_out) == (66, 0)
    assert "Kaplan-Meier" in found.sensitivity[0].contrast.method
    assert "Kaplan-Meier" in found.subgroups[0].effects.levels[0].contrast.method
