"""Spreadsheets and text files: one row per patient with visits as columns, or one row per result."""
