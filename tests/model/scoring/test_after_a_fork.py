"""A process that was forked after trees have scored can score: no thread of theirs is waited for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_SCRIPT = """
import os, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from relapse_model.classifiers import {name}
random = np.random.default_rng(0)
X = random.normal(size=(132, 4))
fitted = {name}().fit(X, (X[:, 0] > 0.8).astype(float))
before = fitted.predict_proba(X)
child = os.fork()
if child == 0:
    same = np.array_equal(fitted.predict_proba(X), before)
    fitted.fit(X, (X[:, 0] > 0.8).astype(float))
    os._exit(0 if same else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("name", ["BoostedTreesClassifier", "ForestClassifier"])
def test_a_forked_child_scores_and_trains_as_its_parent(name):
    own = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", _SCRIPT.format(name=name)], env=own, timeout=120, check=False)
    assert done.returncode == 0
