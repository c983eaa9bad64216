"""What became of scored patients, against the risks they were given: weighted for those who were lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.outcome.competing import expected_names, plain_name, unlisted_names
from relapse_model.cohort.tables.column_values import column, texts
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.model.monitoring.at_horizon import at_horizon, at_risk
from relapse_model.small_counts import SMALL, disclosed_count
from relapse_model.study.prediction import Prediction
from relapse_model.study.study import Study
from relapse_model.validation.calibration import calibration_intercept, observed_expected
from relapse_model.validation.discrimination import auc_delong
from relapse_model.validation.estimate import Estimate, require_both_outcomes
from relapse_model.validation.ipcw import censoring_weights
from relapse_model.validation.resampling import auc_bootstrap

_COUNTS = ("patients", "events", "lost", "awaited", "without_score", "not_at_risk")
FEWEST = 5  # expected patients with the outcome, and without it, below which nothing is said
TOO_EARLY = "too early to say: outcomes are awaited"
AWAITED = (
    "nothing is known of some scored patients. Outcomes tend to be reported before patients free of them, so the ratio "
    "of those known would be too high; expected a row for each of them, with the week last known free of it (the week "
    "of the score where not seen since)."
)
_LARGEST_UNSEEN = 3.6889  # -ln 0.025: the largest mean at which none is seen in 1 of 40 (Poisson, exact)


@dataclass(frozen=True, slots=True)
class MonitoredOutcomes:
    """Observed against expected.

    Attributes
    ----------
    patients : int
        Scored patients with an outcome who were at risk.
    events, lost, awaited, without_score, not_at_risk : int
        Relapses by the horizon; lost, or not followed to it so far; scored patients of whom nothing is known so far;
        outcomes that were not used, because their patient has no score, or because they lie at or before the landmark
        (free of it: before the landmark).
    expected : float
        Sum of the risks of those whose outcome is known.
    measures : dict of str to Estimate
        ``observed_expected``, ``calibration_intercept``, ``auc``.
    refused : dict of str to str
        Why a measure is not there.
    enough : bool
        Whether at least 5 relapses, and 5 patients free of it, were expected among those whose outcome is known.
    verdict : str
        What the outcomes say of the risks, by the rule that `MonitoringReport.text` states.
    """

    patients: int
    events: int
    lost: int
    awaited: int
    without_score: int
    not_at_risk: int
    expected: float
    measures: dict[str, Estimate]
    refused: dict[str, str]
    enough: bool
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; counts under 5 as ``<5``, and no measure of fewer than 5 patients."""
        disclosed = asdict(self) | {name: disclosed_count(getattr(self, name)) for name in _COUNTS}
        return disclosed if self.patients >= SMALL else disclosed | {"expected": None, "measures": {}}


