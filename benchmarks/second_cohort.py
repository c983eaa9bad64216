"""A model trained on examples/cohort, judged on a second simulated cohort, beside the true risks.

Run: .venv/bin/python benchmarks/second_cohort.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import relapse_model as rm
from relapse_model.classifiers.known import CANDIDATES
from relapse_model.development.choice import patient_log_loss
from relapse_model.features.development_data import development_data
from relapse_model.validation.discrimination import auc

PATIENTS, SEED = 5000, 2026


def main() -> None:
    study = rm.load_study("hbsag-relapse")
    cohort = rm.read_cohort(Path(__file__).parents[1] / "examples" / "cohort", study=study)
    second = rm.simulate_cohort(PATIENTS, seed=SEED)
    data = development_data(second, study)
    known = ~np.isnan(data.relapse)
    weight, relapse = data.weights()[known], data.relapse[known]
    truth = second.truth.set_index("patient_id")["true_risk"].loc[data.features.index].to_numpy()
    risks = {"true risk": truth, "mean risk": np.full(len(truth), np.average(relapse, weights=weight))}
    risks["chosen by train"] = rm.train(cohort, study).predict_risk(data.features)
    for name in CANDIDATES:
        risks[name] = rm.train(cohort, study, candidates=(name,)).predict_risk(data.features)
    print(f"trained on {len(cohort)} patients; judged on {len(data)} ({data.events} relapses, {data.lost} lost)")
    print(f"{'':18s}{'AUC':>8s}{'log loss':>10s}")
    for name, risk in risks.items():
        loss = np.average(patient_log_loss(relapse, risk[known]), weights=weight)
        print(f"{name:18s}{auc(relapse, risk[known], weight):8.3f}{loss:10.4f}")


if __name__ == "__main__":
    main()
