"""Simulated cohorts as raw tables, with the truth beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.simulation.assays import TextArray
from relapse_model.cohort.simulation.baseline import Baseline, draw_baseline, tenths
from relapse_model.cohort.simulation.biomarkers import (
    draw_centre_effects,
    draw_scores,
    extra_log_hazard,
    read_scores,
)
from relapse_model.cohort.simulation.follow_up import FollowUp, follow, visit_schedule
from relapse_model.cohort.simulation.hbig import DOSE_IU, draw_kinetics
from relapse_model.cohort.simulation.intercurrent import Intercurrent, draw_intercurrent, relapse_after
from relapse_model.cohort.simulation.numbers import require_count
from relapse_model.cohort.simulation.relapse_times import draw_relapse_weeks, relapse_risk
from relapse_model.cohort.simulation.results import (
    antibody_results,
    biomarker_results,
    hbsag_follow_up,
    hbsag_history,
    labs_table,
    secondary_results,
)
from relapse_model.cohort.simulation.scenario import TrialScenario
from relapse_model.cohort.simulation.settings import SimulationSettings, complete_coefficients

# One stream of randomness per part, so that a setting of one part leaves the draws of the others alone.
_STREAMS = (
    *("baseline", "relapse", "visits", "drop_out", "antigen", "history"),
    *("antibody", "kinetics", "secondary", "wording", "treatments"),
    *("biomarkers", "centres", "intercurrent", "biomarker_results", "further_treatments"),  # of a scenario
    *("extra_markers", "centre_shifts"),
)
# Criteria of exclusion of the built-in study that are columns of patients: nobody who meets one is enrolled.
_EXCLUDED = ("decompensated_cirrhosis", "coinfection", "malignancy", "immunosuppression_within_6_months")
_NUC_AGENTS = ("entecavir", "tenofovir")
_NUC_WEEKS_BEFORE = (24.0, 200.0)  # start of the analogue before peginterferon [assumption]


@dataclass(frozen=True, slots=True)
class LatentCohort:
    """What nobody can observe: true covariates, true week of relapse, true risk; one entry per patient.

    Of a scenario also the biomarkers in standard deviations, the risks in the control and in the HBIG arm, and what
    happens beside the plan.
    """

    baseline: Baseline
    relapse_weeks: Floats
    true_risk: Floats
    scores: Mapping[str, Floats] = field(default_factory=dict)
    both_arms: tuple[Floats, Floats] | None = None
    beside: Intercurrent | None = None


def simulate_tables(
    patients: int,
    seed: int,
    *,
    control_risk: float = 0.18,
    hbig_hazard_ratio: float = 0.7,
    weibull_shape: float = 0.6,
    drop_out: float = 0.08,
    centres: int = 3,
    follow_up_weeks: float = 48.0,
    non_linear: bool = False,
    coefficients: Mapping[str, float] | None = None,
    scenario: TrialScenario | None = None,
) -> dict[str, pd.DataFrame]:
    """Simulate a cohort after peginterferon-induced HBsAg loss, with its true risks.

    The mechanism is plausible, not fitted: effects are shrunk versions of published ones, and several parts
    are assumptions, named in the modules. Good for tests, benchmarks and teaching; evidence of nothing
    clinical.

    Parameters
    ----------
    patients : int
        How many, at least 1; half of them (rounded up) in the HBIG arm.
    seed : int
        Same seed, same tables. Not negative.
    control_risk : float
        Mean risk of latent relapse by week 48 in the control arm, over the population patients come from.
    hbig_hazard_ratio : float
        Hazard of the HBIG arm over that of the control arm, from enrolment on, whatever the doses.
    weibull_shape : float
        Shape of the hazard in time since the end of peginterferon.
    drop_out : float
        Share lost by the end of follow-up for reasons that depend on covariates and arm.
    centres : int
        Number of centres; they differ in assay, wording and pre-treatment with analogues.
    follow_up_weeks : float
        Planned follow-up, at least 4; no result is later than 3 weeks after it.
    non_linear : bool
        Antibody saturates near 100 mIU/mL, consolidation counts up to 24 weeks, and the two interact.
    coefficients : mapping of str to float, optional
        Log hazard ratios that replace defaults: ``anti_hbs`` (per log10(mIU/mL + 1)),
        ``consolidation_weeks``, ``hbsag_before_treatment`` (per log10 IU/mL), ``age_years``, ``male``,
        ``hbcrag`` (per log10 U/mL), and with `non_linear` also ``short_consolidation_no_antibody``.
    scenario : TrialScenario, optional
        What happens beside the plan: HBIG in the control arm, analogues started again, informative loss, biomarkers,
        centres that differ. One of defaults changes no table but the truth; see `trial_scenarios`.

    Returns
    -------
    dict of str to DataFrame
        ``patients``, ``labs`` and ``treatments`` as in the cohort folder; ``truth`` with ``patient_id`` and
        ``true_risk``, the risk of latent relapse by `follow_up_weeks` given the true state at landmark 0 and
        the arm. With a scenario the truth also has ``risk_control`` and ``risk_treated``, the risks in either arm if
        nothing happens beside the plan; ``relapse_week``, the week of latent relapse with what does; and ``z_...`` of
        each biomarker, in standard deviations.

    Raises
    ------
    RelapseModelError
        When a setting is outside its range or a coefficient is unknown.

    Examples
    --------
    >>> tables = simulate_tables(4, seed=7)
    >>> sorted(tables)
    ['labs', 'patients', 'treatments', 'truth']
    >>> tables["patients"]["patient_id"].tolist()
    ['P0001', 'P0002', 'P0003', 'P0004']
    """
    settings = SimulationSettings(
        control_risk=control_risk,
        hbig_hazard_ratio=hbig_hazard_ratio,
        weibull_shape=weibull_shape,
        drop_out=drop_out,
        centres=centres,
        follow_up_weeks=follow_up_weeks,
        non_linear=non_linear,
        coefficients=complete_coefficients(coefficients, non_linear),
        scenario=scenario,
    )
    streams = make_streams(patients, seed)
    latent = draw_latent(patients, settings, streams)
    return _tables(latent, settings, streams)


def make_streams(patients: int, seed: int) -> dict[str, np.random.Generator]:
    """Return one generator per part of the simulation, after checking the two numbers."""
    require_count("patients", patients, 1)
    require_count("seed", seed, 0)
    children = np.random.SeedSequence(seed).spawn(len(_STREAMS))
    return {name: np.random.default_rng(child) for name, child in zip(_STREAMS, children, strict=True)}


def draw_latent(patients: int, settings: SimulationSettings, streams: dict[str, np.random.Generator]) -> LatentCohort:
    """Draw who enrols, when each truly relapses, and the risk of it.

    Examples
    --------
    >>> draw_latent(3, SimulationSettings(), make_streams(3, seed=1)).true_risk.shape
    (3,)
    """
    baseline = draw_baseline(patients, settings.centres, streams["baseline"])
    if settings.scenario is not None:
        return _draw_scenario(baseline, settings, settings.scenario, streams)
    relapse_weeks = draw_relapse_weeks(baseline, settings, streams["relapse"])
    return LatentCohort(baseline, relapse_weeks, relapse_risk(baseline, settings))


def _draw_scenario(
    baseline: Baseline,
    settings: SimulationSettings,
    scenario: TrialScenario,
    streams: dict[str, np.random.Generator],
) -> LatentCohort:
    """Draw the relapse where biomarkers and centres count, and where things happen beside the plan."""
    patients = len(baseline)
    scores = draw_scores(baseline, scenario, streams["biomarkers"], streams["extra_markers"])
    centres = draw_centre_effects(baseline.centre, scenario, streams["centres"])

    def extra(hbig: Floats) -> Floats:
        return extra_log_hazard(scores, hbig, scenario) + centres

    own = extra(baseline.hbig.astype(float))
    weeks = draw_relapse_weeks(baseline, settings, streams["relapse"], own)
    beside = draw_intercurrent(baseline, visit_schedule(settings.follow_up_weeks), scenario, streams["intercurrent"])
    arms = [
        relapse_risk(
            replace(baseline, hbig=np.full(patients, hbig)), settings, extra=extra(np.full(patients, float(hbig)))
        )
        for hbig in (False, True)
    ]
    return LatentCohort(
        baseline, relapse_after(weeks, beside, baseline, settings), relapse_risk(baseline, settings, extra=own), scores,
        (arms[0], arms[1]), beside,
    )  # fmt: skip


def _tables(
    latent: LatentCohort, settings: SimulationSettings, streams: dict[str, np.random.Generator]
) -> dict[str, pd.DataFrame]:
    baseline = latent.baseline
    ids = _patient_ids(len(baseline))
    course = follow(baseline, latent.relapse_weeks, settings, streams)
    kinetics = draw_kinetics(len(baseline), streams["kinetics"])
    antibody, dosed = antibody_results(
        baseline, latent.relapse_weeks, course, kinetics, streams["antibody"], latent.beside
    )
    schedule = visit_schedule(settings.follow_up_weeks)
    results = [
        hbsag_history(baseline, streams["history"]),
        hbsag_follow_up(course, streams["wording"]),
        antibody,
    ]
    results.extend(secondary_results(baseline, schedule, course, streams["secondary"]))
    read = read_scores(latent.scores, baseline.centre, settings.course, streams["centre_shifts"])
    results.extend(biomarker_results(read, schedule, course, streams["biomarker_results"]))
    treatments = _treatments_table(baseline, course, dosed, ids, streams["treatments"])
    if latent.beside is not None:
        treatments = _with_further(treatments, latent, latent.beside, course, ids, streams["further_treatments"])
    return {
        "patients": _patients_table(baseline, ids, latent, settings.course),
        "labs": labs_table(results, baseline.centre, ids),
        "treatments": treatments,
        "truth": _truth_table(latent, ids),
    }


def _truth_table(latent: LatentCohort, ids: TextArray) -> pd.DataFrame:
    """Return the truth: the risk, and with a scenario the risk in either arm, the relapse, and the biomarkers."""
    columns = {"patient_id": ids, "true_risk": latent.true_risk}
    if latent.both_arms is not None:
        columns |= {"risk_control": latent.both_arms[0], "risk_treated": latent.both_arms[1]}
        columns["relapse_week"] = latent.relapse_weeks
    return pd.DataFrame(columns | {f"z_{name}": score for name, score in latent.scores.items()})


def _with_further(
    treatments: pd.DataFrame,
    latent: LatentCohort,
    beside: Intercurrent,
    course: FollowUp,
    ids: TextArray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the treatments with analogues started again, as far as visits saw it, and earlier vaccinations."""
    last_seen = np.where(course.attended, course.weeks, 0.0).max(axis=1)
    restarts = beside.antiviral_week <= last_seen
    vaccinated = latent.scores.get("vaccination", np.zeros(len(ids))) > 0
    week = np.minimum(tenths(-latent.baseline.weeks_since_pegifn * rng.random(len(ids))), -0.1)
    parts = [
        _courses(ids[restarts], beside.agent[restarts], beside.antiviral_week[restarts], last_seen[restarts]),
        _courses(ids[vaccinated], "hbv_vaccine", week[vaccinated], week[vaccinated]),
    ]
    further = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    if further.empty:
        return treatments
    table = pd.concat([treatments, further.astype(treatments.dtypes.to_dict())], ignore_index=True)
    return table.sort_values(["patient_id", "start_week"], kind="stable", ignore_index=True)


