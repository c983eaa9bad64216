"""Units in the names and labels of columns: found, held against the unit that is read, and refused by name."""

from __future__ import annotations

import pytest
from cdisc_writer import write_xpt
from redcap_projects import HEAD, PATIENTS, TIME, built_in, project
from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.cdisc.read import read_cdisc
from relapse_model.cohort.readers.factors_in_names import factor_in_name
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.measures_in_names import other_measure
from relapse_model.cohort.readers.redcap.propose import propose_redcap
from relapse_model.cohort.readers.redcap.read import read_redcap
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.cohort.readers.units_in_names import shorter_names, unit_stands, units_in_name
from relapse_model.errors import CohortError, SourceError
from relapse_model.study.unit_factors import unit_factor

IDS = '[time]\nzero = { field = "enrolled" }\n[patients]\nid = "id"\n'


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("HBsAg(IU/mL)_w12", ("IU/mL",)), ("W{visit} HBsAg（IU/mL）", ("IU/mL",)), ("alt_ukat_l", ("ukat/l",)),
        ("HBV DNA (copies/mL)", ("copies/mL",)), ("谷丙转氨酶U/L", ("U/L",)), ("乙肝DNA（拷贝/毫升）", ("拷贝/毫升",)),
        ("anti-HBs m[IU]/mL", ("mIU/mL",)), ("hbsag_iuml", ("iu/ml",)), ("plt_10_9_l", ("10^9/l",)),
        ("HBV DNA (log10 IU/mL)", ("log10 IU/mL",)), ("hbv_dna_log10_iu_ml", ("log10 iu/ml",)),
        ("hbv_dna_log", ("log10",)), ("lgDNA", ("log10",)), ("hbeag_s_co", ("S/CO",)), ("PT(%)", ("%",)),
        # No units: a ratio of two enzymes, a visit, a note in brackets, an analyte before a slash, a part of a word.
        ("AST/ALT", ()), ("A/G", ()), ("HBsAg_w4", ()), ("HBsAg (定量)", ()), ("HBsAg/mL", ()), ("dialog", ()),
        ("visit_2", ()), ("Date (d/m/y)", ()),
    ],
)  # fmt: skip
def test_what_a_name_states(name, units):
    assert units_in_name(name) == units


def test_which_units_are_one():
    alt = built_in().analytes["alt"]
    assert unit_stands("IU/L", "mIU/mL")
    assert not unit_stands("IU/mL", "mIU/mL")  # a thousand times as much
    assert not unit_stands("copies/mL", "IU/mL")
    assert not unit_stands("log10", "IU/mL")
    assert unit_stands("log10", "log10 IU/mL")
    assert not unit_stands("log10 IU/mL", "IU/mL")
    assert unit_stands("u/l", "U/L", alt)
    assert unit_stands("10^9/l", "10*9/L")
    assert shorter_names("alt_ukat_l")[-1] == "alt"


def labs(value, unit, analyte="hbsag"):
    return f'[[labs]]\nanalyte = "{analyte}"\nvalue = "{value}"\nunit = "{unit}"\ndate = "drawn"\n'


def refused(call, *parts, **more):
    with pytest.raises((SourceError, CohortError)) as refusal:
        call(*parts, **more)
    return [str(problem) for problem in refusal.value.problems]


def test_a_column_of_a_spreadsheet_whose_name_states_another_unit_is_refused_by_name(tmp_path):
    header = ["id", "enrolled", "drawn", "HBsAg(IU/mL)", "alt_ukat_l", "HBV DNA (copies/mL)"]
    path = workbook(tmp_path / "a.xlsx", [header, [1, "2024-01-01", "2024-01-01", 5, 0.6, 900]])
    wrong = labs("HBsAg(IU/mL)", "mIU/mL") + labs("alt_ukat_l", "U/L", "alt")
    wrong += labs("HBV DNA (copies/mL)", "IU/mL", "hbv_dna")
    found = refused(read_excel, path, as_mapping(IDS + wrong), study=built_in())
    assert [one.split(";")[0] for one in found] == [
        "Sheet1, column 'HBsAg(IU/mL)': 'IU/mL' by its name or label",
        "Sheet1, column 'alt_ukat_l': 'ukat/l' by its name or label",
        "Sheet1, column 'HBV DNA (copies/mL)': 'copies/mL' by its name or label",
    ]
    right = read_excel(path, as_mapping(IDS + labs("HBsAg(IU/mL)", "IU/ml")), study=built_in())
    assert right.labs["value"].tolist() == ["5"]


