"""Centres as partially pooled intercepts: in patients of known centres, and of a centre that nobody was trained on.

Cohorts of the second simulator (`mechanistic_truth`), whose centres' log hazards are drawn anew for each cohort; one of
its five centres, another each time, is left out of the training. `prior_logistic` with the built-in study, without and
with `centre`. Figures in 5,000 new patients, of the known centres and of the one left out: share of the attainable gain
in expected log loss (1: the true risk given what the study reads and the centre; 0: the mean risk), the difference that
`centre` makes, paired by cohort, with its standard error, and how many of the true risks lie in the 90 % interval.

Run: .venv/bin/python benchmarks/new_centre.py [--scenario linear] [--sds 0 0.35 0.7] [--patients 132]
[--replicates 30] [--seed N] [--jobs 2]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

import relapse_model as rm
from mechanistic_patients import CENTRE_SHARES
from mechanistic_truth import SCENARIOS, Setting, simulate
from simulated_truth import Floats, Outcomes, mean_se
from stated_knowledge import fitted, risks, study_with

SEED = 20_261_216
JUDGED = 5000  # new patients
DRAWS = 100  # for a true risk, where the hidden decides
WITHOUT, WITH = "without", "with"
_ADDED = {WITHOUT: "", WITH: '[prediction]\ncentre = "centre"\n'}
Row = dict[str, dict[str, dict[str, float]]]  # patients of, study, figure


def run(replicate: int, scenario: str, sd: float, patients: int, seed: int) -> Row:
    """Draw the centres and a cohort without one of them, fit both studies, judge them on new patients of all."""
    children = np.random.SeedSequence([seed, replicate]).spawn(3)
    factors = sd * np.random.default_rng(children[0]).normal(size=len(CENTRE_SHARES))
    setting = Setting(scenario, centre_log_factors=tuple(factors))
    cohort_seed, new_seed = (int(child.generate_state(1)[0]) for child in children[1:])
    left_out = replicate % len(CENTRE_SHARES)
    base = rm.load_study("hbsag-relapse")
    trained = of_other_centres(simulate(3 * patients, cohort_seed, setting, draws=1).cohort, left_out, patients)
    simulated = simulate(JUDGED, new_seed, setting, draws=DRAWS, later=False)
    new, truth = simulated.cohort, simulated.risk_at_centre
    features = rm.derive_features(new, base, landmark_week=0)
    is_new = centre_numbers(new) == left_out
    found: Row = {"known centres": {}, "a new centre": {}}
    with threadpool_limits(1):
        for name, added in _ADDED.items():
            study = study_with(base.outcome.baseline, added, base)
            risk, lower, upper = risks(fitted(trained, study, {}), study, new, features)
            held = (lower <= truth) & (truth <= upper)
            for who, rows in (("known centres", ~is_new), ("a new centre", is_new)):
                found[who][name] = {"share": share(truth[rows], risk[rows]), "held": float(held[rows].mean())}
    return found


def centre_numbers(cohort: rm.Cohort) -> Any:
    """Return the number of each patient's centre, from 0, by the order of their names."""
    return np.unique(cohort.patients["centre"].astype(str), return_inverse=True)[1]


def of_other_centres(cohort: rm.Cohort, left_out: int, patients: int) -> rm.Cohort:
    """Return the first so many patients of a cohort who are not of the centre left out."""
    return cohort.take(np.flatnonzero(centre_numbers(cohort) != left_out)[:patients])


def share(truth: Floats, risk: Floats) -> float:
    """Return the share of the attainable gain in expected log loss."""
    outcomes = Outcomes.expected(truth)
    mean, true = (outcomes.log_loss(values) for values in (np.full(len(truth), truth.mean()), truth))
    return (mean - outcomes.log_loss(risk)) / (mean - true)


def print_rows(sd: float, found: list[Row]) -> None:
    """Print the figures of known centres and of a new one."""
    for who in found[0]:
        both = {name: [one[who][name]["share"] for one in found] for name in _ADDED}
        held = {name: np.mean([one[who][name]["held"] for one in found]) for name in _ADDED}
        gained, error = mean_se(list(np.subtract(both[WITH], both[WITHOUT])))
        print(
            f"{sd:5.2f}  {who:14s}{np.mean(both[WITHOUT]):7.3f}{np.mean(both[WITH]):7.3f}{gained:+8.3f} ({error:.3f})"
            f"{held[WITHOUT]:8.3f}{held[WITH]:7.3f}",
            flush=True,
        )


def main() -> None:
    """Print a line for each standard deviation between centres, and for known centres and a new one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", choices=SCENARIOS, default="linear")
    parser.add_argument("--sds", nargs="+", type=float, default=[0.0, 0.35, 0.7], help="of the log hazard of centres")
    parser.add_argument("--patients", type=int, default=132)
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    print(f"{'sd':>5s}  {'patients of':14s}without   with  difference (SE)   in interval without, with")
    for sd in given.sds:
        cells = (delayed(run)(one, given.scenario, sd, given.patients, given.seed) for one in range(given.replicates))
        print_rows(sd, Parallel(n_jobs=given.jobs)(cells))


if __name__ == "__main__":
    main()
