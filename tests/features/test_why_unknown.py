"""Why a predictor is unknown, in words; the reasons and the values concern the same patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.features.why_unknown import NOT_SEEN, weeks_old, why_unknown
from relapse_model.study.reader import parse_study

HEAD = """
[study]
protocol = 1
name = "case"

[analytes.hbsag]
unit = "IU/mL"
lower_limit = 0.05

[analytes.anti_hbs]
unit = "mIU/mL"
lower_limit = 10.0

[outcome]
analyte = "hbsag"
at_least = 0.05

[prediction]
landmark_weeks = [0]
horizon_weeks = 48
"""
TITRE = 'kind = "last"\nanalyte = "anti_hbs"\nwindow_weeks = 16'
AFTER = (
    'kind = "weeks_on_agent_after_first_negative"\nagents = ["pegifn"]\nanalyte = "hbsag"\nbelow = 0.05\n'
    'column = "said"'
)
SLOPE = 'kind = "slope"\nanalyte = "anti_hbs"'


def reason(predictor, labs=(), treatments=(), head=HEAD, **patient):
    """Why the predictor of the one patient is unknown; the patient beside has everything."""
    study = parse_study(f'{head}\n[[predictors]]\nname = "x"\n{predictor}\n', "test")
    rows = [("a", *lab) for lab in labs]
    table = pd.DataFrame(rows, columns=["patient_id", "week", "analyte", "value", "unit"])
    given = None
    if treatments is not None:
        columns = ["patient_id", "agent", "start_week", "end_week", "dose", "unit"]
        given = pd.DataFrame([("a", *row) for row in treatments], columns=columns)
    patients = pd.DataFrame({"patient_id": ["a"], "said": [None]} | {name: [one] for name, one in patient.items()})
    cohort = rm.make_cohort(patients, table, given, study=study)
    unknown = rm.derive_features(cohort, study)["x"].isna().to_numpy()
    said = why_unknown(cohort, study, study.predictors[0], 0.0, unknown)
    assert (said[0] != "") == unknown[0]
    return said[0]


def hbsag(*tests):
    return [(week, "hbsag", value, "IU/mL") for week, value in tests]


DOSE = ("pegifn", -60, -4, 180, "ug")


@pytest.mark.parametrize(
    ("predictor", "labs", "treatments", "said"),
    [
        (TITRE, [(-3, "anti_hbs", "50", "mIU/mL")], None, ""),
        (TITRE, [], None, "no result"),
        (TITRE, [(-104, "anti_hbs", "50", "mIU/mL")], None, "no result in the last 16 weeks"),
        (TITRE, [(-3, "anti_hbs", "not done", "mIU/mL")], None, "no result"),
        (SLOPE, [(-3, "anti_hbs", "50", "mIU/mL")], None, "the results do not tell it"),
        ('kind = "column"\ncolumn = "age"', [], None, "no entry in the patients table"),
        (AFTER, hbsag((-20, "5"), (-10, "<0.05")), None, "no treatments table"),
        (AFTER, hbsag((-20, "5"), (-10, "<0.05")), [DOSE], ""),
        (AFTER, hbsag((-10, "<0.05")), [DOSE], NOT_SEEN),
        (AFTER, hbsag((-20, "5")), [DOSE], "the last test is not negative"),
        (AFTER, [], [DOSE], "no test that decides"),
        (AFTER, hbsag((-20, "5"), (-15, "<20"), (-10, "<0.05")), [DOSE], "the tests do not tell when the loss was"),
        (AFTER + "\nconfirmed = true", hbsag((-20, "5"), (-10, "<0.05")), [DOSE],
         "not confirmed by a second negative test"),
        ('kind = "weeks_off_agent"\nagents = ["pegifn"]', [], [], "never given"),
        ('kind = "dose_total"\nagents = ["pegifn"]', [], [("pegifn", -60, -4, None, "ug")],
         "a dose without an amount or a unit"),
    ],
)  # fmt: skip
def test_each_reason(predictor, labs, treatments, said):
    assert reason(predictor, labs, treatments, age=None) == said


def test_none_recorded_in_a_table_that_is_not_complete():
    head = HEAD + "\n[treatments]\ncomplete = false\n"
    said = "no course recorded, and the treatments table is not complete"
    assert reason('kind = "ever_on_agent"\nagents = ["pegifn"]', treatments=[], head=head) == said
    assert reason('kind = "ever_on_agent"\nagents = ["pegifn"]', treatments=[DOSE], head=head) == ""
    assert reason('kind = "ever_on_agent"\nagents = ["pegifn"]', treatments=[]) == ""  # complete: not given


def test_a_column_that_states_the_weeks_wins_over_a_loss_that_nobody_saw():
    assert reason(AFTER, hbsag((-10, "<0.05")), [DOSE], said=24) == ""


def test_how_old_a_result_is():
    study = parse_study(f'{HEAD}\n[[predictors]]\nname = "x"\n{TITRE}\n', "test")
    rows = [("a", -104), ("a", -20), ("a", -3), ("b", -17), ("b", -40), ("b", 4)]
    table = pd.DataFrame(
        [(who, week, "anti_hbs", "50", "mIU/mL") for who, week in rows],
        columns=["patient_id", "week", "analyte", "value", "unit"],
    )
    cohort = rm.make_cohort(pd.DataFrame({"patient_id": ["a", "b", "c"]}), table, study=study)
    predictor = study.predictors[0]
    np.testing.assert_array_equal(weeks_old(cohort, study, predictor, 0.0), [3, 17, np.nan])
    np.testing.assert_array_equal(weeks_old(cohort, study, predictor, 0.0, too_old=True), [20, 17, np.nan])


@pytest.mark.parametrize("landmark", [-60.0, 0.0, 24.0])
def test_whoever_is_unknown_has_a_reason_and_nobody_else(study, landmark):
    cohort = rm.simulate_cohort(60, seed=5)
    features = rm.derive_features(cohort, study, landmark)
    for predictor in study.predictors:
        unknown = features[predictor.name].isna().to_numpy()
        said = why_unknown(cohort, study, predictor, landmark, unknown)
        np.testing.assert_array_equal(said != "", unknown, err_msg=predictor.name)
