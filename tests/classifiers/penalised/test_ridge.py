"""The ridge comparator against scikit-learn's grid search, the batched solver and hostile files."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
import skops.io
from scipy.special import expit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from relapse_model.classifiers import RidgeLogisticClassifier
from relapse_model.classifiers.penalised.skops_types import ALLOWED, TYPES_IN_FILE, types_named
from relapse_model.classifiers.shared.folds import tuning_folds
from relapse_model.classifiers.shared.newton import penalised_logistic
from relapse_model.errors import InsufficientDataError, ModelFileError, RelapseModelError
from relapse_model.model.explanation import shapley


def cohort(rows=132, seed=0, effect=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4)) * [1.0, 10.0, 0.1, 1.0]
    y = (rng.random(rows) < expit(-1.6 + effect * X[:, 0])).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def pipeline(**settings):
    return Pipeline(
        [
            ("imputer", SimpleImputer(strategy="median")),
            ("scaler", StandardScaler()),
            ("logistic", LogisticRegression(solver="newton-cholesky", tol=1e-8, **settings)),
        ]
    )


@pytest.mark.parametrize("effect", [0.0, 1.0, 3.0])
def test_the_choice_is_that_of_a_grid_search(effect):
    X, y = cohort(effect=effect)
    penalties = [0.3, 3.0, 30.0, 300.0, 3000.0]
    model = RidgeLogisticClassifier(penalties).fit(X, y)
    folds = tuning_folds(y.astype(float), 5, 0)
    search = GridSearchCV(
        pipeline(),
        {"logistic__C": [1 / p for p in penalties]},
        scoring="neg_log_loss",
        cv=PredefinedSplit(folds),
    ).fit(X, y)
    sizes = np.bincount(folds)
    by_fold = [search.cv_results_[f"split{fold}_test_score"] for fold in range(5)]
    assert model.cv_log_loss_ == pytest.approx(-np.average(by_fold, axis=0, weights=sizes), rel=1e-6)
    assert model.penalty_ == penalties[model.cv_log_loss_.argmin()]
    chosen = pipeline(C=1 / model.penalty_).fit(X, y)
    assert model.predict_proba(X) == pytest.approx(chosen.predict_proba(X), abs=1e-9)


def test_covariance_is_that_of_the_batched_solver():
    X, y = cohort()
    model = RidgeLogisticClassifier([7.0]).fit(X, y)
    Z = model.pipeline_[:-1].transform(X)
    fits = penalised_logistic(Z, y, np.ones(132), np.zeros((1, 4)), np.full((1, 4), 7.0))
    assert model.covariance_ == pytest.approx(fits.covariance[0], rel=1e-5, abs=1e-9)
    assert model.pipeline_[-1].coef_ == pytest.approx(fits.coef, abs=1e-6)


def test_interval_at_the_centre_by_hand():
    # one column of -1 and 1, 3 events in 10 on each side: log-odds log(3/7); at 0 only the intercept varies
    X, y = np.repeat([-1.0, 1.0], 10)[:, None], np.tile(np.arange(10) < 3, 2)
    model = RidgeLogisticClassifier([1.0]).fit(X, y)
    reach = 1.6448536269514722 / np.sqrt(20 * 0.3 * 0.7)  # 95th percentile of the normal distribution
    expected = expit(np.log(3 / 7) + np.array([-reach, reach]))
    assert model.predict_interval([[0.0]])[0] == pytest.approx(expected, abs=1e-6)


def test_noise_is_shrunk_and_signal_is_not():
    noise = [RidgeLogisticClassifier(seed=seed).fit(*cohort(seed=seed, effect=0.0)).penalty_ for seed in range(7)]
    signal = [RidgeLogisticClassifier(seed=seed).fit(*cohort(seed=seed, effect=3.0)).penalty_ for seed in range(7)]
    assert np.median(noise) > 20 * np.median(signal)


def test_weights_count_in_the_choice_and_in_the_fit():
    X, y = cohort()
    weight = np.where(np.arange(132) % 2, 3.0, 1.0)
    model = RidgeLogisticClassifier([5.0]).fit(X, y, weight)
    expected = pipeline(C=1 / 5.0).fit(X, y, scaler__sample_weight=weight, logistic__sample_weight=weight)
    assert model.predict_proba(X) == pytest.approx(expected.predict_proba(X), abs=1e-9)


def test_a_column_known_in_one_fold_only():
    X, y = cohort()
    X[:, 2] = np.nan
    X[:3, 2] = [0.1, 0.2, 0.3]
    assert np.isfinite(RidgeLogisticClassifier().fit(X, y).predict_log_odds(X)).all()


@pytest.mark.parametrize("penalties", [[], [0.0], [-1.0, 1.0], [np.inf], [[1.0]]])
def test_penalties_that_cannot_be_used_are_named(penalties):
    with pytest.raises(RelapseModelError, match="penalties"):
        RidgeLogisticClassifier(penalties).fit(*cohort())


def test_an_empty_column_is_left_out():
    X, y = cohort()
    without = RidgeLogisticClassifier().fit(np.delete(X, 1, axis=1), y)
    X[:, 1] = np.nan
    model = RidgeLogisticClassifier().fit(X, y)
    new = np.array([[0.5, 5000.0, *X[0, 2:]], [0.5, np.nan, *X[0, 2:]]])  # nobody knows what 5000 means
    expected = np.delete(new, 1, axis=1)
    np.testing.assert_allclose(model.predict_proba(new), without.predict_proba(expected), rtol=1e-6)
    np.testing.assert_allclose(model.predict_interval(new), without.predict_interval(expected), rtol=1e-6)
    assert model.pipeline_.named_steps["logistic"].coef_[0, 1] == 0.0
    again = RidgeLogisticClassifier.from_parts(model.to_parts())
    assert np.array_equal(again.predict_interval(new), model.predict_interval(new))


def test_a_single_event_is_refused():
    X, _ = cohort()
    with pytest.raises(InsufficientDataError, match="rarer class has 1 row"):
        RidgeLogisticClassifier().fit(X, np.arange(132) == 5)


@pytest.mark.parametrize("columns", [4, 11])
def test_linear_contributions_are_those_of_every_subset(monkeypatch, columns):
    monkeypatch.setattr(shapley, "EXACT_UP_TO", columns)  # beyond 10 it would only sample orders
    X, y = cohort()
    X = np.column_stack([X, np.random.default_rng(1).normal(size=(132, 7))])[:, :columns]
    model = RidgeLogisticClassifier([7.0]).fit(X, y)
    reference = np.append(np.nanmean(X[:, :-1], axis=0), np.nan)
    rows = X[:10]
    assert np.isnan(rows).any()
    found = model.linear_contributions(rows, reference)
    expected = shapley.shapley_values(model.predict_log_odds, rows, reference)
    np.testing.assert_allclose(found[:, :-1], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), model.predict_log_odds(rows), rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[:, -1], model.predict_log_odds(reference[None, :])[0], rtol=0, atol=1e-12)


def test_linear_contributions_far_from_zero_lose_no_digits():
    X, y = cohort()
    near, far = (RidgeLogisticClassifier([7.0]).fit(X + shift, y) for shift in (0.0, 2.0**20))
    expected = near.linear_contributions(X, np.zeros(4))
    np.testing.assert_allclose(far.linear_contributions(X + 2.0**20, np.full(4, 2.0**20)), expected, atol=1e-6)


@pytest.mark.parametrize("reference", [np.zeros(3), 0.0, np.zeros((1, 4)), [np.inf, 0, 0, 0]])
def test_a_reference_that_fits_no_row_is_refused(reference):
    model = RidgeLogisticClassifier([7.0]).fit(*cohort())
    with pytest.raises(RelapseModelError, match=r"reference has shape.*for each of 4 columns"):
        model.linear_contributions(cohort()[0], reference)


# The model file


@pytest.fixture(scope="module")
def parts():
    return RidgeLogisticClassifier(seed=3).fit(*cohort()).to_parts()


def with_pipeline(parts, data):
    return {**parts, "pipeline.skops": data}


def test_state_reads_back(parts):
    X, y = cohort()
    model, again = RidgeLogisticClassifier(seed=3).fit(X, y), RidgeLogisticClassifier.from_parts(parts)
    assert again.get_params() == model.get_params()
    assert again.penalty_ == model.penalty_
    assert np.array_equal(again.cv_log_loss_, model.cv_log_loss_)
    assert np.array_equal(again.covariance_, model.covariance_)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))


def test_the_lists_name_exactly_what_our_pipeline_needs(parts):
    data = parts["pipeline.skops"]
    assert tuple(skops.io.get_untrusted_types(data=data)) == ALLOWED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert types_named(json.loads(archive.read("schema.json"))) == TYPES_IN_FILE


class Tripwire:
    built = False

    def __setstate__(self, state):
        Tripwire.built = True


@pytest.mark.parametrize(
    ("intruder", "name"),
    [
        (Tripwire(), "Tripwire"),
        (DecisionTreeClassifier(), "DecisionTreeClassifier"),  # skops trusts it; we do not write it
        (FunctionTransformer(np.log), "FunctionTransformer"),
    ],
)
def test_a_foreign_type_is_refused_before_it_is_built(parts, intruder, name):
    pipeline = skops.io.loads(parts["pipeline.skops"], trusted=list(ALLOWED))
    pipeline.steps[1] = ("scaler", intruder)
    with pytest.raises(ModelFileError, match=f"{name}.*nothing was built"):
        RidgeLogisticClassifier.from_parts(with_pipeline(parts, skops.io.dumps(pipeline)))
    assert not Tripwire.built


def test_a_foreign_loader_is_refused(parts):
    source = zipfile.ZipFile(io.BytesIO(parts["pipeline.skops"]))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for entry in source.namelist():
            data = source.read(entry)
            archive.writestr(entry, data.replace(b'"TupleNode"', b'"MethodNode"') if entry == "schema.json" else data)
    with pytest.raises(ModelFileError, match="loader MethodNode"):
        RidgeLogisticClassifier.from_parts(with_pipeline(parts, target.getvalue()))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip file"])
def test_what_is_no_skops_file_is_refused(parts, data):
    with pytest.raises(ModelFileError, match="not a skops file"):
        RidgeLogisticClassifier.from_parts(with_pipeline(parts, data))


def test_a_zip_bomb_is_refused(parts):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (65 * 2**20))
    with pytest.raises(ModelFileError, match="bytes unpacked"):
        RidgeLogisticClassifier.from_parts(with_pipeline(parts, bomb.getvalue()))


def change_coefficient(pipeline):
    pipeline[-1].coef_[0, 0] = np.nan


def change_scale(pipeline):
    pipeline[1].scale_ = np.ones(3)


def change_type(pipeline):
    pipeline[-1].intercept_ = np.zeros(1, dtype=np.float32)


def remove_step(pipeline):
    del pipeline.steps[1]


def rename_step(pipeline):
    pipeline.steps[0] = ("median", pipeline.steps[0][1])


def remove_attribute(pipeline):
    del pipeline[0].statistics_


@pytest.mark.parametrize(
    "change", [change_coefficient, change_scale, change_type, remove_step, rename_step, remove_attribute]
)
def test_a_changed_pipeline_is_refused(parts, change):
    pipeline = skops.io.loads(parts["pipeline.skops"], trusted=list(ALLOWED))
    change(pipeline)
    with pytest.raises(ModelFileError, match=r"pipeline\.skops"):
        RidgeLogisticClassifier.from_parts(with_pipeline(parts, skops.io.dumps(pipeline)))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"penalty": -1.0}, "'penalty'"),
        ({"covariance": [[1.0]]}, "'covariance'"),
        ({"n_features": 3}, "'covariance'"),
        ({"cv_log_loss": [0.1]}, "'cv_log_loss'"),
        ({"settings": {"folds": 1, "seed": 0, "penalties": [1.0]}}, "'folds'"),
        ({"settings": None}, "'settings'"),
        ({"classes": [0]}, "'classes'"),
    ],
)
def test_a_changed_document_is_refused(parts, change, name):
    document = {**json.loads(parts["ridge.json"]), **change}
    with pytest.raises(ModelFileError, match=name):
        RidgeLogisticClassifier.from_parts({**parts, "ridge.json": json.dumps(document).encode()})
