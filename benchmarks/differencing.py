"""What two model files, of a cohort and of the same cohort without one patient, give away of that patient.

    python benchmarks/differencing.py [--disclosure full small-counts] [--patients 132] [--cohorts 5] [--removed 40]

Each attack has both files, knows that they differ by one patient, and nothing else. For every predictor of the patient
it answers with a value, or says that it cannot tell. The attacks:

- ``means``: every mean of a predictor anywhere in the files (summary, dictionary, classifier, coefficients) times the
  number of patients, less the same of the other file; of the classifier the centres, with every count that fits.
- ``shares``: yes or no, from the counts of yes that the means stand for.
- ``events``, ``mean risk``: the outcome, from the number of events, or from the mean risk, where they differ.
- ``scales``: the standard deviations, by which a missing value counts, in place of the means.
- ``directions``: of each of the classifier's numbers of a column that differs at all, what its direction tells: above
  or below the mean.
- ``coefficients``: the gradient of the log-likelihood of the smaller cohort at the coefficients of the larger one is
  that of the removed patient, (risk - outcome) * (1, x). It is the difference of the coefficients times the curvature
  (the inverse of the covariance less the prior), to second order.
- ``coefficients, rounded``: the same where both files had their coefficients on a grid of a share of their standard
  errors; with what that does to the risks of the cohort.

An answer counts as a value given back if it is within 1 % of a standard deviation of the right one, or is the right yes
or no. The last column is how often the same answers are right for a patient of another cohort: what chance gives.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import relapse_model as rm
from differencing_attacks import (
    PRIOR,
    File,
    by_coefficients,
    by_directions,
    by_means,
    by_scales,
    by_shares,
    rounded_coefficients,
    summary_of,
)
from relapse_model.classifiers.prior.loaded import full_classifier
from relapse_model.classifiers.prior.logistic_mixture import mixture_risk
from relapse_model.features.design import design_matrix

CLOSE = 0.01  # standard deviations
ROUNDED = (0.01, 0.03, 0.1, 0.3)  # standard errors
Found = dict[str, list[Any]]


def told(path: Path) -> File:
    """Return every number of a model file, by part and place, and its texts."""
    with zipfile.ZipFile(path) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}


def trained(cohort: rm.Cohort, study: Any, classifier: str) -> Any:
    """Return the model of a cohort."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return rm.train(cohort, study, candidates=(classifier,), seed=0)


def saved(model: Any, path: Path, disclosure: str) -> File:
    """Write the file and return what it tells."""
    model.save(path, disclosure=disclosure)
    return told(path)


def linear_attacks(first: File, second: File, columns: int) -> dict[str, list[float]]:
    """Return the answers of the coefficients, exact and rounded."""
    found = {"coefficients": by_coefficients(first, second, columns)}
    for share in ROUNDED:
        found[f"coefficients, {share:g} SE"] = by_coefficients(first, second, columns, share)
    return {name: values for name, values in found.items() if values is not None}


def compare(first: File, second: File, codes: np.ndarray, out: int, names: list[str], found: Found) -> None:
    """Add how far the answers of each attack are from the removed patient, and from another one."""
    other, spread = (out + 1) % len(codes), np.nanstd(codes, axis=0)
    votes, shares = by_means(first, second, names), by_shares(first, second, names)
    scales = by_scales(first, second, names)
    linear, directions = linear_attacks(first, second, len(names)), by_directions(first, second, names)
    for place, name in enumerate(names):
        truth, chance = codes[out, place], codes[other, place]
        if np.isnan(truth):
            continue
        binary = set(np.unique(codes[:, place][~np.isnan(codes[:, place])])) <= {0.0, 1.0}
        asked = {"means": votes[name], "scales": scales.get(name, [])}
        for attack, values in asked.items():
            near = [min((abs(vote - x) for vote in values), default=np.inf) / spread[place] for x in (truth, chance)]
            if attack == "means" or not binary:
                found.setdefault(attack, []).append((binary, *near))
            elif values:  # the distance from the mean is that of a yes, or that of a no
                centre, away = (values[0] + values[1]) / 2, abs(values[1] - values[0]) / 2
                answer = float(abs(away - (1 - centre)) < abs(away - centre))
                found.setdefault(attack, []).append((binary, abs(answer - truth), abs(answer - chance)))
        above = directions.get(name, np.nan)
        middle = np.nanmean(codes[:, place])
        found.setdefault("directions", []).append((True, *(abs(above - float(x > middle)) for x in (truth, chance))))
        if binary:
            answer = shares.get(name, np.nan)
            found.setdefault("shares", []).append((binary, abs(answer - truth), abs(answer - chance)))
        for attack, values in linear.items():
            answer = float(values[place] > 0.5) if binary else float(values[place])
            apart = [abs(answer - value) / spread[place] for value in (truth, chance)]
            found.setdefault(attack, []).append((binary, *apart))


