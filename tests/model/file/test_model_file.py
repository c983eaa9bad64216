"""The model file: it comes back identical, holds no patient, and is refused when it was touched."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from small_model import forged, parts_of, small_model

import relapse_model as rm
from relapse_model.errors import ModelFileError
from relapse_model.features.design import design_matrix
from relapse_model.model.file.archive import pack, unpack
from relapse_model.model.file.model_file import save_model
from relapse_model.model.relapse_model import load_model
from relapse_model.report.model_card import model_card

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
    return pack(change(unpack(path.read_bytes(), path.name)))


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


def triples(numbers):
    return set(zip(numbers, numbers[1:], numbers[2:], strict=False))


def rows_inside(content, matrix):
    """Return the rows of which three values stand side by side; yes, no and none are nobody's own."""
    found = re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", content.decode("latin-1"))
    written = triples([float(number) for number in found])
    reported = [
        {three for three in triples(row.tolist()) & written if sum(one in (0.0, 1.0) for one in three) < 2}
        for row in matrix
    ]
    return [place for place, threes in enumerate(reported) if threes]


@pytest.mark.parametrize("name", NAMES)
def test_no_patient_is_inside(saved, cohort, study, name):
    """No identifier, and no row: nowhere do three predictors of a patient stand side by side, as training had them."""
    with zipfile.ZipFile(saved / f"{name}.rmodel") as archive:
        content = b"\n".join(archive.read(entry) for entry in archive.namelist())
    assert not any(identifier.encode() in content for identifier in cohort.patient_ids)
    matrix = design_matrix(rm.derive_features(cohort, study), study)
    assert rows_inside(content, matrix) == []
    assert 3 in rows_inside(content + json.dumps(matrix[3].tolist()).encode(), matrix)  # or it would be found
    # Nor as the bytes of a row, in the parts that are not text.
    assert not any(row[:3].tobytes() in content for row in matrix)


def test_no_single_value_of_a_measurement_is_inside(saved, model, cohort, study):
    """A titre to 15 digits is as good as a name: of the logarithms only the quantiles that are said to be kept."""
    with zipfile.ZipFile(saved / "prior_logistic.rmodel") as archive:
        text = b"\n".join(archive.read(entry) for entry in archive.namelist()).decode("latin-1")
        reported = json.loads(archive.read("manifest.json"))["summary"]["predictors"]["anti_hbs"]
    values = rm.derive_features(cohort, study)["anti_hbs"].dropna()
    long = {float(value) for value in values if len(repr(float(value))) > 12}
    found = {value for value in long if repr(value) in text}
    assert len(long) > 50
    stated = {
        reported["median"],
        reported["p05"],
        reported["p95"],
        float(model.classifier.impute_[0]),
    }  # impute: weighted median
    assert found <= stated


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


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.rmodel"
    small_model().save(path)
    return path


def refused_or_the_same(path, places, target, rows):
    """Change one byte after the other; return how many files were loaded all the same, with identical risks."""
    original = path.read_bytes()
    expected = load_model(path).classifier.predict_proba(rows)
    random, loaded = np.random.default_rng(0), 0
    for place in places:
        changed = bytearray(original)
        changed[place] ^= int(random.integers(1, 256))
        target.write_bytes(bytes(changed))
        try:
            found = load_model(target)
        except ModelFileError:
            continue
        loaded += 1
        np.testing.assert_array_equal(found.classifier.predict_proba(rows), expected)
    return loaded


def test_every_byte_of_a_small_model_is_refused_when_changed_or_harmless(small, tmp_path):
    size = len(small.read_bytes())
    assert size < 6000
    rows = np.array([[2.0, 40.0], [0.5, np.nan]])
    # Only the unused bits at the end of a deflated stream may change without effect: one byte for each of six parts.
    assert refused_or_the_same(small, range(size), tmp_path / "changed.rmodel", rows) <= 6


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_20_000_random_bytes_of_a_larger_model_are_refused_when_changed_or_harmless(models, saved, tmp_path, name):
    path = saved / f"{name}.rmodel"
    places = np.random.default_rng(1).integers(0, len(path.read_bytes()), 20_000)
    rows = np.random.default_rng(2).normal(size=(5, models[name].classifier.n_features_in_))
    assert refused_or_the_same(path, places, tmp_path / "changed.rmodel", rows) < 100


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
    "other format": (lambda parts: with_manifest(parts, format=99), "format 99; this version reads formats 1 and 2"),
    "other kind": (lambda parts: with_manifest(parts, kind="x"), "not that of a model"),
    "unknown classifier": (lambda parts: with_manifest(parts, classifier="os.system"), "names no classifier"),
    "no parts": (lambda parts: with_manifest(parts, parts={}), "lists no parts"),
    "part missing": (lambda parts: {k: v for k, v in parts.items() if k != "study.toml"}, "parts missing"),
    "path outside": (lambda parts: parts | {"../x": b"1"}, "points outside"),
    "not json": (lambda parts: parts | {"manifest.json": b"{"}, "not strict JSON"),
    "deep json": (lambda parts: parts | {"manifest.json": b"[" * 4_000}, "not strict JSON"),
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
    changed = replace(model.study, prediction=replace(model.study.prediction, horizon_weeks=24.0))
    with pytest.raises(rm.RelapseModelError, match="was changed after it was read"):
        replace(model, study=changed).save(tmp_path / "x.rmodel")


