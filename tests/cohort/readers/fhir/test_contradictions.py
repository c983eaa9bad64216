"""FHIR resources that contradict themselves: lives, names, units, and codes that no resource has."""

from __future__ import annotations

import pytest
from fhir_resources import LOINC, SNOMED, dose, enrolment, observation, patient, quantity
from fhir_rows import MAPPING, left_out, reader, values

import relapse_model as rm
from relapse_model.errors import CohortError, MappingError, SourceError

OUTCOME = MAPPING + (
    f'[outcome]\ncodes = ["{LOINC}|adjudicated"]\nrelapse = {{ field = "value", values = {{ yes = "1", no = "0" }} }}\n'
)


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


def people(**more):
    return patient(**more), enrolment()


def test_nothing_is_dated_after_a_death(read):
    late = observation(day="2024-05-02T08:00:00+08:00")
    with pytest.raises(CohortError) as refusal:
        read(observation(), late, dose(effectiveDateTime="2024-06-01"), people=people(deceasedDateTime="2024-05-01"))
    said = str(refusal.value)
    assert "3 problems" in said
    assert "entry 4, column 'effectiveDateTime': after the patient's death" in said
    assert "entry 5, column 'effectiveDateTime': after the patient's death" in said
    assert "entry 1, column 'deceasedDateTime': a death, and rows of the patient dated after it" in said
    cohort = read(observation(), people=people(deceasedDateTime="2024-05-01T10:00:00+08:00"))
    told = "1 patients died by the source (deceasedDateTime): what is dated after their deaths is refused"
    assert told in cohort.reading.notes


@pytest.mark.parametrize(("death", "late"), [("2024", False), ("2024-03", False), ("2024-02", True), ("2023", True)])
def test_a_death_in_a_known_month(read, death, late):
    if not late:
        assert values(read(observation(), people=people(deceasedDateTime=death))) == ["5.0"]
        return
    with pytest.raises(CohortError, match="after the patient's death"):
        read(observation(), people=people(deceasedDateTime=death))


def test_a_death_without_its_day_is_listed_and_one_that_cannot_be_read_refused(read):
    cohort = read(observation(), people=people(deceasedBoolean=True))
    assert "1 patients died by the source (deceasedBoolean), which does not say when" in cohort.reading.notes
    assert not any("died" in note for note in read(observation(), people=people(deceasedBoolean=False)).reading.notes)
    with pytest.raises(CohortError, match="deceasedDateTime and deceasedBoolean; expected one of them"):
        read(observation(), people=people(deceasedBoolean=False, deceasedDateTime="2024-05-01"))
    with pytest.raises(CohortError, match="entry 1, column 'deceasedDateTime': no date"):
        read(observation(), people=people(deceasedDateTime="in spring 2024"))


@pytest.mark.parametrize(
    ("birth", "early"), [("2024", False), ("2024-03-01", False), ("2024-03-09", True), ("2025", True)]
)
def test_nothing_is_dated_before_a_birth(read, birth, early):
    """The birth is held against the dates, whether it is mapped or not, and it is in no message."""
    if not early:
        assert values(read(observation(), people=people(birthDate=birth))) == ["5.0"]
        return
    with pytest.raises(CohortError) as refusal:
        read(observation(), people=people(birthDate=birth))
    assert "entry 3, column 'effectiveDateTime': before the patient's birth" in str(refusal.value)
    assert "entry 1, column 'birthDate': a birth, and rows of the patient dated before it" in str(refusal.value)
    assert birth not in str(refusal.value)


@pytest.mark.parametrize("order", [1, -1])
def test_one_name_of_two_resources_is_refused_also_where_one_is_of_another_code(read, order):
    """Which of them is the resource of that name, nobody knows: neither says that it is a later version."""
    same = [observation(id="7"), observation(id="7", code="1742-6")][::order]
    with pytest.raises(CohortError, match=r"Observation\.id': another") as refusal:
        read(*(one | quantity() for one in same))
    assert "entry 4" in str(refusal.value)
    later = [one | {"meta": {"versionId": str(place + 1)}} | quantity() for place, one in enumerate(same)]
    assert values(read(*later)) == (["5.0"] if order < 0 else [])


def test_the_same_id_with_another_value_is_refused(read):
    with pytest.raises(CohortError, match=r"Observation\.id': another version"):
        read(observation(id="7", **quantity(5)), observation(id="7", **quantity(6)))


