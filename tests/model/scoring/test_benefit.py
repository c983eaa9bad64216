"""Risk of new patients under both arms, the benefit with its interval, and what is refused."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.classifiers.shared.risks import sigmoid
from relapse_model.cli.program import main
from relapse_model.model.scoring.arm_effect import BenefitRefusedError, arm_effect
from relapse_model.model.scoring.benefit import CANNOT_BE_GIVEN, ONE_EFFECT, not_known, number_needed
from relapse_model.model.scoring.control_risk import mean_control_risk, untreated_log_odds
from relapse_model.study.reader import parse_study

EFFECT = '\neffect = { log_odds = -0.7, sd = 0.4, source = "the trial" }\n'


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


@pytest.fixture(scope="module")
def trained(study):
    cohort = rm.simulate_cohort(132, seed=7, hbig_hazard_ratio=0.4)
    return rm.train(cohort, study, candidates=("prior_logistic",))


@pytest.fixture(scope="module")
def new():
    return rm.simulate_cohort(30, seed=8)


def changed(study, old, text):
    assert old in study.text
    return parse_study(study.text.replace(old, text, 1), "changed")


def without_arm(study, plan_effect=EFFECT):
    """The study without its arm as a predictor, the effect being the plan's."""
    begin = study.text.index('[[predictors]]\nname = "hbig_arm"')
    end = study.text.index("[[predictors]]", begin + 1)
    text = study.text[:begin] + study.text[end:]
    return parse_study(text.replace("strata = []\n", "strata = []" + plan_effect, 1), "without arm")


def test_the_risk_in_the_own_arm_is_that_of_the_score(trained, new):
    found, scores = trained.benefit(new), trained.score(new)
    own = np.where(new.patients["arm"] == "hbig", found["risk_treated"], found["risk_control"])
    assert own == pytest.approx(scores["relapse_risk"].to_numpy(), abs=1e-12)
    assert found["benefit"].to_numpy() == pytest.approx((found["risk_control"] - found["risk_treated"]).to_numpy())
    assert list(found["patient_id"]) == list(scores["patient_id"])


def test_one_effect_on_the_log_odds_for_everybody(trained, new):
    # Posterior means are of risks: their log-odds differ by almost, not exactly, the same, and by a little less than
    # the mean of the effect, as the mean of a curve lies inside it.
    found = trained.benefit(new)
    effect = [np.log(found[name] / (1 - found[name])).to_numpy() for name in ("risk_treated", "risk_control")]
    shift = effect[0] - effect[1]
    assert np.ptp(shift) < 0.05
    assert shift.mean() == pytest.approx(found.effect.log_odds.mean(), abs=0.1)
    assert found.statement.startswith(ONE_EFFECT)
    assert found["benefit"].corr(found["risk_control"], method="spearman") == pytest.approx(
        1.0, abs=0.002
    )  # as above: almost


def test_the_arm_of_a_new_patient_is_not_looked_at(trained, new):
    swapped = replace(
        new, patients=new.patients.assign(arm=new.patients["arm"].map({"hbig": "control", "control": "hbig"}))
    )
    unknown = replace(new, patients=new.patients.drop(columns="arm"))
    for other in (swapped, unknown):
        pd.testing.assert_frame_equal(trained.benefit(other).table, trained.benefit(new).table)


def test_no_warning_that_the_arm_is_missing(trained, new):
    unknown = replace(new, patients=new.patients.assign(arm=pd.Series(pd.NA, new.patients.index, dtype="object")))
    assert trained.score(unknown)["warnings"].str.contains("RS209").all()
    assert not trained.benefit(unknown)["warnings"].str.contains("RS209|RS201 missing: HBIG").any()


def test_a_number_needed_only_where_the_interval_leaves_out_zero():
    assert number_needed(0.13, 0.05, 0.2) == "8 (5 to 20)"
    assert number_needed(0.1, 0.1, 0.1) == "10 (10 to 10)"
    for lower, upper in ((-0.01, 0.2), (0.0, 0.2), (np.nan, np.nan)):
        assert number_needed(0.1, lower, upper) == CANNOT_BE_GIVEN
    assert number_needed(-0.13, -0.2, -0.05).startswith("harm")


def test_nobody_is_lost_and_who_cannot_be_scored_has_no_figure(trained, new):
    labs = new.labs[new.labs["patient"] != 3]
    found = trained.benefit(replace(new, labs=labs))
    assert len(found) == 30
    assert found.table.loc[3, "status"] == "rejected"
    assert found.table.loc[3, ["risk_control", "risk_treated", "benefit", "lower", "upper"]].isna().all()
    assert found.table.loc[3, "nnt"] == ""
    assert found.table.loc[3, "reason"]
    assert repr(found) == "BenefitTable(30 patients, 29 scored)"


