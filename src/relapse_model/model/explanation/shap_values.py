"""SHAP values of the log-odds of relapse: one column per predictor, in clinical units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.classifiers.by_centre import by_centre
from relapse_model.features.clinical_units import clinical
from relapse_model.features.clinical_units import predictor_title as predictor_title
from relapse_model.features.design import design, level_codes, matrix_of_codes
from relapse_model.model.explanation.shapley import shapley_values
from relapse_model.small_counts import HIDDEN
from relapse_model.study.study import Study

if TYPE_CHECKING:
    import shap

    from relapse_model.model.trained import TrainedModel


def explain(model: TrainedModel, features: pd.DataFrame, site: NDArray[np.object_] | None = None) -> shap.Explanation:
    """Explain the log-odds of every patient.

    Boosted trees: exact TreeSHAP, the columns of one predictor summed. Other models: Shapley values against the
    reference patient (the mean of each predictor, the commonest level). They are exact where the log-odds are linear,
    and of any model of up to 10 predictors; beyond, by permutations. A missing value counts as the value the model
    puts in its place. Either way a row's values and its base value add up to the log-odds that the model gives.

    Parameters
    ----------
    model : TrainedModel
    features : DataFrame
        As `derive_features` makes it.
    site : array of str, optional
        The centre of each patient, as `centre_labels` has it. What a known centre does stands in the base value.

    Returns
    -------
    shap.Explanation
        ``feature_names`` are labels with units, ``data`` in clinical units.
    """
    from relapse_model.model.explanation.shown_explanation import Explanation

    values, base = np.zeros((len(features), len(model.study.predictors))), np.zeros(len(features))
    for classifier, rows in by_centre(model.classifier, site, len(features)):
        values[rows], base[rows] = _explained(replace(model, classifier=classifier), features.iloc[rows])
    return Explanation(
        values=values,
        base_values=base,
        data=shown_values(features, model.study),
        feature_names=[predictor_title(predictor) for predictor in model.study.predictors],
        output_names=f"log-odds of {model.study.outcome.name}",
    )


def _explained(model: TrainedModel, features: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return contributions and base values of patients whom one posterior scores."""
    codes = level_codes(features, model.study)
    if hasattr(model.classifier, "contributions"):  # as `starts_from_training` says
        matrix = matrix_of_codes(codes, model.study)
        return _of_predictors(model.classifier.contributions(matrix), model.study)
    if hasattr(model.classifier, "linear_contributions"):
        rows = matrix_of_codes(np.vstack([codes, reference_codes(model)]), model.study)
        return _of_predictors(model.classifier.linear_contributions(rows, rows[-1])[:-1], model.study)
    return _shapley_values(model, codes)


def shown_values(features: pd.DataFrame, study: Study) -> NDArray[Any]:
    """Return the predictors in clinical units, levels by their name; numbers stay numbers if all are."""
    columns = [
        features[p.name].to_numpy(dtype=object) if p.levels else clinical(features[p.name].to_numpy(dtype=float), p)
        for p in study.predictors
    ]
    return np.column_stack(columns)


def reference_codes(model: TrainedModel) -> Floats:
    """Return the patient that the others are compared with: means, and the commonest levels."""
    codes = []
    for predictor in model.study.predictors:
        training = model.summary["predictors"][predictor.name]
        if predictor.levels:
            # What is hidden is less than any count that is disclosed, and more than a small one.
            counts = [n if isinstance(n, int) else int(n == HIDDEN) / 2 for n in training["levels"].values()]
            codes.append(float(np.argmax(counts)))
        else:
            codes.append(np.nan if training["mean"] is None else training["mean"])
    return np.array(codes)


def starts_from_training(classifier: object) -> bool:
    """Tell whether contributions start from the mean log-odds of the training patients, and not from one patient.

    Parameters
    ----------
    classifier : object
    """
    return hasattr(classifier, "contributions")


def _shapley_values(model: TrainedModel, codes: Floats) -> tuple[Floats, Floats]:
    def log_odds(rows: Floats) -> Floats:
        return model.classifier.predict_log_odds(matrix_of_codes(rows, model.study))

    reference = reference_codes(model)
    base = log_odds(reference[None, :])
    return shapley_values(log_odds, codes, reference), np.full(len(codes), base[0])


def _of_predictors(contributions: Floats, study: Study) -> tuple[Floats, Floats]:
    """Sum the contributions of the columns of each predictor, and part them from the base values."""
    values = np.zeros((len(contributions), len(study.predictors)))
    for column, predictor in enumerate(design(study).predictor):
        values[:, predictor] += contributions[:, column]
    return values, contributions[:, -1].copy()
