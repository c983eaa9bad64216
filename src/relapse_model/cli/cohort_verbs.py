"""What the verbs do that work on a cohort: simulate, check, features, demo."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from relapse_model.cli.texts import (
    SYNTHETIC,
    refuse_errors,
    say,
)
from relapse_model.cohort.cohort import SYNTHETIC_FILE
from relapse_model.cohort.folder import read_cohort
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_csv
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study


def simulate(given: Namespace) -> None:
    """Write a synthetic cohort."""
    from relapse_model.cohort.simulation import trial_scenarios
    from relapse_model.cohort.simulation.simulated_cohort import simulate_cohort

    folder = Path(given.out)
    if any(folder.glob("*.csv")) and not (folder / SYNTHETIC_FILE).exists():
        raise RelapseModelError(f"--out {given.out}: the folder holds tables that are not synthetic; choose another.")
    chosen = {} if given.scenario is None else trial_scenarios()[given.scenario]
    cohort = simulate_cohort(given.patients, given.seed, **chosen)
    cohort.write(given.out)
    say(f"{cohort!r} written to {given.out}, true risks in truth.csv. {SYNTHETIC}")


def check(given: Namespace) -> None:
    """Read a cohort and describe it; every problem is an error, all at once."""
    from relapse_model.cohort.rows_to_check import rows_to_check
    from relapse_model.development.checks.all_checks import errors_found
    from relapse_model.report.cohort_check import check_report

    study = load_study(given.study)
    say(f"Study: {given.study}.")
    cohort = read_cohort(given.cohort, study=study)
    say(check_report(cohort, study, given.landmark_week, mute=tuple(given.mute)))
    odd = [] if "RM121" in given.mute else list(rows_to_check(cohort, study))
    if odd:
        say("\n".join(["Rows of which RM121 speaks:", *(f"  {line}" for line in odd)]))
    refuse_errors([one.code for one in errors_found(cohort, study, given.landmark_week, tuple(given.mute))])


def features(given: Namespace) -> None:
    """Print, or write, the data dictionary of a study; of a cohort, write the predictors of each patient."""
    from relapse_model.features.dictionary import data_dictionary

    if given.cohort is not None:
        _write_features(given)
        return
    table = data_dictionary(load_study(given.study)).reset_index()
    if given.out:
        write_csv(table, Path(given.out))
        say(f"Data dictionary of {len(table)} predictors: {given.out}")
        return
    for row in table.to_dict("records"):
        unit = f" [{row['unit']}{', log10 scale' if row['scale'] == 'log10' else ''}]" if row["unit"] else ""
        say(f"{row['name']}: {row['label']}{unit}")
        say(f"    {row['definition']}")
        say(f"    direction {row['direction']}; prior {row['prior']}")
        say(f"    source: {row['source']}" if row["source"] else "")


def _write_features(given: Namespace) -> None:
    from relapse_model.development.checks.rm127_old_results import old_results
    from relapse_model.features.at_landmark import AtLandmark
    from relapse_model.features.derive import derive_features

    if not given.out:
        raise RelapseModelError("--out is missing: predictors are of patients, and are written to a file, not printed.")
    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    table = derive_features(cohort, study, given.landmark_week, units=given.units)
    write_csv(table.rename_axis("patient_id").reset_index(), Path(given.out), private=True)
    old = old_results(AtLandmark(cohort, study, study.landmark(given.landmark_week)))
    if old.text:
        say(f"RM127 {old.severity or 'warning'}: {old.text}")
    say(f"Predictors of {len(table)} patients at week {study.landmark(given.landmark_week):g}: {given.out}")
    scales = {} if given.units == "clinical" else _log10_units(study)
    halves = _halves(study)
    for one, (name, known) in zip(study.predictors, table.notna().sum().items(), strict=True):
        say(f"    {name}: {known} known{scales.get(str(name), '')}{halves.get(one.name, '')}")
    if halves:
        say("Half the limit stands for a result below it: of the study, or of the result where that states its own.")
    if scales:
        say("Log10 is the scale of the model; --units clinical writes the units themselves.")


def _halves(study: Study) -> dict[str, str]:
    """Return what to say of the predictors in which half the limit stands for results below it."""
    from relapse_model.cohort.laboratory.values_in_unit import below_limit_value
    from relapse_model.study.predictor_kinds import ONE_RESULT

    rules = {one.name: study.analytes.get(one.analyte or "") for one in study.predictors if one.kind in ONE_RESULT}
    return {
        name: f"; results below {rule.lower_limit:.3g} {rule.unit} count as {below_limit_value(rule):.3g}"
        for name, rule in rules.items()
        if rule is not None and rule.lower_limit is not None and rule.below_limit == "half" and not rule.negative
    }


def _log10_units(study: Study) -> dict[str, str]:
    """Return what to say of the predictors that are on the log10 scale."""
    from relapse_model.features.dictionary import data_dictionary

    table = data_dictionary(study)
    logged = table[table["scale"] == "log10"]
    return {str(name): f", as log10 of {unit}" for name, unit in logged["unit"].items()}


def demo(given: Namespace) -> None:
    """Run the main job from end to end."""
    from relapse_model.cli.demo import run_demo

    run_demo(Path(given.out), None if given.cohort is None else Path(given.cohort))
