"""Which columns are never read: the same names in a sheet and in a REDCap project."""

import pytest

from relapse_model.cohort.readers.identifying import may_identify
from relapse_model.cohort.readers.redcap.dictionary import why_never_read


@pytest.mark.parametrize(
    "name", ["dob", "e_mail", "name_first", "patient_name", "id_card", "wechat", "姓名", "联系电话"]
)
def test_a_name_of_one_reader_is_known_to_the_other(name):
    assert may_identify(name)
    assert may_identify(name.replace("_", " ").upper())
    assert why_never_read(name, None)


@pytest.mark.parametrize("name", ["hbsag_iu_ml", "drug_name", "visit_date", "项目名称", "住院号"])
def test_what_names_nobody_is_read(name):
    assert not may_identify(name)
    assert not why_never_read(name, None)
