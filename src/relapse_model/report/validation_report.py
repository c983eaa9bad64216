"""The report of a validation: strict JSON, figures, and one page that opens offline."""

from __future__ import annotations

import json
import platform
import re
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from relapse_model._version import __version__
from relapse_model.candidates import LABELS
from relapse_model.cohort import write_bytes, write_text
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import design
from relapse_model.report.figures import calibration_figure, decision_curve_figure, risk_figure
from relapse_model.report.style import png, svg
from relapse_model.report.survival_figure import kaplan_meier_figure
from relapse_model.report.words import outcome_words, predictor_rows, verdict
from relapse_model.training_summary import PACKAGES
from relapse_model.validation import sample_size
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.net_benefit import NetBenefit, net_benefit
from relapse_model.validation.performance import MEASURES, Performance
from relapse_model.validation.result import Validation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]


THRESHOLDS = np.arange(5, 31) / 100

MEANING = {
    "auc": "How often a patient who relapsed had a higher risk than one who did not. 0.5 is chance, 1 perfect.",
    "c_index": "The same over all of follow-up, with the time of relapse. 0.5 is chance, 1 perfect.",
    "log_loss": "Mean penalty for the risks given; lower is better. Compare with the next line.",
    "log_loss_mean_risk": "The penalty if everybody were given the mean risk: what a useful model must beat.",
    "brier": "Mean squared distance between risk and outcome. Lower is better.",
    "scaled_brier": "Share of the squared distance that the model removes. 0 is no better than the mean risk.",
    "calibration_intercept": "0 if risks are right on the whole; above 0 they are too low, below 0 too high.",
    "calibration_slope": "1 if risks are spread right; below 1 they are too extreme, above 1 too timid.",
    "observed_expected": "Relapses seen over relapses predicted. 1 is right; above 1 the risks are too low.",
}

HEADLINE = ("auc", "calibration_slope", "observed_expected", "scaled_brier")

CAPTIONS = {
    "calibration": "Observed against predicted risk out of fold (mean of each patient's risks over the repeats); "
    "patients by outcome below. Intercept and slope are those of the table.",
    "decision_curve": "Net benefit, mean over the repeats, if one acted from the given risk on. The action, its "
    "benefit and its harm have to be named by the clinic; the report names none.",
    "risks": "Each dot is a patient: mean out-of-fold risk. Boxes are quartiles, whiskers the 5th and 95th percentile. "
    "The lost are neither relapsed nor free.",
    "kaplan_meier": "A relapse counts at its first positive test. Short strokes mark the end of follow-up; the dotted "
    "line is the horizon. It describes these patients and compares no treatments.",
}


def write_report(validation: Validation, folder: str | Path, *, arm: ArrayLike | None = None) -> dict[str, Path]:
    """Write ``report.html``, ``validation.json``, and the figures as SVG and PNG; return where they are.

    No file holds an identifier of a patient; the figure of the risks shows one unnamed dot for each.

    Parameters
    ----------
    validation : Validation
    folder : str or Path
        Made if it does not exist.
    arm : array-like of shape (n,) or Series by patient_id, optional
        Treatment arm of the patients of ``validation.data``, for the Kaplan-Meier figure; by default the
        predictor that reads the column ``arm``, if the study has one.

    Returns
    -------
    dict of str to Path
        ``report``, ``validation`` and ``figures`` (a folder).

    Raises
    ------
    RelapseModelError
        If `arm` does not have one entry for each patient.

    Examples
    --------
    >>> import relapse_model as rm
    >>> found = rm.validate(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"))  # doctest: +SKIP
    >>> rm.write_report(found, "report")["report"]  # doctest: +SKIP
    PosixPath('report/report.html')
    """
    places = {
        "report": Path(folder) / "report.html",
        "validation": Path(folder) / "validation.json",
        "figures": Path(folder) / "figures",
    }
    drawn = report_figures(validation, arm)
    places["figures"].mkdir(parents=True, exist_ok=True)
    pictures = {name: svg(figure) for name, figure in drawn.items()}
    for name, figure in drawn.items():
        write_text(pictures[name], places["figures"] / f"{name}.svg")
        write_bytes(png(figure), places["figures"] / f"{name}.png")
    write_text(strict_json(validation_values(validation)), places["validation"])
    write_text(report_page(validation, pictures), places["report"])
    return places


