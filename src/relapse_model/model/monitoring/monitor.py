"""Does a model in use still meet the patients it was made for: drift of predictors and risks, observed and expected."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.cohort.outcome.outcome import derive_outcome
from relapse_model.cohort.tables.column_values import texts
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.comparisons import at_or_before
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features import derive_features
from relapse_model.files import unescaped
from relapse_model.files.plain_csv import read_plain_csv
from relapse_model.model.monitoring.at_horizon import known_by_cohort
from relapse_model.model.monitoring.disclosed_shares import (
    FEWEST_QUANTILES,
    disclosed_drift,
    disclosed_scored,
    disclosed_scores,
    few,
    patients_of_shares,
    share_words,
)
from relapse_model.model.monitoring.drift import DriftedShare, PredictorDrift, predictor_drift
from relapse_model.model.monitoring.outcomes import FEWEST, MonitoredOutcomes, as_study_counts, monitored_outcomes
from relapse_model.model.monitoring.scores import MonitoredScores, monitored_scores, predictors_by_warnings
from relapse_model.model.scoring.scorable import unusable
from relapse_model.model.scoring.scores import score_cohort
from relapse_model.small_counts import SMALL

if TYPE_CHECKING:
    from relapse_model.cohort.cohort import Cohort
    from relapse_model.model.trained import TrainedModel

ALPHA = 0.05
FEWEST_PATIENTS = 20
_WIDTH = 110  # of the text
_COLUMNS = ("patient_id", "status", "relapse_risk", "warnings")
_NAMES = {
    "observed_expected": "observed / expected",
    "calibration_intercept": "calibration intercept",
    "auc": "AUC",
}
_TESTED_WARNINGS = 3  # of STRANGE in `monitored_scores`
_RULE = (
    "Rule: drift is a predictor, a warning or a mean risk that patients of the training population would show with a "
    f"chance below {ALPHA:g} divided by the number of them looked at (Bonferroni). Risks are too low or too high where "
    f"the 95 % interval of observed / expected lies above or below 1, once {FEWEST} patients with the outcome and "
    f"{FEWEST} without it are expected; before, there are too few outcomes to say. While nothing is known of some "
    "scored patients, only what holds whatever becomes of them is said. Below "
    f"{FEWEST_PATIENTS} scored patients it is not said that there is no drift."
)


@dataclass(frozen=True, slots=True)
class MonitoringReport:
    """What monitoring found. It holds counts and shares, and no patient.

    Attributes
    ----------
    outcome : str
    trained_on : int
        Patients of the training.
    scores : MonitoredScores
    predictors : tuple of PredictorDrift
        From the cohort, or as far as the warnings of the scores show them.
    outcomes : MonitoredOutcomes or None
    notes : tuple of str
        What was not compared, and why.
    rounded : bool
        Whether the model file tells the patients of the training only roughly.
    """

    outcome: str
    trained_on: int
    scores: MonitoredScores
    predictors: tuple[PredictorDrift, ...]
    outcomes: MonitoredOutcomes | None
    notes: tuple[str, ...]
    rounded: bool = False

    @property
    def drifted(self) -> tuple[str, ...]:
        """Return the labels of what has drifted."""
        looked_at = [*self.predictors, *(one for one in self.scores.warnings if one.p_value < 1)]
        return tuple(one.label for one in looked_at if one.p_value < self._limit) + (
            ("the risks",) if self.scores.p_value < self._limit else ()
        )

    @property
    def verdict(self) -> str:
        """Return the verdict in plain words, by the rule that `text` states."""
        if self.drifted:
            words = f"drift: look at {', '.join(self.drifted)}"
        else:
            few = self.scores.scored < FEWEST_PATIENTS
            words = "too few patients to say whether there is drift" if few else "no drift seen"
        return words if self.outcomes is None else f"{words}; {self.outcomes.verdict}"

    @property
    def _limit(self) -> float:
        """Return the level of each test. Warnings that are only counted are no tests."""
        return ALPHA / (len(self.predictors) + _TESTED_WARNINGS + 1)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON; counts under 5, and shares that stand on them, hidden."""
        disclosed = asdict(self)
        if not self.rounded:
            del disclosed["rounded"]
        disclosed["scores"] = disclosed_scores(self.scores)
        disclosed["predictors"] = [
            disclosed_drift(one) | {"drifted": one.p_value < self._limit} for one in self.predictors
        ]
        disclosed["outcomes"] = None if self.outcomes is None else self.outcomes.to_dict()
        return {"verdict": self.verdict, "rule": _RULE, "limit": self._limit} | disclosed

    def text(self) -> str:
        """Return the report for the terminal: the verdict first."""
        scores = self.scores
        lines = [*wrap(f"Verdict: {self.verdict}.", _WIDTH), *wrap(_RULE, _WIDTH), ""]
        lines.append(
            f"{scores.patients} patients, {disclosed_scored(scores)} scored; rejected "
            f"{share_words(scores.rejected, scores.patients)}. "
            f"The model was trained on {'about ' * self.rounded}{self.trained_on}."
        )
        lines.append(_risk_line(scores, self.outcome))
        lines += [
            "",
            "Predictors; of each the share that is hardest to explain by chance, all of them where it drifts:",
        ]
        for one in self.predictors:
            lines += _predictor_lines(one, drifts=one.p_value < self._limit)
        warned = [one for one in scores.warnings if one.shares[0].found.value > 0]
        lines += ["", "Warnings:"] if warned else ["", "No warnings."]
        lines += [f"  {one.label}: {share_words(one.shares[0].found, one.patients)}" for one in warned]
        lines += ["", *_outcome_lines(self.outcomes)] if self.outcomes is not None else []
        for note in self.notes:
            lines += wrap(f"Note: {note}", _WIDTH)
        return "\n".join(lines)


