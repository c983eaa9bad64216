"""Updating a model for other patients: its intercept, or intercept and slope, re-estimated; nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.errors import RelapseModelError
from relapse_model.features.enough_events import require_events
from relapse_model.model.judged import data_to_judge
from relapse_model.model.lineage import parent_summary
from relapse_model.model.own_cohort import fingerprint_for, refuse_own_cohort
from relapse_model.model.trained import Model, TrainedModel
from relapse_model.small_counts import disclosed_count
from relapse_model.validation.effective_number import effective_share

if TYPE_CHECKING:
    from relapse_model.cohort.cohort import Cohort

METHODS = ("intercept", "intercept_and_slope")


def updated_model(model: Model, cohort: Cohort, method: str, landmark_week: float | None) -> Model:
    """Return the model recalibrated on other patients, which records the one it comes from.

    Assumes that the predictors mean in these patients what they meant before, so that only the level of the risks, or
    their spread, is off. The intercept is estimated freely. The slope has a prior around 1, as
    `relapse_model.classifiers.combined.recalibrated.fit_recalibration` says, so that few events move it only a little.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
        Patients with their outcome, none of whom the model was trained on.
    method : {"intercept", "intercept_and_slope"}
    landmark_week : float or None
        For a model of several landmarks.

    Raises
    ------
    RelapseModelError
        For another method, or the cohort that the model was trained on.
    InsufficientDataError
        With fewer than 5 relapses, or 5 patients free of it.

    Notes
    -----
    Steyerberg, Borsboom, van Houwelingen, Eijkemans and Habbema 2004, Stat Med 23:2567, methods 1 and 2.
    """
    from relapse_model.classifiers.combined.recalibrated import RecalibratedClassifier, Recalibration, fit_recalibration
    from relapse_model.validation.logistic_fit import fit_intercept

    if method not in METHODS:
        raise RelapseModelError(f"update: method is {method!r}; expected {' or '.join(map(repr, METHODS))}.")
    data, unmeasured = data_to_judge(model, cohort, model.landmark(landmark_week))
    require_events(data, "update")
    refuse_own_cohort(model, cohort, "update")
    known = ~np.isnan(data.relapse)
    relapse, weight = data.relapse[known], data.weights()[known]
    weight = weight * effective_share(relapse, weight)  # the slope's prior weighs against patients, not weights
    log_odds = model.classifier.predict_log_odds(data.matrix[known])
    if method == "intercept":
        shift = fit_intercept(relapse, weight, log_odds, False).coefficients[0]
        line = Recalibration(float(shift), 1.0)
    else:
        line = fit_recalibration(relapse, log_odds, weight)
    update: dict[str, Any] = {
        "method": method, "intercept": line.intercept, "slope": line.slope, "patients": len(data),
        "events": data.events, "lost_before_horizon": data.lost, "synthetic": cohort.synthetic,
        "fingerprints": _with(fingerprint_for(model, cohort), model),
        "unmeasured": disclosed_count(unmeasured),
    }  # fmt: skip
    summary = model.summary | {"parent": parent_summary(model), "update": update}
    recalibrated = RecalibratedClassifier.around(model.classifier, line)
    return replace(model, classifier=recalibrated, summary=summary, performance=None)  # other risks: not yet judged


def _with(fingerprint: str | None, model: TrainedModel) -> list[str]:
    """Return the fingerprints of the cohorts of all updates, this one last."""
    earlier = (model.summary.get("update") or {}).get("fingerprints", ())
    return [*earlier, *([] if fingerprint is None else [fingerprint])]
