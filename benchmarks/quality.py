"""How much of what could be known a model of n patients knows: simulated cohorts of known truth, 20,000 new patients.

Share of the attainable log-loss gain: (loss of the mean risk - loss) / (loss of the mean risk - loss of the true
risk). 1 knows everything, 0 is no better than giving everybody the training cohort's mean risk, below 0 is worse.
Losses are expected ones under the true risk, so the new patients bring no noise; what varies between replicates is
the truth (redrawn, see simulated_truth.py) and the training cohort. The true risk depends on more than any
predictor says: "best of predictors" is the most that the study's predictors allow. Shares are means over the cohorts,
and then that of the sums of all cohorts, in which cohorts with little to gain count little.

Scenarios: linear; non-linear (antibody saturates, consolidation is capped, both interact; the shapes are those that
the study's non-linear terms assume, which is the best that can happen to them); null (nothing has an effect; the loss
above that of the mean risk is shown); wrong signs (linear truth, but every prior and every direction of the study is
turned round). Simulated patients: these figures say nothing clinical.

Run: .venv/bin/python benchmarks/quality.py [--replicates 30] [--sizes 132 300 1000] [--scenarios linear null]
[--methods prior_logistic ridge] [--train] [--seed N] [--jobs 2] [--out quality.json]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import relapse_model as rm
from relapse_model.classifiers.known import KNOWN
from relapse_model.features.development_data import development_data
from relapse_model.study.study import Study
from simulated_truth import (
    REPLICATE_SEED,
    SCENARIOS,
    TEST_PATIENTS,
    Floats,
    NewPatients,
    Outcomes,
    best_of_predictors,
    draw_truth,
    mean_se,
    new_patients,
    ratio_se,
    replicate_seeds,
    study_of,
    write_json,
)
from usual_classifiers import USUAL

BEST = "best of predictors"
TRAIN = "train"  # what the library does when nothing is asked for
DEFAULT = ("prior_logistic", *USUAL)
Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One replicate of one cell."""

    scenario: str
    patients: int
    replicate: int
    seed: int
    methods: tuple[str, ...]


def run(task: Task, new: NewPatients) -> list[Row]:
    """Draw a truth, simulate a cohort, train by every method and judge the risks of the new patients."""
    from threadpoolctl import threadpool_limits

    rng, seed = replicate_seeds(task.seed, task.replicate)
    truth = draw_truth(task.scenario, rng)
    study = study_of(task.scenario)
    cohort = truth.cohort(task.patients, seed)
    data = development_data(cohort, study)
    true_risk = truth.risk(new.baseline)
    outcomes = Outcomes.expected(true_risk)
    known = ~np.isnan(data.relapse)
    mean_risk = np.full(len(true_risk), np.average(data.relapse[known], weights=data.weights()[known]))
    cell = {
        "scenario": task.scenario, "patients": task.patients, "replicate": task.replicate, "events": data.events,
        "loss_mean": outcomes.log_loss(mean_risk), "loss_true": outcomes.log_loss(true_risk),
    }  # fmt: skip
    rows = [cell | judge(outcomes, best_of_predictors(new.matrix(study), true_risk)) | {"method": BEST, "seconds": 0.0}]
    with threadpool_limits(1):
        for method in task.methods:
            begin = time.perf_counter()
            try:
                found = judge(outcomes, risks(method, cohort, study, new, seed))
            except rm.RelapseModelError as refused:
                found = {"refused": str(refused)}
            rows.append(cell | found | {"method": method, "seconds": time.perf_counter() - begin})
    return rows


def risks(method: str, cohort: rm.Cohort, study: Study, new: NewPatients, seed: int) -> Floats:
    """Train by one method and return the risks of the new patients."""
    if method in USUAL:
        data = development_data(cohort, study)
        known = ~np.isnan(data.relapse)
        rows = data.matrix[known], data.relapse[known], data.weights()[known]
        return USUAL[method](*rows, new.matrix(study), seed)
    candidates = {} if method == TRAIN else {"candidates": (method,)}
    # A replicate with few events counts for every method, so the library's refusal is overridden.
    model = rm.train(cohort, study, seed=seed, more_predictors_than_events=True, **candidates)
    return model.predict_risk(new.features)


