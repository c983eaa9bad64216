"""Exports of REDCap projects: raw CSV with the data dictionary, and ODM XML."""
