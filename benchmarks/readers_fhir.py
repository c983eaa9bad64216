"""Time and memory of reading FHIR: python benchmarks/readers_fhir.py FOLDER 500 2000.

FOLDER holds bundles of single patients as Synthea writes them (some 250 entries each). They are copied under new
identifiers, as bundles and as one file of bulk data.
"""

from __future__ import annotations

import itertools
import json
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping

UUID = re.compile(r"\b([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")
CODE = "http://loinc.org|{}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
MAPPING = f"""
[mapping]
protocol = 1
kind = "fhir"
[time]
resource = "Encounter"
pick = "first"
[patients]
id = "id"
[[labs]]
analyte = "weight"
codes = ["{CODE.format(5089)}"]
[[labs]]
analyte = "viral_load"
codes = ["{CODE.format(856)}"]
unit = "copies/mL"
[[labs]]
analyte = "pulse"
codes = ["{CODE.format(5087)}"]
[[treatments]]
agent = "hbv_vaccine"
resource = "Immunization"
codes = ["http://hl7.org/fhir/sid/cvx|08"]
"""


def write(bundles: list[str], folder: Path, patients: int) -> None:
    """Write both forms."""
    (folder / "bundles").mkdir()
    (folder / "bulk").mkdir()
    with (folder / "bulk" / "1.Everything.ndjson").open("w", encoding="utf-8") as bulk:
        for number, text in zip(range(1, patients + 1), itertools.cycle(bundles), strict=False):
            copy = UUID.sub(lambda found, n=number: f"{int(found[1], 16) ^ n:08x}{found[2]}", text)
            (folder / "bundles" / f"{number:08d}.json").write_text(copy, encoding="utf-8")
            for entry in json.loads(copy)["entry"]:
                line = json.dumps(entry["resource"])
                bulk.write(line.replace('"reference": "urn:uuid:', '"reference": "Patient/'))
                bulk.write("\n")


def main() -> None:
    bundles = [file.read_text(encoding="utf-8") for file in sorted(Path(sys.argv[1]).glob("*.json"))]
    mapping = parse_mapping(MAPPING)
    for patients in map(int, sys.argv[2:] or ("500", "2000")):
        with tempfile.TemporaryDirectory() as name:
            write(bundles, Path(name), patients)
            for form in ("bundles", "bulk"):
                size = sum(file.stat().st_size for file in (Path(name) / form).iterdir()) / 2**20
                start, cpu = time.perf_counter(), time.process_time()
                cohort = read_fhir(Path(name) / form, mapping)
                seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(f"{form}: {patients:,} patients, {size:,.0f} MiB, {len(cohort.labs):,} results: {seconds:.1f} s "
                      f"({cpu:.1f} s of CPU), at most {memory:,.0f} MiB so far")  # fmt: skip


if __name__ == "__main__":
    main()
