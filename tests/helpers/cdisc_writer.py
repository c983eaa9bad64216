"""Data sets written as CDISC transports them: small ones for tests, and a cohort as SDTM."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from whole_days import ENROLLED, day

MAPPING = """
[mapping]
protocol = 1
kind = "cdisc"
study = "hbsag-relapse"
[time]
zero = {{ field = "RFSTDTC" }}
[patients]
id = "USUBJID"
{columns}
[[labs]]
analyte = {{ field = "LBTEST" }}
assay = {{ field = "LBMETHOD" }}
[[treatments]]
agent = {{ field = "EXTRT" }}
source = "EX"
dose = "EXDOSE"
unit = {{ field = "EXDOSU" }}
"""


def write_xpt(path: Path, name: str, rows: list[dict] | pd.DataFrame, version: int = 5, **formats: str) -> Path:
    """Write a transport file; numbers stay numbers, everything else is text."""
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    pyreadstat.write_xport(
        frame, str(path), table_name=name, file_format_version=version, variable_format=formats or None
    )  # fmt: skip
    return path


def write_json(path: Path, name: str, rows: list[dict] | pd.DataFrame) -> Path:
    """Write Dataset-JSON 1.1, as one document or, for ``.ndjson``, as lines."""
    frame = pd.DataFrame(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [{"itemOID": f"IT.{name}.{one}", "name": one, "label": one, "dataType": "string"} for one in frame]
    head = {"datasetJSONVersion": "1.1.0", "itemGroupOID": f"IG.{name}", "records": len(frame), "name": name,
            "label": name, "columns": columns}  # fmt: skip
    values = [[None if pd.isna(cell) else cell for cell in row] for row in frame.astype(object).to_numpy().tolist()]
    if path.suffix == ".ndjson":
        path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in [head, *values]), encoding="utf-8")
    else:
        path.write_text(json.dumps({**head, "rows": values}, ensure_ascii=False), encoding="utf-8")
    return path


def text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def sdtm_of(cohort) -> tuple[dict[str, pd.DataFrame], str]:
    """Return DM, LB and EX of a cohort, and the mapping that reads them."""
    tables = cohort.tables()
    patients = tables["patients"]
    plain = [name for name in patients if name != "patient_id"]
    short = {name: f"V{number:02d}" for number, name in enumerate(plain)}
    dm = pd.DataFrame({"STUDYID": "S", "DOMAIN": "DM", "USUBJID": patients["patient_id"].astype(str),
                       "RFSTDTC": str(ENROLLED.date()), "ARMCD": "A"}).astype(object)  # fmt: skip
    for name, variable in short.items():
        dm[variable] = patients[name].map(text).astype(object)
    labs = tables["labs"]
    lb = pd.DataFrame({
        "DOMAIN": "LB", "USUBJID": labs["patient_id"].astype(str), "LBTESTCD": labs["analyte"].str[:8].str.upper(),
        "LBTEST": labs["analyte"], "LBORRES": labs["value"].map(text), "LBORRESU": labs["unit"].map(text),
        "LBMETHOD": labs["assay"].map(text), "LBDTC": labs["week"].map(day),
        "LBLLOQ": labs["lower_limit"].astype(float), "LBULOQ": labs["upper_limit"].astype(float),
    })  # fmt: skip
    given = tables["treatments"]
    ex = pd.DataFrame({
        "DOMAIN": "EX", "USUBJID": given["patient_id"].astype(str), "EXTRT": given["agent"],
        "EXDOSE": given["dose"].astype(float), "EXDOSU": given["unit"].map(text),
        "EXSTDTC": given["start_week"].map(day),
        "EXENDTC": [("" if pd.isna(week) else day(week)) for week in given["end_week"]],
    })  # fmt: skip
    columns = "\n".join(f'{name} = "{variable}"' for name, variable in short.items())
    plain_text = {name: one.astype({key: object for key in one if one[key].dtype != float}) for name, one in
                  {"DM": dm, "LB": lb, "EX": ex}.items()}  # fmt: skip
    return plain_text, MAPPING.format(columns=columns)


def write_sdtm(cohort, folder: Path, form: str) -> tuple[Path, Path]:
    """Write a cohort as SDTM: ``"xpt5"``, ``"xpt8"``, ``"json"`` or ``"ndjson"``; return folder and mapping."""
    frames, mapping = sdtm_of(cohort)
    for name, frame in frames.items():
        if form.startswith("xpt"):
            write_xpt(folder / f"{name.lower()}.xpt", name, frame, int(form[-1]))
        else:
            write_json(folder / f"{name.lower()}.{form}", name, frame)
    (folder / "map.toml").write_text(mapping, encoding="utf-8")
    return folder, folder / "map.toml"
