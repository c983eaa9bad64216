"""Scoring of a cohort folder of any size: chunk by chunk, resumed where it was broken off, nobody lost."""

from __future__ import annotations

import csv
import hashlib
import heapq
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relapse_model._version import __version__
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.folder import cohort_files, read_cohort
from relapse_model.cohort.large_folders.chunks import CohortChunks, split_cohort
from relapse_model.cohort.large_folders.open_table import open_blocks
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import CohortError, ProblemsError, RelapseModelError
from relapse_model.files import put_in_place, require_file, require_no_replacement, write_csv, write_private_csv
from relapse_model.model.scoring.scores import score_cohort
from relapse_model.model.trained import TrainedModel

CHUNK_PATIENTS = 20_000  # with 60 results each, about 1 GiB at the peak
_ROW = "row"  # of the patients table, first column of a part


@dataclass(frozen=True)
class BatchScores:
    """What a batch came to.

    Attributes
    ----------
    patients : int
        Rows of the patients table, as many as rows of the output.
    scored, rejected : int
        They add up to `patients`.
    warned : int
        Scored with a warning.
    unattached_rows : mapping of str to tuple of int
        For each table, the numbers of its rows whose patient is not in the patients table; as in a spreadsheet, the
        header is row 1.
    chunks : int
        In how many parts it was done.
    noted_rows : mapping of str to tuple of int
        For each table, the numbers of its rows that should be looked at, of patients who passed the gate: those that
        are repeated under another row number, and count once; weeks more than ten years from enrolment.
    """

    patients: int
    scored: int
    rejected: int
    warned: int
    unattached_rows: Mapping[str, tuple[int, ...]]
    chunks: int
    noted_rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def score_folder(
    model: TrainedModel,
    folder: str | Path,
    out: str | Path,
    *,
    chunk_patients: int = CHUNK_PATIENTS,
    landmark_week: float | None = None,
    horizon_weeks: float | None = None,
    both_arms: bool = False,
    resume: bool = True,
    jobs: int | None = 1,
    progress: bool = False,
) -> BatchScores:
    """Score a cohort folder and write the scores to one CSV file, as `RelapseModel.score` gives them for the whole.

    Memory holds one chunk of patients and all identifiers. A folder of more patients than a chunk is split first,
    into a work folder beside the output (``.OUT.work``), which only its owner may enter, since it holds patients'
    rows; it is removed when the output is written or the cohort refused. A run that was broken off leaves it, and the
    next run with the same model, files and settings goes on from there. The output appears in one step, complete.
    Two runs must not write the same output at one time.

    A patient whom the model cannot take is rejected with the reason, and the others of the chunk are scored.

    Parameters
    ----------
    model : TrainedModel
    folder : str or Path
        As `read_cohort` takes it.
    out : str or Path
        The CSV file to write; an existing one is replaced and keeps its permissions, a new one is for its owner alone.
    chunk_patients : int, default=20_000
        Patients of a chunk; memory grows with it.
    landmark_week, horizon_weeks : float, optional
        As `RelapseModel.score` takes them.
    both_arms : bool, default=False
        Also risk in either arm and benefit, as `RelapseModel.benefit` has them.
    resume : bool, default=True
        Go on with what an earlier run left; if not, start from the beginning.
    jobs : int, optional
        Processes that score chunks, as joblib takes it; each holds one chunk. The output is the same, byte for byte.
    progress : bool, default=False
        Show a progress bar if it takes more than a moment and the output is a terminal.

    Returns
    -------
    BatchScores

    Raises
    ------
    CohortError
        If a file is broken as a whole (see `read_cohort`), or lacks a column that a predictor needs.
    RelapseModelError
        If a setting cannot be used, the output would replace a table of the cohort, or a row of the patients table
        would be lost.

    Examples
    --------
    >>> import tempfile
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> with tempfile.TemporaryDirectory() as here:
    ...     rm.simulate_cohort(50, seed=8).write(f"{here}/new")
    ...     found = score_folder(model, f"{here}/new", f"{here}/scores.csv", chunk_patients=20)
    >>> found.patients, found.scored + found.rejected, found.chunks
    (50, 50, 3)
    """
    asked: dict[str, Any] = {"landmark_week": model.landmark(landmark_week), "horizon_weeks": horizon_weeks}
    asked |= {"both_arms": True} if both_arms else {}
    if chunk_patients < 1:
        raise RelapseModelError(f"chunk_patients is {chunk_patients}; expected 1 or more, such as {CHUNK_PATIENTS}.")
    source, target = Path(folder), Path(os.path.realpath(out))
    require_file(target)
    require_no_replacement([target], cohort_files(source))
    work = work_folder(target)
    if source.is_dir() and Path(os.path.realpath(source)).is_relative_to(work):
        raise RelapseModelError(f"{folder}: lies in the work folder of the output, which is removed; rename it.")
    if not resume:
        _remove(work)
    if not more_patients_than(source, chunk_patients):
        _remove(work)
        return _score_at_once(model, source, target, asked)
    try:
        chunks = _chunks(model, source, work, asked, chunk_patients, progress)
        columns = _score_chunks(model, chunks, asked, jobs, progress)
        found = _join(chunks, columns, target)
    except RelapseModelError:
        _remove(work)  # it would be refused again, and patients' rows are not left behind
        raise
    _remove(work)
    return found


