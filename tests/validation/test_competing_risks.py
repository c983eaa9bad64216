"""The incidence in the presence of competing events: counted by hand, by R and lifelines, and by its identities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.errors import RelapseModelError
from relapse_model.report.figures.survival import kaplan_meier
from relapse_model.validation import (
    censoring_weights,
    cumulative_incidence,
    harrell_c,
    subdistribution_rows,
    uno_c,
)

# survival 3.5-3 of R 4.2.2: survfit(Surv(time, factor(state, 0:2, c("c", "r", "d"))) ~ 1), columns pstate and std.err.
TIME = [4, 8, 8, 12, 12, 16, 20, 24, 24, 30, 36, 36, 44, 48, 48, 48]
STATE = [1, 0, 2, 1, 2, 0, 1, 2, 0, 1, 0, 2, 1, 0, 0, 1]
OF_R = {
    4: (0.062500000000, 0.0605153647845), 12: (0.129807692308, 0.0857820274554),
    20: (0.203846153846, 0.1056483978968), 30: (0.288461538462, 0.1234511296676),
    44: (0.394230769231, 0.1417908854311), 48: (0.500000000000, 0.1473979187428),
}  # fmt: skip

follow_up = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2)), min_size=2, max_size=40)


def test_counted_by_hand():
    """At risk 5, 4, 2, 1. 1/5; then one dead of 4, one lost; then 1 of 2: 3/5 x 1/2; the last one dies."""
    found = cumulative_incidence([3, 5, 5, 9, 11], [1, 2, 0, 1, 2])
    assert found.times.tolist() == [3, 9]
    assert found.incidence == pytest.approx([1 / 5, 1 / 5 + 3 / 5 / 2], abs=1e-15)
    assert found.at([0, 3, 8.9, 20]) == pytest.approx([0, 0.2, 0.2, 0.5])


def test_it_is_that_of_r():
    found = cumulative_incidence(TIME, STATE)
    assert found.times.tolist() == list(OF_R)
    assert found.incidence == pytest.approx([value for value, _ in OF_R.values()], abs=1e-11)
    assert found.standard_error == pytest.approx([error for _, error in OF_R.values()], abs=1e-11)


def test_it_is_that_of_lifelines():
    """Without ties, which lifelines breaks at random."""
    fitter = pytest.importorskip("lifelines").AalenJohansenFitter(calculate_variance=True)
    rng = np.random.default_rng(3)
    time, state = rng.permutation(500)[:60] / 7 + 1, rng.integers(0, 3, 60)
    fitter.fit(time, state, event_of_interest=1)
    found = cumulative_incidence(time, state)
    assert found.incidence == pytest.approx(fitter.cumulative_density_["CIF_1"].loc[found.times].to_numpy(), abs=1e-12)
    assert found.standard_error**2 == pytest.approx(fitter.variance_.loc[found.times].to_numpy(), abs=1e-12)


def test_without_competing_events_it_is_kaplan_meier():
    rng = np.random.default_rng(4)
    time, state = rng.integers(1, 20, 50), rng.integers(0, 2, 50)
    found, (times, free, lower, upper) = cumulative_incidence(time, state), kaplan_meier(time, state)
    assert found.times.tolist() == times.tolist()
    for ours, theirs in ((found.incidence, 1 - free), (found.upper, 1 - lower), (found.lower, 1 - upper)):
        assert ours == pytest.approx(theirs, abs=1e-14)


def test_without_loss_it_is_the_share_with_binomial_variance():
    found = cumulative_incidence(range(1, 11), [1, 2, 1, 2, 2, 1, 1, 2, 2, 1])
    assert found.incidence == pytest.approx(np.arange(1, 6) / 10)
    assert found.standard_error == pytest.approx(np.sqrt(found.incidence * (1 - found.incidence) / 10))


@settings(max_examples=50, deadline=None)
@given(follow_up)
def test_it_never_exceeds_kaplan_meier_and_the_events_add_up(rows):
    time, state = (np.array(column) for column in zip(*rows, strict=True))
    other = np.where(state == 0, 0, 3 - state)
    mine, theirs = cumulative_incidence(time, state).at(12), cumulative_incidence(time, other).at(12)
    free = cumulative_incidence(time, (state > 0).astype(int)).at(12)
    assert mine + theirs == pytest.approx(free, abs=1e-12)
    assert mine <= cumulative_incidence(time, (state == 1).astype(int)).at(12) + 1e-12


@settings(max_examples=50, deadline=None)
@given(follow_up)
def test_the_weights_give_the_same_risk_and_sum_to_the_patients(rows):
    """The weighted share of relapses is the Aalen-Johansen estimate, whatever was lost when."""
    time, state = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    time, state = np.append(time, [13.0]), np.append(state, [0.0])  # somebody is known at the horizon
    weight = censoring_weights(time, state == 1, 13, competing=state == 2)
    assert weight.sum() == pytest.approx(len(time))
    assert weight @ (state == 1) / len(time) == pytest.approx(float(cumulative_incidence(time, state).at(13)))


@settings(max_examples=50, deadline=None)
@given(follow_up)
def test_hazards_of_the_subdistribution_add_up_to_the_same_risk(rows):
    """Kaplan-Meier of the weighted rows is the Aalen-Johansen estimate (Geskus 2011, Biometrics 67:39)."""
    time, state = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    time, state = np.append(time, [13.0]), np.append(state, [0.0])
    row, until, event, weight = subdistribution_rows(time, state, 13.0)
    assert np.bincount(row, weights=weight) == pytest.approx(np.ones(len(time)))
    free = 1.0
    for week in np.unique(until[event == 1]):
        free *= 1 - weight[(until == week) & (event == 1)].sum() / weight[until >= week].sum()
    assert 1 - free == pytest.approx(float(cumulative_incidence(time, state).at(13)))


def test_weights_counted_by_hand():
    """Lost at 20 is one of the three then under observation: 1 / (2/3) after it, 1 for the death before it."""
    assert censoring_weights([10, 20, 30, 48], [0, 0, 0, 0], 48, competing=[1, 0, 1, 0]) == pytest.approx(
        [1, 0, 1.5, 1.5]
    )


def test_called_lost_a_death_would_raise_the_risk():
    """Of 4, one relapses at 30 and two die at 10: the share is 1/4, by deaths as losses 1/2."""
    time, event, death = [10, 10, 30, 48], [0, 0, 1, 0], [1, 1, 0, 0]
    right, wrong = censoring_weights(time, event, 48, competing=death), censoring_weights(time, event, 48)
    assert right @ event / 4 == pytest.approx(0.25)
    assert wrong @ event / 4 == pytest.approx(0.5)


def test_concordance_counts_who_can_never_relapse_as_later():
    """The event at 20 has the higher risk than the death at 10, and a lower one than the free patient: 1 of 2."""
    time, event, death, risk = [20, 10, 48], [1, 0, 0], [0, 1, 0], [0.5, 0.1, 0.9]
    assert harrell_c(time, event, risk, competing=death) == 0.5
    assert uno_c(time, event, risk, 48, competing=death) == 0.5
    assert harrell_c(time, event, risk) == 0.0  # the death as a loss: no pair


def test_the_pair_of_unos_c_is_weighted_by_both_times():
    """Lost at 15, so G is 2/3 from then on: the dead counts 1 / (2/3 x 1), the free 1 / (2/3)^2."""
    time, event, death, risk = [20, 10, 48, 15], [1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0.1, 0.9, 0.3]
    assert uno_c(time, event, risk, 48, competing=death) == pytest.approx(1.5 / (1.5 + 2.25))


@pytest.mark.parametrize(
    ("time", "state", "words"),
    [([1, 2], [0, 3], "none of 0"), ([1, -2], [0, 1], "negative"), ([1], [1, 2], "shape"), ([], [], "shape")],
)
def test_what_is_no_follow_up_is_refused(time, state, words):
    with pytest.raises(RelapseModelError, match=words):
        cumulative_incidence(time, state)


def test_both_at_once_are_refused():
    with pytest.raises(RelapseModelError, match="first of the two"):
        censoring_weights([1, 2], [1, 0], 48, competing=[1, 0])


@pytest.mark.slow
def test_deaths_called_censored_make_risks_too_high_and_weights_do_not():
    """300 cohorts of 654 in which a covariate raises both hazards: the mean risk by 48 weeks, truth in 200,000."""
    rng, horizon = np.random.default_rng(11), 48.0

    def drawn(patients):
        covariate = rng.normal(size=patients)
        relapse, death = (rng.exponential(1.0, patients) / (0.005 * np.exp(covariate - 0.5)) for _ in range(2))
        loss = rng.exponential(1.0, patients) / 0.003
        time = np.minimum.reduce([relapse, death, loss, np.full(patients, horizon)])
        state = np.select([relapse == time, death == time], [1, 2], 0)
        return time, state, ((relapse <= death) & (relapse <= horizon)).mean()

    truth, bias = drawn(200_000)[2], []
    for _ in range(300):
        time, state, _ = drawn(654)
        weights = (censoring_weights(time, state == 1, horizon, competing=dead) for dead in (state == 2, state == 9))
        bias.append([weight @ (state == 1) / 654 - truth for weight in weights])
    right, wrong = np.mean(bias, axis=0)
    assert abs(right) < 0.003  # its standard error is .001
    assert wrong > 0.015
