"""
The model in another hospital
=============================

First evaluate the model as it is. If its risks are too high or too low there, update it.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
elsewhere = rm.simulate_cohort(300, seed=9)
there = model.evaluate(elsewhere)
for name in ("auc", "observed_expected", "calibration_slope"):
    print(f"{name:18}", there.measures[name])

# %%
# Observed over expected is 1 where the level is right. The smallest update moves the intercept alone.

updated = model.update(elsewhere, method="intercept")
print(updated)

# %%
# The updated model must be judged on patients that did not update it.

others = updated.evaluate(rm.simulate_cohort(300, seed=10))
print(others.measures["observed_expected"])
