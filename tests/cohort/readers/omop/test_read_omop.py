"""OMOP tables to a cohort: small tables whose result can be counted by hand, and the refusals."""

from __future__ import annotations

import pytest
from omop_rows import DRUG, MAPPING, PERSON, PROCEDURE, left_out, number, reader

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.omop.read import read_omop
from relapse_model.errors import CohortError, MappingError, SourceError


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (number("5.0"), "5"),
        (number("10", "4171756"), "<10"),
        (number("10", "4171756", "<10 mIU/mL"), "<10 mIU/mL"),  # as the source printed it, where both agree
        (number("10", "4172704"), ">10"),
        (number("10", "4171754"), "<=10"),
        (number("10", "4171755"), ">=10"),
        (number("10", "4172703"), "10"),
        (number("10", ""), "10"),
        (number("2", "0", "2.00"), "2.00"),
        (number("0", "0", "阴性"), "0"),
        ({"value_source_value": "阴性"}, "阴性"),
        ({"value_source_value": "<10"}, "<10"),
        ({"value_as_concept_id": "9189"}, "negative"),
        ({"value_source_value": "tnd*"}, "TND"),
    ],
)
def test_values(read, row, value):
    assert list(read(row).labs["value"]) == [value]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (number("10", "4171756", ">10"), "'>10'; expected the comparator of operator_concept_id"),
        (number("0.05", "0", "<0.05"), "'<0.05'; expected the comparator"),  # it was lost on the way
        (number("10", "4171756", "10"), "the comparator of operator_concept_id"),
        (number("10", "4171757"), "'4171757'; expected one of 0, 4172703"),
        (number("ten"), "'ten'; expected a number"),
        (number("5000", "0", "5"), "expected the number of value_source_value"),  # the unit was converted with it
        ({"value_source_value": "171207006"}, "no number, since value_as_number has none"),
        ({"value_as_concept_id": "45"}, "'45'; expected a concept with a meaning in the mapping"),
        (number("5", measurement_date="2024-02-30"), "'2024-02-30'; expected a date as YYYY-MM-DD"),
        (number("5", measurement_date=""), "expected a date as YYYY-MM-DD"),
        (number("5", unit_source_value=""), "no unit"),
    ],
)
def test_rows_that_contradict_themselves_are_refused(read, row, message):
    with pytest.raises(CohortError, match="measurement, measurement_id 11, column") as refusal:
        read(row, number("7", measurement_date="2024-03-09"))
    assert message in str(refusal.value)
    others = [PERSON, PERSON | {"person_id": "2"}]
    started = [PROCEDURE, PROCEDURE | {"procedure_occurrence_id": "8", "person_id": "2"}]
    cohort = read(row, person=others, procedure_occurrence=started, on_problems="list")
    assert list(cohort.patient_ids) == ["2"]


def test_rows_that_are_no_results_are_counted(read):
    cohort = read(
        number("5"), {"value_source_value": "haemolysed"}, {}, {"value_as_concept_id": "9177"},
        number("5", measurement_concept_id="2"), number("5", person_id="3"),
    )  # fmt: skip
    assert list(cohort.labs["value"]) == ["5"]
    assert left_out(cohort) == {
        "a code for a missing value": 2, "without a value": 1, "of a concept that the mapping does not name": 1,
        "of no person of the table PERSON": 1,
    }  # fmt: skip
    assert [(one.code, one.count) for one in cohort.reading.not_mapped if one.source == "measurement"] == [("2", 1)]


def test_normal_ranges_are_no_limits_of_the_assay(read):
    assert "lower_limit" not in read(number("5")).labs or read(number("5")).labs["lower_limit"].isna().all()
    mapping = MAPPING.replace("codes = [1]", 'codes = [1]\nlower_limit = { field = "range_low" }')
    with pytest.raises(MappingError, match="The ranges of OMOP are those of healthy people"):
        read(number("5"), mapping=mapping)


def test_units_by_concept_by_the_vocabulary_or_as_printed(read):
    by_concept = MAPPING.replace(
        "codes = [1]", 'codes = [1]\nunit = { field = "unit_concept_id", values = { "8810" = "IU/L" } }'
    )
    concept = number("5", unit_concept_id="8810", unit_source_value="mIU/mL")
    assert list(read(concept, mapping=by_concept).labs["unit"]) == ["IU/L"]
    with pytest.raises(CohortError, match="'8811'; expected a unit with a meaning in the mapping"):
        read(number("5", unit_concept_id="8811"), mapping=by_concept)
    vocabulary = [{"concept_id": "8810", "concept_code": "[IU]/L", "vocabulary_id": "UCUM", "concept_name": "unit"}]
    converted = number("5", "0", "5000", unit_concept_id="8810", unit_source_value="IU/kL")
    cohort = read(converted, concept=vocabulary)  # the unit of the number is known, so that it may differ
    assert cohort.labs[["value", "unit"]].to_numpy().tolist() == [["5", "[IU]/L"]]


