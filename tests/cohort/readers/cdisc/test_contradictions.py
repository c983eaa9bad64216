"""CDISC data sets that contradict themselves: lives, study days, times to an event, and numbers of observations."""

from __future__ import annotations

import pytest
from cdisc_rows import DM, HEAD, LABS, LB, MAPPING, PATIENTS, TIME, cm, ex, lb, read, refused
from cdisc_writer import write_xpt

import relapse_model as rm
from relapse_model.cohort.readers.cdisc.propose import propose_cdisc

NO_DATES = HEAD + PATIENTS + LABS
LIST = MAPPING.replace(TIME, TIME + 'study_days = "list"\n')
TTE = HEAD + TIME + PATIENTS + LABS + '[outcome]\nsource = "adtte"\nwhen = { PARAMCD = "TTDE" }\n'


def dm(**more):
    """The subjects, the first of them with more variables."""
    return [{**one, **(more if not place else dict.fromkeys(more, ""))} for place, one in enumerate(DM)]


def tte(subject="S-1", aval=15.0, adt="2024-01-15", start="2024-01-01", **more):
    return {"USUBJID": subject, "PARAMCD": "TTDE", "PARAM": "Time to event", "AVAL": aval, "ADT": adt,
            "STARTDT": start, "CNSR": 0.0, **more}  # fmt: skip


def test_nothing_is_dated_after_a_death(tmp_path):
    rows = [lb(), lb(date="2024-05-02"), LB[1]]
    text = refused(tmp_path, dm=dm(DTHDTC="2024-05-01", DTHFL="Y"), lb=rows)
    assert "2 problems" in text
    assert "LB, observation 2, column 'LBDTC': after the patient's death" in text
    assert "DM, observation 1, column 'DTHDTC': a death, and rows of the patient dated after it" in text
    assert "S-1" not in text
    listed = read(tmp_path, dm=dm(DTHDTC="2024-05-01"), lb=rows, on_problems="list")
    assert list(listed.patient_ids) == ["S-2"]
    died = read(tmp_path, dm=dm(DTHDTC="2024-05-02", DTHFL="Y"), lb=rows)  # on the day itself
    assert "1 patients died by the source: what is dated after their deaths is refused" in str(died.reading)


@pytest.mark.parametrize(("death", "late"), [("2024-05", False), ("2024", False), ("2024-04", True), ("2023", True)])
def test_of_a_death_in_a_known_month_nothing_is_later_than_its_last_day(tmp_path, death, late):
    rows = [lb(date="2024-01-02"), lb(date="2024-05-20")] if death != "2023" else [lb()]
    if late:
        assert "after the patient's death" in refused(tmp_path, dm=dm(DTHDTC=death), lb=rows)
    else:
        assert len(read(tmp_path, dm=dm(DTHDTC=death), lb=rows).labs) == 2


def test_doses_and_time_zero_are_not_later_than_a_death(tmp_path):
    mapping = MAPPING + '[[treatments]]\nagent = "hbig"\nsource = "ex"\ncodes = ["HBIG"]\n'
    late = ex(start="2024-06-01", end="2024-06-01")
    text = refused(tmp_path, mapping, dm=dm(DTHDTC="2024-05-01"), lb=LB, ex=[late])
    assert "EX, observation 1, column 'EXSTDTC': after the patient's death" in text
    text = refused(tmp_path, dm=dm(DTHDTC="2023-12-30"), lb=[LB[1]])
    assert "DM, observation 1, column 'RFSTDTC': after the patient's death" in text


def test_study_days_are_held_against_a_death_too(tmp_path):
    rows = [lb(date="", LBDY=31.0), lb(date="", LBDY=32.0)]  # days 2024-01-31 and 2024-02-01
    text = refused(tmp_path, NO_DATES, dm=dm(DTHDTC="2024-01-31"), lb=rows)
    assert "LB, observation 2, column 'LBDY': after the patient's death" in text
    assert "observation 1, column 'LBDY'" not in text


