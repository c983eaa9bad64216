"""Files opened each in a process of its own, whose time and memory are measured; a crash there is a result too."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# One process imports what opens a file; each file is opened in a fork of it, so that imports are not counted, and a
# crash ends nothing else. The processor's time counts, which another program on the machine does not lengthen.
OPENER = r"""
import json, os, re, resource, signal, sys, time, traceback, warnings
warnings.simplefilter("ignore")
import pandas, sklearn.linear_model, sklearn.pipeline, skops.io, xgboost
import relapse_model as rm
from relapse_model.classifiers import audit
from relapse_model.cli.texts import training_text
from relapse_model.model.file import contents, model_file
from relapse_model.report.model_card import model_card

STUDY, FEW = rm.load_study("hbsag-relapse"), rm.simulate_cohort(8, seed=3)
BEGAN = time.process_time()

def megabytes():
    if not os.path.exists("/proc/self/status"):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) / 1024

def open_model(path):
    model = rm.load_model(path)
    return "opened", lambda: (len(model.score(FEW)), model_card(model), training_text(model), repr(model))

def open_study(path):
    study = rm.load_study(path)
    return "opened", lambda: (repr(study), study.text)

def open_cohort(path):
    cohort = rm.read_cohort(path, study=STUDY)
    return f"opened {len(cohort)}", lambda: rm.derive_features(cohort, STUDY)

def told(kind, path):
    start = time.process_time()
    used = None
    try:
        text, used = {"model": open_model, "study": open_study, "cohort": open_cohort}[kind](path)
    except rm.RelapseModelError as refusal:
        text = "refused " + str(refusal)
    except BaseException as error:
        text = "FOREIGN " + "".join(traceback.format_exception(error))[-900:]
    seconds, most = time.process_time() - start, megabytes()
    if used is not None:
        try:
            used()
        except rm.RelapseModelError as refusal:
            text += ", refused " + str(refusal)
        except BaseException as error:
            text = "FOREIGN LATER " + "".join(traceback.format_exception(error))[-900:]
    return [text[:900] + (" ..." + text[-400:] if len(text) > 1300 else ""), seconds, most, len(text)]

for kind, path in json.load(sys.stdin):
    sys.stdout.flush()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(60)
        os.write(write, json.dumps(told(kind, path)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    print(said.decode() if code == 0 else json.dumps([f"CRASHED {code}", 0.0, 0.0, 0]))
"""


@dataclass(frozen=True)
class Opened:
    """What a file came to (a long text is cut), seconds of the processor, megabytes, letters of the text."""

    text: str
    seconds: float
    megabytes: float
    letters: int


def opened_apart(files: list[tuple[str, Path]], limit: int = 4 << 30) -> list[Opened]:
    """Open files, of the kind ``"model"``, ``"study"`` or ``"cohort"``, each in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", OPENER], input=json.dumps([[kind, str(path)] for kind, path in files]),
        capture_output=True, text=True, timeout=1200, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [Opened(*json.loads(line)) for line in done.stdout.splitlines()]
