"""The selected candidates in another cohort: they alone, with the base fitted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.errors import RelapseModelError
from relapse_model.features.fingerprint import outcome_fingerprint
from relapse_model.trial.biomarkers.base import Base, make_base
from relapse_model.trial.biomarkers.candidates import Column, asked_for, derive_columns, judged, rows_at_risk
from relapse_model.trial.biomarkers.estimates import estimates
from relapse_model.trial.biomarkers.result import Replication
from relapse_model.trial.biomarkers.score_test import score_tests

if TYPE_CHECKING:
    from relapse_model.trial.biomarkers.result import BiomarkerScreen

LEVEL = 0.05
_NORMAL = 1.959963984540054


def replicate(found: BiomarkerScreen, cohort: Cohort) -> Replication:
    """Test the selected candidates of a screen in another cohort; see `BiomarkerScreen.replicate`.

    Parameters
    ----------
    found : BiomarkerScreen
    cohort : Cohort
    """
    if not found.selected:
        raise RelapseModelError(
            "replicate: nothing was selected; expected a screen that selects. What was not selected is not tested "
            "again: that would be another search."
        )
    landmark = float(found.settings["landmark_week"])
    base = make_base(cohort, found.study, found.base, landmark, int(found.settings["seed"]))
    if outcome_fingerprint(base.data) == found.fingerprint:
        raise RelapseModelError("replicate: these are the very patients that were screened; expected others.")
    names = set(found.selected)
    candidates = [one for one in asked_for(found.study, None, found.base) if one.predictor.name in names]
    candidates += [
        one
        for one in asked_for(found.study, [one.name for one in found.study.predictors if one.name in names], found.base)
        if one not in candidates
    ]
    rows = rows_at_risk(cohort, base.data)
    columns = [
        judged(column, rows, base.relapse, base.weight)
        for column in derive_columns(cohort, found.study, candidates, landmark)
    ]
    table = _table(found, base, columns)
    return Replication(table, base.data.patients, base.data.events)


def _table(found: BiomarkerScreen, base: Base, columns: list[Column]) -> pd.DataFrame:
    """Return the test of each selected candidate in the other cohort, in the steps of the first."""
    known_before = found.table.set_index("candidate")
    step, seen = known_before["step"].to_dict(), known_before["log_odds"].to_dict()
    x = np.array([column.values / step[column.name] for column in columns])
    tests = score_tests(x, base.relapse, base.columns, base.weight)
    fitted = estimates(x, base.relapse, base.columns, base.weight)
    known = ~np.isnan(x) & (base.weight > 0)
    tested = np.array([not column.reason for column in columns])
    z, p = np.where(tested, tests.z, np.nan), np.where(tested, tests.p, np.nan)
    before = np.array([seen[column.name] for column in columns])
    log_odds, error = np.where(tested, fitted.log_odds, np.nan), np.where(tested, fitted.error, np.nan)
    same = np.sign(z) == np.sign(before)
    return pd.DataFrame(
        {
            "candidate": [column.name for column in columns],
            "n": known.sum(axis=1),
            "events": (known & (base.relapse == 1)).sum(axis=1),
            "log_odds": log_odds,
            "lower": log_odds - _NORMAL * error,
            "upper": log_odds + _NORMAL * error,
            "score_z": z,
            "p": p,
            "p_bonferroni": np.minimum(p * len(columns), 1.0),
            "same_sign": same,
            "holds": same & (p * len(columns) <= LEVEL),
            "note": [column.reason for column in columns],
        }
    )
