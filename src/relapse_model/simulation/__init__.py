"""Cohorts with known truth: what the library is tested, benchmarked and demonstrated on."""

from __future__ import annotations

from relapse_model.simulation.tables import simulate_tables

__all__ = ["simulate_tables"]
