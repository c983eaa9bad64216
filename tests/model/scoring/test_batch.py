"""Scoring in chunks: the same as at once, whatever is wrong with rows, and whenever it was broken off."""

from __future__ import annotations

import csv
import errno
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.files import alone, write_csv
from relapse_model.model.scoring import score_part
from relapse_model.model.scoring.batch import more_patients_than, score_folder, work_folder
from relapse_model.model.scoring.score_part import PartScoring
from relapse_model.study.reader import parse_study

RISKS = ["relapse_risk", "risk_lower", "risk_upper"]


def rows_of(file):
    with open(file, newline="", encoding="utf-8") as opened:
        return list(csv.reader(opened))


def write_rows(rows, file):
    with open(file, "w", newline="", encoding="utf-8") as opened:
        csv.writer(opened, lineterminator="\n").writerows(rows)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """500 patients with nothing wrong."""
    folder = tmp_path_factory.mktemp("sound")
    rm.simulate_cohort(500, seed=9).write(folder)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """80 patients, 8 chunks of 10."""
    folder = tmp_path_factory.mktemp("small")
    rm.simulate_cohort(80, seed=10).write(folder)
    return folder


@pytest.fixture(scope="module")
def messy(sound, tmp_path_factory):
    """The same with all that can be wrong with a row, and its results in no order."""
    folder = tmp_path_factory.mktemp("messy") / "cohort"
    shutil.copytree(sound, folder)
    random.seed(3)
    patients, labs, treatments = (rows_of(folder / f"{name}.csv") for name in ("patients", "labs", "treatments"))
    ids = [row[0] for row in patients[1:]]
    of = {name: labs[0].index(name) for name in labs[0]}
    by_patient = {text: [row for row in labs[1:] if row[0] == text] for text in ids[:60] + ids[400:420]}
    by_patient[ids[1]][0][of["value"]] = "see above"
    by_patient[ids[2]][0][of["value"]] = f"as {ids[450]}"  # an identifier of another chunk
    by_patient[ids[3]][0][of["week"]] = "soon"
    for place, unit in ((0, "stone"), (1, "pints"), (2, "stone")):  # two units that the study does not know
        by_patient[ids[4]][place][of["unit"]] = unit
        by_patient[ids[400]][place][of["unit"]] = ("pints", "stone", "pints")[place]
    for row in by_patient[ids[5]]:
        row[0] = f" {row[0]} "
    labs += [list(by_patient[ids[6]][0]), list(by_patient[ids[410]][2])]  # the same row a second time
    labs += [["nobody", *row[1:]] for row in by_patient[ids[7]][:3]] + [["", *by_patient[ids[8]][0][1:]]]
    for row in by_patient[ids[9]]:
        row[0] = "gone"  # a patient without any result
    treatments += [["nobody", *treatments[1][1:]]]
    patients[20][patients[0].index("age_years")] = "old"
    patients[300][0] = ""
    patients[350][0] = ""
    repeated = [list(patients[30]), list(patients[31]), list(patients[30])]
    patients = patients[:200] + repeated[:2] + patients[200:] + repeated[2:]
    body = labs[1:]
    random.shuffle(body)
    write_rows(patients, folder / "patients.csv")
    write_rows([labs[0], *body], folder / "labs.csv")
    write_rows(treatments, folder / "treatments.csv")
    with open(folder / "labs.csv", "a", encoding="utf-8") as file:
        file.write(",,\n\n")  # rows that were cleared, not deleted
    return folder


def at_once(model, folder, out):
    cohort = rm.read_cohort(folder, study=model.study, on_problems="list")
    write_csv(model.score(cohort), out)
    return cohort


def assert_same_scores(one, other):
    """Texts must be the same; of numbers, sums over rows side by side may differ in the last digit."""
    one, other = (pd.read_csv(file, dtype=str, keep_default_na=False) for file in (one, other))
    pd.testing.assert_frame_equal(one.drop(columns=RISKS), other.drop(columns=RISKS))
    for name in RISKS:
        numbers = [pd.to_numeric(table[name]).to_numpy() for table in (one, other)]
        np.testing.assert_allclose(*numbers, rtol=1e-11)


