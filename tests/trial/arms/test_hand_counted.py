"""Twelve patients counted by hand: endpoint, strategies, flow, and what is counted beside them."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from small_trial import COURSES, HEAD, PLAN, POLICY, RESTART, small_cohort, small_study, small_tables

import relapse_model as rm
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.study.reader import parse_study
from relapse_model.trial.arms.endpoint import endpoint
from relapse_model.trial.arms.findings import few_followed_finding
from relapse_model.trial.arms.randomised import randomised


@pytest.fixture(scope="module")
def found():
    return rm.compare_arms(small_cohort(), small_study())


def of(analysis):
    """Time, event and known endpoint by patient."""
    table = analysis.data_sets.adsl.set_index("patient_id")
    return table[["time", "event", "failed_by_week"]]


def test_the_endpoint_of_each_patient(found):
    nan = np.nan
    expected = {
        "T1": (48, 0, 0), "T2": (24, 1, 1), "T3": (24, 0, nan), "T4": (48, 0, 0), "T5": (30, 1, 1), "T6": (0, 0, nan),
        "C1": (48, 0, 0), "C2": (12, 1, 1), "C3": (48, 1, 1), "C4": (48, 1, 1), "C5": (48, 0, 0), "C6": (40, 1, 1),
    }  # fmt: skip
    table = pd.DataFrame(expected, index=["time", "event", "failed_by_week"]).T
    pd.testing.assert_frame_equal(of(found).astype(float), table.astype(float), check_names=False)


def test_kaplan_meier_by_hand(found):
    """HBIG: 5 at risk at 24, 3 at 30: 4/5 x 2/3 = 8/15. Control: 5/6 at 12, 4/5 at 40, 2/4 at 48: 1/3."""
    one = found.primary
    assert one.treatment.value == pytest.approx(1 - 8 / 15, abs=1e-12)
    assert one.control.value == pytest.approx(2 / 3, abs=1e-12)
    assert one.contrast.value == pytest.approx(-0.2, abs=1e-12)
    assert (one.treatment.patients, one.treatment.events, one.treatment.lost) == (6, 2, 2)
    assert (one.control.patients, one.control.events, one.control.lost) == (6, 4, 0)


def test_intervals_between_tests(found):
    """Relapse after the last negative test; a composite failure in its very week; nobody lost has an upper end."""
    table = found.data_sets.adsl.set_index("patient_id")
    assert table.loc[["T2", "T5", "C2", "C3", "C4"], ["left", "right"]].to_numpy().tolist() == [
        [12, 24], [30, 30], [0, 12], [36, 48], [36, 48]
    ]  # fmt: skip
    assert table.loc[["T1", "T3", "T6", "C5"], "right"].isna().all()
    assert table.loc[["T1", "T3", "T6", "C5"], "left"].tolist() == [48, 24, 0, 48]


def test_what_the_failure_was(found):
    cause = found.data_sets.adsl.set_index("patient_id")["cause"]
    assert cause.loc[["T2", "T5", "C6", "T1"]].tolist() == [
        "relapse", "antiviral treatment started again", "antiviral treatment started again", ""
    ]  # fmt: skip


def test_treatment_policy_changes_nothing():
    study = small_study(PLAN + POLICY + RESTART.format("treatment policy"))
    found = rm.compare_arms(small_cohort(), study)
    assert of(found).loc[["T5", "C6"]].to_numpy()[:, :2].tolist() == [[48, 0], [36, 0]]
    assert [(one.patients, one.changed) for one in found.intercurrent] == [((0, 1), 0), ((1, 1), 0)]


def test_hypothetical_ends_the_follow_up_in_its_week():
    """HBIG: one event among 5 at 24. Control: C6 was lost before the event, and is not changed by it."""
    found = rm.compare_arms(small_cohort(), small_study(PLAN + POLICY + RESTART.format("hypothetical")))
    table = of(found)
    assert table.loc["T5", ["time", "event"]].tolist() == [30, 0]
    assert np.isnan(table.loc["T5", "failed_by_week"])
    assert table.loc["C6", ["time", "event"]].tolist() == [36, 0]
    assert found.primary.treatment.value == pytest.approx(1 / 5)
    assert found.primary.control.value == pytest.approx(1 - 5 / 6 * 1 / 2)
    assert found.intercurrent[1].changed == 1


def test_of_two_events_the_first_decides():
    """Entecavir at 30 ends the follow-up of T5; tenofovir at 40, a failure, comes too late to count."""
    tables = small_tables()
    more = pd.DataFrame([("T5", "tenofovir", 40.0, np.nan, "")], columns=tables["treatments"].columns)
    tables["treatments"] = pd.concat([tables["treatments"], more], ignore_index=True)
    later = RESTART.format("composite").replace('"entecavir"', '"tenofovir"').replace("antiviral", "another")
    study = small_study(PLAN + RESTART.format("hypothetical") + later)
    assert of(rm.compare_arms(rm.make_cohort(**tables, study=study), study)).loc["T5", ["time", "event"]].tolist() == [
        30,
        0,
    ]


def test_an_event_after_the_endpoint_or_before_randomisation_is_none(found):
    """C1 had entecavir 80 weeks before; after a relapse (T2 at 24) it would change nothing either."""
    tables = small_tables()
    more = pd.DataFrame(
        [("T2", "entecavir", 30.0, np.nan, ""), ("T1", "entecavir", 49.0, np.nan, "")],
        columns=tables["treatments"].columns,
    )
    tables["treatments"] = pd.concat([tables["treatments"], more], ignore_index=True)
    again = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    pd.testing.assert_frame_equal(of(again), of(found))
    assert again.intercurrent[1].patients == (1, 1)


def test_flow(found):
    one, nought = found.flow.arms
    assert (found.flow.assessed, found.flow.not_randomised, found.flow.randomised) == (12, 0, 12)
    assert (one.allocated, one.received, one.not_received, one.failed, one.free, one.lost) == (6, 5, 1, 2, 2, 2)
    assert (nought.allocated, nought.received, nought.not_received, nought.failed, nought.free) == (6, 5, 1, 4, 2)
    assert one.lost_reasons == (("reason not recorded", 2),)
    assert (one.analysed, one.left_out) == (6, 0)
    assert dict(nought.visits)[48] == 4  # C2 and C6 were not seen then


def test_flow_with_reasons_and_a_patient_who_was_not_randomised():
    tables = small_tables(lost_reason=["", "", "withdrew", *[""] * 9], randomised=[1] * 12)
    tables["patients"] = pd.concat(
        [tables["patients"], pd.DataFrame({"patient_id": ["S1"], "randomised": [0], "age_years": [70.0]})],
        ignore_index=True,
    )
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    assert (found.flow.assessed, found.flow.not_randomised, found.flow.randomised) == (13, 1, 12)
    assert found.flow.arms[0].lost_reasons == (("reason not recorded", 1), ("withdrew", 1))
    assert "S1" not in set(found.data_sets.adsl["patient_id"])


@pytest.mark.parametrize("name", ["allocated", "received", "failed", "lost", "analysed"])
def test_a_flow_that_does_not_add_up_is_refused(found, name):
    one, nought = found.flow.arms
    wrong = dataclasses.replace(one, **{name: getattr(one, name) + 1})
    with pytest.raises(RelapseModelError, match="add up"):
        dataclasses.replace(found.flow, arms=(wrong, nought))


def test_missing_endpoints_by_hand(found):
    """Unknown: T3 and T6, nobody of control. Failures 2 of 4 known, 4 of 6."""
    study = small_study(PLAN + POLICY + RESTART.format("composite") + "".join(
        f'[[trial.sensitivity]]\nkind = "{kind}"\n' for kind in ("missing = failure", "missing = success", "extreme")
    ))  # fmt: skip
    made = rm.compare_arms(small_cohort(), study).sensitivity
    assert [one.label for one in made] == [
        "Missing = failure", "Missing = success", "Worst case for HBIG", "Best case for HBIG"
    ]  # fmt: skip
    assert [round(one.contrast.value, 10) for one in made] == [0, round(-1 / 3, 10), 0, round(-1 / 3, 10)]
    assert [(one.treatment.events, one.treatment.patients) for one in made] == [(4, 6), (2, 6), (4, 6), (2, 6)]


def test_per_protocol_leaves_out_who_was_given_the_other_treatment(found):
    study = small_study(PLAN + POLICY + RESTART.format("composite") + '[[trial.sensitivity]]\nkind = "per protocol"\n')
    (made,) = rm.compare_arms(small_cohort(), study).sensitivity
    # T6 never had its first dose; C5 had one in the control arm.
    kept = found.data_sets.adsl.set_index("patient_id")["kept_to_protocol"]
    assert kept[kept == 0].index.tolist() == ["T6", "C5"]
    assert (made.treatment.patients, made.control.patients) == (5, 5)
    assert "HBIG 1, control 1" in made.note


def test_weeks_since_the_last_dose(found):
    """T2 failed 24 weeks after its dose, T5 30 weeks after; no failure of control followed one."""
    table = found.since_dose.set_index("weeks")
    assert table.loc["12 or more"].tolist() == [2, 0]
    assert table.loc["no dose before"].tolist() == [0, 4]
    assert table["treatment"].sum() == 2
    assert table["control"].sum() == 4


def test_a_dose_on_the_day_of_the_first_positive_test_is_no_earlier_one():
    """T2 tests positive in week 24, and is given a dose after that blood was drawn: the last earlier one was at 0."""
    tables = small_tables()
    more = pd.DataFrame({"patient_id": ["T2"], "agent": ["hbig"], "start_week": [24.0], "dose": [400.0]})
    tables["treatments"] = pd.concat([tables["treatments"], more], ignore_index=True)
    cohort = rm.make_cohort(**tables, study=small_study())
    rows = rm.compare_arms(cohort, small_study()).since_dose.set_index("weeks")
    assert rows.loc["0 to below 4"].tolist() == [0, 0]
    assert rows.loc["12 or more"].tolist() == [2, 0]


def test_tests_per_patient_week(found):
    """HBIG: T1 4, T2 2, T3 2, T4 4, T5 2 (12, 24), T6 0; control: C1 4, C2 1, C3 4, C4 3, C5 4, C6 3."""
    assert found.testing.tests == (14, 19)
    assert found.testing.patient_weeks == (48 + 24 + 24 + 48 + 30, 48 + 12 + 48 + 48 + 48 + 40)


def test_losses_by_weeks(found):
    assert found.loss.table.to_numpy().tolist() == [
        ["0 to below 12", 1, 0], ["12 to below 24", 0, 0], ["24 to below 36", 1, 0],
        ["36 to 48", 0, 0], ["0 to 48", 2, 0]
    ]  # fmt: skip


def test_what_must_be_known_is_told(found):
    codes = [finding.code for finding in found.findings]
    assert codes == ["RM202", "RM203", "RM204"]
    assert "HBIG 2, control 4" in found.findings[-1].text


def test_who_had_the_outcome_at_randomisation_has_failed_in_week_0():
    tables = small_tables()
    first = (tables["labs"]["patient_id"] == "T1") & (tables["labs"]["week"] <= 12)
    tables["labs"].loc[first, "value"] = "3"
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    assert of(found).loc["T1", ["time", "event"]].tolist() == [0, 1]
    assert found.flow.arms[0].allocated == 6
    (said,) = (one for one in found.findings if one.code == "RM208")
    assert "HBIG 1, control 0" in said.text


def test_a_relapse_before_randomisation_is_refused():
    tables = small_tables()
    early = pd.DataFrame({"patient_id": ["C1"], "relapse": [1], "week": [-2.0]})
    with pytest.raises(CohortError, match=r"relapse before randomisation \(week below 0\) in row 2\b"):
        rm.compare_arms(rm.make_cohort(**tables, outcomes=early, study=small_study()), small_study())


def test_a_relapse_before_week_0_is_named_by_its_row_and_of_the_screened_alone_it_is_none():
    """C1 in the second row of outcomes (row 3 of the file); once C1 was screened only, nothing of C1 is compared."""
    tables, study = small_tables(), small_study()
    both = pd.DataFrame({"patient_id": ["T2", "C1"], "relapse": [1, 1], "week": [24.0, -2.0]})
    with pytest.raises(CohortError, match=r"in row 3\b"):
        rm.compare_arms(rm.make_cohort(**tables, outcomes=both, study=study), study)
    tables["patients"] = tables["patients"].assign(randomised=np.where(tables["patients"]["patient_id"] == "C1", 0, 1))
    found = rm.compare_arms(rm.make_cohort(**tables, outcomes=both, study=study), study)
    assert found.flow.not_randomised == 1


def test_deaths_of_which_the_plan_says_nothing_are_refused():
    """T1 would be free through week 48; C2 had failed in week 12 already, so that its death changes nothing."""
    tables = small_tables()
    died = pd.DataFrame({"patient_id": ["C2"], "term": ["x"], "week": [47.9], "grade": ["5"], "serious": [1]})
    tables["labs"] = tables["labs"][~(tables["labs"]["patient_id"].isin(["T1", "C2"]) & (tables["labs"]["week"] > 40))]
    kept = rm.make_cohort(**tables, adverse_events=died, study=small_study())
    assert rm.compare_arms(kept, small_study()).primary.contrast is not None
    refused = rm.make_cohort(**tables, adverse_events=died.assign(patient_id="T1"), study=small_study())
    with pytest.raises(CohortError, match=r"1 died \(grade 5\) before week 48 without a failure"):
        rm.compare_arms(refused, small_study())


def test_a_death_after_a_composite_failure_changes_nothing():
    """T5 failed in week 30 by its restart, and died in week 40: the plan has decided before."""
    tables, study = small_tables(), small_study()
    tables["labs"] = tables["labs"][~(tables["labs"]["patient_id"].isin(["T5"]) & (tables["labs"]["week"] > 39))]
    died = pd.DataFrame({"patient_id": ["T5"], "term": ["x"], "week": [40.0], "grade": ["5"], "serious": [1]})
    found = rm.compare_arms(rm.make_cohort(**tables, adverse_events=died, study=study), study)
    assert of(found).loc["T5", ["time", "event"]].tolist() == [30, 1]


def test_an_arm_that_was_not_treated_is_said():
    tables = small_tables()
    tables["treatments"] = tables["treatments"].iloc[:0]
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    (said,) = (one for one in found.findings if one.code == "RM209")
    assert said.text.startswith("6 of 6 in the HBIG arm received none")


def test_an_agent_that_the_plan_does_not_count_is_said_and_whether_it_is_of_the_class():
    """Lamivudine at 20 (T1) is of one list with entecavir; aspirin at 20 (C1) is of none, and after the end nothing."""
    head = (
        HEAD
        + """
