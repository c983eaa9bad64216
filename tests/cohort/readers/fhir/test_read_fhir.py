"""FHIR resources to a cohort: small sources whose result can be counted by hand, and the refusals."""

from __future__ import annotations

import json

import pytest
from fhir_resources import LOINC, SNOMED, dose, enrolment, observation, patient, quantity
from fhir_rows import MAPPING, left_out, reader, values
from fhir_writer import mapping_of, write_bulk
from whole_days import assert_same, whole_days

import relapse_model as rm
from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.errors import CohortError, MappingError, SourceError


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


# ---- what a result says ----


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (quantity(5.0), "5.0"),  # as printed: FHIR keeps the digits
        (quantity(10, comparator="<"), "<10"),
        (quantity(1000, comparator=">="), ">=1000"),
        ({"valueString": "<10 mIU/mL"}, "<10 mIU/mL"),
        ({"valueString": "阴性"}, "阴性"),
        ({"valueString": "reagiert  nicht"}, "negative"),  # by the mapping, whatever the spaces
        ({"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "260385009"}]}}, "negative"),
        ({"valueCodeableConcept": {"text": "Negative"}}, "Negative"),  # words alone are a text as printed
    ],
)
def test_values_come_as_printed(read, said, value):
    assert values(read(observation(**said))) == [value]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (quantity(5, comparator="="), r"valueQuantity\.comparator': '='; expected one of <, <=, >=, >"),
        (quantity(5, comparator="<>"), "'<>'"),
        (quantity("1,234"), "no number; expected a number as JSON prints it"),
        (quantity(5, "[IU]/mL", unit="mIU/mL"), r"'mIU/mL', and the code '\[IU\]/mL'"),
        ({"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "1"}]}}, r"sct\|1; expected a code with a"),
        ({"valueRatio": {"numerator": {"value": 1}}}, "a Ratio"),
        ({"valueBoolean": True}, "expected a meaning under the entry's value"),
        (quantity() | {"valueString": "5"}, "valueQuantity and valueString; expected one value"),
        (quantity() | {"dataAbsentReason": {"coding": [{"code": "unknown"}]}}, "a value, and no value: unknown"),
        ({"valueString": "five or so"}, "Observation|valueString"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_read_are_refused_by_row(read, said, message):
    with pytest.raises(CohortError, match=message) as refusal:
        read(observation(**said))
    assert "entry 3" in str(refusal.value)
    # ... of that patient alone, where the others are wanted
    people = (patient(), enrolment(), patient("2"), enrolment("2"))
    assert list(read(observation(**said), people=people, on_problems="list").patient_ids) == ["2"]


def test_a_unit_is_its_code_unless_that_has_no_dimension(read):
    units = [quantity(), quantity(5, "1", unit="S/CO"), quantity(5, "{ratio}", unit="S/CO"), quantity(5, "")]
    cohort = read(*(observation(day=f"2024-03-1{day}", **said) for day, said in enumerate(units)), study=None,
                  mapping=MAPPING.replace("anti_hbs", "other"), on_problems="list")  # fmt: skip
    assert not len(cohort)  # four units of one analyte without a study that knows them
    assert {problem.found for problem in cohort.problems} == {"'S/CO'"}


def test_the_unit_of_the_mapping_is_for_numbers_without_one(read):
    mapping = MAPPING.replace('analyte = "anti_hbs"', 'analyte = "anti_hbs"\nunit = "mIU/mL"')
    cohort = read(
        observation(valueQuantity={"value": 7}), observation(day="2024-03-09", **quantity(8, "IU/L", unit="IU/L")),
        mapping=mapping, study=rm.load_study("hbsag-relapse"),
    )  # fmt: skip
    assert list(cohort.labs["unit"]) == ["mIU/mL", "IU/L"]


def test_what_is_no_result_is_counted_with_the_reason(read):
    cohort = read(
        observation(),
        observation(status="preliminary", **quantity()),
        observation(status="entered-in-error", **quantity()),
        observation(dataAbsentReason={"coding": [{"code": "not-performed"}]}),
        observation(note=[]),
        observation(valueString="haemolysed"),
        observation(code="1742-6"),
        observation(system="http://other.example"),  # the same code of another system is another code
        observation() | {"subject": {"reference": "Group/1"}},
        observation("9"),
    )  # fmt: skip
    assert values(cohort) == ["5.0"]
    assert left_out(cohort) == {
        "status: preliminary": 1, "status: entered-in-error": 1, "no value: not-performed": 1,
        "no value, and no reason for it": 1, "a code for a missing value": 1,
        "of a code that the mapping does not name": 2, "about no patient of the export, or about several": 2,
    }  # fmt: skip
    assert {one.code for one in cohort.reading.not_mapped} == {f"{LOINC}|1742-6", "http://other.example|5193-8"}


def test_amended_and_corrected_results_count_and_components_are_results(read):
    part = {"code": {"coding": [{"system": LOINC, "code": "5193-8"}]}, **quantity(12)}
    other = {"code": {"coding": [{"system": LOINC, "code": "x"}]}, **quantity(13)}
    cohort = read(
        observation(status="amended", **quantity(3)),
        observation(day="2024-03-09", status="corrected", **quantity(4)),
        observation(day="2024-03-10", code="panel", component=[part, other]),
    )
    assert values(cohort) == ["3", "4", "12"]
    assert left_out(cohort) == {"of a code that the mapping does not name": 1}


# ---- when ----


def test_days_are_those_of_the_offset_as_written_or_of_a_stated_zone(read):
    late, written = observation(day="2024-03-08T23:30:00Z"), MAPPING + '[source]\noffsets = "as written"\n'
    assert read(late, mapping=written).labs["week"].tolist() == [1.0]
    assert "days of Greenwich" in str(read(late, mapping=written).reading)
    zoned = MAPPING + '[source]\nzone = "Asia/Shanghai"\n'
    assert read(late, mapping=zoned).labs["week"].tolist() == [pytest.approx(8 / 7)]
    assert read(observation(day="2024-03-08T23:30:00+08:00")).labs["week"].tolist() == [1.0]
    study = rm.load_study("hbsag-relapse")
    assert read(late, study=study, mapping=written).labs["week"].tolist() == [1.0]  # the built-in study states no zone


def test_instants_and_periods(read):
    now = observation(**quantity(1)) | {"effectiveInstant": "2024-03-15T10:00:00.123+08:00"}
    period = observation(**quantity(2)) | {"effectivePeriod": {"start": "2024-03-21", "end": "2024-03-22"}}
    for one in (now, period):
        del one["effectiveDateTime"]
    cohort = read(now, period)
    assert cohort.labs["week"].tolist() == [2.0, 3.0]  # a value of a period was not known before its end
    assert "1 results are of a period" in str(cohort.reading)


@pytest.mark.parametrize(
    ("time", "message"),
    [("2024-03", "a part of a date"), ("2024", "a part of a date"), ("08/03/2024", "no date"),
     ("2024-02-30", "no date"), ("", "effectiveDateTime': nothing")],
)  # fmt: skip
def test_times_that_are_no_day_are_refused(read, time, message):
    with pytest.raises(CohortError, match=message):
        read(observation(day=time))


def test_a_month_may_count_by_its_middle(read):
    middle = MAPPING.replace("[time]", '[time]\npartial = "middle"')
    assert read(observation(day="2024-03"), mapping=middle).labs["date"].tolist() == ["2024-03-15"]


# ---- time zero ----


def test_a_patient_without_time_zero_is_refused_or_left_out_by_the_mapping(read):
    people = (patient(), enrolment(), patient("2"))
    with pytest.raises(CohortError, match="1 problem\\n  file 1, entry 3, column 'enrolment_date': no time zero"):
        read(observation(), observation("2"), people=people)
    cohort = read(observation(), observation("2"), people=people,
                  mapping=MAPPING.replace("[time]", '[time]\nothers = "leave out"'))  # fmt: skip
    assert list(cohort.patient_ids) == ["1"]
    assert left_out(cohort) == {"of a patient whom the cohort leaves out": 1}
    assert left_out(cohort, "Patient") == {"left out of the cohort": 1}


def test_of_several_days_the_mapping_says_which_counts(read):
    people = (patient(), enrolment(), enrolment(day="2024-04-01"), enrolment(day="2024-05-01", status="planned"))
    with pytest.raises(CohortError, match="several days of time zero; expected one day"):
        read(people=people)
    for pick, day in (("first", "2024-03-01"), ("last", "2024-04-01")):
        cohort = read(people=people, mapping=MAPPING.replace("[time]", f'[time]\npick = "{pick}"'))
        assert cohort.patients["enrolment_date"].tolist() == [day]
        assert left_out(cohort, "Encounter") == {"another date than that of time zero": 1, "status: planned": 1}


def test_time_zero_from_a_file_or_from_patient(read, tmp_path):
    file = MAPPING.replace(f'resource = "Encounter"\ncodes = ["{SNOMED}|enrolment"]', 'file = "zero.csv"')
    (tmp_path / "zero.csv").write_text("\ufeffpatient_id,date\n1,2024-03-01\n", encoding="utf-8")
    assert read(observation(), mapping=file).labs["week"].tolist() == [1.0]
    (tmp_path / "zero.csv").write_text("patient_id,date\n1,01/03/2024\n", encoding="utf-8")
    with pytest.raises(CohortError, match=r"zero\.csv, row 2, column 'date': no date"):
        read(observation(), mapping=file)
    own = file.replace('file = "zero.csv"', 'zero = { field = "extension(urn:enrolled).valueDate" }')
    people = (patient(extension=[{"url": "urn:enrolled", "valueDate": "2024-03-01"}]),)
    assert read(observation(), mapping=own, people=people).labs["week"].tolist() == [1.0]


# ---- who ----


def test_references_of_every_form_meet_their_patient(tmp_path):
    person = patient("7", identifier=[{"system": "urn:mrn", "value": "0007"}])
    held = {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:mrn", "value": "0007"}]}
    subjects = [
        {"reference": "Patient/7"}, {"reference": "http://server.example/fhir/Patient/7/_history/3"},
        {"reference": "urn:uuid:11111111-2222-3333-4444-555555555555"},
        {"reference": "Patient?identifier=urn:mrn|0007"},
        {"identifier": {"system": "urn:mrn", "value": "0007"}}, {"reference": "#p"},
    ]  # fmt: skip
    results = [observation(day=f"2024-03-1{day}") | {"subject": subject, "contained": [held]}
               for day, subject in enumerate(subjects)]  # fmt: skip
    entries = [{"resource": one} for one in (*results, enrolment("7"))]
    entries.append({"fullUrl": "urn:uuid:11111111-2222-3333-4444-555555555555", "resource": person})
    (tmp_path / "b.json").write_text(json.dumps({"resourceType": "Bundle", "entry": entries}), encoding="utf-8")
    mapping = parse_mapping(MAPPING.replace('id = "id"', 'id = "identifier(urn:mrn)"'))
    cohort = read_fhir(tmp_path, mapping)
    assert list(cohort.patient_ids) == ["0007"]
    assert len(cohort.labs) == 6


def test_a_patient_without_the_identifier_is_refused(read):
    with pytest.raises(CohortError, match=r"column 'identifier\(urn:mrn\)': nothing"):
        read(mapping=MAPPING.replace('id = "id"', 'id = "identifier(urn:mrn)"'))


def test_columns_of_patients_from_patient_and_from_other_resources(read):
    mapping = MAPPING.replace(
        'id = "id"',
        'id = "id"\nage_years = "birthDate"\narm = { field = "assignedArm", source = "ResearchSubject" }\n'
        f'hbv_genotype = {{ field = "value", source = "Observation", codes = ["{LOINC}|32366-4"] }}',
    )
    arm = {"resourceType": "ResearchSubject", "status": "on-study", "individual": {"reference": "Patient/1"},
           "assignedArm": "hbig"}  # fmt: skip
    genotype = observation(code="32366-4", valueString="C")
    people = (patient(birthDate="1980-03-02"), enrolment())
    table = read(arm, genotype, people=people, mapping=mapping).patients
    assert table[["sex", "age_years", "arm", "hbv_genotype"]].to_numpy().tolist() == [["F", 43.0, "hbig", "C"]]
    with pytest.raises(CohortError, match="several different values"):
        read(arm, genotype, observation(code="32366-4", valueString="B"), people=people, mapping=mapping)


@pytest.mark.parametrize(("birth", "open_ages"), [("1980", 1), ("1980-03", 1), ("1980-03-02", 0), ("1980-02", 0)])
def test_ages_that_a_year_of_birth_leaves_open_are_counted(read, birth, open_ages):
    """Time zero is in March 2024: of a birth in March 1980, 43 and 44 are possible."""
    mapping = MAPPING.replace('id = "id"', 'id = "id"\nage_years = "birthDate"')
    notes = read(people=(patient(birthDate=birth), enrolment()), mapping=mapping).reading.notes
    assert sum("patients have none" in one and 'partial = "middle"' in one for one in notes) == open_ages


def test_what_says_who_a_patient_is_is_not_read(read):
    for path in ("name.family", "telecom.value", "birthDate", "identifier(urn:mrn)"):
        mapping = MAPPING.replace('id = "id"', f'id = "id"\nother = "{path}"')
        with pytest.raises(MappingError, match="an element that does not say who the patient is"):
            read(mapping=mapping)
    cohort = read(people=(patient(name=[{"family": "Wang"}]), enrolment()))
    assert cohort.reading.never_read == ("Patient.name",)


def test_codes_without_a_meaning_are_refused(read):
    with pytest.raises(CohortError, match="a text without a meaning in the mapping; expected one of male, female"):
        read(people=(patient(gender="other"), enrolment()))


# ---- again ----


def test_the_same_resource_again_counts_once_and_a_later_version_replaces_it(read):
    first = observation(id="a", meta={"lastUpdated": "2024-03-09T00:00:00Z"}, **quantity(5))
    later = observation(id="a", meta={"lastUpdated": "2024-03-10T00:00:00Z"}, **quantity(6))
    for order in ((first, first, later), (later, first, first), (first, later, first)):
        cohort = read(*order)
        assert values(cohort) == ["6"]
        assert sum(left_out(cohort).values()) == 2
    error = observation(id="a", status="entered-in-error", meta={"lastUpdated": "2024-03-11T00:00:00Z"}, **quantity(6))
    assert values(read(first, error)) == []  # what was taken back does not count
    with pytest.raises(CohortError, match="another version of a resource that came already"):
        read(observation(id="a", **quantity(5)), observation(id="a", **quantity(6)))


def _files(folder, **files):
    """Write bundles (lists of entries) and bulk files (lists of resources), with the patient in a file before them."""
    folder.mkdir(exist_ok=True)
    known = [{"resource": patient()}, {"resource": enrolment()}]
    for name, content in {"a_people": known, **files}.items():
        if name.startswith("bulk"):
            text = "".join(json.dumps(one) + "\n" for one in content)
            (folder / f"{name}.ndjson").write_text(text, encoding="utf-8")
        else:
            bundle = {"resourceType": "Bundle", "type": "collection", "entry": content}
            (folder / f"{name}.json").write_text(json.dumps(bundle), encoding="utf-8")
    return folder


def _result(value=5, own="x", **more):
    return observation(**quantity(value)) | ({"id": own} if own else {}) | more


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"resource": _result(), "fullUrl": "http://a.example/fhir/Observation/x"}, {"resource": _result()}),
        ({"resource": _result(own=""), "fullUrl": "urn:uuid:x"}, {"resource": _result()}),
        ({"resource": _result(), "fullUrl": "urn:uuid:other"}, {"resource": _result()}),
        # A bundle refers to its own entries, and the server to its resources: the same patient.
        ({"resource": _result(subject={"reference": "http://a.example/fhir/Patient/1"})}, {"resource": _result()}),
        ({"resource": _result(text={"div": "a"})}, {"resource": _result(text={"div": "another narrative"})}),
    ],
)
def test_one_resource_under_two_names_counts_once(tmp_path, first, second):
    folder = _files(tmp_path / "in", b=[first], c=[second])
    cohort = read_fhir(folder, parse_mapping(MAPPING))
    assert values(cohort) == ["5"]
    assert left_out(cohort) == {"the same resource again": 1}


