"""
How well does it work in new patients?
======================================

Everything that was learned is learned again in each fold. For brevity: 2 repeats and 20 bootstrap resamples instead of
20 and 200.
"""

# %%

import relapse_model as rm

study = rm.load_study("hbsag-relapse")
cohort = rm.simulate_cohort(132, seed=7)
found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=2, bootstraps=40, leave_out=None)
for name in ("auc", "calibration_slope", "observed_expected", "scaled_brier"):
    print(f"{name:18}", found.performance.measures[name])

# %%
# Calibration and net benefit, by risks that no patient's own fold had seen.

from relapse_model.report.figures_of_report import report_figures

figures = report_figures(found)
figures["calibration"]

# %%

figures["decision_curve"]

# %%
# **How to read this.** With some 20 relapses the interval of the calibration slope is wide, and the curve is only
# indicative. A net benefit above both lines (treat nobody, treat all) at the threshold at which you would act is what a
# useful model shows.
