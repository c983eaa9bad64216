"""
Who is due for HBIG?
====================

The rule of the study, visit by visit: the dose that was due, the dose that was given, and the next one.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
found = rm.dosing(rm.simulate_cohort(132, seed=7), study)
print(found)
found.deviations

# %%
# What a person has to look at, without the identifiers:

found.due[["arm", "week", "titre", "status"]].head()

# %%
# The titre of one patient to be expected, with its 90 % interval, and the limit of the rule:

from relapse_model.report.figures.titre_forecast import titre_forecast_figure

patient = found.next.query("reachable > 0.5")["patient_id"].iloc[0]
titre_forecast_figure(found.course(patient), found.rule.again.below)
