"""Parts scored by others: the same bytes whoever does it, and nothing lost where a worker or a part is."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.files import write_csv
from relapse_model.model.scoring import score_part
from relapse_model.model.scoring.batch import score_folder, work_folder
from relapse_model.model.scoring.engines import PartsFailedError, dask_executor, run_parts
from relapse_model.model.scoring.score_part import PartScoring


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """130 patients, rows in no order, one of them with as many results as fifty."""
    here = tmp_path_factory.mktemp("skewed")
    tables = {name: table.copy() for name, table in rm.simulate_cohort(130, seed=8).tables().items()}
    labs = tables["labs"]
    own = labs[labs["patient_id"] == labs["patient_id"].iloc[0]].iloc[[0]]
    many = pd.concat([own] * 3000, ignore_index=True).assign(analyte="ldl", week=[8 + 0.01 * n for n in range(3000)])
    tables["labs"] = pd.concat([labs, many]).sample(frac=1.0, random_state=1)
    for name, table in tables.items():
        write_csv(table, here / f"{name}.csv")
    return here


@pytest.fixture(scope="module")
def at_once(model, folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("once") / "scores.csv"
    assert score_folder(model, folder, out).chunks == 1
    return out.read_bytes()


@pytest.mark.parametrize(("parts", "made"), [(1, 1), (20, 15)])  # 130 rows in blocks of 3: 9 in a part, not 7
def test_any_number_of_parts_gives_the_same_bytes(model, folder, tmp_path, at_once, parts, made):
    assert len(rm.partition(folder, tmp_path / "parts", parts=parts)) == made
    found = rm.score_folder(model, tmp_path / "parts", tmp_path / "scores.csv")
    assert (found.patients, found.chunks) == (130, made)
    assert (tmp_path / "scores.csv").read_bytes() == at_once


def test_every_classifier_gives_the_same_bytes_in_parts(models, folder, tmp_path):
    """The last digit of a sum of products depends on how many rows are multiplied together."""
    rm.partition(folder, tmp_path / "parts", parts=7)
    for name, model in models.items():
        score_folder(model, folder, tmp_path / "once.csv")
        score_folder(model, tmp_path / "parts", tmp_path / "scores.csv")
        assert (tmp_path / "scores.csv").read_bytes() == (tmp_path / "once.csv").read_bytes(), name


def test_what_spark_calls_gives_the_same_scores(model, folder, tmp_path, at_once):
    """Two tasks, as mapInPandas makes them: each with an iterator over tables of part numbers."""
    rm.partition(folder, tmp_path / "parts", parts=5)
    scores = rm.parts_scorer(model, tmp_path / "parts")
    tasks = ([pd.DataFrame({"part": [3, 0]}), pd.DataFrame({"part": [4]})], [pd.DataFrame({"part": [1, 2]})])
    tables = [table for task in tasks for table in scores(iter(task))]
    assert [len(table) for table in tables] == [27, 27, 22, 27, 27]
    write_csv(pd.concat(tables).sort_values("row").drop(columns="row"), tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_bytes() == at_once


class Shaky(Executor):
    """Fails so many times with each of some parts before it does the work."""

    def __init__(self, times, error):
        self.times, self.error = dict(times), error

    def submit(self, function, /, *given):
        future, number = Future(), given[1]
        if self.times.get(number, 0):
            self.times[number] -= 1
            future.set_exception(self.error)
        else:
            future.set_result(function(*given))
        return future


def test_a_part_that_fails_once_is_done_when_the_others_are():
    done = []
    shaky = Shaky({1: 1}, OSError(5, "Input/output error"))
    assert list(run_parts(done.append, [0, 1, 2], lambda: nullcontext(shaky))) in ([0, 2, 1], [2, 0, 1])
    assert sorted(done) == [0, 1, 2]


def test_a_part_that_fails_twice_is_listed_and_the_others_are_done():
    done = []
    shaky = Shaky({1: 9}, OSError(5, "Input/output error", "ZHANG-1985.csv"))
    with pytest.raises(PartsFailedError) as error:
        list(run_parts(done.append, [0, 1, 2], lambda: nullcontext(shaky)))
    assert error.value.reasons == {1: "OSError (Input/output error)"}  # and nobody's name
    assert sorted(done) == [0, 2]


def test_what_the_library_refuses_is_not_tried_again():
    shaky = Shaky({1: 1}, CohortError("the cohort was refused", []))
    with pytest.raises(CohortError):
        list(run_parts(lambda number: None, [0, 1, 2], lambda: nullcontext(shaky)))


def test_failed_parts_are_named_the_others_kept_and_the_next_run_goes_on(model, folder, tmp_path, at_once):
    out = tmp_path / "scores.csv"
    with pytest.raises(PartsFailedError, match=r"1 of 5 parts .* no output") as error:
        score_folder(model, folder, out, chunk_patients=27, executor=Shaky({2: 2}, MemoryError()))
    assert "part 2 (rows 56 to 82 of the patients table): MemoryError" in str(error.value)
    assert not out.exists()
    assert len(list(work_folder(out).glob("part-*"))) == 4
    with ThreadPoolExecutor(1) as pool:
        score_folder(model, folder, out, chunk_patients=27, executor=pool)
    assert out.read_bytes() == at_once
    assert not work_folder(out).exists()


def test_a_worker_of_another_version_is_refused(model, folder, tmp_path, monkeypatch):
    parts = rm.partition(folder, tmp_path / "parts", parts=2)
    one = PartScoring(model, str(parts.folder), str(tmp_path), "k", {})
    monkeypatch.setattr(score_part, "__version__", "0.0.1")
    with pytest.raises(RelapseModelError, match=r"a worker has version 0\.0\.1 .* expected one version"):
        one(0)


def test_without_dask_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(RelapseModelError, match=r"pip install 'relapse-model\[dask\]'"), dask_executor():
        pass


# ---------------------------------------------------------------------------------- a real cluster of processes


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="the package distributed is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.mark.filterwarnings("ignore")  # of distributed's own, while workers come and go
def test_dask_gives_the_same_bytes(model, folder, tmp_path, at_once, cluster, capsys):
    model.save(tmp_path / "m.rmodel")
    given = ["score", str(tmp_path / "m.rmodel"), str(folder), "--out", str(tmp_path / "scores.csv"), "--chunk", "18"]
    assert main([*given, "--engine", "dask", "--scheduler", cluster.scheduler_address]) == 0
    assert "in 8 chunks" in capsys.readouterr().out
    assert (tmp_path / "scores.csv").read_bytes() == at_once


@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_is_killed_costs_nothing(model, folder, tmp_path, at_once, cluster):
    out = tmp_path / "scores.csv"
    with cluster.get_client() as client:
        victim = next(iter(client.run(os.getpid).values()))
        killed = []

        def kill():
            while not list(work_folder(out).glob("part-*")):
                time.sleep(0.005)
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

        watcher = threading.Thread(target=kill)
        watcher.start()
        found = score_folder(model, folder, out, chunk_patients=9, executor=client.get_executor())
        watcher.join()
        assert killed
        assert found.chunks == 15
        assert victim not in client.run(os.getpid).values()
    assert out.read_bytes() == at_once


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_partition_is_named_and_the_others_are_scored(model, folder, tmp_path, at_once, cluster):
    parts = rm.partition(folder, tmp_path / "parts", parts=5)
    file, out = parts.folder / "labs-00003.parquet", tmp_path / "scores.csv"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with cluster.get_client() as client:
        with pytest.raises(PartsFailedError, match=r"1 of 5 parts.*\n  part 3 .* labs-00003\.parquet .*as it was writ"):
            score_folder(model, parts.folder, out, executor=client.get_executor())
        assert len(list(work_folder(out).glob("part-*"))) == 4
        file.write_bytes(whole)
        score_folder(model, parts.folder, out, executor=client.get_executor())
    assert out.read_bytes() == at_once
    assert parts.folder.exists()  # it is the user's


def test_an_address_alone_is_no_engine(model, folder, tmp_path, capsys):
    model.save(tmp_path / "m.rmodel")
    given = ["score", str(tmp_path / "m.rmodel"), str(folder), "--out", str(tmp_path / "scores.csv")]
    assert main([*given, "--scheduler", "tcp://10.0.0.1:8786"]) == 1
    assert "expected --engine dask with it" in capsys.readouterr().err


def test_the_output_is_none_of_the_partitions(model, folder, tmp_path):
    rm.partition(folder, tmp_path / "parts", parts=2)
    with pytest.raises(RelapseModelError, match="lies among the partitions that are read"):
        score_folder(model, tmp_path / "parts", tmp_path / "parts" / "labs-00000.parquet")


def test_nobody_answers_at_an_address():
    pytest.importorskip("distributed", reason="the package distributed is not installed")
    with pytest.raises(RelapseModelError, match="nobody answers there"), dask_executor("nonsense://nowhere"):
        pass


def test_the_partitions_need_not_lie_where_they_were_made(model, folder, tmp_path, at_once):
    rm.partition(folder, tmp_path / "parts", parts=3)
    shutil.move(tmp_path / "parts", tmp_path / "elsewhere")
    score_folder(model, tmp_path / "elsewhere", tmp_path / "scores.csv", jobs=2)
    assert (tmp_path / "scores.csv").read_bytes() == at_once