def test_plain_values_without_nan(trained, new):
    stated = trained.benefit(new).to_dict()
    assert len(stated["patients"]) == 30
    assert stated["effect"]["log_odds"]["mean"] < 0
    assert stated["effect"]["known"]


@pytest.mark.parametrize("kind", ["ridge_logistic", "prior_hazard"])
def test_other_classifiers_with_one_effect(study, new, kind):
    model = rm.train(rm.simulate_cohort(132, seed=7, hbig_hazard_ratio=0.4), study, candidates=(kind,))
    found, scores = model.benefit(new), model.score(new)
    own = np.where(new.patients["arm"] == "hbig", found["risk_treated"], found["risk_control"])
    assert own == pytest.approx(scores["relapse_risk"].to_numpy(), abs=1e-12)
    assert ((found["lower"] < found["benefit"]) & (found["benefit"] < found["upper"])).all()


def test_a_recalibrated_model_and_one_from_a_file(trained, new, tmp_path):
    trained.save(tmp_path / "model.rmodel")
    loaded = rm.load_model(tmp_path / "model.rmodel")
    pd.testing.assert_frame_equal(loaded.benefit(new).table, trained.benefit(new).table)
    updated = trained.update(rm.simulate_cohort(300, seed=9))
    assert (updated.benefit(new)["lower"] < updated.benefit(new)["upper"]).all()


# --- refusals --------------------------------------------------------------------------------------------------


def test_without_a_plan_observational_arms_need_another_method(study, new):
    begin, end = study.text.index("[trial]"), study.text.index("[dosing]")
    plain = parse_study(study.text[:begin] + study.text[end:], "no trial")
    model = rm.train(rm.simulate_cohort(132, seed=7), plain, candidates=("prior_logistic",))
    with pytest.raises(BenefitRefusedError, match=r"RM207 .* observational arms need another method"):
        model.benefit(new)


def test_trees_have_a_different_effect_for_every_patient(trained, new):
    model = replace(trained, classifier_name="boosted_trees")
    with pytest.raises(BenefitRefusedError, match="learn a different one for every patient"):
        model.benefit(new)


def test_after_randomisation_the_treatment_has_changed_the_predictors(study, new):
    model = rm.train(rm.simulate_cohort(200, seed=7), study, landmark_week=12, candidates=("prior_logistic",))
    with pytest.raises(BenefitRefusedError, match="after randomisation"):
        model.benefit(new)


def test_an_interaction_that_the_plan_does_not_name(study, new):
    term = '[[terms]]\nname = "arm_age"\nfactors = [{ predictor = "hbig_arm" }, { predictor = "age" }]\n'
    begin = study.text.index("# How the arms are compared")
    other = parse_study(study.text[:begin] + term + study.text[begin:], "interaction")
    model = rm.train(rm.simulate_cohort(132, seed=7), other, candidates=("prior_logistic",))
    with pytest.raises(BenefitRefusedError, match="the plan does not name it"):
        model.benefit(new)


def test_neither_an_arm_nor_an_effect(study, new):
    model = rm.train(rm.simulate_cohort(132, seed=7), without_arm(study, "\n"), candidates=("prior_logistic",))
    with pytest.raises(BenefitRefusedError, match="states no effect"):
        model.benefit(new)


def test_an_arm_that_nobody_was_in_tells_nothing(study, new):
    cohort = rm.simulate_cohort(132, seed=7)
    alone = replace(cohort, patients=cohort.patients.assign(arm="control"))
    model = rm.train(alone, study, candidates=("prior_logistic",))
    found = model.benefit(new)
    assert not found.effect.known
    assert found.effect.prior == (0.0, 0.5)  # as the study states it
    assert found["benefit"].isna().all()
    assert (found["nnt"] == CANNOT_BE_GIVEN).all()
    # by the effect stated beforehand (mean 0, sd 0.5) the treated would all seem at a little more risk: no such columns
    assert found["risk_treated"].isna().all()
    assert found["risk_control"].isna().all()
    assert found["warnings"].str.contains("RM207 benefit not known").all()


def test_an_effect_that_may_be_nothing_or_large_is_not_known(study, new):
    # The plan's effect with sd 3: from harm to a risk of nearly 0; at a mean risk of 40 % that is a benefit over 0.15.
    wide = without_arm(study, EFFECT.replace("sd = 0.4", "sd = 3.0"))
    cohort = rm.simulate_cohort(132, seed=7, control_risk=0.45)
    found = rm.train(cohort, wide, candidates=("prior_logistic",)).benefit(new)
    assert found.effect.overall[1] < 0 < 0.15 < found.effect.overall[2]
    assert not found.effect.known
    assert found["benefit"].isna().all()


