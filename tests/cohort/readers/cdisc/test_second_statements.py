"""CDISC rows that say twice what they are: the two agree, or the row is refused by name."""

from __future__ import annotations

import pytest
from cdisc_rows import DM, HEAD, LABS, LB, MAPPING, PATIENTS, TIME, cm, ex, lb, read, refused
from cdisc_writer import write_xpt

from relapse_model.cohort.readers.cdisc.propose import propose_cdisc

EX = MAPPING + '[[treatments]]\nagent = "hbig"\nsource = "ex"\ncodes = ["HBIG"]\ndose = "EXDOSE"\n'
CM = MAPPING + '[[treatments]]\nagent = "entecavir"\nsource = "cm"\ncodes = ["ENTECAVIR"]\n'
EC = MAPPING + '[[treatments]]\nagent = "hbig"\nsource = "ec"\ncodes = ["HBIG"]\n'
ADAM = HEAD + TIME.replace("RFSTDTC", "TRTSDT") + PATIENTS
TTE = HEAD + TIME + PATIENTS + LABS + '[outcome]\nsource = "adtte"\nwhen = { PARAMCD = "TTDE" }\n'


def ec(**more):
    return {"DOMAIN": "EC", "USUBJID": "S-1", "ECTRT": "HBIG", "ECDOSE": 400.0, "ECDOSU": "IU",
            "ECSTDTC": "2024-01-05", "ECENDTC": "2024-01-05", **more}  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [{"LBSTRESC": "<30"}, {"LBSTRESC": "NEGATIVE"}, {"LBSPEC": "URINE"}, {"LBCAT": "URINALYSIS"}, {"LBNAM": "DONOR"},
     {"LBLOINC": "63557-3"}, {"LBTEST": "HBsAb (mother)"}, {"LBTEST": "Change in HBsAb"}, {"LBTEST": "Log10 HBsAb"}],
)  # fmt: skip
def test_a_result_that_is_another_by_a_second_text_is_refused(tmp_path, study, more):
    text = refused(tmp_path, lb=[lb(result="30", **more)], study=study)
    assert next(iter(more)) in text


@pytest.mark.parametrize(("printed", "standard"), [("<20", "DETECTED <LLOQ"), ("DETECTED, <LLOQ", "<20")])
def test_detected_below_the_limit_of_quantification_is_no_contradiction(tmp_path, study, printed, standard):
    made = read(tmp_path, lb=[lb(result=printed, LBSTRESC=standard, LBSTRESN=float("nan"))], study=study)
    assert made.labs["value"].tolist() == [printed]
    assert "LBSTRESC" in refused(tmp_path, lb=[lb(result="20", LBSTRESC="DETECTED <LLOQ")], study=study)


@pytest.mark.parametrize("said", ["BLQ", "<LLOQ", "< LOD", "BELOW LIMIT OF QUANTIFICATION", "Not detected", "NEGATIVE"])
def test_a_number_that_a_text_beside_it_calls_a_limit_is_refused(tmp_path, study, said):
    """The study's limit of anti-HBs is 10 mIU/mL: at it, and above it, a plain number is a result."""
    assert "column 'LBSTRESC'" in refused(tmp_path, lb=[lb(result="10", LBSTRESC=said)], study=study)
    assert read(tmp_path, lb=[lb(LBSTRESC=said)], study=study).labs["value"].tolist() == ["<10"]


@pytest.mark.parametrize("said", ["POSITIVE", "Above LLOQ", "10", "HIGH", ""])
def test_a_number_beside_a_text_of_no_limit_is_read(tmp_path, study, said):
    made = read(tmp_path, lb=[lb(result="10", LBSTRESC=said)], study=study)
    assert made.labs["value"].tolist() == ["10"]


