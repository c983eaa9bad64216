"""What drop-out does to risks and to their validation when it depends on a predictor, by each way of dealing with it.

Simulated cohorts in which nobody is lost are cut: each patient is given a week after which nothing more is known of
them. 30 % leave before the horizon, the sooner the lower the anti-HBs titre measured at enrolment, which also
predicts relapse. Ways of dealing with the lost:

- nobody lost: the cohort before it was cut; what its row shows is not the work of drop-out (tests find relapses some
  weeks after they begin, and a model of 132 patients is uncertain)
- weights: each patient is weighted by the inverse of the chance of being followed, the same for all
- weights within bands: that chance is estimated within bands of the titre (below 10, to 100, above; mIU/mL)
- hazard: discrete-time hazards, which use every patient as long as followed
- dropped: the lost are left out
- free: the lost are called free of relapse

Figures: the mean risk predicted for new patients less their mean true risk, the expected log loss of these
predictions above that of the true risk; then what is estimated in the cut cohort itself, less what is true of it: the
share of relapses, and the log loss and Brier score of a model trained before on other patients.

Run: .venv/bin/python benchmarks/censoring.py [--replicates 200] [--sizes 132 1000] [--drop-out 0.3] [--per-sd 0.8]
[--seed N] [--jobs 2] [--out censoring.json]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import relapse_model as rm
from relapse_model.cohort.simulation.relapse_times import solve_increasing
from relapse_model.development.choice import fit_known
from relapse_model.features.design import design
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.study.study import Study
from relapse_model.validation.overall import brier, log_loss
from simulated_truth import (
    REPLICATE_SEED,
    Floats,
    NewPatients,
    Outcomes,
    Truth,
    mean_se,
    new_patients,
    replicate_seeds,
    write_json,
)

NEW_PATIENTS, OTHER_PATIENTS, OTHER_SEED = 5000, 2000, 20_260_707
BANDS = (1.0, 2.0)  # log10 mIU/mL
WHOLE, HAZARD = "nobody lost", "hazard"
Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One cohort."""

    patients: int
    replicate: int
    seed: int
    drop_out: float
    per_sd: float


def titre(data: DevelopmentData) -> Floats:
    """Return log10 anti-HBs at enrolment; the median where it was not measured."""
    found = data.features["anti_hbs"].to_numpy()
    return np.where(np.isnan(found), np.nanmedian(found), found)


def within_bands(data: DevelopmentData) -> DevelopmentData:
    return replace(data, group=np.searchsorted(BANDS, titre(data)).astype(str).astype(object))


def dropped(data: DevelopmentData) -> DevelopmentData:
    return data.take(np.flatnonzero(~np.isnan(data.relapse)))


def called_free(data: DevelopmentData) -> DevelopmentData:
    lost = np.isnan(data.relapse)
    until = np.where(lost, data.horizon, data.horizon_time)
    return replace(data, relapse=np.where(lost, 0.0, data.relapse), horizon_time=until)


# Each way hands on the same patients, as the classifier and the measures are to take them.
WAYS: dict[str, Callable[[DevelopmentData], DevelopmentData]] = {
    "weights": lambda data: data,
    "weights within bands": within_bands,
    "dropped": dropped,
    "free": called_free,
}


def weeks_of_leaving(data: DevelopmentData, study: Study, task: Task, rng: np.random.Generator) -> Floats:
    """Draw when each patient leaves: a constant hazard, higher by `per_sd` for each SD of a lower titre."""
    score = titre(data)
    relative = np.exp(-task.per_sd * (score - score.mean()) / score.std())
    seen = study.prediction.horizon_weeks - study.prediction.visit_window_weeks
    share = task.drop_out
    rate = solve_increasing(lambda log: float(-np.expm1(-np.exp(log) * seen * relative).mean()), share, -30.0, 10.0)
    return np.asarray(rng.standard_exponential(len(data)) / (np.exp(rate) * relative))


def cut(cohort: rm.Cohort, weeks: Floats) -> rm.Cohort:
    """Return the cohort without what happened after each patient left."""
    last = dict(zip(cohort.patient_ids, weeks, strict=True))
    tables = dict(cohort.tables())
    for name, week in (("labs", "week"), ("treatments", "start_week")):
        table = tables[name]
        tables[name] = table[table[week] <= table["patient_id"].map(last)]
    return rm.make_cohort(tables["patients"], tables["labs"], tables["treatments"], synthetic=True)


