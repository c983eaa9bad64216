"""Groups of predicted risk: what was observed beside what was predicted; what is told of them to whom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relapse_model.errors import RelapseModelError
from relapse_model.report.cohort_sections import deciding
from relapse_model.report.disclosure import known_disclosure, with_all_counts
from relapse_model.report.figures.marks_of_five import outcome_groups
from relapse_model.report.figures.risk_groups import risk_groups_figure
from relapse_model.report.figures.validation import calibration_figure, grouped_points
from relapse_model.report.risk_groups import order_words, risk_groups


@pytest.fixture(scope="module")
def counted(validation):
    """60 patients in three thirds of risk: 0 of 20, 2 of 20 and 10 of 20 relapse at week 10, nobody is lost."""
    relapse = np.zeros(60)
    relapse[[20, 21, *range(40, 50)]] = 1
    time = np.where(relapse == 1, 10.0, 50.0)
    data = replace(
        validation.data.take(np.arange(60)), relapse=relapse, time=time, event=relapse,
        horizon_time=np.minimum(time, 48.0), horizon_event=relapse,
    )  # fmt: skip
    risks = np.repeat([0.05, 0.15, 0.45], 20)[None, :] + np.arange(60) / 1e5
    return replace(validation, data=data, risks=risks)


def test_observed_and_predicted_by_hand(counted):
    low, middle, high = risk_groups(counted)
    assert [(one.patients, one.events) for one in (low, middle, high)] == [(20, 0), (20, 2), (20, 10)]
    assert high.predicted == pytest.approx(0.45 + 49.5 / 1e5)  # ranks 40 to 59
    assert (low.observed[0], middle.observed[0], high.observed[0]) == pytest.approx((0.0, 0.1, 0.5))
    # Nobody of 20: the exact upper limit, 1 - 0.025 ** (1 / 20) = 0.168.
    assert low.observed[2] == pytest.approx(0.1684, abs=1e-4)


LOWER_TWO = "It separated the third at highest risk from the rest, but not the lower two thirds from each other."
UPPER_TWO = "It separated the third at lowest risk from the rest, but not the upper two thirds from each other."
NO_ORDER = "The observed risk did not rise from third to third as the predicted risk did."


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        ([(0.09, 0.04, 0.23), (0.12, 0.05, 0.27), (0.34, 0.21, 0.50)], ""),
        ([(0.09, 0.04, 0.23), (0.07, 0.02, 0.22), (0.34, 0.21, 0.50)], LOWER_TWO),
        ([(0.0, 0.0, 0.17), (0.0, 0.0, 0.17), (0.5, 0.3, 0.7)], LOWER_TWO),  # alike is not apart
        ([(0.09, 0.04, 0.23), (0.07, 0.02, 0.22), (0.12, 0.05, 0.27)], NO_ORDER),  # the highest may be as low
        ([(0.05, 0.01, 0.18), (0.40, 0.26, 0.57), (0.35, 0.22, 0.52)], UPPER_TWO),
        ([(0.30, 0.18, 0.47), (0.20, 0.10, 0.36), (0.10, 0.04, 0.25)], NO_ORDER),
        (
            [(0.05, 0.01, 0.18), (0.04, 0.01, 0.17)],
            "The observed risk was not higher in the upper half than in the lower.",
        ),
        ([(0.05, 0.01, 0.18), (0.20, 0.10, 0.36)], ""),
        ([(0.16, 0.10, 0.24)], ""),
        ([(0.09, 0.04, 0.23), None, (0.05, 0.01, 0.18)], ""),
    ],
)
def test_groups_out_of_order_are_said_to_be_so(observed, said):
    groups = [
        {"observed": None if one is None else dict(zip(("value", "lower", "upper"), one, strict=True))}
        for one in observed
    ]
    assert order_words(groups) == said


def test_for_others_no_group_tells_a_small_count(counted):
    """Thirds would tell 2 events of 20, halves 2 of 30: all are one group, whose number is told anyway."""
    groups = risk_groups(counted, "small-counts")
    assert [(one.name, one.patients, one.events) for one in groups] == [("all patients", 60, 12)]


def test_who_is_followed_by_fewer_than_five_to_the_horizon_has_no_observed_risk(counted):
    """Who does not relapse is lost at week 20."""
    data, end = counted.data, np.minimum(counted.data.time, 20.0)
    unknown = np.where(data.relapse == 1, 1.0, np.nan)
    short = replace(counted, data=replace(data, time=end, horizon_time=end, relapse=unknown))
    assert [one.observed for one in risk_groups(short)] == [None] * 3


def test_few_patients_or_no_risk_have_no_groups(counted):
    few = replace(counted, data=counted.data.take(np.arange(19)), risks=counted.risks[:, :19])
    assert risk_groups(few) == []
    nothing = replace(counted, performance=replace(counted.performance, measures={}))
    assert risk_groups(nothing) == []


def test_the_figure_draws_the_observed_curves_and_a_diamond_for_each_prediction(counted):
    groups = [(one.name, one.rows, one.predicted, one.observed) for one in risk_groups(counted)]
    figure = risk_groups_figure(counted.data.time, counted.data.event, groups, horizon=48.0)
    axes = figure.axes[0]
    curves = {line.get_label(): line for line in axes.lines}
    assert curves["highest third (n = 20)"].get_ydata()[-1] == pytest.approx(50.0)
    assert curves["lowest third (n = 20)"].get_ydata()[-1] == 0.0
    diamonds = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "D" and len(line.get_ydata())]
    assert diamonds == pytest.approx([100 * predicted for _, _, predicted, _ in groups])


def test_calibration_points_have_five_of_each_outcome_and_their_means_by_hand():
    # 40 risks; the outcome in every second one: points of 10 at the least, 5 with it and 5 without.
    risk, outcome = np.arange(40) / 100, np.tile([0.0, 1.0], 20)
    groups = outcome_groups(risk, outcome, 10)
    assert [len(rows) for rows in groups] == [10, 10, 10, 10]
    points = grouped_points(outcome, risk)
    assert [predicted for predicted, _ in points] == pytest.approx([0.045, 0.145, 0.245, 0.345])
    assert [observed.value for _, observed in points] == [0.5] * 4


def test_calibration_points_weigh_by_the_weights():
    risk, outcome = np.repeat([0.1, 0.3], 10), np.tile([0.0, 1.0], 10)
    weight = np.where(outcome == 1, 3.0, 1.0)
    (_, first), (_, second) = grouped_points(outcome, risk, weight)
    assert (first.value, second.value) == (0.75, 0.75)  # 15 of 20


def test_too_few_events_have_no_point():
    assert grouped_points(np.array([1.0] * 4 + [0.0] * 30), np.arange(34) / 100) == []


def test_no_calibration_curve_is_drawn_where_fewer_than_ten_patients_lie_beyond():
    rng = np.random.default_rng(3)
    risk = np.sort(rng.uniform(0.02, 0.6, 120))
    outcome = (rng.random(120) < risk).astype(float)
    axes = calibration_figure(outcome, risk).axes[0]
    curve = next(line for line in axes.lines if "smooth curve" in str(line.get_label()))
    assert (risk <= curve.get_xdata()[0]).sum() >= 10
    assert (risk >= curve.get_xdata()[-1]).sum() >= 10


def test_all_counts_are_those_of_the_tables(validation):
    told = with_all_counts(validation)
    centres = validation.cohort.patients["centre"].set_axis(validation.cohort.patient_ids)
    centres = centres.loc[validation.data.features.index].to_numpy()
    for group in (*told.left_out, *told.subgroups["centre"]):
        rows = centres == group.name
        lost = np.isnan(validation.data.relapse[rows]).sum()
        assert (group.patients, group.lost) == (str(rows.sum()), str(lost))
        assert group.events == str(int(np.nansum(validation.data.relapse[rows])))
    for name, groups in told.subgroups.items():
        assert sum(int(group.patients) for group in groups) == 132, name


def test_a_disclosure_that_there_is_not_is_refused():
    with pytest.raises(RelapseModelError, match="disclosure 'some'; expected 'full'"):
        known_disclosure("some")


def test_only_criteria_that_decide_something_are_listed():
    def row(name, left, undecidable):
        return {"id": name, "text": name, "remaining": 9, "left": left, "undecidable": undecidable}

    rows = [row("", 0, 0), row("I1", 0, 0), row("I2", 3, 0), row("E1", 0, 4), row("E2", "<5", 1)]
    shown, undecided = deciding(rows)
    assert [one["id"] for one in shown] == ["I2", "E2"]
    assert undecided == ["E1"]
