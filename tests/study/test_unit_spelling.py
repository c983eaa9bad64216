"""Spelling of units: what is one unit in many spellings, and what must stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.study.unit_spelling import is_log10, unit_key, without_log10

ONE_UNIT = {
    "miu/ml": ["mIU/mL", "m[IU]/mL", "MIU/ML", " mIU / mL ", "mIU／mL", "ｍＩＵ/ｍＬ"],
    "iu/l": ["IU/L", "[IU]/L", "iu/l", "IU/l"],
    "iu/ml": ["IU/mL", "[IU]/mL", "IU/㎖"],
    "10^9/l": ["10^9/L", "10*9/L", "10**9/L", "x10^9/L", "X10^9/L", "×10^9/L", "x10E9/L", "10E9/L", "×10⁹/L", "109/L"],
    "umol/l": ["umol/L", "µmol/L", "μmol/L", "UMOL/L"],
    "s/co": ["S/CO", "s/co", "S / CO"],
    "copies/ml": ["copies/mL", "{copies}/mL", "Copies/ml"],
    "log10 iu/ml": [
        "log10 IU/mL",
        "Log IU/mL",
        "lg IU/mL",
        "log10(IU/mL)",
        "log(IU/mL)",
        "log(10) IU/mL",
        "log 10 IU/mL",
        "log_10 IU/mL",
        "log₁₀ IU/mL",
        "{Log_IU}/mL",
        "LOG10 [IU]/mL",
    ],
    "log10 10^9/l": ["log10 10*9/L", "Log 10^9/L", "lg x10E9/L", "log10(10^9/L)"],
    "log10 u/ml": ["log10 U/mL", "{Log_U}/mL", "LOG U/ML"],
}


@pytest.mark.parametrize(("key", "spelling"), [(key, text) for key, texts in ONE_UNIT.items() for text in texts])
def test_spellings_of_one_unit_meet(key, spelling):
    assert unit_key(spelling) == key


def test_different_units_stay_apart():
    units = [
        "IU/L", "IU/mL", "mIU/mL", "mIU/L", "kIU/L", "U/L", "U/mL", "ng/mL", "ug/mL", "mg/mL", "g/L", "g/dL",
        "10^9/L", "10^3/uL", "10^12/L", "10^6/L", "copies/mL", "log10 IU/mL", "log10 U/mL", "log10 copies/mL", "COI",
        "S/CO", "%", "",
    ]  # fmt: skip
    assert len({unit_key(unit) for unit in units}) == len(units)


@pytest.mark.parametrize("scale", ["log", "Log", "log10", "LOG10", "lg"])
def test_a_scale_without_a_unit_is_no_unit_on_the_log10_scale(scale):
    # The unit of "<1.0 log10" stands in its column; "log" of "10" it is not.
    assert not is_log10(unit_key(scale))


def test_the_logarithm_can_be_told_and_undone():
    assert is_log10(unit_key("Log IU/mL"))
    assert not is_log10(unit_key("IU/mL"))
    assert without_log10(unit_key("Log IU/mL")) == without_log10(unit_key("IU/mL")) == unit_key("IU/mL")


@given(st.sampled_from([text for texts in ONE_UNIT.values() for text in texts]), st.text(" ", max_size=3))
def test_a_key_is_its_own_key_and_spaces_round_it_mean_nothing(text, space):
    assert unit_key(unit_key(text)) == unit_key(text)
    assert unit_key(f"{space}{text}{space}") == unit_key(text)