def test_codes_of_the_study_come_by_the_vocabulary(read, study):
    vocabulary = [{"concept_id": "1", "concept_code": "5193-8", "vocabulary_id": "LOINC", "concept_name": "anti-HBs"}]
    bare = MAPPING.split("[[labs]]")[0]
    cohort = read(number("5"), mapping=bare, concept=vocabulary, study=study)
    assert list(cohort.labs["analyte"]) == ["anti_hbs"]


def test_the_day_is_the_date_with_the_time_where_both_agree(read):
    rows = [number("5", measurement_datetime="2024-03-08 08:30:00"),
            number("6", measurement_datetime="2024-03-10 01:30:00", measurement_date="2024-03-09")]  # fmt: skip
    assert list(read(*rows).labs["date"]) == ["2024-03-08 08:30:00", "2024-03-09"]


def test_persons(read):
    cohort = read(number("5"))
    assert cohort.patients[["patient_id", "sex", "age_years"]].to_numpy().tolist() == [["1", "F", 43.0]]
    assert cohort.reading.never_read == ("person.person_source_value",)
    assert "Wang" not in str(cohort.reading)
    with pytest.raises(MappingError, match="a column that does not say who the patient is"):
        read(mapping=MAPPING.replace('id = "person_id"', 'id = "person_id"\nname = "person_source_value"'))
    year = [{**PERSON, "month_of_birth": "", "day_of_birth": ""}]
    assert read(person=year).patients["age_years"].isna().all()  # 43 or 44
    middle = MAPPING.replace("[time]", '[time]\npartial = "middle"')
    assert read(person=year, mapping=middle).patients["age_years"].tolist() == [43.0]
    with pytest.raises(CohortError, match="a text without a meaning in the mapping; expected one of 8507, 8532"):
        read(person=[PERSON | {"gender_concept_id": "45"}])


def test_time_zero(read):
    two = [PROCEDURE, PROCEDURE | {"procedure_occurrence_id": "8", "procedure_date": "2024-04-01"}]
    with pytest.raises(CohortError, match="several days of time zero"):
        read(procedure_occurrence=two)
    for pick, day in (("first", "2024-03-01"), ("last", "2024-04-01")):
        cohort = read(procedure_occurrence=two, mapping=MAPPING.replace("[time]", f'[time]\npick = "{pick}"'))
        assert list(cohort.patients["enrolment_date"]) == [day]
    people = [PERSON, PERSON | {"person_id": "2"}]
    with pytest.raises(CohortError, match="no time zero; expected one for each person") as refusal:
        read(person=people)
    assert [problem.patient for problem in refusal.value.problems] == ["2"]
    left = MAPPING.replace("[time]", '[time]\nothers = "leave out"')
    cohort = read(number("5"), number("5", person_id="2"), person=people, mapping=left)
    assert list(cohort.patient_ids) == ["1"]
    assert left_out(cohort) == {"of a person whom the cohort leaves out": 1}


def test_a_cohort_table_gives_persons_and_time_zero(read):
    chosen = [{"cohort_definition_id": code, "subject_id": own, "cohort_start_date": day}
              for code, own, day in (("7", "1", "2024-03-01"), ("8", "2", "2024-01-01"))]  # fmt: skip
    people = [PERSON, PERSON | {"person_id": "2"}]
    mapping = MAPPING.replace('table = "procedure_occurrence"\ncodes = [100]', "cohort_definition_id = 7")
    cohort = read(number("5"), number("6", person_id="2"), person=people, cohort=chosen, mapping=mapping)
    assert (list(cohort.patient_ids), list(cohort.labs["value"])) == (["1"], ["5"])
    with pytest.raises(SourceError, match="no rows; expected one row per person"):
        read(number("5"), cohort=chosen, mapping=mapping.replace("= 7", "= 9"))


