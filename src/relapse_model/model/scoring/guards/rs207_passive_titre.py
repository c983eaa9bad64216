"""RS207: a titre was taken while antibody given as a drug was on board."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.comparisons import at_or_before, to_the_day
from relapse_model.model.scoring.guards.guard import Flagged, Guard, NewPatients, flagged
from relapse_model.model.scoring.guards.results_read import rows_read
from relapse_model.study.predictor_kinds import AS_MEASURED


def titre_with_passive_part(new: NewPatients) -> list[Flagged]:
    """Warn where a predictor reads a titre as measured, of blood drawn soon after a dose of the same antibody.

    The assay sees the patient's own antibody and the drug together. Soon is ``passive_weeks`` of the study's section
    [scoring]; blood of the week of a dose was drawn before it. Kind ``endogenous`` takes the drug out, and is not
    warned of. Without a treatments table no dose is known.

    Parameters
    ----------
    new : NewPatients
    """
    passive, treatments = new.study.passive_antibody, new.cohort.treatments
    if passive is None or treatments is None:
        return []
    readers = [one for one in new.study.predictors if one.analyte == passive.analyte and one.kind in AS_MEASURED]
    rows = [rows_read(new.cohort, new.study, one, new.landmark) for one in readers]
    if not rows:
        return []
    titres = new.cohort.labs.iloc[np.unique(np.concatenate(rows))]
    since = _weeks_since_dose(titres, treatments[treatments["agent"].isin(passive.agents)])
    soon = np.flatnonzero(at_or_before(since, new.study.scoring.passive_weeks))
    shortest = np.full(len(new.cohort), np.inf)
    np.minimum.at(shortest, titres["patient"].to_numpy(dtype=np.intp)[soon], since[soon])
    label, agents = new.study.analytes[passive.analyte].label, " or ".join(new.study.agent_labels(passive.agents))

    def text(row: int) -> str:
        weeks = f"{shortest[row]:.3g} week{'' if shortest[row] == 1 else 's'}"
        return f"titre taken {weeks} after {agents}: measured {label} contains antibody given as a drug"

    return [flagged(np.isfinite(shortest), text)]


def _weeks_since_dose(titres: pd.DataFrame, doses: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the weeks from the last dose before each titre; NaN where there is none."""
    drawn = pd.DataFrame(
        {
            "patient": titres["patient"].to_numpy(dtype=np.int64), "week": to_the_day(titres["week"]),
            "row": np.arange(len(titres)),
        }
    )  # fmt: skip
    given = pd.DataFrame(
        {"patient": doses["patient"].to_numpy(dtype=np.int64), "dose_week": to_the_day(doses["start_week"])}
    )
    joined = pd.merge_asof(
        drawn.sort_values("week"), given.sort_values("dose_week"), left_on="week", right_on="dose_week", by="patient",
        allow_exact_matches=False,
    ).sort_values("row")  # fmt: skip
    return np.asarray((joined["week"] - joined["dose_week"]).to_numpy(dtype=np.float64))


GUARD = Guard("RS207", "a titre taken while antibody given as a drug was on board", titre_with_passive_part)