def report_figures(validation: Validation, arm: ArrayLike | None = None) -> dict[str, Figure]:
    """Return the figures of the report by name.

    Parameters
    ----------
    validation : Validation
    arm : array-like, optional
        As `write_report` takes it.
    """
    data, measures = validation.data, validation.performance.measures
    seen = ~np.isnan(validation.risks).all(axis=0)  # patients whose folds all failed have no risk
    relapse, weight = data.relapse[seen], data.weights()[seen]
    risk = np.nanmean(validation.risks[:, seen], axis=0)
    intercept, slope = measures.get("calibration_intercept"), measures.get("calibration_slope")
    return {
        "calibration": calibration_figure(
            relapse, risk, weight,
            intercept=intercept if isinstance(intercept, Estimate) else None,
            slope=slope if isinstance(slope, Estimate) else None,
        ),
        "decision_curve": decision_curve_figure(mean_net_benefit(validation)),
        "risks": risk_figure(relapse, risk),
        "kaplan_meier": kaplan_meier_figure(
            data.time, data.event, arm_labels(validation, arm), start=validation.landmark_week, horizon=data.horizon
        ),
    }  # fmt: skip


def mean_net_benefit(validation: Validation) -> NetBenefit:
    """Return the decision curve averaged over the repeats, at thresholds from 5 to 30 %.

    Parameters
    ----------
    validation : Validation
    """
    relapse, weight = validation.data.relapse, validation.data.weights()
    curves = []
    for risk in validation.risks:
        rows = ~np.isnan(risk)
        curves.append(net_benefit(relapse[rows], risk[rows], THRESHOLDS, weight[rows]))
    model, everybody, avoided = (
        np.mean([getattr(curve, name) for curve in curves], axis=0)
        for name in ("model", "treat_all", "interventions_avoided")
    )
    return NetBenefit(THRESHOLDS, model, everybody, avoided)


def sample_size_values(validation: Validation) -> dict[str, Any]:
    """Return what Riley's criteria say of a cohort of this size, at an assumed c-statistic of 0.75.

    Patients count whose outcome is known; the prevalence is weighted for those lost.

    Parameters
    ----------
    validation : Validation
    """
    data = validation.data
    known = ~np.isnan(data.relapse)
    n, parameters = int(known.sum()), len(design(validation.study).names)
    prevalence = float(np.average(data.relapse[known], weights=data.weights()[known]))
    told: dict[str, Any] = {
        "anticipated_c": sample_size.ANTICIPATED_C,
        "known": n,
        "parameters": parameters,
        "prevalence": prevalence,
    }
    try:
        r2 = sample_size.cox_snell_r2(sample_size.ANTICIPATED_C, prevalence)
        needed = sample_size.riley_sample_size(parameters, r2, prevalence)
        told |= {
            "needed_patients": needed.patients,
            "needed_events": round(needed.patients * prevalence),
            "carried_parameters": sample_size.maximum_parameters(n, prevalence, r2),
            "expected_shrinkage": sample_size.expected_shrinkage(n, parameters, r2),
        }
    except RelapseModelError as error:
        told["refused"] = str(error)
    return told


def validation_values(validation: Validation) -> dict[str, Any]:
    """Return everything the report knows as plain values, without patients.

    Parameters
    ----------
    validation : Validation
    """
    return validation.to_dict() | {"sample_size": sample_size_values(validation), "packages": packages()}


