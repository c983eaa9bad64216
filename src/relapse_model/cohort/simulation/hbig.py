"""HBIG: passive antibody after intramuscular doses, and the trial's rule for giving them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.simulation.baseline import lognormal_sigma

DOSE_IU = 400.0  # NCT07328711
DOSE_BELOW = 100.0  # measured anti-HBs, mIU/mL; NCT07328711

# Between-patient variation, medians and CVs [assumption, around the published means named below].
HALF_LIFE_DAYS, HALF_LIFE_CV = 24.0, 0.25
VOLUME_LITRES, VOLUME_CV = 7.5, 0.40
ABSORPTION_PER_DAY, ABSORPTION_CV = 0.6, 0.50
POTENCY_RANGE = (1.0, 1.2)  # labelled potency is a minimum


@dataclass(frozen=True, slots=True)
class Kinetics:
    """One-compartment parameters with first-order absorption; scalars or one entry per patient.

    Attributes
    ----------
    elimination, absorption : float or array
        Rate constants, per day.
    volume : float or array
        Apparent volume V/F, litres.
    potency : float or array
        True over labelled dose.
    """

    elimination: float | Floats
    absorption: float | Floats
    volume: float | Floats
    potency: float | Floats = 1.0


def draw_kinetics(patients: int, rng: np.random.Generator) -> Kinetics:
    """Draw the kinetics of each patient.

    Examples
    --------
    >>> draw_kinetics(3, np.random.default_rng(0)).volume.shape
    (3,)
    """
    half_life, volume, absorption = (
        median * np.exp(lognormal_sigma(cv) * rng.standard_normal(patients))
        for median, cv in (
            (HALF_LIFE_DAYS, HALF_LIFE_CV),
            (VOLUME_LITRES, VOLUME_CV),
            (ABSORPTION_PER_DAY, ABSORPTION_CV),
        )
    )
    return Kinetics(np.log(2.0) / half_life, absorption, volume, rng.uniform(*POTENCY_RANGE, patients))


def titre_of_dose(days: Floats, dose_iu: float, kinetics: Kinetics) -> Floats:
    """Return the anti-HBs that one dose adds, in mIU/mL, some days after it.

    ``P(t) = D/V * ka/(ka - k) * (exp(-k t) - exp(-ka t))``, in IU/L, which is mIU/mL; zero at and before the
    dose. One compartment, first-order absorption.

    Parameters
    ----------
    days : array of float
        Days since the dose.
    dose_iu : float
        The labelled dose.
    kinetics : Kinetics
        Parameters that broadcast with `days`.

    Examples
    --------
    >>> rise = titre_of_dose(np.array([0.0, 5.0, 28.0]), 400.0, Kinetics(np.log(2) / 24, 0.6, 7.5))
    >>> rise.round(0).tolist()
    [0.0, 46.0, 25.0]
    """
    time = np.maximum(days, 0.0)
    gap = (kinetics.absorption - kinetics.elimination) * time
    # (1 - exp(-gap)) / gap, which stays finite where absorption and elimination are equal.
    share = np.divide(-np.expm1(-gap), gap, out=np.ones_like(gap), where=gap != 0)
    level = kinetics.potency * dose_iu / kinetics.volume
    return np.asarray(level * kinetics.absorption * time * np.exp(-kinetics.elimination * time) * share)


def follow_dosing_rule(
    endogenous: Floats, weeks: Floats, eligible: Mask, factor: Floats, kinetics: Kinetics, first: Mask | None = None
) -> tuple[Floats, Mask]:
    """Walk through the visits: draw blood, measure, dose at the first visit and whenever below 100 mIU/mL.

    Parameters
    ----------
    endogenous, weeks, factor : array of float, shape (patients, visits)
        Own antibody in mIU/mL; weeks since enrolment, increasing; assay bias times error.
    eligible : array of bool, shape (patients, visits)
        Whether a dose may be given: HBIG arm, attended, not yet known to have relapsed.
    kinetics : Kinetics
        One entry per patient.
    first : array of bool, shape (patients, visits), optional
        Where a dose is given whatever the titre; at the first visit by default.

    Returns
    -------
    measured : array of float, shape (patients, visits)
        Own plus passive antibody as the laboratory finds it, to two decimals, before the dose of that visit.
    dosed : array of bool, shape (patients, visits)
        Where a dose was given.

    Examples
    --------
    >>> one = Kinetics(np.array([0.029]), np.array([0.6]), np.array([7.5]))
    >>> weeks = np.array([[0.0, 4.0]])
    >>> none, all_, exact = np.zeros((1, 2)), np.ones((1, 2), bool), np.ones((1, 2))
    >>> measured, dosed = follow_dosing_rule(none, weeks, all_, exact, one)
    >>> dosed.tolist()
    [[True, True]]
    """
    measured = np.zeros_like(endogenous)
    dosed = np.zeros(endogenous.shape, dtype=bool)
    for visit in range(weeks.shape[1]):
        total = endogenous[:, visit].copy()
        for earlier in range(visit):
            days = 7.0 * (weeks[:, visit] - weeks[:, earlier])
            total += np.where(dosed[:, earlier], titre_of_dose(days, DOSE_IU, kinetics), 0.0)
        measured[:, visit] = np.round(total * factor[:, visit], 2)
        at_once = visit == 0 if first is None else first[:, visit]
        dosed[:, visit] = eligible[:, visit] & (at_once | (measured[:, visit] < DOSE_BELOW))
    return measured, dosed
