"""
What was known at the landmark
==============================

Predictors are computed from results at or before the landmark. What comes later changes nothing.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
cohort = rm.simulate_cohort(132, seed=7)
at_0 = rm.derive_features(cohort, study, landmark_week=0, units="clinical")
at_0.round(2).head()

# %%
# Remove every later result and every later dose: the predictors are the same to the last digit.

labs = cohort.tables()["labs"]
treatments = cohort.tables()["treatments"]
earlier = rm.make_cohort(
    patients=cohort.tables()["patients"],
    labs=labs[labs["week"].astype(float) <= 0],
    treatments=treatments[treatments["start_week"].astype(float) <= 0],
    study=study,
)
assert at_0.equals(rm.derive_features(earlier, study, landmark_week=0, units="clinical"))

# %%
# The same patients half a year later: titres have moved, and each predictor is what was known *then*. Models read them
# on a scale of their own, on which a tenfold rise is 1.

scale = {week: rm.derive_features(cohort, study, landmark_week=week) for week in (0, 24)}
(scale[24][["anti_hbs"]] - scale[0][["anti_hbs"]]).describe().round(2)
