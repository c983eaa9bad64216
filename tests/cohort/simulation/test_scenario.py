"""What happens beside the plan of a simulated trial, and what a scenario leaves alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.simulation import TrialScenario, simulate_tables, trial_scenarios
from relapse_model.cohort.simulation.baseline import draw_baseline
from relapse_model.cohort.simulation.intercurrent import ANTIVIRAL_HAZARD_RATIO, Intercurrent, relapse_after
from relapse_model.cohort.simulation.settings import SimulationSettings
from relapse_model.errors import RelapseModelError

N = 6000
# SHA-256 of the cohort folders: as before there were scenarios, but for the cut-off and the result at enrolment of
# HBeAg, and the columns of exclusion criteria.
BEFORE = {
    (132, 7): ({}, "88327be1b43846b99d89f9ffea33058f18628e304da7f2c675ef2e0376e1eb38"),
    (300, 3): (
        {"hbig_hazard_ratio": 0.4, "centres": 5, "non_linear": True},
        "94ed32804b4c81002d33506bb204258c79bb79203d7a39c38cbb3485f86bc638",
    ),
    (50, 1): (
        {"drop_out": 0.2, "follow_up_weeks": 96},
        "e7800af8d906199dd8ab45746e622843b0d5bca8f5cdb75eea0dd42a9aa5eb32",
    ),
}


def digest(folder):
    found = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        found.update(file.name.encode() + file.read_bytes())
    return found.hexdigest()


@pytest.mark.parametrize("size_and_seed", BEFORE)
def test_cohorts_without_a_scenario_are_the_same_to_the_byte(tmp_path, size_and_seed):
    settings, expected = BEFORE[size_and_seed]
    rm.simulate_cohort(size_and_seed[0], seed=size_and_seed[1], **settings).write(tmp_path)
    assert digest(tmp_path) == expected


def test_a_scenario_of_defaults_only_tells_more_of_the_truth():
    plain, stated = simulate_tables(132, 7), simulate_tables(132, 7, scenario=TrialScenario())
    for name in ("patients", "labs", "treatments"):
        pd.testing.assert_frame_equal(plain[name], stated[name])
    assert list(stated["truth"]) == ["patient_id", "true_risk", "risk_control", "risk_treated", "relapse_week"]
    own = np.where(
        stated["patients"]["arm"] == "hbig", stated["truth"]["risk_treated"], stated["truth"]["risk_control"]
    )
    assert own == pytest.approx(stated["truth"]["true_risk"].to_numpy(), abs=1e-15)
    assert (stated["truth"]["true_risk"] == plain["truth"]["true_risk"]).all()


def test_one_part_leaves_the_others_alone():
    alone = simulate_tables(200, 3, scenario=TrialScenario(biomarkers={"hbv_rna": 0.5}))
    more = simulate_tables(200, 3, scenario=TrialScenario(biomarkers={"hbv_rna": 0.5, "vaccination": 0.0}))
    pd.testing.assert_frame_equal(alone["labs"], more["labs"])
    pd.testing.assert_frame_equal(alone["truth"], more["truth"].drop(columns="z_vaccination"))
    given = more["treatments"]["agent"] == "hbv_vaccine"
    pd.testing.assert_frame_equal(alone["treatments"], more["treatments"][~given].reset_index(drop=True))
    assert given.sum() == pytest.approx(60, abs=26)  # 30 % of 200, four standard errors
    assert (more["treatments"].loc[given, "start_week"] < 0).all()


def two_patients():
    from dataclasses import replace

    base = draw_baseline(2, 1, np.random.default_rng(0))
    return replace(base, weeks_since_pegifn=np.array([5.0, 5.0]))


def test_relapse_after_an_event_by_hand():
    # A constant hazard (shape 1): what is left of 30 weeks at week 10 takes twice as long at half the hazard.
    settings = SimulationSettings(weibull_shape=1.0, hbig_hazard_ratio=0.5)
    never = np.full(2, np.inf)
    agents = np.array(["entecavir"] * 2, dtype=object)
    events = Intercurrent(np.array([2, 2]), np.array([10.0, 40.0]), never, agents)
    after = relapse_after(np.array([30.0, 30.0]), events, two_patients(), settings)
    assert after == pytest.approx([50.0, 30.0])  # the second event came after the relapse


def test_two_events_whichever_comes_first():
    # Base hazard to week 10, half of it to week 20, 0.3 of that: 20 left, 10 weeks use 5, 15 / 0.15 = 100 more.
    settings = SimulationSettings(weibull_shape=1.0, hbig_hazard_ratio=0.5)
    agents = np.array(["entecavir"] * 2, dtype=object)
    events = Intercurrent(np.array([2, 2]), np.array([10.0, 20.0]), np.array([20.0, 10.0]), agents)
    after = relapse_after(np.array([30.0, 30.0]), events, two_patients(), settings)
    both = 0.5 * ANTIVIRAL_HAZARD_RATIO
    hbig_first, antiviral_first = (20 + (20 - 10 * ratio) / both for ratio in (0.5, ANTIVIRAL_HAZARD_RATIO))
    assert after == pytest.approx([hbig_first, antiviral_first])


def test_controls_given_hbig_and_analogues_started_again():
    scenario = TrialScenario(control_hbig=0.2, antivirals=0.1)
    cohort = rm.simulate_cohort(N, seed=5, scenario=scenario)
    arm = cohort.patients["arm"].to_numpy()
    doses = cohort.treatments[cohort.treatments["agent"] == "hbig"]
    controls = doses[arm[doses["patient"]] == "control"]
    share = controls["patient"].nunique() / (arm == "control").sum()
    assert 0.16 < share < 0.2  # of 20 % some relapse, or are lost, before
    first = controls.groupby("patient")["start_week"].min()
    assert first.between(3, 26).all()
    again = cohort.treatments[
        cohort.treatments["agent"].isin(["entecavir", "tenofovir"]) & (cohort.treatments["start_week"] > 0)
    ]
    assert 0.06 < len(again) / N < 0.1
    assert (again["end_week"] >= again["start_week"]).all()
    plain = rm.simulate_cohort(N, seed=5, scenario=TrialScenario()).truth["relapse_week"]
    changed = cohort.truth["relapse_week"] > plain + 1e-9
    assert (cohort.truth["relapse_week"] >= plain - 1e-9).all()
    assert not changed[(arm == "hbig") & ~np.isin(np.arange(N), again["patient"])][plain < 8].any()


def test_loss_by_arm_and_titre():
    study = rm.load_study("hbsag-relapse")
    cohort = rm.simulate_cohort(N, seed=5, scenario=TrialScenario(loss_control=1.0, loss_anti_hbs=-1.0))
    lost = (rm.derive_outcome(cohort, study)["state"] == "lost").to_numpy()
    arm = cohort.patients["arm"].to_numpy()
    assert lost[arm == "control"].mean() > 1.8 * lost[arm == "hbig"].mean()


def test_true_and_null_biomarkers():
    scenario = TrialScenario(biomarkers={"hbv_rna": 0.7, "anti_hbc_quantitative": 0.0})
    tables = simulate_tables(N, 5, hbig_hazard_ratio=1.0, scenario=scenario)
    truth = tables["truth"]
    relapse = truth["relapse_week"] <= 48
    assert truth["risk_control"].mean() == pytest.approx(0.18, abs=0.01)  # calibrated with the biomarkers in it
    assert truth.loc[relapse, "z_hbv_rna"].mean() > 0.35
    assert abs(truth.loc[relapse, "z_anti_hbc_quantitative"].mean()) < 0.12
    labs = tables["labs"]
    first = labs[(labs["analyte"] == "hbv_rna") & (labs["week"] == 0)].set_index("patient_id")["value"].astype(float)
    score = truth.set_index("patient_id").loc[first.index, "z_hbv_rna"]
    assert np.corrcoef(first, score)[0, 1] > 0.95


def test_extra_markers_are_columns_and_change_nothing_else():
    few = simulate_tables(N, 5, scenario=TrialScenario(biomarkers={"hbv_rna": 0.5}))
    scenario = TrialScenario(biomarkers={"hbv_rna": 0.5, "marker_002": 0.6}, extra_markers=3)
    null = TrialScenario(biomarkers={"hbv_rna": 0.5}, extra_markers=3)
    more, with_effect = (simulate_tables(N, 5, scenario=one) for one in (null, scenario))
    for name in ("labs", "treatments"):
        pd.testing.assert_frame_equal(more[name], few[name])
    markers = ["marker_001", "marker_002", "marker_003"]
    pd.testing.assert_frame_equal(more["patients"].drop(columns=markers), few["patients"])
    assert list(more["patients"])[-3:] == markers
    relapse = with_effect["truth"]["relapse_week"] <= 48
    means = with_effect["truth"].loc[relapse, [f"z_{name}" for name in markers]].mean()
    assert means["z_marker_002"] > 0.3
    assert means[["z_marker_001", "z_marker_003"]].abs().max() < 0.12
    written = with_effect["patients"]["marker_002"].to_numpy()
    assert written == pytest.approx(with_effect["truth"]["z_marker_002"].to_numpy(), abs=6e-4)


def test_laboratories_that_read_differently_leave_the_truth_alone():
    plain = TrialScenario(biomarkers={"hbv_rna": 0.0})
    shifted = TrialScenario(biomarkers={"hbv_rna": 0.0}, marker_centre_sd=1.5)
    one, two = (simulate_tables(N, 5, centres=6, scenario=scenario) for scenario in (plain, shifted))
    pd.testing.assert_frame_equal(one["truth"], two["truth"])

    def by_centre(tables):
        labs = tables["labs"].query("analyte == 'hbv_rna' and week == 0")
        centre = tables["patients"].set_index("patient_id")["centre"].loc[labs["patient_id"]].to_numpy()
        return labs["value"].astype(float).groupby(centre).mean()

    assert by_centre(two).std() > 5 * by_centre(one).std()
    others = one["labs"]["analyte"] != "hbv_rna"
    pd.testing.assert_frame_equal(one["labs"][others], two["labs"][others])


def test_a_biomarker_of_the_effect():
    scenario = TrialScenario(by_arm={"hbv_rna": -0.5})
    truth = simulate_tables(N, 5, hbig_hazard_ratio=0.7, scenario=scenario)["truth"]
    ratio = np.log1p(-truth["risk_treated"]) / np.log1p(-truth["risk_control"])  # of the cumulative hazards
    assert ratio.to_numpy() == pytest.approx(0.7 * np.exp(-0.5 * truth["z_hbv_rna"].to_numpy()), rel=1e-9)


def test_centres_that_differ():
    tables = simulate_tables(N, 5, centres=6, scenario=TrialScenario(centre_sd=0.8))
    risk = tables["truth"]["risk_control"].groupby(tables["patients"]["centre"]).mean()
    alike = simulate_tables(N, 5, centres=6, scenario=TrialScenario())
    same = alike["truth"]["risk_control"].groupby(alike["patients"]["centre"]).mean()
    assert risk.std() > 4 * same.std()


def test_settings_that_cannot_be_simulated():
    for wrong in (
        {"control_hbig": 1.5}, {"antivirals": -0.1}, {"centre_sd": np.nan}, {"biomarkers": {"crp": 0.5}},
        {"by_arm": {"hbv_rna": np.inf}}, {"marker_centre_sd": -1}, {"extra_markers": 1.5},
        {"biomarkers": {"marker_002": 0.5}, "extra_markers": 1},
    ):  # fmt: skip
        with pytest.raises(RelapseModelError, match="simulation"):
            TrialScenario(**wrong)
    with pytest.raises(RelapseModelError, match="expected a TrialScenario"):
        SimulationSettings(scenario="null")


def test_the_grid_of_scenarios():
    grid = trial_scenarios()
    assert len(grid) == 15
    assert {one["hbig_hazard_ratio"] for one in grid.values()} == {1.0, 0.7, 0.4}
    assert len(rm.simulate_cohort(20, seed=1, **grid["strong effect, biomarkers"])) == 20
