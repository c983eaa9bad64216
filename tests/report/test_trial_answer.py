"""The answer of a trial and what follows from it: each sentence beside the numbers it comes from."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
from small_trial import PLAN, POLICY, RESTART, cohort_132, small_cohort, small_study, small_tables, study_132

import relapse_model as rm
from relapse_model.report.trial_answer import (
    answer,
    answer_caveats,
    endpoint_words,
    excludes_none,
    limits_per_100,
    lost_words,
    short_answer,
)
from relapse_model.report.trial_figures import trial_captions, trial_figures
from relapse_model.report.trial_next import _worst_case, next_steps
from relapse_model.report.trial_words import points

MINUS = "\N{MINUS SIGN}"
EXTREMES = '[[trial.sensitivity]]\nkind = "extreme"\n'


@pytest.fixture(scope="module")
def compared(cohort, study):
    return rm.compare_arms(cohort, study)


def test_the_registered_endpoint_stands_first_and_the_sign_of_the_plan_is_said(compared):
    assert answer(compared).startswith(
        "Sustained HBsAg loss at week 48: HBIG 82.1 %, control 84.2 %. Failure is the loss of this endpoint (HBsAg "
        f"relapse or antiviral treatment restarted). Difference in failure, HBIG minus control: +2.1 "
        f"percentage points (95 % interval {MINUS}11.5 to +15.8; p = 0.76); "
        "negative favours HBIG. No difference was "
        "shown; the data are compatible with anything from 11.5 fewer to 15.8 more failures per 100 patients with HBIG."
        " This does not show that the arms are equivalent. 13 patients were lost to follow-up and count up to their "
        "last test. Hepatitis B immunoglobulin can hide HBsAg, so that failures "
        "under it may be found late or not at all; the analysis extended to week 60, which allows for this, was not "
        "possible: neither arm had a visit at week 60 (within 4 weeks)."
    )


def test_one_result_has_one_sign(compared):
    """Of -2.1 and +2.1 in one answer, a reader takes the one for the other: only the difference in failure is given."""
    assert "+2.1" in answer(compared)
    assert f"{MINUS}2.1" not in answer(compared)
    assert answer(compared).count("percentage points") == 1


def test_arms_without_labels_are_quoted_within_sentences():
    """Controls whose value in the table is "none" must not read "more failures than with none"."""
    found = rm.compare_arms(small_cohort(), small_study(PLAN + EXTREMES))
    assert found.plan.arms.quoted == found.plan.arms.names  # the plan names them
    arms = dataclasses.replace(found.plan.arms, labels=())
    bare = dataclasses.replace(found, plan=dataclasses.replace(found.plan, arms=arms))
    treatment, control = arms.names
    assert f"'{treatment}' minus '{control}'" in answer(bare)
    assert f"failures per 100 patients with '{treatment}'" in answer(bare)
    assert any(f"in '{treatment}'" in step for step in next_steps(bare))
    assert next_steps(bare)[0].startswith(f"Do not report equivalence: '{treatment}' may prevent up to ")


def test_drugs_that_hide_nothing_are_not_said_to(compared):
    study = dataclasses.replace(compared.study, passive_antibody=None)
    assert "can hide" not in answer(dataclasses.replace(compared, study=study))


def test_the_two_scales_are_mirror_images(compared):
    """Not rounded twice: 11.46 is 11.5 on either scale, and not 12 in the words."""
    contrast = compared.primary.contrast
    assert round(100 * contrast.lower, 2) == -11.46
    assert points(-contrast.lower) == "+11.5"
    assert limits_per_100(contrast) == ("11.5", "15.8")


def test_a_ratio_has_no_difference_and_keeps_its_direction():
    found = rm.compare_arms(small_cohort(), small_study(PLAN + 'measure = "risk_ratio"\n'))
    assert "difference" not in answer(found).split("No difference was shown")[0]
    assert "Risk ratio, HBIG over control:" in answer(found)
    assert "below 1 favours HBIG" in answer(found)


def test_an_endpoint_that_names_the_failure_is_turned_round():
    """Who reads "relapse at week 48: 50 %" of those free of it would read the opposite."""
    name = small_study().outcome.name
    found = rm.compare_arms(small_cohort(), small_study(PLAN.replace("sustained loss", name)))
    assert endpoint_words(found) == f"Free of {name}"
    assert answer(found).startswith(f"Free of {name} at week 48: ")


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        # T3, T6 and C6 were lost; the entecavir of C6 in week 40 is a failure by the composite strategy all the same.
        ("composite", "2 patients were lost to follow-up and count up to their last test."),
        # T5 had entecavir in week 30, and its follow-up ends there; C6 was lost before that.
        ("hypothetical", "3 patients were lost to follow-up and count up to their last test; 1 patient counts up to an "
                         "intercurrent event, as planned."),
    ],
)  # fmt: skip
def test_how_the_lost_count_is_said(strategy, said):
    found = rm.compare_arms(small_cohort(), small_study(PLAN + RESTART.format(strategy)))
    assert lost_words(found) == said
    assert said in answer(found)


def test_nothing_is_said_of_losses_where_there_are_none_and_of_one_in_the_singular():
    assert lost_words(rm.compare_arms(cohort_132(lost=False), study_132())) == ""
    kept = {name: table[~table["patient_id"].isin(["T6", "C6"])] for name, table in small_tables().items()}
    one = rm.compare_arms(rm.make_cohort(**kept, study=small_study()), small_study())
    assert lost_words(one) == "1 patient was lost to follow-up and counts up to the last test."


def test_what_next_follows_from_the_numbers(compared):
    steps = next_steps(compared)
    worst, best = (one.contrast for one in compared.sensitivity if one.kind == "extreme")
    assert steps[0].startswith(
        "Do not report equivalence: HBIG may prevent up to 11.5, or cause up to 15.8, failures per 100 patients (95 % "
        "interval). Compare these limits"
    )
    assert "about 528 patients in all" in steps[0]  # 4 x 132
    assert steps[1] == (
        "Try to obtain the missing outcomes (endpoint unknown in 13 of 132). If all 6 in HBIG had failed and none of "
        f"the 7 in control, the difference would be {points(worst.value)} ({points(worst.lower)} to "
        f"{points(worst.upper)}) percentage points; in the reverse case {points(best.value)} ({points(best.lower)} to "
        f"{points(best.upper)}): the conclusion would be the same."
    )
    assert steps[2] == (
        "Plan visits at week 60: the analysis that allows for failures hidden by antibody was not possible: neither "
        "arm had a visit at week 60 (within 4 weeks)."
    )
    assert "criteria of eligibility" not in steps[3]  # all are documented
    assert "harms cannot be reported" in steps[3]
    assert steps[4].startswith("For the next plan, name in advance the baseline variables that predict failure")
    assert f"which can happen by chance (Body mass index (kg/m²) {MINUS}0.37" in steps[4]
    assert "Age" not in steps[4]  # -0.06
    assert steps[5].startswith("State the date of the plan in the study file")


def test_another_conclusion_of_a_sensitivity_analysis_is_named():
    """A primary interval below 0, made by hand, and extremes of 12 patients that show nothing."""
    found = rm.compare_arms(small_cohort(), small_study(PLAN + EXTREMES))
    primary = dataclasses.replace(found.primary.contrast, value=-0.4, lower=-0.7, upper=-0.1)
    shown = dataclasses.replace(found, primary=dataclasses.replace(found.primary, contrast=primary))
    assert excludes_none(primary) == -1
    (said,) = [step for step in next_steps(shown) if step.startswith("Report with the answer")]
    assert said.startswith("Report with the answer: all 2 sensitivity analyses lead to another conclusion (Worst case")
    assert any("they can change the conclusion" in step for step in next_steps(shown))
    assert next_steps(shown)[0].startswith(
        "Report the risk difference of failure, HBIG minus control, with its interval: "
        f"{MINUS}40.0 ({MINUS}70.0 to {MINUS}10.0) percentage points"
    )


def test_what_was_planned_and_not_made_is_listed_with_its_reason():
    study = small_study(PLAN + '[[trial.subgroup]]\ncolumn = "hbeag"\nlabel = "hbeag before"\n')
    steps = next_steps(rm.compare_arms(small_cohort(), study))
    assert "Report as planned but not made: hbeag before: the patients table has no such column." in steps
    assert any("the plan names no analysis of the extremes" in step for step in steps)


def test_a_dated_plan_is_not_asked_for_a_date():
    dated = PLAN.replace("[trial]\n", "[trial]\ndated = 2020-01-01\n")
    found = rm.compare_arms(small_cohort(), small_study(dated + POLICY))
    assert not [step for step in next_steps(found) if step.startswith("Date the plan")]


def test_the_worst_case_names_only_arms_with_unknown_endpoints():
    """Whose endpoint is known has no worst case."""

    def said(treatment, control):
        arms = [SimpleNamespace(lost=lost, name=name) for lost, name in ((treatment, "HBIG"), (control, "control"))]
        return _worst_case(*arms)

    assert said(6, 7) == "all 6 in HBIG had failed and none of the 7 in control"
    assert said(1, 1) == "the one patient in HBIG had failed and the one patient in control had not"
    assert said(0, 2) == "none of the 2 in control had failed"
    assert said(0, 1) == "the one patient in control had not failed"


def test_the_answer_itself_is_short_and_its_caveats_stand_apart(compared):
    """On the page the box holds what was found; who was lost, and what may hide it, stand below."""
    whole = answer(compared)
    short, rest = short_answer(compared), answer_caveats(compared)
    assert whole == f"{short} {rest}"
    assert short.endswith("This does not show that the arms are equivalent.")
    assert len(short) < 500
    assert rest.startswith("13 patients were lost to follow-up")
    assert "can hide HBsAg" in rest


def test_a_later_week_that_was_not_possible_is_in_the_forest_and_told_beneath(compared):
    labels = [text.get_text() for text in trial_figures(compared)["sensitivity"].axes[0].texts]
    assert "Extended to week 60" in labels
    assert labels[labels.index("Extended to week 60") + 1] == "not possible"
    assert trial_captions(compared)["failures"].endswith(
        "Patients free of failure at their week-48 visit, held within its window, are plotted at week 48; a failure is "
        "plotted in the week in which it was found, and at week 48 if that was later."
    )
    assert trial_captions(compared)["sensitivity"].endswith(
        "Extended to week 60: not possible, since neither arm had a visit at week 60 (within 4 weeks)."
    )


def test_a_later_week_that_was_possible_has_its_interval_in_the_forest():
    found = rm.compare_arms(small_cohort(), small_study(PLAN + EXTREMES))
    later = dataclasses.replace(found.primary, kind="later", label="Extended to week 60", note="")
    found = dataclasses.replace(found, later=later)
    labels = [text.get_text() for text in trial_figures(found)["sensitivity"].axes[0].texts]
    assert labels[labels.index("Extended to week 60") + 1] == labels[labels.index("Primary analysis") + 1]
    assert "not possible" not in trial_captions(found)["sensitivity"]
