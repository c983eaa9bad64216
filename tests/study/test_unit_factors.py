"""Factors that are arithmetic, each counted by hand; and units between which there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.study.unit_factors import unit_factor

UNITS = [
    f"{prefix}{base}/{volume}"
    for prefix in ("", "m", "u", "k")
    for base in ("IU", "g", "mol")
    for volume in ("L", "dL", "mL")
]


@pytest.mark.parametrize(
    ("came", "wanted", "factor"),
    [
        ("IU/L", "mIU/mL", 1), ("[IU]/L", "m[IU]/mL", 1), ("kIU/L", "IU/mL", 1), ("mIU/mL", "IU/mL", 1e-3),
        ("kIU/mL", "IU/mL", 1e3), ("U/l", "U/L", 1), ("g/dL", "g/L", 10), ("G/DL", "g/L", 10), ("mg/dL", "g/L", 1e-2),
        ("ng/mL", "ug/L", 1), ("µg/L", "ng/mL", 1), ("mcg/L", "μg/L", 1), ("mmol/L", "umol/L", 1e3),
        ("10^3/uL", "10*9/L", 1), ("10*3/µL", "10*9/L", 1), ("x10³/μL", "10^9/L", 1), ("10E3/uL", "10*9/L", 1),
        ("K/uL", "10*9/L", 1), ("k/ul", "10*9/L", 1), ("G/L", "10*9/L", 1), ("10^9/L", "10*9/L", 1),
        ("10^3/mm3", "10^9/L", 1), ("/uL", "10*9/L", 1e-3), ("cells/mm3", "10*6/L", 1), ("M/uL", "10^12/L", 1),
        ("copies/mL", "copies/L", 1e3), ("cp/mL", "{copies}/mL", 1), ("PEIU/L", "PEIU/mL", 1e-3),
        ("万/μL", "10*9/L", 10), ("10000/uL", "10*9/L", 10), ("1000/uL", "10*9/L", 1), ("Gpt/l", "10*9/L", 1),
        ("GI/L", "10*9/L", 1), ("Tsd/µl", "10*9/L", 1), ("THOU/uL", "10*9/L", 1), ("/nl", "10*9/L", 1),
        ("Mio/µl", "10^12/L", 1), ("Kopien/ml", "copies/mL", 1), ("PEI/mL", "PEIU/mL", 1), ("mg%", "mg/dL", 1),
        ("S/CO ratio", "S/CO", 1), ("{s_co_ratio}", "S/CO", 1), ("cut-off index", "COI", 1),
    ],
)  # fmt: skip
def test_factors(came, wanted, factor):
    assert unit_factor(came, wanted) == factor


@pytest.mark.parametrize(
    ("came", "wanted"),
    [
        ("COI", "IU/mL"), ("S/CO", "IU/mL"), ("COI", "S/CO"), ("S/CO", "COI"), ("PEIU/mL", "IU/mL"),
        ("NCU/mL", "IU/mL"),
        ("copies/mL", "IU/mL"), ("GEq/mL", "copies/mL"), ("U/L", "IU/L"), ("ng/mL", "IU/mL"), ("mg/dL", "umol/L"),
        ("IU/mL", "mIU/mL"),  # a thousand times as much, or an "m" left out: more often the latter
        ("U/mL", "mU/mL"),
        ("g/L", "10*9/L"),  # grams; only a capital G is a milliard
        ("IU", "IU/mL"), ("", "IU/mL"), ("%", "g/L"), ("mIU/mL", ""),
    ],
)  # fmt: skip
def test_what_is_no_arithmetic_converts_into_nothing(came, wanted):
    assert unit_factor(came, wanted) is None


@given(st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_there_and_back_is_one(one, other):
    there, back = unit_factor(one, other), unit_factor(other, one)
    if there is not None and back is not None:
        assert there * back == pytest.approx(1, rel=1e-15)