# --- benefit at the mean risk in the control arm ---------------------------------------------------------------


def test_the_mean_risk_in_the_control_arm_by_hand():
    """10 of 20 controls and 5 of 20 treated: 15 of 40 together; odds of 1 and 1/3, so an odds ratio of 1/3."""
    effect = np.log(np.array([1 / 3]))
    assert mean_control_risk(15 / 40, effect, 0.5) == pytest.approx([0.5], abs=1e-12)
    assert mean_control_risk(15 / 40, effect, 0.0).tolist() == [15 / 40]  # all were controls
    assert mean_control_risk(15 / 40, np.zeros(1), 0.5) == pytest.approx([15 / 40], abs=1e-12)


def test_the_benefit_is_at_the_risk_of_the_controls_not_of_both_arms(trained):
    """Half were treated: the two arms, by the effect of the model, have the mean risk of the training together."""
    effect = arm_effect(trained)
    share, mean = trained.summary["predictors"]["hbig_arm"]["mean"], trained.summary["mean_risk"]
    control, value = effect.control_risk, effect.overall[0]
    assert share == pytest.approx(0.5)
    assert (1 - share) * control + share * (control - value) == pytest.approx(mean, abs=1e-12)
    assert control > mean
    assert effect.overall[1] < value < effect.overall[2]
    assert effect.to_dict()["mean_control_risk"] == control


def test_an_arm_named_by_its_control_has_the_same_benefit(study):
    """A predictor that is 1 in the control arm: share and sign are turned, the benefit is not."""
    cohort = rm.simulate_cohort(132, seed=7, hbig_hazard_ratio=0.4)
    begin = study.text.index('[[predictors]]\nname = "hbig_arm"')
    end = study.text.index("[[predictors]]", begin + 1)
    entry = study.text[begin:end]
    assert 'equals = "hbig"' in entry
    other_way = entry.replace('"hbig"', '"HBIG"').replace('"control"', '"hbig"').replace('"HBIG"', '"control"')
    turned = parse_study(study.text.replace(entry, other_way), "turned")
    one, other = (
        arm_effect(rm.train(cohort, asked, candidates=("ridge_logistic",))) for asked in (study, turned)
    )  # its prior is not looked at by this classifier
    assert other.control_risk == pytest.approx(one.control_risk, abs=0.01)
    assert other.overall[0] == pytest.approx(one.overall[0], abs=0.01)


def test_one_reason_is_given_why_a_benefit_is_not_known(trained):
    effect = replace(arm_effect(trained), overall=(0.1, -0.02, 0.2), prior=(0.0, 0.5))
    assert "its 90 % interval, -2.0 to 20.0 percentage points, includes both none and 15;" in not_known(effect)
    assert "no patient" not in not_known(effect)
    unseen = replace(effect, both_arms_seen=False)
    assert "not known: no patient of the training was known to be in one of the arms;" in not_known(unseen)
    assert "interval" not in not_known(unseen)


# --- effect of the plan ----------------------------------------------------------------------------------------


def test_the_plans_effect_where_the_arm_is_no_predictor(study, new):
    cohort = rm.simulate_cohort(132, seed=7)
    model = rm.train(cohort, without_arm(study), candidates=("prior_logistic",))
    assert model.summary["treated_share"] == pytest.approx(0.5)
    found, scores = model.benefit(new), model.score(new)
    mixed = 0.5 * (found["risk_control"] + found["risk_treated"])  # the risk of the score is that of both arms
    assert mixed.to_numpy() == pytest.approx(scores["relapse_risk"].to_numpy(), abs=2e-3)
    assert (found["benefit"] > 0).all()
    assert found.effect.source == "the trial"


def test_where_all_were_controls_the_risk_is_theirs(study, new):
    cohort = rm.simulate_cohort(132, seed=7)
    alone = replace(cohort, patients=cohort.patients.assign(arm="control"))
    model = rm.train(alone, without_arm(study), candidates=("prior_logistic",))
    found = model.benefit(new)
    assert model.summary["treated_share"] == 0.0
    assert (found["risk_control"] == model.score(new)["relapse_risk"]).all()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("effect", [-2.0, 0.0, 1.3])
