"""Ten faults that a hospital's data bring and nothing refuses: `check` lists each of them by name.

One simulated cohort of 132, one fault at a time, and all of them together at the end. What is asked of the account that
`relapse-model check` prints is the code of a check and the name of what is wrong. A fault that is refused by name is as
good: then the message of the refusal is the account.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.report.cohort_check import check_report
from relapse_model.study.reader import parse_study

Tables = dict[str, pd.DataFrame]
Fault = Callable[[Tables, rm.Cohort], Tables]
ENROLLED = pd.Timestamp("2024-03-04")
LEAK = '\n[[predictors]]\nname = "marker"\nlabel = "Marker"\nkind = "column"\ncolumn = "marker"\n'
OWN = {"the leak": LEAK}  # what the study must name for the fault to matter


def _after(table: pd.DataFrame, wanted: pd.Series, columns: dict[str, object]) -> pd.DataFrame:
    changed = table.copy()
    for name, value in columns.items():
        changed.loc[wanted, name] = value
    return changed


def drug_names(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Write peginterferon by a name that no study has: nobody was ever treated, as far as a count can see."""
    table = tables["treatments"]
    return tables | {"treatments": table.assign(agent=table["agent"].replace({"pegifn": "Peg-Intron X"}))}


def history_cut_off(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Take away what was measured before enrolment: the loss of HBsAg was seen in nobody."""
    patients = tables["patients"].drop(columns="consolidation_weeks")
    return tables | {"labs": tables["labs"].query("week >= 0"), "patients": patients}


def duplicated_results(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Send one analyte twice under new numbers of the rows, as an interface does that is started again."""
    labs = tables["labs"]
    twice = pd.concat([labs, labs[labs["analyte"] == "anti_hbs"]], ignore_index=True)
    return tables | {"labs": twice.assign(row_id=np.arange(len(twice)))}


def wrong_year(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Write 2042 for 2024 on the results of some: weeks that no study has."""
    labs = tables["labs"]
    some = labs["patient_id"].isin(cohort.patient_ids[:6]) & (labs["week"] > 12)
    return tables | {"labs": _after(labs, some, {"week": labs["week"] + 18 * 52})}


def units_in_a_column(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Print a unit beside the numbers of a column of the patients table, which nothing converts."""
    column = "hbsag_before_treatment_iu_ml"
    stated = [f"{value} mg/L" if place < 30 else value for place, value in enumerate(tables["patients"][column])]
    return tables | {"patients": tables["patients"].assign(**{column: stated})}


def the_leak(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Add a column that holds the time to the relapse, or to the last contact, in days."""
    week = rm.derive_outcome(cohort, rm.load_study("hbsag-relapse"))["time_week"].to_numpy()
    return tables | {"patients": tables["patients"].assign(marker=np.round(7 * week))}


def hbcrag_missing(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Leave two patients with HBcrAg, which most hospitals do not measure."""
    labs = tables["labs"]
    kept = labs["patient_id"].isin(cohort.patient_ids[:2]) | (labs["analyte"] != "hbcrag")
    return tables | {"labs": labs[kept]}


def one_centre_codes_a_drug_otherwise(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Let one centre write its own code of the hospital's pharmacy for an analogue."""
    patients = tables["patients"].drop(columns="prior_nuc", errors="ignore")
    there = tables["treatments"]["patient_id"].isin(patients.loc[patients["centre"] == "centre-2", "patient_id"])
    analogue = there & tables["treatments"]["agent"].isin(["nuc", "entecavir", "tenofovir"])
    treatments = _after(tables["treatments"], analogue, {"agent": "PH-00417"})
    return tables | {"treatments": treatments, "patients": patients}


def never_cleared(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Add six patients in whom HBsAg was never lost."""
    labs = tables["labs"]
    hbsag = labs["patient_id"].isin(cohort.patient_ids[:6]) & (labs["analyte"] == "hbsag")
    return tables | {"labs": _after(labs, hbsag, {"value": "480"})}


def time_zone(tables: Tables, cohort: rm.Cohort) -> Tables:
    """Send the days of the results as moments of Greenwich: an early morning in Shanghai is the day before."""
    labs = tables["labs"].query("week == week.round()").copy()
    local = ENROLLED + pd.to_timedelta(7 * labs["week"] * 24 + 7.5, unit="h")
    labs["date"] = local.dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    patients = tables["patients"].assign(enrolment_date=ENROLLED.strftime("%Y-%m-%d"))
    return tables | {"labs": labs.drop(columns="week"), "patients": patients}


FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    # what is planted: the function, and what the account must hold: the code, where a check names it, and the name
    "drug names": (drug_names, ("Peg-Intron X", "[agents.NAME]")),
    "history cut off": (history_cut_off, ("RM123", "HBsAg")),
    "duplicated results": (duplicated_results, ("RM121", "Anti-HBs")),
    "wrong year": (wrong_year, ("RM121",)),
    "units in a column": (units_in_a_column, ("hbsag_before_treatment_iu_ml", "mg/L")),
    "the leak": (the_leak, ("RM114 error", "Marker")),
    "HBcrAg missing": (hbcrag_missing, ("RM118", "HBcrAg")),
    "one centre codes a drug otherwise": (
        one_centre_codes_a_drug_otherwise,
        ("RM126", "Prior nucleos(t)ide analogue", "centre-2"),
    ),
    "never cleared": (never_cleared, ("RM120",)),
    "time zone": (time_zone, ("[time] zone", "Asia/Shanghai")),
}


def account(tables: Tables, added: str = "") -> str:
    """Return what a user reads of a cohort: the account of `check`, or why it is refused."""
    study = parse_study(rm.load_study("hbsag-relapse").text + added, "study.toml")
    try:
        return check_report(rm.make_cohort(**tables, study=study), study)
    except rm.RelapseModelError as refusal:
        return str(refusal)


def tables_of(cohort: rm.Cohort) -> Tables:
    return {name: table.copy() for name, table in cohort.tables().items()}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named(name, cohort):
    plant, expected = FAULTS[name]
    stated = account(plant(tables_of(cohort), cohort), OWN.get(name, ""))
    assert [part for part in expected if part not in stated] == []


def test_the_sound_cohort_is_accused_of_none_of_them(cohort):
    """Else a test above could not fail: the codes stand in no account of the cohort as it was."""
    stated = account(tables_of(cohort))
    lines = [line for line in stated.splitlines() if line.strip().startswith("RM")]
    codes = {expected[0].split()[0] for _, expected in FAULTS.values() if expected[0].startswith("RM")}
    assert codes - {"RM121"}  # several different ones are asked for
    assert [line for line in lines if line.split()[0] in codes] == []
    assert not any(part in stated for part in ("Peg-Intron X", "PH-00417", "mg/L", "[time] zone"))


def test_all_faults_in_one_cohort_are_named_together(cohort):
    """What is refused is reported first, all of it at once; then `check` tells the others at once."""
    planted = dict(FAULTS)
    while planted:
        tables = tables_of(cohort)
        for plant, _ in planted.values():
            tables = plant(tables, cohort)
        stated = account(tables, LEAK if "the leak" in planted else "")
        silent = {name: one for name, one in planted.items() if any(part not in stated for part in one[1])}
        assert len(silent) < len(planted), f"nothing names {', '.join(silent)}"
        planted = silent
