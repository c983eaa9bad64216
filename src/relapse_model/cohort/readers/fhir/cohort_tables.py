"""From what was collected to the tables of the cohort folder, and to a report that accounts for everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.fhir.collect import Collector, Row
from relapse_model.cohort.readers.fhir.time_zero import Index
from relapse_model.cohort.readers.fhir.versions import EARLIER
from relapse_model.cohort.readers.made_table import ROW, MadeTable
from relapse_model.cohort.reading_report import LeftOut, SourceReading

NOBODY = "about no patient of the export, or about several"
NOT_OF_BLOOD = "of a specimen that is none of blood, or cannot be used"
OF_SPECIMEN = "of a specimen of another than the patient"
LEFT_OUT = "of a patient whom the cohort leaves out"
UNDATED = "of a patient without time zero"
_REFUSED = "refused"
_COLUMNS = {
    "labs": ("date", "value", "unit", "assay", "lower_limit", "upper_limit", "said_in", "timed_in"),
    "treatments": ("start_date", "end_date", "dose", "unit", "timed_in"),
    "outcome": ("date", "relapse"),
    "patients": ("text",),
    "time": ("date",),
}
_OPTIONAL = ("assay", "lower_limit", "upper_limit", "dose", "unit")
_NAMED = {"labs": "analyte", "treatments": "agent"}
_COUNTED = {"Observation": "results"}


def rows_of(collector: Collector, section: str) -> pd.DataFrame:
    """Return the rows of one section as a table, with the position of the patient of each (-1: none).

    Parameters
    ----------
    collector : Collector
    section : str
        ``"labs"``, ``"treatments"``, ``"outcome"``, ``"patients"``, ``"time"``.
    """
    rows: list[Row] = collector.rows.get(section, [])
    head = ("kind", "result", "resource", "subject", "file", "entry", "name")
    table = pd.DataFrame([row[:7] for row in rows], columns=list(head))
    cells = pd.DataFrame([row[7] for row in rows], columns=list(_COLUMNS[section]), dtype=object)
    table = pd.concat([table, cells], axis=1)
    codes, subjects = pd.factorize(table["subject"])
    positions = [collector.patients.position(str(one)) for one in subjects]
    known = np.array([-1 if one is None else one for one in positions], dtype=np.intp)
    earlier = table["resource"].isin(collector.versions.superseded).to_numpy(dtype=bool)
    several = table["resource"].isin(collector.of_two()).to_numpy(dtype=bool)
    another = table["resource"].isin(collector.specimens.of_another(collector.patients)).to_numpy(dtype=bool)
    unlike = table["resource"].isin(collector.specimens.not_of_blood()).to_numpy(dtype=bool)
    taken = collector.taken_back.numbers(collector.versions, collector.asked.by_type)
    gone = table["resource"].map(taken).astype(object).fillna("") if taken else np.full(len(table), "", dtype=object)
    return table.assign(
        position=np.where(several | (gone != ""), -1, known[codes] if len(known) else codes), earlier=earlier,
        another=another, unlike=unlike, gone=gone,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The patients of the cohort.

    Attributes
    ----------
    ids : array of object
        Of every Patient found, its identifier in the cohort.
    cohort : array of bool
        Which of them the cohort has.
    dated : array of bool
        Who has a time zero: of the others nothing can be counted in weeks, and they are refused.
    """

    ids: NDArray[np.object_]
    cohort: Mask
    dated: Mask


def fates(rows: pd.DataFrame, kept: Kept) -> NDArray[np.object_]:
    """Return for each row why it is not used; empty where it is."""
    position = rows["position"].to_numpy(dtype=np.intp)
    known = position >= 0
    among, dated = (np.append(mask, False)[position] for mask in (kept.cohort, kept.dated))
    another = rows["another"].to_numpy(dtype=bool)
    reasons = (
        (rows["earlier"].to_numpy(dtype=bool), EARLIER),
        (~known, NOBODY),
        (another, OF_SPECIMEN),
        (rows["unlike"].to_numpy(dtype=bool), NOT_OF_BLOOD),
        (~among, LEFT_OUT),
        (~dated, UNDATED),
    )
    found = np.full(len(rows), "", dtype=object)
    for mask, reason in reversed(reasons):
        found[mask] = reason
    gone = rows["gone"].to_numpy(dtype=object)
    return np.where(gone != "", gone, found)


