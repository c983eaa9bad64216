"""The statistics of a trial of two arms: arrays in, small frozen results out; cohorts and studies are unknown here."""

from relapse_model.trial.statistics.adjusted_log_rank import AdjustedLogRank, adjusted_log_rank
from relapse_model.trial.statistics.contrast import Contrast, SignificanceTest
from relapse_model.trial.statistics.cox import CoxContrast, cox_contrast
from relapse_model.trial.statistics.interaction import interaction_test
from relapse_model.trial.statistics.interval_censored import IntervalMasses, interval_censored_masses
from relapse_model.trial.statistics.interval_censored_scores import interval_censored_test
from relapse_model.trial.statistics.interval_censored_weibull import WeibullContrast, interval_censored_weibull
from relapse_model.trial.statistics.log_rank import LogRank, log_rank
from relapse_model.trial.statistics.loss_weights import LossWeights, loss_weights
from relapse_model.trial.statistics.missing_endpoint import (
    ArmCount,
    MissingEndpointBounds,
    TippingGrid,
    missing_endpoint_bounds,
    tipping_grid,
)
from relapse_model.trial.statistics.multiple_imputation import ImputedContrast, imputed_risk_difference
from relapse_model.trial.statistics.power import PowerGrid, TrialPower, power_grid, trial_power
from relapse_model.trial.statistics.proportions import (
    fisher_exact,
    odds_ratio,
    proportion,
    risk_difference,
    risk_ratio,
    score_test,
)
from relapse_model.trial.statistics.rmst import RmstContrast, rmst_contrast
from relapse_model.trial.statistics.standardised import StandardisedContrast, standardised_contrast
from relapse_model.trial.statistics.stratified_proportions import (
    StratifiedContrast,
    stratified_risk_difference,
    stratified_risk_ratio,
)
from relapse_model.trial.statistics.subgroups import (
    SubgroupEffects,
    SubgroupLevel,
    subgroup_effects,
    subgroup_survival,
)
from relapse_model.trial.statistics.survival_contrast import (
    ArmRisk,
    SurvivalContrast,
    kaplan_meier_risk,
    survival_contrast,
)
from relapse_model.trial.statistics.weighted_contrast import WeightedContrast, weighted_contrast

__all__ = [
    "AdjustedLogRank",
    "ArmCount",
    "ArmRisk",
    "Contrast",
    "CoxContrast",
    "ImputedContrast",
    "IntervalMasses",
    "LogRank",
    "LossWeights",
    "MissingEndpointBounds",
    "PowerGrid",
    "RmstContrast",
    "SignificanceTest",
    "StandardisedContrast",
    "StratifiedContrast",
    "SubgroupEffects",
    "SubgroupLevel",
    "SurvivalContrast",
    "TippingGrid",
    "TrialPower",
    "WeibullContrast",
    "WeightedContrast",
    "adjusted_log_rank",
    "cox_contrast",
    "fisher_exact",
    "imputed_risk_difference",
    "interaction_test",
    "interval_censored_masses",
    "interval_censored_test",
    "interval_censored_weibull",
    "kaplan_meier_risk",
    "log_rank",
    "loss_weights",
    "missing_endpoint_bounds",
    "odds_ratio",
    "power_grid",
    "proportion",
    "risk_difference",
    "risk_ratio",
    "rmst_contrast",
    "score_test",
    "standardised_contrast",
    "stratified_risk_difference",
    "stratified_risk_ratio",
    "subgroup_effects",
    "subgroup_survival",
    "survival_contrast",
    "tipping_grid",
    "trial_power",
    "weighted_contrast",
]
