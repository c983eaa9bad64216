"""Groups of patients whose outcomes are not as frequent as predicted are named, and how many were compared."""

from __future__ import annotations

from relapse_model.report.group_words import unlike_limit, unlike_words
from relapse_model.report.language import words_of
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.subgroups import Subgroup


def group(name, value, lower, upper, hidden=""):
    measures = {"observed_expected": Estimate(value, lower, upper, 0.95, "Wald")}
    return Subgroup(name, "40", "9", "2", hidden, {} if hidden else measures, {})


ONE, TWO, THREE = group("one", 0.51, 0.24, 1.08), group("two", 1.95, 1.14, 3.33), group("three", 0.4, 0.2, 0.8)
SMALL = group("four", 9.0, 8.0, 10.0, hidden="fewer than 20 patients")


def test_groups_whose_interval_holds_1_differ_by_chance():
    assert unlike_words((ONE, SMALL)) == "Groups differ by chance."
    assert unlike_limit((ONE, SMALL), words_of("en")) == ""


def test_a_group_whose_interval_excludes_1_is_named_with_how_many_were_compared():
    assert unlike_words((ONE, TWO, SMALL)) == (
        "In two the outcome was 1.95 times as frequent as predicted (95 % interval 1.14 to 3.33). Chance alone may not "
        "explain this (2 groups were compared)."
    )
    assert unlike_words((TWO,)).endswith("(a single group could be judged).")


def test_too_few_outcomes_are_named_as_too_many_are():
    said = unlike_words((ONE, TWO, THREE), {"three": "women"})
    assert "In women the outcome was 0.40 times as frequent" in said
    assert said.endswith("(3 groups were compared).")


def test_the_first_screen_names_the_group_furthest_from_1_first():
    """0.40 is 2.5 times too few, further than 1.95 times too many."""
    assert unlike_limit((TWO, THREE), words_of("en")) == "In three: 0.40. In two: 1.95."
    assert unlike_limit((TWO,), words_of("zh")) == "two 为 1.95。"
