"""Events, repeating instruments and checkboxes: the structure comes from the project, not from what was filled in."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, LABS, MAPPING, PATIENTS, TIME, built_in, project

from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import CohortError, SourceError

VISITS = (
    "record_id,redcap_event_name,enrolled,hbsab\n"
    "1,baseline_arm_1,2024-01-01,<10\n1,week_4_arm_1,,20\n"
    "2,baseline_arm_2,2024-01-01,30\n2,week_4_arm_2,,40\n2,unscheduled_arm_2,,50\n"
)
LIST = "arm_num,unique_event_name\n" + "".join(
    f"{arm},{event}_arm_{arm}\n" for arm in (1, 2) for event in ("baseline", "week_4", "unscheduled")
)
BY_VISIT = HEAD + "[time]\nvisits = { baseline = 0, week_4 = 4 }\n" + PATIENTS + LABS.replace('date = "lab_date"\n', "")

COURSES = (
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,enrolled,drug,start,stop\n"
    "1,,,2024-01-01,,,\n1,drugs,1,,hbig,2024-01-01,2024-01-01\n1,drugs,2,,hbig,2024-02-05,2024-02-05\n2,,,2024-01-01,,,\n"
)
DRUGS = '[[treatments]]\nagent = { field = "drug" }\nstart = "start"\nend = "stop"\n'
BY_DRUG = HEAD + TIME + PATIENTS + DRUGS
DICTIONARY = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
    "drug,drugs,text,Drug,,,\nstart,drugs,text,Start,,date_ymd,\nstop,drugs,text,Stop,,date_ymd,\n"
)


def read(tmp_path, data, mapping, dictionary="", events="", **how):
    return read_redcap(*project(tmp_path, data, mapping, dictionary, events), study=built_in(), **how)


def refused(tmp_path, *parts) -> str:
    with pytest.raises((SourceError, CohortError)) as refusal:
        read(tmp_path, *parts)
    return str(refusal.value)


def test_weeks_of_events_by_their_name_with_or_without_the_arm(tmp_path):
    data = VISITS.replace("2,unscheduled_arm_2,,50\n", "")
    cohort = read(tmp_path, data, BY_VISIT)
    assert cohort.labs["week"].tolist() == [0.0, 4.0, 0.0, 4.0]
    by_arm = BY_VISIT.replace("week_4 = 4", "week_4_arm_1 = 4, week_4_arm_2 = 5")
    assert read(tmp_path, data, by_arm).labs["week"].tolist() == [0.0, 4.0, 0.0, 5.0]


def test_a_result_in_an_event_without_a_week_is_refused(tmp_path):
    """An unscheduled visit has no week; it is neither dropped nor put at the last one."""
    text = refused(tmp_path, VISITS, BY_VISIT)
    assert "row 6, column 'redcap_event_name': 'unscheduled_arm_2'" in text
    chosen = read(tmp_path, VISITS, BY_VISIT + 'events = ["baseline", "week_4"]\n')
    assert "1 in an event that the mapping does not name (6)" in str(chosen.reading)


def test_an_event_that_is_not_there_is_named(tmp_path):
    text = refused(tmp_path, VISITS, BY_VISIT + 'events = ["week_5"]\n')
    assert "no event 'week_5'" in text
    known = LIST + "1,week_5_arm_1\n"
    assert len(read(tmp_path, VISITS, BY_VISIT + 'events = ["week_5"]\n', "", known).labs) == 0


def test_an_event_of_the_data_that_the_list_lacks_is_refused(tmp_path):
    """The list is of another day than the data, so that it cannot say when that event was."""
    known = LIST.replace("2,week_4_arm_2\n", "")
    told = refused(tmp_path, VISITS, BY_VISIT, "", known)
    assert "event 'week_4_arm_2' in 1 rows; expected an event of the project's list" in told
    assert "'baseline_arm_1' a second time" in refused(tmp_path, VISITS, BY_VISIT, "", LIST + "1,baseline_arm_1\n")


OFFSETS = "arm_num,day_offset,unique_event_name\n1,1,baseline_arm_1\n1,{},week_4_arm_1\n1,{},week_8_arm_1\n"
ORDERED = (
    "record_id,redcap_event_name,enrolled,hbsab,lab_date\n"
    "1,week_8_arm_1,,20,{}\n1,baseline_arm_1,2024-01-01,<10,2024-01-01\n1,week_4_arm_1,,20,2024-01-29\n"
)


def test_weeks_of_events_are_in_the_order_of_their_days(tmp_path):
    """Numbers in place of days are an order as well; the file may have its rows in any."""
    weeks = [BY_VISIT.replace("week_4 = 4", f"week_4 = {one}, week_8 = {other}") for one, other in ((4, 8), (8, 4))]
    data = ORDERED.format("")
    found = read(tmp_path, data, weeks[0], "", OFFSETS.format(28, 56))
    assert found.labs["week"].tolist() == [8.0, 0.0, 4.0]
    told = refused(tmp_path, data, weeks[1], "", OFFSETS.format(2, 3))
    assert "'week_4_arm_1' in week 8, and 'week_8_arm_1' in week 4; expected their order in the list" in told


@pytest.mark.parametrize("events", [OFFSETS.format(28, 56), OFFSETS.replace("{}", "")])
def test_dates_out_of_the_order_of_events_are_named(tmp_path, events):
    mapping = HEAD + TIME + PATIENTS + LABS
    sound = read(tmp_path, ORDERED.format("2024-02-26"), mapping, "", events)
    assert "order of the events" not in str(sound.reading)
    slip = read(tmp_path, ORDERED.format("2024-01-26"), mapping, "", events)
    assert "in 1 rows the dates are not in the order of the events (2): look whether" in str(slip.reading)


def test_the_arm_is_that_of_the_events(tmp_path):
    mapping = BY_VISIT.replace(
        PATIENTS, PATIENTS + 'arm = { field = "redcap_arm", values = { "1" = "hbig", "2" = "control" } }\n'
    )
    assert read(tmp_path, VISITS.replace("2,unscheduled_arm_2,,50\n", ""), mapping).patients["arm"].tolist() == [
        "hbig",
        "control",
    ]


def test_two_values_of_one_patient_contradict_each_other_unless_the_event_is_named(tmp_path):
    data = (
        "record_id,redcap_event_name,hbsab,bmi\n"
        "1,baseline_arm_1,<10,22\n1,week_4_arm_1,20,23\n2,baseline_arm_2,30,25\n2,week_4_arm_2,40,\n"
    )
    mapping = BY_VISIT.replace(PATIENTS, PATIENTS + 'bmi_kg_m2 = "bmi"\n')
    text = refused(tmp_path, data, mapping)
    assert "row 3, column 'bmi': another value than in an earlier row of this patient" in text
    stated = mapping.replace('"bmi"', '{ field = "bmi", event = "baseline" }')
    assert read(tmp_path, data, stated).patients["bmi_kg_m2"].tolist() == [22.0, 25.0]


def test_the_date_of_another_event_may_hold_for_all_rows(tmp_path):
    mapping = HEAD + TIME + PATIENTS + LABS.replace('"lab_date"', '{ field = "enrolled", event = "baseline" }')
    cohort = read(tmp_path, VISITS, mapping + 'events = ["week_4"]\n')
    assert cohort.labs["value"].tolist() == ["20", "40"]
    assert cohort.labs["week"].tolist() == [0.0, 0.0]


def test_courses_of_a_repeating_instrument(tmp_path):
    cohort = read(tmp_path, COURSES, BY_DRUG)
    assert cohort.treatments["start_week"].tolist() == [0.0, 5.0]
    assert cohort.reading.sources[0].used == 4


def test_a_repeating_instrument_without_rows_stays_one(tmp_path):
    """Nobody was treated: a table without rows, and no table of which nothing is known."""
    data = "\n".join(line for line in COURSES.split("\n") if "drugs" not in line)
    mapping = BY_DRUG.replace(PATIENTS, f'[source]\nrepeating = ["drugs"]\n{PATIENTS}')
    cohort = read(tmp_path, data, mapping, DICTIONARY)
    assert cohort.treatments is not None
    assert len(cohort.treatments) == 0
    # And none of its fields is a property of the patient, though no row says that it repeats.
    text = refused(
        tmp_path, data, mapping.replace('id = "record_id"', 'id = "record_id"\nfirst_drug = "drug"'), DICTIONARY
    )
    assert "'drug' of 'drugs', which repeats" in text


def test_an_instrument_that_the_project_does_not_have(tmp_path):
    text = refused(
        tmp_path, COURSES, BY_DRUG.replace(PATIENTS, f'[source]\nrepeating = ["drug"]\n{PATIENTS}'), DICTIONARY
    )
    assert "no instrument 'drug'" in text
    assert "Did you mean 'drugs'?" in text


def test_a_dose_without_a_date_is_refused(tmp_path):
    data = (
        "record_id,redcap_repeat_instrument,redcap_repeat_instance,enrolled,drug,start,stop,dose\n"
        "1,,,2024-01-01,,,,\n1,drugs,1,,hbig,2024-01-01,2024-01-01,400\n1,drugs,2,,hbig,,,400\n"
    )
    text = refused(tmp_path, data, BY_DRUG + 'dose = { field = "dose", unit = "IU" }\n')
    assert "row 4, column 'start': nothing" in text


def test_a_drug_without_a_date_is_no_drug_not_given(tmp_path):
    data = COURSES.replace("hbig,2024-02-05,2024-02-05", "entecavir,,")
    assert "row 4, column 'start': nothing" in refused(tmp_path, data, BY_DRUG)


def test_a_code_for_missing_is_neither_never_nor_ongoing(tmp_path):
    mapping = BY_DRUG + '[missing]\ncodes = ["UNK"]\n'
    text = refused(tmp_path, COURSES.replace("2024-02-05\n", "UNK\n"), mapping)
    assert "row 4, column 'stop': 'UNK'; expected the last day, or nothing if it goes on" in text
    constant = mapping.replace('{ field = "drug" }', '"hbig"')
    text = refused(tmp_path, COURSES.replace("hbig,2024-02-05,2024-02-05", "hbig,UNK,"), constant)
    assert "row 4, column 'start': 'UNK'; expected the first day, if it was given" in text
    stated = mapping.replace('end = "stop"', 'end = { field = "stop", values = { unk = "" } }')
    cohort = read(tmp_path, COURSES.replace("2024-02-05\n", "UNK\n"), stated)
    assert cohort.treatments["end_week"].isna().tolist() == [False, True]


BOXES = (
    "record_id,enrolled,hbsab,lab_date,drug___1,drug___2,visit_complete\n"
    "1,2024-01-01,5,2024-01-01,0,0,2\n2,2024-01-01,5,2024-01-01,0,0,0\n"
    "3,2024-01-01,5,2024-01-01,0,1,0\n4,2024-01-01,5,2024-01-01,,,\n"
)


def test_a_box_says_no_only_where_somebody_answered(tmp_path):
    """REDCap writes 0 for a box that nobody has looked at; row 3: nothing checked, form not finished."""
    mapping = MAPPING.replace(PATIENTS, PATIENTS + 'prior_nuc = "drug___1"\n')
    cohort = read(tmp_path, BOXES, mapping)
    assert cohort.patients["prior_nuc"].fillna(-1).tolist() == [0, -1, 0, -1]
    assert "drug___1: 1 boxes of unanswered questions are not known" in cohort.reading.notes


def test_a_checkbox_is_named_by_its_boxes(tmp_path):
    text = refused(tmp_path, BOXES, MAPPING.replace(PATIENTS, PATIENTS + 'prior_nuc = "drug"\n'))
    assert "name one of its boxes, drug___1, drug___2" in text


def test_the_form_of_a_field_without_a_dictionary_is_that_of_the_next_status(tmp_path):
    data = BOXES.replace("visit_complete", "labs_complete")
    text = refused(tmp_path, data, MAPPING.replace(
        PATIENTS, f'[source]\nrepeating = ["labs"]\n{PATIENTS}first = "drug___1"\n'))  # fmt: skip
    assert "'drug___1' of 'labs', which repeats" in text


CONSENT = (
    "record_id,redcap_event_name,consented,hbsab\n"
    "1,baseline_arm_1,1,<10\n1,week_4_arm_1,0,20\n2,baseline_arm_1,1,30\n2,week_4_arm_1,,40\n"
    "3,baseline_arm_1,0,50\n3,week_4_arm_1,1,60\n4,baseline_arm_1,,70\n"
)


def wanted(when):
    return BY_VISIT.replace(PATIENTS, PATIENTS + f"when = {{ {when} }}\n")


def test_a_condition_that_fits_one_row_of_a_record_and_not_another_decides_nothing(tmp_path):
    """Records 1 and 3 have both answers; which of them counts is for the mapping to say."""
    text = refused(tmp_path, CONSENT, wanted('consented = "1"'))
    assert text.count("a value that fits the condition in one row of this record, and not in another") == 2
    assert "row 2, column 'consented'" in text
    assert "row 6, column 'consented'" in text
    assert 'when = { consented = "...", redcap_event_name = "..." }' in text


def test_a_condition_is_decided_in_the_event_that_it_names(tmp_path):
    cohort = read(tmp_path, CONSENT, wanted('consented = "1", redcap_event_name = "baseline_arm_1"'))
    assert cohort.patients["patient_id"].tolist() == ["1", "2"]
    assert len(cohort.labs) == 4  # all rows of these records, those of week 4 too
    assert "3 of a patient whom the mapping leaves out (6, 7, 8)" in str(cohort.reading)
    later = read(tmp_path, CONSENT, wanted('consented = "1", redcap_event_name = "week_4"'))
    assert later.patients["patient_id"].tolist() == ["3"]


@pytest.mark.parametrize(
    ("data", "mapping", "row"),
    [
        ("record_id,enrolled,lab_date,hbsab\n1,2024-01-01,2024-01-01,<10\n1,2024-01-01,2024-03-08,70\n", MAPPING, 3),
        (VISITS.replace("2,unscheduled_arm_2,,50", "1,week_4_arm_1,,50"), BY_VISIT, 6),
        (COURSES + "1,drugs,2.0,,hbig,2024-03-05,2024-03-05\n", BY_DRUG, 6),
        (COURSES.replace("1,drugs,1,", "1,,,"), BY_DRUG, 3),
    ],
    ids=["record", "event", "instance", "not repeating"],
)
def test_a_record_event_and_instance_stands_once(tmp_path, data, mapping, row):
    """REDCap writes each on one row: of two, nothing says which counts."""
    text = refused(tmp_path, data, mapping)
    assert f"row {row}, column 'record_id': a second row of one record" in text
