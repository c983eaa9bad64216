"""Parts of tables in a work folder: what was appended to each is what is read, or it is refused."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from relapse_model.cohort.large_folders.block_of_rows import Numbers
from relapse_model.errors import RelapseModelError
from relapse_model.files import naming_full_disk

_ROWS, _NUMBERS = ".rows", ".numbers"


@dataclass(frozen=True, slots=True)
class TableParts:
    """The parts of all tables: for each the rows in the form of the table, and their numbers in the whole.

    Nothing is flushed to the disk as it is appended; a sum of every file tells whether all of it came there.

    Attributes
    ----------
    work : Path
        The folder, of these parts alone.
    sums : dict of str to int
        CRC-32 of each file by its name.
    """

    work: Path
    sums: dict[str, int] = field(default_factory=dict)

    def append(self, table: str, number: int, rows: bytes, numbers: Numbers) -> None:
        """Append rows to a part.

        Parameters
        ----------
        table : str
        number : int
            Of the part.
        rows : bytes
        numbers : array of int
            The number of each row in the whole table.
        """
        name = f"{table}-{number:05d}"
        for file, content in ((name + _ROWS, rows), (name + _NUMBERS, numbers.astype("<i8").tobytes())):
            with naming_full_disk(self.work / file, len(content)), (self.work / file).open("ab") as part:
                part.write(content)
            self.sums[file] = zlib.crc32(content, self.sums.get(file, 0))

    def read(self, table: str, number: int) -> tuple[bytes, Numbers]:
        """Return the rows of a part and their numbers; nothing where nothing was appended.

        Parameters
        ----------
        table : str
        number : int

        Raises
        ------
        RelapseModelError
            If a file is not what was written.
        """
        name = f"{table}-{number:05d}"
        return self._content(name + _ROWS), np.frombuffer(self._content(name + _NUMBERS), dtype="<i8").astype(np.int64)

    def _content(self, file: str) -> bytes:
        if file not in self.sums:
            return b""
        path = self.work / file
        content = path.read_bytes() if path.exists() else b""
        if zlib.crc32(content) != self.sums[file]:
            raise RelapseModelError(
                f"{file} in the work folder {self.work.name} is not as it was written (a full disk, or a machine that "
                "stopped?); the work folder was of no use and is gone. Score the cohort again, from the "
                "beginning."
            )
        return content
