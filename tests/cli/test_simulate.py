"""`relapse-model simulate` with a scenario."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.cli.cohort_arguments import SCENARIOS
from relapse_model.cli.program import main
from relapse_model.cohort.simulation import trial_scenarios


def test_the_scenarios_are_the_simulators():
    assert tuple(trial_scenarios()) == SCENARIOS


def test_a_scenario_is_the_one_of_the_simulator(tmp_path):
    name = "strong effect, informative loss"
    assert main(["simulate", "--patients", "60", "--seed", "3", "--out", str(tmp_path), "--scenario", name]) == 0
    expected = rm.simulate_cohort(60, 3, **trial_scenarios()[name])
    assert rm.read_cohort(tmp_path) == rm.make_cohort(**expected.tables(), synthetic=True)
    assert rm.read_cohort(tmp_path) != rm.make_cohort(**rm.simulate_cohort(60, 3).tables(), synthetic=True)
    assert (tmp_path / "truth.csv").exists()


def test_help_lists_the_names_and_another_is_wrong_usage(capsys):
    with pytest.raises(SystemExit):
        main(["simulate", "--help"])
    stated = " ".join(capsys.readouterr().out.split())
    assert all(f'"{name}"' in stated for name in SCENARIOS)
    with pytest.raises(SystemExit) as wrong:
        main(["simulate", "--out", "x", "--scenario", "no such"])
    assert wrong.value.code == 2
