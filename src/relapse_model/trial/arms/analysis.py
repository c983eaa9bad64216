"""The result of a comparison of the arms: everything that was planned, and nothing that was chosen afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relapse_model.development.checks.finding import Finding
from relapse_model.display.html_summary import html_summary
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import TrialPlan
from relapse_model.trial.arms.adverse_events import AdverseEvents
from relapse_model.trial.arms.arm_contrast import ArmContrast, ArmFigures
from relapse_model.trial.arms.baseline import BaselineTable
from relapse_model.trial.arms.data_sets import DataSets
from relapse_model.trial.arms.detection import LossByArm, TestingFrequency
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.flow import ParticipantFlow
from relapse_model.trial.arms.intercurrent import IntercurrentFound
from relapse_model.trial.arms.subgroups import SubgroupOfPlan
from relapse_model.trial.lazy_verbs import save_result
from relapse_model.trial.statistics import TippingGrid


@dataclass(frozen=True, eq=False)
class TrialAnalysis:
    """The arms of a trial compared as its plan says. Made by `compare_arms`.

    Attributes
    ----------
    study : Study
    plan_sha256 : str
        SHA-256 of the text of the study, written out in full.
    read_at : str
        When this was computed, UTC.
    flow : ParticipantFlow
        From those assessed to those analysed.
    table_one : BaselineTable
    primary : ArmContrast
        The answer.
    beside : tuple of ArmContrast
        The same question in other measures and tests; none is chosen from.
    sensitivity : tuple of ArmContrast
        In the order of the plan.
    tipping : TippingGrid or None
    extra : tuple of ArmContrast
        Asked for in addition to the plan, and labelled so.
    later : ArmContrast
        Carried on to the end of the time in which given antibody may hide a relapse, where visits exist.
    subgroups : tuple of SubgroupOfPlan
    intercurrent : tuple of IntercurrentFound
    safety : DataFrame or None
        Patients and courses of each agent by arm.
    adverse_events : AdverseEvents or None
        By arm; None where the cohort has no such table, so that nothing was recorded.
    deviations, adherence : DataFrame
        Departures from the dosing rule up to the endpoint, by arm; doses given of those due, by centre.
    testing : TestingFrequency or None
    loss : LossByArm
    since_dose : DataFrame or None
        Failures by weeks since the last dose.
    findings : tuple of Finding
        RM201 to RM205, RM208 to RM212, RM214.
    notes : tuple of str
        What could not be said, and why.
    synthetic : bool
    """

    study: Study
    plan: TrialPlan
    plan_sha256: str
    read_at: str
    flow: ParticipantFlow
    table_one: BaselineTable
    primary: ArmContrast
    beside: tuple[ArmContrast, ...]
    sensitivity: tuple[ArmContrast, ...]
    tipping: TippingGrid | None
    extra: tuple[ArmContrast, ...]
    later: ArmContrast
    subgroups: tuple[SubgroupOfPlan, ...]
    intercurrent: tuple[IntercurrentFound, ...]
    safety: pd.DataFrame | None
    adverse_events: AdverseEvents | None
    deviations: pd.DataFrame
    adherence: pd.DataFrame
    testing: TestingFrequency | None
    loss: LossByArm
    since_dose: pd.DataFrame | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    synthetic: bool
    endpoint: Endpoint = field(repr=False)
    data_sets: DataSets = field(repr=False)

    def __repr__(self) -> str:
        """Return the answer in one line."""
        return f"TrialAnalysis({self.primary})"

    def _repr_html_(self) -> str:
        """Return the answer, and what was found beside it, as a notebook shows it."""
        return html_summary(
            f"{self.primary.label}: {_shown(self.primary)}",
            [("registry", self.study.registry), ("estimand", self.primary.estimand)],
            columns=("analysis", "result"),
            rows=[(one.label, _shown(one)) for one in self.contrasts],
            note=" ".join([f"Direction: {direction(self.plan)}.", *map(str, self.findings), *self._synthetic_said()]),
        )

    def _synthetic_said(self) -> list[str]:
        return ["The patients are synthetic."] if self.synthetic else []

    @property
    def contrasts(self) -> tuple[ArmContrast, ...]:
        """Return all comparisons: primary, beside it, sensitivity, carried on, extra."""
        return (self.primary, *self.beside, *self.sensitivity, self.later, *self.extra)

    def to_table(self) -> pd.DataFrame:
        """Return every figure of every comparison in long form, one row per arm, contrast and test."""
        rows: list[dict[str, Any]] = []
        for one in self.contrasts:
            for arm in (one.treatment, one.control):
                rows.append(_arm_row(one, arm))
            if one.contrast is not None:
                estimate = one.contrast
                rows.append(
                    {"analysis": one.kind, "status": one.status, "quantity": estimate.measure, "arm": "both",
                     "estimate": estimate.value, "standard_error": estimate.standard_error, "lower": estimate.lower,
                     "upper": estimate.upper, "statistic": estimate.statistic, "p": estimate.p_value,
                     "method": estimate.method, "note": one.note}
                )  # fmt: skip
            rows += [
                {"analysis": one.kind, "status": one.status, "quantity": test.method, "arm": "both",
                 "statistic": test.statistic, "p": test.p_value, "method": test.method}
                for test in one.tests
            ]  # fmt: skip
            if one.contrast is None and not one.tests:
                rows.append({"analysis": one.kind, "status": one.status, "quantity": one.label, "note": one.note})
        columns = ["analysis", "status", "quantity", "arm", "estimate", "standard_error", "lower", "upper", "statistic",
                   "p", "method", "n", "events", "lost", "note"]  # fmt: skip
        table = pd.DataFrame(rows).reindex(columns=columns)
        return table.astype({"n": "Int64", "events": "Int64", "lost": "Int64"})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values in full precision, without patients."""
        tested = self.testing
        return {
            "study": self.study.name, "title": self.study.heading, "registry": self.study.registry,
            "plan_sha256": self.plan_sha256, "read_at": self.read_at,
            "plan_dated": None if self.plan.dated is None else self.plan.dated.isoformat(),
            "synthetic": self.synthetic, "outcome": self.study.outcome.name, "endpoint": self.plan.primary.endpoint,
            "week": self.endpoint.week, "arms": {"treatment": self.plan.arms.treatment,
                                                 "control": self.plan.arms.control},
            "direction": direction(self.plan), "flow": self.flow.to_dict(), "table_one": self.table_one.to_dict(),
            "primary": self.primary.to_dict(), "beside": [one.to_dict() for one in self.beside],
            "sensitivity": [one.to_dict() for one in self.sensitivity],
            "tipping_point": None if self.tipping is None else {
                "difference": self.tipping.difference.tolist(), "lower": self.tipping.lower.tolist(),
                "upper": self.tipping.upper.tolist(), "level": self.tipping.level,
                "rows": "failures among the unknown of the treatment arm, from 0",
                "columns": "failures among the unknown of the control arm, from 0",
            },
            "not_pre_specified": [one.to_dict() for one in self.extra], "later": self.later.to_dict(),
            "subgroups": [one.to_dict() for one in self.subgroups],
            "intercurrent": [
                {"event": one.event, "strategy": one.strategy, "changed": one.changed, "note": one.note,
                 "patients": None if one.patients is None else list(one.patients)}
                for one in self.intercurrent
            ],
            "safety": None if self.safety is None else records(self.safety),
            "adverse_events": None if self.adverse_events is None else {
                "until_week": self.adverse_events.until, "by_arm": records(self.adverse_events.table),
                "not_counted": self.adverse_events.not_counted, "notes": list(self.adverse_events.notes),
            },
            "deviations": records(self.deviations), "adherence": records(self.adherence),
            "testing": None if tested is None else {name: getattr(tested, name) for name in tested.__slots__},
            "loss": {"by_weeks": records(self.loss.table), "share": self.loss.share.to_dict(),
                     "time": None if self.loss.time is None else self.loss.time.to_dict()},
            "since_dose": None if self.since_dose is None else records(self.since_dose),
            "findings": [one.to_dict() for one in self.findings], "notes": list(self.notes),
        }  # fmt: skip

    def save(self, folder: str | Path) -> dict[str, Path]:
        """Write the report and the tables; and, for their owner alone, the data from which all can be recomputed.

        ``trial.json``, ``trial.html``, ``results.csv``, ``flow.csv``, ``table_one.csv``, ``subgroups.csv``,
        ``harms.csv`` and ``figures/`` hold no patient rows, but the arms' counts in full, also small ones.
        ``analysis_data/`` holds one row per patient and per visit, and does not leave the hospital.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.

        Returns
        -------
        dict of str to Path
            ``report``, ``values``, ``figures`` and ``data``.
        """
        return save_result(self, folder)


