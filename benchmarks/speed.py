"""How fast whole nested cross-validations are, beside scikit-learn's GridSearchCV on the same folds.

Logistic family: 5 x 5 outer folds, 5 inner folds, 20 penalties, the inner folds of each in batched Newton steps,
beside `GridSearchCV` over a `Pipeline` (median, scaling, `LogisticRegression`) with two processes, once for each
outer fold. scikit-learn's solver is the one that is both its fastest here and exact enough to compare with
(newton-cholesky, tolerance 1e-8); its default (lbfgs) is shown too. Boosted trees: `BoostedTreesClassifier` in two
processes beside `GridSearchCV` over `XGBClassifier`, depths x penalties x rounds. In every run both are timed in turn;
the same choices and risks are demanded. Last, how the time of one fit grows with n.

Made-up normal columns with 5 % gaps, a logistic risk of about 17 %: only times are of interest.

Run: .venv/bin/python benchmarks/speed.py [--patients 132 1000] [--repeats 3] [--outer-repeats 5]
[--growth 132 1000 10000 100000] [--parts ridge trees growth] [--out speed.json]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier

from relapse_model.classifiers import BoostedTreesClassifier, PriorLogisticClassifier, RidgeLogisticClassifier
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.classifiers.trees.boosting import round_counts
from simulated_truth import write_json

Floats = NDArray[np.float64]
Splits = list[NDArray[np.intp]]
COLUMNS, OUTER, INNER = 12, 5, 5
PENALTIES = np.logspace(-2, 4, 20)
DEPTHS, L2, ROUNDS = (1, 2), (1.0, 10.0), 150


def patients(n: int, gaps: float = 0.05) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, COLUMNS))
    event = (rng.random(n) < 1 / (1 + np.exp(1.9 - 0.8 * X[:, 0] + 0.5 * X[:, 1] - 0.3 * X[:, 2]))).astype(float)
    X[rng.random(X.shape) < gaps] = np.nan
    return X, event


def outer_tests(event: Floats, repeats: int) -> Splits:
    folds = [tuning_folds(event, OUTER, seed) for seed in range(repeats)]
    return [np.flatnonzero(fold == held) for fold in folds for held in range(OUTER)]


def inner_splits(event: Floats, seed: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    fold = tuning_folds(event, INNER, seed)
    return [(np.flatnonzero(fold != held), np.flatnonzero(fold == held)) for held in range(INNER)]


def total_log_loss(estimator: Any, X: Floats, event: Floats) -> float:
    """Return the sum, not the mean, so that a fold of one row more counts for that row more, as it does in ours."""
    return -len(event) * log_loss(event, estimator.predict_proba(X)[:, 1], labels=[0, 1])


class FromTheMean(XGBClassifier):
    """Trees that start from the mean risk of their rows, as ours do; XGBoost's own start is near it."""

    def fit(self, X: Floats, y: Floats) -> FromTheMean:
        self.set_params(base_score=float(y.mean()))
        return super().fit(X, y)


