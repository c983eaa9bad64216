from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.cohort.simulation.baseline import draw_baseline
from relapse_model.cohort.simulation.follow_up import (
    HBSAG_LIMIT,
    draw_visit_weeks,
    follow,
    own_antibody,
    true_antigen,
    visit_schedule,
)
from relapse_model.cohort.simulation.settings import SimulationSettings
from relapse_model.cohort.simulation.tables import make_streams

N = 20_000
NEVER = np.full(N, 1e9)


@pytest.fixture(scope="module")
def baseline():
    return draw_baseline(N, 3, np.random.default_rng(2))


def test_the_default_schedule():
    assert visit_schedule(48.0).tolist() == [0, 4, 8, 12, 24, 36, 48]


def test_longer_follow_up_goes_on_every_twelve_weeks():
    assert visit_schedule(96.0).tolist() == [0, 4, 8, 12, 24, 36, 48, 60, 72, 84, 96]


@given(st.floats(4, 300))
def test_any_follow_up_starts_at_0_ends_on_time_and_keeps_visits_apart(follow_up_weeks):
    schedule = visit_schedule(follow_up_weeks)
    assert schedule[0] == 0
    assert schedule[-1] == follow_up_weeks
    assert np.diff(schedule).min() >= 4


def test_jitter_is_one_week_early_and_two_weeks_late_but_never_at_enrolment():
    schedule = visit_schedule(48.0)
    off = np.abs(draw_visit_weeks(N, schedule, np.random.default_rng(0)) - schedule).max(axis=0)
    assert off[0] == 0
    assert np.allclose(off[1:4], 1.0, atol=0.051)
    assert np.allclose(off[4:], 2.0, atol=0.051)


def test_antigen_passes_the_limit_at_the_relapse_and_rises_to_its_ceiling():
    weeks = np.array([[9.0, 10.0, 20.0, 1000.0]])
    # 0.1 log10 per week: 0.05 at week 10, 0.5 at week 20
    course = true_antigen(weeks, np.array([10.0]), np.array([0.1]), np.array([40.0]))[0]
    assert course[0] < HBSAG_LIMIT
    assert np.allclose(course[1:], [0.05, 0.5, 40.0])


def test_own_antibody_knows_nothing_of_the_relapse_at_enrolment(baseline):
    weeks = np.array([[-10.0, 0.0, 20.0]])
    soon = own_antibody(baseline, weeks, np.full(N, 2.0), np.random.default_rng(1))
    never = own_antibody(baseline, weeks, NEVER, np.random.default_rng(1))
    assert (soon[:, :2] == never[:, :2]).all()
    assert (soon[:, 1] == baseline.anti_hbs).all()
    some = baseline.anti_hbs > 0
    assert (soon[some, 2] < never[some, 2]).all()


def test_consumption_begins_eight_weeks_before_the_relapse(baseline):
    weeks = np.array([[22.0, 32.0]])  # 8 weeks before a relapse at week 30, and 10 weeks later
    relapsing = own_antibody(baseline, weeks, np.full(N, 30.0), np.random.default_rng(1))
    never = own_antibody(baseline, weeks, NEVER, np.random.default_rng(1))
    some = baseline.anti_hbs > 0
    assert np.allclose(relapsing[some, 0], never[some, 0])
    assert np.allclose(relapsing[some, 1] / never[some, 1], np.exp(-0.15 * 10))


def test_without_relapse_only_half_a_percent_of_tests_is_positive_and_almost_none_twice(baseline):
    course = follow(baseline, NEVER, SimulationSettings(drop_out=0), make_streams(N, 1))
    assert course.attended.all()
    false = (course.hbsag >= HBSAG_LIMIT)[:, 1:].mean()
    assert abs(false - 0.005) < 4 * np.sqrt(0.005 / (6 * N))
    assert not (course.hbsag[:, 0] >= HBSAG_LIMIT).any()  # nobody enrols with a positive test
    twice = ~course.unconfirmed[:, -1]
    assert twice.sum() <= 12  # 120,000 tests, 0.005 squared: 3 expected


def test_every_positive_test_is_repeated_before_the_next_visit(baseline):
    course = follow(baseline, NEVER, SimulationSettings(drop_out=0), make_streams(N, 1))
    positive = course.hbsag >= HBSAG_LIMIT
    assert (course.repeated == (positive & course.unconfirmed)).all()
    assert (course.repeat_weeks > course.weeks).all()
    assert (course.repeat_weeks[:, :-1] < course.weeks[:, 1:]).all()
    assert course.repeat_weeks.max() <= 51


def test_relapse_is_found_and_follow_up_ends_a_few_visits_later(baseline):
    course = follow(baseline, np.full(N, 5.0), SimulationSettings(drop_out=0), make_streams(N, 1))
    confirmed = course.unconfirmed.sum(axis=1) - 1  # position of the visit that led to the confirmation
    assert (course.weeks[np.arange(N), confirmed] > 0).all()
    more = course.attended.sum(axis=1) - 1 - confirmed
    assert set(np.unique(more)) == {0, 1, 2}
    assert confirmed.max() <= 4  # true HBsAg passes the limit at week 5, so the visits from week 12 on find it


def test_assay_bias_decides_when_a_relapse_shows(baseline):
    # At the moment of relapse true HBsAg is 0.05: an Architect reads 0.073, an Elecsys 0.047.
    course = follow(baseline, np.full(N, 24.0), SimulationSettings(drop_out=0), make_streams(N, 1))
    near = np.abs(course.weeks[:, 4] - 24.0) < 0.15
    positive = (course.hbsag >= HBSAG_LIMIT)[:, 4]
    architect = baseline.centre % 2 == 0
    assert positive[near & architect].mean() > 0.95
    assert positive[near & ~architect].mean() < 0.6


@pytest.mark.parametrize("drop_out", [0.05, 0.12])
def test_drop_out_share(baseline, drop_out):
    course = follow(baseline, NEVER, SimulationSettings(drop_out=drop_out), make_streams(N, 1))
    lost = ~course.attended[:, -1]
    # By the last visit, which is between weeks 46 and 50 and on average at 48.
    assert abs(lost.mean() - drop_out) < 4 * np.sqrt(drop_out / N)
    assert course.attended[:, 0].all()


def test_drop_out_depends_on_arm_age_and_antibody(baseline):
    streams = make_streams(N, 1)
    lost = ~follow(baseline, NEVER, SimulationSettings(drop_out=0.5), streams).attended[:, -1]
    assert lost[~baseline.hbig].mean() > lost[baseline.hbig].mean() + 0.02
    assert lost[baseline.age_years < 32].mean() > lost[baseline.age_years > 46].mean() + 0.02
    assert lost[baseline.anti_hbs < 10].mean() > lost[baseline.anti_hbs > 100].mean() + 0.02


def test_who_has_left_is_not_tested(baseline):
    course = follow(baseline, NEVER, SimulationSettings(drop_out=0.5), make_streams(N, 1))
    # Attendance never resumes after drop-out.
    assert (np.diff(course.attended.astype(int), axis=1) <= 0).all()
    assert not (course.repeated & ~course.attended).any()


def test_one_centre_is_enough():
    alone = replace(draw_baseline(5, 1, np.random.default_rng(0)), hbig=np.zeros(5, bool))
    course = follow(alone, np.full(5, 9.0), SimulationSettings(centres=1), make_streams(5, 1))
    assert course.attended[:, 0].all()
