from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.api.types import is_float_dtype, is_integer_dtype, is_numeric_dtype

import relapse_model as rm
from relapse_model.cohort.simulation import simulate_tables
from relapse_model.cohort.simulation.settings import SimulationSettings
from relapse_model.cohort.simulation.tables import draw_latent, make_streams

N = 10_000
COLUMNS = {
    "patients": [
        *("patient_id", "centre", "arm", "sex", "age_years", "bmi_kg_m2", "hbv_genotype"),
        *("hbeag_positive_before_treatment", "hbsag_before_treatment_iu_ml"),
        *("pegifn_weeks", "consolidation_weeks", "prior_nuc", "decompensated_cirrhosis", "coinfection", "malignancy"),
        "immunosuppression_within_6_months",
    ],
    "labs": ["patient_id", "week", "analyte", "value", "unit", "assay", "lower_limit", "upper_limit"],
    "treatments": ["patient_id", "agent", "start_week", "end_week", "dose", "unit"],
    "truth": ["patient_id", "true_risk"],
}
UNITS = {
    "hbsag": "IU/mL",
    "anti_hbs": "mIU/mL",
    "hbv_dna": "IU/mL",
    "hbeag": "S/CO",
    "hbcrag": "log10 U/mL",
    "alt": "U/L",
    "ast": "U/L",
    "platelets": "10*9/L",
    "albumin": "g/L",
    "bilirubin": "umol/L",
}


@pytest.fixture(scope="module")
def tables():
    return simulate_tables(N, 3)


@pytest.fixture(scope="module")
def small():
    return simulate_tables(400, 8)


@pytest.fixture(scope="module")
def latent():
    return draw_latent(N, SimulationSettings(), make_streams(N, 3))


def of(tables, analyte):
    labs = tables["labs"]
    return labs[labs["analyte"] == analyte]


def numbers(labs):
    """The results that are plain numbers; everything else is missing."""
    return pd.to_numeric(labs["value"], errors="coerce")


def relapsed(tables):
    """Who has two positive HBsAg tests in a row; positive is a number from 0.05 on, or above a limit."""
    tests = of(tables, "hbsag")
    tests = tests[tests["week"] >= 0]
    positive = (numbers(tests) >= 0.05) | tests["value"].str.startswith((">", "＞"))
    again = positive.groupby(tests["patient_id"]).shift(-1, fill_value=False)
    found = (positive & again).groupby(tests["patient_id"]).any()
    return found.reindex(tables["patients"]["patient_id"]).to_numpy()


def test_columns_are_those_of_the_contract(tables):
    assert {name: list(table.columns) for name, table in tables.items()} == COLUMNS


def test_types(tables):
    labs, patients, treatments = tables["labs"], tables["patients"], tables["treatments"]
    assert all(isinstance(value, str) for value in labs["value"].head(5000))
    assert all(is_float_dtype(labs[name]) for name in ("week", "lower_limit", "upper_limit"))
    assert all(is_float_dtype(treatments[name]) for name in ("start_week", "end_week", "dose"))
    assert all(is_integer_dtype(patients[name]) for name in ("prior_nuc", "pegifn_weeks", "consolidation_weeks"))
    assert not is_numeric_dtype(patients["patient_id"])
    assert set(patients["arm"]) == {"hbig", "control"}
    assert set(patients["sex"]) == {"F", "M"}
    assert set(patients["hbeag_positive_before_treatment"]) == {0, 1}


def test_units_are_those_of_the_contract_and_every_row_has_one(tables):
    found = tables["labs"].groupby("analyte")["unit"].unique().map(list).to_dict()
    assert found == {analyte: [unit] for analyte, unit in UNITS.items()}
    assert tables["labs"][["patient_id", "week", "analyte", "value", "unit"]].notna().all().all()


def test_limits_and_assay_come_with_every_result_that_can_be_censored(tables):
    for analyte in ("hbsag", "anti_hbs", "hbv_dna", "hbcrag"):
        rows = of(tables, analyte)
        assert rows[["assay", "lower_limit", "upper_limit"]].notna().all().all(), analyte
        assert (rows["lower_limit"] < rows["upper_limit"]).all()


