"""The learning curve: models of so many patients, by truths that a study's priors allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, require_seed
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.outcome.outcome import refuse_late_landmark
from relapse_model.development.candidates import build
from relapse_model.development.learning_curve.result import CurvePoint, ExpectedPerformance, LearningCurve
from relapse_model.development.learning_curve.truths import PriorTruths, prior_truths
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.design import Design, design, design_matrix
from relapse_model.features.development_data import data_of, why_nobody_at_risk
from relapse_model.features.enough_events import FEWEST_EVENTS
from relapse_model.study.study import Study
from relapse_model.validation.calibration import calibration_slope
from relapse_model.validation.discrimination import auc
from relapse_model.validation.overall import log_loss
from relapse_model.validation.sample_size.binary import cox_snell_r2, expected_shrinkage, riley_sample_size

SIZES = (60, 132, 300, 1000)
FEWEST_PATIENTS = 20  # whose predictors stand for those of all patients
MOST_PATIENTS = 100_000  # of a model that is planned: more need no plan, and do not fit into memory
LEAST_RISK = 1e-6
_MODELS = ("prior_logistic", "ridge_logistic")


def learning_curve(
    cohort: Cohort,
    study: Study,
    patients: Sequence[int] = SIZES,
    *,
    events: Sequence[float] | None = None,
    landmark_week: float | None = None,
    replicates: int = 40,
    seed: int = 0,
) -> LearningCurve:
    """Return what models of so many patients are expected to reach, if what the study states beforehand holds.

    In each replicate the effects are drawn from the study's priors (with its non-linear terms in one half), which makes
    one truth; an effect without a prior is drawn from the library's default, which is small, and the result says so.
    Patients are drawn again from those of the cohort at risk, with their predictors as they are, missing ones too; as
    many are lost as in the cohort. Models are fitted with the priors and without, and judged against the true risks, so
    that no noise of outcomes is in the figures. Assumes that new patients are like those of the cohort, that the priors
    hold, and that loss has nothing to do with the outcome. If the priors are wrong, more is lost than is shown; see the
    section on learning curves in docs/validation.md.

    Parameters
    ----------
    cohort : Cohort
        Real or simulated patients; they need no outcome where the study states a baseline or `events` are given.
    study : Study
    patients : sequence of int
        Numbers of patients at risk.
    events : sequence of float, optional
        Expected number of patients with the outcome at each of them, were nobody lost; by default the mean risk of the
        cohort, and without outcomes the baseline that the study states.
    landmark_week : float, optional
    replicates : int
        Truths, 10 at least; a fit takes 20 to 60 ms.
    seed : int

    Returns
    -------
    LearningCurve

    Raises
    ------
    InsufficientDataError
        If fewer than 20 patients are at risk, or nothing tells the mean risk.
    RelapseModelError
        If numbers of patients, events or replicates are not such.

    Examples
    --------
    >>> import relapse_model as rm
    >>> found = rm.learning_curve(
    ...     rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), (60, 300), replicates=10
    ... )
    >>> [point.patients for point in found.points]
    [60, 300]
    """
    seed, sizes = require_seed(seed), _sizes(patients, replicates)
    landmark = study.landmark(landmark_week)
    refuse_late_landmark(landmark, study)
    at = AtLandmark(cohort, study, landmark)
    if len(at.at_risk) < FEWEST_PATIENTS:
        nobody = "" if len(at.at_risk) else f" {why_nobody_at_risk(at.standing, study, landmark)}"  # type: ignore[arg-type]
        raise InsufficientDataError(
            f"learning curve: {len(at.at_risk)} patients are at risk at week {landmark:g}; expected "
            f"{FEWEST_PATIENTS} or more, whose predictors stand for those of all others.{nobody}"
        )
    matrix, columns = design_matrix(at.features_at_risk, study), design(study, landmark)
    known = _outcome_known(at, columns)
    risk = _mean_risks(sizes, events, known)
    truths = prior_truths(matrix, columns)
    setting = _Setting(matrix, columns, truths, known.lost, replicates, seed)
    each = [_judged(setting, size, mean) for size, mean in zip(sizes, risk, strict=True)]
    parameters = int(truths.forms[0].sum())
    points = tuple(
        _point(found, size, mean, setting, parameters) for found, size, mean in zip(each, sizes, risk, strict=True)
    )
    needed = _needed(parameters, points[0].attainable_auc, risk[0])
    return LearningCurve(
        study=study, landmark=landmark, horizon=study.prediction.horizon_weeks, points=points,
        mean_risk="given by the expected events" if events is not None else known.words, lost=known.lost,
        parameters=parameters, needed_patients=needed,
        needed_events=None if needed is None else round(needed * risk[0]), replicates=replicates, seed=seed,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Setting:
    matrix: Floats
    design: Design
    truths: PriorTruths
    lost: float
    replicates: int
    seed: int

    def known(self, size: int) -> int:
        return round(size * (1 - self.lost))


@dataclass(frozen=True, slots=True)
class _Known:
    """The mean risk and the share of patients lost, as the cohort or the study tells them; None: nothing does."""

    risk: float | None
    lost: float
    words: str


def _sizes(patients: Sequence[int], replicates: int) -> tuple[int, ...]:
    given = tuple(patients) if isinstance(patients, Iterable) and not isinstance(patients, str) else (patients,)
    several = isinstance(patients, Iterable) and all(map(_is_whole, given))
    sizes = tuple(int(size) for size in given) if several else ()
    if not sizes or min(sizes) < FEWEST_PATIENTS or max(sizes) > MOST_PATIENTS or list(sizes) != sorted(set(sizes)):
        raise RelapseModelError(
            f"patients is {given if isinstance(patients, Iterable) else patients!r}; expected a list of whole numbers "
            f"of {FEWEST_PATIENTS} or more, ascending, and at most {MOST_PATIENTS:,}."
        )
    if not _is_whole(replicates) or replicates < 10:
        raise RelapseModelError(
            f"replicates is {replicates!r}; expected a whole number of 10 or more: means of fewer are chance."
        )
    return sizes


def _is_whole(value: object) -> bool:
    """Tell whether a value is a whole number, one of numpy's too; yes and no are none."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return bool(number and np.isfinite(value) and value == int(value))  # type: ignore[call-overload]


