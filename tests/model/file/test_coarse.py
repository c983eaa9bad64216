"""A model file that may leave the hospital: the same risks, numbers of its cohort that cannot be subtracted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.classifiers.told_coarsely import holds_trees, told_coarsely
from relapse_model.cli.program import main
from relapse_model.errors import ModelFileError, RelapseModelError
from relapse_model.features.design import matrix_of_codes
from relapse_model.model.file.archive import pack, unpack
from relapse_model.model.file.coarse import coarse_performance, coarse_predictor, coarse_summary
from relapse_model.model.file.model_file import read_performance
from relapse_model.model.file.rounding import Rounding
from relapse_model.report.model_card import model_card
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import Performance

NAMES = (
    "prior_logistic", "prior_hazard", "ridge_logistic", "elastic_net", "boosted_trees", "random_forest",
    "prior_and_trees", "several_landmarks",
)  # fmt: skip
EXACT = "patients", "events", "lost_before_horizon", "not_at_risk"


def rows_with_gaps(study, rows=200):
    """Rows of all sizes, every third value missing, in the codes of the design."""
    random = np.random.default_rng(0)
    columns = [
        random.integers(0, len(one.levels), rows) if one.levels else random.normal(2, 20, rows)
        for one in study.predictors
    ]
    codes = np.column_stack(columns).astype(float)
    codes[random.random(codes.shape) < 1 / 3] = np.nan
    return matrix_of_codes(codes, study)


def parts_of(path):
    return unpack(path.read_bytes(), path.name)


def json_parts(path):
    return {name: json.loads(part) for name, part in parts_of(path).items() if name.endswith(".json")}


def leaves(value, place=""):
    """Return every number and text of JSON values, by place."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, one in inner for leaf in leaves(one, f"{place}/{key}")]
    return [(place, value)]


@pytest.fixture(scope="module")
def older(root):
    return {name: rm.load_model(root / "tests" / "data" / "format_2" / f"{name}.rmodel") for name in NAMES}


@pytest.fixture(scope="module")
def files(model, tmp_path_factory):
    """The same model, as its owner has it and as it may leave."""
    folder = tmp_path_factory.mktemp("coarse")
    for name in ("full", "small-counts"):
        model.save(folder / f"{name}.rmodel", disclosure=name)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_every_risk_and_interval_stays_also_with_gaps(older, tmp_path, name):
    model = older[name]
    model.save(tmp_path / "m.rmodel", disclosure="small-counts")
    told, rows = rm.load_model(tmp_path / "m.rmodel"), rows_with_gaps(model.study)
    for ask in ("predict_proba", "predict_log_odds", "predict_interval"):
        before, after = (getattr(one.classifier, ask)(rows) for one in (model, told))
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-11, err_msg=ask)
    assert told.summary["disclosure"] == "small-counts"
    assert holds_trees(told.classifier) == (name in ("boosted_trees", "random_forest", "prior_and_trees"))


def test_an_updated_model_keeps_its_risks_and_tells_neither_cohort(model, tmp_path):
    updated = model.update(rm.simulate_cohort(203, seed=9), method="intercept_and_slope")
    updated.save(tmp_path / "m.rmodel", disclosure="small-counts")
    told, rows = rm.load_model(tmp_path / "m.rmodel"), rows_with_gaps(model.study)
    before, after = (one.classifier.predict_interval(rows) for one in (updated, told))
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-11)
    for cohort in (told.summary, told.summary["update"], told.summary["parent"]):
        assert cohort["patients"] % 10 == 0
        assert not {"seed", "fingerprint", "fingerprints", "sha256"} & set(cohort)
    assert told.summary["update"]["slope"] == updated.summary["update"]["slope"]


def test_updating_a_file_that_left_tells_the_own_cohort_to_its_owner(files, tmp_path):
    told = rm.load_model(files / "small-counts.rmodel")
    cohort = rm.simulate_cohort(203, seed=9)
    updated = told.update(cohort)
    updated.save(tmp_path / "own.rmodel")
    updated.save(tmp_path / "out.rmodel", disclosure="small-counts")
    own, out = (rm.load_model(tmp_path / f"{name}.rmodel").summary for name in ("own", "out"))
    assert own["update"]["fingerprints"]
    assert "fingerprints" not in out["update"]
    assert own["patients"] == out["patients"] == told.summary["patients"]


