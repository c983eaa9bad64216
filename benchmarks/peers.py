"""What other packages reach on the same simulated cohorts: share of the attainable gain (real sets: `real_sets.py`).

Each peer gets the library's matrix X, outcomes and censoring weights (survival models: time and event), tuned as its
documentation proposes. Simulated truths are those of quality.py; shares are explained there. Packages that are not
installed are named and left out: scikit-learn is always there; ``pip install catboost numpyro scikit-survival`` brings
the others, which the library itself never needs.

Run: .venv/bin/python benchmarks/peers.py [--replicates 10] [--sizes 132 300 1000] [--scenarios linear non-linear]
[--peers "ridge CV" CatBoost] [--jobs 2] [--out peers.json]
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import relapse_model as rm
from quality import judge, print_table
from relapse_model.features.development_data import DevelopmentData, development_data
from simulated_truth import (
    REPLICATE_SEED,
    SCENARIOS,
    TEST_PATIENTS,
    Floats,
    NewPatients,
    Outcomes,
    draw_truth,
    new_patients,
    replicate_seeds,
    study_of,
    write_json,
)

Peer = Callable[[DevelopmentData, Floats, int], Floats]  # training patients, matrix of new ones, seed: their risks
OURS = "relapse_model"
FOLDS = 5
PENALTIES = np.logspace(-1, 3, 9)
DRAWS = {"num_warmup": 500, "num_samples": 500}


def _known(data: DevelopmentData) -> tuple[Floats, Floats, Floats]:
    known = ~np.isnan(data.relapse)
    return data.matrix[known], data.relapse[known], data.weights()[known]


def _folds(seed: int) -> StratifiedKFold:
    return StratifiedKFold(FOLDS, shuffle=True, random_state=seed)


def _scaled(X: Floats, new: Floats) -> tuple[Floats, Floats]:
    before = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()).fit(X)
    return before.transform(X), before.transform(new)


def ridge_cv(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    X, y, weight = _known(data)
    rows, others = _scaled(X, new)
    model = LogisticRegressionCV(
        Cs=20, l1_ratios=(0.0,), cv=_folds(seed), scoring="neg_log_loss", max_iter=5000, use_legacy_attributes=False
    )
    return np.asarray(model.fit(rows, y, sample_weight=weight).predict_proba(others)[:, 1])


def hist_gradient_boosting(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    X, y, weight = _known(data)
    model = HistGradientBoostingClassifier(random_state=seed)
    return np.asarray(model.fit(X, y, sample_weight=weight).predict_proba(new)[:, 1])


def gaussian_process(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    X, y, _ = _known(data)  # takes no weights: the lost count as they were known or not
    rows, others = _scaled(X, new)
    kernel = ConstantKernel() * RBF(np.sqrt(X.shape[1]))
    return np.asarray(GaussianProcessClassifier(kernel, random_state=seed).fit(rows, y).predict_proba(others)[:, 1])


def catboost(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    from catboost import CatBoostClassifier

    X, y, weight = _known(data)
    model = CatBoostClassifier(random_seed=seed, thread_count=1, verbose=False, allow_writing_files=False)
    return np.asarray(model.fit(X, y, sample_weight=weight).predict_proba(new)[:, 1])


def horseshoe(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    """Regularised horseshoe (Piironen and Vehtari 2017), three effects expected."""
    import numpyro
    import numpyro.distributions as dist

    def coefficients(columns: int, patients: int) -> Any:
        scale = 3.0 / max(columns - 3.0, 1.0) * 2.0 / np.sqrt(patients)
        tau = numpyro.sample("tau", dist.HalfCauchy(scale))
        local = numpyro.sample("local", dist.HalfCauchy(np.ones(columns)))
        slab = numpyro.sample("slab", dist.InverseGamma(2.0, 8.0))
        shrunk = (slab * local**2 / (slab + tau**2 * local**2)) ** 0.5
        return numpyro.sample("z", dist.Normal(np.zeros(columns), 1.0)) * tau * shrunk

    return _sampled(data, new, seed, coefficients)


def r2d2(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    """A prior on R2, shared out among the predictors (Zhang 2022): mean 0.3, concentration 0.5."""
    import numpyro
    import numpyro.distributions as dist

    def coefficients(columns: int, patients: int) -> Any:
        explained = numpyro.sample("r2", dist.Beta(3.0, 7.0))
        shares = numpyro.sample("shares", dist.Dirichlet(np.full(columns, 0.5)))
        spread = (shares * explained / (1.0 - explained) * np.pi**2 / 3.0) ** 0.5  # variance of a logistic: pi^2 / 3
        return numpyro.sample("z", dist.Normal(np.zeros(columns), 1.0)) * spread

    return _sampled(data, new, seed, coefficients)


def _sampled(data: DevelopmentData, new: Floats, seed: int, coefficients: Callable[[int, int], Any]) -> Floats:
    import jax
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    X, y, weight = _known(data)
    rows, others = _scaled(X, new)

    def model() -> None:
        slope = numpyro.deterministic("slope", coefficients(rows.shape[1], len(rows)))
        logits = numpyro.sample("intercept", dist.Normal(-1.7, 1.5)) + rows @ slope
        with numpyro.handlers.scale(scale=weight):
            numpyro.sample("y", dist.Bernoulli(logits=logits), obs=y)

    run = MCMC(NUTS(model, target_accept_prob=0.95), **DRAWS, progress_bar=False)
    run.run(jax.random.PRNGKey(seed % 2**31))
    drawn = {name: np.asarray(value) for name, value in run.get_samples().items()}
    return np.mean([1 / (1 + np.exp(-(a + others @ b)))
                    for a, b in zip(drawn["intercept"], drawn["slope"], strict=True)], axis=0)  # fmt: skip


def ridge_cox(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    return _survival(data, new, seed, CoxPHSurvivalAnalysis(), {"alpha": PENALTIES})


def survival_boosting(data: DevelopmentData, new: Floats, seed: int) -> Floats:
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis

    model = GradientBoostingSurvivalAnalysis(learning_rate=0.05, max_depth=2, subsample=0.5, random_state=seed)
    return _survival(data, new, seed, model, {"n_estimators": (10, 25, 50, 100)})


def _survival(data: DevelopmentData, new: Floats, seed: int, model: Any, grid: dict[str, Any]) -> Floats:
    """Tune by Harrell's C on folds, and return the risks at the horizon."""
    rows, others = _scaled(data.matrix, new)
    event = data.horizon_event == 1
    y = np.array(
        list(zip(event, np.maximum(data.horizon_time, 1e-3), strict=True)), dtype=[("event", "?"), ("t", "f8")]
    )
    search = GridSearchCV(model, grid, cv=list(_folds(seed).split(rows, event))).fit(rows, y)
    return np.array([1.0 - curve(min(data.horizon - data.landmark, curve.domain[1]))
                     for curve in search.best_estimator_.predict_survival_function(others)])  # fmt: skip


