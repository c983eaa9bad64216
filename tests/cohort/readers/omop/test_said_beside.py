"""OMOP sources that say the same thing twice, and differently: births, missing numbers, visits, LOINC codes."""

from __future__ import annotations

import pytest
from omop_rows import DRUG, MAPPING, PERSON, left_out, number, reader

import relapse_model as rm
from relapse_model.errors import CohortError

AGELESS = MAPPING.replace('age_years = "year_of_birth"\n', "")


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


@pytest.fixture(scope="module")
def study():
    return rm.load_study("hbsag-relapse")


@pytest.mark.parametrize(
    ("moment", "right"),
    [("1980-03-02 00:00:00", True), ("1980-03-02T08:30:00", True), ("", True), ("1990-03-02 00:00:00", False),
     ("1980-04-02", False), ("1980-03-05", False)],
)  # fmt: skip
def test_a_birth_is_one_by_its_parts_and_by_its_moment(read, moment, right):
    """Year, month and day of the person are 1980, 3 and 2."""
    people = [PERSON | {"birth_datetime": moment}]
    if right:
        assert len(read(number("5"), person=people).labs) == 1
        return
    with pytest.raises(CohortError) as refusal:
        read(number("5"), person=people)
    assert "person, column 'birth_datetime': another birth than that of year, month and day" in str(refusal.value)
    assert moment[:10] not in str(refusal.value)


def test_parts_that_are_not_known_contradict_nothing(read):
    people = [PERSON | {"month_of_birth": "", "day_of_birth": "0", "birth_datetime": "1980-07-01"}]
    assert len(read(number("5"), person=people, mapping=AGELESS).labs) == 1


def test_a_birth_that_only_the_moment_tells_is_known(read):
    people = [PERSON | dict.fromkeys(("year_of_birth", "month_of_birth", "day_of_birth"), "")]
    people[0]["birth_datetime"] = "2024-03-05"
    with pytest.raises(CohortError, match="before the patient's birth"):
        read(number("5"), person=people, mapping=AGELESS)


def test_an_age_elsewhere_is_held_against_the_birth(read):
    mapping = MAPPING.replace('"year_of_birth"', '{ field = "value_as_string", source = "observation", codes = [3] }')
    told = {"observation_id": "1", "person_id": "1", "observation_concept_id": "3", "observation_date": "2024-03-01",
            "value_as_string": "43"}  # fmt: skip
    assert len(read(number("5"), mapping=mapping, observation=[told]).labs) == 1
    with pytest.raises(CohortError, match="an age that is not the one by the birth that the source records"):
        read(number("5"), mapping=mapping, observation=[told | {"value_as_string": "63"}])


@pytest.mark.parametrize("code", ["9999999", "-999", "-999.0"])
def test_a_number_that_means_no_value_is_none(read, code):
    """Refused as it stands; stated under [missing] it is counted, and the other result is read."""
    rows = [number(code), number("5", measurement_date="2024-03-09")]
    with pytest.raises(CohortError, match="measurement_id 11, column 'value_as_number'"):
        read(*rows)
    stated = MAPPING.replace('"haemolysed"', f'"haemolysed", "{float(code):.0f}"')
    cohort = read(*rows, mapping=stated)
    assert list(cohort.labs["value"]) == ["5"]
    assert left_out(cohort) == {"a code for a missing value": 1}
    with pytest.raises(CohortError):  # the source's own text is a number: one of the two is wrong
        read(number(code, text="7"), mapping=stated)


def test_a_short_number_of_nines_counts_and_is_named(read):
    cohort = read(number("9999"), number("999", measurement_date="2024-03-09"))
    assert len(cohort.labs) == 2
    assert [(one.row, one.found) for one in cohort.remarks] == [(11, "'9999'"), (12, "'999'")]
    assert all("a code for no value? Then name it under [missing]" in one.expected for one in cohort.remarks)


def test_two_visits_of_one_day_are_named(read, study):
    same = [number("5", visit_occurrence_id="7"), number("5", visit_occurrence_id="8")]
    (remark,) = read(*same, study=study).remarks
    named = "visit_occurrence_id 7 and visit_occurrence_id 8"
    assert remark.expected == f"each visit on its own day, and {named} have one date"
    differ = [same[0], number("50", visit_occurrence_id="8")]
    with pytest.raises(CohortError, match=f"They are of the visits {named}: see whether"):
        read(*differ, study=study)
    one = [same[0], number("50", visit_occurrence_id="7")]
    with pytest.raises(CohortError) as refusal:
        read(*one, study=study)
    assert "visit" not in str(refusal.value)


def test_loinc_codes_that_the_study_lacks_are_told(read, study):
    """2951-2 is sodium: the study has none; 1742-6 it has as ALT, and refuses it as anti-HBs."""
    told = (
        "results of anti_hbs that count have LOINC codes which the study does not state for it: 2951-2 (1; sodium in "
    )
    told += "the library of common analytes). See what they are: "
    cohort = read(number("5", measurement_source_value="2951-2"), study=study)
    assert len(cohort.labs) == 1
    assert any(note.startswith(told) for note in cohort.reading.notes)
    concept = [{"concept_id": "1", "concept_code": "2951-2", "vocabulary_id": "LOINC", "concept_name": "Sodium"}]
    assert any(note.startswith(told) for note in read(number("5"), study=study, concept=concept).reading.notes)
    right = [concept[0] | {"concept_code": "5193-8", "concept_name": "Hepatitis B surface antibody"}]
    assert not any("LOINC" in note for note in read(number("5"), study=study, concept=right).reading.notes)
    with pytest.raises(CohortError, match="'1742-6'; expected a name of anti_hbs"):
        read(number("5", measurement_source_value="1742-6"), study=study)


