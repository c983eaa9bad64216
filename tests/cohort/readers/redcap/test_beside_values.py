"""Fields beside a value that a mapping does not read: comparators and units; and conditions that no row fits."""

from __future__ import annotations

import pytest
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import CohortError, SourceError

LABS = '[[labs]]\nanalyte = "hbsag"\nvalue = "hbsag"\nunit = "IU/mL"\ndate = "on"\n'
MAPPING = HEAD + TIME + PATIENTS + LABS
DICTIONARY = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\non,labs,text,Drawn,,date_ymd,\n"
    "hbsag,labs,text,HBsAg,,,\n"
)
SIGNS = '"1, < | 2, = | 3, >"'


def read(tmp_path, data, mapping=MAPPING, dictionary=""):
    return read_redcap(*project(tmp_path, data, mapping, dictionary), study=built_in())


def refused(tmp_path, *parts) -> list[str]:
    with pytest.raises((CohortError, SourceError)) as refusal:
        read(tmp_path, *parts)
    return [str(problem) for problem in refusal.value.problems]


def rows(column, first, second, value="0.05"):
    return (
        f"record_id,enrolled,on,{column},hbsag\n1,2024-01-08,2024-01-08,{first},{value}\n"
        f"2,2024-01-08,2024-01-08,{second},0.3\n"
    )


@pytest.mark.parametrize("column", ["hbsag_op", "hbsag_sign", "op", "comparator", "lower_mark"])
def test_comparators_that_are_not_read_are_refused(tmp_path, column):
    """Without them, "<" 0.05 is a result at the limit."""
    (found,) = refused(tmp_path, rows(column, "<", "="))
    assert f"column {column!r}: comparators of 'hbsag', which the mapping does not read" in found
    cohort = read(tmp_path, rows(column, "<", "="), MAPPING + f'comparator = "{column}"\n')
    assert cohort.labs["value"].tolist() == ["<0.05", "0.3"]


def test_comparators_may_be_codes(tmp_path):
    """1 is "<" by the dictionary, and the advice says how the mapping states that."""
    dictionary = DICTIONARY + f"hbsag_op,labs,radio,Sign,{SIGNS},,\n"
    (found,) = refused(tmp_path, rows("hbsag_op", "1", "2"), MAPPING, dictionary)
    assert 'values = { "1" = "<", "2" = "=", "3" = ">" }' in found
    named = MAPPING + 'comparator = { field = "hbsag_op", values = { "1" = "<", "2" = "=", "3" = ">" } }\n'
    assert read(tmp_path, rows("hbsag_op", "1", "2"), named, dictionary).labs["value"].tolist() == ["<0.05", "0.3"]


def test_comparators_of_what_is_not_read_are_no_concern(tmp_path):
    data = "record_id,enrolled,on,hbsag,afp,afp_op\n1,2024-01-08,2024-01-08,0.3,2,<\n"
    assert len(read(tmp_path, data).labs) == 1
    assert len(read(tmp_path, rows("op", "=", "=")).labs) == 2  # equal signs say nothing


@pytest.mark.parametrize("column", ["hbsag_unit", "hbsag_u", "unit", "result_units"])
def test_a_unit_in_the_row_is_not_overruled(tmp_path, column):
    """120 mIU/mL are 0.12 IU/mL; the second row's unit is the one that is stated."""
    (found,) = refused(tmp_path, rows(column, "mIU/mL", "IU/ml", "120"))
    assert f"row 2, column {column!r}: 'mIU/mL'; expected 'IU/mL', which the mapping states for 'hbsag'" in found
    named = MAPPING.replace('unit = "IU/mL"', f'unit = {{ field = "{column}" }}')
    cohort = read(tmp_path, rows(column, "mIU/mL", "IU/ml", "120"), named)
    assert cohort.labs["unit"].tolist() == ["mIU/mL", "IU/ml"]


def test_units_may_be_codes(tmp_path):
    dictionary = DICTIONARY + 'hbsag_unit,labs,radio,Unit,"1, IU/mL | 2, mIU/mL",,\n'
    (found,) = refused(tmp_path, rows("hbsag_unit", "2", "1", "120"), MAPPING, dictionary)
    assert "'mIU/mL'; expected 'IU/mL'" in found


