from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import RelapseModelError
from relapse_model.measurements import Measurements
from relapse_model.report import report_figures
from relapse_model.report.dependence_figure import by_importance, dependence_figure
from relapse_model.report.figures import calibration_figure
from relapse_model.report.forest_figure import forest_figure, shown_groups
from relapse_model.report.report_figures import arm_labels, cohort_figures, explained, mean_net_benefit
from relapse_model.report.stability_figure import stability_figure
from relapse_model.report.ticks import log_ticks, week_ticks
from relapse_model.report.trajectory_figure import MOST_LINES, trajectory_figure
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.stability import CalibrationInstability, Stability, stability
from relapse_model.validation.subgroups import Subgroup


def words(figure):
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def group(name, hidden="", auc=(0.7, 0.5, 0.9), ratio=(1.2, 0.6, 2.4)):
    measures = {} if hidden else {"auc": Estimate(*auc, 0.95, "t"), "observed_expected": Estimate(*ratio, 0.95, "t")}
    return Subgroup(name, "40", "8", "5", hidden, measures, {})


def test_stability_figure_draws_each_patients_band():
    found = stability([0.1, 0.3], [[0.1, 0.2], [0.2, 0.4]], [])
    figure = stability_figure([0.1, 0.3], found)
    bands, dots = figure.axes[0].collections
    ends = [(x, low, high) for (x, low), (_, high) in bands.get_segments()]
    # Of two bootstrap risks, 2.5 and 97.5 % lie 0.025 of the way from each.
    np.testing.assert_allclose(ends, [(10, 10.25, 19.75), (30, 20.5, 39.5)])
    np.testing.assert_allclose(dots.get_offsets(), [(10, 10), (30, 30)])
    assert "2 bootstrap models; mean difference 7.5 points" in words(figure)  # means of 0 and 10, and of 10 and 10


def test_stability_figure_counts_only_the_models_there_are():
    found = Stability(*[np.array([0.1])] * 3, np.array([]), np.empty((1, 0)), resamples=50, failed=8)
    assert "42 bootstrap models" in words(stability_figure([0.1], found))


def test_calibration_figure_draws_the_curves_of_bootstrap_models_behind():
    rng = np.random.default_rng(0)
    risk = rng.beta(2, 6, 400)
    relapse = (rng.random(400) < risk).astype(float)
    grid = np.array([0.1, 0.2])
    drawn = CalibrationInstability(grid, np.array([[0.1, 0.3], [0.2, np.nan]]), 2, {})
    figure = calibration_figure(relapse, risk, instability=drawn)
    pale = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2 and line.get_alpha() == 0.25]
    assert [line.get_ydata()[0] for line in pale] == [0.1, 0.2]
    assert "bootstrap models" in words(figure)
    assert "bootstrap models" not in words(calibration_figure(relapse, risk))


def test_forest_draws_groups_with_figures_only():
    groups = (group("north"), group("south", hidden="fewer than 20 patients"), group("east", auc=(0.6, 0.4, 0.8)))
    assert [one.name for one in shown_groups(groups)] == ["north", "east"]
    figure = forest_figure(groups)
    said = words(figure)
    assert "north: 40 patients, 8 events" in said
    assert "south" not in said
    assert "0.60 (0.40 to 0.80)" in said
    first = [line for line in figure.axes[0].lines if line.get_marker() == "s"]
    assert [line.get_xdata()[0] for line in first] == [0.7, 0.6]


def test_forest_says_what_cannot_be_estimated_and_cuts_endless_limits():
    endless = group("west", ratio=(1.0, 0.0, 1e9))
    without = replace(group("north"), measures={"auc": Estimate(0.7, 0.5, 0.9, 0.95, "t")})
    figure = forest_figure((endless, without))
    assert "not estimable" in words(figure)
    bar = next(line for line in figure.axes[1].lines if len(line.get_xdata()) == 2 and line.get_ydata()[0] == 0.2)
    assert list(bar.get_xdata()) == [0.05, 20.0]


