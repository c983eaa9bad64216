"""The page of a screen of biomarkers: its sentences, its numbers, and nothing fetched."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.report.biomarkers_page import biomarkers_page, change_words, p_words, screen_verdict
from relapse_model.report.figures.biomarker_forest import biomarker_forest
from relapse_model.study.reader import parse_study

FAST = {"permutations": 300, "repeats": 3, "resamples": 25}
BASE = ("anti_hbs", "hbig_arm", "consolidation_weeks")


@pytest.fixture(scope="module")
def nothing(cohort, study):
    return rm.screen_biomarkers(cohort, study, increment=False, **FAST)


@pytest.fixture(scope="module")
def something(study):
    cohort = rm.simulate_cohort(400, seed=3, coefficients={"hbcrag": 1.2})
    return rm.screen_biomarkers(cohort, study, ("hbcrag", "pegifn_weeks"), BASE, increment=("log_loss",), **FAST)


def words(page):
    body = page[page.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", body, flags=re.DOTALL)))


def test_the_first_sentence_says_that_nothing_was_found_and_what_that_does_not_mean(nothing):
    assert screen_verdict(nothing).startswith(
        "None of the 5 candidates tested is associated with the event beyond what"
    )
    assert "does not show that they are irrelevant" in screen_verdict(nothing)


def test_the_first_sentence_names_what_was_found_with_its_interval(something):
    row = something.table.iloc[0]
    low, high = np.exp([row["simultaneous_lower"], row["simultaneous_upper"]])
    ratio = f"odds ratio {np.exp(row['log_odds']):.2f} per tenfold increase"
    assert screen_verdict(something).startswith(
        "1 of 2 candidates tested is associated with the event beyond what is known already, after correction for "
        f"multiple testing (73 events): HBcrAg ({ratio}; simultaneous 95 % interval {low:.2f} to {high:.2f})."
    )


def test_the_page_holds_every_candidate_and_why_some_were_not_tested(nothing):
    stated = words(biomarkers_page(nothing))
    for label in nothing.table["label"]:
        assert label in stated
    assert "HBV RNA: missing in all patients" in stated
    assert "Added predictive value" not in stated  # it was not asked for
    assert "Knockoffs are not offered" in stated


def test_increments_and_shrunk_effects_are_shown_where_there_are_some(something):
    stated = words(biomarkers_page(something))
    gain = something.increment.set_index("candidate").loc["hbcrag", "delta_log_loss"]
    assert f"{gain:+.3f}".replace("-", "\N{MINUS SIGN}") in stated
    assert f"shrunk HBcrAg {np.exp(something.table.iloc[0]['log_odds']):.2f}" in stated


def test_nothing_is_fetched_and_nothing_runs(something):
    page = biomarkers_page(something)
    assert "<script" not in page
    assert not re.search(r"(src|href)=[\"'](?!#)", page)
    assert page.count("<svg") == 1


def test_the_same_screen_gives_the_same_page(something):
    assert biomarkers_page(something) == biomarkers_page(something)


def test_a_forest_of_many_shows_the_first(nothing):
    tested = nothing.table[nothing.table["p"].notna()]
    many = tested.loc[tested.index.repeat(10)].reset_index(drop=True)
    (axes,) = biomarker_forest(many).axes
    assert len([text for text in axes.texts if "(" in text.get_text() and " to " in text.get_text()]) == 30


def test_words_of_numbers():
    assert [p_words(p) for p in (0.0002, 0.0123, 0.5, np.nan)] == ["<0.001", "0.012", "0.50", ""]
    assert change_words(-0.0001, -0.01, 0.02) == ("+0.000", "\N{MINUS SIGN}0.010 to +0.020")
    assert change_words(np.nan, np.nan, np.nan) == ("not estimable", "")


def test_the_verb_writes_both_files_and_says_the_answer(root, tmp_path, capsys):
    cohort = str(root / "examples" / "cohort")
    asked = ["biomarkers", cohort, "--out", str(tmp_path), "--candidates", "pegifn_weeks, hbv_rna", "--no-increment"]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert said.startswith("The candidate tested is not associated with the event beyond what is known already (")
    assert "Not tested: HBV RNA (missing in all patients (at most 50 % allowed))." in said
    assert "synthetic" in said
    stated = json.loads((tmp_path / "biomarkers.json").read_text(encoding="utf-8"))
    assert [row["candidate"] for row in stated["table"]] == ["pegifn_weeks", "hbv_rna"]
    assert "<h1>" in (tmp_path / "biomarkers.html").read_text(encoding="utf-8")


def test_the_verb_refuses_a_candidate_that_is_not_there(root, tmp_path, capsys):
    assert main(["biomarkers", str(root / "examples" / "cohort"), "--out", str(tmp_path), "--candidates", "nope"]) == 1
    assert "neither a candidate nor a predictor of the study" in capsys.readouterr().err


def with_columns(cohort, study, **columns):
    """The study with these columns as candidates, and the cohort with those that are given values."""
    text = "".join(f'\n[[candidates]]\nname = "{name}"\nkind = "column"\ncolumn = "{name}"\n' for name in columns)
    tables = cohort.tables()
    given = {name: values for name, values in columns.items() if values is not None}
    told = rm.make_cohort(tables["patients"].assign(**given), tables["labs"], tables["treatments"], synthetic=True)
    return told, parse_study(study.text + text, "study.toml")


def test_no_reason_is_made_up_where_nothing_could_be_tested(cohort, study):
    """A column that is absent and one of text: neither is constant, nor known in too few patients."""
    told, asked = with_columns(cohort, study, absent=None, words_only="abc")
    both = rm.screen_biomarkers(told, asked, ("absent", "words_only"), BASE, increment=False, **FAST)
    assert screen_verdict(both) == (
        "No candidate could be tested; the reasons follow. Not tested, since the cohort lacks the column or it cannot "
        "be read: absent, words only."
    )
    stated = words(biomarkers_page(both))
    assert "the column is missing" in stated
    assert "132 cells that cannot be used" in stated
    one = rm.screen_biomarkers(told, asked, ("hbv_dna",), BASE, increment=False, **FAST)
    assert screen_verdict(one) == "The candidate could not be tested; the reason follows."


def test_an_absent_column_is_named_beside_what_was_tested(cohort, study):
    told, asked = with_columns(cohort, study, absent=None)
    found = rm.screen_biomarkers(told, asked, ("absent", "pegifn_weeks"), BASE, increment=False, **FAST)
    assert screen_verdict(found).startswith("The candidate tested is not")
    assert screen_verdict(found).endswith("lacks the column or it cannot be read: absent.")


def test_centres_without_an_odds_ratio_have_no_column_of_the_page(cohort, study):
    """132 centres of one patient: none has 2 with the event and 2 without."""
    tables = cohort.tables()
    alone = tables["patients"].assign(centre=[f"centre-{place}" for place in range(132)])
    told = rm.make_cohort(alone, tables["labs"], tables["treatments"], synthetic=True)
    found = rm.screen_biomarkers(told, study, ("pegifn_weeks",), ("hbig_arm",), increment=False, **FAST)
    stated = words(biomarkers_page(found))
    assert "132 centres have too few of either for an odds ratio." in stated
    assert "centre-7" not in stated


def test_one_candidate_is_spoken_of_as_one(cohort, study):
    alone = rm.screen_biomarkers(cohort, study, ("pegifn_weeks",), BASE, increment=False, **FAST)
    assert "The candidate tested is not associated" in screen_verdict(alone)
    assert "does not show that it is irrelevant" in screen_verdict(alone)
