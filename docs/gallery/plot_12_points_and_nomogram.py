"""
A points score and a nomogram
=============================

Logistic models on paper. What rounding costs is measured and shown.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
cohort = rm.simulate_cohort(132, seed=7)
model = rm.train(cohort, study, candidates=("prior_logistic",))
score = rm.points_score(model, rm.derive_features(cohort, study))
score.table().head(12)

# %%
# The risk of each total, and what the rounding costs:

print(score.loss)
score.risks().round(3).head(8)

# %%

from relapse_model.report.nomogram import nomogram_figure

nomogram_figure(model)
