"""The service over HTTP: the same scores as `score`, cards from prefetch, and refusals that say why."""

from __future__ import annotations

import datetime
import json
import logging
import random
import socket
import subprocess
import sys
import time

import fhir_writer
import httpx
import pandas as pd
import pytest
from asgi_client import AsgiClient
from whole_days import ENROLLED, whole_days

import relapse_model as rm
from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.errors import RelapseModelError
from relapse_model.model.explanation.patient_input import risk_percent
from relapse_model.model.scoring.guards.unlike import unlike_studied
from relapse_model.service import application as http
from relapse_model.service.scoring import Scorer
from relapse_model.service.server import LOOPBACK, scorer_of

ORIGIN = "https://ehr.example"


@pytest.fixture(scope="module")
def cohort():
    return whole_days(6)


@pytest.fixture(scope="module")
def model_file(root):
    return root / "models" / "hbsag_relapse.rmodel"


@pytest.fixture(scope="module")
def mapping_file(cohort, tmp_path_factory):
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    path.write_text(fhir_writer.mapping_of(cohort), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def scorer(model_file, mapping_file):
    found = scorer_of(model_file)
    day = (ENROLLED + pd.Timedelta(weeks=20)).date()  # week 20: the landmark has come, the horizon has not
    return Scorer(found.model, found.model_id, load_mapping(mapping_file, "fhir"), lambda: day)


def client_of(scorer, **settings):
    app = http.application(scorer, hosts=LOOPBACK, **settings)
    return AsgiClient(app, "http://127.0.0.1:8000")


@pytest.fixture(scope="module")
def client(scorer):
    return client_of(scorer, origins=[ORIGIN])


def tables_json(cohort):
    """Return the tables as JSON, numbers in their shortest form, as a hospital's program writes them."""
    content = {}
    for name, table in cohort.tables().items():
        contract = [column for column in table if column != "enrolment_date"]
        rows = table[contract].astype(object).where(table[contract].notna(), None).to_dict("records")
        content[name] = [{key: float(v) if isinstance(v, float) else v for key, v in row.items()} for row in rows]
    return content


def posted(client, content, address="/score", **headers):
    body = content if isinstance(content, bytes) else json.dumps(content, default=str).encode()
    return client.post(address, content=body, headers={"Content-Type": "application/json"} | headers)


def reasons(answer):
    assert answer.json()["resourceType"] == "OperationOutcome"
    return " ".join(issue["diagnostics"] for issue in answer.json()["issue"])


def hook(cohort, patient, scorer, **changes):
    """Return a request of the hook, with the resources of one patient in bundles of a search."""
    own = {"patient": None}
    for kind, resources in fhir_writer.resources_of(cohort).items():
        if kind == "Patient":
            own["patient"] = next(one for one in resources if one["id"] == patient)
            continue
        held = [one for one in resources if f"Patient/{patient}" in json.dumps(one)]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(held),
                  "entry": [{"resource": one} for one in held]}  # fmt: skip
        own[kind[0].lower() + kind[1:]] = bundle
    asked = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
             "context": {"userId": "Practitioner/1", "patientId": patient}, "prefetch": own} | changes  # fmt: skip
    return fhir_writer.printed(asked).encode()


def cards_address(scorer):
    return f"/cds-services/{scorer.model.study.name}"


# --- scores ---------------------------------------------------------------------------------------------------------


def test_scores_are_those_of_score(client, scorer, cohort):
    answer = posted(client, tables_json(cohort))
    assert answer.status_code == 200
    came = pd.DataFrame(answer.json()["scores"])
    expected = scorer.model.score(cohort)
    assert list(came) == list(expected)
    numbers = ["relapse_risk", "risk_lower", "risk_upper"]
    pd.testing.assert_frame_equal(came[numbers], expected[numbers], rtol=0, atol=1e-12)
    rest = [name for name in expected if name not in numbers]
    pd.testing.assert_frame_equal(came[rest].astype(str), expected[rest].astype(str))


def test_a_patient_who_is_refused_is_listed_with_the_reason(client, cohort):
    content = tables_json(cohort)
    content["patients"][2]["age_years"] = 350
    rows = posted(client, content).json()["scores"]
    assert [row["status"] for row in rows].count("rejected") == 1
    assert rows[2]["relapse_risk"] is None
    assert "350" in rows[2]["reason"]


