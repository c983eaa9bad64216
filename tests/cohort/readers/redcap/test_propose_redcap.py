"""A proposed mapping is a mapping; what it cannot know it asks, and with the answers the export is read."""

from __future__ import annotations

import re

import pytest
from redcap_projects import MAPPING, built_in, project
from redcap_writer import write_project
from whole_days import whole_days

from data_folder import data_folder
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.read_source import proposer_of, reader_of
from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import CohortError, MappingError
from relapse_model.study.reader import load_study


def folder(name: str):
    try:
        return data_folder(name)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))


def test_the_kind_finds_its_functions():
    assert reader_of("redcap") is read_redcap
    assert proposer_of("redcap") is propose_redcap


READ = ("clinical-trial-1", "decimal-comma", "repeating-instruments-sparse", "validation-types-1")
REFUSED = ("blank-for-gray-status",)  # two people of another size than people have
ASKING = ("arm-single-longitudinal", "longitudinal", "potentially-problematic-values")


@pytest.mark.parametrize("name", [*READ, *REFUSED, *ASKING])
def test_every_proposal_is_a_mapping_and_reads_what_it_names(name):
    source = folder("redcap_exports") / name
    text = propose_redcap(source, built_in())
    mapping = parse_mapping(text, "map.toml", "redcap")
    assert "Cornel" not in text
    if name in READ:
        assert len(read_redcap(source, mapping, study=built_in())) > 0
    if name in REFUSED:
        with pytest.raises(CohortError, match=r"column 'bmi': '204\.1'"):
            read_redcap(source, mapping, study=built_in())


def test_meanings_come_from_the_dictionary():
    text = propose_redcap(folder("redcap_exports") / "longitudinal", built_in())
    assert 'sex = { field = "sex", values = { "0" = "F", "1" = "M" } }' in text
    assert 'zero = { field = "date_enrolled" }' in text
    assert 'events = "event.csv"' in text
    assert 'unit = "g/dL"  # from the label' in text


def test_the_hospital_needs_its_units_and_codes_and_nothing_else():
    source = folder("hospital_wide") / "redcap_longitudinal.csv"
    text = propose_redcap(source, built_in())
    answers = {
        r"#\? sex = .*": 'sex = { field = "sex", values = { "1" = "M", "2" = "F" } }',
        r"# optional: hbv_genotype = .*":
            'hbv_genotype = { field = "genotype", values = { 2 = "B", 3 = "C", 4 = "D", 99 = "" } }',
        r"#\? arm = .*": 'arm = { field = "redcap_arm", values = { "1" = "hbig", "2" = "control" } }',
        r'#\? unit = "\.\.\."  # where none is printed with the result; the study reads numbers in "([^"]+)".*':
            r'unit = "\1"',
    }  # fmt: skip
    for asked, answer in answers.items():
        text, count = re.subn(asked, answer, text)
        assert count > 0
    cohort = read_redcap(source, parse_mapping(text, "map.toml", "redcap"), study=built_in())
    assert (len(cohort), len(cohort.labs), len(cohort.treatments)) == (120, 3183, 443)
    assert sorted(cohort.labs["analyte"].unique()) == ["alt", "anti_hbs", "hbcrag", "hbsag", "hbv_dna"]


@pytest.mark.parametrize("form", ["csv", "xml"])
def test_a_repeating_project_is_described(tmp_path, form):
    source, _ = write_project(whole_days(3, 1), tmp_path, form)
    text = propose_redcap(source, built_in())
    parse_mapping(text, "map.toml", "redcap")
    assert 'repeating = ["drugs", "labs"]' in text
    assert 'agent = { field = "drug" }' in text
    assert 'start = "drug_start"' in text