def monitor(
    model: TrainedModel,
    cohort: Cohort | None = None,
    scores: pd.DataFrame | str | Path | None = None,
    outcomes: pd.DataFrame | str | Path | None = None,
    *,
    landmark_week: float | None = None,
) -> MonitoringReport:
    """Compare patients in use with those of the training, and, once outcomes have arrived, with their risks.

    With a cohort its predictors are derived and compared; with scores alone, what their warnings show of them. Assumes
    patients independent of one another, and for the outcomes what `monitored_outcomes` says.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort, optional
        The patients who were scored.
    scores : DataFrame or path, optional
        As `RelapseModel.score` returns them, or the CSV file of them; made from the cohort where not given.
    outcomes : DataFrame or path, optional
        Columns patient_id, relapse, and week, as in the outcomes table of a cohort; of patients free so far, the week
        last known free. Of scored patients who are not in it the cohort tells, if there is one.
    landmark_week : float, optional
        As `RelapseModel.score` takes it.

    Returns
    -------
    MonitoringReport

    Raises
    ------
    RelapseModelError
        Without a cohort and scores, if a table lacks a column, or if scores and cohort are of other patients.
    InsufficientDataError
        If nobody was scored.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> monitor(model, rm.simulate_cohort(100, seed=9)).verdict
    'no drift seen'
    """
    landmark = model.landmark(landmark_week)
    if cohort is None and scores is None:
        raise RelapseModelError("monitor: neither a cohort nor scores; expected one of them at least.")
    table = _scores(scores) if scores is not None else _scored(model, cohort, landmark_week)
    if not (table["status"] == "scored").any():
        raise InsufficientDataError(f"monitor: none of {len(table)} patients was scored; expected one at least.")
    if cohort is not None and scores is not None:
        _refuse_others(cohort, table)
    notes: list[str] = []
    return MonitoringReport(
        outcome=model.study.outcome.name,
        trained_on=int(model.summary["patients"]),
        scores=monitored_scores(model, table),
        predictors=_predictors(model, cohort, table, landmark_week, notes),
        outcomes=None
        if outcomes is None
        else monitored_outcomes(
            table,
            as_study_counts(_read(outcomes, "outcomes"), model.study),
            landmark,
            model.study.prediction,
            None if cohort is None else _follow_up(model, cohort, landmark),
        ),
        notes=tuple(notes),
        rounded="disclosure" in model.summary,
    )


def _scored(model: TrainedModel, cohort: Cohort | None, landmark_week: float | None) -> pd.DataFrame:
    assert cohort is not None
    return score_cohort(model, cohort, landmark_week=landmark_week)


def _refuse_others(cohort: Cohort, scores: pd.DataFrame) -> None:
    """Refuse scores of other patients than those of the cohort."""
    there, scored = cohort.identifier_keys(), set(identifier_keys(scores["patient_id"]))
    if there != scored:
        raise RelapseModelError(
            f"monitor: {len(scored - there)} of {len(scored)} patients of the scores are not in the cohort, and "
            f"{len(there - scored)} of its {len(there)} are not in the scores; expected the scores of this cohort. "
            "Score it, or name the folder that was scored."
        )


def _follow_up(model: TrainedModel, cohort: Cohort, landmark: float) -> pd.DataFrame | None:
    """Return what the cohort knows of each patient at the horizon; of one not seen since, at the landmark."""
    try:
        found = derive_outcome(cohort, model.study, landmark)
    except InsufficientDataError:  # nobody was seen
        return None
    return known_by_cohort(found, landmark, model.study.prediction.horizon_weeks)


def _read(table: pd.DataFrame | str | Path, what: str) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    try:
        read = read_plain_csv(Path(table))
    except ValueError as error:
        if str(error).startswith("two columns"):
            raise RelapseModelError(f"{what}: {error}; expected each once.") from error
        raise RelapseModelError(f"{what}: the file is no table; expected UTF-8 CSV with a header.") from error
    if "patient_id" in read:
        read["patient_id"] = read["patient_id"].map(unescaped)  # as the file of scores has them
    return read


