"""How the arms were watched: tests per patient-week, losses by week, relapses by weeks since the last dose."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.comparisons import before
from relapse_model.errors import InsufficientDataError
from relapse_model.study.study import Study
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.statistics import SignificanceTest, fisher_exact, log_rank
from relapse_model.validation.estimate import normal_quantile

_BANDS = 4  # of the weeks to the endpoint
SINCE_DOSE = (4.0, 8.0, 12.0)
NO_DOSE = "no dose before"


@dataclass(frozen=True, slots=True)
class TestingFrequency:
    """Tests of the outcome per patient-week of follow-up, treatment and control, and their ratio.

    Attributes
    ----------
    tests : tuple of int
    patient_weeks, rates : tuple of float
    ratio, lower, upper : float or None
        Treatment over control; the interval takes tests as independent, and is for orientation.
    """

    __test__ = False  # no test of pytest's

    tests: tuple[int, int]
    patient_weeks: tuple[float, float]
    rates: tuple[float, float]
    ratio: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, eq=False)
class LossByArm:
    """Losses by arm and part of the follow-up, and whether the arms lose differently.

    Attributes
    ----------
    table : DataFrame
        ``weeks, treatment, control``: lost in each part; the last row is all of it.
    share : SignificanceTest
        Fisher's exact test of the shares lost.
    time : SignificanceTest or None
        Log-rank test of the time to loss; None if nobody is lost.
    """

    table: pd.DataFrame
    share: SignificanceTest
    time: SignificanceTest | None


def testing_frequency(cohort: Cohort, study: Study, found: Endpoint, level: float) -> TestingFrequency | None:
    """Count the weeks with a test of the outcome, after randomisation up to relapse or the end of follow-up.

    Tests that confirm a relapse do not count; several in one week are one. None for an adjudicated outcome.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint
    level : float
    """
    if study.outcome.analyte is None:
        return None
    results = measurements(cohort, study, study.outcome.analyte)
    until = np.full(len(cohort), -np.inf)
    until[found.place] = found.time
    counted = (results.week > 0) & (results.week <= until[results.patient])
    distinct = pd.DataFrame({"patient": results.patient[counted], "week": results.week[counted]}).drop_duplicates()
    tests = np.bincount(distinct["patient"].to_numpy(dtype=np.intp), minlength=len(cohort))[found.place]
    arms = (found.treated, ~found.treated)
    weeks = float(found.time[arms[0]].sum()), float(found.time[arms[1]].sum())
    number = int(tests[arms[0]].sum()), int(tests[arms[1]].sum())
    if min(weeks) <= 0:
        return None
    rates = number[0] / weeks[0], number[1] / weeks[1]
    if min(number) == 0:
        return TestingFrequency(number, weeks, rates, None, None, None)
    ratio, reach = rates[0] / rates[1], normal_quantile(level) * sqrt(1 / number[0] + 1 / number[1])
    return TestingFrequency(number, weeks, rates, ratio, float(ratio * np.exp(-reach)), float(ratio * np.exp(reach)))


def losses_in_quarters(found: Endpoint) -> LossByArm:
    """Count the losses by arm and quarter of the follow-up.

    Parameters
    ----------
    found : Endpoint
    """
    arms = (found.treated, ~found.treated)
    edges = np.linspace(0, found.week, _BANDS + 1)
    rows = []
    for low, high in pairwise(edges):
        inside = found.lost & (found.time >= low) & ((found.time < high) | (high == found.week))
        rows.append((_band(low, high, found.week), *(int((inside & who).sum()) for who in arms)))
    lost, size = [int((found.lost & who).sum()) for who in arms], [int(who.sum()) for who in arms]
    rows.append((f"0 to {found.week:g}", *lost))
    time = None
    if any(lost):
        try:
            time = log_rank(found.time, found.lost.astype(float), found.arm).test
        except InsufficientDataError:  # nobody of the other arm was followed then
            time = None
    share = fisher_exact(lost[0], size[0], lost[1], size[1])
    return LossByArm(pd.DataFrame(rows, columns=["weeks", "treatment", "control"]), share, time)


def _band(low: float, high: float, end: float) -> str:
    return f"{low:g} to {high:g}" if high == end else f"{low:g} to below {high:g}"


def relapses_since_dose(cohort: Cohort, study: Study, found: Endpoint) -> pd.DataFrame | None:
    """Count the failures of each arm by the weeks since the last dose of the treatment before them.

    Antibody that is given binds the antigen that the test looks for: a relapse found soon after a dose may have begun
    long before. None without a dosing rule or a treatments table.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    found : Endpoint

    Returns
    -------
    DataFrame or None
        ``weeks, treatment, control``.
    """
    if study.dosing is None or cohort.treatments is None:
        return None
    since = weeks_since_dose(cohort, study.dosing.agent, found)
    failed = found.event == 1
    edges = (0.0, *SINCE_DOSE, np.inf)
    rows = []
    for low, high in pairwise(edges):
        inside = failed & (since >= low) & (since < high)
        name = f"{low:g} or more" if np.isinf(high) else f"{low:g} to below {high:g}"
        rows.append((name, *_both(inside, found.treated)))
    rows.append((NO_DOSE, *_both(failed & np.isnan(since), found.treated)))
    return pd.DataFrame(rows, columns=["weeks", "treatment", "control"])


def weeks_since_dose(cohort: Cohort, agent: str, found: Endpoint) -> Floats:
    """Return the weeks from the last earlier dose of an agent to the end of each patient's follow-up; NaN without one.

    A dose on the day of the end does not count: blood was drawn before it was given.

    Parameters
    ----------
    cohort : Cohort
        With a treatments table.
    agent : str
    found : Endpoint
    """
    last = np.full(len(cohort), -np.inf)
    until = np.full(len(cohort), -np.inf)
    until[found.place] = found.time
    table = cohort.treatments
    if table is not None:
        start = table["start_week"].to_numpy(dtype=float)
        patient = table["patient"].to_numpy(dtype=np.intp)
        rows = (table["agent"] == agent).to_numpy() & before(start, until[patient])
        np.maximum.at(last, patient[rows], start[rows])
    since: Floats = np.where(np.isfinite(last[found.place]), found.time - last[found.place], np.nan)
    return since


def _both(those: Mask, treated: Mask) -> tuple[int, int]:
    return int((those & treated).sum()), int((those & ~treated).sum())
