"""
Compare the arms of a trial
===========================

The analysis is the plan in the study file, and nothing is chosen by looking at the data.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
analysis = rm.compare_arms(rm.simulate_cohort(132, seed=7), study)
print(analysis.primary)

# %%

from relapse_model.report.figures.trial import failures_figure

data = analysis.endpoint
failures_figure(data.time, data.event, data.treated, analysis.plan.arms.names, data.week)

# %%
# Sensitivity analyses, in the order of the plan:

for one in analysis.sensitivity:
    print(one)

# %%
# How many patients such a trial needs, exactly:

print(rm.trial_power(132, control=0.20, treatment=0.05))
