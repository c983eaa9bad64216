"""The effect of one predictor at a time on the log-odds of a logistic model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import matrix_of_codes
from relapse_model.model.explanation.shap_values import reference_codes

if TYPE_CHECKING:
    from relapse_model.model.trained import TrainedModel

LOGISTIC = ("prior_logistic", "ridge_logistic", "elastic_net")
FLAT = 1e-9  # log-odds; an effect below it is rounding error


def additive_effect(model: TrainedModel, position: int, codes: ArrayLike) -> Floats:
    """Return the log-odds of the reference patient with one predictor changed, less those of the reference.

    Parameters
    ----------
    model : TrainedModel
    position : int
        Of the predictor in the study.
    codes : array-like of shape (n,)
        Its values on the scale of the model (positions of levels); NaN is missing.
    """
    values = np.asarray(codes, dtype=np.float64)
    reference = reference_codes(model)
    rows = np.tile(reference, (len(values) + 1, 1))
    rows[:-1, position] = values
    log_odds = model_log_odds(model, rows)
    return np.asarray(log_odds[:-1] - log_odds[-1])


def require_logistic(model: TrainedModel, what: str) -> None:
    """Refuse a model whose log-odds are no sum over predictors.

    Raises
    ------
    RelapseModelError
    """
    if model.classifier_name not in LOGISTIC:
        raise RelapseModelError(
            f"{what}: the classifier is {model.classifier_name!r}; expected one of {', '.join(LOGISTIC)}, whose "
            "log-odds are a sum over the predictors. Train with candidates=('prior_logistic',)."
        )


def model_log_odds(model: TrainedModel, codes: Floats) -> Floats:
    """Return the model's log-odds for rows of `relapse_model.features.design.level_codes`."""
    return np.asarray(model.classifier.predict_log_odds(matrix_of_codes(codes, model.study)), dtype=np.float64)
