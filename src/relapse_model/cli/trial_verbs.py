"""What the verbs of a trial do: compare arms, say who is due for a dose, screen biomarkers."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path

from relapse_model.cli.texts import SYNTHETIC, say
from relapse_model.cohort.folder import read_cohort
from relapse_model.study.reader import load_study


def dosing(given: Namespace) -> None:
    """Say who is due for a dose, and hold what was given against the rule."""
    from relapse_model.report.dosing_page import write_dosing_page
    from relapse_model.trial.dosing.dosing import dosing as held_against_the_rule

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    asked = _as_of(given.as_of)
    found = held_against_the_rule(cohort, study, asked)
    folder = Path(given.out)
    found.save(folder)
    write_dosing_page(found, study, folder / "dosing.html", as_of=given.as_of, synthetic=cohort.synthetic)
    counts = found.due["status"].value_counts()
    say("To look at now: " + (", ".join(f"{count} {name}" for name, count in counts.items()) or "nobody") + ".")
    totals = found.adherence[found.adherence["centre"] == "all centres"].iloc[0]
    say(f"Doses given of those due: {totals['given']} of {totals['due']}.")
    say(f"Tables and page, which name patients: {folder}")
    if cohort.synthetic:
        say(SYNTHETIC)


def biomarkers(given: Namespace) -> None:
    """Screen the candidates of a study beside what is known already."""
    from relapse_model.report.biomarkers_page import verdict
    from relapse_model.trial.biomarkers.screen import screen_biomarkers

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    found = screen_biomarkers(
        cohort, study, given.candidates, given.base, given.landmark_week, given.fdr, seed=given.seed,
        decide=given.decide, increment=not given.no_increment,
    )  # fmt: skip
    written = found.save(given.out)
    say(verdict(found))
    untested = found.table[found.table["score_z"].isna()]
    for row in untested.to_dict("records"):
        say(f"Not tested: {row['label']} ({row['note']}).")
    say(f"Page and numbers: {written['report']}, {written['values']}")
    if cohort.synthetic:
        say(SYNTHETIC)


def _as_of(asked: str | None) -> float | date | None:
    """Return a calendar day, a week, or nothing."""
    if asked is None:
        return None
    try:
        return float(asked)
    except ValueError:
        return date.fromisoformat(asked)