[[predictors]]
name = "nuc_before"
kind = "ever_on_agent"
agents = ["entecavir", "lamivudine"]
"""
    )
    study = small_study(PLAN + POLICY + RESTART.format("composite"), head=head)
    tables = small_tables()

    def said(*rows):
        more = pd.DataFrame(
            [(who, agent, week, np.nan, "") for who, agent, week in rows], columns=tables["treatments"].columns
        )
        courses = pd.concat([tables["treatments"], more], ignore_index=True)
        cohort = rm.make_cohort(**(tables | {"treatments": courses}), study=study)
        return [one for one in rm.compare_arms(cohort, study).findings if one.code == "RM210"]

    (alike,) = said(("T1", "lamivudine", 20.0), ("T1", "lamivudine", 30.0))
    assert alike.severity == "warning"
    assert "lamivudine (HBIG 1, control 0; of the class of 'antiviral treatment started again')" in alike.text
    (other,) = said(("C1", "aspirin", 20.0))
    assert other.severity == "note"
    assert "aspirin (HBIG 0, control 1)" in other.text
    # before randomisation, after the week of the endpoint, after the failure of T2 in week 24
    assert said(("T1", "lamivudine", -5.0), ("T1", "lamivudine", 49.0), ("T2", "lamivudine", 30.0)) == []


def test_arms_that_are_improbable_under_the_planned_ratio_are_said():
    """6 of 12 under 1 : 1 has p = 1; under 9 : 1 at most 6 of 12 has p = 0.00054, and 12 of 12 would be usual."""
    from relapse_model.trial.arms.findings import ratio_finding

    plan = small_study().trial
    assert ratio_finding((6, 6), plan) == []
    nine = dataclasses.replace(plan, arms=dataclasses.replace(plan.arms, ratio=(9.0, 1.0)))
    (said,) = ratio_finding((6, 6), nine)
    assert said.severity == "warning"
    assert "p = 0.00054" in said.text
    # 20 of 40 under 2 : 1: p = 0.029, improbable but no more than that
    two = dataclasses.replace(plan, arms=dataclasses.replace(plan.arms, ratio=(2.0, 1.0)))
    assert [one.severity for one in ratio_finding((20, 20), two)] == ["note"]


def test_a_planned_subgroup_whose_column_is_absent_is_said():
    study = small_study(PLAN + '[[trial.subgroup]]\ncolumn = "hbeag"\nlabel = "HBeAg before"\n')
    found = rm.compare_arms(small_cohort(), study)
    (said,) = (one for one in found.findings if one.code == "RM212")
    assert said.text == "HBeAg before: the patients table has no such column."


def test_a_one_sided_test_of_the_plan_is_named_with_its_level():
    """The two-sided p of a favourable difference, halved: the answer gives the test that the plan names."""
    from relapse_model.report.trial_answer import answer

    plan = PLAN.replace('"sustained loss"', '"sustained loss"\nsides = 1')
    found = rm.compare_arms(small_cohort(), small_study(plan + POLICY + RESTART.format("composite")))
    p = found.primary.contrast.p_value / 2
    assert found.primary.tests[0].p_value == pytest.approx(p, rel=1e-9)
    assert f"one-sided p = {p:.2f}, tested at 0.025" in answer(found)


def test_who_was_never_tested_is_lost_at_week_0_and_stays_in():
    tables = small_tables()
    tables["labs"] = tables["labs"][tables["labs"]["patient_id"] != "C1"]
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    assert of(found).loc["C1", ["time", "event"]].tolist() == [0, 0]
    assert found.primary.control.patients == 6
    assert found.primary.control.lost == 1


def test_the_week_of_the_endpoint_may_differ_from_the_horizon():
    """By week 24: T2 and C2 have relapsed; entecavir came later.

    The positive test of T4 at 24 is its last one by then, and counts as an unconfirmed run at the end: that the next
    was negative, at 36, was not known at that visit.
    """
    study = small_study(PLAN.replace('"sustained loss"', '"sustained loss"\nweek = 24') + RESTART.format("composite"))
    found = rm.compare_arms(small_cohort(), study)
    assert found.endpoint.week == 24
    assert (found.primary.treatment.events, found.primary.control.events) == (2, 1)
    assert found.primary.treatment.lost == 1  # T6 alone: T3 was seen at 24


def test_nothing_after_the_visit_of_the_week_changes_the_primary_analysis(found):
    """A relapse at 60, and a negative test at 60 after the one positive test of C3 at 48."""
    tables = small_tables()
    rows = [("T1", 60.0, "hbsag", "5", "IU/mL"), ("T1", 64.0, "hbsag", "5", "IU/mL"),
            ("T4", 60.0, "hbsag", "<0.05", "IU/mL"), ("C1", 60.0, "hbsag", "<0.05", "IU/mL"),
            ("C3", 60.0, "hbsag", "<0.05", "IU/mL"), ("C4", 53.0, "hbsag", "<0.05", "IU/mL")]  # fmt: skip
    tables["labs"] = pd.concat([tables["labs"], pd.DataFrame(rows, columns=tables["labs"].columns)], ignore_index=True)
    later = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    for one in ("primary", "beside", "sensitivity", "subgroups"):
        assert getattr(later, one) == getattr(found, one)
    pd.testing.assert_frame_equal(of(later), of(found))
    assert "not made" in found.later.note
    assert later.later.contrast is not None
    assert later.later.treatment.events == 3  # T1 has relapsed by week 60


@pytest.mark.parametrize(("seen", "said"), [((), "neither arm had a visit"), (("T4",), "one arm had no visit")])
def test_a_later_week_without_visits_says_in_how_many_arms(seen, said):
    """Nobody, or T4 alone, was tested in week 60."""
    tables = small_tables()
    rows = pd.DataFrame([(one, 60.0, "hbsag", "<0.05", "IU/mL") for one in seen], columns=tables["labs"].columns)
    tables["labs"] = pd.concat([tables["labs"], rows], ignore_index=True) if seen else tables["labs"]
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    assert found.later.note == f"not made: {said} at week 60 (within 4 weeks)"


def test_the_endpoint_alone_can_be_asked_for():
    study = small_study()
    who, problems = randomised(small_cohort(), study.trial)
    assert problems == []
    assert endpoint(small_cohort(), study, who, 48, 4).event.sum() == 4  # T2, C2, C3, C4: before any strategy


def test_no_result_names_a_patient(found):
    stated = json.dumps(found.to_dict(), allow_nan=False) + repr(found) + found.to_table().to_csv()
    assert not any(f'"{name}"' in stated for name in ("T1", "C3"))


def test_without_a_dosing_rule_and_treatments():
    """Nothing is known of what was given: it is said, and nothing is counted as not given."""
    study = small_study(PLAN + POLICY, HEAD[: HEAD.index("[dosing]")])
    tables = small_tables() | {"treatments": None}
    found = rm.compare_arms(rm.make_cohort(**tables, study=study), study)
    assert found.flow.arms[0].unknown_received == 6
    assert found.intercurrent[0].patients is None
    assert found.safety is None
    assert found.since_dose is None


def test_a_single_positive_test_at_randomisation_is_refuted_by_the_next():
    """The rule reads the tests from randomisation on: one positive, then four negative ones."""
    tables = small_tables()
    first = (tables["labs"]["patient_id"] == "T1") & (tables["labs"]["week"] == 0)
    tables["labs"].loc[first, "value"] = "3"
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    assert of(found).loc["T1", ["time", "event"]].tolist() == [48, 0]


def test_without_a_test_at_randomisation_the_first_positive_one_is_a_failure():
    """C2 is positive at 12 and 24, and was not tested at 0: whoever was randomised had lost the antigen."""
    tables = small_tables()
    gone = (tables["labs"]["patient_id"] == "C2") & (tables["labs"]["week"] == 0)
    tables["labs"] = tables["labs"][~gone]
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    assert of(found).loc["C2", ["time", "event"]].tolist() == [12, 1]


def test_both_readings_of_an_unconfirmed_relapse():
    """C3 and C4 were positive at their last test: failures, or lost after 36 in the analysis beside."""
    head = HEAD.replace('unconfirmed_at_end = "relapse"', 'unconfirmed_at_end = "both"')
    study = small_study(head=head)
    found = rm.compare_arms(small_cohort(study), study)
    other = next(one for one in found.beside if one.kind == "unconfirmed")
    assert (found.primary.control.events, other.control.events) == (4, 2)
    assert other.control.lost == 2


def test_nothing_is_per_protocol_where_doses_cannot_be_judged():
    """Without amounts nobody can tell whether doses were given as the rule says: it is not made, and listed."""
    plan = PLAN + POLICY + '[[trial.sensitivity]]\nkind = "per protocol"\n'
    tables = small_tables()
    tables["treatments"] = tables["treatments"].drop(columns=["dose", "unit"], errors="ignore")
    study = small_study(plan)
    found = rm.compare_arms(rm.make_cohort(**tables, study=study), study)
    (made,) = (one for one in found.sensitivity if one.kind == "per protocol")
    if study.dosing is None:
        pytest.fail("the small study has a dosing rule")
    assert made.contrast is None
    assert made.note.startswith("not made: adherence to treatment was not judged")
    assert "RM212" in [one.code for one in found.findings]


def test_few_followed_to_the_endpoint_are_reported():
    """Of the five without a failure in an arm, four were lost: the interval does not say so."""
    flow = SimpleNamespace(
        arms=[SimpleNamespace(name="HBIG", free=1, lost=4), SimpleNamespace(name="c", free=4, lost=4)]
    )
    (finding,) = few_followed_finding(flow, 48.0)
    assert finding.code == "RM214"
    assert "HBIG 1 of 5." in finding.text


@pytest.mark.parametrize(("agent", "meant"), [("entecavr", "entecavir"), ("neverheard", None)])
def test_an_agent_of_an_event_that_nobody_knows_is_refused(agent, meant):
    """Mistyped, no course would ever be one of it: the event would count nobody."""
    head, plan = rm.load_study("hbsag-relapse").text.split("[[trial.intercurrent]]", 1)
    assert '"entecavir"' in plan
    mistyped = plan.replace('"entecavir"', f'"{agent}"', 1)
    study = parse_study(f"{head}[[trial.intercurrent]]{mistyped}", "study.toml")
    with pytest.raises(RelapseModelError, match=f"agent '{agent}', which no course has") as refusal:
        rm.compare_arms(rm.simulate_cohort(40, seed=1), study)
    assert (meant is None) == ("Did you mean" not in str(refusal.value))
    assert meant is None or f"Did you mean '{meant}'" in str(refusal.value)


def test_sex_is_one_line_of_table_one():
    """Of six and six T1, T2 and C1 are women, and of C2 it is not known: 2 of 6 and 1 of 5."""
    sexes = ["F" if name in {"T1", "T2", "C1"} else "" if name == "C2" else "M" for name in COURSES]
    rows = {one.variable: one for one in rm.compare_arms(small_cohort(sex=sexes), small_study()).table_one.rows}
    women = rows["Female sex"]
    assert (women.treatment, women.control, women.missing) == ("2 (33 %)", "1 (20 %)", (0, 1))
    assert (women.level, "Sex" in rows) == ("", False)
