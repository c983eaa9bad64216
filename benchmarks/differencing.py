"""What two model files, of a cohort and of the same cohort without one patient, give away of that patient.

    python benchmarks/differencing.py [--patients 132] [--cohorts 5] [--removed 40] [--classifier prior_logistic]

Each attack has both files, knows that they differ by one patient, and nothing else. For every predictor of the patient
it answers with a value, or says that it cannot tell. Three attacks:

- ``means``: every mean of a predictor anywhere in the files (summary, dictionary, classifier, coefficients) times the
  number of patients, less the same of the other file; of the classifier the centres, with every count that fits.
- ``counts``: the counts of yes, of levels, of missing values, of assays and units, of events and lost.
- ``coefficients``: the gradient of the log-likelihood of the smaller cohort at the coefficients of the larger one is
  that of the removed patient, (risk - outcome) * (1, x). It is the difference of the coefficients times the curvature
  (the inverse of the covariance less the prior), to second order.

An answer counts as a value given back if it is within 1 % of a standard deviation of the right one (``means``), or is
the right yes or no where the files differ at all (``counts``). The last column is how often the same answers are right
for a patient of another cohort: what chance gives.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

import relapse_model as rm
from relapse_model.cohort.cohort import Cohort

CLOSE = 0.01  # standard deviations


def told(path: Path) -> dict[str, Any]:
    """Return every number of a model file, by part and place, and its texts."""
    with zipfile.ZipFile(path) as archive:
        return {
            name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")
        }  # fmt: skip


def means(file: dict[str, Any], predictors: list[str]) -> dict[str, list[tuple[float, list[int]]]]:
    """Return each mean of each predictor, with the numbers of patients that it may be of."""
    summary = file["manifest.json"]["summary"]
    n, lost = summary["patients"], summary["lost_before_horizon"]
    found: dict[str, list[tuple[float, list[int]]]] = {name: [] for name in predictors}
    for name in predictors:
        one = summary["predictors"][name]
        missing = range(5) if one["missing"] == "<5" else [one["missing"]]
        if one.get("mean") is not None:
            found[name].append((one["mean"], [n - gone for gone in missing]))
    for part, values in file.items():
        if part.startswith("classifier/") and isinstance(values, dict) and "center" in values:
            sizes = [*range(n - lost - 8, n - lost + 8), n]
            for name, value in zip(predictors, values["center"], strict=False):
                found[name].append((value, sizes))
    return found


def by_means(first: dict[str, Any], second: dict[str, Any], names: list[str]) -> dict[str, list[float]]:
    """Return what the means say of the removed patient: one value for every count that a mean may be of."""
    big, small = means(first, names), means(second, names)
    return {
        name: [
            size * (a - b) + b
            for (a, sizes), (b, _) in zip(big[name], small[name], strict=True)
            for size in sizes
            if a != b
        ]
        for name in names
    }


def by_shares(first: dict[str, Any], second: dict[str, Any], names: list[str]) -> dict[str, float]:
    """Return yes or no, where the counts of yes and of no differ by what one patient can make."""
    answers = {}
    for name in names:
        yes = []
        for summary in (file["manifest.json"]["summary"] for file in (first, second)):
            one = summary["predictors"][name]
            known = summary["patients"] - (2 if one["missing"] == "<5" else one["missing"])
            yes.append(None if one.get("mean") is None else one["mean"] * known)
        if None not in yes and min(abs(yes[0] - yes[1]), abs(yes[0] - yes[1] - 1)) < 0.4:
            answers[name] = float(yes[0] - yes[1] > 0.5)  # 88 of 132 and 87 of 131: a yes was taken out
        elif None not in yes:
            answers[name] = float(yes[0] > yes[1])
    return answers


def by_coefficients(first: dict[str, Any], second: dict[str, Any], columns: int) -> list[float] | None:
    """Return the predictors of the removed patient from the posteriors of all components, as a linear inverse."""
    part = "classifier/prior_logistic.json"
    if part not in first:
        return None
    big, small = first[part], second[part]
    shift = np.array(small["center"]) - np.array(big["center"])
    votes, trust = [], []
    for b in np.argsort(big["weight"])[::-1]:
        used = np.flatnonzero(np.array(small["covariance"][b]).diagonal() > 0)
        near = [np.array(one["covariance"][b])[np.ix_(used, used)] for one in (big, small)]
        coef = [np.append(one["intercept"][b], one["coef"][b]) for one in (big, small)]
        move = np.eye(len(coef[0]))
        move[0, 1:] = shift  # the larger cohort's intercept, at the centres of the smaller
        at = move @ coef[0]
        moved = move[np.ix_(used, used)] @ near[0] @ move[np.ix_(used, used)].T
        curvature = (np.linalg.inv(moved) + np.linalg.inv(near[1])) / 2
        gradient = curvature @ (at - coef[1])[used]
        if abs(gradient[0]) < 1e-12:
            continue
        value = np.full(len(coef[0]) - 1, np.nan)
        value[used[1:] - 1] = gradient[1:] / gradient[0]
        votes.append((value + np.array(small["center"]))[:columns])
        trust.append(abs(gradient[0]))
    return None if not votes else list(np.nanmedian(np.array(votes), axis=0))


def save(cohort: Cohort, study: Any, path: Path, classifier: str) -> dict[str, Any]:
    """Train, write and open the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rm.train(cohort, study, candidates=(classifier,), seed=0).save(path)
    return told(path)


