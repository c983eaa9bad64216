"""The analysis data sets: a row per patient, a row per patient and visit, and a dictionary. They hold patients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.measurements import measurements
from relapse_model.cohort.outcome.decided_tests import decide_tests
from relapse_model.cohort.tables.columns import DATES
from relapse_model.comparisons import at_or_before
from relapse_model.errors import CohortError
from relapse_model.files import write_private_csv
from relapse_model.study.study import Study
from relapse_model.trial.arms.adjustment import BaselineColumns
from relapse_model.trial.arms.adverse_events import AdverseEvents
from relapse_model.trial.arms.detection import weeks_since_dose
from relapse_model.trial.arms.endpoint import Endpoint
from relapse_model.trial.arms.intercurrent import first_start
from relapse_model.trial.arms.protocol import Protocol

FOLDER = "analysis_data"


@dataclass(frozen=True, eq=False, repr=False)
class DataSets:
    """What every number of the analysis can be recomputed from.

    Attributes
    ----------
    adsl : DataFrame
        One row per randomised patient.
    advs : DataFrame
        One row per randomised patient and week with a result or a dose.
    adae : DataFrame or None
        One row per adverse event of a randomised patient; None without a table of them.
    dictionary : DataFrame
        ``data_set, variable, label, unit``.
    """

    adsl: pd.DataFrame
    advs: pd.DataFrame
    adae: pd.DataFrame | None
    dictionary: pd.DataFrame

    def __repr__(self) -> str:
        """Return the sizes only."""
        return f"DataSets({len(self.adsl)} patients, {len(self.advs)} visits)"

    def write(self, folder: Path) -> Path:
        """Write the tables, for their owner alone; return the folder.

        Parameters
        ----------
        folder : Path
            Where ``analysis_data`` is made.
        """
        place = folder / FOLDER
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("adsl", "advs", "adae", "dictionary"):
            table = getattr(self, name)
            if table is not None:
                write_private_csv(table, place / f"{name}.csv")
            else:  # of an earlier run, which had such rows
                (place / f"{name}.csv").unlink(missing_ok=True)
        return place


def data_sets(
    cohort: Cohort, study: Study, found: Endpoint, kept: Protocol, columns: BaselineColumns | None,
    harms: AdverseEvents | None,
) -> DataSets:  # fmt: skip
    """Return the analysis data sets.

    Parameters
    ----------
    cohort : Cohort
    study : Study
        With a plan.
    found : Endpoint
        As the primary analysis sees it.
    kept : Protocol
    columns : BaselineColumns or None
        Of the adjustment, if there is one.
    harms : AdverseEvents or None
    """
    adsl, words = _patients(cohort, study, found, kept, columns)
    advs, more = _visits(cohort, study, found)
    adae = None if harms is None else _events(cohort, found, harms)
    sets = [("adsl", adsl, words), ("advs", advs, more)] + ([] if adae is None else [("adae", adae, _EVENTS)])
    dictionary = pd.DataFrame(
        [(kind, name, *labels[str(name)]) for kind, table, labels in sets for name in table],
        columns=["data_set", "variable", "label", "unit"],
    )
    return DataSets(adsl, advs, adae, dictionary)


Words = dict[str, tuple[str, str]]  # label and unit of each variable
_EVENTS: Words = {
    "patient_id": ("patient", ""),
    "week": ("onset, since enrolment", "weeks"),
    "term": ("as in the table", ""),
    "counted_as": ("the term under which it is counted", ""),
    "grade": ("CTCAE grade, empty unknown", ""),
    "serious": ("1 serious, 0 not, empty unknown", ""),
    "related": ("1 related to treatment, 0 not, empty unknown", ""),
    "counted": ("1 counted: from randomisation to the visit of the endpoint; 0 not", ""),
}


def _events(cohort: Cohort, found: Endpoint, harms: AdverseEvents) -> pd.DataFrame:
    rows = harms.rows
    patient = cohort.patient_ids.to_numpy()[found.place[rows["row"].to_numpy(dtype=np.intp)]]
    return rows.assign(patient_id=patient, counted=rows["counted"].astype(int))[list(_EVENTS)]


def _patients(
    cohort: Cohort, study: Study, found: Endpoint, kept: Protocol, columns: BaselineColumns | None
) -> tuple[pd.DataFrame, Words]:
    week = f"{found.week:g}"
    lost = found.lost
    data = {
        "patient_id": (cohort.patient_ids.to_numpy()[found.place], "patient", ""),
        "treated": (found.treated.astype(int), "1 allocated to the treatment arm, 0 to the control arm", ""),
        "time": (found.time, f"weeks to the failure, or to the last time known free of it, at most {week}", "weeks"),
        "event": (found.event.astype(int), "1 failed at that time, 0 not", ""),
        "failed_by_week": (np.where(lost, np.nan, found.known), f"1 failed by week {week}, 0 free, empty unknown", ""),
        "cause": (found.cause, "what the failure was", ""),
        "left": (found.left, "the failure lies after this week", "weeks"),
        "right": (np.where(np.isinf(found.right), np.nan, found.right),
                  "and at or before this one; empty for none; equal to left for an exact time", "weeks"),
        "failed_at_entry": (found.at_entry.astype(int), "1 if the outcome was found at randomisation already", ""),
        "kept_to_protocol": (kept.kept.astype(int), kept.words, ""),
    }  # fmt: skip
    if found.strata is not None:
        data["stratum"] = (found.strata, "stratum of the randomisation", "")
    if study.dosing is not None and cohort.treatments is not None:
        since = weeks_since_dose(cohort, study.dosing.agent, found)
        meaning = f"weeks from the last earlier dose of {study.dosing.agent} to `time`"
        data["weeks_since_dose"] = (since, meaning, "weeks")
    plan = study.trial
    for number, event in enumerate(() if plan is None else plan.intercurrent, start=1):
        start = first_start(found, cohort, event.agents, event.after_weeks)
        name, strategy = f"intercurrent_{number}_week", event.strategy
        label = f"first week of: {', '.join(event.agents)} ({event.event}; {strategy})"
        data[name] = (np.where(np.isinf(start), np.nan, start), label, "weeks")
    if columns is not None:
        for name, values in zip(columns.names, columns.matrix.T, strict=True):
            data[f"adjust_{name}"] = (values, f"column of the adjustment, missing values filled: {name}", "")
    patients = cohort.patients.iloc[found.place]
    for column in patients.columns:
        if column not in data and column not in DATES.values() and column != "enrolment_date":
            data[str(column)] = (patients[column].to_numpy(), "as in the patients table", "")
    return pd.DataFrame({name: one[0] for name, one in data.items()}), {name: one[1:] for name, one in data.items()}


def _doses(given: pd.DataFrame) -> pd.DataFrame:
    dose = given["dose"] if "dose" in given else pd.Series(np.nan, given.index)
    table = pd.DataFrame({"patient": given["patient"], "week": given["start_week"], "dose": dose})
    return table.groupby(["patient", "week"]).sum(min_count=1)


def _visits(cohort: Cohort, study: Study, found: Endpoint) -> tuple[pd.DataFrame, Words]:
    words: Words = {
        "patient_id": ("patient", ""),
        "week": ("since enrolment; of several results of one analyte in it, the last", "weeks"),
    }
    parts = []
    for name, analyte in study.analytes.items():
        if not (cohort.labs["analyte"] == name).any():
            continue
        try:
            results = measurements(cohort, study, name)
        except CohortError:  # a unit that the study does not accept, of an analyte that nothing here reads
            continue
        table = pd.DataFrame({"patient": results.patient, "week": results.week, name: results.value,
                              f"{name}_lower": results.lower, f"{name}_upper": results.upper})  # fmt: skip
        words[name] = (f"{analyte.label}; below a limit, what stands for it", analyte.unit)
        words[f"{name}_lower"] = (f"{analyte.label}: at least this", analyte.unit)
        words[f"{name}_upper"] = (f"{analyte.label}: at most this; empty for no bound", analyte.unit)
        if name == study.outcome.analyte:
            call = decide_tests(results, study.outcome)
            table["outcome_test"] = np.where(call == -1, np.nan, call)
            label = f"test of {study.outcome.name}: 1 positive, 0 negative, empty undecided"
            words["outcome_test"] = (label, "")
        parts.append(table.drop_duplicates(["patient", "week"], keep="last").set_index(["patient", "week"]))
    if study.dosing is not None and cohort.treatments is not None:
        parts.append(_doses(cohort.treatments[cohort.treatments["agent"] == study.dosing.agent]))
        words["dose"] = (f"dose of {study.dosing.agent}", study.dosing.unit)
    joined = pd.concat(parts, axis=1).sort_index().reset_index() if parts else pd.DataFrame({"patient": [], "week": []})
    joined = joined.replace(np.inf, np.nan)
    place = np.full(len(cohort), -1)
    place[found.place] = np.arange(len(found))
    patient = joined.pop("patient").to_numpy(dtype=np.intp)
    joined.insert(0, "patient_id", cohort.patient_ids.to_numpy()[patient])
    reach = 0.0 if study.trial is None else study.trial.primary.window_weeks
    joined.insert(
        2, "in_primary", np.asarray(at_or_before(joined["week"].to_numpy(dtype=float), found.week + reach)).astype(int)
    )
    words["in_primary"] = ("1 where the primary analysis reads the row, 0 for later weeks", "")
    return joined[place[patient] >= 0].reset_index(drop=True), words
