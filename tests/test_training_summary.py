"""What a model file tells of the patients it was trained on: nobody can be picked out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from relapse_model.explanation import reference_codes
from relapse_model.predictor_drift import predictor_drift
from relapse_model.training_summary import predictor_summary


@pytest.fixture
def genotype(study):
    return replace(study.predictors[0], name="genotype", levels=("B", "C", "D"), scale="linear", saturating=None)


def told(genotype, **counts):
    missing = counts.pop("missing", 0)
    values = [level for level, count in counts.items() for _ in range(count)] + [np.nan] * missing
    found = predictor_summary(pd.Series(values, dtype=object), genotype)
    return found["levels"], found["missing"]


@pytest.mark.parametrize(
    ("counts", "levels", "missing"),
    [
        ({"B": 20, "C": 30, "D": 6}, {"B": 20, "C": 30, "D": 6}, 0),
        # 3 could be worked out from 53 patients, 20 and 30: the next smallest is hidden too.
        ({"B": 20, "C": 30, "D": 3}, {"B": "hidden", "C": 30, "D": "<5"}, 0),
        ({"B": 20, "C": 30, "D": 0, "missing": 2}, {"B": "hidden", "C": 30, "D": 0}, "<5"),
        # Of two small numbers only the sum could be worked out.
        ({"B": 1, "C": 30, "D": 3}, {"B": "<5", "C": 30, "D": "<5"}, 0),
        ({"B": 20, "C": 30, "D": 3, "missing": 4}, {"B": 20, "C": 30, "D": "<5"}, "<5"),
        # That nobody has a level points at nobody, and scoring warns of who has it.
        ({"B": 20, "C": 30, "D": 0}, {"B": 20, "C": 30, "D": 0}, 0),
    ],
)
def test_a_small_count_cannot_be_worked_out_from_the_others(genotype, counts, levels, missing):
    assert told(genotype, **counts) == (levels, missing)


def test_the_commonest_level_is_found_also_where_its_number_is_hidden(study, genotype):
    def commonest(levels):
        model = SimpleNamespace(
            study=replace(study, predictors=(genotype,)), summary={"predictors": {"genotype": {"levels": levels}}}
        )
        return genotype.levels[int(reference_codes(model)[0])]

    assert commonest({"B": "<5", "C": "hidden", "D": 0}) == "C"
    assert commonest({"B": "hidden", "C": "<5", "D": 30}) == "D"


def test_a_level_of_a_hidden_number_drifts_where_its_share_is_another(study, genotype):
    # Of 60 in training 20 (hidden), 37 and 3 had these levels; of 60 new patients half or all have the hidden one.
    summary = {"levels": {"B": "hidden", "C": 37, "D": "<5"}, "missing": 0}
    same = pd.Series(["B"] * 21 + ["C"] * 36 + ["D"] * 3, dtype=object)
    other = pd.Series(["B"] * 50 + ["C"] * 10, dtype=object)
    p_values = []
    for values in (same, other):
        features = pd.DataFrame({"genotype": values})
        one = replace(study, predictors=(genotype,))
        found = predictor_drift(features, one, {"predictors": {"genotype": summary}, "patients": 60})
        p_values.append(next(share.p_value for share in found[0].shares if share.what == "B"))
    assert p_values[0] > 0.5
    assert p_values[1] < 0.001