def monitored_outcomes(
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    landmark: float,
    prediction: Prediction,
    follow_up: pd.DataFrame | None = None,
) -> MonitoredOutcomes:
    """Compare the outcomes that have arrived with the risks.

    Without a column of weeks, an outcome is that by the horizon. With it, a patient known free only up to a week before
    the visit of the horizon enters with that week, and is weighted for by the inverse probability of being followed so
    far. Assumes that how long somebody was followed does not depend on what would have become of them. That does not
    hold where relapses are reported at once, and patients free of it only at the horizon: so while nothing is known of
    some scored patients there are no measures, and a verdict only if it would stand whatever becomes of them.

    Parameters
    ----------
    scores : DataFrame
        As `RelapseModel.score` returns it.
    outcomes : DataFrame
        patient_id, relapse (1 or 0; empty: none so far), and week, since enrolment, of the relapse or of the last time
        known free of it. A column event (relapse, free or competing) may say it instead: who had a competing event in
        that week stays without relapse for good.
    landmark : float
        Week since enrolment.
    prediction : Prediction
        Of the study: its horizon, and the weeks by which the visit of the horizon may come earlier. Weeks are compared
        to the day.
    follow_up : DataFrame, optional
        The same columns, of scored patients who have no row in `outcomes`.

    Raises
    ------
    RelapseModelError
        If a column is missing, an entry cannot be read, a patient stands twice, or no patient has a score.

    Examples
    --------
    >>> scores = pd.DataFrame({"patient_id": list("abcdefgh"), "status": "scored", "relapse_risk": 0.25})
    >>> outcomes = pd.DataFrame({"patient_id": list("abcdefgh"), "relapse": [1, 1, 0, 0, 0, 0, 0, 0], "week": 48})
    >>> found = monitored_outcomes(scores, outcomes, landmark=0, prediction=Prediction(horizon_weeks=48))
    >>> found.events, found.expected, found.verdict
    (2, 2.0, 'too few outcomes to say')
    """
    scores = scores.assign(patient_id=identifier_keys(texts(scores["patient_id"])))
    table = _table(outcomes)
    if len(table) and not table["patient_id"].isin(scores["patient_id"]).any():
        raise RelapseModelError(
            f"outcomes: none of their {len(table)} patients is among the {len(scores)} of the scores; expected "
            "outcomes of scored patients."
        )
    scored = scores[scores["status"] == "scored"]
    there = table["patient_id"].isin(scored["patient_id"]).to_numpy(dtype=bool)
    if follow_up is not None:
        later = _table(follow_up)
        table = pd.concat([table, later[~later["patient_id"].isin(table["patient_id"])]])
    joined = scored.merge(table, on="patient_id", how="inner")
    risk, relapse = (joined[name].to_numpy(dtype=float) for name in ("relapse_risk", "relapse"))
    week = joined["week"].to_numpy(dtype=float)
    other = joined["competing"].to_numpy(dtype=bool)
    used = at_risk(relapse, week, other, landmark)
    risk, relapse, week, other = risk[used], relapse[used], week[used], other[used]
    state, followed, ended = at_horizon(relapse, week, other, prediction)
    awaited = scored.loc[~scored["patient_id"].isin(table["patient_id"]), "relapse_risk"].to_numpy(dtype=float)
    known = risk[~np.isnan(state)]
    enough = bool(len(known) and min(known.sum(), (1 - known).sum()) >= FEWEST)
    observed = _Observed(state, risk, followed - landmark, prediction.horizon_weeks - landmark, ended)
    measures, refused = _measured(observed) if not len(awaited) else ({}, {"observed_expected": AWAITED})
    return MonitoredOutcomes(
        patients=len(risk), events=int((state == 1).sum()), lost=int(np.isnan(state).sum()),
        awaited=len(awaited), without_score=int((~there).sum()),
        not_at_risk=int((~used).sum()), expected=float(known.sum()),
        measures=measures, refused=refused, enough=enough, verdict=_verdict(observed, awaited, enough),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Observed:
    """States at the horizon (1, 0, NaN), risks, and until when each was followed, in weeks from the landmark."""

    state: Floats
    risk: Floats
    followed: Floats
    horizon: float
    competing: Floats  # 1 where a competing event ended the follow-up

    def weights(self) -> Floats:
        return censoring_weights(self.followed, self.state == 1, self.horizon, competing=self.competing)

    def ratio(self) -> Estimate | None:
        """Return observed over expected, None where it cannot be estimated."""
        try:
            return _ratio(self.state, self.risk, self.weights()) if len(self.state) else None
        except InsufficientDataError:
            return None

    def if_all(self, risk: Floats, state: float) -> _Observed:
        """Return what it would be if all of whom nothing is known turned out so."""
        at_end = np.full(len(risk), self.horizon)
        return _Observed(
            np.append(self.state, np.full(len(risk), state)), np.append(self.risk, risk),
            np.append(self.followed, at_end), self.horizon, np.append(self.competing, np.zeros(len(risk))),
        )  # fmt: skip


def _verdict(observed: _Observed, awaited: Floats, enough: bool) -> str:
    """Say what the outcomes say of the risks: only what holds whatever becomes of those of whom nothing is known."""
    if not enough:
        return "too few outcomes to say"
    verdicts = {_of_ratio((observed.if_all(awaited, end) if len(awaited) else observed).ratio()) for end in (0.0, 1.0)}
    return verdicts.pop() if len(verdicts) == 1 else TOO_EARLY


def _of_ratio(ratio: Estimate | None) -> str:
    if ratio is None:
        return "too few outcomes to say"
    if ratio.lower > 1:
        return "risks too low: consider model.update"
    return "risks too high: consider model.update" if ratio.upper < 1 else "outcomes in keeping with the risks"


def _table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return patient, relapse and week (NaN without such a column) of those of whom something is known, checked.

    Without relapse so far, the week says until when.
    """
    outcomes = _with_relapse(outcomes)
    for name in ("patient_id", "relapse"):
        if name not in outcomes:
            raise RelapseModelError(
                f"outcomes: no column {name!r}; expected patient_id, relapse (or event), and week if known."
            )
    patient = identifier_keys(texts(outcomes["patient_id"]))
    twice = int(patient.duplicated().sum())
    if twice:
        raise RelapseModelError(f"outcomes: {twice} rows of patients who stand there already; expected one row each.")
    read = {"relapse": column(outcomes["relapse"], TABLES["outcomes"]["relapse"])}
    if "week" in outcomes:
        read["week"] = column(outcomes["week"], TABLES["outcomes"]["week"])
    values = {name: np.asarray(one.values, dtype=float) for name, one in read.items()}
    for name, one in read.items():
        unreadable = one.bad & ~one.empty
        if name == "week":
            unreadable |= one.empty & ~np.isnan(values["relapse"])
        if unreadable.any():
            expected = TABLES["outcomes"][name].expectation
            raise RelapseModelError(
                f"outcomes, column {name!r}: {int(unreadable.sum())} of {len(outcomes)} entries; expected {expected} "
                "wherever an outcome is known. Correct them."
            )
    week = values.get("week", np.full(len(outcomes), np.nan))
    relapse = np.where(np.isnan(values["relapse"]) & ~np.isnan(week), 0.0, values["relapse"])
    competing = _competing(outcomes, week)
    table = pd.DataFrame({"patient_id": patient.to_numpy(), "relapse": relapse, "week": week, "competing": competing})
    return table[~np.isnan(relapse)]


def as_study_counts(outcomes: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the outcomes with the competing events that the study calls censoring as the end of follow-up.

    Parameters
    ----------
    outcomes : DataFrame
        As `monitored_outcomes` takes it, with ``competing_event`` where the study lists names.
    study : Study

    Raises
    ------
    RelapseModelError
        For a competing event whose name the study does not list, where it lists any.
    """
    rule = study.outcome
    if "event" not in outcomes or not (rule.competing or rule.competing_as_censoring):
        return outcomes
    rows = (texts(outcomes["event"]) == "competing").to_numpy(dtype=bool)
    given = outcomes["competing_event"] if "competing_event" in outcomes else pd.Series("", index=outcomes.index)
    names = texts(given).map(plain_name)
    wrong = int((rows & ((names == "").to_numpy() | unlisted_names(names, rule))).sum())
    if wrong:
        raise RelapseModelError(
            f"outcomes, column 'competing_event': {wrong} competing events without a name that the study of the "
            f"model lists; expected {expected_names(rule)}."
        )
    lost = rows & names.isin(rule.competing_as_censoring).to_numpy(dtype=bool)
    return outcomes.assign(event=outcomes["event"].where(~lost, "free"))


def _with_relapse(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a column of yes and no, which its events may say instead; refuse what is none of them."""
    if "event" not in outcomes:
        return outcomes
    read = column(outcomes["event"], TABLES["outcomes"]["event"])
    if read.bad.any():
        raise RelapseModelError(
            f"outcomes, column 'event': {int(read.bad.sum())} of {len(outcomes)} entries; expected one of relapse, "
            "free, competing. Correct them."
        )
    event = pd.Series(read.values, dtype=object)
    said = event.map({"relapse": 1.0, "free": 0.0, "competing": 0.0}).to_numpy(dtype=float)
    made = outcomes.assign(event=event.to_numpy())
    if "relapse" not in outcomes:
        return made.assign(relapse=said)
    given = column(outcomes["relapse"], TABLES["outcomes"]["relapse"])
    values = np.asarray(given.values, dtype=float)
    apart = ~np.isnan(values) & ~np.isnan(said) & (values != said)
    if apart.any():
        raise RelapseModelError(
            f"outcomes: {int(apart.sum())} of {len(outcomes)} rows with an event that contradicts relapse; expected "
            "the same in both. Correct them."
        )
    return made if given.bad.any() else made.assign(relapse=np.where(np.isnan(values), said, values))


def _competing(outcomes: pd.DataFrame, week: Floats) -> Mask:
    """Tell whose follow-up a competing event ended; refuse one without a week."""
    if "event" not in outcomes:
        return np.zeros(len(outcomes), dtype=bool)
    competing = (outcomes["event"] == "competing").to_numpy(dtype=bool)
    undated = int((competing & np.isnan(week)).sum())
    if undated:
        raise RelapseModelError(
            f"outcomes: {undated} competing events without a week; expected the week of each. By an unknown week "
            "nobody can say whether it came before the horizon."
        )
    return competing


def _measured(observed: _Observed) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Return the measures, and why those that are not there are refused."""
    measures: dict[str, Estimate] = {}
    refused: dict[str, str] = {}
    if not len(observed.state):
        return measures, {"observed_expected": "no outcome of a scored patient has arrived."}
    try:
        weight = observed.weights()
    except InsufficientDataError as why:
        return measures, {"observed_expected": str(why)}
    for name, measure in _MEASURES.items():
        try:
            measures[name] = measure(observed.state, observed.risk, weight)
        except InsufficientDataError as why:
            refused[name] = str(why)
    return measures, refused


def _ratio(state: Floats, risk: Floats, weight: Floats) -> Estimate:
    known = weight > 0
    events, expected, n = float(state[known].sum()), float(risk[known].sum()), int(known.sum())
    method = "exact, Poisson"
    if n and events == 0 and expected > 0:
        return Estimate(0.0, 0.0, _LARGEST_UNSEEN / expected, 0.95, method)
    if n and events == n:
        return Estimate(n / expected, max(0.0, n - _LARGEST_UNSEEN) / expected, n / expected, 0.95, method)
    return observed_expected(state, risk, _plain(weight))


def _intercept(state: Floats, risk: Floats, weight: Floats) -> Estimate:
    return calibration_intercept(state, risk, _plain(weight))


def _auc(state: Floats, risk: Floats, weight: Floats) -> Estimate:
    require_both_outcomes(state[weight > 0], "AUC", at_least=FEWEST)
    return auc_delong(state, risk) if _plain(weight) is None else auc_bootstrap(state, risk, weight)


def _plain(weight: Floats) -> Floats | None:
    """Return no weights where all are 1, so that the interval is the plain one."""
    return None if (weight == 1).all() else weight


_MEASURES: dict[str, Callable[[Floats, Floats, Floats], Estimate]] = {
    "observed_expected": _ratio,
    "calibration_intercept": _intercept,
    "auc": _auc,
}
