"""Signatures: they say whose file it is, cover every part, and are refused by name when anything is amiss."""

from __future__ import annotations

import json
import stat
import sys

import pytest
from small_model import forged, parts_of, small_model

import relapse_model as rm
from relapse_model.cli.program import main, parser
from relapse_model.errors import ModelFileError
from relapse_model.model.file.archive import pack, unpack
from relapse_model.model.file.signature import SigningError, make_keys, sign_model, verify_model
from relapse_model.model.relapse_model import load_model

pytest.importorskip("cryptography", reason="signing is an extra")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for owner in ("ours", "theirs"):
        make_keys(folder / f"{owner}.key", folder / f"{owner}.pub")
    return folder


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory):
    path = tmp_path_factory.mktemp("unsigned") / "small.rmodel"
    small_model().save(path)
    return path


@pytest.fixture
def signed(unsigned, keys, tmp_path):
    path = tmp_path / "small.rmodel"
    path.write_bytes(unsigned.read_bytes())
    sign_model(path, keys / "ours.key")
    return path


def test_a_signed_model_is_verified_and_loads_as_before(signed, unsigned, keys):
    told = verify_model(signed, keys / "ours.pub")
    assert len(told) == 64
    assert json.loads(parts_of(signed)[0]["signature.json"])["key"] == told
    new = rm.simulate_cohort(10, seed=3)
    for loaded in (load_model(signed), load_model(signed, signed_by=keys / "ours.pub")):
        assert loaded.score(new).equals(load_model(unsigned).score(new))


def test_signing_again_gives_the_same_bytes_and_another_signature_replaces_it(signed, keys):
    before = signed.read_bytes()
    sign_model(signed, keys / "ours.key")  # Ed25519 is deterministic (RFC 8032)
    assert signed.read_bytes() == before
    sign_model(signed, keys / "theirs.key")
    verify_model(signed, keys / "theirs.pub")
    with pytest.raises(ModelFileError, match="signed with the key"):
        verify_model(signed, keys / "ours.pub")


def test_a_model_saved_again_is_no_longer_signed(signed, keys):
    load_model(signed).save(signed)
    with pytest.raises(ModelFileError, match=r"small\.rmodel: not signed; expected a signature"):
        verify_model(signed, keys / "ours.pub")


def test_every_changed_byte_is_refused_or_leaves_all_parts_as_they_were(signed, keys):
    original = signed.read_bytes()
    parts, harmless = unpack(original, "x"), 0
    for place in range(0, len(original), 7):
        changed = bytearray(original)
        changed[place] ^= 1 << place % 8
        signed.write_bytes(bytes(changed))
        try:
            verify_model(signed, keys / "ours.pub")
        except ModelFileError:
            continue
        assert unpack(bytes(changed), "x") == parts
        harmless += 1
    assert harmless < 7  # the unused bits at the ends of the seven deflated streams


def test_a_forger_who_mends_the_checksums_is_found_out(signed, keys):
    """Every part changed in turn, and the manifest made to fit: without the signature nothing would be noticed."""
    parts, manifest = parts_of(signed)
    signature = {"signature.json": parts["signature.json"]}
    for name in parts.keys() - {"manifest.json", "signature.json"}:
        crafted = forged(parts | {name: parts[name] + b"\n"})
        signed.write_bytes(pack(unpack(crafted, "x") | signature))
        with pytest.raises(ModelFileError, match="the signature does not fit"):
            verify_model(signed, keys / "ours.pub")
        with pytest.raises(ModelFileError, match="the signature does not fit"):
            load_model(signed, signed_by=keys / "ours.pub")
    manifest["summary"]["events"] += 1
    signed.write_bytes(pack(unpack(forged(parts, manifest), "x") | signature))
    with pytest.raises(ModelFileError, match="the signature does not fit"):  # by the key beside it, without any other
        load_model(signed)
    with pytest.raises(ModelFileError, match="the signature does not fit"):
        verify_model(signed, keys / "ours.pub")


