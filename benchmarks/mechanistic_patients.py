"""Patients of the second simulator: what is known of them at week 0, what is hidden, and the hidden given the known.

Hidden are the reservoir of virus in the liver, the patient's own antibody and how it moves, and how the patient handles
immunoglobulin. HBcrAg and the titre measured at week 0 are noisy readings of the first two. All of it is Gaussian on
a log scale, or a mixture of two, so that what is hidden can be drawn exactly given what is measured.

Spreads and shares of sex, age, BMI, HBeAg, nucleos(t)ide analogues, HBsAg before treatment, consolidation and anti-HBs
follow published cohorts (Chang 2025 doi:10.1186/s12985-025-02761-3; Liu 2023 doi:10.1016/j.bjid.2023.103703). The
effects on the reservoir, the movement of the patient's own antibody, genotypes, heights and the errors of assays were
chosen, for their order of magnitude alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
Rng = np.random.Generator

CENTRE_SHARES = np.array([0.40, 0.25, 0.15, 0.12, 0.08])
HBEAG_SHARE, GENOTYPE_C_SHARE, NUC_SHARE, MALE_SHARE = 0.32, 0.60, 0.50, 0.70
ANTIBODY_RANGE, CORE_RANGE = (np.log(10.0), np.log(1000.0)), (2.0, 7.0)  # of the assays; ln mIU/mL, log10 U/mL
ASSAY_ERROR = 0.1 * np.log(10)  # of ln titre
OWN_POSITIVE, OWN_NEGATIVE = (np.log(110.0), 1.8), (np.log(2.0), 1.0)  # mean and sd of ln mIU/mL
RESERVOIR_SD, CORE_SD = 1.0, 0.7
CORE_MEAN, CORE_PER_RESERVOIR = 2.2, 0.5
HALF_LIFE_DAYS, LITRES, ABSORPTION_PER_DAY = (22.0, 25.0), 7.5, 0.6


@dataclass(frozen=True)
class Measured:
    """What the study reads of each patient at week 0; the two readings of assays come without their limits."""

    age: Floats
    male: Bools
    hbig: Bools
    prior_nuc: Bools
    log10_hbsag_before: Floats
    consolidation_weeks: Floats
    ln_titre: Floats
    core: Floats


@dataclass(frozen=True)
class Unread:
    """What is recorded and not read by the study's predictors."""

    centre: Integers
    hbeag_before: Bools
    genotype_c: Bools
    bmi: Floats
    weight_kg: Floats


@dataclass(frozen=True)
class Hidden:
    """What decides the course and is never seen: one value for each patient, or for each draw of one."""

    reservoir: Floats
    ln_own: Floats  # own anti-HBs at week 0
    own_slope: Floats  # of its logarithm, per week at week 0
    half_life_days: Floats
    litres: Floats

    def flat(self) -> Hidden:
        return Hidden(*(getattr(self, field.name).ravel() for field in fields(self)))


def draw_patients(n: int, rng: Rng) -> tuple[Measured, Unread, Hidden]:
    age = truncated_normal(rng, np.full(n, 39.0), 8.0, 18.0, 60.0)
    male, prior_nuc = rng.random(n) < MALE_SHARE, rng.random(n) < NUC_SHARE
    hbeag, genotype_c = rng.random(n) < HBEAG_SHARE, rng.random(n) < GENOTYPE_C_SHARE
    mean, sd = hbsag_before(prior_nuc, hbeag)
    hbsag = truncated_normal(rng, mean, sd, -1.0, 4.5)
    consolidation = np.where(rng.random(n) < 0.28, 0.0, np.round(rng.gamma(2.39, 7.12, n)))
    reservoir = reservoir_mean(age, male, hbsag, consolidation, hbeag, genotype_c) + RESERVOIR_SD * rng.normal(size=n)
    positive = rng.random(n) < positive_share(age, consolidation)
    ln_own = np.where(positive, rng.normal(*OWN_POSITIVE, n), rng.normal(*OWN_NEGATIVE, n))
    bmi, weight = body(male, rng)
    slope, half_life, litres = kinetics(weight, rng)
    hbig = rng.permutation(n) < n // 2
    core = CORE_MEAN + CORE_PER_RESERVOIR * reservoir + CORE_SD * rng.normal(size=n)
    ln_titre = ln_own + ASSAY_ERROR * rng.normal(size=n)
    measured = Measured(age, male, hbig, prior_nuc, hbsag, consolidation, ln_titre, core)
    centre = rng.choice(len(CENTRE_SHARES), n, p=CENTRE_SHARES)
    return measured, Unread(centre, hbeag, genotype_c, bmi, weight), Hidden(reservoir, ln_own, slope, half_life, litres)


