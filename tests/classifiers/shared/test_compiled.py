"""Compiled loops are used where they can be had, and only there."""

from __future__ import annotations

import subprocess
import sys

from relapse_model.classifiers.shared.compiled import can_be_compiled

LOAD = """
def load():
    import relapse_model.classifiers.trees.compiled_boosting
"""


def test_with_numba_and_a_folder_for_its_cache():
    def load():
        import relapse_model.classifiers.trees.compiled_boosting  # noqa: F401

    assert can_be_compiled(load)


def test_where_numba_cannot_keep_what_it_compiled_others_do_the_work():
    code = f"""
import numba.core.caching as caching
caching.CacheImpl._locator_classes = []  # as where neither the package nor a home can be written
from relapse_model.classifiers.shared.compiled import can_be_compiled
{LOAD}
assert not can_be_compiled(load)
import numpy as np
from relapse_model.classifiers import BoostedTreesClassifier
X = np.arange(60.0)[:, None]
assert BoostedTreesClassifier(max_rounds=3, folds=2).fit(X, (X[:, 0] > 30) * 1.0).rounds_ == 3
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
