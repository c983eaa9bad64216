"""The risk without treatment where a risk is that of both arms together, by one effect on the log-odds."""

from __future__ import annotations

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.risks import sigmoid


def untreated_log_odds(log_odds: Floats, delta: Floats, share: float) -> Floats:
    """Return the log-odds without treatment of patients whose risk is that of both arms together.

    Parameters
    ----------
    log_odds : ndarray
        Of the risk over both arms.
    delta : ndarray
        Effect of the treatment; of a shape that broadcasts.
    share : float
        Of the patients who were treated, among those from whom the risk was learned.

    Examples
    --------
    Risks of 0.2 and 0.0698 (an odds ratio of 0.3) in two halves are 0.1349 together:

    >>> mixed = np.log(0.13488372 / (1 - 0.13488372))
    >>> found = untreated_log_odds(np.array([mixed]), np.log(np.array([0.3])), 0.5)
    >>> (1 / (1 + np.exp(-found))).round(4).tolist()
    [0.2]
    """
    if share == 0.0:
        return log_odds
    risk, ratio = sigmoid(log_odds), np.exp(delta)
    # risk = (1 - s) q + s q r / (1 - q + q r), a quadratic in the untreated risk q.
    a = (1.0 - share) * (ratio - 1.0)
    b = (1.0 - share) + share * ratio - risk * (ratio - 1.0)
    q = 2.0 * risk / (b + np.sqrt(b * b + 4.0 * a * risk))
    return np.asarray(np.log(q) - np.log1p(-q))


def mean_control_risk(mean_risk: float, log_odds: Floats, share: float) -> Floats:
    """Return the risk without treatment that, with this share of treated, gives the mean risk of both arms together.

    Parameters
    ----------
    mean_risk : float
        Of the training patients, of both arms.
    log_odds : ndarray
        Effects of the treatment.
    share : float
        Of the training patients who were treated.

    Examples
    --------
    Of 66 and 66 patients 30 and 3 have the event, a mean risk of 0.25; their log odds ratio is -2.862:

    >>> effect = np.log((3 / 63) / (30 / 36))
    >>> mean_control_risk(0.25, np.array([effect]), 0.5).round(4).tolist() == [round(30 / 66, 4)]
    True
    """
    if share == 0.0:
        return np.full(np.shape(log_odds), mean_risk)
    at = float(np.log(mean_risk) - np.log1p(-mean_risk))
    return np.asarray(sigmoid(untreated_log_odds(np.array(at), log_odds, share)))
