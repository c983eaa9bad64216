"""The web calculator: one page, which opens offline, made from a trained model."""
