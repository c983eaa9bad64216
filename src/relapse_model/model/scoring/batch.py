"""Scoring of a cohort folder of any size: part by part, resumed where it was broken off, nobody lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from relapse_model._version import __version__
from relapse_model.cohort.folder import cohort_files, read_cohort
from relapse_model.cohort.large_folders.partition import partition
from relapse_model.cohort.large_folders.partitions import MANIFEST, Partitions
from relapse_model.errors import RelapseModelError
from relapse_model.files import alone, require_file, require_no_replacement, write_csv
from relapse_model.model.scoring.batch_parts import join_parts, noted_rows
from relapse_model.model.scoring.each_or_reason import scores_of
from relapse_model.model.scoring.engines import PartsFailedError, process_pool, run_parts
from relapse_model.model.scoring.folder_size import CHUNK_PATIENTS, more_patients_than, partitioned
from relapse_model.model.scoring.guards.unlike import unlike_count
from relapse_model.model.scoring.score_part import PartScoring
from relapse_model.model.trained import TrainedModel

_PARTS = "parts"  # folder of the partitions in the work folder
_TRIES = 20  # to remove the work folder, in a second


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
    unlike : int
        Scored, but with a warning that nobody like the patient was studied.
    """

    patients: int
    scored: int
    rejected: int
    warned: int
    unattached_rows: Mapping[str, tuple[int, ...]]
    chunks: int
    noted_rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unlike: int = 0


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
    executor: Executor | None = None,
    progress: bool = False,
) -> BatchScores:
    """Score a cohort folder, or its partitions, and write the scores to one CSV file, as `RelapseModel.score` does.

    Memory holds one part of the patients and all identifiers. A folder of more patients than a part is partitioned
    first (see `partition`), into a work folder beside the output (``.OUT.work``), which only its owner may enter, since
    it holds patients' rows; it is removed when the output is written or the cohort refused. A run that was broken off
    leaves it, and the next run with the same model, files and settings goes on from there. The output appears in one
    step, complete. Two runs never write the same output at one time: the second is refused.

    The output is the same, byte for byte, at once or in parts, whatever their number and whoever scores them, on
    processors of one kind. A patient whom the model cannot take is rejected with the reason, and the others are scored.

    Parameters
    ----------
    model : TrainedModel
    folder : str or Path
        As `read_cohort` takes it; or one that `partition` wrote.
    out : str or Path
        The CSV file to write; an existing one is replaced and keeps its permissions, a new one is for its owner alone.
    chunk_patients : int, default=20_000
        Patients of a part; memory grows with it.
    landmark_week, horizon_weeks : float, optional
        As `RelapseModel.score` takes them.
    both_arms : bool, default=False
        Also risk in either arm and benefit, as `RelapseModel.benefit` has them.
    resume : bool, default=True
        Go on with what an earlier run left; if not, start from the beginning.
    jobs : int, optional
        Processes of this machine that score parts, as joblib takes it; each holds one part.
    executor : concurrent.futures.Executor, optional
        Instead: scores the parts, such as ``distributed.Client(...).get_executor()``. Its workers see the folders of
        the partitions and of the output under the same names. A part that fails is tried once more; then the run ends
        with a list of such parts, and the next goes on with them.
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
        If a setting cannot be used, the output would replace a table of the cohort, a row of the patients table
        would be lost, or parts could not be scored.

    Examples
    --------
    >>> import tempfile
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> with tempfile.TemporaryDirectory() as here:
    ...     rm.simulate_cohort(50, seed=8).write(f"{here}/new")
    ...     found = rm.score_folder(model, f"{here}/new", f"{here}/scores.csv", chunk_patients=20)
    >>> found.patients, found.scored + found.rejected, found.chunks
    (50, 50, 3)
    """
    asked: dict[str, Any] = {"landmark_week": model.landmark(landmark_week), "horizon_weeks": horizon_weeks}
    asked |= {"both_arms": True} if both_arms else {}
    if chunk_patients < 1:
        raise RelapseModelError(f"chunk_patients is {chunk_patients}; expected 1 or more, such as {CHUNK_PATIENTS}.")
    source, target = Path(folder), Path(os.path.realpath(out))
    _require_apart(source, target)
    with alone(target):
        if not resume:
            _remove(work_folder(target))
        return _score(model, source, target, asked, chunk_patients, _executors(jobs, executor), progress)


def _score(
    model: TrainedModel, source: Path, target: Path, asked: dict[str, Any], chunk_patients: int,
    executors: Callable[[], AbstractContextManager[Executor]] | None, progress: bool,
) -> BatchScores:  # fmt: skip
    work, made = work_folder(target), partitioned(source)
    if not made and not more_patients_than(source, chunk_patients):
        _remove(work)
        return _score_at_once(model, source, target, asked)
    try:
        parts = Partitions.opened(source) if made else _partitioned(model, source, work, chunk_patients, progress)
        found = _score_parts(model, parts, work, asked, executors, progress).joined(target)
    except PartsFailedError:
        raise
    except RelapseModelError:
        _remove(work)  # it would be refused again, and patients' rows are not left behind
        raise
    _remove(work)
    return found


