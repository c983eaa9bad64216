"""What the primary and the standardised analysis promise in trials of the cohort simulator, from visits to endpoint.

1,000 trials of 66 + 66 patients each, drawn from 20 large cohorts: a Monte Carlo standard error of 0.007 at 0.05 and at
0.95. The truth is the difference of the shares that fail in the same patients when nobody is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
AT_ONCE = 50  # trials of one cohort: the tables of 1,000 would hold 8 million results, 3.5 GB while they are made
INFORMATIVE = TrialScenario(loss_control=0.7, loss_anti_hbs=-0.7)  # "informative loss" of trial_scenarios()
STRONGER = TrialScenario(loss_control=1.5, loss_anti_hbs=-1.5)


@dataclass
class Found:
    """Of each trial that could be analysed."""

    value: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    p_value: list[float] = field(default_factory=list)
    refused: int = 0

    def covered(self, truth):
        return float(np.mean((np.array(self.lower) <= truth) & (truth <= np.array(self.upper))))

    def rejected(self):
        return float(np.mean(np.array(self.p_value) <= 0.05))

    def add(self, make):
        try:
            contrast = make().contrast
        except InsufficientDataError:  # an arm without a failure: there is no standardised risk
            self.refused += 1
            return
        for name in ("value", "lower", "upper", "p_value"):
            getattr(self, name).append(getattr(contrast, name))


def endpoints(study, settings, seed):
    """The endpoint of each patient of one cohort, and the titre."""
    cohort = rm.simulate_cohort(2 * PER_ARM * AT_ONCE, seed=seed, **settings)
    plan = study.trial
    who, problems = randomised(cohort, plan)
    assert problems == []
    bare = endpoint(cohort, study, who, plan.primary.week, plan.primary.window_weeks)
    found, _ = with_strategies(bare, cohort, plan.intercurrent, (plan.arms.treatment, plan.arms.control))
    only = replace(study, predictors=tuple(one for one in study.predictors if one.name == "anti_hbs"), terms=())
    return found, derive_features(cohort, only, 0.0)[["anti_hbs"]].to_numpy(dtype=float)[found.place]


def analysed(kept, study, found, titre, rng):
    """Both analyses of the trials into which a cohort is divided."""
    arms = [rng.permutation(np.flatnonzero(who)).reshape(AT_ONCE, -1) for who in (found.treated, ~found.treated)]
    told = {"kind": "", "label": "", "status": ""}
    for rows in np.concatenate(arms, axis=1):
        one, columns = found.rows(rows), BaselineColumns(("anti_hbs",), titre[rows], {})
        kept["primary"].add(partial(by_plan, one, study.trial, **told))
        kept["standardised"].add(partial(standardised, one, study.trial, columns, **told))


@cache
def judged(control, ratio, drop_out, scenario=None):
    """Both analyses, the truth, and who was lost."""
    study = rm.load_study("hbsag-relapse")
    settings = {"control_risk": control, "hbig_hazard_ratio": ratio, "scenario": scenario}
    kept, rng = {name: Found() for name in ("primary", "standardised")}, np.random.default_rng(14)
    truths, losses = [], []
    for seed in range(TRIALS // AT_ONCE):
        whole, _ = endpoints(study, settings | {"drop_out": 0.0}, seed)
        truths.append(whole.event[whole.treated].mean() - whole.event[~whole.treated].mean())
        found, titre = endpoints(study, settings | {"drop_out": drop_out}, seed)
        losses.append([found.lost[who].mean() for who in (found.treated, ~found.treated)])
        analysed(kept, study, found, titre, rng)
    truth, lost = float(np.mean(truths)), np.mean(losses, axis=0).tolist()  # arms of the same size in every cohort
    print(f"\ncontrol {control}, hazard ratio {ratio}, lost {lost[0]:.3f} and {lost[1]:.3f}, truth {truth:.4f}")  # noqa: T201
    for name, one in kept.items():
        print(f"  {name:13} covered {one.covered(truth):.3f}, rejected {one.rejected():.3f}, "  # noqa: T201
              f"bias {np.mean(one.value) - truth:+.4f}, refused {one.refused}")  # fmt: skip
    return kept, truth, lost


@pytest.mark.parametrize("control", [0.05, 0.11, 0.20])
def test_type_i_error_with_one_in_ten_lost(control):
    kept, truth, _ = judged(control, 1.0, 0.10)
    assert abs(truth) < 0.005
    for one in kept.values():
        assert one.rejected() <= 0.05 + 2 * 0.007


@pytest.mark.parametrize("control", [0.05, 0.11, 0.20])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_coverage_with_one_in_ten_lost(control, ratio):
    kept, truth, _ = judged(control, ratio, 0.10)
    for one in kept.values():
        # With a handful of failures the possible tables are few, and no interval can be near 0.95: it may be above.
        assert 0.93 <= one.covered(truth) <= (0.975 if control == 0.20 else 1.0)
    assert kept["primary"].refused == 0


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("scenario", [INFORMATIVE, STRONGER], ids=["informative", "stronger"])
def test_loss_that_depends_on_arm_and_titre(ratio, scenario):
    """Controls, and patients with little antibody, who relapse more, are lost more.

    Kaplan-Meier, which knows nothing of the titre, is off by 0.5 to 2 points; the standardised analysis weighs by it.
    """
    kept, truth, lost = judged(0.20, ratio, 0.20, scenario)
    assert lost[1] > 1.3 * lost[0]
    assert kept["primary"].covered(truth) >= 0.93
    assert kept["standardised"].covered(truth) >= 0.93
    if ratio == 1.0:
        assert kept["primary"].rejected() <= 0.05 + 3 * 0.007
