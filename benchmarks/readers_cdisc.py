"""Time and memory of reading LB from a transport file (XPT version 5): python benchmarks/readers_cdisc.py 1000000.

Twenty results of each patient, in one unit and one code. The file is written first, which takes longer than reading it.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from relapse_model.cohort.readers.cdisc.read import read_cdisc
from relapse_model.cohort.readers.mapping_file import parse_mapping

RESULTS = 20  # of a patient
MAPPING = """
[mapping]
protocol = 1
kind = "cdisc"
[time]
zero = { field = "RFSTDTC" }
[patients]
id = "USUBJID"
[[labs]]
analyte = "anti_hbs"
codes = ["HBSAB"]
"""


def write(folder: Path, rows: int) -> None:
    """Write DM and LB."""
    ids = np.array([f"S{i:06d}" for i in range(rows // RESULTS)])
    start = np.datetime64("2024-01-01")
    dm = pd.DataFrame({"DOMAIN": "DM", "USUBJID": ids, "RFSTDTC": "2024-01-01"})
    pyreadstat.write_xport(dm, str(folder / "dm.xpt"), table_name="DM", file_format_version=5)
    row = np.arange(rows)
    value = 10 + row % 991
    visit = row // len(ids) * 7
    lb = pd.DataFrame(
        {
            "DOMAIN": "LB",
            "USUBJID": ids[row % len(ids)],
            "LBTESTCD": "HBSAB",
            "LBORRES": value.astype(str),
            "LBORRESU": "mIU/mL",
            "LBSTRESC": value.astype(str),
            "LBSTRESN": value.astype(float),
            "LBSTRESU": "IU/L",
            "LBDTC": (start + visit).astype(str),
            "LBDY": visit + 1.0,
        }
    )
    pyreadstat.write_xport(lb, str(folder / "lb.xpt"), table_name="LB", file_format_version=5)


def main() -> None:
    for rows in map(int, sys.argv[1:] or ("100000", "1000000")):
        with tempfile.TemporaryDirectory() as name:
            write(Path(name), rows)
            start, cpu = time.perf_counter(), time.process_time()
            cohort = read_cdisc(Path(name), parse_mapping(MAPPING, "map.toml", "cdisc"))
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"LB: {rows:,} rows, {len(cohort.labs):,} results: {seconds:.1f} s ({cpu:.1f} s of CPU), "
                  f"at most {memory:,.0f} MiB so far, writing included")  # fmt: skip


if __name__ == "__main__":
    main()