def _patient_ids(patients: int) -> TextArray:
    width = max(4, len(str(patients)))
    return np.array([f"P{number:0{width}d}" for number in range(1, patients + 1)], dtype=object)


def _three_digits(values: Floats) -> Floats:
    return np.array([float(f"{value:.3g}") for value in values.tolist()])


def _patients_table(baseline: Baseline, ids: TextArray, latent: LatentCohort, scenario: TrialScenario) -> pd.DataFrame:
    centres = np.array([f"centre-{number + 1}" for number in range(int(baseline.centre.max()) + 1)], dtype=object)
    return pd.DataFrame(
        {
            "patient_id": ids,
            "centre": centres[baseline.centre],
            "arm": np.array(["control", "hbig"], dtype=object)[baseline.hbig.astype(int)],
            "sex": np.array(["F", "M"], dtype=object)[baseline.male.astype(int)],
            "age_years": baseline.age_years,
            "bmi_kg_m2": baseline.bmi_kg_m2,
            "hbv_genotype": baseline.genotype,
            "hbeag_positive_before_treatment": baseline.hbeag_positive.astype(np.int64),
            "hbsag_before_treatment_iu_ml": _three_digits(baseline.hbsag_before),
            "pegifn_weeks": baseline.pegifn_weeks,
            "consolidation_weeks": baseline.consolidation_weeks,
            "prior_nuc": baseline.prior_nuc.astype(np.int64),
        }
        | dict.fromkeys(_EXCLUDED, np.zeros(len(ids), dtype=np.int64))
        | {name: np.round(latent.scores[name], 3) for name in scenario.marker_names}
    )


