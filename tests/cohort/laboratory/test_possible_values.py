"""Results that no body gives are refused by row, with a question about their unit; everything that may be is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.errors import CohortError, StudyError
from relapse_model.study.analyte_library import analyte_library, declared_in

STUDY = rm.load_study("hbsag-relapse")


def labs_of(*results: tuple[str, str, str]) -> pd.DataFrame:
    """Return one result a week of one patient: analyte, value, unit."""
    rows = [("patient-one", week, *result) for week, result in enumerate(results)]
    return pd.DataFrame(rows, columns=["patient_id", "week", "analyte", "value", "unit"], dtype=object)


def read(labs, study=STUDY, **options):
    patients = pd.DataFrame({"patient_id": labs["patient_id"].unique()}, dtype=object)
    return rm.make_cohort(patients, labs, study=study, **options)


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "asked"),
    [
        # 866 mg/dL are 8.66 g/L, which somebody may have; 86.6 g/L may be, too.
        ("albumin", "866", "g/L", "Is it in 'mg/dL'? Is the decimal point misplaced?"),
        ("albumin", "3.5", "g/L", "Is it in 'g/dL'? Is the decimal point misplaced?"),  # 35 g/L
        ("albumin", "3.5", "g/L", 'Then state the unit that it is in, such as unit = "g/dL".'),
        ("albumin", "<3", "g/L", "Is it in 'g/dL'?"),  # nothing below 3 is possible
        ("platelets", "150000", "10*9/L", "Is it in '/uL'?"),  # 150 x 10^9/L
        ("hbsag", "5e9", "IU/mL", "Is it in 'IU/L'?"),
        ("hbsag", ">1e9", "IU/mL", "IU/L"),  # whatever it is, it is more than is possible
        ("hbsag", "8", "log10 IU/mL", "Is it in 'IU/mL'"),  # 10^8 IU/mL; 8 IU/mL may be
        ("hbsag", "5e12", "IU/L", "misplaced"),
        ("bilirubin", "900", "mg/dL", "Is it in 'umol/L'"),  # 15,390 umol/L
        ("hbcrag", "12.5", "log10 U/mL", "misplaced?"),
    ],
)
def test_what_cannot_be_is_refused_with_a_question(analyte, value, unit, asked):
    with pytest.raises(CohortError) as refused:
        read(labs_of(("alt", "20", "U/L"), (analyte, value, unit)))
    (problem,) = refused.value.problems
    assert (problem.table, problem.row, problem.column) == ("labs", 3, "value")
    assert value in problem.found
    assert unit in problem.found
    low, high = STUDY.analytes[analyte].possible
    assert f"from {low:g} to {high:g}" in problem.expected
    assert asked in problem.advice
    assert f"[analytes.{analyte}] possible" in problem.advice
    assert "patient-one" not in str(refused.value)


@pytest.mark.parametrize(
    ("analyte", "value", "unit"),
    [
        ("albumin", "5", "g/L"),  # the limits belong to what is possible, also when they come in another unit
        ("albumin", "10", "g/dL"),
        ("albumin", "<60", "g/L"),  # may be any lower value
        ("albumin", ">60", "g/L"),
        ("hbsag", "0", "IU/mL"),  # below the limit, and no zero
        ("hbsag", "<0.05", "IU/mL"),
        ("hbsag", "7", "log10 IU/mL"),
        ("hbsag", "-1.3", "log10 IU/mL"),  # 0.05 IU/mL
        ("alt", "15000", "U/L"),
        ("hbeag", "5e9", "COI"),  # converts into no other unit: nothing is known of its size
        ("hbv_dna", "阴性", "IU/mL"),
    ],
)
def test_what_may_be_is_read(analyte, value, unit):
    assert len(read(labs_of((analyte, value, unit))).labs) == 1


@pytest.mark.parametrize("value", ["0", "<3"])
def test_what_is_below_a_limit_is_read_where_there_is_one(value):
    low = labs_of(("albumin", value, "g/L"))
    with pytest.raises(CohortError, match=f"'{value} g/L'"):
        read(low)
    assert len(read(low.assign(lower_limit=2.0)).labs) == 1


def test_each_row_is_asked_about_its_own_value():
    with pytest.raises(CohortError) as refused:
        read(labs_of(*[("albumin", value, "g/L") for value in ("3.5", "40", "866", "3.5")]))
    advice = {problem.row: problem.advice for problem in refused.value.problems}
    assert sorted(advice) == [2, 4, 5]
    assert advice[2] == advice[5]
    assert "'g/dL'" in advice[2]
    assert "'mg/dL'" in advice[4]


def test_a_study_that_extends_another_states_its_own_limits(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'extends = "hbsag-relapse"\n[study]\nname = "own"\n[analytes.albumin]\npossible = [0, 1000]\n', encoding="utf-8"
    )
    own = rm.load_study(file)
    assert own.analytes["albumin"].possible == (0.0, 1000.0)
    assert len(read(labs_of(("albumin", "866", "g/L"), ("albumin", "0", "g/L")), own).labs) == 2


def test_a_study_without_the_key_reads_what_it_read_before(tmp_path):
    # As the studies within model files of earlier versions.
    text = "\n".join(line for line in STUDY.text.splitlines() if not line.startswith("possible ="))
    file = tmp_path / "earlier.toml"
    file.write_text(text, encoding="utf-8")
    earlier = rm.load_study(file)
    assert {one.possible for one in earlier.analytes.values()} == {None}
    assert len(read(labs_of(("albumin", "866", "g/L"), ("hbsag", "5e9", "IU/mL")), earlier).labs) == 2


def test_in_scoring_only_that_patient_is_stopped():
    model = rm.train(rm.simulate_cohort(132, seed=1), STUDY, candidates=("prior_logistic",))
    tables = {name: one.copy() for name, one in rm.simulate_cohort(5, seed=3).tables().items()}
    rows = (tables["labs"]["analyte"] == "anti_hbs").to_numpy()
    one_row = np.flatnonzero(rows)[0]
    tables["labs"]["value"] = tables["labs"]["value"].astype(object)
    tables["labs"].loc[one_row, "value"] = "5e9"
    scores = model.score(rm.make_cohort(**tables, study=STUDY, on_problems="list"))
    assert scores["status"].value_counts().to_dict() == {"scored": 4, "rejected": 1}
    reason = scores.loc[scores["status"] == "rejected", "reason"].iloc[0]
    assert "limits of the possible" in reason
    assert f"row {one_row + 2}" in reason


@pytest.mark.parametrize("value", ["2e7", 2e7])
def test_a_column_of_the_patients_table_has_limits_too(value):
    patients = pd.DataFrame({"patient_id": ["a", "b"], "hbsag_before_treatment_iu_ml": ["<100", value]}, dtype=object)
    with pytest.raises(CohortError) as refused:
        rm.make_cohort(patients, labs_of().iloc[:0], study=STUDY)
    (problem,) = refused.value.problems
    assert (problem.row, problem.column) == (3, "hbsag_before_treatment_iu_ml")
    assert "from 0 to 1e+07 (the limits of the possible in this study)" in problem.expected


@pytest.mark.parametrize("candidate", [False, True])
def test_a_column_of_ones_own_is_checked_by_its_predictor_or_candidate(tmp_path, candidate):
    # age_years and bmi_kg_m2 have limits of the table itself; "age" is a column like any other.
    file = tmp_path / "own.toml"
    own = '[[predictors]]\nname = "sex"\ncolumn = "sex"\nequals = "M"\n'
    own += f'[[{"candidates" if candidate else "predictors"}]]\ncolumn = "age"\nunit = "years"\npossible = [0, 120]\n'
    own += 'family = "other"\n' if candidate else ""
    file.write_text(
        '[study]\nprotocol = 1\nname = "own"\n[outcome]\nname = "death"\nadjudicated = true\n'
        f"[prediction]\nhorizon_weeks = 48\n{own}", encoding="utf-8",
    )  # fmt: skip
    patients = pd.DataFrame({"patient_id": ["a", "b"], "sex": ["F", "M"], "age": ["60", "400"]}, dtype=object)
    with pytest.raises(CohortError, match=r"row 3, column 'age': '400'; expected a number in years, from 0 to 120"):
        rm.make_cohort(patients, study=rm.load_study(file))


@pytest.mark.parametrize(("limits", "sound"), [("[1, 100]", True), ("[0.001, 0.01]", False), ("[1e5, 1e6]", True)])
def test_limits_of_quantification_leave_possible_results(tmp_path, limits, sound):
    file = tmp_path / "own.toml"
    file.write_text(
        f'extends = "hbsag-relapse"\n[study]\nname = "own"\n[analytes.hbsag]\npossible = {limits}\n', encoding="utf-8"
    )
    if sound:  # a study may state a lower limit of 1 for what is never below 2
        assert rm.load_study(file).analytes["hbsag"].lower_limit == 0.05
        return
    with pytest.raises(StudyError, match=r"lower_limit.*0\.05; expected a value that is possible \(0\.001 to 0\.01\)"):
        rm.load_study(file)


def test_words_have_no_limits(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'extends = "hbsag-relapse"\n[study]\nname = "own"\n[[predictors]]\nname = "male"\npossible = [0, 1]\n',
        encoding="utf-8",
    )
    with pytest.raises(StudyError, match="'possible' beside 'equals'"):
        rm.load_study(file)


@pytest.mark.parametrize("name", sorted(analyte_library()))
def test_every_analyte_of_the_library_has_limits_around_its_own(name):
    low, high = analyte_library()[name].declared["possible"]
    limits = [analyte_library()[name].declared.get(key, (low + high) / 2) for key in ("lower_limit", "upper_limit")]
    assert low <= min(limits) <= max(limits) <= high


def test_limits_follow_the_unit_and_not_a_transformation(tmp_path):
    assert declared_in(analyte_library()["albumin"], "g/dL")["possible"] == [0.5, 10.0]
    file = tmp_path / "scores.toml"
    file.write_text(
        '[study]\nprotocol = 1\nname = "own"\n[outcome]\nname = "death"\nadjudicated = true\n'
        '[prediction]\nhorizon_weeks = 48\n[analytes.albumin]\nlibrary = "albumin"\nnegative = true\n'
        '[[predictors]]\nname = "albumin"\nanalyte = "albumin"\n', encoding="utf-8",
    )  # fmt: skip
    assert rm.load_study(file).analytes["albumin"].possible is None  # standard scores are no amounts


def test_the_built_in_study_has_the_limits_of_the_library():
    for name, one in STUDY.analytes.items():
        assert one.possible == tuple(analyte_library()[name].declared["possible"])
