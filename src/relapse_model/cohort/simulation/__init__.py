"""Cohorts with known truth: what the library is tested, benchmarked and demonstrated on.

Figures with a DOI or an author beside them were published, or computed from published ones; those marked
[assumption] were chosen so that simulated cohorts look like those of the field. None is an estimate of ours, and
no conclusion about treatment can be drawn from a simulated cohort.
"""

from __future__ import annotations

from relapse_model.cohort.simulation.scenario import TrialScenario, trial_scenarios
from relapse_model.cohort.simulation.tables import simulate_tables

__all__ = ["TrialScenario", "simulate_tables", "trial_scenarios"]
