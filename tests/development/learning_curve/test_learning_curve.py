"""What more patients would bring: truths from the priors, judged without noise, and what cannot be planned refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.development.learning_curve.simulate import _against, _tails
from relapse_model.development.learning_curve.truths import prior_truths, risks_of_mean
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.design import design, design_matrix
from relapse_model.report.figures.learning_curve import learning_curve_figure
from relapse_model.report.figures.style import PAGE, drawn_for, journal
from relapse_model.report.figures_of_report import captions
from relapse_model.report.translation import translation
from relapse_model.study.prediction import Baseline


@pytest.fixture(scope="module")
def curve(cohort, study):
    return rm.learning_curve(cohort, study, (60, 300, 1000), replicates=20)


def test_more_patients_and_priors_help_where_the_priors_hold(curve):
    with_priors = [point.with_priors for point in curve.points]
    assert [one.share for one in with_priors] == sorted(one.share for one in with_priors)
    widths = [one.interval_width for one in with_priors]
    assert widths == sorted(widths, reverse=True)
    few, _, many = curve.points
    assert few.with_priors.share > few.without.share + 2 * few.without.share_error
    assert many.with_priors.share > 0.8
    assert all(point.with_priors.auc[0] <= point.attainable_auc for point in curve.points)


def test_the_same_truths_stand_at_every_size(curve):
    """The AUC of the true risks is theirs alone, so that nothing but the number of patients differs."""
    assert len({round(point.attainable_auc, 12) for point in curve.points}) == 1


def test_mean_risk_and_loss_are_those_of_the_cohort(curve, cohort, study):
    model = rm.train(cohort, study, candidates=("ridge_logistic",))
    assert curve.lost == model.summary["lost_before_horizon"] / model.summary["patients"]
    share = model.summary["mean_risk"]
    assert f"{100 * share:.1f} %" in curve.mean_risk
    assert curve.points[0].known == round(60 * (1 - curve.lost))
    assert curve.points[0].events == pytest.approx(curve.points[0].known * share)


def test_rileys_criteria_stand_beside_it(curve):
    assert curve.points[0].shrinkage < curve.points[1].shrinkage < curve.points[2].shrinkage < 1
    assert curve.needed_patients > 300
    assert f"ask for {curve.needed_patients} patients" in curve.assumption()


def test_it_says_on_what_it_rests_and_names_nobody(curve, cohort):
    text = json.dumps(curve.to_dict()) + curve.sentence() + curve._repr_html_()
    assert "if these hold" in curve.assumption()
    assert not any(str(name) in text for name in cohort.patient_ids)
    assert curve.sentence().startswith("60 patients (9 with the outcome)")


@pytest.mark.parametrize("events", [None, [0.01, 45]])
def test_what_it_says_stands_in_a_chinese_report_in_chinese(cohort, study, events):
    """The mean risk is that of the cohort, or given by the events; of 20 patients with no event no model is fitted."""
    found = rm.learning_curve(cohort, study, (20, 300), events=events, replicates=10)
    assert ("20 patients (0 with the outcome) are too few" in found.sentence()) == (events is not None)
    said = translation(study, "zh")(f"{found.sentence()} {found.assumption()}")
    assert said is not None
    assert not re.findall(r"[a-z]{3,}", said.replace(study.name, "").replace("Riley", ""))
    numbers = r"\d+(?:\.\d+)?"
    english = re.findall(numbers, f"{found.sentence()} {found.assumption()}")
    assert sorted(re.findall(numbers, said)) == sorted(english)


def test_the_table_has_two_rows_for_each_number(curve):
    table = curve.table()
    assert table["patients"].tolist() == [60, 60, 300, 300, 1000, 1000]
    assert table["failed"].eq(0).all()


def test_the_figure_draws_both(curve):
    figure = learning_curve_figure(curve)
    assert [axes.get_ylabel() for axes in figure.axes] == ["AUC", "Share of the attainable gain"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["with the priors", "without", "attainable"]


@pytest.fixture(scope="module")
def nothing_known(cohort, study):
    """Return the curve of a study that states no prior."""
    without = replace(
        study,
        predictors=tuple(replace(one, prior=None) for one in study.predictors),
        terms=tuple(replace(one, prior=None) for one in study.terms),
    )
    return rm.learning_curve(cohort, without, (60, 300), replicates=10)


def test_where_no_prior_is_stated_it_says_so_and_what_stands_for_them(nothing_known, study):
    """Everywhere that the curve is read: sentence, table, JSON, notebook and figure, and never of priors."""
    told = nothing_known.to_dict()
    assert nothing_known.table()["model"].tolist() == ["small effects expected", "ridge regression"] * 2
    assert told["models"] == {"with_priors": "small effects expected", "without": "ridge regression"}
    labels = [one.label for one in (*study.predictors, *study.terms)]
    assert (told["priors_stated"], told["without_prior"]) == (False, labels)
    assert told["sentence"].startswith("This is an assumption, no forecast: the study states no priors. 60 patients")
    assert "standard deviation 0.15 per standard deviation of a predictor, or 0.3 between yes" in told["assumption"]
    for text in (told["sentence"] + told["assumption"], nothing_known._repr_html_(), repr(nothing_known)):
        assert "the study states no priors" in text
        assert not re.search("drawn from the priors|with the priors|without the priors|if these hold", text)
    legend = learning_curve_figure(nothing_known).legends[0]
    assert legend.get_title().get_text() == "No priors stated: small effects assumed"
    assert [text.get_text() for text in legend.get_texts()][:2] == ["small effects expected", "ridge regression"]


def test_a_predictor_without_a_prior_is_named_beside_those_that_have_one(cohort, study, curve):
    assert curve.to_dict()["without_prior"] == []
    assert "No prior is stated" not in curve.assumption()
    first, *others = study.predictors
    found = rm.learning_curve(
        cohort, replace(study, predictors=(replace(first, prior=None), *others)), (60,), replicates=10
    )
    assert f"No prior is stated for {first.label}; defaults of the library" in found.assumption()
    assert "drawn from the priors of study" in found.assumption()


@pytest.mark.parametrize("one", ["curve", "nothing_known"])
def test_what_it_says_is_known_in_chinese(one, request, cohort, study):
    found = request.getfixturevalue(one)
    said = translation(found.study, "zh")
    for text in (found.sentence(), found.assumption(), captions(found.study)["learning_curve"]):
        assert re.search("[一-龥]", said(text))
    single = replace(found, points=found.points[:1], mean_risk="as the events were given")
    assert said(f"{single.sentence()} {single.assumption()}")
    figure = learning_curve_figure(found)
    words = [label.get_text() for label in figure.legends[0].get_texts()]
    words += [line.strip() for axes in figure.axes for line in axes.get_title("left").split("\n") if line.strip()]
    assert all(re.search("[一-龥]", said(word)) for word in words)


@pytest.mark.parametrize("width_mm", [None, 85, 89, 120, 180])
@pytest.mark.parametrize("one", ["curve", "nothing_known"])
def test_titles_do_not_run_into_each_other_at_any_width_of_a_journal(one, width_mm, request):
    found = request.getfixturevalue(one)
    with drawn_for(PAGE if width_mm is None else journal(width_mm)):
        figure = learning_curve_figure(found)
    figure.draw_without_rendering()
    left, right = (axes._left_title.get_window_extent() for axes in figure.axes)
    below = figure.legends[0].get_window_extent()
    assert 0 < left.x0 < left.x1 < right.x0 < right.x1 <= figure.bbox.x1
    assert left.y1 <= figure.bbox.y1
    assert (below.x1 <= figure.bbox.x1, below.y1 < min(axes.bbox.y0 for axes in figure.axes)) == (True, True)


def test_it_is_the_same_again_and_another_by_another_seed(cohort, study):
    first, again, other = (
        rm.learning_curve(cohort, study, (60,), replicates=10, seed=seed).to_dict()["points"] for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_effects_are_drawn_as_the_priors_state(cohort, study):
    """The mean log-odds of many truths, per unit of age, is the prior's; each truth has the mean risk asked for."""
    at = AtLandmark(cohort, study, 0.0)
    found = prior_truths(design_matrix(at.features_at_risk, study), design(study, 0.0))
    columns = design(study, 0.0)
    stated = ~np.isnan(columns.prior_mean) & ~columns.prior_per_sd
    assert found.mean[: len(stated)][stated] == pytest.approx(columns.prior_mean[stated])
    assert found.sd[: len(stated)][stated] == pytest.approx(columns.prior_sd[stated])
    assert len(found.forms) == 2
    rng = np.random.default_rng(1)
    assert [found.draw(0.12, rng).mean() for _ in range(5)] == pytest.approx([0.12] * 5)


