"""Pages about the same patients agree: the curves, names, colours and differences of the arms."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.features.development_data import development_data
from relapse_model.report.arms import arm_labels, arms_of_plan
from relapse_model.report.figures_of_report import cohort_figures
from relapse_model.report.table_one import table_one
from relapse_model.report.trial_figures import trial_figures
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
    report = cohort_figures(cohort, data, study, arm_labels(data, study))["kaplan_meier"]
    trial = trial_figures(compared)["failures"]
    free, failed = curves(report, NAMES), curves(trial, NAMES)
    assert list(free) == list(failed) == NAMES
    for name, arm in zip(NAMES, (compared.primary.treatment, compared.primary.control), strict=True):
        weeks = free[name].get_xdata()
        assert free[name].get_ydata()[list(weeks).index(48.0)] == pytest.approx(1 - arm.value, abs=1e-12)
        assert failed[name].get_ydata()[-1] == pytest.approx(arm.value, abs=1e-12)
        assert free[name].get_color() == failed[name].get_color()
    assert counts(report) == counts(trial) == [52, 50]


def test_the_difference_of_the_arms_has_the_sign_of_the_plan(cohort, renamed):
    """Body mass index and the like: treatment minus control on both pages, whatever the alphabet says."""
    data = development_data(cohort, renamed)
    arm = arm_labels(data, renamed)
    assert arms_of_plan(renamed) == ("with HBIG", "no HBIG")
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