def judge(outcomes: Outcomes, risk: Floats) -> Row:
    return {
        "loss": outcomes.log_loss(risk), "auc": outcomes.auc(risk), "slope": outcomes.slope(risk),
        "in_the_large": outcomes.in_the_large(risk),
    }  # fmt: skip


def share(row: Row) -> float:
    return (row["loss_mean"] - row["loss"]) / (row["loss_mean"] - row["loss_true"])


def of_sums(rows: list[Row]) -> tuple[float, float]:
    """Return the share of the sums of all cohorts, in which a cohort counts by what can be gained in it."""
    mean, own, true = (np.array([row[name] for row in rows]) for name in ("loss_mean", "loss", "loss_true"))
    return ratio_se(mean - own, mean - true)


def line(rows: list[Row], null: bool) -> str:
    """Return the figures of one method in one cell."""
    judged = [row for row in rows if "loss" in row]
    if not judged:
        return f"refused in all {len(rows)} replicates"
    gains = [1000 * (row["loss"] - row["loss_mean"]) if null else share(row) for row in judged]
    mean, error = mean_se(gains)
    summed = "" if null else "{:8.3f} ({:.3f})".format(*of_sums(judged))
    slopes = [row["slope"] for row in judged if row["slope"] is not None]
    quartiles = "  ".join(f"{value:5.2f}" for value in np.quantile(slopes, (0.25, 0.5, 0.75))) if slopes else ""
    large, large_error = mean_se([row["in_the_large"] for row in judged])
    area, area_error = mean_se([row["auc"] for row in judged])
    notes = f"  {len(judged) - len(slopes)} constant" if len(slopes) < len(judged) else ""
    notes += f"  {len(rows) - len(judged)} refused" if len(judged) < len(rows) else ""
    form = "8.1f" if null else "8.3f"
    return (
        f"{mean:{form}} ({error:.{1 if null else 3}f}){np.median(gains):{form}}{summed:16s}"
        f"{area:8.3f} ({area_error:.3f})   {quartiles:19s}{large:+7.2f} ({large_error:.2f})"
        f"{np.mean([row['seconds'] for row in rows]):7.2f}{notes}"
    )


def print_table(rows: list[Row]) -> None:
    for scenario, patients in dict.fromkeys((row["scenario"], row["patients"]) for row in rows):
        cell = [row for row in rows if (row["scenario"], row["patients"]) == (scenario, patients)]
        methods = dict.fromkeys(row["method"] for row in cell)
        replicates = len({row["replicate"] for row in cell})
        null = scenario == "null"
        events = np.mean([row["events"] for row in cell])
        print(f"\n{scenario}, n = {patients}: {replicates} replicates, {events:.1f} relapses on average")
        first = (
            "loss above the mean risk's x 1000 (SE), median" if null else "share of the gain (SE), median, of sums (SE)"
        )
        print(f"{'':20s}{first:55s}AUC (SE)   slope, quartiles    in the large (SE)      s")
        for method in methods:
            print(f"{method:20s}{line([row for row in cell if row['method'] == method], null):>20s}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--sizes", type=int, nargs="+", default=[132, 300, 1000])
    parser.add_argument("--scenarios", nargs="+", default=list(SCENARIOS), choices=SCENARIOS)
    parser.add_argument("--methods", nargs="+", default=list(DEFAULT), choices=sorted({*DEFAULT, *KNOWN}))
    parser.add_argument("--train", action="store_true", help="also the whole default rm.train")
    parser.add_argument("--seed", type=int, default=REPLICATE_SEED, help="another one for trying settings")
    parser.add_argument("--new-patients", type=int, default=TEST_PATIENTS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON with every row")
    return parser.parse_args()


def main() -> None:
    from joblib import Parallel, delayed
    from tqdm import tqdm

    asked = arguments()
    methods = (*asked.methods, *([TRAIN] if asked.train else []))
    tasks = [
        Task(scenario, patients, replicate, asked.seed, methods)
        for scenario in asked.scenarios
        for patients in asked.sizes
        for replicate in range(asked.replicates)
    ]
    new = new_patients(study_of("linear"), asked.new_patients)
    found = Parallel(n_jobs=asked.jobs, return_as="generator")(delayed(run)(task, new) for task in tasks)
    rows = [row for part in tqdm(found, total=len(tasks), desc="replicates") for row in part]
    print_table(rows)
    write_json(asked.out, {**vars(asked), "out": None, "methods": methods}, rows)


if __name__ == "__main__":
    main()