def test_another_landmark_than_those_of_the_model_is_refused(client, cohort):
    answer = posted(client, tables_json(cohort) | {"landmark_week": 400})
    assert answer.status_code == 422
    assert "landmark_week is 400" in reasons(answer)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "not strict JSON"),
        (b'{"patients": [', 400, "line 1"),
        (b'{"patients": [], "patients": []}', 400, "not strict JSON"),  # which of them counts is not known
        (b'{"patients": NaN}', 400, "not strict JSON"),
        (b'{"patients": [{"patient_id": "\\ud800"}]}', 400, "not strict JSON"),
        (b"\xff\xfe", 400, "UTF-8"),
        (b"[]", 400, "no object"),
        (b"[" * 100_000, 400, "not strict JSON"),
        (b"{}", 422, "patients: expected a list"),
        (b'{"patients": [{"patient_id": "a"}], "lab": []}', 422, "'lab'"),
        (b'{"patients": [{"patient_id": true}]}', 422, "row 1"),
        (b'{"patients": [{"patient_id": "a"}], "landmark_week": "soon"}', 422, "landmark_week"),
    ],
)
def test_what_is_no_cohort_is_refused(client, body, status, said):
    answer = posted(client, body)
    assert (answer.status_code, said in reasons(answer)) == (status, True)


@pytest.mark.parametrize("known", [True, False])
def test_an_empty_list_is_known_and_a_missing_table_is_not(client, scorer, cohort, known):
    """Nobody was treated, or it is not known who was: two things, as in files."""
    content, tables = tables_json(cohort), dict(cohort.tables())
    content["treatments"], tables["treatments"] = [], tables["treatments"].iloc[:0]
    if not known:
        del content["treatments"], tables["treatments"]
    came = posted(client, content).json()["scores"]
    expected = scorer.model.score(rm.make_cohort(**tables, study=scorer.model.study))
    assert [row["relapse_risk"] for row in came] == pytest.approx(list(expected["relapse_risk"]), abs=1e-12)
    assert [row["warnings"] for row in came] == list(expected["warnings"])


# --- cards ----------------------------------------------------------------------------------------------------------


def test_discovery_asks_for_what_the_mapping_names(client, scorer):
    (service,) = client.get("/cds-services").json()["services"]
    assert (service["hook"], service["id"]) == ("patient-view", scorer.model.study.name)
    assert service["prefetch"]["patient"] == "Patient/{{context.patientId}}"
    assert service["prefetch"]["observation"].startswith("Observation?patient={{context.patientId}}&code=http://")
    assert service["prefetch"]["medicationAdministration"] == (
        "MedicationAdministration?patient={{context.patientId}}&_include=MedicationAdministration:medication"
    )


def test_results_are_asked_for_by_the_loinc_codes_of_the_study(scorer, tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(fhir_writer.MAPPING, encoding="utf-8")  # no entries: the study's codes
    asked = Scorer(scorer.model, "0", load_mapping(path, "fhir")).services()["services"][0]["prefetch"]["observation"]
    codes = set(asked.partition("code=")[2].split(","))
    assert codes == {f"http://loinc.org|{code}" for one in scorer.model.study.analytes.values() for code in one.loinc}


def test_the_card_has_the_risk_of_score_with_interval_and_every_warning(client, scorer, cohort):
    scores = scorer.model.score(cohort).set_index("patient_id")
    warned = 0
    for patient, row in scores.iterrows():
        (card,) = posted(client, hook(cohort, patient, scorer), cards_address(scorer)).json()["cards"]
        if row["status"] != "scored":
            assert "No risk" in card["summary"]
            continue
        # A small risk is not rounded to none: below 5 %, and above 95 %, with one decimal, as on the patient's page.
        low, risk, high = (risk_percent(row[name]) for name in ("risk_lower", "relapse_risk", "risk_upper"))
        assert f"{risk} % (90 % interval {low} to {high} %)" in card["summary"]
        codes = [one.split()[0].strip(":") for one in row["warnings"].split("; ") if one]
        assert all(code in card["detail"] for code in codes)
        assert card["indicator"] == "warning"  # the bundled model is not validated
        unlike = unlike_studied(one.strip() for one in row["warnings"].split("; "))
        after_risk = card["detail"].split("\n\n")[2:4]
        assert ("**Do not rely on this risk:" in after_risk[0]) == unlike
        assert "**This model has not been validated; we do not know how accurate" in after_risk[int(unlike)]
        assert card["summary"].endswith("; do not rely on it: unlike those studied" if unlike else "; not validated")
        warned += bool(codes)
        assert len(card["summary"]) < 140
        assert "synthetic patients" in card["detail"]
        assert "Research use only" in card["detail"]
    assert warned  # or this test would not have seen a warning


@pytest.mark.parametrize("lacks", ["observation", "patient", "researchSubject", "medicationAdministration"])
def test_a_missing_answer_is_412_and_no_risk(client, scorer, cohort, lacks):
    asked = json.loads(hook(cohort, cohort.patient_ids[0], scorer))
    del asked["prefetch"][lacks]
    answer = posted(client, asked, cards_address(scorer))
    assert (answer.status_code, f"prefetch.{lacks}" in reasons(answer)) == (412, True)


@pytest.mark.parametrize(
    "part",
    [
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]},
        {"resourceType": "Bundle", "total": 7, "entry": []},
        {"resourceType": "Bundle", "link": [{"relation": "next", "url": "x"}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "OperationOutcome",
                                                           "issue": [{"severity": "error"}]}}]},
    ],
)  # fmt: skip
def test_a_part_of_the_results_is_412_and_no_risk(client, scorer, cohort, part):
    asked = json.loads(hook(cohort, cohort.patient_ids[0], scorer))
    asked["prefetch"]["observation"] = part
    assert posted(client, asked, cards_address(scorer)).status_code == 412