def test_a_disposition_and_the_analysis_tell_of_deaths(tmp_path):
    ds = [{"DOMAIN": "DS", "USUBJID": "S-1", "DSDECOD": word, "DSSTDTC": day}
          for word, day in (("DEATH", "2024-01-05"), ("COMPLETED", "2024-01-02"))]  # fmt: skip
    text = refused(tmp_path, lb=LB, ds=ds)
    assert "DS, observation 1, column 'DSSTDTC': a death, and rows of the patient dated after it" in text
    assert "DM, observation 1, column 'DTHDTC': another day" not in text
    text = refused(tmp_path, dm=dm(DTHDTC="2024-03-01"), lb=LB, ds=[{**ds[0], "DSSTDTC": "2024-03-02"}])
    assert "DS, observation 1, column 'DSSTDTC': another day of death than elsewhere in the source" in text
    adsl = [{"USUBJID": one, "DTHDT": day, "DTHFL": "Y"} for one, day in (("S-1", "2024-01-05"), ("S-2", ""))]
    mapping = MAPPING.replace(TIME, '[time]\nzero = { field = "RFSTDTC", source = "dm" }\n')
    text = refused(tmp_path, mapping, lb=LB, ds=[], adsl=adsl)
    assert "ADSL, observation 1, column 'DTHDT': a death" in text


def test_a_death_without_a_day_is_listed_and_one_of_a_survivor_refused(tmp_path):
    told = "1 patients died by the source (DTHFL), which does not say when"
    assert told in str(read(tmp_path, dm=dm(DTHFL="Y"), lb=LB).reading)
    text = refused(tmp_path, dm=dm(DTHFL="N", DTHDTC="2024-05-01"), lb=LB)
    assert "DM, observation 1, column 'DTHFL': 'N'; expected no date in DTHDTC, or 'Y'" in text


@pytest.mark.parametrize(("birth", "early"), [("2024", False), ("2024-01-09", True), ("2024-02", True), ("2025", True)])
def test_nothing_is_dated_before_a_birth(tmp_path, birth, early):
    rows = [lb(date="2024-01-08")]
    if not early:
        assert len(read(tmp_path, dm=dm(BRTHDTC=birth), lb=rows).labs) == 1
        return
    text = refused(tmp_path, dm=dm(BRTHDTC=birth), lb=rows)
    assert "LB, observation 1, column 'LBDTC': before the patient's birth" in text
    assert "DM, observation 1, column 'BRTHDTC': a birth, and rows of the patient dated before it" in text
    assert birth not in text.replace("2024-01-08", "") or birth == "2024"


def test_a_study_day_is_that_of_the_date_beside_it(tmp_path):
    """Day 1 is RFSTDTC (2024-01-01), and day -1 the day before."""
    right = [lb(date=day, LBDY=number) for day, number in (("2023-12-31", -1.0), ("2024-01-01", 1.0))]
    assert read(tmp_path, lb=right).labs["week"].round(9).tolist() == [round(-1 / 7, 9), 0.0]
    text = refused(tmp_path, lb=[*right, lb(date="2023-01-08", LBDY=8.0)])  # a year off
    assert "LB, observation 3, column 'LBDY': '8', beside '2023-01-08', which is day -358" in text
    assert "expected the day of LBDTC from RFSTDTC, which is day 1; there is no day 0" in text
    assert "1 problem" in text
    text = refused(tmp_path, NO_DATES, lb=[lb(date="2023-01-08", LBDY=8.0)])  # where the days are read
    assert "'8', beside '2023-01-08'" in text
    cohort = read(tmp_path, LIST, lb=[*right, lb(date="2024-02-05", LBDY=63.0)])  # the last is day 36
    assert cohort.labs["week"].round(9).tolist()[-1] == 5.0
    assert "LB: of 1 rows LBDY is not the day of LBDTC from RFSTDTC" in str(cohort.reading)


