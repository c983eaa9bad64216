"""Biomarkers of a scenario: standard normal, or what patients have anyway, with or without an effect on the relapse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.simulation.baseline import HBEAG_POSITIVE, Baseline, IntArray
from relapse_model.cohort.simulation.scenario import TrialScenario

VACCINATED = 0.30  # [assumption]
_PEGIFN_MEAN, _PEGIFN_SD = 53.0, 24.0  # weeks, of the simulated patients
_GENOTYPE_C = 0.60
_REFERENCE_SEED = 20_260_102
# Mean and SD on the scale that is drawn, and analytical error: assumptions of the simulator.
HBV_RNA = (1.6, 0.7, 0.15)  # log10 copies/mL
ANTI_HBC = (2.6, 0.6, 0.08)  # log10 IU/mL


def draw_scores(
    baseline: Baseline, scenario: TrialScenario, rng: np.random.Generator, of_markers: np.random.Generator
) -> dict[str, Floats]:
    """Return each measured biomarker of every patient in standard deviations from its mean.

    All that can be drawn is drawn, whichever are measured, so that one more changes nothing of the others. A genotype
    that was never determined counts as the mean.

    Parameters
    ----------
    baseline : Baseline
    scenario : TrialScenario
    rng, of_markers : Generator
        The second one for the extra markers.
    """
    patients = len(baseline)
    rna, anti_hbc = rng.standard_normal((2, patients))
    vaccinated = (rng.random(patients) < VACCINATED).astype(float)
    known = np.array([one is not None for one in baseline.genotype])
    everything = {
        "hbv_rna": rna,
        "anti_hbc_quantitative": anti_hbc,
        "vaccination": _standard(vaccinated, VACCINATED),
        "hbeag_before_treatment": _standard(baseline.hbeag_positive.astype(float), HBEAG_POSITIVE),
        "pegifn_weeks": (baseline.pegifn_weeks - _PEGIFN_MEAN) / _PEGIFN_SD,
        "genotype_c": np.where(known, _standard((baseline.genotype == "C").astype(float), _GENOTYPE_C), 0.0),
    }
    for name in scenario.marker_names:
        everything[name] = of_markers.standard_normal(patients)
    return {name: everything[name] for name in scenario.measured}


def extra_log_hazard(scores: Mapping[str, Floats], hbig: Floats, scenario: TrialScenario) -> Floats:
    """Return what the biomarkers add to the log hazard, with an arm of 0 or 1 for each patient."""
    total = np.zeros(len(hbig))
    for name, effect in dict(scenario.biomarkers).items():
        total += effect * scores[name]
    for name, effect in dict(scenario.by_arm).items():
        total += effect * scores[name] * hbig
    return total


def draw_centre_effects(centre: IntArray, scenario: TrialScenario, rng: np.random.Generator) -> Floats:
    """Return what the centre of each patient adds to the log hazard."""
    effects = scenario.centre_sd * rng.standard_normal(int(centre.max()) + 1)
    return np.asarray(effects[centre])


def read_scores(
    scores: Mapping[str, Floats], centre: IntArray, scenario: TrialScenario, rng: np.random.Generator
) -> dict[str, Floats]:
    """Return the biomarkers as the laboratory of each patient's centre reads them, in standard deviations."""
    read = dict(scores)
    for name in ("hbv_rna", "anti_hbc_quantitative"):
        shift = scenario.marker_centre_sd * rng.standard_normal(int(centre.max()) + 1)
        if name in read:
            read[name] = read[name] + shift[centre]
    return read


def reference_extra(sample: Baseline, scenario: TrialScenario) -> Floats:
    """Return the same for the sample on which intercepts are calibrated, in the control arm, over all centres."""
    rng = np.random.default_rng(_REFERENCE_SEED)
    scores = draw_scores(sample, scenario, rng, np.random.default_rng(_REFERENCE_SEED + 1))
    added = extra_log_hazard(scores, np.zeros(len(sample)), scenario)
    return added + scenario.centre_sd * rng.standard_normal(len(sample))


def _standard(flag: Floats, share: float) -> Floats:
    return np.asarray((flag - share) / np.sqrt(share * (1.0 - share)))
