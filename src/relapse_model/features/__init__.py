"""Features: a study's declared predictors, as they were known at a landmark."""

from relapse_model.features.derive import derive_features

__all__ = ["derive_features"]
