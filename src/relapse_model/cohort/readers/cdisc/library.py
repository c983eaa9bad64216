"""The data sets of a folder: which there are, and which of them one entry of a mapping means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relapse_model.cohort.readers.cdisc.data_set import REFUSED, DataSet, refusal
from relapse_model.cohort.readers.cdisc.dataset_json import read_dataset_json
from relapse_model.cohort.readers.cdisc.xport import read_xpt
from relapse_model.errors import Problem, SourceError

MAX_BYTES = 2**33
_FORMS = (".xpt", ".json", ".ndjson")
PATIENTS = ("ADSL", "DM")
FINDINGS = "LB"


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Data sets by what they are called.

    Attributes
    ----------
    data : tuple of DataSet
    named : mapping of str to str
        Files that the mapping has given a name.
    name : str
        Of the folder or file.
    """

    data: tuple[DataSet, ...]
    named: Mapping[str, str]
    name: str

    def find(self, source: str) -> tuple[DataSet, ...]:
        """Return the data sets of a name: that of the mapping, of the data set, or of its file.

        A domain that was split by category (``LBCH``, ``LBHE``) is found by its first two letters, too.

        Parameters
        ----------
        source : str
        """
        wanted = self.named.get(source, source).casefold()
        exact = [
            one
            for one in self.data
            if wanted in (one.name.casefold(), one.file.casefold(), Path(one.file).stem.casefold())
        ]
        if exact or len(wanted) != 2:
            return tuple(exact)
        return tuple(one for one in self.data if self.domain(one).casefold() == wanted)

    @staticmethod
    def domain(data: DataSet) -> str:
        """Return the SDTM domain of a data set; empty for one of ADaM."""
        return data.name[:2] if "DOMAIN" in data else ""

    def nearest(self, source: str) -> str:
        """Return an advice with the data set that may be meant, or with those there are."""
        names = [one.name for one in self.data]
        near = difflib.get_close_matches(source.upper(), names, n=1, cutoff=0.5)
        return f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(names)}"

    def patients(self) -> DataSet | None:
        """Return the data set of the subjects: ADSL if there is one, else DM."""
        return next((found[0] for name in PATIENTS if (found := self.find(name))), None)


def open_library(source: Path, options: Mapping[str, Any]) -> Library:
    """Open the data sets of a folder, or of one file.

    Parameters
    ----------
    source : Path
    options : mapping
        Of ``[source]`` and ``[sources.NAME]`` in the mapping.

    Raises
    ------
    SourceError
        If a file cannot be read, or two data sets have one name.
    """
    if not source.exists():
        raise refusal(source.name, f"no such file or folder in {source.parent.resolve()}", "data sets: .xpt or .json")
    files = [source] if source.is_file() else sorted(
        path for path in source.iterdir() if path.suffix.lower() in _FORMS and not path.name.startswith(".")
    )  # fmt: skip
    named = {name: str(one["file"]) for name, one in options.get("named", {}).items() if "file" in one}
    folder = source if source.is_dir() else source.parent
    files += [folder / name for name in named.values() if folder / name not in files]
    if not files:
        raise refusal(source.name, "no data sets", "files .xpt, .json or .ndjson")
    limit, encoding = options.get("max_bytes", MAX_BYTES), options.get("encoding", "")
    data = tuple(one for path in files for one in _read(path, limit, encoding))
    names = [one.name for one in data]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(REFUSED, [
            Problem(name, None, None, f"data sets in {', '.join(one.file for one in data if one.name == name)}",
                    "one data set of this name", "Take out the one that is not meant")
            for name in twice
        ])  # fmt: skip
    return Library(data, named, source.name)


def _read(path: Path, limit: int, encoding: str) -> list[DataSet]:
    try:
        size = path.stat().st_size
        if size > limit:
            advice = "State max_bytes under [source] if it is meant to be so large"
            raise refusal(path.name, f"{size:,} bytes", f"at most {limit:,}", advice)
        content = path.read_bytes()
    except FileNotFoundError:
        raise refusal(path.name, f"no such file in {path.parent.resolve()}", "a data set") from None
    except OSError as error:
        raise refusal(path.name, f"it cannot be read ({error.strerror})", "a data set") from None
    if path.suffix.lower() == ".xpt":
        return read_xpt(path, content, encoding)
    return [read_dataset_json(path, content)]
