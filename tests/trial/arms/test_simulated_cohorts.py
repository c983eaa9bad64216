"""What the primary and the standardised analysis promise in trials of the cohort simulator, from visits to endpoint.

1,000 trials of 66 + 66 patients each, drawn from one large cohort: a Monte Carlo standard error of 0.007 at 0.05 and at
0.95. The truth is the difference of the shares that fail in the same patients when nobody is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.cohort.simulation.scenario import TrialScenario
from relapse_model.errors import InsufficientDataError
from relapse_model.features.derive import derive_features
from relapse_model.trial.arms.adjustment import BaselineColumns, standardised
from relapse_model.trial.arms.endpoint import endpoint
from relapse_model.trial.arms.estimation import by_plan
from relapse_model.trial.arms.intercurrent import with_strategies
from relapse_model.trial.arms.randomised import randomised

pytestmark = pytest.mark.slow

TRIALS, PER_ARM = 1000, 66
INFORMATIVE = TrialScenario(loss_control=0.7, loss_anti_hbs=-0.7)  # "informative loss" of trial_scenarios()
STRONGER = TrialScenario(loss_control=1.5, loss_anti_hbs=-1.5)


@dataclass
class Found:
    covered: list[bool]
    rejected: list[bool]
    value: list[float]
    refused: int = 0


def endpoints(study, settings):
    cohort = rm.simulate_cohort(2 * PER_ARM * TRIALS, seed=14, **settings)
    plan = study.trial
    who, problems = randomised(cohort, plan)
    assert problems == []
    bare = endpoint(cohort, study, who, plan.primary.week, plan.primary.window_weeks)
    found, _ = with_strategies(bare, cohort, plan.intercurrent, (plan.arms.treatment, plan.arms.control))
    return cohort, found


@cache
def judged(control, ratio, drop_out, scenario=None):
    """Coverage and rejections of both analyses, the truth, and who was lost."""
    study = rm.load_study("hbsag-relapse")
    settings = {"control_risk": control, "hbig_hazard_ratio": ratio, "scenario": scenario}
    _, nobody_lost = endpoints(study, settings | {"drop_out": 0.0})
    truth = nobody_lost.event[nobody_lost.treated].mean() - nobody_lost.event[~nobody_lost.treated].mean()
    cohort, found = endpoints(study, settings | {"drop_out": drop_out})
    only = replace(study, predictors=tuple(one for one in study.predictors if one.name == "anti_hbs"), terms=())
    titre = derive_features(cohort, only, 0.0)[["anti_hbs"]].to_numpy(dtype=float)[found.place]
    rng = np.random.default_rng(14)
    arms = [
        rng.permutation(np.flatnonzero(who))[: TRIALS * PER_ARM].reshape(TRIALS, -1)
        for who in (found.treated, ~found.treated)
    ]
    kept = {name: Found([], [], []) for name in ("primary", "standardised")}
    told = {"kind": "", "label": "", "status": ""}
    for rows in np.concatenate(arms, axis=1):
        one, columns = found.rows(rows), BaselineColumns(("anti_hbs",), titre[rows], {})
        analyses = {
            "primary": partial(by_plan, one, study.trial, **told),
            "standardised": partial(standardised, one, study.trial, columns, **told),
        }
        for name, make in analyses.items():
            try:
                contrast = make().contrast
            except InsufficientDataError:  # an arm without a failure: there is no standardised risk
                kept[name].refused += 1
                continue
            kept[name].covered.append(contrast.lower <= truth <= contrast.upper)
            kept[name].rejected.append(contrast.p_value <= 0.05)
            kept[name].value.append(contrast.value)
    lost = [float(found.lost[who].mean()) for who in (found.treated, ~found.treated)]
    print(f"\ncontrol {control}, hazard ratio {ratio}, lost {lost[0]:.3f} and {lost[1]:.3f}, truth {truth:.4f}")  # noqa: T201
    for name, one in kept.items():
        print(f"  {name:13} covered {np.mean(one.covered):.3f}, rejected {np.mean(one.rejected):.3f}, "  # noqa: T201
              f"bias {np.mean(one.value) - truth:+.4f}, refused {one.refused}")  # fmt: skip
    return kept, truth, lost


@pytest.mark.parametrize("control", [0.05, 0.11, 0.20])
def test_type_i_error_with_one_in_ten_lost(control):
    kept, truth, _ = judged(control, 1.0, 0.10)
    assert abs(truth) < 0.005
    for one in kept.values():
        assert np.mean(one.rejected) <= 0.05 + 2 * 0.007


@pytest.mark.parametrize("control", [0.05, 0.11, 0.20])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_coverage_with_one_in_ten_lost(control, ratio):
    kept, _, _ = judged(control, ratio, 0.10)
    for one in kept.values():
        # With a handful of failures the possible tables are few, and no interval can be near 0.95: it may be above.
        assert 0.93 <= np.mean(one.covered) <= (0.975 if control == 0.20 else 1.0)
    assert kept["primary"].refused == 0


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("scenario", [INFORMATIVE, STRONGER], ids=["informative", "stronger"])
def test_loss_that_depends_on_arm_and_titre(ratio, scenario):
    """Controls, and patients with little antibody, who relapse more, are lost more.

    Kaplan-Meier, which knows nothing of the titre, is off by 0.5 to 2 points; the standardised analysis weighs by it.
    """
    kept, _, lost = judged(0.20, ratio, 0.20, scenario)
    assert lost[1] > 1.3 * lost[0]
    assert np.mean(kept["primary"].covered) >= 0.93
    assert np.mean(kept["standardised"].covered) >= 0.93
    if ratio == 1.0:
        assert np.mean(kept["primary"].rejected) <= 0.05 + 3 * 0.007
