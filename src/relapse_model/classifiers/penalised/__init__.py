"""Ridge and elastic-net logistic regression, tuned by cross-validation."""
