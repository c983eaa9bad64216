"""Courses, doses and boxes that a proposal finds: a course that ended has its end, no dose and no box is lost."""

from __future__ import annotations

import re

import pytest
from redcap_projects import built_in, project

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.errors import CohortError, SourceError

START = "record_id,demo,text,Record ID,,,\nenrolled,demo,text,Date of enrolment,,date_ymd,\n"
DAY = "{},tx,text,{},,date_ymd,\n"


def proposed(tmp_path, data, dictionary):
    source, _ = project(tmp_path, data, dictionary=START + dictionary)
    return source, propose_redcap(source, built_in())


def read(source, text):
    return read_redcap(source, parse_mapping(re.sub(r"#\? (?=[a-z_]+ = )", "", text), "map.toml"), study=built_in())


def test_a_last_day_that_is_text_is_the_end_of_the_course(tmp_path):
    """The first course ended in 2022, the second goes on."""
    source, text = proposed(
        tmp_path,
        "record_id,enrolled,etv_start,etv_stop\n1,2024-01-08,2019-01-01,2022-01-03\n2,2024-01-08,2019-01-01,ongoing\n",
        DAY.format("etv_start", "Entecavir start") + "etv_stop,tx,text,Entecavir stop,,,\n",
    )
    assert 'end = { field = "etv_stop", values = { "ongoing" = "" } }' in text
    ends = read(source, text).treatments["end_week"]
    assert ends.isna().tolist() == [False, True]


def test_a_dose_ends_on_its_day_and_has_its_amount(tmp_path):
    source, text = proposed(
        tmp_path,
        "record_id,enrolled,hbig_dt,hbig_dose\n1,2024-01-08,2024-01-08,400\n2,2024-01-08,2024-01-15,200\n",
        DAY.format("hbig_dt", "HBIG: date given") + "hbig_dose,tx,text,HBIG: dose given (IU),,number,\n",
    )
    assert "Is it a single dose?" in text
    given = read(source, text).treatments
    assert given["dose"].tolist() == [400, 200]
    assert given["unit"].tolist() == ["IU", "IU"]
    assert given["start_week"].tolist() == given["end_week"].tolist() == [0, 1]


def test_numbered_doses_go_with_their_dates(tmp_path):
    days = "".join(DAY.format(f"hbig_{n}_date", f"HBIG {n} dose date") for n in (1, 2))
    doses = "".join(f"hbig_{n}_dose,tx,text,HBIG {n} dose (IU),,,\n" for n in (1, 2))
    source, text = proposed(
        tmp_path,
        "record_id,enrolled,hbig_1_date,hbig_2_date,hbig_1_dose,hbig_2_dose\n"
        "1,2024-01-08,2024-01-08,2024-01-15,400,200\n",
        days + doses,
    )
    given = read(source, text).treatments
    assert list(zip(given["start_week"], given["dose"], strict=True)) == [(0, 400), (1, 200)]


def test_days_of_one_agent_are_none_of_a_field_of_drugs(tmp_path):
    source, text = proposed(
        tmp_path,
        "record_id,enrolled,peg_start,peg_stop,nuc_drug,nuc_start,nuc_stop\n"
        "1,2024-01-08,2022-01-03,2023-01-02,1,2019-01-01,2022-01-03\n",
        DAY.format("peg_start", "PegIFN start")
        + DAY.format("peg_stop", "PegIFN stop")
        + 'nuc_drug,tx,dropdown,Nucleos(t)ide analogue,"1, ETV | 2, TDF",,\n'
        + DAY.format("nuc_start", "NUC start")
        + DAY.format("nuc_stop", "NUC stop"),
    )
    drugs, peg = text.split("[[treatments]]")[1:]
    assert "peg_" not in drugs
    assert 'start = "nuc_start"' in drugs
    assert 'start = "peg_start"' in peg
    assert sorted(read(source, text).treatments["agent"]) == ["entecavir", "pegifn"]


BOXES = 'coinf,demo,checkbox,Coinfection,"1, HIV | 2, HCV | 3, None",,\n'
TICKS = "record_id,enrolled,coinf___1,coinf___2,coinf___3\n" + "".join(
    f"{record},2024-01-08,{ticks}\n" for record, ticks in enumerate(("1,0,0", "0,1,0", "0,0,1", "0,0,0"), 1)
)


def test_any_box_of_a_question_counts(tmp_path):
    """HIV, HCV, neither, and not answered: REDCap writes 0 for the last, too."""
    source, text = proposed(tmp_path, TICKS, BOXES)
    assert '#? coinfection = { field = "coinf___1", boxes = ["coinf___1", "coinf___2"] }' in text
    assert "coinf___1 HIV, coinf___2 HCV. Take out those that do not" in text
    flags = read(source, text).patients["coinfection"]
    assert [None if one != one else int(one) for one in flags.astype(float)] == [1, 1, 0, None]


def test_a_box_beside_one_that_says_none_is_refused(tmp_path):
    source, text = proposed(tmp_path, TICKS.replace("0,1,0\n", "0,1,1\n"), BOXES)
    with pytest.raises(CohortError, match="boxes that do not contradict each other"):
        read(source, text)


@pytest.mark.parametrize("boxes", ['["coinf___2"]', '["coinf___1", "coinf___9"]'])
def test_boxes_are_those_of_one_question(tmp_path, boxes):
    source, text = proposed(tmp_path, TICKS, BOXES)
    with pytest.raises(SourceError, match=r"boxes of its question|no field"):
        read(source, text.replace('["coinf___1", "coinf___2"]', boxes))


def test_fields_are_known_in_the_languages_of_spreadsheets(tmp_path):
    source, text = proposed(
        tmp_path,
        "record_id,enrolled,sexe,aghbs,prelev\n1,2024-01-08,1,0.02,2024-01-08\n",
        'sexe,demo,radio,Sexe,"1, Homme | 2, Femme",,\naghbs,bio,text,Ag HBs quantitatif (UI/mL),,,\n'
        "prelev,bio,text,Date de prélèvement,,date_ymd,\n",
    )
    assert 'sex = { field = "sexe", values = { "1" = "M", "2" = "F" } }' in text
    cohort = read(source, text)
    assert cohort.labs[["analyte", "value", "unit"]].to_numpy().tolist() == [["hbsag", "0.02", "UI/mL"]]


def test_a_logarithm_of_an_amount_is_the_amount(tmp_path):
    source, text = proposed(
        tmp_path,
        "record_id,enrolled,hbsag_pre\n1,2024-01-08,3\n2,2024-01-08,<-1\n",
        "hbsag_pre,demo,text,HBsAg before treatment (log10 IU/mL),,,\n",
    )
    text = re.sub(r"# optional: (?=hbsag_before)", "", text)
    values = read(source, text).patients["hbsag_before_treatment_iu_ml"].astype(str).tolist()
    assert values == ["1000 IU/mL", "<0.1 IU/mL"]
