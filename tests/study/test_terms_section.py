"""The terms of a study file: what they become, and every mistake named with its place."""

from __future__ import annotations

import numpy as np
import pytest

from relapse_model.classifiers.prior.terms import Factor, Term
from relapse_model.errors import StudyError
from relapse_model.features.design import design
from relapse_model.study.predictor import Prior, StudyTerm, TermFactor
from relapse_model.study.reader import parse_study

BASE = """\
[study]
protocol = 1
name = "terms"

[analytes.titre]
unit = "mIU/mL"
scale = "log10"
lower_limit = 10.0

[outcome]
adjudicated = true

[prediction]
horizon_weeks = 48

[[predictors]]
name = "genotype"
kind = "column"
column = "hbv_genotype"
levels = ["C", "B", "D"]

[[predictors]]
name = "titre"
kind = "last"
analyte = "titre"

[[predictors]]
name = "titre_change"
kind = "change"
analyte = "titre"

[[predictors]]
name = "titre_slope"
kind = "slope"
analyte = "titre"

[[predictors]]
name = "titre_share"
kind = "last"
analyte = "titre"
saturating = 100

[[predictors]]
name = "consolidation_weeks"
kind = "column"
column = "consolidation_weeks"
"""
TERMS = """
[[terms]]
name = "titre_saturating"
factors = [{ predictor = "titre", saturating = 100 }]
replaces = ["titre"]
prior = { log_odds = -2.2, sd = 1.2, per = "unit", source = "Somebody" }

[[terms]]
name = "short_without_titre"
label = "Short, and without antibody"
factors = [{ predictor = "titre", below = 10 }, { predictor = "consolidation_weeks", cap = 24 }]
"""
TEXT = BASE + TERMS


def problems(text):
    with pytest.raises(StudyError) as caught:
        parse_study(text, "own.toml")
    return caught.value.problems


