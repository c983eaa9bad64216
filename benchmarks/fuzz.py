"""Coverage-guided fuzzing of what opens files of others: model files, cohort folders, studies.

Every input is either accepted or refused by an error of the library. Counted are runs, crashes (the input is kept),
those over 2 s of processor time, those that take more than 150 MB more than before,
and errors that are not the library's.

- archive: `unpack` on changed archives
- audit: the audit of a classifier's parts (JSON, boosters, skops); what passes is built, by XGBoost too, and predicts
- manifest: one or a few values of a manifest, of the dictionary or of the coefficients set to something else; what is
  accepted is described and printed
- gate: a cohort folder of up to four small tables, derived where it is accepted
- study: the text of a study file

It needs `pip install atheris` beside the library.

Run: OMP_NUM_THREADS=1 python benchmarks/fuzz.py KIND --seconds 1200 --folder FOLDER
FOLDER/report.json has the counts, FOLDER/corpus what is kept from run to run, FOLDER/found what must be mended.
"""

from __future__ import annotations

import argparse
import atexit
import collections
import copy
import json
import re
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import atheris
import numpy
import pandas  # noqa: F401
import xgboost

with atheris.instrument_imports(include=["relapse_model"]):
    import relapse_model as rm
    from relapse_model.classifiers.audit import audit_parts
    from relapse_model.classifiers.known import load_classifier
    from relapse_model.classifiers.trees import booster_bytes
    from relapse_model.cli.texts import training_text
    from relapse_model.features.design import design
    from relapse_model.files import strict_json
    from relapse_model.model.file import archive, contents, manifest, model_file, summary_values  # noqa: F401
    from relapse_model.report.model_card import model_card
    from relapse_model.study.reader import parse_study

ROOT = Path(__file__).parents[1]
SECONDS, MEGABYTES = 2.0, 150
ROUNDS = 4
TABLES = ("patients", "labs", "treatments", "outcomes")
EDITS = (
    None, True, False, -1, 0, 1.5, 1e308, 10**30, "", "x", "<5", "=1+1", "\x1b[2J", "a" * 5000, [], {}, [None], [[]],
    {"x": 1},
    {"": None}, [0, 1], [1, 0], "{{ 7*7 }}", "<script>",
)  # fmt: skip
MODELS = sorted((ROOT / "tests" / "data" / "format_2").glob("*.rmodel"))


def opened_parts() -> list[dict[str, bytes]]:
    return [archive.unpack(file.read_bytes(), file.name) for file in MODELS]


class Archive:
    """Bytes as an archive, or parts packed and then changed at a few places."""

    def seeds(self) -> Iterator[bytes]:
        for parts in opened_parts():
            small = {name: data[:300] for name, data in parts.items()}
            yield b"\0" + archive.pack(small)
        yield b"\0" + archive.pack({"study.toml": b"", "classifier/a.json": b"[" * 50_000})

    def run(self, data: bytes) -> None:
        archive.unpack(data[1:], "x")


class Audit:
    """Parts of classifiers: one of them is replaced by the bytes; what passes the audit is built and asked.

    A booster stands alone, with four small trees, so that thousands can be tried.
    """

    def __init__(self) -> None:
        self.cases: list[tuple[str, dict[str, bytes], str, int]] = [("booster", {}, "booster.ubj", 2)]
        for parts in opened_parts():
            told = json.loads(parts["manifest.json"])
            own = {n.removeprefix("classifier/"): d for n, d in parts.items() if n.startswith("classifier/")}
            if not any(name.endswith(".ubj") for name in own):
                self.cases += [(told["classifier"], own, name, len(told["columns"])) for name in sorted(own)]

    def seeds(self) -> Iterator[bytes]:
        random = numpy.random.default_rng(0)
        x = random.normal(size=(60, 2))
        table = xgboost.DMatrix(x, (x[:, 0] + random.normal(size=60) > 0).astype(float))
        for depth in (1, 2, 3):
            settings = {"objective": "binary:logistic", "max_depth": depth, "base_score": 0.5, "nthread": 1}
            yield b"\0" + bytes(xgboost.train(settings, table, ROUNDS).save_raw("ubj"))
        for number, (_, own, name, _) in enumerate(self.cases[1:], 1):
            yield bytes([number]) + own[name]

    def run(self, data: bytes) -> None:
        kind, own, name, columns = self.cases[data[0] % len(self.cases)]
        if kind == "booster":
            booster_bytes.read_booster(data[1:], name, columns, ROUNDS).inplace_predict(numpy.zeros((2, columns)))
            return
        parts = own | {name: data[1:]}
        audit_parts(parts, columns)
        try:
            found = load_classifier(kind, parts)
            found.predict_proba(numpy.zeros((2, columns)))
        except rm.RelapseModelError:
            raise
        except Exception as error:  # as loading does: whatever a part provokes while it is built refuses the file
            raise rm.RelapseModelError(str(error)) from error