def test_a_study_without_terms_has_the_linear_form_alone(cohort, study):
    """Its truths hold every effect, and the curve is drawn as for any other study."""
    plain = replace(study, terms=())
    at = AtLandmark(cohort, plain, 0.0)
    found = prior_truths(design_matrix(at.features_at_risk, plain), design(plain, 0.0))
    assert [form.all() for form in found.forms] == [True]
    rng = np.random.default_rng(1)
    assert [found.draw(0.12, rng).mean() for _ in range(5)] == pytest.approx([0.12] * 5)
    (point,) = rm.learning_curve(cohort, plain, (60,), replicates=10).points
    assert point.with_priors.auc[1] <= point.with_priors.auc[0] <= point.with_priors.auc[2]


def test_measures_counted_by_hand():
    """Risks .2 and .6, predicted as they are: of the pairs 1-0, .6 x .8 are right, .2 x .4 wrong, the rest ties."""
    risk = np.array([0.2, 0.6])
    auc, best, slope, gain, attainable = _against(risk, risk, 0.4)
    ties = 0.2 * 0.8 + 0.6 * 0.4
    assert auc == pytest.approx((0.48 + 0.5 * ties) / (0.48 + 0.08 + ties))
    assert (auc, gain) == (best, attainable)
    assert slope == pytest.approx(1.0)
    entropy = [-(p * np.log(p) + (1 - p) * np.log(1 - p)) for p in (0.4, 0.2, 0.6)]
    assert gain == pytest.approx(entropy[0] - (entropy[1] + entropy[2]) / 2)


