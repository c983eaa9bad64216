"""SHAP values that show themselves in a line, and in a notebook as a short table."""

from __future__ import annotations

from typing import Any

import numpy as np
import shap

from relapse_model.display.html_summary import html_summary


class Explanation(shap.Explanation):
    """A `shap.Explanation` as shap's plots take it; only what it prints is shorter, and names no patient."""

    def __getitem__(self, item: Any) -> shap.Explanation:
        """Return some patients or predictors, which show themselves in the same way."""
        found = super().__getitem__(item)
        if type(found) is shap.Explanation:
            found.__class__ = Explanation
        return found

    def __repr__(self) -> str:
        """Return of how many patients and predictors it is."""
        rows, predictors = np.atleast_2d(self.values).shape
        return f"Explanation(SHAP values of {rows} x {predictors}, {self.output_names})"

    def _repr_html_(self) -> str:
        """Return how much each predictor counts on average, the largest first."""
        values = np.atleast_2d(self.values)
        known = values[~np.isnan(values).any(axis=1)]
        mean = np.abs(known).mean(axis=0) if len(known) else np.zeros(values.shape[1])
        largest = np.argsort(-mean, kind="stable")
        without = len(values) - len(known)
        return html_summary(
            f"SHAP values of the {self.output_names}",
            [("patients", len(known)), ("without a risk, left out here", without or None)],
            columns=("predictor", "mean of absolute SHAP values (log-odds)"),
            rows=[(self.feature_names[place], f"{mean[place]:.2f}") for place in largest] if len(known) else [],
            note="Contributions to the log-odds; they are not causal effects.",
        )