def test_a_signature_does_not_pass_to_another_model(signed, keys, tmp_path):
    other = load_model(signed)
    other.summary["seed"] = 99
    other.save(tmp_path / "other.rmodel")
    signature = {"signature.json": parts_of(signed)[0]["signature.json"]}
    (tmp_path / "other.rmodel").write_bytes(pack(unpack((tmp_path / "other.rmodel").read_bytes(), "x") | signature))
    with pytest.raises(ModelFileError, match="the signature does not fit"):
        verify_model(tmp_path / "other.rmodel", keys / "ours.pub")


@pytest.mark.parametrize(
    "content",
    [b"{}", b'{"algorithm": "Ed25519"}', b"[]", b'"x"', b'{"algorithm": 1, "key": 1, "signature": 1, "x": 1}'],
)
def test_a_signature_of_another_form_is_refused(signed, keys, content):
    signed.write_bytes(pack(parts_of(signed)[0] | {"signature.json": content}))
    with pytest.raises(ModelFileError, match=r"signature\.json is not what"):
        verify_model(signed, keys / "ours.pub")


@pytest.mark.parametrize("value", ["", "00", "zz", "00" * 64, None, 1, ["00"]])
def test_a_signature_that_is_none_is_refused(signed, keys, value):
    parts, _ = parts_of(signed)
    told = json.loads(parts["signature.json"]) | {"signature": value}
    signed.write_bytes(pack(parts | {"signature.json": json.dumps(told).encode()}))
    with pytest.raises(ModelFileError, match=r"the signature does not fit|signature\.json is not what"):
        verify_model(signed, keys / "ours.pub")
    with pytest.raises(ModelFileError, match=r"the signature does not fit|signature\.json is not what"):
        load_model(signed)


def test_a_signature_of_an_earlier_version_has_no_key_beside_it(signed, keys):
    parts, _ = parts_of(signed)
    told = json.loads(parts["signature.json"])
    told.pop("public_key")
    signed.write_bytes(pack(parts | {"signature.json": json.dumps(told).encode()}))
    verify_model(signed, keys / "ours.pub")
    load_model(signed)


def test_the_environment_can_demand_signed_models(signed, unsigned, keys, monkeypatch):
    monkeypatch.setenv("RELAPSE_MODEL_SIGNED_BY", f"{keys / 'theirs.pub'}:{keys / 'ours.pub'}")
    load_model(signed)
    with pytest.raises(ModelFileError, match="not signed; expected a signature"):
        load_model(unsigned)
    monkeypatch.setenv("RELAPSE_MODEL_SIGNED_BY", str(keys / "theirs.pub"))
    with pytest.raises(ModelFileError, match="signed with the key"):
        load_model(signed)
    monkeypatch.setenv("RELAPSE_MODEL_SIGNED_BY", str(keys / "nobody.pub"))
    with pytest.raises(SigningError, match=r"nobody\.pub: not a usable key"):
        load_model(signed)


def test_every_verb_that_opens_a_model_takes_a_key(signed, unsigned, keys, tmp_path, capsys):
    rm.simulate_cohort(10, seed=3).write(tmp_path / "new")
    score = ["score", "MODEL", str(tmp_path / "new"), "--out", str(tmp_path / "scores.csv")]
    for model, code in ((signed, 0), (unsigned, 1)):
        assert (
            main([str(model) if one == "MODEL" else one for one in score] + ["--key", str(keys / "ours.pub")]) == code
        )
    assert "not signed; expected a signature" in capsys.readouterr().err
    verbs = {name: verb.filled() for name, verb in parser()._subparsers._group_actions[0].choices.items()}
    opening = [
        name
        for name, verb in verbs.items()
        if {"model", "prior", "adjust_model"} & {action.dest for action in verb._actions}
    ]
    assert {"score", "explain", "evaluate", "update", "monitor", "train", "validate", "export"} <= set(opening)
    assert all("--key" in verbs[name].format_help() for name in opening)