def test_study_days_of_courses_and_of_the_analysis(tmp_path):
    mapping = MAPPING + '[[treatments]]\nagent = "etv"\nsource = "cm"\ncodes = ["ENTECAVIR"]\n'
    rows = [cm(start="2024-01-08", end="2024-01-15", CMSTDY=8.0, CMENDY=51.0)]
    text = refused(tmp_path, mapping, lb=LB, cm=rows)
    assert "CM, observation 1, column 'CMENDY': '51', beside '2024-01-15', which is day 15" in text
    adlb = [{"USUBJID": "S-1", "PARAMCD": "ALT", "PARAM": "ALT (U/L)", "AVAL": 20.0 + day, "ADT": f"2024-01-{day:02}",
             "ADY": float(day - 4)} for day in (5, 6, 7)]  # fmt: skip
    adsl = [{"USUBJID": "S-1", "TRTSDT": "2024-01-05", "RFSTDTC": "2024-01-01"}]
    mapping = HEAD + '[time]\nzero = { field = "TRTSDT" }\n' + PATIENTS + '[[labs]]\nanalyte = "x"\ncodes = ["ALT"]\n'
    assert len(read(tmp_path / "..", mapping, dm=[], adsl=adsl, adlb=adlb).labs) == 3
    adlb[2]["ADY"] = 9.0
    assert "ADY is" not in (text := refused(tmp_path / "..", mapping, dm=[], adsl=adsl, adlb=adlb))
    assert "ADLB, observation 3, column 'ADY': '9', beside '2024-01-07', which is day 3" in text


def test_ten_thousand_contradictions_are_one_line(tmp_path):
    rows = [lb(date=f"2024-01-{1 + place % 28:02}", LBDY=500.0 + place) for place in range(10_000)]
    text = refused(tmp_path, lb=rows)
    assert "LB, column 'LBDY', 10,000 times: '500', beside '2024-01-01', which is day 1 (observation 1)" in text
    assert len(text.splitlines()) < 5
    many = [{**DM[0], "USUBJID": f"S-{place}", "SEX": "?"} for place in range(50)]
    text = refused(tmp_path, MAPPING.replace(PATIENTS, PATIENTS + 'sex = "SEX"\n'), dm=many, lb=LB)
    assert "DM, column 'SEX', 50 times (observation 1, 2, 3, ...): '?'" in text


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({"aval": 14.0}, True),
        ({"aval": 15.0}, True),
        ({"aval": 25.0}, False),
        ({"aval": 2.0, "AVALU": "WEEKS"}, True),
        ({"aval": 2.0, "AVALU": "DAYS"}, False),
        ({"aval": 14.0, "PARAM": "Time to event (weeks)"}, False),
        ({"aval": 12.1, "PARAM": "Time to event (months)", "adt": "2025-01-03"}, True),
        ({"aval": 15.0, "adt": "2025-01-15"}, False),  # the date is a year off
    ],
)
def test_a_time_to_an_event_is_that_of_its_dates(tmp_path, more, right):
    if right:
        assert read(tmp_path, TTE, lb=LB[:2], adtte=[tte(**more)]).outcomes["relapse"].tolist() == [1]
        return
    text = refused(tmp_path, TTE, lb=LB[:2], adtte=[tte(**more)])
    assert "ADTTE, observation 1, column 'AVAL'" in text
    assert "expected the time from STARTDT to ADT, in its unit" in text
    listed = TTE.replace(TIME, TIME + 'study_days = "list"\n')
    cohort = read(tmp_path, listed, lb=LB[:2], adtte=[tte(**more)])
    assert "ADTTE: of 1 rows AVAL is not the time from STARTDT to ADT" in str(cohort.reading)


