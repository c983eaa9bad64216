"""What an earlier model as the prior brings, and costs where the earlier patients were others.

A model of 300 earlier patients is the prior of a new one, by its effects alone and with its mean risk too, beside the
built-in study alone. The earlier patients are of the same population, or of one that is unlike it: twice and half the
hazard, every effect turned round, or nothing that predicts. Both simulators of `stated_knowledge.py`; in the library's
own, earlier and new patients share the truth of their replicate. Figures as there: the share of the attainable gain of
the built-in study, and differences paired by cohort, with standard errors; where nothing predicts, log loss x 1,000.

Run: .venv/bin/python benchmarks/earlier_model.py [--earlier 300] [--patients 132 300 1000] [--pairs "own, linear" ...]
[--replicates 30] [--seed N] [--jobs 2]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

import relapse_model as rm
from mechanistic_truth import simulate
from relapse_model.development.earlier_model import with_previous
from relapse_model.features.design import Design
from relapse_model.features.development_data import DevelopmentData
from relapse_model.study.study import Study
from second_simulator import CELLS
from simulated_truth import Outcomes, draw_truth, replicate_seeds
from stated_knowledge import cells, fitted, print_cell, risks

SEED = 20_261_217
ALONE, EFFECTS, WHOLE = "built-in", "effects of earlier", "and its mean risk"
# The cell of the new patients, and that of the earlier ones.
PAIRS = {
    "own, linear": ("own", "linear", "linear"),
    "own, non-linear": ("own", "non-linear", "non-linear"),
    "own, effects turned round": ("own", "linear", "turned round"),
    "own, null": ("own", "null", "null"),
    "mechanism": ("second", "mechanistic", "mechanistic"),
    "mechanism, after twice the hazard": ("second", "mechanistic", "double the hazard"),
    "mechanism, after half the hazard": ("second", "mechanistic", "half the hazard"),
    "mechanism, effects turned round": ("second", "mechanistic", "signs turned round"),
    "mechanism, after nothing that predicts": ("second", "mechanistic", "null"),
    "second, null": ("second", "null", "null"),
}


def earlier_cohort(replicate: int, simulator: str, cell: str, patients: int, seed: int, scenario: str) -> rm.Cohort:
    """Draw the earlier patients of a replicate."""
    own = int(np.random.SeedSequence([seed, replicate, 1]).generate_state(1)[0])
    if simulator == "second":
        return simulate(patients, own, CELLS[cell], draws=1).cohort
    truth = draw_truth(scenario, replicate_seeds(seed, replicate)[0])
    if cell == "turned round":
        turned = {name: -value for name, value in truth.coefficients.items()}
        truth = replace(truth, coefficients=turned, hbig_hazard_ratio=1.0 / truth.hbig_hazard_ratio)
    return truth.cohort(patients, own)


def extended(columns: Design, data: DevelopmentData, study: Study, earlier: Any, mean: bool) -> Design:
    """Return the design with what the earlier model says of the effects, and of the mean risk."""
    return with_previous(columns, study, earlier, data if mean else None)


def run(
    replicate: int, pair: tuple[str, str, str], sizes: tuple[int, int], seed: int,
    draw: Any, study: Study, cohort: rm.Cohort, features: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    """Fit the new cohort with and without the earlier model, and judge the risks of the new patients."""
    simulator, scenario, cell = pair
    trained, outcomes, truth = draw(replicate, scenario=scenario, patients=sizes[0], seed=seed)
    before = earlier_cohort(replicate, simulator, cell, sizes[1], seed, scenario)
    events = int((rm.derive_outcome(trained, study)["state"] == "relapse").sum())
    losses = {"mean": Outcomes.expected(truth).log_loss(np.full(len(truth), truth.mean()))}
    losses["true"] = Outcomes.expected(truth).log_loss(truth)
    rows = []
    with threadpool_limits(1):
        earlier = rm.train(before, study, candidates=("prior_logistic",), more_predictors_than_events=True)
        for name in (ALONE, EFFECTS, WHOLE):
            given = {"study": study, "earlier": earlier, "mean": name == WHOLE}
            model = fitted(trained, study, {}, None if name == ALONE else partial(extended, **given))
            risk, lower, upper = risks(model, study, cohort, features)
            held = float(np.mean((lower <= truth) & (truth <= upper)))
            rows.append(
                losses
                | {"study": name, "events": events, "loss": outcomes.log_loss(risk), "held": held}
                | {"slope": outcomes.slope(risk)}
            )
    return rows


def main() -> None:
    """Print a table for each pair of populations and each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", type=int, default=300, help="patients of the earlier cohort")
    parser.add_argument("--patients", nargs="+", type=int, default=[132, 300, 1000])
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=list(PAIRS))
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    for name in given.pairs:
        pair = PAIRS[name]
        draw, study, cohort, features = cells(*pair[:2])
        for patients in given.patients:
            sizes = (patients, given.earlier)
            tasks = (
                delayed(run)(one, pair, sizes, given.seed, draw, study, cohort, features)
                for one in range(given.replicates)
            )
            print_cell(f"{name}, n = {patients}", Parallel(n_jobs=given.jobs)(tasks), pair[1] == "null")


if __name__ == "__main__":
    from earlier_model import main as run_all  # by its name, as processes find it

    run_all()