def test_units_of_doses(tmp_path):
    data = "record_id,enrolled,given,dose,dose_unit\n1,2024-01-08,2024-01-08,400,mg\n"
    dose = '[[treatments]]\nagent = "hbig"\nstart = "given"\ndose = { field = "dose", unit = "IU" }\n'
    (found,) = refused(tmp_path, data, HEAD + TIME + PATIENTS + dose)
    assert "column 'dose_unit': 'mg'; expected 'IU', which the mapping states for 'dose'" in found


def test_comparators_and_units_are_proposed(tmp_path):
    data = "record_id,enrolled,on,hbsag_op,hbsag,hbsag_unit\n1,2024-01-08,2024-01-08,1,0.05,IU/mL\n"
    source, _ = project(tmp_path, data, MAPPING, DICTIONARY + f"hbsag_op,labs,radio,Sign,{SIGNS},,\n")
    text = propose_redcap(source, built_in())
    assert 'comparator = { field = "hbsag_op", values = { "1" = "<", "2" = "=", "3" = ">" } }' in text
    assert 'unit = { field = "hbsag_unit" }' in text
    cohort = read_redcap(source, parse_mapping(text, "map.toml", "redcap"), study=built_in())
    assert cohort.labs[["value", "unit"]].to_numpy().tolist() == [["<0.05", "IU/mL"]]


def test_two_decimal_signs(tmp_path):
    """0,3 has a comma, so that the point of 1.234 may part thousands; stated, it does not."""
    data = rows("note", "", "", "1.234").replace(",0.3\n", ',"0,3"\n')
    (found,) = refused(tmp_path, data)
    assert "'1.234'; expected a number whose point cannot part thousands" in found
    assert len(read(tmp_path, rows("note", "", "", "1.234")).labs) == 2


LONG = "record_id,enrolled,on,test,hbsag\n1,2024-01-08,2024-01-08,HBsAg,0.3\n"


def test_a_condition_that_no_row_fits(tmp_path):
    """HBsAb for HBsAg: nothing would be read, and nobody would know."""
    (found,) = refused(tmp_path, LONG, MAPPING + 'when = { test = "HBsAb" }\n')
    assert "key 'labs.1.when': no row that fits" in found
    cohort = read(tmp_path, LONG, MAPPING + 'when = { test = ["HBsAg", "HBsAg II"] }\n')
    assert "labs.1.when: 'HBsAg II' stands in no row of 'test'" in cohort.reading.notes
    both = MAPPING + LABS + 'when = { test = "HBsAg II" }\n'
    assert any("no row fits when test = 'HBsAg II'" in note for note in read(tmp_path, LONG, both).reading.notes)


def test_a_date_whose_label_is_an_amount_is_no_date(tmp_path):
    """As in the fixture, where creatinine is validated as a date."""
    data = "record_id,enrolled,on,creat,hbsag\n1,2024-01-08,2024-01-08,2024-02-01,0.3\n"
    source, _ = project(tmp_path, data, MAPPING, DICTIONARY + "creat,labs,text,Creatinine (mg/dL),,date_ymd,\n")
    text = propose_redcap(source, built_in())
    assert 'date = "creat"' not in text


def test_a_result_that_was_taken_back_is_not_read(tmp_path):
    dictionary = DICTIONARY + 'status,labs,radio,Status,"1, final | 9, cancelled",,\n'
    (found,) = refused(tmp_path, rows("status", "1", "9"), MAPPING, dictionary)
    assert "row 3, column 'status': 'cancelled'" in found
    final = MAPPING + 'when = { status = "1" }\n'
    assert read(tmp_path, rows("status", "1", "9"), final, dictionary).labs["value"].tolist() == ["0.05"]


BELOW = DICTIONARY + "hbsag_lod,labs,yesno,Below the limit of detection?,,,\n"


def test_a_result_below_its_limit_by_yes_or_no(tmp_path):
    """0.05 with "yes" is <0.05; the advice says how the mapping states that, and the proposal does so."""
    (found,) = refused(tmp_path, rows("hbsag_lod", "1", "0"), MAPPING, BELOW)
    assert "what is below its limit of 'hbsag'" in found
    assert 'values = { "1" = "<", "0" = "" }' in found
    source, _ = project(tmp_path, rows("hbsag_lod", "1", "0"), MAPPING, BELOW)
    text = propose_redcap(source, built_in()).replace('#? unit = "..."', 'unit = "IU/mL"')
    cohort = read_redcap(source, parse_mapping(text, "map.toml", "redcap"), study=built_in())
    assert cohort.labs["value"].tolist() == ["<0.05", "0.3"]
    assert len(read(tmp_path, rows("hbsag_lod", "0", "0"), MAPPING, BELOW).labs) == 2  # of none