def compare_outcomes(first: File, second: File, event: tuple[float, float], exact: bool, found: Found) -> None:
    """Add what the number of events, and the mean risk, say of the outcome."""
    for attack, key in (("events", "events"), ("mean risk", "mean_risk")):
        a, b = summary_of(first)[key], summary_of(second)[key]
        answer = float(a > b) if exact or a != b else np.nan
        found.setdefault(attack, []).append((1, *(abs(answer - one) for one in event)))


def moved_risks(model: Any, file: File, matrix: np.ndarray, found: Found) -> None:
    """Add how far rounded coefficients move the risks of the cohort."""
    mixture = full_classifier(model.classifier).components_
    part = {key: getattr(mixture, key) for key in ("weight", "intercept", "coef", "covariance")}
    risk = mixture_risk(mixture, matrix)[:, 1]
    for share in ROUNDED if PRIOR in file else ():
        moved = rounded_coefficients(part, share)
        other = replace(mixture, intercept=moved["intercept"], coef=moved["coef"])
        found.setdefault(f"risks, {share:g} SE", []).extend(np.abs(mixture_risk(other, matrix)[:, 1] - risk))


def attack(patients: int, cohorts: int, removed: int, classifier: str, disclosures: list[str]) -> dict[str, Found]:
    """Return, for each disclosure and attack, how far each answer is from the truth, and from another patient's."""
    study = rm.load_study("hbsag-relapse")
    names = [one.name for one in study.predictors]
    found: dict[str, Found] = {one: {} for one in disclosures}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.rmodel"
        for seed in range(cohorts):
            cohort = rm.simulate_cohort(patients, seed=100 + seed)
            features = rm.derive_features(cohort, study, landmark_week=0)
            codes = features[names].astype(float).to_numpy()
            relapse = (rm.derive_outcome(cohort, study, landmark_week=0)["relapse"] == 1).to_numpy(dtype=float)
            whole = trained(cohort, study, classifier)
            first = {one: saved(whole, path, one) for one in disclosures}
            if classifier == "prior_logistic":
                moved_risks(whole, first[disclosures[0]], design_matrix(features, study), found[disclosures[0]])
            for out in np.random.default_rng(seed).permutation(patients)[:removed]:
                model = trained(cohort.take(np.delete(np.arange(patients), out)), study, classifier)
                event = (relapse[out], relapse[(out + 1) % patients])
                for one in disclosures:
                    second = saved(model, path, one)
                    compare(first[one], second, codes, int(out), names, found[one])
                    compare_outcomes(first[one], second, event, one == "full", found[one])
    return found


def show(name: str, rows: list[Any]) -> None:
    """Print the line of an attack."""
    if name.startswith("risks"):
        print(f"{name:22} a risk changes by {np.mean(rows):.2g} on average, {np.max(rows):.2g} at most")
        return
    table = np.array(rows, dtype=float).reshape(-1, 3)
    for label, kind in (("numbers", 0), ("yes or no", 1)):
        part = table[table[:, 0] == kind]
        if not len(part):
            continue
        hit, chance = ((part[:, column] <= CLOSE).sum() for column in (1, 2))
        wide = np.nanmedian(part[:, 1]) if np.isfinite(part[:, 1]).any() else np.inf
        print(
            f"{name:22} {label:10} {hit:5d} of {len(part)} right ({chance} right of another patient), "
            f"{int(np.isfinite(part[:, 1]).sum())} answered, median distance {wide:.3g} sd"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--disclosure", nargs="+", choices=("full", "small-counts"), default=["full"])
    parser.add_argument("--patients", type=int, default=132)
    parser.add_argument("--cohorts", type=int, default=5)
    parser.add_argument("--removed", type=int, default=40)
    parser.add_argument("--classifier", default="prior_logistic")
    given = parser.parse_args()
    found = attack(given.patients, given.cohorts, given.removed, given.classifier, given.disclosure)
    for disclosure, attacks in found.items():
        print(f"\nFiles of --disclosure {disclosure}:")
        for name, rows in attacks.items():
            show(name, rows)


if __name__ == "__main__":
    main()
