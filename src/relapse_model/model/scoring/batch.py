"""Scoring of a cohort folder of any size: chunk by chunk, resumed where it was broken off, nobody lost."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from relapse_model._version import __version__
from relapse_model.cohort.folder import cohort_files, read_cohort
from relapse_model.cohort.large_folders.chunks import CohortChunks, split_cohort
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import RelapseModelError
from relapse_model.files import alone, require_file, require_no_replacement, write_csv, write_private_csv
from relapse_model.model.processes import results_of
from relapse_model.model.scoring.batch_parts import is_whole, join_parts, noted_rows, part_file, write_sum
from relapse_model.model.scoring.each_or_reason import scores_of
from relapse_model.model.scoring.folder_size import CHUNK_PATIENTS, more_patients_than
from relapse_model.model.trained import TrainedModel

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
    Two runs never write the same output at one time: the second is refused.

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
    with alone(target):
        return _score(model, source, target, work, asked, chunk_patients, resume=resume, jobs=jobs, progress=progress)


def _score(
    model: TrainedModel, source: Path, target: Path, work: Path, asked: dict[str, Any], chunk_patients: int,
    *, resume: bool, jobs: int | None, progress: bool,
) -> BatchScores:  # fmt: skip
    if source.is_dir() and Path(os.path.realpath(source)).is_relative_to(work):
        raise RelapseModelError(f"{source}: lies in the work folder of the output, which is removed; rename it.")
    if not resume:
        _remove(work)
    if not more_patients_than(source, chunk_patients):
        _remove(work)
        return _score_at_once(model, source, target, asked)
    try:
        chunks = _chunks(model, source, work, asked, chunk_patients, progress)
        columns = _score_chunks(model, chunks, asked, jobs, progress)
        found = _joined(chunks, columns, target)
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
        found = split_cohort(folder, work, chunk_patients=chunk_patients, key=key, progress=progress, study=model.study)
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

    lacking = [number for number in range(len(chunks)) if not is_whole(chunks, number)]
    _ = chunks.sources  # opened once, also for other processes
    one = partial(_score_chunk, model, chunks, asked)
    done = tqdm(
        _each(one, lacking, jobs), desc="score", unit="chunk", delay=1.0, leave=False, disable=not progress or None,
        initial=len(chunks) - len(lacking), total=len(chunks),
    )  # fmt: skip
    for _ in done:
        pass
    with part_file(chunks, 0).open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file))[1:]


def _each(function: Callable[[int], None], numbers: list[int], jobs: int | None) -> Iterator[None]:
    """Call a function with each number, in this process or in several; yield as calls end."""
    if jobs in (None, 1):
        return map(function, numbers)
    from joblib import delayed

    return results_of(map(delayed(function), numbers), jobs, in_order=False)


def _score_chunk(model: TrainedModel, chunks: CohortChunks, asked: dict[str, Any], number: int) -> None:
    from threadpoolctl import threadpool_limits

    cohort, rows = chunks.cohort(number, model.study)
    # Products of small matrices: threads bring nothing, and wait for one another where the processor is shared.
    with threadpool_limits(1, user_api="blas"):
        scores = scores_of(model, cohort, **asked)
    scores.insert(0, _ROW, rows)
    noted = [(table, row) for table, found in cohort.noted_rows().items() for row in found]
    part_file(chunks, number, "sum").unlink(missing_ok=True)
    write_private_csv(pd.DataFrame(noted, columns=["table", "row"]), part_file(chunks, number, "noted"))
    write_private_csv(scores, part_file(chunks, number))
    write_sum(chunks, number)  # last: it says that the chunk is done


def _joined(chunks: CohortChunks, columns: list[str], out: Path) -> BatchScores:
    counts = join_parts(chunks, columns, out)
    return BatchScores(
        chunks.patients, counts["scored"], counts["rejected"], counts["warned"], chunks.unattached, len(chunks),
        noted_rows(chunks),
    )  # fmt: skip
