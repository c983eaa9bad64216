"""Boosted trees and random forests, their SHAP values and their bytes in a model file."""
