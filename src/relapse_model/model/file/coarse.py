"""The model as it may leave the hospital (``disclosure="small-counts"``): numbers of its cohort coarse, risks the same.

THE RULE. Who has two such files, of a cohort and of the same cohort without one patient, cannot subtract them:

- Counts of patients, of whatever kind, are multiples of 10; ``<10`` where that is 0. One that could be worked out from
  others no longer can be, so ``hidden`` becomes such a number too, where it was the only one.
- Mean, median and percentiles of a predictor are multiples of a step: 1, 2 or 5 times a power of ten, at most a fifth
  of the predictor's standard deviation. A share of yes is a multiple of 10 %; of 0 or 100 % nothing is told. The mean
  risk is a multiple of 5 %, from 5 to 95 %. Correlations are multiples of 0.1, drawn towards none until they can be
  solved.
- Up or down is a coin (see `rounding`), so an error is less than one step, and the mean of the errors is 0.
- Log losses are told as differences from that of the mean risk, to 0.01, on the log loss of the rounded mean risk;
  measures of a validation to 0.01.
- Assays and units of fewer than 10 are left out, as are seed, fingerprints and checksums of cohorts and of the parent's
  classifier, and the text of a finding, which counts patients: its code and title stay.
- The classifier is told with as little of its cohort as its risks allow (`relapse_model.classifiers.told_coarsely`).

Two things stay exact, since scoring asks them: whether anybody was trained on without a result (0 or not), and the
share of the treated where the plan states the effect of the treatment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.model.file.rounding import Rounding, step_of
from relapse_model.model.file.summary_values import COARSE, HASHES, KEY, is_coarse
from relapse_model.model.trained import Model
from relapse_model.small_counts import HIDDEN, SMALL
from relapse_model.validation.estimate import Estimate

if TYPE_CHECKING:
    from relapse_model.validation.performance_measures import Performance

UNTOLD = "numbers are not told in this file."
_RISK_STEP, _SHARE_STEP, _LOSS_DIGITS = 0.05, 0.1, 2
_SMALLEST_EIGENVALUE = 0.05


def coarse_model(model: Model) -> Model:
    """Return the model as it may leave the hospital, by the rule of this file; every risk and interval the same.

    Parameters
    ----------
    model : TrainedModel
        One that is such already stays as it is.
    """
    if is_coarse(model.summary):
        return model
    from relapse_model.classifiers.told_coarsely import told_coarsely

    known = model.performance
    return replace(
        model,
        classifier=told_coarsely(model.classifier),
        summary=coarse_summary(model.summary),
        performance=None if known is None else coarse_performance(known, model.summary),
    )


def coarse_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary by the rule of this file.

    Parameters
    ----------
    summary : Mapping
        Exact, or in part as it may leave already.
    """
    rounding = Rounding.of(summary)
    own = dict(summary) if summary.get(KEY) == COARSE else _training(summary, rounding)
    for name in ("parent", "update"):
        if own.get(name) is not None and own[name].get(KEY) != COARSE:
            own[name] = _other_cohort(own[name], rounding, name)
    return own


def coarse_performance(found: Performance, summary: Mapping[str, Any]) -> Performance:
    """Return the performance by the rule of this file: counts rounded, measures to two decimals.

    Parameters
    ----------
    found : Performance
    summary : Mapping
        Of the model. Exact, it makes equal counts of both equal; else the exact performance says which way they go.
    """
    rounding = Rounding.of(found.to_dict() if is_coarse(summary) else summary)
    patients = rounding.some(found.patients, "patients")
    counts: dict[str, Any] = {
        name: rounding.count(getattr(found, name), place, patients)
        for name, place in (("lost", "lost_before_horizon"), ("unmeasured", "left out"), ("competing", "competing"))
        if name == "lost" or getattr(found, name)
    }
    return replace(
        found,
        patients=patients,
        events=rounding.some(found.events, "events", patients),
        measures={name: _two_decimals(value) for name, value in found.measures.items()},
        refused=dict.fromkeys(found.refused, f"not estimable; {UNTOLD}"),
        **counts,
    )


def _two_decimals(value: Estimate | float) -> Estimate | float:
    if not isinstance(value, Estimate):
        return round(value, 2)
    return replace(value, **{name: round(getattr(value, name), 2) for name in ("value", "lower", "upper")})


