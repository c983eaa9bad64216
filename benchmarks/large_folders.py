"""From raw tables to scores as the number of patients grows: partitions, and who scores them.

Each step runs in a process of its own, for its peak memory. Figures: CPU time (user and system, of all processes),
seconds by the clock, peak memory of the largest process.

- partition: `rm.partition` into parts of 20,000 patients; beside it DuckDB with the same work: all columns text, a row
  number, a part by the hash of the patient, written to Parquet by part (it refuses fewer broken files; not a gate)
- 1 process, 2 processes: `rm.score_folder` of the partitions
- Dask, 1 and 2: the same by a `LocalCluster` of 1 and of 2 worker processes, with its start; then of 2 of which one is
  killed when the first part has been scored (left out where distributed is not installed)

That all outputs are the same bytes is asserted.

Run: OMP_NUM_THREADS=1 .venv/bin/python benchmarks/large_folders.py [--patients 1000 10000 100000] [--steps ...]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import relapse_model as rm
from relapse_model.model.scoring.batch import work_folder

TABLES = ("patients", "labs", "treatments")
COPY = """
COPY (SELECT *, row_number() OVER () AS row, hash(trim(patient_id)) % {parts} AS part
      FROM read_csv('{file}', header = true, all_varchar = true, parallel = false))
TO '{out}' (FORMAT parquet, PARTITION_BY (part), OVERWRITE_OR_IGNORE)
"""


def partition(work: Path) -> None:
    shutil.rmtree(work / "parts", ignore_errors=True)
    rm.partition(work / "cohort", work / "parts")


def by_duckdb(work: Path) -> None:
    import duckdb

    rows = sum(1 for _ in (work / "cohort" / "patients.csv").open("rb")) - 1
    with duckdb.connect(config={"threads": 1}) as database:
        for name in TABLES:
            file, out = work / "cohort" / f"{name}.csv", work / "duckdb" / name
            out.mkdir(parents=True, exist_ok=True)
            database.execute(COPY.format(file=file, out=out, parts=-(-rows // 20_000)))


def score(work: Path, jobs: int = 1) -> None:
    rm.score_folder(rm.load_model(work / "m.rmodel"), work / "parts", work / f"scores-{jobs}.csv", jobs=jobs)


def by_dask(work: Path, workers: int, killed: bool = False) -> None:
    """Score by worker processes of this machine; where one is to be killed, when the first part has been scored."""
    from distributed import LocalCluster

    out = work / f"scores-dask-{workers}{'-killed' * killed}.csv"
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        cluster.get_client() as client,
    ):
        if killed:
            victim = next(iter(client.run(os.getpid).values()))
            Thread(target=kill, args=(victim, out), daemon=True).start()
        rm.score_folder(rm.load_model(work / "m.rmodel"), work / "parts", out, executor=client.get_executor())
        assert not killed or victim not in client.run(os.getpid).values()


def kill(victim: int, out: Path) -> None:
    while not list(work_folder(out).glob("part-*")):
        time.sleep(0.01)
    os.kill(victim, signal.SIGKILL)


STEPS: dict[str, Callable[[Path], None]] = {
    "partition": partition, "DuckDB": by_duckdb, "1 process": score, "2 processes": lambda work: score(work, 2),
    "Dask, 1": lambda work: by_dask(work, 1), "Dask, 2": lambda work: by_dask(work, 2),
    "Dask, killed": lambda work: by_dask(work, 2, killed=True),
}  # fmt: skip

_ENOUGH = 10_000  # patients: with fewer all parts are scored before a worker is killed


def measured(step: str, work: Path) -> str:
    """Run a step in a process of its own; return what it took."""
    begin, before = time.perf_counter(), os.times()
    command = [sys.executable, __file__, "--step", step, "--work", str(work)]
    peak = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return f"{cpu:7.1f} s CPU  {time.perf_counter() - begin:7.1f} s  {peak:6.0f} MiB"


def peak_memory() -> float:
    """Return the peak of this process, or of its largest child, in MiB."""
    import resource

    own = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    return max(int(own), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def grow(patients: int, work: Path, steps: list[str] | None) -> None:
    rm.simulate_cohort(patients, seed=8).write(work / "cohort")
    size = sum(file.stat().st_size for file in (work / "cohort").iterdir()) / 2**20
    print(f"{patients:,} patients, {size:,.0f} MiB of CSV")
    for step in STEPS if steps is None else steps:
        if step == "Dask, killed" and patients < _ENOUGH:
            print(f"  {step:12s} left out: done before a worker can be killed in the middle")
            continue
        module = {"DuckDB": "duckdb", "Dask": "distributed"}.get(step.split(",")[0])
        if module is None or find_spec(module) is not None:
            print(f"  {step:12s} {measured(step, work)}", flush=True)
    sums = {hashlib.sha256(file.read_bytes()).hexdigest() for file in work.glob("scores-*.csv")}
    assert len(sums) <= 1, "the outputs differ"  # none where only partitions were asked for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--steps", nargs="+", choices=STEPS, help="some of the steps; `partition` comes first")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        STEPS[given.step](given.work)
        print(peak_memory())
        return
    model = rm.train(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    for patients in given.patients:
        with tempfile.TemporaryDirectory() as work:
            model.save(Path(work) / "m.rmodel")
            grow(patients, Path(work), given.steps)


if __name__ == "__main__":
    main()
