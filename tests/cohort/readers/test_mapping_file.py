"""A mapping file: what is wrong with it is said with its line, all at once."""

from __future__ import annotations

import pytest

from relapse_model.cohort.readers.mapping_file import load_mapping, parse_mapping
from relapse_model.errors import MappingError

HEAD = '[mapping]\nprotocol = 1\nkind = "redcap"\n[patients]\nid = "record_id"\n'


def test_every_problem_comes_at_once_with_its_line():
    text = HEAD + '[[labs]]\nanalite = "anti_hbs"\nunit = "mIU/mL"\n[missing]\ncodes = "-99"\n'
    with pytest.raises(MappingError) as refusal:
        parse_mapping(text, "map.toml")
    assert [(problem.row, problem.found) for problem in refusal.value.problems] == [(7, "unknown key"), (10, "'-99'")]
    assert "Did you mean 'analyte'?" in str(refusal.value)


def test_a_mapping_for_another_reader_is_refused():
    with pytest.raises(MappingError, match="'redcap'; expected 'fhir'"):
        parse_mapping(HEAD, "map.toml", "fhir")


def test_plain_text_is_a_constant_or_a_field_by_its_key():
    lab = parse_mapping(
        HEAD + '[[labs]]\nanalyte = { field = "test" }\nunit = "IU/mL"\nvalue = "result"\nwhen = { arm = 1 }\n'
    ).labs[0]
    assert dict(lab.constants) == {"unit": "IU/mL"}
    assert {key: one.name for key, one in lab.fields.items()} == {"analyte": "test", "value": "result"}
    assert lab.when == {"arm": ("1",)}


def test_a_unit_that_was_left_open_is_refused_with_its_line():
    text = HEAD + '[[labs]]\nanalyte = "hbsag"\nvalue = "result"\nunit = ""\n'
    with pytest.raises(MappingError, match=r"map\.toml, line 9, key 'labs\.1\.unit': ''; expected the unit, as text"):
        parse_mapping(text, "map.toml")


def test_a_key_of_another_kind_is_refused():
    with pytest.raises(MappingError, match=r"time\.cohort_definition_id"):
        parse_mapping(HEAD + "[time]\ncohort_definition_id = 1\n")


def test_a_missing_section_and_a_file_that_is_not_there_are_named(tmp_path):
    with pytest.raises(MappingError, match=r"section \[patients\] is missing"):
        parse_mapping('[mapping]\nprotocol = 1\nkind = "fhir"\n')
    with pytest.raises(MappingError, match="no such file in"):
        load_mapping(tmp_path / "map.toml")


@pytest.mark.parametrize(("one", "other"), [("A", "a"), ("1", "1.0"), ("Ｂ", "b"), ("HBIG-1 ", "hbig-1")])
def test_texts_that_are_compared_as_one_must_mean_the_same(one, other):
    # Otherwise the last meaning would count for both, and the arms would be swapped without a word.
    arm = f'arm = {{ field = "arm", values = {{ "{one}" = "hbig", "{other}" = "control" }} }}\n'
    with pytest.raises(MappingError, match=r"line 6, key 'patients\.arm\.values'.* compared as one text"):
        parse_mapping(HEAD + arm, "map.toml")
    assert parse_mapping(HEAD + arm.replace("control", "hbig")).patients["arm"].values[one] == "hbig"


LINES = '[mapping]\nprotocol = 1\nkind = "excel"\n{}\n[patients]\nid = "ID"\n'


@pytest.mark.parametrize(
    ("section", "advice"),
    [
        ('[time]\ndates = "day first"', 'dates = "dmy"'),
        ('[source]\nsheet = ""', 'sheet = "Sheet1"'),
        ('[source]\ndecimal = "comma"', 'decimal = ","'),
        ('[source]\nheader_row = "2"', "header_row = 2"),
        ('[source]\nunknown_patients = "yes"', 'unknown_patients = "list"'),
        ('[missing]\ncodes = "-99"', 'codes = ["-99", "UNK"]'),
        ("[time]\nzero = 1", 'zero = { field = "COLUMN" }'),
        ("[time]\nvisits = []", 'visits = { "0" = 0, "12" = 12 }'),
    ],
)
def test_a_line_that_works_is_shown_and_works(section, advice):
    with pytest.raises(MappingError) as refusal:
        parse_mapping(LINES.format(section), "map.toml")
    (problem,) = refusal.value.problems
    assert problem.advice.endswith(f"Write it so, for example: {advice}")
    parse_mapping(LINES.format(f"{section.split(chr(10))[0]}\n{advice}"), "map.toml")


def test_a_key_in_the_wrong_section_is_told_where_it_belongs():
    with pytest.raises(MappingError, match=r'It belongs under \[source\], or \[sources\.NAME\]: encoding = "gb18030"'):
        parse_mapping(LINES.format('encoding = "cp1252"'), "map.toml")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_that_is_no_text_has_its_line_whatever_mark_the_file_begins_with(tmp_path, mark):
    (tmp_path / "map.toml").write_bytes(mark + b"[mapping]\nprotocol = 1\nkind = " + b'"\xd1"\n')
    with pytest.raises(MappingError) as refusal:
        load_mapping(tmp_path / "map.toml")
    assert "map.toml, line 3: byte 0xd1 is not UTF-8; expected UTF-8 text. Save it as UTF-8" in str(refusal.value)


LEFT_OPEN = {
    "excel": '[time]\ndates = "..."\n[[labs]]\nanalyte = "hbsag"\nvalue = "..."\nunit = "..."\nlower_limit = "..."\n',
    "redcap": '[source]\ndictionary = "..."\n[time]\nzero = { field = "..." }\n[time.visits]\n"v2" = "..."\n'
    '[[labs]]\nanalyte = "hbsag"\nvalue = { field = "v", values = { "1" = "...", "2" = "..." } }\ndate = "..."\n',
    "cdisc": '[[labs]]\nanalyte = "hbsag"\ncodes = ["..."]\nwhen = { LBSPEC = "..." }\n',
    "omop": '[[labs]]\nanalyte = "hbsag"\nunit = { field = "unit_concept_id", values = { 8923 = "..." } }\n',
    "fhir": '[source]\nzone = "..."\n[[labs]]\nanalyte = "hbsag"\nunit = "..."\n[labs.value]\nfield = "value"\n'
    '[labs.value.values]\n"http://snomed.info/sct|1" = "..."\n"http://snomed.info/sct|2" = "…"\n',
}  # fmt: skip


@pytest.mark.parametrize("kind", LEFT_OPEN)
def test_each_line_that_was_left_open_is_told_of_once_and_not_as_a_fault_of_the_data(kind):
    text = f'[mapping]\nprotocol = 1\nkind = "{kind}"\n[patients]\nid = "..."\n{LEFT_OPEN[kind]}'
    with pytest.raises(MappingError) as refusal:
        parse_mapping(text, "map.toml", kind)
    problems = refusal.value.problems
    lines = [at for at, line in enumerate(text.split("\n"), start=1) if '"..."' in line or '"…"' in line]
    assert [problem.row for problem in problems] == lines
    assert {problem.found for problem in problems} == {"'...'"}
    assert all(problem.advice.startswith("It is not filled in. ") for problem in problems)


def test_three_dots_that_stand_in_the_data_may_be_named():
    text = HEAD + 'sex = { field = "sex", values = { "..." = "", "1" = "M" } }\n[missing]\ncodes = ["...", "UNK"]\n'
    mapping = parse_mapping(text, "map.toml")
    assert (mapping.missing, mapping.patients["sex"].values["..."]) == (frozenset({"...", "UNK"}), "")