def test_a_version_under_another_name_replaces_the_earlier_one(tmp_path):
    old = _result(5, meta={"versionId": "1"})
    new = _result(7, status="amended", meta={"versionId": "2"})
    for order in ((old, new), (new, old)):
        cohort = read_fhir(
            _files(tmp_path / "in", b=[{"resource": order[0], "fullUrl": "urn:uuid:x"}], bulk=[order[1]]),
            parse_mapping(MAPPING),
        )
        assert values(cohort) == ["7"]
        assert left_out(cohort) == {"an earlier version of a resource that came again": 1}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"versionId": "1"}, {"versionId": "1"}),
        # The number says one thing, and the time another.
        ({"versionId": "1", "lastUpdated": "2024-03-10T00:00:00Z"},
         {"versionId": "2", "lastUpdated": "2024-03-09T00:00:00Z"}),
    ],
)  # fmt: skip
def test_versions_that_nothing_orders_are_refused(tmp_path, one, other):
    folder = _files(tmp_path / "in", b=[{"resource": _result(5, meta=one), "fullUrl": "urn:uuid:x"}],
                    bulk=[_result(6, meta=other)])  # fmt: skip
    with pytest.raises(CohortError, match="another version of a resource that came already"):
        read_fhir(folder, parse_mapping(MAPPING))


