"""The report of a trial: what is written, for whom, and what the page and the files say."""

from __future__ import annotations

import dataclasses
import json
import re
import stat
from xml.etree import ElementTree

import pandas as pd
import pytest
from page_reader import plain
from small_trial import PLAN, cohort_132, small_cohort, small_study, small_tables, study_132

import relapse_model as rm
from relapse_model.report.figures.flow import flow_svg
from relapse_model.report.trial_answer import answer
from relapse_model.report.trial_figures import _subgroup_rows
from relapse_model.report.trial_report import _interactions, trial_page
from relapse_model.report.trial_words import contrast_words, p_value, points


@pytest.fixture(scope="module")
def compared(cohort, study):
    return rm.compare_arms(cohort, study)


@pytest.fixture(scope="module")
def trial_folder(compared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial") / "new"
    compared.save(folder)
    return folder


@pytest.fixture(scope="module")
def trial_text(trial_folder):
    return plain((trial_folder / "trial.html").read_text(encoding="utf-8"))


def test_what_is_written(trial_folder):
    names = {str(path.relative_to(trial_folder)) for path in trial_folder.rglob("*") if path.is_file()}
    figures = {f"figures/{name}.{kind}" for name in ("failures", "sensitivity", "subgroups") for kind in ("svg", "png")}
    tables = {f"{name}.csv" for name in ("results", "flow", "table_one", "subgroups")}
    data = {f"analysis_data/{name}.csv" for name in ("adsl", "advs", "dictionary")}
    assert names == {"trial.html", "trial.json", "figures/flow.svg"} | figures | tables | data


def test_the_rows_of_patients_are_for_their_owner_alone(trial_folder):
    data = trial_folder / "analysis_data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in data.iterdir())
    assert len(pd.read_csv(data / "adsl.csv")) == 132


def test_no_patient_leaves_with_the_report(trial_folder, cohort):
    ids = set(cohort.patient_ids)
    for path in trial_folder.glob("*.*"):
        words = set(re.findall(r"[A-Za-z]\d+", path.read_text(encoding="utf-8")))
        assert not words & ids, path.name


def test_every_variable_is_in_the_dictionary(trial_folder):
    data = trial_folder / "analysis_data"
    words = pd.read_csv(data / "dictionary.csv")
    for name in ("adsl", "advs"):
        assert list(words.loc[words["data_set"] == name, "variable"]) == list(pd.read_csv(data / f"{name}.csv").columns)
    assert words["label"].notna().all()


def test_the_values_are_strict_json_in_full_precision(trial_folder, compared):
    values = json.loads((trial_folder / "trial.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    made, stated = compared.primary.contrast, values["primary"]["contrast"]
    for name in ("value", "lower", "upper", "standard_error", "statistic", "p_value"):
        assert stated[name] == getattr(made, name)
    assert values["plan_sha256"] == compared.plan_sha256
    assert values["direction"] == "HBIG minus control; negative favours HBIG"
    assert values["answer"] == answer(compared)


def test_the_first_screen_answers(trial_text, compared):
    before = trial_text[: trial_text.index("<nav")]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", before[before.index("<main") :]))
    assert "On synthetic patients: Sustained HBsAg loss at week 48: HBIG 82.1 %, control 84.2 %" in text
    assert "What next?" in text
    assert contrast_words(compared.primary.contrast, interval_only=True) in text
    assert "HBIG minus control; negative favours HBIG" in text
    assert "Counts by arm are given in full" in text
    assert "No difference was shown" in text


def test_every_analysis_stands_on_the_page(trial_text, compared):
    for one in compared.contrasts:
        assert one.label[1:] in trial_text, one.label
    for one in compared.subgroups:
        assert one.label[1:] in trial_text
    assert compared.plan_sha256 in trial_text
    assert trial_text.count("<figure>") == 4


def test_nothing_is_fetched_and_no_script_runs(trial_text):
    assert "<script" not in trial_text
    assert not re.search(r'(?:src|href)="https?:', trial_text)
    assert "default-src 'none'" in trial_text


@pytest.mark.parametrize(
    ("counts", "said"),
    [((2, 20), "Fewer failures with HBIG than with control were shown."),
     ((20, 2), "More failures with HBIG than with control were shown."),
     ((5, 6), "No difference was shown")],
)  # fmt: skip
def test_the_answer_follows_the_interval(counts, said):
    """Of 66 and 66, none lost: that many failed."""
    cohort = cohort_132(lost=False)
    treated = (cohort.patients["arm"] == "hbig").to_numpy()[cohort.outcomes["patient"]]
    rank = pd.Series(range(132)).groupby(treated).cumcount()
    relapse = [int(place < counts[0 if arm else 1]) for place, arm in zip(rank, treated, strict=True)]
    week = [24.0 if one else 48.0 for one in relapse]
    outcomes = cohort.outcomes.assign(relapse=relapse, week=week)
    assert said in answer(rm.compare_arms(dataclasses.replace(cohort, outcomes=outcomes), study_132()))


def test_words():
    assert [points(x) for x in (0.0213, -0.1146, 0.0, -0.0001)] == ["+2.1", "\u221211.5", "0.0", "0.0"]
    assert [p_value(p) for p in (0.0004, 0.0412, 0.5)] == ["p < 0.001", "p = 0.041", "p = 0.50"]


def test_the_flow_is_drawn_with_its_numbers_and_escaped():
    """A reason with markup in it, somebody not randomised, and a long reason that must be broken."""
    tables = small_tables(lost_reason=["", "", "<b>moved</b> & could not be reached in any way again", *[""] * 9],
                          randomised=[1] * 12)  # fmt: skip
    more = pd.DataFrame({"patient_id": ["S1", "S2"], "randomised": [0, 0], "age_years": [70.0, 71.0]})
    tables["patients"] = pd.concat([tables["patients"], more], ignore_index=True)
    found = rm.compare_arms(rm.make_cohort(**tables, study=small_study()), small_study())
    drawing = ElementTree.fromstring(flow_svg(found.flow))
    text = " ".join(node.text or "" for node in drawing.iter("{http://www.w3.org/2000/svg}text"))
    for said in (
        "Assessed for eligibility: 14",
        "Not randomised: 2",
        "Randomised: 12",
        "HBIG: 6 allocated",
        "<b>moved",
    ):
        assert said in text
    width = float(drawing.get("viewBox").split()[2])
    for node in drawing.iter("{http://www.w3.org/2000/svg}text"):
        assert float(node.get("x")) + 0.56 * 12.5 * len(node.text or "") <= width


def test_a_page_without_anything_optional():
    """No sensitivity analyses, no subgroups, no events on the way, an adjudicated outcome."""
    text = trial_page(rm.compare_arms(cohort_132(), study_132()), {})
    assert text.count("The plan names none") == 3
    assert "There is no treatments table." in text


def test_a_ratio_is_answered_as_a_ratio():
    found = rm.compare_arms(small_cohort(), small_study(PLAN + 'measure = "risk_ratio"\n'))
    assert "Risk ratio, HBIG over control:" in answer(found)
    assert found.to_dict()["direction"] == "HBIG over control; below 1 favours HBIG"


def test_quartiles_below_the_limit_of_an_assay_are_shown_as_such(compared, trial_text):
    """Half the limit, 5 mIU/mL, stands for every result below 10: nobody measured a 5."""
    cells = {row.variable: (row.treatment, row.control) for row in compared.table_one.rows if not row.level}
    assert cells["Anti-HBs (mIU/mL)"] == ("17.1 (<10 to 134)", "31.4 (<10 to 181)")
    assert cells["HBcrAg (log10 U/mL)"] == ("2.4 (<2 to 2.9)", "2.5 (<2 to 3.1)")
    assert cells["HBsAg before treatment (IU/mL)"] == ("59.5 (4.85 to 382)", "58.7 (4.26 to 269)")  # all above 0.05
    assert "17.1 (&lt;10 to 134)" in trial_text


def test_risk_and_mean_weeks_that_point_apart_are_explained(compared, trial_text):
    """Risk +2.1 points, mean weeks +1.67: more failures, but later; both intervals hold 0."""
    said = "More weeks free of failure with HBIG (+1.67), but also more failures by week 48 (+2.1 percentage points):"
    assert f"{said} they came later. Neither difference was statistically significant." in trial_text
    weeks = next(one for one in compared.beside if one.kind == "rmst")
    earlier = dataclasses.replace(weeks, contrast=dataclasses.replace(weeks.contrast, value=-1.67))
    assert "they came" not in trial_page(dataclasses.replace(compared, beside=(earlier,)), {})


def test_levels_are_named_as_clinicians_name_them(compared, trial_text):
    """Women and men, HBeAg negative and positive: 20 + 46 and 47 + 19 patients of HBIG."""
    levels = {one.label: [(str(level.name), level.patients[0]) for level in one.effects.levels]
              for one in compared.subgroups}  # fmt: skip
    assert levels == {
        "sex": [("women", 20), ("men", 46)], "HBeAg before treatment": [("negative", 47), ("positive", 19)],
    }  # fmt: skip
    drawn = [row.label for one in compared.subgroups for row in _subgroup_rows(one)]
    assert drawn[:2] == ["Women (4/20 v 4/24)", "Men (7/46 v 6/42)"]  # a journal does not print "Sex: women"
    assert drawn[2].startswith("HBeAg before treatment: negative")
    assert "2 interaction tests; by chance alone p &lt; 0.05 is expected in 0.1 of them." in trial_text
    one = _interactions(compared.subgroups[:1])
    assert one == "1 interaction test; by chance alone it has p < 0.05 once in 20 times"
    assert "HBIG given although HBsAg was detected" not in trial_text  # the agent, not the arm
    assert "Hepatitis B immunoglobulin given although HBsAg was detected" in trial_text


def test_failure_is_defined_at_its_first_use_and_has_no_other_name(compared, trial_text):
    """Neither outcome nor event stands for it in what the page itself says."""
    first = answer(compared).casefold().index("failure")
    assert answer(compared)[first:].startswith("Failure is the loss of this endpoint (")
    for word in ("hidden by antibody", "the detection of", "detects", "Tests for"):
        assert not re.search(rf"outcomes? {word}|{word} (?:the )?outcome", trial_text)
    assert "fewer than 5 events" not in trial_text


def test_doses_that_another_page_counts_are_named(trial_text):
    """292 doses by week 48 here; the dosing page has 304 that the rule called for, some of them after week 48."""
    assert "all 66 (292 doses or courses by week 48)" in trial_text
    assert "Doses after week 48 are not counted here." in trial_text


def test_no_quantity_is_parted_at_the_end_of_a_line(trial_folder):
    """Percentages, units, p and n hold together, also in the labels of cells on a narrow screen; ranges too."""
    page = (trial_folder / "trial.html").read_text(encoding="utf-8")
    body = re.sub(r"<style.*?</style>|<svg.*?</svg>|<code.*?</code>", "", page, flags=re.DOTALL)
    assert re.findall(r"\d (?:IU/mL|weeks?\b|patients\b|percentage)", body) == []
    assert re.findall(r"(?<!>)\d to [\d+<]", re.sub(r'<span class="range">.*?</span>', "", body)) == []
    assert '<span class="range">32 to 45.5</span>' in body
    assert re.findall(r"\d %", body) == []
    assert re.findall(r"\b[pn] (?:=|&lt;) \d", body) == []
    assert "(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}66)" in body
