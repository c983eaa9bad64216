"""One part of a cohort scored, in whatever process: files in, a file out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from relapse_model._version import __version__
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.large_folders.partitions import Partitions
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_private_csv, write_text
from relapse_model.model.scoring.each_or_reason import scores_of
from relapse_model.model.trained import TrainedModel

ROW = "row"  # of the patients table, first column of the scores of a part


@dataclass(frozen=True)
class PartScoring:
    """How a part is scored; it can be pickled, and sent to another machine that sees the same folders.

    Attributes
    ----------
    model : TrainedModel
    partitions, out : str
        Folders.
    key : str
        Begins the names of the files that are written.
    asked : dict
        As `scores_of` takes it.
    version : str
        Of the library that sent it.
    """

    model: TrainedModel
    partitions: str
    out: str
    key: str
    asked: dict[str, Any] = field(default_factory=dict)
    version: str = __version__

    def __call__(self, number: int) -> int:
        """Score a part; return how many rows of the patients table it has.

        Raises
        ------
        RelapseModelError
            If this process has another version of the library, or the part is not as it was written.
        """
        if self.version != __version__:
            raise RelapseModelError(
                f"a worker has version {__version__} of relapse-model, and was sent work by version {self.version}; "
                "expected one version everywhere. Install the same on all workers."
            )
        scores, cohort = part_scores(self.model, Partitions.opened(self.partitions), number, self.asked)
        noted = [(table, row) for table, found in cohort.noted_rows().items() for row in found]
        self.file(number, "sum").unlink(missing_ok=True)
        write_private_csv(pd.DataFrame(noted, columns=["table", "row"]), self.file(number, "noted"))
        write_private_csv(scores, self.file(number))
        write_text(self._sum(number), self.file(number, "sum"), private=True)  # last: it says that the part is done
        return len(scores)

    def is_whole(self, number: int) -> bool:
        """Tell whether a part was scored, and both of its files are as they were written.

        Parameters
        ----------
        number : int
            Of the part, from 0.
        """
        try:
            return self.file(number, "sum").read_bytes() == self._sum(number).encode("ascii")
        except OSError:
            return False

    def _sum(self, number: int) -> str:
        both = [self.file(number, what).read_bytes() for what in ("part", "noted")]
        return " ".join(f"{len(one)} {zlib.crc32(one)}" for one in both)

    def file(self, number: int, what: str = "part") -> Path:
        """Return the file of a part; with the key in its name, no process that another run left behind writes it.

        Parameters
        ----------
        number : int
            Of the part, from 0.
        what : str
            ``"part"`` for its scores, ``"noted"`` for its rows to be looked at, ``"sum"`` for the checksum of both.
        """
        return Path(self.out) / f"{what}-{self.key[:16]}-{number:05d}.csv"


def part_scores(
    model: TrainedModel, partitions: Partitions, number: int, asked: dict[str, Any]
) -> tuple[pd.DataFrame, Cohort]:
    """Return the scores of a part, with the row of each patient first; and the cohort that was read.

    Parameters
    ----------
    model : TrainedModel
    partitions : Partitions
    number : int
    asked : dict
        As `scores_of` takes it.
    """
    cohort, rows = partitions.cohort(number, model.study)
    scores = scores_of(model, cohort, **asked, rows=rows - 2, patients=partitions.patients)
    scores.insert(0, ROW, rows)
    return scores, cohort


def parts_scorer(
    model: TrainedModel, partitions: str | Path, **asked: Any
) -> Callable[[Iterable[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return a function from tables of part numbers to tables of scores, as Spark's `mapInPandas` takes it.

    Parameters
    ----------
    model : RelapseModel
    partitions : str or Path
        The folder that `partition` wrote, which every worker sees under this name.
    **asked
        landmark_week, horizon_weeks, both_arms, as `RelapseModel.score` takes them.

    Returns
    -------
    callable
        Takes tables with a column ``part``. Yields one table for each part, the scores as `score_folder` writes them
        with the row of each patient in the patients table first.

    Examples
    --------
    >>> import tempfile
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> with tempfile.TemporaryDirectory() as here:
    ...     rm.simulate_cohort(5, seed=8).write(f"{here}/cohort")
    ...     _ = rm.partition(f"{here}/cohort", f"{here}/parts", parts=2)
    ...     scores = parts_scorer(model, f"{here}/parts")
    ...     [table["row"].tolist() for table in scores([pd.DataFrame({"part": [0, 1]})])]
    [[2, 3, 4], [5, 6]]
    """

    def scores_of_parts(tables: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        opened = Partitions.opened(partitions)
        for table in tables:
            for number in table["part"].tolist():
                yield part_scores(model, opened, int(number), asked)[0]

    return scores_of_parts
