"""The rule on arrays: what a titre asks for, and which dose answers which visit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.features.kinetics import passive_titre, peak_day
from relapse_model.trial.dosing.forecast import _crossing, crossing_day
from relapse_model.trial.dosing.rule import call_titres, match_doses

MEDIANS = (24.0, 7.5, 0.6)  # half-life in days, litres, per day: the built-in study


@pytest.mark.parametrize(
    ("lower", "upper", "call"),
    [
        (99.99, 99.99, "due"),
        (100.0, 100.0, "not due"),  # the rule says below 100
        (0.0, 10.0, "due"),  # <10
        (0.0, 100.0, "due"),  # <100: the true value lies below it
        (0.0, 200.0, "undecidable"),  # <200 may be 150
        (1000.0, np.inf, "not due"),  # >1000
        (50.0, np.inf, "undecidable"),  # >50 may be 60 or 600
        (np.nan, np.nan, "not assessed"),
    ],
)
def test_a_titre_is_called_by_its_bounds(lower, upper, call):
    assert call_titres(np.array([lower]), np.array([upper]), 100.0).tolist() == [call]


def verdicts(visit, due, dose, as_of=100.0):
    visit = np.array(visit, dtype=float)
    found = match_doses(visit, np.array(due), visit + 2.0, np.array(dose, dtype=float), -1.0, as_of)
    return found.verdict.tolist(), found.dose.tolist()


def test_a_dose_before_the_next_visit_answers_the_visit():
    assert verdicts([0, 4], [True, True], [0, 5]) == (["given as due", "given as due"], [0, 1])


def test_fourteen_days_are_two_weeks():
    """Due at week 31/7, given 14 days later: in time, whatever the last bit of the sum says."""
    for first in np.arange(1, 200) / 7:
        found = match_doses(
            np.array([first]), np.array([True]), np.array([first + 2.0]), np.array([first + 14 / 7]), -1.0, 100.0
        )
        assert found.verdict.tolist() == ["given as due"]


def test_a_dose_of_the_next_visit_does_not_answer_an_earlier_one():
    """Due at 4 and at 8, one dose in week 8: the one of week 4 was omitted."""
    assert verdicts([0, 4, 8], [True, True, True], [0, 8]) == (["given as due", "omitted", "given as due"], [0, -1, 1])


def test_what_is_not_late_yet_is_open():
    assert verdicts([0, 4], [True, True], [0], as_of=6.0)[0] == ["given as due", "open"]
    assert verdicts([0, 4], [True, True], [0], as_of=6.5)[0] == ["given as due", "omitted"]


def test_a_dose_days_before_enrolment_may_be_the_first():
    assert verdicts([0], [True], [-0.5])[0] == ["given as due"]
    assert verdicts([0], [True], [-1.5])[0] == ["omitted"]


# Specification of the rule, computed with the closed form of one compartment and first-order absorption.
def test_peak_and_course_of_one_dose():
    assert float(peak_day(24.0, 0.6)) == pytest.approx(5.311926, abs=1e-6)
    day = np.array([5.311926, 7, 14, 28, 42, 56, 84])
    expected = [45.747955, 44.9342, 37.3832, 24.9587, 16.6579, 11.1178, 4.9524]
    np.testing.assert_allclose(passive_titre(day, 400.0, *MEDIANS), expected, atol=5e-5)


@pytest.mark.parametrize(
    ("own", "day"), [(80, 35.66901), (90, 59.66901), (70, 21.62977), (60, 11.62366), (95, 83.66901)]
)
def test_day_on_which_the_titre_falls_below_100(own, day):
    assert crossing_day(own, 400.0, 100.0, *MEDIANS) == pytest.approx(day, abs=5e-6)


def test_own_antibody_that_reaches_the_limit_never_falls_below_it_and_little_is_never_brought_to_it():
    assert crossing_day(100.0, 400.0, 100.0, *MEDIANS) == np.inf
    assert crossing_day(50.0, 400.0, 100.0, *MEDIANS) == 0.0


@given(st.floats(75, 99))
def test_half_the_gap_lasts_one_half_life_longer(own):
    """Once absorption is over, passive antibody halves in 24 days; so does the gap that it can fill."""
    near = crossing_day(100 - (100 - own) / 2, 400.0, 100.0, *MEDIANS) - crossing_day(own, 400.0, 100.0, *MEDIANS)
    assert near == pytest.approx(24.0, abs=0.01)


def test_doses_that_would_be_needed():
    """For +100 at day 28: 1602.65 IU; for a peak of 100: 874.36 IU."""
    assert 100 / float(passive_titre(28.0, 1.0, *MEDIANS)) == pytest.approx(1602.65, abs=0.005)
    assert 100 / float(passive_titre(peak_day(24.0, 0.6), 1.0, *MEDIANS)) == pytest.approx(874.36, abs=0.005)


def test_steady_state_of_a_dose_every_four_weeks():
    """Trough 45.007, peak 84.992 mIU/mL; the mean is dose / (clearance x interval), 65.952."""
    day = np.linspace(0, 28, 2801)
    earlier = 28.0 * np.arange(60)
    level = passive_titre(day[:, None] + earlier, 400.0, *MEDIANS).sum(axis=1)
    assert level[-1] == pytest.approx(45.007, abs=5e-4)
    assert level.max() == pytest.approx(84.992, abs=5e-4)
    assert 400 / (7.5 * np.log(2) / 24 * 28) == pytest.approx(65.952, abs=5e-4)
    assert np.trapezoid(level, day) / 28 == pytest.approx(65.952, abs=0.02)


RULE = {
    0: [0, 4, 8, 12, 24, 36, 48],
    70: [0, 4, 12, 24, 36, 48],
    90: [0, 12, 24, 36, 48],
    120: [0],
}  # own antibody -> weeks in which a dose is due, by the specification


@pytest.mark.parametrize("own", RULE)
def test_the_rule_on_exact_titres(own):
    """Visits 0, 4, 8, 12, 24, 36, 48; a dose at 0 and whenever own plus passive is below 100."""
    given = []
    for week in (0, 4, 8, 12, 24, 36, 48):
        titre = own + sum(float(passive_titre(7.0 * (week - dose), 400.0, *MEDIANS)) for dose in given)
        if week == 0 or call_titres(np.array([titre]), np.array([titre]), 100.0)[0] == "due":
            given.append(week)
    assert given == RULE[own]


@pytest.mark.parametrize(("own", "doses"), [(0, 13), (70, 7), (90, 5), (120, 1)])
def test_the_rule_at_visits_every_four_weeks(own, doses):
    given = []
    for week in range(0, 52, 4):
        titre = own + sum(float(passive_titre(7.0 * (week - dose), 400.0, *MEDIANS)) for dose in given)
        if week == 0 or titre < 100:
            given.append(week)
    assert len(given) == doses


def test_a_titre_that_rises_after_a_dose_has_not_fallen_below_before_it():
    """Dose on the day of the titre, peak after 0.65 weeks: 80, then 140, 120, 90 falls below 100 between weeks 2 and 3.

    A path that the dose cannot lift to 100 is below from the first week after the peak on.
    """
    week = np.arange(4.0)
    titre = np.array([[[80.0, 140.0, 120.0, 90.0], [20.0, 60.0, 50.0, 40.0], [80.0, 140.0, 130.0, 120.0]]])
    found = _crossing(titre, week, 100.0, np.array([0.65]))[0]
    assert found[0] == pytest.approx(2 + np.log(120 / 100) / np.log(120 / 90))
    assert found[1:].tolist() == [1.0, np.inf]


def test_without_a_dose_a_low_titre_is_below_at_once():
    assert _crossing(np.array([[[80.0, 70.0]]]), np.arange(2.0), 100.0, np.array([0.0])).tolist() == [[0.0]]
