"""`rm.screen_biomarkers`: what it finds, what it lists, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.development.checks import check_results
from relapse_model.development.screening.score_test import score_tests
from relapse_model.development.screening.within_centres import within_centres
from relapse_model.errors import InsufficientDataError, RelapseModelError, StudyError
from relapse_model.study.reader import parse_study

FAST = {"permutations": 500, "repeats": 5, "increment": False}
BASE = ("anti_hbs", "hbig_arm", "consolidation_weeks")


def with_candidate(study, text):
    return parse_study(study.text + "\n[[candidates]]\n" + text, "study.toml")


def test_the_true_marker_is_found_and_nothing_else(found):
    assert found.selected == ("hbcrag",)
    first = found.table.iloc[0]
    assert first["candidate"] == "hbcrag"
    assert first["log_odds"] > 0.5
    assert first["simultaneous_lower"] > 0
    assert first["p_maxt"] < 0.05
    assert found.stability.iloc[0]["candidate"] == "hbcrag"
    assert repr(found) == "BiomarkerScreen(4 tested, 73 events; selected: hbcrag)"


def test_intervals_for_all_are_wider(found):
    tested = found.table[found.table["p"].notna()]
    assert (tested["simultaneous_lower"] < tested["lower"]).all()
    assert (tested["simultaneous_upper"] > tested["upper"]).all()
    assert tested["log_odds_shrunk"].notna().tolist() == tested["selected"].tolist()


def test_what_cannot_be_tested_is_listed_with_its_reason(cohort, study):
    """The simulator measures neither RNA nor qAnti-HBc, vaccinates nobody, and DNA is none."""
    found = rm.screen_biomarkers(cohort, study, **FAST)
    reasons = dict(zip(found.table["candidate"], found.table["note"], strict=True))
    assert len(reasons) == len(study.candidates) == 9
    assert reasons["hbv_rna"] == reasons["anti_hbc_quantitative"] == "missing in all patients (at most 50 % allowed)"
    assert reasons["vaccination"] == reasons["hbv_dna"] == "constant: the same in all patients"
    assert found.table.loc[found.table["note"] == "", "p"].notna().all()
    assert found.counts["tested"] == (found.table["note"] == "").sum()
    assert found.base == tuple(one.name for one in study.predictors if one.prior)


def test_nothing_is_tested_where_every_candidate_is_constant(cohort, study):
    found = rm.screen_biomarkers(cohort, study, candidates=["hbv_dna"], increment=False)
    assert found.counts["tested"] == 0
    assert found.selected == ()
    assert found.table["note"].tolist() == ["constant: the same in all patients"]


def test_a_column_that_the_cohort_lacks_is_listed_and_stops_nothing(cohort, study):
    asked = with_candidate(study, 'name = "ferritin"\nkind = "column"\ncolumn = "ferritin"\n')
    found = rm.screen_biomarkers(cohort, asked, ("ferritin", "pegifn_weeks"), **FAST)
    row = found.table.set_index("candidate").loc["ferritin"]
    assert row["note"].startswith("not derived: patients, column 'ferritin': the column is missing")
    assert np.isnan(row["p"])


def test_neither_the_order_asked_for_nor_that_of_the_study_matters(cohort, study):
    names = [one.predictor.name for one in study.candidates]
    one, two = (rm.screen_biomarkers(cohort, study, order, **FAST).table for order in (names, names[::-1]))
    pd.testing.assert_frame_equal(one, two)


def test_a_duplicated_candidate_shares_its_p(cohort, study):
    twin = with_candidate(study, 'name = "a_twin"\nkind = "column"\ncolumn = "pegifn_weeks"\n')
    one = rm.screen_biomarkers(cohort, study, ("pegifn_weeks", "hbsag_decline"), **FAST)
    two = rm.screen_biomarkers(cohort, twin, ("pegifn_weeks", "hbsag_decline", "a_twin"), **FAST)
    p = two.table.set_index("candidate")["p_maxt"]
    assert p["a_twin"] == p["pegifn_weeks"] == one.table.set_index("candidate")["p_maxt"]["pegifn_weeks"]


def test_levels_are_candidates_against_the_first(cohort, study):
    levels = 'name = "genotype"\nkind = "column"\ncolumn = "hbv_genotype"\nlevels = ["B", "C", "D"]\n'
    found = rm.screen_biomarkers(cohort, with_candidate(study, levels), ("genotype",), **FAST)
    assert set(found.table["candidate"]) == {"genotype=C", "genotype=D"}


def test_the_increment_is_better_for_the_true_marker_than_for_noise(true_marker, study):
    found = rm.screen_biomarkers(
        true_marker, study, ("hbcrag", "pegifn_weeks"), BASE, permutations=200, repeats=2, resamples=40,
        increment=("log_loss", "auc"),
    )  # fmt: skip
    gain = found.increment.set_index("candidate")
    assert gain.loc["hbcrag", "delta_log_loss"] < -0.03
    assert gain.loc["hbcrag", "delta_auc"] > 0.05
    assert abs(gain.loc["pegifn_weeks", "delta_log_loss"]) < 0.01
    assert not [name for name in gain if "brier" in name]
    assert found.table.set_index("candidate").loc["hbcrag", "delta_log_loss"] == gain.loc["hbcrag", "delta_log_loss"]


def test_what_decides_is_what_was_said(true_marker, study):
    names = ("hbcrag", "hbsag_before_treatment", "pegifn_weeks", "age")
    by_rate = rm.screen_biomarkers(true_marker, study, names, BASE, decide="bh", fdr=0.10, **FAST)
    assert by_rate.settings["level"] == 0.10
    assert set(by_rate.selected) == set(by_rate.table.loc[by_rate.table["q_bh"] <= 0.10, "candidate"])


def test_json_is_strict_full_and_without_patients(found, true_marker, tmp_path):
    written = found.save(tmp_path)
    stated = json.loads(written["values"].read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert stated["table"][0]["log_odds"] == found.table.iloc[0]["log_odds"]  # full precision
    rna = next(row for row in stated["table"] if row["candidate"] == "hbv_rna")
    assert rna["p"] is None
    assert "missing" in rna["note"]
    for place in written.values():
        text = place.read_text(encoding="utf-8")
        assert not [name for name in true_marker.patient_ids if str(name) in text]


def test_small_counts_are_hidden_where_they_leave(cohort, study):
    """4 of 119 have no HBcrAg, and 2 of them the event: neither number, nor one from which it follows, is disclosed."""
    found = rm.screen_biomarkers(cohort, study, ("hbcrag",), BASE, **FAST)
    row, stated = found.table.iloc[0], found.to_dict()["table"][0]
    assert (row["n"], row["missing"], row["events"]) == (115, 4, 19)
    assert (stated["n"], stated["missing"], stated["events"]) == ("hidden", "<5", "hidden")


# Replication, and the mark of a screened predictor


def test_replication_tests_what_was_selected_and_no_more(found):
    again = found.replicate(rm.simulate_cohort(300, seed=5, coefficients={"hbcrag": 1.2}))
    assert again.table["candidate"].tolist() == ["hbcrag"]
    assert again.table.iloc[0]["p_bonferroni"] == again.table.iloc[0]["p"]
    assert bool(again.table.iloc[0]["holds"])
    assert again.to_dict()["table"][0]["same_sign"] is True


def test_the_same_patients_are_no_replication(found, true_marker):
    with pytest.raises(RelapseModelError, match="the very patients that were screened"):
        found.replicate(true_marker)


def test_nothing_selected_is_not_searched_again(cohort, study):
    nothing = rm.screen_biomarkers(cohort, study, ("pegifn_weeks",), **FAST)
    assert nothing.selected == ()
    with pytest.raises(RelapseModelError, match="nothing was selected"):
        nothing.replicate(rm.simulate_cohort(132, seed=8))


def test_a_screened_predictor_is_warned_of_on_that_cohort_alone(true_marker, study):
    """RM206: as_predictors marks the cohort, and the study with it is known again there, and nowhere else."""
    asked = with_candidate(study, 'name = "hbcrag_change"\nkind = "first"\nanalyte = "hbcrag"\n')
    found = rm.screen_biomarkers(true_marker, asked, ("hbcrag_change",), BASE, **FAST)
    assert found.selected == ("hbcrag_change",)
    text = study.text + "\n" + found.as_predictors()
    extended = parse_study(text, "study.toml")
    assert extended.predictor("hbcrag_change").screened_on == found.fingerprint

    def state(cohort, its):
        return {one.code: one for one in check_results(cohort, its)}["RM206"]

    assert state(true_marker, extended).state == "found"
    assert "chosen by a screen of these very patients" in state(true_marker, extended).text
    assert state(rm.simulate_cohort(132, seed=7), extended).state == "passed"
    assert state(true_marker, study).state == "passed"


def test_a_mark_that_is_no_fingerprint_is_refused(study):
    text = study.text.replace('name = "age"', 'name = "age"\nscreened_on = "yes"', 1)
    with pytest.raises(StudyError, match="eight hexadecimal digits"):
        parse_study(text, "study.toml")


# Refusals


@pytest.mark.parametrize(
    ("more", "stated"),
    [
        ({"increment": ("nri",)}, "improve when noise is added"),
        ({"increment": ("IDI",)}, "improve when noise is added"),
        ({"increment": ("r2",)}, "expected some of log_loss"),
        ({"decide": "knockoff+"}, "Knockoffs are not offered"),
        ({"cut": 100}, "markers stay continuous"),
        ({"cut": "best"}, "markers stay continuous"),
        ({"decide": "p"}, "expected one of 'maxt', 'bh', 'by'"),
        ({"fdr": 1.5}, "fdr is 1.5"),
        ({"repeats": 0}, "repeats is 0"),
        ({"permutations": 0}, "permutations is 0"),
    ],
)
def test_refused_settings(cohort, study, more, stated):
    with pytest.raises(RelapseModelError, match=stated):
        rm.screen_biomarkers(cohort, study, ("pegifn_weeks",), **(FAST | more))


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ('name = "doses"\nkind = "dose_count"\nagents = ["hbig"]\n', "doses of a drug that is given by titre"),
        ('name = "hbig"\nkind = "ever_on_agent"\nagents = ["hbig"]\n', "doses of a drug that is given by titre"),
    ],
)
def test_doses_are_refused(cohort, study, text, stated):
    with pytest.raises(StudyError, match=stated):
        rm.screen_biomarkers(cohort, with_candidate(study, text), **FAST)


def test_a_titre_that_holds_the_drug_is_refused_after_enrolment(cohort, study):
    text = 'name = "titre"\nkind = "mean"\nanalyte = "anti_hbs"\n'
    with pytest.raises(StudyError, match="of which the drug is a part; expected kind endogenous"):
        rm.screen_biomarkers(cohort, with_candidate(study, text), ("titre",), BASE, landmark_week=12, **FAST)


def test_the_outcome_in_other_words_is_refused(cohort, study):
    tables = dict(cohort.tables())
    relapse = rm.derive_outcome(cohort, study)["relapse"].to_numpy()
    patients = tables["patients"].assign(final_state=np.nan_to_num(relapse))
    spoiled = rm.make_cohort(patients, tables["labs"], tables["treatments"], synthetic=True)
    asked = with_candidate(study, 'name = "final_state"\nkind = "column"\ncolumn = "final_state"\n')
    with pytest.raises(StudyError, match="alone separates patients with the outcome"):
        rm.screen_biomarkers(spoiled, asked, ("final_state",), **FAST)


def test_too_few_events_and_too_large_a_base_are_refused(cohort, study):
    state = rm.derive_outcome(cohort, study)["state"].to_numpy()
    relapsed, free = np.flatnonzero(state == "relapse"), np.flatnonzero(state == "free")
    seven = cohort.take(np.concatenate([relapsed[:7], free]))
    with pytest.raises(InsufficientDataError, match=r"7 events .* expected at least 8"):
        rm.screen_biomarkers(seven, study, **FAST)
    twelve = cohort.take(np.concatenate([relapsed[:12], free]))
    with pytest.raises(InsufficientDataError, match="a base of 3 columns and 12 events; expected at most 2"):
        rm.screen_biomarkers(twelve, study, base=BASE, **FAST)
    assert rm.screen_biomarkers(twelve, study, base=BASE[:2], **FAST).counts["events"] == 12


def test_a_study_without_candidates_and_unknown_names_are_refused(cohort, study):
    bare = parse_study(study.text.split("\n[[candidates]]")[0], "study.toml")
    with pytest.raises(StudyError, match=r"no \[\[candidates\]\]"):
        rm.screen_biomarkers(cohort, bare, **FAST)
    with pytest.raises(StudyError, match="Did you mean 'genotype_c'"):
        rm.screen_biomarkers(cohort, study, ("genotype",), **FAST)
    with pytest.raises(StudyError, match="it stands in the base"):
        rm.screen_biomarkers(cohort, study, ("anti_hbs",), **FAST)
    with pytest.raises(StudyError, match="no predictor of the study"):
        rm.screen_biomarkers(cohort, study, base=("bmi",), **FAST)


def with_centres(cohort, names):
    tables = cohort.tables()
    return rm.make_cohort(
        tables["patients"].assign(centre=names), tables["labs"], tables["treatments"], synthetic=True
    )  # fmt: skip


def test_one_centre_of_patients_enough_cannot_be_compared(cohort, study):
    """124 patients in one centre and 8 in another: what is not accounted for is said."""
    names = np.where(np.arange(132) < 8, "small", "large")
    found = rm.screen_biomarkers(with_centres(cohort, names), study, ("pegifn_weeks",), **FAST)
    assert found.settings["centre"] == "not accounted for"
    assert any("fewer than two have 10 patients" in note for note in found.notes)


def test_centres_of_one_patient_share_a_stratum(cohort, study):
    """Within a centre of one patient nothing can be permuted: all of them together are one centre."""
    asked = (study, ("pegifn_weeks", "age"), ("hbig_arm",))
    single = rm.screen_biomarkers(with_centres(cohort, [f"c{place}" for place in range(132)]), *asked, **FAST)
    together = rm.screen_biomarkers(with_centres(cohort, "one"), *asked, **FAST)
    for column in ("p_maxt", "p_drawn", "q_bh"):
        assert single.table[column].tolist() == together.table[column].tolist()
    assert single.table["p_maxt"].notna().all()
    assert (single.settings["null"], single.settings["centre"]) == ("permuted within arm", "not accounted for")
    assert any("fewer than two have 10 patients" in note for note in single.notes)


def test_one_centre_and_many_of_one_patient_are_not_compared(cohort, study):
    """52 patients in one centre, 80 alone: fewer than two centres of 10, so the arms are the strata, as of the base."""
    names = ["large" if place < 52 else f"c{place}" for place in range(132)]
    asked = (study, ("pegifn_weeks", "age"), ("hbig_arm",))
    found = rm.screen_biomarkers(with_centres(cohort, names), *asked, **FAST)
    together = rm.screen_biomarkers(with_centres(cohort, "one"), *asked, **FAST)
    assert found.table["p_maxt"].tolist() == together.table["p_maxt"].tolist()


def test_small_centres_beside_two_large_ones_share_a_stratum(cohort, study):
    """60 and 60 patients, and 12 alone: the same as three centres of 60, 60 and 12."""
    place = np.arange(132)
    three = np.where(place < 60, "a", np.where(place < 120, "b", "rest")).astype(object)
    alone = np.where(place < 120, three, [f"c{one}" for one in place])
    asked = (study, ("pegifn_weeks", "age"), ("hbig_arm",))
    found, expected = (rm.screen_biomarkers(with_centres(cohort, names), *asked, **FAST) for names in (alone, three))
    assert found.settings["null"] == "permuted within arm and centre"
    assert found.table["p_maxt"].tolist() == expected.table["p_maxt"].tolist()


def test_the_trivial_strata_of_single_patients_do_not_make_any_base_one_of_strata(cohort, study):
    """Every base is the same within a stratum of one patient: outcomes are drawn from it nevertheless."""
    found = rm.screen_biomarkers(
        with_centres(cohort, [f"c{place}" for place in range(132)]), study, ("pegifn_weeks",), **FAST
    )
    assert found.settings["null"] == "drawn from the base"
    assert found.table["p_maxt"].notna().all()


def test_what_has_no_adjusted_p_is_not_counted_as_tested(cohort, study):
    """The candidate is the arm itself in other words: the base explains it wholly."""
    tables = cohort.tables()
    arm = (tables["patients"]["arm"] == "hbig").astype(int)
    told = rm.make_cohort(tables["patients"].assign(twin=arm), tables["labs"], tables["treatments"], synthetic=True)
    asked = with_candidate(study, 'name = "twin"\nkind = "column"\ncolumn = "twin"\n')
    found = rm.screen_biomarkers(told, asked, ("twin", "age"), ("hbig_arm",), **FAST)
    row = found.table.set_index("candidate").loc["twin"]
    assert row[["p_maxt", "simultaneous_lower", "simultaneous_upper"]].isna().all()
    assert row["note"]
    assert (found.counts["candidates"], found.counts["tested"]) == (2, 1)
    assert any(note.startswith("1 of 2 candidates could not be tested") for note in found.notes)


def test_many_centres_and_few_events_are_permuted_within(cohort, study):
    """12 centres and 21 events: 11 indicators and the base are more than one column for 5 events."""
    names = np.array([f"c{place % 12:02d}" for place in range(132)])
    found = rm.screen_biomarkers(with_centres(cohort, names), study, ("pegifn_weeks", "hbeag_before_treatment"), **FAST)
    assert (found.settings["centre"], found.settings["null"]) == ("accounted for", "permuted within arm and centre")
    assert found.table["p_maxt"].notna().all()


def test_a_marker_of_the_centre_alone_is_not_selected(study):
    """It is 3 higher in the centre where 30 of 60 have the event than in that where 3 of 60 have it; else noise."""
    rng = np.random.default_rng(0)
    centre = np.repeat(["a", "b"], 60).astype(object)
    relapse = np.concatenate([np.repeat([1.0, 0.0], [30, 30]), np.repeat([1.0, 0.0], [3, 57])])
    marker = rng.standard_normal(120) + 3.0 * (centre == "a")
    alone = score_tests([marker], relapse, np.empty((120, 0))).z[0]
    within = within_centres(np.empty((120, 0)), relapse, np.ones(120), centre)
    assert alone > 3.5
    assert abs(score_tests([marker], relapse, within.columns, within.weight).z[0]) < 2


def test_a_centre_without_events_says_nothing_and_small_ones_are_taken_together():
    """a: 10 with 5 events; b: 10 without any; c and d: 5 each with 2 events, together one."""
    centre = np.repeat(["a", "b", "c", "d"], [10, 10, 5, 5]).astype(object)
    relapse = np.concatenate([np.tile([0.0, 1.0], 5), np.zeros(10), np.tile([0.0, 1.0, 0.0, 1.0, 0.0], 2)])
    found = within_centres(np.empty((30, 0)), relapse, np.ones(30), centre)
    assert found.weight.tolist() == [1.0] * 10 + [0.0] * 10 + [1.0] * 10
    assert found.columns[:, 0].tolist() == [0.0] * 20 + [1.0] * 10
    assert found.silent(np.ones(30)) == 10


def test_beside_the_arm_alone_outcomes_are_permuted_within_arm_and_centre(cohort, study):
    """Nothing else is known there, so that no model of the outcome is needed."""
    found = rm.screen_biomarkers(cohort, study, ("pegifn_weeks", "age"), ("hbig_arm",), **FAST)
    assert found.settings["null"] == "permuted within arm and centre"
    assert any("permutations of the outcomes within strata of arm and centre" in note for note in found.notes)
    beside_more = rm.screen_biomarkers(cohort, study, ("pegifn_weeks",), ("hbig_arm", "anti_hbs"), **FAST)
    assert beside_more.settings["null"] == "drawn from the base"
    assert beside_more.settings["centre"] == "accounted for"
    assert any("compared within centres" in note for note in beside_more.notes)
    named = cohort.patients["centre"].to_numpy(dtype=object)
    spoiled = rm.make_cohort(
        cohort.tables()["patients"].assign(by_centre=(named == "centre-1").astype(int)),
        cohort.tables()["labs"], cohort.tables()["treatments"], synthetic=True,
    )  # fmt: skip
    asked = with_candidate(study, 'name = "by_centre"\nkind = "column"\ncolumn = "by_centre"\n')
    row = rm.screen_biomarkers(spoiled, asked, ("by_centre",), ("hbig_arm",), **FAST).table.iloc[0]
    assert (
        row["note"] == "the base and the centre explain it wholly"
    )  # no longer only the permutation is within centres
    assert np.isnan(row["p_maxt"])
    assert not row["selected"]


def test_an_empty_base_is_the_mean_risk(cohort, study):
    found = rm.screen_biomarkers(cohort, study, ("anti_hbs", "pegifn_weeks"), (), **FAST)
    assert found.base == ()
    assert found.table.set_index("candidate").loc["anti_hbs", "log_odds"] < 0


def test_a_candidate_far_from_0_is_tested_as_if_a_constant_had_been_subtracted(cohort, study):
    """Spread of 1e-4 around 1e6: another origin, the same statistic."""
    text = 'name = "{0}"\nfamily = "x"\nkind = "column"\ncolumn = "{0}"\n'
    both = parse_study(
        study.text + "".join("\n[[candidates]]\n" + text.format(name) for name in ("near", "far")), "study.toml"
    )
    noise = np.abs(np.random.default_rng(5).normal(size=len(cohort)))
    tables = dict(cohort.tables())
    tables["patients"] = tables["patients"].assign(near=noise, far=1e6 + 1e-4 * noise)
    found = rm.screen_biomarkers(rm.make_cohort(**tables, study=both), both, ("near", "far"), BASE, **FAST)
    table = found.table.set_index("candidate")
    assert table["note"].tolist() == ["", ""]
    assert table.loc["far", "score_z"] == pytest.approx(table.loc["near", "score_z"], rel=1e-4)
    assert table.loc["far", "log_odds"] == pytest.approx(table.loc["near", "log_odds"], rel=1e-4)


def test_a_yes_or_no_that_holds_most_of_the_outcome_is_a_finding(cohort, study):
    """Yes in 9 of 10 with the event and in 1 of 50 without: an AUC of 0.94 is below the limit of a refusal."""
    from relapse_model.cohort.outcome.outcome import derive_outcome

    relapse = derive_outcome(cohort, study, 0.0)["relapse"].to_numpy(dtype=float) == 1
    turn = np.arange(len(cohort))
    leak = np.where(relapse, turn % 10 != 0, turn % 50 == 0).astype(int)
    added = with_candidate(study, 'name = "leak"\nfamily = "x"\nkind = "column"\ncolumn = "leak"\nlabel = "Leak"\n')
    tables = dict(cohort.tables())
    tables["patients"] = tables["patients"].assign(leak=leak, honest=turn % 2)
    found = rm.screen_biomarkers(rm.make_cohort(**tables, study=added), added, ("leak",), BASE, **FAST)
    assert found.notes[0].startswith("RM213 may follow from the outcome: Leak (odds ratio ")
    assert found.settings["level"] == 0.05
    plain = rm.screen_biomarkers(cohort, study, ("hbcrag",), BASE, **FAST)
    assert not any(note.startswith("RM213") for note in plain.notes)
