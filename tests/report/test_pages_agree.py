"""Pages about the same patients agree: the curves, names, colours and differences of the arms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.features.development_data import development_data
from relapse_model.report.arm_order import arms_in_order
from relapse_model.report.figures_of_report import arm_labels, cohort_figures
from relapse_model.report.table_one import table_one
from relapse_model.report.trial_report import trial_figures
from relapse_model.report.visit_weeks import weeks_at_visits
from relapse_model.study.reader import parse_study

NAMES = ["HBIG", "control"]


@pytest.fixture(scope="module")
def renamed(study):
    """The built-in study with names of which the alphabet would put the control first."""
    text = study.text.replace('labels = ["HBIG", "control"]', 'labels = ["with HBIG", "no HBIG"]')
    assert text != study.text
    return parse_study(text, "renamed")


def curves(figure, names):
    axes = figure.axes[0]
    drawn = [line for line in axes.get_lines() if line.get_label().split(" (")[0] in names]
    return {line.get_label().split(" (")[0]: line for line in drawn}


def counts(figure):
    """The numbers still followed at the last tick, by row of the figure."""
    table = figure.axes[1]
    last = max(text.get_position()[0] for text in table.texts if text.get_text().isdigit())
    return [
        int(text.get_text()) for text in table.texts if text.get_text().isdigit() and text.get_position()[0] == last
    ]


def test_the_curves_of_the_arms_agree_at_the_week_of_the_endpoint(cohort, study):
    data = development_data(cohort, study)
    compared = rm.compare_arms(cohort, study)
    report = cohort_figures(cohort, data, study, arm_labels(data, study, None, cohort))["kaplan_meier"]
    trial = trial_figures(compared)["failures"]
    free, failed = curves(report, NAMES), curves(trial, NAMES)
    assert list(free) == list(failed) == NAMES
    for name, arm in zip(NAMES, (compared.primary.treatment, compared.primary.control), strict=True):
        weeks = free[name].get_xdata()
        assert free[name].get_ydata()[list(weeks).index(48.0)] == pytest.approx(1 - arm.value, abs=1e-12)
        assert failed[name].get_ydata()[-1] == pytest.approx(arm.value, abs=1e-12)
        assert free[name].get_color() == failed[name].get_color()
    assert counts(report) == counts(trial) == [52, 50]


def test_the_visit_of_the_horizon_stands_at_the_horizon(cohort, study):
    """Hand-counted: failed in week 50 of the visit of 48; free at 46; lost at 30; failed long after."""
    data = development_data(cohort, study).take(np.arange(4))
    made = dataclasses.replace(
        data, relapse=np.array([1.0, 0.0, np.nan, 0.0]), time=np.array([50.0, 46.0, 30.0, 90.0]),
        event=np.array([1.0, 0.0, 0.0, 1.0]), horizon_competing=None, competing=None,
    )  # fmt: skip
    assert weeks_at_visits(made).tolist() == [48.0, 48.0, 30.0, 90.0]
    died = dataclasses.replace(made, horizon_competing=np.array([0.0, 1.0, 0.0, 0.0]))
    assert weeks_at_visits(died).tolist() == [48.0, 46.0, 30.0, 90.0]  # not followed beyond the death


def test_the_difference_of_the_arms_has_the_sign_of_the_plan(cohort, renamed):
    """Body mass index and the like: treatment minus control on both pages, whatever the alphabet says."""
    data = development_data(cohort, renamed)
    arm = arm_labels(data, renamed, None, cohort)
    assert arms_in_order(map(str, arm), renamed) == ["with HBIG", "no HBIG"]
    found = table_one(cohort, data, renamed, arm=arm)
    assert [name.split(" (")[0] for name in found.columns[:3]] == ["with HBIG", "no HBIG", "SMD"]
    own = {row.label: row.cells[2] for row in found.rows if not row.inner}
    trial = {row.variable: row.smd for row in rm.compare_arms(cohort, renamed).table_one.rows if row.smd is not None}
    shared = sorted(set(own) & set(trial))
    assert len(shared) >= 5
    for name in shared:
        assert float(own[name]) == pytest.approx(trial[name], abs=0.006), name
    drawn = cohort_figures(cohort, data, renamed, arm)["kaplan_meier"]
    assert list(curves(drawn, ["with HBIG", "no HBIG"])) == ["with HBIG", "no HBIG"]


def test_without_a_plan_arms_stand_in_the_order_of_the_alphabet(study):
    assert arms_in_order(["b", "a", "b"], dataclasses.replace(study, trial=None)) == ["a", "b"]
    assert arms_in_order(pd.Series(["arm not known", "control", "HBIG"]), study) == ["HBIG", "control", "arm not known"]