def test_a_time_that_is_read_as_days_is_counted_as_it_is_read(tmp_path):
    mapping = TTE.replace(TIME, "") + 'day = "AVAL"\n'
    mapping = mapping.replace(LABS, LABS + 'day = "LBDY"\n')
    rows = [lb(LBDY=8.0)]
    assert read(tmp_path, mapping, lb=rows, adtte=[tte(aval=14.0)]).outcomes["week"].tolist() == [2.0]
    text = refused(tmp_path, mapping, lb=rows, adtte=[tte(aval=15.0)])  # STARTDT itself is day 1
    assert "expected days from STARTDT to ADT, as they are counted from time zero" in text
    stated = mapping.replace('day = "AVAL"', 'day = { field = "AVAL", study_day = true }')
    assert read(tmp_path, stated, lb=rows, adtte=[tte(aval=15.0)]).outcomes["week"].tolist() == [2.0]
    text = refused(tmp_path, mapping, lb=rows, adtte=[tte(aval=2.0, AVALU="WEEKS")])
    assert "column 'AVAL': '2', beside '2024-01-01' and '2024-01-15', 14 days apart" in text


TOLD = "ADTTE: of 1 of 2 rows STARTDT is not time zero, but 2 days after: weeks of the outcome count from time zero"


def test_a_start_that_is_not_time_zero_is_told_and_refused_where_days_count_from_it(tmp_path):
    """Time zero of S-1 is 1 January: 12 days from 3 January are 14 days from it."""
    rows = [tte(aval=12.0, start="2024-01-03"), tte("S-2", aval=7.0, start="2024-02-05", adt="2024-02-12")]
    cohort = read(tmp_path, TTE, lb=LB[:2], adtte=rows)
    assert TOLD in str(cohort.reading)
    assert cohort.outcomes["week"].tolist() == [2.0, 1.0]  # by the date
    for day in ('day = "AVAL"\n', 'day = { field = "AVAL", study_day = true }\n'):
        some = [one | {"AVAL": one["AVAL"] + ("study_day" in day)} for one in rows]
        text = refused(tmp_path, TTE + day, lb=LB[:2], adtte=some)
        assert "ADTTE, observation 1, column 'AVAL': days from STARTDT, which is 2 days after time zero" in text
        assert "1 problem" in text
        zero = 'zero = { field = "STARTDT", source = "ADTTE" }'
        assert zero in text
        counted = read(tmp_path, TTE.replace('zero = { field = "RFSTDTC" }', zero) + day, lb=LB[:2], adtte=some)
        assert counted.outcomes["week"].round(3).tolist() == [round(12 / 7, 3), 1.0]


def test_a_start_that_is_time_zero_is_not_told(tmp_path):
    assert "STARTDT" not in str(read(tmp_path, TTE, lb=LB[:2], adtte=[tte(aval=14.0)]).reading)


def test_a_number_of_an_observation_stands_once(tmp_path):
    rows = [lb(LBSEQ=1.0), lb(LBSEQ=2.0, date="2024-01-15"), lb("S-2", LBSEQ=1.0, date="2024-02-12")]
    assert len(read(tmp_path, lb=rows).labs) == 3
    text = refused(tmp_path, lb=[*rows, lb(LBSEQ=2.0, date="2024-01-22")])
    assert "2 problems" in text
    assert "LB, observation 4, column 'LBSEQ': '2'; expected a number that no other observation of the subject" in text
    cohort = read(tmp_path, lb=[*rows, rows[1]])  # equal in everything: it counts once, and is listed
    assert len(cohort.labs) == 3
    assert [(one.table, one.row) for one in cohort.remarks] == [("LB", 4)]


def test_an_outcome_of_which_there_is_no_row_is_refused(tmp_path):
    mistyped = TTE.replace('"TTDE"', '"TTDX"')
    text = refused(tmp_path, mistyped, lb=LB[:2], adtte=[tte()])
    assert "no row of ADTTE has these codes, or is as 'when' asks; expected rows of the outcome" in text
    assert read(tmp_path, mistyped + "may_be_absent = true\n", lb=LB[:2], adtte=[tte()]).outcomes is not None


def test_what_was_not_found_at_all_is_not_never_given(tmp_path):
    mapping = MAPPING + '[[treatments]]\nagent = "hbig"\nsource = "ex"\ncodes = ["HBIGG"]\n'
    cohort = read(tmp_path, mapping, lb=LB, ex=[ex()])
    assert cohort.treatments is None
    assert "no course was found of hbig" in str(cohort.reading)
    assert "since no course was found at all, nothing is taken as known of treatment" in str(cohort.reading)