def test_a_list_of_patients(read, tmp_path):
    (tmp_path / "zero.csv").write_text("patient_id,date\n1,2024-03-01\n", encoding="utf-8")
    mapping = MAPPING.replace(
        'table = "procedure_occurrence"\ncodes = [100]', 'file = "zero.csv"\nothers = "leave out"'
    )
    cohort = read(number("5"), person=[PERSON, PERSON | {"person_id": "2"}], mapping=mapping)
    assert list(cohort.patient_ids) == ["1"]


def test_courses(read):
    mapping = MAPPING + 'dose = { field = "quantity", unit = "IU" }\n'
    drugs = [DRUG, DRUG | {"drug_exposure_id": "6", "drug_concept_id": "51", "drug_exposure_end_date": "2024-04-05"},
             DRUG | {"drug_exposure_id": "7", "drug_concept_id": "99"}]  # fmt: skip
    cohort = read(drug_exposure=drugs, mapping=mapping)
    columns = ["agent", "start_week", "end_week", "dose", "unit"]
    assert cohort.treatments[columns].to_numpy().tolist() == [["hbig", 0, 0, 400, "IU"], ["hbig", 0, 5, 400, "IU"]]
    open_end = [DRUG | {"drug_exposure_end_date": ""}]
    with pytest.raises(CohortError, match=r"drug_exposure_id 5, column 'drug_exposure_end_date'"):
        read(drug_exposure=open_end)
    stated = MAPPING + 'end = "drug_exposure_end_date"\n'
    assert read(drug_exposure=open_end, mapping=stated).treatments["end_week"].isna().all()
    assert read(drug_exposure=[DRUG | {"drug_concept_id": "99"}]).treatments is None


def test_concepts_below_a_concept(read):
    ancestors = [{"ancestor_concept_id": "40", "descendant_concept_id": "50"}]
    mapping = MAPPING.replace("codes = [50, 51]", "codes = [40]\ndescendants = true")
    assert list(read(concept_ancestor=ancestors, mapping=mapping).treatments["agent"]) == ["hbig"]


OUTCOME = MAPPING + "[outcome]\ncodes = [77]\n"
PERIOD = {"observation_period_id": "1", "person_id": "1", "observation_period_start_date": "2023-01-01",
          "observation_period_end_date": "2024-12-27"}  # fmt: skip
CONDITION = {"condition_occurrence_id": "1", "person_id": "1", "condition_concept_id": "77",
             "condition_start_date": "2024-05-10", "condition_end_date": ""}  # fmt: skip


@pytest.mark.parametrize(
    ("days", "relapse", "week"),
    [
        (["2024-05-10"], 1, 10),
        (["2024-06-01", "2024-05-10"], 1, 10),  # the first
        (["2024-02-01"], 0, 43),  # before time zero: free to the end of the observation
        (["2024-03-01"], 0, 43),  # on its day
        (["2025-02-01"], 0, 43),  # after the observation ended
    ],
)
def test_outcomes_within_the_observation_period(read, days, relapse, week):
    events = [CONDITION | {"condition_occurrence_id": str(place), "condition_start_date": day}
              for place, day in enumerate(days)]  # fmt: skip
    outcomes = read(condition_occurrence=events, observation_period=[PERIOD], mapping=OUTCOME).outcomes
    assert outcomes[["relapse", "week"]].to_numpy().tolist() == [[relapse, week]]


COMPETING = OUTCOME + (  # a source of one person need not hold every event
    'may_be_absent = true\n[outcome.competing]\ndeath = { source = "death" }\n'
    '"liver transplantation" = { codes = [88], may_be_absent = true }\n'
)
ANOTHER = {"condition_occurrence_id": "9", "condition_concept_id": "88", "condition_start_date": "2024-06-07"}