def test_codes_for_missing_values_that_the_project_states(tmp_path):
    source, _ = write_project(whole_days(3, 1), tmp_path, "xml")
    codes = "<redcap:MissingDataCodes>-99, Not done | UNK, Unknown</redcap:MissingDataCodes>"
    text = source.read_text("utf-8").replace("<GlobalVariables>", f"<GlobalVariables>{codes}")
    source.write_text(text, "utf-8")
    assert 'codes = ["-99", "UNK"]  # of the project' in propose_redcap(source, built_in())


def test_days_of_events_are_offered_where_their_names_tell_no_week(tmp_path):
    """As a question: many projects number their events only."""
    data = "record_id,redcap_event_name,anti_hbs\n1,week_4_arm_1,20\n1,final_arm_1,30\n"
    (tmp_path / "data.csv").write_text(data, encoding="utf-8")
    events = "arm_num,unique_event_name,day_offset\n1,week_4_arm_1,28\n1,final_arm_1,168\n"
    (tmp_path / "events.csv").write_text(events, encoding="utf-8")
    text = propose_redcap(tmp_path / "data.csv", built_in())
    assert '"week_4_arm_1" = 4\n#? "final_arm_1" = 24  # day 168 in the list of events' in text


def test_a_result_without_a_date_in_its_form_is_asked_for_and_so_is_a_second_form(tmp_path):
    """Two forms hold ALT: the visit has a date, the laboratory has none, and no event says its week."""
    (tmp_path / "data.csv").write_text("record_id,enrolment_date,alt,sgpt\n1,2024-01-01,40,41\n", encoding="utf-8")
    head = "Variable / Field Name,Form Name,Field Type,Field Label,Text Validation Type OR Show Slider Number,"
    head += "Identifier?\n"
    fields = ("record_id,visit,text,Record,,", "enrolment_date,visit,text,Date of enrolment,date_ymd,",
              "alt,visit,text,ALT (U/L),number,", "sgpt,lab,text,ALT (U/L),number,")  # fmt: skip
    (tmp_path / "dictionary.csv").write_text(head + "\n".join(fields) + "\n", encoding="utf-8")
    text = propose_redcap(tmp_path / "data.csv", built_in())
    first, second = text.split("[[labs]]")[1:]
    assert 'date = "enrolment_date"' in first
    assert "#?" not in first
    asked = [line for line in second.splitlines() if line.startswith("#?")]
    assert asked[0].startswith("#? Is this one alt, too, as alt is?")
    assert asked[1] == '#? date = "..."  # its form has none; found elsewhere: enrolment_date'
    parse_mapping(text, "map.toml", "redcap")


def test_weeks_of_events_are_offered_for_results_without_a_date(tmp_path):
    """No event tells its week by name: either every event is given its week, or the result its date."""
    data = "record_id,redcap_event_name,anti_hbs\n1,first_arm_1,20\n1,final_arm_1,30\n"
    (tmp_path / "data.csv").write_text(data, encoding="utf-8")
    text = propose_redcap(tmp_path / "data.csv", built_in())
    assert "#? Results of forms without a date: in which week is each event?" in text
    assert '#? date = "..."  # its form has none; found elsewhere: none\n# or, instead, the weeks of the ev' in text
    answers = {"# [time.visits]": "[time.visits]", '# "first_arm_1" = "..."': '"first_arm_1" = 0',
               '# "final_arm_1" = "..."': '"final_arm_1" = 24',
               '#? unit = "..."  # where': 'unit = "mIU/mL"  # where'}  # fmt: skip
    for asked, answer in answers.items():
        assert text.count(asked) == 1
        text = text.replace(asked, answer)
    cohort = read_redcap(tmp_path / "data.csv", parse_mapping(text, "map.toml", "redcap"), study=built_in())
    assert list(zip(cohort.labs["week"], cohort.labs["value"], strict=True)) == [(0.0, "20"), (24.0, "30")]


