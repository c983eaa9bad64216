"""The cohort: what it prints, what it gives back, and how it is written."""

from __future__ import annotations

import os
import tempfile
from dataclasses import FrozenInstanceError
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort.cohort import SYNTHETIC_FILE
from relapse_model.errors import CohortError, RelapseModelError
from relapse_model.files import write_bytes, write_csv

SECRETS = ["ZHANG-SAN-1985", "李四", "007"]


def small(**optional):
    patients = pd.DataFrame({"patient_id": SECRETS, "sex": ["M", "F", None], "note": ["a", "", "c,d"]})
    labs = pd.DataFrame(
        {
            "patient_id": ["李四", "ZHANG-SAN-1985", "李四"],
            "week": [0, 4.5, -2],
            "analyte": ["anti_hbs", "anti_hbs", "hbsag"],
            "value": ["<10", "118", "阴性"],
            "unit": ["mIU/mL", "mIU/mL", None],
        }
    )
    return rm.make_cohort(patients, labs, **optional)


TREATMENTS = pd.DataFrame({"patient_id": ["007", "李四"], "agent": ["hbig", "pegifn"], "start_week": [0, -48]})
OUTCOMES = pd.DataFrame({"patient_id": ["007"], "relapse": [1], "week": [12]})


def test_a_cohort_prints_sizes_and_nobody():
    cohort = small(treatments=TREATMENTS, outcomes=OUTCOMES, synthetic=True)
    assert repr(cohort) == str(cohort) == "Cohort(3 patients, 3 labs, 2 treatments, synthetic)"
    assert repr(small()) == "Cohort(3 patients, 3 labs)"
    assert not any(secret in repr(cohort) for secret in SECRETS)
    assert len(cohort) == 3
    assert cohort.patient_ids.tolist() == SECRETS
    assert cohort.patient_ids.name == "patient_id"


def test_a_cohort_cannot_be_changed_by_name_or_hashed():
    cohort = small()
    with pytest.raises(FrozenInstanceError):
        cohort.labs = None
    with pytest.raises(TypeError, match="unhashable"):
        hash(cohort)


def test_a_table_that_is_not_there_stays_away():
    assert set(small().tables()) == {"patients", "labs"}
    assert small().treatments is None
    assert set(small(treatments=TREATMENTS).tables()) == {"patients", "labs", "treatments"}


def test_tables_come_back_as_make_cohort_takes_them():
    cohort = small(treatments=TREATMENTS, outcomes=OUTCOMES)
    tables = cohort.tables()
    assert tables["labs"].columns.tolist() == ["patient_id", "week", "analyte", "value", "unit"]
    assert tables["labs"]["patient_id"].tolist() == ["李四", "ZHANG-SAN-1985", "李四"]
    assert tables["labs"]["value"].tolist() == ["<10", "118", "阴性"]  # exactly as printed
    assert tables["treatments"]["patient_id"].tolist() == ["007", "李四"]
    again = rm.make_cohort(**tables)
    assert again == cohort
    pd.testing.assert_frame_equal(again.labs, cohort.labs)


def test_extra_columns_with_the_names_of_read_ones_survive_in_other_tables():
    # "kind" and "lower" are ours in labs only.
    treatments = TREATMENTS.assign(kind=["IM", "SC"], lower=["x", "y"])
    tables = small(treatments=treatments).tables()
    assert tables["treatments"]["kind"].tolist() == ["IM", "SC"]
    assert tables["treatments"]["lower"].tolist() == ["x", "y"]


def test_take_is_by_position_and_everything_follows():
    taken = small(treatments=TREATMENTS, outcomes=OUTCOMES).take(np.array([2, 1]))
    assert taken.patient_ids.tolist() == ["007", "李四"]
    assert taken.labs["patient"].tolist() == [1, 1]  # 李四 is now the second
    assert taken.labs["value"].tolist() == ["<10", "阴性"]
    assert taken.treatments["patient"].tolist() == [0, 1]
    assert taken.outcomes["patient"].tolist() == [0]
    assert taken.labs.index.tolist() == [0, 1]
    assert taken.tables()["labs"]["patient_id"].tolist() == ["李四", "李四"]