def _treatments_table(
    baseline: Baseline, course: FollowUp, dosed: Mask, ids: TextArray, rng: np.random.Generator
) -> pd.DataFrame:
    stop = -baseline.weeks_since_pegifn
    start = tenths(stop - baseline.pegifn_weeks)
    agents = np.array(_NUC_AGENTS, dtype=object)[rng.integers(0, len(_NUC_AGENTS), len(baseline))]
    nuc_start = tenths(start - rng.uniform(*_NUC_WEEKS_BEFORE, len(baseline)))
    on_nuc = baseline.prior_nuc
    patient, weeks = np.nonzero(dosed)[0], course.weeks[dosed]
    parts = [
        _courses(ids, "pegifn", start, stop),
        _courses(ids[on_nuc], agents[on_nuc], nuc_start[on_nuc], stop[on_nuc]),
        _courses(ids[patient], "hbig", weeks, weeks, dose=DOSE_IU, unit="IU"),
    ]
    table = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    return table.sort_values(["patient_id", "start_week"], kind="stable", ignore_index=True)


def _courses(
    ids: TextArray,
    agent: str | TextArray,
    start: Floats,
    end: Floats,
    dose: float = np.nan,
    unit: str | None = None,
) -> dict[str, TextArray]:
    return {
        "patient_id": ids,
        "agent": np.full(len(ids), agent, dtype=object),
        "start_week": start,
        "end_week": end,
        "dose": np.full(len(ids), dose),
        "unit": np.full(len(ids), unit, dtype=object),
    }
