"""A cohort written as spreadsheets and read back: the same tables, the same scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from spreadsheet_files import write_long, write_wide

import relapse_model as rm
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.read import read_excel

KEYS = {"labs": ["patient", "analyte", "week", "value"], "treatments": ["patient", "agent", "start_week"]}


def in_order(table: pd.DataFrame, columns: list[str], name: str) -> pd.DataFrame:
    """Sort a table, since a wide sheet has its results by visit; numbers and gaps as the gate has them."""
    rows = table[columns].assign(value=table["value"].astype(str)) if "value" in columns else table[columns]
    return rows.sort_values(KEYS[name], kind="stable").reset_index(drop=True)


@pytest.mark.parametrize("write", [write_long, write_wide])
def test_a_cohort_comes_back_the_same(write, tmp_path, root):
    cohort = rm.simulate_cohort(40, 3)
    mapping = parse_mapping(write(cohort, tmp_path / "cohort.xlsx"), "map.toml", "excel")
    back = read_excel(tmp_path / "cohort.xlsx", mapping)
    columns = list(cohort.patients)
    printed = back.patients["hbsag_before_treatment_iu_ml"].astype(float)  # kept as printed, like a result
    patients = back.patients[columns].assign(hbsag_before_treatment_iu_ml=printed)
    pd.testing.assert_frame_equal(patients, pd.DataFrame(cohort.patients), check_dtype=False)
    for name in ("labs", "treatments"):
        own = getattr(cohort, name)
        ours = in_order(own, list(own), name)
        pd.testing.assert_frame_equal(in_order(getattr(back, name), list(own), name), ours, check_dtype=False)
    model = rm.load_model(root / "models" / "hbsag_relapse.rmodel")
    ours, theirs = (model.score(one).select_dtypes("number") for one in (cohort, back))
    assert list(ours) == list(theirs)
    np.testing.assert_allclose(theirs.to_numpy(float), ours.to_numpy(float), rtol=0, atol=1e-12)
    assert ours["relapse_risk"].notna().sum() > 20