def hidden_given_measured(measured: Measured, draws: int, rng: Rng) -> Hidden:
    """Return draws (n, draws) of what is hidden, given what the study reads: exact, Bayes' rule on mixtures."""
    n = len(measured.age)
    reservoir = reservoir_given(measured, draws, rng)
    share = positive_share(measured.age, measured.consolidation_weeks)
    kinds = np.array([OWN_NEGATIVE, OWN_POSITIVE])
    mean, sd = np.broadcast_to(kinds[:, 0], (n, 2)), kinds[:, 1]
    spread = np.hypot(sd, ASSAY_ERROR)
    weights = np.log(np.column_stack([1 - share, share]))
    weights = weights + log_reading(measured.ln_titre, mean, spread, ANTIBODY_RANGE)
    kind = choose(weights, draws, rng)
    reading = readings(measured.ln_titre, kinds[kind, 0], spread[kind], ANTIBODY_RANGE, rng)
    ln_own = conditional(reading, kinds[kind, 0], kinds[kind, 1], 0.0, 1.0, ASSAY_ERROR, rng)
    _, weight = body(np.repeat(measured.male[:, None], draws, axis=1), rng)
    return Hidden(reservoir, ln_own, *kinetics(weight, rng))


def reservoir_given(measured: Measured, draws: int, rng: Rng) -> Floats:
    """HBeAg and genotype are not read: each of their four combinations has its weight."""
    known = (measured.age, measured.male, measured.log10_hbsag_before, measured.consolidation_weeks)
    kinds = [(hbeag, genotype) for hbeag in (False, True) for genotype in (False, True)]
    means = np.column_stack([reservoir_mean(*known, hbeag, genotype) for hbeag, genotype in kinds])
    spread = np.hypot(CORE_PER_RESERVOIR * RESERVOIR_SD, CORE_SD)
    weights = log_reading(measured.core, CORE_MEAN + CORE_PER_RESERVOIR * means, np.full(4, spread), CORE_RANGE)
    for column, (hbeag, genotype) in enumerate(kinds):
        mean, sd = hbsag_before(measured.prior_nuc, np.full(len(means), hbeag))
        inside = ndtr((4.5 - mean) / sd) - ndtr((-1.0 - mean) / sd)
        density = -0.5 * ((measured.log10_hbsag_before - mean) / sd) ** 2 - np.log(sd * inside)
        share = (HBEAG_SHARE if hbeag else 1 - HBEAG_SHARE) * (GENOTYPE_C_SHARE if genotype else 1 - GENOTYPE_C_SHARE)
        weights[:, column] += density + np.log(share)
    mean = np.take_along_axis(means, choose(weights, draws, rng), axis=1)
    reading = readings(measured.core, CORE_MEAN + CORE_PER_RESERVOIR * mean, spread, CORE_RANGE, rng)
    return conditional(reading, mean, RESERVOIR_SD, CORE_MEAN, CORE_PER_RESERVOIR, CORE_SD, rng)


def hbsag_before(prior_nuc: Bools, hbeag: Bools) -> tuple[Floats, Floats]:
    """Mean and sd of log10 IU/mL: 2.5 (0.6) with analogues, 0.95 (1.1) without, higher in those once HBeAg positive."""
    return np.where(prior_nuc, 2.5, 0.95) + 0.25 * (hbeag - HBEAG_SHARE), np.where(prior_nuc, 0.6, 1.1)


