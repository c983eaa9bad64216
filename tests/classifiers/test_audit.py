"""The audit of parts: sound ones pass, and what each kind of part may not hold is refused before anything is built.

Hostile skops parts and boosters are in tests/test_model_file_attacks.py, through the whole file.
"""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.classifiers import (
    AveragedClassifier,
    BoostedTreesClassifier,
    ElasticNetLogisticClassifier,
    ForestClassifier,
    PriorLogisticClassifier,
    RecalibratedClassifier,
    RidgeLogisticClassifier,
)
from relapse_model.classifiers.audit import audit_parts
from relapse_model.errors import ModelFileError

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(120, 2))
Y = (RANDOM.random(120) < 1 / (1 + np.exp(1 - X[:, 0]))).astype(float)
PRIOR = PriorLogisticClassifier(strengths=(1.0,), widths=(1.0,))
TREES = BoostedTreesClassifier(depths=(1,), l2=(1.0,), max_rounds=8, interval_resamples=2)
CLASSIFIERS = {
    "prior": PRIOR,
    "ridge": RidgeLogisticClassifier(),
    "elastic net": ElasticNetLogisticClassifier(),
    "forest": ForestClassifier(trees=20, leaf_sizes=(10,), feature_shares=(1.0,)),
    "trees": TREES,
    "trees inside": AveragedClassifier(members=(PRIOR, TREES)),
    "ridge inside": RecalibratedClassifier(RidgeLogisticClassifier()),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_parts_of_every_classifier_pass(name):
    audit_parts(CLASSIFIERS[name].fit(X, Y).to_parts())


@pytest.mark.parametrize("name", ["x.pkl", "x.joblib", "x.py", "x", "x.json.pkl", "json", ".json"])
def test_a_part_of_another_kind_is_refused(name):
    with pytest.raises(ModelFileError, match="no classifier of this library has such a part"):
        audit_parts({name: b"{}"})


def test_a_booster_is_judged_by_the_settings_beside_it():
    parts = AveragedClassifier(members=(PRIOR, TREES)).fit(X, Y).to_parts()
    audit_parts(parts)
    settings = "member_1/boosted_trees.json"
    for content, message in (
        (b"[]", "not an object"),
        (b"{}", "'n_features'"),
        (parts[settings].replace(b'"n_features":2', b'"n_features":3'), "3 columns"),
    ):
        with pytest.raises(ModelFileError, match=message):
            audit_parts(parts | {settings: content})
    with pytest.raises(ModelFileError, match=r"a booster without member_1/boosted_trees\.json"):
        audit_parts({name: data for name, data in parts.items() if name != settings})
