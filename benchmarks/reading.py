"""Reading a cohort folder, beside libraries that only read the text of the same files.

The folder is simulated. Each reads all its tables from CSV on one core, in a process of its own for the peak memory;
`read_cohort` also checks every cell, unit, name and day, and reads what the laboratories printed. Ratios come first:
CPU time (user and system) of `read_cohort` by that of the other in the same round.

- pyarrow: `pyarrow.csv.read_csv`, every column text with a dictionary
- pandas: `pandas.read_csv`, every column text
- duckdb, polars: every column text (left out where it is not installed)

Run: OMP_NUM_THREADS=1 .venv/bin/python benchmarks/reading.py [--patients 20000] [--repeats 3] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import relapse_model as rm

TABLES = ("patients", "labs", "treatments")


def by_read_cohort(folder: Path) -> object:
    return rm.read_cohort(folder, study=rm.load_study("hbsag-relapse"))


def by_pyarrow(folder: Path) -> object:
    import pyarrow as pa
    from pyarrow import csv

    tables = []
    for name in TABLES:
        file = folder / f"{name}.csv"
        with file.open(encoding="utf-8") as lines:
            columns = next(lines).rstrip("\n").split(",")
        text = dict.fromkeys(columns, pa.dictionary(pa.int32(), pa.string()))
        options = csv.ConvertOptions(column_types=text)
        tables.append(csv.read_csv(file, csv.ReadOptions(use_threads=False), convert_options=options))
    return tables


def by_pandas(folder: Path) -> object:
    import pandas as pd

    return [pd.read_csv(folder / f"{name}.csv", dtype=str, na_filter=False) for name in TABLES]


def by_duckdb(folder: Path) -> object:
    import duckdb

    with duckdb.connect(config={"threads": 1}) as database:
        read = "SELECT * FROM read_csv(?, header = true, all_varchar = true)"
        return [database.sql(read, params=[str(folder / f"{name}.csv")]).to_arrow_table() for name in TABLES]


def by_polars(folder: Path) -> object:
    import polars as pl

    return [pl.read_csv(folder / f"{name}.csv", infer_schema=False) for name in TABLES]


READERS: dict[str, Callable[[Path], object]] = {
    "read_cohort": by_read_cohort, "pyarrow": by_pyarrow, "pandas": by_pandas, "duckdb": by_duckdb, "polars": by_polars,
}  # fmt: skip


def cpu(read: Callable[[Path], object], folder: Path) -> float:
    """Return the CPU time of one reading."""
    begin = time.process_time()
    read(folder)
    return time.process_time() - begin


def peak(name: str, folder: Path) -> float:
    """Return the peak memory of one reading in a process of its own, in MiB."""
    command = [sys.executable, __file__, "--peak", name, "--folder", str(folder)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def peak_of_this_process() -> float:
    """Return the peak memory in MiB; of Linux from its own account, since `ru_maxrss` keeps that of the parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(folder: Path, repeats: int) -> None:
    names = [name for name in READERS if name == "read_cohort" or find_spec(name) is not None]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(repeats + 1):  # the first warms up
        for name in names:
            taken = cpu(READERS[name], folder)
            if number:
                seconds[name].append(taken)
    for name in names:
        ratio = statistics.median(own / other for own, other in zip(seconds["read_cohort"], seconds[name], strict=True))
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f} s"
        print(f"{name:12s} read_cohort takes {ratio:5.2f} x   {spread:18s} peak {peak(name, folder):7.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="a cohort folder, instead of a simulated one")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    given = parser.parse_args()
    import pyarrow as pa

    pa.set_cpu_count(1)
    if given.peak:
        READERS[given.peak](given.folder)
        print(peak_of_this_process())
    elif given.folder is not None:
        compare(given.folder, given.repeats)
    else:
        with tempfile.TemporaryDirectory() as work:
            rm.simulate_cohort(given.patients, seed=7).write(work)
            compare(Path(work), given.repeats)


if __name__ == "__main__":
    main()