def test_the_subjects_of_both_data_sets_are_the_same(tmp_path):
    mapping = MAPPING.replace(PATIENTS, PATIENTS + 'sex = "SEX"\nage_years = "AGE"\n')
    adsl = [{"USUBJID": "S-1", "SEX": "f", "AGE": 40.0, "RFSTDTC": "2024-01-01"}]
    assert read(tmp_path, mapping, lb=LB[:1], adsl=adsl).patients["age_years"].tolist() == [40.0]
    text = refused(tmp_path, mapping, lb=LB[:1], adsl=[{**adsl[0], "SEX": "M", "RFSTDTC": "2023-01-01"}])
    assert "ADSL, observation 1, column 'SEX': 'M', and 'F' in DM; expected what DM says of the subject" in text
    assert "column 'RFSTDTC': '2023-01-01', and '2024-01-01' in DM" in text


def test_a_subject_in_another_case_is_not_left_out(tmp_path):
    text = refused(tmp_path, lb=[*LB, lb("s-1")])
    assert "LB, observation 4, column 'USUBJID': a subject who stands in DM in another case" in text
    assert "s-1" not in text


def test_one_number_is_not_in_two_units(tmp_path):
    rows = [lb(result="20", LBSTRESC="20", LBSTRESU="mg/dL")]
    text = refused(tmp_path, lb=rows)
    assert "LB, observation 1, column 'LBSTRESC': '20'; expected the amount of LBORRES and LBORRESU" in text
    assert len(read(tmp_path, MAPPING + 'value = "LBORRES"\n', lb=rows).labs) == 1
    assert len(read(tmp_path, lb=[lb(result="20", LBSTRESC="0.5", LBSTRESU="mg/dL")]).labs) == 1  # it was converted


def test_a_code_that_the_study_states_for_another_analyte_is_refused(tmp_path, study):
    mapping = MAPPING.replace('"HBSAB"', '"HBSAG"')
    rows = [lb(code="HBSAG", unit="IU/mL", result="5")]
    assert "'HBSAG', which the study states for hbsag; expected codes of the analyte" in refused(
        tmp_path, mapping, lb=rows, study=study
    )
    rows = [{**rows[0], "R": "5", "LBORRESU": "mIU/mL"}]
    ratio = mapping + 'value = "R"\nunit = "mIU/mL"\n'  # another analyte of one code
    assert len(read(tmp_path, ratio, lb=rows, study=study).labs) == 1


def test_a_sex_is_not_read_as_the_other_one(tmp_path):
    mapping = MAPPING.replace(PATIENTS, PATIENTS + 'sex = { field = "SEX", values = { F = "M", M = "F" } }\n')
    assert "2 problems" in refused(tmp_path, mapping, lb=LB)


def test_the_text_of_a_value_is_its_number(tmp_path):
    mapping = MAPPING.replace(LABS, '[[labs]]\nanalyte = "anti_hbs"\nsource = "adlb"\ncodes = ["HBSAB"]\n')
    row = {"USUBJID": "S-1", "PARAMCD": "HBSAB", "PARAM": "Anti-HBs (mIU/mL)", "AVAL": 12.0, "AVALC": "12",
           "ADT": "2024-01-15"}  # fmt: skip
    assert list(read(tmp_path, mapping, adlb=[row]).labs["value"]) == ["12"]
    text = refused(tmp_path, mapping, adlb=[row | {"AVALC": "0.12"}])
    assert "ADLB, observation 1, column 'AVAL': '12'; expected the number of AVALC" in text


@pytest.mark.parametrize(
    ("censored", "said", "right"),
    [(1.0, "Relapse", False), (0.0, "No relapse", False), (0.0, "Relapse", True), (1.0, "Lost to follow-up", True),
     (1.0, "Relapse-free, censored", True), (1.0, "Death", False), (1.0, "Liver transplantation", False)],
)  # fmt: skip
def test_an_event_is_what_its_description_says(tmp_path, censored, said, right):
    rows = [tte(CNSR=censored, EVNTDESC=said)]
    if right:
        read(tmp_path, TTE, lb=LB, adtte=rows)
    else:
        assert "column 'EVNTDESC'" in refused(tmp_path, TTE, lb=LB, adtte=rows)


