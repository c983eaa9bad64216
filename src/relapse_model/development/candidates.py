"""The classifiers among which development chooses, from the simplest to the most flexible."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.classifiers.known import KNOWN, MEMBERS, Classifier, _class
from relapse_model.errors import RelapseModelError
from relapse_model.features.design import Design

if TYPE_CHECKING:
    from relapse_model.classifiers.prior.hazard import PriorHazardClassifier

from relapse_model.classifiers.known import RECALIBRATED

INTERVAL_RESAMPLES = 50
HAZARD_INTERVAL_WEEKS = 12.0  # where no visits are stated; within an interval the hazard counts as constant


def build(
    name: str,
    design: Design,
    seed: int,
    *,
    final: bool = False,
    calibration: str = "none",
    marked: bool | tuple[int, ...] = True,
) -> Classifier:
    """Return an unfitted candidate.

    Parameters
    ----------
    name : str
        One of `KNOWN`, but "prior_hazard", which is fitted to times: see `build_hazard`.
    design : Design
        Priors and directions of the columns.
    seed : int
    final : bool
        Whether it is the fit that will be kept: then boosted trees also learn their interval.
    calibration : {"none", "logistic"}
        Whether its log-odds are recalibrated on training rows held out of it.
    marked : bool or tuple of int
        Columns of which the prior-informed regression counts whether they are missing; True: it decides by its rows.
    """
    resamples = INTERVAL_RESAMPLES if final else 0
    settings: dict[str, dict[str, Any]] = {
        "prior_logistic": _priors(design)
        | {"previous": design.previous, "indicators": marked}
        | {"baseline": design.baseline, "baseline_widths": design.baseline_widths},
        "ridge_logistic": {"seed": seed},
        "elastic_net": {"interval_resamples": resamples, "seed": seed},
        "boosted_trees": {"monotone": design.monotone, "interval_resamples": resamples, "seed": seed},
        "random_forest": {"seed": seed},
    }
    if name == "prior_and_trees":
        settings[name] = {
            "members": tuple(build(member, design, seed, final=final, marked=marked) for member in MEMBERS)
        }
    unfitted: Classifier = _class(name)(**settings[name])
    return unfitted if calibration == "none" else _class(RECALIBRATED)(unfitted, seed=seed)


def build_hazard(design: Design, landmark: float, horizon: float) -> PriorHazardClassifier:
    """Return the unfitted hazard model from the landmark to the horizon, by the visits and visit window of the study.

    Intervals end at the planned visits; where the study states none, they are of about 12 weeks.

    Parameters
    ----------
    design : Design
    landmark, horizon : float
        Weeks from enrolment.
    """
    from relapse_model.classifiers.prior.hazard import PriorHazardClassifier

    span = horizon - landmark
    visits = [week - landmark for week in design.visit_weeks if landmark < week < horizon]
    count = max(1, round(span / HAZARD_INTERVAL_WEEKS))
    ends = [*visits, span] if design.visit_weeks else np.linspace(0.0, span, count + 1)[1:]
    return PriorHazardClassifier(
        **_priors(design), intervals=tuple(float(end) for end in ends), visit_window=design.visit_window
    )


def _priors(design: Design) -> dict[str, Any]:
    return {
        "prior_mean": design.prior_mean, "prior_sd": design.prior_sd, "prior_per_sd": design.prior_per_sd,
        "terms": design.terms, "typical": design.typical, "as_stated": design.as_stated,
    }  # fmt: skip


def check_candidates(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in order of simplicity; refuse unknown ones.

    Parameters
    ----------
    names : tuple of str

    Raises
    ------
    RelapseModelError
        For a name that is not a candidate, or none at all.
    """
    if isinstance(names, str):
        hint = "biomarkers='screen', which screens the [[candidates]]" if names == "screen" else f"({names!r},)"
        raise RelapseModelError(f"candidates is {names!r}; expected a tuple of classifiers. Did you mean {hint}?")
    for name in names:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0)
            raise RelapseModelError(
                f"candidates: {name!r} is no classifier of this library; expected some of "
                f"{', '.join(KNOWN)}. Did you mean {near[0]!r}?"
            )
    if not names:
        raise RelapseModelError(f"candidates: none given; expected some of {', '.join(KNOWN)}.")
    return tuple(name for name in KNOWN if name in names)
