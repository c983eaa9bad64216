"""What must be known beside the tables of a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Positions
from relapse_model.development.screening.base import Base
from relapse_model.development.screening.candidates import Column
from relapse_model.development.screening.within_centres import (
    FEWEST_PATIENTS,
    WithinCentres,
    accounts_for_centre,
)
from relapse_model.small_counts import disclosed_count

CODE = "RM213"
STRONG = 10.0  # odds ratio, the lower end of its interval: no known marker comes near it


def too_strong(table: pd.DataFrame) -> tuple[str, ...]:
    """Return RM213 with the yes-or-no candidates whose odds ratio is too large to have been known beforehand.

    A column filled in by the outcome, but not in all patients, separates them too little for the AUC to tell.

    Parameters
    ----------
    table : DataFrame
        As `main_table` makes it.
    """
    lowest = np.where(table["log_odds"] > 0, table["lower"], -table["upper"])
    rows = table[table["per"].eq("yes") & (lowest > np.log(STRONG))]
    if not len(rows):
        return ()
    listed = ", ".join(
        f"{row['label']} (odds ratio {np.exp(row['log_odds']):.3g}, 95 % interval {np.exp(row['lower']):.3g} to "
        f"{np.exp(row['upper']):.3g})"
        for row in rows.to_dict("records")
    )
    return (f"{CODE} may follow from the outcome: {listed}. See when, and from what, it was recorded.",)


def notes(
    base: Base,
    table: pd.DataFrame,
    columns: Sequence[Column],
    tested: Sequence[Column],
    gains: pd.DataFrame | None,
    within: WithinCentres,
    arms: bool,
    centres: Any,
    permuted: tuple[Positions | None, str],
) -> tuple[str, ...]:
    """Return what may be a leak (RM213), what the base is, what the statistics are compared with, what was left out.

    Parameters
    ----------
    base : Base
        Without the centres.
    table : DataFrame
        As `main_table` makes it.
    columns, tested : sequence of Column
    gains : DataFrame or None
    within : WithinCentres
    arms : bool
    centres : array or None
        Of each patient; None where there is one, or none is named.
    permuted : tuple of array or None, and str
        The strata within which outcomes were permuted, also in words.
    """
    strata, made_of = permuted
    lines = [f"Base model: {', '.join(one.label for one in base.study.predictors) or 'intercept only'}; {base.words}."]
    lines += [_null_words(base, strata, made_of), *_centre_words(base, within, centres, strata)]
    left = int(table["p_maxt"].isna().sum())
    if left:
        which = "The only candidate" if len(columns) == 1 else f"{left} of {len(columns)} candidates"
        lines.append(f"{which} could not be tested; {'the reason is' if left == 1 else 'reasons are'} listed.")
    if base.data.lost:
        lines.append("Patients lost to follow-up are accounted for by censoring weights, which are taken as known.")
    if gains is not None and len(gains) < len(tested):
        which = "candidate" if len(gains) == 1 else f"{len(gains)} candidates"
        lines.append(f"Added predictive value is shown for the {which} with the lowest adjusted p only.")
    if not arms:
        lines.append("No interaction with treatment: the study has no [trial] section, or the cohort lacks an arm.")
    return (*too_strong(table), *lines)


def _null_words(base: Base, strata: Positions | None, made_of: str) -> str:
    """Say what the statistics are compared with."""
    if strata is None:
        return "Adjusted p-values and q-values come from outcomes simulated from the base model."
    counted = base.weight > 0
    present = np.bincount(strata[counted]) > 0
    events = np.bincount(strata[counted], weights=base.relapse[counted])
    one_outcome = present & ((events == 0) | (events == np.bincount(strata[counted])))
    silent = int(np.isin(strata[counted], np.flatnonzero(one_outcome)).sum())
    words = f"Adjusted p-values and q-values come from permutations of the outcomes within strata of {made_of}."
    if not silent:
        return words
    return f"{words} Strata in which all or none had the event contribute nothing ({disclosed_count(silent)} patients)."


def _centre_words(base: Base, within: WithinCentres, centres: Any, strata: Positions | None) -> list[str]:
    """Say whether patients are compared within centres, and if not, why."""
    if centres is None:
        return ["No comparison of centres: the cohort has one centre, or states none."]
    if accounts_for_centre(base.study):
        return []
    if within.group is None:
        return [
            f"The base model does not account for centre, since fewer than two have {FEWEST_PATIENTS} patients: where "
            "centres differ in both their assays and their risk, a marker may appear associated for that reason alone."
        ]
    silent = within.silent(base.weight)
    lines = [
        f"Patients are compared within centres: each centre with {FEWEST_PATIENTS} patients or more has its own risk "
        "in the base model; smaller centres share one."
    ]
    if silent and strata is None:
        lines[0] += (
            f" Centres in which all or none had the event contribute nothing ({disclosed_count(silent)} patients)."
        )
    return lines
