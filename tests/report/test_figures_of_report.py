from __future__ import annotations

import re
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.measurements import Measurements
from relapse_model.errors import RelapseModelError
from relapse_model.report import figures_of_report as report_figures
from relapse_model.report.arms import arm_labels
from relapse_model.report.figures.dependence import by_importance, dependence_figure, dependence_panels
from relapse_model.report.figures.forest import forest_figure, shown_groups
from relapse_model.report.figures.shap_groups import shap_groups_figure
from relapse_model.report.figures.stability import stability_figure
from relapse_model.report.figures.ticks import log_ticks, week_ticks
from relapse_model.report.figures.trajectory import trajectory_figure
from relapse_model.report.figures.validation import calibration_figure
from relapse_model.report.figures.weeks_read import reading_of
from relapse_model.report.figures_of_report import (
    captions,
    cohort_figures,
    explained,
    mean_net_benefit,
    net_benefit_words,
)
from relapse_model.report.translation import translation
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.model_stability import CalibrationInstability, Stability, stability
from relapse_model.validation.subgroups import Subgroup


def words(figure):
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def group(name, hidden="", auc=(0.7, 0.5, 0.9), ratio=(1.2, 0.6, 2.4)):
    measures = {} if hidden else {"auc": Estimate(*auc, 0.95, "t"), "observed_expected": Estimate(*ratio, 0.95, "t")}
    return Subgroup(name, "40", "8", "5", hidden, measures, {})


def test_stability_figure_draws_the_mean_band_of_groups_of_five_or_more():
    # Two bootstrap models: 5 and 15 points above in the first six patients, 10 below and 0 above in the other five.
    risk = np.array([0.10, 0.30, 0.12, 0.32, 0.14, 0.34, 0.16, 0.36, 0.18, 0.38, 0.20])
    low, high = np.where(risk < 0.25, 0.05, -0.10), np.where(risk < 0.25, 0.15, 0.0)
    figure = stability_figure(risk, stability(risk, [risk + low, risk + high], []))
    bands, dots = figure.axes[0].collections
    np.testing.assert_allclose(dots.get_offsets(), [(14, 14), (95 / 3, 95 / 3)])  # 10 to 18; 20, 30 to 38
    ends = [(x, lower, upper) for (x, lower), (_, upper) in bands.get_segments()]
    # Of two bootstrap risks, 2.5 and 97.5 % lie 0.025 of the way from each: 19.25 to 28.75. Of the second group one
    # patient has 25.25 to 34.75, and five, of mean 34, have 24.25 to 33.75.
    both = (95 / 3, (25.25 + 5 * 24.25) / 6, (34.75 + 5 * 33.75) / 6)
    np.testing.assert_allclose(ends, [(14, 19.25, 28.75), both])


def test_stability_figure_has_no_mark_for_fewer_than_five():
    found = stability([0.1, 0.3], [[0.1, 0.2], [0.2, 0.4]], [])
    figure = stability_figure([0.1, 0.3], found)
    assert [len(one.get_offsets()) for one in figure.axes[0].collections[1:]] == [0]
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


def drawn_line(figure, name):
    return next((line for line in figure.axes[0].lines if line.get_label() == name), None)


def test_trajectories_are_medians_of_ten_or_more_by_period(analyte):
    # Eleven who relapse: 10, 20, ... 110 at week 0, the same tenfold in week 13, which is of the period around week 12.
    # Nine who are free: too few. The last patients are not among those at risk.
    who = np.arange(11)
    rows = results(
        [*who, *who, *range(11, 20), -1, -1],
        [0.0] * 11 + [13.0] * 11 + [0.0] * 9 + [0.0, 13.0],
        [*(10 * (who + 1)), *(100 * (who + 1)), *[7.0] * 9, 3.0, 3.0],
    )
    relapse = np.concatenate([np.ones(11), np.zeros(9)])
    figure = trajectory_figure(rows, relapse, analyte, landmark=0, horizon=48, threshold=20)
    line = drawn_line(figure, "outcome")
    assert line.get_xdata().tolist() == [0, 12]
    assert line.get_ydata().tolist() == [60, 600]  # the sixth of eleven
    assert drawn_line(figure, "free") is None
    assert figure.axes[0].get_yscale() == "log"
    assert "median and quartiles by 12 weeks" in words(figure)


