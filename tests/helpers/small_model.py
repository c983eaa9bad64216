"""A small model of two predictors and one component, whose file is short enough to be changed byte by byte."""

from __future__ import annotations

import json
from dataclasses import replace

import relapse_model as rm
from relapse_model.classifiers import PriorLogisticClassifier
from relapse_model.features.design import design
from relapse_model.features.development_data_at_landmarks import landmarks_and_data
from relapse_model.model.file.archive import pack, unpack
from relapse_model.model.file.manifest import digest
from relapse_model.study.reader import parse_study

STUDY = """[study]
protocol = 1
name = "small"
title = "HBsAg relapse by two predictors"

[analytes.hbsag]
unit = "IU/mL"
label = "HBsAg"
scale = "log10"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
label = "Anti-HBs"
scale = "log10"
lower_limit = 10.0

[outcome]
name = "HBsAg relapse"
analyte = "hbsag"
at_least = 0.05
confirm = { tests = 2, within_weeks = 12, unconfirmed_at_end = "relapse" }

[prediction]
landmark_weeks = [0]
horizon_weeks = 48

[[predictors]]
name = "anti_hbs"
label = "Anti-HBs"
kind = "last"
analyte = "anti_hbs"
direction = "down"
prior = { log_odds = -0.9, sd = 0.4, per = "log10", source = "a made-up prior, for this test" }

[[predictors]]
name = "age"
label = "Age"
kind = "column"
column = "age_years"
unit = "years"
"""
PART = "classifier/prior_logistic.json"


def small_study():
    return parse_study(STUDY, "small")


def small_model(name="prior_logistic"):
    """Train on the simulated cohort; the prior-informed one has a single component, for a short file."""
    study, cohort = small_study(), rm.simulate_cohort(132, seed=7)
    model = rm.train(cohort, study, candidates=(name,))
    if name != "prior_logistic":
        return model
    _, data = landmarks_and_data(cohort, study, None, (name,), group_by=None, censoring="ipcw")
    relapse, weight = data.training_rows()
    used, columns = weight > 0, design(study)
    single = PriorLogisticClassifier(
        columns.prior_mean, columns.prior_sd, columns.prior_per_sd, strengths=(1.0,), widths=(1.0,)
    )
    fitted = single.fit(data.matrix[used], relapse[used], sample_weight=weight[used])
    return replace(model, classifier=fitted)


def parts_of(path):
    """Return the parts of a file and its manifest."""
    parts = unpack(path.read_bytes(), path.name)
    return parts, json.loads(parts["manifest.json"])


def forged(parts, manifest=None, **changes):
    """Return an archive of these parts whose manifest lists them as they are: a forger can write checksums too."""
    stated = json.loads(parts["manifest.json"]) if manifest is None else dict(manifest)
    rest = {name: data for name, data in parts.items() if name not in ("manifest.json", "signature.json")}
    stated |= {"parts": {name: digest(data) for name, data in rest.items()}} | changes
    return pack({"manifest.json": json.dumps(stated).encode(), **rest})
