"""Sources that a mapping lets be absent: a laboratory's file that next Monday's folder does not have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.spreadsheets.sources import folder_of, in_mapping
from relapse_model.errors import SourceError


def without_absent(source: Path, mapping: SourceMapping) -> tuple[SourceMapping, list[str]]:
    """Return a mapping without the entries of files that are not there and may be, and a note on each of these files.

    Parameters
    ----------
    source : Path
        A file, or a folder of files.
    mapping : SourceMapping

    Raises
    ------
    SourceError
        If patients, or the days from which weeks are counted, stand in a source that may be absent.
    """
    may = {name: one for name, one in mapping.source.get("named", {}).items() if one.get("may_be_absent")}
    zero = () if mapping.time.zero is None else (mapping.time.zero,)
    needed = {one.source for one in (mapping.patient_id, *mapping.patients.values(), *zero)}
    needed |= {one.source for entry in (*mapping.labs, *mapping.treatments) for one in entry.fields.values()}
    expected = "a source of results, treatments or an outcome alone"
    wrong = [
        in_mapping(mapping, ("sources", name, "may_be_absent"), "a source of columns of others", expected)
        if name in needed
        else in_mapping(mapping, ("sources", name, "may_be_absent"), "no file of its own", "file = ... beside it")
        for name, one in may.items() if name in needed or not one.get("file")
    ]  # fmt: skip
    if wrong:
        raise SourceError("the export was refused", wrong)
    absent = {name for name, one in may.items() if not (folder_of(source) / str(one["file"])).exists()}
    if not absent:
        return mapping, []
    notes = [f"source {name!r} was not there, and may be absent: nothing of it was read" for name in sorted(absent)]
    outcome = mapping.outcome if mapping.outcome is None or mapping.outcome.source not in absent else None
    kept = {
        section: tuple(one for one in entries if one.source not in absent)
        for section, entries in (("labs", mapping.labs), ("treatments", mapping.treatments))
    }
    return replace(mapping, labs=kept["labs"], treatments=kept["treatments"], outcome=outcome), notes
