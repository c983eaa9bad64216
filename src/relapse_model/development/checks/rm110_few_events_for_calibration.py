"""RM110: too few events for a calibration curve."""

from __future__ import annotations

from relapse_model.development.checks.check import Check, Verdict, found, passed

FEWEST = 100


def few_events_for_calibration(events: int) -> Verdict:
    """Note when fewer than 100 patients relapse: intercept and slope can then be estimated, the form of a curve cannot.

    At least 100 events, and better 200, are advised for validation (Collins 2016, doi:10.1002/sim.6787).

    Parameters
    ----------
    events : int
        Patients of a validation who relapse.
    """
    if events >= FEWEST:
        return passed()
    return found(
        f"{events} events; expected {FEWEST} or more for a calibration curve. Report calibration in the large and "
        "the slope with their intervals, and do not interpret the shape of the curve."
    )


CHECK = Check("RM110", "too few events for a calibration curve", few_events_for_calibration, severity="note")