def test_take_of_nobody_and_of_everybody():
    cohort = small(treatments=TREATMENTS, outcomes=OUTCOMES, synthetic=True)
    nobody = cohort.take(np.array([], dtype=int))
    assert repr(nobody) == "Cohort(0 patients, 0 labs, 0 treatments, synthetic)"
    assert len(nobody.outcomes) == 0
    assert cohort.take(np.arange(3)) == cohort
    assert small().take(np.array([0])).treatments is None


def test_take_refuses_the_same_patient_twice_and_leaves_the_cohort_alone():
    cohort, before = small(), small()
    with pytest.raises(RelapseModelError, match="a position came twice"):
        cohort.take(np.array([0, 0]))
    cohort.take(np.array([1]))
    assert cohort == before


@pytest.mark.parametrize(
    "other",
    [
        lambda: small(treatments=TREATMENTS),
        lambda: small(synthetic=True),
        lambda: small().take(np.array([1, 0, 2])),
        lambda: "Cohort(3 patients, 3 labs)",
    ],
)
def test_another_cohort_is_not_equal(other):
    assert small() == small()
    assert small() != other()


# ------------------------------------------------------------------------------------------------ writing


def test_a_folder_is_made_and_read_back(tmp_path):
    cohort = small(treatments=TREATMENTS, outcomes=OUTCOMES, synthetic=True)
    cohort.write(tmp_path / "new" / "folder")
    names = sorted(file.name for file in (tmp_path / "new" / "folder").iterdir())
    assert names == ["SYNTHETIC.txt", "labs.csv", "outcomes.csv", "patients.csv", "treatments.csv"]
    assert rm.read_cohort(tmp_path / "new" / "folder") == cohort
    assert (tmp_path / "new" / "folder" / "labs.csv").read_text(encoding="utf-8") == (
        "patient_id,week,analyte,value,unit\n"
        "李四,0.0,anti_hbs,<10,mIU/mL\n"
        "ZHANG-SAN-1985,4.5,anti_hbs,118,mIU/mL\n"
        "李四,-2.0,hbsag,阴性,\n"
    )


def test_whole_numbers_are_written_without_a_point(tmp_path):
    small(treatments=TREATMENTS).write(tmp_path)
    assert (tmp_path / "treatments.csv").read_text(encoding="utf-8").split("\n")[1] == "007,hbig,0"


def test_writing_again_over_the_same_cohort_is_allowed(tmp_path):
    small(treatments=TREATMENTS).write(tmp_path)
    small(treatments=TREATMENTS).take(np.array([0])).write(tmp_path)
    assert len(rm.read_cohort(tmp_path)) == 1


