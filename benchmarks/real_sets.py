"""Out-of-fold performance of the library's procedure on real data sets, beside plain ridge in the same folds.

The data of examples 03 (primary biliary cholangitis, landmark 1 year), 04 (hepatocellular carcinoma) and 05 (HIV,
landmark 6 months), where they are found; nothing here is tuned on them. The whole of `rm.validate` runs in every
outer fold. Plain ridge is scikit-learn's, with the penalty by cross-validation, on the patients of known outcome.
Log losses and AUC are at the horizon with censoring weights, Harrell's C is over all follow-up; all of them pooled
over folds, for every method alike. Standard errors of
the differences from ridge: bootstrap of patients, the risks as they are. `--peers` adds the packages of `peers.py`,
in the same folds, on the library's matrix, outcomes and weights, with the mean seconds of a fit beside them.

Run: .venv/bin/python benchmarks/real_sets.py [--sets pbc hcc aids] [--repeats 4] [--each] [--peers] [--seed 0]
[--jobs 2] [--out real_sets.json]
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import relapse_model as rm
from peers import PEERS, Peer, installed
from relapse_model.classifiers.known import CANDIDATES
from relapse_model.development.choice import patient_log_loss
from relapse_model.features.development_data import DevelopmentData
from relapse_model.validation.discrimination import auc, harrell_c
from simulated_truth import Floats, write_json

sys.path.append(str(Path(__file__).resolve().parents[1] / "examples"))
from data_folder import data_folder
from ridge_cox import ridge_cox
from same_folds import baseline_scores, ridge_logistic

SETS = {"pbc": "03_pbc_after_one_year", "hcc": "04_hcc_one_year", "aids": "05_aids_after_six_months"}
RESAMPLES = 200
Measure = Callable[[DevelopmentData, Floats, Floats], float]  # patients, their censoring weights, scores


def read(example: Any) -> tuple[rm.Cohort, rm.Study]:
    """Return cohort and study of an example: some write a cohort folder, some make the cohort at once."""
    study = rm.load_study(example.STUDY)
    source = data_folder(example.DATA)
    with tempfile.TemporaryDirectory() as folder:
        made = example.to_cohort(source, study if example.__name__ == SETS["aids"] else Path(folder))
        return (rm.read_cohort(folder, study=study) if made is None else made), study


def mean_risk(train: DevelopmentData, new: Floats, seed: int) -> Floats:
    """Give everybody the mean risk of the training patients, as log-odds."""
    known = ~np.isnan(train.relapse)
    mean = np.average(train.relapse[known], weights=train.weights()[known])
    return np.full(len(new), np.log(mean / (1 - mean)))


def timed_peer(peer: Peer, seconds: list[float]) -> Callable[[DevelopmentData, Floats, int], Floats]:
    """Return a peer that answers log-odds, and notes the seconds of each fit."""

    def log_odds(train: DevelopmentData, new: Floats, seed: int) -> Floats:
        begin = time.perf_counter()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence, which is how these packages are used
            risk = np.clip(peer(train, new, seed), 1e-6, 1 - 1e-6)
        seconds.append(time.perf_counter() - begin)
        return logit(risk)

    return log_odds


def loss_at_horizon(data: DevelopmentData, weight: Floats, log_odds: Floats) -> float:
    known = ~np.isnan(data.relapse)
    risk = 1 / (1 + np.exp(-log_odds[known]))
    return float(np.average(patient_log_loss(data.relapse[known], risk), weights=weight[known]))


def auc_at_horizon(data: DevelopmentData, weight: Floats, log_odds: Floats) -> float:
    known = ~np.isnan(data.relapse)
    return auc(data.relapse[known], log_odds[known], weight[known])


def c_of_all(data: DevelopmentData, weight: Floats, log_odds: Floats) -> float:
    return harrell_c(data.time, data.event, log_odds)


MEASURES: dict[str, Measure] = {"log loss": loss_at_horizon, "AUC": auc_at_horizon, "C": c_of_all}


def mean_of(measure: Measure, data: DevelopmentData, weight: Floats, scores: Floats) -> float:
    return float(np.mean([measure(data, weight, score) for score in scores]))


def standard_error(measure: Measure, data: DevelopmentData, ours: Floats, theirs: Floats, seed: int) -> float:
    """Return the bootstrap standard error of the difference of two sets of scores, over patients."""
    rng, weight = np.random.default_rng(seed), data.weights()
    found = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(data), len(data))
        drawn = data.take(rows), weight[rows]
        found.append(mean_of(measure, *drawn, ours[:, rows]) - mean_of(measure, *drawn, theirs[:, rows]))
    return float(np.std(found, ddof=1))


def compare(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Run the library's procedure and the baselines on one set; print and return the figures."""
    example = importlib.import_module(SETS[name])
    cohort, study = read(example)
    begin = time.perf_counter()
    settings = {
        "seed": asked.seed,
        "outer_repeats": asked.repeats,
        "bootstraps": 0,
        "leave_out": None,
        "jobs": asked.jobs,
        "progress": True,
    }
    found = rm.validate(cohort, study, **settings)
    seconds = time.perf_counter() - begin
    scores = {"library": logit(found.risks)}
    for candidate in CANDIDATES if asked.each else ():
        scores[candidate] = logit(rm.validate(cohort, study, candidates=(candidate,), **settings).risks)
    baselines = {"ridge": ridge_logistic, "mean risk": mean_risk, "ridge Cox": ridge_cox}
    fits: dict[str, list[float]] = {f"peer: {peer}": [] for peer in (installed(list(PEERS)) if asked.peers else ())}
    baselines |= {words: timed_peer(PEERS[words.removeprefix("peer: ")][0], fits[words]) for words in fits}
    scores |= {words: baseline_scores(found, baseline) for words, baseline in baselines.items()}
    data = found.data
    timed = len(np.unique(data.time)) > 2
    figures = judge(data, scores, timed, asked.seed)
    print(
        f"\n{study.title}\n{len(data)} patients at risk, {data.events} events, {data.lost} lost; "
        f"{asked.repeats} x 5 outer folds, {seconds:.0f} s; chosen: {found.chosen}"
    )
    print(f"{'':27s}" + "".join(f"{measure:>9s}   less ridge's (SE)" for measure in MEASURES))
    means = {words: float(np.mean(each)) for words, each in fits.items()}
    for words, row in figures.items():
        spent = f"{means[words]:8.1f} s" if words in means else ""
        print(f"{words:27s}" + "".join(cell(row.get(measure)) for measure in MEASURES) + spent)
    return {"set": name, "seconds": seconds, "chosen": found.chosen, "figures": figures, "seconds of a fit": means}


