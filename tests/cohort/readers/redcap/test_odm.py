"""ODM XML: what it declares is refused, what is cut off or not ODM as well."""

from __future__ import annotations

import pytest
from redcap_writer import odm_of, rows_of
from whole_days import whole_days

from relapse_model.cohort.readers.redcap.odm import read_project
from relapse_model.errors import SourceError

SOUND = (
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3"><ClinicalData><SubjectData SubjectKey="1">'
    '<FormData FormOID="Form.a"><ItemData ItemOID="x" Value="5"/></FormData></SubjectData></ClinicalData></ODM>'
)
LAUGHS = '<!DOCTYPE ODM [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE ODM [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ATTRIBUTES = "<!DOCTYPE ODM [<!ATTLIST ODM a CDATA 'b'>]>"
OUTSIDE = '<!DOCTYPE ODM SYSTEM "http://example.org/odm.dtd">'


def read(tmp_path, text: str | bytes):
    path = tmp_path / "project.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_project(path, 10**8)


def test_the_smallest_file_is_read(tmp_path):
    assert list(read(tmp_path, SOUND).rows.values()) == [(1, {"x": "5"})]


@pytest.mark.parametrize("declaration", [LAUGHS, FILE, OUTSIDE, "<!DOCTYPE ODM>", ATTRIBUTES])
def test_every_declaration_is_refused(tmp_path, declaration):
    with pytest.raises(SourceError, match="a declaration of a document type or an entity"):
        read(tmp_path, declaration + SOUND.replace("5", "&a;" if "ENTITY" in declaration else "5"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SOUND[:-9], "it is no whole XML"),
        ("a,b\n1,2\n", "it is no whole XML"),
        ("", "it is no whole XML"),
        ("<html/>", "another root than ODM"),
        (SOUND.replace("v1.3", "v2.0"), "another root than ODM"),
        (
            SOUND.replace("<ODM", '<?xml version="1.0" encoding="nonsense"?><ODM', 1),
            "an? (whole|encoding)|no whole XML",
        ),
        (SOUND.replace("<FormData", "<a>" * 60 + "</a>" * 60 + "<FormData"), "elements without end"),
        (SOUND.replace("</FormData>", '<ItemData ItemOID="x" Value="6"/></FormData>'), "a second value of 'x'"),
    ],
)
def test_what_is_no_project_is_refused(tmp_path, text, found):
    with pytest.raises(SourceError, match=found):
        read(tmp_path, text)


def test_repeating_instruments_stay_so_without_rows(tmp_path):
    rows = rows_of(whole_days(3, 1))
    project = read(tmp_path, odm_of(rows[rows["redcap_repeat_instrument"] == ""]))
    assert project.repeating == {("event_1_arm_1", "labs"), ("event_1_arm_1", "drugs")}
    assert len(project.rows) == 3
    assert project.fields["sex"].choices == {"0": "Female", "1": "Male"}
    assert project.fields["lab_value"].form == "labs"


def test_a_record_that_is_not_its_subject_is_refused(tmp_path):
    named = SOUND.replace("<SubjectData", '<SubjectData RecordIdField="record_id"')
    inside = named.replace("<ItemData", '<ItemData ItemOID="record_id" Value="{}"/><ItemData')
    assert len(read(tmp_path, inside.format("1")).rows) == 1
    with pytest.raises(SourceError, match="a record's identifier that is not its SubjectKey"):
        read(tmp_path, inside.format("2"))
