"""Notes and states beside a row: a result that was taken back, a dose that was not given; ordinary remarks say neither.

Of two results, HBsAg 0.8 is the one beside which the note stands; read, it would be a relapse.
"""

from __future__ import annotations

import pytest
from redcap_projects import HEAD as REDCAP
from redcap_projects import PATIENTS as RECORDS
from redcap_projects import TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.beside_rows import why_not_counted
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.errors import CohortError

LABS = (
    '[time]\nzero = { field = "Enrol" }\n[patients]\nid = "ID"\n'
    '[[labs]]\nanalyte = "hbsag"\nvalue = "HBsAg"\nunit = "IU/mL"\ndate = "Date"\n'
)
TAKEN_BACK = [
    "wrong patient", "Wrong patient, sample of the next one in the list", "sample mix-up",
    "sample mixed up with another patient", "not reliable", "unreliable",
    "see repeat: <0.05", "repeat: negative", "should be 0.08", "标本弄错", "复查结果<0.05", "实际为阴性",
    "falscher Patient", "Probenverwechslung", "hämolytisch", "ungültig", "nicht verwertbar", "hémolysé",
    "erreur de patient", "hemolizada", "paciente equivocado", "no válido", "annullato", "QC failed",
]  # fmt: skip
ORDINARY = [
    "fasting", "not fasting", "repeat in 3 months", "repeat: 3 months", "patient well", "sample taken at home",
    "no haemolysis", "keine Hämolyse", "无溶血", "retested, confirmed", "nüchtern", "à jeun", "en ayunas", "空腹",
    "复查3个月后", "建议复查", "after a flu-like illness, seen by another doctor", "not the wrong patient",
]  # fmt: skip
NOTES = ["Remark", "Comment", "备注", "Bemerkung", "Kommentar", "Commentaire", "Observaciones"]
NOT_GIVEN = ["no", "nein", "non", "postponed", "deferred", "refused", "推迟", "nicht verabreicht", "Unknown"]


def labs(tmp_path, column, text):
    rows = [["P1", "2024-01-01", "<0.05", "2024-01-01", None], ["P1", "2024-01-01", 0.8, "2024-04-01", text]]
    return workbook(tmp_path / "a.xlsx", [["ID", "Enrol", "HBsAg", "Date", column], *rows])


@pytest.mark.parametrize("text", TAKEN_BACK)
@pytest.mark.parametrize("column", NOTES)
def test_a_note_that_takes_a_result_back_is_understood(column, text):
    assert why_not_counted(text, [column], "labs", ["hbsag"]) != ""


@pytest.mark.parametrize("text", ORDINARY)
@pytest.mark.parametrize("column", NOTES)
def test_an_ordinary_note_says_nothing_of_a_result(column, text):
    assert why_not_counted(text, [column], "labs", ["hbsag"]) == ""


@pytest.mark.parametrize(
    ("column", "text"), [("备注", "标本弄错"), ("Bemerkung", "hämolytisch"), ("Status", "wrong patient")]
)
def test_the_row_of_such_a_result_is_refused(tmp_path, column, text):
    with pytest.raises(CohortError) as refusal:
        read_excel(labs(tmp_path, column, text), as_mapping(LABS))
    (problem,) = refusal.value.problems
    assert (problem.row, problem.column) == (3, column)
    assert text in problem.found
    assert len(read_excel(labs(tmp_path, column, "ok"), as_mapping(LABS)).labs) == 2


def test_a_comment_of_redcap_that_takes_a_result_back_is_refused(tmp_path):
    text = REDCAP + TIME + RECORDS + '[[labs]]\nanalyte = "hbsag"\nvalue = "hbsag"\nunit = "IU/mL"\ndate = "on"\n'
    data = 'record_id,enrolled,on,hbsag,lab_comment\n1,2024-01-01,2024-01-01,0.8,"{}"\n'
    taken = data.format("Wrong patient, sample of the next one in the list")
    with pytest.raises(CohortError, match="lab_comment"):
        read_redcap(*project(tmp_path / "1", taken, text), study=built_in())
    cohort = read_redcap(*project(tmp_path / "2", data.format("fasting"), text), study=built_in())
    assert len(cohort.labs) == 1


@pytest.mark.parametrize("text", NOT_GIVEN)
@pytest.mark.parametrize("column", ["Given", "Administered", "Verabreicht", "是否注射", "HBIG given"])
def test_a_dose_that_was_not_given_is_understood(column, text):
    assert why_not_counted(text, [column], "treatments", ["hbig"]) != ""


@pytest.mark.parametrize("text", ["yes", "ja", "oui", "1", "是", "IM", "given elsewhere", "2024-01-08", ""])
@pytest.mark.parametrize("column", ["Given", "Verabreicht", "是否注射"])
def test_a_dose_that_was_given_counts(column, text):
    assert why_not_counted(text, [column], "treatments", ["hbig"]) == ""


UNFINISHED = [
    ("preliminary", "preliminary"), ("Retest pending.", "retest pending"), ("待复查", "待复查"),
    ("fasting; result corrected", "result corrected"),
    ("provisional result", "provisional result"), ("duplicate", "duplicate"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), UNFINISHED)