def test_no_number_below_its_limit_but_0_00_which_stands_for_it(tables):
    for analyte in ("hbsag", "anti_hbs", "hbcrag"):
        rows = of(tables, analyte)
        value = numbers(rows)
        below = rows[value < rows["lower_limit"]]
        assert set(below["value"]) <= {"0.00"}
        assert below["lower_limit"].notna().all()


def test_chinese_and_english_laboratories_are_mixed(tables):
    words = set(tables["labs"]["value"].head(200_000))
    assert {
        "<0.05",
        "＜0.05",
        "阴性",
        "TND",
        "未检出",
        "0.00",
        "<10.00",
        ">1000",
        "＞1000.00",
        "标本溶血",
    } <= words
    assert any(word.endswith("E+02") for word in words)


def test_wording_belongs_to_the_centre(small):
    labs = small["labs"].merge(small["patients"][["patient_id", "centre"]], on="patient_id")
    assert set(labs.loc[labs["value"].str.contains("＜"), "centre"]) == {"centre-2"}
    assert set(labs.loc[labs["value"] == "TND", "centre"]) == {"centre-1"}


def test_same_seed_same_tables_another_seed_others(small):
    again, other = simulate_tables(400, 8), simulate_tables(400, 9)
    for name, table in small.items():
        pd.testing.assert_frame_equal(table, again[name])
        assert not table.equals(other[name])


def test_patients_are_unique_and_all_tables_speak_of_them(tables):
    ids = tables["patients"]["patient_id"]
    assert ids.is_unique
    assert ids.iloc[0] == "P00001"  # as wide as the largest number, at least four digits
    assert tables["truth"]["patient_id"].equals(ids)
    assert set(tables["labs"]["patient_id"]) == set(ids)
    assert set(tables["treatments"]["patient_id"]) == set(ids)


def test_one_result_per_analyte_and_week(tables):
    assert not tables["labs"].duplicated(["patient_id", "analyte", "week"]).any()


def test_times(tables):
    assert tables["labs"]["week"].max() <= 51
    first = tables["labs"].query("week >= 0").groupby("patient_id")["week"].min()
    assert (first == 0).all()
    treatments = tables["treatments"]
    assert (treatments["start_week"] <= treatments["end_week"]).all()


@pytest.mark.parametrize("patients", [1, 2])
def test_the_smallest_cohorts_work(patients):
    tables = simulate_tables(patients, 0)
    assert len(tables["patients"]) == patients
    assert {name: list(table.columns) for name, table in tables.items()} == COLUMNS


def test_two_patients_are_one_per_arm():
    assert sorted(simulate_tables(2, 0)["patients"]["arm"]) == ["control", "hbig"]


def test_longer_and_shorter_follow_up():
    long = simulate_tables(300, 1, follow_up_weeks=96)
    assert 94 <= long["labs"]["week"].max() <= 99
    assert simulate_tables(300, 1, follow_up_weeks=12)["labs"]["week"].max() <= 15
    assert long["truth"]["true_risk"].mean() > simulate_tables(300, 1)["truth"]["true_risk"].mean()


def test_consolidation_can_be_derived_from_the_tables(tables):
    tests = of(tables, "hbsag")
    negative = tests[numbers(tests).isna() & ~tests["value"].str.startswith((">", "＞"))]
    first = negative.groupby("patient_id")["week"].min()
    pegifn = tables["treatments"].query("agent == 'pegifn'").set_index("patient_id")
    patients = tables["patients"].set_index("patient_id")
    assert np.allclose(pegifn["end_week"] - first, patients["consolidation_weeks"])
    assert np.allclose(pegifn["end_week"] - pegifn["start_week"], patients["pegifn_weeks"])
    assert (pegifn["end_week"] < 0).all()


