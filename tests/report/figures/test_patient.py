"""The figures of one patient: bars that add up, limits as arrows, own beside passive antibody, and no name."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.features.endogenous import derive_endogenous
from relapse_model.model.explanation.patient import explain_patient
from relapse_model.model.explanation.titre_course import titre_course
from relapse_model.report.figures.patient import patient_figure, patient_trajectory_figure
from relapse_model.report.figures.style import RELAPSE, png, svg


def words(figure):
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def lines(figure, label):
    return [one for one in figure.axes[0].lines if one.get_label() == label]


@pytest.fixture(scope="module")
def explanation(model, new_patients):
    return explain_patient(model, new_patients, "P0009")


@pytest.fixture(scope="module")
def treated():
    """Two patients: X0 with titres below, in and above the limits of the assay and two doses, X1 with neither dose."""
    patients = pd.DataFrame({
        "patient_id": ["X0", "X1"], "arm": ["hbig", "control"], "sex": ["M", "F"], "age_years": [40, 50],
        "hbsag_before_treatment_iu_ml": ["120", "80"], "consolidation_weeks": [10, 12], "prior_nuc": [0, 1],
    })  # fmt: skip
    titres = {
        "X0": [(0.0, "<10"), (4.0, "45"), (8.0, ">1000"), (12.0, "38"), (16.0, "30")],
        "X1": [(0.0, "150"), (12.0, "140")],
    }
    labs = pd.DataFrame(
        [
            {"patient_id": patient, "week": week, "analyte": "anti_hbs", "value": value, "unit": "mIU/mL"}
            for patient, results in titres.items()
            for week, value in results
        ]
    )
    doses = pd.DataFrame({
        "patient_id": ["X0", "X0"], "agent": "hbig", "start_week": [0.0, 6.0], "dose": [400.0, 400.0], "unit": "IU",
    })  # fmt: skip
    return rm.make_cohort(patients, labs, doses)


def test_bars_run_from_each_step_to_the_next(explanation):
    figure = patient_figure(explanation)
    steps = np.log(explanation.steps()) - np.log1p(-np.array(explanation.steps()))
    bars = figure.axes[0].patches
    assert len(bars) == len(explanation.inputs)
    for bar, one, before in zip(bars, explanation.inputs, steps, strict=False):
        assert bar.get_x() == pytest.approx(before)
        assert bar.get_width() == pytest.approx(one.contribution)
        assert (matplotlib.colors.to_hex(bar.get_facecolor()) == RELAPSE) == (one.contribution > 0)


def test_values_units_and_references_stand_at_the_bars(explanation):
    text = words(patient_figure(explanation))
    first = explanation.inputs[0]
    assert f"{first.label}: {first.shown} {first.unit} (reference" in text
    assert f"This patient: {100 * explanation.risk:.1f} %" in text
    assert "Male sex: yes (reference 67 % yes)" in text
    assert text.count("raises, to") + text.count("lowers, to") + text.count("hardly any") == len(explanation.inputs)


def test_a_long_label_is_cut_and_a_dollar_is_no_formula(explanation):
    longest = replace(explanation.inputs[0], label="Costs $5 or $6 " + "and more " * 20)
    text = svg(patient_figure(replace(explanation, inputs=(longest, *explanation.inputs[1:]))))
    assert "Costs $5 or $6" in text
    assert "and more " * 10 not in text


def test_no_figure_says_whose_it_is(explanation, model, new_patients):
    for figure in (patient_figure(explanation), patient_trajectory_figure(model, new_patients, "P0009")):
        assert "P0009" not in svg(figure)


def test_a_figure_is_the_same_each_time(explanation):
    first, second = (svg(patient_figure(explanation)) for _ in range(2))
    assert first == second
    assert png(patient_figure(explanation), 50).startswith(b"\x89PNG")


def test_limits_are_arrows_at_the_limit_and_results_dots(model, treated):
    figure = patient_trajectory_figure(model, treated, "X0")
    (measured,), (below,), (above,) = (
        lines(figure, label) for label in ("measured", "below the limit", "above the limit")
    )
    assert (below.get_marker(), below.get_xydata().tolist()) == ("v", [[0.0, 10.0]])
    assert (above.get_marker(), above.get_xydata().tolist()) == ("^", [[8.0, 1000.0]])
    assert measured.get_xydata().tolist() == [[4.0, 45.0], [12.0, 38.0], [16.0, 30.0]]
    assert figure.axes[0].get_yscale() == "log"


def test_no_mark_of_a_titre_lies_under_another_or_under_a_word(model, treated):
    """The own antibody stands beside the titre of its week, also at the limit; the word stands above the axes."""
    figure = patient_trajectory_figure(model, treated, "X0")
    figure.canvas.draw()
    axes = figure.axes[0]
    (own,) = [one for one in axes.lines if one.get_marker() == "D"]
    (passive,) = lines(figure, "injected antibody, estimated")
    titres = [one for label in ("measured", "above the limit") for one in lines(figure, label)]
    own, passive, *titres = (one.get_transform().transform(one.get_xydata()) for one in (own, passive, *titres))
    beside = np.concatenate([own, passive])[:, 0]
    for x, _ in np.concatenate(titres):
        assert np.abs(beside - x).min() * 72 / figure.dpi > 4  # points
    assert len(set(np.round(beside))) == len(own) + len(passive)
    (word,) = [one for one in axes.texts if one.get_text() == "prediction"]
    assert word.get_window_extent().y0 >= axes.bbox.y1
    title = next(one for one in (axes.title, axes._left_title) if one.get_text())
    assert title.get_window_extent().y0 >= word.get_window_extent().y1 - 1


def test_each_dose_is_marked_in_its_week(model, treated):
    figure = patient_trajectory_figure(model, treated, "X0")
    weeks = {
        float(one.get_xdata()[0])
        for one in figure.axes[0].lines
        if one.get_linewidth() == 2.5 and len(set(one.get_xdata())) == 1
    }
    assert weeks == {0.0, 6.0}
    assert "dose of hepatitis B immunoglobulin" in words(figure)


def test_own_and_passive_parts_are_what_was_known_in_each_week(model, treated):
    course = titre_course(treated, model.study, 0, "anti_hbs")
    assert course.own_week.tolist() == [4.0, 8.0, 12.0, 16.0]  # blood of week 0 was drawn before the dose
    for place, week in enumerate(course.own_week):
        then = derive_endogenous(treated, model.study, week).iloc[0]
        for name, values in (
            ("endogenous", course.own.value),
            ("lower", course.own.lower),
            ("upper", course.own.upper),
        ):
            assert values[place] == pytest.approx(then[name], rel=1e-9)
        assert course.own.passive[place] == pytest.approx(then["passive"], rel=1e-9)
    (drawn,) = lines(patient_trajectory_figure(model, treated, "X0"), "injected antibody, estimated")
    np.testing.assert_allclose(drawn.get_ydata(), course.own.passive)


def test_the_typical_passive_part_adds_up_over_the_doses(model, treated):
    course = titre_course(treated, model.study, 0, "anti_hbs")
    # 400 IU, 5 and 29 days later at half-life 24 days, volume 7.5 L, absorption 0.6 per day: 45.7 and 24.2 mIU/mL.
    assert np.interp(5 / 7, course.passive_week, course.passive) == pytest.approx(45.7, abs=0.3)
    alone = titre_course(treated.take(np.array([0])), model.study, 0, "anti_hbs")
    np.testing.assert_array_equal(alone.passive, course.passive)
    just_before, after = (np.interp(week, course.passive_week, course.passive) for week in (5.95, 6 + 5 / 7))
    assert after > just_before + 20


def test_without_doses_only_the_titres_are_drawn(model, treated):
    figure = patient_trajectory_figure(model, treated, "X1")
    assert lines(figure, "injected antibody, estimated") == []
    assert "passive" not in words(figure)
    (measured,) = lines(figure, "measured")
    assert measured.get_ydata().tolist() == [150.0, 140.0]


def test_without_passive_antibody_in_the_study_only_the_titres_are_drawn(model, treated):
    plain = replace(model, study=replace(model.study, passive_antibody=None))
    figure = patient_trajectory_figure(plain, treated, "X0")  # anti-HBs: the first analyte that a predictor reads
    assert "Anti-HBs over time" in words(figure)
    assert "passive" not in words(figure)


def test_a_dose_without_an_amount_is_refused(model, treated):
    tables = treated.tables()
    cohort = rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"].assign(dose=np.nan))
    with pytest.raises(CohortError, match="no amount"):
        patient_trajectory_figure(model, cohort, "X0")


def test_what_cannot_be_drawn_is_refused_by_name(model, treated):
    with pytest.raises(RelapseModelError, match="no patient 'X7' among the 2 of this cohort") as refusal:
        patient_trajectory_figure(model, treated, "X7")
    assert "X0" not in str(refusal.value)
    with pytest.raises(RelapseModelError, match="analyte 'ferritin'; expected one of the study: hbsag"):
        patient_trajectory_figure(model, treated, "X0", analyte="ferritin")
    with pytest.raises(RelapseModelError, match="patient 'X0' has no result of 'alt' with a number"):
        patient_trajectory_figure(model, treated, "X0", analyte="alt")


def test_figures_leave_the_settings_of_matplotlib_alone(explanation):
    before = dict(matplotlib.rcParams)
    patient_figure(explanation)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("week", "low", "high"), [(0.0, -4.4, 4.4), (-3.0, -5.9, 2.9), (-30.0, None, None)])
def test_a_single_result_has_weeks_around_it(model, treated, week, low, high):
    """Of week 0, where the risk is predicted too, the axis ran from -0.04 to 0.04; it has whole weeks, 8 or more."""
    tables = treated.tables()
    one = tables["labs"].query("patient_id == 'X1'").head(1).assign(week=week)
    figure = patient_trajectory_figure(model, rm.make_cohort(tables["patients"], one), "X1")
    axes = figure.axes[0]
    if low is not None:
        assert axes.get_xlim() == pytest.approx((low, high))
        assert all(tick == round(tick) for tick in axes.get_xticks())
    assert axes.get_xlim()[0] < min(week, 0) <= max(week, 0) < axes.get_xlim()[1]
    assert np.ptp(axes.get_xlim()) >= 8


def test_equal_results_on_a_linear_axis_are_not_stretched_to_their_rounding(model, treated):
    """HBcrAg is in logarithms, on a linear axis: 2.3 alone has the axis from 2.3 - 1.15 to 2.3 + 1.15."""
    tables = treated.tables()
    one = tables["labs"].query("patient_id == 'X1'").head(1)
    one = one.assign(week=0.0, analyte="hbcrag", value="2.3", unit="log10 U/mL")
    cohort = rm.make_cohort(tables["patients"], one)
    axes = patient_trajectory_figure(model, cohort, "X1", analyte="hbcrag").axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim() == pytest.approx((1.15, 3.45))