def work_folder(out: Path) -> Path:
    """Return where the chunks of an output lie while it is being made.

    Examples
    --------
    >>> work_folder(Path("scores.csv")).name
    '.scores.csv.work'
    """
    return out.parent / f".{out.name}.work"


def _remove(work: Path) -> None:
    """Remove a work folder; first what says that its chunks are complete, should this be broken off too."""
    if work.is_dir():
        CohortChunks.forget(work)
        shutil.rmtree(work)


def more_patients_than(folder: Path, most: int) -> bool:
    """Tell whether a cohort folder has more patients than that; also where only reading all of it can tell.

    Parameters
    ----------
    folder : Path
    most : int
    """
    file = folder / "patients.csv"
    if not folder.is_dir() or (file.is_file() and file.stat().st_size <= 2 * most):  # a letter and a line end each
        return False
    rows = 0
    try:
        table = open_blocks(folder, "patients")
        for block in table.blocks() if table is not None else ():
            rows += len(block.ids)
            if rows > most:
                return True
    except (CohortError, ValueError):  # ValueError: there is no column patient_id
        return True  # it will be refused where all tables are looked at, and without reading them whole
    return False


def _score_at_once(model: TrainedModel, folder: Path, out: Path, asked: dict[str, Any]) -> BatchScores:
    cohort = read_cohort(folder, study=model.study, on_problems="list")
    scores = scores_of(model, cohort, **asked)
    write_csv(scores, out, private=True)
    known = cohort.identifier_keys()
    unattached: dict[str, set[int]] = {}
    for problem in cohort.problems:
        if problem.patient is not None and problem.row is not None and problem.patient not in known:
            unattached.setdefault(problem.table, set()).add(problem.row)
    scored = scores["status"] == "scored"
    return BatchScores(
        patients=len(scores),
        scored=int(scored.sum()),
        rejected=int((~scored).sum()),
        warned=int((scored & (scores["warnings"] != "")).sum()),
        unattached_rows={name: tuple(sorted(rows)) for name, rows in unattached.items()},
        chunks=1,
        noted_rows=cohort.noted_rows(),
    )


def _chunks(
    model: TrainedModel, folder: Path, work: Path, asked: dict[str, Any], chunk_patients: int, progress: bool
) -> CohortChunks:
    """Return the chunks an earlier run left, where nothing has changed since; else part the folder."""
    key = _key(model, folder, asked | {"chunk_patients": chunk_patients})
    found = CohortChunks.opened(folder, work, key)
    if found is None:
        _remove(work)
        work.mkdir(parents=True, mode=0o700)
        found = split_cohort(folder, work, chunk_patients=chunk_patients, key=key, progress=progress)
    return found


