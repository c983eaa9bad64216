"""The table of a screen: odds ratios with their level, all counts, what was not tested said."""

from __future__ import annotations

from math import exp, isnan

import pytest

import relapse_model as rm
from relapse_model.report.paper.biomarker_tables import biomarker_table


@pytest.fixture(scope="module")
def screen(cohort, study):
    return rm.screen_biomarkers(cohort, study, increment=False)


def test_each_candidate_has_its_row_as_in_the_result(screen):
    table = biomarker_table(screen)
    assert "Odds ratio (95 % CI)" in table.columns
    every = screen.table.to_dict("records")
    for row, found in zip(table.rows, every, strict=True):
        assert row[0] == found["label"]
        assert row[2:4] == (str(found["n"]), str(found["events"]))
        if isnan(found["log_odds"]):
            assert row[4:9] == ("",) * 5  # not tested is not "no effect"
            assert any(note.startswith(f"{found['label']}: not tested, ") for note in table.notes)
        else:
            limits = [f"{exp(found[name]):.2f}" for name in ("log_odds", "lower", "upper")]
            assert row[4] == f"{limits[0]} ({limits[1]} to {limits[2]})"
    chosen = {row[0] for row in table.rows if row[-1] == "yes"}
    assert chosen == {row["label"] for row in every if row["selected"]}
