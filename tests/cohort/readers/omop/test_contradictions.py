"""OMOP tables that contradict themselves: keys, units, lives, codes that no row has, and who and when is not known."""

from __future__ import annotations

import pytest
from omop_rows import DRUG, MAPPING, PERSON, left_out, number, reader

import relapse_model as rm
from relapse_model.errors import CohortError, MappingError, SourceError

CONCEPT = [{"concept_id": concept, "concept_code": code, "vocabulary_id": "UCUM"}
           for concept, code in (("8860", "m[IU]/mL"), ("8985", "[IU]/mL"), ("8840", "mg/dL"))]  # fmt: skip
OUTCOME = MAPPING + "[outcome]\ncodes = [77, 78]\n"
PERIOD = {"observation_period_id": "1", "person_id": "1", "observation_period_start_date": "2023-01-01",
          "observation_period_end_date": "2024-12-27"}  # fmt: skip


def condition(concept, person="1", day="2024-05-10"):
    return {"condition_occurrence_id": concept + person, "person_id": person, "condition_concept_id": concept,
            "condition_start_date": day}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


def test_a_key_stands_once(read):
    with pytest.raises(CohortError) as refusal:
        read(number("5", measurement_id="7"), number("6", measurement_id="8", measurement_date="2024-03-10"),
             number("9", measurement_id="7", measurement_date="2024-03-09"))  # fmt: skip
    assert str(refusal.value).count("measurement_id 7, column 'measurement_id': a key that another row has") == 2
    assert "2 problems" in str(refusal.value)
    drugs = [DRUG, DRUG | {"drug_exposure_start_date": "2024-03-05", "drug_exposure_end_date": "2024-03-05"}]
    with pytest.raises(CohortError, match="drug_exposure_id 5, column 'drug_exposure_id': a key that another row has"):
        read(number("5"), drug_exposure=drugs)


def test_one_key_in_two_chunks_is_found(read):
    rows = [number(str(place), measurement_id="7", measurement_date=f"2024-03-{10 + place}") for place in range(3)]
    mapping = MAPPING.replace("[time]", "[source]\nchunk = 1\n[time]")
    with pytest.raises(CohortError, match="3 problems"):
        read(*rows, mapping=mapping)


def test_a_person_stands_once(read):
    people = [PERSON, PERSON | {"person_source_value": "Wang Lin"}]
    with pytest.raises(CohortError, match="column 'person_id': a person who stands on several rows") as refusal:
        read(number("5"), person=people, mapping=MAPPING.replace('id = "person_id"', 'id = "person_source_value"'))
    assert "Wang" not in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "right"),
    [
        (number("5", unit_concept_id="8860", unit_source_value="mIU/ml"), True),
        (number("5", unit_concept_id="8860", unit_source_value="IU/L"), True),  # the same unit
        (number("5", unit_concept_id="8860", unit_source_value="units"), True),  # no unit that is known
        (number("5", unit_concept_id="8860", unit_source_value=""), True),
        (number("5", unit_concept_id="8860", unit_source_value="IU/mL"), False),
        (number("5", unit_concept_id="8860", unit_source_value="mg/dL"), False),
        (number("5000", text="5", unit_concept_id="8860", unit_source_value="IU/mL"), True),  # it was converted
        (number("5", text="5", unit_concept_id="8860", unit_source_value="IU/mL"), False),
        (number("50", text="5", unit_concept_id="8860", unit_source_value="IU/mL"), False),  # by another factor
    ],
)
def test_a_unit_is_not_one_by_its_concept_and_another_as_printed(read, row, right):
    study = rm.load_study("hbsag-relapse")
    if right:
        assert list(read(row, concept=CONCEPT, study=study).labs["unit"]) == ["m[IU]/mL"]
        return
    with pytest.raises(CohortError, match=r"expected the unit of unit_concept_id.*\n?") as refusal:
        read(row, concept=CONCEPT, study=study)
    assert "measurement_id 11, column 'unit_source_value'" in str(refusal.value)


