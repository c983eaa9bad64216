"""The main job from end to end, on a synthetic cohort, in a few minutes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from relapse_model.cli.dosing_output import save_dosing
from relapse_model.cli.texts import (
    SYNTHETIC,
    arms,
    explanation_table,
    say,
    scoring_text,
    training_text,
    validation_text,
)
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.folder import read_cohort
from relapse_model.cohort.gate import make_cohort
from relapse_model.cohort.simulation import simulate_tables
from relapse_model.cohort.simulation.simulated_cohort import simulate_cohort
from relapse_model.development.internal_validation.result import Validation
from relapse_model.development.internal_validation.validate import validate
from relapse_model.development.train import train
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_bytes, write_csv, write_text
from relapse_model.model.relapse_model import RelapseModel, load_model
from relapse_model.report.cohort_check import check_report
from relapse_model.report.figures.model import coefficients_figure, shap_summary_figure
from relapse_model.report.figures.style import png
from relapse_model.report.model_card import model_card
from relapse_model.report.patient_page import write_patient_page
from relapse_model.report.trial_answer import answer
from relapse_model.report.validation_report import write_report
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study
from relapse_model.trial.arms.compare_arms import compare_arms
from relapse_model.trial.dosing.dosing import dosing

PATIENTS, SEED, NEW_SEED = 132, 7, 8
_REPEATS, _RESAMPLES = 4, 50  # of the validation
_PAGES = {
    "validation/report.html": "how well the model predicts",
    "patient.html": "the risk of one patient, and what makes it up",
    "calculator.html": "the risk of one patient, typed in",
    "trial/trial.html": "the arms compared",
    "dosing/dosing.html": "who is due for a dose",
}


def run_demo(folder: Path, cohort_folder: Path | None) -> None:
    """Check, train, validate, save, score, explain, compare the arms, list the doses due; write all of it to a folder.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    cohort_folder : Path or None
        Cohort to train on; one is simulated if there is none.
    """
    started = time.perf_counter()
    study = load_study("hbsag-relapse")
    if cohort_folder is None:
        cohort_folder = folder / "cohort"
        simulate_cohort(PATIENTS, SEED).write(cohort_folder)
    cohort = read_cohort(cohort_folder, study=study)
    _title("1. Check the cohort")
    report = check_report(cohort, study)
    say(report)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(report + "\n", folder / "check.txt", private=True)

    _title("2. Train")
    model = train(cohort, study)
    say(training_text(model))

    _title("3. Validate: every step refitted in every fold")
    found = _validated(cohort, study)
    say(validation_text(found))
    write_report(found, folder / "validation", arm=arms(cohort, found))

    _title("4. Save, open again, score and explain new patients")
    saved = _saved(model, found, folder)
    _score_new_patients(saved, study, folder)
    say(f"Calculator for one patient: {saved.to_calculator(folder / 'calculator.html')}")

    _title("5. Compare the arms")
    _compare_arms(cohort, study, folder / "trial")

    _title("6. Doses due")
    _list_doses(cohort, study, folder / "dosing")

    _title("Done")
    seconds = time.perf_counter() - started
    say(
        f"{SYNTHETIC if cohort.synthetic else 'The new patients are synthetic.'} Took {seconds:.0f} s. "
        "Pages to open in a browser:"
    )
    for page, what in _PAGES.items():
        if (folder / page).exists():
            say(f"  {folder / page}: {what}")
    say("All files:")
    _list_files(folder)


def _validated(cohort: Cohort, study: Study) -> Validation:
    say(
        f"{_REPEATS} repeats of cross-validation and {_RESAMPLES} bootstrap resamples, everything refitted in each: "
        "the longest step, one to three minutes on two cores."
    )
    sys.stdout.flush()
    return validate(cohort, study, jobs=-1, outer_repeats=_REPEATS, bootstraps=_RESAMPLES, progress=True)


def _saved(model: RelapseModel, found: Validation, folder: Path) -> RelapseModel:
    """Return the model as it is read from the file that it was saved to."""
    card = model_card(model, found.performance)
    model.save(folder / "hbsag_relapse.rmodel", card=card, performance=found.performance)
    write_text(card, folder / "hbsag_relapse.md")
    return load_model(folder / "hbsag_relapse.rmodel")


def _score_new_patients(model: RelapseModel, study: Study, folder: Path) -> None:
    _write_new_patients(folder / "new_patients")
    new = read_cohort(folder / "new_patients", study=study, on_problems="list")
    scores = model.score(new)
    write_csv(scores, folder / "scores.csv", private=True)
    write_csv(explanation_table(model, new), folder / "explanations.csv", private=True)
    explanation = model.explain(new)
    drawn = {
        "what_drives_the_risk.png": shap_summary_figure(explanation),
    }
    if model.classifier_name == "prior_logistic":
        drawn["priors_and_posteriors.png"] = coefficients_figure(model)
    for name, figure in drawn.items():
        write_bytes(png(figure), folder / name, private=True)
    highest = scores["patient_id"].iloc[int(scores["relapse_risk"].argmax())]
    write_patient_page(model, new, str(highest), folder / "patient.html")
    say(scoring_text(scores, new))


def _write_new_patients(folder: Path) -> None:
    """Write 40 simulated patients N0001 ..., so that none has the identifier of a patient of the cohort."""
    tables = simulate_tables(40, NEW_SEED)
    for table in tables.values():
        table["patient_id"] = table["patient_id"].str.replace("P", "N", n=1, regex=False)
    make_cohort(tables["patients"], tables["labs"], tables["treatments"], synthetic=True).write(folder)
    write_csv(tables["truth"], folder / "truth.csv")


def _compare_arms(cohort: Cohort, study: Study, folder: Path) -> None:
    try:
        compared = compare_arms(cohort, study)
    except RelapseModelError as refusal:  # a cohort of one's own need not be a trial
        say(str(refusal))
    else:
        compared.save(folder)
        say(answer(compared))


def _list_doses(cohort: Cohort, study: Study, folder: Path) -> None:
    try:
        found = dosing(cohort, study)
    except RelapseModelError as refusal:
        say(str(refusal))
    else:
        say(save_dosing(found, study, folder, synthetic=cohort.synthetic))


def _list_files(folder: Path) -> None:
    figures = [place / "figures" for place in (folder / "validation", folder / "trial") if place.is_dir()]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.parent not in figures:
            say(f"  {path}")
    for place in figures:
        say(f"  {place}: the {len(list(place.iterdir()))} figures of the report, as PNG and SVG")


def _title(text: str) -> None:
    say(f"\n{text}\n{'-' * len(text)}")
