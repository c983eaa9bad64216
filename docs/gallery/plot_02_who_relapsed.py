"""
Who relapsed, who was lost
==========================

An outcome has three states at the horizon: relapse, free of relapse, and lost. The lost are not counted as free.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
cohort = rm.simulate_cohort(132, seed=7)
outcome = rm.derive_outcome(cohort, study, landmark_week=0)
outcome["state"].value_counts()

# %%
# Freedom from relapse by arm, with the numbers still followed. The figure is drawn so that no step is one patient's.

from relapse_model.report.figures.survival import kaplan_meier_figure

at_risk = outcome[outcome["time_week"] > 0]
arm = cohort.patients.set_index("patient_id")["arm"].reindex(at_risk.index)
kaplan_meier_figure(at_risk["time_week"], at_risk["event"], arm, horizon=study.prediction.horizon_weeks)

# %%
# **How to read this.** A curve that drops further means more relapses. Compare the curves only where both rows below
# them still hold many patients; the test of the difference is that of the trial's plan, not of this picture.