# ------------------------------------------------------------------------------------------ the same as at once


@pytest.fixture(scope="module")
def scored(model, messy, tmp_path_factory):
    """The scores of the messy cohort in chunks, and at once; and what was said of them."""
    here = tmp_path_factory.mktemp("scored")
    found = score_folder(model, messy, here / "chunks.csv", chunk_patients=64)
    return here, found, at_once(model, messy, here / "once.csv")


def test_chunks_give_what_one_reading_gives(model, messy, scored):
    here, found, cohort = scored
    assert_same_scores(here / "chunks.csv", here / "once.csv")
    score_folder(model, messy, here / "at_once.csv")
    assert (here / "chunks.csv").read_bytes() == (here / "at_once.csv").read_bytes()
    assert found.patients == len(cohort) + len(cohort.rejected) == found.scored + found.rejected
    assert len(cohort.rejected) >= 12  # what was spoilt above


def test_a_chunk_may_be_one_patient(model, messy, tmp_path):
    folder = shutil.copytree(messy, tmp_path / "few")
    rows = rows_of(messy / "patients.csv")
    write_rows([*rows[:8], *rows[300:303], rows[1]], folder / "patients.csv")
    at_once(model, folder, tmp_path / "once.csv")
    found = score_folder(model, folder, tmp_path / "chunks.csv", chunk_patients=1)
    assert_same_scores(tmp_path / "chunks.csv", tmp_path / "once.csv")
    assert found.chunks == 10  # of 11 rows, the last is the first patient again: it lies in the first part


def test_counts_and_rows_of_unknown_patients(model, messy, scored, tmp_path):
    here, found, _ = scored
    scores = pd.read_csv(here / "chunks.csv", keep_default_na=False)
    assert found.patients == 503  # 500, and three rows that stand a second or third time
    assert found.scored == (scores["status"] == "scored").sum()
    assert found.warned == ((scores["status"] == "scored") & (scores["warnings"] != "")).sum()
    assert found.chunks == 8  # 503 rows, 64 in a part
    known = {row[0].strip() for row in rows_of(messy / "patients.csv")[1:]}
    for name, fewest in (("labs", 3), ("treatments", 1)):
        rows = enumerate(rows_of(messy / f"{name}.csv")[1:], start=2)
        unknown = tuple(number for number, row in rows if row and row[0].strip() not in known)
        assert len(unknown) > fewest
        assert found.unattached_rows[name] == unknown
    once = score_folder(model, messy, tmp_path / "once.csv")
    assert once.chunks == 1
    assert once.unattached_rows == found.unattached_rows
    assert (once.scored, once.rejected, once.warned) == (found.scored, found.rejected, found.warned)


def test_no_message_shows_an_identifier_of_another_chunk(scored):
    scores = pd.read_csv(scored[0] / "chunks.csv", keep_default_na=False)
    assert "a patient's identifier is in it" in scores["reason"].iloc[2]
    texts = " ".join(scores["reason"]) + " ".join(scores["warnings"])
    assert not any(text in texts for text in scores["patient_id"] if text)


def test_parquet_is_scored_as_csv_is(model, small, tmp_path):
    folder = tmp_path / "parquet"
    folder.mkdir()
    for name in ("patients", "labs", "treatments"):
        pd.read_csv(small / f"{name}.csv").to_parquet(folder / f"{name}.parquet")
    at_once(model, folder, tmp_path / "once.csv")
    score_folder(model, folder, tmp_path / "chunks.csv", chunk_patients=10)
    assert_same_scores(tmp_path / "chunks.csv", tmp_path / "once.csv")