def test_null_says_that_there_is_nothing(client, scorer, cohort):
    asked = json.loads(hook(cohort, cohort.patient_ids[0], scorer))
    asked["prefetch"]["observation"] = None
    (card,) = posted(client, asked, cards_address(scorer)).json()["cards"]
    assert "No risk" in card["summary"]  # without any result the bundled model scores nobody


def test_another_patient_than_that_of_the_context_is_refused(client, scorer, cohort):
    asked = json.loads(hook(cohort, cohort.patient_ids[0], scorer))
    asked["context"]["patientId"] = str(cohort.patient_ids[1])
    assert posted(client, asked, cards_address(scorer)).status_code == 400


def test_results_of_others_do_not_count(client, scorer, cohort):
    first, second = (json.loads(hook(cohort, own, scorer)) for own in cohort.patient_ids[:2])
    alone = posted(client, first, cards_address(scorer)).json()["cards"][0]["summary"]
    first["prefetch"]["observation"]["entry"] += second["prefetch"]["observation"]["entry"]
    first["prefetch"]["observation"]["total"] = len(first["prefetch"]["observation"]["entry"])
    assert posted(client, first, cards_address(scorer)).json()["cards"][0]["summary"] == alone


@pytest.mark.parametrize(("weeks", "said"), [(-1, "before week 0 (2020-03-02)"), (60, "Week 48 has passed")])
def test_before_the_landmark_there_is_no_risk_and_after_the_horizon_it_is_said(scorer, cohort, weeks, said):
    day = (ENROLLED + pd.Timedelta(weeks=weeks)).date()
    asked = hook(cohort, cohort.patient_ids[0], scorer)
    then = Scorer(scorer.model, "0", scorer.mapping, lambda: day)
    (card,) = posted(client_of(then), asked, cards_address(scorer)).json()["cards"]
    assert said in card["summary"] + card["detail"]


def test_whom_the_mapping_leaves_out_gets_no_card(scorer, cohort, tmp_path):
    path = tmp_path / "mapping.toml"
    text = fhir_writer.mapping_of(cohort).replace("[time]\n", '[time]\nothers = "leave out"\n')
    path.write_text(text, encoding="utf-8")
    asked = json.loads(hook(cohort, cohort.patient_ids[0], scorer))
    asked["prefetch"]["researchSubject"] = None
    for mapping, cards in ((load_mapping(path, "fhir"), 0), (scorer.mapping, 1)):
        found = posted(client_of(Scorer(scorer.model, "0", mapping)), asked, cards_address(scorer)).json()["cards"]
        assert len(found) == cards
    assert "time zero" in found[0]["detail"]


@pytest.mark.parametrize("wrong", [{"hook": "order-sign"}, {"hookInstance": 1}, {"context": {"patientId": "../1"}}])
def test_what_is_no_request_of_the_hook_is_refused(client, scorer, cohort, wrong):
    assert (
        posted(client, hook(cohort, cohort.patient_ids[0], scorer, **wrong), cards_address(scorer)).status_code == 400
    )


