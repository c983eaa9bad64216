"""SDTM and ADaM by hand: what the standard says, what the mapping says, what is listed, and what is refused."""

from __future__ import annotations

import pytest
from cdisc_rows import DM, HEAD, LABS, LB, MAPPING, PATIENTS, TIME, cm, ex, lb, read, refused


def test_results_with_their_dates(tmp_path):
    cohort = read(tmp_path, lb=LB)
    assert cohort.patients["patient_id"].tolist() == ["S-1", "S-2"]
    assert cohort.labs["week"].tolist() == [1.0, 1.0]
    assert cohort.labs["value"].tolist() == ["<10", "120"]
    assert [str(one) for one in cohort.reading.sources] == [
        "DM: 3 observations, 2 used; 1 screen failure (3)",
        "LB: 3 observations, 2 used; 1 of a screen failure (3)",
    ]


def test_study_days_have_no_day_0(tmp_path):
    mapping = HEAD + PATIENTS + LABS
    rows = [lb(result=str(abs(day)), date="", LBDY=float(day)) for day in (-7, -1, 1, 2, 15)]
    cohort = read(tmp_path, mapping, lb=rows)
    assert (cohort.labs["week"] * 7).round(9).tolist() == [-7, -1, 0, 1, 14]
    text = refused(tmp_path, mapping, lb=[lb(date="", LBDY=0.0)])
    assert "LB, observation 1, column 'LBDY': '0'; expected a study day: the day before day 1 is day -1" in text


def test_study_days_count_from_their_own_reference(tmp_path):
    mapping = MAPPING.replace("RFSTDTC", "RFXSTDTC") + 'day = "LBDY"\n'
    dm = [{**one, "RFXSTDTC": one["RFSTDTC"]} for one in DM]
    text = refused(tmp_path, mapping, dm=dm, lb=[lb(LBDY=1.0)])
    assert "LBDY, which counts from RFSTDTC; expected a date, since time zero is another day" in text


def test_the_result_as_printed_goes_before_the_standardised_one(tmp_path):
    rows = [
        lb(result="<0.01", unit="IU/mL", LBSTRESC="<10", LBSTRESU="mIU/mL", LBSTRESN=float("nan")),
        lb("S-2", result="", unit="", date="2024-02-12", LBSTRESC="", LBSTRESU="mIU/mL", LBSTRESN=7.5),
    ]
    cohort = read(tmp_path, MAPPING.replace("anti_hbs", "x"), lb=[rows[0]])
    assert cohort.labs[["value", "unit"]].to_numpy().tolist() == [["<0.01", "IU/mL"]]
    cohort = read(tmp_path, MAPPING, lb=[rows[1]])
    assert cohort.labs[["value", "unit"]].to_numpy().tolist() == [["7.5", "mIU/mL"]]
    stated = read(tmp_path, MAPPING + 'value = "LBSTRESC"\n', lb=[rows[0]])
    assert stated.labs[["value", "unit"]].to_numpy().tolist() == [["<10", "mIU/mL"]]


def test_what_was_not_done_is_no_result(tmp_path):
    rows = [lb(LBSTAT=""), lb("S-2", result="", date="2024-02-12", LBSTAT="NOT DONE")]
    cohort = read(tmp_path, lb=rows)
    assert len(cohort.labs) == 1
    assert "1 not done (2)" in str(cohort.reading)
    contradiction = [lb(LBSTAT="NOT DONE")]
    assert "observation 1, column 'LBSTAT': 'NOT DONE'; expected no result" in refused(tmp_path, lb=contradiction)


def test_partial_dates_are_refused_or_the_middle_of_the_month(tmp_path):
    rows = [lb(date="2024-03"), LB[1]]
    assert "LB, observation 1, column 'LBDTC': '2024-03'; expected a whole date" in refused(tmp_path, lb=rows)
    listed = read(tmp_path, lb=rows, on_problems="list")
    assert listed.rejected["patient_id"].tolist() == ["S-1"]
    assert "1 refused (1)" in str(listed.reading)
    middle = MAPPING.replace(TIME, TIME + 'partial = "middle"\n')
    assert read(tmp_path, middle, lb=rows).labs["date"].tolist()[0] == "2024-03-15"
    assert "'2024'" in refused(tmp_path, middle, lb=[lb(date="2024")])  # a year has no middle that anybody meant


