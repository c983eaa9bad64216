"""Logistic regression and discrete-time hazards that know what was published."""
