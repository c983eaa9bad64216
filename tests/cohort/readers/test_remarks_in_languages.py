"""Remarks and answers, in the languages of the field, that a result or a dose does not count."""

from __future__ import annotations

import tomllib

import pytest
from redcap_projects import built_in
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.beside_rows import why_not_counted
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

TAKEN_BACK = [
    ("Bemerkung", "Probe vertauscht"), ("Bemerkung", "Fehlmessung"), ("Bemerkung", "korrigiert: <0,05"),
    ("Commentaire", "erreur d'identité"), ("Commentaire", "ininterprétable"), ("Observaciones", "muestra cambiada"),
    ("Observaciones", "amostra trocada"), ("Note", "campione scambiato"), ("Note", "risultato corretto: <0,05"),
    ("コメント", "検体取り違え"), ("コメント", "溶血あり"), ("비고", "검체 바뀜"), ("비고", "무효"),
    ("备注", "标本混淆"), ("备注", "更正为<0.05"), ("Comment", "WBIT"), ("Comment", "actual <0.05"),
    ("Comment", "value is 0.03 not 0.3"),
    ("Material", "Aszites"), ("Material", "Liquor"),
]  # fmt: skip
FINE = [
    ("Bemerkung", "keine Hämolyse"), ("Bemerkung", "nüchtern"), ("Commentaire", "pas d'hémolyse"),
    ("コメント", "溶血なし"), ("비고", "용혈 없음"), ("备注", "未见溶血"), ("Comment", "actual weight 70 kg"),
    ("Comment", "corrected for albumin"), ("Comment", "previous value was 30"), ("Material", "Serum"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), TAKEN_BACK)
def test_what_takes_a_result_back(name, text):
    assert why_not_counted(text, [name], "labs")


@pytest.mark.parametrize(("name", "text"), FINE)
def test_what_leaves_a_result_as_it_is(name, text):
    assert not why_not_counted(text, [name], "labs")


@pytest.mark.parametrize(
    ("name", "text", "section"),
    [("Injection faite ?", "No", "treatments"), ("¿Se administró la dosis?", "No", "treatments"),
     ("Iniezione eseguita?", "No", "treatments"), ("Statut", "non faite", "treatments"),
     ("Estado", "no administrada", "treatments"), ("Probe hämolytisch?", "Yes", "labs"),
     ("Échantillon hémolysé ?", "Yes", "labs"), ("¿Muestra hemolizada?", "Yes", "labs"),
     ("Probe gültig?", "No", "labs"),
     ("Échantillon valide ?", "No", "labs"), ("Test durchgeführt?", "No", "labs")],
)  # fmt: skip
def test_answers_that_a_row_does_not_count_and_their_contraries(name, text, section):
    contrary = {"No": "Yes", "Yes": "No", "non faite": "faite", "no administrada": "administrada"}[text]
    assert why_not_counted(text, [name], section)
    assert not why_not_counted(contrary, [name], section)


@pytest.mark.parametrize(
    ("text", "said"),
    [("half dose only", True), ("given 15 Feb instead", True), ("Patient nicht erschienen", True),
     ("only 200 IU injected", True), ("実際は200単位", True), ("only mild pain", False), ("given as planned", False)],
)  # fmt: skip
def test_remarks_on_another_dose(text, said):
    assert bool(why_not_counted(text, ["Remark"], "treatments")) == said


def test_line_breaks_of_the_source_do_not_break_the_proposal(tmp_path):
    rows = [["ID", "Sex", "Enrolled", "W0 date", "W0 HBsAg\n(IU/mL)", "Arm"],
            ["p1", "F", "2024-01-08", "2024-01-08", "0.30\n0.05", "HBIG\n400 IU"],
            ["p2", "M", "2024-01-08", "2024-01-08", 0.3, "Control"]]  # fmt: skip
    text = propose_excel(workbook(tmp_path / "a.xlsx", rows), built_in())
    assert "0.30 0.05 1" in text
    assert "Arm" in tomllib.loads(text)["patients"]["arm"]["field"]


def test_a_limit_above_all_that_is_possible_is_refused(tmp_path):
    """<20 in log10 IU/mL would be a limit of 10^20."""
    rows = [["ID", "Enrolled", "Drawn", "HBV DNA (log10 IU/mL)"], ["p1", "2024-01-08", "2024-01-08", "<20"],
            ["p2", "2024-01-08", "2024-01-08", "<1.3"]]  # fmt: skip
    mapping = (
        '[time]\nzero = { field = "Enrolled" }\n[patients]\nid = "ID"\n[[labs]]\nanalyte = "hbv_dna"\n'
        'value = "HBV DNA (log10 IU/mL)"\nunit = "log10 IU/mL"\ndate = "Drawn"\n'
    )
    with pytest.raises(CohortError) as refused:
        read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(mapping), study=built_in())
    assert [one.row for one in refused.value.problems] == [2]
