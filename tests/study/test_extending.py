"""A study that extends another: what it takes over, changes and removes, and where its problems stand."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.errors import StudyError
from relapse_model.study.reader import parse_study
from relapse_model.study.several_landmarks import stacked_study
from relapse_model.study.written_out import HEAD, written_out

HEADER = 'extends = "hbsag-relapse"\n'
NAMED = '\n[study]\nname = "ours"\n'


def extended(text="", remove=""):
    return parse_study(f"{HEADER}{remove}{NAMED}{text}", "ours.toml")


def refused(text, **more):
    with pytest.raises(StudyError) as caught:
        parse_study(text, "ours.toml", **more)
    return caught.value.problems


@pytest.fixture(scope="module")
def base():
    return rm.load_study("hbsag-relapse")


def test_without_differences_it_is_the_other_study_under_a_name_of_its_own(base):
    study = extended()
    assert study.name == "ours"
    # Whose number in a registry it is, and what it is called, is stated again or not at all.
    assert (study.title, study.registry) == ("", "")
    for part in ("analytes", "agents", "outcome", "prediction", "predictors", "terms", "eligibility", "trial", "dosing",
                 "candidates", "passive_antibody", "laboratory", "time", "treatments", "scoring"):  # fmt: skip
        assert getattr(study, part) == getattr(base, part), part


def test_what_is_stored_needs_no_base():
    study = extended('[[predictors]]\nname = "anti_hbs"\nwindow_weeks = 8\n')
    assert study.text.startswith(HEAD)
    assert "extends" not in tomllib.loads(study.text)
    again = parse_study(study.text, "elsewhere")
    assert again == study
    assert again.text == study.text


def test_a_study_that_is_whole_keeps_its_text_to_the_byte(base):
    assert parse_study(base.text, "x").text == base.text


def test_a_key_is_changed_and_the_rest_of_its_table_kept(base):
    study = extended(
        '[[predictors]]\nname = "anti_hbs"\nwindow_weeks = 8\n\n[prediction]\nlandmark_weeks = [12]\n'
        '[analytes.alt]\nlower_limit = 2.0\nunits = { "nkat/L" = 0.06 }\n'
    )
    changed, known = study.predictor("anti_hbs"), base.predictor("anti_hbs")
    assert (changed.window_weeks, changed.prior, changed.direction) == (8, known.prior, known.direction)
    assert [one.name for one in study.predictors] == [one.name for one in base.predictors]  # in their places
    assert (study.prediction.landmark_weeks, study.prediction.horizon_weeks) == ((12.0,), 48.0)
    assert study.prediction.implausible_auc == 0.85  # the same outcome by the same week
    assert study.analytes["alt"].lower_limit == 2.0
    assert study.analytes["alt"].units == {"IU/L": 1.0, "ukat/L": 60.0, "nkat/L": 0.06}


def test_a_new_entry_comes_last():
    study = extended('[[predictors]]\nname = "bmi"\nkind = "column"\ncolumn = "bmi_kg_m2"\n')
    assert study.predictors[-1].name == "bmi"
    assert len(study.predictors) == 9


def test_a_list_is_replaced_or_changed_member_by_member(base):
    study = extended(
        '[analytes.hbsag]\nsynonyms = { add = ["our HBsAg"], remove = ["HBs antigen"] }\nloinc = ["5195-3"]\n'
    )
    before = base.analytes["hbsag"].synonyms
    assert study.analytes["hbsag"].synonyms == (*before[1:], "our HBsAg")
    assert study.analytes["hbsag"].loinc == ("5195-3",)


@pytest.mark.parametrize(
    ("change", "column", "found"),
    [
        ('{ add = ["HBs antigen"] }', "analytes.hbsag.synonyms.add", "'HBs antigen', which it has"),
        ('{ remove = ["nothing"] }', "analytes.hbsag.synonyms.remove", "'nothing', which it has not"),
        ('{ add = "x" }', "analytes.hbsag.synonyms.add", "'x'"),
    ],
)
def test_members_that_cannot_be_added_or_removed(change, column, found):
    (problem,) = refused(f"{HEADER}{NAMED}[analytes.hbsag]\nsynonyms = {change}\n")
    assert (problem.column, problem.row, problem.found) == (column, 6, found)


def test_a_prior_is_one_statement_and_is_taken_over_whole():
    """A figure of one source beside the spread of another would be nobody's."""
    text = f'{HEADER}{NAMED}[[predictors]]\nname = "age"\nprior = {{ log_odds = 0.1, source = "Us" }}\n'
    assert {problem.found for problem in refused(text)} == {"key 'sd' is missing", "key 'per' is missing"}


