"""CDISC data sets that say beside their rows that these are of somebody else, of another drug, or taken back."""

from __future__ import annotations

import pytest
from cdisc_rows import DM, HEAD, LABS, LB, MAPPING, PATIENTS, TIME, cm, lb, read, refused

import relapse_model as rm

AGES = HEAD + TIME + PATIENTS + 'age_years = "AGE"\n' + LABS
DRUG = MAPPING + '[[treatments]]\nagent = "entecavir"\nsource = "cm"\ncodes = ["ENTECAVIR"]\n'


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


def born(*births):
    return [{**one, "BRTHDTC": birth} for one, birth in zip(DM, births, strict=False)]


@pytest.mark.parametrize(
    ("birth", "right"),
    [("1983-06-01", True), ("1984", True), ("1983-12", True), ("1982", True), ("1990-01-01", False), ("1948", False)],
)
def test_an_age_is_that_of_the_birth(tmp_path, birth, right):
    """S-1 is 40 on 2024-01-01: born in 1983; a year more or less may be that of the consent, or of rounding."""
    if right:
        assert len(read(tmp_path, AGES, dm=born(birth), lb=LB[:1]).labs) == 1
        return
    text = refused(tmp_path, AGES, dm=born(birth), lb=LB[:1])
    assert "DM, observation 1, column 'AGE': an age that is not the one by the birth that the source records" in text
    assert birth not in text
    days = AGES.replace(TIME, "")  # by study days, which count from RFSTDTC
    assert "'AGE': an age" in refused(tmp_path, days, dm=born(birth), lb=[lb(LBDY=8.0)])


def test_an_age_that_is_hidden_at_the_top_is_right(tmp_path):
    people = [{**DM[0], "AGE": 90.0, "BRTHDTC": "1926"}]
    assert len(read(tmp_path, AGES, dm=people, lb=LB[:1]).labs) == 1


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("Baraclude", True),
        ("ENTECAVIR 0.5 MG", True),
        ("nucleoside analogue", True),
        ("Tenofovir", False),
        ("NUC", True),
    ],
)
def test_one_course_is_of_one_drug(tmp_path, study, said, right):
    """Entecavir and tenofovir count together in a predictor; a row of both is wrong in one of its two words."""
    if right:
        assert len(read(tmp_path, DRUG, study=study, lb=LB[:2], cm=[cm(said=said)]).treatments) == 1
        return
    text = refused(tmp_path, DRUG, study=study, lb=LB[:2], cm=[cm(said=said)])
    assert "CM, observation 1, column 'CMTRT': 'Tenofovir'; expected the agent that CMDECOD names" in text


def test_drugs_of_a_relative_are_not_those_of_the_patient(tmp_path, study):
    rows = [cm(), cm("S-2", CMCAT="MEDICATION OF FAMILY MEMBER")]
    rows[0]["CMCAT"] = "ANTIVIRAL"
    text = refused(tmp_path, DRUG, study=study, lb=LB[:2], cm=rows)
    assert "CM: CMCAT 'MEDICATION OF FAMILY MEMBER' (1): another person; expected what the patient was given" in text
    assert 'State when = { CMCAT = "ANTIVIRAL" }' in text
    stated = DRUG + 'when = { CMCAT = "ANTIVIRAL" }\n'  # as it advises
    assert len(read(tmp_path, stated, study=study, lb=LB[:2], cm=rows).treatments) == 1


def test_a_family_history_is_none_of_the_patient(tmp_path):
    mapping = MAPPING.replace(
        PATIENTS, PATIENTS + 'cirrhosis = { field = "MHTERM", source = "mh", values = { "CIRRHOSIS" = "1" } }\n'
    )
    rows = [{"DOMAIN": "MH", "USUBJID": "S-1", "MHTERM": "CIRRHOSIS", "MHCAT": "FAMILY HISTORY"}]
    text = refused(tmp_path, mapping, lb=LB[:2], mh=rows)
    assert "MH, observation 1, column 'MHTERM': a row of another person, by its category" in text
    rows[0]["MHCAT"] = "GENERAL MEDICAL HISTORY"
    assert len(read(tmp_path, mapping, lb=LB[:2], mh=rows)) == 2


