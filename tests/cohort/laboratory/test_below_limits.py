"""Numbers below a limit that hardly is theirs; each case is one row of one patient, or of two."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


def read(study, *rows):
    """Read rows of analyte, value, unit and, where there is one, the limit."""
    columns = ["analyte", "value", "unit", "lower_limit"]
    labs = pd.DataFrame([[*row, *[None] * (4 - len(row))] for row in rows], columns=columns)
    if labs["lower_limit"].isna().all():
        labs = labs.drop(columns="lower_limit")
    labs = labs.assign(patient_id="1", week=[str(number) for number in range(len(labs))])
    return rm.make_cohort(patients=pd.DataFrame({"patient_id": ["1"]}), labs=labs, study=study)


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "least"),
    [
        ("hbcrag", "3.4", "U/mL", "100 U/mL"),  # a logarithm under the name of the amount: 10^2
        ("hbcrag", "0.05", "kU/mL", "0.1 kU/mL"),
        ("hbsag", "12", "mIU/mL", "50 mIU/mL"),  # 12 IU/mL would be far above the limit of 0.05
    ],
)
def test_another_unit_makes_no_number_one_below_the_limit(study, analyte, value, unit, least):
    with pytest.raises(CohortError) as refusal:
        read(study, (analyte, value, unit))
    (problem,) = map(str, refusal.value.problems)
    assert f"'{value} {unit}'; expected {least} or more" in problem
    assert "Is it in " in problem


@pytest.mark.parametrize(
    "row",
    [
        ("hbcrag", "340", "U/mL"),  # above the limit
        ("hbcrag", "<100", "U/mL"),  # printed as below it
        ("hbcrag", "1.5", "log10 U/mL"),  # in the analyte's own unit
        ("hbcrag", "0", "U/mL"),  # nothing, in any unit
        ("hbsag", "-1.5", "log10 IU/mL"),  # the logarithm of its own unit
        ("hbsag", "0.02", "IU/mL"),
        ("hbsag", "12", "mIU/mL", "0.5"),  # a sensitive assay, which says so
        ("hbv_dna", "1.0", "log10 IU/mL"),
    ],
)
def test_what_says_what_it_is_is_read(study, row):
    assert read(study, row).labs["value"].tolist() == [row[1]]


def test_a_limit_above_every_number_is_another_limit(study):
    """250 IU/mL is how far the assay goes up; two numbers of two lie below it."""
    with pytest.raises(CohortError) as refusal:
        read(study, ("hbsag", "0.3", "IU/mL", "250"), ("hbsag", "0.02", "IU/mL", "250"))
    assert len(refusal.value.problems) == 2
    assert "column 'lower_limit': '250 IU/mL'" in str(refusal.value.problems[0])


@pytest.mark.parametrize(
    "rows",
    [
        [("hbsag", "0.02", "IU/mL", "0.05")],  # the study's own limit
        [("hbsag", "0.1", "IU/mL", "0.125"), ("hbsag", "0.9", "IU/mL", "0.125")],  # a number is above it
        [("hbsag", "<0.125", "IU/mL", "0.125")],  # no number
    ],
)
def test_a_limit_that_fits_is_read(study, rows):
    assert len(read(study, *rows).labs) == len(rows)


def test_a_study_that_does_not_say_what_is_possible_reads_what_it_read_before(study, tmp_path):
    """Studies inside models of before do not state it."""
    text = rm.load_study("hbsag-relapse").text
    lines = [line for line in text.splitlines() if not line.startswith("possible = ")]
    old = tmp_path / "old.toml"
    old.write_text("\n".join(lines), encoding="utf-8")
    assert read(rm.load_study(old), ("hbcrag", "3.4", "U/mL")).labs["value"].tolist() == ["3.4"]
