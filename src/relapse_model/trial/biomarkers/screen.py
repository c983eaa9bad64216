"""`rm.screen_biomarkers`: which candidates tell something beyond the base, after looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Positions, require_seed
from relapse_model.cohort.cohort import Cohort
from relapse_model.development.screening.base import Base, base_names, make_base, with_centres
from relapse_model.development.screening.candidates import (
    Column,
    asked_for,
    derive_columns,
    from_middle,
    judged,
    refuse_what_is_no_biomarker,
    rows_at_risk,
)
from relapse_model.development.screening.multiplicity import selected_by
from relapse_model.development.screening.null_distribution import compared_with_null
from relapse_model.development.screening.score_test import score_tests
from relapse_model.development.screening.within_centres import WithinCentres, accounts_for_centre
from relapse_model.errors import RelapseModelError
from relapse_model.features.fingerprint import outcome_fingerprint
from relapse_model.study.study import Study
from relapse_model.trial.biomarkers.estimates import estimates
from relapse_model.trial.biomarkers.increment import check_measures, increment_of_screen, increments
from relapse_model.trial.biomarkers.interaction import likelihood_ratio
from relapse_model.trial.biomarkers.notes import notes
from relapse_model.trial.biomarkers.result import BiomarkerScreen
from relapse_model.trial.biomarkers.screen_tables import (
    FAMILY_WISE,
    STABLE,
    Screened,
    centres_table,
    main_table,
    predictive_table,
    stability_table,
    with_columns,
    with_gains,
)
from relapse_model.trial.biomarkers.stability import selection_frequencies
from relapse_model.trial.biomarkers.stability_bounds import FalseSelections, false_selections, largest_selection
from relapse_model.trial.biomarkers.strata import by_arm_and_centre, strata_of_base, strata_words

DECIDES = ("maxt", "bh", "by")
FALSE_ALLOWED = 1.0
THRESHOLD = 0.10  # risk at which net benefit is taken; none is recommended
MOST_INCREMENTS = 20


def screen_biomarkers(
    cohort: Cohort, study: Study, candidates: Sequence[str] | None = None, base: Sequence[str] | None = None,
    landmark_week: float = 0, fdr: float = 0.10, repeats: int = 50, permutations: int = 10_000, seed: int = 0, *,
    decide: str = "maxt", increment: bool | Sequence[str] = True, resamples: int = 100,
    threshold: float = THRESHOLD, cut: object = None,
) -> BiomarkerScreen:  # fmt: skip
    """Say which candidates carry information beyond what is known, and how sure that is after looking at all of them.

    Each candidate is tested beside a base model (the study's predictors with priors, unless others are named), and
    within centres where at least two of them have 10 patients. Error is controlled over the whole list; what decides
    (`decide`) is named before, and never chosen by the result. Lost patients take part by censoring weights; a
    candidate with missing values is tested in those who have it. With about 20 events a true odds ratio of 2.5 per
    standard deviation among 30 candidates is found in about half of the trials: not selected is not the same as without
    effect.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        With ``[[candidates]]``.
    candidates : sequence of str, optional
        Names of candidates of the study, or of its predictors that are not in the base; all candidates by default.
    base : sequence of str, optional
        Names of predictors; none for an empty sequence.
    landmark_week : float
        Nothing later is looked at.
    fdr : float
        False discovery rate, where that decides.
    repeats : int
        Complementary pairs of stability selection.
    permutations : int
        Outcomes drawn from the base model.
    seed : int
    decide : {"maxt", "bh", "by"}
        Family-wise error of 5 % by the largest statistic; or the false discovery rate by Benjamini-Hochberg or
        Benjamini-Yekutieli.
    increment : bool or sequence of str
        Whether to fit the library's model with each candidate in bootstrap resamples, or by which of ``"log_loss"``,
        ``"brier"``, ``"auc"``, ``"net_benefit"`` to judge it. It takes most of the time.
    resamples : int
    threshold : float
        Risk at which net benefit is taken.
    cut : None
        Refused otherwise: a cut-point belongs into the study file, beforehand.

    Returns
    -------
    BiomarkerScreen

    Raises
    ------
    InsufficientDataError
        With fewer than 8 events, or a base of more than one column for 5 events.
    StudyError
        Without candidates; for one that is unknown, a dose, the outcome itself, or known only later.
    RelapseModelError
        For NRI, IDI, a searched cut-point, more than 5000 candidates, or a setting out of range.

    Examples
    --------
    >>> import relapse_model as rm
    >>> cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    >>> found = rm.screen_biomarkers(cohort, study, permutations=200, repeats=5, increment=False)
    >>> list(found.table.columns[:4])
    ['candidate', 'family', 'label', 'unit']
    """
    measures = _checked(decide, fdr, repeats, resamples, threshold, cut, increment)
    seed, landmark, names = require_seed(seed), study.landmark(landmark_week), base_names(study, base)
    wanted = asked_for(study, candidates, names)
    refuse_what_is_no_biomarker(study, wanted, landmark)
    known = make_base(cohort, study, names, landmark, seed)
    rows = rows_at_risk(cohort, known.data)
    arm, centre = _arm(cohort, study, rows), _centre(known)
    beside, within = with_centres(known)
    columns = [
        judged(one, rows, beside.relapse, beside.weight) for one in derive_columns(cohort, study, wanted, landmark)
    ]
    tested, (strata, made_of) = [column for column in columns if not column.reason], _strata(known, within, arm, centre)
    screened = _screen(beside, tested, strata, permutations, seed)
    chosen = selected_by(screened.largest, decide, fdr)
    frequency, bounds, q = _stability(beside, screened, repeats, seed)
    predictive = None if arm is None else predictive_table(beside, screened, arm, permutations, seed)
    by_centre, agree = centres_table(beside, screened, centre)
    table = main_table(beside, columns, screened, chosen, decide, within_centres=within.group is not None)
    table = _beside(table, screened.names, frequency, agree, predictive)
    judging = (measures, threshold, resamples, seed)
    gains = _increments(known, tested, table, *judging)
    whole = _increment_of_screen(known, tested, *judging, draws=permutations, decide=decide, fdr=fdr)
    settings = _settings(
        study, known, screened, arm, measures, landmark_week=landmark, decide=decide, fdr=fdr, draws=permutations,
        pairs=repeats, selected_in_each_half=q, resamples=resamples, net_benefit_at=threshold, seed=seed,
        **_null(known, within, made_of),
    )  # fmt: skip
    return BiomarkerScreen(
        study=study, table=table if gains is None else with_gains(table, gains), bounds=bounds, increment=gains,
        stability=stability_table(screened, frequency), increment_of_screen=whole, predictive=predictive,
        centres=by_centre, base=names, counts=_counts(known, table), settings=settings,
        fingerprint=outcome_fingerprint(known.data), synthetic=cohort.synthetic,
        notes=notes(known, table, columns, tested, gains, within, arm is not None, centre, (strata, made_of)),
    )  # fmt: skip


def _null(base: Base, within: WithinCentres, made_of: str) -> dict[str, str]:
    """Return what the statistics are compared with, and whether within centres."""
    accounted = within.group is not None or accounts_for_centre(base.study)
    return {
        "null": f"permuted within {made_of}" if made_of else "drawn from the base",
        "centre": "accounted for" if accounted else "not accounted for",
    }


def _beside(
    table: pd.DataFrame, names: Sequence[str], frequency: Floats, agree: Any, predictive: pd.DataFrame | None
) -> pd.DataFrame:
    with_arm: dict[Any, Any] = {} if predictive is None else predictive.set_index("candidate")["p"].to_dict()
    often = dict(zip(names, frequency.tolist(), strict=True))
    return with_columns(table, {"frequency": often, "centres_agree": agree, "p_interaction": with_arm})


def _settings(
    study: Study, known: Base, screened: Screened, arm: Floats | None, measures: Sequence[str], **given: Any
) -> dict[str, Any]:
    """Return what was asked for, and what follows from it."""
    decided = FAMILY_WISE if given["decide"] == "maxt" else given["fdr"]
    return given | {
        "level": decided, "critical_z": screened.largest.critical, "stable_from": STABLE,
        "resamples": given["resamples"] if measures else 0, "measures": list(measures), "base_fit": known.words,
        "arm": None if study.trial is None or arm is None else study.trial.arms.treatment,
    }  # fmt: skip


def _counts(known: Base, table: pd.DataFrame) -> dict[str, int]:
    """Return how many there are; a candidate counts as tested if it has an adjusted p."""
    data = known.data
    return {
        "patients": data.patients, "events": data.events, "lost": data.lost, "not_at_risk": data.not_at_risk,
        "candidates": len(table), "tested": int(table["p_maxt"].notna().sum()),
    }  # fmt: skip


def _checked(
    decide: str,
    fdr: float,
    repeats: int,
    resamples: int,
    threshold: float,
    cut: object,
    increment: bool | Sequence[str],
) -> tuple[str, ...]:
    if cut is not None:
        raise RelapseModelError(
            f"cut is {cut!r}; expected none: markers stay continuous. A cut-point that is clinical and fixed "
            "beforehand is a predictor of its own in the study file; one that is searched in these patients is found "
            "in noise as well (trial.biomarkers.cut_points.find_cut_point corrects p and the estimate for the search)."
        )
    if "knockoff" in str(decide).lower():
        raise RelapseModelError(
            f"decide is {decide!r}; expected one of {', '.join(map(repr, DECIDES))}. Knockoffs are not offered: with "
            "the correction that holds a false discovery rate of 10 % they select nothing, or at least 10 markers."
        )
    if decide not in DECIDES:
        raise RelapseModelError(f"decide is {decide!r}; expected one of {', '.join(map(repr, DECIDES))}.")
    for name, value in (("fdr", fdr), ("threshold", threshold)):
        if not 0 < value < 1:
            raise RelapseModelError(f"{name} is {value:g}; expected above 0 and below 1.")
    for name, number in (("repeats", repeats), ("resamples", resamples)):
        if number < 1:
            raise RelapseModelError(f"{name} is {number}; expected at least 1.")
    return check_measures(increment)


def _screen(base: Base, tested: Sequence[Column], strata: Positions | None, draws: int, seed: int) -> Screened:
    x = np.array([from_middle(column.values) / column.step for column in tested]).reshape(len(tested), len(base.data))
    tests = score_tests(x, base.relapse, base.columns, base.weight)
    fitted = estimates(x, base.relapse, base.columns, base.weight)
    ratio = likelihood_ratio(fitted.log_likelihood, tests.log_likelihood, tests.naive_variance, tests.variance)
    largest = compared_with_null(tests, x, base.relapse, base.risk, base.weight, strata, draws, seed)
    ratio = np.where(np.isnan(tests.z), np.nan, ratio)
    return Screened(tuple(column.name for column in tested), x, tests, fitted, largest, ratio)


def _stability(base: Base, screened: Screened, pairs: int, seed: int) -> tuple[Floats, FalseSelections, int]:
    m = max(len(screened.names), 1)
    q = largest_selection(m, STABLE, FALSE_ALLOWED, pairs)
    bounds = false_selections(m, q, STABLE, pairs)
    if not screened.names:
        return np.empty(0), bounds, q
    found = selection_frequencies(screened.x, base.relapse, base.columns, q, base.weight, pairs=pairs, seed=seed)
    return found, bounds, q


def _increments(
    base: Base,
    tested: Sequence[Column],
    table: pd.DataFrame,
    measures: tuple[str, ...],
    threshold: float,
    resamples: int,
    seed: int,
) -> pd.DataFrame | None:
    if not measures:
        return None
    order = {name: place for place, name in enumerate(table["candidate"])}
    first = sorted(tested, key=lambda column: order[column.name])[:MOST_INCREMENTS]
    return increments(base, first, measures, threshold, resamples, seed)


def _increment_of_screen(
    base: Base, tested: Sequence[Column], measures: tuple[str, ...], *given: Any, **decided: Any
) -> pd.DataFrame | None:
    if not measures or not tested:
        return None
    return increment_of_screen(base, tested, measures, *given, **decided)


def _arm(cohort: Cohort, study: Study, rows: Any) -> Floats | None:
    """Return 1 for the treatment arm, 0 for the control arm, NaN for neither; None without arms."""
    if study.trial is None or study.trial.arms.column not in cohort.patients:
        return None
    arms = study.trial.arms
    values = cohort.patients[arms.column].to_numpy(dtype=object)[rows]
    arm = np.where(values == arms.treatment, 1.0, np.where(values == arms.control, 0.0, np.nan))
    return arm if {0.0, 1.0} <= set(arm[~np.isnan(arm)].tolist()) else None


def _centre(base: Base) -> Any:
    centre = base.data.centre
    return centre if centre is not None and len(set(centre.tolist())) > 1 else None


def _strata(base: Base, within: WithinCentres, arm: Floats | None, centre: Any) -> tuple[Positions | None, str]:
    """Return within what outcomes are permuted, also in words; None where they are drawn from the base.

    Centres are those of the base: within a centre of one patient nothing could be permuted.
    """
    known = centre if accounts_for_centre(base.study) else within.group
    strata = strata_of_base(base.columns, within.weight, arm, known)
    if strata is None and within.few_events:
        strata = by_arm_and_centre(arm, known)
    return strata, "" if strata is None else strata_words(arm, known)
