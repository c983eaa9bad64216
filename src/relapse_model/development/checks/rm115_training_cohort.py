"""RM115: a model is judged on the very patients it was trained on."""

from __future__ import annotations

from relapse_model.development.checks.check import Check, Verdict, found, not_applicable, passed


def training_cohort(apparent: bool | None) -> Verdict:
    """Warn when the cohort is that of the training: its figures are apparent, and no external validation.

    Seen is the whole cohort alone. Where some of its patients are missing, others were added, or the follow-up went on,
    the fingerprint differs, and nothing is said: it cannot tell who was in the training, and shall not.

    Parameters
    ----------
    apparent : bool or None
        As `Performance.apparent`; None: the model keeps no fingerprint.
    """
    if apparent is None:
        return not_applicable("the model file keeps no fingerprint of its training cohort")
    if not apparent:
        return passed()
    return found(
        "these are the very patients the model was trained on. The figures are apparent, therefore too good, "
        "and not an external validation. Evaluate the model on other patients, or quote `validate`."
    )


CHECK = Check("RM115", "an evaluation on the training cohort", training_cohort)