def test_an_analysis_of_associated_persons_is_none_of_the_subjects(tmp_path):
    mapping = HEAD + '[time]\nzero = { field = "TRTSDT" }\n' + PATIENTS
    mapping += '[[labs]]\nanalyte = "alt"\ncodes = ["ALT"]\n'
    adsl = [{"USUBJID": "S-1", "TRTSDT": "2024-01-05"}]
    rows = [{"USUBJID": "S-1", "PARAMCD": "ALT", "PARAM": "ALT (U/L)", "AVAL": 20.0, "ADT": f"2024-01-0{day}",
             "SRCDOM": domain} for day, domain in ((6, "LB"), (7, "APLB"))]  # fmt: skip
    text = refused(tmp_path, mapping, dm=[], adsl=adsl, adlb=rows)
    assert "ADLB: SRCDOM 'APLB' (1): another person" in text
    assert 'State when = { SRCDOM = "LB" }' in text
    cohort = read(tmp_path, mapping + 'when = { SRCDOM = "LB" }\n', dm=[], adsl=adsl, adlb=rows)
    assert len(cohort.labs) == 1


def test_advice_on_specimens_is_advice_that_is_taken(tmp_path, study):
    """Of serum and urine serum is advised, and read; urine is not read as an analyte of blood, and not advised."""
    rows = [lb(LBSPEC="URINE"), lb(date="2024-02-01", LBSPEC="SERUM")]
    text = refused(tmp_path, study=study, lb=rows)
    assert text.count('State when = { LBSPEC = "SERUM" }') == 2
    assert 'LBSPEC = "URINE"' not in text
    assert len(read(tmp_path, MAPPING + 'when = { LBSPEC = "SERUM" }\n', study=study, lb=rows).labs) == 1
    assert "'URINE' of 'LBSPEC' as 'anti_hbs'" in refused(
        tmp_path, MAPPING + 'when = { LBSPEC = "URINE" }\n', study=study, lb=rows
    )
    alone = refused(tmp_path, study=study, lb=rows[:1])
    assert "None of these rows is one of the patient's own: leave out the entry" in alone
    own = MAPPING.replace("anti_hbs", "urine_anti_hbs") + 'when = { LBSPEC = "URINE" }\n'  # an analyte of urine
    assert len(read(tmp_path, own, lb=rows).labs) == 1


def test_two_visits_of_one_day_are_named(tmp_path, study):
    two = [lb(result="5", LBSEQ=1.0, VISIT="WEEK 4"), lb(result="5", LBSEQ=2.0, VISIT="WEEK 8")]
    (remark,) = read(tmp_path, study=study, lb=two).remarks
    assert remark.expected == "each visit on its own day, and WEEK 4 and WEEK 8 have one date"
    two[1]["LBORRES"] = "50"
    told = "They are of the visits WEEK 4 and WEEK 8: see whether one of the dates is that of the other visit"
    assert refused(tmp_path, study=study, lb=two).count(told) == 2
    listed = read(tmp_path, study=study, lb=[*two, LB[1]], on_problems="list")
    assert told in str(listed.problems[0])
    assert told in listed.rejected["reason"].iloc[0]
    two[1]["VISIT"] = "WEEK 4"
    assert "They are of the visits" not in refused(tmp_path, study=study, lb=two)


def supp(value, name="LBRSTAT", number="1"):
    return {"RDOMAIN": "LB", "USUBJID": "S-1", "IDVAR": "LBSEQ", "IDVARVAL": number, "QNAM": name, "QLABEL": "Status",
            "QVAL": value}  # fmt: skip