def test_units_that_the_mapping_names_are_held_against_each_other(read):
    """The mapping knows the concepts where the source has no vocabulary, and what a printed text means here."""
    named = 'codes = [1]\nunit = { field = "unit_concept_id", values = { 8860 = "mIU/mL" } }'
    with pytest.raises(CohortError, match="'mg/dL'; expected the unit of unit_concept_id"):
        read(
            number("5", unit_concept_id="8860", unit_source_value="mg/dL"),
            mapping=MAPPING.replace("codes = [1]", named),
        )
    meant = 'codes = [1]\nunit = { field = "unit_source_value", values = { "units" = "mIU/mL" } }'
    row = number("5", unit_concept_id="8840", unit_source_value="units")
    with pytest.raises(CohortError, match="'units'; expected the unit of unit_concept_id"):
        read(row, concept=CONCEPT, mapping=MAPPING.replace("codes = [1]", meant))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([condition("5")], "no row of condition_occurrence has these codes"),
        ([condition("77")], "'outcome.codes': 78, which no row of condition_occurrence has; expected codes that occur"),
        ([condition("77"), condition("78", person="2")], None),  # of whomever
        ([condition("77", person="9"), condition("78", person="2")], None),
    ],
)
def test_codes_of_an_outcome_that_no_row_has_are_refused(read, rows, message):
    tables = {"condition_occurrence": rows, "observation_period": [PERIOD]}
    if message is None:
        assert len(read(number("5"), mapping=OUTCOME, **tables).outcomes) == 1
        return
    with pytest.raises(SourceError, match=message):
        read(number("5"), mapping=OUTCOME, **tables)
    stated = OUTCOME + "may_be_absent = true\n"
    assert len(read(number("5"), mapping=stated, **tables).outcomes) == 1


def test_codes_of_a_competing_event_too(read):
    mapping = OUTCOME + "[outcome.competing]\ntransplantation = { codes = [88] }\n"
    tables = {"condition_occurrence": [condition("77"), condition("78")], "observation_period": [PERIOD]}
    with pytest.raises(SourceError, match=r"'outcome\.competing\.transplantation': no row of condition_occurrence has"):
        read(number("5"), mapping=mapping, **tables)


def test_a_condition_that_nobody_fulfils_is_refused(read):
    mapping = MAPPING + '[outcome]\nwhen = { condition_concept_id = "7" }\n'
    with pytest.raises(SourceError, match="or is as 'when' asks; expected rows of the outcome"):
        read(number("5"), mapping=mapping, condition_occurrence=[condition("77")], observation_period=[PERIOD])


def test_persons_who_are_not_in_person_are_listed(read):
    cohort = read(number("5"), number("5", person_id="3"), number("6", person_id="3"), number("7", person_id="4"))
    told = "measurement: 3 rows are of 2 persons whom the table PERSON does not have, and are not used"
    assert f"{told}; see whether that table is whole" in cohort.reading.notes
    assert left_out(cohort) == {"of no person of the table PERSON": 3}


def test_results_after_the_observation_are_listed(read):
    rows = [number("5"), number("6", measurement_date="2024-12-28")]
    cohort = read(*rows, observation_period=[PERIOD])
    assert "1 results are dated after the last observation period of their person, and count" in cohort.reading.notes
    assert len(cohort.labs) == 2


@pytest.mark.parametrize(
    ("born", "early"),
    [
        ({"year_of_birth": "2024", "month_of_birth": "", "day_of_birth": ""}, False),
        ({"year_of_birth": "2024", "month_of_birth": "3", "day_of_birth": ""}, False),
        ({"year_of_birth": "2024", "month_of_birth": "3", "day_of_birth": "9"}, True),
        ({"year_of_birth": "2025", "month_of_birth": "", "day_of_birth": ""}, True),
    ],
)
def test_nothing_is_dated_before_a_birth(read, born, early):
    mapping = MAPPING.replace('age_years = "year_of_birth"\n', "")
    if not early:
        assert len(read(number("5"), mapping=mapping, person=[PERSON | born]).labs) == 1
        return
    with pytest.raises(CohortError) as refusal:
        read(number("5"), mapping=mapping, person=[PERSON | born])
    assert "measurement_id 11, column 'measurement_date': before the patient's birth" in str(refusal.value)
    assert "person, column 'year_of_birth': a birth, and rows of the patient dated before it" in str(refusal.value)


def test_many_of_a_kind_are_one_line(read):
    rows = [number(str(place), measurement_id="7") for place in range(30)]
    with pytest.raises(CohortError) as refusal:
        read(*rows)
    assert "measurement, column 'measurement_id', 30 times (measurement_id 7, 7, 7, ...)" in str(refusal.value)


def test_a_concept_of_another_analyte_is_refused(read):
    concept = [*CONCEPT, {"concept_id": "1", "concept_code": "63557-3", "vocabulary_id": "LOINC"}]
    with pytest.raises(MappingError, match="1, which the study states for hbsag; expected codes of the analyte"):
        read(number("5"), concept=concept, study=rm.load_study("hbsag-relapse"))


def test_a_date_and_its_time_are_of_one_day_or_of_days_side_by_side(read):
    assert len(read(number("5", measurement_datetime="2024-03-09T01:00:00Z")).labs) == 1
    with pytest.raises(CohortError, match="'2025-03-08 10:00'; expected a time of the day in measurement_date"):
        read(number("5", measurement_datetime="2025-03-08 10:00"))


