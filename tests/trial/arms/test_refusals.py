"""What is refused, all at once; and what is reported without being refused."""

from __future__ import annotations

import dataclasses
import datetime
import re
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
from small_trial import HEAD, PLAN, RESTART, cohort_132, small_cohort, small_study, small_tables, study_132

import relapse_model as rm
from relapse_model.errors import CohortError, InsufficientDataError, StudyError


def refused(cohort, study, **asked):
    with pytest.raises(CohortError) as error:
        rm.compare_arms(cohort, study, **asked)
    return str(error.value)


def test_a_study_without_a_plan():
    with pytest.raises(StudyError, match=r"no section \[trial\]"):
        rm.compare_arms(small_cohort(), small_study("", HEAD))


def test_everything_at_once():
    """An arm that the plan does not know, an arm missing, no treatments for a composite strategy."""
    arms = ["hbig"] * 5 + ["placebo"] + ["control"] * 5 + [None]
    tables = small_tables(arm=arms) | {"treatments": None}
    text = refused(rm.make_cohort(**tables, study=small_study()), small_study())
    assert "3 problems" in text
    assert "'placebo' in row 7" in text
    assert "no arm in row 13" in text
    assert "treatments: no such table" in text
    assert "C6" not in text


def test_one_arm_only():
    assert "nobody in the arm 'control'" in refused(small_cohort(arm=["hbig"] * 12), small_study())


def test_no_arm_column():
    tables = small_tables()
    tables["patients"] = tables["patients"].drop(columns="arm")
    head = HEAD.replace(
        'name = "on_hbig"\nkind = "column"\ncolumn = "arm"', 'name = "on"\nkind = "column"\ncolumn = "b"'
    )
    study = small_study(head=head)
    assert "column 'arm': the column is missing" in refused(rm.make_cohort(**tables, study=study), study)


def test_who_was_refused_at_the_gate_is_not_left_out_silently():
    tables = small_tables()
    tables["patients"].loc[0, "age_years"] = 400
    cohort = rm.make_cohort(**tables, study=small_study(), on_problems="list")
    assert "1 patient was refused when the cohort was read" in refused(cohort, small_study())


def test_an_incomplete_treatments_table_does_not_say_no():
    study = small_study(PLAN + RESTART.format("composite") + "[treatments]\ncomplete = false\n")
    assert "incomplete" in refused(small_cohort(study), study)


def test_an_agent_in_another_spelling():
    tables = small_tables()
    tables["treatments"]["agent"] = tables["treatments"]["agent"].replace("entecavir", "Entecavir")
    text = refused(rm.make_cohort(**tables), small_study())
    assert "'Entecavir'; expected 'entecavir'" in text


def test_follow_up_that_does_not_reach_the_week():
    tables = small_tables()
    tables["labs"] = tables["labs"][tables["labs"]["week"] <= 30]
    tables["treatments"] = tables["treatments"][tables["treatments"]["start_week"] < 20]
    text = refused(rm.make_cohort(**tables, study=small_study()), small_study())
    assert "the arm 'HBIG' is followed to week 24 at most" in text
    assert "the arm 'control' is followed to week 24 at most" in text


def test_a_method_for_known_endpoints_with_some_unknown():
    text = refused(cohort_132(), study_132(method="miettinen-nurminen"))
    assert "the endpoint of 4 patients of the arm 'HBIG' is unknown" in text
    assert "2 problems" in text


@pytest.mark.parametrize(
    ("primary", "head", "said"),
    [
        ({"measure": "odds_ratio"}, "", "'odds_ratio' by Kaplan-Meier"),
        ({"method": "newcombe"}, 'strata = ["centre"]\n', "'newcombe' within strata"),
        ({"method": "miettinen-nurminen", "measure": "odds_ratio"}, 'strata = ["centre"]\n', "'odds_ratio' within"),
    ],
)
def test_measures_that_a_method_does_not_have(primary, head, said):
    assert said in refused(cohort_132(lost=False), study_132(head=head, **primary))


@pytest.mark.parametrize(
    ("adjust", "said"),
    [
        (["on_hbig"], "'on_hbig' is the arm"),
        (["hbig_before"], "'hbig_before' counts hbig, which the trial gives"),
        (["weight"], "'weight'; expected a predictor of the study"),
        (["age", "titre"], "2 columns (age, titre) and 6 events"),
    ],
)
def test_columns_that_are_not_of_the_baseline_or_too_many(adjust, said):
    tables = small_tables()
    rows = [(name, 0.0, "anti_hbs", "50", "mIU/mL") for name in tables["patients"]["patient_id"]]
    tables["labs"] = pd.concat([tables["labs"], pd.DataFrame(rows, columns=tables["labs"].columns)], ignore_index=True)
    assert said in refused(rm.make_cohort(**tables, study=small_study()), small_study(), adjust=adjust)