def direction(plan: TrialPlan) -> str:
    """Return what the sign of a difference means."""
    treatment, control = plan.arms.quoted
    if plan.primary.measure == "risk_difference":
        return f"{treatment} minus {control}; negative favours {treatment}"
    return f"{treatment} over {control}; below 1 favours {treatment}"


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values; None for what is missing."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [
        {str(key): value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
        for row in rows
    ]


def _shown(one: ArmContrast) -> str:
    """Return a comparison as the report shows it: a risk difference in percentage points, with its sign."""
    found = one.contrast
    if found is None and one.tests:  # a test alone, such as the log-rank test
        return f"p = {one.tests[0].p_value:.2g}"
    if found is None:
        return one.note or "not made"
    if found.measure != "risk_difference" or found.value is None:
        words = "difference in weeks" if found.measure == "rmst_difference" else found.measure.replace("_", " ")
        return f"{words} {found}"
    value, lower, upper = (
        f"{100 * share:+z.1f}".replace("+0.0", "0.0") for share in (found.value, found.lower, found.upper)
    )
    return f"risk difference {value} percentage points ({lower} to {upper})"


def _arm_row(one: ArmContrast, arm: ArmFigures) -> dict[str, Any]:
    return {
        "analysis": one.kind, "status": one.status, "quantity": "mean weeks" if one.kind == "rmst" else "risk",
        "arm": arm.name, "estimate": arm.value, "standard_error": arm.standard_error, "lower": arm.lower,
        "upper": arm.upper, "n": arm.patients, "events": arm.events, "lost": arm.lost,
    }  # fmt: skip