def judge(data: DevelopmentData, scores: dict[str, Floats], timed: bool, seed: int) -> dict[str, dict[str, Any]]:
    """Return for each set of scores the measures that make sense of it, and their differences from ridge's."""
    weight = data.weights()
    figures: dict[str, dict[str, Any]] = {words: {} for words in scores}
    for name, measure in MEASURES.items():
        ridge = mean_of(measure, data, weight, scores["ridge"])
        for words, score in scores.items():
            if (name == "log loss" and words == "ridge Cox") or (name != "log loss" and words == "mean risk"):
                continue  # a Cox score is no risk at the horizon; equal risks have no order
            if not timed and (name == "C" or words == "ridge Cox"):
                continue  # in which week anything happened is not known
            value = mean_of(measure, data, weight, score)
            error = 0.0 if words == "ridge" else standard_error(measure, data, score, scores["ridge"], seed)
            figures[words][name] = {"value": value, "difference": value - ridge, "se": error}
    return {words: row for words, row in figures.items() if row}


def logit(risk: Floats) -> Floats:
    return np.log(risk) - np.log1p(-risk)


def cell(figure: dict[str, float] | None) -> str:
    if figure is None:
        return f"{'':29s}"
    difference = f"{figure['difference']:+.4f} ({figure['se']:.4f})" if figure["se"] else ""
    return f"{figure['value']:9.4f}{difference:>20s}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--repeats", type=int, default=4, help="of the outer folds")
    parser.add_argument("--each", action="store_true", help="also each candidate of the library by itself")
    parser.add_argument("--peers", action="store_true", help="also the packages of peers.py, where installed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    asked = parser.parse_args()
    rows = [compare(name, asked) for name in asked.sets]
    write_json(asked.out, {**vars(asked), "out": None}, rows)


if __name__ == "__main__":
    main()
