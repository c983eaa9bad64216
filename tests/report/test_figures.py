from __future__ import annotations

import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from relapse_model import load_study, simulate_cohort, train
from relapse_model.errors import RelapseModelError
from relapse_model.report import figures, model_figures, style, survival_figure
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.net_benefit import NetBenefit, net_benefit

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


def test_kaplan_meier_figure_draws_each_group_and_its_numbers_at_risk():
    figure = survival_figure.kaplan_meier_figure([1, 2, 3, 8], [1, 0, 1, 0], ["a", "a", "b", "b"], horizon=6)
    main, table = figure.axes
    step = line(main, "a (n = 2)")
    assert step.get_xdata().tolist() == [0, 1, 2]
    assert step.get_ydata().tolist() == [1.0, 0.5, 0.5]
    assert line(main, "b (n = 2)").get_ydata().tolist() == [1.0, 0.5, 0.5]
    # Group a at weeks 0, 2, 4, 6, 8: both, the one who leaves at 2, nobody. Group b: both, both, one, one, one.
    counts = [text.get_text() for text in table.texts if text.get_text().isdigit()]
    assert counts == ["2", "1", "0", "0", "0", "2", "2", "1", "1", "1"]


def test_kaplan_meier_figure_without_events_stays_at_one():
    figure = survival_figure.kaplan_meier_figure([5.0, 6.0], [0, 0], start=4.0)
    assert line(figure.axes[0], "all patients (n = 2)").get_ydata().tolist() == [1.0, 1.0]
    assert figure.axes[0].get_xlim()[0] == 4.0


def test_calibration_below_100_relapses_is_called_indicative_and_shows_the_estimates():
    relapse, risk, weight = cohort(130)
    assert np.nansum(relapse) < 100
    figure = figures.calibration_figure(relapse, risk, weight)
    shown = words(figure)
    assert f"{int(np.nansum(relapse))} relapses (under 100): only indicative" in shown
    assert f"Calibration slope: {figures.calibration_slope(relapse, risk, weight)}" in shown
    assert f"Calibration in the large: {figures.calibration_intercept(relapse, risk, weight)}" in shown


def test_calibration_with_enough_relapses_draws_the_curve_firmly():
    relapse, risk, _ = cohort(2000)
    known = ~np.isnan(relapse)
    figure = figures.calibration_figure(relapse[known], risk[known])
    assert "indicative" not in words(figure)
    curve = figures.calibration_curve(relapse[known], risk[known])
    np.testing.assert_array_equal(line(figure.axes[0], "smooth curve").get_ydata(), curve.observed)


def test_calibration_histogram_counts_the_known_patients():
    relapse, risk, weight = cohort(200)
    bars = figures.calibration_figure(relapse, risk, weight).axes[1].patches
    heights = np.array([bar.get_height() for bar in bars])
    assert heights[heights > 0].sum() == np.nansum(relapse == 1)
    assert heights[heights < 0].sum() == -np.nansum(relapse == 0)


def test_calibration_shows_the_estimates_it_is_given():
    relapse, risk, weight = cohort(130)
    given = Estimate(0.5, 0.25, 0.75, 0.95, "mean over repeats")
    assert "Calibration slope: 0.50 (0.25 to 0.75)" in words(
        figures.calibration_figure(relapse, risk, weight, slope=given)
    )


def test_calibration_of_one_risk_for_all_says_what_cannot_be():
    shown = words(figures.calibration_figure([0, 1, 0, 0], [0.25] * 4))
    assert "1 relapses: no smooth curve can be drawn" in shown
    assert "Calibration slope: cannot be estimated" in shown


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


def test_risk_figure_shows_every_patient_once_and_the_lost_apart():
    relapse, risk, _ = cohort(90)
    axes = figures.risk_figure(relapse, risk).axes[0]
    dots = [one.get_offsets() for one in axes.collections if isinstance(one, PathCollection)]
    assert [len(one) for one in dots] == [(relapse == 1).sum(), (relapse == 0).sum(), np.isnan(relapse).sum()]
    np.testing.assert_allclose(np.sort(dots[2][:, 1]), np.sort(100 * risk[np.isnan(relapse)]))
    assert axes.get_xticklabels()[2].get_text() == "lost\n(n = 9)"


def test_risk_figure_has_no_group_for_nobody():
    axes = figures.risk_figure([0, 1, 0], [0.1, 0.3, 0.2]).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["relapse\n(n = 1)", "free of relapse\n(n = 2)"]


def test_coefficients_are_odds_ratios_per_the_step_of_the_study(model):
    rows = model_figures.coefficient_table(model)
    assert rows[0]["label"] == "Anti-HBs"
    assert rows[0]["step"] == "per tenfold"
    # The study's prior: log odds -0.80 (0.41) per log10.
    assert rows[0]["prior"][0] == pytest.approx(np.exp(-0.80))
    assert rows[0]["prior"][1] == pytest.approx(np.exp(-0.80 - 1.6449 * 0.41), rel=1e-4)
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
    figure = figures.risk_figure([0, 1, 0], [0.1, 0.3, 0.2])
    assert style.png(figure, 50).startswith(b"\x89PNG")
    assert style.png(figure, 50) == style.png(figure, 50)


def test_figures_leave_the_settings_of_matplotlib_alone():
    before = dict(matplotlib.rcParams)
    style.png(figures.risk_figure([0, 1, 0], [0.1, 0.3, 0.2]), 50)
    assert dict(matplotlib.rcParams) == before