def test_hbsag_falls_on_treatment_from_its_level_before(tables):
    tests = of(tables, "hbsag")
    before = tests[tests["week"] < 0].groupby("patient_id").nth([0, 1, 2])
    value = numbers(before)
    assert (value.dropna() >= 0.05).all()  # three positive tests each
    assert value.isna().mean() < 0.1  # the others are above the range of an undiluted specimen
    first = numbers(tests.groupby("patient_id").nth(0)).to_numpy()
    known = tables["patients"]["hbsag_before_treatment_iu_ml"].to_numpy()
    ratio = np.log10(first / known)[~np.isnan(first) & (known > 1)]
    assert np.abs(ratio).max() < np.log10(1.46) + 5 * 0.05 + 0.01  # assay bias, error, rounding


def test_analogues_are_recorded_for_those_treated(tables):
    treatments = tables["treatments"]
    nuc = treatments[treatments["agent"].isin(["entecavir", "tenofovir"])]
    patients = tables["patients"]
    assert set(nuc["patient_id"]) == set(patients.loc[patients["prior_nuc"] == 1, "patient_id"])
    assert (nuc["start_week"] < nuc["end_week"]).all()


def test_hbig_is_given_in_its_arm_only_first_at_week_0_then_below_100(tables):
    doses = tables["treatments"].query("agent == 'hbig'")
    patients = tables["patients"]
    assert set(doses["patient_id"]) == set(patients.loc[patients["arm"] == "hbig", "patient_id"])
    assert (doses.groupby("patient_id")["start_week"].min() == 0).all()
    assert (doses["dose"] == 400).all()
    assert (doses["unit"] == "IU").all()
    later = doses[doses["start_week"] > 0].merge(
        of(tables, "anti_hbs"), left_on=["patient_id", "start_week"], right_on=["patient_id", "week"]
    )
    assert len(later) == (doses["start_week"] > 0).sum()  # never without a test on the day
    assert not (numbers(later) >= 100).any()
    assert not later["value"].str.startswith((">", "＞")).any()


def test_passive_antibody_shows_at_week_4_in_the_hbig_arm_only(tables, latent):
    # Section 5.2: one dose of 400 IU leaves 17-42 mIU/mL after four weeks; seen in those without own antibody.
    none = latent.baseline.anti_hbs == 0
    ids = tables["patients"].loc[none, ["patient_id", "arm"]]
    week_4 = of(tables, "anti_hbs").query("2 < week < 6").merge(ids, on="patient_id")
    value = numbers(week_4).where(week_4["value"] != "0.00")
    assert value[week_4["arm"] == "control"].isna().all()
    assert 17 < value[week_4["arm"] == "hbig"].median() < 42


def test_anti_hbs_at_enrolment(tables):
    rows = of(tables, "anti_hbs").query("week == 0")
    positive = (numbers(rows) >= 10) | rows["value"].str.startswith((">", "＞"))
    # 58.4 % of the true titres reach 10; assay bias moves a titre by ten percent at most, hence two points.
    assert abs(positive.mean() - 0.584) < 0.02
    arms = tables["patients"]["arm"].to_numpy()
    assert abs(positive.to_numpy()[arms == "hbig"].mean() - positive.to_numpy()[arms == "control"].mean()) < 0.03


def test_liver_tests_settle_after_treatment(tables):
    alt = of(tables, "alt")
    at_stop, settled = alt[alt["week"] < 0], alt[alt["week"] > 20]
    # Domain reference, section 7: median 45 U/L with sigma 0.62 at the end of treatment, about 22 later
    assert abs(numbers(at_stop).median() - 45) < 1
    assert abs(np.log(numbers(at_stop).dropna()).std() - np.hypot(0.62, 0.15)) < 0.02
    assert abs(numbers(settled).median() - 22) < 1
    assert 115 < numbers(of(tables, "platelets").query("week < 0")).mean() < 130
    albumin = numbers(of(tables, "albumin"))
    assert abs(albumin.mean() - 45.9) < 0.2


def test_secondary_results_are_missing_at_random_in_a_few_percent(tables):
    alt = of(tables, "alt").query("week == 0")
    assert abs(1 - len(alt) / N - 0.032) < 0.006  # 4 % unusable, four fifths of them absent
    assert abs((alt["value"] == "标本溶血").sum() / N - 0.008) < 0.003
    for analyte in ("hbsag", "anti_hbs", "hbv_dna"):
        assert len(of(tables, analyte).query("week == 0")) == N


