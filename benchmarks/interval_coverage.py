"""How often the 90 % interval of a risk holds the true risk, in new patients of simulated cohorts, and how wide it is.

Two truths. The true risk of the patient depends on more than any predictor says (true rather than measured values,
weeks since peginterferon), which an interval of a model of these predictors does not claim to hold; the risk by the
predictors is the mean true risk of patients with the same predictors (see simulated_truth.py), which it does. With
`--residual` the interval is widened to that of the patient's own risk. Shares are given by thirds of the predicted risk
too, lowest first. The truth is redrawn for each cohort; under "wrong signs" every prior and direction of the study is
turned round. In the scenarios of the second simulator (`mechanistic_truth`) the true risk depends on what nobody sees,
and the risk by the predictors is that given what the study reads.

Run: .venv/bin/python benchmarks/interval_coverage.py [--replicates 30] [--sizes 132 300 1000]
[--scenarios linear "second, mechanistic"] [--methods prior_logistic ridge_logistic boosted_trees]
[--lost 0 0.1 0.3 0.5] [--residual 0 0.25] [--seed N] [--jobs 2] [--out interval_coverage.json]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import relapse_model as rm
from mechanistic_truth import simulate
from relapse_model.classifiers.known import KNOWN
from relapse_model.classifiers.shared.own_risk import own_risk_interval
from relapse_model.features.design import design_matrix
from relapse_model.study.study import Study
from second_simulator import CELLS, NEW_SEED
from simulated_truth import (
    REPLICATE_SEED,
    SCENARIOS,
    Floats,
    NewPatients,
    best_of_predictors,
    draw_truth,
    mean_se,
    new_patients,
    replicate_seeds,
    study_of,
    write_json,
)

LEVEL = 0.9
JUDGED = 2000  # of the new patients; the risk by the predictors is learned from all of them
FIGURES = ("true", "by predictors", "truth above", "truth below", "width")
THIRDS = ("low", "middle", "high")
SECOND = {f"second, {name}": CELLS[name] for name in ("mechanistic", "linear", "outlying centre")}
Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One cohort of one cell."""

    scenario: str
    patients: int
    replicate: int
    seed: int
    methods: tuple[str, ...]
    lost: float | None
    residual: tuple[float, ...]


@dataclass(frozen=True)
class Judged:
    """A cohort to train on, and the patients to judge: predictors, true risks, and risks by the predictors."""

    study: Study
    cohort: rm.Cohort
    matrix: Floats
    true_risk: Floats
    by_predictors: Floats


def own(task: Task, new: NewPatients) -> Judged:
    """Draw a truth of the library's own simulator, and a cohort of it."""
    rng, seed = replicate_seeds(task.seed, task.replicate)
    truth, study = draw_truth(task.scenario, rng), study_of(task.scenario)
    cohort = truth.cohort(task.patients, seed, **({} if task.lost is None else {"drop_out": task.lost}))
    matrix, true_risk = new.matrix(study), truth.risk(new.baseline)
    by_predictors = best_of_predictors(matrix, true_risk)
    return Judged(study, cohort, matrix[:JUDGED], true_risk[:JUDGED], by_predictors[:JUDGED])


def second(task: Task, new: Judged) -> Judged:
    """Draw a cohort of the second simulator; its new patients are the same for every cohort of a scenario."""
    seed = int(np.random.SeedSequence([task.seed, task.patients, task.replicate]).generate_state(1)[0])
    return replace(new, cohort=simulate(task.patients, seed, SECOND[task.scenario], draws=1).cohort)


def second_new(scenario: str) -> Judged:
    """Return the patients of the second simulator that are judged."""
    study, drawn = rm.load_study("hbsag-relapse"), simulate(JUDGED, NEW_SEED, SECOND[scenario], later=False)
    matrix = design_matrix(rm.derive_features(drawn.cohort, study, landmark_week=0), study)
    return Judged(study, drawn.cohort, matrix, drawn.risk_known, drawn.risk_measured)


def run(task: Task, new: NewPatients | Judged) -> list[Row]:
    """Draw a cohort, train, and look where the truths of new patients lie."""
    from threadpoolctl import threadpool_limits

    drawn = second(task, new) if isinstance(new, Judged) else own(task, new)
    rows = []
    with threadpool_limits(1):
        for method in task.methods:
            model = rm.train(
                drawn.cohort, drawn.study, candidates=(method,), seed=task.replicate, more_predictors_than_events=True
            )
            risk = model.classifier.predict_proba(drawn.matrix)[:, 1]
            mean_risk = model.classifier.predict_interval(drawn.matrix, LEVEL)
            for residual in task.residual:
                lower, upper = own_risk_interval(risk, mean_risk, residual, LEVEL).T
                cell = {name: getattr(task, name) for name in ("scenario", "patients", "lost")}
                cell |= {"method": method, "residual": residual}
                truths = drawn.true_risk, drawn.by_predictors
                rows.append(cell | judge(lower, upper, *truths) | by_thirds(risk, lower, upper, *truths))
    return rows


