"""
A model from published effects and 132 patients
===============================================

The study states what papers report. The data decide how much weight those reports get.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
print(model)

# %%
# Coefficients with their 95 % intervals. An interval that includes no effect is not evidence of no effect.

from relapse_model.report.figures.model import coefficients_figure

coefficients_figure(model)
