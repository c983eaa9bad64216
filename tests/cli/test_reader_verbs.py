"""The verbs that read and write what other systems have, as a user types them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.cli.program import main
from relapse_model.cohort.readers.nothing_found import nothing_found


@pytest.fixture
def cohort(tmp_path):
    rm.simulate_cohort(20, 2).write(tmp_path / "cohort")
    return tmp_path / "cohort"


def test_a_cohort_is_written_for_other_systems(cohort, tmp_path, capsys):
    assert main(["export", str(cohort), "--form", "parquet", "--out", str(tmp_path / "p")]) == 0
    assert rm.read_cohort(tmp_path / "p") == rm.read_cohort(cohort)
    assert main(["export", str(cohort), "--form", "sdtm", "--out", str(tmp_path / "s")]) == 0
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == ["dm.csv", "ex.csv", "lb.csv"]
    assert "as sdtm" in capsys.readouterr().out


def test_a_spreadsheet_in_place_of_a_cohort_is_recognised(tmp_path, capsys):
    (tmp_path / "visits.xlsx").write_bytes(b"PK")
    assert main(["check", str(tmp_path / "visits.xlsx")]) == 1
    assert "relapse-model propose-mapping excel" in capsys.readouterr().err


def test_a_folder_with_tables_is_not_read_into(cohort, tmp_path, capsys):
    assert main(["read", "excel", "x.xlsx", "--mapping", "map.toml", "--out", str(cohort)]) == 1
    assert "the folder holds tables already" in capsys.readouterr().err


def test_results_become_rows_of_omop(tmp_path, capsys):
    folder = tmp_path / "cohort"
    patients = pd.DataFrame({"patient_id": ["7"], "enrolment_date": ["2024-03-01"]})
    labs = pd.DataFrame({"patient_id": ["7"], "week": [1], "analyte": ["alt"], "value": ["<10"], "unit": ["U/L"]})
    rm.make_cohort(patients, labs).write(folder)
    (tmp_path / "concepts.csv").write_text("analyte,concept_id\nalt,3006923\n")
    concepts = ["--concepts", str(tmp_path / "concepts.csv")]
    assert main(["export", str(folder), "--form", "omop", *concepts, "--out", str(tmp_path / "o")]) == 0
    row = pd.read_csv(tmp_path / "o" / "measurement.csv").iloc[0]
    assert (row["measurement_concept_id"], row["measurement_date"], row["value_as_number"]) == (
        3006923,
        "2024-03-08",
        10,
    )
    assert main(["export", str(folder), "--form", "omop", "--out", str(tmp_path / "p")]) == 0
    assert "Without a concept, so measurement_concept_id is 0: alt." in capsys.readouterr().out


def test_scores_become_risk_assessments(cohort, root, tmp_path, capsys):
    asked = ["export", str(cohort), "--form", "fhir", "--out", str(tmp_path / "f")]
    assert main(asked) == 1
    assert "no --model" in capsys.readouterr().err
    asked += ["--model", str(root / "models" / "hbsag_relapse.rmodel")]
    assert main(asked) == 1  # a simulated cohort has weeks, and no day
    assert "--on YYYY-MM-DD" in capsys.readouterr().err
    assert main([*asked, "--on", "2024-03-01"]) == 0
    lines = (tmp_path / "f" / "risk_assessments.ndjson").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 20
    first = json.loads(lines[0])
    assert (first["resourceType"], first["occurrenceDateTime"]) == ("RiskAssessment", "2024-03-01")


def test_the_predictors_of_a_cohort_are_written(cohort, tmp_path, capsys):
    assert main(["features", str(cohort)]) == 1
    assert "--out is missing" in capsys.readouterr().err
    out = tmp_path / "features.csv"
    assert main(["features", str(cohort), "--landmark-week", "0", "--units", "model", "--out", str(out)]) == 0
    study = rm.load_study("hbsag-relapse")
    expected = rm.derive_features(rm.read_cohort(cohort, study=study), study, 0)
    pd.testing.assert_frame_equal(pd.read_csv(out).set_index("patient_id"), expected, check_dtype=False)
    assert out.stat().st_mode & 0o077 == 0  # of patients: readable by the owner only
    said = capsys.readouterr().out
    assert "Predictors of 20 patients at week 0" in said
    assert "Log10 is the scale of the model; --units clinical writes the units themselves" in said
    assert "results below 10 mIU/mL count as 5\n" in said  # half the limit of anti-HBs
    assert "    hbcrag: " in said
    assert "results below 2 log10 U/mL count as 1.7\n" in said  # of a logarithm, half is 0.3 less


def test_clinical_units_have_the_decimals_that_were_printed(tmp_path):
    """40.3 went through its logarithm, and came back as 40.29999999999999."""
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "patients.csv").write_text("patient_id,age_years\n1,50\n", encoding="utf-8")
    rows = "patient_id,week,analyte,value,unit\n1,0,anti_hbs,40.3,mIU/mL\n1,0,hbsag,<0.05,IU/mL\n"
    (tmp_path / "c" / "labs.csv").write_text(rows, encoding="utf-8")
    study = rm.load_study("hbsag-relapse")
    columns = {one.column for one in study.predictors if one.column}
    table = pd.DataFrame({"patient_id": ["1"], **{name: [None] for name in sorted(columns)}})
    table.to_csv(tmp_path / "c" / "patients.csv", index=False)
    out = tmp_path / "f.csv"
    assert main(["features", str(tmp_path / "c"), "--out", str(out)]) == 0  # clinical units, by default
    assert ",40.3," in out.read_text(encoding="utf-8")


def test_from_a_spreadsheet_to_a_cohort_with_a_study_of_ones_own(tmp_path, capsys):
    """The proposal names the study's file, as seen from the mapping; what counts once is said."""
    study, out = tmp_path / "studies" / "mine.toml", tmp_path / "cohort"
    study.parent.mkdir()
    asked = ["--name", "mine", "--outcome-analyte", "alt", "--at-least", "80", "--unit", "U/L", "--horizon-weeks", "52"]
    columns = ["--columns", "sex", "--analytes", "alt"]
    assert main(["study", "new", "--out", str(study), *asked, *columns]) == 0
    text = study.read_text(encoding="utf-8")
    assert 'sex = { column = "sex", equals = "M", label = "Male sex" }' in text  # texts, and no number
    sheet = "id,enrolment date,sex,date,test,result,unit\n" + "7,2024-01-01,F,2024-01-08,ALT,20,U/L\n" * 2
    (tmp_path / "a.csv").write_text(sheet, encoding="utf-8")
    mapping = tmp_path / "map.toml"
    source = str(tmp_path / "a.csv")
    assert main(["propose-mapping", "excel", source, "--study", str(study), "--out", str(mapping)]) == 0
    assert 'study = "studies/mine.toml"' in mapping.read_text(encoding="utf-8")
    assert main(["read", "excel", source, "--mapping", str(mapping), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"Next: relapse-model check {out} --study {tmp_path / 'studies/mine.toml'}" in said
    assert said.count("says the same as an earlier row") == 1
    assert "says the same as an earlier row" in (out / "reading_report.txt").read_text(encoding="utf-8")
    for name in ("reading_report.txt", "reading_report.json", "labs.csv"):  # single values of patients, and their rows
        assert (out / name).stat().st_mode & 0o077 == 0


def test_a_proposal_without_a_result_of_the_study_says_what_was_found(tmp_path, capsys):
    """Sodium is in the library of common analytes, and not in the study; `quantHBs` nobody knows, and may be HBsAg."""
    (tmp_path / "a.csv").write_text("id,enrolment date,date,test,result,unit\n7,2024-01-01,2024-01-08,IgG,20,g/L\n")
    (tmp_path / "b.csv").write_text("id,enrolment date,hair,quantHBs,LDH\n7,2024-01-01,brown,5,200\n")
    for name, expected in (("a", False), ("b", True)):
        out = tmp_path / f"{name}.toml"
        assert main(["propose-mapping", "excel", str(tmp_path / f"{name}.csv"), "--out", str(out)]) == 0
        printed, written = capsys.readouterr().out, out.read_text(encoding="utf-8")
        for said in (
            "Nothing in the source was recognised, by name or code, as a result of an analyte of the study hbsag-",
            "Found, and not recognised: hair, quantHBs",
            "write it into the mapping, or add it to the synonyms or loinc of the analyte in the study",
        ):
            assert (said in printed) is expected
            assert (said in written) is expected


def test_what_the_library_knows_is_not_proposed_as_a_synonym():
    """Sodium is sodium; who finds it alone is not asked whether it is HBsAg."""
    study = rm.load_study("hbsag-relapse")
    sodium, both = (
        nothing_found(text, study, "s") for text in ('# codes = ["Na"]  # sodium', '# codes = ["sodium"]\n#   LDH')
    )
    assert "Known to the library of common analytes, and not to the study: sodium" in sodium
    assert "If one of them is" not in sodium
    assert "If one that was not recognised is one of the study" in both


@pytest.mark.parametrize(
    ("sheet", "said", "lacking"),
    [
        ("id,enrolment date,age_years,date,test,result,unit\n7,2024-01-01,50,2024-01-08,ALT,20,U/L\n"
         "7,2024-01-01,50,2024-01-08,prealbumin,200,mg/L\n", "The source can be read with it.", ""),
        ("id,enrolment date,sex,date,test,result,unit\n7,2024-01-01,F,2024-01-08,ALT,20,U/L\n",
         "The source can be read with it, but it has", "no column age_years and no results of prealbumin"),
        ("id,enrolment date,hair\n7,2024-01-01,brown\n", "Read with it, the source has",
         "no column age_years and no results of alt, prealbumin"),
    ],
)  # fmt: skip
def test_what_the_study_reads_and_was_not_found_is_named(tmp_path, capsys, sheet, said, lacking):
    """Without results, a proposal never says that the source can be read with it."""
    study, source, mapping = tmp_path / "s.toml", tmp_path / "a.csv", tmp_path / "map.toml"
    study.write_text(
        '[study]\nprotocol = 1\nname = "mine"\n[outcome]\nname = "high"\nanalyte = "alt"\nat_least = 80.0\n'
        'unit = "U/L"\n[prediction]\nlandmark_weeks = [0]\nhorizon_weeks = 52\n[analytes.prealbumin]\n'
        'unit = "mg/L"\n[predictors]\nage = { column = "age_years" }\npa = { analyte = "prealbumin" }\n'
    )
    source.write_text(sheet)
    assert main(["propose-mapping", "excel", str(source), "--study", str(study), "--out", str(mapping)]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Check it"))
    assert f"{said} {lacking}".strip() in line
    assert ("can be read" in line) is ("Read with it" not in said)
    asked = ["read", "excel", str(source), "--mapping", str(mapping), "--out", str(tmp_path / "c")]
    assert main(asked) == 0
    end = capsys.readouterr().out.splitlines()[-1]
    assert ("Next: relapse-model check" in end) is not bool(lacking)
    assert (f"it has {lacking}. If the source has what is lacking" in end) is bool(lacking)


def test_columns_of_criteria_and_arms_that_were_not_found_are_named_too(tmp_path, capsys):
    """BMI is asked by a criterion alone, the arm by the plan of the trial alone; the age is there."""
    study, source, mapping = tmp_path / "s.toml", tmp_path / "a.csv", tmp_path / "map.toml"
    study.write_text(
        '[study]\nprotocol = 1\nname = "mine"\n[outcome]\nname = "high"\nanalyte = "alt"\nat_least = 80.0\n'
        'unit = "U/L"\n[prediction]\nlandmark_weeks = [0]\nhorizon_weeks = 52\n[predictors]\n'
        'age = { column = "age_years" }\n[[eligibility.include]]\nid = "I1"\ntext = "BMI"\n'
        'column = "bmi_kg_m2"\nbelow = 40\n'
    )
    source.write_text("id,enrolment date,age_years,date,test,result,unit\n7,2024-01-01,50,2024-01-08,ALT,20,U/L\n")
    assert main(["propose-mapping", "excel", str(source), "--study", str(study), "--out", str(mapping)]) == 0
    assert "it has no column bmi_kg_m2 (for criteria and arms), which the study" in capsys.readouterr().out


@pytest.mark.parametrize(("week", "expected"), [(-30, True), (-20, False)])
def test_features_say_that_results_are_old_as_the_check_does(tmp_path, capsys, week, expected):
    """ALT of 30 weeks before the landmark, which the study reads without a window."""
    study = tmp_path / "s.toml"
    asked = ["--name", "s", "--outcome-analyte", "alt", "--at-least", "80", "--unit", "U/L", "--horizon-weeks", "52"]
    assert main(["study", "new", "--out", str(study), *asked, "--columns", "age_years", "--analytes", "alt"]) == 0
    (tmp_path / "c").mkdir()
    rows = [f"{patient},{week},alt,20,U/L\n" for patient in range(6)]
    (tmp_path / "c" / "labs.csv").write_text("patient_id,week,analyte,value,unit\n" + "".join(rows))
    (tmp_path / "c" / "patients.csv").write_text("patient_id,age_years\n" + "".join(f"{one},50\n" for one in range(6)))
    out = tmp_path / "f.csv"
    capsys.readouterr()
    assert main(["features", str(tmp_path / "c"), "--study", str(study), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert ("RM127 warning: at week 0 the last result is more than 26 weeks old" in said) is expected


def broken(folder, rows):
    """Write a cohort in which so many results have an impossible value."""
    patients = pd.DataFrame({"patient_id": [f"P{row:03}" for row in range(rows)]})
    labs = patients.assign(week=0, analyte="albumin", value=[f"{800 + row}" for row in range(rows)], unit="g/L")
    folder.mkdir()
    patients.to_csv(folder / "patients.csv", index=False)
    labs.to_csv(folder / "labs.csv", index=False)
    return folder


def test_many_problems_of_one_kind_are_a_line_and_a_file_has_each(tmp_path, capsys):
    folder = broken(tmp_path / "cohort", 254)
    assert main(["check", str(folder), "--problems", str(tmp_path / "problems.csv")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("the cohort was refused: 254 problems")
    assert len(said) == 3
    assert "labs, column 'value', 254 times: '800 g/L' (row 2), '801 g/L' (row 3), '802 g/L' (row 4), ...;" in said[1]
    assert said[2] == f"  (All of them: {tmp_path / 'problems.csv'}.)"
    assert main(["check", str(folder)]) == 1
    assert capsys.readouterr().err.splitlines()[2] == "  (All of them with --problems FILE.)"
    assert main(["features", str(folder), "--out", str(tmp_path / "features.csv")]) == 1
    assert "(All of them by `relapse-model check` with --problems FILE.)" in capsys.readouterr().err
    written = (tmp_path / "problems.csv").read_text(encoding="utf-8")
    assert "P0" not in written  # no patient
    table = pd.read_csv(tmp_path / "problems.csv")
    assert len(table) == 254
    assert table.loc[253, ["table", "row", "column", "found"]].tolist() == ["labs", 255, "value", "'1053 g/L'"]


@pytest.mark.parametrize("edited", ["a row more", "a row less", "a cell", "no list", "only the header", "nothing"])
def test_an_own_list_of_problems_is_replaced_and_an_edited_one_is_not(cohort, tmp_path, capsys, edited):
    """The checksum of the list stands in each of its rows; a list without rows has nothing to lose."""
    folder, file = broken(tmp_path / "broken", 3), tmp_path / "problems.csv"
    assert main(["check", str(folder), "--problems", str(file)]) == 1
    assert main(["check", str(folder), "--problems", str(file)]) == 1  # as it was written: replaced
    assert "it exists" not in capsys.readouterr().err
    text = file.read_text(encoding="utf-8")
    header, first, *_ = text.splitlines()
    new = {
        "a row more": f"{text}labs,row,2,value,?,asked Dr Li,,1,\n",
        "a row less": "\n".join([header, first]) + "\n",
        "a cell": text.replace("800 g/L", "800 g/L: asked Dr Li"),
        "no list": "id,hbsag\nP1,0.05\n",
        "only the header": f"{header}\n",
        "nothing": "",
    }[edited]
    file.write_text(new, encoding="utf-8")
    replaced = edited in ("only the header", "nothing")
    assert main(["check", str(cohort), "--problems", str(file)]) == (0 if replaced else 1)
    assert file.read_text(encoding="utf-8") == (f"{header}\n" if replaced else new)
    assert ("is no list of problems as an earlier run wrote it" in capsys.readouterr().err) != replaced


def test_the_list_of_problems_replaces_no_table(tmp_path, capsys):
    folder = broken(tmp_path / "cohort", 2)
    before = (folder / "labs.csv").read_bytes()
    assert main(["check", str(folder), "--problems", str(folder / "labs.csv")]) == 1
    assert "--problems: would replace what is read" in capsys.readouterr().err
    assert (folder / "labs.csv").read_bytes() == before


def test_a_reader_writes_its_problems_too(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(
        "id,alb,on\n" + "\n".join(f"{row},8{row:02},2024-01-0{row % 7 + 1}" for row in range(10, 30)), encoding="utf-8"
    )
    (tmp_path / "map.toml").write_text(
        '[mapping]\nprotocol = 1\nkind = "excel"\nstudy = "hbsag-relapse"\n[time]\nzero = { field = "on" }\n'
        '[patients]\nid = "id"\n[[labs]]\nanalyte = "albumin"\nvalue = "alb"\nunit = "g/L"\ndate = "on"\n',
        encoding="utf-8",
    )
    asked = ["read", "excel", str(tmp_path / "a.csv"), "--mapping", str(tmp_path / "map.toml")]
    assert main([*asked, "--out", str(tmp_path / "c"), "--problems", str(tmp_path / "problems.csv")]) == 1
    assert "column 'alb', 20 times: '810 g/L' (row 2)" in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "problems.csv")) == 20


def test_scoring_tells_of_many_refused_patients_in_a_line(tmp_path, capsys):
    study = rm.load_study("hbsag-relapse")
    model = rm.train(rm.simulate_cohort(132, seed=1), study, candidates=("prior_logistic",))
    model.save(tmp_path / "m.rmodel")
    tables = {name: one.copy() for name, one in rm.simulate_cohort(30, seed=3).tables().items()}
    labs = tables["labs"]
    first = labs[(labs["analyte"] == "anti_hbs") & ~labs.duplicated(["patient_id", "analyte"])].index
    labs["value"] = labs["value"].astype(object)
    labs.loc[first, "value"] = [f"2.{row:02}e9" for row in range(len(first))]
    (tmp_path / "cohort").mkdir()
    for name, one in tables.items():
        one.to_csv(tmp_path / "cohort" / f"{name}.csv", index=False)
    out = ["--out", str(tmp_path / "scores.csv")]
    assert main(["score", str(tmp_path / "m.rmodel"), str(tmp_path / "cohort"), *out]) == 0
    said = capsys.readouterr().out
    assert f"labs, column 'value', {len(first)} times: '2.00e9 mIU/mL' (row {first[0] + 2})" in said
    assert said.count("e9") == 3
    reasons = pd.read_csv(tmp_path / "scores.csv")["reason"]
    assert reasons.str.contains("limits of the possible").sum() == len(first) == 30


@pytest.mark.parametrize(
    ("concepts", "found"),
    [
        ("analyte,concept_id,concept_id\nalt,1,2\n", "two columns 'concept_id'"),
        ("analyte,concept_id\nalt,1\nalt ,2\n", "analyte 'alt' stands twice"),
    ],
)
def test_a_concept_that_stands_twice_is_refused_by_name(cohort, tmp_path, capsys, concepts, found):
    (tmp_path / "concepts.csv").write_text(concepts, encoding="utf-8")
    asked = ["export", str(cohort), "--form", "omop", "--concepts", str(tmp_path / "concepts.csv")]
    assert main([*asked, "--out", str(tmp_path / "o")]) == 1
    assert found in capsys.readouterr().err
