"""OMOP rows that say twice what they are: the two agree, or the row is refused by name."""

from __future__ import annotations

import pytest
from omop_rows import DRUG, MAPPING, left_out, number, reader

from relapse_model.cohort.readers.omop.propose import propose_omop
from relapse_model.errors import CohortError, MappingError

OUTCOME = MAPPING + "[outcome]\ncodes = [77]\n"
PERIOD = {"observation_period_id": "1", "person_id": "1", "observation_period_start_date": "2023-01-01",
          "observation_period_end_date": "2024-12-27"}  # fmt: skip
CONDITION = {"condition_occurrence_id": "3", "person_id": "1", "condition_concept_id": "77",
             "condition_start_date": "2024-05-10"}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


@pytest.mark.parametrize(
    "text",
    [">1000 (diluted 1:100)", "1:64", "2+", "10-20", "30以下", "1000+", "cancelled", "作废", "QNS", "30 (haemolysed)",
     "~30", "3O", "donor", "urine"],
)  # fmt: skip
def test_a_text_that_is_not_the_number_beside_it_is_refused(read, text):
    with pytest.raises(CohortError, match="column 'value_source_value'"):
        read(number("30", text=text))
    counts = MAPPING.replace('field = "value_as_concept_id"', 'field = "value_as_number"')
    assert len(read(number("30", text=text), mapping=counts).labs) == 1


@pytest.mark.parametrize("text", ["30", "30.0", "H", "abnormal", "final", "Positive", ""])
def test_a_text_that_says_the_same_or_nothing_is_read(read, text):
    assert len(read(number("30", text=text)).labs) == 1


def test_a_grouped_number_is_held_against_the_number(read):
    with pytest.raises(CohortError, match="value_source_value"):
        read(number("1") | {"value_source_value": '"1,000"'})
    assert len(read(number("1000") | {"value_source_value": '"1,000"'}).labs) == 1


def test_a_concept_of_a_unit_without_the_vocabulary_is_not_ignored(read):
    mapping = MAPPING.replace("codes = [1]", 'codes = [1]\nunit = "mIU/mL"')
    with pytest.raises(CohortError, match=r"column 'unit_concept_id': '8923'.*table CONCEPT"):
        read(number("30", unit_concept_id="8923", unit_source_value=""), mapping=mapping)
    assert len(read(number("30", unit_source_value=""), mapping=mapping).labs) == 1


@pytest.mark.parametrize(
    "more",
    [{"drug_source_value": "HBIG placebo"}, {"drug_source_value": "no HBIG"}, {"stop_reason": "never taken"},
     {"stop_reason": "entered in error"}],
)  # fmt: skip
def test_a_course_that_was_not_given_is_refused(read, study, more):
    with pytest.raises(CohortError, match=next(iter(more))):
        read(number("5"), drug_exposure=[DRUG | more], study=study)


def test_a_course_that_ended_as_planned_is_read(read, study):
    assert len(read(number("5"), drug_exposure=[DRUG | {"stop_reason": "completed as planned"}]).treatments) == 1


@pytest.mark.parametrize(
    "more",
    [{"condition_status_source_value": "ruled out"}, {"condition_source_value": "History of relapse"},
     {"condition_source_value": "Family history of hepatitis B"}, {"stop_reason": "entered in error"}],
)  # fmt: skip
def test_an_event_that_is_none_of_the_person_is_refused(read, more):
    with pytest.raises(CohortError, match=next(iter(more))):
        read(number("5"), mapping=OUTCOME, observation_period=[PERIOD], condition_occurrence=[CONDITION | more])


def test_a_concept_of_a_family_history_is_no_outcome(read):
    concept = [{"concept_id": "77", "concept_name": "Family history of hepatitis B"}]
    with pytest.raises(MappingError, match="Family history"):
        read(
            number("5"), mapping=OUTCOME, observation_period=[PERIOD], condition_occurrence=[CONDITION], concept=concept
        )


def test_deaths_need_no_cause(read):
    mapping = OUTCOME + '[outcome.competing]\ndeath = { source = "death" }\n'
    death = [{"person_id": "1", "death_date": "2024-05-01"}]
    made = read(number("5"), mapping=mapping, observation_period=[PERIOD],
                condition_occurrence=[CONDITION | {"person_id": "2"}], death=death)  # fmt: skip
    assert list(made.outcomes["competing_event"]) == ["death"]


def test_the_same_dose_under_two_keys_is_listed(read):
    made = read(number("5"), drug_exposure=[DRUG, DRUG | {"drug_exposure_id": "6"}])
    (reason,) = left_out(made, "drug_exposure")
    assert reason.startswith("that say the same as an earlier one")


def test_a_year_of_birth_alone_tells_no_age_and_the_report_says_so(read):
    person = {"person_id": "1", "gender_concept_id": "8532", "year_of_birth": "1980"}
    assert "age_years is known of no patient" in str(read(number("5"), person=[person]).reading)