@pytest.mark.parametrize(
    ("conditions", "death", "told"),
    [
        ([], "", [0, "free", None, 43]),
        ([], "2024-04-12", [None, "competing", "death", 6]),
        ([ANOTHER], "", [None, "competing", "liver transplantation", 14]),
        ([ANOTHER], "2024-09-20", [None, "competing", "liver transplantation", 14]),  # the first of them
        ([{}], "2024-09-20", [1, "relapse", None, 10]),
        ([{}, ANOTHER], "", [1, "relapse", None, 10]),
        ([ANOTHER | {"condition_start_date": "2024-03-15"}, {}], "", [None, "competing", "liver transplantation", 2]),
        ([ANOTHER | {"condition_start_date": "2024-03-01"}], "", [0, "free", None, 43]),  # on the day of time zero
    ],
)
def test_what_competes_with_the_outcome_is_found_by_its_concepts(read, conditions, death, told):
    events = [CONDITION | {"condition_occurrence_id": str(place)} | one for place, one in enumerate(conditions)]
    cohort = read(
        condition_occurrence=events or [CONDITION | {"condition_concept_id": "5"}], observation_period=[PERIOD],
        death=[{"person_id": "1", "death_date": death, "cause_concept_id": "0"}] if death else
              [{"person_id": "7", "death_date": "2024-05-01", "cause_concept_id": "0"}], mapping=COMPETING,
    )  # fmt: skip
    found = cohort.outcomes[["relapse", "event", "competing_event", "week"]].astype(object)
    assert found.where(found.notna(), None).to_numpy().tolist() == [told]
    used = [one.used for one in cohort.reading.sources if "outcome" in one.source or "competing" in one.source]
    assert sum(used) == (told[1] != "free")


def test_two_events_of_one_day_are_refused(read):
    with pytest.raises(CohortError, match="an event and a competing event on one day"):
        read(condition_occurrence=[CONDITION], observation_period=[PERIOD], mapping=COMPETING,
             death=[{"person_id": "1", "death_date": "2024-05-10", "cause_concept_id": "0"}])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[outcome.competing]\ndeath = { table = 'death' }\n",
            "of 'death': some of source, codes, when, desc",
        ),
        ("[outcome.competing]\ndeath = { codes = [] }\n", "expected codes ="),
        (
            "[outcome.competing]\ndeath = { source = 'decease' }\n",
            "no codes of 'death'.*\n.*'decease'; expected one of",
        ),
    ],
)
def test_competing_events_that_the_source_cannot_tell_are_refused(read, text, message):
    with pytest.raises(MappingError, match=message):
        read(condition_occurrence=[CONDITION], observation_period=[PERIOD], mapping=OUTCOME + text)


def test_an_outcome_needs_an_observation_period_around_time_zero(read):
    other = [PERIOD | {"observation_period_end_date": "2024-02-01"}]
    with pytest.raises(CohortError, match="time zero lies in no observation period"):
        read(condition_occurrence=[CONDITION], observation_period=other, mapping=OUTCOME)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("codes = [1]", 'codes = ["5193-8"]', "'5193-8'; expected concept ids"),
        ("codes = [1]", "", "no codes of 'anti_hbs'"),
        ("codes = [1]", 'codes = [1]\nassay = { field = "kit" }', "no column 'kit' in measurement"),
        ("codes = [1]", 'codes = [1]\nsource = "specimen"', "a source without the table specimen"),
        ("codes = [1]", 'codes = [1]\nday = "x"', "a field 'x'"),
        ('table = "procedure_occurrence"\ncodes = [100]', "", "0 ways to time zero"),
        ('table = "procedure_occurrence"', 'table = "visits"', "'visits'; expected one of measurement"),
        ('sex = "gender_concept_id"', 'sex = "gender"', "no column 'gender' in person"),
    ],
)
def test_mappings_that_the_source_cannot_answer_are_refused(read, old, new, message):
    assert old in MAPPING
    with pytest.raises(MappingError, match=message):
        read(number("5"), mapping=MAPPING.replace(old, new))


def test_what_stands_for_nothing_and_whole_numbers_as_tables_are_exported(read):
    row = number("5", operator="NA", unit_concept_id="NULL", value_as_concept_id="\\N", measurement_concept_id="1.0",
                 person_id="1.0")  # fmt: skip
    cohort = read(row, person=[PERSON | {"year_of_birth": "1980.0"}])
    assert list(cohort.labs["value"]) == ["5"]
    assert list(cohort.patients["age_years"]) == [43.0]