def made_table(rows: pd.DataFrame, section: str, kept: Kept) -> MadeTable:
    """Return the rows that are used as a table of the cohort folder.

    Parameters
    ----------
    rows : DataFrame
        Of `rows_of`.
    section : str
        ``"labs"``, ``"treatments"`` or ``"outcome"``.
    kept : Kept
    """
    used = rows[fates(rows, kept) == ""].reset_index(drop=True)
    columns = [
        name
        for name in _COLUMNS[section]
        if not name.endswith("_in") and not (name in _OPTIONAL and name != "unit" and (used[name] == "").all())
    ]
    table = used[columns].copy()
    table.insert(0, "patient_id", kept.ids[used["position"].to_numpy(dtype=np.intp)])
    called: dict[str, object] = {}
    as_text = (used["said_in"] == "valueString").to_numpy() if section == "labs" else None
    if section == "outcome" and (used["name"] == "event").all() and len(used):
        table = table.rename(columns={"relapse": "event"})
    if section in _NAMED:
        table.insert(1, _NAMED[section], used["name"])
        table[ROW] = np.arange(1, len(table) + 1)  # the entries of several files share their numbers
        date = "date" if section == "labs" else "start_date"
        called[date] = used["timed_in"].to_numpy(dtype=object)
    if section == "labs":
        called["value"] = said = used["said_in"].to_numpy(dtype=object)
        called["unit"] = np.where(said == "valueQuantity", "valueQuantity.code", said)
    return MadeTable(
        table, used["file"].to_numpy(dtype=object), used["entry"].to_numpy(dtype=np.int64), called,  # type: ignore[arg-type]
        counted="entry", as_text=as_text,
    )  # fmt: skip


def readings(collector: Collector, kept: Kept, index: Index) -> Iterator[SourceReading]:
    """Yield for each type of resource how many came, how many were used, and why the others were not.

    Parameters
    ----------
    collector : Collector
    kept : Kept
    index : Index
        Whose rows of time zero were taken.
    """
    fate: dict[tuple[str, int], str] = {}
    for section in _COLUMNS:
        rows = index.rows if section == "time" else rows_of(collector, section)
        reasons = fates(rows, kept)
        if section == "time":
            reasons = np.where((reasons == "") & ~index.taken, "another date than that of time zero", reasons)
        for kind, result, reason in zip(rows["kind"], rows["result"], reasons, strict=True):
            if fate.get((kind, result), "-"):
                fate[kind, result] = reason
    for refused in collector.refused:
        position = collector.patients.position(refused.subject)
        gone = NOBODY if position is None and refused.subject else _REFUSED
        left_out = position is not None and not kept.cohort[position]
        fate[refused.kind, refused.unit] = LEFT_OUT if left_out else gone
    counts: dict[str, Counter[str]] = {kind: Counter(tally.left) for kind, tally in collector.tallies.items()}
    for (kind, _), reason in fate.items():
        counts[kind][reason] += 1
    for kind, tally in sorted(collector.tallies.items()):
        if not tally.came:
            continue
        left = counts[kind]
        used = left.pop("", 0)
        if kind == "Patient":
            used, left["left out of the cohort"] = int(kept.cohort.sum()), int((~kept.cohort).sum())
        yield SourceReading(
            kind, _COUNTED.get(kind, "resources"), tally.came, used,
            tuple(LeftOut(reason, count) for reason, count in sorted(left.items()) if count),
        )  # fmt: skip
