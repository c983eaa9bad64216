"""Names, levels, codes and units of tables as the study understands them: mapped at the gate, or refused by row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cohort.measurements import measurements
from relapse_model.errors import CohortError
from relapse_model.study.reader import parse_study

STUDY = """
[study]
protocol = 1
name = "names"

[analytes.anti_hbs]
unit = "mIU/mL"
lower_limit = 10.0

[analytes.z_score]
unit = "1"
negative = true

[analytes.hbeag]
unit = "S/CO"
other_units = ["COI"]

[agents.pegifn]
synonyms = ["Pegasys", "派罗欣"]

[agents.aspirin]

[outcome]
analyte = "anti_hbs"
below = 100.0

[prediction]
landmark_weeks = [0]
horizon_weeks = 52
"""
EVER = '[[predictors]]\nname = "p"\nkind = "ever_on_agent"\nagents = ["pegifn"]\n'


def study_of(predictor=EVER, added=""):
    return parse_study(f"{STUDY}\n{added}\n{predictor}", "test")


def tables(**columns):
    """Patients a, b, c... with the given columns, a titre of 500 each."""
    rows = len(next(iter(columns.values()))) if columns else 2
    ids = [chr(ord("a") + row) for row in range(rows)]
    labs = pd.DataFrame({"patient_id": ids, "week": 0, "analyte": "anti_hbs", "value": "500", "unit": "mIU/mL"})
    return pd.DataFrame({"patient_id": ids} | columns), labs


def column(values, predictor, added=""):
    """The values of a predictor named p of a column named x."""
    study = study_of(f'[[predictors]]\nname = "p"\nkind = "column"\ncolumn = "x"\n{predictor}\n', added)
    patients, labs = tables(x=values)
    return rm.derive_features(rm.make_cohort(patients, labs, study=study), study)["p"].tolist()


def problems(values, predictor, added=""):
    with pytest.raises(CohortError) as error:
        column(values, predictor, added)
    return [(one.table, one.row, one.column, one.found) for one in error.value.problems]


def given(*agents):
    ids = [chr(ord("a") + row) for row in range(len(agents))]
    return pd.DataFrame({"patient_id": ids, "agent": agents, "start_week": -20.0, "end_week": -8.0})


# ---- names ----


def test_a_synonym_becomes_the_name_of_the_study():
    patients, labs = tables(x=[1, 2, 3])
    cohort = rm.make_cohort(patients, labs, given("派罗欣", "PEGASYS", "aspirin"), study=study_of())
    assert cohort.treatments["agent"].tolist() == ["pegifn", "pegifn", "aspirin"]
    assert rm.derive_features(cohort, study_of())["p"].tolist() == [1, 1, 0]


def test_what_looks_like_a_name_is_refused_by_row_and_shown_as_it_was_printed():
    patients, labs = tables(x=[1, 2, 3])
    with pytest.raises(CohortError) as error:
        rm.make_cohort(patients, labs, given("pegifn", "Pegasys 180ug", "aspirin"), study=study_of())
    (problem,) = error.value.problems
    assert (problem.table, problem.row, problem.column, problem.found) == ("treatments", 3, "agent", "'Pegasys 180ug'")
    assert "'pegifn'" in problem.expected
    assert "[agents.NAME]" in problem.advice


def test_in_a_list_it_costs_that_patient_alone():
    patients, labs = tables(x=[1, 2, 3])
    cohort = rm.make_cohort(
        patients, labs, given("pegifn", "Pegasys 180ug", "aspirin"), study=study_of(), on_problems="list"
    )
    assert cohort.rejected["patient_id"].tolist() == ["b"]
    assert cohort.patient_ids.tolist() == ["a", "c"]


def test_a_name_that_holds_an_identifier_is_not_shown():
    patients, labs = tables(x=[1, 2])
    patients["patient_id"] = labs["patient_id"] = ["Zhang-01", "Zhang-02"]
    courses = given("pegifn", "Pegasys of Zhang-02").assign(patient_id=["Zhang-01", "Zhang-02"])
    with pytest.raises(CohortError) as error:
        rm.make_cohort(patients, labs, courses, study=study_of())
    assert "Zhang" not in str(error.value)


def test_an_analyte_by_another_name_is_measured_under_the_name_of_the_study():
    patients, labs = tables(x=[1, 2])
    labs["analyte"] = ["Anti-HBs", "ANTI HBS"]
    study = study_of()
    assert measurements(rm.make_cohort(patients, labs, study=study), study, "anti_hbs").value.tolist() == [500, 500]
    with pytest.raises(CohortError, match="'ANTI HBS'; expected 'anti_hbs', as in the study"):
        measurements(rm.make_cohort(patients, labs), study, "anti_hbs")


def test_a_cohort_with_the_names_of_one_study_is_asked_again_by_another():
    patients, labs = tables(x=[1])
    cohort = rm.make_cohort(patients, labs, given("派罗欣"), study=study_of())
    other = parse_study(STUDY.replace("agents.pegifn", "agents.peginterferon").replace('"Pegasys"', '"pegifn"')
                        + EVER.replace('["pegifn"]', '["peginterferon"]'), "other")  # fmt: skip
    with pytest.raises(CohortError, match="'pegifn'; expected 'peginterferon', as in the study"):
        rm.derive_features(cohort, other)
    again = rm.make_cohort(**cohort.tables(), study=other)
    assert rm.derive_features(again, other)["p"].tolist() == [1]


# ---- yes and no, levels ----

YES = 'equals = "1"'


@pytest.mark.parametrize("value", ["1", "1.0", "True", "yes", "是", "TRUE", " y "])
def test_yes_in_any_spelling_is_yes(value):
    assert column([value, "0"], YES) == [1, 0]


@pytest.mark.parametrize("value", ["0", "0.0", "False", "no", "否", "无"])
def test_no_in_any_spelling_is_no(value):
    assert column([value, "1"], YES) == [0, 1]


def test_typed_flags_are_read_alike():
    assert column([True, False], YES) == [1, 0]
    np.testing.assert_array_equal(column([1.0, 0.0, np.nan], YES), [1, 0, np.nan])


def test_blank_is_unknown():
    np.testing.assert_array_equal(column(["1", "", None, "NA"], YES), [1, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("value", ["2", "ETV", "unknown", "t"])
def test_what_is_neither_yes_nor_no_is_refused_by_row(value):
    assert problems(["1", value, "0"], YES) == [("patients", 3, "x", repr(value))]


def test_others_say_what_else_counts_as_no():
    assert column(["1", "ETV", "2", "no"], YES + '\nothers = "no"') == [1, 0, 0, 0]
    assert column(["hbig", "Control", "HBIG"], 'equals = "hbig"\nothers = ["control"]') == [1, 0, 1]
    refused = problems(["hbig", "control", "实验组"], 'equals = "hbig"\nothers = ["control"]')
    assert refused == [("patients", 4, "x", "'实验组'")]


def test_without_others_a_level_that_looks_like_it_is_refused():
    assert column(["C", "c", "B", "D"], 'equals = "C"') == [1, 1, 0, 0]
    assert problems(["C", "C2", "B/C"], 'equals = "C"') == [("patients", 3, "x", "'C2'"), ("patients", 4, "x", "'B/C'")]


def test_levels_are_read_in_any_spelling():
    assert column(["b", "Ｃ", "B"], 'levels = ["B", "C"]') == ["B", "C", "B"]
    assert column([0, 1], 'levels = ["no", "yes"]') == ["no", "yes"]
    assert problems(["B", "D"], 'levels = ["B", "C"]') == [("patients", 3, "x", "'D'")]


def test_a_level_in_two_spellings_is_one_arm():
    study = study_of(
        '[[predictors]]\nname = "p"\nkind = "column"\ncolumn = "arm"\nequals = "hbig"\nothers = ["control"]\n'
    )
    patients, labs = tables(arm=["HBIG", "hbig", "Control"])
    assert rm.make_cohort(patients, labs, study=study).patients["arm"].tolist() == ["hbig", "hbig", "control"]


def test_sex_is_read_by_the_words_of_the_contract_also_where_the_study_has_others():
    for level in ("M", "male", "男"):
        study = study_of(f'[[predictors]]\nname = "p"\nkind = "column"\ncolumn = "sex"\nequals = "{level}"\n')
        patients, labs = tables(sex=["male", "女", "M", "female", "男"])
        cohort = rm.make_cohort(patients, labs, study=study)
        assert cohort.patients["sex"].tolist() == ["M", "F", "M", "F", "M"]
        assert rm.derive_features(cohort, study)["p"].tolist() == [1, 0, 1, 0, 1]


def test_a_column_that_states_a_treatment_is_yes_or_no():
    study = study_of(EVER + 'column = "given"\n')
    patients, labs = tables(given=["yes", "否", "1.0"])
    assert rm.derive_features(rm.make_cohort(patients, labs, study=study), study)["p"].tolist() == [1, 0, 1]
    patients["given"] = ["yes", "否", "ETV"]  # one centre writes which drug
    with pytest.raises(CohortError, match="patients, row 4, column 'given': 'ETV'; expected 0 or 1"):
        rm.make_cohort(patients, labs, study=study)


def test_criteria_of_eligibility_are_asked_alike():
    criterion = '[[eligibility.exclude]]\nid = "E1"\ntext = "x"\ncolumn = "cirrhosis"\nequals = ["1"]\n'
    study = study_of(added=criterion)
    patients, labs = tables(cirrhosis=["yes", "否", ""])
    calls = rm.screen(rm.make_cohort(patients, labs, study=study), study).patients["state"].tolist()
    assert calls == ["not eligible", "eligible", "undecidable"]
    patients["cirrhosis"] = ["Child B", "0", "1"]
    with pytest.raises(CohortError, match=r"patients, row 2, column 'cirrhosis': 'Child B'.* For criterion 'E1'"):
        rm.make_cohort(patients, labs, study=study)


# ---- codes ----


def test_codes_of_a_sex_count_only_as_the_study_states_them():
    patients, labs = tables(sex=["1", "2", "F", ""])
    with pytest.raises(CohortError, match="'1'; expected one of F, M"):
        rm.make_cohort(patients, labs, study=study_of())
    study = study_of(added='[columns.sex]\ncodes = { "1" = "M", "2" = "F" }\n')
    cohort = rm.make_cohort(patients, labs, study=study)
    typed = rm.make_cohort(patients.assign(sex=[1.0, 2.0, 2.0, np.nan]), labs, study=study)
    for one in (cohort, rm.make_cohort(**cohort.tables(), study=study), typed):
        assert one.patients["sex"].tolist()[:3] == ["M", "F", "F"]
        assert one.patients["sex"].isna().tolist() == [False, False, False, True]


def test_codes_that_turn_yes_into_one_and_no_into_two_survive_being_written(tmp_path):
    """1 = no, 2 = yes, as many hospitals have it: written and read again it must not turn round."""
    study = study_of(added='[columns.prior_nuc]\ncodes = { "1" = "no", "2" = "yes" }\n')
    patients, labs = tables(prior_nuc=["1", "2", "2", ""])
    cohort = rm.make_cohort(patients, labs, study=study)
    np.testing.assert_array_equal(cohort.patients["prior_nuc"], [0, 1, 1, np.nan])
    cohort.write(tmp_path)
    again = rm.read_cohort(tmp_path, study=study)
    np.testing.assert_array_equal(again.patients["prior_nuc"], [0, 1, 1, np.nan])
    np.testing.assert_array_equal(cohort.take(np.array([2, 0])).patients["prior_nuc"], [1, 0])


def test_drugs_as_codes_of_a_yes_or_no():
    study = study_of(added='[columns.prior_nuc]\ncodes = { "ETV" = "yes", "none" = "no" }\n')
    patients, labs = tables(prior_nuc=["etv", "1", "0", "TDF"])
    with pytest.raises(CohortError) as error:
        rm.make_cohort(patients, labs, study=study)
    assert [(one.row, one.found) for one in error.value.problems] == [(5, "'TDF'")]


def test_codes_are_asked_for_where_the_cohort_was_read_without_the_study():
    study = study_of('[[predictors]]\nname = "p"\nkind = "column"\ncolumn = "x"\nequals = "mild"\n',
                     '[columns.x]\ncodes = { "1" = "mild", "2" = "grave" }\n')  # fmt: skip
    patients, labs = tables(x=["1", "2"])
    with pytest.raises(CohortError, match="patients, column 'x': codes of this study"):
        rm.derive_features(rm.make_cohort(patients, labs), study)
    assert rm.derive_features(rm.make_cohort(patients, labs, study=study), study)["p"].tolist() == [1, 0]


# ---- units and negative numbers ----


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("150", 150), ("150 IU/mL", 150), ("150 mIU/mL", 0.15), ("0.15 kIU/mL", 150), ("0.15kIU/mL", 150),
        ("150 kIU/L", 150), ("1.5E+02 IU/ml", 150), ("<0.05 IU/mL", 0.025), ("<50 mIU/mL", 0.025),
    ],
)  # fmt: skip
def test_a_unit_printed_in_a_column_of_numbers_counts(printed, value):
    assert column([printed], 'unit = "IU/mL"') == [pytest.approx(value)]


@pytest.mark.parametrize("printed", ["150 COI", "150 S/CO", "150 ng/mL", "150 copies/mL", "2.2 log IU/mL", "150 U"])
def test_a_unit_that_does_not_convert_is_refused_by_row(printed):
    assert problems(["150", printed], 'unit = "IU/mL"') == [("patients", 3, "x", repr(printed))]


def test_a_unit_in_a_column_without_one_is_refused():
    assert problems(["150", "150 IU/mL"], "") == [("patients", 3, "x", "'150 IU/mL'")]


def test_negative_numbers_where_the_study_says_so():
    assert column(["-1.5", "0", "2"], "negative = true") == [-1.5, 0, 2]
    assert problems(["-1.5", "2"], "") == [("patients", 2, "x", "'-1.5'")]


def results(*rows, analyte):
    """Results of one analyte: (value, unit, lower limit)."""
    patients, _ = tables(x=list(range(len(rows))))
    labs = pd.DataFrame(rows, columns=["value", "unit", "lower_limit"])
    labs = labs.assign(patient_id=patients["patient_id"], week=0.0, analyte=analyte)
    study = study_of()
    return measurements(rm.make_cohort(patients, labs, study=study), study, analyte)


def test_an_analyte_that_may_be_negative():
    found = results(
        ("-1.5", "1", ""), ("0", "1", ""), ("<-2", "1", ""), (">-1", "1", ""), ("0.3", "1", "-3"), analyte="z_score"
    )
    assert found.value.tolist() == [-1.5, 0, -2, -1, 0.3]
    assert found.lower.tolist() == [-1.5, 0, -np.inf, -1, 0.3]
    assert found.upper.tolist() == [-1.5, 0, -2, np.inf, 0.3]


def test_no_other_analyte_may_be_negative():
    with pytest.raises(CohortError, match="a negative amount on a linear scale"):
        results(("-1.5", "mIU/mL", ""), analyte="anti_hbs")


def test_a_unit_that_converts_into_no_other_leaves_the_word():
    """HBeAg of 0.4 COI is no 0.4 S/CO: no number of it is known, the word is."""
    found = results(("0.4", "S/CO", ""), ("0.4", "COI", ""), ("阴性", "COI", ""), analyte="hbeag")
    np.testing.assert_array_equal(found.value, [0.4, np.nan, np.nan])
    assert found.detected.tolist() == [1, 1, 0]
    with pytest.raises(CohortError, match="'PEIU/mL'; expected a unit of hbeag in this study"):
        results(("0.4", "PEIU/mL", ""), analyte="hbeag")


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "expected"),
    [
        ("platelets", "150", "10^3/uL", 150), ("platelets", "150", "G/L", 150), ("platelets", "150", "K/µL", 150),
        ("albumin", "4.2", "g/dL", 42), ("bilirubin", "1", "mg/dL", 17.1), ("alt", "40", "IU/L", 40),
        ("alt", "40", "U/l", 40), ("ast", "1", "ukat/L", 60), ("hbsag", "50", "mIU/mL", 0.05),
        ("hbv_dna", "20", "kIU/L", 20), ("anti_hbs", "120", "IU/L", 120),
    ],
)  # fmt: skip
def test_everyday_units_of_the_built_in_study(analyte, value, unit, expected, study):
    patients, labs = tables(x=[1])
    labs = labs.assign(analyte=analyte, value=value, unit=unit)
    found = measurements(rm.make_cohort(patients, labs, study=study), study, analyte)
    assert found.value.tolist() == [pytest.approx(expected)]


@pytest.mark.parametrize(
    ("analyte", "unit"),
    [("hbsag", "COI"), ("hbsag", "S/CO"), ("hbsag", "PEIU/mL"), ("hbv_dna", "copies/mL"), ("hbsag", "ng/mL"),
     ("platelets", "g/L"), ("anti_hbs", "IU/mL"), ("hbeag", "copies/mL")],
)  # fmt: skip
def test_units_without_a_factor_are_refused(analyte, unit, study):
    patients, labs = tables(x=[1])
    with pytest.raises(CohortError, match=f"a unit of {analyte} in this study"):
        rm.make_cohort(patients, labs.assign(analyte=analyte, unit=unit), study=study)
