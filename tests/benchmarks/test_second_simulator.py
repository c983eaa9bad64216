"""The second simulator: its kinetics counted by hand, its truths, and what the library sees of it."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

import relapse_model as rm

DAYS = 7.0


@pytest.fixture(scope="module", autouse=True)
def on_path(root):
    sys.path.insert(0, str(root / "benchmarks"))
    yield
    sys.path.remove(str(root / "benchmarks"))


@pytest.fixture(scope="module")
def course(on_path):
    return importlib.import_module("mechanistic_course")


@pytest.fixture(scope="module")
def truth(on_path):
    return importlib.import_module("mechanistic_truth")


@pytest.fixture(scope="module")
def simulated(truth):
    return truth.simulate(400, 3, draws=20)


def hidden(n, own=1e-9, slope=0.0, half_life=24.0, litres=7.5, reservoir=0.0):
    patients = importlib.import_module("mechanistic_patients")
    return patients.Hidden(*(np.full(n, value) for value in (reservoir, np.log(own), slope, half_life, litres)))


# Kinetics


def test_passive_antibody_halves_in_a_half_life(course):
    depot, titre = course.absorb(np.array([0.0]), np.array([100.0]), np.array([24.0]), 24.0)
    assert depot[0] == 0
    assert titre[0] == pytest.approx(50)


def test_one_dose_two_weeks_later_counted_by_hand(course):
    # 400 IU in 7.5 L, 24 d, 0.6 a day: 53.333 x 0.6 / 0.571119 x (exp(-0.404336) - exp(-8.4)) = 56.029 x 0.667200
    _, titre = course.absorb(np.array([400 / 7.5]), np.array([0.0]), np.array([24.0]), 14.0)
    assert titre[0] == pytest.approx(37.383, abs=2e-3)


def test_the_titre_at_the_second_visit_is_that_of_the_dose_of_week_0(course):
    found = course.follow(hidden(40), np.ones(40, bool), course.constant(np.zeros(40)), np.random.default_rng(1))
    second = found.visit_weeks[1]
    assert set(second) == {3, 4, 5}
    rate = np.log(2) / 24
    expected = 400 / 7.5 * 0.6 / (0.6 - rate) * (np.exp(-rate * DAYS * second) - np.exp(-0.6 * DAYS * second))
    np.testing.assert_allclose(found.total_titre[1], expected, rtol=1e-6)


def test_own_antibody_moves_by_its_slope_and_fades_to_a_limit(course):
    # 26 x (1 - exp(-1)) = 16.435 weeks of the first slope after 26 weeks; ln 2 / 16.435 a week doubles it.
    assert course.own_titre(hidden(1, own=80.0, slope=np.log(2) / 16.4351), 26)[0] == pytest.approx(160, rel=1e-5)
    assert course.own_titre(hidden(1, own=80.0, slope=-np.log(2) / 16.4351), 26)[0] == pytest.approx(40, rel=1e-5)


def test_antibody_frees_less_virus_the_more_there_is(course):
    # Half of what can be neutralised (92 %) at 30 mIU/mL.
    assert course.free_share(np.array([1e-6, 30.0, 1e6])) == pytest.approx([1.0, 0.54, 0.08])


def test_times_of_relapse_follow_the_hazard(course):
    hazard = 0.01 * np.arange(49.0)[:, None] * np.ones(20_000)
    week = course.relapse_week(hazard, np.random.default_rng(2))
    for by in (10, 48):  # 1 - exp(-0.01 x weeks); 4 standard errors
        assert np.mean(week <= by) == pytest.approx(1 - np.exp(-0.01 * by), abs=4 * np.sqrt(0.24 / 20_000))


# Cohorts


@pytest.mark.parametrize("scenario", ["mechanistic", "linear", "null"])
def test_the_gate_takes_every_scenario_and_the_mean_risk_is_as_calibrated(truth, scenario):
    found = truth.simulate(1500, 5, truth.Setting(scenario), draws=4)
    assert len(found.cohort.patients) == 1500
    assert found.cohort.rejected.empty
    # 15 % in other patients; the spread of risks is at most 0.17: 4 standard errors of 1500.
    assert found.risk_known.mean() == pytest.approx(0.15, abs=0.018)
    assert found.risk_measured.mean() == pytest.approx(0.15, abs=0.018)
    assert np.isfinite(found.relapse_week).mean() == pytest.approx(0.15, abs=4 * np.sqrt(0.15 * 0.85 / 1500))


def test_what_the_library_calls_relapse_is_what_the_simulator_adjudicates(simulated, study):
    found = rm.derive_outcome(simulated.cohort, study)
    own = simulated.outcomes.set_index("patient_id").loc[found.index]
    relapsed = (found["state"] == "relapse").to_numpy()
    assert relapsed.sum() > 40
    np.testing.assert_array_equal(relapsed, own["relapse"] == 1)
    np.testing.assert_array_equal(found["first_positive_week"][relapsed], own["week"][relapsed])
    # Nobody seen free through week 48 had relapsed, and no true relapse is seen before it is there.
    assert np.isinf(simulated.relapse_week[(found["state"] == "free").to_numpy()]).all()
    true = relapsed & np.isfinite(simulated.relapse_week)
    assert (found["first_positive_week"][true] > simulated.relapse_week[true]).all()


def test_a_dose_follows_every_titre_below_100_in_the_hbig_arm_and_no_other(simulated):
    patients, labs, doses = (getattr(simulated.cohort, name) for name in ("patients", "labs", "treatments"))
    arm = patients.set_index("patient_id")["arm"]
    titres = labs[(labs["analyte"] == "anti_hbs") & (labs["patient_id"].map(arm) == "hbig")]
    below = titres["value"].astype(str).str.startswith("<") | (titres["upper"] < 100)
    expected = titres[below | (titres["week"] == 0)]
    given = doses[doses["agent"] == "hbig"]
    assert {*zip(given["patient_id"], given["start_week"], strict=True)} == {
        *zip(expected["patient_id"], expected["week"], strict=True)
    }
    assert len(given) == len(expected) > 600
    assert (given["dose"] == 400).all()


def test_tables_of_new_patients_end_at_week_0(truth, simulated, study):
    new = truth.simulate(400, 3, draws=1, later=False)
    assert new.cohort.labs["week"].max() == 0
    assert new.cohort.treatments["start_week"].max() == 0
    same = (rm.derive_features(found.cohort, study, landmark_week=0) for found in (new, simulated))
    np.testing.assert_array_equal(*same)


def test_loss_may_depend_on_the_arm(truth):
    found = truth.simulate(1500, 8, truth.Setting("null", informative_loss=True))
    seen = rm.derive_outcome(found.cohort, rm.load_study("hbsag-relapse"))
    lost = (seen["state"] == "lost").to_numpy()
    control = (found.cohort.patients["arm"] == "control").to_numpy()
    assert lost[control].mean() - lost[~control].mean() > 0.02


# Truths


def test_without_effects_all_true_risks_are_equal(truth):
    found = truth.simulate(50, 4, truth.Setting("null"))
    np.testing.assert_allclose(found.risk_known, 0.15, rtol=1e-9)
    np.testing.assert_allclose(found.risk_measured, 0.15, rtol=1e-9)


def test_factors_of_the_hazard_counted_by_hand(truth):
    double = truth.simulate(50, 4, truth.Setting("null", baseline=2.0))
    np.testing.assert_allclose(double.risk_measured, 1 - 0.85**2)
    outlying = truth.simulate(200, 4, truth.Setting("null", outlying_centre=True))
    third = (outlying.cohort.patients["centre"] == "centre-3").to_numpy()
    np.testing.assert_allclose(outlying.risk_known[third], 1 - 0.85**4)
    np.testing.assert_allclose(outlying.risk_known[~third], 0.15)
    # The study does not read the centre: 15 % of patients are of the third.
    np.testing.assert_allclose(outlying.risk_measured, 0.85 * 0.15 + 0.15 * (1 - 0.85**4))
    np.testing.assert_allclose(outlying.risk_at_centre, np.where(third, 1 - 0.85**4, 0.15))


def test_what_is_measured_gives_the_mean_of_what_is_known(truth):
    """The risk given what is measured is the mean of the risk given all, whatever of it is held fixed."""
    found = truth.simulate(2000, 6, draws=60)
    patients, titre = found.cohort.patients, found.course.measured_titre[0]
    core = found.cohort.labs.query("analyte == 'hbcrag'")["upper"].to_numpy()
    difference = found.risk_known - found.risk_measured
    for group in (
        titre < 10, (titre >= 10) & (titre < 100), titre > 1000, core <= 2, core > 3,
        patients["consolidation_weeks"] == 0, patients["prior_nuc"] == 1,
        patients["arm"] == "hbig", patients["sex"] == "M", patients["age_years"] > 45,
        found.risk_measured > 0.25,
    ):  # fmt: skip
        part = difference[np.asarray(group)]
        assert 60 < len(part) < 1900
        assert abs(part.mean()) < 3.5 * part.std() / np.sqrt(len(part))
    # What is hidden matters: knowing it spreads the risks.
    assert found.risk_known.std() > 1.15 * found.risk_measured.std()


def test_the_hidden_is_drawn_as_it_is_in_patients_of_the_same_readings(on_path):
    patients = importlib.import_module("mechanistic_patients")
    rng = np.random.default_rng(9)
    measured, _, hidden = patients.draw_patients(6000, rng)
    drawn = patients.hidden_given_measured(measured, 20, rng)
    titre, core = measured.ln_titre, measured.core
    for group in (
        titre < np.log(10), (titre > np.log(10)) & (titre < np.log(30)), titre > np.log(1000), core < 2, core > 3.5,
        measured.consolidation_weeks == 0, measured.log10_hbsag_before > 3, measured.prior_nuc,
    ):  # fmt: skip
        for name in ("ln_own", "reservoir", "litres"):
            true, draws = getattr(hidden, name)[group], getattr(drawn, name)[group]
            error = np.std(true - draws.mean(axis=1)) / np.sqrt(len(true))
            assert abs(true.mean() - draws.mean()) < 3.5 * error
            assert draws.std() == pytest.approx(true.std(), rel=0.12)


@pytest.mark.parametrize("scenario", ["mechanistic", "linear"])
def test_signs_turn_every_effect_round(truth, scenario):
    one, turned = (truth.simulate(300, 7, truth.Setting(scenario, effect_signs=sign), draws=20) for sign in (1, -1))
    titre = np.log(np.clip(one.course.measured_titre[0], 5, 1000))
    hbsag = one.cohort.patients["hbsag_before_treatment_iu_ml"].astype(float)
    for value, sign in ((titre, -1), (np.log(hbsag), 1)):
        assert sign * np.corrcoef(value, one.risk_measured)[0, 1] > 0.15
        assert sign * np.corrcoef(value, turned.risk_measured)[0, 1] < -0.15


def test_unknown_scenarios_are_refused(truth):
    with pytest.raises(ValueError, match="expected one of"):
        truth.Setting("other")


# Figures


def test_figures_of_known_risks_counted_by_hand(on_path):
    known = importlib.import_module("second_simulator").KnownRisks
    two = known(None, np.array([0.2, 0.8]))
    # Pairs of a relapse and a patient free of it: 0.64 in order, 0.04 not, 0.32 within one patient, counted half.
    assert two.auc(np.array([0.1, 0.3])) == pytest.approx(0.64 + 0.16)
    assert two.log_loss(np.array([0.5, 0.5])) == pytest.approx(np.log(2))
    truth = np.array([0.05, 0.1, 0.3, 0.6])
    log_odds = np.log(truth / (1 - truth))
    wide = 1 / (1 + np.exp(-(2 * log_odds + 1)))
    many = known(None, truth)
    assert many.slope(wide) == pytest.approx(0.5)
    assert many.in_the_large(1 / (1 + np.exp(-(log_odds + 1)))) == pytest.approx(-1)
    assert many.slope(np.full(4, 0.2)) is None
