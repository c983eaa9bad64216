"""FHIR resources that others take back, or that say beside their result that it may not count."""

from __future__ import annotations

import json

import pytest
from fhir_resources import LOINC, SNOMED, dose, enrolment, observation, patient, quantity
from fhir_rows import MAPPING, left_out, reader, values

import relapse_model as rm
from relapse_model.cohort.readers.fhir import asked_alone
from relapse_model.cohort.readers.fhir.propose import propose_fhir
from relapse_model.cohort.readers.fhir.read import read_fhir
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.errors import CohortError, SourceError

OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


def provenance(*targets, code="NULLIFY"):
    return {"resourceType": "Provenance", "target": [{"reference": one} for one in targets],
            "activity": {"coding": [{"system": OPERATION, "code": code}]}}  # fmt: skip


def report(status, *results):
    return {"resourceType": "DiagnosticReport", "id": f"r{status}", "status": status,
            "result": [{"reference": one} for one in results]}  # fmt: skip


def two():
    return [observation(id="a", **quantity(5.0)), observation(id="b", day="2024-03-15", **quantity(7.0))]


@pytest.mark.parametrize("name", ["Observation/a", "https://server.example/fhir/Observation/a", "urn:uuid:a"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_provenance_that_nullifies_a_result_takes_it_back(read, name, order):
    """One of two results is nullified: the other one counts, and the report says why one does not."""
    cohort = read(*[*two(), provenance(name)][::order])
    assert values(cohort) == ["7.0"]
    assert left_out(cohort) == {"taken back by a Provenance (NULLIFY)": 1}
    assert len(values(read(*two(), provenance(name, code="CREATE")))) == 2


def test_a_provenance_in_words_and_an_observation_that_replaces_another(read):
    told = provenance("Observation/a") | {"activity": {"text": "Nullified"}}
    assert values(read(*two(), told)) == ["7.0"]
    rows = two()
    url = "http://hl7.org/fhir/StructureDefinition/observation-replaces"
    rows[1]["extension"] = [{"url": url, "valueReference": {"reference": "Observation/a"}}]
    cohort = read(*rows)
    assert values(cohort) == ["7.0"]
    assert left_out(cohort) == {"replaced by another Observation (observation-replaces)": 1}


def test_a_provenance_of_an_earlier_version_takes_back_no_later_one(read):
    rows = [one | {"meta": {"versionId": "2"}} for one in two()]
    assert len(values(read(*rows, provenance("Observation/a/_history/1")))) == 2
    assert values(read(*rows, provenance("Observation/a/_history/2"))) == ["7.0"]


def test_doses_and_time_zero_are_taken_back_too(read):
    given = [dose(id="d1"), dose(id="d2", effectiveDateTime="2024-04-01")]
    cohort = read(*two(), *given, provenance("MedicationAdministration/d1"))
    assert len(cohort.treatments) == 1
    assert left_out(cohort, "MedicationAdministration") == {"taken back by a Provenance (NULLIFY)": 1}
    with pytest.raises(CohortError, match="no time zero"):
        read(*two(), provenance(f"Encounter/{enrolment()['id']}"))
    with pytest.raises(CohortError, match="a patient whose record it takes back"):
        read(*two(), provenance("Patient/1"))


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_results_of_a_report_that_was_withdrawn_do_not_count(read, status):
    cohort = read(*two(), report(status, "Observation/a"))
    assert values(cohort) == ["7.0"]
    assert left_out(cohort) == {f"of a DiagnosticReport with the status {status}": 1}


@pytest.mark.parametrize("status", ["preliminary", "partial", "registered"])
def test_final_results_of_a_report_that_goes_on_count_and_are_told(read, status):
    """A preliminary report may hold results that are final already, by the standard."""
    cohort = read(*two(), report(status, "Observation/a"))
    assert len(values(cohort)) == 2
    told = f"1 results are those of a DiagnosticReport that is {status}: they count by their own status"
    assert told in cohort.reading.notes
    assert not any("DiagnosticReport" in one for one in read(*two(), report("final", "Observation/a")).reading.notes)


def test_a_large_export_says_the_same(tmp_path, monkeypatch):
    """Of a large export, resources of other types are not parsed, unless they may say something of a result."""
    people = [patient(), enrolment()]
    others = [report("cancelled", "Observation/a"), report("final", "Observation/b"), provenance("Observation/c")]
    rows = [*two(), observation(id="c", day="2024-03-20", **quantity(9.0)), provenance("Observation/b", code="CREATE")]
    bundle = {"resourceType": "Bundle", "type": "collection",
              "entry": [{"resource": one} for one in (*people, *rows, *others)]}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(bundle), encoding="utf-8")
    small = read_fhir(tmp_path / "a.json", parse_mapping(MAPPING))
    monkeypatch.setattr("relapse_model.cohort.readers.fhir.files.BYTES_WORTH", 1)
    large = read_fhir(tmp_path / "a.json", parse_mapping(MAPPING))
    assert values(small) == values(large) == ["7.0"]
    assert str(small.reading) == str(large.reading)
    quick = asked_alone.AskedAlone(frozenset({"Observation", "Patient"})).parsed(json.dumps(bundle).encode())
    assert [len(one["resource"]) > 1 for one in quick["entry"][-4:]] == [False, True, True, True]


@pytest.mark.parametrize(
    ("note", "refused", "doubtful"),
    [
        ("Cancelled", True, False),
        ("wrong patient", True, False),
        ("作废", True, False),
        ("Entered in error.", True, False),
        ("Result is from the wrong subject; disregard", True, False),
        ("Sample swapped", True, False),
        ("Sample hemolyzed", True, False),
        ("unreliable", True, False),
        ("Fasting", False, False),
        ("Slightly haemolysed", False, False),
        ("Corrected: the first result was of the wrong patient", False, True),
        ("Repeat of a sample that had been cancelled on 3 March, see order", False, True),
    ],
)
def test_a_note_that_takes_the_result_back_is_refused_and_others_are_counted(read, note, refused, doubtful):
    row = observation(note=[{"text": note}], **quantity(5.0))
    if refused:
        with pytest.raises(CohortError, match=r"Observation\.note': a note that takes the result back"):
            read(row)
        return
    cohort = read(row)
    assert values(cohort) == ["5.0"]
    assert "1 results have a note, of which nothing is read" in cohort.reading.notes
    assert doubtful == any("see the first at" in one for one in cohort.reading.notes)
    assert note not in str(cohort.reading)  # it may hold a name


def test_a_note_that_says_another_result_is_refused(read):
    """A note that gives the result itself, and one with a date, say nothing against it."""
    with pytest.raises(CohortError, match=r"Observation\.note': a note that says another result"):
        read(observation(note=[{"text": "Corrected value is <0.05"}], **quantity(5.0)))
    for text in ("Corrected value is 5", "Corrected on 3 March", "true positive"):
        assert values(read(observation(note=[{"text": text}], **quantity(5.0)))) == ["5.0"]


@pytest.mark.parametrize("intent", ["proposal", "plan", "option", ""])
def test_what_was_proposed_is_not_given(read, intent):
    mapping = MAPPING.replace('agent = "hbig"', 'agent = "hbig"\nresource = "MedicationRequest"')
    wish = dose(resourceType="MedicationRequest", intent=intent, authoredOn="2024-03-01")
    cohort = read(*two(), wish, mapping=mapping)
    assert cohort.treatments is None
    assert left_out(cohort, "MedicationRequest") == {f"intent: {intent or 'none'}": 1}


@pytest.mark.parametrize("status", ["preliminary", "registered", "cancelled", "unknown", "entered-in-error"])
def test_results_that_are_not_final_do_not_count(read, status):
    cohort = read(observation(status=status, **quantity(5.0)))
    assert values(cohort) == []
    assert left_out(cohort) == {f"status: {status}": 1}
    assert values(read(observation(status="corrected", **quantity(5.0)))) == ["5.0"]


@pytest.mark.parametrize("said", [{"coding": [{"code": "refuted"}]}, {"text": "refuted"}, {"text": "Entered-in-error"}])
def test_a_condition_that_was_refuted_is_none(read, said):
    mapping = MAPPING.replace('resource = "Encounter"', 'resource = "Condition"').replace("enrolment", "61977001")
    ill = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "onsetDateTime": "2024-03-01",
           "code": {"coding": [{"system": SNOMED, "code": "61977001"}]}}  # fmt: skip
    cohort = read(ill | {"verificationStatus": {"coding": [{"code": "provisional"}]}}, *two(), mapping=mapping)
    assert "1 Conditions are provisional (verificationStatus), and count" in cohort.reading.notes
    with pytest.raises(CohortError):  # nobody has a time zero
        read(ill | {"verificationStatus": said}, *two(), mapping=mapping)