def test_a_patient_counts_once_in_a_period_and_values_have_two_figures(analyte):
    # Patient 0 has 1 and 100 in one period, the geometric mean 10; the ten others have 123.
    rows = results([0, 0, *range(1, 11)], [0.0, 1.0] + [0.0] * 10, [1, 100, *[123.0] * 10])
    figure = trajectory_figure(rows, np.zeros(11), analyte, landmark=0, horizon=48)
    assert drawn_line(figure, "free").get_ydata().tolist() == [120]
    few = trajectory_figure(rows.rows(rows.patient > 1), np.zeros(11), analyte, landmark=0, horizon=48)
    assert drawn_line(few, "free") is None  # nine patients


def test_a_period_of_too_few_is_a_gap(analyte):
    weeks = [0.0] * 10 + [12.0] * 9 + [24.0] * 10
    rows = results([*range(10), *range(9), *range(10)], weeks, [50.0] * 29)
    line = drawn_line(trajectory_figure(rows, np.zeros(10), analyte, landmark=0, horizon=48), "free")
    np.testing.assert_array_equal(line.get_ydata(), [50, np.nan, 50])


def test_trajectories_begin_a_year_before_the_landmark(analyte):
    rows = results([*range(10), *range(10)], [-60.0] * 10 + [-50.0] * 10, [10.0] * 10 + [20.0] * 10)
    line = drawn_line(trajectory_figure(rows, np.zeros(10), analyte, landmark=0, horizon=48), "free")
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([-48.0], [20.0])


def test_analyte_on_a_linear_scale_has_a_linear_axis(analyte):
    rows = results(range(10), [0.0] * 10, np.arange(10))
    figure = trajectory_figure(rows, np.ones(10), replace(analyte, scale="linear"), landmark=0, horizon=48)
    assert figure.axes[0].get_yscale() == "linear"
    assert drawn_line(figure, "outcome").get_ydata().tolist() == [4.5]


def test_lines_on_the_same_values_are_all_seen(analyte):
    # Ten lost, ten free and ten with the outcome, all at 5 in weeks 0 and 12: each line is wider than the one over it.
    who = np.arange(30)
    rows = results([*who, *who], [0.0] * 30 + [12.0] * 30, [5.0] * 60)
    relapse = np.repeat([np.nan, 0.0, 1.0], 10)
    figure = trajectory_figure(rows, relapse, analyte, landmark=0, horizon=48)
    lost, free, outcome = (drawn_line(figure, name) for name in ("lost", "free", "outcome"))
    assert lost.get_linewidth() > free.get_linewidth() > outcome.get_linewidth()
    assert lost.get_markersize() > free.get_markersize() > outcome.get_markersize()
    assert lost.get_zorder() < free.get_zorder() < outcome.get_zorder()
    none_lost = trajectory_figure(rows.rows(rows.patient >= 10), relapse, analyte, landmark=0, horizon=48)
    assert {text.get_text() for text in none_lost.legends[0].get_texts()} == {"free", "outcome"}


def test_captions_say_where_a_result_below_the_limit_is_drawn():
    study = rm.load_study("hbsag-relapse")
    half = "are drawn at half of it, those above the upper limit at that limit."
    told = captions(study)
    assert told["trajectory"].endswith(half)
    assert told["trajectory_predictor"].endswith(half)
    at_limit = {name: replace(one, below_limit="limit") for name, one in study.analytes.items()}
    told = captions(replace(study, analytes=at_limit))
    assert told["trajectory"].endswith("are drawn at this limit.")
    logarithms = {name: replace(one, negative=True, unit="log10 IU/mL") for name, one in study.analytes.items()}
    assert captions(replace(study, analytes=logarithms))["trajectory"].endswith(half)  # half of the amount


@pytest.mark.parametrize(
    ("code", "reason", "chinese"),
    [
        ("error", "a check found an error", "检查发现错误"),
        ("refused", "cannot be judged", "无法"),
        ("worse", "did worse than no model", "比不用模型更差"),
        ("not_shown", "not shown to rank patients", "优于随机"),
        ("between_arms", "comes from the arms", "来自组别"),
        ("between_centres", "comes from the centres", "来自中心"),
        ("ranks", "not shown to be accurate", "未能证明其风险值准确"),
        ("yes_few", "would have been better", "更有益"),
        ("yes", "would have been better", "更有益"),
    ],
)
def test_beneath_the_decision_curve_stands_the_reason_of_the_answer(code, reason, chinese):
    """Risks that are accurate between the arms alone are not called inaccurate, which the first screen denies."""
    study = rm.load_study("hbsag-relapse")
    told = captions(study, code=code)["decision_curve"]
    assert told.endswith(net_benefit_words(code))
    assert reason in told
    assert chinese in translation(study, "zh")(net_benefit_words(code))
    assert ("not shown to be accurate" in told) == (code == "ranks")
    assert "above both others" not in captions(study)["decision_curve"]  # without an answer nothing is said


