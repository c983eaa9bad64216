"""An outcome called free beside tests that confirm a relapse before it: named, and the outcome counts."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.study.reader import parse_study

STUDY = parse_study(
    '[study]\nprotocol = 1\nname = "own"\n[outcome]\nanalyte = "hbsag"\nat_least = 0.05\nconfirm = { tests = 2 }\n'
    '[prediction]\nhorizon_weeks = 48\n[[predictors]]\nname = "sex"\nkind = "column"\ncolumn = "sex"\nequals = "M"\n'
    '[analytes.hbsag]\nunit = "IU/mL"\nscale = "log10"\nlower_limit = 0.05\n', "own",
)  # fmt: skip


def remarks(tests, event="free", until=48, study=STUDY):
    rows = [("b", week, value) for week, value in tests] + [("a", 0, "<0.05")]
    labs = pd.DataFrame(rows, columns=["patient_id", "week", "value"]).assign(analyte="hbsag", unit="IU/mL")
    outcomes = pd.DataFrame({"patient_id": ["a", "b"], "event": ["free", event], "week": [48, until]})
    outcomes["competing_event"] = [None, "transplantation" if event == "competing" else None]
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["a", "b"], "sex": "F"}), labs, outcomes=outcomes, study=study)
    return [(one.table, one.row, one.found) for one in cohort.remarks]


RELAPSED = [(0, "<0.05"), (24, "3.1"), (36, "5.2")]


def test_a_relapse_that_two_tests_confirm_is_named_with_its_week():
    assert remarks(RELAPSED) == [("outcomes", 3, "free, and relapse in week 24 by the tests")]


@pytest.mark.parametrize(
    ("tests", "more"),
    [
        (RELAPSED[:2], {}),  # not confirmed
        ([(0, "<0.05"), (24, "3.1"), (36, "<0.05"), (40, "2")], {}),  # refuted, and not confirmed
        ([(0, "3"), (24, "3.1"), (36, "5.2")], {}),  # never gone
        (RELAPSED, {"until": 12}),  # free until before it
        (RELAPSED, {"event": "relapse"}),
        (RELAPSED, {"event": "competing"}),  # refused where the outcome is derived
        (RELAPSED, {"study": None}),
    ],
)
def test_what_contradicts_nothing_is_not_named(tests, more):
    assert remarks(tests, **more) == []
