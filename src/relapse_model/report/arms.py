"""The arms of a trial as its plan calls them, and their order: the treatment first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.study.study import Study


def arm_labels(data: DevelopmentData, study: Study, arm: ArrayLike | None = None) -> NDArray[Any] | None:
    """Return the arm of each patient in words, or None where there is none.

    Parameters
    ----------
    data : DevelopmentData
    study : Study
    arm : array-like or Series by patient_id, optional
        By default the predictor that reads the column ``arm``, if the study has one.

    Raises
    ------
    RelapseModelError
        If `arm` does not have one entry for each patient.
    """
    if arm is None:
        return _arm_of_study(data, study)
    if isinstance(arm, pd.Series) and arm.index.is_unique and data.features.index.isin(arm.index).all():
        arm = arm.reindex(data.features.index)
    labels = pd.Series(np.asarray(arm, dtype=object)).replace(arm_names(study))
    if len(labels) != len(data):
        raise RelapseModelError(
            f"Report: arm has {len(labels)} entries; expected {len(data)}, one for each patient at risk "
            "in the order of validation.data.features, or a Series indexed by patient_id."
        )
    return labels.where(labels.notna(), "arm not known").astype(str).to_numpy(dtype=object)


def arms_of_plan(study: Study) -> tuple[str, ...]:
    """Return what the plan of the trial calls the arms, the treatment first; none without such a plan."""
    return tuple(_of_plan(study).values())


def arm_names(study: Study) -> dict[str, str]:
    """Return what the study calls each arm, by its value in the tables: as its plan says, else as its agents.

    Parameters
    ----------
    study : Study
    """
    return {name: agent.label for name, agent in study.agents.items()} | _of_plan(study)


def _of_plan(study: Study) -> dict[str, str]:
    plan = study.trial
    if plan is None or plan.arms.column != "arm":
        return {}
    return dict(zip((plan.arms.treatment, plan.arms.control), plan.arms.names, strict=True))


def _arm_of_study(data: DevelopmentData, study: Study) -> NDArray[Any] | None:
    predictor = next((p for p in study.predictors if p.column == "arm"), None)
    if predictor is None:
        return None
    values = data.features[predictor.name]
    if predictor.equals is not None:
        called, others = _of_plan(study), predictor.others if isinstance(predictor.others, tuple) else ()
        yes = called.get(predictor.equals, f"{predictor.label}: yes")
        no = called.get(others[0]) if len(others) == 1 else None
        values = values.map({1.0: yes, 0.0: no or f"{predictor.label}: no"})
    return values.astype(object).where(values.notna(), "arm not known").astype(str).to_numpy(dtype=object)