@pytest.mark.parametrize(
    ("unit", "code"),
    [("IU/mL", "m[IU]/mL"), ("mg/dL", "umol/L"), ("g/L", "mg/dL"), ("copies/mL", "[IU]/mL"), ("S/CO", "[IU]/mL")],
)
def test_a_unit_and_its_code_are_one_unit(read, unit, code):
    with pytest.raises(CohortError, match="expected one unit"):
        read(observation(**quantity(5, code, unit=unit)))


def test_a_unit_that_is_not_known_contradicts_no_code(read):
    assert list(read(observation(**quantity(5, unit="units"))).labs["unit"]) == ["m[IU]/mL"]


def test_a_code_of_an_outcome_that_no_resource_has_is_refused(read):
    told = observation(code="adjudicated", valueString="yes")
    assert len(read(told, mapping=OUTCOME).outcomes) == 1
    mistyped = OUTCOME.replace("|adjudicated", "|ajudicated")
    with pytest.raises(SourceError, match=r"ajudicated, which no Observation has; expected codes that occur"):
        read(told, mapping=mistyped)
    assert read(told, mapping=mistyped.replace("[outcome]", "[outcome]\nmay_be_absent = true")).outcomes.empty
    some = OUTCOME.replace('|adjudicated"]', f'|adjudicated", "{LOINC}|second"]')
    with pytest.raises(SourceError, match=r"second, which no Observation has"):
        read(told, mapping=some)
    never = OUTCOME + 'when = { status = "corrected" }\n'
    with pytest.raises(SourceError, match="no Observation that is as 'when' asks"):
        read(told, mapping=never)
    wrong = observation(code="adjudicated", valueString="yes", status="entered-in-error")
    assert read(wrong, mapping=OUTCOME).outcomes.empty  # it occurs, and does not count
    assert left_out(read(wrong, mapping=OUTCOME)) == {"status: entered-in-error": 1}


def test_two_outcomes_of_one_patient_are_refused(read):
    told = [observation(code="adjudicated", valueString=text, day=f"2024-05-0{day}")
            for day, text in ((1, "no"), (2, "yes"))]  # fmt: skip
    with pytest.raises(CohortError, match="a second outcome of one patient"):
        read(*told, mapping=OUTCOME)


def test_results_of_unknown_patients_are_listed(read):
    cohort = read(observation(), observation("8"), observation("9"))
    assert left_out(cohort) == {"about no patient of the export, or about several": 2}


def test_codes_of_another_system_are_other_codes(read):
    mapping = OUTCOME.replace(f"{LOINC}|adjudicated", f"{SNOMED}|adjudicated")
    with pytest.raises(SourceError, match=r"sct\|adjudicated, which no Observation has"):
        read(observation(code="adjudicated", valueString="yes"), mapping=mapping)


def test_a_code_that_the_study_states_for_another_analyte_is_refused(read):
    mapping = MAPPING.replace(f"{LOINC}|5193-8", f"{LOINC}|63557-3")
    with pytest.raises(MappingError, match=r"63557-3, which the study states for hbsag; expected codes of the analyte"):
        read(observation(), mapping=mapping, study=rm.load_study("hbsag-relapse"))


def test_a_period_goes_forward_and_nothing_is_issued_before_it_is_measured(read):
    period = {"effectivePeriod": {"start": "2024-05-01", "end": "2024-03-05"}}
    one = {key: value for key, value in observation().items() if key != "effectiveDateTime"} | period
    with pytest.raises(CohortError, match="a period that ends before it begins"):
        read(one)
    with pytest.raises(CohortError, match=r"Observation\.issued': a day before that of the result"):
        read(observation(day="2024-05-08", issued="2024-03-01T10:00:00Z", **quantity()))
    # The day before, by the offset that it was written in, may be the same day.
    assert values(read(observation(issued="2024-03-07T23:00:00Z", **quantity()))) == ["5.0"]


def coded(code="260385009", text="", **more):
    concept = {"coding": [{"system": SNOMED, "code": code, **more}]} | ({"text": text} if text else {})
    return observation(valueCodeableConcept=concept)


@pytest.mark.parametrize("said", [{"display": "Positive"}, {"display": "Negative", "text": "Positive"}])
def test_a_code_is_not_read_as_what_its_words_deny(read, said):
    with pytest.raises(CohortError, match="'Positive', and a code that the mapping reads as 'negative'"):
        read(coded(**said))
    assert values(read(coded(display="Negative", text="not detected"))) == ["negative"]