PEERS: dict[str, tuple[Peer, str]] = {  # and the package that it needs
    "ridge CV": (ridge_cv, "sklearn"),
    "HistGradientBoosting": (hist_gradient_boosting, "sklearn"),
    "Gaussian process": (gaussian_process, "sklearn"),
    "CatBoost": (catboost, "catboost"),
    "horseshoe": (horseshoe, "numpyro"),
    "R2D2": (r2d2, "numpyro"),
    "ridge Cox": (ridge_cox, "sksurv"),
    "survival boosting": (survival_boosting, "sksurv"),
}


def installed(names: list[str]) -> list[str]:
    """Return the peers whose packages are installed, and name the packages that are not."""
    there = [name for name in names if importlib.util.find_spec(PEERS[name][1])]
    if absent := sorted({PEERS[name][1] for name in names if name not in there}):
        print(f"Not installed, left out: {', '.join(absent)}")
    return there


def run(cell: tuple[str, int, int, int], names: list[str], new: NewPatients) -> list[dict[str, Any]]:
    """Draw a truth, simulate a cohort, train the library's default and each peer, judge the risks of new patients."""
    scenario, patients, replicate, first_seed = cell
    rng, seed = replicate_seeds(first_seed, replicate)
    truth = draw_truth(scenario, rng)
    study = study_of(scenario)
    cohort = truth.cohort(patients, seed)
    data = development_data(cohort, study)
    risk = truth.risk(new.baseline)
    outcomes = Outcomes.expected(risk)
    _, y, weight = _known(data)
    row = {
        "scenario": scenario, "patients": patients, "replicate": replicate, "events": data.events,
        "loss_mean": outcomes.log_loss(np.full(len(risk), np.average(y, weights=weight))),
        "loss_true": outcomes.log_loss(risk),
    }  # fmt: skip
    rows = []
    for name in (OURS, *names):
        begin = time.perf_counter()
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence, which is how these packages are used
            if name == OURS:
                model = rm.train(cohort, study, seed=seed, more_predictors_than_events=True)
                found = model.predict_risk(new.features)
            else:
                found = PEERS[name][0](data, new.matrix(study), seed)
        seconds = time.perf_counter() - begin
        rows.append(row | judge(outcomes, np.clip(found, 1e-6, 1 - 1e-6)) | {"method": name, "seconds": seconds})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--sizes", type=int, nargs="+", default=[132, 300, 1000])
    parser.add_argument("--scenarios", nargs="+", default=["linear", "non-linear"], choices=SCENARIOS)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--seed", type=int, default=REPLICATE_SEED)
    parser.add_argument("--new-patients", type=int, default=TEST_PATIENTS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON with every row")
    asked = parser.parse_args()
    there = installed(asked.peers)
    cells = [
        (scenario, patients, replicate, asked.seed)
        for scenario in asked.scenarios
        for patients in asked.sizes
        for replicate in range(asked.replicates)
    ]
    new = new_patients(study_of("linear"), asked.new_patients)
    found = Parallel(n_jobs=asked.jobs)(delayed(run)(cell, there, new) for cell in cells)
    rows = [row for part in found for row in part]
    print_table(rows)
    write_json(asked.out, {**vars(asked), "out": None, "peers": there}, rows)


if __name__ == "__main__":
    main()
