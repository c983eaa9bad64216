"""Cohort folders that are larger than memory, read by chunks of patients."""
