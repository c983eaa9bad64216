"""Fields beside a number that deny it, days of relapse that are not read, and codes whose meaning nothing says."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project

from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import CohortError, SourceError

LABS = '[[labs]]\nanalyte = "hbsag"\nvalue = "hbsag"\nunit = "IU/mL"\ndate = "on"\n'
MAPPING = HEAD + TIME + PATIENTS + LABS
DICTIONARY = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\non,labs,text,Drawn,,date_ymd,\n"
    "hbsag,labs,text,HBsAg (IU/mL),,,\n"
)
RADIO = DICTIONARY + 'hbsag_det,labs,radio,HBsAg result,"0, Not detected | 1, Detected",,\n'
SIGN = 'comparator = { field = "hbsag_det", values = { "0" = "<", "1" = "" } }\n'


def read(tmp_path, data, mapping=MAPPING, dictionary=""):
    return read_redcap(*project(tmp_path, data, mapping, dictionary), study=built_in())


def refused(tmp_path, *parts) -> list[str]:
    with pytest.raises((CohortError, SourceError)) as refusal:
        read(tmp_path, *parts)
    return [str(problem) for problem in refusal.value.problems]


def rows(value="0.05"):
    return (
        f"record_id,enrolled,on,hbsag_det,hbsag\n1,2024-01-08,2024-01-08,0,{value}\n"
        "2,2024-01-08,2024-01-08,1,0.3\n3,2024-01-08,2024-01-08,0,\n"
    )


@pytest.mark.parametrize("dictionary", ["", RADIO])
def test_a_number_at_the_limit_beside_not_detected_is_refused(tmp_path, dictionary):
    """By its codes, and without a dictionary by its name: 0 of hbsag_det says that it was not detected."""
    (found,) = refused(tmp_path, rows(), MAPPING, dictionary)
    assert "column 'hbsag_det'" in found
    assert 'comparator = { field = "hbsag_det", values = { "0" = "<", "1" = "" } }' in found


def test_as_comparator_it_is_a_limit_and_what_has_no_number_is_counted(tmp_path):
    cohort = read(tmp_path, rows(), MAPPING + SIGN, RADIO)
    assert cohort.labs["value"].tolist() == ["<0.05", "0.3"]
    assert any("hbsag_det: 1 results in words, where hbsag is empty" in note for note in cohort.reading.notes)


def test_words_of_a_row_without_a_number_are_read_by_an_entry_of_their_own(tmp_path):
    words = (
        '[[labs]]\nanalyte = "hbsag"\nvalue = { field = "hbsag_det", values = { 0 = "negative", 1 = "positive" } }\n'
        'when = { hbsag = [""] }\ndate = "on"\n'
    )
    cohort = read(tmp_path, rows(), MAPPING + SIGN + words, RADIO)
    assert cohort.labs["value"].tolist() == ["<0.05", "0.3", "negative"]
    assert not any("in words" in note for note in cohort.reading.notes)


def test_numbers_that_agree_are_read(tmp_path):
    assert read(tmp_path, rows("0.02"), MAPPING, RADIO).labs["value"].tolist() == ["0.02", "0.3"]


OUTCOME = '[outcome]\nrelapse = { field = "relapsed", values = { "1" = "1", "0" = "0" } }\ndate = "end_date"\n'


def test_the_day_of_relapse_is_not_that_of_the_last_contact(tmp_path):
    data = (
        "record_id,enrolled,on,hbsag,relapsed,relapse_date,end_date\n"
        "1,2024-01-08,2024-01-08,0.02,1,2024-06-03,2024-12-02\n2,2024-01-08,2024-01-08,0.02,0,,2024-12-09\n"
    )
    (found,) = refused(tmp_path, data, MAPPING + OUTCOME)
    assert "'2024-12-02', and '2024-06-03' in 'relapse_date'; expected the day of the relapse" in found
    assert "put both into one column of a copy" in found


def test_a_relapse_without_a_day_beside_its_day_is_refused(tmp_path):
    data = "record_id,enrolled,on,hbsag,relapsed,relapse_date,end_date\n1,2024-01-08,2024-01-08,0.02,1,2024-06-03,\n"
    (found,) = refused(tmp_path, data, MAPPING + OUTCOME)
    assert "no date, and '2024-06-03' in 'relapse_date'; expected the day of the relapse" in found


@pytest.mark.parametrize("column", ["sex", "malignancy", "arm"])
def test_codes_without_a_dictionary_are_stated(tmp_path, column):
    """1 may be male or female, yes or no: nothing says which."""
    data = f"record_id,enrolled,on,hbsag,{column}\n1,2024-01-08,2024-01-08,0.02,1\n2,2024-01-08,2024-01-08,0.02,0\n"
    mapping = HEAD + TIME + PATIENTS + f'{column} = "{column}"\n' + LABS
    (found,) = refused(tmp_path, data, mapping)
    assert f"codes of '{column}', and no data dictionary" in found
    assert f'{column} = {{ field = "{column}", values = {{ "0" = "...", "1" = "..." }} }}' in found


def test_words_without_a_dictionary_say_themselves(tmp_path):
    data = "record_id,enrolled,on,hbsag,sex\n1,2024-01-08,2024-01-08,0.02,F\n"
    mapping = HEAD + TIME + PATIENTS + 'sex = "sex"\n' + LABS
    assert read(tmp_path, data, mapping).patients["sex"].tolist() == ["F"]


def test_codes_of_a_column_that_the_study_reads_are_asked(tmp_path):
    source, _ = project(tmp_path, "record_id,enrolled,on,hbsag,sex\n1,2024-01-08,2024-01-08,0.02,1\n", MAPPING)
    assert '#? sex = { field = "sex", values = { "1" = "..." } }' in propose_redcap(source, built_in())


def test_a_logarithm_is_asked(tmp_path):
    dictionary = DICTIONARY + "hbsag_log,labs,calc,HBsAg log10,,,\n"
    data = "record_id,enrolled,on,hbsag,hbsag_log\n1,2024-01-08,2024-01-08,100,2\n"
    text = propose_redcap(project(tmp_path, data, MAPPING, dictionary)[0], built_in())
    assert "a logarithm, of which no unit is stated" in text
    assert '#? value = "hbsag_log"' in text
    assert '\nvalue = "hbsag_log"' not in text


def test_tests_named_in_a_field_and_courses_named_in_labels_are_proposed(tmp_path):
    dictionary = (
        "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
        "peg_a,visit,text,PegIFN start,,date_ymd,\npeg_b,visit,text,PegIFN last dose,,date_ymd,\n"
        'on,labs,text,Drawn,,date_ymd,\ntest,labs,dropdown,Test,"1, HBsAg | 2, ALT",,\nresult,labs,text,Result,,,\n'
        'unit,labs,dropdown,Unit,"1, IU/mL | 2, U/L",,\n'
    )
    data = (
        "record_id,enrolled,peg_a,peg_b,on,test,result,unit\n"
        "1,2024-01-08,2023-01-09,2024-01-01,2024-01-08,1,<0.05,1\n2,2024-01-08,2023-01-09,,2024-01-08,2,33,2\n"
    )
    text = propose_redcap(project(tmp_path, data, MAPPING, dictionary)[0], built_in())
    assert 'analyte = { field = "test", values = { "1" = "hbsag", "2" = "alt" } }' in text
    assert 'unit = { field = "unit", values = { "1" = "IU/mL", "2" = "U/L" } }' in text
    assert 'agent = "pegifn"\nstart = "peg_a"' in text
    assert 'end = "peg_b"' in text
    assert "#? 1 of its courses have no last day" in text


def test_texts_that_may_mean_no_value_are_asked_and_refused_with_advice(tmp_path):
    data = "record_id,enrolled,on,hbsag\n1,2024-01-08,2024-01-08,NI\n2,2024-01-08,2024-01-08,-99\n"
    text = propose_redcap(project(tmp_path, data, MAPPING, DICTIONARY)[0], built_in())
    assert '#? codes = ["-99", "NI"]' in text
    assert all("[missing] codes" in one for one in refused(tmp_path, data, MAPPING, DICTIONARY))


@pytest.mark.parametrize(("first", "other"), [("<", "H"), ("BLQ", "repeat"), ("Detected <LLOQ", "Quantifiable")])
def test_a_sign_or_words_for_it_among_others_say_that_a_number_is_a_limit(tmp_path, first, other):
    """0.05 with it is below 0.05."""
    data = (
        f"record_id,enrolled,on,remark,hbsag\n1,2024-01-08,2024-01-08,{first},0.05\n"
        f"2,2024-01-08,2024-01-08,{other},0.3\n"
    )
    (found,) = refused(tmp_path, data)
    assert f"column 'remark': '{first} beside 0.05'" in found
    sign = f'comparator = {{ field = "remark", values = {{ "{first}" = "<", "{other}" = "" }} }}'
    assert sign in found
    assert read(tmp_path, data, f"{MAPPING}{sign}\n").labs["value"].tolist() == ["<0.05", "0.3"]
    harmless = data.replace(f",{first},", ",L,")
    assert read(tmp_path, harmless).labs["value"].tolist() == ["0.05", "0.3"]


def test_not_detected_without_a_number_is_counted_beside_words_for_the_limit(tmp_path):
    """Row 1 has words alone; "Quantifiable" and "Detected <LLOQ" are words of results, too."""
    choices = '"1, Not detected | 2, Detected <LLOQ | 3, Quantifiable"'
    dictionary = DICTIONARY + f"hbsag_st,labs,radio,HBsAg status,{choices},,\n"
    data = (
        "record_id,enrolled,on,hbsag_st,hbsag\n1,2024-01-08,2024-01-08,1,\n2,2024-01-08,2024-01-08,2,<0.05\n"
        "3,2024-01-08,2024-01-08,3,0.3\n"
    )
    cohort = read(tmp_path, data, MAPPING, dictionary)
    assert any("hbsag_st: 1 results in words, where hbsag is empty" in note for note in cohort.reading.notes)


def test_nd_is_asked_and_without_an_answer_refused_by_row(tmp_path):
    """It is written for what was not detected, and for what was not done; TND has one meaning."""
    data = (
        rows("0.05")
        .replace(",0,0.05", ",,ND")
        .replace(",1,0.3", ",,n.d.")
        .replace("2024-01-08,0,\n", "2024-01-08,,TND\n")
    )
    data = data.replace(",hbsag_det", "").replace("2024-01-08,,", "2024-01-08,")
    found = refused(tmp_path, data)
    said = "which is written for what was not detected, and for what was not done"
    assert [one.partition(";")[0] for one in found] == [
        f"data.csv, row 2, column 'hbsag': 'ND', {said}",
        f"data.csv, row 3, column 'hbsag': 'n.d.', {said}",
    ]
    assert 'results = ["ND"] if nothing was detected, codes = ["ND"] if it was not done' in found[0]
    text = propose_redcap(project(tmp_path / "b", data, MAPPING, DICTIONARY)[0], built_in())
    assert '#? results = ["ND", "n.d."]  # does "ND", "n.d." mean that nothing was detected?' in text
    detected = read(tmp_path, data, MAPPING + '[missing]\nresults = ["ND", "n.d."]\n')
    assert detected.labs["kind"].astype(str).tolist() == ["negative"] * 3
    done = read(tmp_path, data, MAPPING + '[missing]\ncodes = ["ND"]\nresults = ["n.d."]\n')
    assert done.labs["patient_id"].astype(str).tolist() == ["2", "3"]
    stated = MAPPING.replace(
        'value = "hbsag"', 'value = { field = "hbsag", values = { ND = "not detected", "n.d." = "", TND = "TND" } }'
    )
    assert read(tmp_path, data, stated).labs["kind"].astype(str).tolist() == ["negative", "negative"]
