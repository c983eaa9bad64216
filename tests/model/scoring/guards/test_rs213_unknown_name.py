"""RS213: treatments and results under names that the study does not know."""

from __future__ import annotations

from relapse_model.model.scoring.guards.rs213_unknown_name import GUARD as unknown_name

AGENTS = '\n[[predictors]]\nname = "nuc"\nkind = "ever_on_agent"\nagents = ["entecavir"]\n'
PATIENTS = [{"age_years": 40}, {"age_years": 41}, {"age_years": 42}]
TITRES = [(row, "anti_hbs", 4, "100", "mIU/mL", None) for row in range(2)]  # the third has none
OTHER = [(row, "marker X", 4, "140", "g/L", None) for row in (1, 2)]


def test_a_treatment_that_the_study_does_not_know(new_patients_of, said):
    given = [(0, "aspirin", 4), (1, "entecavir", 4), (2, "aspirin", 20)]  # the last begins after the landmark
    new = new_patients_of(PATIENTS, TITRES, given, added=AGENTS)
    assert said(unknown_name, new) == {0: ["treatment under an unknown name: 'aspirin'"]}


def test_a_study_that_asks_for_no_agent_asks_for_no_names(new_patients_of, said):
    assert said(unknown_name, new_patients_of(PATIENTS, TITRES, [(0, "aspirin", 4)])) == {}


def test_a_result_of_an_unknown_name_where_the_titre_is_missing(new_patients_of, said):
    found = said(unknown_name, new_patients_of(PATIENTS, TITRES + OTHER))
    assert found == {2: ["result under an unknown name, and Titre is missing: 'marker X'"]}


def test_a_result_whose_name_is_that_of_another_analyte_is_not_the_one_that_is_missing(new_patients_of, said):
    known = [(2, "haemoglobin", 4, "140", "g/L", None), (2, "hbsag", 4, "0.02", "IU/mL", None)]
    assert said(unknown_name, new_patients_of(PATIENTS, TITRES + known)) == {}


def test_an_identifier_in_a_name_is_not_shown(new_patients_of, said):
    new = new_patients_of(PATIENTS, TITRES, [(0, "of PT-001", 4)], added=AGENTS)
    assert said(unknown_name, new) == {
        0: ["treatment under an unknown name: one that is not shown, since it holds an identifier"]
    }