def test_a_result_whose_code_was_corrected_no_longer_counts(tmp_path):
    """It was filed as anti-HBs, and was another test; whichever version comes first."""
    old = _result(5, meta={"versionId": "1"})
    new = observation(code="1742-6", **quantity(5)) | {"id": "x", "status": "corrected", "meta": {"versionId": "2"}}
    for order in ((old, new), (new, old)):
        cohort = read_fhir(_files(tmp_path / "in", bulk=[*order, _result(9, own="y", effectiveDateTime="2024-04-01")]),
                           parse_mapping(MAPPING))  # fmt: skip
        assert values(cohort) == ["9"]


def test_ids_of_two_servers_are_two_resources(tmp_path):
    entries = [{"resource": _result(value, effectiveDateTime=f"2024-03-1{value}"),
                "fullUrl": f"http://{server}.example/Observation/x"}
               for server, value in (("a", 5), ("b", 6))]  # fmt: skip
    assert values(read_fhir(_files(tmp_path / "in", b=entries), parse_mapping(MAPPING))) == ["5", "6"]
    with pytest.raises(CohortError, match="an id that resources of several servers have"):
        read_fhir(_files(tmp_path / "in", b=entries, bulk=[_result(7)]), parse_mapping(MAPPING))


def test_results_within_another_resource_are_listed(tmp_path):
    report = {"resourceType": "DiagnosticReport", "contained": [_result()]}
    cohort = read_fhir(_files(tmp_path / "in", bulk=[report, _result()]), parse_mapping(MAPPING))
    assert values(cohort) == ["5"]
    assert "resources, Observation contained in DiagnosticReport: 1" in str(cohort.reading)