def test_results_of_a_handful_are_not_drawn(analyte):
    figure = trajectory_figure(results([0], [0], [9.0]), np.zeros(1), analyte, landmark=0, horizon=48)
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "."]


class Explained:
    """As much of shap.Explanation as the figure reads."""

    def __init__(self, values, data, names):
        self.values, self.data, self.feature_names = np.array(values), np.array(data, dtype=object), names


def test_dependence_is_drawn_in_clinical_units_on_a_log_axis_for_titres():
    predictor = rm.load_study("hbsag-relapse").predictor("anti_hbs")
    # Groups of five: 10 to 1000 with effects of mean 0.3 and SD 0.1; 2000 to 32000, of which the middle is 8000.
    titres = [10, 100, 100, 100, 1000, 2000, 4000, 8000, 16000, 32000, np.nan]
    effects = [0.2, 0.4, 0.2, 0.4, 0.3, -0.5, -0.5, -0.5, -0.5, -0.5, 0.0]
    explained = Explained([[one] for one in effects], [[one] for one in titres], ["Anti-HBs (mIU/mL)"])
    axes = dependence_figure(explained, 0, predictor).axes[0]
    assert axes.get_xscale() == "log"
    (container,) = axes.containers
    np.testing.assert_allclose(container.lines[0].get_xydata(), [(100, 0.3), (8000, -0.5)])
    (segments,) = (bars.get_segments() for bars in container.lines[2])
    np.testing.assert_allclose(np.ptp(segments[0][:, 1]), 2 * np.sqrt(0.04 / 5))
    assert "<5 missing, not shown" in axes.get_title(loc="left")  # one patient: the count itself is hidden


def test_dependence_on_a_yes_or_no_has_its_two_words_and_no_mark_for_fewer_than_five():
    predictor = rm.load_study("hbsag-relapse").predictor("hbig_arm")
    values = [[1.0]] * 5 + [[0.0]] * 4
    axes = dependence_figure(Explained([[0.1]] * 9, values, ["HBIG arm"]), 0, predictor).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["no", "yes"]
    np.testing.assert_allclose(axes.containers[0].lines[0].get_xydata(), [(1, 0.1)])


def test_dependence_on_levels_keeps_the_studys_order_and_shows_the_missing():
    predictor = replace(rm.load_study("hbsag-relapse").predictor("hbig_arm"), levels=("c", "b"), equals=None)
    values = [["b"]] * 5 + [["c"]] * 6 + [[None]] * 5
    effects = [[0.1]] * 5 + [[0.2]] * 6 + [[0.3]] * 5
    axes = dependence_figure(Explained(effects, values, ["Level"]), 0, predictor).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["c", "b", "missing"]
    np.testing.assert_allclose(axes.containers[0].lines[0].get_xydata(), [(0, 0.2), (1, 0.1), (2, 0.3)])


def test_what_drives_the_risks_is_drawn_by_thirds_and_levels_of_five_or_more():
    study = rm.load_study("hbsag-relapse")
    age, arm = study.predictor("age"), study.predictor("hbig_arm")
    data = np.column_stack([np.arange(15.0) + 20, [1.0] * 11 + [0.0] * 4])
    values = np.column_stack([np.repeat([-1.0, 0.5, 3.0], 5), np.full(15, 0.25)])
    figure = shap_groups_figure(Explained(values, data, ["Age (years)", "HBIG arm"]), (age, arm))
    places = [tuple(one.lines[0].get_xdata()) for one in figure.axes[0].containers]
    assert places == [(-1.0,), (0.5,), (3.0,), (0.25,)]  # of those without HBIG there are four
    colours = [one.lines[0].get_color() for one in figure.axes[0].containers]
    assert len(set(colours[:3])) == 3
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["Age (years)", "HBIG arm"]


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


def test_patients_whose_folds_failed_are_not_drawn(validation):
    risks = validation.risks.copy()
    risks[:, :10] = np.nan
    figure = report_figures._performance_figures(replace(validation, risks=risks))["risks"]
    stated = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert sum(int(text.rpartition("n = ")[2].rstrip(")")) for text in stated) == len(validation.data) - 10