def test_a_field_of_visits_is_offered_for_results_without_a_date(tmp_path):
    data = "record_id,visit,anti_hbs\n1,first,20\n2,final,30\n"
    (tmp_path / "data.csv").write_text(data, encoding="utf-8")
    text = propose_redcap(tmp_path / "data.csv", built_in())
    line = '# week = { field = "visit", values = { "first" = "...", "final" = "..." } }'
    assert line in text
    with pytest.raises(MappingError, match="It is not filled in"):
        parse_mapping(text.replace(line, line.removeprefix("# ")), "map.toml", "redcap")
    stated = '# week = { field = "visit", values = { "first" = "0", "final" = "24" } }'.removeprefix("# ")
    text = text.replace(line, stated).replace('#? unit = "..."', 'unit = "mIU/mL"')
    cohort = read_redcap(tmp_path / "data.csv", parse_mapping(text, "map.toml", "redcap"), study=built_in())
    assert cohort.labs["week"].tolist() == [0.0, 24.0]


def test_fields_of_an_outcome_are_asked_about(tmp_path):
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
        'fail,end,radio,HBsAg relapse,"1, Yes | 2, No",,\nfail_on,end,text,Relapse date,,date_ymd,\n'
    )
    data = "record_id,enrolled,fail,fail_on\n1,2024-01-08,1,2024-05-06\n2,2024-01-08,2,\n"
    path, _ = project(tmp_path, data, MAPPING, dictionary)
    lines = propose_redcap(path, built_in()).split("\n")
    at = lines.index("# [outcome]")
    assert lines[at - 1].startswith("#? fail, fail_on: an adjudicated outcome?")
    assert lines[at + 1] == '# relapse = { field = "fail", values = { "1" = "1", "2" = "0" } }'


def test_a_flag_with_signs_among_other_words_is_proposed_and_its_rest_is_not_taken_for_none(tmp_path):
    """0.05 is below its limit by code 1; whether 12 is a number beside "pending" only a person knows."""
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\non,labs,text,Drawn,,date_ymd,\n"
        'hbsag,labs,text,HBsAg (IU/mL),,,\nhbsag_flag,labs,radio,HBsAg flag,"1, < | 2, = | 3, later",,\n'
    )
    rows = "".join(f"{at},2024-01-08,2024-01-08,{value},{at}\n" for at, value in ((1, 0.05), (2, 120), (3, 12)))
    path, _ = project(tmp_path, f"record_id,enrolled,on,hbsag,hbsag_flag\n{rows}", MAPPING, dictionary)
    text = propose_redcap(path, built_in())
    line = 'comparator = { field = "hbsag_flag", values = { "1" = "<", "2" = "" } }'
    lines = text.split("\n")
    assert lines[lines.index(line) - 1].startswith("#? Is this the comparator? Give its 1 other texts a meaning, too")
    with pytest.raises(CohortError, match=r"row 4, column 'hbsag_flag': '3'"):
        read_redcap(path, parse_mapping(text, "map.toml", "redcap"), study=built_in())
    answered = text.replace('"2" = "" }', '"2" = "", "3" = "" }')
    labs = read_redcap(path, parse_mapping(answered, "map.toml", "redcap"), study=built_in()).labs
    assert labs["value"].tolist() == ["<0.05", "120", "12"]


