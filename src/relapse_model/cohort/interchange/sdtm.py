"""A cohort as data sets in the form of CDISC SDTM: DM, LB, EX, AE, as CSV."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats
from relapse_model.cohort.cohort import Cohort, as_integers
from relapse_model.comparisons import DAYS_PER_WEEK
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_csv
from relapse_model.study.study import Study

_DM = {"arm": "ARM", "age_years": "AGE", "sex": "SEX", "centre": "SITEID", "enrolment_date": "RFSTDTC"}
_CODE_LENGTH = 8  # of a test code in SDTM


def study_day(weeks: Floats) -> Floats:
    """Return the study day of SDTM, which has no day 0: the day of enrolment is day 1, the day before it day -1.

    Parameters
    ----------
    weeks : array of float
        Since enrolment; a part of a day belongs to the day in which it lies.

    Examples
    --------
    >>> study_day(np.array([0.0, 1.0, -1 / 7, 0.5])).tolist()
    [1.0, 8.0, -1.0, 4.0]
    """
    days = np.floor(np.round(weeks * DAYS_PER_WEEK, 6))
    return np.where(days >= 0, days + 1, days)


def codes_of_tests(analytes: list[str], study: Study | None) -> dict[str, str]:
    """Return the test code of each analyte: the study's, else its name in capitals.

    Parameters
    ----------
    analytes : list of str
    study : Study or None

    Raises
    ------
    RelapseModelError
        If two analytes would have one code.
    """
    known = {} if study is None else study.analytes
    codes = {
        name: known[name].sdtm
        if name in known and known[name].sdtm
        else re.sub(r"[^A-Z0-9]", "", name.upper())[:_CODE_LENGTH]
        for name in analytes
    }
    doubled = sorted(name for name, code in codes.items() if list(codes.values()).count(code) > 1 or not code)
    if doubled:
        raise RelapseModelError(
            f"analytes {', '.join(doubled)}: no test code of {_CODE_LENGTH} letters of their own; expected one for "
            "each. State it in the study: sdtm = ... under [analytes.NAME]."
        )
    return codes


def write_sdtm(cohort: Cohort, folder: str | Path, study: Study | None = None) -> list[Path]:
    """Write the data sets DM, LB and, where there are such tables, EX and AE.

    What SDTM has no variable for keeps its name. Results stand as they were printed (``LBORRES``). Days are whole in
    SDTM; the column ``WEEK`` keeps the time since enrolment in full.

    Parameters
    ----------
    cohort : Cohort
    folder : str or Path
        Made if it does not exist.
    study : Study, optional
        Whose test codes and labels are used.

    Returns
    -------
    list of Path

    Raises
    ------
    RelapseModelError
        If two analytes would have one test code.
    """
    tables = cohort.tables()
    named = "" if study is None else study.name
    sets = {"DM": _demographics(tables["patients"], named), "LB": _laboratory(tables["labs"], study, named)}
    if "treatments" in tables:
        sets["EX"] = _exposure(tables["treatments"], named)
    if "adverse_events" in tables:
        sets["AE"] = _adverse_events(tables["adverse_events"], named)
    written = []
    for name, table in sets.items():
        path = Path(folder) / f"{name.lower()}.csv"
        write_csv(table.apply(as_integers), path, private=not cohort.synthetic, exact=True)
        written.append(path)
    return written


def _demographics(patients: pd.DataFrame, study: str) -> pd.DataFrame:
    head = pd.DataFrame({"STUDYID": study, "DOMAIN": "DM", "USUBJID": patients["patient_id"]})
    rest = patients.drop(columns="patient_id").rename(columns=_DM)
    return pd.concat([head, rest], axis=1)


def _sequence(ids: pd.Series) -> pd.Series:
    return ids.groupby(ids, sort=False).cumcount() + 1


def _laboratory(labs: pd.DataFrame, study: Study | None, name: str) -> pd.DataFrame:
    codes = codes_of_tests(sorted(labs["analyte"].unique()), study)
    known = {} if study is None else study.analytes
    labels = {analyte: known[analyte].label if analyte in known else analyte for analyte in codes}
    weeks = labs["week"].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "STUDYID": name,
            "DOMAIN": "LB",
            "USUBJID": labs["patient_id"],
            "LBSEQ": _sequence(labs["patient_id"]),
            "LBTESTCD": labs["analyte"].map(codes),
            "LBTEST": labs["analyte"].map(labels),
            "LBORRES": labs["value"],
            "LBORRESU": labs["unit"],
            "LBDY": study_day(weeks).astype(int),
            "WEEK": weeks,
        }
    )
    used = ("patient_id", "analyte", "value", "unit", "week")
    return pd.concat([table, labs.drop(columns=list(used))], axis=1)


def _exposure(treatments: pd.DataFrame, study: str) -> pd.DataFrame:
    start = treatments["start_week"].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "STUDYID": study,
            "DOMAIN": "EX",
            "USUBJID": treatments["patient_id"],
            "EXSEQ": _sequence(treatments["patient_id"]),
            "EXTRT": treatments["agent"],
            "EXSTDY": study_day(start).astype(int),
            "START_WEEK": start,
        }
    )
    named = {"dose": "EXDOSE", "unit": "EXDOSU", "end_week": "END_WEEK"}
    rest = treatments.drop(columns=["patient_id", "agent", "start_week"]).rename(columns=named)
    return pd.concat([table, rest], axis=1)


def _adverse_events(events: pd.DataFrame, study: str) -> pd.DataFrame:
    weeks = events["week"].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "STUDYID": study,
            "DOMAIN": "AE",
            "USUBJID": events["patient_id"],
            "AESEQ": _sequence(events["patient_id"]),
            "AETERM": events["term"],
            "AESTDY": study_day(weeks).astype(int),
            "WEEK": weeks,
        }
    )
    for column, variable in (("serious", "AESER"), ("related", "AEREL")):
        if column in events:
            table[variable] = events[column].map({1.0: "Y", 0.0: "N"})
    used = ["patient_id", "term", "week", "serious", "related"]
    rest = events.drop(columns=used, errors="ignore").rename(columns={"grade": "AETOXGR"})
    return pd.concat([table, rest], axis=1)