def test_a_patient_who_comes_again_under_another_name_is_found_by_both(tmp_path):
    uuid = "0f6ed8a1-1c1f-4b6d-9a51-2f8f7c1f3c11"
    person = {"resource": {key: text for key, text in patient().items() if key != "id"}, "fullUrl": f"urn:uuid:{uuid}"}
    enrolled = {"resource": enrolment() | {"subject": {"reference": f"urn:uuid:{uuid}"}}}
    again = patient(own=uuid)
    results = [_result(5, subject={"reference": f"Patient/{uuid}"})]
    folder = _files(tmp_path / "in", a_people=[person, enrolled], bulk=[again, *results])
    mapping = MAPPING.replace('id = "id"', 'id = "identifier"')
    person["resource"]["identifier"] = again["identifier"] = [{"system": "s", "value": "7"}]
    folder = _files(tmp_path / "in", a_people=[person, enrolled], bulk=[again, *results])
    assert values(read_fhir(folder, parse_mapping(mapping))) == ["5"]


def test_results_of_one_patient_code_and_time_are_kept_and_told(read):
    cohort = read(*(observation(id=own, **quantity(value)) for own, value in (("a", 5), ("b", 5), ("c", 5.01))))
    assert values(cohort) == ["5", "5.01"]  # the exact repetition counts once, and is listed
    assert len(cohort.remarks) == 1
    assert "2 results have patient, analyte and time of another one" in str(cohort.reading)