def test_a_model_of_several_landmarks_keeps_the_study_as_it_was_written(cohort, study, new_patients, tmp_path):
    """The weeks, and the predictor that they add, come back from the manifest; the study's text is that of the file."""
    model = rm.train(cohort, study, landmark_week=(0, 12), candidates=("prior_logistic",), folds=2, repeats=1)
    model.save(tmp_path / "x.rmodel")
    parts, manifest = parts_of(tmp_path / "x.rmodel")
    assert parts["study.toml"].decode() == study.text
    assert manifest["landmark_weeks"] == [0.0, 12.0]
    loaded = rm.load_model(tmp_path / "x.rmodel")
    assert loaded.study == model.study
    assert loaded.study.predictors[:-1] == study.predictors
    scores = (one.score(new_patients, landmark_week=12) for one in (loaded, model))
    pd.testing.assert_frame_equal(*scores, check_exact=True)
    loaded.save(tmp_path / "y.rmodel")
    assert (tmp_path / "y.rmodel").read_bytes() == (tmp_path / "x.rmodel").read_bytes()
    without = {key: value for key, value in manifest.items() if key != "landmark_weeks"}
    bare = pack(unpack((tmp_path / "x.rmodel").read_bytes(), "x") | {"manifest.json": json.dumps(without).encode()})
    (tmp_path / "z.rmodel").write_bytes(bare)
    with pytest.raises(rm.RelapseModelError, match="'columns'"):  # as a version that knows no such weeks reads it
        rm.load_model(tmp_path / "z.rmodel")


# Risks of four made-up patients (log10 anti-HBs, age), printed by the version of the library that wrote the files.
FORMAT_1 = {
    "prior_logistic": [0.08774096120948088, 0.18862911810433336, 0.024567856785744566, 0.17252866432809186],
    "recalibrated": [0.10120291121320499, 0.21394006111383787, 0.02864157244717322, 0.19620161101088654],
    "ridge_logistic": [0.0905815524269625, 0.11708843929986484, 0.031242473800725458, 0.12354442486437933],
}


@pytest.mark.parametrize("name", FORMAT_1)
def test_files_of_format_1_are_read_and_score_as_they_did(root, name):
    model = rm.load_model(root / "tests" / "data" / "format_1" / f"{name}.rmodel")
    rows = np.array([[2.0, 40.0], [1.0, 60.0], [3.5, 30.0], [np.nan, 45.0]])
    np.testing.assert_allclose(model.classifier.predict_proba(rows)[:, 1], FORMAT_1[name], rtol=0, atol=1e-9)
    assert model.study.name == "small"


def test_a_file_of_format_1_is_saved_anew_as_format_2(root, tmp_path):
    rm.load_model(root / "tests" / "data" / "format_1" / "prior_logistic.rmodel").save(tmp_path / "x.rmodel")
    _, manifest = parts_of(tmp_path / "x.rmodel")
    assert manifest["format"] == 2
    assert rm.load_model(tmp_path / "x.rmodel").landmark_week == 0.0


def test_changed_risks_are_refused_unless_accepted_by_name(small, tmp_path):
    """The stored risk of the first made-up patient is moved by 1e-6, as another library version might move it."""
    parts, manifest = parts_of(small)
    manifest["probe"]["risk"][0] += 1e-6
    (tmp_path / "x.rmodel").write_bytes(forged(parts, manifest))
    with pytest.raises(ModelFileError, match=r"up to 1e-06 away.*numpy.*accept_changed_risks=True"):
        load_model(tmp_path / "x.rmodel")
    accepted = load_model(tmp_path / "x.rmodel", accept_changed_risks=True)
    assert accepted.summary["accepted_risk_change"] == pytest.approx(1e-6, rel=1e-6)
    assert "accepted_risk_change" not in load_model(small, accept_changed_risks=True).summary


def test_accepting_changed_risks_accepts_nothing_else(small, tmp_path):
    parts, manifest = parts_of(small)
    manifest["probe"]["risk"][0] = None
    (tmp_path / "x.rmodel").write_bytes(forged(parts, manifest))
    with pytest.raises(ModelFileError, match="do not fit the model"):
        load_model(tmp_path / "x.rmodel", accept_changed_risks=True)


def test_the_card_and_the_performance_travel_inside(model, new_patients, tmp_path):
    path = tmp_path / "x.rmodel"
    card = model_card(model)
    performance = model.evaluate(rm.simulate_cohort(300, seed=9))
    save_model(model, path, card=card, performance=performance)
    parts, manifest = parts_of(path)
    assert parts["card.md"].decode() == card
    assert manifest["validation"]["events"] == performance.events
    assert manifest["validation"]["measures"]["auc"]["value"] == performance.measures["auc"].value
    assert rm.load_model(path).score(new_patients).equals(model.score(new_patients))
    model.save(path)
    assert "card.md" not in parts_of(path)[0]