def sklearn_ridge(X: Floats, event: Floats, tests: Splits, **solver: Any) -> tuple[list[float], Floats]:
    chosen, risks = [], []
    for number, test in enumerate(tests):
        train = np.setdiff1d(np.arange(len(event)), test)
        steps = Pipeline([
            ("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler()),
            ("logistic", LogisticRegression(max_iter=10_000, **solver)),
        ])  # fmt: skip
        grid = {"logistic__C": list(1 / PENALTIES)}
        search = GridSearchCV(
            steps, grid, scoring=total_log_loss, n_jobs=2, cv=inner_splits(event[train], number)
        )  # fmt: skip
        search.fit(X[train], event[train])
        chosen.append(1 / search.best_params_["logistic__C"])
        risks.append(search.predict_proba(X[test])[:, 1])
    return chosen, np.concatenate(risks)


def our_ridge(X: Floats, event: Floats, tests: Splits) -> tuple[list[float], Floats]:
    chosen, risks = [], []
    for number, test in enumerate(tests):
        train = np.setdiff1d(np.arange(len(event)), test)
        model = RidgeLogisticClassifier(tuple(PENALTIES), INNER, number).fit(X[train], event[train])
        chosen.append(float(model.penalty_))
        risks.append(model.predict_proba(X[test])[:, 1])
    return chosen, np.concatenate(risks)


def sklearn_trees(X: Floats, event: Floats, tests: Splits) -> tuple[list[tuple[int, float, int]], Floats]:
    chosen, risks = [], []
    counts = [int(count) for count in round_counts(ROUNDS)[1:]]
    for number, test in enumerate(tests):
        train = np.setdiff1d(np.arange(len(event)), test)
        one = FromTheMean(learning_rate=0.1, tree_method="hist", n_jobs=1, random_state=0)
        grid = {"max_depth": list(DEPTHS), "reg_lambda": list(L2), "n_estimators": counts}
        search = GridSearchCV(one, grid, scoring=total_log_loss, n_jobs=2, cv=inner_splits(event[train], number))
        search.fit(X[train], event[train])
        best = search.best_params_
        chosen.append((best["max_depth"], best["reg_lambda"], best["n_estimators"]))
        risks.append(search.predict_proba(X[test])[:, 1])
    return chosen, np.concatenate(risks)


def our_trees(X: Floats, event: Floats, tests: Splits) -> tuple[list[tuple[int, float, int]], Floats]:
    def one(test: NDArray[np.intp], number: int) -> tuple[tuple[int, float, int], Floats]:
        train = np.setdiff1d(np.arange(len(event)), test)
        model = BoostedTreesClassifier(depths=DEPTHS, l2=L2, max_rounds=ROUNDS, folds=INNER, seed=number)
        model.fit(X[train], event[train])
        return (model.depth_, model.l2_, model.rounds_), model.predict_proba(X[test])[:, 1]

    found = Parallel(n_jobs=2)(delayed(one)(test, number) for number, test in enumerate(tests))
    return [choice for choice, _ in found], np.concatenate([risk for _, risk in found])


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = function()
    return time.perf_counter() - begin, result


def in_turn(rivals: dict[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Time every rival in every round; the first round, with its imports and workers, does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    results = {}
    for turn in range(repeats + 1):
        for name, rival in rivals.items():
            spent, results[name] = timed(rival)
            if turn:
                seconds[name].append(spent)
    return {name: median(spent) for name, spent in seconds.items()}, results


def ridge(n: int, repeats: int, outer_repeats: int) -> dict[str, Any]:
    X, event = patients(n)
    tests = outer_tests(event, outer_repeats)
    exact = {"solver": "newton-cholesky", "tol": 1e-8}
    rivals: dict[str, Callable[[], Any]] = {
        "ours": lambda: our_ridge(X, event, tests),
        "GridSearchCV": lambda: sklearn_ridge(X, event, tests, **exact),
        "GridSearchCV, lbfgs": lambda: sklearn_ridge(X, event, tests),
    }
    with threadpool_limits(2):
        seconds, results = in_turn(rivals, repeats)
    (ours, our_risk), (theirs, their_risk) = results["ours"], results["GridSearchCV"]
    same = int(np.sum(np.isclose(ours, theirs)))
    return report("ridge", n, seconds, f"{same} of {len(tests)} choices equal", our_risk, their_risk)


def trees(n: int, repeats: int, outer_repeats: int) -> dict[str, Any]:
    X, event = patients(n)
    tests = outer_tests(event, outer_repeats)
    rivals: dict[str, Callable[[], Any]] = {
        "ours": lambda: our_trees(X, event, tests),
        "GridSearchCV": lambda: sklearn_trees(X, event, tests),
    }
    seconds, results = in_turn(rivals, repeats)
    (ours, our_risk), (theirs, their_risk) = results["ours"], results["GridSearchCV"]
    none = [choice[2] == 0 for choice in ours]  # XGBClassifier cannot fit no tree; there the mean risk won
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    rows = np.repeat(~np.array(none), [len(test) for test in tests])
    text = f"{same} of {len(tests)} choices equal, in {sum(none)} ours was no tree, which GridSearchCV cannot try"
    return report("boosted trees", n, seconds, text, our_risk[rows], their_risk[rows])


def report(
    family: str, n: int, seconds: dict[str, float], same: str, ours: Floats, theirs: Floats
) -> dict[str, Any]:  # fmt: skip
    difference = float(np.abs(ours - theirs).max())
    ratios = {name: spent / seconds["ours"] for name, spent in seconds.items() if name != "ours"}
    others = ", ".join(
        f"{name} {spent:.2f} s = {ratios[name]:.0f} x" for name, spent in seconds.items() if name in ratios
    )
    print(f"{family}, n = {n}: ours {seconds['ours']:.3f} s; {others}")
    print(f"    {same}; largest difference of a risk {difference:.1e}")
    return {
        "family": family,
        "patients": n,
        "seconds": seconds,
        "ratios": ratios,
        "same": same,
        "difference": difference,
    }


def growth(sizes: list[int]) -> list[dict[str, Any]]:
    """Time one fit of each classifier, with everything that it chooses, as n grows."""
    rows = []
    prior = {"prior_mean": [0.8, -0.5, *[0.0] * (COLUMNS - 2)], "prior_sd": [0.4, 0.4, *[np.nan] * (COLUMNS - 2)]}
    print(f"{'one fit, seconds':20s}" + "".join(f"{f'n = {n}':>14s}" for n in sizes))
    for name, make in {
        "prior_logistic": lambda: PriorLogisticClassifier(**prior),
        "ridge_logistic": lambda: RidgeLogisticClassifier(penalties=PENALTIES),
        "boosted_trees": BoostedTreesClassifier,
    }.items():
        spent = []
        for n in sizes:
            X, event = patients(n)
            with threadpool_limits(1):
                spent.append(min(timed(partial(make().fit, X, event))[0] for _ in range(2)))
        print(f"{name:20s}" + "".join(f"{one:14.3f}" for one in spent))
        rows.append({"classifier": name, "seconds": dict(zip(map(str, sizes), spent, strict=True))})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[132, 1000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--outer-repeats", type=int, default=5, help="of the 5 outer folds")
    parser.add_argument("--growth", type=int, nargs="+", default=[132, 1000, 10_000, 100_000])
    parser.add_argument(
        "--parts", nargs="+", default=["ridge", "trees", "growth"], choices=["ridge", "trees", "growth"]
    )
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    asked = parser.parse_args()
    rows = []
    for n in asked.patients:
        rows += [ridge(n, asked.repeats, asked.outer_repeats)] if "ridge" in asked.parts else []
        rows += (
            [trees(n, asked.repeats, asked.outer_repeats)] if "trees" in asked.parts and n == asked.patients[0] else []
        )
    rows += growth(asked.growth) if "growth" in asked.parts else []
    write_json(asked.out, {**vars(asked), "out": None}, rows)


if __name__ == "__main__":
    main()
