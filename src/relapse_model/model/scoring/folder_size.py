"""Whether a cohort folder is scored at once or by chunks: found out without loading what chunks need."""

from __future__ import annotations

from pathlib import Path

from relapse_model.errors import CohortError

CHUNK_PATIENTS = 20_000  # with 60 results each, about 1 GiB at the peak


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
    from relapse_model.cohort.large_folders.open_table import open_blocks

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
