"""From raw tables to scores by the command line, as the number of patients grows: time and memory of each step.

2,000 simulated patients are repeated under new identifiers. `relapse-model score` runs in a process of its own for each
size, by a model with a prior; steps are timed within it, in seconds of CPU (user and system), so that a busy machine
does not show; with one job alone. Memory is the peak of the process while a step runs.

- partition: tables into Parquet, by patient (none of up to 20,000 patients)
- read: each part, or the whole, through the gate
- features, risks and intervals
- the rest: start of Python, the model, warnings, writing

Run: OMP_NUM_THREADS=1 .venv/bin/python benchmarks/growth.py [--thousands 1 10 100 1000] [--jobs 1] [--plot FILE.svg]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import relapse_model as rm

STEPS = ("partition", "read", "features", "risks", "intervals", "the rest")
COLOURS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#bbbbbb")


def measured(patients: int, work: Path, jobs: int) -> dict[str, Any]:
    """Score so many patients by the command line in a process of its own."""
    import scoring

    scoring.PATTERN = min(scoring.PATTERN, patients)
    folder = work / "cohort"
    folder.mkdir()
    scoring.write_repeated(folder, patients)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
    command = [sys.executable, __file__, "--one", str(work), "--jobs", str(jobs)]
    begin, before = time.perf_counter(), os.times()
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    took, after = time.perf_counter() - begin, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    seconds = found["seconds"]
    if jobs == 1:
        seconds["the rest"] = cpu - sum(seconds.values())
    return {"patients": patients, "MiB": size, "seconds": took, "cpu": cpu, "steps": seconds, "peaks": found["peaks"]}


def score_here(work: Path, jobs: int) -> None:
    """Score by the command line in this process, and print what each step took."""
    from relapse_model.classifiers.prior import loaded
    from relapse_model.cli import scoring_verbs as verbs
    from relapse_model.cli.program import main
    from relapse_model.cohort.large_folders.partitions import Partitions
    from relapse_model.model.scoring import batch, scores

    seconds, peaks = dict.fromkeys(STEPS[:-1], 0.0), dict.fromkeys(STEPS, 0.0)
    places = {
        "partition": [(batch, "partition")],
        "read": [(Partitions, "cohort"), (batch, "read_cohort"), (verbs, "read_cohort")],
        "features": [(scores, "derive_features")],
        "risks": [(loaded, "mixture_risk")],
        "intervals": [(loaded, "mixture_interval")],
    }
    for step, owners in places.items():
        for owner, name in owners:
            setattr(owner, name, timed(getattr(owner, name), step, seconds, peaks))
    given = ["score", str(work / "m.rmodel"), str(work / "cohort"), "--out", str(work / "scores.csv")]
    code = main([*given, "--jobs", str(jobs)])
    assert not code, code
    peaks["the rest"] = max(peaks["the rest"], peak())
    print(json.dumps({"seconds": seconds, "peaks": peaks}))


def timed(
    function: Callable[..., Any], step: str, seconds: dict[str, float], peaks: dict[str, float]
) -> Callable[..., Any]:
    def counted(*given: Any, **settings: Any) -> Any:
        peaks["the rest"] = max(peaks["the rest"], peak())
        forget_peak()
        begin = time.process_time()
        found = function(*given, **settings)
        seconds[step] += time.process_time() - begin
        peaks[step] = max(peaks[step], peak())
        forget_peak()
        return found

    return counted


def forget_peak() -> None:
    """Count the peak from here on (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """Return the peak memory of this process in MiB (Linux)."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024


def table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as a table of a page."""
    lines = [
        f"| patients | CSV | by the clock | CPU | {' | '.join(STEPS)} | peak memory |",
        "|---" * (5 + len(STEPS)) + "|",
    ]
    for row in rows:
        steps = " | ".join(f"{row['steps'].get(step, 0):.2f}" for step in STEPS)
        lines.append(
            f"| {row['patients']:,} | {row['MiB']:,.0f} MiB | {row['seconds']:.1f} s | {row['cpu']:.1f} s | {steps} | "
            f"{max(row['peaks'].values()) / 1024:.2f} GiB |"
        )
    return "\n".join(lines)


def plot(rows: list[dict[str, Any]], file: Path) -> None:
    """Draw time and memory of each step beside each other."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "growth"
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    patients = [row["patients"] for row in rows]
    for step, colour in zip(STEPS, COLOURS, strict=True):
        shown = [(row["patients"], row["steps"].get(step, 0.0), row["peaks"].get(step, 0.0)) for row in rows]
        left.plot(*zip(*[(n, s) for n, s, _ in shown if s], strict=True), "o-", color=colour, label=step, markersize=3)
        right.plot(*zip(*[(n, p) for n, _, p in shown if p], strict=True), "o-", color=colour, markersize=3)
    left.plot(patients, [row["cpu"] for row in rows], "k--", label="all")
    for axes, title in ((left, "Seconds of CPU"), (right, "Peak memory while it runs, MiB")):
        axes.set_xscale("log")
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("Patients", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    left.set_yscale("log")
    right.set_ylim(0)
    left.legend(fontsize=7, frameon=False)
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thousands", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--keep", type=Path, help="a file of the figures; sizes that it holds are not measured again")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        score_here(given.one, given.jobs)
        return
    rows = json.loads(given.keep.read_text()) if given.keep and given.keep.exists() else []
    model = rm.train(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    for thousand in given.thousands:
        if any(row["patients"] == 1000 * thousand for row in rows):
            continue
        with tempfile.TemporaryDirectory(prefix="fast-") as work:
            model.save(Path(work) / "m.rmodel")
            rows.append(measured(1000 * thousand, Path(work), given.jobs))
            print(table(rows[-1:]), flush=True)
        if given.keep:
            given.keep.write_text(json.dumps(rows))
    rows.sort(key=lambda row: int(row["patients"]))
    print(table(rows))
    if given.plot:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
