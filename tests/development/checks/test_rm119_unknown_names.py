"""RM119 and RM124: names that the study does not know, and levels that count as no, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relapse_model.cohort import gate
from relapse_model.development.checks.rm119_unknown_names import CHECK as unknown_names
from relapse_model.development.checks.rm124_counted_as_no import CHECK as counted_as_no
from relapse_model.study.reader import parse_study

AGENTS = '\n[[predictors]]\nname = "nuc"\nkind = "ever_on_agent"\nagents = ["entecavir"]\n'
GENOTYPE = (
    '\n[[predictors]]\nname = "c"\nlabel = "Genotype C"\nkind = "column"\ncolumn = "hbv_genotype"\nequals = "C"\n'
)


def test_unknown_agents_are_a_warning_with_their_counts(study_with, cohort_of, names_nobody):
    given = [(row, "aspirin", 0) for row in range(7)] + [(row, "苦参素", 0) for row in range(3)] + [(8, "entecavir", 0)]
    cohort = cohort_of(("free", 10, {}), treatments=given)
    result = unknown_names.of(cohort, study_with(AGENTS), 0.0)
    assert (result.code, result.severity, result.state) == ("RM119", "warning", "found")
    assert (
        "agents not recognised, and counted as none of the study's agents: 'aspirin' (7 rows), '苦参素' (<5 rows)"
        in result.text
    )
    assert "entecavir" not in result.text
    names_nobody(result.text, cohort)


def test_unknown_analytes_are_a_note(study_with, cohort_of):
    labs = [(row, "anti_hbs", 0, "20") for row in range(6)]
    cohort = cohort_of(("free", 6, {}), labs=labs)
    study = study_with(changed=[("[analytes.anti_hbs]", "[analytes.other]"), ('label = "Anti-HBs"', 'label = "Other"')])
    result = unknown_names.of(cohort, study, 0.0)
    assert (result.severity, result.state) == ("note", "found")
    assert "analytes not used by any predictor: 'anti_hbs' (6 rows, another analyte)" in result.text
    assert "synonyms" not in result.text  # the library knows it as an analyte of its own
    assert unknown_names.of(cohort, study_with(), 0.0).state == "passed"


def test_an_unknown_analyte_that_looks_like_one_that_is_read_is_a_warning(study_with, cohort_of):
    cohort = cohort_of(("free", 6, {}), labs=[(row, "anti_hbs", 0, "20") for row in range(6)])
    study = study_with(changed=[("[analytes.anti_hbs]", "[analytes.hbsag_again]"), ('"Anti-HBs"', '"again"')])
    names = cohort.labs["analyte"].astype(str).replace("anti_hbs", "HBsAg neutralised")
    cohort = replace(cohort, labs=cohort.labs.assign(analyte=names))
    result = unknown_names.of(cohort, study, 0.0)
    assert (result.severity, result.state) == ("warning", "found")
    assert "'HBsAg neutralised' (6 rows, like 'hbsag')" in result.text


@pytest.mark.parametrize(("came", "asked"), [("hbsag", "anti_hbs"), ("HBs quantitation", "anti_hbs")])
def test_antigen_is_never_taken_for_antibody(study_with, cohort_of, came, asked):
    """`HBsAg antibody` is a synonym of the one that is read, and holds the name of the other as a word."""
    cohort = cohort_of(("free", 6, {}), labs=[(row, "anti_hbs", 0, "20") for row in range(6)])
    names = cohort.labs["analyte"].astype(str).replace("anti_hbs", came)
    cohort = replace(cohort, labs=cohort.labs.assign(analyte=names))
    text = '[study]\nprotocol = 1\nname = "t"\n[outcome]\nname = "o"\nanalyte = "anti_hbs"\nbelow = 100.0\n'
    text += 'unit = "mIU/mL"\n[prediction]\nlandmark_weeks = [0]\nhorizon_weeks = 52\n[predictors]\nalt = {}\n'
    result = unknown_names.of(cohort, parse_study(text, "t.toml"), 0.0)
    assert result.severity == "note"
    assert repr(came) in result.text
    assert asked not in result.text


def test_agents_are_not_told_where_the_study_asks_for_none(study_with, cohort_of):
    cohort = cohort_of(("free", 6, {}), treatments=[(row, "aspirin", 0) for row in range(6)])
    assert unknown_names.of(cohort, study_with(), 0.0).state == "passed"


def test_a_name_that_only_other_patients_have_is_not_told(study_with, cohort_of, monkeypatch):
    """The analytes of a large cohort are categories, which its patients have or not."""
    monkeypatch.setattr(gate, "_MANY_ROWS", 0)
    cohort = cohort_of(("free", 2, {}), labs=[(0, "anti_hbs", 0, "20")])
    study = study_with(changed=[("[analytes.anti_hbs]", "[analytes.hbsag_again]"), ('"Anti-HBs"', '"again"')])
    assert unknown_names.of(cohort, study, 0.0).state == "found"
    assert unknown_names.of(cohort.take(np.array([1])), study, 0.0).state == "passed"


def test_a_name_of_one_centre_is_told_with_the_centre(study_with, cohort_of):
    cohort = cohort_of(
        ("free", 6, {"centre": "A"}), ("free", 6, {"centre": "B"}), treatments=[(row, "drug 17", 0) for row in range(5)]
    )
    assert "'drug 17' (5 rows, all of centre 'A')" in unknown_names.of(cohort, study_with(AGENTS), 0.0).text


def test_a_centre_is_not_told_by_the_many_rows_of_few_patients(study_with, cohort_of):
    """A model file keeps the sentence; 8 rows of 4 patients would tell a centre of which it has nothing else."""
    rows = [(row, "drug 17", week) for row in range(4) for week in (0, -1)]
    cohort = cohort_of(("free", 6, {"centre": "A"}), ("free", 6, {"centre": "B"}), treatments=rows)
    assert "'drug 17' (8 rows)" in unknown_names.of(cohort, study_with(AGENTS), 0.0).text


def test_two_spellings_of_the_only_centre_are_no_two_centres(study_with, cohort_of):
    rows = [(row, "drug 17", 0) for row in range(6)]
    cohort = cohort_of(("free", 6, {"centre": "A"}), ("free", 6, {"centre": " a"}), treatments=rows)
    assert "'drug 17' (6 rows)" in unknown_names.of(cohort, study_with(AGENTS), 0.0).text


def test_a_name_with_an_identifier_is_not_told(study_with, cohort_of, names_nobody):
    cohort = cohort_of(("free", 6, {}), treatments=[(0, "for PT-003", 0), (1, "aspirin", 0)])
    result = unknown_names.of(cohort, study_with(AGENTS), 0.0)
    assert "1 not shown, because an identifier is in them" in result.text
    names_nobody(result.text, cohort)


def test_levels_that_count_as_no_only_because_they_are_not_it(study_with, cohort_of):
    groups = [
        ("free", 6, {"hbv_genotype": "B"}),
        ("free", 5, {"hbv_genotype": "C"}),
        ("free", 2, {"hbv_genotype": "?"}),
    ]
    result = counted_as_no.of(cohort_of(*groups), study_with(GENOTYPE), 0.0)
    assert (result.code, result.severity, result.state) == ("RM124", "note", "found")
    assert "Genotype C, hbv_genotype not 'C': 'B' (6), '?' (<5)" in result.text
    assert counted_as_no.of(cohort_of(*groups[:2]), study_with(GENOTYPE), 0.0).state == "passed"
    stated = study_with(GENOTYPE + 'others = ["B", "?"]\n')
    assert counted_as_no.of(cohort_of(*groups), stated, 0.0).state == "not applicable"
