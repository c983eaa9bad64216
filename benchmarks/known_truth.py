"""What perfect knowledge would bring: the limit of what any prior can add in cohorts of the library's own simulator.

`prior_logistic` without the built-in study's terms and baseline, beside: the built-in study; priors whose means are the
true log hazard ratios, as wide as stated and a third as wide, taken as they stand; such priors averaged by evidence,
with the built-in terms and baseline; and the risks of the first moved to the true mean risk of the new patients, and to
the true calibration slope as well. Share of the attainable gain in expected log loss, as in `stated_knowledge.py`, and
differences to the first, paired by cohort, with standard errors: the mean over the cohorts, and the share of the sums
of all cohorts.

Run: .venv/bin/python benchmarks/known_truth.py [--scenarios linear non-linear] [--patients 132] [--replicates 30]
[--seed N] [--jobs 2]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import brentq
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

import relapse_model as rm
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from simulated_truth import Floats, Truth, draw_truth, mean_se, ratio_se, replicate_seeds
from stated_knowledge import SEED, cells, fitted, risks

_NO_TERMS: dict[str, Any] = {"terms": ()}
_AS_THEY_STAND: dict[str, Any] = _NO_TERMS | {"strengths": (1.0,), "widths": (1.0,)}
COEFFICIENTS = {"age": "age_years"}  # where the simulator has another name


def knowing(study: Study, truth: Truth, width: float = 1.0) -> Study:
    """Return the study with every prior centred at the true log hazard ratio."""

    def known(one: Predictor) -> Predictor:
        if one.prior is None:
            raise ValueError(f"{one.name} has no prior")
        mean = truth.coefficients.get(COEFFICIENTS.get(one.name, one.name), 0.0)
        mean = float(np.log(truth.hbig_hazard_ratio)) if one.name == "hbig_arm" else mean
        return replace(one, prior=replace(one.prior, log_odds=mean, sd=one.prior.sd * width))

    return replace(study, predictors=tuple(known(one) for one in study.predictors))


def with_mean(log_odds: Floats, mean: float) -> Floats:
    """Return risks of these log-odds, all moved by what makes their mean this one."""
    return np.asarray(expit(log_odds + brentq(lambda step: expit(log_odds + step).mean() - mean, -20.0, 20.0)))


def run(
    replicate: int, scenario: str, patients: int, seed: int, draw: Any, study: Study, cohort: rm.Cohort, features: Any
) -> dict[str, float]:
    """Return the expected log loss of each way in one replicate, of the mean risk and of the true risks."""
    trained, outcomes, truth = draw(replicate, scenario=scenario, patients=patients, seed=seed)
    drawn = draw_truth(scenario, replicate_seeds(seed, replicate)[0])
    bare = replace(study, outcome=replace(study.outcome, baseline=None))
    ways: dict[str, tuple[Study, dict[str, Any]]] = {
        "before": (bare, _NO_TERMS),
        "built-in": (study, {}),
        "true means, as wide": (knowing(bare, drawn), _AS_THEY_STAND),
        "true means, a third as wide": (knowing(bare, drawn, 1 / 3), _AS_THEY_STAND),
        "true means, by evidence, baseline": (knowing(study, drawn), {}),
    }
    with threadpool_limits(1):
        found = {
            name: risks(fitted(trained, one, settings), one, cohort, features)[0]
            for name, (one, settings) in ways.items()
        }
    log_odds, slope = logit(found["before"]), outcomes.slope(found["before"])
    found["before, true mean risk"] = with_mean(log_odds, truth.mean())
    found["before, true mean risk and slope"] = with_mean((1.0 if slope is None else slope) * log_odds, truth.mean())
    found |= {"mean": np.full(len(truth), truth.mean()), "true": truth}
    return {name: outcomes.log_loss(risk) for name, risk in found.items()}


def differences(rows: list[dict[str, float]], name: str) -> tuple[float, float, float, float]:
    """Return the gain beyond the first way as a share of what can be gained: mean and error, then of sums."""
    gained, attainable = (
        np.array([row[one] - row[other] for row in rows]) for one, other in (("before", name), ("mean", "true"))
    )
    return *mean_se(list(gained / attainable)), *ratio_se(gained, attainable)


def main() -> None:
    """Print the table of each scenario."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", nargs="+", choices=("linear", "non-linear"), default=["linear", "non-linear"])
    parser.add_argument("--patients", type=int, default=132)
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    for scenario in given.scenarios:
        draw, *parts = cells("own", scenario)
        rows = Parallel(n_jobs=given.jobs)(
            delayed(run)(each, scenario, given.patients, given.seed, draw, *parts) for each in range(given.replicates)
        )
        print(f"\n{scenario}, n = {given.patients}, {given.replicates} cohorts; share of the attainable gain")
        before = np.mean([(row["mean"] - row["before"]) / (row["mean"] - row["true"]) for row in rows])
        print(f"{'before':36s}{before:7.3f}")
        for name in [name for name in rows[0] if name not in ("before", "mean", "true")]:
            more, error, summed, its_error = differences(rows, name)
            print(f"{name:36s}{more:+7.3f} ({error:.3f})   of sums {summed:+7.3f} ({its_error:.3f})", flush=True)


if __name__ == "__main__":
    from known_truth import main as run_all  # by its name, as processes find it

    run_all()