def test_another_predictor_under_a_known_name_keeps_nothing_of_it():
    study = extended('[[predictors]]\nname = "hbcrag"\nkind = "maximum"\nanalyte = "hbcrag"\n')
    changed = study.predictor("hbcrag")
    assert (changed.kind, changed.prior, changed.window_weeks, changed.typical) == ("maximum", None, None, None)


def test_removing(base):
    study = extended(
        remove='remove = ["predictors.hbcrag", "analytes.hbv_rna", "candidates.hbv_rna", "terms.anti_hbs_saturating", '
        '"eligibility.include.I6", "trial", "outcome.confirm"]\n'
    )
    assert [one.name for one in study.predictors] == [one.name for one in base.predictors if one.name != "hbcrag"]
    assert "hbv_rna" not in study.analytes
    assert [one.name for one in study.terms] == ["consolidation_to_24_weeks"]
    assert [one.id for one in study.eligibility.include] == ["I1", "I2", "I3", "I4", "I5"]
    assert study.trial is None
    assert study.outcome.confirm.tests == 1
    assert study.predictor("age") == base.predictor("age")


def test_a_section_written_anew():
    study = extended(
        '[[predictors]]\nname = "age"\nkind = "column"\ncolumn = "age_years"\n',
        remove='remove = ["predictors", "terms", "candidates"]\n',
    )
    assert [one.name for one in study.predictors] == ["age"]
    assert study.predictors[0].prior is None


def test_removing_what_is_not_there():
    (problem,) = refused(f'{HEADER}remove = ["predictors.hbcrga"]\n{NAMED}')
    assert (problem.column, problem.row, problem.found) == ("remove", 2, "'predictors.hbcrga'")
    assert problem.advice == "Did you mean 'predictors.hbcrag'?"
    (problem,) = refused(f'{HEADER}remove = "trial"\n{NAMED}')
    assert problem.expected.startswith("a list of names")
    (problem, *_) = refused('remove = ["trial"]\n[study]\nname = "x"\nprotocol = 1\n')
    assert problem.found == "remove without extends"


def test_one_of_several_keys_that_exclude_each_other_replaces_the_others():
    # Below a threshold is another event than at or above it: its name is not taken over.
    study = extended(
        "[prediction]\nhorizon_months = 24\n[outcome]\nname = 'loss'\nbelow = 0.05\n", remove='remove = ["trial"]\n'
    )
    assert study.prediction.horizon_months == 24
    assert study.prediction.implausible_auc is None  # stated of another outcome and horizon
    assert (study.outcome.at_least, study.outcome.below, study.outcome.analyte) == (None, 0.05, "hbsag")
    adjudicated = extended("[outcome]\nadjudicated = true\n", remove='remove = ["trial"]\n').outcome
    assert (adjudicated.analyte, adjudicated.at_least, adjudicated.confirm.tests) == (None, None, 1)


def test_the_threshold_of_another_analyte_is_not_taken_over():
    problems = refused(f'{HEADER}remove = ["trial"]\n{NAMED}[outcome]\nanalyte = "hbv_dna"\n')
    assert [problem.found for problem in problems] == ["0 thresholds"]