def test_tails_hold_a_further_value_eight_times_in_ten():
    """Of 9 values each of 10 gaps is as likely for a tenth: 8 of them lie between the first and the last."""
    assert _tails(np.arange(1.0, 10.0)) == (1.0, 9.0)


def test_risks_of_a_mean_far_from_the_log_odds():
    risk = risks_of_mean(np.array([-30.0, 0.0, 30.0]), 0.01)
    assert risk.mean() == pytest.approx(0.01)


def test_given_events_win_and_a_baseline_stands_for_outcomes(cohort, study):
    given = rm.learning_curve(cohort, study, (100,), events=[30], replicates=10)
    assert given.points[0].events == pytest.approx(0.3 * given.points[0].known)
    assert given.mean_risk == "given by the expected events"
    enrolled = replace(cohort, labs=cohort.labs[cohort.labs["week"] <= 0].reset_index(drop=True))
    expecting = replace(study, outcome=replace(study.outcome, baseline=Baseline(0.12, 0.5, 48, "assumed")))
    expecting = replace(expecting, prediction=replace(study.prediction, landmark_weeks=(0.0,)))
    found = rm.learning_curve(enrolled, expecting, (100,), replicates=10)
    assert found.mean_risk == "12.0 %, the baseline of the study"
    found = rm.learning_curve(enrolled, study, (100,), replicates=10)
    assert found.mean_risk == "11.0 %, the baseline of the study"  # of the built-in one
    without = replace(study, outcome=replace(study.outcome, baseline=None))
    with pytest.raises(InsufficientDataError, match="states no baseline"):
        rm.learning_curve(enrolled, without, (100,), replicates=10)


def test_truths_without_an_event_are_counted_as_failed(cohort, study):
    found = rm.learning_curve(cohort, study, (20,), events=[1], replicates=10)
    assert found.points[0].with_priors.failed > 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"patients": (10, 60)}, "20 or more, ascending"),
        ({"patients": (300, 60)}, "ascending"),
        ({"patients": ()}, "ascending"),
        ({"patients": (60.5,)}, "whole numbers"),
        ({"patients": 60}, "patients is 60; expected a list"),
        ({"patients": (60,), "events": 5}, "events is 5; expected a list"),
        ({"patients": (60,), "events": ["5"]}, "one number for each"),
        ({"patients": (60,), "landmark_week": 48}, "a week before the horizon"),
        ({"patients": ("60",)}, "whole numbers"),
        ({"patients": (60, 10**9)}, "at most 100,000"),
        ({"patients": (60,), "replicates": 10.5}, "a whole number of 10 or more"),
        ({"patients": (60,), "replicates": 5}, "10 or more"),
        ({"patients": (60,), "events": [10, 20]}, "one for each of 1"),
        ({"patients": (60,), "events": [60]}, "60 of 60 patients"),
    ],
)
def test_what_cannot_be_planned_is_refused(settings, words, cohort, study):
    with pytest.raises(RelapseModelError, match=words):
        rm.learning_curve(cohort, study, **settings)


def test_too_few_patients_are_no_pattern_for_others(study):
    with pytest.raises(InsufficientDataError, match=r"\d+ patients are at risk at week 0; expected 20"):
        rm.learning_curve(rm.simulate_cohort(15, seed=1), study, (60,), replicates=10)


def test_the_verb_writes_table_figure_and_values(cohort, tmp_path, capsys):
    cohort.write(tmp_path / "cohort")
    words = [str(tmp_path / "cohort"), "--patients", "60", "132", "--events", "9", "20", "--replicates", "10"]
    assert main(["plan", *words, "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "60 patients (8 with the outcome)" in told
    assert "given by the expected events" in told
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {f"learning_curve.{ending}" for ending in ("csv", "json", "svg", "png")}
    few = [str(tmp_path / "cohort"), "--patients", "5"]
    assert main(["plan", *few]) == 1
    assert "20 or more, ascending" in capsys.readouterr().err


def test_no_model_seems_better_than_the_true_risks_where_some_could_not_be_fitted(cohort, study):
    """With one relapse expected, several cohorts have none: the AUC of the true risks is of those with a model."""
    found = rm.learning_curve(cohort, study, (60, 132), events=(1, 20), replicates=10)
    few, more = found.points
    assert few.with_priors.failed > 0 == more.with_priors.failed
    assert few.with_priors.auc[0] <= few.attainable_auc
    assert more.with_priors.auc[0] <= more.attainable_auc