def test_codes_that_are_not_named_are_listed(tmp_path):
    cohort = read(tmp_path, lb=[*LB, lb(code="ALT", LBTEST="Alanine Aminotransferase")])
    assert [(one.source, one.code, one.label, one.count) for one in cohort.reading.not_mapped] == [
        ("LB", "ALT", "Alanine Aminotransferase", 1)
    ]
    assert "1 of a code that the mapping does not name (4)" in str(cohort.reading)


def test_one_code_in_blood_and_urine_is_not_one_analyte(tmp_path):
    rows = [lb(code="BILI", LBSPEC="SERUM"), lb(code="BILI", LBSPEC="URINE", date="2024-01-09")]
    mapping = MAPPING.replace("HBSAB", "BILI")
    assert "several LBSPEC: SERUM (1), URINE (1); expected one" in refused(tmp_path, mapping, lb=rows)
    cohort = read(tmp_path, mapping + 'when = { LBSPEC = "SERUM" }\n', lb=rows)
    assert len(cohort.labs) == 1
    assert "1 among the rows that the mapping leaves out (when, unless) (2)" in str(cohort.reading)


def test_codes_come_from_the_study_where_it_states_them(tmp_path, study):
    known = next((name, one.sdtm) for name, one in study.analytes.items() if one.sdtm)
    rows = [lb(code=known[1], unit=study.analytes[known[0]].unit)]
    assert read(tmp_path, HEAD + TIME + PATIENTS, study=study, lb=rows).labs["analyte"].tolist() == [known[0]]
    assert "no codes" in refused(tmp_path, MAPPING.replace('codes = ["HBSAB"]\n', ""), lb=LB)


def test_rows_of_nobody_in_dm_are_listed(tmp_path):
    cohort = read(tmp_path, lb=[*LB, lb("S-99")])
    assert "1 of a subject who is not in DM (4)" in str(cohort.reading)


def test_patients_chosen_by_the_mapping(tmp_path):
    cohort = read(tmp_path, MAPPING.replace(PATIENTS, PATIENTS + 'when = { ARM = "HBIG" }\n'), lb=LB)
    assert cohort.patients["patient_id"].tolist() == ["S-1"]
    assert "1 subject whom the mapping leaves out (2)" in str(cohort.reading.sources[0])


def test_screen_failures_by_the_reason_for_no_arm(tmp_path):
    dm = [*DM[:2], {**DM[2], "ARMCD": "", "ARM": "", "ARMNRS": "SCREEN FAILURE"}]
    assert len(read(tmp_path, dm=dm, lb=LB)) == 2


def test_a_patient_without_time_zero_is_refused_once(tmp_path):
    dm = [DM[0], {**DM[1], "RFSTDTC": ""}]
    text = refused(tmp_path, dm=dm, lb=LB[:2])
    assert "DM, observation 2, column 'RFSTDTC': nothing; expected the date of time zero" in text
    assert "1 problem" in text
    assert "S-2" not in text


def test_columns_of_the_patients(tmp_path):
    columns = (
        'sex = "SEX"\nage_years = "AGE"\narm = { field = "ARM", values = { HBIG = "hbig", Control = "control" } }\n'
    )
    cohort = read(tmp_path, MAPPING.replace(PATIENTS, PATIENTS + columns), lb=LB)
    assert cohort.patients[["sex", "age_years", "arm"]].to_numpy().tolist() == [["F", 40, "hbig"], ["M", 50, "control"]]
    dm = [{**one, "AGE": one["AGE"] * 12, "AGEU": "MONTHS"} for one in DM]
    text = refused(tmp_path, MAPPING.replace(PATIENTS, PATIENTS + 'age_years = "AGE"\n'), dm=dm, lb=LB)
    assert "AGE in MONTHS; expected AGE in YEARS" in text