def test_a_word_is_held_against_a_number_in_a_unit_of_its_own(tmp_path, study):
    """A negative result has no unit: the one of LBSTRESC is that of the number, 30 mIU/mL."""
    rows = [lb(result="NEGATIVE", LBORRESU="", LBSTRESC="30", LBSTRESU="mIU/mL")]
    assert "column 'LBSTRESC'" in refused(tmp_path, lb=rows, study=study)


@pytest.mark.parametrize("value", ["LBORRES", "LBSTRESC"])
def test_a_sign_that_the_standard_text_lost_counts(tmp_path, study, value):
    """>1000 that became 1000 is above it; 999 beside it is another number, and one may not be added."""
    mapping = MAPPING + f'value = "{value}"\n'
    made = read(tmp_path, mapping, lb=[lb(result=">1000", LBSTRESC="1000", LBSTRESU="mIU/mL")], study=study)
    assert made.labs["value"].tolist() == [">1000"]
    assert any("1 results have < or > in LBORRES alone" in note for note in made.reading.notes)
    for printed, standard in ((">1000", "999"), ("30", "<30")):
        rows = [lb(result=printed, LBSTRESC=standard, LBSTRESU="mIU/mL")]
        assert "expected what LB" in refused(tmp_path, mapping, lb=rows, study=study)


def test_a_specimen_that_the_mapping_asks_for_is_read(tmp_path):
    mapping = MAPPING + 'when = { LBSPEC = "URINE" }\n'
    assert len(read(tmp_path, mapping, lb=[lb(LBSPEC="URINE"), lb("S-2", LBSPEC="URINE")]).labs) == 2


@pytest.mark.parametrize("more", [{"CMENRF": "BEFORE"}, {"CMENRTPT": "BEFORE"}, {"CMENRF": "U"}, {"CMONGO": "N"}])
def test_a_course_that_ended_on_an_unknown_day_is_refused(tmp_path, more):
    assert "a course that goes on" in refused(tmp_path, CM, lb=LB, cm=[cm(**more)])
    assert len(read(tmp_path, CM, lb=LB, cm=[cm(end="2023-12-01", **more)]).treatments) == 1


@pytest.mark.parametrize("text", ["ONGOING", "AFTER", ""])
def test_a_course_that_goes_on_has_no_end(tmp_path, text):
    assert len(read(tmp_path, CM, lb=LB, cm=[cm(CMENRF=text)]).treatments) == 1


@pytest.mark.parametrize("often", ["BID", "TID", "Q12H", "2 TIMES PER DAY", "TWICE DAILY"])
def test_a_dose_given_several_times_a_day_is_refused(tmp_path, often):
    assert "EXDOSFRQ" in refused(tmp_path, EX, lb=LB, ex=[ex() | {"EXDOSFRQ": often}])


@pytest.mark.parametrize("often", ["QD", "ONCE", "Q4W", ""])
def test_a_dose_given_once_is_read(tmp_path, often):
    assert list(read(tmp_path, EX, lb=LB, ex=[ex() | {"EXDOSFRQ": often}]).treatments["dose"]) == [400.0]


def test_another_total_than_the_dose_is_refused(tmp_path):
    assert "EXDOSTOT" in refused(tmp_path, EX, lb=LB, ex=[ex() | {"EXDOSTOT": 1200.0}])


@pytest.mark.parametrize("more", [{"ECMOOD": "SCHEDULED"}, {"ECOCCUR": "N"}, {"ECSTAT": "NOT DONE"}, {"ECDOSE": 0.0}])
def test_what_was_planned_or_not_given_is_no_course(tmp_path, more):
    assert (
        len(read(tmp_path, EC, lb=LB, ec=[ec(**more), ec(ECSTDTC="2024-02-05", ECENDTC="2024-02-05")]).treatments) == 1
    )


