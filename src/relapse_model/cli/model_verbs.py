"""What the verbs do that work on a finished model: evaluate, update, release, calculator, monitor; keys, signatures."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from relapse_model.cli.texts import SYNTHETIC, say
from relapse_model.cohort.folder import read_cohort
from relapse_model.files import write_text
from relapse_model.model.relapse_model import RelapseModel, load_model

NOT_RECOGNISED = (
    "Not told in this model file: whether these are the patients whom it was trained on (RM115). "
    "Make sure that they are others."
)


def evaluate(given: Namespace) -> None:
    """Judge a frozen model on other patients."""
    from relapse_model.cli.texts import competing_words, performance_lines, within_lines
    from relapse_model.cli.verdict_text import evaluation_answer
    from relapse_model.development.checks.all_checks import EVALUATION_CHECK

    model = load_model(given.model)
    cohort = read_cohort(given.cohort, study=model.study)
    found = model.evaluate(cohort, landmark_week=given.landmark_week)
    kind = "Apparent figures" if found.apparent else "External validation"
    say(
        f"{kind}: {found.patients} patients at risk, {found.events} with {model.study.outcome.name}, "
        f"{competing_words(found)}{found.lost} lost. Nothing was refitted."
    )
    own = EVALUATION_CHECK(found.apparent).finding
    if found.apparent is None and "disclosure" in model.summary:
        say(NOT_RECOGNISED)
    answer = evaluation_answer(found, model)
    lines = [*performance_lines(found), *within_lines(found, model.study)]
    lines.append(f"Does the model work here? {answer['works']}")
    say("\n".join([*([] if own is None else [str(own)]), *lines]))
    if given.out:
        write_text(json.dumps(found.to_dict() | {"answer": answer}, indent=1, allow_nan=False) + "\n", Path(given.out))
        say(f"Figures: {given.out}")
    if cohort.synthetic:
        say(SYNTHETIC)


def update(given: Namespace) -> None:
    """Recalibrate a model on other patients and save it as a new one."""
    from relapse_model.report.model_card import model_card

    model = load_model(given.model)
    cohort = read_cohort(given.cohort, study=model.study)
    if "disclosure" in model.summary:
        say(NOT_RECOGNISED)
    updated = model.update(cohort, method=given.method, landmark_week=given.landmark_week)
    _save_with_card(updated, Path(given.out), model_card(updated))
    record = updated.summary["update"]
    say(
        f"Updated on {record['patients']} patients ({record['events']} with {model.study.outcome.name}): intercept "
        f"{record['intercept']:+.3f}, slope {record['slope']:.3f}. Its parent is on record. Model: {given.out}"
    )


def release(given: Namespace) -> None:
    """Write a model file that may leave the hospital."""
    from relapse_model.cli.release import save_with_card, still_told
    from relapse_model.model.file.model_file import read_performance

    model = load_model(given.model)
    card = Path(given.out).with_suffix(".md")
    write_text(save_with_card(model, given.out, read_performance(given.model), "small-counts"), card)
    say(f"Model: {given.out}   card: {card}   Risks are the same; numbers of the training patients are rounded.")
    say(still_told(model))


def calculator(given: Namespace) -> None:
    """Write a model as a web calculator."""
    model = load_model(given.model)
    page = model.to_calculator(given.out, given.languages)
    size = page.stat().st_size / 1000
    say(f"Calculator: {page} ({size:.0f} kB). It opens offline in a browser; whoever has it has the model.")
    if model.summary["synthetic"]:
        say(SYNTHETIC)


def monitor(given: Namespace) -> None:
    """Compare new patients with the training cohort, and outcomes with the risks given."""
    from relapse_model.model.monitoring.monitor import monitor as watch

    model = load_model(given.model)
    found = watch(
        model,
        cohort=None if given.cohort is None else read_cohort(given.cohort, study=model.study, on_problems="list"),
        scores=given.scores,
        outcomes=given.outcomes,
    )
    say(found.text())
    if given.out:
        write_text(json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n", Path(given.out))
        say(f"Figures: {given.out}")


def keygen(given: Namespace) -> None:
    """Make a pair of keys: one to sign with, one for everybody to verify with."""
    from relapse_model.model.file.signature import make_keys

    public = f"{given.out}.pub"
    fingerprint = make_keys(given.out, public)
    say(f"Private key: {given.out} (keep it secret)   public key: {public}   fingerprint {fingerprint}")


def sign(given: Namespace) -> None:
    """Sign a model file."""
    from relapse_model.model.file.signature import sign_model

    say(f"Signed {given.model}; fingerprint of the key {sign_model(given.model, given.key)}")


def verify(given: Namespace) -> None:
    """Check the signature of a model file."""
    from relapse_model.model.file.signature import verify_model

    say(f"{given.model}: the signature is good; fingerprint of the key {verify_model(given.model, given.key)}")


def _save_with_card(model: RelapseModel, path: Path, card: str) -> None:
    model.save(path, card=card)
    write_text(card, path.with_suffix(".md"))