def test_a_column_from_another_data_set(tmp_path):
    ds = [
        {"DOMAIN": "DS", "USUBJID": subject, "DSCAT": category, "DSDECOD": word}
        for subject, category, word in (
            ("S-1", "DISPOSITION EVENT", "COMPLETED"), ("S-1", "OTHER EVENT", "FINAL LAB VISIT"),
            ("S-2", "DISPOSITION EVENT", "LOST TO FOLLOW-UP"), ("S-3", "DISPOSITION EVENT", "SCREEN FAILURE"),
        )
    ]  # fmt: skip
    field = (
        'lost_reason = {{ field = "DSDECOD", source = "ds"{when}, '
        'values = {{ COMPLETED = "", "LOST TO FOLLOW-UP" = "lost" }} }}\n'
    )
    when = ', when = { DSCAT = "DISPOSITION EVENT" }'
    cohort = read(tmp_path, MAPPING.replace(PATIENTS, PATIENTS + field.format(when=when)), lb=LB, ds=ds)
    assert cohort.patients["lost_reason"].tolist() == ["", "lost"]
    # Without the condition, another kind of row comes in, whose word has no meaning in the mapping.
    text = refused(tmp_path, MAPPING.replace(PATIENTS, PATIENTS + field.format(when="")), lb=LB, ds=ds)
    assert "DS, observation 2, column 'DSDECOD': 'FINAL LAB VISIT'" in text


def test_an_identifier_of_ones_own(tmp_path):
    dm = [{**one, "SUBJID": f"P{number}"} for number, one in enumerate(DM)]
    cohort = read(tmp_path, MAPPING.replace('"USUBJID"', '"SUBJID"'), dm=dm, lb=LB)
    assert cohort.labs["patient_id"].tolist() == ["P0", "P1"]


def test_a_subject_who_stands_twice_is_refused(tmp_path):
    text = refused(tmp_path, dm=[*DM, DM[0]], lb=LB, on_problems="list")
    assert "DM, observation 4, column 'USUBJID': a subject who has a row" in text


def test_who_identifies_a_person_is_never_read(tmp_path):
    """A date of birth is held against the other dates, and is in no cohort and no message."""
    dm = [{**one, "BRTHDTC": "1984-01-01", "INVNAM": "Li"} for one in DM]
    cohort = read(tmp_path, dm=dm, lb=LB)
    assert cohort.reading.never_read == ("DM.INVNAM",)
    assert "DM.BRTHDTC served to see that nothing is dated before a birth; it is not kept" in cohort.reading.notes
    assert "1984" not in cohort.patients.to_csv() + str(cohort.reading)
    text = refused(tmp_path, MAPPING.replace(PATIENTS, PATIENTS + 'born = "BRTHDTC"\n'), dm=dm, lb=LB)
    assert "'BRTHDTC', which may identify a person" in text


def test_exposures_and_other_medication(tmp_path, study):
    mapping = MAPPING + '[[treatments]]\nagent = "hbig"\n[[treatments]]\nagent = "entecavir"\nsource = "CM"\n'
    rows = {"ex": [ex(), ex("S-2", "PLACEBO", 0.0)], "cm": [cm(), cm(drug="ASPIRIN", said="aspirin"), cm("S-3")]}
    cohort = read(tmp_path, mapping, study=study, lb=LB, **rows)
    assert cohort.treatments[["agent", "start_week", "dose"]].fillna(-1).to_numpy().tolist() == [
        ["hbig", 0.0, 400.0],
        ["entecavir", -1461 / 7, -1.0],
    ]
    assert {(one.source, one.code) for one in cohort.reading.not_mapped} == {("EX", "PLACEBO"), ("CM", "ASPIRIN")}


def test_medication_that_was_not_taken_is_none(tmp_path, study):
    mapping = MAPPING + '[[treatments]]\nagent = "entecavir"\n'
    rows = [cm(CMOCCUR="N", start=""), cm("S-2", CMOCCUR="Y")]
    cohort = read(tmp_path, mapping, study=study, lb=LB, cm=rows)
    assert cohort.treatments["patient_id"].tolist() == ["S-2"]
    assert "1 not done (1)" in str(cohort.reading)


def test_medication_of_unknown_start_is_refused_and_not_left_out(tmp_path, study):
    mapping = MAPPING + '[[treatments]]\nagent = "entecavir"\n'
    text = refused(tmp_path, mapping, study=study, lb=LB, cm=[cm(start="")])
    assert "CM, observation 1, column 'CMSTDTC': nothing" in text


def test_imputed_dates_are_told(tmp_path):
    rows = [{"USUBJID": "S-1", "PARAMCD": "HBSAB", "PARAM": "Anti-HBs (mIU/mL)", "AVAL": 5.0, "ADT": "2024-01-15",
             "ADTF": "D"}]  # fmt: skip
    cohort = read(tmp_path, MAPPING, adlb=rows)
    assert cohort.reading.notes == ("ADLB: 1 dates are imputed by the analysis (ADTF), and taken as they are",)


