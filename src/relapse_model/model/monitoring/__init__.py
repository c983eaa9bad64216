"""A model in use: shares, drift, and risks against what became of the patients."""