@pytest.mark.parametrize("value", ["CANCELLED", "Entered in error", "WRONG PATIENT", "MOTHER", "作废"])
def test_a_qualifier_that_takes_a_result_back_is_refused(tmp_path, value):
    rows = [lb(LBSEQ=1.0), lb(date="2024-02-01", LBSEQ=2.0)]
    text = refused(tmp_path, lb=rows, supplb=[supp(value)])
    assert "1 problem" in text
    assert "LB, observation 1, column 'SUPPLB.LBRSTAT'" in text
    assert len(read(tmp_path, lb=rows, supplb=[supp(value, number="3")]).labs) == 2  # of another row
    own = refused(tmp_path, lb=[{**rows[0], "LBRSTAT": value}], supplb=[supp("FINAL")])
    assert "LB, observation 1, column 'LBRSTAT'" in own


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("PRELIMINARY", True), ("Preliminary result", True), ("Under review", True), ("CORRECTED", True),
        ("待复核", True), ("FINAL", False), ("Verified", False),
    ],
)  # fmt: skip
def test_a_result_that_may_not_be_final_counts_and_is_told(tmp_path, value, told):
    """By the table of words that every reader has; a state says it in any words, a remark with nothing else."""
    rows = [lb(LBSEQ=1.0, LBRSTAT=value), lb(date="2024-02-01", LBSEQ=2.0, LBRSTAT="")]
    cohort = read(tmp_path, lb=rows)
    assert len(cohort.labs) == 2
    advice = f'if they do not count yet, leave such rows out: unless = {{ LBRSTAT = "{value}" }} in the entry'
    notes = [note for note in cohort.reading.notes if "are called" in note]
    assert notes == [f"LB, LBRSTAT: 1 rows that count are called {value!r}; {advice}"] * told
    rows = [{key: text for key, text in row.items() if key != "LBRSTAT"} for row in rows]
    (tmp_path / "beside").mkdir()
    cohort = read(tmp_path / "beside", lb=rows, supplb=[supp(value)])
    assert any(f"SUPPLB.LBRSTAT: 1 rows that count are called {value!r}" in one for one in cohort.reading.notes) is told
    (tmp_path / "remark").mkdir()
    cohort = read(tmp_path / "remark", lb=[{**rows[0], "LBCOM": "Report under review"}, rows[1] | {"LBCOM": ""}])
    assert not any("are called" in note for note in cohort.reading.notes)


@pytest.mark.parametrize(("text", "said"), [("Retest pending.", "retest pending"), ("Duplicate", "duplicate")])
def test_a_remark_that_a_result_may_not_be_final_is_told(tmp_path, text, said):
    rows = [lb(LBSEQ=1.0, LBCOM=text), lb(date="2024-02-01", LBSEQ=2.0, LBCOM="Fasting")]
    (note,) = [one for one in read(tmp_path, lb=rows).reading.notes if "are called" in one]
    assert note.startswith(f"LB, LBCOM: 1 rows that count are called {said!r}; if they do not count yet")
    co = [{"DOMAIN": "CO", "RDOMAIN": "LB", "USUBJID": "S-1", "IDVAR": "LBSEQ", "IDVARVAL": "1", "COVAL": text}]
    (tmp_path / "co").mkdir()
    (note,) = [one for one in read(tmp_path / "co", lb=[lb(LBSEQ=1.0)], co=co).reading.notes if "are called" in one]
    assert note.startswith(f"LB, CO.COVAL: 1 rows that count are called {said!r}; ")


def test_two_values_of_one_qualifier_for_one_row_are_both_read(tmp_path):
    """The first alone was: FINAL before CANCELLED. The standard has one; where neither takes it back, it is told."""
    rows = [lb(LBSEQ=1.0), lb(date="2024-02-01", LBSEQ=2.0)]
    for both in (["FINAL", "CANCELLED"], ["CANCELLED", "FINAL"]):
        text = refused(tmp_path, lb=rows, supplb=[supp(one) for one in both])
        assert "1 problem" in text
        assert "LB, observation 1, column 'SUPPLB.LBRSTAT'" in text
    cohort = read(tmp_path, lb=rows, supplb=[supp("FINAL"), supp("REPEATED", number="1"), supp("FINAL", number="2")])
    (told,) = [note for note in cohort.reading.notes if "two different values" in note]
    assert told.startswith("SUPPLB.LBRSTAT: 1 rows of LB that count have two different values of it, the first is "
                           "observation 1; ")  # fmt: skip
    cohort = read(tmp_path, lb=rows, supplb=[supp("FINAL"), supp("FINAL"), supp("FINAL", number="2")])
    assert not any("two different values" in note for note in cohort.reading.notes)


def test_a_loinc_code_that_the_study_lacks_is_told(tmp_path, study):
    """2951-2 is sodium: the study has none, so that nobody here knows what it is."""
    cohort = read(tmp_path, study=study, lb=[lb(LBLOINC="2951-2"), lb(date="2024-02-01", LBLOINC="5193-8")])
    told = [note for note in cohort.reading.notes if "LOINC" in note]
    assert len(told) == 1
    assert "which the study does not state for it: 2951-2 (1; sodium in the library of common analytes). " in told[0]
    assert len(cohort.labs) == 2


