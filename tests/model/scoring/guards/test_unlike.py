"""Whose risk is not to be relied on: counted where scores are written, at once and in parts."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.model.scoring.guards.unlike import unlike_count, unlike_words


@pytest.fixture
def folder(new_patients, model, tmp_path):
    """Thirty patients, of whom the first two are 75 years old, where the trial takes nobody above 60."""
    tables = new_patients.tables()
    ages = [75.0, 75.0, *[40.0] * (len(new_patients) - 2)]
    patients = tables["patients"].assign(age_years=ages)
    rm.make_cohort(patients, tables["labs"], tables["treatments"], study=model.study).write(tmp_path / "new")
    model.save(tmp_path / "m.rmodel")
    return tmp_path


@pytest.mark.parametrize("more", [(), ("--chunk", "10")])
def test_score_says_on_how_many_risks_not_to_rely(folder, capsys, more):
    given = [str(folder / "m.rmodel"), str(folder / "new"), "--out", str(folder / "scores.csv"), *more]
    assert main(["score", *given]) == 0
    model = rm.load_model(folder / "m.rmodel")
    count = unlike_count(model.score(rm.read_cohort(folder / "new", study=model.study)))
    assert 2 <= count < 12
    assert (
        f"Do not rely on the risks of {count} patients, who are unlike the patients studied" in capsys.readouterr().out
    )


def test_nothing_is_said_of_nobody():
    assert unlike_words(0) == ""
    assert unlike_words(1).startswith("Do not rely on the risk of 1 patient, who is unlike")
