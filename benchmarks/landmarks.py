"""Prediction at later visits: one model for all landmarks, a model for each, and the week-0 risk carried forward.

Simulated cohorts are used to train; models are judged in one large cohort of the same truth, among those at risk at
each landmark, by the log loss of the outcome at the horizon above (or below, negative) that of giving everybody the
mean risk of the training patients at that landmark, and by the calibration slope. A landmark is a visit: one that was
held up to a week late counts (`landmark_window_weeks = 1`).

- one model: all landmarks in one prior-informed regression, with the week of the landmark as a predictor
- separate models: one for each landmark
- separate, by the day: the same, trained and applied with what was known on the day of the landmark itself
- week 0 carried forward: the risk at week 0, unchanged
- week 0, cut to what is left: 1 - (1 - risk) to the power of the share of the training cohort's cumulative hazard that
  lies after the landmark

Differences are paired over the cohorts; their standard error is in brackets.

Run: .venv/bin/python benchmarks/landmarks.py [--replicates 30] [--sizes 132 300] [--test 6000] [--non-linear]
[--seed 1]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

import relapse_model as rm
from relapse_model.cohort.landmark_visit import at_visit
from relapse_model.development.choice import fit_known
from relapse_model.features.derive import derive_features
from relapse_model.features.design import design, design_matrix
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.features.development_data_at_landmarks import stacked_data
from relapse_model.report.figures.survival import kaplan_meier
from relapse_model.study.several_landmarks import stacked_study
from relapse_model.study.study import Study
from relapse_model.validation.calibration import calibration_slope
from relapse_model.validation.overall import log_loss
from simulated_truth import Floats, mean_se

LANDMARKS = (0.0, 4.0, 12.0, 24.0)
CLASSIFIER = "prior_logistic"
WAYS = (
    "one model", "separate models", "separate, by the day", "week 0 carried forward", "week 0, cut to what is left",
)  # fmt: skip


def with_window(study: Study, weeks: float) -> Study:
    """Return the study with a window of the visit of a landmark."""
    return replace(study, prediction=replace(study.prediction, landmark_window_weeks=weeks))


class Judged:
    """The patients that models are judged in: at each landmark, those at risk, and their predictors."""

    def __init__(self, cohort: rm.Cohort, study: Study):
        self.study, self.day = with_window(study, 1.0), study
        self.stacked = stacked_study(self.study, LANDMARKS)
        self.data = {week: development_data(cohort, self.study, week) for week in LANDMARKS}
        self.matrix, self.by_day, self.one, self.at_0 = {}, {}, {}, {}
        first = design_matrix(derive_features(cohort, study, 0.0), study)
        for week, data in self.data.items():
            rows = cohort.patients.index[cohort.patient_ids.isin(data.features.index)].to_numpy()
            seen = at_visit(cohort, self.study, week)
            self.matrix[week] = design_matrix(derive_features(seen, self.study, week), study)[rows]
            self.by_day[week] = design_matrix(derive_features(cohort, study, week), study)[rows]
            self.one[week] = design_matrix(derive_features(seen, self.stacked, week), self.stacked)[rows]
            self.at_0[week] = first[rows]
            moved = ~np.isclose(self.matrix[week], self.by_day[week], equal_nan=True)
            print(f"week {week:g}: {len(rows)} at risk, {data.events} relapse; {moved.any(axis=1).mean():.2f} of them "
                  "with predictors that the day does not know")  # fmt: skip


def hazard_left(data: DevelopmentData, week: float) -> float:
    """Return the share of the cumulative hazard up to the horizon that lies after a week."""
    times, free, _, _ = kaplan_meier(data.horizon_time, data.horizon_event)
    hazard = -np.log(np.append(1.0, free))
    at, end = (hazard[np.searchsorted(times, one, side="right")] for one in (week, data.horizon))
    return float(1 - at / end)


def risks(judged: Judged, train: rm.Cohort) -> dict[float, dict[str, Floats]]:
    """Return the risks at each landmark by each way, and under ``mean`` that of the training patients."""
    one = fit_known(CLASSIFIER, stacked_data(train, judged.stacked, LANDMARKS), design(judged.stacked), 0)
    found: dict[float, dict[str, Floats]] = {}
    zero = None
    for week in LANDMARKS:
        data, day = development_data(train, judged.study, week), development_data(train, judged.day, week)
        own = fit_known(CLASSIFIER, data, design(judged.study, week), 0)
        by_day = fit_known(CLASSIFIER, day, design(judged.day, week), 0)
        zero = own if zero is None else zero
        known = ~np.isnan(data.relapse)
        carried = zero.predict_proba(judged.at_0[week])[:, 1]
        left = hazard_left(development_data(train, judged.study, 0.0), week)
        mean = np.average(data.relapse[known], weights=data.weights()[known])
        found[week] = {
            "mean": np.full(len(carried), mean),
            WAYS[0]: one.predict_proba(judged.one[week])[:, 1],
            WAYS[1]: own.predict_proba(judged.matrix[week])[:, 1],
            WAYS[2]: by_day.predict_proba(judged.by_day[week])[:, 1],
            WAYS[3]: carried,
            WAYS[4]: 1 - (1 - carried) ** left,
        }
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--sizes", type=int, nargs="+", default=[132, 300])
    parser.add_argument("--test", type=int, default=6000)
    parser.add_argument("--non-linear", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    study = rm.load_study("hbsag-relapse")
    judged = Judged(rm.simulate_cohort(given.test, seed=10_000 + given.seed, non_linear=given.non_linear), study)
    for size in given.sizes:
        loss: dict[tuple[float, str], list[float]] = {}
        slope: dict[tuple[float, str], list[float]] = {}
        for replicate in range(given.replicates):
            seed = 1000 * given.seed + replicate
            found = risks(judged, rm.simulate_cohort(size, seed=seed, non_linear=given.non_linear))
            for week, by_way in found.items():
                data = judged.data[week]
                known, weight = ~np.isnan(data.relapse), data.weights()
                y, w = data.relapse[known], weight[known]
                of_mean = log_loss(y, by_way["mean"][known], w)
                for way in WAYS:
                    p = np.clip(by_way[way][known], 1e-6, 1 - 1e-6)
                    loss.setdefault((week, way), []).append(1000 * (log_loss(y, p, w) - of_mean))
                    slope.setdefault((week, way), []).append(calibration_slope(y, p, w).value)
        print(f"\nn = {size}, {given.replicates} cohorts; log loss x 1000 against the mean risk (lower is better)")
        for week in LANDMARKS:
            for way in WAYS:
                mine, other = (np.array(loss[week, one]) for one in (way, WAYS[1]))
                mean, (apart, error) = mine.mean(), mean_se(list(mine - other))
                print(f"  week {week:4g}  {way:28s} {mean:+7.1f}   against separate {apart:+6.1f} ({error:.1f})   "
                      f"slope {np.median(slope[week, way]):.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
