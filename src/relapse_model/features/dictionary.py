"""The data dictionary of a study's predictors: what each column is, in which unit, and where its prior comes from."""

from __future__ import annotations

import pandas as pd

from relapse_model.feature_kinds import FEATURE_KINDS
from relapse_model.study import Predictor, Study


def data_dictionary(study: Study) -> pd.DataFrame:
    """Return one row per predictor: name, label, unit, scale, definition, direction, prior and its source.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import relapse_model as rm
    >>> data_dictionary(rm.load_study("hbsag-relapse")).loc["anti_hbs", "definition"]
    'Anti-HBs: last result at or before the landmark'
    """
    rows = [
        {
            "name": predictor.name,
            "label": predictor.label,
            "unit": predictor.unit,
            "scale": predictor.scale,
            "definition": definition(predictor, study),
            "direction": {"up": "more risk", "down": "less risk"}.get(predictor.direction or "", "open"),
            "prior": prior_text(predictor),
            "source": "" if predictor.prior is None else predictor.prior.source,
        }
        for predictor in study.predictors
    ]
    return pd.DataFrame(rows).set_index("name")


def definition(predictor: Predictor, study: Study) -> str:
    """Say in one line how a predictor is computed."""
    text = FEATURE_KINDS[predictor.kind].definition
    subject = study.analytes[predictor.analyte].label if predictor.analyte else ", ".join(predictor.agents)
    parts = [f"{subject}: {text}" if subject else text]
    if predictor.kind == "column":
        parts = [f"column {predictor.column!r} of the patients table"]
    elif predictor.column:
        parts.append(f"as stated in column {predictor.column!r} where it is")
    details = {
        "equals": "1 where it is {!r}, else 0",
        "below": "threshold: below {:g}",
        "at_least": "threshold: at least {:g}",
        "window_weeks": "only the {:g} weeks before the landmark",
        "cap": "no more than {:g}",
        "saturating": "value / (value + {:g})",
    }
    parts += [text.format(value) for key, text in details.items() if (value := getattr(predictor, key)) is not None]
    parts += ["first negative confirmed by the next test"] if predictor.confirmed else []
    parts += [f"levels {', '.join(predictor.levels)}"] if predictor.levels else []
    return "; ".join(parts)


def prior_text(predictor: Predictor) -> str:
    """Write a prior as mean, standard deviation and step, on the log-odds scale."""
    prior = predictor.prior
    if prior is None:
        return "none: the library's default"
    step = prior.per if isinstance(prior.per, str) else f"{prior.per:g} units"
    return f"log-odds {prior.log_odds:g} (sd {prior.sd:g}) per {step}"