class Manifest:
    """One to three values of a JSON part set to something else, by the bytes; or the manifest as the bytes."""

    def __init__(self) -> None:
        self.parts = opened_parts()
        self.studies = [parse_study(one["study.toml"].decode(), "x") for one in self.parts]
        self.models = [rm.load_model(file) for file in MODELS]
        self.told = [json.loads(one["manifest.json"]) for one in self.parts]

    def seeds(self) -> Iterator[bytes]:
        for number in range(64):
            yield bytes([number, number // len(self.parts), number, *range(number, number + 12)])
        for number, one in enumerate(self.parts):
            yield bytes([number, 255]) + one["manifest.json"]

    def run(self, data: bytes) -> None:
        if len(data) < 3:
            return
        number = data[0] % len(self.parts)
        parts, model = self.parts[number], self.models[number]
        if data[1:2] == b"\xff":
            told = manifest.read_manifest(parts | {"manifest.json": data[2:]}, "x")
            self.accepted(told, number)
            return
        name = ("manifest.json", "dictionary.json", "coefficients.json")[data[1] % 8 % 3 if data[1] % 8 > 4 else 0]
        if name not in parts:
            return
        changed = json.loads(parts[name])
        for place in range(2, min(len(data) - 5, 17), 6):
            edit(changed, data[place : place + 5], data[place + 5])
        if name == "manifest.json":
            self.accepted(manifest.read_manifest(parts | {name: json.dumps(changed).encode()}, "x"), number)
        else:
            new = parts | {name: json.dumps(changed).encode()}
            manifest.check_parts(new, self.told[number] | listing(new), "x")
            contents.check_descriptions(new, model, "x")

    def accepted(self, told: dict[str, Any], number: int) -> None:
        # Only what the study of this very file allows: `read_model` reads it before the summary.
        manifest.check_parts(self.parts[number], told, "x")
        study = model_file._study(self.parts[number], told, "x")
        manifest.check_summary(told, study, "x")
        new = rm.RelapseModel(
            study, float(told["landmark_week"]), told["classifier"], self.models[number].classifier, told["summary"]
        )
        if told["classifier"] == self.told[number]["classifier"]:
            model_file._probe_apart(new, told, "x")
        training_text(new), model_card(new), repr(new)


def listing(parts: dict[str, bytes]) -> dict[str, Any]:
    rest = {name: data for name, data in parts.items() if name not in ("manifest.json", "signature.json")}
    return {"parts": {name: manifest.digest(data) for name, data in rest.items()}}


def edit(value: Any, path: bytes, which: int) -> None:
    """Set what the path leads to, from the top, to one of `EDITS`; 255 takes it away."""
    for step in path:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = keys[step % len(keys)]
        inner = value[key]
        if step < 128 and isinstance(inner, dict | list) and inner:
            value = inner
            continue
        if which == 255:
            del value[key]
        else:
            value[key] = copy.deepcopy(EDITS[which % len(EDITS)])
        return


class Gate:
    """Tables of a cohort folder, one after another, divided by the record separator."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.study = folder / "cohort", rm.load_study("hbsag-relapse")
        shutil.rmtree(self.folder, ignore_errors=True)  # of an earlier run
        self.folder.mkdir()

    def seeds(self) -> Iterator[bytes]:
        rm.simulate_cohort(6, seed=1).write(self.folder)
        files = [self.folder / f"{name}.csv" for name in TABLES]
        tables = [file.read_bytes() if file.exists() else b"patient_id\n" for file in files]
        yield b"\x1e".join(tables)
        for lines in (2, 4, 8):
            yield b"\x1e".join(b"\n".join(table.split(b"\n")[:lines]) + b"\n" for table in tables)
            yield b"\x1e".join(b"\n".join(table.split(b"\n")[:lines]) + b"\n" for table in tables[:2])

    def run(self, data: bytes) -> None:
        pieces = data.split(b"\x1e")
        for number, name in enumerate(TABLES):
            file = self.folder / f"{name}.csv"
            if number < len(pieces):
                file.write_bytes(pieces[number])
            else:
                file.unlink(missing_ok=True)
        cohort = rm.read_cohort(self.folder, study=self.study, on_problems="list")
        if len(cohort):
            rm.derive_features(cohort, self.study)
            rm.derive_outcome(cohort, self.study)


class Study:
    """The text of a study file."""

    def seeds(self) -> Iterator[bytes]:
        for file in sorted((ROOT / "src").rglob("*.toml")) + sorted((ROOT / "examples").rglob("*.toml")):
            yield file.read_bytes()

    def run(self, data: bytes) -> None:
        design(parse_study(data.decode("utf-8", "replace"), "x.toml"))


class Json:
    """Strict JSON."""

    def seeds(self) -> Iterator[bytes]:
        for parts in opened_parts():
            for name, data in parts.items():
                if name.endswith(".json"):
                    yield data[:2000]

    def run(self, data: bytes) -> None:
        strict_json(data, "x", finite=True)


KINDS: dict[str, Callable[[Path], Any]] = {
    "archive": lambda _: Archive(),
    "audit": lambda _: Audit(),
    "manifest": lambda _: Manifest(),
    "json": lambda _: Json(),
    "gate": Gate,
    "study": lambda _: Study(),
}


def peak_megabytes() -> float:
    """Return the most memory since the last call, where the system tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024
    Path("/proc/self/clear_refs").write_text("5")
    return peak


class Watched:
    """Runs one input after another and counts."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.target, self.kind = KINDS[kind](folder), kind
        self.report, self.found = folder / "report.json", folder / "found"
        self.counts: collections.Counter[str] = collections.Counter()
        self.foreign: dict[str, str] = {}
        self.slowest, self.most, self.began, self.told = 0.0, 0.0, time.time(), 0.0
        peak_megabytes()

    def __call__(self, data: bytes) -> None:
        if not data:
            return
        self.counts["runs"] += 1
        before, start = peak_megabytes(), time.process_time()
        try:
            self.target.run(bytes(data))
            self.counts["accepted"] += 1
        except rm.RelapseModelError:
            self.counts["refused"] += 1
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} {last.filename}:{last.lineno}"
            if where not in self.foreign:
                self.keep("foreign", data)
            self.foreign[where] = traceback.format_exc()[-1500:]
            self.counts["foreign errors"] += 1
        seconds, megabytes = time.process_time() - start, peak_megabytes() - before
        if seconds > SECONDS:
            self.keep("slow", data)
        if megabytes > MEGABYTES:
            self.keep("large", data)
        self.slowest, self.most = max(self.slowest, seconds), max(self.most, megabytes)
        if time.time() - self.told > 5:
            self.write()

    def keep(self, what: str, data: bytes) -> None:
        self.counts[what] += 1
        self.found.mkdir(exist_ok=True)
        (self.found / f"{what}-{self.counts[what]}").write_bytes(bytes(data))

    def write(self) -> None:
        self.told = time.time()
        told = {"kind": self.kind, "counts": self.counts, "slowest": self.slowest, "most_megabytes": self.most}
        told |= {"seconds": time.time() - self.began, "cpu_seconds": time.process_time(), "foreign": self.foreign}
        self.report.write_text(json.dumps(told, indent=1))


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("kind", choices=KINDS)
    given.add_argument("--seconds", type=int, default=1200)
    given.add_argument("--folder", type=Path, required=True)
    asked = given.parse_args()
    corpus = asked.folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    watched = Watched(asked.kind, asked.folder)
    for number, seed in enumerate(watched.target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atexit.register(watched.write)
    options = [f"-max_total_time={asked.seconds}", "-rss_limit_mb=3000", "-timeout=60", "-max_len=200000"]
    options += [f"-artifact_prefix={asked.folder}/", "-print_final_stats=1", str(corpus)]
    atheris.Setup([sys.argv[0], *options], watched)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
