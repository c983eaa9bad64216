"""How near the models come to the true risk in cohorts of a second simulator, whose mechanism none of them has.

The library's own simulator makes cohorts in which the log odds are nearly linear in what is measured, so that figures
from it say how well the models learn what they assume. Here relapse comes of a hidden reservoir of virus and of
antibody that rises, wanes and is given again by what is measured (`mechanistic_truth`). The same with a log hazard
that is linear, with none at all, with every effect turned round (so that the published priors point the wrong way),
with half and double the hazard, and with one centre of 4 times the hazard.

Figures: share of the attainable gain, (loss of the mean risk - loss) / (loss of the mean risk - loss of the true
risk), in expected log loss over new patients, the true risk given what the study reads; the slope of calibration; and
the share of new patients whose true risk lies in the 90 % interval. Cohorts with fewer relapses than the 8 predictors,
which `train` refuses unless told otherwise, count as the others, and are counted below the table.

Run: .venv/bin/python benchmarks/second_simulator.py [--patients 132 300 1000] [--replicates 30] [--new 5000]
[--scenarios mechanistic ...] [--methods prior_logistic ...] [--draws 400] [--seed N] [--jobs 1] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.special import expit, logit

import relapse_model as rm
from mechanistic_patients import Floats
from mechanistic_truth import Setting, simulate
from quality import judge, print_table
from relapse_model.errors import InsufficientDataError

CELLS = {
    "mechanistic": Setting(),
    "linear": Setting("linear"),
    "null": Setting("null"),
    "signs turned round": Setting(effect_signs=-1),
    "half the hazard": Setting(baseline=0.5),
    "double the hazard": Setting(baseline=2.0),
    "outlying centre": Setting(outlying_centre=True),
    "informative loss": Setting(informative_loss=True),
}
METHODS: dict[str, dict[str, Any]] = {
    "default": {},
    "prior_logistic": {"candidates": ("prior_logistic",)},
    "ridge_logistic": {"candidates": ("ridge_logistic",)},
}
NEW_SEED = 20_261_130
PREDICTORS = 8  # of the study
Row = dict[str, Any]


@dataclass(frozen=True)
class KnownRisks:
    """New patients whose true risks are known: every figure is an expectation over their outcomes."""

    cohort: rm.Cohort
    truth: Floats

    def log_loss(self, risk: Floats) -> float:
        return float(-np.mean(self.truth * np.log(risk) + (1 - self.truth) * np.log1p(-risk)))

    def auc(self, risk: Floats) -> float:
        """Chance that a patient who relapses has the higher risk; ties count half."""
        values, group = np.unique(risk, return_inverse=True)
        relapse, free = (np.bincount(group, weights, len(values)) for weights in (self.truth, 1 - self.truth))
        lower = np.cumsum(free) - free / 2
        return float(relapse @ lower / (relapse.sum() * free.sum()))

    def slope(self, risk: Floats) -> float | None:
        return None if np.ptp(risk) < 1e-9 else self.recalibrated(risk, slope=True)[1]

    def in_the_large(self, risk: Floats) -> float:
        return self.recalibrated(risk, slope=False)[0]

    def recalibrated(self, risk: Floats, *, slope: bool) -> tuple[float, float]:
        """Intercept and slope of the true log odds on those predicted, by Newton's method; the slope 1 if not asked."""
        line = np.column_stack([np.ones(len(risk)), logit(risk)])[:, : 2 if slope else 1]
        fixed = np.zeros(len(risk)) if slope else logit(risk)
        found = np.array([0.0, 1.0])[: line.shape[1]]
        for _ in range(50):
            fitted = expit(fixed + line @ found)
            step = np.linalg.solve((line.T * (fitted * (1 - fitted))) @ line, line.T @ (self.truth - fitted))
            found = found + step
            if np.abs(step).max() < 1e-10:
                break
        return float(found[0]), float(found[1]) if slope else 1.0


