"""Workbooks that tests write: small ones by hand, and a cohort as a hospital would keep it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import openpyxl

import relapse_model as rm

LIMITS = ("lower_limit", "upper_limit")
HEAD = '[mapping]\nprotocol = 1\nkind = "excel"\nstudy = "hbsag-relapse"\n'


def workbook(path: Path, rows, *, title="Sheet1", formats=None, merged=(), change=None) -> Path:
    """Write one sheet; `formats` are number formats by address, `change` is given the sheet before it is saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for address, code in (formats or {}).items():
        sheet[address].number_format = code
    for cells in merged:
        sheet.merge_cells(cells)
    if change is not None:
        change(sheet)
    book.save(path)
    return path


def replace_in_part(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """Change one part of a workbook, as programs that write other XML would have it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def as_mapping(text: str):
    """Read the text of a mapping, with the head of every mapping before it."""
    from relapse_model.cohort.readers.mapping_file import parse_mapping

    return parse_mapping(HEAD + text, "map.toml")


def write_long(cohort: rm.Cohort, path: Path) -> str:
    """Write a cohort as one workbook with a sheet for each table; return its mapping."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in cohort.tables().items():
        sheet = book.create_sheet(name)
        sheet.append(list(table.columns))
        for row in table.astype(object).where(table.notna(), None).itertuples(index=False):
            sheet.append(list(row))
    book.save(path)
    columns = [name for name in cohort.patients if name != "patient_id"]
    return "\n".join(
        [
            HEAD, '[source]\nsheet = "patients"\n[sources.labs]\nsheet = "labs"',
            '[sources.treatments]\nsheet = "treatments"',
            '[patients]\nid = "patient_id"', *(f'{name} = "{name}"' for name in columns),
            '[[labs]]\nsource = "labs"\nvalue = "value"\nweek = "week"',
            *(f'{name} = {{ field = "{name}" }}' for name in ("analyte", "unit", "assay", *LIMITS)),
            '[[treatments]]\nsource = "treatments"\nstart_week = "start_week"\nend_week = "end_week"\ndose = "dose"',
            'agent = { field = "agent" }\nunit = { field = "unit" }',
        ]
    )  # fmt: skip


def write_wide(cohort: rm.Cohort, path: Path) -> str:
    """Write a cohort as one sheet with a row for each patient and columns for each result; return its mapping."""
    tables = cohort.tables()
    patients, labs, treatments = (tables[name].astype(object) for name in ("patients", "labs", "treatments"))
    wide = patients.where(patients.notna(), None).set_index("patient_id", drop=False)
    lines = [HEAD, '[patients]\nid = "patient_id"']
    lines += [f"{name} = {json.dumps(name)}" for name in patients if name != "patient_id"]
    keys = ("value", "week", "unit", "assay", *LIMITS)
    for analyte, own in labs.groupby("analyte", sort=False):
        wide = wide.join(_spread(own, f"{analyte} V", keys))
        lines += ["[[labs]]", f'analyte = "{analyte}"', *(_pattern(key, f"{analyte} V") for key in keys)]
    keys = ("start_week", "end_week", "dose", "unit")
    for agent, own in treatments.groupby("agent", sort=False):
        wide = wide.join(_spread(own, f"{agent} C", keys))
        lines += ["[[treatments]]", f'agent = "{agent}"', *(_pattern(key, f"{agent} C") for key in keys)]
    workbook(path, [list(wide.columns), *wide.where(wide.notna(), None).to_numpy(dtype=object).tolist()])
    return "\n".join(lines)


def _pattern(key: str, name: str) -> str:
    column = json.dumps(f"{name}{{visit}} {key}")
    return f"{key} = {{ field = {column} }}"


def _spread(own, name, keys):
    numbered = own.assign(place=own.groupby("patient_id").cumcount() + 1)
    wide = numbered.pivot(index="patient_id", columns="place", values=list(keys))
    wide.columns = [f"{name}{place} {key}" for key, place in wide.columns]
    return wide