def test_a_code_without_words_means_what_the_mapping_says(read):
    """No names of codes are kept here: those that were had no source that could be checked."""
    wrong = MAPPING.replace('|260385009" = "negative"', '|260385009" = "positive"')
    assert values(read(coded(), mapping=wrong)) == ["positive"]
    with pytest.raises(CohortError, match="'Negative', and a code that the mapping reads as 'positive'"):
        read(coded(display="Negative"), mapping=wrong)


@pytest.mark.parametrize("path", ["dosage.dose", "dosage.dose.value"])
def test_a_dose_is_in_the_unit_that_its_resource_states(read, path):
    milligrams = dose(dosage={"dose": {"value": 400, "unit": "mg"}})
    bare = MAPPING + f'dose = "{path}"\n'
    assert sorted(
        read(observation(), dose(effectiveDateTime="2024-03-02"), milligrams, mapping=bare).treatments["unit"]
    ) == ["IU", "mg"]
    stated = MAPPING + f'dose = {{ field = "{path}", unit = "IU" }}\n'
    assert list(read(observation(), dose(), mapping=stated).treatments["unit"]) == ["IU"]
    with pytest.raises(CohortError, match=r"MedicationAdministration\.dose': 'mg'; expected 'IU', the unit"):
        read(observation(), milligrams, mapping=stated)
    both = {"value": 400, "unit": "IU", "code": "mg", "system": "http://unitsofmeasure.org"}
    with pytest.raises(CohortError, match="'IU', and the code 'mg'"):
        read(observation(), dose(dosage={"dose": both}), mapping=bare)


def test_a_result_about_another_is_not_the_patients(read):
    """The mother's result in the record of her child says so by its focus."""
    mother = observation(day="2024-04-01", focus=[{"reference": "RelatedPerson/m1"}], **quantity(700.0))
    own = observation(day="2024-04-02", focus=[{"reference": "Patient/1"}], **quantity(8.0))
    cohort = read(observation(), mother, own)
    assert values(cohort) == ["5.0", "8.0"]
    assert left_out(cohort) == {"about another than the patient (focus)": 1}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("whose", ["Patient/2", "RelatedPerson/m1"])
def test_a_result_of_the_specimen_of_another_is_not_the_patients(read, order, whose):
    specimens = [{"resourceType": "Specimen", "id": own, "subject": {"reference": of}}
                 for own, of in (("s1", whose), ("s2", "Patient/1"))]  # fmt: skip
    results = [observation(day=f"2024-04-0{place}", specimen={"reference": f"Specimen/s{place}"}, **quantity(value))
               for place, value in ((1, 700.0), (2, 8.0))]  # fmt: skip
    people = (patient(), enrolment(), patient("2"), enrolment("2"))
    cohort = read(observation(), *[*specimens, *results][::order], people=people)
    assert sorted(values(cohort)) == ["5.0", "8.0"]
    assert left_out(cohort) == {"of a specimen of another than the patient": 1}


def test_words_of_a_code_are_those_of_what_is_read(read):
    study = rm.load_study("hbsag-relapse")
    code = {"coding": [{"system": LOINC, "code": "5193-8", "display": "HBsAg"}]}
    with pytest.raises(CohortError, match=r"column 'Observation\.code': 'HBsAg'; expected a name of anti_hbs"):
        read({**observation(), "code": code}, study=study)
    mother = {"coding": [{"system": LOINC, "code": "5193-8"}], "text": "Anti-HBs of the mother"}
    with pytest.raises(CohortError, match="'Anti-HBs of the mother'"):
        read({**observation(), "code": mother})
    stated = MAPPING.replace('5193-8"]\n', '5193-8"]\nwhen = { "code.text" = "Anti-HBs of the mother" }\n')
    assert len(read({**observation(), "code": mother}, mapping=stated).labs) == 1
    with pytest.raises(SourceError, match="1 rows of anti_hbs, and none as 'when' asks"):
        read(observation(), mapping=stated)


def test_a_dose_of_nothing_is_no_course(read):
    nothing = dose(dosage={"dose": {"value": 0, "unit": "IU"}})
    with pytest.raises(CohortError, match="a dose of 0; expected an amount that was given"):
        read(observation(), nothing)


def test_a_unit_is_no_number(read):
    with pytest.raises(CohortError, match=r"'200\.0'; expected a unit"):
        read(observation(**{"valueQuantity": {"value": 5, "unit": "200.0"}}))


