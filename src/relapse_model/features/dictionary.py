"""The data dictionary of a study's predictors: what each column is, in which unit, and where its prior comes from."""

from __future__ import annotations

import pandas as pd

from relapse_model.study.predictor import Predictor, Prior, StudyTerm
from relapse_model.study.predictor_kinds import FEATURE_KINDS
from relapse_model.study.study import Study


def data_dictionary(study: Study) -> pd.DataFrame:
    """Return one row per predictor and term: name, label, unit, scale, definition, direction, prior and its source.

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
    'Anti-HBs: last result at or before the landmark; within 16 weeks before the landmark'
    """
    rows = [
        {
            "name": predictor.name,
            "label": predictor.label,
            "unit": predictor.unit,
            "scale": predictor.scale,
            "definition": definition(predictor, study),
            "direction": {"up": "more risk", "down": "less risk"}.get(predictor.direction or "", "open"),
            "prior": prior_text(predictor.prior),
            "source": "" if predictor.prior is None else predictor.prior.source,
        }
        for predictor in study.predictors
    ]
    rows += [
        {
            "name": term.name, "label": term.label, "unit": "", "scale": "linear",
            "definition": term_definition(term, study), "direction": "open", "prior": prior_text(term.prior),
            "source": "" if term.prior is None else term.prior.source,
        }
        for term in study.terms
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("name")


def definition(predictor: Predictor, study: Study) -> str:
    """Say in one line how a predictor is computed."""
    text = FEATURE_KINDS[predictor.kind].definition
    subject = (
        study.analytes[predictor.analyte].label
        if predictor.analyte
        else ", ".join(study.agent_labels(predictor.agents))
    )
    parts = [f"{subject}: {text}" if subject else text]
    if predictor.kind == "column":
        parts = [f"column {predictor.column!r} of the patients table"]
    elif predictor.column:
        parts.append(f"taken from column {predictor.column!r} where stated there")
    details = {
        "equals": "1 if {!r}, otherwise 0",
        "below": "threshold: below {:g}",
        "at_least": "threshold: at least {:g}",
        "window_weeks": "within {:g} weeks before the landmark",
        "gap_weeks": "at most {:g} weeks between the last result not below it and the first below it",
        "cap": "capped at {:g}",
        "saturating": "value / (value + {:g})",
    }
    parts += [text.format(value) for key, text in details.items() if (value := getattr(predictor, key)) is not None]
    parts += ["first negative confirmed by the next test"] if predictor.confirmed else []
    parts += [f"levels {', '.join(predictor.levels)}"] if predictor.levels else []
    return "; ".join(parts)


def term_definition(term: StudyTerm, study: Study) -> str:
    """Say in one line what a non-linear term is, and what it stands in for."""
    shapes = {
        "saturating": "{0} / ({0} + {1})", "cap": "{0}, no more than {1}", "below": "{0} below {1}",
        "at_least": "{0} at least {1}", "minus": "({0} less {1})",
    }  # fmt: skip
    parts = []
    for factor in term.factors:
        predictor = study.predictor(factor.predictor)
        unit = f" {predictor.unit}" if predictor.unit and predictor.unit != "0/1" else ""
        given = [
            text.format(predictor.label, f"{at:g}{unit}")
            for shape, text in shapes.items()
            if (at := getattr(factor, shape)) is not None
        ]
        parts.append(given[0] if given else predictor.label)
    instead = ", ".join(study.predictor(name).label for name in term.replaces)
    text = "term: " + " times ".join(parts)
    return f"{text}; tried instead of the linear {instead}" if instead else f"{text}; tried as an addition"


def prior_text(prior: Prior | None) -> str:
    """Write a prior as mean, standard deviation and step, on the log-odds scale."""
    if prior is None:
        return "none: the library's default"
    step = prior.per if isinstance(prior.per, str) else f"{prior.per:g} units"
    return f"log-odds {prior.log_odds:g} (sd {prior.sd:g}) per {step}"