def test_a_model_of_several_landmarks_is_asked_for_the_week(small, tmp_path, study, cohort):
    model = rm.train(cohort, study, candidates=("prior_logistic",), landmark_week=[0, 12])
    read = rm.read_cohort(small, study=study, on_problems="list")
    write_csv(model.score(read, landmark_week=12), tmp_path / "once.csv")
    score_folder(model, small, tmp_path / "chunks.csv", chunk_patients=30, landmark_week=12)
    assert_same_scores(tmp_path / "chunks.csv", tmp_path / "once.csv")
    with pytest.raises(RelapseModelError, match="landmark_week is 50"):
        score_folder(model, small, tmp_path / "chunks.csv", chunk_patients=30, landmark_week=50)


def test_a_patient_whom_the_model_refuses_costs_nobody_else(model, small, tmp_path):
    # "PegIFN stopped" is not known to be pegifn; the scores of the others stay.
    folder = shutil.copytree(small, tmp_path / "cohort")
    patients, treatments = rows_of(folder / "patients.csv"), rows_of(folder / "treatments.csv")
    at = treatments[0].index("agent")
    kept = [row for row in treatments[1:] if row[at] != "pegifn"]
    example = next(row for row in treatments[1:] if row[at] == "pegifn")
    whom = patients[50][0]
    odd = [whom, *example[1:]]
    odd[at] = "PegIFN stopped"
    header = patients[0]
    stated = header.index("pegifn_weeks") if "pegifn_weeks" in header else None
    write_rows([[c for i, c in enumerate(row) if i != stated] for row in patients], folder / "patients.csv")
    write_rows([treatments[0], *kept], folder / "treatments.csv")
    score_folder(model, folder, tmp_path / "without.csv", chunk_patients=10)
    write_rows([treatments[0], *kept, odd], folder / "treatments.csv")
    found = score_folder(model, folder, tmp_path / "with.csv", chunk_patients=10)
    one, other = (pd.read_csv(tmp_path / name, keep_default_na=False) for name in ("with.csv", "without.csv"))
    row = one[one["patient_id"] == whom].iloc[0]
    assert row["status"] == "rejected"
    assert "'PegIFN stopped'; expected 'pegifn', if that is meant" in row["reason"]
    others = (one["patient_id"] != whom).to_numpy()
    assert (one["status"] == other["status"])[others].all()
    np.testing.assert_allclose(
        pd.to_numeric(one["relapse_risk"][others]), pd.to_numeric(other["relapse_risk"][others]), rtol=1e-11
    )
    assert found.patients == 80


def test_other_names_of_agents_and_analytes_score_the_same_at_once_and_in_chunks(model, small, tmp_path):
    """Every patient by names that hospitals print, a third each: the scores are those of the study's own names."""
    folder = shutil.copytree(small, tmp_path / "cohort")
    printed = {
        "pegifn": ("派罗欣", "Peg-IFN α-2b", "L03AB11"),
        "hbig": ("乙肝免疫球蛋白", "HBIG", "hepatitis B immune globulin"),
        "nuc": ("NUC", "核苷类似物", "nucleos(t)ide analogue"), "hbsag": ("乙肝表面抗原", "HBsAg", "63557-3"),
        "anti_hbs": ("抗-HBs", "HBsAb", "乙肝表面抗体（定量）"), "hbv_dna": ("HBV-DNA", "乙型肝炎病毒DNA", "11258-1"),
    }  # fmt: skip
    for name, column in (("labs", "analyte"), ("treatments", "agent")):
        table = pd.read_csv(small / f"{name}.csv", dtype=str, keep_default_na=False)
        table[column] = [printed.get(text, (text,) * 3)[row % 3] for row, text in enumerate(table[column])]
        table.to_csv(folder / f"{name}.csv", index=False)
    at_once(model, small, tmp_path / "own.csv")
    at_once(model, folder, tmp_path / "once.csv")
    score_folder(model, folder, tmp_path / "chunks.csv", chunk_patients=10)
    assert_same_scores(tmp_path / "once.csv", tmp_path / "own.csv")
    assert_same_scores(tmp_path / "chunks.csv", tmp_path / "own.csv")