def judge(lower: Floats, upper: Floats, true_risk: Floats, by_predictors: Floats) -> dict[str, float]:
    held = [float(np.mean((lower <= truth) & (truth <= upper))) for truth in (true_risk, by_predictors)]
    above, below = float(np.mean(by_predictors > upper)), float(np.mean(by_predictors < lower))
    return dict(zip(FIGURES, (*held, above, below, float(np.mean(upper - lower))), strict=True))


def by_thirds(risk: Floats, lower: Floats, upper: Floats, *truths: Floats) -> dict[str, float]:
    third = np.argsort(np.argsort(risk)) * len(THIRDS) // len(risk)
    return {
        f"{name}, {part}": float(np.mean(((lower <= truth) & (truth <= upper))[third == place]))
        for name, truth in zip(FIGURES[:2], truths, strict=True)
        for place, part in enumerate(THIRDS)
    }


def print_table(rows: list[Row]) -> None:
    print(f"\n{LEVEL:.0%} intervals of {JUDGED} new patients, mean over cohorts (SE). Share that holds the true risk,")
    print("and the risk by the predictors; share of these above and below the interval; mean width.")
    print(f"{'':64s}" + "".join(f"{name:>17s}" for name in FIGURES))
    names = ("scenario", "patients", "method", "lost", "residual")
    for cell in dict.fromkeys(tuple(row[name] for name in names) for row in rows):
        these = [row for row in rows if tuple(row[name] for name in names) == cell]
        texts = ("{:.3f} ({:.3f})".format(*mean_se([row[name] for row in these])) for name in FIGURES)
        lost = "" if cell[3] is None else f", {cell[3]:.0%} lost"
        residual = f", residual {cell[4]:g}" if cell[4] else ""
        label = f"{cell[0]}, n = {cell[1]}, {cell[2]}{lost}{residual} ({len(these)})"
        print(f"{label:64s}" + "".join(f"{text:>17s}" for text in texts))
        for name in FIGURES[:2]:
            shares = (mean_se([row[f"{name}, {part}"] for row in these])[0] for part in THIRDS)
            print(f"{'':64s}{name}, by thirds of the predicted risk: " + ", ".join(f"{one:.3f}" for one in shares))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--sizes", type=int, nargs="+", default=[132, 300, 1000])
    parser.add_argument("--scenarios", nargs="+", default=["linear", "wrong signs"], choices=[*SCENARIOS, *SECOND])
    parser.add_argument("--methods", nargs="+", default=["prior_logistic"], choices=KNOWN)
    parser.add_argument("--lost", type=float, nargs="+", help="shares lost by the end; by default as simulated")
    parser.add_argument(
        "--residual", type=float, nargs="+", default=[0.0], help="log-odds, of what the predictors leave out"
    )
    parser.add_argument("--seed", type=int, default=REPLICATE_SEED, help="another one for trying settings")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON with every row")
    return parser.parse_args()


def main() -> None:
    from joblib import Parallel, delayed
    from tqdm import tqdm

    asked = arguments()
    tasks = [
        Task(scenario, patients, replicate, asked.seed, tuple(asked.methods), lost, tuple(asked.residual))
        for scenario in asked.scenarios
        for lost in asked.lost or [None]
        for patients in asked.sizes
        for replicate in range(asked.replicates)
    ]
    new: dict[str, Any] = {name: second_new(name) for name in asked.scenarios if name in SECOND}
    if len(new) < len(asked.scenarios):
        new |= dict.fromkeys(SCENARIOS, new_patients(study_of("linear")))
    found = Parallel(n_jobs=asked.jobs, return_as="generator")(delayed(run)(task, new[task.scenario]) for task in tasks)
    rows = [row for part in tqdm(found, total=len(tasks), desc="cohorts") for row in part]
    print_table(rows)
    write_json(asked.out, {**vars(asked), "out": None}, rows)


if __name__ == "__main__":
    from interval_coverage import main as run_all  # by its name, as processes find it

    run_all()