def test_the_posterior_of_each_hospital_moves_with_its_population():
    from relapse_model.classifiers import PriorLogisticClassifier

    random = np.random.default_rng(1)
    X = random.normal(5, 2, (300, 3))
    X[random.random(X.shape) < 0.1] = np.nan
    there = random.choice(["a", "b", "c"], 300)
    event = random.random(300) < np.where(there == "a", 0.5, 0.2)
    fitted = PriorLogisticClassifier(strengths=(1.0,), widths=(1.0,)).fit(X, event.astype(float), centre=there)
    told = told_coarsely(fitted)
    assert fitted.centres_ is not None
    for label in ("a", "b", "c"):
        before, after = (one.at_centre(label).predict_interval(X) for one in (fitted, told))
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-11)


def test_what_its_owner_has_is_byte_for_byte_what_it_was(model, files, tmp_path):
    model.save(tmp_path / "m.rmodel")
    assert (tmp_path / "m.rmodel").read_bytes() == (files / "full.rmodel").read_bytes()
    assert b"disclosure" not in parts_of(files / "full.rmodel")["manifest.json"]


def test_no_exact_number_of_the_cohort_is_anywhere_in_the_archive(model, files):
    """Every number of the exact summary that is not a round one is looked for in every part."""
    summary = model.summary
    told = {value for _, value in leaves(summary) if isinstance(value, float)} | {summary["mean_risk"]}
    classifier = json_parts(files / "full.rmodel")["classifier/prior_logistic.json"]
    stays = set(classifier["impute"]) | {0.0, 0.5, 1.0}  # round numbers, which may be medians
    looked_for = {value for value in told - stays if float(f"{value:.2g}") != value}
    assert len(looked_for) > 20
    for part, values in json_parts(files / "small-counts.rmodel").items():
        found = [place for place, value in leaves(values) if isinstance(value, float) and value in looked_for]
        assert not found, (part, found)
    texts = str(json_parts(files / "small-counts.rmodel"))
    assert summary["fingerprint"] not in texts
    assert not [one["text"] for one in summary["warnings"] if one["text"] in texts]


def test_the_summary_keeps_the_rule(model, files):
    found = json_parts(files / "small-counts.rmodel")
    manifest, summary = found["manifest.json"], found["manifest.json"]["summary"]
    assert manifest["disclosure"] == "small-counts"
    counted = [summary[name] for name in EXACT]
    for part in ("assays", "units"):
        counted += [count for counts in summary[part].values() for count in counts.values()]
    counted += [one["missing"] for one in summary["predictors"].values()]
    assert all(count == "<10" or count % 10 == 0 for count in counted)
    assert abs(summary["patients"] - model.summary["patients"]) < 10
    assert round(summary["mean_risk"] / 0.05, 9) % 1 == 0
    for name, exact in model.summary["predictors"].items():
        one = summary["predictors"][name]
        if exact["mean"] is not None and not {exact["p05"], exact["p95"]} <= {0.0, 1.0}:
            sd = (exact["p95"] - exact["p05"]) / 3.29
            for key in ("mean", "p05", "median", "p95"):
                assert abs(one[key] - exact[key]) <= sd / 5
                assert float(f"{one[key]:.3g}") == one[key]
    correlation = np.array(summary["scatter"]["correlation"])
    assert np.linalg.eigvalsh(correlation)[0] > 0.01
    columns = found["coefficients.json"]["columns"]
    assert all(one["centre"] == one["if_missing"] for one in columns)