@pytest.mark.parametrize(
    "outcome",
    [
        'name = "DNA"\nanalyte = "hbv_dna"\nat_least = 20\n',
        'name = "loss"\nanalyte = "hbsag"\nbelow = 0.05\n',
        'name = "death"\ncolumn = "died"\nequals = "yes"\n',
        'name = "flare"\nadjudicated = true\n',
    ],
)
@pytest.mark.parametrize("remove", ['remove = ["trial"]\n', 'remove = ["trial", "outcome"]\n'])
def test_what_was_known_of_effects_on_another_outcome_is_not_taken_over(outcome, remove):
    own = '[predictors]\nage = { prior = { log_odds = 0.3, sd = 0.2, per = "unit", source = "s" } }\n'
    study = extended(f"[outcome]\n{outcome}{own}", remove=remove)
    assert [one.name for one in study.predictors if one.prior is not None] == ["age"]
    assert all(one.prior is None for one in study.terms)
    assert all(one.direction is None for one in study.predictors)


@pytest.mark.parametrize("outcome", ["at_least = 0.1\n", "adjudicated = true\n", "confirm = { tests = 1 }\n"])
def test_the_same_event_seen_otherwise_keeps_what_is_known_of_it(base, outcome):
    study = extended(f"[outcome]\n{outcome}", remove='remove = ["trial"]\n')
    assert [one.prior for one in study.predictors] == [one.prior for one in base.predictors]
    assert study.outcome.name == base.outcome.name


@pytest.mark.parametrize(
    ("name", "change", "kept"),
    [
        ("prior_nuc", 'agents = ["hbig"]', False),  # another drug
        ("prior_nuc", 'agents = { remove = ["entecavir"] }', True),
        ("age", 'unit = "months"', False),  # an odds ratio per year is none per month
        ("consolidation_weeks", "below = 0.005", False),
        ("age", 'label = "Age in full years"', True),
    ],
)
def test_a_prior_whose_step_is_another_one_is_not_taken_over(base, name, change, kept):
    study = extended(f"[predictors]\n{name} = {{ {change} }}\n")
    assert (study.predictor(name).prior == base.predictor(name).prior) is kept


def test_another_unit_would_turn_every_threshold_into_another_one():
    (problem,) = refused(f'{HEADER}{NAMED}[analytes.hbsag]\nunit = "COI"\n')
    assert (problem.table, problem.row, problem.column) == ("ours.toml", 6, "analytes.hbsag.unit")
    assert problem.expected == "'IU/mL', in which its limits and thresholds are written"


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ('extends = "hbsag-relapsed"\n' + NAMED, "no built-in study 'hbsag-relapsed'", "one of hbsag-relapse"),
        ("extends = 3\n" + NAMED, "3", "the name of a built-in study"),
        ('extends = "other.toml"\n' + NAMED, "'other.toml'", "a built-in study, for this text is no file"),
    ],
)
def test_an_unknown_base(text, found, expected):
    (problem,) = refused(text)
    assert (problem.column, problem.row, problem.found) == ("extends", 1, found)
    assert problem.expected.startswith(expected)


def test_a_study_that_extends_needs_a_name_of_its_own():
    assert [p.found for p in refused(HEADER)] == ["key 'name' is missing"]
    (problem,) = refused(f'{HEADER}[study]\nname = "hbsag-relapse"\n')
    assert (problem.column, problem.row) == ("study.name", 3)


def test_a_file_extends_a_file_beside_it_and_that_one_another(tmp_path):
    (tmp_path / "first.toml").write_text(f'{HEADER}[study]\nname = "first"\n[prediction]\nlandmark_weeks = [12]\n')
    (tmp_path / "second.toml").write_text(
        'extends = "first.toml"\n[study]\nname = "second"\n[prediction]\nvisit_window_weeks = 6\n'
    )
    study = rm.load_study(tmp_path / "second.toml")
    assert (study.name, study.prediction.landmark_weeks, study.prediction.visit_window_weeks) == ("second", (12.0,), 6)


