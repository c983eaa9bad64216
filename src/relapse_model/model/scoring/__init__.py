"""Scores of new patients, and when not to believe them."""
