"""The page of the dosing rule: what it says to do, why, and when."""

from __future__ import annotations

import html
import re
import stat

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.report.dosing_lists import chance_words, forecast_lists
from relapse_model.report.dosing_page import write_dosing_page

LABS = [
    ("A", 0, "anti_hbs", "85"), ("A", 4, "anti_hbs", "110"),  # above 100 for some weeks
    ("B", 0, "anti_hbs", "50"), ("B", 4, "anti_hbs", "60"), ("B", 4, "hbsag", "0.5"),  # HBsAg detected
    ("C", 0, "anti_hbs", "<10"), ("C", 4, "anti_hbs", "<10"),  # due, and one dose is not enough
    ("D", 0, "anti_hbs", "600"), ("D", 4, "anti_hbs", "640"),  # not below within a year, as it seems
]  # fmt: skip


@pytest.fixture(scope="module")
def found(study):
    patients = pd.DataFrame({"patient_id": list("ABCD"), "arm": "hbig", "centre": ["one", "one", "two", "three"]})
    labs = pd.DataFrame(LABS, columns=["patient_id", "week", "analyte", "value"]).assign(unit="mIU/mL")
    labs.loc[labs["analyte"] == "hbsag", "unit"] = "IU/mL"
    given = pd.DataFrame({"patient_id": [*"ABCD", "A"], "agent": "hbig", "start_week": [0, 0, 0, 0, 3], "dose": 400.0,
                          "unit": "IU"})  # fmt: skip
    return rm.dosing(rm.make_cohort(patients, labs, given, study=study), study, as_of_week=4)