def test_what_is_said_of_a_person_is_said_once(read):
    with pytest.raises(CohortError, match="'month_of_birth': a month or a day that there is not"):
        read(number("5"), person=[PERSON | {"month_of_birth": "13"}])
    assert len(read(number("5"), person=[PERSON | {"gender_source_value": "Female"}]).labs) == 1
    assert len(read(number("5"), person=[PERSON | {"gender_source_value": "other"}]).labs) == 1
    with pytest.raises(CohortError, match="another sex than that of gender_concept_id"):
        read(number("5"), person=[PERSON | {"gender_source_value": "M"}])


def test_a_concept_is_not_read_as_what_another_one_means(read):
    """Male and female exchanged without the table CONCEPT, and a negative result as a positive one with it."""
    sexes = MAPPING.replace(
        'sex = "gender_concept_id"', 'sex = { field = "gender_concept_id", values = { 8507 = "F", 8532 = "M" } }'
    )
    with pytest.raises(SourceError, match="what the vocabulary calls it: 'Female'"):
        read(number("5"), mapping=sexes)
    own = MAPPING.replace('"9177" = ""', '"9177" = "positive"')
    assert len(read(number("5"), mapping=own).labs) == 1
    concept = [{"concept_id": "9177", "concept_code": "x", "vocabulary_id": "SNOMED", "concept_name": "Not detected"}]
    with pytest.raises(SourceError, match="what the vocabulary calls it: 'Not detected'"):
        read(number("5"), mapping=own, concept=concept)


@pytest.mark.parametrize("text", ["0,12", "0.12"])
@pytest.mark.parametrize("unit", ["mIU/mL", "IU/L", ""])
def test_a_number_is_that_of_the_text_where_no_unit_explains_another(read, text, unit):
    """12 is not 0.12 in the same unit, by concept and as printed; without a printed unit nobody knows."""
    row = number("12", text=text.replace(",", "."), unit_concept_id="8860", unit_source_value=unit)
    if "," in text:
        row = row | {"value_source_value": f'"{text}"'}
    with pytest.raises(CohortError, match="column 'value_as_number': '12'; expected the number of value_source_value"):
        read(row, concept=CONCEPT)


def test_a_mapping_may_say_that_the_number_counts(read):
    counts = MAPPING.replace("codes = [1]", 'codes = [1]\nvalue = { field = "value_as_number" }', 1)
    counts = "\n".join(line for line in counts.splitlines() if "9177" not in line)
    row = number("12", text="0.012", unit_concept_id="8860", unit_source_value="")
    assert list(read(row, mapping=counts, concept=CONCEPT).labs["value"]) == ["12"]
    with pytest.raises(CohortError, match="Both are in one unit"):
        read(row | {"unit_source_value": "mIU/mL"}, mapping=counts, concept=CONCEPT)


@pytest.mark.parametrize(("unit", "right"), [("mg", False), ("[IU]", True), ("IU", True), ("", True)])
def test_a_dose_is_in_the_unit_that_its_row_states(read, unit, right):
    mapping = MAPPING + 'dose = { field = "quantity", unit = "IU" }\n'
    drugs = [DRUG | {"dose_unit_source_value": unit}]
    if right:
        assert list(read(number("5"), mapping=mapping, drug_exposure=drugs).treatments["unit"]) == ["IU"]
        return
    with pytest.raises(CohortError, match="column 'dose_unit_source_value': 'mg'; expected 'IU', the unit"):
        read(number("5"), mapping=mapping, drug_exposure=drugs)
    own = mapping.replace(', unit = "IU" }', ' }\nunit = { field = "dose_unit_source_value" }')
    assert list(read(number("5"), mapping=own, drug_exposure=drugs).treatments["unit"]) == ["mg"]


ZONE = MAPPING.replace("[time]", '[source]\nzone = "Asia/Shanghai"\n[time]')


def test_a_time_with_an_offset_is_that_of_the_hospitals_zone(read):
    """00:30 in Greenwich is 08:30 in Shanghai; 23:30 is the next day there, which the date beside it denies."""
    row = number("5", measurement_datetime="2024-03-08 00:30:00+00:00")
    assert str(read(row, mapping=ZONE).labs["date"].iloc[0]) == "2024-03-08 08:30:00"
    assert str(read(row).labs["date"].iloc[0]).startswith("2024-03-08")
    assert "minute_of_day" not in read(row).labs
    assert "1 times have an offset, and are not used" in str(read(row).reading)
    late = number("5", measurement_datetime="2024-03-08 23:30:00+00:00")
    with pytest.raises(CohortError, match="column 'measurement_datetime'"):
        read(late, mapping=ZONE)
    midnight = number("5", measurement_datetime="2024-03-08T00:00:00Z")
    assert "offset" not in str(read(midnight).reading)
    assert str(read(midnight, mapping=ZONE).labs["date"].iloc[0]).startswith("2024-03-08")