def test_titles_of_panels_are_wrapped_and_not_cut(validation):
    explanation = explained(validation)
    figure = dependence_panels(explanation, by_importance(explanation), validation.study.predictors)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert not [title for title in titles if "..." in title]
    labels = [one.label for one in validation.study.predictors]
    assert any("\n" in title and title.replace("\n", " ") in labels for title in titles)


def test_at_most_300_patients_are_explained(validation, monkeypatch):
    monkeypatch.setattr(report_figures, "MOST_EXPLAINED", 7)
    first, second = explained(validation), explained(validation)
    assert first.values.shape == (7, len(validation.study.predictors))
    assert (first.values == second.values).all()


def test_mean_net_benefit_of_repeats_that_agree_is_that_of_each(validation):
    twice = replace(validation, risks=np.vstack([validation.risks, validation.risks]))
    one, two = (mean_net_benefit(given) for given in (validation, twice))
    np.testing.assert_allclose(one.model, two.model)
    assert one.thresholds.tolist() == [place / 100 for place in range(5, 31)]
    data = validation.data
    relapse = np.where(data.relapse == 0, np.arange(132) % 4 > 0, data.relapse)
    often = replace(validation, data=replace(data, relapse=relapse))
    high = mean_net_benefit(often).thresholds  # 7 of 10 have it: the curve is drawn where its lines differ
    assert 0.3 < high[0] <= 0.5 < high[-1] < 1


@pytest.mark.parametrize(
    ("disclosure", "said"),
    [
        ("full", "The outcome has a date of its own: the curve steps at these dates."),
        ("small-counts", "tells no patient"),
    ],
)
def test_the_caption_of_the_curve_follows_the_kind_of_outcome(validation, disclosure, said):
    study = validation.study
    dated = replace(study, outcome=replace(study.outcome, analyte=None))
    of_a_column = replace(study, outcome=replace(study.outcome, analyte=None, column="died"))
    tested, own, column = (captions(one, disclosure)["kaplan_meier"] for one in (study, dated, of_a_column))
    assert "first positive test. Assessed at visits" in tested
    assert said in own
    assert "up to 4 weeks before the horizon" in own  # the window of the study
    assert "not when it came" in column
    assert "visits" not in own + column
    assert [reading_of(one, disclosure) for one in (study, dated, of_a_column)] == [
        "visits", "dates" if disclosure == "full" else "between", "visits",
    ]  # fmt: skip
    chinese = translation(study, "zh")
    for sentence in re.split(r"(?<=\.) ", " ".join((tested, own, column))):
        assert chinese(sentence) is not None, sentence


def test_a_study_without_analytes_has_no_trajectories(validation):
    study = validation.study
    bare = replace(
        study, outcome=replace(study.outcome, analyte=None), predictors=tuple(p for p in study.predictors if p.column)
    )
    bare = replace(bare, predictors=tuple(replace(p, analyte=None) for p in bare.predictors))
    assert set(cohort_figures(validation.cohort, validation.data, bare)) == {"kaplan_meier"}


def test_arm_is_that_of_the_study_unless_given(validation):
    found = arm_labels(validation.data, validation.study)
    expected = np.where(validation.data.features["hbig_arm"] == 1, "HBIG", "control")  # as the plan calls them
    assert found.tolist() == expected.tolist()
    found = arm_labels(validation.data, replace(validation.study, trial=None))
    assert set(found) == {"HBIG arm: yes", "HBIG arm: no"}


def test_arm_reaches_the_figure(validation):
    arm = arm_labels(validation.data, validation.study, ["x"] * 30 + ["y"] * 102)
    figure = cohort_figures(validation.cohort, validation.data, validation.study, arm)["kaplan_meier"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["x (n = 30)", "y (n = 102)"]


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


def test_arms_are_called_as_the_plan_of_the_trial_calls_them(validation):
    """The values of the tables are codes; an arm that the plan does not name keeps its own."""
    study = validation.study
    arms = ["hbig", "control", "third"] * (len(validation.data) // 3)
    assert set(arm_labels(validation.data, study, arms)) == {"HBIG", "control", "third"}
    named = replace(study, trial=replace(study.trial, arms=replace(study.trial.arms, labels=())))
    assert set(arm_labels(validation.data, named, arms)) == {"hbig", "control", "third"}
    unplanned = arm_labels(validation.data, replace(study, trial=None), arms)  # as the study calls its agents
    assert set(unplanned) == {"hepatitis B immunoglobulin", "control", "third"}
