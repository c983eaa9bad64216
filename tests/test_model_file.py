"""The model file: it comes back identical, holds no patient, and is refused when it was touched."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import ModelFileError

NAMES = ["prior_logistic", "ridge_logistic", "boosted_trees"]


class Canary:
    """Pickled, it writes a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


@pytest.fixture(scope="module")
def saved(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, model in models.items():
        model.save(folder / f"{name}.rmodel")
    return folder


def rewritten(path: Path, change) -> bytes:
    """Return the archive with its parts changed by a function from parts to parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in change(parts).items():
            archive.writestr(entry, content)
    return buffer.getvalue()


def with_manifest(parts, /, **changes):
    manifest = json.loads(parts["manifest.json"]) | changes
    return parts | {"manifest.json": json.dumps(manifest).encode()}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_comes_back_identical(models, saved, new_patients, name):
    loaded = rm.load_model(saved / f"{name}.rmodel")
    pd.testing.assert_frame_equal(loaded.score(new_patients), models[name].score(new_patients), check_exact=True)
    assert loaded.summary == models[name].summary
    assert loaded.study == models[name].study


# Not ridge: skops writes the time of writing and memory addresses into its own archive.
@pytest.mark.parametrize("name", ["prior_logistic", "boosted_trees"])
def test_saving_twice_gives_the_same_bytes(models, saved, tmp_path, name):
    models[name].save(tmp_path / "again.rmodel")
    assert (tmp_path / "again.rmodel").read_bytes() == (saved / f"{name}.rmodel").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_no_patient_is_inside(saved, cohort, study, name):
    with zipfile.ZipFile(saved / f"{name}.rmodel") as archive:
        content = b"\n".join(archive.read(entry) for entry in archive.namelist())
    assert not any(identifier.encode() in content for identifier in cohort.patient_ids)
    text = content.decode("latin-1")
    features = rm.derive_features(cohort, study)
    for _, row in features.iterrows():
        row_text = ", ".join(repr(float(value)) for value in row[:3])
        assert row_text not in text


def test_a_pickle_is_refused_and_not_opened(tmp_path):
    canary = tmp_path / "canary"
    for write in (pickle.dumps, lambda value: joblib_bytes(value, tmp_path)):
        (tmp_path / "evil.rmodel").write_bytes(write(Canary(str(canary))))
        with pytest.raises(ModelFileError, match="Pickle and joblib files are never opened"):
            rm.load_model(tmp_path / "evil.rmodel")
    assert not canary.exists()


def joblib_bytes(value, folder: Path) -> bytes:
    joblib.dump(value, folder / "x.joblib")
    return (folder / "x.joblib").read_bytes()


def test_a_pickle_inside_the_archive_is_refused(saved, tmp_path):
    canary = tmp_path / "canary"
    evil = pickle.dumps(Canary(str(canary)))
    target = tmp_path / "evil.rmodel"
    target.write_bytes(rewritten(saved / "ridge_logistic.rmodel", lambda parts: parts | {"classifier/extra.pkl": evil}))
    with pytest.raises(ModelFileError, match="parts not listed: 1"):
        rm.load_model(target)
    assert not canary.exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_is_refused_or_harmless(saved, new_patients, tmp_path, name):
    """300 random bytes here; bytes of the zip's own bookkeeping (dates, flags) may change without effect."""
    original = (saved / f"{name}.rmodel").read_bytes()
    expected = rm.load_model(saved / f"{name}.rmodel").score(new_patients)["relapse_risk"]
    random = np.random.default_rng(0)
    target, refused = tmp_path / "changed.rmodel", 0
    for place in random.integers(0, len(original), 300 if name != "boosted_trees" else 60):
        changed = bytearray(original)
        changed[place] ^= int(random.integers(1, 256))
        target.write_bytes(bytes(changed))
        try:
            found = rm.load_model(target)
        except ModelFileError:
            refused += 1
            continue
        np.testing.assert_array_equal(found.score(new_patients)["relapse_risk"], expected)
    assert refused > 40


def test_a_part_changed_with_its_crc_is_refused_by_its_sha256(saved, tmp_path):
    target = tmp_path / "changed.rmodel"

    def change(parts):
        part = "classifier/prior_logistic.json"
        return parts | {part: parts[part].replace(b"0", b"1", 1)}

    target.write_bytes(rewritten(saved / "prior_logistic.rmodel", change))
    with pytest.raises(ModelFileError, match=r"prior_logistic\.json is not what was saved"):
        rm.load_model(target)


CRAFTED = {
    "no manifest": (lambda parts: {k: v for k, v in parts.items() if k != "manifest.json"}, "no manifest"),
    "other format": (lambda parts: with_manifest(parts, format=99), "format 99; this version reads format 1"),
    "other kind": (lambda parts: with_manifest(parts, kind="x"), "not that of a model"),
    "unknown classifier": (lambda parts: with_manifest(parts, classifier="os.system"), "names no classifier"),
    "no parts": (lambda parts: with_manifest(parts, parts={}), "lists no parts"),
    "part missing": (lambda parts: {k: v for k, v in parts.items() if k != "study.toml"}, "parts missing"),
    "path outside": (lambda parts: parts | {"../x": b"1"}, "points outside"),
    "not json": (lambda parts: parts | {"manifest.json": b"{"}, "not JSON"),
    "deep json": (lambda parts: parts | {"manifest.json": b"[" * 4_000}, "not JSON"),
    "bomb": (lambda parts: parts | {"classifier/bomb": b"0" * 50_000_000}, "unpacks to"),
    "wrong probe": (lambda parts: with_manifest(parts, probe={"patients": [[0.0] * 8], "risk": [0.99]}), "away from"),
    "probe without sense": (lambda parts: with_manifest(parts, probe={}), "made-up patients do not fit"),
    "no landmark": (lambda parts: with_manifest(parts, landmark_week="soon"), "no landmark_week"),
}


@pytest.mark.parametrize("case", CRAFTED)
def test_crafted_archives_are_refused(saved, tmp_path, case):
    change, message = CRAFTED[case]
    target = tmp_path / "crafted.rmodel"
    target.write_bytes(rewritten(saved / "prior_logistic.rmodel", change))
    with pytest.raises(ModelFileError, match=message):
        rm.load_model(target)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ModelFileError, match=r"nowhere\.rmodel: cannot be read"):
        rm.load_model(tmp_path / "nowhere.rmodel")