def results(patient, week, value):
    value = np.array(value, dtype=float)
    return Measurements(np.array(patient), np.array(week, dtype=float), value, value, value)


@pytest.fixture(scope="module")
def analyte():
    return rm.load_study("hbsag-relapse").analytes["anti_hbs"]


def test_trajectories_are_one_line_for_each_patient_in_the_colour_of_the_outcome(analyte):
    rows = results([0, 0, 1, 1, 2, -1, -1], [0, 8, 0, 8, 0, 0, 8], [10, 100, 50, 40, 30, 99, 99])
    figure = trajectory_figure(rows, np.array([1.0, 0.0, np.nan]), analyte, landmark=0, horizon=48, threshold=20)
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) and line.get_linewidth() == 0.7]
    drawn = {tuple(line.get_ydata()): line.get_color() for line in lines}
    assert set(drawn) == {(10, 100), (50, 40), (30,)}  # the last patient is not among those at risk
    assert len(set(drawn.values())) == 3
    assert {"relapse (n = 1)", "free (n = 1)", "lost (n = 1)"} <= set(words(figure).split("\n"))
    assert figure.axes[0].get_yscale() == "log"


def test_trajectories_of_many_patients_are_those_of_some(analyte):
    patients = np.arange(3 * MOST_LINES)
    rows = results(patients, np.zeros(len(patients)), np.full(len(patients), 10.0))
    figure = trajectory_figure(rows, np.zeros(len(patients)), analyte, landmark=0, horizon=48)
    assert f"free (n = {MOST_LINES})" in words(figure)


def test_trajectories_begin_a_year_before_the_landmark(analyte):
    rows = results([0, 0], [-60, -50], [10, 20])
    figure = trajectory_figure(rows, np.array([0.0]), analyte, landmark=0, horizon=48)
    assert [line.get_xdata().tolist() for line in figure.axes[0].lines if line.get_linewidth() == 0.7] == [[-50.0]]


def test_analyte_on_a_linear_scale_has_a_linear_axis(analyte):
    figure = trajectory_figure(
        results([0, 0], [0, 4], [0, 2]), np.array([1.0]), replace(analyte, scale="linear"), landmark=0, horizon=48
    )
    assert figure.axes[0].get_yscale() == "linear"


class Explained:
    """As much of shap.Explanation as the figure reads."""

    def __init__(self, values, data, names):
        self.values, self.data, self.feature_names = np.array(values), np.array(data, dtype=object), names


def test_dependence_is_drawn_in_clinical_units_on_a_log_axis_for_titres():
    predictor = rm.load_study("hbsag-relapse").predictor("anti_hbs")
    values = [[0.5], [-0.2], [0.1]] + [[0.0]] * 2
    figure = dependence_figure(
        Explained(values, [[10], [1000], [np.nan], [20], [30]], ["Anti-HBs (mIU/mL)"]), 0, predictor
    )
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    places = np.asarray(axes.collections[0].get_offsets().filled(np.nan))
    np.testing.assert_allclose(places[:2], [(10, 0.5), (1000, -0.2)])
    assert "<5 missing, not shown" in axes.get_title(loc="left")  # one patient: the count itself is not told


def test_dependence_on_a_yes_or_no_has_its_two_words():
    predictor = rm.load_study("hbsag-relapse").predictor("hbig_arm")
    figure = dependence_figure(Explained([[0.1], [0.2], [0.1]], [[1.0], [0.0], [1.0]], ["HBIG arm"]), 0, predictor)
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["no", "yes"]
    assert np.round(figure.axes[0].collections[0].get_offsets()[:, 0]).tolist() == [1, 0, 1]


