"""
Why this risk?
==============

What raised and what lowered the risk of one patient, and what was known of that patient when.
"""

# %%

import relapse_model as rm
from relapse_model.report.figures.model import waterfall_figure
from relapse_model.report.figures.patient import patient_trajectory_figure

model = rm.train(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), candidates=("prior_logistic",))
new = rm.simulate_cohort(5, seed=8)
scores = model.score(new)
scores[["status", "relapse_risk", "risk_lower", "risk_upper", "warnings"]].round(2)

# %%
# Contributions add up to the log-odds of the risk. They describe the model, not what would happen after a change.

waterfall_figure(model.explain(new), 0)

# %%
# The titres of the same patient, the doses, and how much of the antibody is the patient's own.

patient_trajectory_figure(model, new, scores["patient_id"].iloc[0], landmark_week=0)