def test_a_mapping_that_needs_a_file_is_refused_at_the_start(scorer, tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(fhir_writer.MAPPING.replace('resource = "ResearchSubject"', 'file = "zero.csv"'), encoding="utf-8")
    with pytest.raises(RelapseModelError, match="time zero from a file"):
        Scorer(scorer.model, "0", load_mapping(path, "fhir"))


def test_without_a_mapping_there_are_no_cards(scorer):
    bare = client_of(Scorer(scorer.model, "0"))
    assert bare.get("/cds-services").json() == {"services": []}
    assert posted(bare, {}, cards_address(scorer)).status_code == 404


# --- HTTP -----------------------------------------------------------------------------------------------------------


def test_bodies_are_limited_whatever_length_they_declare(client, monkeypatch):
    monkeypatch.setattr(http, "MAX_BYTES", 1000)
    assert posted(client, b" " * 1001).status_code == 413

    async def pieces():
        for _ in range(2):
            yield b" " * 600

    answer = client.post("/score", content=pieces(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_only_json_is_read_so_that_no_page_elsewhere_can_post(client):
    assert posted(client, {}, **{"Content-Type": "text/plain"}).status_code == 415


def test_pages_of_named_origins_may_call_and_no_others(client, scorer):
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    allowed = client.options(cards_address(scorer), headers=asked)
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert client.options("/score", headers=asked | {"Origin": "https://evil.example"}).status_code == 400
    assert "access-control-allow-origin" not in client_of(scorer).get("/cds-services", headers=asked).headers


def test_a_foreign_name_that_points_here_is_refused(client):
    assert client.get("/cds-services", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/cds-services", headers={"Host": "localhost:9"}).status_code == 200


def test_other_addresses_and_methods_are_refused(client):
    assert client.get("/elsewhere").status_code == 404
    assert client.get("/score").status_code == 405
    assert "# " in client.get("/model-card").text


def test_a_fault_tells_and_logs_nothing_of_the_patient(scorer, caplog):
    class Broken(Scorer):
        def scores(self, body):
            raise KeyError(f"patient {body!r}")

    caplog.set_level(logging.DEBUG)
    answer = posted(client_of(Broken(scorer.model, "0")), b'{"patients": "Zhang San"}')
    assert answer.status_code == 500
    assert "KeyError" in caplog.text
    assert "Zhang" not in caplog.text + answer.text


@pytest.mark.parametrize("bodies", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_fuzzed_bodies_are_never_a_fault(client, scorer, cohort, bodies):
    """Bodies with bytes changed, cut and doubled: an answer with a reason, or cards, every time."""
    luck = random.Random(11)
    one = cohort.take([0])
    sound = {"/score": json.dumps(tables_json(one), default=str).encode(),
             cards_address(scorer): hook(one, one.patient_ids[0], scorer)}  # fmt: skip
    values = [b"null", b"[]", b"{}", b'"x"', b"-1", b"1e999", b"true", b"\xc3", b'"', b"Bundle", b"Patient"]
    for number in range(bodies):
        address = luck.choice(list(sound))
        body = bytearray(sound[address])
        for _ in range(luck.randint(1, 4)):
            place = luck.randrange(len(body))
            body[place : place + luck.choice([0, 1, 8])] = luck.choice(values)
        answer = posted(client, bytes(body), address)
        assert answer.status_code in (200, 400, 412, 422), (number, answer.text)


@pytest.mark.parametrize("bodies", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_swapped_values_are_never_a_fault(client, scorer, cohort, bodies):
    """Well-formed JSON in which one element is something else."""
    luck = random.Random(12)
    one = cohort.take([0])
    for number in range(bodies):
        asked = json.loads(hook(one, one.patient_ids[0], scorer))
        place = asked["prefetch"]
        while True:
            key = luck.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or luck.random() < 0.2:
                break
            place = inner
        place[key] = luck.choice([None, [], {}, "", "x", -1, 1e308, True, [None], {"reference": 1}, "2020-99-99"])
        answer = posted(client, asked, cards_address(scorer))
        assert answer.status_code in (200, 400, 412), (number, key, answer.text)


def test_a_real_server_answers_on_the_loopback_and_writes_nothing_of_patients(root, cohort, model_file):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "relapse_model", "serve", str(model_file), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://127.0.0.1:{port}/cds-services", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as real:
            answer = posted(real, tables_json(cohort))
        assert [row["patient_id"] for row in answer.json()["scores"]] == list(cohort.patient_ids)
    finally:
        server.terminate()
        said, _ = server.communicate(timeout=20)
    assert "Serving" in said
    assert not [own for own in cohort.patient_ids if own in said]
    assert "POST" not in said


def test_today_is_a_day(scorer):
    assert isinstance(Scorer(scorer.model, "0").today(), datetime.date)