def test_a_reference_is_to_one_patient(read):
    """A reference that states the identifier of another patient is of nobody, and is counted."""
    two = [patient(identifier=[{"system": "urn:mrn", "value": "A"}]),
           patient("2", identifier=[{"system": "urn:mrn", "value": "B"}]), enrolment(),
           {**enrolment(), "id": "e2", "subject": {"reference": "Patient/2"}}]  # fmt: skip
    subject = {"reference": "Patient/1", "identifier": {"system": "urn:mrn", "value": "B"}}
    cohort = read(observation(), {**observation(), "id": "o9", "subject": subject}, people=two)
    assert len(cohort.labs) == 1
    assert left_out(cohort) == {"about no patient of the export, or about several": 1}
    own = {**subject, "identifier": {"system": "urn:mrn", "value": "A"}}
    assert len(read({**observation(), "subject": own}, people=two).labs) == 1


def test_an_interpretation_is_what_the_number_says(read):
    """Anti-HBs of 50 mIU/mL is not negative by a limit of 10; 5 may be."""
    study = rm.load_study("hbsag-relapse")
    negative = {"interpretation": [{"text": "Negative"}]}
    with pytest.raises(CohortError, match="'Negative'; expected what the number beside it says"):
        read({**observation(**quantity(50)), **negative}, study=study)
    assert values(read({**observation(**quantity(5)), **negative}, study=study)) == ["5"]
    assert values(read({**observation(**quantity(50)), "interpretation": [{"text": "High"}]}, study=study)) == ["50"]


@pytest.mark.parametrize("called", ["Anti-HBs (IU/mL)", "Anti-HBs OD"])
def test_a_number_is_in_the_unit_that_its_own_code_states(read, called):
    """The mapping answers a unit for results without one; their name states another."""
    stated = MAPPING.replace('5193-8"]\n', '5193-8"]\nunit = "mIU/mL"\n')
    bare = observation(**{"valueQuantity": {"value": 12}})
    code = {"coding": [{"system": LOINC, "code": "5193-8"}], "text": called}
    with pytest.raises(CohortError, match="in 'mIU/mL'; expected a name that states the unit"):
        read({**bare, "code": code}, mapping=stated)
    code["text"] = "Hepatitis B virus surface Ab [Units/volume] in Serum"
    assert values(read({**bare, "code": code}, mapping=stated)) == ["12"]


ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}


@pytest.mark.parametrize("issued", [{}, {"issued": "2024-03-09T10:00:00+08:00"}])
@pytest.mark.parametrize("dated", ["", 'date = "issued"\n'])
def test_a_result_whose_date_is_not_known_is_listed_and_has_no_other_date(read, issued, dated):
    result = {key: value for key, value in observation().items() if key != "effectiveDateTime"}
    stated = MAPPING.replace('5193-8"]\n', f'5193-8"]\n{dated}')
    cohort = read(observation(), {**result, **issued, "_effectiveDateTime": ABSENT}, mapping=stated.replace(dated, ""))
    assert values(cohort) == ["5.0"]
    assert left_out(cohort) == {"a result of which the date is not known: unknown": 1}
    if dated:
        other = observation(issued="2024-03-09T10:00:00+08:00", **quantity())
        cohort = read(other, {**result, **issued, "_effectiveDateTime": ABSENT}, mapping=stated)
        assert [str(one)[:10] for one in cohort.labs["date"]] == ["2024-03-09"]


def test_a_part_of_a_period_that_is_not_known(read):
    result = {key: value for key, value in observation().items() if key != "effectiveDateTime"}
    late = {**result, "effectivePeriod": {"start": "2024-03-08", "_end": ABSENT}}
    early = {**result, "effectivePeriod": {"_start": ABSENT, "end": "2024-03-08"}}
    cohort = read(early, late)
    assert values(cohort) == ["5.0"]
    assert left_out(cohort) == {"a result of which the date is not known: unknown": 1}
    period = {"effectivePeriod": {"start": "2024-03-01", "_end": ABSENT}, "status": "in-progress"}
    course = {key: value for key, value in dose(**period).items() if key != "effectiveDateTime"}
    with pytest.raises(CohortError, match="an end that is not known: unknown; expected its end"):
        read(observation(), course)


def test_a_time_beside_the_reason_why_there_is_none_is_refused(read):
    with pytest.raises(CohortError, match="a time, and the reason 'unknown' why there is none"):
        read(observation(_effectiveDateTime=ABSENT, **quantity()))
    source = {"extension": [{"url": "http://hospital.example/clock", "valueCode": "ward"}]}
    assert values(read(observation(_effectiveDateTime=source, **quantity()))) == ["5.0"]
