"""The library of analytes: consistent with the built-in study, each name of one thing, units that convert."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

import pytest

import relapse_model as rm
from relapse_model.study import keys
from relapse_model.study.analyte_library import analyte_library, declared_in
from relapse_model.study.names import name_key
from relapse_model.study.reader import parse_study
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import unit_key

LIBRARY = analyte_library()
HEAD = '[study]\nprotocol = 1\nname = "x"\n[outcome]\nadjudicated = true\n[prediction]\nhorizon_weeks = 52\n'


def test_every_analyte_is_one_that_a_study_may_name():
    lines = "".join(f"{name} = {{}}\n" for name in LIBRARY)
    study = parse_study(f"{HEAD}[predictors]\n{lines}", "all.toml")
    assert set(study.analytes) == set(LIBRARY)
    assert len(LIBRARY) >= 30
    assert all(one.label_zh and one.synonyms for one in study.analytes.values())


def test_every_name_is_of_one_analyte():
    owners: dict[str, set[str]] = {}
    for name, one in LIBRARY.items():
        declared = one.declared
        codes = [declared["sdtm"]] if "sdtm" in declared else []
        for text in (name, declared["label"], *declared["synonyms"], *declared.get("loinc", ()), *codes):
            owners.setdefault(name_key(text), set()).add(name)
    assert {key: names for key, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize("name", LIBRARY)
def test_codes_units_and_sources(name):
    entry = tomllib.loads((resources.files("relapse_model.study") / "library" / "analytes.toml").read_text("utf-8"))[
        name
    ]
    assert set(entry) <= {*keys.ANALYTE, "ucum", "limits_from", "loinc_beside"}
    one = LIBRARY[name]
    for code, source in {**one.loinc_from, **one.loinc_beside}.items():
        digits, check = code.split("-")
        assert _check_digit(digits) == int(check), code
        assert source
    # A limit states where it comes from; on the log10 scale there is one.
    assert bool(one.limits_from) == bool({"lower_limit", "upper_limit"} & {*one.declared})
    assert one.declared.get("scale") != "log10" or "lower_limit" in one.declared
    # The UCUM spelling is a unit of the analyte: read as its own, or by a factor of 1.
    own = one.declared["unit"]
    same = unit_key(one.ucum) == unit_key(own) or unit_factor(one.ucum, own) == 1.0
    assert same or name in ("inr",), (one.ucum, own)


def _check_digit(digits: str) -> int:
    """The check digit of a LOINC code (Luhn, mod 10)."""
    doubled = "".join(str(int(digit) * (2 if place % 2 == 0 else 1)) for place, digit in enumerate(reversed(digits)))
    return -sum(map(int, doubled)) % 10


def test_it_agrees_with_the_built_in_study():
    study = rm.load_study("hbsag-relapse")
    for name, own in study.analytes.items():
        from_library = parse_study(f"{HEAD}[predictors]\n{name} = {{}}\n", "x").analytes[name]
        for key in ("unit", "scale", "lower_limit", "upper_limit", "floor", "units", "sdtm", "other_units"):
            assert getattr(from_library, key) == getattr(own, key), (name, key)
        assert set(own.loinc) <= set(from_library.loinc)
        known = {name_key(text) for text in (*own.synonyms, own.label)}
        assert {name_key(text) for text in from_library.synonyms} <= known


@pytest.mark.parametrize(
    ("name", "unit", "amount", "in_library_unit"),
    [
        ("bilirubin", "mg/dL", 1.0, 17.1),  # 584.7 g/mol
        ("creatinine", "mg/dL", 1.0, 88.4),  # 113.12 g/mol
        ("glucose", "mg/dL", 180.16, 10.0),  # 180.16 g/mol
        ("cholesterol", "mg/dL", 386.65, 10.0),  # 386.65 g/mol
        ("alt", "ukat/L", 1.0, 60.0),
        ("haemoglobin", "g/dL", 13.5, 135.0),
        ("platelets", "10*3/uL", 150.0, 150.0),
        ("leucocytes", "/uL", 4500.0, 4.5),
        ("sodium", "mEq/L", 140.0, 140.0),
    ],
)
def test_amounts_in_another_unit(name, unit, amount, in_library_unit):
    """The library's limits and units, seen from the other unit, are the same amounts."""
    other = declared_in(LIBRARY[name], unit)
    own = LIBRARY[name].declared["unit"]
    back = other.get("units", {}).get(own) or unit_factor(own, unit)
    assert amount == pytest.approx(in_library_unit * back, rel=1e-3)


def test_no_unit_that_differs_from_assay_to_assay_converts():
    for name, unit in (("hbv_dna", "copies/mL"), ("hbsag", "COI"), ("hbsag", "ng/mL"), ("urea", "mg/dL"),
                       ("hbcrag", "U/mL"), ("albumin", "umol/L"), ("afp", "IU/mL")):  # fmt: skip
        with pytest.raises(keys.NotAllowed):
            declared_in(LIBRARY[name], unit)


def test_the_head_of_the_file_explains_its_sources():
    text = (resources.files("relapse_model.study") / "library" / "analytes.toml").read_text("utf-8")
    head = text.split("\n\n")[0] + text.split("\n\n")[1]
    stated = {word for one in LIBRARY.values() for source in one.loinc_from.values()
              for word in re.findall(r"built-in|LabCorp|ARUP|Quest|AHRQ|HL7|Synthea", source)}  # fmt: skip
    assert all(word in text[: text.index("[alt]")] for word in stated), head