def test_two_patients_of_one_id_are_refused(read):
    with pytest.raises(CohortError, match="another version of a resource"):
        read(people=(patient(), patient(gender="male"), enrolment()))


# ---- treatments ----


def test_administrations_and_periods(read):
    course = dose(effectivePeriod={"start": "2024-03-01", "end": "2024-06-01"}, id="c")
    del course["effectiveDateTime"]
    cohort = read(dose(), course)
    table = cohort.treatments[["agent", "start_week", "end_week", "dose", "unit"]].to_numpy().tolist()
    assert table[0] == ["hbig", 0.0, 0.0, 400.0, "IU"]  # a moment is a course that ends where it begins
    assert table[1][2] == pytest.approx(92 / 7)


def test_a_medication_by_reference_comes_before_or_after(read):
    drug = {"resourceType": "Medication", "id": "m",
            "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "J06BB04"}]}}  # fmt: skip
    given = dose(medicationReference={"reference": "Medication/m"})
    del given["medicationCodeableConcept"]
    lacking = dose(medicationReference={"reference": "Medication/x"}, id="x")
    del lacking["medicationCodeableConcept"]
    for order in ((drug, given, lacking), (given, lacking, drug)):
        cohort = read(*order)
        assert len(cohort.treatments) == 1
        assert [one.code for one in cohort.reading.not_mapped] == ["a medication that the export does not hold"]


def test_what_was_not_given_is_counted(read):
    cohort = read(dose(), dose(status="not-done"), dose(status="entered-in-error"))
    assert left_out(cohort, "MedicationAdministration") == {"status: not-done": 1, "status: entered-in-error": 1}


def test_requests_are_courses_where_they_are_orders(read):
    mapping = MAPPING.replace('agent = "hbig"', 'agent = "hbig"\nresource = "MedicationRequest"')

    def request(**more):
        made = {"resourceType": "MedicationRequest", "authoredOn": "2024-03-08", "status": "active", "intent": "order"}
        return dose() | made | more

    bounds = [{"timing": {"repeat": {"boundsPeriod": {"start": "2024-03-15", "end": "2024-04-05"}}}}]
    cohort = read(request(), request(dosageInstruction=bounds), request(intent="plan"), request(doNotPerform=True),
                  mapping=mapping)  # fmt: skip
    assert cohort.treatments[["start_week", "end_week"]].fillna(-1).to_numpy().tolist() == [[1, -1], [2, 5]]
    assert left_out(cohort, "MedicationRequest") == {"intent: plan": 1, "not to be given (doNotPerform)": 1}
    with pytest.raises(CohortError, match="a course that is completed, without its end"):
        read(request(status="completed"), mapping=mapping)
    valid = {"dispenseRequest": {"validityPeriod": {"end": "2024-03-22"}}}
    stated = mapping + 'end = "dispenseRequest.validityPeriod.end"\n'
    assert read(request(status="completed", **valid), mapping=stated).treatments["end_week"].tolist() == [3.0]


def test_what_is_said_to_do_about_an_order_without_an_end_can_be_done(read):
    """Where it stands is said only if it stands there; of a stopped order, what leaves it out."""
    order = {"resourceType": "MedicationRequest", "authoredOn": "2024-03-08", "intent": "order"}
    bare, valid = MAPPING + 'resource = "MedicationRequest"\n', {"validityPeriod": {"end": "2024-03-22"}}

    def advice(**more):
        with pytest.raises(CohortError) as refusal:
            read(observation(), dose() | order | more, mapping=bare)
        return str(refusal.value)

    said = advice(status="completed", dispenseRequest=valid)
    line = 'end = "dispenseRequest.validityPeriod.end"'
    assert line in said
    done = dose() | order | {"status": "completed", "dispenseRequest": valid}
    assert read(observation(), done, mapping=f"{bare}{line}\n").treatments["end_week"].tolist() == [3.0]
    assert "complete dosageInstruction.timing.repeat.boundsPeriod.end" in advice(status="completed")
    for status in ("stopped", "on-hold"):
        said = advice(status=status, dispenseRequest=valid)
        leave = 'when = { status = ["active", "completed"] }'
        assert leave in said
        assert line not in said
        stopped = dose() | order | {"status": status, "dispenseRequest": valid}
        assert len(read(observation(), stopped, done, mapping=f"{bare}{line}\n{leave}\n").treatments) == 1


def test_an_analyte_or_agent_that_is_not_found_is_told(read):
    mapping = MAPPING + '[[treatments]]\nagent = "entecavir"\ncodes = ["urn:local|ETV"]\n'
    cohort = read(dose(), mapping=mapping)
    assert "no result was found of anti_hbs: look for other codes" in str(cohort.reading)
    assert "no course was found of entecavir: look for other codes" in str(cohort.reading)


def test_a_date_of_another_resource_may_be_time_zero(read):
    encounter = f'resource = "Encounter"\ncodes = ["{SNOMED}|enrolment"]'
    zero = f'zero = {{ field = "valueDateTime", source = "Observation", codes = ["{LOINC}|start"] }}'
    own = MAPPING.replace(encounter, zero)
    told = observation(code="start", valueDateTime="2024-03-01")
    assert read(told, observation(), mapping=own).labs["week"].tolist() == [1.0]


def test_no_course_found_is_nothing_known(read):
    cohort = read(observation())
    assert cohort.treatments is None
    assert "no course was found of hbig" in str(cohort.reading)
    assert "nothing is taken as known of treatment" in str(cohort.reading)


def test_outcomes_are_coded_observations(read):
    mapping = MAPPING + (f'[outcome]\ncodes = ["{LOINC}|adjudicated"]\n'
                         'relapse = { field = "value", values = { yes = "1", no = "0" } }\n')  # fmt: skip
    outcomes = read(observation(code="adjudicated", valueString="Yes"), mapping=mapping).outcomes
    assert outcomes[["relapse", "week"]].to_numpy().tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(("code", "event"), [("dead", ["competing", "death"]), ("none", ["free", None])])
def test_what_came_first_is_told_by_a_code(read, code, event):
    mapping = MAPPING + (f'[outcome]\ncodes = ["{LOINC}|adjudicated"]\nevent = {{ field = "value", values = '
                         f'{{ "{SNOMED}|dead" = "competing: death", "{SNOMED}|none" = "free" }} }}\n')  # fmt: skip
    told = {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": code}]}}
    outcomes = read(observation(code="adjudicated", **told), mapping=mapping).outcomes
    assert [outcomes["event"].iloc[0], outcomes.get("competing_event", [None])[0]] == event
    assert outcomes["week"].tolist() == [1.0]


def test_an_observation_tells_one_of_relapse_and_event(read):
    with pytest.raises(MappingError, match="relapse and event; expected one of them"):
        read(observation(), mapping=MAPPING + f'[outcome]\ncodes = ["{LOINC}|x"]\nrelapse = "value"\nevent = "value"\n')


# ---- mappings ----


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f"{LOINC}|5193-8", "5193-8", r"expected system\|code"),
        ('analyte = "anti_hbs"', 'analyte = "anti_hbs"\nday = "x"', r"key 'labs\.1\.day': a field 'x'"),
        ('resource = "Encounter"', 'resource = "Visit"', "'Visit'; expected one of Condition"),
        (f'resource = "Encounter"\ncodes = ["{SNOMED}|enrolment"]', "", "0 ways to time zero"),
        ('id = "id"', 'id = "a..b"', "expected a path such as"),
        ('agent = "hbig"', 'agent = "hbig"\nresource = "Claim"', "'Claim'; expected one of MedicationAdministration"),
    ],
)
def test_mappings_that_fhir_cannot_answer_are_refused(read, old, new, message):
    assert old in MAPPING
    with pytest.raises(MappingError, match=message):
        read(mapping=MAPPING.replace(old, new))