def test_a_second_loinc_code_that_the_study_lacks_is_told(read):
    """2951-2 is sodium, which the study has not, and the library has: the result counts, and is told."""
    both = {"coding": [{"system": LOINC, "code": "5193-8"}, {"system": LOINC, "code": "2951-2"}]}
    cohort = read(observation(**quantity(5.0)) | {"code": both}, study=rm.load_study("hbsag-relapse"))
    assert values(cohort) == ["5.0"]
    told = "results of anti_hbs that count have LOINC codes which the study does not state for it: 2951-2 (1; sodium "
    told += "in the library of common analytes). See what they are: "
    assert any(note.startswith(told) for note in cohort.reading.notes)


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (("2024-03-08T23:30:00+08:00", "2024-04-08T12:00:00+09:00"), True),  # 00:30 of the 9th by +09:00
        (("2024-03-08T10:00:00+01:00", "2024-04-08T10:00:00+02:00"), False),  # summer time, and no day depends on it
        (("2024-03-08T23:30:00+08:00", "2024-04-08T23:30:00+08:00"), False),
    ],
)
def test_days_that_depend_on_which_offset_is_the_hospitals_are_told(read, days, told):
    """The day as written counts; with the zone of the hospital, nothing is left open."""
    rows = [observation(day=day) for day in days]
    notes = read(*rows).reading.notes
    found = [note for note in notes if "2 offsets" in note]
    assert len(found) == told
    if told:
        assert "1 would be of another day by another of them" in found[0]
        assert 'state zone = "..."' in found[0]
        zoned = MAPPING.replace("[time]", '[source]\nzone = "Asia/Shanghai"\n[time]')
        assert not any("offsets" in note for note in read(*rows, mapping=zoned).reading.notes)


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        (("2024-03-08T23:30:00Z", "2024-04-08T12:00:00+08:00"), True),  # 07:30 of the 9th by +08:00
        (("2024-03-08T10:00:00Z", "2024-04-08T12:00:00+08:00"), False),  # 18:00 of the same day
        (("2024-03-08T23:30:00Z", "2024-05-08T12:00:00+01:00"), False),  # London, in winter and in summer
        (("2024-03-08T23:30:00Z", "2024-03-12"), False),
    ],
)
def test_times_in_utc_beside_those_of_a_hospital_elsewhere_need_its_zone(tmp_path, days, wrong):
    """A server that writes some times in UTC moves those near midnight to another day: by the advice they are right."""
    people = patient(), enrolment(day="2024-03-01")
    read, rows = reader(tmp_path), [observation(day=day) for day in days]
    if not wrong:
        assert len(read(*rows, people=people).labs) == 2
        return
    with pytest.raises(SourceError, match=r"1 would be of another day there") as refusal:
        read(*rows, people=people)
    zone = 'zone = "Asia/Shanghai"'
    assert 'State zone = "..." under [source], such as "Asia/Shanghai"' in str(refusal.value)
    zoned = read(*rows, people=people, mapping=MAPPING.replace("[time]", f"[source]\n{zone}\n[time]"))
    assert zoned.labs["date"][0] == "2024-03-09 07:30:00"
    written = 'offsets = "as written"'
    assert written in str(refusal.value)
    cohort = read(*rows, people=people, mapping=MAPPING.replace("[time]", f"[source]\n{written}\n[time]"))
    assert cohort.labs["date"][0] == "2024-03-08 23:30:00"


