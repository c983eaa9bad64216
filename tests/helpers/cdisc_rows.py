"""Small CDISC data sets written row by row, and read with a mapping."""

from __future__ import annotations

import pytest
from cdisc_writer import write_xpt

from relapse_model.cohort.readers.cdisc.read import read_cdisc
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.errors import CohortError, SourceError

HEAD = '[mapping]\nprotocol = 1\nkind = "cdisc"\n'
TIME = '[time]\nzero = { field = "RFSTDTC" }\n'
PATIENTS = '[patients]\nid = "USUBJID"\n'
LABS = '[[labs]]\nanalyte = "anti_hbs"\ncodes = ["HBSAB"]\n'
MAPPING = HEAD + TIME + PATIENTS + LABS

DM = [
    {"DOMAIN": "DM", "USUBJID": "S-1", "ARMCD": "A", "ARM": "HBIG", "SEX": "F", "AGE": 40.0, "AGEU": "YEARS",
     "RFSTDTC": "2024-01-01"},
    {"DOMAIN": "DM", "USUBJID": "S-2", "ARMCD": "B", "ARM": "Control", "SEX": "M", "AGE": 50.0, "AGEU": "YEARS",
     "RFSTDTC": "2024-02-05"},
    {"DOMAIN": "DM", "USUBJID": "S-3", "ARMCD": "SCRNFAIL", "ARM": "Screen Failure", "SEX": "U", "AGE": 60.0,
     "AGEU": "YEARS", "RFSTDTC": ""},
]  # fmt: skip


def lb(subject="S-1", code="HBSAB", result="<10", unit="mIU/mL", date="2024-01-08", **more):
    return {
        "DOMAIN": "LB", "USUBJID": subject, "LBTESTCD": code, "LBTEST": code, "LBORRES": result, "LBORRESU": unit,
        "LBDTC": date, **more,
    }  # fmt: skip


LB = [lb(), lb("S-2", result="120", date="2024-02-12T08:30"), lb("S-3", date="2024-01-01")]


def read(folder, mapping=MAPPING, *, study=None, on_problems="raise", **sets):
    """Write the data sets given by name, DM unless another is, and read them."""
    for name, rows in ({"dm": DM} | sets).items():
        if rows:
            write_xpt(folder / f"{name}.xpt", name.upper(), rows)
    return read_cdisc(folder, parse_mapping(mapping, "map.toml", "cdisc"), study=study, on_problems=on_problems)


def refused(folder, mapping=MAPPING, **parts) -> str:
    with pytest.raises((SourceError, CohortError)) as refusal:
        read(folder, mapping, **parts)
    return str(refusal.value)


def ex(subject="S-1", drug="HBIG", dose=400.0, start="2024-01-01", end="2024-01-01"):
    return {"DOMAIN": "EX", "USUBJID": subject, "EXTRT": drug, "EXDOSE": dose, "EXDOSU": "IU", "EXSTDTC": start,
            "EXENDTC": end}  # fmt: skip


def cm(subject="S-1", drug="ENTECAVIR", said="Baraclude", start="2020-01-01", end="", **more):
    return {
        "DOMAIN": "CM",
        "USUBJID": subject,
        "CMTRT": said,
        "CMDECOD": drug,
        "CMSTDTC": start,
        "CMENDTC": end,
        **more,
    }