def reservoir_mean(
    age: Floats, male: Bools, hbsag: Floats, weeks: Floats, hbeag: Bools | bool, genotype_c: Bools | bool
) -> Floats:
    """Log of the reservoir; consolidation clears it towards a limit, with a time constant of 12 weeks."""
    cleared = 0.9 * (1 - np.exp(-weeks / 12))
    host = 0.01 * (age - 39) + 0.15 * male
    return np.asarray(0.3 * (hbsag - 1.7) + host + 0.35 * np.asarray(genotype_c) + 0.25 * np.asarray(hbeag) - cleared)


def positive_share(age: Floats, weeks: Floats) -> Floats:
    """Chance of belonging to those who have made antibody: higher after longer consolidation, lower with age."""
    return 1 / (1 + np.exp(-(0.3 + 0.025 * np.minimum(weeks, 36) - 0.02 * (age - 39))))


def body(male: Bools, rng: Rng) -> tuple[Floats, Floats]:
    bmi = truncated_normal(rng, np.full(male.shape, 23.8), 2.4, 16.0, 28.0)
    metres = np.where(male, 1.71, 1.59) + 0.06 * rng.normal(size=male.shape)
    return bmi, bmi * metres**2


def kinetics(weight_kg: Floats, rng: Rng) -> tuple[Floats, Floats, Floats]:
    """Slope of the patient's own titre (most wane, some rise), half-life and volume of immunoglobulin."""
    shape = weight_kg.shape
    rising = rng.random(shape) < 0.3
    slope = np.where(rising, np.abs(rng.normal(0.03, 0.015, shape)), -np.abs(rng.normal(0.03, 0.02, shape)))
    litres = LITRES * weight_kg / 65 * np.exp(0.2 * rng.normal(size=shape))
    return slope, rng.uniform(*HALF_LIFE_DAYS, shape), litres


def truncated_normal(rng: Rng, mean: Floats, sd: Floats | float, low: float, high: float) -> Floats:
    below, above = ndtr((low - mean) / sd), ndtr((high - mean) / sd)
    at = np.clip(below + (above - below) * rng.random(np.shape(mean)), 1e-12, 1 - 1e-12)
    return np.asarray(mean + sd * ndtri(at))


def log_reading(value: Floats, mean: Floats, sd: Floats, limits: tuple[float, float]) -> Floats:
    """Log likelihood (n, kinds) of each reading as printed: a density between the limits, a chance beyond them."""
    low, high = limits
    value = value[:, None]
    density = -0.5 * ((value - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    below, above = log_ndtr((low - mean) / sd), log_ndtr((mean - high) / sd)
    return np.asarray(np.where(value < low, below, np.where(value > high, above, density)))


def choose(log_weights: Floats, draws: int, rng: Rng) -> Integers:
    share = np.exp(log_weights - logsumexp(log_weights, axis=1, keepdims=True)).cumsum(axis=1)
    picked = (rng.random((len(share), draws))[:, :, None] > share[:, None, :]).sum(axis=2)
    return np.asarray(np.minimum(picked, share.shape[1] - 1), dtype=np.int64)


def readings(value: Floats, mean: Floats, sd: Floats | float, limits: tuple[float, float], rng: Rng) -> Floats:
    """The reading itself where it is printed; a draw beyond the limit where only that is."""
    low, high = limits
    value = np.broadcast_to(value[:, None], mean.shape)
    below, above = (truncated_normal(rng, mean, sd, *pair) for pair in ((-np.inf, low), (high, np.inf)))
    return np.where(value < low, below, np.where(value > high, above, value))


def conditional(
    reading: Floats, mean: Floats, sd: Floats | float, offset: float, per_unit: float, error: float, rng: Rng
) -> Floats:
    """Draw x ~ N(mean, sd) given reading = offset + per_unit x + N(0, error)."""
    precision = 1 / np.square(sd) + per_unit**2 / error**2
    centre = (mean / np.square(sd) + per_unit * (reading - offset) / error**2) / precision
    return np.asarray(centre + rng.normal(size=np.shape(reading)) / np.sqrt(precision))
