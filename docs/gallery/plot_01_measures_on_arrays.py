"""
How good are predicted risks?
=============================

Measures are functions on arrays: outcomes, risks and, where patients were lost, weights. They know nothing of cohorts
or models, so they can judge risks from any program.
"""

# %%
# Risks of 400 made-up patients, and outcomes that occur with half the odds that the risks say: the order is right, the
# level is not.

import numpy as np

from relapse_model import validation

rng = np.random.default_rng(0)
log_odds = rng.normal(-1.0, 1.0, 400)
risk = 1 / (1 + np.exp(-log_odds))
relapse = rng.random(400) < 1 / (1 + np.exp(-(log_odds - np.log(2))))

print("AUC              ", validation.auc_delong(relapse, risk))
print("observed/expected", validation.observed_expected(relapse, risk))
print("slope            ", validation.calibration_slope(relapse, risk))

# %%
# The calibration plot shows the same: the curve runs below the diagonal.

from relapse_model.report.figures.validation import calibration_figure

calibration_figure(relapse, risk)
