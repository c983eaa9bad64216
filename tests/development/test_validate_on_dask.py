"""The resamples of `validate` on a Dask cluster: the same figures."""

from __future__ import annotations

import numpy as np
import pytest
from joblib import parallel_config

import relapse_model as rm

SMALL = {"outer_repeats": 1, "bootstraps": 10, "seed": 1, "leave_out": None, "candidates": ("ridge_logistic",)}


def done_by_the_cluster(dask_scheduler):
    return sum(one.start == "processing" and one.finish == "memory" for one in dask_scheduler.transition_log)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of distributed's own
def test_figures_are_the_same():
    distributed = pytest.importorskip("distributed", reason="the package distributed is not installed")
    cohort, study = rm.simulate_cohort(60, seed=3), rm.load_study("hbsag-relapse")
    here = rm.validate(cohort, study, jobs=1, **SMALL)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        cluster.get_client() as client,
        parallel_config(backend="dask", n_jobs=-1),
    ):
        there = rm.validate(cohort, study, **SMALL)
        assert client.run_on_scheduler(done_by_the_cluster) > 0
    np.testing.assert_equal(there.to_dict(), here.to_dict())