def _outcome_known(at: AtLandmark, columns: Design) -> _Known:
    try:
        data = data_of(at)
    except InsufficientDataError:  # nobody has an outcome yet
        data = None
    if data is not None and data.events >= FEWEST_EVENTS:
        known = ~np.isnan(data.relapse)
        risk = float(np.average(data.relapse[known], weights=data.weights()[known]))
        return _Known(risk, data.lost / data.patients, f"{100 * risk:.1f} %, that of the cohort")
    if columns.baseline is not None:
        risk = float(1 / (1 + np.exp(-columns.baseline[0])))
        return _Known(risk, 0.0, f"{100 * risk:.1f} %, the baseline of the study")
    return _Known(None, 0.0, "")


def _mean_risks(sizes: tuple[int, ...], events: Sequence[float] | None, known: _Known) -> list[float]:
    if events is None:
        if known.risk is None:
            raise InsufficientDataError(
                f"learning curve: fewer than {FEWEST_EVENTS} patients of the cohort have the outcome, and the study "
                "states no baseline; expected one of them to tell the mean risk. Give the events that are expected."
            )
        return [known.risk] * len(sizes)
    if not isinstance(events, Iterable) or not all(isinstance(one, int | float | np.number) for one in events):
        raise RelapseModelError(f"events is {events!r}; expected a list with one number for each of patients.")
    if len(events) != len(sizes):
        raise RelapseModelError(f"events: {len(events)} numbers; expected one for each of {len(sizes)} in patients.")
    wrong = [f"{number:g} of {size}" for number, size in zip(events, sizes, strict=True) if not 0 < number < size]
    if wrong:
        raise RelapseModelError(f"events: {', '.join(wrong)} patients; expected more than 0 and fewer than all.")
    return [float(number) / size for number, size in zip(events, sizes, strict=True)]


def _judged(setting: _Setting, size: int, mean: float) -> Floats:
    """Return the measures of both models in each truth, shape (truths, models, measures); NaN where none was fitted.

    The truths and their effects are the same at every size.
    """
    found = np.full((setting.replicates, len(_MODELS), len(_MEASURES)), np.nan)
    for replicate in range(setting.replicates):
        effects, drawn = np.random.SeedSequence((setting.seed, replicate)).spawn(2)
        risk = setting.truths.draw(mean, np.random.default_rng(effects))
        rng = np.random.default_rng(drawn)
        rows = rng.integers(len(risk), size=setting.known(size))
        relapse = (rng.random(len(rows)) < risk[rows]).astype(np.float64)
        found[replicate, :, _MEASURES.index("attainable_auc")] = _of_true(risk)
        for place, name in enumerate(_MODELS):
            try:
                model = build(name, setting.design, setting.seed).fit(setting.matrix[rows], relapse)
                predicted = model.predict_proba(setting.matrix)[:, 1]
                width = float(np.diff(model.predict_interval(setting.matrix), axis=1).mean())
                found[replicate, place] = (*_against(risk, predicted, float(relapse.mean())), width)
            except RelapseModelError:  # such as without an event, or with risks all alike
                continue
    return found