@pytest.mark.parametrize(
    ("category", "right"),
    [("<LLOQ", False), ("Below limit of quantification", False), (">=LLOQ", True), ("<100", True), ("", True)],
)
def test_a_number_that_a_category_calls_below_its_limit_is_none(tmp_path, category, right):
    """AVAL of a result below 0.1 is often written as 0.05: as a number it would be positive at 0.05."""
    row = {"USUBJID": "S-1", "PARAMCD": "HBSAG", "PARAM": "HBsAg (IU/mL)", "AVAL": 0.05, "ADT": "2024-01-15"}
    mapping = HEAD + TIME + PATIENTS + '[[labs]]\nanalyte = "hbsag"\nsource = "adlb"\ncodes = ["HBSAG"]\n'
    adlb = [{**row, "AVALCAT1": category}]
    if right:
        assert len(read(tmp_path, mapping, adlb=adlb).labs) == 1
        return
    assert f"column 'AVALCAT1': {category!r}" in refused(tmp_path, mapping, adlb=adlb)


def comment(text, number="1", domain="LB", **more):
    return {"DOMAIN": "CO", "RDOMAIN": domain, "USUBJID": "S-1", "COSEQ": 1.0, "IDVAR": "LBSEQ" if number else "",
            "IDVARVAL": number, "COVAL": text, **more}  # fmt: skip


BACK = ["WRONG PATIENT", "Result is from wrong subject; disregard", "Sample swapped with another", "Sample hemolyzed",
        "unreliable", "DO NOT USE", "false positive, true value <10", "Corrected result: <10"]  # fmt: skip


@pytest.mark.parametrize("text", BACK)
@pytest.mark.parametrize("where", ["co", "supplb", "variable"])
def test_a_comment_that_takes_a_result_back_is_refused(tmp_path, text, where):
    """Of 50 and 60, the comment is on the first: by CO, a qualifier, or a variable of the sponsor."""
    rows = [lb(LBSEQ=1.0, result="50"), lb(date="2024-02-01", LBSEQ=2.0, result="60")]
    if where == "variable":
        rows = [{**row, "LBCOM": said} for row, said in zip(rows, (text, ""), strict=True)]
    beside = (
        {"co": [comment(text)]} if where == "co" else {"supplb": [supp(text, "LBCOM")]} if where == "supplb" else {}
    )
    said = refused(tmp_path, lb=rows, **beside)
    assert "1 problem" in said
    column = {"co": "CO.COVAL", "supplb": "SUPPLB.LBCOM", "variable": "LBCOM"}[where]
    assert f"LB, observation 1, column '{column}'" in said


@pytest.mark.parametrize("text", ["Fasting", "Patient was late", "Slightly hemolyzed sample", "Corrected result: 50"])
def test_other_comments_are_told_by_their_count(tmp_path, text):
    rows = [lb(LBSEQ=1.0, result="50"), lb(date="2024-02-01", LBSEQ=2.0, result="60")]
    cohort = read(tmp_path, lb=rows, co=[comment(text)])
    assert list(cohort.labs["value"]) == ["50", "60"]
    assert any(note.startswith("CO: 1 comments; ") for note in cohort.reading.notes)


def test_a_comment_goes_on_in_the_next_variable_and_may_be_of_all_rows(tmp_path):
    rows = [lb(LBSEQ=1.0, result="50"), lb(date="2024-02-01", LBSEQ=2.0, result="60")]
    assert "1 problem" in refused(tmp_path, lb=rows, co=[comment("WRONG", COVAL1="PATIENT")])
    assert "2 problems" in refused(tmp_path, lb=rows, co=[comment("WRONG PATIENT", number="")])
    assert len(read(tmp_path, lb=rows, co=[comment("WRONG PATIENT", number="9"), comment("X", domain="DM")]).labs) == 2


def test_a_comment_that_speaks_of_an_error_and_does_not_take_its_result_back_is_told_with_its_place(tmp_path):
    rows = [lb(LBSEQ=1.0, result="50"), lb(date="2024-02-01", LBSEQ=2.0, result="60")]
    cohort = read(tmp_path, lb=rows, co=[comment("Corrected: the first result was of the wrong patient", "2")])
    (told,) = [note for note in cohort.reading.notes if "speaks of" in note]
    assert told.startswith("CO.COVAL: 1 rows of LB that count have a text")
    assert told.endswith("the first, observation 2")
