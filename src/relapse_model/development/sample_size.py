"""What a cohort of this size supports: Riley's criteria, stated before any result."""

from __future__ import annotations

from typing import Any

import numpy as np

from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.features.known_columns import parameter_count
from relapse_model.study.study import Study
from relapse_model.validation.sample_size.binary import (
    ANTICIPATED_C,
    cox_snell_r2,
    expected_shrinkage,
    maximum_parameters,
    riley_sample_size,
)


def cohort_sample_size(data: DevelopmentData, study: Study) -> dict[str, Any]:
    """Return what Riley's criteria say of a cohort of this size, at an assumed c-statistic of 0.75.

    The one count of parameters, patients and events, for `check`, RM104 and the reports alike. Assumes a model without
    penalty or prior. Patients count whose outcome is known; the prevalence is weighted for those lost. The values are
    plain; ``refused`` says why there are none.

    Parameters
    ----------
    data : DevelopmentData
        Patients at risk at one landmark.
    study : Study

    Returns
    -------
    dict of str to float, int or str
        ``anticipated_c``, ``known``, ``events``, ``parameters``, and ``prevalence``, ``needed_patients``,
        ``needed_events``, ``carried_parameters``, ``expected_shrinkage``, or ``refused``.

    Notes
    -----
    Riley et al. 2019, Stat Med 38:1276.
    """
    known = ~np.isnan(data.relapse)
    n, parameters = int(known.sum()), parameter_count(data)
    values: dict[str, Any] = {
        "anticipated_c": ANTICIPATED_C, "known": n, "events": int((data.relapse == 1).sum()), "parameters": parameters,
    }  # fmt: skip
    try:
        prevalence = _prevalence(data)
        r2 = cox_snell_r2(ANTICIPATED_C, prevalence)
        needed = riley_sample_size(parameters, r2, prevalence)
        return values | {
            "prevalence": prevalence,
            "needed_patients": needed.patients,
            "needed_events": round(needed.patients * prevalence),
            "carried_parameters": maximum_parameters(n, prevalence, r2),
            "expected_shrinkage": expected_shrinkage(n, parameters, r2),
        }
    except RelapseModelError as error:
        return values | {"refused": str(error)}


def size_words(size: dict[str, Any]) -> str:
    """Return the counts, and what they support, in words.

    Parameters
    ----------
    size : dict
        As `cohort_sample_size` returns it, not refused.

    Examples
    --------
    >>> size_words(
    ...     {"parameters": 8, "known": 119, "events": 21, "carried_parameters": 1.61, "anticipated_c": 0.75}
    ... )
    "8 parameters, 119 patients with a known outcome, 21 events: the sample supports 1.6 parameters (Riley's shrinkage criterion, assuming C = 0.75)"
    """  # noqa: E501
    return (
        f"{size['parameters']} parameters, {size['known']} patients with a known outcome, {size['events']} events: "
        f"the sample supports {size['carried_parameters']:.1f} parameters (Riley's shrinkage criterion, assuming "
        f"C = {size['anticipated_c']:g})"
    )


def _prevalence(data: DevelopmentData) -> float:
    known = ~np.isnan(data.relapse)
    if not known.any():
        raise RelapseModelError("no patient has a known outcome.")
    return float(np.average(data.relapse[known], weights=data.weights()[known]))