# ------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("labs.csv", lambda text: text.replace("analyte", "analite", 1), "column 'analyte': the column is missing"),
        ("labs.csv", lambda text: text + "\udcff", "is not UTF-8"),
        ("labs.csv", lambda text: text + '"', "quotes that do not close"),
        ("labs.csv", lambda text: text + "\0", "bytes of zero"),
        ("treatments.csv", lambda text: text + "a,b\n", "2 cells"),
        ("patients.csv", lambda text: text.replace("patient_id", "patient"), "the column is missing"),
        ("patients.csv", lambda text: text.replace("age_years", "age"), "'age_years': the column is missing"),
    ],
)
def test_a_file_that_is_broken_as_a_whole_is_refused_as_read_cohort_does(model, small, tmp_path, name, change, match):
    folder = shutil.copytree(small, tmp_path / "cohort")
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_bytes(change(text).encode("utf-8", "surrogateescape"))
    with pytest.raises(CohortError, match=match) as chunked:
        score_folder(model, folder, tmp_path / "scores.csv", chunk_patients=10)
    with pytest.raises(CohortError) as whole:
        model.score(rm.read_cohort(folder, study=model.study, on_problems="list"))
    assert chunked.value.problems[0] == whole.value.problems[0]
    assert [file.name for file in tmp_path.iterdir()] == ["cohort"]  # nothing of the patients is left behind


def test_no_such_folder_and_no_patients(model, small, tmp_path):
    with pytest.raises(CohortError, match="no such folder"):
        score_folder(model, tmp_path / "nowhere", tmp_path / "scores.csv")
    folder = shutil.copytree(small, tmp_path / "cohort")
    write_rows(rows_of(folder / "patients.csv")[:1], folder / "patients.csv")
    with pytest.raises(CohortError, match="patients: no rows"):
        score_folder(model, folder, tmp_path / "scores.csv")


@pytest.mark.parametrize("chunk_patients", [0, -3])
def test_a_chunk_holds_somebody(model, small, tmp_path, chunk_patients):
    with pytest.raises(RelapseModelError, match="chunk_patients"):
        score_folder(model, small, tmp_path / "scores.csv", chunk_patients=chunk_patients)


# ----------------------------------------------------------------------------------------- broken off, and resumed


class Broken(Exception):
    """What no part of the library raises."""


def broken_off(monkeypatch, model, folder, out, after):
    """Score until `after` chunks are scored, and there fail as a full disk would."""
    real, scored = score_part.scores_of, []

    def fail(*given, **asked):
        if len(scored) == after:
            raise Broken
        scored.append(given)
        return real(*given, **asked)

    monkeypatch.setattr(score_part, "scores_of", fail)
    with pytest.raises(Broken):
        score_folder(model, folder, out, chunk_patients=10)
    monkeypatch.setattr(score_part, "scores_of", real)


def counted(monkeypatch):
    real, scored = score_part.scores_of, []

    def count(*given, **asked):
        scored.append(given)
        return real(*given, **asked)

    monkeypatch.setattr(score_part, "scores_of", count)
    return scored


def test_a_failure_loses_no_other_chunk_and_the_next_run_goes_on(model, small, tmp_path, monkeypatch):
    score_folder(model, small, tmp_path / "whole.csv", chunk_patients=10)
    out = tmp_path / "scores.csv"
    broken_off(monkeypatch, model, small, out, after=5)
    work = work_folder(out)
    assert not out.exists()
    assert len(list(work.glob("part-*.csv"))) == 5
    assert stat.S_IMODE(work.stat().st_mode) == 0o700
    one = next(work.glob("part-*-00001.csv"))
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    one.unlink()
    scored = counted(monkeypatch)
    score_folder(model, small, out, chunk_patients=10)
    assert len(scored) == 4  # of 8 chunks, the three that were not reached and the one taken away
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not work.exists()


