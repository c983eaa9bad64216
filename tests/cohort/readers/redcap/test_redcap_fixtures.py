"""Projects of REDCapR's tests (fictional people), and the simulated hospital, as REDCap exports them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from redcap_projects import HEAD, HOSPITAL, built_in

import relapse_model as rm
from data_folder import data_folder
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.redcap.read_files import read_export
from relapse_model.errors import CohortError, SourceError


def folder(name: str):
    try:
        return data_folder(name)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def projects():
    return folder("redcap_exports")


OPTIONS = {"dictionary": "dictionary.csv"}


def mapping(text: str, dictionary: str = "dictionary.csv"):
    return parse_mapping(f'{HEAD}[source]\ndictionary = "{dictionary}"\n{text}', "map.toml", "redcap")


def test_a_longitudinal_project(projects):
    export = read_export(projects / "longitudinal" / "data.csv", {**OPTIONS, "events": "event.csv"})
    # SOURCE.txt and the files: 18 rows of 125 columns (and the arm, which is made), 3 subjects, 2 arms, 12 events.
    assert (len(export.table), len(export.columns)) == (18, 125 + 1)
    assert export.table.keys.nunique() == 3
    assert set(export.columns["redcap_arm"]) == {"1", "2"}
    assert len(export.events) == 12
    assert export.forms["height2"] == "baseline_data"


def test_csv_and_xml_of_a_project_are_the_same(projects):
    csv = read_export(projects / "longitudinal" / "data.csv", {**OPTIONS, "events": "event.csv"})
    xml = read_export(projects / "longitudinal" / "project.xml", {})
    assert csv.events == xml.events
    assert {name: one.form for name, one in csv.fields.items() if one.type not in ("checkbox", "descriptive")} == {
        name: one.form for name, one in xml.fields.items() if "___" not in name
    }
    key = ["study_id", "redcap_event_name"]
    both = [pd.DataFrame(dict(one.columns)).set_index(key).sort_index() for one in (csv, xml)]
    names = sorted(set(both[0]) & set(both[1]))
    # XML has no uploaded file, and no text of a field that nobody filled: 124 items, of which one is the identifier.
    assert len(names) >= 122
    # Line breaks of notes are spaces in XML attributes.
    texts = [one[names].apply(lambda column: column.str.split().str.join(" ")) for one in both]
    filled = texts[0].apply(lambda column: (column != "").sum()).sum()
    assert filled > 350
    # XML leaves out boxes of forms that were never opened, which CSV writes as 0.
    boxes = [name for name in names if "___" in name]
    rest = [name for name in names if name not in (*boxes, "patient_document")]  # XML has no names of uploaded files
    pd.testing.assert_frame_equal(texts[0][rest].loc[texts[1].index], texts[1][rest])
    assert ((texts[0][boxes] == "1") == (texts[1][boxes] == "1")).to_numpy().all()


ALBUMIN = """
[time]
zero = { field = "date_enrolled" }
[patients]
id = "study_id"
sex = { field = "sex", values = { "0" = "F", "1" = "M" } }
[[labs]]
analyte = "albumin"
value = "alb_4"
unit = "g/dL"
date = "date_visit_4"
"""


def test_albumin_that_nobody_has_is_refused_by_cell(projects):
    """The project is fictional: 32.3 g/dL were meant as 3.23, and 866.4 is a slip of its author."""
    with pytest.raises(CohortError) as refused:
        read_redcap(projects / "longitudinal" / "data.csv", mapping(ALBUMIN), study=built_in())
    assert [(one.row, one.column, one.found) for one in refused.value.problems] == [
        (7, "alb_4", "'32.3 g/dL'"), (13, "alb_4", "'866.4 g/dL'"),
    ]  # fmt: skip


def test_csv_and_xml_come_to_the_same_cohort(projects):
    albumin = replace(built_in().analytes["albumin"], possible=None)  # see above
    study = replace(built_in(), analytes={**built_in().analytes, "albumin": albumin})
    one = read_redcap(projects / "longitudinal" / "data.csv", mapping(ALBUMIN), study=study)
    other = read_redcap(projects / "longitudinal" / "project.xml", parse_mapping(HEAD + ALBUMIN), study=study)
    assert len(one) == 3
    assert len(one.labs) > 0
    pd.testing.assert_frame_equal(one.patients, other.patients)
    pd.testing.assert_frame_equal(one.labs.drop(columns="row"), other.labs.drop(columns="row"))
    # 9 fields are marked as identifying or hold an uploaded file.
    assert one.reading.never_read == other.reading.never_read
    assert {"first_name (marked as an identifier)", "dob (marked as an identifier)"} <= set(one.reading.never_read)


def test_a_sparse_repeating_instrument(projects):
    text = ('[time]\nzero = { field = "date_enrolled" }\n[patients]\nid = "record_id"\nwhen = { sex = [0, 1] }\n'
            '[[labs]]\nanalyte = "systolic"\nvalue = "bp_systolic"\nunit = "mmHg"\ndate = "date_bp"\n')  # fmt: skip
    cohort = read_redcap(projects / "repeating-instruments-sparse" / "data.csv", mapping(text), study=built_in())
    assert len(cohort) == 2  # of five records, three are empty but for the date
    assert cohort.labs["patient_id"].value_counts().to_dict() == {"1": 3, "2": 1}
    assert cohort.labs["value"].tolist() == ["110", "111", "112", "114"]
    rows = cohort.reading.sources[0]
    assert (rows.came, rows.used) == (9, 6)


def test_decimal_commas_of_the_dictionary_beside_decimal_points(projects):
    text = '[patients]\nid = "record_id"\nheight = "height"\nbmi_kg_m2 = "bmi"\n'
    cohort = read_redcap(projects / "decimal-comma" / "data.csv", mapping(text, "dictionay.csv"), study=built_in())
    assert cohort.patients["height"].tolist() == ["1.54", "1.84", "1.95", "1.61"]
    assert cohort.patients["bmi_kg_m2"].tolist() == [22.1, 27.3, 32.5, 17.7]


def test_five_hundred_people_and_none_of_their_names(projects):
    text = '[patients]\nid = "record_id"\nsex = { field = "gender", values = { "0" = "F", "1" = "M" } }\n'
    cohort = read_redcap(projects / "clinical-trial-1" / "data.csv", mapping(text), study=built_in())
    assert len(cohort) == 500
    assert list(cohort.patients) == ["patient_id", "sex"]
    # The dictionary does not mark the e-mail address.
    assert "email (named like one of a person)" in cohort.reading.never_read
    assert len(cohort.reading.never_read) == 6
    written = str(cohort.reading) + str(cohort.reading.as_json())
    assert not any(name in written for name in ("Cornel", "Wojdyla", "@aol.com", "3364812635"))
    with pytest.raises(SourceError, match="'email', which is named like one of a person"):
        read_redcap(projects / "clinical-trial-1" / "data.csv", mapping(text + 'centre = "email"\n'), study=built_in())


def test_texts_from_before_the_validation_are_refused_by_row(projects):
    text = '[patients]\nid = "record_id"\n[time]\nzero = { field = "date_before_validation" }\n'
    with pytest.raises(CohortError, match=r"data.csv, row 2, column 'date_before_validation': 'before validation 1'"):
        read_redcap(projects / "potentially-problematic-values" / "data.csv", mapping(text), study=built_in())


def test_a_status_left_blank_is_not_complete(projects):
    text = '[patients]\nid = "record_id"\nhas_race_4 = "race___4"\n'
    cohort = read_redcap(projects / "blank-for-gray-status" / "data.csv", mapping(text), study=built_in())
    # Record 6: no box checked, form not complete: nobody said no. The others checked some box.
    assert cohort.patients["has_race_4"].tolist() == ["0", "0", "1", "0", "0", ""]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    source = folder("hospital_wide")
    text = parse_mapping(HOSPITAL, "map.toml", "redcap")
    return read_redcap(source / "redcap_longitudinal.csv", text, study=built_in())


@pytest.fixture(scope="module")
def tidy():
    return rm.read_cohort(folder("hospital_wide") / "tidy", study=built_in())


def by_record(cohort):
    """Return the tidy cohort's identifiers in place of the records': P0001 is record 1."""
    return cohort["patient_id"].map(lambda record: f"P{int(record):04d}")


def test_the_patients_of_the_hospital_are_the_tidy_ones(hospital, tidy):
    ours = hospital.patients.assign(patient_id=by_record(hospital.patients)).drop(columns="enrolment_date")
    # REDCap writes the names of centres as it names groups.
    ours["centre"] = ours["centre"].str.replace("_", "-")
    theirs = tidy.patients[list(ours)]
    printed = "hbsag_before_treatment_iu_ml"
    ours, theirs = (one.assign(**{printed: one[printed].astype(float)}) for one in (ours, theirs))
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_the_courses_of_the_hospital_are_the_tidy_ones(hospital, tidy):
    both = [
        table.sort_values(["patient_id", "agent", "start_week"]).reset_index(drop=True)
        for table in (hospital.treatments.assign(patient_id=by_record(hospital.treatments)), tidy.treatments)
    ]
    assert len(both[0]) == 443
    assert (both[0][["patient_id", "agent"]].to_numpy() == both[1][["patient_id", "agent"]].to_numpy()).all()
    # tidy rounds weeks to 0.1, which is 0.7 days: dates are at most half of that away. It has doses, the export none.
    for column in ("start_week", "end_week"):
        np.testing.assert_allclose(both[0][column], both[1][column].astype(float), atol=0.5 / 7 + 1e-9)


def test_the_results_of_the_hospital_are_tidy_ones(hospital, tidy):
    ours = hospital.labs.assign(patient_id=by_record(hospital.labs))
    # The export has visits from enrolment on, and five analytes. Four patients had no ALT at enrolment: there, that of
    # up to eight weeks before stands in the first visit.
    theirs = tidy.labs[(tidy.labs["week"] >= -8) & tidy.labs["analyte"].isin(ours["analyte"].unique())]
    ours, theirs = (one.assign(day=(one["week"] * 7).round()) for one in (ours, theirs))
    key = ["patient_id", "analyte", "value"]
    # Every value of the export is one that the patient has in tidy, no more often than there.
    counts = [one.groupby(key).size() for one in (ours, theirs)]
    assert (counts[1].reindex(counts[0].index, fill_value=0) >= counts[0]).all()
    # HBsAg agrees to the day. The visit is dated by it: where it was taken again days later, that date stands over the
    # other results of the visit, too.
    joined = ours.merge(theirs, on=[*key, "day"], how="left", suffixes=("", "_tidy"), indicator=True)
    away = joined[joined["_merge"] == "left_only"]
    assert (away["analyte"] != "hbsag").all()
    assert len(away) == 78
    again = ours[ours["analyte"] == "hbsag"].set_index(["patient_id", "day"]).index
    assert pd.MultiIndex.from_frame(away[["patient_id", "day"]]).isin(again).all()
    # What tidy has and the export has not: visits outside the windows, and HBsAg taken again.
    assert {name: len(one) for name, one in ours.groupby("analyte")} == {
        "alt": 529, "anti_hbs": 777, "hbcrag": 323, "hbsag": 777, "hbv_dna": 777,
    }  # fmt: skip


def test_two_visits_of_one_day_count_once_and_are_listed(hospital):
    # 3,202 filled cells; of 784 dated visits, seven have the date of another visit of the patient, and its results.
    assert len(hospital.remarks) == 784 + 782 + 782 + 323 + 531 - len(hospital.labs) == 19
    assert all(one.table == "redcap_longitudinal.csv" for one in hospital.remarks)
