"""What a study asks, and what it makes of a cohort: a few lines for whoever writes one."""

from __future__ import annotations

from collections.abc import Iterator

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.outcome import COMPETING, FREE, LOST, RELAPSE
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.report.words import outcome_words
from relapse_model.study.study import Study
from relapse_model.study.study_text import text_sha256


def study_lines(study: Study) -> Iterator[str]:
    """Yield what a sound study asks.

    Parameters
    ----------
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> list(study_lines(rm.load_study("hbsag-relapse")))[0]
    "study 'hbsag-relapse': no problems found."
    """
    yield f"study {study.name!r}: no problems found."
    weeks = ", ".join(f"{week:g}" for week in study.prediction.landmark_weeks)
    if study.outcome.stated:
        yield f"Outcome: {outcome_words(study.outcome, study)}."
        yield f"Predicted in week {weeks}, up to week {study.prediction.horizon_weeks:g}."
    else:
        yield f"No outcome: predictors in week {weeks}, and no model."
    with_prior = sum(one.prior is not None for one in study.predictors)
    yield f"Predictors: {len(study.predictors)}, {with_prior} of them with a prior; {len(study.terms)} terms."
    analytes = ", ".join(f"{name} [{one.unit}]" for name, one in study.analytes.items())
    yield f"Analytes: {analytes or 'none'}."
    if study.trial is not None:
        yield f"Trial planned. SHA-256 of the study, to be registered before the data: {text_sha256(study.text)}"


def cohort_lines(cohort: Cohort, study: Study) -> Iterator[str]:
    """Yield how many patients and events a study finds in a cohort, and for how many each predictor is known.

    Parameters
    ----------
    cohort : Cohort
        Read with the study.
    study : Study
    """
    landmark = study.landmark(None)
    at = AtLandmark(cohort, study, landmark)
    yield f"{cohort!r}: no problems found."
    yield from (f"  {count:6d}  left out: {why}" for why, count in cohort.rejected["reason"].value_counts().items())
    rows = at.at_risk
    yield from _at_risk(at) if study.outcome.stated else ()
    yield f"Predictors known, of {len(rows)} patients{' at risk' if study.outcome.stated else ''}:"
    for predictor in study.predictors:
        share = int(at.features[predictor.name].iloc[rows].notna().sum())
        yield f"  {share:6d}  {predictor.label}"


def _at_risk(at: AtLandmark) -> Iterator[str]:
    """Yield how many are at risk, and what became of them."""
    state = at.outcome["state"]
    known = {RELAPSE: "with the outcome by the horizon", FREE: "without it", LOST: "lost before the horizon"}
    if (state == COMPETING).any():
        known[COMPETING] = "with a competing event by the horizon"
    yield f"{len(at.at_risk)} of {len(at.cohort)} patients are at risk in week {at.landmark:g}:"
    yield from (f"  {int((state == name).sum()):6d}  {words}" for name, words in known.items())
    yield from (f"  {count:6d}  {name}" for name, count in state[~state.isin(list(known))].value_counts().items())
