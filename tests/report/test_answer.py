"""The answer of the first screen: by rule, never more than the intervals allow, in each language."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files
from string import Formatter
from types import SimpleNamespace

import pytest

import relapse_model as rm
from relapse_model.errors import RelapseModelError
from relapse_model.model.verdict import model_verdict
from relapse_model.model.within_levels import between_groups
from relapse_model.report.answer import answer_of, carriers, validation_verdict
from relapse_model.report.language import LANGUAGES, words_of
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance
from relapse_model.validation.verdict import verdict_code

SIZE = {"parameters": 8, "needed_patients": 598, "needed_events": 101}


def measured(auc=(0.7, 0.6, 0.8), slope=(1.0, 0.8, 1.2), gain=(-0.1, -0.15, -0.05), events=120):
    intervals = {"auc": auc, "calibration_slope": slope, "log_loss_difference": gain}
    ours, theirs = 0.5 + gain[0], 0.5
    measures = {name: Estimate(*limits, 0.95, "test") for name, limits in intervals.items()}
    return Performance(400, events, 0, measures | {"log_loss": ours, "log_loss_mean_risk": theirs}, {})


NO_GAIN = "its predicted risks were not shown to be more accurate than giving everyone the average risk"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "better than chance (AUC 0.70, 95 % interval 0.60 to 0.80)"),
        ({}, "there is no evidence of miscalibration"),
        ({"auc": (0.6, 0.45, 0.7)}, "It was not shown that the model ranks patients better than chance"),
        ({"auc": (0.3, 0.2, 0.4)}, "worse than chance"),
        (
            {},
            "its predicted risks were more accurate than giving everyone the average risk (difference in log loss "
            "\N{MINUS SIGN}0.100, 95 % interval \N{MINUS SIGN}0.150 to \N{MINUS SIGN}0.050)",
        ),
        # .481 against .500 and .398 against .500 have one wording where both intervals hold 0: it is they that decide.
        ({"gain": (-0.019, -0.05, 0.01)}, NO_GAIN),
        ({"gain": (-0.102, -0.21, 0.004)}, NO_GAIN),
        ({"gain": (0.02, -0.01, 0.05)}, "difference in log loss 0.020, 95 % interval \N{MINUS SIGN}0.010 to 0.050)"),
        ({"gain": (0.06, 0.01, 0.11)}, "its predicted risks were less accurate than giving everyone the average risk"),
        ({"slope": (0.5, 0.3, 0.8)}, "its predicted risks are too extreme"),
        # A slope of 0 or less has no spread to be too wide: the ranking itself is lost.
        ({"slope": (-0.8, -2.4, 0.7)}, "higher predicted risks did not go with more outcomes"),
        ({"slope": (1.9, 1.2, 2.8)}, "its predicted risks vary too little"),
        ({"slope": (0.8, 0.1, 1.5)}, "calibration remains uncertain"),
        ({"events": 21}, "with only 21 events, all of this is imprecise."),
    ],
)
def test_verdict_says_no_more_than_the_intervals(given, said):
    assert said in validation_verdict(measured(**given), "relapse")


def test_verdict_with_enough_events_does_not_call_itself_imprecise():
    assert "imprecise" not in validation_verdict(measured(), "relapse")


def test_after_an_error_nothing_is_shown():
    answer = answer_of(measured(), "relapse", ["RM114"])
    assert answer.works == "Not to be used: a check found an error."
    assert answer.sentence.endswith("until this is resolved: RM114.")
    assert "AUC" not in answer.sentence
    assert "RM114" in answer.next


def test_no_verdict_without_an_auc():
    why = "AUC: 0 patients with a relapse; expected 1 or more."
    hopeless = Performance(20, 0, 5, {}, {"auc": why})
    assert validation_verdict(hopeless, "relapse") == f"These patients support no verdict on the model: {why}"
    assert answer_of(hopeless, "relapse").code == "refused"


@pytest.mark.parametrize(
    ("given", "code", "following"),
    [
        ({}, "yes", "Before any use, validate the model unchanged in patients of other hospitals."),
        ({"events": 21}, "yes_few", "Before any use, validate the model unchanged in other hospitals, with 100 events"),
        ({"gain": (-0.02, -0.05, 0.01)}, "ranks", "Do not act on its predicted risks"),
        ({"auc": (0.6, 0.45, 0.7)}, "not_shown", "Do not use this model for prediction"),
        ({"auc": (0.3, 0.2, 0.4)}, "worse", "Do not use this model"),
        # It ranks, but its risks are worse than those of no model: that is no success.
        ({"gain": (0.06, 0.01, 0.11)}, "worse", "Do not use this model"),
        ({"slope": (0.5, 0.3, 0.8)}, "yes", "Recalibrate the model"),
    ],
)
def test_what_next_follows_from_the_intervals(given, code, following):
    answer = answer_of(measured(**given), "relapse", size=SIZE)
    assert answer.code == code
    assert answer.next.startswith(following)


def test_more_patients_are_asked_for_by_number_where_the_criteria_give_one():
    unsure = measured(gain=(-0.01, -0.05, 0.03))  # it ranks; its risks were not shown to be accurate
    asked = "About 598 patients (101 with the outcome), including these 400, are needed for a model with 8 parameters"
    assert answer_of(unsure, "relapse", size=SIZE).needed.startswith(asked)
    assert answer_of(unsure, "relapse", size={"refused": "x"}).needed == ""
    assert answer_of(measured(), "relapse", size=SIZE).needed == ""  # it works: other patients are asked for
    enough = SIZE | {"needed_patients": 300}  # fewer than there are: more of them is not the answer
    assert answer_of(unsure, "relapse", size=enough).needed == ""
    # The number assumes C = 0.75: of a model that was not shown to rank at all it would be bad advice.
    assert answer_of(measured(auc=(0.6, 0.45, 0.7)), "relapse", size=SIZE).needed == ""


def test_beside_the_figures_the_sentence_does_without_them_and_does_not_repeat_itself():
    """What works says in a few words, that it ranks, is not said again; of a model that did worse, everything is."""
    ranks = answer_of(measured(gain=(-0.02, -0.05, 0.01), slope=(0.8, 0.1, 1.5), events=21), "relapse")
    assert ranks.plain == (
        "Its predicted risks were not shown to be more accurate than giving everyone the average risk; calibration "
        "remains uncertain; with only 21 events, all of this is imprecise."
    )
    worse = answer_of(measured(auc=(0.3, 0.2, 0.4)), "relapse")
    assert worse.plain.startswith("The model ranked patients with relapse below those without it, worse than chance;")


def test_every_language_has_every_text_with_the_same_names_in_it():
    tables = tomllib.loads(files("relapse_model.report").joinpath("report_words.toml").read_text(encoding="utf-8"))
    assert set(tables) == set(LANGUAGES)

    def named(text):
        return {field for _, field, _, _ in Formatter().parse(text) if field}

    for language in LANGUAGES:
        assert set(tables[language]) == set(tables["en"])
        for key, text in tables["en"].items():
            assert named(tables[language][key]) == named(text), key


def test_the_answer_in_chinese_holds_the_same_figures():
    answer = answer_of(measured(), "HBsAg", language="zh")
    assert "AUC 0.70，95 % 置信区间 0.60 至 0.80" in answer.sentence
    assert answer.code == "yes"


def test_a_language_that_there_is_not_is_refused():
    with pytest.raises(RelapseModelError, match="language 'fr'; expected one of en, zh"):
        words_of("fr")


def alike(low, value=0.55):
    return Estimate(value, low, 0.7, 0.95, "test")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Without the arm: among patients of the same arm it was not shown to rank better than chance (AUC 0.55, "
               "95 % interval 0.41 to 0.70)."),
        ("zh", "不计组别：在同组患者中，未能显示其排序优于随机"),
    ],
)  # fmt: skip
def test_what_only_the_arm_tells_apart_stands_in_the_answer(language, said):
    study, auc = rm.load_study("hbsag-relapse"), measured().measures["auc"]
    carried = carriers(study, auc, {"hbig_arm": alike(0.41)}, language)
    answer = answer_of(measured(), "relapse", without=carried, language=language)
    assert answer.code == "yes"
    assert said in answer.without
    assert answer.sentence.endswith(answer.without)
    assert carriers(study, auc, {"hbig_arm": alike(0.51)}) == []  # shown without it too
    assert answer_of(measured(), "relapse", language=language).without == ""
    not_shown = answer_of(measured(auc=(0.6, 0.45, 0.7)), "relapse", without=carried, language=language)
    assert not_shown.without == ""  # nothing was shown with it either


@pytest.mark.parametrize(
    ("language", "works"),
    [("en", "No: it tells the arms apart, not the patients within them."), ("zh", "无效：它只区分了组别")],
)
def test_a_model_that_tells_the_arms_apart_only_does_not_work(language, works):
    study, found = rm.load_study("hbsag-relapse"), measured()  # AUC 0.70: within the arms 0.60 is half of its gain
    auc = found.measures["auc"]
    assert between_groups(study, auc, {"hbig_arm": alike(0.49, 0.60)}) == {}
    assert between_groups(study, auc, {"hbig_arm": alike(0.51, 0.59)}) == {}
    assert between_groups(study, auc, {"male": alike(0.49, 0.50)}) == {}  # a property of the patient
    assert between_groups(study, Estimate(0.6, 0.45, 0.7, 0.95, "test"), {"hbig_arm": alike(0.4, 0.46)}) == {}
    within = {"hbig_arm": alike(0.32, 0.46)}
    only = between_groups(study, auc, within)
    assert only == {"auc_within_arm": within["hbig_arm"]}
    judged = replace(found, measures=found.measures | only)
    answer = answer_of(judged, "relapse", without=carriers(study, auc, within, language), language=language)
    assert (answer.code, answer.works.startswith(works)) == ("between_arms", True)
    assert "0.46" in answer.without
    assert model_verdict(SimpleNamespace(summary={}, performance=judged)).brief == "do not act on it"


def test_a_model_that_tells_the_centres_apart_only_does_not_work():
    study = rm.load_study("hbsag-relapse")
    by_centre = replace(study.predictors[0], name="centre", column="centre", kind="column", analyte=None)
    found, within = measured(), {"centre": alike(0.4, 0.5)}
    only = between_groups(replace(study, predictors=(by_centre,)), found.measures["auc"], within)
    judged = replace(found, measures=found.measures | only)
    assert answer_of(judged, "relapse").works == "No: it tells the centres apart, not the patients within them."
    assert "centres apart" in model_verdict(SimpleNamespace(summary={}, performance=judged)).en
    assert verdict_code(replace(judged, measures=judged.measures | {"auc": alike(0.4)})) == "not_shown"


def test_another_predictor_carries_it_only_where_it_takes_half_of_the_gain():
    study, auc = rm.load_study("hbsag-relapse"), measured().measures["auc"]  # 0.70: 0.20 above chance
    names = [one.name for one in study.predictors if one.name != "hbig_arm"]
    assert [name for name, _ in carriers(study, auc, {names[0]: alike(0.4, 0.59)})] == [study.predictors[0].label]
    assert carriers(study, auc, {names[0]: alike(0.4, 0.61)}) == []
    both = carriers(study, auc, {names[0]: alike(0.4, 0.52), "hbig_arm": alike(0.4)})
    assert both[0][0] == ""  # the arm first
    assert carriers(study, Estimate(0.6, 0.45, 0.7, 0.95, "test"), {"hbig_arm": alike(0.4)}) == []
