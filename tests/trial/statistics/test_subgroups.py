"""Effects in subgroups and tests of interaction: R's figures, levels without figures, limits of the likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from trial132 import trial132

from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.trial.statistics import (
    interaction_test,
    risk_difference,
    subgroup_effects,
    subgroup_survival,
    survival_contrast,
)

T = trial132()


def test_golden_interaction_with_a_continuous_column():
    found = interaction_test(T.relapse, T.arm, T.x)  # R 4.2.2, anova of two glm
    assert found.statistic == pytest.approx(6.30254109309, rel=1e-6)
    assert found.p_value == pytest.approx(0.012057, abs=6e-7)


def test_golden_interaction_with_a_category():
    found = subgroup_effects(T.relapse, T.arm, T.centre)  # R 4.2.2, anova(glm(relapse ~ a + centre), ~ a * centre)
    assert found.interaction.statistic == pytest.approx(3.562032506, rel=1e-6)
    assert found.interaction.degrees_of_freedom == 2
    assert found.interaction.p_value == pytest.approx(0.16847, abs=6e-6)
    followed = subgroup_survival(T.week, T.event, T.arm, T.centre, 48)  # coxph, twice the difference of loglik
    assert followed.interaction.statistic == pytest.approx(3.3521541738, rel=1e-6)


def test_each_level_is_analysed_by_itself():
    found = subgroup_effects(T.relapse, T.arm, T.centre)
    assert [level.name for level in found.levels] == ["A", "B", "C"]
    b = T.centre == "B"
    counts = [int(T.relapse[b & (T.arm == a)].sum()) for a in (1, 0)]
    assert found.levels[1].contrast == risk_difference(counts[0], 22, counts[1], 22)
    followed = subgroup_survival(T.week, T.event, T.arm, T.centre, 48).levels[1]
    assert followed.contrast == survival_contrast(T.week[b], T.event[b], T.arm[b], 48).contrast


def test_levels_without_figures_are_listed_and_say_why():
    groups = T.centre.astype(object)
    groups[:2] = None  # one of each arm
    groups[3] = "D"  # treatment alone
    groups[[4, 5, 6, 7]] = "E"  # few events
    found = subgroup_effects(T.relapse, T.arm, groups)
    notes = {level.name: (level.note, level.contrast is None, sum(level.patients)) for level in found.levels}
    assert list(notes) == ["A", "B", "C", "D", "E", "(missing)"]
    assert notes["D"] == ("nobody in the control arm", True, 1)
    assert notes["E"][:2] == ("fewer than 5 events", True)
    assert notes["(missing)"] == ("the level is unknown", True, 2)
    assert sum(patients for _, _, patients in notes.values()) == 132
    assert {"D", "(missing)"} <= set(found.left_out)


def test_numbers_stay_in_their_order():
    found = subgroup_effects(T.relapse, T.arm, np.where(T.x > 0, 10, 2))
    assert [level.name for level in found.levels] == ["2", "10"]


def test_an_arm_and_level_without_events_has_a_limit_of_the_likelihood():
    # Both likelihoods by pushing the coefficients of R's glm far out: the cell adds 0.
    arm = np.repeat([1, 0, 1, 0], 20)
    relapse = np.concatenate([np.arange(20) < k for k in (0, 8, 5, 6)]).astype(int)
    groups = np.repeat(["a", "b"], 40)
    found = subgroup_effects(relapse, arm, groups).interaction
    assert 0 < found.p_value < 0.05
    week = np.where(relapse == 1, 1 + np.arange(80) % 37, 48)
    followed = subgroup_survival(week, relapse, arm, groups, 48).interaction
    assert 0 < followed.p_value < 0.05


def test_what_cannot_be_compared_has_no_test_but_a_note():
    one = subgroup_effects(T.relapse, T.arm, np.full(132, "all"))
    assert (one.interaction, one.note) == (None, "1 level can be compared; expected two")
    nobody = subgroup_effects(T.relapse * (1 - T.arm), T.arm, T.centre)
    assert nobody.interaction is None
    assert "arm and levels separate" in nobody.note


def test_follow_up_after_the_week_does_not_matter():
    later = subgroup_survival(np.where(T.week == 48, 70, T.week), T.event * (T.week < 44), T.arm, T.centre, 40)
    assert later == subgroup_survival(T.week, T.event, T.arm, T.centre, 40)


def test_refusals():
    with pytest.raises(RelapseModelError, match="one level for each of 132"):
        subgroup_effects(T.relapse, T.arm, T.centre[:5])
    with pytest.raises(RelapseModelError, match="cannot be distinguished by name"):
        subgroup_effects([0, 1, 0, 1], [1, 0, 1, 0], [1, "1", 1, "1"])
    with pytest.raises(InsufficientDataError, match="Interaction with 'titre': arm and column separate"):
        interaction_test(T.relapse, T.arm, T.relapse + 0.1 * np.sin(T.x), name="titre")
    with pytest.raises(RelapseModelError, match=r"'titre' \(132\)"):
        interaction_test(T.relapse, T.arm, np.full(132, np.nan), name="titre")