def test_a_card_without_end_is_refused(model, tmp_path):
    with pytest.raises(rm.RelapseModelError, match=r"card: 1100000 bytes; expected a page of text"):
        save_model(model, tmp_path / "x.rmodel", card="x" * 1_100_000)


def test_the_dictionary_and_the_coefficients_say_what_the_model_is(small):
    """Whoever opens the zip can follow it by hand: a patient at the centre has the intercept for log-odds."""
    parts, _ = parts_of(small)
    titre, age = json.loads(parts["dictionary.json"])
    assert (titre["label"], titre["unit"], titre["scale"], titre["direction"]) == (
        "Anti-HBs", "mIU/mL", "log10", "less risk"
    )  # fmt: skip
    assert titre["prior"] == "log-odds -0.9 (sd 0.4) per log10"
    assert 18 < age["training"]["p05"] < age["training"]["median"] < age["training"]["p95"] < 80
    table = json.loads(parts["coefficients.json"])
    assert [(row["name"], row["is"]) for row in table["columns"]] == [("anti_hbs", "predictor"), ("age", "predictor")]
    assert table["columns"][0]["prior"] == [-0.9, 0.4]
    assert table["recalibration"] is None
    components = load_model(small).classifier.components_
    assert table["intercept"] == components.intercept[0]
    assert table["columns"][1]["posterior"][0] == components.coef[0, 1]


def test_the_coefficients_of_an_updated_model_tell_its_line(tmp_path):
    updated = small_model().update(rm.simulate_cohort(300, seed=9))
    updated.save(tmp_path / "x.rmodel")
    parts, _ = parts_of(tmp_path / "x.rmodel")
    reported = updated.summary["update"]
    assert json.loads(parts["coefficients.json"])["recalibration"] == {"intercept": reported["intercept"], "slope": 1.0}


def test_other_classifiers_have_no_table_of_coefficients(saved):
    for name in ("ridge_logistic", "boosted_trees"):
        assert "coefficients.json" not in parts_of(saved / f"{name}.rmodel")[0]


# What a saved model must be good for once it is loaded: all that a trained one is.


@pytest.fixture(scope="module")
def loaded(saved):
    return rm.load_model(saved / "prior_logistic.rmodel")


def test_a_loaded_model_is_updated_as_a_trained_one(model, loaded, new_patients, tmp_path):
    elsewhere = rm.simulate_cohort(300, seed=9)
    for method in ("intercept", "intercept_and_slope"):
        updated = loaded.update(elsewhere, method=method)
        assert updated.summary["update"] == model.update(elsewhere, method=method).summary["update"]
        assert updated.summary["parent"] == model.update(elsewhere, method=method).summary["parent"]
        updated.save(tmp_path / "x.rmodel")
        again = rm.load_model(tmp_path / "x.rmodel")
        assert again.score(new_patients).equals(updated.score(new_patients))
        assert again.update(elsewhere).score(new_patients)["relapse_risk"].between(0, 1).all()


def test_a_loaded_model_is_a_prior_as_a_trained_one(model, loaded, study, new_patients):
    others = rm.simulate_cohort(132, seed=21)
    made = [rm.train(others, study, candidates=("prior_logistic",), prior=one) for one in (model, loaded)]
    assert made[0].score(new_patients).equals(made[1].score(new_patients))
    assert made[0].summary["parent"] == made[1].summary["parent"]


def test_a_loaded_model_is_explained_drawn_and_described_as_a_trained_one(model, loaded, new_patients):
    ours, theirs = loaded.explain(new_patients), model.explain(new_patients)
    np.testing.assert_array_equal(ours.values, theirs.values)
    np.testing.assert_array_equal(ours.base_values, theirs.base_values)
    assert model_card(loaded) == model_card(model)


def test_a_loaded_model_is_saved_again_byte_for_byte(loaded, saved, tmp_path):
    loaded.save(tmp_path / "x.rmodel")
    assert (tmp_path / "x.rmodel").read_bytes() == (saved / "prior_logistic.rmodel").read_bytes()


def test_a_loaded_model_refuses_what_a_trained_one_refuses(loaded, new_patients):
    with pytest.raises(rm.RelapseModelError, match="risk_by_week: the classifier is 'prior_logistic'"):
        loaded.risk_by_week(new_patients, [12])


def test_loading_and_scoring_need_no_learning_package(saved, root):
    script = (
        "import sys; import relapse_model as rm\n"
        f"model = rm.load_model({str(saved / 'prior_logistic.rmodel')!r})\n"
        f"cohort = rm.read_cohort({str(root / 'examples' / 'cohort')!r}, study=model.study, on_problems='list')\n"
        "scores = model.score(cohort)\n"
        "assert scores['relapse_risk'].notna().sum() > 100\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"sklearn", "xgboost", "scipy", "shap", "skops", "joblib", "numba", "matplotlib"}
    assert set(done.stdout.split()).isdisjoint(heavy)
