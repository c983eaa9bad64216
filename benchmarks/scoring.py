"""Scoring of many patients: rows per second from features and from raw tables, beside the bare estimators; SHAP.

Three questions, each asked of tables in which 2,000 simulated patients are repeated under new identifiers.

- features: the risk of each row of the design matrix, by the classifiers of this library, by a scikit-learn Pipeline
  (median imputation, scaling, logistic regression) and by the bare booster of the boosted trees. Times are the median
  of interleaved repeats. The interval of the risk, which scoring gives too, is timed beside it. Then from a table of
  features of which some are names: the ridge regression beside a Pipeline with a one-hot encoder.
- tables: a folder of CSV files scored by `score_folder` in a process of its own: seconds of each stage, rows per
  second, peak memory, and how many times the bare Pipeline's time it takes.
- shap: exact values of the ridge regression by `linear_contributions` beside shap.LinearExplainer, those of boosted
  trees by `contributions` beside shap.TreeExplainer, with one thread each and with xgboost's default of all: medians
  of interleaved repeats after one that does not count, ratio of times and the largest difference. Exact values of the
  prior-informed logistic regression, which is not linear, on a hundredth of the rows.

Run: .venv/bin/python benchmarks/scoring.py [--patients 1000000] [--shap-rows 100000] [--chunk 20000] [--repeats 3]
[--only features tables shap]
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import relapse_model as rm
from relapse_model.classifiers import BoostedTreesClassifier
from relapse_model.classifiers.prior.logistic_mixture import log_odds_moments
from relapse_model.classifiers.trees.contributions import tree_paths, tree_tables
from relapse_model.cohort.large_folders.partitions import Partitions
from relapse_model.features.design import design_matrix
from relapse_model.model.explanation.shapley import shapley_values
from relapse_model.model.scoring import batch as batch_scoring
from relapse_model.model.scoring import score_part

PATTERN = 2000  # simulated patients that are repeated
LEVELS = {"hbv_genotype": ["C", "B", "D"], "centre": ["centre-1", "centre-2", "centre-3"], "sex": ["F", "M"]}
NAMES = ("prior_logistic", "ridge_logistic", "boosted_trees")
STAGES = {
    "digest of the model": (batch_scoring, "_key"),
    "partitions in Parquet": (batch_scoring, "partition"),
    "reading through the gate": (Partitions, "cohort"),
    "features, risks, intervals, warnings": (score_part, "scores_of"),
    "writing parts": (score_part, "write_private_csv"),
    "joining": (batch_scoring, "join_parts"),
}
Matrix = np.ndarray[Any, np.dtype[np.float64]]


def trained() -> dict[str, rm.RelapseModel]:
    study, cohort = rm.load_study("hbsag-relapse"), rm.simulate_cohort(132, seed=7)
    return {name: rm.train(cohort, study, candidates=(name,)) for name in NAMES}


def training_rows(model: rm.RelapseModel) -> tuple[Matrix, Matrix]:
    """Return a design matrix and outcomes for the bare Pipeline; its speed does not depend on what it learned."""
    cohort = rm.simulate_cohort(500, seed=9)
    outcome = rm.derive_outcome(cohort, model.study)["relapse"].to_numpy()
    matrix = design_matrix(rm.derive_features(cohort, model.study), model.study)
    return matrix[~np.isnan(outcome)], outcome[~np.isnan(outcome)]


def repeated(rows: int, model: rm.RelapseModel) -> Matrix:
    matrix = design_matrix(rm.derive_features(rm.simulate_cohort(PATTERN, seed=8), model.study), model.study)
    return np.tile(matrix, (-(-rows // PATTERN), 1))[:rows]


def pipeline(model: rm.RelapseModel) -> Any:
    bare = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression())
    return bare.fit(*training_rows(model))


# ---- from features ----


def from_features(models: dict[str, rm.RelapseModel], rows: int, repeats: int) -> None:
    matrix, bare = repeated(rows, models[NAMES[0]]), pipeline(models[NAMES[0]])
    booster = models["boosted_trees"].classifier.booster_
    every: dict[str, Callable[[], object]] = {
        "scikit-learn Pipeline": lambda: bare.predict_proba(matrix),
        "bare booster": lambda: booster.predict(xgboost.DMatrix(matrix, nthread=1)),
    }
    for name, model in models.items():
        every[name] = functools.partial(model.classifier.predict_proba, matrix)
    times: dict[str, list[float]] = {name: [] for name in every}
    for _ in range(repeats):
        for name, function in every.items():
            times[name].append(seconds(function))
    median = {name: float(np.median(some)) for name, some in times.items()}
    print(f"\nfrom features, {rows:,} rows of {matrix.shape[1]} columns")
    for name, some in median.items():
        base = "bare booster" if name == "boosted_trees" else "scikit-learn Pipeline"
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        print(
            f"  {name:24s} {rows / some:13,.0f} rows/s  {some:8.2f} s ({spread})  {some / median[base]:8.2f} x {base}"
        )
    print(
        f"  prior_logistic from the integral by 200 nodes: {from_exact(models['prior_logistic'], matrix):.1e} at most"
    )
    tenth = matrix[: max(rows // 10, 1)]
    for name, model in models.items():
        took = seconds(functools.partial(model.classifier.predict_interval, tenth, 0.9))
        print(f"  {name + ', interval':24s} {len(tenth) / took:13,.0f} rows/s  (of {len(tenth):,} rows)")


def from_exact(model: rm.RelapseModel, matrix: Matrix) -> float:
    """Return the largest distance of a risk from the integral over the posterior by 200 Gauss-Hermite nodes."""
    mixture, few = model.classifier.components_, matrix[:PATTERN]
    mean, sd = log_odds_moments(mixture, few)
    place, weight = np.polynomial.hermite_e.hermegauss(200)
    exact = sum(
        share / (1.0 + np.exp(-(mean + sd * node))) for node, share in zip(place, weight / weight.sum(), strict=True)
    )
    return float(np.abs(model.classifier.predict_proba(few)[:, 1] - exact @ mixture.weight).max())


def seconds(function: Callable[[], object]) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


# ---- from a table of features, with levels as text ----


def study_with_levels(folder: Path) -> rm.Study:
    """Return the built-in study with three predictors whose values are names."""
    text = rm.load_study("hbsag-relapse").text
    for column, levels in LEVELS.items():
        text += f'\n[[predictors]]\nname = "{column}_level"\nlabel = "{column}"\nkind = "column"\n'
        text += f'column = "{column}"\nlevels = {json.dumps(levels)}\n'
    (folder / "levels.toml").write_text(text, encoding="utf-8")
    return rm.load_study(folder / "levels.toml")


def from_feature_table(rows: int, repeats: int) -> None:
    """Compare risks from a table of numbers and names: ours, and a Pipeline with a one-hot encoder."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder

    with tempfile.TemporaryDirectory() as here:
        study = study_with_levels(Path(here))
    model = rm.train(rm.simulate_cohort(500, seed=9), study, candidates=("ridge_logistic",))
    names = [one.name for one in study.predictors if one.levels]
    numbers = [one.name for one in study.predictors if not one.levels]
    filled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = ColumnTransformer(
        [("numbers", filled, numbers), ("names", OneHotEncoder(handle_unknown="ignore", sparse_output=False), names)]
    )
    training = rm.derive_features(rm.simulate_cohort(500, seed=9), study)
    outcome = rm.derive_outcome(rm.simulate_cohort(500, seed=9), study)["relapse"].to_numpy()
    known = ~np.isnan(outcome)
    bare = make_pipeline(columns, LogisticRegression()).fit(training[known], outcome[known])
    small = rm.derive_features(rm.simulate_cohort(PATTERN, seed=8), study)
    table = pd.concat([small] * -(-rows // PATTERN), ignore_index=True).iloc[:rows]
    every = {"Pipeline": lambda: bare.predict_proba(table), "ridge_logistic": lambda: model.predict_risk(table)}
    times: dict[str, list[float]] = {name: [] for name in every}
    for _ in range(repeats):
        for name, function in every.items():
            times[name].append(seconds(function))
    theirs, ours = (float(np.median(some)) for some in times.values())
    print(f"\nfrom a table of features, {rows:,} rows, {len(numbers)} columns of numbers and {len(names)} of names")
    print(f"  scikit-learn Pipeline with OneHotEncoder {theirs:.2f} s, {rows / theirs:,.0f} rows/s")
    print(f"  ridge_logistic {ours:.2f} s, {rows / ours:,.0f} rows/s: {theirs / ours:.1f} x the Pipeline's speed")


# ---- from raw tables ----


def write_repeated(folder: Path, patients: int) -> int:
    """Write the tables of repeated patients as text, without reading them again; return the rows of labs."""
    with tempfile.TemporaryDirectory() as small:
        rm.simulate_cohort(PATTERN, seed=8).write(small)
        counts = {}
        for name in ("patients", "labs", "treatments"):
            header, *lines = (Path(small) / f"{name}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
            counts[name] = 0
            with (folder / f"{name}.csv").open("w", encoding="utf-8") as file:
                file.write(header)
                for copy in range(-(-patients // PATTERN)):
                    kept = lines[: patients - copy * PATTERN] if name == "patients" else lines
                    file.writelines(f"{copy}-{line}" for line in kept)
                    counts[name] += len(kept)
    return counts["labs"]


def from_tables(models: dict[str, rm.RelapseModel], patients: int, chunk: int) -> None:
    with tempfile.TemporaryDirectory() as here:
        folder = Path(here) / "cohort"
        folder.mkdir()
        labs = write_repeated(folder, -(-patients // PATTERN) * PATTERN)
        size = sum(file.stat().st_size for file in folder.iterdir()) / 2**30
        print(f"\nfrom raw tables, {patients:,} patients, {labs:,} results, {size:.2f} GiB, chunks of {chunk:,}")
        bare, matrix = pipeline(models[NAMES[0]]), repeated(patients, models[NAMES[0]])
        alone = seconds(lambda: bare.predict_proba(matrix))
        print(f"  scikit-learn Pipeline, from features: {alone:.2f} s")
        for name in ("prior_logistic", "boosted_trees"):
            models[name].save(Path(here) / "model.rmodel")
            given = [str(Path(here) / "model.rmodel"), str(folder), str(Path(here) / "scores.csv"), str(chunk)]
            command = [sys.executable, __file__, "--one", *given]
            run = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
            rate = run["patients"] / run["seconds"]
            print(
                f"  {name}: {run['seconds']:.1f} s, {rate:,.0f} patients/s, {labs / run['seconds']:,.0f} results/s, "
                f"{run['seconds'] / alone:,.0f} x the bare Pipeline; peak {run['peak']:.2f} GiB, "
                f"{run['before']:.2f} before; {run['scored']:,} scored, {run['rejected']:,} rejected"
            )
            for stage, took in run["stages"].items():
                print(f"    {stage:38s} {took:8.1f} s")


def score_one(model: str, folder: str, out: str, chunk: str) -> None:
    """Score a folder in this process, and print what it took."""
    stages = dict.fromkeys(STAGES, 0.0)
    for stage, (owner, name) in STAGES.items():
        setattr(owner, name, timed(getattr(owner, name), stage, stages))
    loaded = rm.load_model(model)
    before = peak_gib()
    begin = time.perf_counter()
    found = batch_scoring.score_folder(loaded, folder, out, chunk_patients=int(chunk))
    run = {"seconds": time.perf_counter() - begin, "peak": peak_gib(), "before": before, "stages": stages}
    run |= {"patients": found.patients, "scored": found.scored, "rejected": found.rejected}
    print(json.dumps(run))


def timed(function: Callable[..., Any], stage: str, stages: dict[str, float]) -> Callable[..., Any]:
    def counted(*given: Any, **settings: Any) -> Any:
        begin = time.perf_counter()
        try:
            return function(*given, **settings)
        finally:
            stages[stage] += time.perf_counter() - begin

    return counted


def peak_gib() -> float:
    """Return the peak memory of this process; Linux passes ru_maxrss on from the process that started it."""
    with contextlib.suppress(OSError):
        return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** (30 if sys.platform == "darwin" else 20)


# ---- SHAP ----


def shap_values(models: dict[str, rm.RelapseModel], rows: int, repeats: int) -> None:
    matrix = repeated(rows, models[NAMES[0]])
    print(f"\nSHAP values of {rows:,} rows of {matrix.shape[1]} columns")
    linear_shap(models["ridge_logistic"].classifier, matrix, repeats)
    tree_shap("boosted trees of the study", models["boosted_trees"].classifier, matrix, repeats)
    tree_shap("boosted trees of 5,000 patients", *large_trees(rows), repeats)
    few = matrix[: max(rows // 100, 1)]
    prior = models["prior_logistic"].classifier
    reference = np.nanmean(matrix, axis=0)
    took = seconds(lambda: shapley_values(prior.predict_log_odds, few, reference))
    print(f"  prior_logistic, exact, {len(few):,} rows: {len(few) / took:,.0f} rows/s")


def linear_shap(ridge: Any, matrix: Matrix, repeats: int) -> None:
    """Compare a ridge regression from rows with missing values, as both are given them, and from prepared columns."""
    import shap

    bare, mean = ridge.pipeline_, ridge.pipeline_[1].mean_
    ready, reference = bare[:-1].transform(matrix), np.zeros((1, matrix.shape[1]))  # of standardised columns
    compared(
        "ridge regression",
        {
            "linear_contributions": lambda: ridge.linear_contributions(matrix, mean)[:, :-1],
            "Pipeline and shap.LinearExplainer": lambda: shap.LinearExplainer(bare[-1], reference).shap_values(
                bare[:-1].transform(matrix)
            ),
            "shap.LinearExplainer alone": lambda: shap.LinearExplainer(bare[-1], reference).shap_values(ready),
        },
        repeats,
    )


def tree_shap(name: str, trees: Any, matrix: Matrix, repeats: int) -> None:
    import shap

    every = trees.booster_.copy()
    every.set_param({"nthread": 0})  # all processors, as xgboost does by default
    one, all_threads = shap.TreeExplainer(trees.booster_), shap.TreeExplainer(every)
    compared(
        f"{name} ({trees.rounds_} of depth {trees.depth_})",
        {
            "contributions": lambda: trees.contributions(matrix)[:, :-1],
            "shap.TreeExplainer": lambda: one.shap_values(matrix),
            "shap.TreeExplainer, all threads": lambda: all_threads.shap_values(matrix),
        },
        repeats,
    )
    raw = bytes(trees.booster_.save_raw("ubj"))
    print(f"    making the tables, once: {seconds(lambda: tree_tables(*tree_paths(raw), matrix.shape[1])):.4f} s")


def large_trees(rows: int) -> tuple[BoostedTreesClassifier, Matrix]:
    """Return trees that found much to learn, and new rows for them: 10 columns, a twentieth of the values missing."""
    rng = np.random.default_rng(0)
    known, new = (rng.normal(size=(size, 10)) for size in (5000, rows))
    log_odds = -1.5 + known[:, 0] + known[:, 1] * known[:, 2] + np.sin(2 * known[:, 3])
    event = rng.random(len(known)) < 1 / (1 + np.exp(-log_odds))
    for some in (known, new):
        some[rng.random(some.shape) < 0.05] = np.nan
    return BoostedTreesClassifier(depths=(2,), l2=(1.0,)).fit(known, event), new


def compared(name: str, ways: dict[str, Callable[[], Matrix]], repeats: int) -> None:
    """Print the time of each way, and the first one's beside it, once their values have been compared."""
    values = [np.asarray(function()) for function in ways.values()]  # a round that does not count
    apart = max(float(np.max(np.abs(other - values[0]))) for other in values[1:])
    times = np.array([[seconds(function) for function in ways.values()] for _ in range(repeats)])
    print(f"  {name}: largest difference {apart:.2g}, values up to {np.abs(values[0]).max():.2g}")
    for way, took, ratio in zip(ways, np.median(times, axis=0), np.median(times / times[:, :1], axis=0), strict=True):
        print(f"    {way:36s} {took:8.4f} s  {ratio:8.1f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--shap-rows", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=batch_scoring.CHUNK_PATIENTS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=["features", "tables", "shap"])
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        score_one(*asked.one)
        return
    models = trained()
    if "features" in asked.only:
        from_features(models, asked.patients, asked.repeats)
        from_feature_table(asked.patients, asked.repeats)
    if "tables" in asked.only:
        from_tables(models, asked.patients, asked.chunk)
    if "shap" in asked.only:
        shap_values(models, asked.shap_rows, asked.repeats)


if __name__ == "__main__":
    main()