def test_loinc_and_atc_codes_of_the_study_need_no_entries(read):
    bare = MAPPING.split("[[labs]]")[0].replace('kind = "fhir"', 'kind = "fhir"\nstudy = "hbsag-relapse"')
    cohort = read(observation(), dose(), mapping=bare)
    assert (list(cohort.labs["analyte"]), list(cohort.treatments["agent"])) == (["anti_hbs"], ["hbig"])


# ---- files ----


def test_broken_files_are_refused_all_at_once_without_their_names(tmp_path):
    (tmp_path / "Wang_Li.json").write_text('{"resourceType": "Bundle", "entry": [', encoding="utf-8")
    (tmp_path / "Observation.ndjson").write_text('{"resourceType": "Observation"}\nnot json\n', encoding="utf-8")
    (tmp_path / "Zhang.json").write_bytes(b'{"resourceType": "\xff"}')
    with pytest.raises(SourceError) as refusal:
        read_fhir(tmp_path, parse_mapping(MAPPING))
    text = str(refusal.value)
    assert "3 problems" in text
    assert "Observation.ndjson, entry 2" in text
    assert "file 2: not JSON" in text
    assert "Wang" not in text


def test_sizes_and_absent_sources_are_refused(tmp_path, read):
    with pytest.raises(SourceError, match="no such file or folder"):
        read_fhir(tmp_path / "none", parse_mapping(MAPPING))
    with pytest.raises(SourceError, match=r"no file whose name ends in \.json or \.ndjson"):
        read_fhir(tmp_path, parse_mapping(MAPPING))
    with pytest.raises(SourceError, match="expected at most 10 "):
        read(mapping=MAPPING + "[source]\nmax_bytes = 10\n")
    with pytest.raises(SourceError, match="no Patient resource"):
        read(people=())