def test_a_proposal_takes_no_concept_of_another_person_or_specimen(read, tmp_path, study):
    for text in ("HBsAb from donor", "HBsAb in Urine"):
        with pytest.raises(CohortError, match="measurement_source_value"):
            read(number("5", measurement_source_value=text))
        assert 'analyte = "anti_hbs"' not in propose_omop(tmp_path, study)
    read(number("5", measurement_source_value="HBsAb"))
    assert 'analyte = "anti_hbs"' in propose_omop(tmp_path, study)


@pytest.mark.parametrize("name", ["anti-HBs log10", "lg anti-HBs", "anti-HBs (log)"])
def test_a_number_that_the_source_calls_a_logarithm_is_no_amount(read, name):
    """2.5 as a logarithm is 316 mIU/mL: neither 2.5 mIU/mL nor a guess."""
    with pytest.raises(CohortError, match=r"column 'measurement_source_value'.*no logarithm"):
        read(number("2.5", measurement_source_value=name))
    assert len(read(number("2.5", measurement_source_value="anti-HBs")).labs) == 1
    logs = read(number("2.5", measurement_source_value=name, unit_source_value="log10 mIU/mL"))
    assert list(logs.labs["unit"]) == ["log10 mIU/mL"]


def test_a_text_that_calls_its_number_a_logarithm_is_no_amount(read):
    with pytest.raises(CohortError, match=r"column 'value_source_value': '2.5 log'"):
        read(number("2.5", text="2.5 log"))


DOSES = MAPPING + 'dose = { field = "quantity", unit = "IU" }\n'
OBSERVED = {"observation_id": "1", "person_id": "1", "observation_concept_id": "2000000900",
            "observation_date": "2024-03-01", "value_as_string": "HBIG",
            "observation_source_value": "Study arm"}  # fmt: skip
NOTE = {"note_id": "1", "person_id": "1", "note_text": "of another patient"}


@pytest.mark.parametrize("sig", ["400 IU im", "400 IU", "1 dose im", "im", "Hepatect 50 IU/mL", ""])
def test_directions_that_say_the_dose_or_nothing_of_it_are_read(read, sig):
    cohort = read(number("5"), drug_exposure=[DRUG | {"sig": sig}], mapping=DOSES)
    assert list(cohort.treatments["dose"]) == [400.0]


@pytest.mark.parametrize(
    "sig", ["800 IU im", "2 x 200 IU", "400 IU twice daily", "200 units im", "two vials of 400 IU"]
)
def test_directions_that_say_another_dose_are_refused(read, sig):
    with pytest.raises(CohortError, match="drug_exposure_id 5, column 'sig'"):
        read(number("5"), drug_exposure=[DRUG | {"sig": sig}], mapping=DOSES)
    assert len(read(number("5"), drug_exposure=[DRUG | {"sig": sig}]).treatments) == 1  # of which no dose is read


def test_a_quantity_of_one_day_that_is_not_read_is_told(read):
    """The first is of one day, the second of ten, of which the quantity is no single dose."""
    one = DRUG | {"dose_unit_source_value": "IU"}
    rows = [one, one | {"drug_exposure_id": "6", "drug_exposure_start_date": "2024-03-10",
                          "drug_exposure_end_date": "2024-03-19"}]  # fmt: skip
    told = [note for note in read(number("5"), drug_exposure=rows).reading.notes if "quantity" in note]
    assert len(told) == 1
    assert told[0].startswith("drug_exposure: 1 courses of hbig are of one day and have a quantity and a unit")
    stated = read(number("5"), drug_exposure=rows[:1], mapping=DOSES)
    assert not any("quantity" in note for note in stated.reading.notes)


def test_tables_that_are_not_read_are_named(read):
    cohort = read(number("5"), observation=[OBSERVED], note=[NOTE])
    assert cohort.reading.not_read == ("table observation", "table note")
    arm = MAPPING.replace(
        "[missing]", 'arm = { field = "value_as_string", source = "observation", codes = [2000000900] }\n[missing]'
    )
    cohort = read(number("5"), observation=[OBSERVED], note=[NOTE], mapping=arm)
    assert cohort.reading.not_read == ("table note",)
    assert list(cohort.patients["arm"]) == ["HBIG"]


def test_the_proposal_asks_for_arms_and_single_doses_and_names_answers(read, tmp_path, study):
    named = (("50", "hepatitis B immune globulin"), ("1", "HBsAb"), ("45878583", "Negative"))
    concepts = [{"concept_id": one, "concept_name": name, "concept_code": "", "vocabulary_id": ""}
                for one, name in named]  # fmt: skip
    answer = number("", value_as_concept_id="45878583")
    read(answer, concept=concepts, observation=[OBSERVED], on_problems="list",
         mapping=MAPPING.replace('"9189"', '"45878583" = "negative", "9189"'))  # fmt: skip
    text = propose_omop(tmp_path, study)
    assert '#? arm = { field = "value_as_string", source = "observation", codes = [2000000900], values = ' in text
    assert "# 2000000900  # Study arm: 1\n" in text
    assert '\n# optional: dose = { field = "quantity", unit = "IU" }  # 400: 1' in text
    assert '\n45878583 = "negative"  # Negative\n' in text
