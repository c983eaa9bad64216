"""A hospital's sheet with visits as columns and a laboratory export: proposed, read, and compared with a folder.

Origin: one simulated cohort of 120, laid out as hospitals export it (hospital_wide), and as a cohort folder (tidy).
"""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import MappingError
from relapse_model.features.derive import derive_features

HALF_A_DAY = 0.5 / 7 + 1e-9  # the folder has tenths of a week, the sheet has days
ANSWERS = {"治疗前HBsAg": "IU/mL", "log10 U/mL": "log10 U/mL", "S/CO": "S/CO"}  # what only the hospital knows


@pytest.fixture(scope="module")
def folder(tmp_path_factory, root):
    data = root.parent / "shared" / "data" / "hospital_wide"
    if not data.is_dir():
        pytest.skip("hospital_wide is not here")
    path = tmp_path_factory.mktemp("hospital")
    for name in ("HBV随访表.xlsx", "LIS_HBsAg.csv"):
        shutil.copy(data / name, path)
    shutil.copytree(data / "tidy", path / "tidy")
    return path


@pytest.fixture(scope="module")
def proposal(folder, study):
    return propose_excel(folder, study)


@pytest.fixture(scope="module")
def edited(proposal):
    lines = proposal.split("\n")
    for place, line in enumerate(lines):
        if line.startswith("#?"):
            answer = next(unit for key, unit in ANSWERS.items() if key in line)
            lines[place + 1] = lines[place + 1].replace('unit = ""', f'unit = "{answer}"')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def read(folder, edited):
    return read_excel(folder, parse_mapping(edited, "map.toml", "excel"))


@pytest.fixture(scope="module")
def tidy(folder, study):
    return rm.read_cohort(folder / "tidy", study=study)


def test_three_lines_are_edited_and_each_is_asked_for(proposal, edited):
    changed = [new for old, new in zip(proposal.split("\n"), edited.split("\n"), strict=True) if old != new]
    assert changed == [
        'hbsag_before_treatment_iu_ml = { field = "治疗前HBsAg", unit = "IU/mL" }',
        'unit = "log10 U/mL"',
        'unit = "S/CO"',
    ]
    assert proposal.count("\n#?") == 3
    with pytest.raises(MappingError) as refusal:
        parse_mapping(proposal)
    assert len(refusal.value.problems) == 3


def test_every_row_is_accounted_for(read):
    said = str(read.reading).split("\n")
    assert said[0] == "Sheet1: 120 rows, 120 used"
    assert "LIS_HBsAg.csv, 结果: 693 rows, 693 used" in said
    assert "Sheet1, 用药史: 443 entries, 443 used" in said
    assert "Sheet1, W{visit} HBsAg 乙肝表面抗原(IU/mL): 840 cells, 784 used; 56 empty" in said
    assert read.reading.never_read == ("Sheet1, 姓名缩写",)
    assert [(one.source, one.code, one.count) for one in read.reading.not_mapped] == [
        ("Sheet1", "备注", 25), ("LIS_HBsAg.csv", "参考范围", 693),
    ]  # fmt: skip


def test_patients_are_the_same(read, tidy):
    ours, theirs = read.patients, tidy.patients
    for name in ("arm", "sex", "bmi_kg_m2", "hbv_genotype", "hbeag_positive_before_treatment"):
        pd.testing.assert_series_equal(ours[name], theirs[name], check_dtype=False)
    # The sheet has whole years.
    assert np.abs(ours["age_years"] - theirs["age_years"]).max() <= 0.5
    before = ours["hbsag_before_treatment_iu_ml"].str.removesuffix(" IU/mL").astype(float)
    assert np.array_equal(before, theirs["hbsag_before_treatment_iu_ml"].astype(float))
    # The sheet calls the centres by their hospitals.
    assert pd.Series(list(zip(ours["centre"], theirs["centre"], strict=True))).nunique() == 3


def test_treatments_are_the_same(read, tidy):
    keys = ["patient", "agent", "start_week"]
    ours, theirs = (one.treatments.sort_values(keys, kind="stable").reset_index(drop=True) for one in (read, tidy))
    assert len(ours) == 443
    for name in ("patient", "agent", "dose", "unit"):
        pd.testing.assert_series_equal(ours[name], theirs[name], check_dtype=False)
    for name in ("start_week", "end_week"):
        assert np.abs(ours[name] - theirs[name]).max() <= HALF_A_DAY


