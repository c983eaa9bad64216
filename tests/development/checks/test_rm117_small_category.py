"""RM117: levels, answers and groups of fewer than 5 patients at risk."""

from __future__ import annotations

import pytest

from relapse_model.development.checks.rm117_small_category import CHECK as small_category

GENOTYPE = (
    '\n[[predictors]]\nname = "genotype"\nlabel = "Genotype"\nkind = "column"\ncolumn = "hbv_genotype"\n'
    'levels = ["B", "C", "D"]\n'
)
MALE = '\n[[predictors]]\nname = "male"\nlabel = "Male sex"\nkind = "column"\ncolumn = "sex"\nequals = "M"\n'


def of_genotypes(**counts):
    return [("free", number, {"hbv_genotype": name}) for name, number in counts.items() if number]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"B": 20, "C": 5, "D": 5}, None),
        ({"B": 20, "C": 4, "D": 5}, "Genotype: C with fewer than 5. "),
        ({"B": 20, "C": 1, "D": 2}, "Genotype: C, D with fewer than 5. "),
        ({"B": 20, "C": 9, "D": 0}, "Genotype: D in nobody. "),
        ({"B": 20, "C": 1, "D": 0}, "Genotype: C with fewer than 5, D in nobody. "),
    ],
)
def test_levels(counts, said, study_with, cohort_of, names_nobody):
    cohort = cohort_of(*of_genotypes(**counts), ("not_at_risk", 9, {"hbv_genotype": "D"}))
    result = small_category.of(cohort, study_with(GENOTYPE), 0)
    if said is None:
        assert result.state == "passed"
        return
    assert (result.code, result.state) == ("RM117", "found")
    assert f"of {sum(counts.values())} patients at risk at week 0, {said}" in result.text
    names_nobody(result.text, cohort)


@pytest.mark.parametrize(("women", "state"), [(0, "passed"), (1, "found"), (4, "found"), (5, "passed")])
def test_answers_of_yes_or_no(women, state, study_with, cohort_of):
    cohort = cohort_of(("free", 20, {}), ("free", women, {"sex": "F"}))
    result = small_category.of(cohort, study_with(MALE), 0)
    assert result.state == state
    assert ("Male sex: no with fewer than 5" in result.text) == (state == "found")


def test_groups_by_which_the_lost_are_weighted(study_with, cohort_of):
    study = study_with(changed=[("at_least = 0.05", 'at_least = 0.05\ncensoring_by = "centre"')])
    cohort = cohort_of(("free", 3, {"centre": "tiny"}), ("free", 29, {"centre": "big"}))
    assert "the chance of being lost is estimated: tiny with fewer than 5" in small_category.of(cohort, study, 0).text
    enough = cohort_of(("free", 5, {"centre": "tiny"}), ("free", 29, {"centre": "big"}))
    assert small_category.of(enough, study, 0).state == "passed"


def test_without_categories_it_does_not_apply(study_with, cohort_of):
    assert small_category.of(cohort_of(("free", 9, {})), study_with(), 0).state == "not applicable"


def test_without_patients_at_risk_it_does_not_apply(study_with, cohort_of):
    cohort = cohort_of(("not_at_risk", 5, {"hbv_genotype": "B"}))
    assert small_category.of(cohort, study_with(GENOTYPE), 0).state == "not applicable"