def test_a_result_below_its_limit_by_a_box(tmp_path):
    dictionary = DICTIONARY + 'hbsag_cmp,labs,checkbox,Sign,"1, <",,\n'
    (found,) = refused(tmp_path, rows("hbsag_cmp___1", "1", "0"), MAPPING, dictionary)
    assert "column 'hbsag_cmp___1': what is below its limit of 'hbsag'" in found


DOSES = '[[treatments]]\nagent = "hbig"\nstart = "ds"\nend = "de"\ndose = { field = "dose", unit = "IU" }\n'
DOSED = (
    "ds,drug,text,Start,,date_ymd,\nde,drug,text,End,,date_ymd,\ndose,drug,text,Dose,,,\n"
    'st,drug,radio,Dose status,"1, given | 2, cancelled",,\nong,drug,yesno,Ongoing?,,,\n'
)


def doses(dose="400", end="2024-01-09", status="1", ongoing=""):
    return (
        "record_id,enrolled,on,hbsag,ds,de,dose,st,ong\n"
        f"1,2024-01-08,2024-01-08,0.3,2024-01-09,{end},{dose},{status},{ongoing}\n"
    )


def test_a_dose_that_was_not_given_or_of_nothing_is_no_course(tmp_path):
    assert len(read(tmp_path, doses(), MAPPING + DOSES, DICTIONARY + DOSED).treatments) == 1
    for one, said in (
        (doses(status="2"), "a row that counts"), (doses(dose="0"), "an amount that was given"),
        (doses(end="", ongoing="0", dose=""), "the last day of a course that is over"),
    ):  # fmt: skip
        (found,) = refused(tmp_path, one, MAPPING + DOSES, DICTIONARY + DOSED)
        assert said in found


BOXES = 'dx,visit,checkbox,Malignancy,"1, yes | 2, no | 3, unknown",,\n'


def boxes(yes, no, unknown):
    return (
        "record_id,enrolled,on,hbsag,dx___1,dx___2,dx___3\n"
        f"1,2024-01-08,2024-01-08,0.3,{yes},{no},{unknown}\n2,2024-01-08,2024-01-08,0.3,0,1,0\n"
    )


def test_a_box_of_unknown_is_no_no_and_boxes_may_contradict_each_other(tmp_path):
    mapping = MAPPING.replace("[[labs]]", 'malignancy = "dx___1"\n[[labs]]', 1)
    for ticks, said in (((0, 0, 1), [None, 0]), ((1, 0, 0), [1, 0])):
        known = read(tmp_path, boxes(*ticks), mapping, DICTIONARY + BOXES).patients["malignancy"]
        assert [None if one != one else one for one in known] == said
    for ticks in ((1, 1, 0), (1, 0, 1), (0, 1, 1)):
        (found,) = refused(tmp_path, boxes(*ticks), mapping, DICTIONARY + BOXES)
        assert "boxes that do not contradict each other" in found


def test_a_status_of_one_result_is_not_that_of_another(tmp_path):
    """ALT was cancelled, and HBsAg was not."""
    data = "record_id,enrolled,on,alt_status,alt,hbsag\n1,2024-01-08,2024-01-08,cancelled,,0.3\n"
    alt = LABS.replace("hbsag", "alt").replace("IU/mL", "U/L")
    fields = "alt,labs,text,ALT,,,\nalt_status,labs,text,ALT status,,,\n"
    assert len(read(tmp_path, data, MAPPING + alt, DICTIONARY + fields).labs) == 1
    assert len(refused(tmp_path, data.replace("cancelled,,", "cancelled,30,"), MAPPING + alt, DICTIONARY + fields)) == 1


def test_a_proposal_asks_where_the_label_says_something_else(tmp_path):
    fields = (
        "alt,labs,text,AST (U/L),,,\nbilirubin,labs,text,Bilirubin of the mother (umol/L),,,\n"
        "albumin,labs,text,Albumin (g/L),,,\n"
        'malignancy,visit,radio,Malignancy absent?,"1, Yes | 0, No",,\ncoinfection,visit,radio,Coinfection,'
        '"1, absent | 0, present",,\n'
    )
    data = (
        "record_id,enrolled,on,hbsag,alt,bilirubin,albumin,malignancy,coinfection\n"
        "1,2024-01-08,2024-01-08,0.3,30,12,40,1,1\n"
    )
    source, _ = project(tmp_path, data, MAPPING, DICTIONARY + fields)
    lines = propose_redcap(source, built_in()).splitlines()
    for analyte in ("alt", "bilirubin"):
        assert any(line.startswith(f'#? analyte = "{analyte}"') for line in lines)
    assert any(line.startswith('analyte = "albumin"') for line in lines)
    assert any(line.startswith("#? malignancy") and '"1" = "0"' in line for line in lines)
    assert any(line.startswith("coinfection") and '"1" = "0", "0" = "1"' in line for line in lines)