def results_unlike(read, tidy):
    """Return each result of the sheets that the folder has otherwise: patient, analyte, day, text, text there."""
    pairs = read.labs.reset_index().merge(tidy.labs, on=["patient", "analyte"], suffixes=("", "_theirs"))
    near = pairs[np.abs(pairs["week"] - pairs["week_theirs"]) <= HALF_A_DAY]
    number = near["number"].fillna(-1) == near["number_theirs"].fillna(-1)
    like = number & (near["kind"] == near["kind_theirs"]) & (near["comparator"] == near["comparator_theirs"])
    theirs = near.groupby("index")["value_theirs"].first()
    unlike = read.labs.drop(index=near.loc[like, "index"].unique())
    unlike = unlike.assign(day=(unlike["week"] * 7).round(), ours=unlike["value"], theirs=theirs.reindex(unlike.index))
    return unlike[["patient", "analyte", "day", "ours", "theirs"]]


def test_results_are_the_same_but_for_what_the_sheet_says_itself(read, tidy):
    """Each difference lies in the sheet.

    - Its HBsAg is ``阴性(-)`` at 7 visits and ``+-`` at 2, where the folder has ``<0.05`` in some spelling.
    - It has ``溶血`` (haemolysed) for 11 results of platelets.
    - At 27 visits at which HBsAg was tested again in the window, all of its results have the date of the second test.
    """
    unlike = results_unlike(read, tidy)
    assert len(read.labs) - len(unlike) > 4600
    words = unlike[(unlike["analyte"] == "hbsag")]
    assert set(words["ours"]) == {"阴性(-)", "+-"}
    assert (len(words), (words["ours"] == "+-").sum()) == (9, 2)
    lost = unlike[unlike["theirs"].notna()].drop(words.index)
    assert set(lost["analyte"]) <= {"platelets", "alt", "hbcrag", "hbeag"}
    assert set(lost["ours"]) <= {"溶血", "标本溶血"}
    moved = unlike[unlike["theirs"].isna()]
    assert len(moved[["patient", "day"]].drop_duplicates()) == 27
    later = moved.merge(tidy.labs.assign(day_of=tidy.labs["week"] * 7), on=["patient", "analyte"])
    same = later[(later["value"] == later["ours"].str.strip()) & (later["day"] - later["day_of"]).between(7, 56)]
    assert len(same.drop_duplicates(["patient", "analyte", "day"])) > 0.9 * len(moved)


def test_predictors_are_the_same(read, tidy, study):
    ours, theirs = (np.asarray(derive_features(one, study, 0)) for one in (read, tidy))
    names = [one.name for one in study.predictors]
    far = {name: np.nanmax(np.abs(ours[:, at] - theirs[:, at]), initial=0) for at, name in enumerate(names)}
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))
    # Half a year of age, and a day at each end of the consolidation, by rounding.
    assert {name: round(value, 2) for name, value in far.items() if value > 1e-9} == {
        "age": 0.5,
        "consolidation_weeks": 0.14,
    }


def test_it_can_be_written_and_trained_on(read, study, tmp_path):
    read.write(tmp_path / "cohort")
    back = rm.read_cohort(tmp_path / "cohort", study=study)
    assert len(back) == 120
    model = rm.train(back, study, candidates=("prior_logistic",))
    assert model.score(back)["relapse_risk"].notna().sum() > 100


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph")  # centres in Chinese, on a machine without such a font
def test_every_verb_takes_it(folder, edited, tmp_path):
    (folder / "map.toml").write_text(edited, encoding="utf-8")
    cohort, model, report = (str(tmp_path / name) for name in ("cohort", "model.rmodel", "report"))
    quick = ["--candidates", "prior_logistic"]
    assert main(["read", "excel", str(folder), "--mapping", str(folder / "map.toml"), "--out", cohort]) == 0
    assert main(["check", cohort]) == 0
    assert main(["train", cohort, "--out", model, *quick]) == 0
    assert main(["validate", cohort, "--out", report, "--repeats", "1", "--bootstraps", "10", *quick]) == 0