def test_what_the_source_calls_a_row_is_what_is_read(read):
    """A drug of another name under the concept of the agent, and a result under that of another analyte."""
    study = rm.load_study("hbsag-relapse")
    drug = DRUG | {"drug_source_value": "Entecavir 0.5mg"}
    with pytest.raises(CohortError, match=r"column 'drug_source_value': 'Entecavir 0\.5mg'; expected a name of hbig"):
        read(number("5"), drug_exposure=[drug], study=study)
    assert len(read(number("5"), drug_exposure=[DRUG | {"drug_source_value": "HBIG 400 IU"}], study=study).labs) == 1
    with pytest.raises(CohortError, match="column 'measurement_source_value': 'HBsAg'; expected a name of anti_hbs"):
        read(number("5", measurement_source_value="HBsAg"), study=study)
    named = MAPPING.replace("codes = [1]\n", 'codes = [1]\nwhen = { measurement_source_value = "HBsAg" }\n')
    with pytest.raises(SourceError, match="what the text says by itself"):
        read(number("5", measurement_source_value="HBsAg"), mapping=named, study=study)
    concept = [{"concept_id": "1", "concept_code": "x", "vocabulary_id": "X", "concept_name": "HBsAg"}]
    with pytest.raises(MappingError, match="1, which the vocabulary calls 'HBsAg'; expected codes of anti_hbs"):
        read(number("5"), concept=concept, study=study)


def test_a_dose_of_nothing_is_no_course(read):
    dosed = MAPPING + 'dose = { field = "quantity", unit = "IU" }\n'
    with pytest.raises(CohortError, match="column 'quantity': '0'; expected an amount that was given"):
        read(number("5"), drug_exposure=[DRUG | {"quantity": "0"}], mapping=dosed)
    assert len(read(number("5"), drug_exposure=[DRUG | {"quantity": "0"}]).treatments) == 1  # the dose is not read


def test_a_concept_that_says_the_contrary_of_its_text_is_refused(read):
    row = number("", value_as_concept_id="9189", value_source_value="Positive")
    with pytest.raises(CohortError, match="expected the meaning of value_as_concept_id"):
        read(row)


def test_a_condition_that_no_row_meets_is_refused(read):
    nothing = MAPPING.replace("codes = [1]\n", 'codes = [1]\nwhen = { unit_source_value = "mIU/ml." }\n')
    with pytest.raises(SourceError, match="1 rows of anti_hbs, and none as 'when' asks"):
        read(number("5"), mapping=nothing)


def test_a_unit_is_no_number(read):
    with pytest.raises(CohortError, match=r"column 'unit_source_value': '200\.0'; expected a unit"):
        read(number("5", unit_source_value="200.0"))


def test_a_number_is_in_the_unit_that_the_code_of_the_source_states(read):
    stated = MAPPING.replace("codes = [1]\n", 'codes = [1]\nunit = "mIU/mL"\n')
    for called in ("Anti-HBs (IU/mL)", "Anti-HBs OD"):
        row = number("5", unit_source_value="", measurement_source_value=called)
        with pytest.raises(CohortError, match=r"column 'measurement_source_value': .*; expected a name that states"):
            read(row, mapping=stated)
    row = number("5", unit_source_value="", measurement_source_value="Anti-HBs (IU/L)")
    assert len(read(row, mapping=stated).labs) == 1


def test_a_concept_on_a_logarithmic_scale_contradicts_a_plain_unit(read):
    """LOINC has codes of their own for logarithms; 3.2 log10 IU/mL are 1585 IU/mL, and no 3.2."""
    dna = MAPPING.replace('analyte = "anti_hbs"', 'analyte = "hbv_dna"')

    def concept(name):
        return [{"concept_id": "1", "concept_name": name, "concept_code": "0-0", "vocabulary_id": "LOINC"}]

    row = number("3.2", unit_source_value="IU/mL")
    logs = concept("Hepatitis B virus DNA [Log units/volume] (viral load) in Serum")
    with pytest.raises(CohortError, match=r"Log units/volume.*expected a name that states the unit"):
        read(row, mapping=dna, concept=logs)
    logged = number("3.2", unit_source_value="log10 IU/mL")
    assert read(logged, mapping=dna, concept=logs).labs["unit"].tolist() == ["log10 IU/mL"]
    plain = concept("Hepatitis B virus DNA [Units/volume] (viral load) in Serum")
    for one in (row, logged):
        assert len(read(one, mapping=dna, concept=plain).labs) == 1