def _key(model: TrainedModel, folder: Path, settings: dict[str, Any]) -> str:
    """Return a digest of all that the scores depend on: model, files, settings, version of the library."""
    identity = {
        "version": __version__,
        "settings": settings,
        "study": _digest(model.study.text.encode("utf-8")),
        "summary": _digest(json.dumps(model.summary, sort_keys=True, default=str).encode("utf-8")),
        "classifier": {name: _digest(part) for name, part in sorted(model.classifier.to_parts().items())},
        "files": {
            file.name: _digest_of(file)
            for file in sorted(folder.iterdir())
            if file.stem in TABLES and file.suffix in (".csv", ".parquet") and file.is_file()
        },
    }
    return _digest(json.dumps(identity, sort_keys=True).encode("utf-8"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _score_chunks(
    model: TrainedModel, chunks: CohortChunks, asked: dict[str, Any], jobs: int | None, progress: bool
) -> list[str]:
    """Write the part of each chunk that has none yet; return the columns of the output."""
    from tqdm import tqdm

    lacking = [number for number in range(len(chunks)) if not _part(chunks, number).exists()]
    _ = chunks.sources  # opened once, also for other processes
    one = partial(_score_chunk, model, chunks, asked)
    done = tqdm(
        _each(one, lacking, jobs), desc="score", unit="chunk", delay=1.0, leave=False, disable=not progress or None,
        initial=len(chunks) - len(lacking), total=len(chunks),
    )  # fmt: skip
    for _ in done:
        pass
    with _part(chunks, 0).open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file))[1:]


def _each(function: Callable[[int], None], numbers: list[int], jobs: int | None) -> Iterator[None]:
    """Call a function with each number, in this process or in several; yield as calls end."""
    if jobs in (None, 1):
        return map(function, numbers)
    from joblib import Parallel, delayed

    done: Iterator[None] = Parallel(n_jobs=jobs, return_as="generator_unordered")(map(delayed(function), numbers))
    return done


def _score_chunk(model: TrainedModel, chunks: CohortChunks, asked: dict[str, Any], number: int) -> None:
    from threadpoolctl import threadpool_limits

    cohort, rows = chunks.cohort(number, model.study)
    # Products of small matrices: threads bring nothing, and wait for one another where the processor is shared.
    with threadpool_limits(1, user_api="blas"):
        scores = scores_of(model, cohort, **asked)
    scores.insert(0, _ROW, rows)
    noted = [(table, row) for table, found in cohort.noted_rows().items() for row in found]
    write_private_csv(pd.DataFrame(noted, columns=["table", "row"]), _part(chunks, number, "noted"))
    write_private_csv(scores, _part(chunks, number))  # last: it says that the chunk is done


def _part(chunks: CohortChunks, number: int, what: str = "part") -> Path:
    """Return the file of a part; with the key in its name, no process that another run left behind writes it."""
    return chunks.work / f"{what}-{chunks.counts['key'][:16]}-{number:05d}.csv"


def scores_of(
    model: TrainedModel,
    cohort: Cohort,
    *,
    landmark_week: float | None = None,
    horizon_weeks: float | None = None,
    both_arms: bool = False,
) -> pd.DataFrame:
    """Score a cohort as `RelapseModel.score` does; patients for whose sake it would be refused are rejected alone.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
    landmark_week, horizon_weeks : float, optional
        As `RelapseModel.score` takes them.
    both_arms : bool
        Also risk in either arm and benefit.

    Returns
    -------
    DataFrame
        One row per patient, in the order of the patients table.

    Raises
    ------
    RelapseModelError
        If it would be refused without any patient: for a column that a predictor needs, or a setting.
    """
    asked: dict[str, Any] = {"landmark_week": landmark_week, "horizon_weeks": horizon_weeks, "both_arms": both_arms}
    try:
        return score_cohort(model, cohort, **asked)
    except RelapseModelError:
        nobody = cohort.take(np.array([], dtype=np.intp))
        score_cohort(model, nobody, **asked)  # what is refused without patients is no patient's fault
    sound = pd.concat(list(_apart(model, replace(cohort, rejected=nobody.rejected), nobody, asked)))
    refused = score_cohort(model, replace(nobody, rejected=cohort.rejected.reset_index(drop=True)), **asked)
    places = np.setdiff1d(np.arange(len(sound) + len(refused)), cohort.rejected.index.to_numpy())
    together = [sound.set_axis(places), refused.set_axis(cohort.rejected.index)]
    return pd.concat([table for table in together if len(table)]).sort_index().reset_index(drop=True)