def test_mean_true_risk_is_the_share_that_relapses(tables, latent):
    risk = tables["truth"]["true_risk"]
    assert np.array_equal(risk, latent.true_risk)
    event = (latent.relapse_weeks <= 48).mean()
    assert abs(event - risk.mean()) < 4 * np.sqrt(event * (1 - event) / N)


def test_latent_relapse_is_what_the_tests_show(tables, latent):
    found = relapsed(tables)
    late = latent.relapse_weeks > 54  # beyond the reach of any test, bias included
    assert found[late].mean() < 0.002  # only two false positives in a row are left
    staying = of(tables, "hbsag").groupby("patient_id")["week"].max().to_numpy() > 45
    early = (latent.relapse_weeks < 40) & (staying | found)
    assert found[early].mean() > 0.98
    assert abs(found.mean() - (latent.relapse_weeks <= 48).mean()) < 0.02


def test_those_who_relapse_are_followed_a_few_visits_at_most(tables):
    found = relapsed(tables)
    last = of(tables, "hbsag").groupby("patient_id")["week"].max().to_numpy()
    assert last[found].mean() < last[~found].mean() - 5


def test_no_analyte_but_hbsag_and_anti_hbs_knows_of_the_relapse():
    # The same patients with rare and with frequent relapse: wherever both were tested, all else is equal.
    rare, frequent = (simulate_tables(2000, 4, control_risk=risk)["labs"] for risk in (0.02, 0.6))
    keys = ["patient_id", "week", "analyte"]
    both = rare.merge(frequent, on=keys, suffixes=("_rare", "_frequent"))
    differs = both["value_rare"] != both["value_frequent"]
    assert set(both.loc[differs, "analyte"]) == {"hbsag", "anti_hbs"}
    assert both.loc[differs, "week"].min() > 0  # nothing at or before landmark 0
    absent = len(rare) + len(frequent) - 2 * len(both)
    assert absent > 0  # those who relapse leave


def test_hbv_dna_is_never_quantifiable(tables):
    assert numbers(of(tables, "hbv_dna")).isna().all()


def test_other_coefficients_give_another_truth_for_the_same_patients(small):
    other = simulate_tables(400, 8, coefficients={"anti_hbs": 0.75})
    pd.testing.assert_frame_equal(small["patients"], other["patients"])
    anti_hbs = np.log10(draw_latent(400, SimulationSettings(), make_streams(400, 8)).baseline.anti_hbs + 1)
    assert np.corrcoef(anti_hbs, small["truth"]["true_risk"])[0, 1] < -0.3
    assert np.corrcoef(anti_hbs, other["truth"]["true_risk"])[0, 1] > 0.3


def test_drop_out_before_the_last_visit(tables):
    found = relapsed(tables)
    last = tables["labs"].groupby("patient_id")["week"].max().to_numpy()
    # 8 % asked for. A little more among those not seen to relapse: who left cannot be seen to relapse.
    assert 0.07 < (last[~found] < 45).mean() < 0.10


def test_the_cohort_gate_takes_the_tables(small):
    import relapse_model as rm

    given = {name: table for name, table in small.items() if name != "truth"}
    assert len(rm.make_cohort(**given, synthetic=True)) == 400


@pytest.mark.slow
def test_a_hundred_thousand_patients():
    tables = simulate_tables(100_000, 1)
    assert len(tables["patients"]) == 100_000
    assert abs(tables["truth"]["true_risk"].mean() - 0.157) < 0.005  # control 0.18, HBIG 0.13


@pytest.mark.parametrize("seed", [7, 8])
def test_everybody_meets_the_criteria_of_the_study(seed):
    """Nobody else would be enrolled: each criterion can be judged in each patient, and is met."""
    study = rm.load_study("hbsag-relapse")
    screened = rm.screen(rm.simulate_cohort(200, seed=seed), study)
    assert set(screened.patients["state"]) == {"eligible"}
