"""The only arrows up: ``save`` of the results of a trial, whose pages the room above writes.

A result is data, and knows no page; `report` knows the results. So that ``result.save(folder)`` works all the same, its
page is found here by name when it is asked for. No other file below `report` may do so (a test looks).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

_WRITERS = {
    "TrialAnalysis": ("trial_report", "write_trial_report"),
    "BenefitReport": ("benefit_page", "write_benefit_report"),
    "BiomarkerScreen": ("biomarkers_page", "write_biomarkers_page"),
}


def save_result(result: object, folder: str | Path) -> dict[str, Path]:
    """Write the page and the tables of a result, by the function of `report` that knows it.

    Parameters
    ----------
    result : TrialAnalysis, BenefitReport or BiomarkerScreen
    folder : str or Path
        Made if it does not exist.

    Returns
    -------
    dict of str to Path
        What was written, as the function says.
    """
    page, function = next(_WRITERS[one.__name__] for one in type(result).__mro__ if one.__name__ in _WRITERS)
    written: dict[str, Path] = getattr(import_module(f"relapse_model.report.{page}"), function)(result, Path(folder))
    return written
