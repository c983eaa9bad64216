"""The report of a cohort from which no model can be made: that it cannot, why, and who the patients were."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.risk_set import why_not_at_risk
from relapse_model.development.checks.all_checks import check_results, known_codes
from relapse_model.development.sample_size import cohort_sample_size
from relapse_model.errors import RelapseModelError
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.files import write_text
from relapse_model.report.arms import arm_labels
from relapse_model.report.baseline_words import baseline_parts
from relapse_model.report.cohort_sections import attrition, deciding, follow_up, screening
from relapse_model.report.disclosure import FULL, known_disclosure, owner_only
from relapse_model.report.figures_of_report import captions, cohort_figures
from relapse_model.report.language import known_language
from relapse_model.report.page import json_text, packages, render, save_figures
from relapse_model.report.table_one import table_one
from relapse_model.report.tripod import items_of
from relapse_model.report.validation_report import report_places
from relapse_model.report.words import outcome_words, predictor_rows, priors_sentence
from relapse_model.study.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REFUSED = "No model is supported by this cohort"


def write_refusal(
    cohort: Cohort,
    study: Study,
    error: RelapseModelError,
    folder: str | Path,
    landmark_week: float | None = None,
    *,
    mute: tuple[str, ...] = (),
    disclosure: str = FULL,
    language: str = "en",
) -> dict[str, Path]:
    """Write the report of a cohort that `validate` refused: what was refused first, then as much as can be said.

    Assumes a cohort that passed the gate. The study, attrition, table one, outcome and follow-up, sample size and the
    checks are given as far as each can be computed; no performance of any model is.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    error : RelapseModelError
        As `validate` raised it, such as `InsufficientDataError`; its text is shown.
    folder : str or Path
        Made if it does not exist.
    landmark_week : float, optional
        As `validate` was given it; of several, the first.
    mute : tuple of str
        Codes of checks to mute; the report lists them as muted.
    disclosure : {"full", "small-counts"}
    language : {"en", "zh"}
        Both as `write_report` takes them.

    Returns
    -------
    dict of str to Path
        ``report``, ``validation`` and ``figures`` (a folder).

    Raises
    ------
    RelapseModelError
        If no check has a code of `mute`.

    Examples
    --------
    >>> import tempfile
    >>> import relapse_model as rm
    >>> from relapse_model.errors import InsufficientDataError
    >>> cohort, study = rm.simulate_cohort(20, seed=3), rm.load_study("hbsag-relapse")
    >>> try:
    ...     rm.validate(cohort, study)
    ... except InsufficientDataError as error:
    ...     with tempfile.TemporaryDirectory() as folder:
    ...         places = write_refusal(cohort, study, error, folder)
    ...         "No model is supported by this cohort" in places["report"].read_text(encoding="utf-8")
    True
    """
    places = {name: place for name, place in report_places(folder).items() if name != "card"}  # there is no model
    known_codes(mute)  # before anything is written
    known_disclosure(disclosure)
    known_language(language)
    landmark = study.landmark(landmark_week)
    data = _data_or_none(cohort, study, landmark)
    values = refusal_values(cohort, study, error, data, landmark, mute, disclosure)
    drawn: dict[str, Figure] = {}
    if data is not None:
        drawn = cohort_figures(cohort, data, study, _arms(cohort, data, study), disclosure)
    pictures = save_figures(drawn, places["figures"])
    page = render(
        "refusal_report.html.jinja", pictures, language=language, study=study, values=values, landmark=landmark,
        refused=REFUSED, reason=_reason(error),
        synthetic=cohort.synthetic, outcome=outcome_words(study.outcome, study), captions=captions(study, disclosure),
        deciding=dict(zip(("rows", "undecided"), deciding(values["screening"]["rows"]), strict=True)),
        priors=study.has_priors, priors_sentence=priors_sentence(study), **baseline_parts(study),
        predictors=predictor_rows(study), not_at_risk=0 if data is None else data.not_at_risk, items_of=items_of,
    )  # fmt: skip
    private = owner_only(disclosure, synthetic=cohort.synthetic)
    write_text(json_text(values), places["validation"], private=private)
    write_text(page, places["report"], private=private)
    return places


def refusal_values(
    cohort: Cohort,
    study: Study,
    error: RelapseModelError,
    data: DevelopmentData | None,
    landmark: float,
    mute: tuple[str, ...] = (),
    disclosure: str = FULL,
) -> dict[str, Any]:
    """Return everything the report of a refusal knows as plain values, without patients.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    error : RelapseModelError
    data : DevelopmentData or None
        Patients at risk at the landmark; None if there are none.
    landmark : float
    mute : tuple of str
    disclosure : {"full", "small-counts"}
    """
    known: dict[str, Any] = {"attrition": [], "table_one": None, "follow_up": None, "sample_size": None}
    if data is not None:
        known = {
            "attrition": attrition(cohort, data, study, disclosure),
            "table_one": table_one(
                cohort, data, study, arm=_arms(cohort, data, study), disclosure=disclosure
            ).to_dict(),
            "follow_up": follow_up(cohort, data, study, disclosure),
            "sample_size": cohort_sample_size(data, study),
        }
    return {
        "study": study.name,
        "title": study.heading,
        "registry": study.registry,
        "outcome": study.outcome.name,
        "landmark_week": landmark,
        "horizon_weeks": study.prediction.horizon_weeks,
        "synthetic": cohort.synthetic,
        "supported": False,
        "refused": str(error),
        "patients": len(cohort),
        "disclosure": disclosure,
        "why_left_out": why_not_at_risk(study, landmark),
        "screening": screening(cohort, study, disclosure),
        **known,
        "checks": _checks(cohort, study, landmark, mute),
        "packages": packages(),
    }


def _reason(error: RelapseModelError) -> str:
    """Return what was refused and why, without the verb that was asked, which a reader of the page did not type."""
    text = re.sub(r"^[a-z_]+: ", "", str(error))
    return text[:1].upper() + text[1:]


def _data_or_none(cohort: Cohort, study: Study, landmark: float) -> DevelopmentData | None:
    try:
        return development_data(cohort, study, landmark)
    except RelapseModelError:
        return None


def _checks(cohort: Cohort, study: Study, landmark: float, mute: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        return [result.to_dict() for result in check_results(cohort, study, landmark, mute)]
    except RelapseModelError:  # such as that nobody has an outcome, which the refusal says already
        return []


def _arms(cohort: Cohort, data: DevelopmentData, study: Study) -> Any:
    if "arm" in cohort.patients:
        return arm_labels(data, study, cohort.patients["arm"].set_axis(cohort.patient_ids))
    return arm_labels(data, study)
