"""What is written by hand, beside the library that would do it: time on one thread, and how far the numbers are apart.

    OMP_NUM_THREADS=1 python benchmarks/by_hand.py [--shap-rows 100000] [--rows 10000000]

The table "written by hand, and why" of docs/architecture.md is from here: the best of several runs. About two minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import shap
import xgboost
from sklearn.linear_model import LogisticRegression

from relapse_model.classifiers import BoostedTreesClassifier
from relapse_model.classifiers.shared.newton import penalised_logistic
from relapse_model.cohort import rows_by_patient

RANDOM = np.random.default_rng(0)


def best(run: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of several times, in seconds."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found)


def tree_shap(rows: int) -> None:
    """Contributions of boosted trees: from tables, by XGBoost, by shap."""
    X = RANDOM.normal(size=(1000, 12))
    y = RANDOM.random(1000) < 1 / (1 + np.exp(2 - 2 * X[:, 0] - X[:, 1]))
    X[RANDOM.random(X.shape) < 0.1] = np.nan
    model = BoostedTreesClassifier(depths=(2,)).fit(X, y)
    new = RANDOM.normal(size=(rows, 12))
    matrix = xgboost.DMatrix(new, nthread=1)
    model.booster_.set_param({"nthread": 1})
    explainer = shap.TreeExplainer(model.booster_, feature_perturbation="tree_path_dependent")
    ours = best(lambda: model.contributions(new))
    theirs = best(lambda: model.booster_.predict(matrix, pred_contribs=True))
    slowest = best(lambda: explainer.shap_values(new), 2)
    apart = np.abs(model.contributions(new) - model.booster_.predict(matrix, pred_contribs=True)).max()
    print(
        f"SHAP of {model.rounds_} trees of depth {model.depth_}, {rows:,} rows: {ours:.3f} s; XGBoost {theirs:.2f} s "
        f"({theirs / ours:.0f} times), shap {slowest:.2f} s ({slowest / ours:.0f} times); apart {apart:.1e}"
    )


def compiled_loops(rows: int) -> None:
    """Results in the order of patient and week: compiled, and by numpy."""
    patients = rows // 50
    group = RANDOM.integers(0, patients, rows).astype(np.int32)
    week = RANDOM.uniform(0, 48, rows).round(2)
    rows_by_patient.ordered(group, week, patients)  # compiled now
    ours = best(lambda: rows_by_patient.ordered(group, week, patients))
    load, rows_by_patient._loaded = rows_by_patient._loaded, lambda: None
    arrays = best(lambda: rows_by_patient.ordered(group, week, patients), 2)
    rows_by_patient._loaded = load
    print(f"order of {rows:,} rows: {ours:.2f} s; numpy {arrays:.1f} s ({arrays / ours:.0f} times)")


def newton_batches(patients: int = 132, columns: int = 8) -> None:
    """5 folds and 20 penalties of a logistic regression: in one batch, and one by one."""
    X = RANDOM.normal(size=(patients, columns))
    y = (RANDOM.random(patients) < 1 / (1 + np.exp(1.8 - X[:, 0]))).astype(float)
    fold, penalties = np.arange(patients) % 5, np.geomspace(0.1, 1000, 20)
    tasks = [(held, penalty) for held in range(5) for penalty in penalties]
    weight = np.array([(fold != held).astype(float) for held, _ in tasks])
    precision = np.array([[penalty] * columns for _, penalty in tasks])

    def batch() -> np.ndarray:
        return penalised_logistic(X, y, weight, np.zeros_like(precision), precision).coef

    def one_by_one() -> np.ndarray:
        exact = {"solver": "newton-cholesky", "tol": 1e-8}
        return np.array(
            [
                LogisticRegression(C=1 / one, **exact).fit(X[fold != held], y[fold != held]).coef_[0]
                for held, one in tasks
            ]
        )

    ours, theirs = best(batch, 10), best(one_by_one)
    apart = np.abs(batch() - one_by_one()).max()
    print(
        f"{len(tasks)} logistic regressions of {patients} patients: {ours:.4f} s; scikit-learn {theirs:.2f} s "
        f"({theirs / ours:.0f} times); apart {apart:.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shap-rows", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of results, put in order")
    asked = parser.parse_args()
    if asked.rows < rows_by_patient.ROWS_TO_ORDER:
        parser.error(f"--rows: below {rows_by_patient.ROWS_TO_ORDER:,} the library itself uses numpy")
    tree_shap(asked.shap_rows)
    compiled_loops(asked.rows)
    newton_batches()


if __name__ == "__main__":
    main()
