"""RM122: it is not shown that the model is better than giving everybody the mean risk."""

from __future__ import annotations

from relapse_model.development.checks.check import NOTE, Check, Verdict, found, not_applicable, passed
from relapse_model.validation.estimate import Estimate


def no_gain(difference: Estimate | None) -> Verdict:
    """Warn when the out-of-fold log loss is not below that of the mean risk; note when the interval does not show it.

    Parameters
    ----------
    difference : Estimate or None
        Log loss of the model minus that of the mean risk, out of fold, by patient; None: not cross-validated.
    """
    if difference is None:
        return not_applicable("the model was not cross-validated, so that nothing is known of its gain")
    if difference.upper < 0:
        return passed()
    words = f"{difference.value:z.3f} ({100 * difference.level:g} % interval {difference.lower:z.3f} to "
    words = f"log loss out of fold minus that of giving everyone the mean risk: {words}{difference.upper:z.3f})"
    if difference.value < 0:
        return found(
            f"{words}. The interval includes 0: these patients do not show a gain over the mean risk.",
            severity=NOTE,
        )
    return found(
        f"{words}. The model is no better than giving everyone the same risk: do not use its risks. Keep fewer "
        "predictors, state priors for them, or pool cohorts. Scores of this model carry the warning RS211."
    )


CHECK = Check("RM122", "no gain over the mean risk shown", no_gain)
