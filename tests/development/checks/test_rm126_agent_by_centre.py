"""RM126: a centre in whose patients a drug is never recorded."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm126_agent_by_centre import CHECK as agent_by_centre

NUC = """
[[predictors]]
name = "nuc"
label = "Analogue"
kind = "ever_on_agent"
agents = ["nuc", "entecavir"]
column = "prior_nuc"
"""


def of_centres(cohort_of, east, west, given_east, given_west, **columns):
    """Two centres of some patients, of whom some were given the drug; one in the east was given it too late."""
    groups = [("free", east, {"centre": "East"} | columns), ("free", west, {"centre": "West"} | columns)]
    given = [(place, "nuc", -50) for place in range(given_east)] + [(0, "nuc", 20)]
    return cohort_of(*groups, treatments=given + [(east + place, "entecavir", -50) for place in range(given_west)])


@pytest.mark.parametrize(
    ("sizes", "given", "state"),
    [
        ((20, 40), (0, 20), "found"),  # 0.5 ** 20
        ((20, 40), (1, 20), "passed"),
        ((9, 40), (0, 38), "passed"),  # too few patients to tell
        ((10, 40), (0, 20), "found"),  # 0.5 ** 10 = 0.00098
        ((20, 40), (0, 11), "passed"),  # 0.725 ** 20 = 0.0016
        ((20, 40), (0, 0), "passed"),
    ],
)
def test_none_where_many_are_expected(sizes, given, state, study_with, cohort_of, names_nobody):
    cohort = of_centres(cohort_of, *sizes, *given)
    result = agent_by_centre.of(cohort, study_with(NUC), 0)
    assert (result.code, result.state) == ("RM126", state)
    if state == "found":
        assert (
            f"Analogue: none of the {sizes[0]} patients at 'East' has a course of nuc or entecavir, against 50% of "
            "the patients elsewhere" in result.text
        )
        names_nobody(result.text, cohort)


def test_a_column_or_a_table_that_is_not_complete_answers_it(study_with, cohort_of):
    stated = of_centres(cohort_of, 20, 40, 0, 20, prior_nuc=0)
    assert agent_by_centre.of(stated, study_with(NUC), 0).state == "passed"
    cohort = of_centres(cohort_of, 20, 40, 0, 20)
    open_study = study_with(NUC + "\n[treatments]\ncomplete = false\n")
    assert agent_by_centre.of(cohort, open_study, 0).state == "not applicable"


def test_without_centres_or_treatments_it_does_not_apply(study_with, cohort_of):
    assert agent_by_centre.of(cohort_of(("free", 20, {}), treatments=[]), study_with(NUC), 0).state == "not applicable"
    without = cohort_of(("free", 20, {"centre": "East", "prior_nuc": 1}))
    assert agent_by_centre.of(without, study_with(NUC), 0).state == "not applicable"
    assert agent_by_centre.of(
        cohort_of(("not_at_risk", 5, {"centre": "East"}), treatments=[]), study_with(NUC), 0
    ).state == ("not applicable")


def test_patients_of_no_known_centre_are_no_centre(study_with, cohort_of):
    cohort = cohort_of(
        ("free", 20, {"centre": "unknown"}), ("free", 40, {"centre": "West"}),
        treatments=[(20 + place, "entecavir", -50) for place in range(20)],
    )  # fmt: skip
    assert agent_by_centre.of(cohort, study_with(NUC), 0).state == "passed"