def test_files_that_extend_each_other_are_refused(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.toml").write_text(f'extends = "{other}.toml"\n[study]\nname = "{name}"\n')
    with pytest.raises(StudyError, match="which extends this study itself"):
        rm.load_study(tmp_path / "a.toml")
    (tmp_path / "own.toml").write_text('extends = "nowhere.toml"\n[study]\nname = "x"\n')
    with pytest.raises(StudyError, match=r"own\.toml, line 1, key 'extends': 'nowhere\.toml', no such file"):
        rm.load_study(tmp_path / "own.toml")


def test_a_problem_stands_where_it_was_written(tmp_path):
    """In the file that states the key, on its line, and under the number that the entry has there."""
    (tmp_path / "base.toml").write_text(
        '[study]\nprotocol = 1\nname = "base"\n[outcome]\nadjudicated = true\n[prediction]\nhorizon_weeks = 48\n'
        '[[predictors]]\nname = "age"\nkind = "column"\ncolumn = "age_years"\n'
        '[[predictors]]\nname = "sex"\nkind = "column"\ncolumn = "sex"\nequals = "M"\ntypical = 7\n'
    )
    (tmp_path / "own.toml").write_text(
        'extends = "base.toml"\n[study]\nname = "own"\n\n[[predictors]]\nname = "sex"\nlabel = "Sex"\n\n'
        '[[predictors]]\nname = "age"\ndirection = "higher"\nprior = { log_odds = 1, sd = -1, per = 9, source = "x" }\n'
    )
    with pytest.raises(StudyError) as caught:
        rm.load_study(tmp_path / "own.toml")
    assert sorted((one.table, one.row, one.column) for one in caught.value.problems) == [
        ("base.toml", 17, "predictors.2.typical"),
        ("own.toml", 11, "predictors.2.direction"),
        ("own.toml", 12, "predictors.2.prior.sd"),
    ]


def test_an_entry_twice_in_one_file_is_refused():
    (problem,) = refused(f'{HEADER}{NAMED}[[predictors]]\nname = "age"\n[[predictors]]\nname = "age"\n')
    assert (problem.row, problem.column, problem.expected) == (8, "predictors.2.name", "each entry once")


def test_entries_of_one_name_cannot_be_told_apart(tmp_path):
    twice = '[[trial.subgroup]]\ncolumn = "sex"\n'
    (tmp_path / "base.toml").write_text(f'{HEADER}[study]\nname = "b"\n{twice}[[trial.subgroup]]\ncolumn = "x"\n')
    assert len(rm.load_study(tmp_path / "base.toml").trial.subgroups) == 3  # sex is known, x is new


def test_what_other_rooms_do_with_the_text_of_a_study_works_on_one_written_out():
    study = stacked_study(extended(), (0, 12, 24))
    assert study.prediction.landmark_weeks == (0.0, 12.0, 24.0)
    assert study.predictors[-1].kind == "landmark_week"


def test_a_model_of_it_is_scored_without_its_base(tmp_path):
    study, cohort = extended('[[predictors]]\nname = "anti_hbs"\nwindow_weeks = 30\n'), rm.simulate_cohort(132, seed=7)
    model = rm.train(cohort, study, candidates=("prior_logistic",))
    model.save(tmp_path / "m.rmodel")
    again = rm.load_model(tmp_path / "m.rmodel")
    assert again.study == study
    new = rm.simulate_cohort(20, seed=8)
    assert (again.score(new)["relapse_risk"] == model.score(new)["relapse_risk"]).all()


NAMES = st.text(min_size=1, max_size=8)
VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False), st.text(max_size=12), st.dates()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_is_written_out_is_read_back(raw):
    assert tomllib.loads(written_out(raw)) == raw