_MEASURES = ("auc", "attainable_auc", "slope", "gain", "attainable_gain", "width")


def _against(risk: Floats, predicted: Floats, mean: float) -> tuple[float, float, float, float, float]:
    """Return what is expected of risks when outcomes follow the true ones: every patient counts as both."""
    outcome, weight, own = _twice(risk, predicted)
    true, of_all = _twice(risk, risk)[2], _twice(risk, np.full(len(risk), mean))[2]
    of_mean = log_loss(outcome, of_all, weight)
    return (
        auc(outcome, own, weight),
        auc(outcome, true, weight),
        calibration_slope(outcome, own, weight).value,
        of_mean - log_loss(outcome, own, weight),
        of_mean - log_loss(outcome, true, weight),
    )


def _of_true(risk: Floats) -> float:
    """Return the AUC of the true risks, whatever model is fitted."""
    outcome, weight, true = _twice(risk, risk)
    return auc(outcome, true, weight)


def _twice(risk: Floats, predicted: Floats) -> tuple[Floats, Floats, Floats]:
    """Return every patient with the outcome and without it: the outcomes, their chances, and the predicted risks."""
    outcome, weight = np.repeat([1.0, 0.0], len(risk)), np.concatenate([risk, 1 - risk])
    kept = weight > 0
    return outcome[kept], weight[kept], np.tile(np.clip(predicted, LEAST_RISK, 1 - LEAST_RISK), 2)[kept]


def _point(found: Floats, size: int, mean: float, setting: _Setting, parameters: int) -> CurvePoint:
    known = setting.known(size)
    attainable = _attainable(found)
    with_priors, without = (_expected(found[:, place]) for place in range(len(_MODELS)))
    try:
        shrinkage = expected_shrinkage(known, parameters, cox_snell_r2(attainable, mean))
    except RelapseModelError:
        shrinkage = None
    return CurvePoint(size, known, known * mean, attainable, with_priors, without, shrinkage)


def _attainable(found: Floats) -> float:
    """Return the mean AUC of the true risks: over the truths in which the model with priors was fitted, if in any.

    Else a model that could not be fitted where little can be known would seem better than the true risks.
    """
    fitted = ~np.isnan(found[:, 0]).any(axis=1)
    return float(found[fitted if fitted.any() else slice(None), 0, _MEASURES.index("attainable_auc")].mean())


def _expected(found: Floats) -> ExpectedPerformance:
    """Return the means over the truths of one model; the share is that of the mean gains."""
    fitted = found[~np.isnan(found).any(axis=1)]
    if len(fitted) < 2:
        nothing = (np.nan, np.nan, np.nan)
        return ExpectedPerformance(nothing, nothing, np.nan, np.nan, np.nan, len(found) - len(fitted))
    value = dict(zip(_MEASURES, fitted.T, strict=True))
    share = float(value["gain"].mean() / value["attainable_gain"].mean())
    residual = value["gain"] - share * value["attainable_gain"]
    error = float(residual.std(ddof=1) / np.sqrt(len(fitted)) / value["attainable_gain"].mean())
    return ExpectedPerformance(
        auc=(float(value["auc"].mean()), *_tails(value["auc"])),
        calibration_slope=(float(np.median(value["slope"])), *_tails(value["slope"])),
        share=share,
        share_error=error,
        interval_width=float(value["width"].mean()),
        failed=len(found) - len(fitted),
    )


def _tails(values: Floats) -> tuple[float, float]:
    """Return the limits between which a further value of the same kind lies with probability 0.8.

    The ranks are (n + 1) times 0.1 and 0.9: percentiles by n - 1 would hold one of 20 values less.
    """
    low, high = np.quantile(values, [0.1, 0.9], method="weibull")
    return float(low), float(high)


def _needed(parameters: int, attainable: float, mean: float) -> int | None:
    try:
        return riley_sample_size(parameters, cox_snell_r2(attainable, mean), mean).patients
    except RelapseModelError:
        return None
