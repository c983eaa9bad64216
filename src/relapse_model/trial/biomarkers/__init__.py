"""Biomarkers: which of many candidates tell something beyond what is known, and how sure that is after looking."""