def attack(patients: int, cohorts: int, removed: int, classifier: str) -> dict[str, list[float]]:
    """Return for each attack how far each answer is from the truth, and how far from that of another patient."""
    study = rm.load_study("hbsag-relapse")
    names = [one.name for one in study.predictors]
    found: dict[str, list[Any]] = {"means": [], "shares": [], "coefficients": [], "outcome": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.rmodel"
        for seed in range(cohorts):
            cohort = rm.simulate_cohort(patients, seed=100 + seed)
            values = rm.derive_features(cohort, study, landmark_week=0)[names]
            codes = values.astype(float).to_numpy()
            spread = np.nanstd(codes, axis=0)
            first = save(cohort, study, path, classifier)
            for out in np.random.default_rng(seed).permutation(patients)[:removed]:
                second = save(cohort.take(np.delete(np.arange(patients), out)), study, path, classifier)
                other = (out + 1) % patients
                votes, shares = by_means(first, second, names), by_shares(first, second, names)
                linear = by_coefficients(first, second, len(names))
                counted = [file["manifest.json"]["summary"]["events"] for file in (first, second)]
                if counted[0] != counted[1]:
                    found["outcome"].append((0, counted[0] > counted[1], np.nan))
                for place, name in enumerate(names):
                    truth, chance = codes[out, place], codes[other, place]
                    if np.isnan(truth):
                        continue
                    binary = set(np.unique(codes[:, place])) <= {0.0, 1.0}
                    near = [
                        min((abs(vote - value) for vote in votes[name]), default=np.inf) / spread[place]
                        for value in (truth, chance)
                    ]  # fmt: skip
                    found["means"].append((binary, *near))
                    if binary:
                        answer = shares.get(name, np.nan)
                        found["shares"].append((binary, abs(answer - truth), abs(answer - chance)))
                    if linear is not None:
                        answer = float(linear[place])
                        answer = float(answer > 0.5) if binary else answer
                        apart = [abs(answer - value) / spread[place] for value in (truth, chance)]
                        found["coefficients"].append((binary, *apart))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=132)
    parser.add_argument("--cohorts", type=int, default=5)
    parser.add_argument("--removed", type=int, default=40)
    parser.add_argument("--classifier", default="prior_logistic")
    given = parser.parse_args()
    found = attack(given.patients, given.cohorts, given.removed, given.classifier)
    for name, rows in found.items():
        table = np.array(rows, dtype=float).reshape(-1, 3)
        for label, kind in (("numbers", 0), ("yes or no", 1)):
            part = table[table[:, 0] == kind]
            if not len(part) or name == "outcome":
                continue
            hit, chance = ((part[:, column] <= CLOSE).sum() for column in (1, 2))
            wide = np.nanmedian(part[:, 1]) if np.isfinite(part[:, 1]).any() else np.inf
            print(
                f"{name:13} {label:10} {hit:5d} of {len(part)} right ({chance} right of another patient), "
                f"{int(np.isfinite(part[:, 1]).sum())} answered, median distance {wide:.3g} sd"
            )
    print("outcome: counts of events differ in", len(found["outcome"]), "of", given.cohorts * given.removed)


if __name__ == "__main__":
    main()