def run(task: Task, study: Study, new: NewPatients, other: rm.RelapseModel) -> list[Row]:
    """Simulate a cohort, cut it, and train and validate in every way."""
    from threadpoolctl import threadpool_limits

    rng, seed = replicate_seeds(task.seed, task.replicate)
    truth = Truth()
    whole = truth.cohort(task.patients, seed, drop_out=0.0)
    everybody = development_data(whole, study)
    data = development_data(cut(whole, weeks_of_leaving(everybody, study, task, rng)), study)
    true_risk = whole.truth.set_index("patient_id")["true_risk"]
    columns, matrix = design(study), new.matrix(study)
    with threadpool_limits(1):
        rows = []
        for name, taken in {WHOLE: everybody, **{name: way(data) for name, way in WAYS.items()}}.items():
            model = fit_known("prior_logistic", taken, columns, seed)
            predicted = judge_risks(model.predict_proba(matrix)[:, 1], truth.risk(new.baseline))
            estimated = judge_estimates(taken, other, true_risk.loc[data.features.index].to_numpy(), data)
            rows.append({"way": name, **predicted, **estimated})
        hazard = fit_known("prior_hazard", data, columns, seed)
        rows.append({"way": HAZARD, **judge_risks(hazard.predict_proba(matrix)[:, 1], truth.risk(new.baseline))})
    return [
        {"patients": task.patients, "replicate": task.replicate, "lost": data.lost / len(data), **row} for row in rows
    ]


def judge_risks(risk: Floats, true_risk: Floats) -> Row:
    outcomes = Outcomes.expected(true_risk)
    excess = outcomes.log_loss(risk) - outcomes.log_loss(true_risk)
    return {"mean risk": float(risk.mean() - true_risk.mean()), "log loss above": excess}


def judge_estimates(taken: DevelopmentData, other: rm.RelapseModel, true_risk: Floats, data: DevelopmentData) -> Row:
    """Return what is estimated from the known outcomes less what is true of all patients of the cohort."""
    known, weight = ~np.isnan(taken.relapse), taken.weights()
    relapse, weight = taken.relapse[known], weight[known]
    risk, everybody = other.predict_risk(taken.features)[known], other.predict_risk(data.features)
    expected = Outcomes.expected(true_risk)
    return {
        "share": float(np.average(relapse, weights=weight) - true_risk.mean()),
        "log loss": log_loss(relapse, risk, weight) - expected.log_loss(everybody),
        "Brier": brier(relapse, risk, weight) - expected.brier(everybody),
    }


FIGURES = {
    "mean risk": "mean risk, points", "log loss above": "log loss above x1000", "share": "share, points",
    "log loss": "log loss x1000", "Brier": "Brier x1000",
}  # fmt: skip


def print_table(rows: list[Row]) -> None:
    for patients in dict.fromkeys(row["patients"] for row in rows):
        cell = [row for row in rows if row["patients"] == patients]
        whole = {row["replicate"]: row for row in cell if row["way"] == WHOLE}
        print(f"\nn = {patients}, {len(whole)} cohorts, {np.mean([row['lost'] for row in cell]):.0%} lost")
        print_ways("bias (SE)", cell, {})
        print_ways(f"less that of {WHOLE!r}", [row for row in cell if row["way"] != WHOLE], whole)


def print_ways(title: str, rows: list[Row], beside: dict[int, Row]) -> None:
    print(f"{title:28s}" + "".join(f"{words:>22s}" for words in FIGURES.values()))
    for way in dict.fromkeys(row["way"] for row in rows):
        texts = (figure([row for row in rows if row["way"] == way], name, beside) for name in FIGURES)
        print(f"  {way:26s}" + "".join(f"{text:>22s}" for text in texts))


def figure(rows: list[Row], name: str, beside: dict[int, Row]) -> str:
    values = [row[name] - (beside[row["replicate"]][name] if beside else 0.0) for row in rows if name in row]
    if not values:
        return ""
    mean, error = mean_se(values)
    factor = 100 if name in ("mean risk", "share") else 1000
    return f"{factor * mean:+.2f} ({factor * error:.2f})"


def main() -> None:
    from joblib import Parallel, delayed
    from tqdm import tqdm

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=[132])
    parser.add_argument("--drop-out", type=float, default=0.3)
    parser.add_argument("--per-sd", type=float, default=0.8, help="log hazard ratio of leaving per SD of the titre")
    parser.add_argument("--seed", type=int, default=REPLICATE_SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON with every row")
    asked = parser.parse_args()
    study = rm.load_study("hbsag-relapse")
    new = new_patients(study, NEW_PATIENTS)
    before = Truth().cohort(OTHER_PATIENTS, OTHER_SEED, drop_out=0.0)
    other = rm.train(before, study, candidates=("prior_logistic",))
    tasks = [
        Task(patients, replicate, asked.seed, asked.drop_out, asked.per_sd)
        for patients in asked.sizes
        for replicate in range(asked.replicates)
    ]
    found = Parallel(n_jobs=asked.jobs, return_as="generator")(delayed(run)(task, study, new, other) for task in tasks)
    rows = [row for part in tqdm(found, total=len(tasks), desc="cohorts") for row in part]
    print_table(rows)
    write_json(asked.out, {**vars(asked), "out": None}, rows)


if __name__ == "__main__":
    main()
