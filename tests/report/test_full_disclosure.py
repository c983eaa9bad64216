"""Full disclosure shows every count as it is; small counts are hidden in figures, tables and cards alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.cohort.outcome.risk_set import why_not_at_risk
from relapse_model.development.internal_validation.group_tables import threshold_table
from relapse_model.report.cohort_sections import competing_words
from relapse_model.report.disclosure import hidden_summary, with_all_counts, with_small_counts_hidden
from relapse_model.report.figures.survival import kaplan_meier_figure
from relapse_model.report.figures.validation import risk_figure
from relapse_model.report.model_card import model_card
from relapse_model.report.risk_groups import risk_groups
from relapse_model.report.translation import translation


def written(figure):
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    shown = [
        *(text for axes in figure.axes for text in axes.texts),
        *(text for one in legends for text in one.get_texts()),
    ]
    return [text.get_text() for text in shown]


@pytest.mark.parametrize(("exact", "few", "name"), [(True, "3", "a (n = 3)"), (False, "<5", "a (n < 5)")])
def test_numbers_at_risk_are_exact_for_whoever_owns_them(exact, few, name):
    time, group = np.array([48.0] * 23), ["a"] * 3 + ["b"] * 20
    shown = written(kaplan_meier_figure(time, np.zeros(23), group, exact=exact))
    assert few in shown
    assert name in shown
    assert ("<5" in shown) is not exact


@pytest.mark.parametrize(("exact", "label"), [(True, "lost\n(n = 2)"), (False, "lost\n(n < 5)")])
def test_a_group_of_two_is_counted_for_whoever_owns_them(exact, label):
    relapse = np.array([1.0] * 10 + [0.0] * 20 + [np.nan] * 2)
    figure = risk_figure(relapse, np.linspace(0.1, 0.5, 32), exact=exact)
    assert label in [text.get_text() for text in figure.axes[0].get_xticklabels()]


def test_thresholds_of_few_patients_have_their_figures(validation):
    """Risks of which 3 reach 30 %."""
    risk = np.full((1, len(validation.data)), 0.1)
    risk[0, :3] = 0.5
    hidden, shown = (threshold_table(validation.data, risk, hide=hide)[-1] for hide in (True, False))
    assert (hidden.flagged, hidden.measures) == ("<5", {})
    known = int((risk[0, validation.data.weights() > 0] == 0.5).sum())
    assert 0 < known <= 3
    assert shown.flagged == known
    assert "flagged" in shown.measures
    told = with_all_counts(replace(validation, risks=risk, thresholds=(hidden,)))
    assert told.thresholds[-1].flagged == known


def test_a_group_of_which_too_few_are_followed_says_how_many(validation):
    short = replace(
        validation.data,
        horizon_time=np.minimum(validation.data.horizon_time, 40.0),
        horizon_event=np.zeros(len(validation.data)),
        time=np.minimum(validation.data.time, 40.0),
        event=np.zeros(len(validation.data)),
    )
    found = risk_groups(replace(validation, data=short))
    assert [(one.observed, one.followed) for one in found] == [(None, 0)] * len(found)
    assert found


def test_competing_events_are_counted(validation, monkeypatch):
    monkeypatch.setattr(type(validation.data), "competed_by_name", lambda _: {"death": 3})
    assert competing_words(validation.data) == "3 with a competing event (death 3)"
    assert competing_words(validation.data, "small-counts") == "<5 with a competing event (death <5)"


def test_the_card_tells_what_the_report_tells(validation):
    model = validation.model
    name = next(one.name for one in model.study.predictors if not one.levels)
    predictors = model.summary["predictors"] | {name: model.summary["predictors"][name] | {"missing": 3}}
    few = replace(model, summary=model.summary | {"predictors": predictors, "competing": {"death": 2}})
    full, hidden = model_card(few), model_card(with_small_counts_hidden(few))
    assert "| 3 |" in full
    assert "death 2" in full
    assert "&lt;5" not in full.split("## Limits")[0]
    assert "| &lt;5 |" in hidden
    assert "death &lt;5" in hidden


def test_what_an_earlier_version_hid_stays_hidden():
    values = {"missing": 0, "levels": {"B": "hidden", "C": 30, "D": "<5"}}
    assert hidden_summary({"predictors": {"genotype": values}})["predictors"]["genotype"] == values


@pytest.mark.parametrize(
    ("tested", "reason"),
    [
        (True, "had the outcome at or before week 0, or no test by then shows that they were free of it"),
        (False, "had the outcome at or before week 0, or in a week that is not known"),
    ],
)
def test_one_reason_for_who_was_left_out_is_known_in_both_languages(tested, reason):
    study = rm.load_study("hbsag-relapse")
    if not tested:
        study = replace(study, outcome=replace(study.outcome, analyte=None))
    assert why_not_at_risk(study, 0.0) == reason
    assert translation(study, "zh")(f"5 patients were left out: {reason}.").startswith("排除 5 例患者")
    later = f"{reason.replace('week 0', 'week 4')}, or were followed to an earlier week only"
    assert why_not_at_risk(study, 4.0) == later
    assert translation(study, "zh")(f"5 patients were left out: {later}.").startswith("排除 5 例患者：第 4 周")