def test_a_cohort_written_as_bulk_data_comes_back(tmp_path):
    cohort = whole_days()
    write_bulk(cohort, tmp_path)
    back = read_fhir(tmp_path, parse_mapping(mapping_of(cohort)))
    assert_same(back, cohort)
    model = rm.load_model("models/hbsag_relapse.rmodel")
    before, after = model.score(cohort), model.score(back)
    assert (before["status"] == "scored").all()
    assert (before["relapse_risk"] - after["relapse_risk"]).abs().max() < 1e-12
    assert all(one.came == one.used for one in back.reading.sources)


# ---- what is not what it seems ----


def replaced(own, by):
    return patient(own, link=[{"other": {"reference": f"Patient/{by}"}, "type": "replaced-by"}])


def test_a_record_that_another_one_replaces_is_the_same_patient(read):
    later = observation("2", day="2024-04-05T10:00:00+08:00")  # 5 weeks after time zero
    cohort = read(observation("1"), later, people=(replaced("2", "1"), patient("1"), enrolment("1")))
    assert list(cohort.patient_ids) == ["1"]
    assert list(cohort.labs["week"]) == [1.0, 5.0]
    assert left_out(cohort, "Patient") == {"a record that another one replaces (link)": 1}


@pytest.mark.parametrize("links", [[replaced("2", "9")], [replaced("2", "3"), replaced("3", "2")]])
def test_a_record_replaced_by_one_that_did_not_come_is_refused(read, links):
    with pytest.raises(CohortError, match="a record that was replaced by one that did not come"):
        read(observation("1"), people=(patient(), enrolment(), *links))


