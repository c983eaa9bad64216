"""A REDCap export by hand: what counts, what is listed, and what is refused, each with its reason."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, LABS, MAPPING, PATIENTS, TIME, built_in, project

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import CohortError, MappingError, SourceError

DATA = (
    "record_id,enrolled,visit_complete,lab_date,hbsab,labs_complete\n"
    "7,2024-01-01,2,2024-01-08,<10,2\n"
    "8,2024-02-05,2,2024-02-12,120,2\n"
)
DICTIONARY = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
    "lab_date,labs,text,Drawn,,date_ymd,\nhbsab,labs,text,Anti-HBs (mIU/mL),,,\n"
)


def read(tmp_path, data=DATA, mapping=MAPPING, dictionary="", events="", **how):
    return read_redcap(*project(tmp_path, data, mapping, dictionary, events), study=built_in(), **how)


def refused(tmp_path, *parts, **how) -> str:
    with pytest.raises((SourceError, CohortError)) as refusal:
        read(tmp_path, *parts, **how)
    return str(refusal.value)


def test_a_classic_project(tmp_path):
    cohort = read(tmp_path)
    assert cohort.patients["patient_id"].tolist() == ["7", "8"]
    assert cohort.labs["week"].tolist() == [1.0, 1.0]
    assert cohort.labs["value"].tolist() == ["<10", "120"]
    assert [str(one) for one in cohort.reading.sources] == [
        "data.csv: 2 rows, 2 used",
        "data.csv, hbsab (anti_hbs): 2 cells, 2 used",
    ]


def test_missing_codes_are_counted_and_no_results(tmp_path):
    data = DATA.replace("<10", "-99").replace("120", "UNK")
    cohort = read(tmp_path, data, MAPPING + '[missing]\ncodes = ["-99", "UNK"]\n')
    assert len(cohort.labs) == 0
    assert "2 with a code for a missing value (2, 3)" in str(cohort.reading)


def test_an_unfinished_form_counts_unless_the_mapping_says_otherwise(tmp_path):
    data = DATA.replace("120,2", "120,0")
    cohort = read(tmp_path, data)
    assert len(cohort.labs) == 2
    assert "form labs: 1 complete, 0 unverified, 1 incomplete" in cohort.reading.notes
    only = read(tmp_path, data, MAPPING.replace(PATIENTS, f"[source]\nonly_complete = true\n{PATIENTS}"))
    assert only.labs["value"].tolist() == ["<10"]
    assert "1 in a form that is not marked complete (3)" in str(only.reading)


def test_without_its_status_no_form_is_known_to_be_complete(tmp_path):
    data = DATA.replace(",labs_complete", "").replace("<10,2", "<10").replace("120,2", "120")
    text = refused(tmp_path, data, MAPPING.replace(PATIENTS, f"[source]\nonly_complete = true\n{PATIENTS}"), DICTIONARY)
    assert "no column 'labs_complete'" in text


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (DATA.replace("<10,2", "<10,Complete").replace("120,2", "120,Incomplete"), "words for the status of a form"),
        (
            DATA.replace("hbsab", "drug___1").replace("<10", "Checked").replace("120", "Unchecked"),
            "boxes of a checkbox",
        ),
    ],
)
def test_a_labels_export_is_recognised_without_a_dictionary(tmp_path, data, found):
    text = refused(tmp_path, data)
    assert found in text
    assert "not as labels" in text


def test_a_labels_export_is_recognised_by_the_choices(tmp_path):
    data = (
        DATA.replace("enrolled,", "enrolled,sex,").replace("01-01,", "01-01,Female,").replace("02-05,", "02-05,Male,")
    )
    text = refused(tmp_path, data, MAPPING, DICTIONARY + 'sex,visit,radio,Sex,"0, Female | 1, Male",,\n')
    assert "column 'sex': the labels of its choices" in text


def test_a_header_of_labels_is_recognised(tmp_path):
    text = refused(tmp_path, DATA.replace("record_id,", "Record,"), MAPPING, DICTIONARY)
    assert "labels instead of field names" in text


def test_a_code_that_the_dictionary_does_not_have_is_refused_by_row(tmp_path):
    data = DATA.replace("enrolled,", "enrolled,child,").replace("01-01,", "01-01,1,").replace("02-05,", "02-05,3,")
    mapping = MAPPING.replace(PATIENTS, PATIENTS + 'child_pugh = "child"\n')
    dictionary = DICTIONARY + 'child,visit,radio,Child-Pugh,"1, A | 2, B",,\n'
    assert "data.csv, row 3, column 'child': '3'" in refused(tmp_path, data, mapping, dictionary)


def test_codes_as_results_need_their_meaning(tmp_path):
    """1 may be a titre or the code of "positive"."""
    data = DATA.replace("<10", "0").replace("120", "1")
    dictionary = DICTIONARY.replace("hbsab,labs,text,Anti-HBs (mIU/mL),", 'hbsab,labs,radio,Anti-HBs,"0, Neg | 1, Pos"')
    assert "what each of them means" in refused(tmp_path, data, MAPPING, dictionary)
    stated = 'value = { field = "hbsab", values = { "0" = "negative", "1" = "positive" } }'
    cohort = read(tmp_path, data, MAPPING.replace('value = "hbsab"', stated), dictionary)
    assert cohort.labs["kind"].tolist() == ["negative", "positive"]


def test_columns_of_one_name_are_refused(tmp_path):
    text = refused(tmp_path, DATA.replace("lab_date,hbsab", "hbsab,hbsab"))
    assert "column 'hbsab': 2 columns of this name" in text


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    assert "data.csv, row 3: 4 cells; expected 6" in refused(tmp_path, DATA[: DATA.rindex(",120")])


def test_other_separators_and_encodings(tmp_path):
    semicolons = DATA.replace(",", ";").replace("<10", "阴性")
    mapping = MAPPING.replace(PATIENTS, f'[source]\nencoding = "gb18030"\n{PATIENTS}')
    assert read(tmp_path, semicolons.encode("gb18030"), mapping).labs["kind"].tolist() == ["negative", "number"]
    assert "bytes that are not UTF-8; expected UTF-8 text" in refused(tmp_path, semicolons.encode("gb18030"))
    assert read(tmp_path, ("\ufeff" + DATA).encode("utf-16")).labs["value"].tolist() == ["<10", "120"]


def test_decimal_commas(tmp_path):
    data = DATA.replace("<10", '"<1,54"').replace("120", '"1,234"')
    mapping = MAPPING.replace(PATIENTS, f'[source]\ndecimal = ","\n{PATIENTS}')
    assert read(tmp_path, data, mapping).labs["number"].tolist() == [1.54, 1.234]
    # The dictionary says the same of a field.
    known = DICTIONARY.replace("mIU/mL),,,", "mIU/mL),,number_comma_decimal,")
    assert read(tmp_path, data, MAPPING, known).labs["number"].tolist() == [1.54, 1.234]
    # Where nothing says it, one comma before three digits may part thousands.
    assert "row 3" in refused(tmp_path, data)
    # With commas for decimals, a point may part thousands.
    for known in ("", DICTIONARY):  # a text field may hold it as well
        assert "if it parts thousands" in refused(tmp_path, DATA.replace("120", "1.200"), mapping, known)


def test_a_broken_date_is_placed_and_concerns_its_patient_alone(tmp_path):
    data = DATA.replace("2024-01-08", "before validation 1")
    assert "data.csv, row 2, column 'lab_date': 'before validation 1'" in refused(tmp_path, data)
    cohort = read(tmp_path, data, on_problems="list")
    assert cohort.rejected["patient_id"].tolist() == ["7"]
    assert "1 refused (2)" in str(cohort.reading)


def test_a_date_that_ends_with_the_year_needs_its_order(tmp_path):
    data = DATA.replace("2024-01-08", "08/01/2024")
    assert "expected a whole date (YYYY-MM-DD)" in refused(tmp_path, data)
    assert read(tmp_path, data, MAPPING.replace("[time]", '[time]\ndates = "dmy"')).labs["week"].tolist() == [1.0, 1.0]


def test_a_patient_without_time_zero_is_refused_once(tmp_path):
    data = DATA.replace("2024-01-01", "")
    text = refused(tmp_path, data)
    assert "column 'enrolled': nothing in any row of the patient" in text
    assert "1 problem" in text
    listed = read(tmp_path, data, on_problems="list")
    assert "1 of a patient without time zero (2)" in str(listed.reading)


def test_dates_need_time_zero(tmp_path):
    assert "dates, and no time zero" in refused(tmp_path, DATA, MAPPING.replace(TIME, ""))


def test_a_file_of_dates_may_say_time_zero(tmp_path):
    source, mapping = project(tmp_path, DATA, MAPPING.replace(TIME, '[time]\nfile = "zero.csv"\n'))
    (tmp_path / "zero.csv").write_text("patient_id,date\n7,2024-01-08\n8,2024-02-05\n")
    assert read_redcap(source, mapping).labs["week"].tolist() == [0.0, 1.0]


def test_every_problem_comes_at_once(tmp_path):
    data = DATA.replace("2024-01-08", "soon").replace("120", "high, they said")
    text = refused(tmp_path, data.replace("high, they said", '"high, they said"'))
    assert "'soon'" in text
    assert "row 3, column 'hbsab'" in text


def test_rows_of_no_record_are_refused(tmp_path):
    assert "column 'record_id': nothing" in refused(tmp_path, DATA.replace("\n8,", "\n,"), on_problems="list")


def test_a_field_that_is_not_there_is_named_with_the_nearest(tmp_path):
    text = refused(tmp_path, DATA, MAPPING.replace('"hbsab"', '"hbsAb"'))
    assert "map.toml, line" in text
    assert "Did you mean 'hbsab'?" in text


IDENTITY = DATA.replace("enrolled,", "enrolled,mrn,").replace("01-01,", "01-01,A-77,").replace("02-05,", "02-05,B-88,")


def test_the_identifier_may_be_another_field_than_the_record(tmp_path):
    mapping = MAPPING.replace('"record_id"', '"mrn"')
    assert read(tmp_path, IDENTITY, mapping).patients["patient_id"].tolist() == ["A-77", "B-88"]
    text = refused(tmp_path, IDENTITY.replace("B-88", "A-77"), mapping, on_problems="list")
    assert "one that two records have" in text
    assert "A-77" not in text
    assert "nothing in any row of the record" in refused(tmp_path, IDENTITY.replace("B-88", ""), mapping)


def test_a_field_that_may_identify_somebody_is_no_column(tmp_path):
    text = refused(tmp_path, IDENTITY, MAPPING.replace(PATIENTS, PATIENTS + 'centre = "mrn"\n'))
    assert "'mrn', which is named like one of a person" in text
    cohort = read(tmp_path, IDENTITY)
    assert cohort.reading.never_read == ("mrn (named like one of a person)",)
    assert not [name for name in cohort.patients if "mrn" in name]


def test_no_identifier_in_a_message(tmp_path):
    data = IDENTITY.replace("2024-01-08", "P-4711").replace("7,2024", "P-4711,2024")
    text = refused(tmp_path, data)
    assert "row 2, column 'lab_date'" in text
    assert "P-4711" not in text


def test_only_wanted_records_are_patients(tmp_path):
    data = DATA.replace("enrolled,", "enrolled,arm,").replace("01-01,", "01-01,1.0,").replace("02-05,", "02-05,0,")
    cohort = read(tmp_path, data, MAPPING.replace(PATIENTS, PATIENTS + "when = { arm = 1 }\n"))
    assert cohort.patients["patient_id"].tolist() == ["7"]
    assert "1 of a patient whom the mapping leaves out (3)" in str(cohort.reading.sources[0])


def test_a_comparator_of_its_own_field(tmp_path):
    data = DATA.replace("hbsab,", "sign,hbsab,").replace(",<10", ",<,10").replace(",120", ",,120")
    mapping = MAPPING.replace('value = "hbsab"', 'value = "hbsab"\ncomparator = "sign"')
    assert read(tmp_path, data, mapping).labs["value"].tolist() == ["<10", "120"]
    text = refused(tmp_path, data.replace(",,120", ",<,>120"), mapping)
    assert "row 3, column 'sign': '<'; expected the comparator that is printed with the value" in text
    assert "row 3, column 'sign': '~'; expected <, <=, >, >= or =" in refused(
        tmp_path, data.replace(",,120", ",~,120"), mapping
    )


def test_one_result_entered_twice_counts_once_and_is_listed(tmp_path):
    """In two events: a second row of a record without events is refused, since REDCap writes each record once."""
    data = "record_id,redcap_event_name,enrolled,lab_date,hbsab\n1,a_arm_1,2024-01-01,2024-02-12,120\n"
    cohort = read(tmp_path, data + "1,b_arm_1,,2024-02-12,120\n")
    assert len(cohort.labs) == 1
    assert str(cohort.remarks[0]).startswith("data.csv, row 3")


def test_keys_that_mean_nothing_here_are_refused(tmp_path):
    text = refused(tmp_path, DATA, MAPPING + 'codes = ["5193-8"]\nsource = "labs"\n')
    assert "codes; expected a field" in text
    assert "no source" in text
    with pytest.raises(MappingError, match="chunk"):
        read(tmp_path, DATA, MAPPING.replace(PATIENTS, f"[source]\nchunk = 5\n{PATIENTS}"))


def test_entries_tell_the_time_in_one_way(tmp_path):
    other = LABS.replace("date = ", "week = ").replace("anti_hbs", "hbsag")
    assert "week; expected date, as in the entry before" in refused(tmp_path, DATA, MAPPING + other)


def test_a_file_larger_than_allowed_is_refused(tmp_path):
    text = refused(tmp_path, DATA, MAPPING.replace(PATIENTS, f"[source]\nmax_bytes = 10\n{PATIENTS}"))
    assert "expected at most 10" in text


def test_what_is_not_named_is_listed_with_its_label(tmp_path):
    cohort = read(tmp_path, DATA.replace("hbsab,", "hbsab,alt,").replace("<10,", "<10,35,").replace("120,", "120,,"),
                  MAPPING, DICTIONARY + "alt,labs,text,<b>ALT</b> (U/L),,,\n")  # fmt: skip
    assert [(one.code, one.label, one.count) for one in cohort.reading.not_mapped] == [("alt", "ALT (U/L)", 1)]


def test_no_labs_and_no_time_are_a_cohort_of_patients(tmp_path):
    cohort = read(tmp_path, DATA, HEAD + PATIENTS)
    assert (len(cohort), len(cohort.labs), cohort.treatments) == (2, 0, None)


def test_an_adjudicated_outcome(tmp_path):
    data = DATA.replace("enrolled,", "enrolled,relapsed,on,").replace("01-01,", "01-01,1,2024-06-03,")
    data = data.replace("02-05,", "02-05,2,2025-01-06,")
    stated = '[outcome]\nrelapse = { field = "relapsed", values = { "1" = "1", "2" = "0" } }\ndate = "on"\n'
    cohort = read(tmp_path, data, MAPPING + stated)
    assert cohort.outcomes["relapse"].tolist() == [1, 0]
    assert cohort.outcomes["week"].tolist() == [22.0, 48.0]


def test_what_came_first_is_told_by_a_code(tmp_path):
    data = DATA.replace("enrolled,", "enrolled,ended,on,").replace("01-01,", "01-01,3,2024-06-03,")
    data = data.replace("02-05,", "02-05,2,2025-01-06,")
    stated = '[outcome]\ndate = "on"\nevent = { field = "ended", values = { "1" = "relapse", "2" = "free", '
    cohort = read(tmp_path, data, MAPPING + stated + '"3" = "competing: death" } }\n')
    assert cohort.outcomes["event"].tolist() == ["competing", "free"]
    assert cohort.outcomes["competing_event"].fillna("").tolist() == ["death", ""]
    assert cohort.outcomes["week"].tolist() == [22.0, 48.0]
    assert "'3'; expected one of the values that the mapping names" in refused(
        tmp_path, data, MAPPING + stated + '"4" = "competing: death" } }\n'
    )


def test_a_missing_code_is_found_in_the_decimals_that_programs_add(tmp_path):
    cohort = read(tmp_path, DATA.replace("120", "999.0"), MAPPING + '[missing]\ncodes = ["999"]\n')
    assert cohort.labs["value"].tolist() == ["<10"]


def test_a_time_with_a_zone_is_refused_while_the_hospitals_zone_is_not_known(tmp_path):
    assert "[time] zone" in refused(tmp_path, DATA.replace("2024-02-12", "2024-02-12T23:30:00Z"))


@pytest.mark.parametrize("second", ["7--2", "7"])
def test_a_record_that_two_people_entered_is_not_two_patients(tmp_path, second):
    found = refused(tmp_path, DATA.replace("\n7,", "\n7--1,").replace("\n8,", f"\n{second},"))
    assert found.count("an entry of a record that has another one; expected one record of each patient") == 2


def test_a_record_whose_name_ends_like_an_entry_is_a_record(tmp_path):
    cohort = read(tmp_path, DATA.replace("\n7,", "\n7--1,"))
    assert cohort.patients["patient_id"].tolist() == ["7--1", "8"]


def test_one_record_may_be_left_out_by_name(tmp_path):
    """A test record, or somebody who withdrew consent; a record that is not there is a slip."""
    stated = '[source]\nnot_patients = ["{}"]\n'
    cohort = read(tmp_path, mapping=MAPPING.replace(TIME, stated.format("8") + TIME))
    assert cohort.patients["patient_id"].tolist() == ["7"]
    assert "1 of a patient whom the mapping leaves out (3)" in str(cohort.reading)
    assert "not_patients" in refused(tmp_path, DATA, MAPPING.replace(TIME, stated.format("9") + TIME))


CODED = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\nlab_date,labs,text,Drawn,,date_ymd,\n"
    'sex,visit,radio,Sex,"1, Male | 2, Female",,\nhbsab,labs,text,Anti-HBs (mIU/mL),,,\n'
)


def test_meanings_that_contradict_the_choices_are_refused_by_field(tmp_path):
    data = DATA.replace("enrolled,", "enrolled,sex,").replace("01-01,", "01-01,1,").replace("02-05,", "02-05,2,")
    stated = 'sex = { field = "sex", values = { "1" = "F", "2" = "M" } }\n'
    told = refused(tmp_path, data, MAPPING.replace(PATIENTS, PATIENTS + stated), CODED)
    assert "'1' of 'sex' as 'F'; expected what the data dictionary calls it: 'Male'" in told
    assert "'2' of 'sex' as 'M'; expected what the data dictionary calls it: 'Female'" in told
    right = 'sex = { field = "sex", values = { "1" = "M", "2" = "F" } }\n'
    cohort = read(tmp_path, data, MAPPING.replace(PATIENTS, PATIENTS + right), CODED)
    assert cohort.patients["sex"].tolist() == ["M", "F"]


VALIDATED = DICTIONARY.replace("Drawn,,date_ymd", "Drawn,,date_{}")


@pytest.mark.parametrize(("validated", "read_as", "sound"), [
    ("dmy", "dmy", True), ("mdy", "mdy", True), ("ymd", "dmy", True), ("dmy", "mdy", False), ("mdy", "dmy", False),
])  # fmt: skip
def test_dates_that_end_with_the_year_are_read_as_the_dictionary_validates_them(tmp_path, validated, read_as, sound):
    data = DATA.replace("2024-01-08", "08/01/2024" if read_as == "dmy" else "01/08/2024")
    mapping = MAPPING.replace(TIME, f'{TIME}dates = "{read_as}"\n')
    if sound:
        assert read(tmp_path, data, mapping, VALIDATED.format(validated)).labs["week"].tolist() == [1.0, 1.0]
        return
    told = refused(tmp_path, data, mapping, VALIDATED.format(validated))
    assert f"dates of 'lab_date' that end with the year, read as {read_as!r}; expected {validated!r}" in told
    raw = read(tmp_path, DATA, mapping, VALIDATED.format(validated))  # YYYY-MM-DD can be read in one way only
    assert raw.labs["week"].tolist() == [1.0, 1.0]


ENDED = DATA.replace("enrolled,", "enrolled,ended,on,").replace("01-01,", "01-01,{},2024-06-03,")
ENDED = ENDED.replace("02-05,", "02-05,free,2025-01-06,")
OUTCOME = '[outcome]\ndate = "on"\nevent = {{ field = "ended", values = {{ "free" = "free", {} }} }}\n'


def test_a_date_of_the_outcome_without_the_outcome_is_refused(tmp_path):
    """Somebody wrote when it ended, and not how; a code that the mapping calls unknown is listed."""
    mapping = MAPPING + OUTCOME.format('"9" = ""')
    told = refused(tmp_path, ENDED.format(""), mapping)
    assert "data.csv, row 2, column 'ended': nothing; expected one of relapse, free, competing" in told
    unknown = read(tmp_path, ENDED.format("9"), mapping)
    assert len(unknown.outcomes) == 1
    assert "1 empty, or not known by the mapping (2)" in str(unknown.reading)


def test_a_date_of_a_visit_tells_of_no_outcome(tmp_path):
    mapping = MAPPING + OUTCOME.format('"9" = ""').replace('"on"', '"lab_date"')
    assert len(read(tmp_path, ENDED.format(""), mapping).outcomes) == 1


def test_spellings_of_a_competing_event_are_one(tmp_path):
    stated = OUTCOME.format('"1" = "competing: Ｄeath ", "2" = "competing: died"')
    cohort = read(tmp_path, ENDED.format("2").replace(",free,", ",1,"), MAPPING + stated)
    assert cohort.outcomes["competing_event"].tolist() == ["death", "death"]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("hbsab,labs,text,Anti-HBs (IU/mL),,,\n", "'variable / field name': field 'hbsab' a second time; expected"),
        ('sex,visit,radio,Sex,"1, Male | 2, Female | 1, Other",,\n', "'sex': code '1' of two choices; expected"),
    ],
)
def test_what_stands_twice_in_the_dictionary_is_refused_by_name(tmp_path, more, found):
    assert f"dictionary.csv, row 6, column {found} each" in refused(tmp_path, DATA, MAPPING, DICTIONARY + more)


@pytest.mark.parametrize(("dates", "found"), [
    ("patient_id,date,date\n7,2024-01-01,2024-02-01\n8,2024-02-05,\n", "two columns 'date'"),
    ("patient_id,date\n7,2024-01-01\n8,2024-02-05\n7,2024-02-01\n", "a patient who stands twice"),
])  # fmt: skip
def test_a_file_of_dates_says_each_thing_once(tmp_path, dates, found):
    (tmp_path / "zero.csv").write_text(dates, encoding="utf-8")
    assert found in refused(tmp_path, DATA, MAPPING.replace(TIME, '[time]\nfile = "zero.csv"\n'))


EVENTS = (
    "record_id,redcap_event_name,enrolled,lab_date,hbsab\n7,visit_0_arm_1,2024-01-01,2024-01-08,120\n"
    "7,week_8_arm_1,,2024-02-26,130\n7,week_12_arm_1,,2024-02-26,130\n"
)


def test_two_events_on_one_day_are_named(tmp_path):
    """The visit of week 12 has the date of week 8: counted once, and not as if one row stood twice."""
    (said,) = map(str, read(tmp_path, EVENTS).remarks)
    assert "row 4" in said
    assert "counted once" in said
    assert "expected each visit on its own day, and week_8_arm_1 and week_12_arm_1 have one date" in said