def _apart(model: TrainedModel, cohort: Cohort, nobody: Cohort, asked: dict[str, Any]) -> Iterator[pd.DataFrame]:
    """Halve the cohort until what cannot be scored is single patients, and reject those."""
    try:
        yield score_cohort(model, cohort, **asked)
    except RelapseModelError as error:
        if len(cohort) == 1:
            reason = str(error.problems[0] if isinstance(error, ProblemsError) and error.problems else error)
            rejected = pd.DataFrame({"patient_id": cohort.patient_ids, "reason": [reason]}, dtype=object)
            yield score_cohort(model, replace(nobody, rejected=rejected), **asked)
            return
        middle = len(cohort) // 2
        for half in (np.arange(middle), np.arange(middle, len(cohort))):
            yield from _apart(model, cohort.take(half), nobody, asked)


def _join(chunks: CohortChunks, columns: list[str], out: Path) -> BatchScores:
    """Write the parts as one file in the order of the patients table, complete or not at all."""
    counts: Counter[str] = Counter()
    status, warnings = columns.index("status"), columns.index("warnings")
    joined = chunks.work / "joined.csv"
    joined.touch(mode=0o600)
    with joined.open("w", newline="", encoding="utf-8") as file:
        plain = csv.writer(file, lineterminator="\n")
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(columns)
        for cells in _in_order(chunks, columns):
            # Before 3.13 Python does not quote a carriage return on its own, and a reader would end the row there.
            (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)
            counts[cells[status]] += 1
            counts["warned"] += cells[status] == "scored" and cells[warnings] != ""
        file.flush()
        os.fsync(file.fileno())
    if counts["scored"] + counts["rejected"] != chunks.patients:
        raise RelapseModelError(
            f"{chunks.patients} rows of the patients table came, and {counts['scored']} scored and "
            f"{counts['rejected']} rejected would have gone out; nothing was written. Score the folder again with "
            "resume=False; if that does not help, report it."
        )
    put_in_place(joined, out)
    return BatchScores(
        chunks.patients, counts["scored"], counts["rejected"], counts["warned"], chunks.unattached, len(chunks),
        _noted_rows(chunks),
    )  # fmt: skip


def _noted_rows(chunks: CohortChunks) -> dict[str, tuple[int, ...]]:
    """Return the rows to be looked at of all chunks."""
    rows: dict[str, list[int]] = {}
    for number in range(len(chunks)):
        with _part(chunks, number, "noted").open(newline="", encoding="utf-8") as file:
            for one in csv.DictReader(file):
                rows.setdefault(one["table"], []).append(int(one["row"]))
    return {name: tuple(sorted(found)) for name, found in sorted(rows.items())}


def _in_order(chunks: CohortChunks, columns: list[str]) -> Iterator[list[str]]:
    """Yield the rows of all parts in the order of the patients table.

    Only rows of an identifier that stood in an earlier chunk too lie beyond their chunk; they wait for their place.
    """
    waiting: list[tuple[int, list[str]]] = []
    for number in range(len(chunks)):
        merged = heapq.merge(waiting, _rows(_part(chunks, number), columns), key=lambda row: row[0])
        waiting = []
        for row, cells in merged:
            if row < chunks.end(number):
                yield cells
            else:
                waiting.append((row, cells))


def _rows(part: Path, columns: list[str]) -> Iterator[tuple[int, list[str]]]:
    with part.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if next(reader, [])[1:] != columns:
            raise RelapseModelError(
                f"{part.name}: other columns than in the first part. Score the folder again with resume=False."
            )
        for row in reader:
            yield int(row[0]), row[1:]