def test_persons_associated_with_a_subject_are_not_the_subject(tmp_path, study):
    mother = {"DOMAIN": "APLB", "APID": "A-1", "RSUBJID": "S-1", "SREL": "MOTHER", "LBTESTCD": "HBSAB",
              "LBTEST": "HBSAB", "LBORRES": "500", "LBORRESU": "mIU/mL", "LBDTC": "2024-01-08"}  # fmt: skip
    for rows in ([mother], [mother | {"USUBJID": "S-1"}]):
        assert "500" not in set(read(tmp_path, lb=LB, aplb=rows).labs["value"])
        assert "of persons associated" in refused(tmp_path, MAPPING + 'source = "aplb"\n', lb=LB, aplb=rows)
        assert "APLB" not in propose_cdisc(tmp_path, study).split("# Found:")[0]


def test_a_copy_beside_the_data_set_of_results_is_asked_about(tmp_path):
    assert "several data sets: LB, LBARCH" in refused(tmp_path, lb=LB, lbarch=LB).replace("LBARCH, LB", "LB, LBARCH")


@pytest.mark.parametrize("text", ["Death", "Died", "Lost to follow-up", "Study completed", "Censored", "No relapse"])
def test_an_event_that_is_another_is_no_relapse(tmp_path, text):
    row = {"USUBJID": "S-1", "PARAMCD": "TTDE", "PARAM": "Time to relapse", "ADT": "2024-06-01", "CNSR": 0.0}
    assert "EVNTDESC" in refused(tmp_path, TTE, lb=LB, adtte=[row | {"EVNTDESC": text}])
    assert list(read(tmp_path, TTE, lb=LB, adtte=[row | {"EVNTDESC": "HBsAg relapse"}]).outcomes["relapse"]) == [1]


def test_a_parameter_of_another_event_is_no_relapse(tmp_path):
    row = {"USUBJID": "S-1", "PARAMCD": "TTDE", "PARAM": "Time to death", "ADT": "2024-06-01", "CNSR": 0.0}
    assert "PARAM" in refused(tmp_path, TTE, lb=LB, adtte=[row])
    read(tmp_path, TTE, lb=LB, adtte=[row | {"PARAM": "Time to relapse or death"}])


@pytest.mark.parametrize("param", ["Log10 HBsAb (mIU/mL)", "Change in HBsAb (mIU/mL)", "HBsAg (mIU/mL)"])
def test_a_parameter_is_held_against_the_analyte(tmp_path, study, param):
    adsl = [{"USUBJID": "S-1", "TRTSDT": "2024-01-01"}]
    row = {"USUBJID": "S-1", "PARAMCD": "HBSAB", "PARAM": param, "AVAL": 3.0, "ADT": "2024-02-01"}
    mapping = ADAM + LABS + 'source = "adlb"\n'
    assert "PARAM" in refused(tmp_path, mapping, dm=[], adsl=adsl, adlb=[row], study=study)
    good = row | {"PARAM": "HBsAb (mIU/mL)"}
    assert len(read(tmp_path, mapping, dm=[], adsl=adsl, adlb=[good], study=study).labs) == 1


def test_the_same_dose_twice_is_listed(tmp_path):
    rows = [ex() | {"EXSEQ": 1.0}, ex() | {"EXSEQ": 2.0}]
    report = str(read(tmp_path, EX, lb=LB, ex=rows).reading)
    assert "EX: 2 observations, 1 used; 1 that say the same as an earlier one" in report


def test_a_proposal_asks_where_a_label_is_that_of_another(tmp_path, study):
    read(tmp_path, HEAD + TIME + PATIENTS + LABS, lb=LB)
    for more in ({"LBTEST": "HBsAg"}, {"LBSPEC": "URINE"}):
        read(tmp_path, MAPPING + "when = { LBTESTCD = \"HBSAB\", LBTEST = \"*\", LBSPEC = \"*\" }\n",
             lb=[lb(**{"LBSPEC": "SERUM", **more})])  # fmt: skip
        assert "#? Is it anti_hbs?" in propose_cdisc(tmp_path, study)