@pytest.mark.parametrize("change", ["labs", "model", "chunk", "resume"])
def test_what_has_changed_is_scored_anew(model, models, small, tmp_path, monkeypatch, change):
    out, folder = tmp_path / "scores.csv", shutil.copytree(small, tmp_path / "cohort")
    broken_off(monkeypatch, model, folder, out, after=5)
    asked = {"chunk_patients": 10}
    if change == "labs":
        labs = rows_of(folder / "labs.csv")
        labs[5][labs[0].index("value")] = "117"
        write_rows(labs, folder / "labs.csv")
    elif change == "model":
        model = models["ridge_logistic"]
    elif change == "chunk":
        asked = {"chunk_patients": 11}
    else:
        asked["resume"] = False
    scored = counted(monkeypatch)
    score_folder(model, folder, out, **asked)
    assert len(scored) == (7 if change == "chunk" else 8)  # a part is of whole blocks, here of 2 patients: 12, not 11
    at_once(model, folder, tmp_path / "once.csv")
    assert_same_scores(out, tmp_path / "once.csv")


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
@pytest.mark.parametrize("what", ["part", "noted", "sum"])
def test_a_part_that_is_not_as_it_was_written_is_made_again(model, small, tmp_path, monkeypatch, what, keep):
    """A full disk or a lost cache leaves it short: neither passed on, nor an error at every run from then on."""
    out = tmp_path / "scores.csv"
    broken_off(monkeypatch, model, small, out, after=7)
    part = next(work_folder(out).glob(f"{what}-*-00003.csv"))
    content = part.read_bytes()
    part.write_bytes(content[:keep] if keep < len(content) else content + b"1")
    scored = counted(monkeypatch)
    score_folder(model, small, out, chunk_patients=10)
    assert len(scored) == 2  # this one, and the one that the first run had not come to
    at_once(model, small, tmp_path / "once.csv")
    assert_same_scores(out, tmp_path / "once.csv")


def test_a_second_run_on_the_same_output_is_refused_while_the_first_writes(model, small, tmp_path):
    out = tmp_path / "scores.csv"
    with alone(out), pytest.raises(RelapseModelError, match=r"scores\.csv: another run is writing it"):
        score_folder(model, small, out, chunk_patients=10)
    score_folder(model, small, out, chunk_patients=10)
    assert not list(tmp_path.glob(".*"))


def test_workers_of_a_killed_run_may_take_their_files_away_while_the_work_folder_is_removed(
    model, small, tmp_path, monkeypatch
):
    """They end a little after their main process, and rename what they were writing."""
    unlink, gone, scores = os.unlink, [], tmp_path / "scores.csv"

    def gone_before(path, *args, **keywords):
        unlink(path, *args, **keywords)
        if not gone and str(path).startswith("part-"):  # as rmtree names it, within its folder
            gone.append(path)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))

    monkeypatch.setattr(os, "unlink", gone_before)
    found = score_folder(model, small, scores, chunk_patients=4)
    assert gone
    assert len(pd.read_csv(scores)) == found.patients
    assert not work_folder(scores).exists()


def test_an_older_output_stays_until_the_new_one_is_complete(model, small, tmp_path, monkeypatch):
    out = tmp_path / "scores.csv"
    out.write_text("older\n", encoding="utf-8")
    broken_off(monkeypatch, model, small, out, after=7)
    assert out.read_text(encoding="utf-8") == "older\n"
    found = score_folder(model, small, out, chunk_patients=300)  # at once: what was left is of no use
    assert found.chunks == 1
    assert len(rows_of(out)) == 81
    assert not work_folder(out).exists()