def run(cell: str, patients: int, replicate: int, methods: tuple[str, ...], new: KnownRisks, seed: int) -> list[Row]:
    """Train each method on one cohort and judge it on the new patients."""
    cohort_seed = int(np.random.SeedSequence([seed, patients, replicate]).generate_state(1)[0])
    cohort = simulate(patients, cohort_seed, CELLS[cell], draws=1).cohort
    study = rm.load_study("hbsag-relapse")
    events = int((rm.derive_outcome(cohort, study)["state"] == "relapse").sum())
    mean = np.full(len(new.truth), new.truth.mean())
    rows = []
    for method in methods:
        row: Row = {
            "scenario": cell, "patients": patients, "replicate": replicate, "method": method, "events": events,
            "loss_mean": new.log_loss(mean), "loss_true": new.log_loss(new.truth),
        }  # fmt: skip
        start = time.perf_counter()
        try:
            model = rm.train(cohort, study, seed=replicate, more_predictors_than_events=True, **METHODS[method])
        except InsufficientDataError:
            rows.append(row | {"seconds": time.perf_counter() - start})  # print_table counts it as refused
            continue
        row["seconds"] = time.perf_counter() - start
        rows.append(row | judged(model, new))
    return rows


def judged(model: rm.RelapseModel, new: KnownRisks) -> Row:
    scores = model.score(new.cohort)
    if not (scores["status"] == "scored").all():
        raise RuntimeError("a new patient was not scored; figures would leave the patient out")
    risk, lower, upper = (scores[name].to_numpy(float) for name in ("relapse_risk", "risk_lower", "risk_upper"))
    covered = (lower <= new.truth) & (new.truth <= upper)
    return judge(new, risk) | {
        "coverage": covered.mean(), "width": (upper - lower).mean(), "classifier": model.classifier_name,
    }  # fmt: skip


def print_coverage(rows: list[Row]) -> None:
    few = {row["replicate"] for row in rows if row["events"] < PREDICTORS}
    print(f"\ncohorts with fewer relapses than predictors: {len(few)}")
    print(f"{'':42s}true risk in the 90 % interval (SE), lowest cohort   width of the interval")
    for key in dict.fromkeys((row["scenario"], row["patients"], row["method"]) for row in rows):
        cell = [row for row in rows if (row["scenario"], row["patients"], row["method"]) == key and "loss" in row]
        if not cell:
            continue
        covered = np.array([row["coverage"] for row in cell])
        error = covered.std(ddof=1) / np.sqrt(len(covered)) if len(covered) > 1 else np.nan
        name = f"{key[0]}, n = {key[1]}, {key[2]}"
        width = np.mean([row["width"] for row in cell])
        print(f"{name:42s}{covered.mean():8.3f} ({error:.3f}){covered.min():8.3f}{width:24.3f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--patients", nargs="+", type=int, default=[132])
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--new", type=int, default=5000)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20_261_201)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    rows: list[Row] = []
    for cell in given.scenarios:
        simulated = simulate(given.new, NEW_SEED, CELLS[cell], draws=given.draws, later=False)
        new = KnownRisks(simulated.cohort, simulated.risk_measured)
        print(f"{cell}: mean true risk {new.truth.mean():.3f}, AUC of the true risk given what is measured", end=" ")
        hidden_too = KnownRisks(simulated.cohort, simulated.risk_known).auc(simulated.risk_known)
        print(f"{new.auc(new.truth):.3f}, given what is hidden too {hidden_too:.3f}", flush=True)
        for patients in given.patients:
            tasks = (
                delayed(run)(cell, patients, replicate, tuple(given.methods), new, given.seed)
                for replicate in range(given.replicates)
            )
            found = [row for part in Parallel(n_jobs=given.jobs)(tasks) for row in part]
            print_table(found)
            print_coverage(found)
            rows += found
        if given.out:
            given.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    from second_simulator import main as run_all  # by its name, as processes find it

    run_all()