def strict_json(values: Any) -> str:
    """Return JSON as the standard has it: what is no finite number is null.

    Parameters
    ----------
    values : dict, list or scalar
    """
    return json.dumps(_plain(values), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def packages() -> dict[str, str]:
    """Return the versions of what the numbers were made with."""
    own = {"relapse-model": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in PACKAGES}


def arm_labels(validation: Validation, arm: ArrayLike | None = None) -> NDArray[Any] | None:
    """Return the arm of each patient in words, or None where there is none.

    Parameters
    ----------
    validation : Validation
    arm : array-like or Series by patient_id, optional
        By default the predictor that reads the column ``arm``, if the study has one.

    Raises
    ------
    RelapseModelError
        If `arm` does not have one entry for each patient.
    """
    data = validation.data
    if arm is None:
        return _arm_of_study(validation)
    if isinstance(arm, pd.Series) and arm.index.is_unique and data.features.index.isin(arm.index).all():
        arm = arm.reindex(data.features.index)
    labels = pd.Series(np.asarray(arm, dtype=object))
    if len(labels) != len(data):
        raise RelapseModelError(
            f"Report: arm has {len(labels)} entries; expected {len(data)}, one for each patient at risk "
            "in the order of validation.data.features, or a Series indexed by patient_id."
        )
    return labels.where(labels.notna(), "arm not known").astype(str).to_numpy(dtype=object)


def report_page(validation: Validation, pictures: dict[str, str]) -> str:
    """Return the page: everything inside it, nothing fetched, no script.

    Parameters
    ----------
    validation : Validation
    pictures : dict of str to str
        Figures as SVG.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("relapse_model", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    study, performance = validation.study, validation.performance
    return environment.get_template("validation_report.html.jinja").render(
        study=study,
        validation=validation,
        performance=performance,
        verdict=verdict(performance, study.outcome.name),
        outcome=outcome_words(study.outcome, study),
        headline=[_measure(name, performance) for name in HEADLINE if name in performance.measures],
        measures=[_measure(name, performance) for name in MEASURES if name in performance.measures],
        refused={MEASURES.get(name, name): why for name, why in performance.refused.items()},
        size=sample_size_values(validation),
        # Drawn by Matplotlib, which escapes the text it is given.
        pictures={name: Markup(inline_svg(picture, name)) for name, picture in pictures.items()},
        captions=CAPTIONS,
        chosen=[(LABELS[name], validation.chosen.get(name, 0)) for name in validation.settings["candidates"]],
        predictors=predictor_rows(study),
        packages=packages(),
    )


def inline_svg(picture: str, name: str) -> str:
    """Return an SVG file as an element of a page: no prologue, no metadata, identifiers that are its own.

    Parameters
    ----------
    picture : str
    name : str
        Put before every identifier.
    """
    body = picture[picture.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", body, count=2)
    body = re.sub(r'\sid="([^"]*)"', rf' id="{name}-\1"', body)
    body = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{name}-\1"', body)
    body = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", body)
    return body.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _plain(values: Any) -> Any:
    if isinstance(values, dict):
        return {str(key): _plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple | np.ndarray):
        return [_plain(value) for value in values]
    if isinstance(values, np.generic):
        return _plain(values.item())
    if isinstance(values, float) and not isfinite(values):
        return None
    return values


def _measure(name: str, performance: Performance) -> dict[str, str]:
    found = performance.measures[name]
    told = {"label": MEASURES[name], "meaning": MEANING[name]}
    if isinstance(found, Estimate):
        interval = f"{found.lower:z.2f} to {found.upper:z.2f}"
        return told | {
            "value": f"{found.value:z.2f}", "interval": interval, "level": f"{100 * found.level:g} %",
            "method": found.method,
        }  # fmt: skip
    return told | {"value": f"{found:z.3f}", "interval": "", "level": "", "method": "no interval"}


def _arm_of_study(validation: Validation) -> NDArray[Any] | None:
    predictor = next((p for p in validation.study.predictors if p.column == "arm"), None)
    if predictor is None:
        return None
    values = validation.data.features[predictor.name]
    if predictor.equals is not None:
        values = values.map({1.0: f"{predictor.label}: yes", 0.0: f"{predictor.label}: no"})
    return values.astype(object).where(values.notna(), "arm not known").astype(str).to_numpy(dtype=object)