def test_a_remark_that_a_result_may_not_be_final_is_listed_and_asked(tmp_path, text, said):
    cohort = read_excel(labs(tmp_path, "Remark", text), as_mapping(LABS))
    assert len(cohort.labs) == 2
    (note,) = [one for one in cohort.reading.notes if "are called" in one]
    assert note.startswith(f"Sheet1, Remark: 1 rows that count are called {said!r}; do they count")


@pytest.mark.parametrize("text", [*ORDINARY, "dose corrected", "visa pending", "revised the diet"])
def test_an_ordinary_remark_is_not_listed(tmp_path, text):
    cohort = read_excel(labs(tmp_path, "Remark", text), as_mapping(LABS))
    assert not [one for one in cohort.reading.notes if "are called" in one]


def test_a_remark_beside_two_results_is_of_one_row(tmp_path):
    head = ["ID", "Enrol", "HBsAg", "ALT", "Date", "Remark"]
    path = workbook(tmp_path / "a.xlsx", [head, ["P1", "2024-01-01", 0.8, 20, "2024-04-01", "preliminary"]])
    both = LABS + LABS[LABS.index("[[labs]]") :].replace("hbsag", "alt").replace("HBsAg", "ALT").replace("IU/mL", "U/L")
    cohort = read_excel(path, as_mapping(both))
    assert [one for one in cohort.reading.notes if "are called" in one] == [
        "Sheet1, Remark: 1 rows that count are called 'preliminary'; do they count? If not, take them out of a copy"
    ]


def test_a_remark_of_redcap_is_listed_where_it_stands_beside_a_result(tmp_path):
    text = REDCAP + TIME + RECORDS + '[[labs]]\nanalyte = "hbsag"\nvalue = "hbsag"\nunit = "IU/mL"\ndate = "on"\n'
    data = "record_id,enrolled,on,hbsag,lab_comment\n1,2024-01-01,2024-01-01,0.8,{}\n2,2024-01-01,,,preliminary\n"
    told = read_redcap(*project(tmp_path / "1", data.format("retest pending"), text), study=built_in()).reading.notes
    assert "data.csv, lab_comment: 1 rows that count are called 'retest pending'" in " ".join(told)
    assert "preliminary" not in " ".join(told)
    told = read_redcap(*project(tmp_path / "2", data.format("fasting"), text), study=built_in()).reading.notes
    assert "are called" not in " ".join(told)


@pytest.mark.parametrize("column", ["Bemerkung", "Befund", "Remark"])
@pytest.mark.parametrize("text", ["HBsAg negativ", "nüchtern; HBsAg: not detected", "HBsAg 阴性"])
def test_a_remark_that_names_the_result_and_denies_the_number_is_refused(tmp_path, column, text):
    with pytest.raises(CohortError) as refusal:
        read_excel(labs(tmp_path, column, text), as_mapping(LABS), study=built_in())
    (problem,) = refusal.value.problems
    assert (problem.row, problem.column) == (3, column)
    assert "beside 0.8" in problem.found


@pytest.mark.parametrize(
    "text", ["HBsAg positiv", "HBeAg negativ", "HBsAg negative in 2019", "mother HBsAg negative", "HBsAg negativ?"]
)
def test_a_remark_that_names_another_result_or_says_more_denies_nothing(tmp_path, text):
    assert len(read_excel(labs(tmp_path, "Bemerkung", text), as_mapping(LABS), study=built_in()).labs) == 2


def test_a_remark_of_redcap_that_names_the_result_and_denies_it_is_refused(tmp_path):
    text = REDCAP + TIME + RECORDS + '[[labs]]\nanalyte = "hbsag"\nvalue = "hbsag"\nunit = "IU/mL"\ndate = "on"\n'
    data = "record_id,enrolled,on,hbsag,lab_comment\n1,2024-01-01,2024-01-01,{},HBsAg negative\n"
    with pytest.raises(CohortError, match=r"'lab_comment': 'HBsAg negative beside 0\.8'"):
        read_redcap(*project(tmp_path / "1", data.format("0.8"), text), study=built_in())
    assert len(read_redcap(*project(tmp_path / "2", data.format("<0.05"), text), study=built_in()).labs) == 1


LONGER = [
    "not given because of fever", "HBIG was not given, patient absent", "patient refused the injection",
    "refused by patient", "injection postponed to next week", "not administered at this visit",
    "verschoben wegen Fieber", "wurde nicht gegeben (Fieber)", "no administrada por fiebre", "non administrée (fièvre)",
    "因发热未注射", "患者拒绝注射", "patient did not come, not injected",
]  # fmt: skip
GIVEN = [
    "given in left arm", "refused biopsy", "next dose planned 2024-05-01", "visit postponed", "previous dose missed",
    "vaccine not given", "was not given orally but by injection", "antibiotics withheld", "given as planned",
    "dose given as scheduled", "rescheduled from Monday", "patient refused further blood tests", "no side effects",
]  # fmt: skip


@pytest.mark.parametrize("text", LONGER)
def test_a_remark_of_several_words_that_a_dose_was_not_given_is_understood(text):
    assert why_not_counted(text, ["Remark"], "treatments", ["hbig"]) == "not given, or a placebo"


@pytest.mark.parametrize("text", GIVEN)
def test_a_remark_on_something_else_says_nothing_of_the_dose(text):
    assert why_not_counted(text, ["Remark"], "treatments", ["hbig"]) == ""