def test_a_proposal_asks_for_the_zone_where_offsets_decide_the_day(tmp_path, study):
    for other, asked in (("2024-04-08T12:00:00+09:00", True), ("2024-04-08T12:00:00+08:00", False)):
        rows = patient(), observation(day="2024-03-08T23:30:00+08:00"), observation(day=other)
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in rows]}
        (tmp_path / "one.json").write_text(json.dumps(bundle), encoding="utf-8")
        text = propose_fhir(tmp_path, study)
        assert ("#? zone = " in text) is asked
        assert ("Times have several offsets (+08:00: 1, +09:00: 1)" in text) is asked


def test_a_code_that_is_called_by_another_virus_is_asked(tmp_path, study):
    """By its LOINC code it is HBV DNA, by its display HIV RNA: which of the two is wrong, nobody here knows."""
    code = study.analytes["hbv_dna"].loinc[0]
    for display, asked in (("HIV viral load", True), ("HBV DNA", False), ("viral load", False)):
        row = observation(code=code)
        row["code"]["coding"][0]["display"] = display
        bundle = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": one} for one in (patient(), row)],
        }
        (tmp_path / "one.json").write_text(json.dumps(bundle), encoding="utf-8")
        text = propose_fhir(tmp_path, study)
        assert (f"#? Is it hbv_dna? The code is one of it, and is called {display}" in text) is asked
        assert ('\nanalyte = "hbv_dna"' in text) is not asked
        assert ('\n# analyte = "hbv_dna"' in text) is asked


