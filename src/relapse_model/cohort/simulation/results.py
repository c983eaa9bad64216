"""The results of simulated patients, from the start of treatment to the last visit, as a labs table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.simulation.assays import (
    ANALYTES,
    ANTI_HBS_BIAS,
    ANTI_HBS_ERROR_LOG10,
    HBCRAG_ERROR_LOG10,
    HBSAG_BIAS,
    HBSAG_ERROR_LOG10,
    SPECIMEN_LOST,
    TextArray,
    print_results,
    quantification_limits,
)
from relapse_model.cohort.simulation.baseline import Baseline, IntArray, tenths
from relapse_model.cohort.simulation.biomarkers import ANTI_HBC, HBV_RNA
from relapse_model.cohort.simulation.chemistry import draw_chemistry
from relapse_model.cohort.simulation.follow_up import FollowUp, own_antibody
from relapse_model.cohort.simulation.hbig import Kinetics, follow_dosing_rule
from relapse_model.cohort.simulation.intercurrent import Intercurrent, visits_with_hbig

CHEMISTRY_EVERY_WEEKS, HBEAG_EVERY_WEEKS, HBCRAG_EVERY_WEEKS = 12.0, 24.0, 24.0  # [assumption]
MISSING_SECONDARY, MISSING_AS_TEXT = (
    0.04,
    0.2,
)  # share absent or unusable; of these, printed as words [assumption]
LOSS_COURSE = (0.4, 0.8)  # when HBsAg was tested on the way to its loss, as a share of that time [assumption]
TESTED_BEFORE_WEEKS = 4.0  # HBsAg before treatment, at most this long before [assumption]
POSITIVE_AT_LEAST = 0.06  # IU/mL, so that the first negative test is what it is called


@dataclass(frozen=True, slots=True)
class Results:
    """Results of one analyte in shape (patients, tests).

    Attributes
    ----------
    analyte : str
        A key of `ANALYTES`.
    weeks, values : array of float
        When, and what was measured, before censoring.
    taken : array of bool
        Whether the test took place.
    uniform : array of float
        Draws for the wording; drawn for all tests, so that no wording depends on who was tested.
    lost : array of bool or None
        Where the specimen was spoilt.
    """

    analyte: str
    weeks: Floats
    values: Floats
    taken: Mask
    uniform: Floats
    lost: Mask | None = None


def hbsag_history(baseline: Baseline, rng: np.random.Generator) -> Results:
    """Return HBsAg before enrolment: positive before and on treatment, first negative, end of treatment.

    The first negative test lies `consolidation_weeks` before the end of peginterferon; where that is 0, it is
    the test at the end.
    """
    stop, patients = -baseline.weeks_since_pegifn, len(baseline)
    start, first_negative = stop - baseline.pegifn_weeks, stop - baseline.consolidation_weeks
    before = start - rng.uniform(0, TESTED_BEFORE_WEEKS, patients)
    on_way = [start + share * (first_negative - start) for share in LOSS_COURSE]
    weeks = tenths(np.column_stack([before, *on_way, first_negative, stop]))
    levels = np.log10(baseline.hbsag_before)[:, None] * (1 - np.array([0.0, *LOSS_COURSE]))
    levels = levels + np.log10(0.05) * np.array([0.0, *LOSS_COURSE])
    error = HBSAG_ERROR_LOG10 * rng.standard_normal(levels.shape)
    bias = np.array(HBSAG_BIAS)[baseline.centre % 2][:, None]
    positive = np.maximum(bias * np.power(10.0, levels + error), POSITIVE_AT_LEAST)
    taken = np.ones(weeks.shape, dtype=bool)
    taken[:, -1] = baseline.consolidation_weeks > 0
    values = np.column_stack([positive, np.zeros((patients, 2))])
    return Results("hbsag", weeks, values, taken, _wording(weeks, rng))


def hbsag_follow_up(course: FollowUp, rng: np.random.Generator) -> Results:
    """Return the HBsAg tests of the visits and those that repeat a positive one."""
    weeks = np.column_stack([course.weeks, course.repeat_weeks])
    values = np.column_stack([course.hbsag, course.repeat_hbsag])
    taken = np.column_stack([course.attended, course.repeated])
    return Results("hbsag", weeks, values, taken, _wording(weeks, rng))


def antibody_results(
    baseline: Baseline,
    relapse_weeks: Floats,
    course: FollowUp,
    kinetics: Kinetics,
    rng: np.random.Generator,
    beside: Intercurrent | None = None,
) -> tuple[Results, Mask]:
    """Return anti-HBs at the end of treatment and at the visits, and where HBIG was given.

    Measured anti-HBs is own plus passive antibody; HBIG is given after the blood is drawn, in the HBIG arm,
    until a relapse is confirmed.
    """
    weeks = np.column_stack([-baseline.weeks_since_pegifn, course.weeks])
    own = own_antibody(baseline, weeks, relapse_weeks, rng)
    bias = np.array(ANTI_HBS_BIAS)[baseline.centre % 2][:, None]
    factor = bias * 10.0 ** (ANTI_HBS_ERROR_LOG10 * rng.standard_normal(weeks.shape))
    in_hand, first = baseline.hbig[:, None], None
    if beside is not None:
        crossed, at_crossing = visits_with_hbig(beside, course.weeks.shape[1])
        in_hand, first = in_hand | crossed, at_crossing | (np.arange(course.weeks.shape[1]) == 0)
    eligible = in_hand & course.attended & course.unconfirmed
    measured, dosed = follow_dosing_rule(own[:, 1:], course.weeks, eligible, factor[:, 1:], kinetics, first)
    values = np.column_stack([np.round(own[:, 0] * factor[:, 0], 2), measured])
    taken = np.column_stack([np.ones(len(baseline), dtype=bool), course.attended])
    return Results("anti_hbs", weeks, values, taken, _wording(weeks, rng)), dosed


def secondary_results(
    baseline: Baseline, schedule: Floats, course: FollowUp, rng: np.random.Generator
) -> Iterator[Results]:
    """Yield HBV DNA, never quantifiable (no source saw it after relapse), HBcrAg, HBeAg and the chemistry."""
    undetected, wording = np.zeros_like(course.weeks), _wording(course.weeks, rng)
    yield Results("hbv_dna", course.weeks, undetected, course.attended, wording)
    hbcrag = baseline.hbcrag[:, None] + HBCRAG_ERROR_LOG10 * rng.standard_normal(course.weeks.shape)
    taken = course.attended & _due(schedule, HBCRAG_EVERY_WEEKS)
    yield _spoilt(Results("hbcrag", course.weeks, hbcrag, taken, _wording(hbcrag, rng)), rng)
    weeks = np.column_stack([-baseline.weeks_since_pegifn, course.weeks])
    attended = np.column_stack([np.ones(len(baseline), dtype=bool), course.attended])
    for name, values in draw_chemistry(weeks + baseline.weeks_since_pegifn[:, None], rng).items():
        every = HBEAG_EVERY_WEEKS if name == "hbeag" else CHEMISTRY_EVERY_WEEKS
        taken = attended & np.append(True, _due(schedule, every))
        # Nobody is enrolled without HBeAg, which is a criterion: that specimen, the second, is never spoilt.
        needed = np.arange(weeks.shape[1]) == 1 if name == "hbeag" else False
        yield _spoilt(Results(name, weeks, values, taken, _wording(weeks, rng)), rng, needed)


def biomarker_results(
    scores: Mapping[str, Floats], schedule: Floats, course: FollowUp, rng: np.random.Generator
) -> Iterator[Results]:
    """Yield the results of the biomarkers of a scenario that are analytes, measured as often as HBcrAg.

    Parameters
    ----------
    scores : mapping of str to array
        In standard deviations, of those that are measured.
    schedule : array of float
    course : FollowUp
    rng : Generator
    """
    taken = course.attended & _due(schedule, HBCRAG_EVERY_WEEKS)
    for name, (mean, sd, error) in (("hbv_rna", HBV_RNA), ("anti_hbc_quantitative", ANTI_HBC)):
        level = error * rng.standard_normal(course.weeks.shape)
        wording = _wording(course.weeks, rng)
        if name in scores:
            level = level + mean + sd * scores[name][:, None]
            values = level if name == "hbv_rna" else 10.0**level
            yield Results(name, course.weeks, np.maximum(values, 0.0), taken, wording)


def labs_table(results: list[Results], centre: IntArray, patient_ids: TextArray) -> pd.DataFrame:
    """Return the labs table of the cohort folder, by patient, week and analyte, values as printed.

    Parameters
    ----------
    results : list of Results
        Any number, of any analytes.
    centre : array of int
        Centre of each patient: it decides assay and wording.
    patient_ids : array of str
        Identifiers, in the order of the rows of `results`.
    """
    parts = [_columns(result, number, centre) for number, result in enumerate(results)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((columns["number"], columns["week"], columns["patient"]))
    columns = {name: column[order] for name, column in columns.items()}
    names = np.array([result.analyte for result in results], dtype=object)
    units = np.array([ANALYTES[result.analyte].unit for result in results], dtype=object)
    return pd.DataFrame(
        {
            "patient_id": patient_ids[columns["patient"]],
            "week": columns["week"],
            "analyte": names[columns["number"]],
            "value": columns["value"],
            "unit": units[columns["number"]],
            "assay": columns["assay"],
            "lower_limit": columns["lower_limit"],
            "upper_limit": columns["upper_limit"],
        }
    )


def _columns(result: Results, number: int, centres: IntArray) -> dict[str, TextArray]:
    printing = ANALYTES[result.analyte]
    patient = np.nonzero(result.taken)[0]
    values, uniform, centre = result.values[result.taken], result.uniform[result.taken], centres[patient]
    lower, upper = quantification_limits(printing, values, centre, uniform)
    texts = print_results(printing, values, (lower, upper), centre, uniform)
    if result.lost is not None:
        texts[result.lost[result.taken]] = SPECIMEN_LOST
    assays = np.array(printing.assays or (None, None), dtype=object)
    return {
        "patient": patient,
        "number": np.full(len(patient), number, dtype=np.int16),
        "week": result.weeks[result.taken],
        "value": texts,
        "assay": assays[centre % 2],
        "lower_limit": lower if np.isnan(printing.cutoff) else np.full(len(patient), printing.cutoff),
        "upper_limit": upper,
    }


def _wording(weeks: Floats, rng: np.random.Generator) -> Floats:
    return np.asarray(rng.random(weeks.shape))


def _due(schedule: Floats, every: float) -> Mask:
    due = schedule % every == 0
    due[-1] = True
    return np.asarray(due)


def _spoilt(result: Results, rng: np.random.Generator, needed: Mask | bool = False) -> Results:
    spoilt = (rng.random(result.weeks.shape) < MISSING_SECONDARY) & ~np.asarray(needed)
    worded = spoilt & (rng.random(result.weeks.shape) < MISSING_AS_TEXT)
    taken = result.taken & (~spoilt | worded)
    return Results(result.analyte, result.weeks, result.values, taken, result.uniform, worded)