def test_names_in_any_case_and_broken_files(read, tmp_path):
    read(number("5"))
    text = (tmp_path / "MEASUREMENT.csv").read_text(encoding="utf-8")
    (tmp_path / "MEASUREMENT.csv").unlink()
    upper = text.split("\n", 1)
    (tmp_path / "Measurement.CSV").write_text(f"{upper[0].upper()}\n{upper[1]}", encoding="utf-8")
    assert list(read_omop(tmp_path, parse_mapping(MAPPING)).labs["value"]) == ["5"]
    (tmp_path / "Measurement.CSV").write_text(text + "12,1,1,2024-03-09", encoding="utf-8")
    with pytest.raises(SourceError, match=r"Measurement\.CSV, row 3: 4 cells, where the header has 13"):
        read_omop(tmp_path, parse_mapping(MAPPING))
    (tmp_path / "MEASUREMENT.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match="expected one file of each table"):
        read_omop(tmp_path, parse_mapping(MAPPING))
    with pytest.raises(SourceError, match="no such file or folder"):
        read_omop(tmp_path / "none", parse_mapping(MAPPING))


@pytest.mark.parametrize(
    ("moment", "time"),
    [("2024-03-08T00:00:00Z", ""), ("2024-03-08 08:30:15+08:00", ""), ("2024-03-08 08:30", "08:30")],
)
def test_the_day_is_that_of_the_date_whatever_zone_the_moment_has(read, moment, time):
    """The time of another zone is not that of the hospital: without its zone, the time is not used."""
    cohort = read(number("5") | {"measurement_datetime": moment}, number("9") | {"measurement_date": "2024-03-15"})
    assert list(cohort.labs["week"].round(9)) == [1.0, 2.0]
    assert str(cohort.labs["date"].iloc[0]).endswith(f"2024-03-08 {time}".strip())


# ---- what stands beside a number ----


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (number("50", value_as_concept_id="9189"), "value_as_concept_id"),  # negative, and above the limit of 10
        (number("10", "4172704", value_as_concept_id="9189"), "value_as_concept_id"),  # negative, and > 10
        (number("10", "4171756", value_as_concept_id="9191"), "value_as_concept_id"),  # positive, and < 10
        (number("0", value_as_concept_id="9191"), "value_as_concept_id"),  # positive, and 0
        (number("50", "0", "阴性"), "value_source_value"),
        (number("0.05", unit_source_value="k[IU]/L", value_as_concept_id="9189"), "value_as_concept_id"),  # 50 mIU/mL
        (number("5", value_as_concept_id="9177"), "value_source_value"),  # a concept that means no value
        (number("5", "0", "haemolysed"), "value_source_value"),
    ],
)
def test_a_concept_or_a_text_that_contradicts_the_number_beside_it_is_refused(read, row, column):
    import relapse_model as rm

    study = rm.load_study("hbsag-relapse")
    mapping = MAPPING.replace('"9189" = "negative"', '"9189" = "negative", "9191" = "positive"')
    with pytest.raises(CohortError) as refusal:
        read(row, mapping=mapping, study=study)
    (problem,) = refusal.value.problems
    assert problem.column == column
    assert 'value = { field = "value_as_number" }' in problem.advice
    number_counts = mapping.replace(
        mapping[mapping.index("value = {") : mapping.index("[[treatments]]")], 'value = { field = "value_as_number" }\n'
    )
    assert len(read(row, mapping=number_counts, study=study).labs) == 1


def test_a_number_that_the_concept_beside_it_allows(read):
    """5 mIU/mL is below the limit of 10, and 0.3 S/CO converts into nothing: both may be negative."""
    cohort = read(number("5", value_as_concept_id="9189"), number("3", measurement_date="2024-04-08"))
    assert list(cohort.labs["value"]) == ["5", "3"]


def test_a_concept_without_a_meaning_beside_a_number_is_listed(read):
    cohort = read(number("5", value_as_concept_id="45"), number("6", value_as_concept_id="45",
                                                                measurement_date="2024-04-08"))  # fmt: skip
    assert len(cohort.labs) == 2
    assert "measurement: 2 numbers of anti_hbs stand beside the concept 45" in str(cohort.reading)


def test_a_result_stands_in_a_column_of_results(read):
    with pytest.raises(MappingError, match="one of value_as_number, value_as_concept_id, value_source_value"):
        read(number("5"), mapping=MAPPING.replace('field = "value_as_concept_id"', 'field = "range_high"'))


@pytest.mark.parametrize("pick", ["", 'pick = "first"\n', 'pick = "last"\n'])
def test_an_event_without_a_date_may_be_the_one_that_counts(read, pick):
    events = [PROCEDURE, PROCEDURE | {"procedure_occurrence_id": "8", "procedure_date": ""}]
    mapping = MAPPING.replace("codes = [100]\n", f"codes = [100]\n{pick}")
    with pytest.raises(CohortError, match="an event of procedure_occurrence without a date, among those of which one"):
        read(number("5"), mapping=mapping, procedure_occurrence=events)


# ---- deaths ----

DEATH = {"person_id": "1", "death_date": "2024-05-01", "cause_concept_id": "0"}
UNTIL_2025 = {"observation_period_id": "1", "person_id": "1", "observation_period_start_date": "2020-01-01",
          "observation_period_end_date": "2025-01-01"}  # fmt: skip