def _training(summary: Mapping[str, Any], rounding: Rounding) -> dict[str, Any]:
    """Return what is told of the training cohort."""
    patients = rounding.some(summary["patients"], "patients")
    own = {name: value for name, value in summary.items() if name not in HASHES}
    own |= {
        KEY: COARSE,
        "patients": patients,
        "events": rounding.some(summary["events"], "events", patients),
        "mean_risk": _mean_risk(summary["mean_risk"], rounding),
        "predictors": {
            name: coarse_predictor(one, summary["patients"], rounding, name, patients)
            for name, one in summary["predictors"].items()
        },
        "warnings": [one | {"text": f"{one['title']}; {UNTOLD}"} for one in summary["warnings"]],
    }
    own["choice"] = _choice(summary["choice"], own["mean_risk"])
    for name in ("lost_before_horizon", "not_at_risk"):
        own[name] = rounding.count(summary[name], name, patients if name == "lost_before_horizon" else None)
    if summary.get("unmeasured", 0) != 0:
        own["unmeasured"] = rounding.count(summary["unmeasured"], "unmeasured", patients)
    for part in {"assays", "units"} & set(summary):
        own[part] = _names(summary[part], rounding, part)
    for part in {"competing", "eligibility"} & set(summary):
        own[part] = _counts(summary[part], rounding, part)
    if "by_landmark" in summary:
        own["by_landmark"] = [
            {"week": one["week"]} | _counts({k: v for k, v in one.items() if k != "week"}, rounding, str(one["week"]))
            for one in summary["by_landmark"]
        ]
    if summary.get("scatter") is not None:
        own["scatter"] = coarse_scatter(summary["scatter"], own["predictors"], rounding)
    return own


def coarse_predictor(
    values: Mapping[str, Any], patients: int, rounding: Rounding, name: str, most: int
) -> dict[str, Any]:
    """Return the summary of one predictor by the rule of this file.

    Parameters
    ----------
    values : Mapping
        As training writes it.
    patients : int
        Of the training, exactly.
    rounding : Rounding
    name : str
        Of the predictor.
    most : int
        What no count may exceed: the patients, as they are told.
    """
    if "levels" in values:
        counts = _without_hidden({"": values["missing"], **values["levels"]}, patients)
        told = {level: rounding.count(count, f"{name} = {level}", most) for level, count in counts.items()}
        return {"missing": told.pop(""), "levels": told}
    untold: dict[str, Any] = {"mean": None, "p05": None, "median": None, "p95": None}
    missing = {"missing": rounding.count(values["missing"], f"{name} missing", most)}
    numbers = {key: values[key] for key in untold}
    if None in numbers.values():
        return missing | untold
    if {numbers[key] for key in ("p05", "median", "p95")} <= {0.0, 0.5, 1.0} and 0.0 <= numbers["mean"] <= 1.0:
        share = rounding.number(numbers["mean"], _SHARE_STEP, name)
        if share in (0.0, 1.0):
            return missing | untold
        return missing | {"mean": share, "p05": 0.0, "median": float(share > 0.5), "p95": 1.0}
    step = step_of(numbers["p05"], numbers["p95"])
    return missing | {key: rounding.number(value, step, name) for key, value in numbers.items()}


def coarse_scatter(
    scatter: Mapping[str, Any], predictors: Mapping[str, Any], rounding: Rounding
) -> dict[str, Any] | None:
    """Return how the predictors scatter together, of those of which a range is told; None of fewer than two.

    Parameters
    ----------
    scatter : Mapping
        As training writes it.
    predictors : Mapping
        Their summaries, as they are told.
    rounding : Rounding
    """
    names = scatter["predictors"]
    told = [place for place, name in enumerate(names) if _varies(predictors[name])]
    if len(told) < 2:
        return None
    exact = np.array(scatter["correlation"], dtype=np.float64)[np.ix_(told, told)]
    rounded = np.eye(len(told))
    for i, j in zip(*np.triu_indices(len(told), 1), strict=True):
        place = f"{names[told[i]]} with {names[told[j]]}"
        rounded[i, j] = rounded[j, i] = np.clip(rounding.number(exact[i, j], 0.1, place), -0.9, 0.9)
    return {
        "predictors": [names[place] for place in told],
        "correlation": _solvable(rounded).tolist(),
        "shrinkage": round(float(scatter["shrinkage"]), 1),
        "spread": max(1.0, round(float(scatter["spread"]), 1)),
    }