@pytest.mark.parametrize(
    ("labels", "meanings"),
    [
        (("HBIG", "Control"), ("HBIG", "Control")), (("HBIG组", "对照组"), ("hbig", "control")),
        (("Group A", "Group B"), ("...", "...")), (("Passive immunisation", "Control"), ("...", "Control")),
        (("Immunoglobulin", "No immunoglobulin"), ("...", "...")), (("Yes", "No"), ("...", "...")),
    ],
)  # fmt: skip
def test_arms_that_have_words_of_their_own_are_asked_and_not_guessed(tmp_path, labels, meanings):
    dictionary = (
        "record_id,f,text,Record,,,\nenrolled,f,text,Date of enrolment,,date_ymd,\n"
        f'arm,f,radio,Arm,"1, {labels[0]} | 2, {labels[1]}",,\nlab_date,f,text,Drawn,,date_ymd,\n'
        "hbsag,f,text,HBsAg (IU/mL),,number,\n"
    )
    data = "record_id,enrolled,arm,lab_date,hbsag\n1,2024-01-01,1,2024-03-01,0.01\n2,2024-01-01,2,2024-03-01,0.02\n"
    source, _ = project(tmp_path, data, MAPPING, dictionary)
    (line,) = [one for one in propose_redcap(source, built_in()).split("\n") if "arm = " in one]
    asked = "..." in meanings
    stated = f'arm = {{ field = "arm", values = {{ "1" = "{meanings[0]}", "2" = "{meanings[1]}" }} }}'
    assert line.startswith(f"{'#? ' * asked}{stated}  # Arm, 2 filled")
    assert (f"which of hbig and control is each? 1 {labels[0]}, 2 {labels[1]}" in line) is asked


OWN_COLUMNS = """[study]
protocol = 1
name = "own"
[outcome]
name = "completed"
column = "complete_study"
equals = "Yes"
others = ["No"]
[prediction]
landmark_weeks = [0]
horizon_weeks = 12
[predictors]
anti_hbs = {}
stage = { column = "stage", levels = ["early", "late"] }
"odd name" = { column = "odd name" }
"""


def test_the_columns_that_a_study_reads_are_proposed_or_asked_for(tmp_path):
    """The outcome stands in a coded field, the stage in none; a key of two words is asked for in quotes."""
    (tmp_path / "own.toml").write_text(OWN_COLUMNS, encoding="utf-8")
    study = load_study(tmp_path / "own.toml")
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
        'complete_study,end,radio,Completed?,"0, No | 1, Yes",,\nodd_name,end,text,Odd,,,\n'
    )
    data = "record_id,enrolled,complete_study,odd_name\n1,2024-01-08,1,3\n2,2024-01-08,0,4\n"
    path, _ = project(tmp_path / "p", data, MAPPING, dictionary)
    lines = propose_redcap(path, study).split("\n")
    assert (
        'complete_study = { field = "complete_study", values = { "0" = "No", "1" = "Yes" } }  # Completed?, 2 filled'
        in lines
    )
    why = "which column is it? Nothing in the source is called so"
    assert f"# optional: stage = \"...\"  # the study reads it for predictor 'stage': {why}" in lines
    assert f'# optional: "odd name" = "..."  # the study reads it for predictor \'odd name\': {why}' in lines
    bare = "record_id,enrolled\n1,2024-01-08\n2,2024-01-08\n"
    path, _ = project(tmp_path / "q", bare, MAPPING, dictionary)
    text = propose_redcap(path, study)
    assert f'#? complete_study = "..."  # the study reads it for its outcome: {why}' in text
    parse_mapping(text, "map.toml", "redcap")


def test_of_several_dates_one_is_taken_and_entries_of_one_analyte_may_all_stay(tmp_path):
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
        "drawn,labs,text,Drawn,,date_ymd,\nsent,labs,text,Sent,,date_ymd,\n"
        "alt,labs,text,ALT (U/L),,number,\nalt_2,labs,text,ALT (U/L),,number,\n"
    )
    data = "record_id,enrolled,drawn,sent,alt,alt_2\n1,2024-01-08,2024-01-09,2024-01-10,40,41\n"
    path, _ = project(tmp_path, data, MAPPING, dictionary)
    first, second = propose_redcap(path, built_in()).split("[[labs]]")[1:3]
    lines = first.split("\n")
    at = lines.index("#? Which of these dates is that of the result? Take one.")
    assert lines[at + 1 : at + 3] == ['#? date = "drawn"', '#? date = "sent"']
    assert "Then it may stay: all entries that stay count, each on its own day. Else take it out." in second
