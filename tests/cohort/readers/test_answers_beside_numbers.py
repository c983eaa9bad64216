"""Columns of yes and no beside a number: positive, negative, below the limit, in the languages of the field."""

from __future__ import annotations

import pandas as pd
import pytest
from redcap_projects import HEAD, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.second_statements import flags_below
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.cohort.readers.words_beside import stated_results
from relapse_model.errors import CohortError

FIELDS = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
    "hbsag,labs,text,HBsAg (IU/mL),,number,\nasked,labs,yesno,{label},,,\ndrawn,labs,text,Drawn,,date_ymd,\n"
)


def test_no_to_positive_is_no_sign_of_a_number(tmp_path):
    """0.02 is measured, and negative: it is not below 0.02."""
    data = "record_id,enrolled,hbsag,asked,drawn\n7,2024-01-01,0.02,0,2024-01-08\n8,2024-01-01,0.3,1,2024-01-08\n"
    source, _ = project(tmp_path, data, HEAD, FIELDS.format(label="HBsAg positive?"))
    assert "comparator" not in propose_redcap(source, built_in())


@pytest.mark.parametrize(
    ("label", "taken"),
    [("HBsAg unter Nachweisgrenze?", True), ("HBsAg sous le seuil de détection ?", True), ("HBsAg", False),
     ("HBsAg por debajo del límite de detección", True), ("HBsAg sotto il limite", True),
     ("HBsAg nicht nachweisbar?", True), ("HBsAg below detection limit?", True)],
)  # fmt: skip
def test_below_the_limit_is_the_comparator_in_each_language(tmp_path, label, taken):
    data = "record_id,enrolled,hbsag,asked,drawn\n7,2024-01-01,0.05,1,2024-01-08\n8,2024-01-01,0.3,0,2024-01-08\n"
    source, _ = project(tmp_path, data, HEAD, FIELDS.format(label=label))
    stated = 'comparator = { field = "asked", values = { "1" = "<", "0" = "" } }'
    assert (stated in propose_redcap(source, built_in())) == taken


def test_columns_of_ja_and_oui_say_that_a_number_is_below_its_limit():
    assert flags_below(["W0 unter NWG"], pd.Series(["ja", "nein"]))
    assert flags_below(["HBsAg < LDD"], pd.Series(["oui", "non"]))
    assert not flags_below(["unter Therapie"], pd.Series(["ja", "nein"]))


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [("HBsAg negative", "yes", True), ("HBsAg negativ", "ja", True), ("HBsAg阴性", "是", True),
     ("HBsAg positive", "no", True), ("HBsAg négatif", "oui", True), ("HBsAg negative", "no", False),
     ("HBsAg positive", "yes", False)],
)  # fmt: skip
def test_an_answer_that_contradicts_the_number_beside_it_is_refused(tmp_path, name, text, refused):
    """0.9 IU/mL are positive."""
    rows = [["ID", "Enrolled", "Drawn", "HBsAg (IU/mL)", name], ["p1", "2024-01-08", "2024-01-08", 0.9, text]]
    mapping = (
        '[time]\nzero = { field = "Enrolled" }\n[patients]\nid = "ID"\n[[labs]]\nanalyte = "hbsag"\n'
        'value = "HBsAg (IU/mL)"\nunit = "IU/mL"\ndate = "Drawn"\n'
    )
    path = workbook(tmp_path / "a.xlsx", rows)
    if not refused:
        assert read_excel(path, as_mapping(mapping), study=built_in()).labs["value"].tolist() == ["0.9"]
        return
    with pytest.raises(CohortError, match=f"{text} beside 0.9"):
        read_excel(path, as_mapping(mapping), study=built_in())


def test_what_yes_and_no_say_is_by_what_is_asked():
    said = [stated_results([name], pd.Series(["1", "0"])).said.tolist() for name in ("neg", "positive?", "detected?")]
    assert said == [["negative", "positive"], ["positive", "negative"], ["detected", "not detected"]]
