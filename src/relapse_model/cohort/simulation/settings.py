"""The settings of a simulation, checked once, and the log-hazard coefficients they imply."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from relapse_model.cohort.simulation.numbers import require, require_count
from relapse_model.cohort.simulation.scenario import TrialScenario
from relapse_model.errors import RelapseModelError

# Log hazard ratios. The first three are shrunk versions of published effects, as suggested for a simulator
# [assumption]; the small terms are [assumption], in the direction of the sources named.
LINEAR: Mapping[str, float] = MappingProxyType(
    {
        "anti_hbs": -0.75,  # per log10(mIU/mL + 1)
        "consolidation_weeks": -0.03,  # per week
        "hbsag_before_treatment": 0.25,  # per log10 IU/mL
        "age_years": -0.01,  # per year; Chang 2025: OR 0.99
        "male": 0.10,  # Chang 2025: OR 1.35, Jiang 2023: HR 0.80
        "hbcrag": 0.20,  # per log10 U/mL; Liao 2021 (after nucleos(t)ide analogues): HR 2.10, shrunk
    }
)
# The saturating truth: antibody counts as 3 x / (x + 100), so that its coefficient keeps the linear unit;
# consolidation counts up to week 24; short consolidation without antibody is worse than the sum [assumption].
NON_LINEAR: Mapping[str, float] = MappingProxyType({**LINEAR, "short_consolidation_no_antibody": 0.5})


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """What may be varied in a simulation. Immutable and hashable, so that calibrations are kept.

    Parameters
    ----------
    control_risk : float
        Mean risk of relapse by week 48 in the control arm, between 0 and 1.
    hbig_hazard_ratio : float
        Hazard of the HBIG arm over that of the control arm from enrolment on, above 0.
    weibull_shape : float
        Shape of the hazard in time since the end of peginterferon; below 1 it falls with time.
    drop_out : float
        Share lost by the end of follow-up among those who do not relapse, from 0 to below 1.
    centres : int
        Number of centres, at least 1.
    follow_up_weeks : float
        Planned follow-up since enrolment, at least 4.
    non_linear : bool
        Whether the log hazard saturates and interacts rather than being linear.
    coefficients : tuple of (str, float)
        Log hazard ratios, complete and sorted; see `complete_coefficients`.
    scenario : TrialScenario or None
        What happens beside the plan; None: nothing, and the truth is described briefly.

    Raises
    ------
    RelapseModelError
        When a setting is outside its range; the text names it, what came and what was expected.

    Examples
    --------
    >>> SimulationSettings(control_risk=0.11).control_risk
    0.11
    """

    control_risk: float = 0.18
    hbig_hazard_ratio: float = 0.7
    weibull_shape: float = 0.6
    drop_out: float = 0.08
    centres: int = 3
    follow_up_weeks: float = 48.0
    non_linear: bool = False
    coefficients: tuple[tuple[str, float], ...] = field(default_factory=lambda: tuple(sorted(LINEAR.items())))
    scenario: TrialScenario | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        require("control_risk", self.control_risk, 0, 1, open_low=True)
        require("hbig_hazard_ratio", self.hbig_hazard_ratio, 0, math.inf, open_low=True)
        require("weibull_shape", self.weibull_shape, 0, math.inf, open_low=True)
        require("drop_out", self.drop_out, 0, 1)
        require("follow_up_weeks", self.follow_up_weeks, 4, math.inf)
        require_count("centres", self.centres, 1)
        if self.scenario is not None and not isinstance(self.scenario, TrialScenario):
            raise RelapseModelError(f"simulation: scenario is {self.scenario!r}; expected a TrialScenario.")

    @property
    def course(self) -> TrialScenario:
        """Return the scenario; the one of defaults where none was given."""
        return TrialScenario() if self.scenario is None else self.scenario


def complete_coefficients(overrides: Mapping[str, float] | None, non_linear: bool) -> tuple[tuple[str, float], ...]:
    """Return all log hazard ratios by name, sorted, with some of the defaults replaced.

    Parameters
    ----------
    overrides : mapping of str to float, or None
        The ones to replace.
    non_linear : bool
        Which set of defaults to start from; only the non-linear one has an interaction.

    Raises
    ------
    RelapseModelError
        When a name is unknown or a value is not finite.

    Examples
    --------
    >>> dict(complete_coefficients({"age_years": 0.02}, non_linear=False))["age_years"]
    0.02
    """
    defaults = NON_LINEAR if non_linear else LINEAR
    given = dict(overrides or {})
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise RelapseModelError(f"simulation: coefficients names {unknown}; expected any of {sorted(defaults)}.")
    for name, value in given.items():
        require(f"coefficients[{name!r}]", value, -math.inf, math.inf)
    return tuple(sorted({**defaults, **given}.items()))