def test_the_dose_of_a_course_is_no_total(tmp_path, study):
    mapping = MAPPING + '[[treatments]]\nagent = "hbig"\n'
    cohort = read(tmp_path, mapping, study=study, lb=LB, ex=[ex(), ex("S-2", start="2024-02-05", end="2024-03-05")])
    assert cohort.treatments["dose"].fillna(-1).tolist() == [400, -1]
    assert "EX: 1 doses of courses of several days are not read: they are those of each time" in cohort.reading.notes


def tte(subject, censored, date, code="TTR", **more):
    return {"USUBJID": subject, "PARAMCD": code, "PARAM": "Time to relapse (days)", "CNSR": float(censored),
            "AVAL": 5.0, "ADT": date, **more}  # fmt: skip


TTE = [tte("S-1", 0, "2024-06-03"), tte("S-2", 2, "2025-01-06")]


def test_no_censoring_is_an_event(tmp_path):
    cohort = read(tmp_path, MAPPING + '[outcome]\nsource = "adtte"\n', lb=LB, adtte=TTE)
    assert cohort.outcomes["relapse"].tolist() == [1, 0]
    assert cohort.outcomes["week"].tolist() == [22.0, 48.0]
    text = refused(tmp_path, MAPPING + '[outcome]\nrelapse = { field = "CNSR", values = { "0" = "0", "1" = "1" } }\n',
                   lb=LB, adtte=TTE)  # fmt: skip
    assert "CNSR = 0 as '0'; expected 0 as an event" in text


EVENTS = ('[outcome]\nevent = { field = "EVNTDESC", values = { Relapse = "relapse", "Completed study" = "free", '
          'Death = "competing: death" } }\n')  # fmt: skip
BY_CODE = (
    '[outcome]\nevent = { field = "CNSR", values = { "0" = "relapse", "1" = "free", "2" = "competing: death" } }\n'
)


@pytest.mark.parametrize("mapping", [EVENTS, BY_CODE])
def test_a_censoring_may_be_a_competing_event(tmp_path, mapping):
    rows = [tte("S-1", 0, "2024-06-03", EVNTDESC="Relapse"), tte("S-2", 2, "2025-01-06", EVNTDESC="Death")]
    cohort = read(tmp_path, MAPPING + mapping, lb=LB, adtte=rows)
    assert cohort.outcomes["event"].tolist() == ["relapse", "competing"]
    assert cohort.outcomes["competing_event"].fillna("").tolist() == ["", "death"]
    assert cohort.outcomes["relapse"].fillna(-1).tolist() == [1, -1]  # whether it would have come is not known


def test_an_event_by_censoring_is_no_competing_one(tmp_path):
    rows = [tte("S-1", 0, "2024-06-03", EVNTDESC="Death"), tte("S-2", 1, "2025-01-06", EVNTDESC="Completed study")]
    assert "competing, and relapse = 1; expected the same in both" in refused(
        tmp_path, MAPPING + EVENTS, lb=LB, adtte=rows
    )


def test_one_of_several_times_to_an_event_is_chosen(tmp_path):
    rows = [*TTE, tte("S-1", 1, "2024-07-01", "OS"), tte("S-2", 1, "2024-07-01", "OS")]
    assert "several PARAMCD" in refused(tmp_path, MAPPING + "[outcome]\n", lb=LB, adtte=rows)
    chosen = read(tmp_path, MAPPING + '[outcome]\nwhen = { PARAMCD = "TTR" }\n', lb=LB, adtte=rows)
    assert chosen.outcomes["relapse"].tolist() == [1, 0]


def test_days_of_another_variable_are_counted_as_stated(tmp_path):
    plain = read(tmp_path, HEAD + PATIENTS + '[outcome]\nday = "AVAL"\n', adtte=TTE)
    assert (plain.outcomes["week"] * 7).tolist() == [5, 5]
    study_days = '[outcome]\nday = { field = "AVAL", study_day = true }\n'
    cohort = read(tmp_path, HEAD + PATIENTS + study_days, adtte=TTE)
    assert (cohort.outcomes["week"] * 7).round(9).tolist() == [4, 4]


