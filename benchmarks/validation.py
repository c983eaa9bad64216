"""How fast validation is: the bootstrap interval of the AUC beside a loop, and a whole `validate`, with where it goes.

The interval: `auc_bootstrap` beside a loop of scikit-learn's `roc_auc_score` over the same stratified resamples, drawn
beforehand for the loop; timed in turn, and the same limits are demanded to 1e-12. The procedure: one run of it on all
patients, its boosted trees tuned by the compiled loop and by xgboost tree by tree, in turn; the same choice and the
same losses are demanded. The whole: 20 x 5 nested
cross-validation, 200 bootstraps and each centre left out, on examples/cohort, with two processes; then one run of the
procedure on all patients in this process, for what each candidate's fits cost, and the refits that `validate` makes.

Run: .venv/bin/python benchmarks/validation.py [--patients 132] [--resamples 2000] [--repeats 5] [--jobs 2]
[--parts interval procedure whole] [--outer-repeats 20] [--bootstraps 200] [--out validation.json]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

import relapse_model as rm
from relapse_model.classifiers.known import CANDIDATES
from relapse_model.classifiers.trees import boosting
from relapse_model.development.choice import fit_known
from relapse_model.development.procedure import FOLDS, REPEATS, Procedure, develop
from relapse_model.features.design import design
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.validation import resampling
from simulated_truth import write_json

Floats = NDArray[np.float64]
COHORT = Path(__file__).parents[1] / "examples" / "cohort"
OUTER_FOLDS, OUTER_REPEATS, BOOTSTRAPS = 5, 20, 200
SHOWN = 12  # functions of the profile


def patients(n: int) -> tuple[Floats, Floats]:
    """Return outcomes (about 19 % relapse) and risks, of which a tenth are tied."""
    rng = np.random.default_rng(n)
    score = rng.normal(-1.6, 1.0, n)
    return (rng.random(n) < 1 / (1 + np.exp(-score))).astype(float), np.round(1 / (1 + np.exp(-score)), 3)


def resampled_rows(relapse: Floats, risk: Floats, resamples: int, seed: int) -> NDArray[np.intp]:
    """Return the rows of each resample that `auc_bootstrap` draws, with relapse and without apart."""
    rng = np.random.default_rng(seed)
    events, free = np.flatnonzero(relapse == 1), np.flatnonzero(relapse == 0)
    kinds = events, free[np.argsort(risk[free], kind="stable")]
    block = max(1, resampling._CELLS_AT_ONCE // relapse.size)
    rows = []
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        rows.append(np.hstack([kind[rng.integers(0, kind.size, (count, kind.size))] for kind in kinds]))
    return np.concatenate(rows)


def loop(relapse: Floats, risk: Floats, rows: NDArray[np.intp]) -> Floats:
    return np.quantile([roc_auc_score(relapse[one], risk[one]) for one in rows], [0.025, 0.975])


def interval(n: int, resamples: int, repeats: int) -> dict[str, Any]:
    """Time both in turn; the first round does not count.

    Raises
    ------
    ValueError
        If a limit of the interval is not the loop's to 1e-12.
    """
    relapse, risk = patients(n)
    rows = resampled_rows(relapse, risk, resamples, seed=0)
    spent: dict[str, list[float]] = {"ours": [], "loop": []}
    for turn in range(repeats + 1):
        begin = time.perf_counter()
        estimate = resampling.auc_bootstrap(relapse, risk, resamples=resamples, seed=0)
        between = time.perf_counter()
        theirs = loop(relapse, risk, rows)
        end = time.perf_counter()
        if turn:
            spent["ours"].append(between - begin)
            spent["loop"].append(end - between)
    difference = float(np.abs(theirs - (estimate.lower, estimate.upper)).max())
    if not difference < 1e-12:
        raise ValueError(f"the limits of the interval differ by {difference:g}")
    seconds = {name: median(values) for name, values in spent.items()}
    ratio = median(b / a for a, b in zip(spent["ours"], spent["loop"], strict=True))
    print(f"AUC interval, n = {n}, {int(relapse.sum())} events, {resamples} resamples: {seconds['ours'] * 1e3:.1f} ms;")
    print(f"    loop of roc_auc_score {seconds['loop']:.2f} s = {ratio:.0f} x; same limits to {difference:.0e}")
    return {"patients": n, "seconds": seconds, "ratio": ratio, "difference": difference}


def procedure(repeats: int) -> dict[str, Any]:
    """Time one run of the procedure with either way of tuning boosted trees; the first round does not count.

    Raises
    ------
    ValueError
        If the two do not choose the same, from the same losses.
    """
    study = rm.load_study("hbsag-relapse")
    data, way = development_data(rm.read_cohort(COHORT, study=study), study), boosting._few_values
    spent: dict[str, list[float]] = {"compiled": [], "xgboost": []}
    for turn in range(repeats + 1):
        found = []
        for name, seconds in spent.items():
            boosting._few_values = way if name == "compiled" else lambda *given: False
            begin = time.process_time()
            found.append(develop(data, Procedure(design(study), CANDIDATES), turn).choice)
            seconds += [time.process_time() - begin] if turn else []
        boosting._few_values = way
        if found[0] != found[1]:
            raise ValueError(f"the choices differ: {found}")
    ratio = median(b / a for a, b in zip(spent["compiled"], spent["xgboost"], strict=True))
    seconds = {name: median(values) for name, values in spent.items()}
    print(f"one run of the procedure: {ratio:.1f} x faster with compiled tuning ({seconds['compiled']:.2f} s of CPU,")
    print(f"    {seconds['xgboost']:.2f} s by xgboost tree by tree); the same choice and losses in {repeats + 1} runs")
    return {"seconds": seconds, "ratio": ratio}


def whole(jobs: int, outer_repeats: int, bootstraps: int) -> dict[str, Any]:
    """Time all of `validate`, then what it is made of."""
    study = rm.load_study("hbsag-relapse")
    cohort = rm.read_cohort(COHORT, study=study)
    begin = time.perf_counter()
    found = rm.validate(
        cohort, study, outer_folds=OUTER_FOLDS, outer_repeats=outer_repeats, bootstraps=bootstraps, jobs=jobs
    )
    seconds = time.perf_counter() - begin
    refits = OUTER_FOLDS * outer_repeats + bootstraps + len(found.left_out)
    print(f"validate, {len(cohort)} patients, {outer_repeats} x {OUTER_FOLDS}, {bootstraps} bootstraps, ", end="")
    print(f"{len(found.left_out)} centres, {jobs} processes: {seconds:.1f} s; {refits} refits of the procedure")
    print(f"    AUC {found.performance.measures['auc']}; chosen {found.chosen}")
    parts = where_it_goes(development_data(cohort, study), study)
    parts["seconds not in refits"] = rest(cohort, study, outer_repeats)
    return {"patients": len(cohort), "jobs": jobs, "seconds": seconds, "refits": refits, "parts": parts}


def where_it_goes(data: DevelopmentData, study: rm.Study) -> dict[str, Any]:
    """Time one fit of each candidate, and profile one run of the whole procedure."""
    columns = design(study)
    procedure = Procedure(columns, CANDIDATES)
    each = {}
    with threadpool_limits(1):
        for name in CANDIDATES:
            each[name] = min(seconds_of_fit(name, data, columns) for _ in range(3))
        begin = time.perf_counter()
        develop(data, procedure, 0)
        once = time.perf_counter() - begin
    print(
        f"one run of the procedure, one process: {once:.2f} s; {FOLDS} x {REPEATS} fits of each candidate and one more"
    )
    for name, spent in each.items():
        print(f"    one fit of {name:18s} {spent * 1e3:7.1f} ms")
    profile = cProfile.Profile()
    profile.runcall(develop, data, procedure, 0)
    rows = by_time(pstats.Stats(profile))
    for row in rows[:SHOWN]:
        print(f"    {row['share']:6.1%} in {row['function']}, {row['calls']} calls")
    return {"seconds of one run": once, "seconds of one fit": each, "profile": rows[:SHOWN]}


def seconds_of_fit(name: str, data: DevelopmentData, columns: Any) -> float:
    begin = time.perf_counter()
    fit_known(name, data, columns, 0)
    return time.perf_counter() - begin


def by_time(stats: pstats.Stats) -> list[dict[str, Any]]:
    """Return the functions of a profile by their own time."""
    entries: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = stats.stats  # type: ignore[attr-defined]
    total = sum(entry[2] for entry in entries.values())
    rows = [
        {"function": f"{Path(file).name}:{name}", "calls": entry[1], "share": entry[2] / total}
        for (file, _, name), entry in entries.items()
    ]
    return sorted(rows, key=lambda row: -row["share"])


def rest(cohort: rm.Cohort, study: rm.Study, outer_repeats: int) -> float:
    """Time what `validate` does besides refits: its measures of all repeats, with the cheapest of candidates."""
    begin = time.perf_counter()
    rm.validate(cohort, study, candidates=("ridge_logistic",), outer_repeats=outer_repeats, bootstraps=0)
    fits = OUTER_FOLDS * outer_repeats + 4  # of the folds, the centres, and the model
    data, columns = development_data(cohort, study), design(study)
    with threadpool_limits(1):
        one = min(seconds_of_fit("ridge_logistic", data, columns) for _ in range(3))
    spent = max(0.0, time.perf_counter() - begin - (fits + 3) * one)
    print(f"features, outcome, checks and measures, without refits: about {spent:.1f} s")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[132])
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parts = ["interval", "procedure", "whole"]
    parser.add_argument("--parts", nargs="+", default=parts, choices=parts)
    parser.add_argument("--outer-repeats", type=int, default=OUTER_REPEATS)
    parser.add_argument("--bootstraps", type=int, default=BOOTSTRAPS)
    parser.add_argument("--out", type=Path, help="JSON with every figure")
    asked = parser.parse_args()
    rows = []
    if "interval" in asked.parts:
        rows += [interval(n, asked.resamples, asked.repeats) for n in asked.patients]
    rows += [procedure(asked.repeats)] if "procedure" in asked.parts else []
    rows += [whole(asked.jobs, asked.outer_repeats, asked.bootstraps)] if "whole" in asked.parts else []
    write_json(asked.out, {**vars(asked), "out": None}, rows)


if __name__ == "__main__":
    main()
