"""The selected candidates in another cohort: they alone, with the base refitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.development.screening.base import Base, make_base
from relapse_model.development.screening.candidates import (
    Column,
    asked_for,
    derive_columns,
    from_middle,
    judged,
    rows_at_risk,
)
from relapse_model.development.screening.score_test import score_tests
from relapse_model.errors import RelapseModelError
from relapse_model.features.fingerprint import outcome_fingerprint
from relapse_model.study.study import Study
from relapse_model.trial.biomarkers.estimates import estimates
from relapse_model.trial.biomarkers.plain_values import plain_rows

LEVEL = 0.05
_NORMAL = 1.959963984540054


class Screened(Protocol):
    """What a replication must know of the screen."""

    @property
    def study(self) -> Study: ...  # noqa: D102
    @property
    def table(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def base(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def settings(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def selected(self) -> tuple[str, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, eq=False)
class Replication:
    """Selected candidates in another cohort.

    Attributes
    ----------
    table : DataFrame
        ``candidate, n, events, log_odds, lower, upper, score_z, p, p_bonferroni, same_sign, holds, note``.
    patients, events : int
    """

    table: pd.DataFrame = field(repr=False)
    patients: int
    events: int

    def __repr__(self) -> str:
        """Return the counts and what holds."""
        held = ", ".join(self.table.loc[self.table["holds"], "candidate"]) or "none"
        return f"Replication({len(self.table)} tested in {self.patients} patients, {self.events} events; holds: {held})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values in full precision; what does not exist is None."""
        return {"patients": self.patients, "events": self.events, "table": plain_rows(self.table)}


def replicate(found: Screened, cohort: Cohort) -> Replication:
    """Test the selected candidates of a screen in another cohort; see `BiomarkerScreen.replicate`.

    Parameters
    ----------
    found : Screened
        Such as a `BiomarkerScreen`.
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


def _table(found: Screened, base: Base, columns: list[Column]) -> pd.DataFrame:
    """Return the test of each selected candidate in the other cohort, in the steps of the first."""
    known_before = found.table.set_index("candidate")
    step, seen = known_before["step"].to_dict(), known_before["log_odds"].to_dict()
    x = np.array([from_middle(column.values) / step[column.name] for column in columns])
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
