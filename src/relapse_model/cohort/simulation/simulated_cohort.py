"""A simulated cohort that carries its truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import make_cohort
from relapse_model.files import write_csv


@dataclass(frozen=True, repr=False, eq=False)
class SimulatedCohort(Cohort):
    """A cohort made by `simulate_cohort`.

    Attributes
    ----------
    truth : DataFrame
        patient_id and true_risk: the risk of relapse by week 48 that the simulation gave each patient, given
        what is known at week 0. With a scenario also the risk in either arm, the week of relapse and the biomarkers.
        Nothing that trains or scores reads it.
    """

    truth: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"patient_id": [], "true_risk": []}))

    def write(self, folder: str | Path, form: Literal["csv", "parquet"] = "csv") -> None:
        """Write the cohort folder, and the truth beside it as ``truth.csv``."""
        super().write(folder, form)
        write_csv(self.truth, Path(folder) / "truth.csv")


def simulate_cohort(patients: int, seed: int, **settings: Any) -> SimulatedCohort:
    """Simulate a cohort of the HBIG trial, visit by visit, with the true risk of every patient.

    The coefficients are shrunk versions of published ones, not estimates: the cohort serves to try and to test
    the library, and for no conclusion about treatment.

    Parameters
    ----------
    patients : int
    seed : int
        The same seed gives the same cohort.
    **settings
        See `simulate_tables`: ``control_risk``, ``hbig_hazard_ratio``, ``drop_out``, ``scenario``, ...

    Returns
    -------
    SimulatedCohort

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort = rm.simulate_cohort(132, seed=7)
    >>> len(cohort), cohort.synthetic, list(cohort.truth)
    (132, True, ['patient_id', 'true_risk'])
    """
    from relapse_model.cohort.simulation import simulate_tables

    tables = simulate_tables(patients, seed, **settings)
    checked = make_cohort(tables["patients"], tables["labs"], tables["treatments"], synthetic=True)
    return SimulatedCohort(
        patients=checked.patients,
        labs=checked.labs,
        treatments=checked.treatments,
        outcomes=None,
        synthetic=True,
        truth=tables["truth"],
    )