def test_an_exported_score_is_that_of_a_model_with_the_key(signed, unsigned, keys, tmp_path, capsys):
    rm.simulate_cohort(3, seed=3).write(tmp_path / "new")
    given = ["export", str(tmp_path / "new"), "--form", "fhir", "--on", "2030-01-01", "--key", str(keys / "ours.pub")]
    assert main([*given, "--model", str(unsigned), "--out", str(tmp_path / "no")]) == 1
    assert "not signed; expected a signature" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    assert main([*given, "--model", str(signed), "--out", str(tmp_path / "yes")]) == 0
    assert len((tmp_path / "yes" / "risk_assessments.ndjson").read_text().splitlines()) == 3


def test_only_the_owner_may_read_the_private_key(keys):
    assert stat.S_IMODE((keys / "ours.key").stat().st_mode) == 0o600
    assert (keys / "ours.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----")


def test_a_key_is_never_replaced(keys, tmp_path):
    with pytest.raises(SigningError, match=r"ours\.key: exists already"):
        make_keys(keys / "ours.key", tmp_path / "new.pub")
    with pytest.raises(SigningError, match=r"ours\.pub: exists already"):
        make_keys(tmp_path / "new.key", keys / "ours.pub")
    assert list(tmp_path.iterdir()) == []


def test_a_private_key_may_have_a_password(unsigned, tmp_path):
    path = tmp_path / "small.rmodel"
    path.write_bytes(unsigned.read_bytes())
    make_keys(tmp_path / "own.key", tmp_path / "own.pub", password="long enough")
    for password, message in ((None, "expected one, for it is encrypted"), ("wrong", "not a usable key")):
        with pytest.raises(SigningError, match=message):
            sign_model(path, tmp_path / "own.key", password)
    assert path.read_bytes() == unsigned.read_bytes()
    sign_model(path, tmp_path / "own.key", "long enough")
    assert len(verify_model(path, tmp_path / "own.pub")) == 64


def test_a_password_for_a_key_without_one_is_refused(signed, keys):
    with pytest.raises(SigningError, match="expected none, for it is not encrypted"):
        sign_model(signed, keys / "ours.key", "x")


def test_what_is_no_key_is_refused_by_name(signed, keys, tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import x25519

    other = x25519.X25519PrivateKey.generate()
    (tmp_path / "other.key").write_bytes(
        other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (tmp_path / "text.key").write_text("no key")
    for path in (tmp_path / "other.key", tmp_path / "text.key", tmp_path / "nowhere.key", keys / "ours.pub", signed):
        with pytest.raises(SigningError, match=f"{path.name}: not a usable key"):
            sign_model(signed, path)
    for path in (tmp_path / "text.key", keys / "ours.key"):
        with pytest.raises(SigningError, match="expected the public key of an Ed25519 pair"):
            verify_model(signed, path)


def test_only_sound_files_of_format_2_are_signed(root, keys, tmp_path):
    old = root / "tests" / "data" / "format_1" / "prior_logistic.rmodel"
    (tmp_path / "x.rmodel").write_bytes(old.read_bytes())
    with pytest.raises(ModelFileError, match="format 1 has no place for a signature; load the model and save it again"):
        sign_model(tmp_path / "x.rmodel", keys / "ours.key")
    (tmp_path / "x.rmodel").write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="not a model file of this library"):
        sign_model(tmp_path / "x.rmodel", keys / "ours.key")


def test_verifying_builds_nothing(signed, keys, monkeypatch):
    def refuse(*_):
        raise AssertionError("a classifier was built")

    monkeypatch.setattr("relapse_model.model.file.model_file.load_classifier", refuse)
    verify_model(signed, keys / "ours.pub")


@pytest.mark.parametrize("work", [lambda p: sign_model(p, p), lambda p: verify_model(p, p), lambda p: make_keys(p, p)])
def test_without_cryptography_the_command_that_installs_it_is_told(monkeypatch, tmp_path, work):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(SigningError, match=r"pip install 'relapse-model\[signing\]'"):
        work(tmp_path / "x")