def test_a_column_of_units_that_contradicts_the_name_is_refused_too(tmp_path):
    header = ["id", "enrolled", "drawn", "test", "result (IU/mL)", "unit"]
    rows = [[1, "2024-01-01", "2024-01-01", "hbsag", 5, "IU/mL"], [1, "2024-01-01", "2024-02-01", "hbsag", 5, "COI"]]
    path = workbook(tmp_path / "a.xlsx", [header, *rows])
    text = labs("result (IU/mL)", "").replace('unit = ""', 'unit = { field = "unit" }')
    found = refused(read_excel, path, as_mapping(IDS + text))
    assert len(found) == 1
    assert "one unit: that of its results is 'COI'" in found[0]


def test_columns_of_patients_and_times_and_doses(tmp_path):
    header = ["id", "enrolled", "age (months)", "HBsAg治疗前(COI)", "visit_month", "hbsag", "given", "HBIG (mL)"]
    path = workbook(tmp_path / "a.xlsx", [header, [1, "2024-01-01", 480, 7, 1, 5, "2024-01-01", 2]])
    text = IDS + 'age_years = "age (months)"\nhbsag_before_treatment_iu_ml = "HBsAg治疗前(COI)"\n'
    text += '[[labs]]\nanalyte = "hbsag"\nvalue = "hbsag"\nunit = "IU/mL"\nweek = "visit_month"\n'
    text += '[[treatments]]\nagent = "hbig"\nstart = "given"\nend = "given"\n'
    text += 'dose = { field = "HBIG (mL)", unit = "IU" }\n'
    found = "\n".join(refused(read_excel, path, as_mapping(text), study=built_in()))
    for part in (
        "'visit_month', in months by its name or label; expected a column in weeks",
        "'age (months)', in months by its name or label; expected a column in years",
        "'HBsAg治疗前(COI)', in 'COI' by its name or label; expected a column in 'IU/mL'",
        "column 'HBIG (mL)': 'ml' by its name or label; expected one unit: that of its doses is 'IU'",
    ):
        assert part in found


@pytest.mark.parametrize(
    ("name", "unit"), [("HBIG (U)", "IU"), ("vaccine_mcg", "ug"), ("HBIG剂量", "IU"), ("dose_iu", "IU")]
)
def test_doses_in_another_spelling_of_the_unit_are_read(tmp_path, name, unit):
    header = ["id", "enrolled", "given", name]
    path = workbook(tmp_path / "a.xlsx", [header, [1, "2024-01-01", "2024-01-01", 400]])
    text = IDS + '[[treatments]]\nagent = "hbig"\nstart = "given"\nend = "given"\n'
    text += f'dose = {{ field = "{name}", unit = "{unit}" }}\n'
    assert read_excel(path, as_mapping(text), study=built_in()).treatments["dose"].tolist() == [400]


DATA = "record_id,enrolled,hbv_dna,drawn\n7,2024-01-01,900,2024-01-08\n"
FIELDS = (
    "record_id,visit,text,Record,,,\nenrolled,visit,text,Enrolled,,date_ymd,\n"
    "hbv_dna,labs,text,{label},,number,\ndrawn,labs,text,Drawn,,date_ymd,\n"
)


@pytest.mark.parametrize("label", ["HBV DNA (copies/mL)", "HBV DNA log10 IU/mL"])
def test_the_label_of_a_redcap_field(tmp_path, label):
    source, mapping = project(
        tmp_path, DATA, HEAD + TIME + PATIENTS + labs("hbv_dna", "IU/mL", "hbv_dna"), FIELDS.format(label=label)
    )
    found = refused(read_redcap, source, mapping, study=built_in())
    assert len(found) == 1
    assert found[0].startswith("data.csv, column 'hbv_dna': ")


def test_the_note_of_a_redcap_field(tmp_path):
    source, mapping = project(tmp_path, DATA, HEAD + TIME + PATIENTS + labs("hbv_dna", "IU/mL", "hbv_dna"),
                              FIELDS.format(label="HBV DNA"))  # fmt: skip
    dictionary = tmp_path / "dictionary.csv"
    lines = dictionary.read_text(encoding="utf-8").splitlines()
    noted = [f"{lines[0]},Field Note", *(f"{one},{'copies/mL' if 'hbv_dna' in one else ''}" for one in lines[1:])]
    dictionary.write_text("\n".join(noted) + "\n", encoding="utf-8")
    assert "'copies/mL' by its name or label" in refused(read_redcap, source, mapping, study=built_in())[0]
    assert 'unit = "copies/mL"' in propose_redcap(source, built_in())


