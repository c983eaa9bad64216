"""`rm.compare_arms`: the arms of a trial compared as its plan says, and in no other way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.study_names import require_names
from relapse_model.development.checks.finding import Finding
from relapse_model.errors import CohortError, InsufficientDataError, Problem, StudyError
from relapse_model.study.study import Study
from relapse_model.study.study_text import text_sha256
from relapse_model.study.trial_plan import TrialPlan
from relapse_model.trial.arms import findings
from relapse_model.trial.arms.adjustment import BaselineColumns, baseline_columns, standardised
from relapse_model.trial.arms.adverse_events import adverse_events_by_arm
from relapse_model.trial.arms.analysis import TrialAnalysis
from relapse_model.trial.arms.arm_contrast import ArmContrast, counts
from relapse_model.trial.arms.baseline import baseline_table
from relapse_model.trial.arms.data_sets import data_sets
from relapse_model.trial.arms.detection import losses_in_quarters, relapses_since_dose, testing_frequency
from relapse_model.trial.arms.endpoint import Endpoint, endpoint
from relapse_model.trial.arms.estimation import KAPLAN_MEIER, NEWCOMBE, beside, by_plan
from relapse_model.trial.arms.flow import ParticipantFlow, participant_flow
from relapse_model.trial.arms.intercurrent import (
    IntercurrentFound,
    death_problems,
    early_outcomes,
    intercurrent_problems,
    with_strategies,
)
from relapse_model.trial.arms.number_words import number_of, weeks_of
from relapse_model.trial.arms.prognostic_score import prognostic_score
from relapse_model.trial.arms.protocol import protocol
from relapse_model.trial.arms.randomised import Randomised, randomised
from relapse_model.trial.arms.safety import treatments_by_arm
from relapse_model.trial.arms.sensitivity import sensitivity_analyses
from relapse_model.trial.arms.subgroups import subgroups_of_plan
from relapse_model.trial.arms.uncounted import uncounted_agents

Adjustment = Sequence[str] | str | Path
_REFUSED = "the arms were not compared"


def compare_arms(
    cohort: Cohort, study: Study, *, adjust: Adjustment | None = None, registered: str | None = None
) -> TrialAnalysis:
    """Compare the arms of a randomised trial as the plan in the study file says, and in no other way.

    Assumes that the patients were randomised, and what the plan's method assumes: Kaplan-Meier, that within an arm loss
    has nothing to do with the coming failure. All who were randomised are compared, in the arm to which they were
    allocated. Results after the visit of the endpoint's week change nothing in the primary analysis. The risk is that
    of a *failure*: the study's outcome by that week, or an intercurrent event whose strategy is composite.

    Parameters
    ----------
    cohort : Cohort
        With an arm column; a column ``randomised`` (0, 1) where some were screened only, and ``lost_reason`` if known.
    study : Study
        With a section [trial].
    adjust : sequence of str, or str or Path, optional
        Predictors, or the file of a model of other patients whose risk is adjusted for, in an analysis that the plan
        does not name: labelled *not pre-specified*.
    registered : str, optional
        SHA-256 of the study, written out in full, as registered before the data; another one is reported (RM205).

    Returns
    -------
    TrialAnalysis

    Raises
    ------
    StudyError
        If the study has no plan of a trial.
    CohortError
        With all problems at once: a patient without an arm of the plan, one arm only, treatments that a strategy needs
        and that are not there, a week that an arm's follow-up does not reach, a method that needs endpoints that are
        unknown, columns of an adjustment measured after randomisation, missing in more than 10 %, or too many, a model
        that was trained on these patients.
    InsufficientDataError
        If the planned method has no answer in these patients.

    Examples
    --------
    >>> import relapse_model as rm
    >>> found = rm.compare_arms(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"))
    >>> found.primary.treatment.patients + found.primary.control.patients
    132
    """
    plan = _plan(study)
    who, problems = randomised(cohort, plan)
    problems += _name_problems(cohort, study)
    problems += intercurrent_problems(cohort, study, plan.intercurrent) + _method_problems(study, plan)
    problems += early_outcomes(cohort, who)
    if problems:  # what follows reads the tables by the study's names, and needs both arms
        raise CohortError(_REFUSED, problems)
    bare = endpoint(cohort, study, who, plan.primary.week, plan.primary.window_weeks)
    found, seen = with_strategies(bare, cohort, plan.intercurrent, (plan.arms.treatment, plan.arms.control))
    problems += death_problems(cohort, study, found)
    weights, of_weights = _weight_columns(cohort, study, plan, found)
    found = replace(found, weight_by=weights)
    problems += [*of_weights, *_endpoint_problems(found, plan)]
    asked: Adjustment = plan.primary.adjust_model or plan.primary.adjust
    planned, wrong = _columns(cohort, study, found, asked, "[trial.primary] adjust")
    extra, more = _columns(cohort, study, found, adjust or (), "adjust")
    problems += [*wrong, *more]
    if problems:
        raise CohortError(_REFUSED, problems)
    return _analysed(cohort, study, plan, found, seen, planned, extra, registered)


def _columns(
    cohort: Cohort, study: Study, found: Endpoint, asked: Adjustment, where: str
) -> tuple[BaselineColumns | None, list[Problem]]:
    """Return the columns of an adjustment: predictors by name, or the risk from the file of a model."""
    if isinstance(asked, str | Path):
        return prognostic_score(cohort, study, found, asked, where)
    return baseline_columns(cohort, study, found, tuple(asked), where)


def _weight_columns(
    cohort: Cohort, study: Study, plan: TrialPlan, found: Endpoint
) -> tuple[Floats | None, list[Problem]]:
    """Return the columns by which patients are weighted for those whose follow-up an event ended."""
    names = dict.fromkeys(name for one in plan.intercurrent for name in one.weight_by)
    where = "[[trial.intercurrent]] weight_by"
    columns, problems = baseline_columns(cohort, study, found, tuple(names), where, for_weights=True)
    if names and plan.primary.interval == "greenwood":
        expected = "'score': Greenwood's variance does not hold for weighted risks"
        problems.append(Problem("[trial.primary]", None, "interval", "'greenwood', and weight_by", expected))
    return None if columns is None else columns.matrix, problems


def _analysed(
    cohort: Cohort, study: Study, plan: TrialPlan, found: Endpoint, seen: tuple[IntercurrentFound, ...],
    planned: BaselineColumns | None,
    extra: BaselineColumns | None, registered: str | None,
) -> TrialAnalysis:  # fmt: skip
    names, primary = plan.arms.names, _primary(found, plan, planned)
    harms = adverse_events_by_arm(cohort, found, names, plan.primary.window_weeks, plan.primary.level)
    analysed = np.ones(len(found), dtype=bool)  # also the lost: until then by Kaplan-Meier, or by their columns
    kept = protocol(cohort, study, found)
    tested, loss = testing_frequency(cohort, study, found, plan.primary.level), losses_in_quarters(found)
    sensitivity = sensitivity_analyses(found, plan, kept.kept, kept.words, "" if kept.judged else kept.note)
    table_one = baseline_table(cohort, study, found)
    digest = text_sha256(study.text)
    sizes = int(found.treated.sum()), int((~found.treated).sum())
    flow = participant_flow(cohort, study, found, names, analysed)
    subgroups = subgroups_of_plan(cohort, found, plan)
    return TrialAnalysis(
        study=study, plan=plan, plan_sha256=digest, read_at=datetime.now(UTC).isoformat(timespec="seconds"),
        flow=flow, table_one=table_one, primary=primary,
        beside=(*beside(found, plan), *_other_reading(cohort, study, plan, found)),
        sensitivity=sensitivity.contrasts, tipping=sensitivity.tipping,
        extra=_extra(found, plan, extra),
        later=_later(cohort, study, plan, found), subgroups=subgroups, intercurrent=seen,
        safety=treatments_by_arm(cohort, found, names, plan.primary.level), adverse_events=harms,
        deviations=kept.deviations,
        adherence=kept.adherence, testing=tested, loss=loss,
        since_dose=relapses_since_dose(cohort, study, found),
        findings=(
            *findings.testing_finding(tested, names), *findings.loss_finding(loss, sizes, names),
            *findings.deviation_finding(kept, names), *findings.few_events_finding(primary),
            *_of_what_was_done(cohort, study, found, flow, names), *findings.ratio_finding(sizes, plan),
            *findings.not_made_finding(subgroups, sensitivity.contrasts),
            *findings.few_followed_finding(flow, found.week),
            *findings.plan_finding(plan, digest, registered, findings.last_visit(cohort)),
        ),
        notes=_notes(kept.note, table_one.absent, harms is not None),
        synthetic=cohort.synthetic,
        endpoint=found,
        data_sets=data_sets(cohort, study, found, kept, planned if extra is None else extra, harms),
    )  # fmt: skip


def _extra(found: Endpoint, plan: TrialPlan, columns: BaselineColumns | None) -> tuple[ArmContrast, ...]:
    """Return the analysis that was asked for besides the plan, and is labelled so."""
    if columns is None:
        return ()
    label, status = f"Adjusted for {', '.join(columns.names)}", "not pre-specified"
    return (standardised(found, plan, columns, kind="adjusted, not pre-specified", label=label, status=status),)


def _of_what_was_done(
    cohort: Cohort, study: Study, found: Endpoint, flow: ParticipantFlow, names: tuple[str, str]
) -> list[Finding]:
    """Return what must be known of those who entered with the outcome, were not treated, or were treated otherwise."""
    without = None if study.trial is None else _without_at_entry(found, study.trial)
    return [
        *findings.at_entry_finding(found.at_entry, found.treated, without, names),
        *findings.untreated_finding(flow.arms[0].not_received, flow.arms[0].allocated, names[0]),
        *findings.uncounted_finding(uncounted_agents(cohort, study, found), names),
    ]


def _without_at_entry(found: Endpoint, plan: TrialPlan) -> ArmContrast | None:
    """Return the unadjusted comparison without those who had the outcome at randomisation; None where nobody had."""
    if not found.at_entry.any():
        return None
    label, estimand = "Without those who had the outcome at randomisation", "as the primary analysis"
    return _unadjusted(found.rows(~found.at_entry), plan, kind="at entry", label=label, estimand=estimand)


def _notes(of_protocol: str, absent: Sequence[str], recorded: bool) -> tuple[str, ...]:
    notes = [of_protocol] if of_protocol else []
    if absent:
        notes.append(f"not in table one, since the tables do not hold it: {', '.join(absent)}")
    return (*notes, *([] if recorded else ["Adverse events were not recorded: there is no table adverse_events"]))


def _plan(study: Study) -> TrialPlan:
    if study.trial is None:
        problem = Problem(f"study {study.name!r}", None, None, "no section [trial]", "one with arm and primary",
                          "Write the plan before the data are seen")  # fmt: skip
        raise StudyError(_REFUSED, [problem])
    return study.trial


def _name_problems(cohort: Cohort, study: Study) -> list[Problem]:
    """Return the names of agents and analytes that the study reads otherwise: each would count as never given."""
    try:
        require_names(cohort, study)
    except CohortError as error:
        return list(error.problems)
    return []


def _method_problems(study: Study, plan: TrialPlan) -> list[Problem]:
    """Return what no data could make possible: measures that a method does not have."""
    asked, where = plan.primary, f"study {study.name!r}"
    problems = []
    if asked.measure == "odds_ratio":
        lacking = {
            "by Kaplan-Meier": asked.method == KAPLAN_MEIER, "by Newcombe": asked.method == NEWCOMBE,
            "adjusted": asked.adjusted, "within strata": bool(plan.strata),
        }  # fmt: skip
        problems += [
            Problem(where, None, "measure", f"'odds_ratio' {how}", "risk_difference or risk_ratio")
            for how, is_so in lacking.items()
            if is_so
        ]
    if plan.strata and asked.method == NEWCOMBE:
        problems.append(Problem(where, None, "method", "'newcombe' within strata", "miettinen-nurminen"))
    return problems


def _endpoint_problems(found: Endpoint, plan: TrialPlan) -> list[Problem]:
    """Return what keeps the planned method from an answer: follow-up too short, endpoints unknown."""
    problems = []
    arms = zip(plan.arms.names, (found.treated, ~found.treated), strict=True)
    for name, who in arms:
        if not who.any():
            continue
        last, unknown = float(found.time[who].max()), int(found.lost[who].sum())
        all_failed = bool(found.event[who].all())
        if last < found.week and not all_failed:
            problems.append(
                Problem("labs", None, "week", f"the arm {name!r} is followed to week {last:g} at most",
                        f"a visit at week {found.week:g} (within {weeks_of(plan.primary.window_weeks)})",
                        "Wait for the follow-up: what comes after it cannot be computed")
            )  # fmt: skip
        elif plan.primary.method != KAPLAN_MEIER and not plan.primary.adjusted and unknown:
            problems.append(
                Problem("labs", None, None,
                        f"the endpoint of {number_of(unknown, 'patient')} of the arm {name!r} is unknown",
                        f"all known, since the plan's method is {plan.primary.method!r}",
                        'The method for losses is "kaplan-meier"; a plan is changed openly, and with a reason')
            )  # fmt: skip
    return problems


def _primary(found: Endpoint, plan: TrialPlan, columns: BaselineColumns | None) -> ArmContrast:
    label = f"Failure (endpoint: {plan.primary.endpoint})"  # the risk shown is that of failure, not of the endpoint
    if columns is not None:
        return standardised(found, plan, columns, kind="primary", label=label, status="primary")
    return by_plan(found, plan, kind="primary", label=label, status="primary")


def _other_reading(cohort: Cohort, study: Study, plan: TrialPlan, found: Endpoint) -> tuple[ArmContrast, ...]:
    """Return the analysis that ends follow-up before unconfirmed relapses, where the study asks for both readings."""
    if study.outcome.confirm.unconfirmed_at_end != "both":
        return ()
    asked, who = plan.primary, Randomised(found.place, found.treated, found.strata)
    bare = endpoint(cohort, study, who, asked.week, asked.window_weeks, reading="censor")
    other, _ = with_strategies(bare, cohort, plan.intercurrent, (plan.arms.treatment, plan.arms.control))
    other = replace(other, weight_by=found.weight_by)
    label = "Unconfirmed outcomes as the end of follow-up"
    estimand = "as the primary analysis; an unconfirmed outcome at the last test does not count, and ends follow-up"
    return (_unadjusted(other, plan, kind="unconfirmed", label=label, estimand=estimand),)


def _unadjusted(found: Endpoint, plan: TrialPlan, *, kind: str, label: str, estimand: str) -> ArmContrast:
    """Return the Kaplan-Meier risk difference of another reading of the endpoint, or why there is none."""
    simple = replace(plan, primary=replace(plan.primary, method=KAPLAN_MEIER, sides=2, measure="risk_difference"))
    try:
        return by_plan(found, simple, kind=kind, label=label, status="supportive", estimand=estimand)
    except InsufficientDataError as error:
        arms = counts(found, plan.arms.names)
        return ArmContrast(kind, label, estimand, "supportive", *arms, note=f"not made: {error}")


def _later(cohort: Cohort, study: Study, plan: TrialPlan, found: Endpoint) -> ArmContrast:
    """Carry the comparison on for the weeks in which antibody that was given may hide a relapse."""
    on = study.scoring.passive_weeks
    week = plan.primary.week + on
    who = Randomised(found.place, found.treated, found.strata)
    label = f"Extended to week {week:g}"
    estimand = f"as the primary analysis, {weeks_of(on)} later, when a failure hidden by antibody would be detected"
    bare = endpoint(cohort, study, who, week, plan.primary.window_weeks)
    later, _ = with_strategies(bare, cohort, plan.intercurrent, (plan.arms.treatment, plan.arms.control))
    later = replace(later, weight_by=found.weight_by)
    seen = [bool((later.known[who] == 0).any()) for who in (later.treated, ~later.treated)]
    if not all(seen):
        arms = counts(later, plan.arms.names)
        which = "one arm had no visit" if any(seen) else "neither arm had a visit"
        note = f"not made: {which} at week {week:g} (within {weeks_of(plan.primary.window_weeks)})"
        return ArmContrast("later", label, estimand, "supportive", *arms, note=note)
    made = _unadjusted(later, plan, kind="later", label=label, estimand=estimand)
    if made.contrast is None:
        return made
    followed = [int((~later.lost & who).sum()) for who in (later.treated, ~later.treated)]
    by_arm = " and ".join(f"{name} {number}" for name, number in zip(plan.arms.names, followed, strict=True))
    return replace(made, note="; ".join(filter(None, (made.note, f"endpoint known by then: {by_arm}"))))
