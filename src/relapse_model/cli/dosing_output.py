"""What a dosing report writes, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from relapse_model.report.dosing_page import write_dosing_page
from relapse_model.trial.arms.number_words import number_of
from relapse_model.trial.dosing.rule import ALL_CENTRES
from relapse_model.trial.dosing.visit_verdicts import BY_HAND

if TYPE_CHECKING:
    from relapse_model.study.study import Study
    from relapse_model.trial.dosing.dosing_report import DosingReport


def save_dosing(
    found: DosingReport, study: Study, folder: Path, *, as_of: str | None = None, synthetic: bool = False
) -> str:
    """Write the tables and the page; return what a person wants to know of them.

    Parameters
    ----------
    found : DosingReport
    study : Study
    folder : Path
        Made if it does not exist.
    as_of : str, optional
        Day or week up to which records were read, as it was asked for.
    synthetic : bool
    """
    page = folder / "dosing.html"
    found.save(folder)
    write_dosing_page(found, study, page, as_of=as_of, synthetic=synthetic)
    counts = found.due["status"].value_counts()
    totals = found.adherence[found.adherence["centre"] == ALL_CENTRES].iloc[0]
    return "\n".join(
        [
            f"To act on now: {'; '.join(_patients(count, name) for name, count in counts.items()) or 'nobody'}.",
            f"Dosing has ended: {number_of(len(found.ended), 'patient')}.",
            f"Doses given of those due: {totals['given']} of {totals['due']}.",
            f"Page: {page}   tables: due.csv, audit.csv, next.csv, ended.csv beside it. They name patients.",
        ]
    )


def _patients(count: int, status: object) -> str:
    """Return "12 patients (a clinician must decide)"."""
    words = "a clinician must decide" if status == BY_HAND else str(status)
    return f"{count} patient{'' if count == 1 else 's'} ({words})"
