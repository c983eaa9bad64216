"""The tables of a screen of biomarkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.development.screening.base import Base
from relapse_model.development.screening.candidates import Column
from relapse_model.development.screening.multiplicity import MaxT, false_discovery
from relapse_model.development.screening.score_test import ScoreTests, score_tests
from relapse_model.features.clinical_units import unit_shown
from relapse_model.small_counts import disclosed_counts
from relapse_model.trial.biomarkers.centres import across_centres
from relapse_model.trial.biomarkers.estimates import Estimates, after_selection
from relapse_model.trial.biomarkers.interaction import interactions

FAMILY_WISE = 0.05
STABLE = 0.75
_NORMAL = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """The candidates that were tested, in units of their step, and what was found."""

    names: tuple[str, ...]
    x: Floats
    tests: ScoreTests
    fitted: Estimates
    largest: MaxT
    lr_chi2: Floats


def stability_table(screened: Screened, frequency: Floats) -> pd.DataFrame:
    """Return how often each was among the best, the most often first."""
    table = pd.DataFrame({"candidate": screened.names, "frequency": frequency, "stable": frequency >= STABLE})
    return table.sort_values(["frequency", "candidate"], ascending=[False, True], ignore_index=True)


def main_table(
    base: Base,
    columns: Sequence[Column],
    screened: Screened,
    chosen: Mask,
    decide: str,
    *,
    within_centres: bool = False,
) -> pd.DataFrame:
    """Return one row per candidate: what it is, what was found, or why it was not tested."""
    fitted, tests, largest = screened.fitted, screened.tests, screened.largest
    wide = np.where(np.isnan(largest.p), np.nan, max(largest.critical, _NORMAL))
    found = {
        "log_odds": fitted.log_odds,
        "lower": fitted.log_odds - _NORMAL * fitted.error,
        "upper": fitted.log_odds + _NORMAL * fitted.error,
        "simultaneous_lower": fitted.log_odds - wide * fitted.error,
        "simultaneous_upper": fitted.log_odds + wide * fitted.error,
        "log_odds_shrunk": _shrunk(screened, chosen, decide),
        "score_z": tests.z,
        "p": tests.p,
        "p_drawn": largest.p_own,
        "q_bh": false_discovery(largest.p_own, "bh"),
        "q_by": false_discovery(largest.p_own, "by"),
        "p_maxt": largest.p,
        "lr_chi2": screened.lr_chi2,
        "z_imputed": _imputed(base, screened),
    }
    figures = pd.DataFrame(found, index=list(screened.names))
    described = pd.DataFrame([_described(base, column) for column in columns])
    table = described.join(figures, on="candidate")
    table["selected"] = table["candidate"].isin([n for n, c in zip(screened.names, chosen, strict=True) if c])
    by = {"maxt": "p_maxt", "bh": "q_bh", "by": "q_by"}[decide]
    _note(table, by, within_centres)
    return table.sort_values([by, "p", "candidate"], ignore_index=True, na_position="last")


def _note(table: pd.DataFrame, by: str, within_centres: bool) -> None:
    """Write why a candidate that could be read has no adjusted p, or no odds ratio."""
    bare = table["note"].eq("")
    table.loc[bare & table["score_z"].isna(), "note"] = (
        f"the base {'and the centre explain' if within_centres else 'explains'} it wholly"
    )
    table.loc[bare & table["score_z"].notna() & table[by].isna(), "note"] = (
        "nothing of it is left within the strata of arm and centre"
    )
    unsettled = table["note"].eq("") & table["score_z"].notna() & table["log_odds"].isna()
    table.loc[unsettled, "note"] = "tested, but its odds ratio cannot be estimated: the fit does not settle"


def _described(base: Base, column: Column) -> dict[str, Any]:
    predictor, counted = column.candidate.predictor, base.weight > 0
    known = counted & ~np.isnan(column.values)
    return {
        "candidate": column.name,
        "family": column.candidate.family,
        "label": predictor.label,
        "unit": unit_shown(predictor),
        "n": int(known.sum()),
        "events": int((known & (base.relapse == 1)).sum()),
        "missing": int((counted & ~known).sum()),
        "per": column.per,
        "step": column.step,
        "note": column.reason,
    }


def _shrunk(screened: Screened, chosen: Mask, decide: str) -> Floats:
    """Return the estimates of what was selected, given that it was; NaN of the others."""
    shrunk = np.full(len(chosen), np.nan)
    if chosen.any():
        z = screened.tests.z[chosen]
        passed = screened.largest.critical if decide == "maxt" else float(np.abs(z).min())
        shrunk[chosen] = screened.fitted.log_odds[chosen] * after_selection(z, min(passed, float(np.abs(z).min())))
    return shrunk


def _imputed(base: Base, screened: Screened) -> Floats:
    """Return the score statistics with missing values put where the base expects them; all patients take part."""
    design = np.column_stack([np.ones(len(base.data)), base.columns])
    filled = screened.x.copy()
    for row in filled:
        known = ~np.isnan(row) & (base.weight > 0)
        share = np.linalg.lstsq(design[known], row[known], rcond=None)[0]
        row[np.isnan(row)] = (design @ share)[np.isnan(row)]
    return score_tests(filled, base.relapse, base.columns, base.weight).z


def with_columns(table: pd.DataFrame, columns: Mapping[str, Mapping[Any, Any]]) -> pd.DataFrame:
    """Add columns by candidate, before the note."""
    added = table.assign(**{name: table["candidate"].map(dict(values)) for name, values in columns.items()})
    return added[[name for name in added if name != "note"] + ["note"]]


def predictive_table(base: Base, screened: Screened, arm: Floats, draws: int, seed: int) -> pd.DataFrame:
    """Return the interactions with the arm."""
    known = ~np.isnan(arm)
    weight = np.where(known, base.weight, 0.0)
    found = interactions(screened.x, base.relapse, base.columns, np.nan_to_num(arm), weight, draws=draws, seed=seed)
    table = pd.DataFrame(
        {
            "candidate": screened.names,
            "log_odds_difference": found.log_odds,
            "lower": found.log_odds - _NORMAL * found.error,
            "upper": found.log_odds + _NORMAL * found.error,
            "lr_chi2": found.lr_chi2,
            "p": found.p,
            "p_maxt": found.p_maxt,
            "predictive": found.p_maxt <= FAMILY_WISE,
        }
    )
    return table.sort_values(["p_maxt", "p", "candidate"], ignore_index=True)


def centres_table(base: Base, screened: Screened, centre: Any) -> tuple[pd.DataFrame | None, dict[str, str]]:
    """Return each candidate by centre, and in how many of them the sign is that of the whole."""
    if centre is None or not screened.names:
        return None, {}
    found = across_centres(screened.x, base.relapse, base.columns, base.risk, centre, base.weight)
    rows = []
    for place, name in enumerate(screened.names):
        disclosed = disclosed_counts(found.events[place].tolist())
        row: dict[str, Any] = {"candidate": name, "i2": found.i2[place]}
        row |= {"z_without_one_lowest": found.z_lowest[place], "z_without_one_highest": found.z_highest[place]}
        for at, where in enumerate(found.names):
            row |= {
                f"events: {where}": disclosed[at],
                f"log_odds: {where}": found.log_odds[place, at],
                f"standard_error: {where}": found.error[place, at],
            }
        rows.append(row)
    return pd.DataFrame(rows), dict(zip(screened.names, found.agreement(screened.fitted.log_odds), strict=True))


def with_gains(table: pd.DataFrame, gains: pd.DataFrame) -> pd.DataFrame:
    """Return the main table with the change of log loss and AUC."""
    wanted = ("delta_log_loss", "delta_log_loss_lower", "delta_log_loss_upper", "delta_auc")
    by_name = gains.set_index("candidate") if len(gains) else gains
    return with_columns(table, {name: by_name[name].to_dict() for name in wanted if name in by_name})
