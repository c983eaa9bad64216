"""What the benefit report holds, and what its test of heterogeneity says in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.development.checks.finding import Finding
from relapse_model.display.html_summary import html_summary
from relapse_model.study.study import Study
from relapse_model.trial.benefit.measures import PairedBenefit
from relapse_model.trial.lazy_verbs import save_result
from relapse_model.trial.statistics.contrast import SignificanceTest

CLAIM = 0.05  # the level of the test of heterogeneity


@dataclass(frozen=True, eq=False, repr=False)
class BenefitReport:
    """What the trial says of predicted benefit. All predictions are of models that had not seen the patient.

    Attributes
    ----------
    study : Study
    patients, events, lost : int
        At risk at randomisation; with the event by the horizon; lost before it.
    effect : dict
        The effect in the model of all patients; see `ArmEffect.to_dict`.
    heterogeneity : SignificanceTest or None
        Of arm times predicted risk, by the robust score; None where it cannot be tested, for the reason in `refused`.
        What is claimed rests on it.
    likelihood_ratio : SignificanceTest or None
        The same by the likelihood ratio, which with few events is significant too often: for comparison only.
    groups : DataFrame
        By predicted risk in the control arm: patients and risk (Kaplan-Meier) of each arm, the difference with its
        interval (control less treatment), the risk ratio, and the mean predicted benefit.
    calibration : DataFrame
        ``measure``, ``arm``, ``value``, ``lower``, ``upper``, ``right`` (the value of a right prediction), ``method``.
    decisions : DataFrame
        Net benefit of treating by predicted benefit, and of treating all, by threshold.
    pairs : PairedBenefit or None
        Only where it was asked for.
    findings : tuple of Finding
        RM207.
    refused : dict of str to str
        What these patients cannot support, and why.
    statement : str
    """

    study: Study
    patients: int
    events: int
    lost: int
    effect: dict[str, Any]
    heterogeneity: SignificanceTest | None
    likelihood_ratio: SignificanceTest | None
    groups: pd.DataFrame
    calibration: pd.DataFrame
    decisions: pd.DataFrame
    pairs: PairedBenefit | None
    findings: tuple[Finding, ...]
    refused: dict[str, str]
    statement: str
    settings: dict[str, Any]
    synthetic: bool = False
    curve: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __repr__(self) -> str:
        """Return counts, and whether heterogeneity was found."""
        return f"BenefitReport({self.patients} patients, {self.events} events; {self.verdict})"

    def _repr_html_(self) -> str:
        """Return the verdict and the statement, as a notebook shows them."""
        facts = [
            ("patients", f"{self.patients}, {self.events} events, {self.lost} lost"),
            ("relative effect", self.verdict),
            *((name, f"not estimable: {why}") for name, why in self.refused.items()),
        ]
        return html_summary("Benefit by risk", facts, note=" ".join([*map(str, self.findings), self.statement]))

    @property
    def claims_heterogeneity(self) -> bool:
        """Tell whether the test of heterogeneity is significant at 0.05."""
        return self.heterogeneity is not None and self.heterogeneity.p_value < CLAIM

    @property
    def verdict(self) -> str:
        """Return what the test of heterogeneity says, in words."""
        if self.heterogeneity is None:
            return f"heterogeneity not tested: {self.untested.rstrip('.')}"
        value = self.heterogeneity.p_value
        p = "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"
        if self.claims_heterogeneity:
            return f"the relative effect differs with risk ({p})"
        return f"no sign that the relative effect differs with risk ({p})"

    @property
    def untested(self) -> str:
        """Return why heterogeneity was not tested."""
        return self.refused.get("heterogeneity", "no reason was given.").removeprefix("Heterogeneity: ")

    @property
    def disagreement(self) -> str:
        """Return how the mean benefit in the trial contradicts the mean of the predictions; empty where it does not."""
        rows = self.calibration[self.calibration["measure"] == "mean benefit in the trial"]
        row = rows.to_dict("records")[0]
        if not (row["right"] < row["lower"] or row["right"] > row["upper"]):  # NaN too
            return ""
        value, low, high, predicted = (f"{100 * row[name]:z.1f}" for name in ("value", "lower", "upper", "right"))
        return (
            f"The predictions do not agree with the trial: the mean predicted benefit is {predicted} percentage "
            f"points, the benefit seen in these patients {value} (95 % interval {low} to {high}; {row['method']})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all figures in full precision; None for what is missing, with the reason in ``refused``."""
        return {
            "patients": self.patients, "events": self.events, "lost": self.lost, "synthetic": self.synthetic,
            "verdict": self.verdict, "statement": self.statement,
            "disagreement": self.disagreement, "effect": self.effect,
            "heterogeneity": _test_values(self.heterogeneity),
            "likelihood_ratio": _test_values(self.likelihood_ratio),
            "groups": _records(self.groups), "calibration": _records(self.calibration),
            "decisions": _records(self.decisions), "pairs": None if self.pairs is None else self.pairs.to_dict(),
            "findings": [one.to_dict() for one in self.findings], "refused": self.refused, "settings": self.settings,
        }  # fmt: skip

    def save(self, folder: str | Path) -> dict[str, Path]:
        """Write ``benefit.json`` and ``benefit.html``, which hold no patient rows.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.
        """
        return save_result(self, folder)


def _test_values(found: SignificanceTest | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "statistic": found.statistic, "degrees_of_freedom": found.degrees_of_freedom, "p_value": found.p_value,
        "method": found.method,
    }  # fmt: skip


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values; None for what is missing."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(key): value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
        for row in rows
    ]
