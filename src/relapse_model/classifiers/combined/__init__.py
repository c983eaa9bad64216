"""Classifiers made of others: their mean, and their recalibration."""
