"""Runs that are finished, kept in a file, so that a validation that was broken off can go on."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from relapse_model._version import __version__
from relapse_model.development.internal_validation.refit import Refit, Task
from relapse_model.development.procedure import Procedure
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.files import naming_full_disk

KEPT_RUNS = ".validation.runs"  # beside the report
_FORM = "relapse-model runs of a validation"


class KeptRuns:
    """Finished runs by their number, one line of JSON each; a line that was cut off is run again.

    The file tells of single patients (risks, by row), and is for its owner alone.

    Parameters
    ----------
    path : Path
    key : str
        A digest of all that the runs depend on.
    resume : bool
        Take over what is in the file; if not, it is begun anew.

    Raises
    ------
    RelapseModelError
        If `resume`, and the file is of other patients, settings or another version, or of something else.
    """

    def __init__(self, path: Path, key: str, *, resume: bool):
        self.path = path
        self.runs: dict[int, Refit] = {}
        head = {"form": _FORM, "key": key}
        if resume and path.exists():
            lines = path.read_bytes().splitlines(keepends=True)
            if not lines or _read(lines[0]) != head:
                raise RelapseModelError(
                    f"{path}: holds no runs of this validation: the patients, the study, the settings or the version "
                    "of the library have changed since. Start anew, without resuming."
                )
            for line in lines[1:]:
                found = _read(line)
                if isinstance(found, dict):
                    self.runs[int(found.pop("run"))] = Refit(
                        np.array(found["risk"]), np.array(found["effect"]), found["chosen"], found["failed"]
                    )
        path.parent.mkdir(parents=True, exist_ok=True)
        self._begin(head)

    def add(self, number: int, run: Refit) -> None:
        """Keep a finished run."""
        self.runs[number] = run
        self._add_line(number, run)

    def close(self, *, remove: bool) -> None:
        """Close the file; remove it where nothing is left to do."""
        os.close(self._file)
        if remove:
            self.path.unlink(missing_ok=True)

    def _begin(self, head: dict[str, Any]) -> None:
        """Begin a file with the runs that are known; the earlier one is there until it is whole."""
        new = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        self._file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            self._write(head)
            for number, run in self.runs.items():
                self._add_line(number, run)
            os.replace(new, self.path)
        except BaseException:
            os.close(self._file)
            new.unlink(missing_ok=True)
            raise

    def _add_line(self, number: int, run: Refit) -> None:
        values = {name: list(value) if isinstance(value, np.ndarray) else value for name, value in asdict(run).items()}
        self._write({"run": number} | values)

    def _write(self, values: dict[str, Any]) -> None:
        line = (json.dumps(values) + "\n").encode()
        with naming_full_disk(self.path, len(line)):
            while line:  # a disk that is nearly full takes the first bytes of a line, and refuses the others
                line = line[os.write(self._file, line) :]


def key_of(data: DevelopmentData, procedure: Procedure, tasks: list[Task]) -> str:
    """Return a digest of the patients, the procedure, the parts of the patients, and the version of the library.

    Parameters
    ----------
    data : DevelopmentData
    procedure : Procedure
    tasks : list of Task
    """
    from joblib import hash as digest

    patients = {one.name: getattr(data, one.name) for one in fields(data) if one.name != "features"}
    return str(digest([__version__, patients, procedure, [(task.predict, task.seed) for task in tasks]]))


def _read(line: bytes) -> Any:
    """Return what stands in a line; None where it was cut off."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
