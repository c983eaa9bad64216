"""The CDISC pilot trial: counts of the data sets, and what a mapping makes of them."""

from __future__ import annotations

import pytest

from data_folder import data_folder
from relapse_model.cohort.readers.cdisc.library import open_library
from relapse_model.cohort.readers.cdisc.propose import propose_cdisc
from relapse_model.cohort.readers.cdisc.read import read_cdisc
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.read_source import proposer_of, reader_of

HEAD = '[mapping]\nprotocol = 1\nkind = "cdisc"\n'


@pytest.fixture(scope="module")
def source():
    try:
        return data_folder("cdisc_pilot01")
    except FileNotFoundError as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def library(source):
    return open_library(source, {})


def read(source, text):
    return read_cdisc(source, parse_mapping(HEAD + text, "map.toml", "cdisc"))


def test_the_kind_finds_its_functions():
    assert reader_of("cdisc") is read_cdisc
    assert proposer_of("cdisc") is propose_cdisc


def test_counts_of_the_data_sets(library):
    sizes = {one.name: (one.rows, len(one.labels)) for one in library.data}
    assert sizes["DM"] == (306, 25)
    assert sizes["LBUR"] == (4913, 24)
    assert sizes["ADLBHY"] == (9954, 43)
    assert sizes["ADTTE"] == (254, 26)
    (dm,) = library.find("dm")
    assert dm.counts("ARM") == {
        "Placebo": 86, "Screen Failure": 52, "Xanomeline High Dose": 84, "Xanomeline Low Dose": 84,
    }  # fmt: skip


def test_alanine_aminotransferase(source):
    text = (
        '[patients]\nid = { field = "USUBJID", source = "adsl" }\n'
        '[[labs]]\nanalyte = "alt"\nsource = "adlbhy"\ncodes = ["ALT"]\n'
    )
    alt = read(source, text).labs
    assert len(alt) == 1659
    assert alt["patient_id"].nunique() == 254
    assert alt["number"].mean() == pytest.approx(18.670886075949365, rel=1e-12)
    assert alt["unit"].unique().tolist() == ["U/L"]  # of the label: the data set has no variable of it
    first = alt[alt["patient_id"] == "01-701-1015"]["week"].tolist()
    assert first[:2] == [-1.0, 2.0]  # ADY -7 and 15


def test_weeks_by_days_and_by_dates_are_the_same(source):
    text = '[patients]\nid = "USUBJID"\n[[labs]]\nanalyte = "alt"\nsource = "adlbhy"\ncodes = ["ALT"]\n'
    days = read(source, text).labs["week"]
    dates = read(source, '[time]\nzero = { field = "TRTSDT" }\n' + text).labs["week"]
    assert (days - dates).abs().max() < 1e-9


def test_screen_failures_are_listed_apart(source):
    text = '[patients]\nid = { field = "USUBJID", source = "dm" }\nsex = "SEX"\narm = "ARM"\n'
    cohort = read(source, text)
    assert cohort.patients["arm"].value_counts().to_dict() == {
        "Placebo": 86, "Xanomeline High Dose": 84, "Xanomeline Low Dose": 84,
    }  # fmt: skip
    left = cohort.reading.sources[0].left_out
    assert [(one.reason, one.count) for one in left] == [("screen failure", 52)]


def test_events_by_arm(source):
    text = (
        '[time]\nzero = { field = "TRTSDT" }\n[patients]\nid = "USUBJID"\narm = "TRT01P"\n'
        '[outcome]\nsource = "adtte"\nwhen = { PARAMCD = "TTDE" }\n'
    )
    cohort = read(source, text)
    events = cohort.outcomes["relapse"].groupby(cohort.patients["arm"]).agg(["sum", "count"])
    assert events.to_numpy().tolist() == [[29, 86], [61, 84], [62, 84]]
    # AVAL counts the day of the event, so that it is one more than the days since time zero.
    longest = (cohort.outcomes["week"] * 7).max()
    assert longest == pytest.approx(198 - 1)


def test_texts_and_numbers_of_urine(source):
    # Results of urine are read where the mapping asks for them by 'when', and otherwise refused.
    text = (
        '[time]\nzero = { field = "RFSTDTC" }\n[patients]\nid = { field = "USUBJID", source = "dm" }\n'
        '[[labs]]\nanalyte = "tsh"\ncodes = ["TSH"]\n[[labs]]\nanalyte = "colour"\ncodes = ["COLOR"]\nunit = "grade"\n'
        'when = { LBCAT = "URINALYSIS" }\n'
        'value = { field = "LBORRES", values = { N = "negative", A = "positive" } }\n'
    )
    cohort = read(source, text)
    (urine,) = [one for one in cohort.reading.sources if one.source == "LBUR"]
    assert urine.came == 4913
    assert urine.used == len(cohort.labs) + len(cohort.remarks)
    assert {one.code for one in cohort.reading.not_mapped if one.source == "LBUR"} == {
        "KETONES", "PH", "SPGRAV", "UROBIL", "VITB12",
    }  # fmt: skip
    assert [one.count for one in urine.left_out] == [4 * 874 + 272]


def test_disposition_as_a_reason_for_loss(source):
    text = (
        '[patients]\nid = { field = "USUBJID", source = "dm" }\nlost_reason = { field = "DSDECOD", source = "ds", '
        'when = { DSCAT = "DISPOSITION EVENT" } }\n'
    )
    counts = read(source, text).patients["lost_reason"].value_counts().to_dict()
    assert (counts["COMPLETED"], counts["LOST TO FOLLOW-UP"], sum(counts.values())) == (110, 2, 254)


def test_the_proposal_is_read_as_it_is(source, study):
    text = propose_cdisc(source, study)
    assert "[outcome]  # Time to First Dermatologic Event: 152 events in 254" in text
    assert 'codes = ["BILI"]  # Bilirubin (umol/L): 1,659 (umol/L: 1,659)' in text
    assert '#? arm = { field = "TRT01P"' in text  # the study calls its arms hbig and control
    mapping = parse_mapping(text, "map.toml", "cdisc")
    cohort = read_cdisc(source, mapping, study=study)
    assert sorted(cohort.labs["analyte"].unique()) == ["alt", "ast", "bilirubin"]
    assert cohort.outcomes["relapse"].sum() == 152
