"""The primary analysis of a trial recomputed from its analysis data with SciPy alone, beside what the library says.

`relapse-model trial` writes `analysis_data/`: `adsl.csv`, one row per patient, `advs.csv`, one row per patient and
visit, and `dictionary.csv`. Whoever doubts a number needs these files and any software. Here, from `adsl.csv`: the
Kaplan-Meier risk of failure by week 48 in each arm, their difference, and its score interval. From `advs.csv`: who
relapsed, counted from the single tests. Nothing of the library is used for it.

The patients of `examples/cohort` are synthetic.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats

WEEK, LEVEL = 48.0, 0.95


def risk_by_week(time: pd.Series, event: pd.Series, week: float = WEEK) -> tuple[float, float]:
    """Return the Kaplan-Meier risk by a week and its standard error (Greenwood), by SciPy's survival function."""
    times, failed = time.to_numpy(dtype=float), event.to_numpy() == 1
    curve = stats.ecdf(stats.CensoredData(uncensored=times[failed], right=times[~failed])).sf
    survival = float(curve.evaluate(week))
    at = np.unique(times[failed & (times <= week)])
    events = np.array([(failed & (times == one)).sum() for one in at])
    at_risk = np.array([(times >= one).sum() for one in at])
    return 1 - survival, survival * float(np.sqrt((events / (at_risk * (at_risk - events))).sum()))


def effective_number(risk: float, error: float) -> float:
    """Return how many patients without losses would give the same standard error."""
    return risk * (1 - risk) / error**2


def score_interval(x1: float, n1: float, x0: float, n0: float, level: float = LEVEL) -> tuple[float, float]:
    """Return Miettinen and Nurminen's interval of a difference of risks, found by search."""
    critical = stats.chi2.ppf(level, 1)
    observed = x1 / n1 - x0 / n0

    def beyond(difference: float) -> float:
        def loss(risk: float) -> float:  # minus the log-likelihood, the difference held
            pairs = ((x1, n1, risk + difference), (x0, n0, risk))
            return -float(sum(x * np.log(p) + (n - x) * np.log1p(-p) for x, n, p in pairs))

        low, high = max(0.0, -difference) + 1e-12, min(1.0, 1.0 - difference) - 1e-12
        p0 = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
        p1 = p0 + difference
        variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * (n1 + n0) / (n1 + n0 - 1)
        return (observed - difference) ** 2 / variance - critical

    edge = 1 - 1e-9
    return (
        optimize.brentq(beyond, -edge, observed, xtol=1e-12),
        optimize.brentq(beyond, observed, edge, xtol=1e-12),
    )


def failures_from_tests(visits: pd.DataFrame) -> pd.Series:
    """Return who relapsed, from the tests alone: two positive in a row, or positive at the last one."""
    tests = visits[(visits["in_primary"] == 1) & visits["outcome_test"].notna()]
    tests = tests[tests["week"] >= 0]
    relapsed = {}
    for patient, rows in tests.sort_values("week").groupby("patient_id"):
        positive = rows["outcome_test"].to_numpy() == 1
        relapsed[patient] = bool((positive[1:] & positive[:-1]).any() or positive[-1])
    return pd.Series(relapsed)


def recompute(data: Path) -> dict[str, float]:
    """Return the primary analysis from the files of a folder."""
    patients = pd.read_csv(data / "adsl.csv")
    arms = {treated: patients[patients["treated"] == treated] for treated in (1, 0)}
    (risk1, error1), (risk0, error0) = (risk_by_week(arms[arm]["time"], arms[arm]["event"]) for arm in (1, 0))
    n1, n0 = effective_number(risk1, error1), effective_number(risk0, error0)
    lower, upper = score_interval(risk1 * n1, n1, risk0 * n0, n0)
    relapsed = failures_from_tests(pd.read_csv(data / "advs.csv"))
    return {
        "risk, treatment": risk1,
        "risk, control": risk0,
        "difference": risk1 - risk0,
        "standard error": float(np.hypot(error1, error0)),
        "lower": lower,
        "upper": upper,
        "relapsed, from the tests": float(relapsed.reindex(patients["patient_id"]).fillna(False).sum()),
    }


def as_written(report: Path) -> dict[str, float]:
    """Return the same from trial.json."""
    primary = json.loads((report / "trial.json").read_text(encoding="utf-8"))["primary"]
    contrast, arms = primary["contrast"], (primary["treatment"], primary["control"])
    return {
        "risk, treatment": arms[0]["value"],
        "risk, control": arms[1]["value"],
        "difference": contrast["value"],
        "standard error": contrast["standard_error"],
        "lower": contrast["lower"],
        "upper": contrast["upper"],
        "relapsed, from the tests": float(arms[0]["events"] + arms[1]["events"]),
    }


def main(report: Path | None = None) -> None:
    """Recompute the analysis of a report; of `examples/cohort` if there is none yet."""
    with tempfile.TemporaryDirectory() as place:
        if report is None:
            import relapse_model as rm

            study = rm.load_study("hbsag-relapse")
            cohort = rm.read_cohort(Path(__file__).parent / "cohort", study=study)
            report = Path(place)
            rm.compare_arms(cohort, study).save(report)
        ours, theirs = recompute(report / "analysis_data"), as_written(report)
    print(f"{'':26s} {'recomputed':>14s} {'trial.json':>14s}")
    for name, value in ours.items():
        print(f"{name:26s} {value:14.9f} {theirs[name]:14.9f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