def line_number(text, part):
    """Return the only line that a part of the text stands on."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(("low", "high", "fits"), [(60, 30, False), (30, 30, False), (30, 60, True)])
def test_a_range_that_holds_no_value_is_refused(low, high, fits):
    """The term would be 0 in every patient, and say nothing of what it was meant for."""
    weeks = '{ predictor = "consolidation_weeks", %s = %d }'
    factors = ", ".join([weeks % ("at_least", low), weeks % ("below", high)])
    text = f'{BASE}\n[[terms]]\nname = "range"\nfactors = [{factors}]\n'
    if fits:
        assert len(parse_study(text, "own.toml").terms[0].factors) == 2
        return
    (problem,) = problems(text)
    assert problem.found == f"'consolidation_weeks' at least {low} and below {high}"


def test_right_terms_are_read():
    assert parse_study(TEXT, "own.toml").terms == (
        StudyTerm(
            "titre_saturating",
            "titre saturating",
            (TermFactor("titre", saturating=100.0),),
            ("titre",),
            Prior(-2.2, 1.2, "unit", "Somebody"),
        ),
        StudyTerm(
            "short_without_titre",
            "Short, and without antibody",
            (TermFactor("titre", below=10.0), TermFactor("consolidation_weeks", cap=24.0)),
        ),
    )


def test_forms_are_numbered_as_the_study_first_names_them():
    text = (
        TEXT.replace('replaces = ["titre"]', 'replaces = ["titre"]\nforms = ["shapes", "both"]') + 'forms = ["both"]\n'
    )
    found = parse_study(text, "own.toml")
    assert [term.forms for term in found.terms] == [("shapes", "both"), ("both",)]
    assert [term.forms for term in design(found).terms] == [(0, 1), (1,)]
    assert [term.forms for term in design(parse_study(TEXT, "own.toml")).terms] == [(0,), (0,)]


@pytest.mark.parametrize("forms", ["[]", '["a", "a"]', "[1]"])
def test_other_forms_are_refused_by_their_line(forms):
    (problem,) = problems(f"{TEXT}forms = {forms}\n")
    assert "forms" in str(problem)


def test_a_study_without_terms_has_none():
    assert parse_study(BASE, "own.toml").terms == ()


def test_the_terms_find_their_columns_behind_those_of_the_levels():
    # Three levels have two columns, so the titre is column 2 and the weeks are column 6; the titre is a logarithm.
    found = design(parse_study(TEXT, "own.toml"))
    assert found.names[2] == "titre"
    assert found.names[6] == "consolidation_weeks"
    assert found.term_names == ("titre_saturating", "short_without_titre")
    first, second = found.terms
    assert first == Term((Factor(2, "saturating", 100.0, log10=True),), (2,), -2.2, 1.2)
    assert second.factors == (Factor(2, "below", 10.0, log10=True), Factor(6, "cap", 24.0, log10=False))
    assert (second.replaces, second.prior_mean) == ((), 0.0)
    assert np.isnan(second.prior_sd)  # nothing is known of it


WRONG = [
    # what stands in the file, what stands there instead, the key, what came, what was expected, what to do
    ('{ predictor = "titre", sat', '{ predictor = "titer", sat', "terms.1.factors", "'titer'",
     "a predictor of this study (genotype, titre, titre_change, titre_slope, titre_share, consolidation_weeks)",
     "Did you mean 'titre'?"),
    ('{ predictor = "titre", sat', '{ predictor = "xyz", sat', "terms.1.factors", "'xyz'", "a predictor of this", ""),
    ("saturating = 100 }", "saturating = 100, cap = 5 }", "terms.1.factors", "saturating and cap in one factor",
     "at most one of them", ""),
    ("below = 10 }", "below = 10, at_least = 5 }", "terms.2.factors", "below and at_least in one factor",
     "at most one of them", ""),
    ("saturating = 100 }", "sturating = 100 }", "terms.1.factors.sturating", "unknown key",
     "one of at_least, below, cap, minus, predictor, saturating", "Did you mean 'saturating'?"),
    ("saturating = 100 }", "saturating = 0 }", "terms.1.factors.saturating", "0", "a number above 0", ""),
    ("cap = 24 }", 'cap = "24" }', "terms.2.factors.cap", "'24'", "a number above 0", ""),
    ('{ predictor = "consolidation_weeks", cap = 24 }', "{ cap = 24 }", "terms.2.factors",
     "key 'predictor' is missing", "predictor = ...", ""),
    ('predictor = "titre", saturating', 'predictor = "genotype", saturating', "terms.1.factors",
     "predictor 'genotype'", "a predictor with values in a clinical unit", ""),
    ('predictor = "titre", saturating', 'predictor = "titre_change", saturating', "terms.1.factors",
     "predictor 'titre_change'", "a predictor with values in a clinical unit", ""),
    ('predictor = "titre", saturating', 'predictor = "titre_slope", saturating', "terms.1.factors",
     "predictor 'titre_slope'", "a predictor with values in a clinical unit", ""),
    ('predictor = "titre", saturating', 'predictor = "titre_share", saturating', "terms.1.factors",
     "predictor 'titre_share'", "a predictor with values in a clinical unit", ""),
    ('[{ predictor = "titre", saturating = 100 }]', "[]", "terms.1.factors", "[]",
     "a list such as [{ predictor = ..., cap = 24 }]", ""),
    ('[{ predictor = "titre", saturating = 100 }]', '"titre"', "terms.1.factors", "'titre'", "a list such as", ""),
    ('[{ predictor = "titre", saturating = 100 }]', '["titre"]', "terms.1.factors", "'titre'", "a table of keys", ""),
    ('replaces = ["titre"]', 'replaces = ["titres"]', "terms.1.replaces", "'titres'", "a predictor of this study",
     "Did you mean 'titre'?"),
    ('replaces = ["titre"]', "replaces = []", "terms.1.replaces", "[]", "a list [...] with at least one entry", ""),
    ('per = "unit"', 'per = "sd"', "terms.1.prior.per", "'sd'", "'unit': a term has a scale of its own", ""),
    ('per = "unit"', 'per = "log10"', "terms.1.prior.per", "'log10'", "'unit': a term has a scale of its own", ""),
    ('per = "unit"', "per = 10", "terms.1.prior.per", "10.0", "'unit': a term has a scale of its own", ""),
    ('per = "unit", ', "", "terms.1.prior", "key 'per' is missing", "per = ...", ""),
    ("sd = 1.2", "sd = 0", "terms.1.prior.sd", "0", "a number above 0 and at most 20", ""),
    ('name = "titre_saturating"', "", "terms.1", "key 'name' is missing", "name = ...", ""),
    ('name = "titre_saturating"', 'name = "titre"', "terms.1.name", "'titre'",
     "a name used once, and by no predictor", ""),
    ("replaces =", "replace =", "terms.1.replace", "unknown key",
     "one of factors, forms, label, label_zh, name, prior, replaces",
     "Did you mean 'replaces'?"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "key", "found", "expected", "advice"), WRONG)
def test_a_mistake_is_named_with_its_place(right, wrong, key, found, expected, advice):
    assert TERMS.count(right) == 1
    text = BASE + TERMS.replace(right, wrong)
    (problem,) = problems(text)
    assert (problem.table, problem.column, problem.found) == ("own.toml", key, found)
    assert problem.expected.startswith(expected)
    assert problem.advice == advice


def test_the_line_is_that_of_the_key():
    for right, wrong, at in (
        ("titre_saturating", "titre", 'name = "titre"\nfactors'),
        ('{ predictor = "consolidation_weeks", cap', '{ predictor = "consolidation", cap', '"consolidation", cap'),
        ('per = "unit"', 'per = "sd"', 'per = "sd"'),
        ('replaces = ["titre"]', 'replaces = ["titer"]', "titer"),
    ):
        text = BASE + TERMS.replace(right, wrong)
        (problem,) = problems(text)
        assert problem.row == line_number(text, at)


def test_a_name_given_to_two_terms_is_refused_at_both():
    found = problems(BASE + TERMS.replace("short_without_titre", "titre_saturating"))
    assert [problem.column for problem in found] == ["terms.1.name", "terms.2.name"]
    assert {problem.found for problem in found} == {"'titre_saturating'"}


def test_all_mistakes_are_named_at_once():
    text = TEXT.replace("saturating = 100 }", "saturating = 100, cap = 5 }").replace(
        'predictor = "consolidation_weeks", cap', 'predictor = "consolidation_week", cap'
    )
    found = problems(text)
    assert [problem.column for problem in found] == ["terms.1.factors", "terms.2.factors"]
    assert found[1].advice == "Did you mean 'consolidation_weeks'?"


def test_terms_that_are_no_list_of_tables_are_refused():
    text = 'terms = "none"\n' + BASE
    (problem,) = problems(text)
    assert (problem.row, problem.column, problem.expected) == (1, "terms", "one or more [[terms]]")
    (problem,) = problems("terms = [3]\n" + BASE)
    assert (problem.column, problem.found, problem.expected) == ("terms.1", "3", "a table of keys")