@pytest.mark.parametrize(("reason", "sound"), [("", True), ("N/A", True), ("Sample lost", False)])
def test_a_reason_why_a_test_was_not_done_stands_beside_no_result(tmp_path, reason, sound):
    rows = [lb(result="25", LBREASND=reason), lb("S-2", date="2024-02-12", LBREASND="")]
    if sound:
        assert len(read(tmp_path, lb=rows).labs) == 2
        return
    said = refused(tmp_path, lb=rows)
    assert "column 'LBREASND': 'Sample lost'; expected nothing, since there is a result" in said
    cohort = read(tmp_path, MAPPING + 'unless = { LBREASND = "Sample lost" }\n', lb=rows)
    assert list(cohort.labs["patient_id"]) == ["S-2"]


def test_a_dose_that_a_remark_says_was_never_given_is_refused(tmp_path):
    hbig = MAPPING + '[[treatments]]\nagent = "hbig"\nsource = "EX"\ncodes = ["HBIG"]\n'
    rows = [ex() | {"EXADJ": "DOSE NOT GIVEN"}, ex("S-2", start="2024-02-05", end="2024-02-05") | {"EXADJ": "Delayed"}]
    assert "column 'EXADJ': 'DOSE NOT GIVEN'; expected a course that was given" in refused(
        tmp_path, hbig, lb=[lb()], ex=rows
    )
    cohort = read(tmp_path, hbig + 'unless = { EXADJ = "DOSE NOT GIVEN" }\n', lb=[lb()], ex=rows)
    assert list(cohort.treatments["patient_id"]) == ["S-2"]


def test_derived_results_count_and_are_told(tmp_path):
    rows = [lb(result="100", LBDRVFL="Y"), lb(result="110", date="2024-01-15", LBDRVFL="")]
    cohort = read(tmp_path, lb=rows)
    assert len(cohort.labs) == 2
    leave = 'unless = { LBDRVFL = "Y" }'
    told = f"LB: 1 results are derived from others (LBDRVFL), and count; if not, leave such rows out: {leave}"
    assert any(note.startswith(told) for note in cohort.reading.notes)
    assert len(read(tmp_path, f"{MAPPING}{leave}\n", lb=rows).labs) == 1


@pytest.mark.parametrize("text", ["2024-01-08T08", "2024-01-08T08:-", "2024-01-08T-:30"])
def test_a_day_is_known_where_its_time_is_not_whole(tmp_path, text):
    assert list(read(tmp_path, lb=[lb(date=text)]).labs["date"]) == ["2024-01-08"]


def test_drugs_are_proposed_by_what_stands_before_strength_and_form(tmp_path, study):
    """By the code, by the words where the code is a number or is not there; a placebo is asked, aspirin is listed."""
    drugs = [("ENTECAVIR", "Baraclude"), ("12345", "Lamivudine 100 MG"), ("", "Tenofovir 300 mg tablets"),
             ("ENTECAVIR PLACEBO", "x"), ("ASPIRIN", "aspirin")]  # fmt: skip
    rows = [cm(drug=code, said=words, start=f"2020-01-{at:02}") for at, (code, words) in enumerate(drugs, start=1)]
    write_xpt(tmp_path / "dm.xpt", "DM", DM)
    write_xpt(tmp_path / "cm.xpt", "CM", rows)
    write_xpt(tmp_path / "lb.xpt", "LB", [lb()])
    text = propose_cdisc(tmp_path, study)
    for agent, code in (("entecavir", "ENTECAVIR"), ("lamivudine", "12345"), ("tenofovir", "Tenofovir 300 mg tablets")):
        assert f'[[treatments]]\nagent = "{agent}"\nsource = "CM"\ncodes = ["{code}"]  # 1' in text
    assert "#? Is it entecavir? x: 1" in text
    assert "ASPIRIN (aspirin): 1" in text
    assert text.count("\n[[treatments]]") == 3