def test_the_unit_of_rows_and_labels_of_variables_in_cdisc(tmp_path):
    dm = [{"DOMAIN": "DM", "USUBJID": "S-1", "RFSTDTC": "2024-01-01"}]
    lb = [{"DOMAIN": "LB", "USUBJID": "S-1", "LBTESTCD": "HBSAB", "LBTEST": "x", "LBORRES": "12", "LBORRESU": "IU/L",
           "LBDTC": "2024-01-08"}]  # fmt: skip
    lb.append({**lb[0], "LBORRESU": "IU/mL", "LBDTC": "2024-02-08"})
    write_xpt(tmp_path / "dm.xpt", "DM", dm)
    write_xpt(tmp_path / "lb.xpt", "LB", lb)
    text = '[mapping]\nprotocol = 1\nkind = "cdisc"\n[time]\nzero = { field = "RFSTDTC" }\n[patients]\n'
    text += 'id = "USUBJID"\n[[labs]]\nanalyte = "anti_hbs"\ncodes = ["HBSAB"]\nunit = "mIU/mL"\n'
    found = refused(read_cdisc, tmp_path, parse_mapping(text, "map.toml", "cdisc"), study=built_in())
    # IU/L is mIU/mL; IU/mL is a thousand times as much, and was read as mIU/mL.
    assert [one.split(";")[0] for one in found] == ["LB, observation 2, column 'LBORRESU': 'IU/mL'"]


def test_a_proposal_writes_the_unit_that_a_name_states(tmp_path):
    header = ["病案号", "入组日期", "alt_ukat_l_w0", "alt_ukat_l_w4", "hbsag_iu_ml_w0", "hbsag_iu_ml_w4"]
    path = workbook(tmp_path / "a.xlsx", [header, [1, "2024-01-01", 0.6, 0.7, 5, 6]])
    text = propose_excel(path, built_in())
    assert 'analyte = "hbsag"\nvalue = "hbsag_iu_ml_w{visit}"\nunit = "iu/ml"' in text
    assert 'value = "alt_ukat_l_w{visit}"' in text
    assert 'unit = "ukat/l"' in text or 'states "ukat/l", which the study does not take' in text


FACTORS = ["HBV DNA (10^3 IU/mL)", "HBV DNA (×10³ IU/mL)", "HBV DNA ×1000 IU/mL", "HBV DNA (千IU/mL)",
           "HBV DNA (万IU/mL)", "HBV DNA (1000 IU/mL)", "HBV DNA (IU/mL x 10^3)", "HBV DNA 10_3_iu_ml",
           "HBV DNA in Tsd. IE/ml", "HBV DNA thousand IU/mL", "HBV DNA in 1000 IE/ml", "HBV DNA, IU/mL/1000",
           "HBV DNA in Mio. IE/ml", "HBV DNA million IU/mL", "HBV DNA 10E3 IU/mL", "HBV DNA IU/mL [/1000]",
           "HBV DNA en milliers UI/mL", "HBV DNA in migliaia UI/mL", "HBV DNA (IU/mL) in thousands"]  # fmt: skip


@pytest.mark.parametrize("name", FACTORS)
def test_a_factor_in_a_name_is_not_passed_over(tmp_path, name):
    """2000 under 10^3 IU/mL are 2 million IU/mL."""
    rows = [["id", "enrolled", "On", name], ["P1", "2024-01-08", "2024-01-08", 2000]]
    text = f'[[labs]]\nanalyte = "hbv_dna"\nvalue = "{name}"\nunit = "IU/mL"\ndate = "On"\n'
    with pytest.raises(SourceError, match="by its name or label; expected one unit"):
        read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(IDS + text))


@pytest.mark.parametrize(
    "name",
    ["PLT (10^9/L)", "PLT 10⁹/L", "WBC ×10^9/L", "HBV DNA (log10 IU/mL)", "HBsAg week 100 (IU/mL)", "HBV DNA (IU/mL)",
     "HBV DNA (IU/1000 mL)", "HBV DNA (IU/mL), max 1000 IU/mL", "Family IU/mL", "PLT Tsd/µl", "HBsAg (kIU/mL)",
     "dilute above 1000 IU/mL", "up to 10^6 IU/mL", "HBsAg > 1000 IU/mL?", "大于1000 IU/mL"],
)  # fmt: skip
def test_no_factor_is_seen_where_there_is_none(name):
    assert factor_in_name(name) == ""


