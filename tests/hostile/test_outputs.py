"""What is written and printed: formulas escaped, full disks named, no model replaced, one line for Ctrl-C."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cli import program
from relapse_model.cli.program import main
from relapse_model.errors import RelapseModelError
from relapse_model.files import escaped, printable, unescaped, write_bytes, write_csv, write_new


@given(st.text(st.sampled_from("=+-@\t\r\n'1.eaé ＝＋－＠")))
def test_what_is_escaped_comes_back_and_is_no_formula(text):
    told = escaped(text)
    assert unescaped(told) == text
    number = told.lstrip("+-").replace(".", "", 1).replace("e", "", 1).replace("-", "").replace("+", "").isdecimal()
    assert not told.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) or number


def test_every_text_of_a_table_of_results_is_escaped(tmp_path):
    table = pd.DataFrame({"patient_id": ["=1+1", "P1"], "risk": [-0.5, 1.0], "=x": ["@a", "-3"]})
    write_csv(table, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "patient_id,risk,'=x\n'=1+1,-0.5,'@a\nP1,1.0,-3\n"
    write_csv(table, tmp_path / "exact.csv", exact=True)
    assert (tmp_path / "exact.csv").read_text() == "patient_id,risk,=x\n=1+1,-0.5,@a\nP1,1.0,-3\n"


def test_a_full_disk_is_named_with_path_and_size(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "x.csv"
    target.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RelapseModelError, match=r"x\.csv: no room for 2,000 bytes \(No space left on device\)"):
        write_bytes(b"0" * 2000, target)
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]
    assert target.read_text() == "before"


def test_what_steers_a_terminal_is_shown():
    assert printable("a\x1b[2Jb\u202ec\nd\te") == r"a\x1b[2Jb\u202ec" + "\nd\te"
    assert printable("P1\u200b\u061c\ufeff\U000e0041") == r"P1\u200b\u061c\ufeff\U000e0041"
    assert printable(os.fsdecode(b"c\xff.csv")).encode("utf-8") == rb"c\udcff.csv"  # a name that is no UTF-8


@pytest.fixture(scope="module")
def place(tmp_path_factory, model):
    folder = tmp_path_factory.mktemp("place")
    model.save(folder / "m.rmodel")
    model.save(folder / "other.rmodel")
    rm.simulate_cohort(8, seed=8).write(folder / "c")
    return folder


def test_nothing_but_a_model_replaces_a_model(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    Path("linked").symlink_to("other.rmodel")
    os.link("other.rmodel", "hard")
    before = Path("other.rmodel").read_bytes()
    for out in ("other.rmodel", "linked", "hard"):
        assert main(["score", "m.rmodel", "c", "--out", out]) == 1
        assert "a model file, which score would replace by something else" in capsys.readouterr().err
    assert Path("other.rmodel").read_bytes() == before


def test_a_hyphen_is_standard_output(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    assert main(["score", "m.rmodel", "c", "--out", "scores.csv"]) == 0
    capsys.readouterr()
    assert main(["score", "m.rmodel", "c", "--out", "-"]) == 0
    said = capsys.readouterr()
    assert said.out == Path("scores.csv").read_text()
    assert "Scores: standard output" in said.err
    assert main(["train", "c", "--out", "-"]) == 1
    assert "--out -: train does not write to standard output, as score," in capsys.readouterr().err


def test_figures_of_nobody_are_refused(place, monkeypatch, capsys):
    """They were left out in silence, and the exit code was 0."""
    monkeypatch.chdir(place)
    assert main(["explain", "m.rmodel", "c", "--out", "explained.csv", "--figures", "f"]) == 1
    assert "--figures f: figures are of one patient; expected --patient ID with it." in capsys.readouterr().err
    assert not Path("explained.csv").exists()


def test_ctrl_c_says_what_is_there_already(place, monkeypatch, capsys):
    """Writing a folder is not one step: what was written before is named, with what a run keeps for itself left out."""
    from relapse_model.cli import cohort_verbs

    def broken_off(given):
        for name in ("first.csv", "second.csv", ".work/kept.csv"):
            write_bytes(b"1", Path(given.out) / name)
        raise KeyboardInterrupt

    monkeypatch.chdir(place)
    monkeypatch.setattr(cohort_verbs, "simulate", broken_off)
    assert main(["simulate", "--out", "broken"]) == 130
    here = Path("broken").resolve()
    assert capsys.readouterr().err == (
        f"relapse-model simulate: interrupted; written before that, each whole: {here / 'first.csv'}, "
        f"{here / 'second.csv'}.\n"
    )


def test_a_full_disk_says_what_was_written_before_it(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    sync, calls = os.fsync, []

    def full_at_the_third(handle):
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    monkeypatch.setattr(os, "fsync", full_at_the_third)
    assert main(["simulate", "--out", "part", "--patients", "5"]) == 1
    said = capsys.readouterr().err
    there = sorted(path.name for path in Path("part").iterdir())
    assert len(there) == 2
    assert said.count("\n") == 1
    assert "no room for" in said
    assert all(f"{Path('part').resolve() / name}" in said.split("Written before it: ")[1] for name in there)


def test_a_key_for_which_there_is_no_room_is_taken_away(tmp_path, monkeypatch):
    pytest.importorskip("cryptography")
    from relapse_model.model.file.signature import make_keys

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RelapseModelError, match=r"mine\.key: no room for"):
        make_keys(tmp_path / "mine.key", tmp_path / "mine.pub")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_while_parts_are_made_is_named(place, tmp_path, monkeypatch):
    """pyarrow writes them; its own message names no file."""
    import pyarrow.parquet as parquet

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", full)
    with pytest.raises(RelapseModelError, match=r"parts: no room for [\d,]+ bytes \(No space left on device\)"):
        rm.partition(place / "c", tmp_path / "parts", part_patients=4)


def test_ctrl_c_is_one_line(place):
    """Sent as soon as the verb is under way, which a line on standard error tells."""
    command = (
        "import signal, sys, time; from relapse_model.cli import cohort_verbs, program;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # background jobs of a shell ignore it
        "cohort_verbs.check = lambda given: (print('ready', flush=True), time.sleep(30));"
        "sys.exit(program.main(['check', 'c']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=60)[1]
    assert run.returncode == 130
    assert said == "relapse-model check: interrupted; no output was written.\n"


def test_ctrl_c_while_arguments_are_read_is_one_line(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "parser", interrupted)
    assert main(["check", "c"]) == 130
    assert capsys.readouterr().err == "relapse-model: interrupted; no output was written.\n"


def test_ctrl_c_while_the_program_is_imported_is_one_line():
    command = (
        "import runpy, sys, types\n"
        "class Interrupted(types.ModuleType):\n"
        "    def __getattr__(self, name): raise KeyboardInterrupt\n"
        "sys.modules['relapse_model.cli.program'] = Interrupted('relapse_model.cli.program')\n"
        "runpy.run_module('relapse_model', run_name='__main__')\n"
    )
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (130, "relapse-model: interrupted; no output was written.\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("verb", [["features"], ["study", "show", "hbsag-relapse"], ["features", "--out", "-"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_standard_output_is_one_line(verb, unbuffered):
    """Buffered, it is full when the verb has ended, and Python would say so itself, with exit code 120."""
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "relapse_model", *verb], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    last = run.stderr.splitlines()[-1]
    assert run.returncode == 1
    assert last.startswith(f"relapse-model {verb[0]}: standard output: no room for it (No space left on device)")
    assert "Exception" not in run.stderr


@pytest.mark.parametrize("name", ["x.csv", "new/x.csv"])
def test_a_disk_without_room_for_one_file_more_is_named(tmp_path, monkeypatch, name):
    """Neither the file beside nor a folder can be made; the system names a temporary file, and no size."""

    def full(path, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(os, "open", full)
    monkeypatch.setattr(os, "mkdir", full)
    for write in (write_bytes, write_new):
        with pytest.raises(RelapseModelError, match=r"x\.csv: no room for 2,000 bytes \(No space left on device\)"):
            write(b"0" * 2000, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