@pytest.mark.parametrize("stale", ["treatments.csv", "outcomes.parquet", "labs.parquet", SYNTHETIC_FILE])
def test_a_file_of_another_cohort_would_be_read_as_part_of_this_one(tmp_path, stale):
    (tmp_path / stale).write_text("x", encoding="utf-8")
    with pytest.raises(CohortError, match=f"{stale}: a file of another cohort"):
        small().write(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [stale]  # nothing was written


@pytest.mark.parametrize("broken", ["replace", "fsync", "chmod"])
def test_a_failure_in_the_middle_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, broken):
    small().write(tmp_path)
    old = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def fail(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="disk full"):
        small().take(np.array([0])).write(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == old


def test_an_interrupted_write_of_a_new_file_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(b"x", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_text_with_every_mark_that_csv_knows_survives(tmp_path):
    hard = ["a,b", 'say "no"', "two\nlines", "old\rmac", "dos\r\nline", " led ", "'", "", "\u2028", "=1+1"]
    table = pd.DataFrame({"patient_id": [f"p{n}" for n in range(len(hard))], "note": hard})
    empty = pd.DataFrame(columns=["patient_id", "week", "analyte", "value", "unit"])
    cohort = rm.make_cohort(table, empty)
    cohort.write(tmp_path)
    assert rm.read_cohort(tmp_path).patients["note"].tolist() == hard


def test_write_csv_quotes_only_what_needs_it(tmp_path):
    write_csv(pd.DataFrame({"a": ["x", "y,z"], "b": [1.5, None]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b'a,b\nx,1.5\n"y,z",\n'


# --------------------------------------------------------------------- what is written is what is read again

LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf"))
NAMES = st.text(LETTERS, min_size=1, max_size=8).map(str.strip).filter(bool) | st.sampled_from(SECRETS)
NOTES = st.text(LETTERS | st.sampled_from('\n\r",;'), max_size=8)
WEEKS = st.integers(-400, 400).map(lambda quarter: quarter / 4)
AGES = st.none() | st.floats(18, 90)  # what is dated before a birth is refused
MAYBE = st.none() | st.floats(0, 100)
RESULTS = st.sampled_from(["<10", "＜0.05", "118", ">1000", "negative", "阳性", "未做", "", "0.00", "1.30E+01", "(-)"])


@st.composite
def tables(draw):
    ids = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    many = len(ids)
    patients = pd.DataFrame(
        {
            "patient_id": ids,
            "sex": draw(st.lists(st.sampled_from(["F", "M", "", "NA"]), min_size=many, max_size=many)),
            "age_years": draw(st.lists(AGES, min_size=many, max_size=many)),
            "prior_nuc": draw(st.lists(st.sampled_from([0, 1, None]), min_size=many, max_size=many)),
            "note": draw(st.lists(NOTES, min_size=many, max_size=many)),
        }
    )
    result = st.tuples(st.sampled_from(ids), WEEKS, st.sampled_from(["anti_hbs", "alt"]), RESULTS, MAYBE, NOTES)
    rows = draw(st.lists(result, max_size=8, unique_by=lambda row: row[:3]))
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "analyte", "value", "lower_limit", "note"])
    found = {"patients": patients, "labs": labs.assign(unit="mIU/mL")}
    if draw(st.booleans()):
        course = st.tuples(st.sampled_from(ids), st.sampled_from(["hbig", "pegifn"]), WEEKS, MAYBE)
        rows = draw(st.lists(course, max_size=5, unique_by=lambda row: row[:3]))
        found["treatments"] = pd.DataFrame(rows, columns=["patient_id", "agent", "start_week", "dose"])
    if draw(st.booleans()):
        rows = draw(st.lists(st.tuples(st.sampled_from(ids), st.booleans(), WEEKS), unique_by=lambda row: row[0]))
        found["outcomes"] = pd.DataFrame(rows, columns=["patient_id", "relapse", "week"])
    return found


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.booleans(), st.randoms(use_true_random=False))
def test_a_written_cohort_is_the_same_cohort(found, synthetic, random):
    cohort = rm.make_cohort(**found, synthetic=synthetic)
    some = random.sample(range(len(cohort)), random.randint(1, len(cohort)))
    for version in (cohort, cohort.take(np.array(some))):
        with tempfile.TemporaryDirectory() as folder, mock.patch("os.fsync"):  # it takes most of the time here
            version.write(folder)
            again = rm.read_cohort(folder)
        assert again == version
        assert (again.problems, len(again.rejected)) == ((), 0)
        for name in ("patients", "labs", "treatments", "outcomes"):
            ours, theirs = getattr(version, name), getattr(again, name)
            assert (ours is None) == (theirs is None)
            if ours is not None:
                both = [table.astype(object).where(table.notna(), None) for table in (ours, theirs)]
                notes = [table.pop("note") for table in both if "note" in table]
                pd.testing.assert_frame_equal(*both, check_dtype=False)
                assert not notes or notes[0].tolist() == notes[1].tolist()


@settings(deadline=None, max_examples=10)
@given(tables(), st.data())
def test_what_is_taken_keeps_its_rows_and_loses_none(found, data):
    cohort = rm.make_cohort(**found)
    assume(len(cohort) > 1)
    order = data.draw(st.permutations(range(len(cohort))))
    cut = data.draw(st.integers(0, len(order)))
    first, second = cohort.take(np.array(order[:cut], dtype=int)), cohort.take(np.array(order[cut:], dtype=int))
    assert len(first) + len(second) == len(cohort)
    assert len(first.labs) + len(second.labs) == len(cohort.labs)
    whole = cohort.tables()["labs"]
    for part in (first, second):
        mine = whole[whole["patient_id"].isin(part.patient_ids)].reset_index(drop=True)
        pd.testing.assert_frame_equal(part.tables()["labs"], mine, check_dtype=False)


def test_a_cohort_comes_through_a_path_or_a_text(tmp_path):
    small().write(str(tmp_path))
    assert rm.read_cohort(str(tmp_path)) == rm.read_cohort(Path(tmp_path)) == small()