def test_one_patient_less_changes_nothing_that_a_sum_gives_back(cohort, study, model):
    """The means times the patients, less the same of the other file, gave every value of the one who is missing."""
    names = [one.name for one in study.predictors]
    values = rm.derive_features(cohort, study, landmark_week=0)[names].astype(float).to_numpy()
    spread, right, exact = np.nanstd(values, axis=0), 0, 0
    for out in (3, 40, 77):
        other = rm.train(cohort.take(np.delete(np.arange(132), out)), study, candidates=("prior_logistic",))
        for count, (first, second) in enumerate(
            ((model.summary, other.summary), (coarse_summary(model.summary), coarse_summary(other.summary)))
        ):
            for place, name in enumerate(names):
                a, b = first["predictors"][name]["mean"], second["predictors"][name]["mean"]
                if a is None or b is None or first["predictors"][name]["missing"] not in (0, "<10"):
                    continue
                answers = [size * (a - b) + b for size in range(first["patients"] - 10, first["patients"] + 11)]
                near = min(abs(answer - values[out, place]) for answer in answers) <= 0.01 * spread[place]
                exact, right = exact + (near and count == 0), right + (near and count == 1 and a != b)
    assert exact >= 15  # so the attack works on exact files
    assert right <= 1


def test_rounding_is_up_or_down_by_less_than_a_step_and_right_on_average():
    roundings = [Rounding(bytes([i // 256, i % 256])) for i in range(2000)]
    found = np.array([one.count(132, "patients") for one in roundings])
    assert set(found) == {130, 140}
    assert abs(found.mean() - 132) < 0.4  # three standard errors: 3 * 4 / sqrt(2000)
    ordered = [[one.number(value, 0.2, "age") for value in (1.03, 1.1, 1.31)] for one in roundings[:200]]
    assert all(low <= middle <= high for low, middle, high in ordered)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # 3 of 100: no share from 0 to 100 % can be told, or who knows 97 knows the rest
        ({"missing": "<5", "mean": None, "p05": None, "median": None, "p95": None}, (None, "<10")),
        ({"missing": 0, "mean": 0.5, "p05": 0.0, "median": 0.5, "p95": 1.0}, (0.5, "<10")),
        ({"missing": 20, "mean": 1.0, "p05": 1.0, "median": 1.0, "p95": 1.0}, (None, 20)),
    ],
)
def test_a_yes_or_no_by_hand(values, expected):
    found = coarse_predictor(values, 100, Rounding(b"x"), "male", 100)
    assert (found["mean"], found["missing"]) == expected


def test_a_hidden_level_is_told_as_what_the_others_leave():
    """60 of B, some of C, fewer than 5 of D: C is 100 - 60 - 2, give or take 2, and 30 or 40 where it is told."""
    found = coarse_predictor(
        {"missing": 0, "levels": {"B": 60, "C": "hidden", "D": "<5"}}, 100, Rounding(b"x"), "genotype", 100
    )
    assert found["levels"]["B"] == 60
    assert found["levels"]["C"] in (30, 40)
    assert found["levels"]["D"] == "<10"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda one: one["summary"].update(patients=132), "'disclosure'"),
        (lambda one: one["summary"].update(seed=3), "'disclosure'"),
        (lambda one: one["summary"].update(fingerprint="0a0b0c0d"), "'disclosure'"),
        (lambda one: one["summary"].update(disclosure="full"), "'disclosure'"),
        (lambda one: one.pop("disclosure"), "'disclosure'"),
        (lambda one: one.update(disclosure=["small-counts"]), "'disclosure'"),
        (lambda one: one["summary"].pop("disclosure"), "'lost_before_horizon'|'seed'"),
    ],
)
def test_a_file_that_says_what_it_is_not_is_refused(files, tmp_path, change, named):
    parts = parts_of(files / "small-counts.rmodel")
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    path = tmp_path / "m.rmodel"
    path.write_bytes(pack(parts | {"manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(ModelFileError, match=named):
        rm.load_model(path)


def test_such_a_model_stays_what_it_is(files, tmp_path):
    told = rm.load_model(files / "small-counts.rmodel")
    assert told.released() is told
    told.save(tmp_path / "m.rmodel")
    assert (tmp_path / "m.rmodel").read_bytes() == (files / "small-counts.rmodel").read_bytes()
    assert repr(told).count("about") == 2


def test_another_disclosure_and_an_exact_card_are_refused(model, tmp_path):
    with pytest.raises(RelapseModelError, match="disclosure is 'none'"):
        model.save(tmp_path / "m.rmodel", disclosure="none")
    with pytest.raises(RelapseModelError, match="the card tells exact numbers"):
        model.save(tmp_path / "m.rmodel", card=model_card(model), disclosure="small-counts")
    assert not (tmp_path / "m.rmodel").exists()


def test_the_card_says_at_its_top_that_numbers_are_rounded(model):
    card = model_card(model.released())
    assert card.index("**Rounded numbers of the training patients.**") < card.index("## Intended use")
    assert "Seed: not told." in card
    assert "None" not in card
    assert "Rounded" not in model_card(model)
    chinese = model_card(model.released(), language="zh")
    assert "训练患者的数字已取整。" in chinese


def test_validated_figures_are_rounded_with_the_cohort(model, files, tmp_path):
    auc = Estimate(0.71234, 0.61234, 0.81234, 0.95, "x")
    exact = Performance(
        model.summary["patients"], model.summary["events"], 2, {"auc": auc, "brier": 0.1234}, {"x": "3"}
    )
    told = coarse_performance(exact, model.summary)
    summary = coarse_summary(model.summary)
    assert (told.patients, told.events) == (summary["patients"], summary["events"])
    assert told.measures == {"auc": replace(auc, value=0.71, lower=0.61, upper=0.81), "brier": 0.12}
    assert told.refused == {"x": "not estimable; numbers are not told in this file."}
    model.save(tmp_path / "m.rmodel", performance=exact, disclosure="small-counts")
    assert read_performance(tmp_path / "m.rmodel") == told


def test_what_is_not_told_is_said_and_nothing_is_taken_for_none(files, cohort, new_patients, study):
    told = rm.load_model(files / "small-counts.rmodel")
    assert told.evaluate(cohort).apparent is None  # not recognised, and not called external
    from relapse_model.model.monitoring.monitor import monitor

    watched = monitor(told, cohort=new_patients)
    assert watched.scores.training_risk is None
    assert "rounded numbers of its training (small-counts)" in watched.text()
    assert "trained on about" in watched.text()
    again = rm.train(rm.simulate_cohort(90, seed=12), study, candidates=("prior_logistic",), prior=told)
    assert again.summary["parent"]["disclosure"] == "small-counts"
    assert "sha256" not in again.summary["parent"]
    told.to_calculator(files / "calculator.html")
    assert "\u2248 " in (files / "calculator.html").read_text(encoding="utf-8")


def test_the_verbs_as_typed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rm.simulate_cohort(132, seed=7).write(tmp_path / "cohort")
    typed = "train cohort --candidates prior_logistic --out m.rmodel"
    assert main(typed.split()) == 0
    assert main([*typed.replace("m.r", "out.r").split(), "--disclosure", "small-counts"]) == 0
    assert "do not give away two models of nearly the same patients" in " ".join(capsys.readouterr().out.split())
    assert main(["release", "m.rmodel", "--out", "released.rmodel"]) == 0
    assert "numbers of the training patients are rounded" in " ".join(capsys.readouterr().out.split())
    assert (tmp_path / "released.rmodel").read_bytes() == (tmp_path / "out.rmodel").read_bytes()
    assert "Rounded numbers" in (tmp_path / "released.md").read_text(encoding="utf-8")
    assert "Rounded numbers" not in (tmp_path / "m.md").read_text(encoding="utf-8")
    assert main(["evaluate", "released.rmodel", "cohort"]) == 0
    assert "Not told in this model file" in capsys.readouterr().out
    assert main(["release", "m.rmodel", "--out", "m.rmodel"]) != 0


def test_such_a_file_is_signed_and_verified(files, tmp_path):
    pytest.importorskip("cryptography")
    from relapse_model.model.file.signature import make_keys, sign_model

    make_keys(tmp_path / "k", tmp_path / "k.pub")
    path = tmp_path / "m.rmodel"
    path.write_bytes((files / "small-counts.rmodel").read_bytes())
    sign_model(path, tmp_path / "k")
    assert rm.load_model(path, signed_by=tmp_path / "k.pub").summary["disclosure"] == "small-counts"
