"""The gate through which arrays reach the statistics of the trial."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import Floats, Mask
from relapse_model.errors import InsufficientDataError, RelapseModelError


def require_one_of(value: str, allowed: Sequence[str], what: str) -> None:
    """Refuse a name that is not among those allowed."""
    if value not in allowed:
        raise RelapseModelError(f"{what} is {value!r}; expected {' or '.join(repr(name) for name in allowed)}.")


def check_counts(
    x1: ArrayLike, n1: ArrayLike, x0: ArrayLike, n0: ArrayLike, *, may_be_empty: bool = False
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return events and patients of both arms as arrays of one shape; refuse what are not such counts."""
    given = {"x1": x1, "n1": n1, "x0": x0, "n0": n0}
    counts = {name: np.asarray(value, dtype=float) for name, value in given.items()}
    if len({value.shape for value in counts.values()}) != 1:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in counts.items())
        raise RelapseModelError(f"Counts: shapes differ ({shapes}); expected one entry per stratum in each.")
    wrong = [
        f"{name} is {given[name]!r}"
        for name, value in counts.items()
        if not (np.isfinite(value) & (value >= 0) & (value == np.round(value))).all()
    ]
    if wrong:
        raise RelapseModelError(f"Counts: {'; '.join(wrong)}; expected whole numbers, 0 or more.")
    for arm, events, patients in (("treatment", "x1", "n1"), ("control", "x0", "n0")):
        if (counts[events] > counts[patients]).any():
            raise RelapseModelError(
                f"Counts: {given[events]!r} events among {given[patients]!r} patients of the {arm} arm; "
                "expected no more events than patients."
            )
        if not may_be_empty and (counts[patients] == 0).any():
            raise InsufficientDataError(f"Counts: the {arm} arm has no patient; expected patients in both arms.")
    return counts["x1"], counts["n1"], counts["x0"], counts["n0"]


def check_arms(arm: ArrayLike, patients: int) -> Mask:
    """Return who is in the treatment arm; refuse an unknown arm, or only one."""
    given = np.asarray(arm)
    if given.shape != (patients,):
        raise RelapseModelError(f"Arms: shape {given.shape}; expected one entry for each of {patients} patients.")
    treated: Mask = given == 1
    unknown = int((~treated & (given != 0)).sum())
    if unknown:
        raise RelapseModelError(
            f"Arms: {unknown} of {patients} entries are neither 1 (treatment) nor 0 (control). "
            "Nobody is left out silently: find out the arm to which these patients were allocated."
        )
    if treated.all() or not treated.any():
        only = "treatment" if treated.any() else "control"
        raise InsufficientDataError(f"Arms: all {patients} patients are in the {only} arm; expected both arms.")
    return treated


def check_outcome(relapse: ArrayLike) -> Floats:
    """Return known outcomes as 0 and 1; refuse unknown ones."""
    y = np.asarray(relapse, dtype=float)
    if y.ndim != 1 or y.size == 0:
        raise RelapseModelError(f"Outcome: shape {y.shape}; expected one entry per patient.")
    unknown, wrong = int(np.isnan(y).sum()), int((~np.isnan(y) & ~np.isin(y, (0.0, 1.0))).sum())
    if wrong:
        raise RelapseModelError(f"Outcome: {wrong} of {y.size} entries are neither 0 nor 1.")
    if unknown:
        raise RelapseModelError(
            f"Outcome: {unknown} of {y.size} are unknown; expected 0 or 1. Leave these patients out and say so, or "
            "take a method for losses: Kaplan-Meier, multiple imputation, the tipping grid."
        )
    return y


def check_covariates(
    covariates: ArrayLike | None, names: Sequence[str] | None, patients: int
) -> tuple[Floats, tuple[str, ...]]:
    """Return baseline columns as a matrix with their names; refuse missing values and constant columns."""
    if covariates is None:
        if names:
            raise RelapseModelError(f"Covariates: {len(names)} names and no columns.")
        return np.empty((patients, 0)), ()
    matrix = np.asarray(covariates, dtype=float)
    if matrix.ndim == 1:
        matrix = matrix[:, np.newaxis]
    if matrix.ndim != 2 or matrix.shape[0] != patients:
        raise RelapseModelError(
            f"Covariates: shape {matrix.shape}; expected a row for each of {patients} patients and a column for "
            "each covariate."
        )
    known = tuple(names) if names is not None else tuple(f"covariate {i + 1}" for i in range(matrix.shape[1]))
    if len(known) != matrix.shape[1]:
        raise RelapseModelError(f"Covariates: {len(known)} names for {matrix.shape[1]} columns.")
    missing = [f"{name!r} ({int(n)})" for name, n in zip(known, (~np.isfinite(matrix)).sum(0), strict=True) if n]
    if missing:
        raise RelapseModelError(
            f"Covariates: missing or infinite values in {', '.join(missing)}; expected a number for every patient. "
            "Impute them by a rule named before, or leave the covariate out."
        )
    constant = [repr(name) for name, spread in zip(known, np.ptp(matrix, axis=0), strict=True) if spread == 0]
    if constant:
        raise RelapseModelError(f"Covariates: {', '.join(constant)} has one value in all patients; leave it out.")
    return matrix, known