def test_an_ordinary_source_has_no_such_notes(read):
    cohort = read(number("5"), drug_exposure=[DRUG])
    assert not cohort.remarks
    assert not cohort.reading.notes


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"verbatim_end_date": "2024-05-01"}, "another verbatim_end_date than drug_exposure_end_date"),
        ({"verbatim_end_date": "2024-03-01", "refills": "0"}, ""),
        ({"verbatim_end_date": "", "refills": ""}, ""),
        ({"refills": "3"}, "have refills, and are read as one course"),
        ({"stop_reason": "adverse event"}, ""),
    ],
)
def test_what_other_columns_say_of_a_course_is_told(read, more, told):
    """The course is read as before: which of two ends is right, and what was given later, nobody says."""
    cohort = read(number("5"), drug_exposure=[DRUG | more])
    assert len(cohort.treatments) == 1
    notes = [note for note in cohort.reading.notes if note.startswith("drug_exposure: 1 courses of hbig")]
    assert len(notes) == bool(told)
    assert all(told in note and ("state in the entry" in note or "leave such rows out" in note) for note in notes)


def test_refills_of_a_dose_that_is_read_may_be_more_than_one_dose(read):
    mapping = MAPPING.replace("codes = [50, 51]\n", 'codes = [50, 51]\ndose = "quantity"\nunit = "IU"\n')
    (note,) = read(number("5"), mapping=mapping, drug_exposure=[DRUG | {"refills": "2"}]).reading.notes
    assert "what was given may be more; let the mapping read no dose" in note


def test_an_end_that_the_mapping_names_is_held_against_none(read):
    mapping = MAPPING.replace("codes = [50, 51]\n", 'codes = [50, 51]\nend = "verbatim_end_date"\n')
    cohort = read(number("5"), mapping=mapping, drug_exposure=[DRUG | {"verbatim_end_date": "2024-05-01"}])
    assert not cohort.reading.notes


def test_a_row_of_a_visit_of_another_person_is_refused(read):
    """Visit 70 is of person 1, visit 71 of person 2, 72 of somebody whom PERSON does not have; 73 is not there."""
    people = [PERSON, PERSON | {"person_id": "2"}]
    enrolled = [
        {
            "procedure_occurrence_id": one,
            "person_id": one,
            "procedure_concept_id": "100",
            "procedure_date": "2024-03-01",
        }
        for one in ("1", "2")
    ]
    visits = [{"visit_occurrence_id": one, "person_id": of, "visit_concept_id": "9202",
               "visit_start_date": "2024-03-08", "visit_end_date": "2024-03-08"}
              for one, of in (("70", "1"), ("71", "2"), ("72", "3"))]  # fmt: skip
    tables = {"person": people, "procedure_occurrence": enrolled, "visit_occurrence": visits}
    rows = [number("5", visit_occurrence_id=one) for one in ("70", "", "73", "0")]
    rows = [one | {"measurement_date": f"2024-03-{8 + at:02}"} for at, one in enumerate(rows)]
    assert len(read(*rows, **tables).labs) == 4
    for visit in ("71", "72"):
        with pytest.raises(CohortError, match="measurement_id 12, column 'visit_occurrence_id': a visit of another"):
            read(rows[0], rows[1] | {"visit_occurrence_id": visit}, **tables)
    with pytest.raises(CohortError, match="drug_exposure_id 5, column 'visit_occurrence_id': a visit of another"):
        read(number("5"), **tables, drug_exposure=[DRUG | {"visit_occurrence_id": "71"}])


@pytest.mark.parametrize("said", ["männlich", "M - männlich", "homme", "hombre", "Masculino", "maschio", "Male", "男"])
def test_a_sex_in_any_language_is_held_against_its_concept(read, said):
    """The concept 8532 is a woman; a word that names none, or both, says nothing."""
    with pytest.raises(CohortError, match="another sex than that of gender_concept_id"):
        read(number("5"), person=[PERSON | {"gender_source_value": said}])
    for right in ("weiblich", "W - weiblich", "femme", "mujer", "Femenino", "femmina", "F", "M/F", "2", ""):
        assert len(read(number("5"), person=[PERSON | {"gender_source_value": right}]).labs) == 1


def test_a_concept_of_neither_sex_is_told_how_to_state(read):
    people = [PERSON | {"gender_concept_id": "8521"}]
    with pytest.raises(CohortError, match='add to the values of sex in the mapping: 8521 = ""'):
        read(number("5"), person=people)


@pytest.mark.parametrize("text", ["unter 0.05", "0.05未満", "menor de 0.05"])
def test_advice_on_a_sign_in_words_keeps_the_sign(read, text):
    with pytest.raises(CohortError, match="write it as operator_concept_id"):
        read(number("0.05", text=text))


def test_a_number_below_zero_is_called_no_amount(read):
    with pytest.raises(CohortError, match="column 'value_as_number': '-1'; expected an amount, which is not below 0"):
        read(number("-1", text="-1"))
