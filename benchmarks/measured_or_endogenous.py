"""Which anti-HBs predicts better at a later landmark: as measured, passive part included, or the patient's own.

Neither is assumed better. Simulated trials (half of the patients on HBIG): at each landmark the study is validated once
with the last measured titre and once with the endogenous one (`kind = "endogenous"`, by kinetics), everything else and
all folds the same; out-of-fold log loss and AUC, and the difference over cohorts. Simulated patients: in them relapse
depends on the antibody at enrolment, and HBIG has an effect of its own (hazard ratio 0.7).

Run: .venv/bin/python benchmarks/measured_or_endogenous.py [--cohorts 40] [--patients 300] [--landmarks 4 12 24]
[--jobs 2] [--seed 0]
"""

from __future__ import annotations

import argparse
import re

import numpy as np
from joblib import Parallel, delayed

import relapse_model as rm
from relapse_model.study.reader import parse_study
from relapse_model.study.study import Study
from simulated_truth import mean_se

TITRE = re.compile(r'(name = "anti_hbs"\n(?:label\w* = .*\n)*kind = )"last"')


def studies() -> dict[str, Study]:
    """Return the built-in study with either titre."""
    measured = rm.load_study("hbsag-relapse")
    text = TITRE.sub(r'\1"endogenous"', measured.text)
    own = parse_study(text, "endogenous")
    if own.predictor("anti_hbs").kind != "endogenous":
        raise ValueError("the built-in study was not changed: its predictor anti_hbs reads otherwise than expected")
    return {"measured": measured, "endogenous": own}


def one(seed: int, patients: int, landmark: float) -> dict[str, tuple[float, float]]:
    cohort = rm.simulate_cohort(patients, seed, hbig_hazard_ratio=0.7)
    found = {}
    for name, study in studies().items():
        measures = rm.validate(
            cohort, study, landmark_week=landmark, candidates=("prior_logistic",), outer_repeats=2, bootstraps=0,
            leave_out=None, more_predictors_than_events=True, seed=seed, jobs=1,
        ).performance.measures  # fmt: skip
        found[name] = (float(measures["log_loss"]), measures["auc"].value)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=40)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--landmarks", type=float, nargs="+", default=[4.0, 12.0, 24.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    for landmark in asked.landmarks:
        rows = Parallel(n_jobs=asked.jobs)(
            delayed(one)(1000 + asked.seed + number, asked.patients, landmark) for number in range(asked.cohorts)
        )
        print(f"week {landmark:g}, {asked.cohorts} cohorts of {asked.patients}: mean (SE)")
        for place, measure in enumerate(("log loss", "AUC")):
            values = {name: np.array([row[name][place] for row in rows]) for name in studies()}
            difference = values["endogenous"] - values["measured"]
            texts = [f"{name} {mean_se(value)[0]:.4f}" for name, value in values.items()]
            print(
                "  {}: {}; endogenous less measured {:+.4f} ({:.4f})".format(
                    measure, ", ".join(texts), *mean_se(difference)
                )
            )


if __name__ == "__main__":
    main()