def work_folder(out: Path) -> Path:
    """Return where the parts of an output lie while it is being made.

    Examples
    --------
    >>> work_folder(Path("scores.csv")).name
    '.scores.csv.work'
    """
    return out.parent / f".{out.name}.work"


def _require_apart(source: Path, target: Path) -> None:
    """Refuse an output that would replace what is read, or whose work folder would."""
    require_file(target)
    require_no_replacement([target], cohort_files(source))
    real = Path(os.path.realpath(source))
    if source.is_dir() and real.is_relative_to(work_folder(target)):
        raise RelapseModelError(f"{source}: lies in the work folder of the output, which is removed; rename it.")
    if partitioned(source) and target.parent == real:
        raise RelapseModelError(
            f"{target}: lies among the partitions that are read; expected another folder. Choose one."
        )


def _remove(work: Path) -> None:
    """Remove a work folder; first what says that its parts are complete, should this be broken off too.

    Workers of a run whose main process was killed end a little after it: what they put there, or take away, meanwhile
    is no fault.
    """
    if work.is_dir():
        (work / _PARTS / MANIFEST).unlink(missing_ok=True)
        for _ in range(_TRIES):
            shutil.rmtree(work, ignore_errors=True)
            if not work.exists():
                return
            time.sleep(0.05)
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
        unlike=unlike_count(scores),
    )


def _partitioned(model: TrainedModel, folder: Path, work: Path, chunk_patients: int, progress: bool) -> Partitions:
    """Return the partitions an earlier run left, where no file has changed since; else make them."""
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    return partition(folder, work / _PARTS, part_patients=chunk_patients, study=model.study, progress=progress)


def _key(model: TrainedModel, parts: Partitions, asked: dict[str, Any]) -> str:
    """Return a digest of all that the scores depend on: model, partitions, settings, version of the library."""
    identity = {
        "version": __version__,
        "settings": asked,
        "study": _digest(model.study.text.encode("utf-8")),
        "summary": _digest(json.dumps(model.summary, sort_keys=True, default=str).encode("utf-8")),
        "classifier": {name: _digest(part) for name, part in sorted(model.classifier.to_parts().items())},
        "partitions": parts.manifest["sums"],
    }
    return _digest(json.dumps(identity, sort_keys=True).encode("utf-8"))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _executors(jobs: int | None, executor: Executor | None) -> Callable[[], AbstractContextManager[Executor]] | None:
    """Return what gives an executor; None where the parts are scored in this process."""
    if executor is not None:
        return lambda: nullcontext(executor)
    return None if jobs in (None, 1) else partial(process_pool, jobs)


def _score_parts(
    model: TrainedModel, parts: Partitions, work: Path, asked: dict[str, Any],
    executors: Callable[[], AbstractContextManager[Executor]] | None, progress: bool,
) -> _ScoredParts:  # fmt: skip
    """Score each part that has no scores yet."""
    from tqdm import tqdm

    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    one = PartScoring(model, str(parts.folder.resolve()), str(work), _key(model, parts, asked), asked)
    lacking = [number for number in range(len(parts)) if not one.is_whole(number)]
    done = map(one, lacking) if executors is None else run_parts(one, lacking, executors)
    bar = tqdm(
        done, desc="score", unit="part", delay=1.0, leave=False, disable=not progress or None,
        initial=len(parts) - len(lacking), total=len(parts),
    )  # fmt: skip
    try:
        for _ in bar:
            pass
    except PartsFailedError as error:
        if parts.folder.parent == work:  # what is damaged is made again; scores of other parts stay good
            (parts.folder / MANIFEST).unlink(missing_ok=True)
        raise PartsFailedError(_failed(parts, work, error.reasons), error.reasons) from None
    return _ScoredParts(parts, one)


def _failed(parts: Partitions, work: Path, reasons: Mapping[int, str]) -> str:
    lines = [
        f"  part {number} (rows {parts.manifest['starts'][number]} to "
        f"{min(parts.end(number) - 1, parts.patients + 1):.0f} of the patients table): {reason}"
        for number, reason in reasons.items()
    ]
    first = (
        f"{len(reasons)} of {len(parts)} parts could not be scored, and no output was written. The scores of the "
        f"others are kept in {work}: the same command goes on from there."
    )
    return "\n".join([first, *lines])


@dataclass(frozen=True)
class _ScoredParts:
    """Parts, and where the scores of each lie."""

    parts: Partitions
    files: PartScoring

    def joined(self, out: Path) -> BatchScores:
        counts = join_parts(self.parts, self.files, out)
        return BatchScores(
            self.parts.patients, counts["scored"], counts["rejected"], counts["warned"], self.parts.unattached,
            len(self.parts), noted_rows(self.parts, self.files), counts["unlike"],
        )  # fmt: skip
