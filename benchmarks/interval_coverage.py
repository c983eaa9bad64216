"""How often the 90 % interval of a risk holds the true risk, in new patients of simulated cohorts, and how wide it is.

Two truths. The true risk of the patient depends on more than any predictor says (true rather than measured values,
weeks since peginterferon), which an interval of a model of these predictors does not claim to hold; the risk by the
predictors is the mean true risk of patients with the same predictors (see simulated_truth.py), which it does. With
`--residual` the interval is widened to that of the patient's own risk. Shares are given by thirds of the predicted risk
too, lowest first. The truth is redrawn for each cohort; under "wrong signs" every prior and direction of the study is
turned round.

Run: .venv/bin/python benchmarks/interval_coverage.py [--replicates 30] [--sizes 132 300 1000] [--scenarios linear]
[--methods prior_logistic ridge_logistic boosted_trees] [--lost 0 0.1 0.3 0.5] [--residual 0.25] [--seed N] [--jobs 2]
[--out interval_coverage.json]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import relapse_model as rm
from relapse_model.classifiers.known import KNOWN
from relapse_model.classifiers.shared.own_risk import own_risk_interval
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
    residual: float


def run(task: Task, new: NewPatients) -> list[Row]:
    """Draw a truth, simulate a cohort, train, and look where the truths of new patients lie."""
    from threadpoolctl import threadpool_limits

    rng, seed = replicate_seeds(task.seed, task.replicate)
    truth = draw_truth(task.scenario, rng)
    study = study_of(task.scenario)
    cohort = truth.cohort(task.patients, seed, **({} if task.lost is None else {"drop_out": task.lost}))
    matrix, true_risk = new.matrix(study), truth.risk(new.baseline)
    by_predictors = best_of_predictors(matrix, true_risk)
    rows = []
    with threadpool_limits(1):
        for method in task.methods:
            model = rm.train(cohort, study, candidates=(method,), seed=seed, more_predictors_than_events=True)
            risk = model.classifier.predict_proba(matrix[:JUDGED])[:, 1]
            mean_risk = model.classifier.predict_interval(matrix[:JUDGED], LEVEL)
            lower, upper = own_risk_interval(risk, mean_risk, task.residual, LEVEL).T
            cell = {"scenario": task.scenario, "patients": task.patients, "method": method, "lost": task.lost}
            truths = true_risk[:JUDGED], by_predictors[:JUDGED]
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
    print(f"{'':46s}" + "".join(f"{name:>17s}" for name in FIGURES))
    names = ("scenario", "patients", "method", "lost")
    for cell in dict.fromkeys(tuple(row[name] for name in names) for row in rows):
        these = [row for row in rows if tuple(row[name] for name in names) == cell]
        texts = ("{:.3f} ({:.3f})".format(*mean_se([row[name] for row in these])) for name in FIGURES)
        lost = "" if cell[3] is None else f", {cell[3]:.0%} lost"
        label = f"{cell[0]}, n = {cell[1]}, {cell[2]}{lost} ({len(these)})"
        print(f"{label:46s}" + "".join(f"{text:>17s}" for text in texts))
        for name in FIGURES[:2]:
            shares = (mean_se([row[f"{name}, {part}"] for row in these])[0] for part in THIRDS)
            print(f"{'':46s}{name}, by thirds of the predicted risk: " + ", ".join(f"{one:.3f}" for one in shares))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--sizes", type=int, nargs="+", default=[132, 300, 1000])
    parser.add_argument("--scenarios", nargs="+", default=["linear", "wrong signs"], choices=SCENARIOS)
    parser.add_argument("--methods", nargs="+", default=["prior_logistic"], choices=KNOWN)
    parser.add_argument("--lost", type=float, nargs="+", help="shares lost by the end; by default as simulated")
    parser.add_argument("--residual", type=float, default=0.0, help="log-odds, of what the predictors leave out")
    parser.add_argument("--seed", type=int, default=REPLICATE_SEED, help="another one for trying settings")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON with every row")
    return parser.parse_args()


def main() -> None:
    from joblib import Parallel, delayed
    from tqdm import tqdm

    asked = arguments()
    tasks = [
        Task(scenario, patients, replicate, asked.seed, tuple(asked.methods), lost, asked.residual)
        for scenario in asked.scenarios
        for lost in asked.lost or [None]
        for patients in asked.sizes
        for replicate in range(asked.replicates)
    ]
    new = new_patients(study_of("linear"))
    found = Parallel(n_jobs=asked.jobs, return_as="generator")(delayed(run)(task, new) for task in tasks)
    rows = [row for part in tqdm(found, total=len(tasks), desc="cohorts") for row in part]
    print_table(rows)
    write_json(asked.out, {**vars(asked), "out": None}, rows)


if __name__ == "__main__":
    main()