def test_a_death_among_censored_rows_is_asked_of_and_both_answers_are_read(tmp_path):
    """A death is no "no": it competes, or ends follow-up where the mapping says so."""
    rows = [tte(CNSR=0.0, EVNTDESC="Relapse"), tte("S-2", 8.0, "2024-02-12", "2024-02-05", CNSR=2.0, EVNTDESC="Death")]
    text = refused(tmp_path, TTE, lb=LB, adtte=rows)
    assert "ADTTE, observation 2, column 'EVNTDESC': 'Death'; expected whether it competes" in text
    event = 'event = { field = "EVNTDESC", values = { "Death" = "competing: death"'
    assert event in text
    cohort = read(tmp_path, TTE + event + ', "Relapse" = "relapse" } }\n', lb=LB, adtte=rows)
    assert cohort.outcomes["event"].tolist() == ["relapse", "competing"]
    assert cohort.outcomes["relapse"].isna().tolist() == [False, True]
    lost = TTE + 'relapse = { field = "CNSR", values = { "0" = "1", "2" = "0" } }\n'
    assert read(tmp_path, lost, lb=LB, adtte=rows).outcomes["relapse"].tolist() == [1, 0]


def test_the_proposal_asks_whether_a_death_competes(tmp_path):
    rows = [tte(CNSR=0.0, EVNTDESC="Relapse"), tte("S-2", 8.0, "2024-02-12", "2024-02-05", CNSR=2.0, EVNTDESC="Death")]
    for name, made in (("dm", DM), ("lb", LB), ("adtte", rows)):
        write_xpt(tmp_path / f"{name}.xpt", name.upper(), made)
    text = propose_cdisc(tmp_path, rm.load_study("hbsag-relapse"))
    asked = '#? event = { field = "EVNTDESC", values = { "Relapse" = "relapse", "Death" = "competing: death" } }'
    assert f"\n{asked}" in text


def test_a_code_of_results_has_one_label(tmp_path):
    """The result of the mother under the code of her child's says so by its label alone."""
    rows = [lb(LBTEST="Anti-HBs"), lb("S-2", LBTEST="ANTI-HBS ")]
    assert len(read(tmp_path, lb=rows).labs) == 2
    mother = [rows[0], lb("S-2", LBTEST="Anti-HBs (mother)")]
    text = refused(tmp_path, lb=mother)
    assert "LB: several LBTEST of 'HBSAB': Anti-HBs (1), Anti-HBs (mother) (1); expected one" in text
    chosen = MAPPING.replace('codes = ["HBSAB"]', 'codes = ["HBSAB"]\nwhen = { LBTEST = "Anti-HBs" }')
    assert len(read(tmp_path, chosen, lb=mother).labs) == 1


EX = MAPPING + '[[treatments]]\nagent = "hbig"\nsource = "ex"\ncodes = ["HBIG"]\n'


def test_a_dose_of_nothing_is_no_course(tmp_path):
    """The standard has 0 where nothing was given, and where a placebo was."""
    cohort = read(tmp_path, EX, lb=LB, ex=[ex(), ex(dose=0.0, start="2024-02-01", end="2024-02-01")])
    assert len(cohort.treatments) == 1
    assert "1 a dose of 0, which is none (2)" in str(cohort.reading)
    placebo = EX.replace('agent = "hbig"', 'agent = "placebo"').replace('"HBIG"]', '"PLACEBO"]')
    assert len(read(tmp_path, placebo, lb=LB, ex=[ex(drug="PLACEBO", dose=0.0)]).treatments) == 1