def _scores(scores: pd.DataFrame | str | Path) -> pd.DataFrame:
    """Return a table of scores, checked: identifiers as text, risks between 0 and 1 where scored."""
    table = _read(scores, "scores")
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise RelapseModelError(f"scores: no column {', '.join(map(repr, missing))}; expected the table of score.")
    ids, risk = texts(table["patient_id"]), pd.to_numeric(table["relapse_risk"], errors="coerce")
    if identifier_keys(ids).duplicated().any():
        twice = int(identifier_keys(ids).duplicated().sum())
        raise RelapseModelError(f"scores: {twice} rows of patients who stand there already; expected one row each.")
    wrong = int(((table["status"] == "scored") & ~((risk > 0) & (risk < 1))).sum())
    if wrong:
        raise RelapseModelError(
            f"scores: {wrong} scored patients without a risk above 0 and below 1; expected one each."
        )
    return table.assign(patient_id=ids, relapse_risk=risk, warnings=table["warnings"].fillna("").astype(str))


def _predictors(
    model: TrainedModel, cohort: Cohort | None, scores: pd.DataFrame, landmark_week: float | None, notes: list[str]
) -> tuple[PredictorDrift, ...]:
    several = len(model.landmark_weeks) > 1
    rounded = "disclosure" in model.summary
    if cohort is None or rounded or (several and landmark_week is not None):
        why = (
            "the model file tells rounded numbers of its training (small-counts), so that" if rounded
            else "without the cohort" if cohort is None
            else "at one landmark of several, which the training summary pools,"
        )  # fmt: skip
        notes.append(
            f"{why} predictors are judged by the warnings alone: a shift inside the training range is not seen."
        )
        return predictors_by_warnings(model, scores)
    if several:
        notes.append("landmarks are pooled, as in the training: patients followed for less time shift the predictors.")
    features, patient = _features(model, cohort)
    return predictor_drift(features, model.study, model.summary, patient) if len(features) else ()


def _features(model: TrainedModel, cohort: Cohort) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return the predictors of those who can be scored at each landmark and were seen at it or later."""
    seen = np.full(len(cohort), -np.inf)
    np.maximum.at(seen, cohort.labs["patient"].to_numpy(dtype=np.intp), cohort.labs["week"].to_numpy(dtype=float))
    parts, patients = [], []
    for week in model.landmark_weeks:
        reasons = unusable(cohort, model.study, week, unmeasured=model.scores_unmeasured)
        usable = np.array([reason == "" for reason in reasons], dtype=bool)
        rows = np.flatnonzero(usable & (at_or_before(week, seen) | (week == model.landmark_weeks[0])))
        parts.append(derive_features(cohort, model.study, week).iloc[rows])
        patients.append(rows)
    return pd.concat(parts), np.concatenate(patients)


def _risk_line(scores: MonitoredScores, outcome: str) -> str:
    beside = "not compared" if scores.training_risk is None else f"{100 * scores.training_risk:.1f} % in the training"
    if scores.scored < SMALL:
        return f"Risk of {outcome}: not disclosed for fewer than {SMALL} patients ({beside})."
    spread = f"the central 90 % from {100 * scores.p05:.1f} to {100 * scores.p95:.1f} %"
    if scores.scored < FEWEST_QUANTILES:
        spread = f"quantiles not disclosed for fewer than {FEWEST_QUANTILES} patients"
    return f"Risk of {outcome}: mean {100 * scores.mean_risk:.1f} % ({beside}), {spread}."


def _line(one: DriftedShare, of: int) -> str:
    return f"{one.what}: {share_words(one.found, of)}, {100 * one.expected:.0f} % expected"


def _p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.2g}"


def _predictor_lines(one: PredictorDrift, *, drifts: bool) -> list[str]:
    if drifts:
        lines = [f"      {_line(share, of)}" for share, of in zip(one.shares, patients_of_shares(one), strict=True)]
        furthest_hidden = few(one.furthest.found, patients_of_shares(one)[one.shares.index(one.furthest)])
        return [f"  {one.label}, DRIFT{'' if furthest_hidden else f' ({_p(one.p_value)})'}:", *lines]
    return [f"  {one.label}: {_line(one.furthest, patients_of_shares(one)[one.shares.index(one.furthest)])}"]


def _outcome_lines(found: MonitoredOutcomes) -> list[str]:
    count = found.to_dict()
    expected = "" if found.patients < SMALL else f", {found.expected:.1f} expected of those whose outcome is known"
    sentence = (
        f"Outcomes of {count['patients']} patients: {count['events']} with the outcome{expected}; {count['lost']} "
        f"lost before the horizon. Awaited: {count['awaited']}. Of patients without a risk, not used: "
        f"{count['without_score']}. At or before the landmark, not used: {count['not_at_risk']}."
    )
    lines = wrap(sentence, _WIDTH)
    for name, value in found.measures.items() if found.patients >= SMALL else ():
        lines.append(f"  {_NAMES[name]}: {value}")
    return lines + [f"  {_NAMES[name]}: {why}" for name, why in found.refused.items()]