@pytest.fixture(scope="module")
def text(found, study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "dosing.html"
    write_dosing_page(found, study, path, as_of="4")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8"))))


def test_what_is_to_be_done_and_why(text):
    assert (
        "Doses due now: 1; overdue: none. Patients to be measured: none; for a clinician to decide: 1 "
        "(records up to week 4)" in text
    )
    assert "B a clinician decides HBsAg detected" in text
    assert "again whenever anti-HBs is negative or below 100 mIU/mL" in text


def test_a_patient_with_the_antigen_is_not_told_to_have_doses(found, text):
    """B is below 100, so a forecast lists B; the rule itself calls for no dose where HBsAg is detected."""
    assert found.due.set_index("patient_id").loc["B", "reason"] == "HBsAg detected"
    assert re.search(r"B \S+ 4 [^B]*HBsAg detected: the rule calls for no dose; a clinician decides", text)
    assert "a dose will be due at every visit" not in text


def test_weeks_outside_what_was_looked_at_are_limits(text):
    """Last titre 110 in week 4: not below 100 then, and nothing is forecast beyond week 56."""
    assert "4 7.1 4 to after 56 8 55 %" in text
    assert '"After" a week: not expected within a year of the last titre.' in text


def test_the_last_titre_and_its_week_are_two_columns_and_whole_weeks_have_no_decimal(text):
    """ "Last titre, week: 46.0" reads as a titre of 46."""
    assert "Last anti-HBs (mIU/mL) Measured in week" in text
    assert "Last titre, week" not in text
    assert not re.search(r"\d\.0(?!\d)", text)


def test_what_one_dose_cannot_do_is_said(text):
    """C is below 10: no week is given at which the titre "falls" below 100, and the dose that would reach it is."""
    assert re.search(r"\d patients?: probably will not reach 100 mIU/mL after one dose of 400 IU", text)
    assert re.search(r"C <10 4 \S+ ?\d+ % 8 > 99 % about [\d,]+ IU", text)
    assert "unless HBsAg is detected" in text


def test_the_forecast_that_is_drawn_is_that_of_the_first_of_the_list(text):
    """A is above 100 and falls below it soonest; C, with an earlier week, never reaches 100."""
    assert "Patient A, the first in the list above (falls below the threshold soonest)." in text
    assert "widens upwards as well, because the patient's own antibody may rise or fall" in text
    assert "threshold of the rule, 100 mIU/mL" in text
    for tick in ("1", "10", "100"):
        assert f" {tick} " in text


def shown_of(labs, study, tmp_path, doses, patients):
    labs = pd.DataFrame(labs, columns=["patient_id", "week", "value"]).assign(analyte="anti_hbs", unit="mIU/mL")
    given = pd.DataFrame(doses, columns=["patient_id", "start_week"]).assign(agent="hbig", dose=400.0, unit="IU")
    report = rm.dosing(rm.make_cohort(patients.assign(arm="hbig"), labs, given, study=study), study)
    write_dosing_page(report, study, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    return report, html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


TWO = [("A", 0, "150"), ("A", 36, "150"), ("B", 0, "150"), ("B", 4, "150")]


def test_who_has_missed_visits_may_be_lost(study, tmp_path):
    """A was last measured in week 36, B in week 4: B's visits of weeks 8 to 36 have passed."""
    patients = pd.DataFrame({"patient_id": ["A", "B"]})
    report, page = shown_of(TWO, study, tmp_path, [("A", 0), ("B", 0)], patients)
    assert report.due["patient_id"].tolist() == ["B"]
    assert "1 patient has missed visits and may be lost to follow-up: contact the patient, or record the loss. " in page
    what = "B contact and measure anti-HBs"
    assert f"{what} no titre since week 4; planned visits passed: weeks 8, 12, 24, 36" in page
    assert "enrolled recently" not in page


def test_who_was_enrolled_recently_has_missed_nothing(study, tmp_path):
    """B was enrolled 32 weeks after A, and so is in week 4 when A is in week 36."""
    dates = {"patient_id": ["A", "B"], "enrolment_date": ["2024-01-01", "2024-08-12"]}
    report, page = shown_of(TWO, study, tmp_path, [("A", 0), ("B", 0)], pd.DataFrame(dates))
    assert report.due.empty
    assert (
        "The last titre is of week 36 at the latest. In 1 patient it is from before week 24: the patient was "
        "enrolled recently, or has not been measured since." in page
    )
    assert "may be lost" not in page


ALL = [
    ("A", 48, "122", 46), ("B", 48, "101", 47.0), ("C", 48, "<10", 48), ("D", 48, ">1000", 46), ("E", 48, "45", 48),
    ("F", 46, "60", 24),
]  # fmt: skip


def test_every_patient_stands_in_exactly_one_list_and_the_counts_add_up(study, tmp_path):
    """G has died and H has no titre: 8 patients = 6 with a forecast + 1 + 1."""
    labs = [(one, 0, "80" if one in "AB" else titre) for one, _, titre, _ in ALL]
    labs += [(one, week, titre) for one, week, titre, _ in ALL] + [("G", 0, "50"), ("G", 48, "50")]
    doses = [(one, 0) for one in "ABCDEFG"] + [("C", 48), ("E", 48)]
    patients = pd.DataFrame({"patient_id": list("ABCDEFGH"), "lost_reason": [""] * 6 + ["moved", ""]})
    report, page = shown_of(labs, study, tmp_path, doses, patients)
    lists = forecast_lists(report)
    places = {name: set(getattr(lists, name)["patient_id"]) for name in ("unreached", "lasting", "below", "falling")}
    assert sorted(one for those in places.values() for one in those) == list("ABCDEF")
    assert places["unreached"] >= {"C"}
    assert places["lasting"] == {"D"}
    assert {"A", "B"} <= places["falling"]
    arm = "8 patients in the arm: 6 with a forecast, dosing has ended in 1, 1 without any titre"
    said = re.search(rf"{arm}\. (.*?)\.", page)
    assert said is not None
    assert sum(int(number) for number in re.findall(r"(?:^|; |: )(\d+) ", said[1])) == 6


def test_one_chance_decides_whether_a_week_is_given(study, tmp_path):
    """Every week is given to somebody who was measured at 100, or whose chance of reaching it is at least 50 %."""
    labs = [("A", 0, "60"), ("A", 48, "<10"), ("B", 0, "60"), ("B", 48, "70")]
    doses = [("A", 0), ("A", 48), ("B", 0), ("B", 48)]
    report, page = shown_of(labs, study, tmp_path, doses, pd.DataFrame({"patient_id": ["A", "B"]}))
    chance = report.next.set_index("patient_id")["reachable"]
    assert chance["A"] < 0.5 < chance["B"]
    lists = forecast_lists(report)
    assert lists.unreached["patient_id"].tolist() == ["A"]
    assert lists.falling["patient_id"].tolist() == ["B"]
    assert f"A <10 48 {chance_words(chance['A'])} about" in page
    assert "1 patient: probably will not reach 100 mIU/mL after one dose of 400 IU" in page


def test_the_chance_is_that_of_the_forecast_beside_it(study, tmp_path):
    """A dose of the day of the titre: from its peak on, the median lies below 100 where the chance is under 50 %."""
    values = ["30", "40", "45", "50", "60", "80"]
    labs = [(str(place), week, value) for place, value in enumerate(values) for week in (0, 4)]
    doses = [(str(place), week) for place in range(len(values)) for week in (0, 4)]
    patients = pd.DataFrame({"patient_id": [str(place) for place in range(len(values))]})
    report, _ = shown_of(labs, study, tmp_path, doses, patients)
    under = report.next["reachable"] < 0.5
    assert 0 < under.sum() < len(values)
    assert (under == (report.next["week"] <= 5.0)).all()  # the first week after the peak is week 5


def test_a_titre_measured_at_the_limit_is_not_said_to_have_fallen_below_it(study, tmp_path):
    """101 in week 48 and no dose since: the week is after 48, not at or before it."""
    labs = [("A", 0, "50"), ("A", 24, "67"), ("A", 36, "45"), ("A", 48, "101")]
    report, page = shown_of(labs, study, tmp_path, [("A", week) for week in (0, 24, 36)],
                            pd.DataFrame({"patient_id": ["A"]}))  # fmt: skip
    assert report.next["week"].tolist() == [48.0]  # the median: the assay's error and the course before it
    assert "A 101 48 soon after 48 48 to" in page
    assert "≤" not in page


def test_columns_that_are_empty_for_all_are_not_shown(study, text, tmp_path):
    """After week 48 no visit is planned; at week 4 there is a next one."""
    labs = [("A", 0, "60"), ("A", 48, "70")]
    patients = pd.DataFrame({"patient_id": ["A"]})
    _, page = shown_of(labs, study, tmp_path, [("A", 0), ("A", 48)], patients)
    assert "No further visit is planned for these patients." in page
    assert "Next visit, week" not in page
    assert "Probability due then" not in page
    assert "Next visit, week Probability due then" in text


def test_doses_after_the_endpoint_are_told_apart(study, tmp_path):
    """3 doses: that of week 49 is after the endpoint of week 48; that of week 4, at 150, was not called for."""
    labs = [("A", 0, "60"), ("A", 4, "150"), ("A", 49, "70")]
    patients = pd.DataFrame({"patient_id": ["A"]})
    _, page = shown_of(labs, study, tmp_path, [("A", 0), ("A", 4), ("A", 49)], patients)
    assert (
        "3 doses on record in the arm; 2 answered a visit that called for one. 1 given after week 48: the report of "
        "the trial does not count these." in page
    )


def test_who_never_had_a_titre_is_listed_with_the_reason(study, tmp_path):
    given = pd.DataFrame({"patient_id": ["A"], "agent": "hbig", "start_week": [0.0], "dose": 400.0, "unit": "IU"})
    labs = pd.DataFrame({"patient_id": ["A"], "week": [0.0], "analyte": "hbsag", "value": "<0.05", "unit": "IU/mL"})
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["A"], "arm": ["hbig"]}), labs, given, study=study)
    write_dosing_page(rm.dosing(cohort, study, 9), study, tmp_path / "page.html", as_of="9")
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (tmp_path / "page.html").read_text(encoding="utf-8")))
    assert "A contact and measure anti-HBs no titre on record; planned visits passed: weeks 4, 8" in page


