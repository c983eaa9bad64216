"""What may happen in a simulated trial beside the plan: intercurrent events, informative loss, biomarkers, centres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from relapse_model.cohort.simulation.numbers import require, require_count
from relapse_model.errors import RelapseModelError

# Candidates of the built-in study that may be simulated. The first three are drawn; the others are what patients
# have anyway, and tell nothing of the relapse unless they are given an effect.
BIOMARKERS = (
    "hbv_rna", "anti_hbc_quantitative", "vaccination", "hbeag_before_treatment", "pegifn_weeks", "genotype_c",
)  # fmt: skip
LOSS_CONTROL, LOSS_ANTI_HBS = 0.2, -0.2  # log hazard ratios of being lost [assumption]
Effects = Mapping[str, float] | tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class TrialScenario:
    """What happens in a simulated trial beside its plan; the defaults are a trial in which nothing does.

    Immutable and hashable. Every part draws from a stream of its own: a setting changes nothing else, and a scenario of
    defaults gives the very patients, results and treatments that no scenario gives.

    Parameters
    ----------
    control_hbig : float
        Share of controls who are given HBIG from a visit between week 4 and 24 on; the hazard is then that of HBIG.
    antivirals : float
        Share of patients, of either arm, who start an analogue again between weeks 8 and 40, which lowers the hazard
        of relapse to `ANTIVIRAL_HAZARD_RATIO` of what it was, whatever the arm.
    loss_control, loss_anti_hbs : float
        Log hazard ratios of being lost: of controls, and per log10 of anti-HBs. Their size makes the loss informative.
    biomarkers : mapping of str to float
        Log hazard ratio of relapse per standard deviation of each biomarker that is measured; 0 of a null one. Any of
        `BIOMARKERS`.
    by_arm : mapping of str to float
        Log hazard ratio by which the effect of HBIG differs per standard deviation of a biomarker.
    centre_sd : float
        Standard deviation between centres of the log hazard of relapse.
    marker_centre_sd : float
        Standard deviation between centres of the results of HBV RNA and quantitative anti-HBc, in standard deviations
        of the marker: assays that read differently. The truth is not changed.
    extra_markers : int
        Columns ``marker_001``, ``marker_002``, ... of the patients table, standard normal. None tells anything of the
        relapse, unless `biomarkers` or `by_arm` give it an effect.

    Raises
    ------
    RelapseModelError
        When a setting is outside its range, or a biomarker is not known.

    Examples
    --------
    >>> TrialScenario(biomarkers={"hbv_rna": 0.5, "vaccination": 0.0}).biomarkers
    (('hbv_rna', 0.5), ('vaccination', 0.0))
    """

    control_hbig: float = 0.0
    antivirals: float = 0.0
    loss_control: float = LOSS_CONTROL
    loss_anti_hbs: float = LOSS_ANTI_HBS
    biomarkers: Effects = ()
    by_arm: Effects = ()
    centre_sd: float = 0.0
    marker_centre_sd: float = 0.0
    extra_markers: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated, and keep mappings as sorted pairs."""
        require("control_hbig", self.control_hbig, 0, 1)
        require("antivirals", self.antivirals, 0, 1)
        require("loss_control", self.loss_control, -5, 5)
        require("loss_anti_hbs", self.loss_anti_hbs, -5, 5)
        require("centre_sd", self.centre_sd, 0, 5)
        require("marker_centre_sd", self.marker_centre_sd, 0, 5)
        require_count("extra_markers", self.extra_markers, 0)
        for name in ("biomarkers", "by_arm"):
            given: dict[str, float] = dict(getattr(self, name))
            unknown = sorted(set(given) - {*BIOMARKERS, *self.marker_names})
            if unknown:
                extra = f", or up to {self.marker_names[-1]}" if self.extra_markers else ""
                raise RelapseModelError(
                    f"simulation: {name} names {unknown}; expected any of {list(BIOMARKERS)}{extra}."
                )
            for one, value in given.items():
                require(f"{name}[{one!r}]", value, -5, 5)
            object.__setattr__(self, name, tuple(sorted((key, float(value)) for key, value in given.items())))

    @property
    def marker_names(self) -> tuple[str, ...]:
        """Return the columns of extra markers."""
        return tuple(f"marker_{number:03d}" for number in range(1, self.extra_markers + 1))

    @property
    def measured(self) -> tuple[str, ...]:
        """Return the biomarkers that are named, each once, and the extra ones."""
        return tuple(sorted({name for name, _ in (*self.biomarkers, *self.by_arm)} | set(self.marker_names)))


_HAZARD_RATIOS: Mapping[str, float] = MappingProxyType({"no effect": 1.0, "moderate effect": 0.7, "strong effect": 0.4})
_COURSES: Mapping[str, TrialScenario] = MappingProxyType(
    {
        "as planned": TrialScenario(),
        "intercurrent events": TrialScenario(control_hbig=0.1, antivirals=0.05),
        "informative loss": TrialScenario(loss_control=0.7, loss_anti_hbs=-0.7),
        "centres differ": TrialScenario(centre_sd=0.5),
        "biomarkers": TrialScenario(biomarkers=dict.fromkeys(BIOMARKERS, 0.0) | {"hbv_rna": 0.5}),
    }
)


def trial_scenarios() -> dict[str, dict[str, Any]]:
    """Return settings for `simulate_cohort` by name: each effect of HBIG with each course of the trial.

    Returns
    -------
    dict of str to dict
        ``hbig_hazard_ratio`` (1, 0.7 or 0.4) and ``scenario``.

    Examples
    --------
    >>> trial_scenarios()["no effect, informative loss"]["hbig_hazard_ratio"]
    1.0
    """
    return {
        f"{effect}, {course}": {"hbig_hazard_ratio": ratio, "scenario": scenario}
        for effect, ratio in _HAZARD_RATIOS.items()
        for course, scenario in _COURSES.items()
    }
