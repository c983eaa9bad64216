"""What the verbs of a trial do: compare arms, say who is due for a dose, who benefits."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path

from relapse_model.cli.texts import SYNTHETIC, say
from relapse_model.cohort.folder import read_cohort
from relapse_model.display.html_summary import true_minus
from relapse_model.study.reader import load_study


def trial(given: Namespace) -> None:
    """Compare the arms of a trial as its plan says."""
    from relapse_model.errors import RelapseModelError
    from relapse_model.report.trial_answer import answer
    from relapse_model.trial.arms.compare_arms import compare_arms

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    if given.adjust and given.adjust_model:
        raise RelapseModelError("--adjust and --adjust-model: expected one of them.")
    found = compare_arms(cohort, study, adjust=given.adjust or given.adjust_model, registered=given.registered)
    places = found.save(given.out)
    say(answer(found))
    for finding in found.findings:
        say(str(finding))
    say(f"SHA-256 of the study, to be compared with the one registered before the data were seen: {found.plan_sha256}")
    say(f"Report: {places['report']}   all figures: {places['values']}")
    say(f"Rows of patients, which do not leave the hospital: {places['data']}")
    if cohort.synthetic:
        say(SYNTHETIC)


def power(given: Namespace) -> None:
    """Say the power of a trial of two arms."""
    from relapse_model.errors import RelapseModelError
    from relapse_model.trial.statistics.power import power_grid, trial_power

    if len(given.patients) > 2:
        raise RelapseModelError(f"--patients: {len(given.patients)} numbers; expected one in all, or two for the arms.")
    patients = given.patients[0] if len(given.patients) == 1 else (given.patients[0], given.patients[1])
    settings = {"loss": given.loss, "alpha": given.alpha, "test": given.test}
    found = trial_power(patients, control=given.control, treatment=given.treatment, **settings)
    arms = " and ".join(map(str, found.patients))
    say(
        f"Power {100 * found.power:.1f} %: {found.treatment:g} against {found.control:g} (control), {arms} patients"
        f"{f', {100 * found.loss:g} % lost' if found.loss else ''}, {found.test} test at {found.alpha:g} two-sided."
    )
    edge = power_grid(patients, [given.control], [given.treatment], **settings).detectable[0]
    say(
        f"Detected with 80 % power: risks of the treatment arm up to {edge:.3f}." if edge is not None
        else "No risk of the treatment arm, not even 0, is detected with 80 % power."
    )  # fmt: skip


def dosing(given: Namespace) -> None:
    """Say who is due for a dose, and hold what was given against the rule."""
    from relapse_model.cli.dosing_output import save_dosing
    from relapse_model.trial.dosing.dosing import dosing as held_against_the_rule

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    found = held_against_the_rule(cohort, study, _as_of(given.as_of))
    say(save_dosing(found, study, Path(given.out), as_of=given.as_of, synthetic=cohort.synthetic))
    if cohort.synthetic:
        say(SYNTHETIC)


def benefit(given: Namespace) -> None:
    """Say whether the benefit of treatment differs with risk, and whether it is predicted right."""
    from relapse_model.trial.benefit.benefit_report import benefit_report

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    found = benefit_report(
        cohort, study, groups=given.groups, pairs=given.pairs, repeats=given.repeats, seed=given.seed
    )  # fmt: skip
    places = found.save(given.out)
    say(f"{found.patients} patients, {found.events} with {study.outcome.name}: {found.verdict}.")
    say(true_minus(found.statement))
    if found.disagreement:
        say(true_minus(found.disagreement))
    for finding in found.findings:
        say(true_minus(str(finding)))
    say(f"Report: {places['report']}   all figures: {places['values']}")


def biomarkers(given: Namespace) -> None:
    """Screen the candidates of a study beside what is known already."""
    from relapse_model.report.biomarkers_page import screen_verdict
    from relapse_model.trial.biomarkers.screen import screen_biomarkers

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    found = screen_biomarkers(
        cohort, study, given.candidates, given.base, given.landmark_week, given.fdr, seed=given.seed,
        decide=given.decide, increment=not given.no_increment,
    )  # fmt: skip
    written = found.save(given.out)
    say(screen_verdict(found))
    for note in found.notes:
        if note.startswith("RM"):  # a finding; what the screen is stands on the page
            say(note)
    untested = found.table[found.table["p_maxt"].isna()]
    for row in untested.to_dict("records"):
        say(f"Not tested: {row['label']} ({row['note']}).")
    say(f"Page and numbers: {written['report']}, {written['values']}")
    if cohort.synthetic:
        say(SYNTHETIC)


def _as_of(asked: str | None) -> float | date | None:
    """Return a calendar day, a week, or nothing."""
    if asked is None:
        return None
    from relapse_model.errors import RelapseModelError

    for read in (float, date.fromisoformat):
        try:
            return read(asked)
        except ValueError:
            continue
    raise RelapseModelError(f"--as-of: {asked!r}; expected a day of the calendar (2026-11-28) or a week (12).")