def test_results_of_adam(tmp_path):
    rows = [
        {"USUBJID": "S-1", "PARAMCD": "HBSAB", "PARAM": "Anti-HBs (mIU/mL)", "AVAL": 5.0, "AVALC": "<10", "ADY": 8.0,
         "DTYPE": ""},
        {"USUBJID": "S-1", "PARAMCD": "HBSAB", "PARAM": "Anti-HBs (mIU/mL)", "AVAL": 12.5, "AVALC": "", "ADY": 15.0,
         "DTYPE": ""},
        {"USUBJID": "S-1", "PARAMCD": "HBSAB", "PARAM": "Anti-HBs (mIU/mL)", "AVAL": 12.5, "AVALC": "", "ADY": 22.0,
         "DTYPE": "LOCF"},
    ]  # fmt: skip
    cohort = read(tmp_path, HEAD + PATIENTS + LABS, adlb=rows)
    assert cohort.labs[["week", "value", "unit"]].to_numpy().tolist() == [
        [1.0, "<10", "mIU/mL"],
        [2.0, "12.5", "mIU/mL"],
    ]
    assert "1 derived by the analysis, and no result (DTYPE) (3)" in str(cohort.reading)


def test_weeks_of_visits(tmp_path):
    rows = [lb(date="", VISIT="WEEK 4"), lb("S-2", date="", VISIT="UNSCHEDULED")]
    mapping = HEAD + '[time]\nvisits = { "WEEK 4" = 4 }\n' + PATIENTS + LABS
    assert read(tmp_path, mapping, lb=rows[:1]).labs["week"].tolist() == [4.0]
    assert "observation 2, column 'VISIT': 'UNSCHEDULED'" in refused(tmp_path, mapping, lb=rows)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("RFSTDTC", "RFSTDT"), "no variable 'RFSTDT' in DM"),
        (('codes = ["HBSAB"]', 'codes = ["HBSAB"]\nsource = "lbx"'), "no data set 'lbx'; expected one of the export"),
        (('codes = ["HBSAB"]', 'codes = ["HBSAB"]\nvalue = "LBRESULT"'), "no variable 'LBRESULT' in LB"),
        (('id = "USUBJID"', 'id = { field = "USUBJID", source = "adsl" }'), "no data set 'adsl'"),
        ((TIME, ""), "dates, and no time zero"),
        (('zero = { field = "RFSTDTC" }', 'zero = { field = "RFSTDTC", source = "sv" }'), "no data set 'sv'"),
    ],
)
def test_what_the_mapping_names_must_be_there(tmp_path, change, found):
    assert found in refused(tmp_path, MAPPING.replace(*change), lb=LB)


def test_a_library_without_subjects_or_results(tmp_path):
    assert "neither ADSL nor DM" in refused(tmp_path, dm=None, lb=LB)
    assert "no data set for it; expected LB" in refused(tmp_path / "other", ds=[{"USUBJID": "S-1"}])


def test_no_identifier_in_a_message(tmp_path):
    text = refused(tmp_path, lb=[lb(result="S-1 was here"), lb("S-2", date="S-2")])
    assert "observation 1" in text
    assert "observation 2" in text
    assert "S-1" not in text
    assert "S-2" not in text


def test_a_standardised_result_of_another_amount_is_refused(tmp_path):
    """12 mIU/mL is 12 IU/L and 0.012 IU/mL, and not 120; one of two numbers is wrong."""
    standard = {"LBSTRESC": "120", "LBSTRESU": "mIU/mL"}
    text = refused(tmp_path, lb=[lb(result="12", **standard)])
    assert "LB, observation 1, column 'LBSTRESC': '120'; expected the amount of LBORRES and LBORRESU" in text
    for value, unit in (("12", "IU/L"), ("0.012", "IU/mL"), ("12.1", "mIU/mL"), ("", ""), ("120", "arbitrary")):
        cohort = read(tmp_path, lb=[lb(result="12", LBSTRESC=value, LBSTRESU=unit)])
        assert cohort.labs["value"].tolist() == ["12"]
    chosen = read(tmp_path, MAPPING + 'value = "LBSTRESC"\n', lb=[lb(result="12", **standard)])
    assert chosen.labs["value"].tolist() == ["120"]


@pytest.mark.parametrize("code", [" HBSAB", "HBSAB ", "hbsab"])
def test_blanks_around_a_code_and_its_case_make_no_difference(tmp_path, code):
    rows = [lb(code=code, result="7"), lb("S-2")]
    made = read(tmp_path, lb=rows)
    assert sorted(made.labs["value"]) == ["7", "<10"]
    assert not made.reading.not_mapped
