"""How good are predicted risks: one family of measures per file, pure functions on arrays.

All measures can be imported from here. A file is loaded when one of its names is first asked for, so that
``import relapse_model.validation`` loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; the table below is what runs
    from relapse_model.validation.auc_difference import compare_auc_bootstrap
    from relapse_model.validation.calibration import calibration_intercept, calibration_slope, observed_expected
    from relapse_model.validation.classification_measures import ThresholdMeasures, threshold_measures, wilson
    from relapse_model.validation.competing_risks import CumulativeIncidence, cumulative_incidence, subdistribution_rows
    from relapse_model.validation.decision_curve import NetBenefit, net_benefit, net_benefit_survival
    from relapse_model.validation.discrimination import (
        AucComparison,
        auc,
        auc_delong,
        compare_auc_delong,
        delong_covariance,
        harrell_c,
    )
    from relapse_model.validation.effective_number import effective_share
    from relapse_model.validation.estimate import Estimate
    from relapse_model.validation.ipcw import CensoringSurvival, censoring_weights, reverse_kaplan_meier
    from relapse_model.validation.model_stability import (
        CalibrationInstability,
        Inclusion,
        Stability,
        calibration_instability,
        inclusion,
        stability,
    )
    from relapse_model.validation.optimism import (
        OptimismCorrected,
        Point632Plus,
        no_information,
        optimism_corrected,
        point632_plus,
    )
    from relapse_model.validation.overall import brier, log_loss, scaled_brier
    from relapse_model.validation.paired_loss import log_loss_difference, paired_difference
    from relapse_model.validation.performance_measures import Performance, performance
    from relapse_model.validation.resampling import auc_bootstrap, bootstrap_interval, stratified_folds
    from relapse_model.validation.sample_size.binary import (
        SampleSize,
        cox_snell_r2,
        expected_shrinkage,
        heuristic_shrinkage,
        maximum_parameters,
        maximum_r2,
        riley_sample_size,
    )
    from relapse_model.validation.sample_size.external import (
        ExternalSampleSize,
        c_sample_size,
        external_sample_size,
        net_benefit_sample_size,
        oe_sample_size,
        slope_sample_size,
    )
    from relapse_model.validation.sample_size.survival import (
        SurvivalSampleSize,
        maximum_survival_r2,
        survival_sample_size,
    )
    from relapse_model.validation.separation import auc_score, rank_correlation
    from relapse_model.validation.smooth_calibration import (
        CalibrationCurve,
        CalibrationIndices,
        calibration_curve,
        ici_e50_e90,
    )
    from relapse_model.validation.subgroups import Subgroup, subgroup_table
    from relapse_model.validation.uno_concordance import uno_c
    from relapse_model.validation.within_folds import auc_within_folds, calibration_slope_within_folds

_WHERE = {
    "compare_auc_bootstrap": "auc_difference",
    "CalibrationCurve": "smooth_calibration",
    "CalibrationIndices": "smooth_calibration",
    "calibration_curve": "smooth_calibration",
    "calibration_intercept": "calibration",
    "calibration_slope": "calibration",
    "ici_e50_e90": "smooth_calibration",
    "observed_expected": "calibration",
    "ThresholdMeasures": "classification_measures",
    "threshold_measures": "classification_measures",
    "wilson": "classification_measures",
    "CumulativeIncidence": "competing_risks",
    "cumulative_incidence": "competing_risks",
    "subdistribution_rows": "competing_risks",
    "NetBenefit": "decision_curve",
    "net_benefit": "decision_curve",
    "net_benefit_survival": "decision_curve",
    "AucComparison": "discrimination",
    "auc": "discrimination",
    "auc_delong": "discrimination",
    "compare_auc_delong": "discrimination",
    "delong_covariance": "discrimination",
    "harrell_c": "discrimination",
    "effective_share": "effective_number",
    "Estimate": "estimate",
    "CensoringSurvival": "ipcw",
    "censoring_weights": "ipcw",
    "reverse_kaplan_meier": "ipcw",
    "CalibrationInstability": "model_stability",
    "Inclusion": "model_stability",
    "Stability": "model_stability",
    "calibration_instability": "model_stability",
    "inclusion": "model_stability",
    "stability": "model_stability",
    "OptimismCorrected": "optimism",
    "Point632Plus": "optimism",
    "no_information": "optimism",
    "optimism_corrected": "optimism",
    "point632_plus": "optimism",
    "brier": "overall",
    "log_loss": "overall",
    "scaled_brier": "overall",
    "log_loss_difference": "paired_loss",
    "paired_difference": "paired_loss",
    "Performance": "performance_measures",
    "performance": "performance_measures",
    "auc_bootstrap": "resampling",
    "bootstrap_interval": "resampling",
    "stratified_folds": "resampling",
    "SampleSize": "sample_size.binary",
    "cox_snell_r2": "sample_size.binary",
    "expected_shrinkage": "sample_size.binary",
    "heuristic_shrinkage": "sample_size.binary",
    "maximum_parameters": "sample_size.binary",
    "maximum_r2": "sample_size.binary",
    "riley_sample_size": "sample_size.binary",
    "ExternalSampleSize": "sample_size.external",
    "c_sample_size": "sample_size.external",
    "external_sample_size": "sample_size.external",
    "net_benefit_sample_size": "sample_size.external",
    "oe_sample_size": "sample_size.external",
    "slope_sample_size": "sample_size.external",
    "SurvivalSampleSize": "sample_size.survival",
    "maximum_survival_r2": "sample_size.survival",
    "survival_sample_size": "sample_size.survival",
    "auc_score": "separation",
    "rank_correlation": "separation",
    "Subgroup": "subgroups",
    "subgroup_table": "subgroups",
    "uno_c": "uno_concordance",
    "auc_within_folds": "within_folds",
    "calibration_slope_within_folds": "within_folds",
}

__all__ = [
    "AucComparison",
    "CalibrationCurve",
    "CalibrationIndices",
    "CalibrationInstability",
    "CensoringSurvival",
    "CumulativeIncidence",
    "Estimate",
    "ExternalSampleSize",
    "Inclusion",
    "NetBenefit",
    "OptimismCorrected",
    "Performance",
    "Point632Plus",
    "SampleSize",
    "Stability",
    "Subgroup",
    "SurvivalSampleSize",
    "ThresholdMeasures",
    "auc",
    "auc_bootstrap",
    "auc_delong",
    "auc_score",
    "auc_within_folds",
    "bootstrap_interval",
    "brier",
    "c_sample_size",
    "calibration_curve",
    "calibration_instability",
    "calibration_intercept",
    "calibration_slope",
    "calibration_slope_within_folds",
    "censoring_weights",
    "compare_auc_bootstrap",
    "compare_auc_delong",
    "cox_snell_r2",
    "cumulative_incidence",
    "delong_covariance",
    "effective_share",
    "expected_shrinkage",
    "external_sample_size",
    "harrell_c",
    "heuristic_shrinkage",
    "ici_e50_e90",
    "inclusion",
    "log_loss",
    "log_loss_difference",
    "maximum_parameters",
    "maximum_r2",
    "maximum_survival_r2",
    "net_benefit",
    "net_benefit_sample_size",
    "net_benefit_survival",
    "no_information",
    "observed_expected",
    "oe_sample_size",
    "optimism_corrected",
    "paired_difference",
    "performance",
    "point632_plus",
    "rank_correlation",
    "reverse_kaplan_meier",
    "riley_sample_size",
    "scaled_brier",
    "slope_sample_size",
    "stability",
    "stratified_folds",
    "subdistribution_rows",
    "subgroup_table",
    "survival_sample_size",
    "threshold_measures",
    "uno_c",
    "wilson",
]


if not TYPE_CHECKING:  # a type checker that saw it would believe every name

    def __getattr__(name: str) -> object:
        """Import a measure when it is first asked for (PEP 562)."""
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