def test_blood_drawn_after_the_first_dose_is_no_baseline():
    """The dose half a week before enrolment, the titre at enrolment."""
    tables = small_tables()
    tables["treatments"].loc[tables["treatments"]["patient_id"] == "T1", "start_week"] = -0.5
    rows = [(name, 0.0, "anti_hbs", "50", "mIU/mL") for name in tables["patients"]["patient_id"]]
    tables["labs"] = pd.concat([tables["labs"], pd.DataFrame(rows, columns=tables["labs"].columns)], ignore_index=True)
    text = refused(rm.make_cohort(**tables, study=small_study()), small_study(), adjust=["titre"])
    assert "'titre': in 1 patient blood was drawn at enrolment, but after the first dose" in text


def test_a_column_of_which_much_is_missing():
    cohort = cohort_132(lost=False)
    patients = cohort.patients.assign(x=np.where(np.arange(132) < 20, np.nan, cohort.patients["x"]))
    text = refused(dataclasses.replace(cohort, patients=patients), study_132(), adjust=["x"])
    assert "'x' is missing in 15% of the randomised patients" in text
    few = cohort.patients.assign(x=np.where(np.arange(132) < 6, np.nan, cohort.patients["x"]))
    found = rm.compare_arms(dataclasses.replace(cohort, patients=few), study_132(), adjust=["x"])
    assert "x: 6 missing, replaced by the mean" in found.extra[0].note


def test_a_column_that_separates_is_named():
    cohort = cohort_132(lost=False)
    patients = cohort.patients.assign(x=np.asarray(rm.derive_outcome(cohort, study_132())["relapse"]))
    with pytest.raises(InsufficientDataError, match="'x' separates"):
        rm.compare_arms(dataclasses.replace(cohort, patients=patients), study_132(), adjust=["x"])


def test_a_stratum_that_is_not_known():
    cohort = cohort_132()
    patients = cohort.patients.assign(centre=["", *cohort.patients["centre"][1:]])
    text = refused(dataclasses.replace(cohort, patients=patients), study_132(head='strata = ["centre", "ward"]\n'))
    assert "no stratum in row 2" in text
    assert "column 'ward': the column is missing" in text


def test_a_subgroup_whose_column_is_not_there_is_told():
    found = rm.compare_arms(cohort_132(), study_132('[[trial.subgroup]]\ncolumn = "sex"\n'))
    assert found.subgroups[0].note == "not made: the patients table has no such column"


def test_an_arm_without_events_still_has_an_interval():
    """Greenwood's would have no width: the score interval is the default of the plan."""
    cohort = cohort_132(lost=False)
    treated = (cohort.patients["arm"] == "hbig").to_numpy()
    outcomes = cohort.outcomes.copy()
    rows = treated[outcomes["patient"]]
    outcomes.loc[rows, "relapse"] = 0
    outcomes.loc[rows, "week"] = 48.0
    none = dataclasses.replace(cohort, outcomes=outcomes)
    found = rm.compare_arms(none, study_132())
    direct = rm.risk_difference(0, 66, 14, 66)
    assert (found.primary.contrast.lower, found.primary.contrast.upper) == pytest.approx((direct.lower, direct.upper))
    assert [finding.code for finding in found.findings] == ["RM204"]
    assert "not made" in next(one for one in found.beside if one.kind == "cox").note
    with pytest.raises(InsufficientDataError, match="would have no width"):
        rm.compare_arms(none, study_132(interval="greenwood"))


def test_the_plan_and_its_hash():
    study = study_132(head="dated = 2026-03-01\n")
    digest = sha256(study.text.encode()).hexdigest()
    found = rm.compare_arms(cohort_132(), study, registered=digest)
    assert found.plan_sha256 == digest
    assert found.to_dict()["plan_dated"] == "2026-03-01"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", found.read_at)
    assert "RM205" not in [one.code for one in found.findings]
    changed = rm.compare_arms(cohort_132(), study, registered="ab" * 32)
    assert [one.code for one in changed.findings] == ["RM205"]


def test_a_plan_dated_after_the_last_visit_is_told():
    """Enrolled on 2025-01-01, last seen 50 weeks later: 2025-12-17."""
    study = small_study("[trial]\ndated = 2026-03-01\n" + PLAN.split("[trial]\n")[1] + RESTART.format("composite"))
    assert study.trial.dated == datetime.date(2026, 3, 1)
    found = rm.compare_arms(small_cohort(study, enrolment_date="2025-01-01"), study)
    stated = next(one for one in found.findings if one.code == "RM205")
    assert "the last visit was on 2025-12-17" in stated.text


def test_an_arm_that_is_tested_more_often_is_told():
    tables = small_tables()
    rows = [("C1", float(week), "hbsag", "<0.05", "IU/mL") for week in range(1, 48, 2)]
    tables["labs"] = pd.concat([tables["labs"], pd.DataFrame(rows, columns=tables["labs"].columns)], ignore_index=True)
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    assert "RM201" in [one.code for one in found.findings]


def test_one_sided():
    found = rm.compare_arms(cohort_132(), study_132(sides=1))
    assert found.primary.tests[0].p_value == pytest.approx(found.primary.contrast.p_value / 2)