def test_words_of_a_row_are_those_of_what_is_read(tmp_path, study):
    rows = [lb(LBTEST="HBsAg"), lb("S-2", LBTEST="HBsAg")]
    assert "column 'LBTEST': 'HBsAg'; expected a name of anti_hbs" in refused(tmp_path, lb=rows, study=study)
    mother = [lb(LBTEST="Anti-HBs of the mother")]
    assert "column 'LBTEST'" in refused(tmp_path, lb=mother)
    stated = MAPPING + 'when = { LBTEST = "Anti-HBs of the mother" }\n'
    assert len(read(tmp_path, stated, lb=mother).labs) == 1


@pytest.mark.parametrize("unit", ["200.0", "12"])
def test_a_unit_is_no_number(tmp_path, unit):
    assert f"'{unit}'; expected a unit" in refused(tmp_path, lb=[lb(unit=unit)])
    rows = [tte(AVALU=unit)]
    assert "column 'AVALU': a number; expected the unit of AVAL" in refused(tmp_path, TTE, lb=LB, adtte=rows)


def test_a_condition_that_no_row_meets_is_refused(tmp_path):
    text = refused(tmp_path, MAPPING + 'when = { LBTEST = "AntiHBs" }\n', lb=LB)
    assert "rows of anti_hbs, and none as 'when' asks; expected values that occur together" in text


@pytest.mark.parametrize("called", ["Anti-HBs (IU/mL)", "Anti-HBs OD", "Anti-HBs (KIU)"])
def test_a_result_is_in_the_unit_that_its_own_name_states(tmp_path, called):
    stated = MAPPING + 'unit = "mIU/mL"\n'
    text = refused(tmp_path, stated, lb=[lb(unit="", LBTEST=called)])
    assert f"column 'LBTEST': '{called}'; expected a name that states the unit in which the result is read" in text
    named = stated + f'when = {{ LBTEST = "{called}" }}\n'  # a name by which rows are chosen states it no less
    assert "expected a name that states the unit" in refused(tmp_path, named, lb=[lb(unit="", LBTEST=called)])
    assert len(read(tmp_path, stated, lb=[lb(unit="", LBTEST="Anti-HBs (IU/L)")]).labs) == 1


def test_a_unit_of_the_standardised_result_contradicts_the_one_that_the_mapping_answers(tmp_path):
    stated = MAPPING + 'unit = "mIU/mL"\n'
    row = lb(result="12", unit="", LBSTRESC="12", LBSTRESU="IU/mL")
    assert "expected the amount of LBORRES" in refused(tmp_path, stated, lb=[row])
    assert len(read(tmp_path, stated, lb=[{**row, "LBSTRESU": "IU/L"}]).labs) == 1


AE = {"DOMAIN": "AE", "USUBJID": "S-1", "AETERM": "Liver failure", "AEENDTC": "2024-05-01"}
DS = {"DOMAIN": "DS", "USUBJID": "S-1", "DSDECOD": "ADVERSE EVENT", "DSSTDTC": "2024-05-01"}


@pytest.mark.parametrize(
    ("sets", "died"),
    [({"ae": [AE | {"AEOUT": "FATAL"}]}, True), ({"ae": [AE | {"AESDTH": "Y"}]}, True),
     ({"ds": [DS | {"DSTERM": "Patient died of liver failure"}]}, True),
     ({"ds": [DS | {"DSTERM": "Death due to sepsis"}]}, True), ({"ae": [AE | {"AEOUT": "RECOVERED"}]}, False),
     ({"ds": [DS | {"DSTERM": "Death of a relative"}]}, False)],
)  # fmt: skip
def test_a_death_may_be_told_by_an_adverse_event_or_in_words(tmp_path, sets, died):
    rows = [lb(), lb(date="2024-05-02")]
    if died:
        assert "LB, observation 2, column 'LBDTC': after the patient's death" in refused(tmp_path, lb=rows, **sets)
    else:
        assert len(read(tmp_path, lb=rows, **sets).labs) == 2
    known = dm(DTHDTC="2024-05-03")  # where the day is recorded, that of the event is no second one
    assert len(read(tmp_path, dm=known, lb=rows, **sets).labs) == 2