@pytest.mark.parametrize("name", ["HBsAg in Tsd. IE/ml", "HBsAg thousand IU/mL", "HBsAg IU/mL/1000"])
def test_a_factor_outside_brackets_is_asked_about_and_the_unit_that_has_it_is_read(tmp_path, name):
    """1.3 thousand IU/mL are 1.3 kIU/mL."""
    path = workbook(tmp_path / "a.xlsx", [["ID", "Enrolled", "W0 date", f"W0 {name}"],
                                          ["P1", "2024-01-08", "2024-01-08", 1.3]])  # fmt: skip
    text = propose_excel(path, built_in())
    assert "which the study does not take" in text
    assert 'unit = ""' in text
    answered = text.replace('unit = ""', 'unit = "kIU/mL"')
    read = read_excel(path, parse_mapping(answered), study=built_in())
    assert read.labs[["value", "unit"]].to_numpy().tolist() == [["1.3", "kIU/mL"]]


def test_a_factor_in_the_label_of_a_redcap_field_is_asked_about(tmp_path):
    source, _ = project(tmp_path, DATA, HEAD + TIME + PATIENTS, FIELDS.format(label="HBV DNA in Mio. IE/ml"))
    assert '#? unit = "..."  # the label says 10^6 IE/ml' in propose_redcap(source, built_in())


@pytest.mark.parametrize("name", ["HBIG 剂量(万IU)", "HBIG 剂量(万单位)", "HBIG剂量（万U）", "HBIG 剂量 万IU"])
def test_ten_thousands_of_a_dose(tmp_path, name):
    rows = [["id", "enrolled", "On", name], ["P1", "2024-01-08", "2024-01-08", 2]]
    text = f'[[treatments]]\nagent = "hbig"\nstart = "On"\nend = "On"\ndose = "{name}"\nunit = "IU"\n'
    with pytest.raises(SourceError, match="'万 IU' by its name or label"):
        read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(IDS + text))


@pytest.mark.parametrize("name", ["HBIG 剂量(IU)", "HBIG 剂量(单位)", "HBIG 剂量(国际单位)", "HBIG dose U"])
def test_units_of_a_dose_in_its_spellings(tmp_path, name):
    rows = [["id", "enrolled", "On", name], ["P1", "2024-01-08", "2024-01-08", 200]]
    text = f'[[treatments]]\nagent = "hbig"\nstart = "On"\nend = "On"\ndose = "{name}"\nunit = "IU"\n'
    assert len(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(IDS + text)).treatments) == 1


@pytest.mark.parametrize("name", ["PLT (万/μL)", "PLT (10000/uL)", "PLT (Mio/l)"])
def test_thousands_in_a_name_are_held_against_the_answer(tmp_path, name):
    """21 ten thousands per microlitre are 210 10*9/L: read as 21, ten times too few."""
    rows = [["id", "enrolled", "on", name], ["1", "2024-01-08", "2024-01-08", 21]]
    path = workbook(tmp_path / "a.xlsx", rows)
    entry = '[[labs]]\nanalyte = "platelets"\nvalue = "{}"\nunit = "{}"\ndate = "on"\n'
    with pytest.raises(SourceError, match="by its name or label"):
        read_excel(path, as_mapping(IDS + entry.format(name, "10*9/L")))
    unit = name.partition("(")[2][:-1]
    cohort = read_excel(path, as_mapping(IDS + entry.format(name, unit)), study=built_in())
    assert cohort.labs["unit"].tolist() == [unit]
    assert 21 * (unit_factor(unit, "10*9/L") or 0) == pytest.approx(0.021 if "Mio" in name else 210)