def people():
    return [patient(), enrolment(), patient("2"), enrolment("2")]


def visit(own, of):
    return {"resourceType": "Encounter", "id": own, "status": "finished", "subject": {"reference": f"Patient/{of}"}}


@pytest.mark.parametrize("size", [None, 0])
@pytest.mark.parametrize("order", [1, -1])
def test_a_result_of_an_encounter_of_another_patient_is_refused(read, monkeypatch, order, size):
    """Whichever came first, and in a large export, too, of which only what is asked for is parsed."""
    if size is not None:
        monkeypatch.setattr("relapse_model.cohort.readers.fhir.files.BYTES_WORTH", size)
    result = observation(id="a", **quantity(), encounter={"reference": "Encounter/v"})
    with pytest.raises(CohortError, match=r"Observation\.encounter.*an encounter of another patient"):
        read(*[result, visit("v", "2")][::order], people=people())
    for own in (visit("v", "1"), visit("other", "2"), visit("v", "stranger")):
        assert len(values(read(*[result, own][::order], people=people()))) == 1


@pytest.mark.parametrize("size", [None, 0])
def test_a_result_in_a_report_of_another_patient_is_refused(read, monkeypatch, size):
    if size is not None:
        monkeypatch.setattr("relapse_model.cohort.readers.fhir.files.BYTES_WORTH", size)
    of_other = report("final", "Observation/a") | {"subject": {"reference": "Patient/2"}}
    with pytest.raises(CohortError, match="a result in a DiagnosticReport of another patient"):
        read(*two(), of_other, people=people())
    for subject in ("Patient/1", "Patient/stranger"):
        assert len(values(read(*two(), of_other | {"subject": {"reference": subject}}, people=people()))) == 2


def test_a_report_whose_conclusion_takes_its_result_back(read):
    withdrawn = report("final", "Observation/a") | {"conclusion": "Sample mix-up: result invalid, disregard"}
    with pytest.raises(CohortError, match="a DiagnosticReport whose conclusion takes the result back"):
        read(*two(), withdrawn)
    assert len(values(read(*two(), report("final", "Observation/a") | {"conclusion": "HBsAg negative"}))) == 2
    nullified = provenance("Observation/a")
    assert values(read(*two(), withdrawn, nullified)) == ["7.0"]  # it does not count anyway