def test_a_failed_save_leaves_the_old_file(model, tmp_path, monkeypatch):
    target = tmp_path / "model.rmodel"
    model.save(target)
    before = target.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk gone")))
    with pytest.raises(OSError, match="disk gone"):
        model.save(target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model.rmodel"]


def test_the_bundled_model_is_the_one_that_training_gives(root, study):
    """models/ is not a relic: training on the bundled cohort again gives the same risks."""
    bundled = rm.load_model(root / "models" / "hbsag_relapse.rmodel")
    cohort = rm.read_cohort(root / "examples" / "cohort", study=study)
    again = rm.train(cohort, study, candidates=(bundled.classifier_name,))
    new = rm.simulate_cohort(50, seed=11)
    np.testing.assert_allclose(again.score(new)["relapse_risk"], bundled.score(new)["relapse_risk"], rtol=1e-9)
    assert bundled.summary["synthetic"] is True
    assert (root / "models" / "hbsag_relapse.md").read_text(encoding="utf-8")


def test_the_bundled_cohort_is_the_simulated_one(root, tmp_path):
    rm.simulate_cohort(132, seed=7).write(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(path.name for path in (root / "examples" / "cohort").iterdir())
    for name in ("patients.csv", "labs.csv", "treatments.csv", "SYNTHETIC.txt"):
        assert (tmp_path / name).read_text() == (root / "examples" / "cohort" / name).read_text()


def test_a_study_changed_after_reading_is_not_saved_as_another(model, tmp_path):
    from dataclasses import replace

    changed = replace(model.study, prediction=replace(model.study.prediction, horizon_weeks=24.0))
    with pytest.raises(rm.RelapseModelError, match="was changed after it was read"):
        replace(model, study=changed).save(tmp_path / "x.rmodel")
