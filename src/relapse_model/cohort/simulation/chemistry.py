"""Secondary analytes: liver tests, platelets, HBeAg. None of them knows anything of the relapse."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.cohort.simulation.baseline import truncated_normal

# At the end of peginterferon, doi:10.1186/s12985-025-02761-3, Table 3: ALT and AST lognormal with median 45,
# ALT falling to about 22
# [assumption]; AST is given the same course, its sigma follows from the quartiles 28.5 and 70. Albumin and
# bilirubin (sigma from the quartiles 10.6 and 17.0) stay. Platelets: both groups of Chang 2025 pooled [computed].
ENZYME_AT_STOP, ENZYME_SETTLED = 45.0, 22.0
ENZYME_SIGMA_AT_STOP = {"alt": 0.62, "ast": 0.67}
PLATELETS_MEAN, PLATELETS_SD = 120.0, 48.0
ALBUMIN_MEAN, ALBUMIN_SD = 45.9, 3.3
BILIRUBIN_MEDIAN, BILIRUBIN_SIGMA = 13.5, 0.35

# Speed of settling, level settled at, spread between visits, HBeAg when negative: assumptions of the
# simulator.
SETTLING_WEEKS = 6.0
ENZYME_SIGMA_SETTLED, ENZYME_CORRELATION, ENZYME_VISIT_SIGMA = 0.30, 0.8, 0.15
PLATELETS_RISE, PLATELETS_LOWEST, PLATELETS_VISIT_SIGMA = 80.0, 30.0, 0.05
ALBUMIN_VISIT_SD, BILIRUBIN_VISIT_SIGMA = 1.0, 0.12
HBEAG_MEDIAN, HBEAG_SIGMA, HBEAG_HIGHEST = 0.35, 0.3, 0.95


def draw_chemistry(weeks_off_drug: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw the secondary analytes by weeks since the end of peginterferon.

    Parameters
    ----------
    weeks_off_drug : array of float, shape (patients, visits)
        Weeks since the end of peginterferon.
    rng : Generator
        The source of randomness.

    Returns
    -------
    dict of str to array of float, shape (patients, visits)
        By analyte name, in the unit of the cohort folder.

    Examples
    --------
    >>> sorted(draw_chemistry(np.zeros((2, 1)), np.random.default_rng(0)))
    ['albumin', 'alt', 'ast', 'bilirubin', 'hbeag', 'platelets']
    """
    unsettled = np.exp(-weeks_off_drug / SETTLING_WEEKS)
    patients = len(unsettled)
    alt, other = rng.standard_normal((2, patients, 1))
    ast = ENZYME_CORRELATION * alt + np.sqrt(1 - ENZYME_CORRELATION**2) * other
    noise = {name: rng.standard_normal(unsettled.shape) for name in ("alt", "ast", "platelets", "albumin", "bilirubin")}
    bilirubin = BILIRUBIN_SIGMA * rng.standard_normal((patients, 1)) + BILIRUBIN_VISIT_SIGMA * noise["bilirubin"]
    hbeag = HBEAG_MEDIAN * np.exp(HBEAG_SIGMA * rng.standard_normal(unsettled.shape))
    return {
        "alt": _enzyme("alt", unsettled, alt, noise["alt"]),
        "ast": _enzyme("ast", unsettled, ast, noise["ast"]),
        "platelets": _platelets(unsettled, rng) * np.exp(PLATELETS_VISIT_SIGMA * noise["platelets"]),
        "albumin": ALBUMIN_MEAN + ALBUMIN_SD * rng.standard_normal((patients, 1)) + ALBUMIN_VISIT_SD * noise["albumin"],
        "bilirubin": BILIRUBIN_MEDIAN * np.exp(bilirubin),
        "hbeag": np.minimum(hbeag, HBEAG_HIGHEST),
    }


def _enzyme(name: str, unsettled: Floats, patient: Floats, noise: Floats) -> Floats:
    center = np.log(ENZYME_SETTLED) + np.log(ENZYME_AT_STOP / ENZYME_SETTLED) * unsettled
    spread = ENZYME_SIGMA_SETTLED + (ENZYME_SIGMA_AT_STOP[name] - ENZYME_SIGMA_SETTLED) * unsettled
    return np.asarray(np.exp(center + spread * patient + ENZYME_VISIT_SIGMA * noise))


def _platelets(unsettled: Floats, rng: np.random.Generator) -> Floats:
    uniform = rng.random((len(unsettled), 1))
    at_stop = truncated_normal(PLATELETS_MEAN, PLATELETS_SD, PLATELETS_LOWEST, np.inf, uniform)
    return np.asarray(at_stop + PLATELETS_RISE * (1 - unsettled))