def test_several_processes_write_the_same_bytes(model, small, tmp_path):
    score_folder(model, small, tmp_path / "whole.csv", chunk_patients=20)
    found = score_folder(model, small, tmp_path / "scores.csv", chunk_patients=20, jobs=2)
    assert (found.patients, found.chunks) == (80, 4)
    assert (tmp_path / "scores.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_process_left_behind_brings_no_removed_work_folder_back(model, small, tmp_path):
    parts, work = rm.partition(small, tmp_path / "parts", part_patients=20), tmp_path / "work"
    work.mkdir()
    one = PartScoring(model, str(parts.folder), str(work), "k", {"landmark_week": 0.0})
    assert one(0) == 20
    assert [file.name for file in work.glob("part-*")] == ["part-k-00000.csv"]  # of this key, and of no other run
    shutil.rmtree(work)
    with pytest.raises(FileNotFoundError):
        one(1)
    assert not work.exists()


@pytest.mark.parametrize(("patients", "many"), [(20, False), (21, True)])
def test_there_are_more_patients_than_a_number_where_the_table_has_more_rows(tmp_path, patients, many):
    write_rows([["patient_id", "sex"], *([f"p{number}", "F"] for number in range(patients))], tmp_path / "patients.csv")
    assert more_patients_than(tmp_path, 20) is many


def test_a_table_too_small_for_so_many_is_not_read(tmp_path):
    (tmp_path / "patients.csv").write_bytes(b"\xff" * 40)  # would be refused
    assert more_patients_than(tmp_path, 20) is False
    assert more_patients_than(tmp_path, 19) is True  # let the reading of the whole refuse it


LIGHT = """
import sys
import relapse_model as rm
from relapse_model.model.scoring.batch import score_folder
score_folder(rm.load_model(sys.argv[1]), sys.argv[2], sys.argv[3], chunk_patients=40)
heavy = ("shap", "matplotlib", "sklearn", "xgboost", "relapse_model.development.train")
print([name for name in heavy if name in sys.modules])
"""


def test_scoring_loads_neither_plots_nor_explanations_nor_training(model, small, tmp_path):
    model.save(tmp_path / "model.rmodel")
    given = map(str, (tmp_path / "model.rmodel", small, tmp_path / "scores.csv"))
    found = subprocess.run([sys.executable, "-c", LIGHT, *given], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


SERVE = """
import os, signal, sys, time
import relapse_model as rm
from relapse_model.model.scoring.batch import score_folder
model = rm.load_model(sys.argv[1])
print("ready", flush=True)
for out in sys.stdin:
    seconds, out = out.rstrip("\\n").split(" ", 1)
    child = os.fork()
    if child == 0:
        score_folder(model, sys.argv[2], out, chunk_patients=10)
        os._exit(0)
    if seconds != "never":
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Server:
    """A process with the model loaded, of which each run of scoring is a child that can be killed."""

    def __init__(self, *given):
        command = [sys.executable, "-c", SERVE, *map(str, given)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )  # fmt: skip
        assert self.process.stdout.readline() == "ready\n"

    def run(self, out, kill_after="never"):
        """Return the exit status of a run, killed after so many seconds."""
        self.process.stdin.write(f"{kill_after} {out}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def kill_at_random(request, model, folder, tmp_path, times):
    """Kill a run at random moments; each time look at what is there, then let the next come to its end."""
    folder = shutil.copytree(folder, tmp_path / "cohort")
    write_rows(rows_of(folder / "patients.csv")[:41], folder / "patients.csv")  # 4 chunks, and rows of others
    model.save(tmp_path / "model.rmodel")
    loaded = rm.load_model(tmp_path / "model.rmodel")
    out, whole = tmp_path / "scores.csv", tmp_path / "whole.csv"
    server = Server(tmp_path / "model.rmodel", folder)
    request.addfinalizer(server.close)
    begin = time.perf_counter()
    assert server.run(whole) == 0
    longest = time.perf_counter() - begin
    moments, left = random.Random(5), 0
    for _ in range(times):
        out.unlink(missing_ok=True)
        status = server.run(out, kill_after=moments.uniform(0.0, longest))
        left += status == signal.SIGKILL and work_folder(out).exists()
        assert not out.exists() or out.read_bytes() == whole.read_bytes()
        for part in work_folder(out).glob("part-*.csv"):
            assert len(rows_of(part)) == 11  # a header and ten patients: a part is complete
        score_folder(loaded, folder, out, chunk_patients=10)
        assert out.read_bytes() == whole.read_bytes()
        assert sorted(file.name for file in tmp_path.iterdir()) == [
            "cohort", "model.rmodel", "scores.csv", "whole.csv",
        ]  # fmt: skip
    assert left > times // 4  # many were killed in the midst of it


def test_killed_at_any_moment_it_resumes_to_the_same_bytes(request, model, small, tmp_path):
    kill_at_random(request, model, small, tmp_path, 15)


@pytest.mark.slow
def test_killed_at_200_moments_it_resumes_to_the_same_bytes(request, model, small, tmp_path):
    kill_at_random(request, model, small, tmp_path, 200)


# Days, times and identifiers: the same in parts as at once.


@pytest.fixture(scope="module")
def dated_model(cohort, study):
    """A model whose study states the hospital's time zone."""
    own = parse_study(study.text + '\n[time]\nzone = "Asia/Shanghai"\n', "test")
    return rm.train(cohort, own, candidates=("prior_logistic",))


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    """40 patients with results in UTC, forms of identifiers, rows twice, and contradictions of one day."""
    folder = tmp_path_factory.mktemp("dated")
    tables = {name: table.copy() for name, table in rm.simulate_cohort(40, seed=12).tables().items()}
    patients, labs = tables["patients"], tables["labs"]
    patients["enrolment_date"] = "2024-03-02"
    day = pd.Timestamp("2024-03-02") + pd.to_timedelta(np.floor(7 * labs.pop("week").astype(float)), unit="D")
    labs["date"] = (day - pd.Timedelta(minutes=30)).dt.strftime("%Y-%m-%dT%H:%M:00Z")  # half past seven in Shanghai
    labs["record_id"] = np.arange(len(labs))
    ids = patients["patient_id"]
    titre = labs[(labs["analyte"] == "anti_hbs") & (labs["date"] <= "2024-03-02")]
    one = {place: titre[titre["patient_id"] == ids[place]].iloc[[-1]] for place in (3, 17, 30)}
    labs = pd.concat(
        [
            labs,
            one[3].assign(value="777", record_id=-1),  # another titre at the same time
            one[17].assign(record_id=-2),  # the same row again
            one[30].assign(value="888", date="2024-03-01T23:59:00Z", record_id=-3),
        ]
    )  # later that day
    labs["patient_id"] = labs["patient_id"].replace({ids[5]: "Ｐ" + ids[5][1:], ids[6]: ids[6] + "\u200b"})
    for name, table in (tables | {"patients": patients, "labs": labs.sample(frac=1.0, random_state=2)}).items():
        write_csv(table, folder / f"{name}.csv")
    return folder


def test_days_times_and_forms_of_identifiers_are_read_in_parts_as_at_once(dated_model, dated, tmp_path):
    at_once = score_folder(dated_model, dated, tmp_path / "once.csv")
    in_parts = score_folder(dated_model, dated, tmp_path / "parts.csv", chunk_patients=6)
    assert (at_once.chunks, in_parts.chunks) == (1, 7)
    once, parts = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("once", "parts"))
    pd.testing.assert_frame_equal(once, parts, rtol=1e-12)
    assert once.index[once["status"] == "rejected"].tolist() == [3]  # that patient alone
    assert once.loc[3, "reason"].startswith("labs, row ")
    assert "on the same day; expected results of 'anti_hbs' on one day that agree" in once.loc[3, "reason"]
    assert at_once.unattached_rows == {}
    assert at_once.noted_rows == in_parts.noted_rows  # the row again is named, and nothing else
    assert {name: len(rows) for name, rows in at_once.noted_rows.items()} == {"labs": 1}
    known = rm.derive_features(rm.read_cohort(dated, study=dated_model.study, on_problems="list"), dated_model.study)
    assert 10 ** known["anti_hbs"].iloc[29] == pytest.approx(888)  # the patient in place 3 is not among them


def test_without_the_zone_everybody_is_rejected_and_told_what_to_write(model, dated, tmp_path):
    score_folder(model, dated, tmp_path / "scores.csv", chunk_patients=6)
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert (scores["status"] == "rejected").all()
    assert scores["reason"].str.contains('[time] zone = "..." in the study', regex=False).all()