@pytest.mark.parametrize(
    ("analyte", "name", "unit"),
    [("hbv_dna", "HBV DNA (LC/mL)", "IU/mL"), ("hbv_dna", "HBV DNA (LogIU)", "IU/mL"), ("alt", "ALT (N)", "U/L"),
     ("hbv_dna", "HBV DNA (Kopien/ml)", "IU/mL"), ("hbv_dna", "HBV DNA (GE/mL)", "IU/mL"),
     ("hbsag", "HBsAg (PEI/mL)", "IU/mL"), ("bilirubin", "Bilirubin (mg%)", "umol/L"),
     ("hbsag", "HBsAg (xyz/mL)", "IU/mL")],
)  # fmt: skip
def test_a_unit_that_nobody_knows_is_held_against_the_answer(tmp_path, analyte, name, unit):
    rows = [["id", "enrolled", "on", name], ["1", "2024-01-08", "2024-01-08", 21]]
    path = workbook(tmp_path / "a.xlsx", rows)
    entry = f'[[labs]]\nanalyte = "{analyte}"\nvalue = "{name}"\nunit = "{unit}"\ndate = "on"\n'
    with pytest.raises(SourceError, match="by its name or label"):
        read_excel(path, as_mapping(IDS + entry), study=built_in())


@pytest.mark.parametrize("name", ["ALT (W12)", "ALT (serum)", "ALT (Roche/Abbott)", "ALT (U/L)", "ALT (n=3)", "ALT"])
def test_what_is_no_unit_is_not_held_against_it(tmp_path, name):
    rows = [["id", "enrolled", "on", name], ["1", "2024-01-08", "2024-01-08", 21]]
    entry = f'[[labs]]\nanalyte = "alt"\nvalue = "{name}"\nunit = "U/L"\ndate = "on"\n'
    assert len(read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(IDS + entry)).labs) == 1


@pytest.mark.parametrize(
    ("name", "read", "said"),
    [
        ("ALT (KU)", "U/L", "KU"), ("ALT ukat", "U/L", "ukat"), ("HBsAg OD", "IU/mL", "OD"),
        ("HBsAg OD450", "IU/mL", "OD"), ("HBV DNA Ct", "IU/mL", "Ct"), ("HBV DNA (copies)", "IU/mL", "copies"),
        ("HBsAg cut-off index", "IU/mL", "COI"), ("ALT (Karmen)", "U/L", "Karmen units"),
        ("HBsAg (S/N)", "IU/mL", "S/N"), ("Bilirubin (mg)", "umol/L", "mg"),
        # Units that are short for the one that is read, and words that look like measures.
        ("ALT (IU)", "U/L", ""), ("anti-HBs (IU)", "mIU/mL", ""), ("HBV DNA copies", "log10 copies/mL", ""),
        ("HBeAg cut-off index", "S/CO", ""), ("PLT ct", "10^9/L", ""), ("Magnesium (Mg)", "mmol/L", ""),
        ("Serum Mg", "mmol/L", ""), ("HBsAg LOD", "IU/mL", ""), ("ALT King's College", "U/L", ""), ("ALT", "U/L", ""),
    ],
)  # fmt: skip
def test_a_name_that_states_no_amount_or_half_a_unit(name, read, said):
    assert other_measure(name, read) == said


def test_a_column_that_holds_no_amounts_is_refused_by_name(tmp_path):
    header = ["id", "enrolled", "drawn", "ALT (KU)", "HBsAg OD", "HBV DNA Ct"]
    path = workbook(tmp_path / "a.xlsx", [header, [1, "2024-01-01", "2024-01-01", 22, 0.05, 36.2]])
    answers = labs("ALT (KU)", "U/L", "alt") + labs("HBsAg OD", "IU/mL") + labs("HBV DNA Ct", "IU/mL", "hbv_dna")
    found = refused(read_excel, path, as_mapping(IDS + answers), study=built_in())
    assert [one.split(";")[0] for one in found] == [
        "Sheet1, column 'ALT (KU)': 'KU' by its name or label",
        "Sheet1, column 'HBsAg OD': 'OD' by its name or label",
        "Sheet1, column 'HBV DNA Ct': 'Ct' by its name or label",
    ]


def test_a_unit_that_cannot_be_the_one_the_mapping_reads_it_as_is_refused(tmp_path):
    rows = [["id", "enrolled", "drawn", "ALT", "ALT unit"], [1, "2024-01-01", "2024-01-01", 22, "KU"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    read = labs("ALT", "", "alt").replace('""', '{ field = "ALT unit", values = { "KU" = "U/L" } }')
    (one,) = refused(read_excel, path, as_mapping(IDS + read), study=built_in())
    assert "'KU' of 'ALT unit' as 'U/L'; expected what the text says by itself" in one