def test_untreated_risk_of_a_mixture(share, effect):
    risk = np.array([0.01, 0.3, 0.9])
    found = untreated_log_odds(np.log(risk / (1 - risk)), np.array([effect]), share)
    assert (1 - share) * sigmoid(found) + share * sigmoid(found + effect) == pytest.approx(risk)


# --- effect modifiers ------------------------------------------------------------------------------------------


def modifiers(study):
    return parse_study(study.text + '\n[[trial.effect_modifier]]\npredictor = "anti_hbs"\n', "modifiers")


def test_modifiers_are_refused_with_few_events(study, new):
    model = rm.train(rm.simulate_cohort(132, seed=7), modifiers(study), candidates=("prior_logistic",))
    assert not any(one.name == "hbig_arm_by_anti_hbs" for one in model.study.terms)
    assert (
        "RM207: the effect modifiers of the plan are not modelled: 21 events, expected 40"
        in model.benefit(new).statement
    )


def test_modifiers_of_the_plan_where_there_are_events_enough(study, new, tmp_path):
    cohort = rm.simulate_cohort(600, seed=7)
    model = rm.train(cohort, modifiers(study), candidates=("prior_logistic",))
    term = model.study.terms[-1]
    assert term.name == "hbig_arm_by_anti_hbs"
    values = rm.derive_features(cohort, study, 0)["anti_hbs"].to_numpy()
    assert np.log10(term.factors[1].minus) == pytest.approx(np.nanmean(values))
    assert term.prior.sd == pytest.approx(0.25 / np.nanstd(values))
    assert "as the plan states, shrunk towards one effect" in model.benefit(new).statement
    model.save(tmp_path / "model.rmodel")
    loaded = rm.load_model(tmp_path / "model.rmodel")
    pd.testing.assert_frame_equal(loaded.benefit(new).table, model.benefit(new).table)


def test_a_study_that_plans_a_modifier_that_is_no_number(study):
    text = study.text + '\n[[trial.effect_modifier]]\npredictor = "slope"\n'
    slope = '[[predictors]]\nname = "slope"\nkind = "slope"\nanalyte = "anti_hbs"\n\n'
    with pytest.raises(rm.RelapseModelError, match="clinical unit"):
        parse_study(text.replace('[[predictors]]\nname = "hbcrag"', slope + '[[predictors]]\nname = "hbcrag"', 1), "x")


# --- command line ----------------------------------------------------------------------------------------------


def test_a_negative_benefit_has_a_minus_sign_on_standard_output(root, new, tmp_path, capsys):
    """The model of the examples: an interval from harm to benefit."""
    new.write(tmp_path / "new")
    model, out = root / "models" / "hbsag_relapse.rmodel", tmp_path / "scores.csv"
    assert main(["score", str(model), str(tmp_path / "new"), "--both-arms", "--out", str(out)]) == 0
    stated = next(line for line in capsys.readouterr().out.splitlines() if "Benefit at the mean predicted risk" in line)
    lower = 100 * arm_effect(rm.load_model(model)).overall[1]
    assert lower < 0
    assert f"interval \N{MINUS SIGN}{abs(lower):.1f} to" in stated
    assert "-" not in stated


def test_score_both_arms(trained, new, tmp_path, capsys):
    trained.save(tmp_path / "model.rmodel")
    new.write(tmp_path / "new")
    out = tmp_path / "scores.csv"
    assert main(["score", str(tmp_path / "model.rmodel"), str(tmp_path / "new"), "--both-arms", "--out", str(out)]) == 0
    assert ONE_EFFECT in capsys.readouterr().out
    table = pd.read_csv(out)
    assert list(table) == [
        "patient_id", "status", "relapse_risk", "risk_lower", "risk_upper", "risk_control", "risk_treated", "benefit",
        "benefit_lower", "benefit_upper", "nnt", "warnings", "reason",
    ]  # fmt: skip
    assert table["benefit"].to_numpy() == pytest.approx(trained.benefit(new)["benefit"].to_numpy(), abs=1e-12)
    assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
    parts = ["score", str(tmp_path / "model.rmodel"), str(tmp_path / "new"), "--both-arms", "--chunk", "7"]
    assert main([*parts, "--out", str(tmp_path / "parts.csv")]) == 0
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "parts.csv"), table, rtol=1e-12)


def test_the_effect_told_is_that_of_the_model(trained):
    effect = arm_effect(trained)
    place = trained.study.predictors.index(trained.study.predictor("hbig_arm"))
    classifier = trained.classifier
    assert effect.log_odds.mean() == pytest.approx(classifier.coef_mean_[place], abs=0.01)
    assert effect.log_odds.std() == pytest.approx(classifier.coef_sd_[place], abs=0.02)
