"""Faults in the night: batch scoring killed, disks full, Ctrl-C. Nothing lost, nothing torn, one line each.

- kills: `relapse-model score --chunk N --jobs 2`, and its workers, killed at random moments and started again until
  it is done; the output must be that of an undisturbed run, byte for byte, and before that what was there before
- full: verbs that write to a small file system of random size (mounted: needs root, on Linux); one line must name path
  and bytes, and every file must be as it was, or whole
- interrupts: Ctrl-C at random moments of each verb that writes; one line, exit code 130, and what it says is there

Run: OMP_NUM_THREADS=1 .venv/bin/python benchmarks/faults.py kills --times 200 [--seed 1]
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from functools import partial
from pathlib import Path

import relapse_model as rm

COHORT, MODEL = "{in}/c", "{in}/m.rmodel"
PATIENTS, CHUNK = 240, 20
QUICK = {  # verb: its arguments; outputs lie in {out}
    "score": ["score", MODEL, COHORT, "--out", "{out}/scores.csv"],
    "score in chunks": ["score", MODEL, COHORT, "--out", "{out}/scores.csv", "--chunk", "40"],
    "explain": ["explain", MODEL, COHORT, "--out", "{out}/explained.csv"],
    "explain one": [
        "explain", MODEL, COHORT, "--patient", "P0001", "--out", "{out}/p.html", "--figures", "{out}/f",
    ],
    "features": ["features", COHORT, "--out", "{out}/features.csv"],
    "features dictionary": ["features", "--out", "{out}/dictionary.csv"],
    "simulate": ["simulate", "--out", "{out}/c", "--patients", "200"],
    "export parquet": ["export", COHORT, "--form", "parquet", "--out", "{out}/p"],
    "export sdtm": ["export", COHORT, "--form", "sdtm", "--out", "{out}/s"],
    "export fhir": [
        "export", COHORT, "--form", "fhir", "--model", MODEL, "--on", "2026-01-01", "--out", "{out}/f",
    ],
    "propose-mapping": ["propose-mapping", "redcap", "{in}/export/data.csv", "--out", "{out}/map.toml"],
    "read": [
        "read", "redcap", "{in}/export/data.csv", "--mapping", "{in}/export/map.toml", "--out", "{out}/r",
    ],
    "calculator": ["calculator", MODEL, "--out", "{out}/page.html"],
    "evaluate": ["evaluate", MODEL, COHORT, "--out", "{out}/found.json"],
    "monitor": ["monitor", MODEL, "{in}/scores.csv", "--out", "{out}/monitor.json"],
    "release": ["release", MODEL, "--out", "{out}/outside.rmodel"],
    "update": ["update", MODEL, COHORT, "--out", "{out}/new.rmodel"],
    "keygen": ["keygen", "--out", "{out}/mine.key"],
    "sign": ["sign", "{out}/m.rmodel", "--key", "{in}/a.key"],
    "study new": [
        "study", "new", COHORT, "--outcome-analyte", "hbsag", "--at-least", "0.05", "--unit", "IU/mL",
        "--horizon-weeks", "48", "--out", "{out}/new.toml",
    ],
    "study show": ["study", "show", "hbsag-relapse", "--out", "{out}/s.toml"],
    "dosing": ["dosing", COHORT, "--out", "{out}/d"],
}  # fmt: skip
LONGER = {
    "train": ["train", COHORT, "--out", "{out}/t.rmodel", "--candidates", "prior_logistic"],
    "trial": ["trial", COHORT, "--out", "{out}/t"],
    "benefit": ["benefit", COHORT, "--out", "{out}/b", "--repeats", "1"],
    "biomarkers": ["biomarkers", COHORT, "--out", "{out}/b", "--no-increment"],
    "paper": ["paper", COHORT, "--out", "{out}/p", "--parts", "trial", "--dpi", "300"],
    "plan": ["plan", COHORT, "--patients", "60", "--replicates", "10", "--out", "{out}/l"],
    "validate": [
        "validate", COHORT, "--out", "{out}/v", "--candidates", "prior_logistic", "--repeats", "1", "--bootstraps", "0",
    ],
}  # fmt: skip
LONGEST = {
    "benefit": ["benefit", COHORT, "--out", "{out}/b"],
    "biomarkers": ["biomarkers", COHORT, "--out", "{out}/b"],
    "paper": ["paper", COHORT, "--out", "{out}/p"],
    "demo": ["demo", "--out", "{out}/d"],
}
VERBS = QUICK | LONGER
# A shell's background jobs ignore Ctrl-C, and what they start inherits that.
INTERRUPTIBLE = """
import faulthandler, signal, sys
faulthandler.register(signal.SIGUSR1, all_threads=True)
signal.signal(signal.SIGINT, signal.default_int_handler)
from relapse_model.cli.program import main
sys.exit(main())
"""
IN_PLACE = {"sign": ("m.rmodel",)}  # what must stand in the folder of outputs: a copy of an input
ONLY_NEW = (
    "keygen", "study new", "study show", "update", "simulate", "export parquet", "export sdtm", "export fhir",
    "propose-mapping", "read", "sign", "train",
)  # fmt: skip


def filled(arguments: list[str], inputs: Path, out: Path) -> list[str]:
    return [one.replace("{in}", str(inputs)).replace("{out}", str(out)) for one in arguments]


def prepared(folder: Path) -> Path:
    """Return a folder with a cohort, an export of it, a model, its scores, and a key."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
    from redcap_writer import write_project

    from relapse_model.model.file.signature import make_keys

    inputs = folder / "in"
    rm.simulate_cohort(PATIENTS, seed=3).write(inputs / "c")
    cohort = rm.simulate_cohort(132, seed=7)
    write_project(cohort, inputs / "export")
    model = rm.train(cohort, rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
    model.save(inputs / "m.rmodel")
    rm.score_folder(model, inputs / "c", inputs / "scores.csv")
    make_keys(inputs / "a.key", inputs / "a.pub")
    return inputs


def placed(verb: str, inputs: Path, out: Path) -> None:
    """Put copies of inputs where a verb changes them in place."""
    for name in IN_PLACE.get(verb, ()):
        shutil.copy(inputs / name, out / name)


def started(arguments: list[str], said: Path) -> int:
    """Start a verb in a child of this warm process, in a group of its own; return its process number."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    from relapse_model.cli.program import main

    code = 99
    try:
        code = main(arguments)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def kills(times: int, dice: random.Random, folder: Path) -> Counter[str]:
    inputs, found = prepared(folder), Counter[str]()
    out, said = folder / "scores.csv", folder / "said"
    command = ["score", str(inputs / "m.rmodel"), str(inputs / "c"), "--chunk", str(CHUNK), "--jobs", "2"]
    began = time.monotonic()
    _, code = os.waitpid(started([*command, "--out", str(out)], said), 0)
    assert code == 0, said.read_text()
    groups: list[int] = []
    length, expected, before = time.monotonic() - began, out.read_bytes(), b"what was there before\n"
    out.write_bytes(before)
    while found["kills"] < times:
        child = started([*command, "--out", str(out)], said)
        end = time.monotonic() + dice.uniform(0.0, 1.1 * length)
        while time.monotonic() < end:
            done, code = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.005)
        else:
            everything = dice.random() < 0.5
            (os.killpg if everything else os.kill)(child, signal.SIGKILL)
            os.waitpid(child, 0)
            groups.append(child)
            found["kills"] += 1
            found["with the workers" if everything else "of the main process alone"] += 1
            found["torn"] += out.read_bytes() not in (before, expected)
            if found["kills"] % 20 == 0:
                print(dict(found), flush=True)
            continue
        found["ended"] += 1
        good = code == 0 and out.read_bytes() == expected
        found["not equal to an undisturbed run"] += not good
        found["left behind"] += any(one.name.startswith(".") for one in folder.iterdir())
        if not good:
            print(code, said.read_text()[-2000:])
        out.write_bytes(before)
    time.sleep(10)
    found["groups with a worker left"] += sum(map(_lives, groups))
    return found


def _lives(group: int) -> bool:
    """Tell whether a process of a group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def full(times: int, dice: random.Random, folder: Path, only: list[str] | None = None) -> Counter[str]:
    inputs, found, small, verbs = prepared(folder), Counter[str](), folder / "small", only or list(VERBS)
    small.mkdir()
    sound = {}
    for number, (verb, arguments) in enumerate((one, VERBS[one]) for one in verbs):
        out = folder / f"sound-{number}"
        out.mkdir()
        placed(verb, inputs, out)
        _, code = os.waitpid(started(filled(arguments, inputs, out), folder / "said"), 0)
        assert code == 0, (verb, (folder / "said").read_text())
        sound[verb] = {file.relative_to(out): file.read_bytes() for file in out.rglob("*") if file.is_file()}
    tried = 0
    while found["full"] < times and tried < 4 * times:
        verb = verbs[tried % len(verbs)]
        tried += 1
        pages = sum(-(-len(data) // 4096) for data in sound[verb].values())
        first = sum(-(-(inputs / name).stat().st_size // 4096) for name in IN_PLACE.get(verb, ()))
        room = f"size={4096 * (first + dice.randint(1, max(2 * pages, 3)))}"
        if dice.random() < 0.25:  # of files, too, a disk has room for so many only
            room = f"nr_inodes={3 + dice.randint(0, len(sound[verb]))}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", room, "tmpfs", str(small)], check=True)
        try:
            found.update(_filled_up(verb, sound[verb], inputs, small, folder / "said"))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            found["no room for the old file"] += 1
        finally:
            subprocess.run(["umount", "-l", str(small)], check=True)
    return found


def _filled_up(verb: str, sound: dict[Path, bytes], inputs: Path, small: Path, said: Path) -> Counter[str]:
    """Run a verb on a small disk where, if it may replace files, an old one stands for the first of them."""
    found, old = Counter[str](), {}
    placed(verb, inputs, small)
    if verb not in ONLY_NEW:
        first = sorted(sound)[0]
        (small / first).parent.mkdir(parents=True, exist_ok=True)
        (small / first).write_bytes(b"old")
    old = {file.relative_to(small): file.read_bytes() for file in small.rglob("*") if file.is_file()}
    _, status = os.waitpid(started(filled(VERBS[verb], inputs, small), said), 0)
    text = said.read_text()
    if status == 0:
        return Counter({"had room": 1})
    found["full"] += 1
    found[verb] += 1
    refusal = re.search(rf"(?m)^relapse-model {verb.split()[0]}: (\S+): no room for ([\d,]+ bytes|it) .*$", text)
    found["of bytes"] += bool(refusal) and "bytes" in refusal[2]
    # What a verb said of what it had done stands before the refusal, which is the last line.
    told = refusal is not None and text.rstrip().endswith(refusal[0]) and "Traceback" not in text
    there = {file.relative_to(small): file.read_bytes() for file in small.rglob("*") if file.is_file()}
    new = [name for name, data in there.items() if old.get(name) != data and not _hidden(small / name, small)]
    changed = [name for name, data in old.items() if there.get(name) not in (data, sound[name])]
    torn = [name for name in new if not _whole(name, there[name], sound)]
    counted = told and named_in(refusal[0], r"Written before it: (.*)\.$")
    left = [name for name in there if _hidden(small / name, small) and not _work(name)]
    for what, wrong in (
        ("not one line with path and bytes", not told), ("changed", changed), ("torn", torn), ("left behind", left),
        ("untrue", counted != len(new)),
    ):  # fmt: skip
        if wrong:
            found[what] += 1
            print(verb, what, os.waitstatus_to_exitcode(status), text[-1500:], changed, torn, left, counted, new)
    return found


def named_in(text: str, pattern: str) -> int:
    """Return how many files a message says were written."""
    listed = re.search(pattern, text)
    if listed is None:
        return 0
    more = re.search(r" and ([\d,]+) more$", listed[1])
    names = listed[1][: more.start()] if more else listed[1]
    return len(names.split(", ")) + (int(more[1].replace(",", "")) if more else 0)


def _work(name: Path) -> bool:
    """Tell whether a file is what a run keeps for the next one."""
    return any(part.endswith((".work", ".lock", ".runs")) for part in name.parts)


def _whole(name: Path, data: bytes, sound: dict[Path, bytes]) -> bool:
    """Tell whether a file is one that the verb writes, whole; keys and times differ from run to run."""
    if name not in sound:
        return False
    if data == sound[name]:
        return True
    if name.suffix in (".docx", ".xlsx"):
        return zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    return abs(len(data) - len(sound[name])) < 20 and name.suffix in (".key", ".pub", ".json", ".html", ".pdf")


def interrupts(times: int, dice: random.Random, folder: Path) -> Counter[str]:
    inputs, found, verbs = prepared(folder), Counter[str](), LONGEST | {
        verb: arguments for verb, arguments in (LONGER | QUICK).items() if verb not in LONGEST
    }  # fmt: skip
    number = -1
    while found["interrupted"] < times:
        number += 1
        verb = list(verbs)[number % len(verbs)]
        out = folder / f"out-{number}"
        out.mkdir()
        placed(verb, inputs, out)
        before = {file: file.read_bytes() for file in out.iterdir()}
        command = [sys.executable, "-c", INTERRUPTIBLE, *filled(verbs[verb], inputs, out)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as run:
            try:
                run.communicate(timeout=dice.uniform(0.1, 1.5 if verb in QUICK else 12.0))
                found["had ended"] += 1
                continue
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGINT)
            text = _last_words(run)
        if text is None:
            found["interrupted"] += 1
            found["did not end"] += 1
            continue
        # The last moment of a run that was done: Python ends, and minds signals no more.
        if run.returncode == 0 or (run.returncode == -signal.SIGINT and not text):
            found["had ended"] += 1
            continue
        found["interrupted"] += 1
        found[verb] += 1
        lines = [line for line in text.splitlines() if line.strip()]
        # Python may end by the signal itself, which a shell reports as 130 too.
        ended = run.returncode in (130, -signal.SIGINT)
        one = len(lines) == 1 and re.match(r"relapse-model( \S+)?: interrupted; ", lines[0]) is not None
        there = [file for file in out.rglob("*") if file.is_file() and not _hidden(file, out)]
        new = [str(file) for file in there if before.get(file) != file.read_bytes()]
        counted = named_in(text.strip(), r"each whole: (.*?)(; the same.*|; with --resume.*)?\.$")
        for what, wrong in (
            ("not one line", not one), ("not 130", not ended), ("untrue", counted != len(new)),
        ):  # fmt: skip
            if wrong:
                found[what] += 1
                print(verb, what, run.returncode, text[-1500:], counted, new)
    return found


def _last_words(run: subprocess.Popen[str]) -> str | None:
    """Return what a run said when it was interrupted; None if it did not end, which prints where it was."""
    try:
        return run.communicate(timeout=60)[1]
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGUSR1)
        time.sleep(1)
        os.killpg(run.pid, signal.SIGKILL)
        print("did not end:", run.args, run.communicate()[1][-5000:], flush=True)
        return None


def _hidden(file: Path, above: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(above).parts)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("what", choices=("kills", "full", "interrupts"))
    given.add_argument("--times", type=int, default=20)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--verbs", nargs="+", choices=VERBS, metavar="VERB", help="full: of these alone")
    asked = given.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        run = {"kills": kills, "full": partial(full, only=asked.verbs), "interrupts": interrupts}[asked.what]
        found = run(asked.times, random.Random(asked.seed), folder)
        print(dict(found))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
