"""How many patients weighted rows are worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.errors import RelapseModelError
from relapse_model.validation.effective_number import effective_share
from relapse_model.validation.logistic_fit import fit_intercept


@pytest.mark.parametrize(
    ("event", "weight", "share"),
    [
        ([1, 0, 0, 0], [1, 1, 1, 1], 1.0),  # nobody lost
        ([1, 0, 0, 0], [2, 2, 2, 2], 0.5),  # half lost: as many as are left
        ([1, 0, 0, 0, np.nan], [2, 2, 2, 2, 0], 0.5),  # what became of the lost is not read
        # Mean risk 1 / 4: (0.75^2 + 2 * 1.5 * 0.25^2) / (0.75^2 + 2 * 1.5^2 * 0.25^2)
        ([1, 0, 0], [1, 1.5, 1.5], 8 / 9),
        ([0, 0, 0], [2, 2, 2], 1.0),  # one outcome: nothing is learned, and nothing to be scaled
    ],
)
def test_shares_by_hand(event, weight, share):
    assert effective_share(event, weight) == pytest.approx(share)


def test_rows_of_a_patient_are_one_patient():
    # Four patients of three rows, each row a third of a patient: four patients, not twelve thirds that are independent.
    event, patient = np.repeat([1.0, 0.0, 0.0, 0.0], 3), np.repeat(np.arange(4), 3)
    assert effective_share(event, np.full(12, 1 / 3), patient) == pytest.approx(1.0)
    assert effective_share(event, np.ones(12), patient) == pytest.approx(1 / 3)  # at full weight, 12 would be claimed


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 5.0)), min_size=2, max_size=40), st.floats(0.5, 2.0))
def test_scaled_weights_claim_the_robust_variance_of_the_mean_risk(rows, factor):
    """The intercept's variance with scaled weights is the sandwich variance, however they were scaled before."""
    event = np.array([one for one, _ in rows], dtype=float)
    weight = factor * np.array([one for _, one in rows])
    if event.min() == event.max():
        return
    scaled = weight * effective_share(event, weight)
    plain, robust = (fit_intercept(event, w, np.zeros(len(w)), way) for w, way in ((scaled, False), (weight, True)))
    wanted = max(robust.covariance[0, 0], fit_intercept(event, weight, np.zeros(len(weight)), False).covariance[0, 0])
    assert plain.covariance[0, 0] == pytest.approx(wanted, rel=1e-6)  # never narrower than the weights as they are


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(RelapseModelError, match="Effective number"):
        effective_share([1, 0], [1, 1, 1])
    with pytest.raises(RelapseModelError, match="Effective number"):
        effective_share([1, 0], [1, 1], [0])
