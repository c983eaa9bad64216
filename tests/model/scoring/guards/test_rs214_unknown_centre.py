"""RS214: a centre that is not stated, or that the model does not know."""

from dataclasses import replace

from relapse_model.model.scoring.guards.rs214_unknown_centre import GUARD

NEW = "the risk is that of a new centre, and its interval includes the differences between centres"


def patients_at(new_patients_of, centres, known=("east", "west")):
    rows = [{"age_years": 40.0, "centre": centre} for centre in centres]
    new = new_patients_of(rows, [(0, "anti_hbs", 12.0, "100", "mIU/mL", "")])
    named = replace(new.study, prediction=replace(new.study.prediction, centre="centre"))
    return replace(new, study=named, centres=known)


def test_who_is_of_no_known_centre_is_warned_of_without_its_name(new_patients_of, said):
    found = said(GUARD, patients_at(new_patients_of, ["East", "elsewhere", None, " WEST ", "e-ast"]))
    assert found == {
        1: [f"centre not known to the model: {NEW}"],
        2: [f"centre not stated (column 'centre'): {NEW}"],
        4: [f"centre not known to the model: {NEW}"],
    }


def test_a_model_that_knows_no_centre_warns_of_none(new_patients_of, said):
    assert said(GUARD, patients_at(new_patients_of, ["elsewhere", None], known=())) == {}
