"""A line that works for each key of a mapping file: what a message shows of a key that was written otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from relapse_model.study.line_numbers import Place

_SOURCE = "[source], or [sources.NAME]"
_LINES: Mapping[str, tuple[str, str]] = {
    "protocol": ("[mapping]", "protocol = 1"),
    "kind": ("[mapping]", 'kind = "excel"'),
    "study": ("[mapping]", 'study = "hbsag-relapse"'),
    "file": (_SOURCE, 'file = "followup.xlsx"'),
    "sheet": (_SOURCE, 'sheet = "Sheet1"'),
    "header_row": (_SOURCE, "header_row = 2"),
    "header_rows": (_SOURCE, "header_rows = 2"),
    "encoding": (_SOURCE, 'encoding = "gb18030"'),
    "delimiter": (_SOURCE, 'delimiter = ";"'),
    "decimal": (_SOURCE, 'decimal = ","'),
    "unknown_patients": (_SOURCE, 'unknown_patients = "list"'),
    "not_patients": (_SOURCE, 'not_patients = ["Total"]'),
    "max_bytes": ("[source]", "max_bytes = 2000000000"),
    "dictionary": ("[source]", 'dictionary = "dictionary.csv"'),
    "repeating": ("[source]", 'repeating = ["treatment"]'),
    "zero": ("[time]", 'zero = { field = "COLUMN" }'),
    "dates": ("[time]", 'dates = "dmy"'),
    "partial": ("[time]", 'partial = "middle"'),
    "visits": ("[time]", 'visits = { "0" = 0, "12" = 12 }'),
    "id": ("[patients]", 'id = "COLUMN"'),
    "sex": ("[patients]", 'sex = { field = "COLUMN", values = { "1" = "M", "2" = "F" } }'),
    "age_years": ("[patients]", 'age_years = { field = "COLUMN" }'),
    "arm": ("[patients]", 'arm = { field = "COLUMN", values = { "1" = "hbig", "2" = "control" } }'),
    "centre": ("[patients]", 'centre = { field = "COLUMN" }'),
    "analyte": ("[[labs]]", 'analyte = "hbsag"'),
    "value": ("[[labs]]", 'value = "COLUMN"'),
    "comparator": ("[[labs]]", 'comparator = { field = "COLUMN", values = { "below" = "<", "" = "" } }'),
    "unit": ("[[labs]]", 'unit = "..."'),
    "date": ("[[labs]]", 'date = "COLUMN"'),
    "day": ("[[labs]]", 'day = "COLUMN"'),
    "week": ("[[labs]]", 'week = "COLUMN"'),
    "assay": ("[[labs]]", 'assay = { field = "COLUMN" }'),
    "lower_limit": ("[[labs]]", 'lower_limit = "0.05"'),
    "upper_limit": ("[[labs]]", 'upper_limit = "1000"'),
    "agent": ("[[treatments]]", 'agent = "hbig"'),
    "start": ("[[treatments]]", 'start = "COLUMN"'),
    "end": ("[[treatments]]", 'end = "COLUMN"'),
    "dose": ("[[treatments]]", 'dose = "COLUMN"'),
    "form": ("[[treatments]]", 'form = "courses"'),
    "empty": ("[[treatments]]", 'empty = "none"'),
    "relapse": ("[outcome]", 'relapse = { field = "COLUMN" }'),
    "event": ("[outcome]", 'event = { field = "COLUMN", values = { "0" = "free", "1" = "relapse" } }'),
    "codes": ("[missing]", 'codes = ["-99", "UNK"]'),
    "when": ("[patients], or an entry", 'when = { "COLUMN" = ["TEXT"] }'),
    "source": ("an entry", 'source = "NAME"'),
    "values": ("{ field = ... }", 'values = { "1" = "M", "2" = "F" }'),
    "field": ("{ field = ... }", '{ field = "COLUMN" }'),
}
_SECTIONS: Mapping[str, str] = {
    "patients": '[patients], and below it id = "COLUMN"',
    "labs": '[[labs]], and below it analyte = "hbsag"',
    "treatments": '[[treatments]], and below it agent = "hbig"',
    "outcome": '[outcome], and below it date = "COLUMN"',
    "sources": '[sources.NAME], and below it sheet = "Sheet2"',
}


def line_for(path: Place) -> str:
    """Return an advice with a line that works for a key of a mapping; nothing where none is known.

    Parameters
    ----------
    path : tuple
        Of the key in the file.

    Examples
    --------
    >>> line_for(("time", "dates"))
    'Write it so, for example: dates = "dmy"'
    >>> line_for(("labs", 0, "unit"))
    'Write the unit that the laboratory prints: unit = "..."'
    >>> line_for(("patients", "bmi_kg_m2"))
    'Write it so, for example: bmi_kg_m2 = { field = "COLUMN" }'
    """
    key = str(path[-1]) if path else ""
    if key in _SECTIONS and len(path) == 1:
        return f"Write it so: {_SECTIONS[key]}"
    if key == "field" and len(path) > 1:
        return line_for(path[:-1])
    if key == "unit":  # not an example, which might be taken for that of the laboratory
        return 'Write the unit that the laboratory prints: unit = "..."'
    if path and path[0] == "patients" and key not in _LINES:
        return f'Write it so, for example: {key} = {{ field = "COLUMN" }}'
    return f"Write it so, for example: {_LINES[key][1]}" if key in _LINES else ""


def other_section(key: str, path: Place, kind: str = "") -> str:
    """Return where a key belongs that is not known where it stands; nothing where it belongs nowhere.

    Parameters
    ----------
    key : str
    path : tuple
        Of the table in which it stands.
    kind : str
        The reader: those of CDISC, FHIR and OMOP have other keys of a source.

    Examples
    --------
    >>> other_section("encoding", ("mapping",)), other_section("colour", ("mapping",))
    ('It belongs under [source], or [sources.NAME]: encoding = "gb18030"', '')
    """
    where, line = _LINES.get(key, ("", ""))
    own = "" if not path else f"[[{path[0]}]]" if path[0] in ("labs", "treatments") else f"[{path[0]}]"
    if kind in ("cdisc", "fhir", "omop") and where.startswith("[source]"):
        return ""
    return f"It belongs under {where}: {line}" if where and own not in where.split(", or ") else ""