def _solvable(correlation: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Draw correlations towards none, by a twentieth at a time, until the smallest eigenvalue is 0.05."""
    one = np.eye(len(correlation))
    for share in np.arange(20, -1, -1) / 20:
        drawn: np.ndarray[Any, np.dtype[np.float64]] = np.round(share * (correlation - one) + one, 3)
        if np.linalg.eigvalsh(drawn)[0] >= _SMALLEST_EIGENVALUE:
            return drawn
    return one


def _varies(training: Mapping[str, Any]) -> bool:
    return training.get("p05") is not None and training["p95"] > training["p05"]


def _without_hidden(counts: Mapping[str, int | str], patients: int) -> dict[str, int | str]:
    """Return counts that add up to the patients, a single hidden one as what the others leave."""
    if list(counts.values()).count(HIDDEN) != 1:
        return dict(counts)
    shown = sum(count if isinstance(count, int) else SMALL // 2 for count in counts.values() if count != HIDDEN)
    return {level: max(SMALL, patients - shown) if count == HIDDEN else count for level, count in counts.items()}


def _counts(counts: Mapping[str, int | str], rounding: Rounding, place: str) -> dict[str, int | str]:
    return {name: rounding.count(count, f"{place} {name}") for name, count in counts.items()}


def _names(
    by_analyte: Mapping[str, Mapping[str, int | str]], rounding: Rounding, part: str
) -> dict[str, dict[str, int | str]]:
    """Return the counts of names by analyte; a name of next to nobody would point at whoever had it."""
    return {
        analyte: {
            name: count
            for name, count in _counts(counts, rounding, f"{part} {analyte}").items()
            if isinstance(count, int)
        }
        for analyte, counts in by_analyte.items()
    }


def _mean_risk(risk: float, rounding: Rounding) -> float:
    return float(min(max(rounding.number(risk, _RISK_STEP, "mean risk"), _RISK_STEP), 1.0 - _RISK_STEP))


def _choice(choice: Mapping[str, Any], mean_risk: float) -> dict[str, Any]:
    """Return the log losses: that of the rounded mean risk, and differences from it."""
    told, mean = dict(choice), choice.get("log_loss_mean_risk")
    if choice["log_loss"] and mean is not None:
        entropy = round(-mean_risk * np.log(mean_risk) - (1 - mean_risk) * np.log1p(-mean_risk), _LOSS_DIGITS)
        told["log_loss_mean_risk"] = float(entropy)
        told["log_loss"] = {
            name: round(float(entropy) + round(loss - mean, _LOSS_DIGITS), _LOSS_DIGITS)
            for name, loss in choice["log_loss"].items()
        }
    if choice.get("failed_folds"):
        told["failed_folds"] = {f"a candidate could not be fitted; {UNTOLD}": sum(choice["failed_folds"].values())}
    if choice.get("against_mean_risk") is not None:
        told["against_mean_risk"] = choice["against_mean_risk"] | {
            name: round(choice["against_mean_risk"][name], _LOSS_DIGITS) for name in ("value", "lower", "upper")
        }
    return told


def _other_cohort(values: Mapping[str, Any], rounding: Rounding, name: str) -> dict[str, Any]:
    """Return what is told of the cohort of an update, or of the model before: counts rounded, no checksum."""
    told = {key: value for key, value in values.items() if key not in (*HASHES, "fingerprints")} | {KEY: COARSE}
    told["patients"] = rounding.some(values["patients"], f"{name} patients")
    told["events"] = rounding.some(values["events"], f"{name} events", told["patients"])
    if "lost_before_horizon" in values:
        told["lost_before_horizon"] = rounding.count(values["lost_before_horizon"], f"{name} lost", told["patients"])
    if values.get("unmeasured", 0) != 0:
        told["unmeasured"] = rounding.count(values["unmeasured"], f"{name} unmeasured", told["patients"])
    return told
