from __future__ import annotations

import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from relapse_model import load_study, simulate_cohort, train
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.report.figures import model as model_figures
from relapse_model.report.figures import style
from relapse_model.report.figures import survival as survival_figure
from relapse_model.report.figures import validation as figures
from relapse_model.report.figures.risk_groups import risk_groups_figure
from relapse_model.validation.decision_curve import NetBenefit, net_benefit
from relapse_model.validation.estimate import Estimate

SHAP_IMPORT = pytest.mark.filterwarnings("ignore:The set_bad function:PendingDeprecationWarning")


@pytest.fixture(scope="module")
def model():
    return train(simulate_cohort(132, seed=7), load_study("hbsag-relapse"), candidates=("prior_logistic",))


def cohort(n, seed=0):
    """Risks, and outcomes that follow them; the last tenth is lost."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(2, 6, n)
    relapse = (rng.random(n) < risk).astype(float)
    weight = np.ones(n)
    relapse[-n // 10 :], weight[-n // 10 :] = np.nan, 0.0
    return relapse, risk, weight


def words(figure: Figure) -> str:
    with warnings.catch_warnings():  # this computer may have no font for Chinese; the pages' browsers have one
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def line(axes, label):
    return next(one for one in axes.lines if one.get_label() == label)


def test_kaplan_meier_by_hand():
    # 4 at risk at week 1: 3/4; one leaves at 2; 2 at risk at week 3: 3/4 * 1/2.
    times, free, lower, upper = survival_figure.kaplan_meier([1, 2, 3, 4], [1, 0, 1, 0])
    assert times.tolist() == [1, 3]
    assert free.tolist() == [0.75, 0.375]
    # Greenwood at week 1: 1 / (4 * 3); log-log limits 0.75 ** exp(+-1.96 * sqrt(1 / 12) / -ln 0.75), by hand.
    assert lower[0] == pytest.approx(0.128, abs=0.0005)
    assert upper[0] == pytest.approx(0.961, abs=0.0005)


def test_kaplan_meier_counts_those_who_leave_at_the_time_of_an_event():
    assert survival_figure.kaplan_meier([1, 1], [1, 0])[1].tolist() == [0.5]


def test_kaplan_meier_when_nobody_is_left_claims_no_certainty():
    _, free, lower, upper = survival_figure.kaplan_meier([1, 2], [1, 1])
    assert free.tolist() == [0.5, 0.0]
    assert lower[-1] == 0.0
    assert upper[-1] == upper[0] > 0


def test_kaplan_meier_without_events_is_empty():
    assert [len(column) for column in survival_figure.kaplan_meier([5, 6], [0, 0])] == [0, 0, 0, 0]


def test_kaplan_meier_figure_is_read_on_a_grid_and_ends_where_fewer_than_5_are_followed():
    # 8 patients of a: one relapse of 8 at week 1.5, one of 7 at 3; then 6 at risk at week 4, and 3 after week 5.
    a_time, a_event = [1.5, 3, 4, 5, 5, 9, 9, 9], [1, 1, 0, 0, 0, 0, 0, 0]
    b_time, b_event = [6.0] * 5 + [8.0] * 5, [0] * 10
    figure = survival_figure.kaplan_meier_figure(
        a_time + b_time + [7.0], a_event + b_event + [0], ["a"] * 8 + ["b"] * 10 + ["c"], horizon=6
    )
    main, table = figure.axes
    step = line(main, "a")  # its size is hidden: that of c could be worked out from it
    assert step.get_xdata().tolist() == [0, 1, 2, 3, 4, 5]  # at week 5 five are followed, at week 6 three
    np.testing.assert_allclose(step.get_ydata(), [1, 1, 7 / 8, 6 / 8, 6 / 8, 6 / 8])
    assert not [one for one in main.lines if one.get_marker() == "|"]  # a stroke would be the week of one patient
    assert len(line(main, "c (n < 5)").get_xdata()) == 0
    # Weeks 0, 2, 4, 6, 8, of a, of b, of c.
    counts = [text.get_text() for text in table.texts][1:]
    assert counts == [*["hidden"] * 5, "10", "10", "10", "10", "5", "<5", "<5", "<5", "<5", "0"]


def test_the_whole_row_of_a_hidden_group_is_not_told():
    # A 1, B 20, C 9: 9 at any later week would say that 30 - 20 - 9 = 1 are left for A.
    groups = ["A"] + ["B"] * 20 + ["C"] * 9
    figure = survival_figure.kaplan_meier_figure([30] + [48] * 29, [0] * 30, groups)
    cells = [text.get_text() for text in figure.axes[1].texts][1:]
    ticks = len(cells) // 3
    assert ticks > 2
    assert set(cells[:ticks]) == {"<5", "0"}
    assert set(cells[ticks : 2 * ticks]) == {"20"}
    assert set(cells[2 * ticks :]) == {"hidden"}
    assert "C" in [text.get_text() for text in figure.legends[0].get_texts()]  # without its number


@pytest.mark.parametrize(("week", "start"), [(0.0, 0.0), (0.5, 0.0), (12.0, 12.0), (3.0, 4.0)])
def test_kaplan_meier_figure_of_a_follow_up_that_ends_at_once_has_an_axis_all_the_same(week, start):
    figure = survival_figure.kaplan_meier_figure([week] * 10, [0] * 10, start=start)
    assert figure.axes[0].get_xlim() == pytest.approx((start, start + 1.02))


def test_a_dated_outcome_steps_at_its_dates_and_the_curve_reaches_a_horizon_between_two_readings():
    # 10 patients: outcomes in weeks 1.5 and 3; 8 followed to week 27. Readings are every 4 weeks; the horizon is 26.
    time, event = [1.5, 3.0] + [27.0] * 8, [1, 1] + [0] * 8
    drawn = {}
    for reading in ("visits", "dates", "between"):
        figure = survival_figure.kaplan_meier_figure(time, event, horizon=26, reading=reading)
        one = line(figure.axes[0], "all patients (n = 10)")
        drawn[reading] = one.get_xdata().tolist(), one.get_ydata().round(6).tolist(), one.get_drawstyle()
        counts = figure.axes[1].texts[1:]
        assert (counts[-1].get_position()[0], counts[-1].get_text()) == (26, "8")
    grid = [0, 4, 8, 12, 16, 20, 24, 26]
    assert drawn["visits"] == (grid, [1] + [0.8] * 7, "steps-post")
    assert drawn["dates"] == ([0, 1.5, 3, *grid[1:]], [1, 0.9, 0.8] + [0.8] * 7, "steps-post")
    assert drawn["between"] == (grid, [1] + [0.8] * 7, "default")  # no date is told, and no fall is put in week 4


def test_risk_groups_of_a_dated_outcome_step_at_its_dates_and_end_at_the_horizon():
    time, event = [1.5, 3.0] + [40.0] * 8, [1, 1] + [0] * 8
    group = ("all", range(10), 0.2, (0.2, 0.1, 0.4))
    figure = risk_groups_figure(time, event, [group], horizon=26, reading="dates")
    curve = line(figure.axes[0], "all (n = 10)")
    assert curve.get_xdata()[[0, 1, 2, -1]].tolist() == [0, 1.5, 2, 26]
    assert curve.get_ydata().round(6)[[0, 1, -1]].tolist() == [0, 10, 20]


def test_the_legend_of_curves_is_off_the_data():
    groups = ["Placebo"] * 9 + ["Xanomeline High Dose"] * 9 + ["Xanomeline Low Dose"] * 9
    figure = survival_figure.kaplan_meier_figure([*range(1, 10)] * 3, [1] * 27, groups)
    assert figure.axes[0].get_legend() is None
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(axes.get_window_extent()) for axes in figure.axes)


def test_kaplan_meier_figure_of_nobody_is_refused():
    with pytest.raises(InsufficientDataError, match="Kaplan-Meier figure: no patients; expected one at least"):
        survival_figure.kaplan_meier_figure([], [])


def test_kaplan_meier_figure_without_events_stays_at_one():
    figure = survival_figure.kaplan_meier_figure([5.0] * 5 + [6.0] * 5, [0] * 10, start=4.0)
    assert line(figure.axes[0], "all patients (n = 10)").get_ydata().tolist() == [1.0, 1.0, 1.0]
    assert figure.axes[0].get_xlim()[0] == 4.0


def test_calibration_axes_are_fitted_to_the_data_with_one_scale():
    # 240 patients with risks of 0.65 to 0.72, of whom about 7 of 10 have the outcome: from 0 on, all would be one dot.
    rng = np.random.default_rng(1)
    risk = rng.uniform(0.65, 0.72, 240)
    relapse = (rng.random(240) < risk).astype(float)
    main, below = figures.calibration_figure(relapse, risk).axes
    low, top = main.get_xlim()
    assert main.get_ylim() == (low, top) == below.get_xlim()
    assert top - low >= 0.3  # a narrower plot would make noise look large
    assert 0.3 <= low <= 0.6 < 0.8 <= top <= 1.0
    bars = [patch for patch in below.patches if patch.get_height()]
    ends = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in bars]
    assert 0.63 < min(start for start, _ in ends) < max(end for _, end in ends) < 0.75
    few, _ = figures.calibration_figure(*cohort(200)[:2]).axes  # risks from near 0 on
    assert few.get_xlim()[0] == 0


def test_no_interval_of_a_calibration_plot_is_cut_at_its_axes():
    # 5 of 20 at risk 0.1 and 10 of 20 at risk 0.3 have the outcome: Wilson's interval of 10 of 20 ends at 0.701.
    relapse = np.array([*[1.0] * 5, *[0.0] * 15, *[1.0] * 10, *[0.0] * 10])
    risk = np.repeat([0.1, 0.3], 20)
    assert [round(one.upper, 3) for _, one in figures.grouped_points(relapse, risk)][-1] == 0.701
    for found in ((relapse, risk), cohort(200)[:2], cohort(2000)[:2]):
        main = figures.calibration_figure(*found).axes[0]
        top = main.get_ylim()[1]
        assert main.get_xlim() == main.get_ylim()
        assert top <= 1.0
        ends = [path.vertices[:, 1].max() for one in main.collections for path in one.get_paths() if len(path.vertices)]
        assert ends
        assert max(ends) <= top
        points = figures.grouped_points(*(one[~np.isnan(found[0])] for one in found))
        assert max((one.upper for _, one in points), default=0.0) <= top


def test_legends_are_off_the_data_of_a_calibration_plot():
    figure = figures.calibration_figure(*cohort(200)[:2])
    assert [axes.get_legend() for axes in figure.axes] == [None, None]
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"perfect", "with the outcome", "without it"} <= set(shown)


def test_calibration_below_100_relapses_is_called_indicative_and_shows_the_estimates():
    relapse, risk, weight = cohort(130)
    assert np.nansum(relapse) < 100
    figure = figures.calibration_figure(relapse, risk, weight)
    shown = words(figure)
    assert f"{int(np.nansum(relapse))} events (under 100): only indicative" in shown
    assert f"Calibration slope: {figures.calibration_slope(relapse, risk, weight)}" in shown
    assert f"Calibration in the large: {figures.calibration_intercept(relapse, risk, weight)}" in shown


def test_calibration_with_enough_relapses_draws_the_curve_firmly():
    relapse, risk, _ = cohort(2000)
    known = ~np.isnan(relapse)
    figure = figures.calibration_figure(relapse[known], risk[known])
    assert "indicative" not in words(figure)
    curve = figures.calibration_curve(relapse[known], risk[known], points=2001)
    drawn = line(figure.axes[0], "smooth curve")
    np.testing.assert_allclose(drawn.get_ydata(), np.interp(drawn.get_xdata(), curve.risk, curve.observed), atol=1e-3)
    # Neither end is a patient's risk: steps of half a per cent, within the central 95 % of the risks.
    np.testing.assert_allclose(200 * drawn.get_xdata(), np.round(200 * drawn.get_xdata()), atol=1e-9)
    low, high = np.quantile(risk[known], [0.025, 0.975])
    assert low <= drawn.get_xdata()[0] < low + 0.005
    assert high - 0.005 < drawn.get_xdata()[-1] <= high


def test_calibration_histogram_counts_the_known_patients_five_or_more_to_a_bar():
    relapse, risk, weight = cohort(200)
    bars = figures.calibration_figure(relapse, risk, weight).axes[1].patches
    counts = np.array([bar.get_height() * bar.get_width() / 0.02 for bar in bars])  # heights are per 2 % of risk
    assert counts[counts > 0].sum() == pytest.approx(np.nansum(relapse == 1))
    assert counts[counts < 0].sum() == pytest.approx(-np.nansum(relapse == 0))
    assert np.abs(counts).min() > 5 - 1e-9


def test_calibration_shows_the_estimates_it_is_given():
    relapse, risk, weight = cohort(130)
    given = Estimate(0.5, 0.25, 0.75, 0.95, "mean over repeats")
    assert "Calibration slope: 0.50 (0.25 to 0.75)" in words(
        figures.calibration_figure(relapse, risk, weight, slope=given)
    )


def test_calibration_of_one_risk_for_all_says_what_cannot_be():
    shown = words(figures.calibration_figure([0, 1, 0, 0], [0.25] * 4))
    assert "1 events: no smooth curve can be drawn" in shown
    assert "Calibration slope: cannot be estimated" in shown


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_calibration_of_a_handful_has_no_curve(n):
    figure = figures.calibration_figure([1.0, *[0.0] * (n - 1)], np.linspace(0.1, 0.3, n))
    assert "no smooth curve can be drawn" in words(figure)


def test_calibration_without_a_known_outcome_is_refused_by_name():
    with pytest.raises(InsufficientDataError, match="no outcome is known of 30 patients"):
        figures.calibration_figure([np.nan] * 30, np.linspace(0.1, 0.4, 30), np.zeros(30))


def test_risks_of_0_have_an_axis_all_the_same():
    assert figures.risk_figure([0.0, 1.0] * 10, [0.0] * 20).axes[0].get_ylim() == (0.0, 5.0)


def test_decision_curve_draws_model_everybody_and_nobody():
    curve = net_benefit([1, 0, 0, 1], [0.4, 0.1, 0.2, 0.15], np.arange(5, 31) / 100)
    axes = figures.decision_curve_figure(curve).axes[0]
    np.testing.assert_array_equal(line(axes, "by the model").get_ydata(), curve.model)
    np.testing.assert_array_equal(line(axes, "everybody").get_ydata(), curve.treat_all)
    assert not line(axes, "nobody").get_ydata().any()
    np.testing.assert_allclose(axes.get_xlim(), (5, 30))


def test_decision_curve_of_one_threshold():
    one = np.array([0.2])
    figure = figures.decision_curve_figure(NetBenefit(one, one, one, one))
    assert line(figure.axes[0], "by the model").get_xdata().tolist() == [20.0]


def test_risk_figure_shows_bars_of_five_or_more_and_the_lost_apart():
    relapse, risk, _ = cohort(120)
    axes = figures.risk_figure(relapse, risk).axes[0]
    bars = [bar for bar in axes.patches if isinstance(bar, matplotlib.patches.Rectangle)]
    for place, rows in enumerate((relapse == 1, relapse == 0, np.isnan(relapse))):
        mine = [bar for bar in bars if round(bar.get_x() + bar.get_width() / 2) == place]
        counts = [
            ((100 * risk[rows] >= bar.get_y()) & (100 * risk[rows] < bar.get_y() + bar.get_height())).sum()
            for bar in mine
        ]
        assert sum(counts) == rows.sum()
        assert min(counts) >= 5
    assert axes.get_xticklabels()[2].get_text() == "lost\n(n = 12)"
    assert not [one for one in axes.collections if isinstance(one, PathCollection)]  # no dots


def test_the_boxes_are_rounded_to_half_a_per_cent():
    # Eleven risks of 10.3, 11.3, ... %: the median is the sixth, 15.3, the quartiles 12.8 and 17.8.
    risk = (10.3 + np.arange(11)) / 100
    axes = figures.risk_figure(np.zeros(11), risk).axes[0]
    levels = {float(level) for one in axes.lines for level in one.get_ydata()}
    assert {15.5, 13.0, 18.0} <= levels
    assert all((2 * level).is_integer() for level in levels)


def test_risk_figure_has_no_group_for_nobody_and_does_not_draw_a_handful():
    axes = figures.risk_figure([0, 1, 0, 0, 0, 0], [0.1, 0.3, 0.2, 0.1, 0.2, 0.3]).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "with the outcome\n(n < 5)",
        "without it\n(n = 5)",
    ]
    assert not axes.lines
    assert not axes.patches


def test_coefficients_are_odds_ratios_per_the_step_of_the_study(model):
    rows = model_figures.coefficient_table(model)
    assert rows[0]["label"] == "Anti-HBs"
    assert rows[0]["step"] == "per tenfold"
    # The study's prior: log odds -0.80 (0.41) per log10.
    assert rows[0]["prior"][0] == pytest.approx(np.exp(-0.80))
    assert rows[0]["prior"][1] == pytest.approx(np.exp(-0.80 - 1.95996 * 0.41), rel=1e-4)
    assert rows[0]["posterior"][0] == pytest.approx(np.exp(model.classifier.coef_mean_[0]))


def test_coefficients_figure_draws_prior_and_posterior(model):
    figure = model_figures.coefficients_figure(model)
    rows = model_figures.coefficient_table(model)
    drawn = [container.lines[0].get_xdata() for container in figure.axes[0].containers]
    np.testing.assert_allclose(drawn[0], [row["prior"][0] for row in rows])
    np.testing.assert_allclose(drawn[1], [row["posterior"][0] for row in rows])
    assert "HBIG arm, yes against no" in words(figure)


def test_coefficients_of_a_classifier_without_priors_are_refused(model):
    from dataclasses import replace

    with pytest.raises(RelapseModelError, match="expected 'prior_logistic'"):
        model_figures.coefficients_figure(replace(model, classifier=object(), classifier_name="ridge_logistic"))


@pytest.fixture
def explanation():
    import shap

    rng = np.random.default_rng(0)
    return shap.Explanation(
        values=rng.normal(size=(20, 3)),
        base_values=np.full(20, -1.0),
        data=rng.normal(size=(20, 3)),
        feature_names=["Anti-HBs (mIU/mL)", "costs $5 or $6", "年龄"],
        output_names="log-odds of relapse",
    )


@SHAP_IMPORT
def test_shap_summary_shows_every_patient_and_leaves_the_random_state_alone(explanation):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    figure = model_figures.shap_summary_figure(explanation)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    dots = [one.get_offsets() for one in figure.axes[0].collections if isinstance(one, PathCollection)]
    assert sum(len(one) for one in dots) == 60
    assert "Anti-HBs (mIU/mL)" in words(figure)
    assert style.svg(model_figures.shap_summary_figure(explanation)) == style.svg(figure)


@SHAP_IMPORT
def test_waterfall_shows_one_patient_and_leaves_no_figure_open(explanation):
    from matplotlib import pyplot

    figure = model_figures.waterfall_figure(explanation, 3)
    assert pyplot.get_fignums() == []
    ends = [text for text in words(figure).splitlines() if text.startswith("$ =")]
    total = explanation.values[3].sum() - 1
    assert any(f"{total:.3f}".rstrip("0").replace("-", "\u2212") in end for end in ends)
    assert "costs $5 or $6" in style.svg(figure)  # dollars are no formula


def test_svg_is_the_same_each_time_and_has_no_date():
    relapse, risk, weight = cohort(130)
    first, second = (style.svg(figures.calibration_figure(relapse, risk, weight)) for _ in range(2))
    assert first == second
    assert "dc:date" not in first
    assert "matplotlib.org" not in first


def test_svg_escapes_the_text_it_is_given():
    picture = style.svg(survival_figure.kaplan_meier_figure([1, 2, 3], [1, 0, 1], ["<script>", "<script>", "乙肝"]))
    assert "<script>" not in picture
    assert "&lt;script&gt;" in picture
    assert "乙肝" in picture


def test_png_is_a_picture_and_the_same_each_time():
    figure = figures.risk_figure([0, 1] * 10, np.arange(1, 21) / 40)
    assert style.png(figure, 50).startswith(b"\x89PNG")
    assert style.png(figure, 50) == style.png(figure, 50)


def test_figures_leave_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    style.png(figures.risk_figure([0, 1] * 10, np.arange(1, 21) / 40), 50)
    assert dict(matplotlib.rcParams) == before