def test_an_agent_without_codes_takes_its_names_with_strength_and_form(tmp_path, study):
    mapping = MAPPING + '[[treatments]]\nagent = "entecavir"\nsource = "CM"\n'
    rows = [cm(drug="BARACLUDE 0.5 MG TABLET", said="Baraclude"), cm("S-2", drug="ASPIRIN", said="aspirin")]
    cohort = read(tmp_path, mapping, study=study, lb=[lb()], cm=rows)
    assert list(cohort.treatments["patient_id"]) == ["S-1"]


@pytest.mark.parametrize(
    ("code", "said"), [("HBSAB", "Anti-HBs (log)"), ("HBSABLOG", "Anti-HBs"), ("LOGHBSAB", "Anti-HBs")]
)
def test_a_number_that_its_code_or_its_words_call_a_logarithm_is_no_amount(tmp_path, code, said):
    mapping = MAPPING.replace('"HBSAB"', f'"{code}"')
    text = refused(tmp_path, mapping, lb=[lb(code=code, result="2.5", LBTEST=said)])
    assert "no logarithm" in text
    assert len(read(tmp_path, mapping, lb=[lb(code=code, result="2.5", unit="log10 mIU/mL", LBTEST=said)]).labs) == 1


def test_a_number_beside_a_word_that_counts_is_told(tmp_path):
    """POSITIVE counts; 120 in LBSTRESN is told, and read where the mapping asks for it."""
    row = lb(result="POSITIVE", unit="", LBSTRESN=120.0, LBSTRESU="mIU/mL")
    cohort = read(tmp_path, lb=[row])
    assert list(cohort.labs["value"]) == ["POSITIVE"]
    (told,) = [note for note in cohort.reading.notes if "count by their word" in note]
    assert told.startswith("LB: 1 results")
    assert told.endswith('value = "LBSTRESN"')
    assert list(read(tmp_path, MAPPING + 'value = "LBSTRESN"\n', lb=[row]).labs["value"]) == ["120"]
    plain = read(tmp_path, lb=[lb(result="120", LBSTRESN=120.0, LBSTRESU="mIU/mL")])
    assert not any("count by their word" in note for note in plain.reading.notes)


def test_advice_on_lacking_dates_and_years_names_what_reads_them(tmp_path):
    assert 'day = "LBDY" in the entry' in refused(tmp_path, lb=[lb(date="", LBDY=1.0)])
    days = HEAD + TIME + PATIENTS + LABS + 'day = "LBDY"\n'
    assert list(read(tmp_path, days, lb=[lb(date="", LBDY=8.0)]).labs["week"]) == [1.0]
    text = refused(tmp_path, CM, lb=LB[:1], cm=[cm(start="2019")])
    assert 'no setting reads a year alone; or leave such rows out: unless = { CMSTDTC = "2019" } in the entry' in text


def test_a_unit_that_only_the_standardised_result_has_is_told_how_to_read(tmp_path):
    rows = [lb(result="30", unit="", LBSTRESC="30", LBSTRESU="mIU/mL")]
    assert 'value = "LBSTRESC" in the entry' in refused(tmp_path, lb=rows)
    assert read(tmp_path, MAPPING + 'value = "LBSTRESC"\n', lb=rows).labs["unit"].tolist() == ["mIU/mL"]


def test_doses_in_words_and_parts_of_a_dose_are_told(tmp_path):
    rows = [
        ex() | {"EXADJ": "HALF DOSE GIVEN", "EXDOSTXT": ""},
        ex("S-2", dose=float("nan"), start="2024-02-05", end="2024-02-05") | {"EXADJ": "", "EXDOSTXT": "200-400"},
    ]
    notes = " ".join(read(tmp_path, EX, lb=LB, ex=rows).reading.notes)
    assert "EX: 1 doses have a reason (EXADJ) that speaks of a part of the dose" in notes
    assert "EX: 1 doses stand in EXDOSTXT alone" in notes
