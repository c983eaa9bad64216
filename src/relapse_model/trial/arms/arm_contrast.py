"""One comparison of the arms: estimand, figures of each arm, contrast, tests, and notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.statistics import ArmRisk, Contrast, SignificanceTest, proportion


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One arm in one comparison.

    Attributes
    ----------
    name : str
    patients, events, lost : int
        In the comparison; with the event by the week; with an unknown endpoint.
    value, lower, upper, standard_error : float or None
        The risk of the event (or, of a mean time, the weeks); None where the comparison has none for an arm.
    """

    name: str
    patients: int
    events: int
    lost: int
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    standard_error: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class ArmContrast:
    """Treatment against control, in one analysis.

    Attributes
    ----------
    kind : str
        Such as ``"primary"``, ``"missing = failure"``, ``"log-rank"``.
    label : str
        What was compared, in words.
    estimand : str
        In whom, and with what done about missing endpoints and events on the way.
    status : str
        ``"primary"``, ``"supportive"``, ``"sensitivity"`` or ``"not pre-specified"``.
    treatment, control : ArmFigures
    contrast : Contrast or None
        None where it cannot be made, with the reason in `note`, or where the analysis is a test alone.
    tests : tuple of SignificanceTest
        Beside the one that belongs to the contrast.
    note : str
    """

    kind: str
    label: str
    estimand: str
    status: str
    treatment: ArmFigures
    control: ArmFigures
    contrast: Contrast | None = None
    tests: tuple[SignificanceTest, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        """Return the contrast in one line."""
        result = "not made" if self.contrast is None else f"{self.contrast.measure.replace('_', ' ')} {self.contrast}"
        return f"{self.label}: {result}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values in full precision."""
        return {
            "kind": self.kind, "label": self.label, "estimand": self.estimand, "status": self.status,
            "treatment": self.treatment.to_dict(), "control": self.control.to_dict(),
            "contrast": None if self.contrast is None else self.contrast.to_dict(),
            "tests": [test.to_dict() for test in self.tests], "note": self.note,
        }  # fmt: skip


Names = tuple[str, str]  # of the treatment and the control arm


def counts(found: Endpoint, names: Names) -> tuple[ArmFigures, ArmFigures]:
    """Return patients, events and lost of both arms."""
    one, nought = (
        ArmFigures(name, int(who.sum()), int(found.event[who].sum()), int(found.lost[who].sum()))
        for name, who in zip(names, (found.treated, ~found.treated), strict=True)
    )
    return one, nought


def with_risks(names: Names, treatment: ArmRisk, control: ArmRisk) -> tuple[ArmFigures, ArmFigures]:
    """Return the figures of both arms by Kaplan-Meier."""
    one, nought = (
        ArmFigures(name, arm.patients, arm.events, arm.lost, arm.risk, arm.lower, arm.upper, arm.standard_error)
        for name, arm in zip(names, (treatment, control), strict=True)
    )
    return one, nought


def with_shares(names: Names, x: tuple[int, int], n: tuple[int, int], level: float) -> tuple[ArmFigures, ArmFigures]:
    """Return the figures of both arms as shares of patients whose endpoint is known, with Wilson intervals."""
    found = []
    for name, events, patients in zip(names, x, n, strict=True):
        share = proportion(events, patients, level, method="wilson")
        error = float(np.sqrt(share.value * (1 - share.value) / patients))
        found.append(ArmFigures(name, patients, events, 0, share.value, share.lower, share.upper, error))
    return found[0], found[1]
