"""What the model tells apart without a predictor: its AUC over pairs of patients who are alike in it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.tables.columns import ARM
from relapse_model.errors import InsufficientDataError
from relapse_model.features.development_data import DevelopmentData
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.over_repeats import mean_measures
from relapse_model.validation.within_folds import auc_within_folds

_CENTRE = "centre"  # column of the patients table
MOST_LEVELS = 4  # of a predictor: of a number hardly any two patients are alike


def within_levels(
    study: Study, data: DevelopmentData, risks: Floats, fold: NDArray[np.intp], seed: int
) -> dict[str, Estimate]:
    """Return the AUC over pairs of one fold that are alike in a predictor, by the predictor's name.

    What a predictor contributes is the same for two patients who are alike in it: such pairs tell how well the others
    rank. Patients of whom it is not known are alike. Predictors of more than four values, or of one, are left out, and
    those whose pairs support no AUC.

    Parameters
    ----------
    study : Study
    data : DevelopmentData
        Patients at risk at one landmark.
    risks : array of shape (repeats, n)
        Out-of-fold, or of one model; NaN where a fold failed.
    fold : array of shape (repeats, n)
        The same for all where one model gave every risk.
    seed : int
        Of the bootstrap intervals.
    """
    found = {}
    for one in study.predictors:
        level = pd.factorize(data.features[one.name], use_na_sentinel=False)[0]
        if 2 <= len(np.unique(level)) <= MOST_LEVELS:
            auc = _auc(data, risks, fold, level, seed)
            if auc is not None:
                found[one.name] = auc
    return found


def between_groups(study: Study, auc: Estimate | float | None, within: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the AUC within arms, or within centres, where the model tells only these apart; else nothing.

    The arm and the centre are no properties of a patient: it is so where they are predictors, the AUC is shown to be
    above 0.5, and the AUC among patients of one arm (centre) is not, and keeps less than half of what it is above 0.5.

    Parameters
    ----------
    study : Study
    auc : Estimate
        Of all pairs.
    within : mapping of str to Estimate
        As `within_levels` returns it.

    Returns
    -------
    dict of str to Estimate
        By ``auc_within_arm`` and ``auc_within_centre``, for `verdict_code`.
    """
    if not isinstance(auc, Estimate) or auc.lower <= 0.5:
        return {}
    found = {}
    for one in study.predictors:
        of_centre = _is_centre(one, study)
        alike = within.get(one.name) if of_centre or is_arm(one, study) else None
        if alike is not None and alike.lower <= 0.5 and takes_half(auc, alike):
            found["auc_within_centre" if of_centre else "auc_within_arm"] = alike
    return found


def takes_half(auc: Estimate, alike: Estimate) -> bool:
    """Tell whether a predictor takes more than half of what the AUC is above 0.5: among patients alike in it."""
    return alike.value - 0.5 < (auc.value - 0.5) / 2


def is_arm(predictor: Predictor, study: Study) -> bool:
    """Return whether a predictor is the arm: by the column of that name, or the one of the trial's plan.

    Parameters
    ----------
    predictor : Predictor
    study : Study
    """
    return predictor.column is not None and predictor.column in {ARM, study.trial and study.trial.arms.column}


def of_groups(study: Study) -> dict[str, str]:
    """Return the predictors that are the arm or the centre, by name: ``"arms"`` or ``"centres"``.

    Parameters
    ----------
    study : Study
    """
    found = {one.name: "centres" for one in study.predictors if _is_centre(one, study)}
    return found | {one.name: "arms" for one in study.predictors if is_arm(one, study)}


def _is_centre(predictor: Predictor, study: Study) -> bool:
    return predictor.column is not None and predictor.column in {_CENTRE, study.prediction.centre}


def _auc(
    data: DevelopmentData, risks: Floats, fold: NDArray[np.intp], level: NDArray[np.intp], seed: int
) -> Estimate | None:
    each: list[tuple[dict[str, Estimate | float], dict[str, str]]] = []
    weight = data.weights()
    for risk, label in zip(risks, fold, strict=True):
        rows = ~np.isnan(risk)
        alike = label[rows] * (MOST_LEVELS + 1) + level[rows]
        try:
            each.append(({"auc": auc_within_folds(data.relapse[rows], risk[rows], alike, weight[rows], seed=seed)}, {}))
        except InsufficientDataError as error:
            each.append(({}, {"auc": str(error)}))
    auc = mean_measures(each, ["auc"])[0].get("auc")
    return auc if isinstance(auc, Estimate) else None
