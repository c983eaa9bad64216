"""Figures, each a function that draws on given axes or returns a figure."""
