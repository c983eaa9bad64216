"""Values of predictors as people read them: in clinical units, with three figures."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.study.predictor import Predictor
from relapse_model.study.predictor_kinds import DIFFERENCES, ONE_RESULT
from relapse_model.study.study import Study


def clinical(values: Floats, predictor: Predictor) -> Floats:
    """Return values of a predictor in clinical units: the logarithm of a level undone, a slope as it is."""
    if predictor.saturating is not None:
        return predictor.saturating * values / np.maximum(1.0 - values, 1e-12)
    level = predictor.kind not in DIFFERENCES
    return np.power(10.0, values) if predictor.scale == "log10" and level else values


def as_printed(values: Floats) -> Floats:
    """Return numbers at twelve figures: 40.3 that went through its logarithm is 40.3 again, not 40.29999999999999.

    Parameters
    ----------
    values : array of float

    Examples
    --------
    >>> as_printed(10 ** np.log10(np.array([40.3, 1250000.0, np.nan]))).tolist()
    [40.3, 1250000.0, nan]
    """
    different, which = np.unique(values, return_inverse=True)
    rounded = np.array([float(f"{value:.12g}") for value in different.tolist()], dtype=np.float64)
    return rounded[which]


def on_model_scale(value: float, predictor: Predictor) -> float:
    """Return a value in the clinical unit as the model's column holds it: the reverse of `clinical`.

    Examples
    --------
    >>> import relapse_model as rm
    >>> on_model_scale(100.0, rm.load_study("hbsag-relapse").predictor("anti_hbs"))
    2.0
    """
    if predictor.cap is not None:
        value = min(value, predictor.cap)
    if predictor.saturating is not None:
        return value / (value + predictor.saturating)
    return float(np.log10(value)) if predictor.scale == "log10" and predictor.kind not in DIFFERENCES else value


def unit_shown(predictor: Predictor) -> str:
    """Return the unit in which `clinical` gives a predictor; ``log10`` said where it stays one."""
    if predictor.scale == "log10" and predictor.kind in DIFFERENCES:
        return f"log10 {predictor.unit}"
    return predictor.unit


def held_by_model(predictor: Predictor) -> str:
    """Return in which unit the model's column holds a predictor, with ``log10`` where it is one.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> held_by_model(study.predictor("anti_hbs")), held_by_model(study.predictor("male"))
    ('log10 mIU/mL', '')
    """
    if predictor.levels:
        return "text"
    if predictor.saturating is not None:
        return f"x / (x + {predictor.saturating:g}) of {predictor.unit}"
    return f"log10 {predictor.unit}" if predictor.scale == "log10" else predictor.unit


def predictor_title(predictor: Predictor) -> str:
    """Return the label of a predictor with its unit."""
    unit = unit_shown(predictor)
    return f"{predictor.label} ({unit})" if unit and unit != "0/1" else predictor.label


def limit_of_floor(predictor: Predictor, study: Study) -> float | None:
    """Return the limit below which one number stands for every result (`floor`), so that it is shown as below it.

    None where a number below the limit is a result, or the predictor is not one result.

    Parameters
    ----------
    predictor : Predictor
    study : Study
    """
    analyte = study.analytes.get(predictor.analyte or "") if predictor.kind in ONE_RESULT else None
    return analyte.lower_limit if analyte is not None and analyte.floor else None


def three_figures(number: float) -> str:
    """Write a number as a laboratory would: three figures, no exponent for a large one.

    Parameters
    ----------
    number : float

    Examples
    --------
    >>> three_figures(0.05), three_figures(12.345), three_figures(1671.2)
    ('0.05', '12.3', '1671')
    """
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
