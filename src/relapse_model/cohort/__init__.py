"""The cohort: tables in, checked; what became of the patients; who may enter; simulated cohorts."""