def test_dependence_on_levels_keeps_the_studys_order_and_shows_the_missing():
    predictor = replace(rm.load_study("hbsag-relapse").predictor("hbig_arm"), levels=("c", "b"), equals=None)
    figure = dependence_figure(Explained([[0.1], [0.2], [0.3]], [["b"], ["c"], [None]], ["Level"]), 0, predictor)
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["c", "b", "missing"]
    assert figure.axes[0].collections[0].get_offsets()[:, 0].tolist() == [1, 0, 2]


def test_predictors_come_by_importance_and_idle_ones_not_at_all():
    assert by_importance(Explained([[0.1, 0.0, -2], [0.3, 0.0, 1]], np.zeros((2, 3)), ["a", "b", "c"])) == [2, 0]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(1.0, 9.0, [1, 2, 5]), (0.02, 30.0, [0.1, 1, 10]), (1e-3, 1e9, [1e-3, 1e-1, 1e1, 1e3, 1e5, 1e7, 1e9])],
)
def test_log_ticks(low, high, ticks):
    np.testing.assert_allclose(log_ticks(low, high), ticks)


def test_week_ticks_are_round_weeks_wherever_the_axis_begins():
    assert week_ticks(-52.0, 50.0).tolist() == [-48, -24, 0, 24, 48]


def test_patients_whose_folds_failed_have_no_dot(validation):
    risks = validation.risks.copy()
    risks[:, :10] = np.nan
    figure = report_figures._performance_figures(replace(validation, risks=risks))["risks"]
    assert sum(len(one.get_offsets()) for one in figure.axes[0].collections) == len(validation.data) - 10


def test_at_most_300_patients_are_explained(validation, monkeypatch):
    monkeypatch.setattr(report_figures, "MOST_EXPLAINED", 7)
    first, second = explained(validation), explained(validation)
    assert first.values.shape == (7, len(validation.study.predictors))
    assert (first.values == second.values).all()


def test_mean_net_benefit_of_repeats_that_agree_is_that_of_each(validation):
    twice = replace(validation, risks=np.vstack([validation.risks, validation.risks]))
    one, two = (mean_net_benefit(given) for given in (validation, twice))
    np.testing.assert_allclose(one.model, two.model)
    assert one.thresholds[[0, -1]].tolist() == [0.05, 0.3]


def test_a_study_without_analytes_has_no_trajectories(validation):
    study = validation.study
    bare = replace(
        study, outcome=replace(study.outcome, analyte=None), predictors=tuple(p for p in study.predictors if p.column)
    )
    bare = replace(bare, predictors=tuple(replace(p, analyte=None) for p in bare.predictors))
    assert set(cohort_figures(validation.cohort, validation.data, bare)) == {"kaplan_meier"}


def test_arm_is_that_of_the_study_unless_given(validation):
    found = arm_labels(validation.data, validation.study)
    expected = np.where(validation.data.features["hbig_arm"] == 1, "HBIG arm: yes", "HBIG arm: no")
    assert found.tolist() == expected.tolist()


def test_arm_reaches_the_figure(validation):
    arm = arm_labels(validation.data, validation.study, ["x"] * 30 + ["y"] * 102)
    figure = cohort_figures(validation.cohort, validation.data, validation.study, arm)["kaplan_meier"]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["x (n = 30)", "y (n = 102)"]


def test_arm_given_by_patient_is_put_in_order(validation):
    arm = pd.Series(["x"] * 30 + ["y"] * 101 + [None], index=validation.data.features.index)
    shuffled = arm.sample(frac=1, random_state=0)
    found = arm_labels(validation.data, validation.study, shuffled)
    assert found.tolist() == ["x"] * 30 + ["y"] * 101 + ["arm not known"]


def test_arm_of_another_length_is_refused(validation):
    with pytest.raises(RelapseModelError, match="arm has 2 entries; expected 132"):
        arm_labels(validation.data, validation.study, ["x", "y"])


def test_study_without_an_arm_has_none(validation):
    others = tuple(p for p in validation.study.predictors if p.column != "arm")
    assert arm_labels(validation.data, replace(validation.study, predictors=others)) is None
