"""RS208 and RS209: the landmark, and the arm of a patient who is in no trial."""

from __future__ import annotations

import numpy as np

from relapse_model.model.scoring.guards.rs208_other_landmark import GUARD as LANDMARK
from relapse_model.model.scoring.guards.rs209_arm import GUARD as ARM
from relapse_model.model.scoring.guards.rs209_arm import NO_ARM

EQUALS = '[[predictors]]\nname = "hbig_arm"\nlabel = "HBIG arm"\nkind = "column"\ncolumn = "arm"\nequals = "hbig"\n'
LEVELS = EQUALS.replace('equals = "hbig"', 'levels = ["control", "hbig"]')
CRITERION = '[[eligibility.include]]\nid = "I1"\ntext = "Adults to 60"\ncolumn = "age_years"\nbetween = [18, 60]\n'
TITRE = ("anti_hbs", 0, "100", "mIU/mL", None)
PEOPLE = [
    {"age_years": 40, "arm": "hbig"},
    {"age_years": 40, "arm": None},
    {"age_years": 65, "arm": "control"},
    {"age_years": 65, "arm": None},
]
LABS = [(position, *TITRE) for position in range(4)]


def by_arm(features):
    """A risk of 0.2, halved in the HBIG arm, and a thousandth for each year beyond 40."""
    treated = features["hbig_arm"].isin(["hbig", 1.0]).to_numpy()
    return np.where(treated, 0.1, 0.2) + (features["age"].to_numpy(dtype=float) - 40) / 1000


def test_the_risk_is_shown_under_both_arms(new_patients_of, said):
    new = new_patients_of(PEOPLE, LABS, added=EQUALS + CRITERION, risk_of=by_arm)
    outside = "an arm is stated, but the patient is not eligible for the trial"
    assert said(ARM, new) == {
        1: [f"{NO_ARM}: risk 10.0 % with arm hbig, 20.0 % with another arm"],
        2: [f"{outside}: risk 12.5 % with arm hbig, 22.5 % with another arm"],
        3: [f"{NO_ARM}: risk 12.5 % with arm hbig, 22.5 % with another arm"],
    }


def test_arms_that_are_all_listed_have_no_other(new_patients_of, said):
    new = new_patients_of(PEOPLE, LABS, added=LEVELS, risk_of=by_arm)
    # Without criteria nobody is known to be outside the trial.
    assert said(ARM, new) == {
        1: [f"{NO_ARM}: risk 20.0 % with arm control, 10.0 % with arm hbig"],
        3: [f"{NO_ARM}: risk 22.5 % with arm control, 12.5 % with arm hbig"],
    }


def test_a_study_that_says_who_is_in_no_arm_has_no_other(new_patients_of, said):
    """The arms that are named, by their names in the tables: this study has no plan of the trial."""
    listed = EQUALS + 'others = ["control"]\n'
    assert said(ARM, new_patients_of(PEOPLE[:2], LABS[:2], added=listed, risk_of=by_arm)) == {
        1: [f"{NO_ARM}: risk 10.0 % with arm hbig, 20.0 % with arm control"],
    }


def test_where_the_arm_is_no_predictor_it_does_not_matter(new_patients_of, said):
    assert said(ARM, new_patients_of(PEOPLE, LABS, added=CRITERION, risk_of=by_arm)) == {}


def test_a_model_shows_its_own_risks(model, cohort, study):
    import relapse_model as rm

    tables = dict(cohort.tables())
    both = [
        rm.make_cohort(tables["patients"].assign(arm=arm), tables["labs"], tables["treatments"])
        for arm in ("hbig", "control")
    ]
    none = rm.make_cohort(tables["patients"].assign(arm=None), tables["labs"], tables["treatments"])
    hbig, control = (model.score(one)["relapse_risk"] for one in both)
    expected = [
        f"{100 * a:.1f} % with arm HBIG, {100 * b:.1f} % with arm control" for a, b in zip(hbig, control, strict=True)
    ]
    warnings = model.score(none)["warnings"]
    assert all(text in warning for text, warning in zip(expected, warnings, strict=True))
    assert warnings.str.contains(f"RS209 {NO_ARM}: risk", regex=False).all()
    assert warnings.str.contains("RS201 missing: HBIG arm").all()


def test_a_week_between_landmarks_warns_everybody(new_patients_of, said):
    between = new_patients_of(PEOPLE, LABS, landmark=8.0, landmarks=(0.0, 12.0))
    text = "landmark other than trained: week 8 lies between the landmarks of the training"
    assert said(LANDMARK, between) == {row: [text] for row in range(4)}
    assert said(LANDMARK, new_patients_of(PEOPLE, LABS, landmark=12.0, landmarks=(0.0, 12.0))) == {}
