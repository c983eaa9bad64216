"""Predicted against realised: does a learning curve of a cohort say how well its model will do in new patients?

In each replicate a truth is drawn around the simulator's published values (simulated_truth.py), a cohort of it is
simulated, and `rm.learning_curve` says from its predictors and the study's priors what models of so many patients are
expected to reach. Realised: the models of that cohort (with the priors, and without), judged by the true risks of
20,000 new patients. The curve cannot know the truth of the replicate; what is asked of it is that its means are right,
and that its 10th to 90th percentile holds the realised AUC about 8 times in 10.

Two limits of attainable: the curve's is that of the study's predictors; the new patients' true risk depends on more
than any predictor says, so that the realised share is also given of what the predictors allow.

Run: .venv/bin/python benchmarks/learning_curve.py [--replicates 50] [--sizes 132 300] [--scenario linear] [--seed N]
"""

from __future__ import annotations

import argparse

import numpy as np

import relapse_model as rm
from relapse_model.development.candidates import build
from relapse_model.features.design import design
from relapse_model.features.development_data import development_data
from simulated_truth import (
    REPLICATE_SEED,
    SCENARIOS,
    Floats,
    NewPatients,
    Outcomes,
    best_of_predictors,
    draw_truth,
    new_patients,
    replicate_seeds,
    study_of,
)

MODELS = ("prior_logistic", "ridge_logistic")


def realised(cohort: rm.Cohort, study: rm.Study, new: NewPatients, risk: Floats, best: Floats) -> dict[str, Floats]:
    """Return AUC, calibration slope, share of the predictors' gain, and width of the 90 % interval, by model."""
    data = development_data(cohort, study, 0)
    relapse, weight = data.training_rows()
    used, matrix = weight > 0, new.matrix(study)
    mean = np.full(len(risk), np.average(relapse[used], weights=weight[used]))
    outcomes = Outcomes.expected(risk)
    found = {}
    for name in MODELS:
        model = build(name, design(study, 0.0), 0).fit(data.matrix[used], relapse[used], sample_weight=weight[used])
        own = np.clip(model.predict_proba(matrix)[:, 1], 1e-6, 1 - 1e-6)
        width = np.diff(model.predict_interval(matrix[:1000]), axis=1).mean()
        gain = [outcomes.log_loss(mean) - outcomes.log_loss(one) for one in (own, best)]
        slope = outcomes.slope(own)
        found[name] = np.array([outcomes.auc(own), np.nan if slope is None else slope, *gain, width])
    return found


def main() -> None:
    """Print predicted and realised figures at each size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--replicates", type=int, default=50)
    parser.add_argument("--sizes", type=int, nargs="+", default=[132, 300])
    parser.add_argument("--scenario", choices=SCENARIOS, default="linear")
    parser.add_argument("--seed", type=int, default=REPLICATE_SEED)
    given = parser.parse_args()
    study = study_of(given.scenario)
    new = new_patients(study)
    print(f"{given.scenario}, {given.replicates} cohorts; means over cohorts (standard deviation), slopes: medians")
    for size in given.sizes:
        told: dict[str, list[Floats]] = {name: [] for name in MODELS}
        seen: dict[str, list[Floats]] = {name: [] for name in MODELS}
        inside: list[bool] = []
        for replicate in range(given.replicates):
            rng, seed = replicate_seeds(given.seed, replicate)
            truth = draw_truth(given.scenario, rng)
            cohort, risk = truth.cohort(size, seed), truth.risk(new.baseline)
            point = rm.learning_curve(cohort, study, (size,), seed=replicate).points[0]
            best = best_of_predictors(new.matrix(study), risk)
            for name, one in realised(cohort, study, new, risk, best).items():
                seen[name].append(one)
                expected = point.with_priors if name == MODELS[0] else point.without
                figures = expected.auc[0], expected.calibration_slope[0], expected.share, 1.0, expected.interval_width
                told[name].append(np.array(figures))
                if name == MODELS[0]:
                    inside.append(expected.auc[1] <= one[0] <= expected.auc[2])
        for name in MODELS:
            print(f"n = {size}, {name}")
            for what, values in (("predicted", np.array(told[name])), ("realised", np.array(seen[name]))):
                share = values[:, 2].sum() / values[:, 3].sum()
                print(
                    f"  {what:10s} AUC {values[:, 0].mean():.3f} ({values[:, 0].std():.3f})   slope "
                    f"{np.nanmedian(values[:, 1]):.2f}   share of the gain {share:.2f}   width "
                    f"{values[:, 4].mean():.3f}"
                )
        print(f"  realised AUC within the 10th to 90th percentile: {np.mean(inside):.2f}")


if __name__ == "__main__":
    main()
