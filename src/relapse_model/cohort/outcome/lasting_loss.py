"""The loss that lasted: the last run of negative tests, the bounds of its first week, and whether it was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats, Mask, Positions
from relapse_model.comparisons import before

LOSS_STATES = ("known", "no test", "not negative", "not seen", "not decided")


@dataclass(frozen=True, slots=True)
class LastingLoss:
    """When the last run of negative tests began, one entry per patient.

    Attributes
    ----------
    earliest, latest : array of float
        Bounds of the week of its first negative test: equal where it is known. `earliest` is ``-inf`` where no
        positive test stands before the run, for then the loss was not seen. NaN in both where there is no such run.
    repeated : array of bool
        Whether a negative test of a later week follows the one at `latest`.
    state : array of str
        Of `LOSS_STATES`, in this order: known; no test that decides; the last one is not negative; the first one is
        negative already; tests that do not decide, or too long a gap, lie between the last positive and the first
        negative test.
    """

    earliest: Floats
    latest: Floats
    repeated: Mask
    state: NDArray[np.object_]


def lasting_loss(
    patient: Positions, week: Floats, call: NDArray[np.int8], patients: int, gap_weeks: float | None = None
) -> LastingLoss:
    """Find the last run of negative tests of each patient, and between which weeks it began.

    Assumes that all tests given were known. A positive test of the same week as a negative one counts. Tests that do
    not decide after the last one that does say nothing; before it, each of them may be the first negative test, or a
    positive one that ends an earlier run.

    Parameters
    ----------
    patient, week : array
    call : array of int
        1 positive, 0 negative, -1 where the result does not decide.
    patients : int
    gap_weeks : float, optional
        Longest time from the last positive to the first negative test for the week of the loss to count as known;
        beyond it, the run may have begun right after the positive test. Without it any gap will do.

    Returns
    -------
    LastingLoss

    Examples
    --------
    Negative at -50, positive again at -45, negative from -10 on; and a patient of whom only negative tests are known.

    >>> import numpy as np
    >>> owner, weeks = np.array([0, 0, 0, 0, 0, 1, 1]), np.array([-55.0, -50, -45, -10, 0, -10, 0])
    >>> loss = lasting_loss(owner, weeks, np.array([1, 0, 1, 0, 0, 0, 0], dtype=np.int8), 2)
    >>> loss.earliest.tolist(), loss.latest.tolist(), loss.state.tolist()
    ([-10.0, -inf], [-10.0, -10.0], ['known', 'not seen'])
    """
    positive, negative, open_ = call == 1, call == 0, call == -1
    last_positive = latest_week(patient, week, positive, patients)
    inside = negative & before(last_positive[patient], week)
    last = latest_week(patient, week, inside, patients)
    between = open_ & before(last_positive[patient], week) & before(week, last[patient])
    last_open = latest_week(patient, week, between, patients)
    latest = _earliest(patient, week, inside & before(last_open[patient], week), patients)
    earliest = _earliest(patient, week, inside | between, patients)
    seen = np.isfinite(last_positive)
    if gap_weeks is not None:
        late = seen & before(gap_weeks, earliest - np.where(seen, last_positive, 0.0))
        earliest = np.where(late, last_positive, earliest)
    lost = np.isfinite(latest)
    earliest = np.where(lost, np.where(seen, earliest, -np.inf), np.nan)
    state = np.select(
        [~lost & ~seen, ~lost, ~seen, earliest < latest],
        ["no test", "not negative", "not seen", "not decided"],
        "known",
    ).astype(object)
    return LastingLoss(earliest, np.where(lost, latest, np.nan), lost & before(latest, last), state)


def latest_week(patient: Positions, week: Floats, rows: Mask, patients: int) -> Floats:
    """Return the week of the last of some rows of each patient, ``-inf`` where there is none."""
    found = np.full(patients, -np.inf)
    np.maximum.at(found, patient[rows], week[rows])
    return found


def _earliest(patient: Positions, week: Floats, rows: Mask, patients: int) -> Floats:
    found = np.full(patients, np.inf)
    np.minimum.at(found, patient[rows], week[rows])
    return found
