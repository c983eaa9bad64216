"""No look-ahead, as a property of every kind of predictor; and a proof that the property would be seen broken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.cohort import courses
from relapse_model.cohort.measurements import Measurements
from relapse_model.errors import CohortError
from relapse_model.features.summaries import SUMMARIES
from relapse_model.study.predictor_kinds import FEATURE_KINDS
from relapse_model.study.reader import parse_study

LANDMARK = 12.0
CONSOLIDATION = "weeks_on_agent_after_first_negative"
HEAD = """
[study]
protocol = 1
name = "every-kind"

[analytes.hbsag]
unit = "IU/mL"
scale = "log10"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [12]
horizon_weeks = 48

[passive_antibody]
analyte = "anti_hbs"
agents = ["immunoglobulin"]
half_life_days = { median = 24, cv = 0.25, source = "made up" }
volume_litres = { median = 7.5, cv = 0.40, source = "made up" }
absorption_per_day = { median = 0.6, cv = 0.50, source = "made up" }
error_sd_log10 = 0.12
error_source = "made up"
"""
KEYS = {
    "analyte": 'analyte = "hbsag"',
    "agents": 'agents = ["pegifn", "hbig"]',
    "below": "below = 0.05",
    "at_least": "at_least = 10",
    "column": 'column = "age_years"',
}
KINDS = dict(FEATURE_KINDS)  # as they are now: a kind that another test registers is not ours


def study_of_every_kind():
    """One predictor of each kind, and each laboratory kind in a window beside it."""
    entries = []
    for kind in KINDS.values():
        lines = [f'kind = "{kind.name}"', *(KEYS[key] for key in kind.requires)]
        if kind.name == "endogenous":
            lines[1] = 'analyte = "anti_hbs"'
        entries.append([f'name = "{kind.name}"', *lines])
        if "window_weeks" in kind.allows:
            entries.append([f'name = "{kind.name}_recent"', *lines, "window_weeks = 8"])
    return parse_study(HEAD + "".join("\n[[predictors]]\n" + "\n".join(entry) + "\n" for entry in entries), "test")


STUDY = study_of_every_kind()
LAB_COLUMNS = ["patient_id", "week", "analyte", "value", "unit"]
COURSE_COLUMNS = ["patient_id", "agent", "start_week", "end_week", "dose"]
AGENTS = ("pegifn", "hbig", "nuc", "immunoglobulin")
UNITS = {"hbsag": "IU/mL", "anti_hbs": "mIU/mL"}


WHO = [f"P{number}" for number in range(30)]  # many patients, few cohorts: a cohort costs more than its patients
SEEDS = st.integers(0, 2**32 - 1)


def cohort_of(labs, courses, who=("a", "b", "c")):
    return rm.make_cohort(
        pd.DataFrame({"patient_id": who, "age_years": range(30, 30 + len(who))}),
        pd.DataFrame([(*lab, UNITS[lab[2]]) for lab in labs], columns=LAB_COLUMNS),
        pd.DataFrame(courses, columns=COURSE_COLUMNS).assign(unit="IU"),
        study=STUDY,
    )


def features_of(labs, courses, who=("a", "b", "c")):
    return rm.derive_features(cohort_of(labs, courses, who), STUDY, LANDMARK)


BEFORE = (-40.0, -12.0, 3.9, 4.0, 8.0, 12.0)
AFTER = (12.1, 13.0, 16.0, 24.0, 96.0)
VALUES = ("<0.05", "0.05", "0.2", "7", "150", "3200", "positive", "negative", "not done", "0")


def random_labs(rng, weeks):
    """Rows (patient, week, analyte, value) for a third of all places: never two results of an analyte in a week."""
    return [
        (who, week, analyte, str(rng.choice(VALUES)))
        for who in WHO
        for week in weeks
        for analyte in UNITS
        if rng.random() < 1 / 3
    ]


def random_courses(rng, weeks, agents=AGENTS):
    """Rows (patient, agent, start)."""
    return [(who, agent, week) for who in WHO for agent in agents for week in weeks if rng.random() < 0.1]


def length(row, weeks):
    """A dose is given at once, a course takes weeks."""
    return 0 if row[1] == "immunoglobulin" else weeks


def in_any_order(rng, rows):
    return [rows[position] for position in rng.permutation(len(rows))]


@settings(deadline=None, max_examples=6)
@given(seed=SEEDS, other_seed=SEEDS)
def test_nothing_after_the_landmark_changes_any_feature(seed, other_seed):
    rng = np.random.default_rng(seed)
    known_labs = random_labs(rng, BEFORE)
    ended = [(*row, min(row[2] + length(row, 4), 12.0), 400.0) for row in random_courses(rng, BEFORE)]
    running = random_courses(rng, BEFORE, agents=("pegifn", "hbig"))

    def with_a_future(rng):
        """Other rows after the landmark, other ends of the courses that run past it, in any order of rows."""
        ends = rng.choice([np.nan, *AFTER], size=len(running))
        courses = ended + [(*row, end, None) for row, end in zip(running, ends, strict=True)]
        courses += [(*row, row[2] + length(row, 8), 400.0) for row in random_courses(rng, AFTER)]
        labs = known_labs + random_labs(rng, AFTER)
        return features_of(in_any_order(rng, labs), in_any_order(rng, courses), WHO)

    without = features_of(known_labs, ended + [(*row, np.nan, None) for row in running], WHO)
    pd.testing.assert_frame_equal(with_a_future(np.random.default_rng(other_seed)), without, rtol=1e-12)


# Two patients at the landmark: one with a past, one about whom nothing is known before week 16.
PAST = [("a", 0, "hbsag", "7"), ("a", 8, "hbsag", "0.2")]
FUTURE = [(who, week, "hbsag", value) for who in "ab" for week, value in ((16, "3200"), (24, "<0.05"))]
PAST_COURSES = [("a", "pegifn", -20, 20, 180), ("b", "pegifn", -20, -8, 180), ("c", "nuc", -20, 20, 1)]
FUTURE_COURSES = [("b", "pegifn", 16, 30, 180), ("c", "pegifn", 16, 30, 180)]


def changed_by_the_future():
    """Return the predictors that look ahead: the columns that rows after the landmark change."""
    before = features_of(PAST, PAST_COURSES)
    after = features_of(PAST + FUTURE, PAST_COURSES + FUTURE_COURSES)
    return {name for name in before if not before[name].equals(after[name])}


def test_the_past_has_its_features_and_the_future_none():
    assert changed_by_the_future() == set()
    found = features_of(PAST, PAST_COURSES)
    assert found.loc["a", "count"] == 2
    assert found.loc["a", "weeks_on_agent"] == 32


def test_looking_ahead_in_the_laboratory_would_be_seen(monkeypatch):
    # A mutation: results are no longer cut at the landmark. Every laboratory feature must give itself away.
    every = lambda self, week, window_weeks=None: np.ones(len(self.week), dtype=bool)  # noqa: E731
    monkeypatch.setattr(Measurements, "known_at", every)  # by which `until` takes its rows too
    of_results = {*SUMMARIES, "slope_to_first_below"}
    recent = {f"{kind}_recent" for kind in of_results if "window_weeks" in KINDS[kind].allows}
    laboratory_kinds = {*of_results, *recent}
    assert changed_by_the_future() == laboratory_kinds | {CONSOLIDATION}


def test_looking_ahead_in_treatment_would_be_seen(monkeypatch):
    honest = courses.courses_until
    monkeypatch.setattr(courses, "courses_until", lambda table, agents, week: honest(table, agents, 1000.0))
    treatment_kinds = {kind.name for kind in KINDS.values() if "agents" in kind.requires}
    # Consolidation starts at a negative test, and none is known: its courses do not matter here.
    assert changed_by_the_future() == treatment_kinds - {CONSOLIDATION}


def test_looking_ahead_in_treatment_after_the_first_negative_would_be_seen(monkeypatch):
    negative = [("a", 0, "hbsag", "7"), ("a", 4, "hbsag", "<0.05")]
    before = features_of(negative, [("a", "pegifn", -20, 40, 180)])
    assert before.loc["a", CONSOLIDATION] == 8
    honest = courses.courses_until
    monkeypatch.setattr(courses, "courses_until", lambda table, agents, week: honest(table, agents, 1000.0))
    ahead = features_of(negative, [("a", "pegifn", -20, 40, 180)])
    assert ahead.loc["a", CONSOLIDATION] == 36


def test_a_negative_is_confirmed_by_the_next_test_only_once_that_is_known():
    # Negative at 8 and at 16, on the drug from -20 to 40. At week 12 the second is not known: no confirmed negative.
    predictor = f'kind = "{CONSOLIDATION}"\nagents = ["pegifn"]\nanalyte = "hbsag"\nbelow = 0.05\nconfirmed = true'
    given = pd.DataFrame({"patient_id": ["a"], "agent": ["pegifn"], "start_week": [-20], "end_week": [40]})
    labs = [("a", 4, "hbsag", "7", "IU/mL"), *(("a", week, "hbsag", "<0.05", "IU/mL") for week in (8, 16))]
    found = {week: tiny(predictor, {"patient_id": ["a"]}, given, labs, week).iloc[0] for week in (12, 16, 48)}
    assert np.isnan(found.pop(12))
    assert found == {16: 8.0, 48: 32.0}


@settings(deadline=None, max_examples=3)
@given(seed=SEEDS)
def test_the_order_of_rows_changes_no_feature(seed):
    rng = np.random.default_rng(seed)
    labs = random_labs(rng, BEFORE + AFTER)
    rows = [(*row, row[2] + length(row, 4), 400.0) for row in random_courses(rng, BEFORE)]
    other = features_of(in_any_order(rng, labs), in_any_order(rng, rows), WHO)
    pd.testing.assert_frame_equal(features_of(labs, rows, WHO), other, rtol=1e-12)  # rounding of sums


def test_a_patient_alone_has_the_same_features():
    rng = np.random.default_rng(5)
    rows = [(*row, row[2] + length(row, 4), 400.0) for row in random_courses(rng, BEFORE)]
    cohort = cohort_of(random_labs(rng, BEFORE), rows, WHO)
    together = rm.derive_features(cohort, STUDY, LANDMARK)
    for positions in ([3], [29], [20, 4, 11]):
        alone = rm.derive_features(cohort.take(np.array(positions)), STUDY, LANDMARK)
        pd.testing.assert_frame_equal(alone, together.iloc[positions], rtol=1e-12)


def test_the_landmark_is_that_of_the_study_unless_given():
    cohort = cohort_of([*PAST, ("a", 12, "hbsag", "150")], [])
    default = rm.derive_features(cohort, STUDY)
    pd.testing.assert_frame_equal(default, rm.derive_features(cohort, STUDY, 12))
    assert default.loc["a", "last"] == pytest.approx(np.log10(150))
    assert rm.derive_features(cohort, STUDY, 11.9).loc["a", "last"] == pytest.approx(np.log10(0.2))


def tiny(predictor, patients, treatments=None, labs=(), landmark=LANDMARK):
    """A study of one predictor and its features."""
    study = parse_study(f'{HEAD}\n[[predictors]]\nname = "x"\n{predictor}\n', "test")
    table = pd.DataFrame(list(labs), columns=LAB_COLUMNS)
    cohort = rm.make_cohort(pd.DataFrame(patients), table, treatments, study=study)
    return rm.derive_features(cohort, study, landmark)["x"]


def test_a_column_that_is_missing_is_named_with_the_nearest():
    with pytest.raises(CohortError, match=r"'age_years'.*missing.*predictor 'x'.*Did you mean 'age_year'"):
        tiny('kind = "column"\ncolumn = "age_years"', {"patient_id": ["a"], "age_year": [40]})


def test_a_stated_column_may_be_absent_where_the_treatments_say_it():
    predictor = 'kind = "weeks_on_agent"\nagents = ["pegifn"]\ncolumn = "pegifn_weeks"'
    given = pd.DataFrame({"patient_id": ["a"], "agent": ["pegifn"], "start_week": [-20], "end_week": [-8]})
    assert tiny(predictor, {"patient_id": ["a"]}, given).tolist() == [12.0]
    with pytest.raises(CohortError, match="or a treatments table"):
        tiny(predictor, {"patient_id": ["a"]})


def test_a_level_that_the_study_does_not_know_is_refused():
    predictor = 'kind = "column"\ncolumn = "hbv_genotype"\nlevels = ["C", "B"]'
    with pytest.raises(CohortError, match="row 2, column 'hbv_genotype': 'D'; expected one of C, B"):
        tiny(predictor, {"patient_id": ["a", "b", "c"], "hbv_genotype": ["D", "B", "D"]})


def test_a_log10_column_takes_no_zero():
    predictor = 'kind = "column"\ncolumn = "score"\nscale = "log10"'
    with pytest.raises(CohortError, match=r"row 3, column 'score': '-1\.0'; expected a number above 0"):
        tiny(predictor, {"patient_id": ["a", "b", "c"], "score": [0.0, -1.0, 5.0]})
    assert tiny(predictor, {"patient_id": ["a", "b"], "score": [100.0, None]}).iloc[0] == 2


@pytest.mark.parametrize("text", ["positive", "much", "2.5 log"])
def test_a_column_takes_numbers_and_limits_only(text):
    # "2.5 log" is 316: read as 2.5 it would be wrong by a factor of a hundred, and nobody would see it.
    predictor = 'kind = "column"\ncolumn = "hbsag_before_treatment_iu_ml"'
    with pytest.raises(CohortError, match=rf"patients, row 3, column 'hbsag_before_treatment_iu_ml': '{text}'"):
        tiny(predictor, {"patient_id": ["a", "b"], "hbsag_before_treatment_iu_ml": ["100", text]})


def test_doses_in_two_units_have_no_sum():
    doses = {"patient_id": ["a"] * 3, "agent": ["hbig"] * 3, "start_week": [-4, 0, 20], "dose": [400, 2, 9]}
    predictor = 'kind = "dose_total"\nagents = ["hbig"]'
    table = pd.DataFrame(doses | {"unit": ["IU", "iu", "mL"]})
    assert tiny(predictor, {"patient_id": ["a"]}, table).tolist() == [402.0]  # the third is not known at week 12
    with pytest.raises(
        CohortError, match=r"'unit': doses of hbig in 'iu' and 'mL'; expected one unit for predictor 'x'"
    ):
        tiny(predictor, {"patient_id": ["a"]}, table, landmark=20)


@pytest.mark.parametrize(
    ("printed", "below", "at_least"),
    # Against 0.05, from week 4 to 12, after 7 in week 4. "<0.08" may be on either side: nobody knows (it was 0 weeks).
    [
        ("<0.05", 8, 0), ("0.04", 8, 0), ("0.05", 0, 8), (">0.05", 0, 8), ("<0.08", np.nan, np.nan),
        (">0.01", np.nan, np.nan),
    ],
)  # fmt: skip
def test_a_limit_counts_only_where_it_decides(printed, below, at_least):
    labs = [("a", 3.999, "hbsag", "7", "IU/mL"), ("a", 4, "hbsag", printed, "IU/mL")]
    found = {
        kind: tiny(f'kind = "{kind}"\nanalyte = "hbsag"\n{key} = 0.05', {"patient_id": ["a"]}, None, labs).iloc[0]
        for kind, key in (
            ("weeks_below", "below"),
            ("weeks_at_least", "at_least"),
            ("weeks_since_first_below", "below"),
        )
    }
    first = found.pop("weeks_since_first_below")
    assert found == pytest.approx({"weeks_below": below, "weeks_at_least": at_least}, abs=0.002, nan_ok=True)
    assert first == 8 if below == 8 else np.isnan(first)


def test_equals_reads_numbers_as_they_are_written():
    predictor = 'kind = "column"\ncolumn = "stage"\nequals = "2"'
    found = tiny(predictor, {"patient_id": ["a", "b", "c"], "stage": [2.0, 1.0, np.nan]})
    np.testing.assert_array_equal(found, [1.0, 0.0, np.nan])


def test_nobody_has_any_result():
    found = features_of([], [])
    counted = {"count", "count_recent", "weeks_on_agent", "ever_on_agent", "dose_count", "dose_total"}
    for name in found.columns.difference(["column", "landmark_week"]):
        expected = np.zeros(3) if name in counted else np.full(3, np.nan)
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


@pytest.mark.parametrize(("predictor", "expected"), [
    ('kind = "weeks_on_agent"\nagents = ["pegifn"]', 12),  # from week -20 to -8
    ('kind = "column"\ncolumn = "arm"\nequals = "hbig"', 1),
])  # fmt: skip
@pytest.mark.parametrize(("agent", "arm"), [("PegIFN", "HBIG"), ("PEG-IFN", " hbig"), ("ｐｅｇ ｉｆｎ", "HB-IG")])
def test_a_name_in_another_spelling_is_the_name(predictor, expected, agent, arm):
    given = pd.DataFrame({"patient_id": ["a"], "agent": [agent], "start_week": [-20], "end_week": [-8]})
    assert tiny(predictor, {"patient_id": ["a"], "arm": [arm]}, given).tolist() == [expected]


@pytest.mark.parametrize(("predictor", "message"), [
    ('kind = "weeks_on_agent"\nagents = ["pegifn"]', "column 'agent': 'PegIFN 180 ug'; expected 'pegifn'"),
    ('kind = "column"\ncolumn = "arm"\nequals = "hbig"', "column 'arm': 'HBIG 400 IU'; expected 'hbig'"),
])  # fmt: skip
def test_what_only_looks_like_a_name_is_refused_not_taken_for_never(predictor, message):
    given = pd.DataFrame({"patient_id": ["a"], "agent": ["PegIFN 180 ug"], "start_week": [-20], "end_week": [-8]})
    with pytest.raises(CohortError, match=message):
        tiny(predictor, {"patient_id": ["a"], "arm": ["HBIG 400 IU"]}, given)


def test_a_cohort_read_without_the_study_must_have_its_names():
    study = parse_study(HEAD + '[[predictors]]\nname = "x"\nkind = "weeks_on_agent"\nagents = ["pegifn"]\n', "test")
    given = pd.DataFrame(
        {"patient_id": ["a", "b", "c"], "agent": ["pegifn", "PegIFN", "PEGIFN"], "start_week": -20, "end_week": -8}
    )
    labs = pd.DataFrame({"patient_id": [], "week": [], "analyte": [], "value": [], "unit": []}, dtype=object)
    patients = pd.DataFrame({"patient_id": ["a", "b", "c"]})
    with pytest.raises(CohortError) as error:
        rm.derive_features(rm.make_cohort(patients, labs, given), study)
    assert [problem.found for problem in error.value.problems] == ["'PEGIFN'", "'PegIFN'"]
    assert rm.derive_features(rm.make_cohort(patients, labs, given, study=study), study)["x"].tolist() == [12, 12, 12]


def test_a_spelling_that_the_study_names_elsewhere_is_another_name():
    more = '[[predictors]]\nname = "y"\nlabel = "y"\nkind = "column"\ncolumn = "subtype"\nequals = "B"'
    found = tiny(
        f'kind = "column"\ncolumn = "subtype"\nequals = "b"\n{more}', {"patient_id": ["a", "b"], "subtype": ["b", "B"]}
    )
    np.testing.assert_array_equal(found, [1.0, 0.0])


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        # 1000 to 10 in 8 weeks, to 0.1 (below 1) in 8 more: -1 a 4 weeks; what follows does not count.
        ([(-24, "1000"), (-16, "10"), (-8, "0.1"), (-4, "0.1"), (0, "0.1")], -1.0),
        ([(-24, "0.1"), (-16, "10"), (-8, "0.1")], np.nan),  # below from the start: no decline was seen
        ([(-24, "1000"), (-16, "10")], np.nan),  # never below
        ([(-24, "1000"), (-16, "<20"), (-8, "0.1")], np.nan),  # <20 may be below 1 already
        ([(-24, "1000"), (4, "0.1")], np.nan),  # below after the landmark only
    ],
)
def test_the_decline_ends_with_the_first_result_below(results, expected):
    predictor = 'kind = "slope_to_first_below"\nanalyte = "anti_hbs"\nbelow = 1'
    labs = [("a", week, "anti_hbs", value, "mIU/mL", *[None] * (len(LAB_COLUMNS) - 5)) for week, value in results]
    found = tiny(predictor, {"patient_id": ["a"]}, labs=labs, landmark=0)
    np.testing.assert_allclose(found, [expected], rtol=1e-12)
