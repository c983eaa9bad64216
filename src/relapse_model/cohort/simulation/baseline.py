"""Who enrols: the covariates of simulated patients at landmark 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri

from relapse_model.arrays import Floats, Mask

IntArray = NDArray[np.int64]

MALE = 0.70  # [assumption]
HBEAG_POSITIVE = 0.33  # [assumption; plausible range 0.25-0.40]
GENOTYPES, GENOTYPE_SHARES, GENOTYPE_MISSING = (
    ("B", "C", "D"),
    (0.38, 0.60, 0.02),
    0.40,
)  # [assumption]
PRIOR_NUC_RANGE = (0.3, 0.8)  # from the first to the last centre [assumption: depends on the site]

# Anti-HBs: a share has any, lognormal; the rest has none. Of all, 58.4 % reach 10 mIU/mL (59/101, Chang
# 2025), 34.6 % reach 100 and 20 % reach 300 (doi:10.1186/s12985-025-02761-3, doi:10.1016/j.bjid.2023.103703).
ANTI_HBS_ANY, ANTI_HBS_MEDIAN, ANTI_HBS_SIGMA = 0.647, 118.0, 1.89

CONSOLIDATION_NONE, CONSOLIDATION_MEAN, CONSOLIDATION_SD = 0.28, 17.0, 11.0  # [assumption]
PEGIFN_MEDIAN, PEGIFN_CV = 48.0, 0.45  # [assumption]
# Who consolidates longer is treated longer, and HBsAg is never lost in the first weeks: [assumption].
PEGIFN_CONSOLIDATION_CORRELATION, WEEKS_TO_LOSS_AT_LEAST = 0.5, 4

# log10 HBsAg before treatment: carriers, and those pre-treated with analogues [assumption]. The
# floor keeps every patient clearly HBsAg-positive before treatment.
HBSAG_CARRIER, HBSAG_PRETREATED, HBSAG_LOWEST_LOG10 = (0.95, 1.1), (2.5, 0.6), -1.0

# HBcrAg after HBsAg loss: 21 % detectable (Seto 2013); read as 3 log10 U/mL or more, SD [assumption].
HBCRAG_MEAN, HBCRAG_SD = 2.36, 0.8

# Weeks from the end of peginterferon to enrolment: no source, [assumption].
ENROLMENT_DELAY_MEAN, ENROLMENT_DELAY_SD, ENROLMENT_DELAY_RANGE = 10.0, 8.0, (1.0, 52.0)


@dataclass(frozen=True, slots=True)
class Baseline:
    """True covariates at enrolment, one entry per patient in every array.

    Attributes
    ----------
    centre : array of int
        Number of the centre, from 0.
    hbig, male, hbeag_positive, prior_nuc : array of bool
        Arm; sex; HBeAg before treatment; nucleos(t)ide analogue before peginterferon.
    age_years, bmi_kg_m2, hbsag_before, anti_hbs, hbcrag : array of float
        HBsAg before treatment in IU/mL, endogenous anti-HBs in mIU/mL, HBcrAg in log10 U/mL; measured values
        differ from these by assay and error.
    pegifn_weeks, consolidation_weeks : array of int
        Duration of peginterferon, and the part of it after the first HBsAg-negative test.
    weeks_since_pegifn : array of float
        From the end of peginterferon to enrolment.
    genotype : array of object
        ``None`` where it was never determined.
    """

    centre: IntArray
    hbig: Mask
    male: Mask
    hbeag_positive: Mask
    prior_nuc: Mask
    age_years: Floats
    bmi_kg_m2: Floats
    hbsag_before: Floats
    anti_hbs: Floats
    hbcrag: Floats
    pegifn_weeks: IntArray
    consolidation_weeks: IntArray
    weeks_since_pegifn: Floats
    genotype: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.centre)


def draw_baseline(patients: int, centres: int, rng: np.random.Generator) -> Baseline:
    """Draw eligible patients (NCT07328711: aged 18-60, BMI at most 28), allocated 1:1.

    The published distributions "at the end of therapy" are taken to hold for those who enrol, who are free of
    relapse by definition. Covariates are independent but for peginterferon and consolidation, and for HBsAg
    before treatment, which depends on pre-treatment with analogues.

    Parameters
    ----------
    patients, centres : int
        How many.
    rng : Generator
        The source of randomness.

    Examples
    --------
    >>> len(draw_baseline(10, 3, np.random.default_rng(0)))
    10
    """
    centre = _centres(patients, centres, rng)
    prior_nuc = rng.random(patients) < np.linspace(*PRIOR_NUC_RANGE, centres)[centre]
    pegifn_weeks, consolidation_weeks = _treatment_weeks(patients, rng)
    return Baseline(
        centre=centre,
        hbig=rng.permutation(np.arange(patients) % 2 == 0),
        male=rng.random(patients) < MALE,
        hbeag_positive=rng.random(patients) < HBEAG_POSITIVE,
        prior_nuc=prior_nuc,
        age_years=np.round(truncated_normal(39.0, 8.0, 18.0, 60.0, rng.random(patients)), 1),  # [assumption]
        bmi_kg_m2=np.round(truncated_normal(23.8, 2.4, 16.0, 28.0, rng.random(patients)), 1),  # [assumption]
        hbsag_before=_hbsag_before(prior_nuc, rng),
        anti_hbs=_anti_hbs(patients, rng),
        hbcrag=HBCRAG_MEAN + HBCRAG_SD * rng.standard_normal(patients),
        pegifn_weeks=pegifn_weeks,
        consolidation_weeks=consolidation_weeks,
        weeks_since_pegifn=_enrolment_delay(patients, rng),
        genotype=_genotypes(patients, rng),
    )


def truncated_normal(mean: float | Floats, sd: float | Floats, low: float, high: float, uniform: Floats) -> Floats:
    """Turn uniform draws into a normal restricted to [low, high], by inversion."""
    below, above = ndtr((low - mean) / sd), ndtr((high - mean) / sd)
    return np.asarray(np.clip(mean + sd * ndtri(below + uniform * (above - below)), low, high))


def tenths(weeks: Floats) -> Floats:
    """Round to a tenth of a week, the precision of every time in the tables."""
    return np.asarray(np.round(weeks, 1), dtype=np.float64)


def lognormal_sigma(cv: float) -> float:
    """Return the SD of the logarithm of a lognormal variable with this coefficient of variation."""
    return math.sqrt(math.log1p(cv**2))


def _centres(patients: int, centres: int, rng: np.random.Generator) -> IntArray:
    weights = 1.0 / np.arange(1, centres + 1)  # one large centre and smaller ones [assumption]
    return rng.choice(centres, size=patients, p=weights / weights.sum()).astype(np.int64)


def _gamma(mean: float, sd: float, uniform: Floats) -> Floats:
    return np.asarray(gammaincinv((mean / sd) ** 2, uniform) * sd**2 / mean)


def _treatment_weeks(patients: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    first, second = rng.standard_normal((2, patients))
    none = rng.random(patients) < CONSOLIDATION_NONE
    drawn = np.maximum(1, np.round(_gamma(CONSOLIDATION_MEAN, CONSOLIDATION_SD, ndtr(first))))
    consolidation = np.where(none, 0.0, drawn)
    rho = PEGIFN_CONSOLIDATION_CORRELATION
    normal = np.where(none, second, rho * first + math.sqrt(1 - rho**2) * second)
    pegifn = np.round(PEGIFN_MEDIAN * np.exp(lognormal_sigma(PEGIFN_CV) * normal))
    pegifn = np.maximum(pegifn, consolidation + WEEKS_TO_LOSS_AT_LEAST)
    return pegifn.astype(np.int64), consolidation.astype(np.int64)


def _hbsag_before(prior_nuc: Mask, rng: np.random.Generator) -> Floats:
    mean = np.where(prior_nuc, HBSAG_PRETREATED[0], HBSAG_CARRIER[0])
    sd = np.where(prior_nuc, HBSAG_PRETREATED[1], HBSAG_CARRIER[1])
    uniform = rng.random(len(prior_nuc))
    return np.asarray(np.power(10.0, truncated_normal(mean, sd, HBSAG_LOWEST_LOG10, np.inf, uniform)))


def _anti_hbs(patients: int, rng: np.random.Generator) -> Floats:
    any_antibody = rng.random(patients) < ANTI_HBS_ANY
    titre = ANTI_HBS_MEDIAN * np.exp(ANTI_HBS_SIGMA * rng.standard_normal(patients))
    return np.where(any_antibody, titre, 0.0)


def _enrolment_delay(patients: int, rng: np.random.Generator) -> Floats:
    drawn = _gamma(ENROLMENT_DELAY_MEAN, ENROLMENT_DELAY_SD, rng.random(patients))
    return tenths(np.clip(drawn, *ENROLMENT_DELAY_RANGE))


def _genotypes(patients: int, rng: np.random.Generator) -> NDArray[Any]:
    drawn = np.array(GENOTYPES, dtype=object)[rng.choice(len(GENOTYPES), size=patients, p=GENOTYPE_SHARES)]
    drawn[rng.random(patients) < GENOTYPE_MISSING] = None
    return np.asarray(drawn)
