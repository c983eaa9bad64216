"""Synonyms, agents, other analytes, codes and others in a study file: read, or refused with the line."""

from __future__ import annotations

import pytest

from relapse_model.errors import StudyError
from relapse_model.study.reader import parse_study

TEXT = """[study]
protocol = 1
name = "names"

[analytes.titre]
unit = "mIU/mL"
synonyms = ["anti-HBs", "HBsAb"]
other_units = ["COI"]

[other_analytes]
core = ["anti-HBc"]

[agents.pegifn]
synonyms = ["Pegasys", "派罗欣"]

[agents.aspirin]

[columns.sex]
codes = { "1" = "M", "2" = "F" }

[outcome]
analyte = "titre"
below = 100.0

[prediction]
horizon_weeks = 52

[[predictors]]
name = "arm"
kind = "column"
column = "arm"
equals = "hbig"
others = ["control"]
"""


def test_what_is_read():
    study = parse_study(TEXT, "test")
    assert study.analytes["titre"].synonyms == ("anti-HBs", "HBsAb")
    assert study.analytes["titre"].other_units == ("COI",)
    assert not study.analytes["titre"].negative
    assert study.other_analytes == {"core": ("anti-HBc",)}
    assert study.agents["pegifn"].synonyms == ("Pegasys", "派罗欣")
    assert study.agents["aspirin"].synonyms == ()
    assert study.codes == {"sex": {"1": "M", "2": "F"}}
    assert study.predictor("arm").others == ("control",)
    assert parse_study(TEXT.replace('["control"]', '"no"'), "test").predictor("arm").others == "no"


@pytest.mark.parametrize(("old", "new", "line", "column", "found"), [
    ('"HBsAb"]', '"anti HBS"]', 7, "analytes.titre.synonyms", "'anti HBS', twice"),
    ('core = ["anti-HBc"]', 'core = ["HBs-Ab"]', 11, "other_analytes.core", "'HBs-Ab', also of 'titre'"),
    ('core = ["anti-HBc"]', 'core = ["Titre"]', 11, "other_analytes.core", "'Titre', also of 'titre'"),
    ("[agents.aspirin]", '[agents.aspirin]\nsynonyms = ["PEGASYS"]', 17, "agents.aspirin.synonyms",
     "'PEGASYS', also of 'pegifn'"),
    ('other_units = ["COI"]', 'other_units = ["mIU/ml"]', None, "analytes.titre.units", "one unit in two spellings"),
    ('synonyms = ["Pegasys"', 'synonym = ["Pegasys"', 14, "agents.pegifn.synonym", "unknown key"),
    ('codes = { "1" = "M", "2" = "F" }', "", None, "columns.sex", "key 'codes' is missing"),
    ('"1" = "M"', '"1" = 5', 19, "columns.sex.codes", None),
    ('others = ["control"]', 'others = "yes"', 32, "predictors.1.others", "'yes'"),
    ('equals = "hbig"', 'levels = ["hbig", "control"]', 32, "predictors.1.others", "'others' without 'equals'"),
    ('equals = "hbig"\nothers = ["control"]', 'scale = "log10"\nnegative = true', 32, "predictors.1.negative",
     "'negative' beside 'scale'"),
    ('other_units = ["COI"]', 'negative = true\nscale = "log10"\nlower_limit = 1.0', 9, "analytes.titre.scale",
     "'log10' beside negative = true"),
])  # fmt: skip
def test_what_is_refused(old, new, line, column, found):
    assert old in TEXT
    with pytest.raises(StudyError) as error:
        parse_study(TEXT.replace(old, new), "test")
    (problem,) = error.value.problems
    assert problem.column == column
    assert found is None or problem.found == found
    assert line is None or abs(problem.row - line) <= 1


def test_names_that_are_no_tables_are_refused():
    for section in ("agents", "other_analytes", "columns"):
        parts = TEXT.split("\n\n")
        text = "\n\n".join([f"{section} = 1", *(part for part in parts if not part.startswith(f"[{section}"))])
        with pytest.raises(StudyError, match=section):
            parse_study(text, "test")


def test_the_names_of_the_built_in_study_are_each_of_one_thing(study):
    assert len(study.agents) >= 11
    assert all(len(agent.synonyms) >= 4 for agent in study.agents.values())
    assert all(study.analytes[name].synonyms for name in ("hbsag", "anti_hbs", "hbv_dna", "hbeag", "hbcrag", "alt"))
