"""Who can be scored is who can be trained on: patients without any laboratory result among them, where such were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.errors import InsufficientDataError

READ = ("anti_hbs", "hbcrag")  # what the predictors of the built-in study read


def without_results(cohort, study, positions):
    tables = {name: table.copy() for name, table in cohort.tables().items()}
    labs, ids = tables["labs"], cohort.patient_ids[positions]
    tables["labs"] = labs[~(labs["patient_id"].isin(ids) & labs["analyte"].isin(READ))]
    return rm.make_cohort(**tables, study=study)


@pytest.fixture(scope="module")
def trained(study):
    """Models trained on 132 patients, of whom none, or ten, have no result of the predictors."""
    cohort = rm.simulate_cohort(132, seed=7)
    return {
        count: rm.train(without_results(cohort, study, np.arange(count)), study, candidates=("prior_logistic",))
        for count in (0, 10)
    }


@pytest.fixture(scope="module")
def elsewhere(study):
    return without_results(rm.simulate_cohort(120, seed=9), study, np.arange(7))


def test_who_is_scored_depends_on_who_was_trained_on(trained, elsewhere):
    assert (trained[0].summary["unmeasured"], trained[10].summary["unmeasured"]) == (0, 10)
    first, then = (trained[count].score(elsewhere)["status"] == "scored" for count in (0, 10))
    assert first.tolist() == [False] * 7 + [True] * 113
    assert then.all()
    risks = trained[10].score(elsewhere)
    assert risks["warnings"].iloc[:7].str.contains("RS201 missing: Anti-HBs").all()


def test_evaluation_and_update_judge_whom_the_model_scores(trained, elsewhere):
    stated = {count: model.evaluate(elsewhere) for count, model in trained.items()}
    assert (stated[0].patients, stated[0].unmeasured) == (113, 7)
    assert (stated[10].patients, stated[10].unmeasured) == (120, 0)
    assert stated[0].to_dict()["unmeasured"] == 7
    assert "unmeasured" not in stated[10].to_dict()
    assert trained[0].update(elsewhere).summary["update"]["patients"] == 113


def test_a_model_that_does_not_tell_scores_none_of_them(trained, elsewhere):
    summary = {name: stated for name, stated in trained[10].summary.items() if name != "unmeasured"}
    older = replace(trained[10], summary=summary)
    assert (older.score(elsewhere)["status"] == "scored").sum() == 113
    few = replace(trained[10], summary=summary | {"unmeasured": "<5"})
    assert (few.score(elsewhere)["status"] == "scored").all()


def test_nobody_to_judge_is_refused(trained, study):
    nobody = without_results(rm.simulate_cohort(20, seed=3), study, np.arange(20))
    with pytest.raises(InsufficientDataError, match="none of 20 patients at risk has a laboratory result"):
        trained[0].evaluate(nobody)


def test_a_titre_of_two_years_ago_is_not_the_titre(trained, study):
    """Scored as without a titre and warned of, not as by the old one."""
    tables = {name: table.copy() for name, table in rm.simulate_cohort(5, seed=8).tables().items()}
    labs = tables["labs"]
    labs = labs[(labs["analyte"] != "anti_hbs") | (labs["week"] == 0)]
    old = labs.assign(week=np.where(labs["analyte"] == "anti_hbs", -104.0, labs["week"]))
    none = labs[labs["analyte"] != "anti_hbs"]
    model = trained[0]
    scores = {
        name: model.score(rm.make_cohort(**tables | {"labs": one}, study=study))
        for name, one in (("now", labs), ("old", old), ("none", none))
    }
    np.testing.assert_array_equal(scores["old"]["relapse_risk"], scores["none"]["relapse_risk"])
    assert (scores["old"]["relapse_risk"] != scores["now"]["relapse_risk"]).all()
    expected = "RS212 result too old and not used: Anti-HBs, 104 weeks before week 0 (no older than 16)"
    assert scores["old"]["warnings"].str.contains(expected, regex=False).all()
    assert not scores["now"]["warnings"].str.contains("RS212").any()