def proposed(tmp_path, *signs, results="hbsag,anti_hbs"):
    """Return the comparators that are proposed for the results of a form, with fields of signs: a name and a label."""
    labels = {"hbsag": "HBsAg (IU/mL)", "anti_hbs": "Anti-HBs (mIU/mL)", "hbsag_bl": "HBsAg", "hbsag_m3": "HBsAg"}
    fields = results.split(",")
    dictionary = DICTIONARY.rpartition("hbsag,labs")[0]
    dictionary += "".join(f"{name},labs,text,{labels[name]},,,\n" for name in fields)
    dictionary += "".join(f"{name},labs,radio,{label},{SIGNS},,\n" for name, label in signs)
    data = f"record_id,enrolled,on,{results},{','.join(name for name, _ in signs)}\n1,2024-01-08,2024-01-08"
    source, _ = project(tmp_path, data + ",12" * len(fields) + ",1" * len(signs) + "\n", MAPPING, dictionary)
    entries = propose_redcap(source, built_in()).split("[[labs]]")[1:]
    return [[line for line in entry.splitlines() if "comparator" in line] for entry in entries]


@pytest.mark.parametrize(
    ("name", "label"),
    [("hbsag_zeichen", "HBsAg: Vorzeichen"), ("hbsag_flag", "HBsAg flag"), ("hbsag_fh", "HBsAg 符号"),
     ("vorz_hbsag", "Vorzeichen HBsAg"), ("hbsag_res_type", "HBsAg: result is"), ("q7", "HBsAg sign")],
)  # fmt: skip
def test_signs_that_name_an_analyte_are_proposed_for_it_alone(tmp_path, name, label):
    """Anti-HBs 12 with the sign of HBsAg would be <12."""
    (own,), other = proposed(tmp_path, (name, label))
    assert own.startswith(f'comparator = {{ field = "{name}"')
    assert other == []


def test_signs_that_name_none_of_several_analytes_are_asked_for(tmp_path):
    for lines in proposed(tmp_path, ("vorz", "Vorzeichen")):
        assert [line.startswith("#? Of which result") for line in lines] == [True]
    ((alone,),) = proposed(tmp_path, ("vorz", "Vorzeichen"), results="hbsag")
    assert alone.startswith('comparator = { field = "vorz"')


def test_each_of_two_results_of_an_analyte_has_the_signs_of_its_name(tmp_path):
    signs = (("hbsag_bl_op", "Sign"), ("hbsag_m3_op", "Sign"))
    (first,), (second,) = proposed(tmp_path, *signs, results="hbsag_bl,hbsag_m3")
    assert ('"hbsag_bl_op"' in first, '"hbsag_m3_op"' in second) == (True, True)


def test_signs_that_name_another_analyte_are_refused(tmp_path):
    """A mapping may have been proposed, or copied, with the sign of HBsAg beside anti-HBs: 12 would be <12."""
    dictionary = DICTIONARY + f"anti_hbs,labs,text,Anti-HBs,,,\nvorz,labs,radio,HBsAg: Vorzeichen,{SIGNS},,\n"
    data = "record_id,enrolled,on,hbsag,anti_hbs,vorz\n1,2024-01-08,2024-01-08,0.05,12,1\n"
    sign = 'comparator = { field = "vorz", values = { "1" = "<", "2" = "=", "3" = ">" } }\n'
    other = '[[labs]]\nanalyte = "anti_hbs"\nvalue = "anti_hbs"\nunit = "mIU/mL"\ndate = "on"\n'
    (found,) = refused(tmp_path, data, MAPPING + sign + other + sign, dictionary)
    assert "'vorz', by its name or label the comparator of hbsag; expected the comparator of anti_hbs" in found
    assert read(tmp_path, data, MAPPING + sign + other, dictionary).labs["value"].tolist() == ["<0.05", "12"]