FLARE = {"condition_occurrence_id": "1", "person_id": "1", "condition_concept_id": "5",
         "condition_start_date": "2024-09-01"}  # fmt: skip


def test_each_row_of_the_table_of_deaths_is_one(read):
    cohort = read(number("5"), mapping=MAPPING + '[outcome]\nsource = "death"\n', death=[DEATH],
                  observation_period=[UNTIL_2025])  # fmt: skip
    assert cohort.outcomes[["relapse", "date"]].to_numpy().tolist() == [[1, "2024-05-01"]]


def test_nobody_is_free_of_an_event_after_death(read):
    """The period of observation goes on to 2025; an event of September is after the death, and is listed."""
    cohort = read(number("5"), mapping=MAPPING + '[outcome]\nsource = "condition_occurrence"\ncodes = [5]\n',
                  death=[DEATH], observation_period=[UNTIL_2025], condition_occurrence=[FLARE])  # fmt: skip
    assert cohort.outcomes[["relapse", "date"]].to_numpy().tolist() == [[0, "2024-05-01"]]
    assert any(
        note.startswith("outcome: follow-up of 1 persons ends with their death") for note in cohort.reading.notes
    )
    assert left_out(cohort, "condition_occurrence (outcome)")


@pytest.mark.parametrize(
    ("row", "tables", "message"),
    [
        (number("5", measurement_date="2024-05-02"), {"death": [DEATH]}, "a day of the person's life"),
        (number("5"), {"death": [DEATH], "drug_exposure": [DRUG | {
            "drug_exposure_start_date": "2024-06-01", "drug_exposure_end_date": "2024-06-01"}]}, "a day of the"),
        (number("5"), {"death": [DEATH, DEATH | {"death_date": "2024-06-01"}]}, "several days of death"),
        (number("5"), {"death": [DEATH | {"death_date": "2024-02-01"}]}, "a death before time zero"),
        (number("5"), {"death": [DEATH | {"death_date": ""}]}, "a death without a date"),
    ],
)  # fmt: skip
def test_deaths_that_contradict_the_rest_are_refused(read, row, tables, message):
    with pytest.raises(CohortError, match=message):
        read(row, **tables)


def test_ages_that_a_year_of_birth_leaves_open_are_counted(read):
    people = [PERSON | {"year_of_birth": "1980", "month_of_birth": "", "day_of_birth": ""}]
    (note,) = [one for one in read(person=people).reading.notes if "patients have none" in one]
    assert note.startswith("age_years: 1 of 1 patients have none")
    assert not any("patients have none" in one for one in read(person=[PERSON]).reading.notes)


def test_events_of_an_outcome_may_be_left_out_too(read):
    """Of two conditions of the person the first is left out by its own row: the second is the relapse."""
    period = {"observation_period_id": "1", "person_id": "1", "observation_period_start_date": "2024-01-01",
              "observation_period_end_date": "2024-12-31"}  # fmt: skip
    rows = [{"condition_occurrence_id": key, "person_id": "1", "condition_concept_id": "900",
             "condition_start_date": day} for key, day in (("1", "2024-04-01"), ("2", "2024-06-01"))]  # fmt: skip
    stated = MAPPING + "[outcome]\ncodes = [900]\n"
    for unless, day in (("", "2024-04-01"), ("unless = { condition_occurrence_id = 1 }\n", "2024-06-01")):
        tables = {"observation_period": [period], "condition_occurrence": rows}
        cohort = read(number("5"), mapping=stated + unless, **tables)
        assert [one[:10] for one in cohort.outcomes["date"]] == [day]


def test_courses_of_a_table_without_ends_are_asked_for_them(read):
    """What is said works: each row as one dose, of the day on which it began."""
    rows = [{key: text for key, text in DRUG.items() if key != "drug_exposure_end_date"} | {"days_supply": "30"}]
    with pytest.raises(MappingError, match="no column 'drug_exposure_end_date' in drug_exposure") as refusal:
        read(number("5"), drug_exposure=rows)
    line = 'end = "drug_exposure_start_date"'
    assert line in str(refusal.value)
    cohort = read(number("5"), drug_exposure=rows, mapping=MAPPING.replace('agent = "hbig"', f'agent = "hbig"\n{line}'))
    assert cohort.treatments["end_week"].tolist() == [0.0]