MODIFIER = {"modifierExtension": [{"url": "http://hospital.example/not-done", "valueBoolean": True}]}


@pytest.mark.parametrize(
    "resource",
    [
        observation(**quantity(), **MODIFIER),
        dose(**MODIFIER),
        dose(dosage={"dose": {"value": 400, "unit": "IU"}, **MODIFIER}),
        patient("2", **MODIFIER),
    ],
)
def test_a_modifier_may_turn_the_meaning_round_and_is_refused(read, resource):
    with pytest.raises(CohortError, match="may change the meaning"):
        read(observation(), resource)


@pytest.mark.parametrize("held", [{}, {"resource": observation()}])
def test_an_entry_that_deletes_is_no_state_of_the_record(tmp_path, held):
    entries = [{"resource": one} for one in (patient(), enrolment(), observation())]
    entries.append({**held, "request": {"method": "DELETE", "url": "Observation/1"}})
    bundle = {"resourceType": "Bundle", "type": "history", "entry": entries}
    (tmp_path / "bundle.json").write_text(json.dumps(bundle), encoding="utf-8")
    with pytest.raises(SourceError, match="entry 4: an entry that deletes a resource"):
        read_fhir(tmp_path / "bundle.json", parse_mapping(MAPPING))


def test_a_dose_below_an_amount_is_no_amount(read):
    with pytest.raises(CohortError, match="an amount with a comparator"):
        read(observation(), dose(dosage={"dose": {"value": 400, "unit": "IU", "comparator": "<"}}))


def test_a_missing_code_is_read_in_decimals_too(read):
    cohort = read(observation(**quantity(999.0)), mapping=MAPPING.replace('["haemolysed"]', '["999"]'))
    assert left_out(cohort) == {"a code for a missing value": 1}


def test_resources_are_left_out_by_what_stands_at_a_path(read):
    """Of three results one has another method, and one none: each is left out by what it says, or does not say."""
    rows = [observation(day=f"2024-03-{8 + at:02}T10:00:00+08:00", **quantity(), **said)
            for at, said in enumerate(({"method": {"text": "ELISA"}}, {"method": {"text": "CMIA"}}, {}))]  # fmt: skip
    for unless, days in (('{ "method.text" = "ELISA" }', [9, 10]), ('{ "method.text" = "" }', [8, 9])):
        mapping = MAPPING.replace('analyte = "anti_hbs"', f'analyte = "anti_hbs"\nunless = {unless}')
        cohort = read(*rows, mapping=mapping)
        assert [int(day[8:10]) for day in cohort.labs["date"]] == days
        assert left_out(cohort) == {"not as the mapping's 'when' asks, or left out by its 'unless'": 1}


def test_a_result_without_its_day_may_take_that_of_its_report(read):
    row = {key: one for key, one in observation().items() if key != "effectiveDateTime"}
    row["issued"] = "2024-03-15T10:00:00+08:00"
    with pytest.raises(CohortError, match='date = "issued" in the entry'):
        read(row)
    dated = MAPPING.replace('analyte = "anti_hbs"', 'analyte = "anti_hbs"\ndate = "issued"')
    assert read(row, mapping=dated).labs["week"].tolist() == [2.0]