def test_counts_of_visits_and_doses_say_which_they_are(found, study, tmp_path):
    write_dosing_page(found, study, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for head in ("Visits or doses", "Doses due", "Doses given"):
        assert f'<th scope="col">{head}</th>' in page


def test_a_decision_by_hand_is_no_deviation_and_every_centre_is_listed(found):
    """A dose of patient A in week 3 that no visit asked for; nothing in the other centres."""
    table = found.deviations.set_index("deviation")
    assert list(table.columns) == ["one", "three", "two"]
    assert "clinician decides" not in table.index
    assert "clinician decides" in set(found.audit["verdict"])
    assert table["one"].sum() == 1
    assert table[["two", "three"]].to_numpy().sum() == 0


def page_of(labs, study, tmp_path, **columns):
    labs = pd.DataFrame(labs, columns=["patient_id", "week", "analyte", "value"]).assign(unit="mIU/mL")
    labs.loc[labs["analyte"] == "hbsag", "unit"] = "IU/mL"
    given = pd.DataFrame({"patient_id": ["A"], "agent": "hbig", "start_week": [0.0], "dose": 400.0, "unit": "IU"})
    patients = pd.DataFrame({"patient_id": ["A"], "arm": ["hbig"]} | columns)
    cohort = rm.make_cohort(patients, labs, given, study=study)
    write_dosing_page(rm.dosing(cohort, study), study, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_why_nothing_is_forecast_is_said_as_it_is(study, tmp_path):
    """640 mIU/mL: nobody falls below 100. Without a titre, or after a death, there is nothing to forecast from."""
    high = [("A", 0, "anti_hbs", "600"), ("A", 4, "anti_hbs", "640")]
    assert "Nobody is expected to fall below 100 mIU/mL within a year." in page_of(high, study, tmp_path)
    untested = page_of([("A", 0, "hbsag", "<0.05")], study, tmp_path)
    assert "No forecast: no patient of the arm has a titre." in untested
    assert "Dosing has ended" not in untested
    lost = page_of(high, study, tmp_path, lost_reason=["moved away"])
    assert "No forecast: no patient of the arm whose dosing has not ended has a titre." in lost
    assert "Dosing has ended 1 patient: nothing is due, and nothing is forecast" in lost
    assert "A Lost to follow-up, week 4" in lost


def test_a_titre_that_is_not_there_is_not_printed_as_a_number(root, tmp_path):
    """Beside a patient with a titre, the gap of another was shown as 'nan'."""
    study = rm.load_study("hbsag-relapse")
    found = rm.dosing(rm.read_cohort(root / "examples" / "cohort", study=study), study)
    assert found.due["titre"].isna().any()
    assert not found.due["titre"].isna().all()
    write_dosing_page(found, study, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "317 doses on record in the arm; 304 answered a visit that called for one. 25 given after week 48" in (
        page.replace("\N{NO-BREAK SPACE}", " ")
    )
    assert ">nan<" not in (tmp_path / "page.html").read_text(encoding="utf-8")
