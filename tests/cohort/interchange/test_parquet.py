"""A cohort written as Parquet reads back as the cohort that it was."""

from __future__ import annotations

import pytest

import relapse_model as rm


def test_a_cohort_written_as_parquet_is_the_same_cohort(tmp_path):
    cohort = rm.simulate_cohort(30, 4)
    cohort.write(tmp_path, "parquet")
    names = {"labs.parquet", "patients.parquet", "treatments.parquet", "SYNTHETIC.txt", "truth.csv"}
    assert {file.name for file in tmp_path.iterdir()} == names
    assert rm.read_cohort(tmp_path) == cohort


def test_a_folder_never_holds_one_table_in_two_forms(tmp_path):
    cohort = rm.simulate_cohort(30, 4)
    cohort.write(tmp_path, "csv")
    with pytest.raises(rm.RelapseModelError, match="a file of another cohort"):
        cohort.write(tmp_path, "parquet")
