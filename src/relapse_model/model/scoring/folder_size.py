"""Whether a cohort folder is scored at once or by chunks: found out without loading what chunks need."""

from __future__ import annotations

from pathlib import Path

from relapse_model.errors import CohortError

CHUNK_PATIENTS = 20_000  # with 60 results each, about 1 GiB at the peak


def partitioned(folder: Path) -> bool:
    """Tell whether a folder is one of partitions, as `partition` writes it.

    Parameters
    ----------
    folder : Path
    """
    return (folder / "manifest.json").is_file()


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
    from relapse_model.cohort.folder import open_table

    rows = 0
    try:
        table = open_table(folder, "patients")
        for piece in table.pieces() if table is not None else ():
            rows += piece.num_rows
            if rows > most:
                return True
    except CohortError:
        return True  # it will be refused where all tables are looked at, and without reading them whole
    return False
