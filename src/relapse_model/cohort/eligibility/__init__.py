"""Eligibility: the study's criteria, patient by patient, and the attrition table."""
