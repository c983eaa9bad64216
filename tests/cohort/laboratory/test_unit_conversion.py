"""Which unit a result is in, and what converts into what."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.laboratory.unit_conversion import (
    conversion,
    not_accepted,
    read_results,
    row_units,
    scale_problems,
    unit_problems,
)
from relapse_model.study.analyte import Analyte
from relapse_model.study.study import Laboratory

ANTI_HBS = Analyte("anti_hbs", "mIU/mL", "Anti-HBs", units={"IU/L": 1.0, "kIU/L": 1000.0})
HBCRAG = Analyte("hbcrag", "log10 U/mL", "HBcrAg", units={"kU/mL": 1000.0})


def one(value, unit):
    units, clash = row_units(pd.Series([unit], dtype=object), read_lab_texts([value]))
    return units[0], bool(clash[0])


@pytest.mark.parametrize(
    ("value", "column", "unit"),
    [
        ("12.5", "mIU/mL", "mIU/mL"),
        ("12.5 mIU/mL", None, "mIU/mL"),  # a blank column: the printed unit holds
        ("12.5 mIU/mL", "mIU/mL", "mIU/mL"),
        ("12.5 m[IU]/mL", "mIU/ml", "mIU/ml"),  # two spellings of one unit; the column's is kept
        ("12.5", None, ""),
        ("negative", None, ""),
        ("negative", "mIU/mL", "mIU/mL"),
        # the log10 scale is taken from the unit alone
        ("<1.0 Log", "IU/mL", "log10 IU/mL"),
        ("<1.0 log10", "IU/mL", "log10 IU/mL"),
        ("<1.0 lg", "IU/mL", "log10 IU/mL"),
        ("<1.0 Log", "log10 IU/mL", "log10 IU/mL"),
        ("<1.0 Log", None, ""),  # a scale is no unit
        ("3.2 log10 IU/mL", "IU/mL", "log10 IU/mL"),
        ("3.2 log10 IU/mL", None, "log10 IU/mL"),
        ("3.2", "log10 IU/mL", "log10 IU/mL"),
        ("3.2", "IU/mL", "IU/mL"),  # 3.2 may be a logarithm, but nobody says so
    ],
)
def test_the_unit_of_a_result(value, column, unit):
    assert one(value, column) == (unit, False)


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ("12.5 IU/mL", "mIU/mL"),
        ("12.5 IU/L", "mIU/mL"),  # the same amount, but only a study can say so
        ("3.2 log10 copies/mL", "IU/mL"),
        ("20 IU/mL", "log10 IU/mL"),  # an amount, in a column of logarithms: 10 to the power of 20 it is not
        ("<1.3 log (<20 IU/mL)", "log10 IU/mL"),  # read as the amount that stands in brackets
    ],
)
def test_a_printed_unit_that_is_not_the_columns_is_a_clash(value, column):
    assert one(value, column)[1]


def test_many_rows_keep_their_order():
    units, clash = row_units(
        pd.Series(["U/L", None, "U/L", "IU/L", None]), read_lab_texts(["1", "2 IU/L", "3 log", "4 U/L", "5"])
    )
    assert units.tolist() == ["U/L", "IU/L", "log10 U/L", "IU/L", ""]
    assert clash.tolist() == [False, False, False, True, False]
    none, empty = row_units(pd.Series([], dtype=object), read_lab_texts([]))
    assert len(none) == len(empty) == 0


def test_a_negative_number_is_a_result_only_where_its_unit_is_a_logarithm():
    # HBsAg 0.05 IU/mL is -1.30 log10 IU/mL.
    values = pd.Series(["-1.30", "<-1.3", "-1.30", "-1.30 Log", "-", "-5 foo", -1.3, "neg"], dtype=object)
    units = pd.Series(["log10 IU/mL"] * 2 + ["IU/mL", None] + ["log10 IU/mL"] * 4, dtype=object)
    read = read_results(values, units, Laboratory())
    bad = "unreadable"
    assert read["kind"].tolist() == ["number", "number", bad, "number", bad, bad, "number", "negative"]
    assert read["number"].tolist()[:2] == [-1.3, -1.3]
    assert (read["lower"].iloc[1], read["upper"].iloc[1]) == (-np.inf, -1.3)
    assert read["number"].iloc[6] == -1.3
    assert read["raw"].tolist()[:2] == ["-1.30", "<-1.3"]  # as printed
    assert read["detected"].iloc[1] is None
    assert read_results(values, units, Laboratory(below_limit_detected=False))["detected"].iloc[1] is False
    assert read["reason"].iloc[5] == "a number followed by something that is not a known unit"


def labs(*rows):
    return pd.DataFrame(rows, columns=["analyte", "unit", "kind"])


def found(table, study=None):
    return [(rows.tolist(), unit) for rows, unit, *_ in unit_problems(table, study) if len(rows)]


def test_without_a_study_one_unit_an_analyte():
    table = labs(
        ("alt", "U/L", "number"),
        ("alt", "u/l", "number"),  # a spelling of the same
        ("alt", "ukat/L", "number"),
        ("alt", "IU/L", "negative"),  # a word has no unit to convert
        ("alt", "", "number"),
        ("hbv_dna", "ukat/L", "number"),  # another analyte is another matter
        (None, "x", "number"),
    )
    assert found(table) == [([4], ""), ([2], "ukat/L")]
    *_, (_, _, expected, advice) = unit_problems(table, None)
    assert expected == "one unit for 'alt' (most rows have 'U/L')"
    assert "study" in advice


def test_with_a_study_its_units_and_their_logarithms(study):
    table = labs(
        ("anti_hbs", "mIU/mL", "number"),
        ("anti_hbs", "IU/L", "number"),
        ("anti_hbs", "Log m[IU]/mL", "number"),
        ("anti_hbs", "IU/mL", "number"),
        ("hbsag", "ng/mL", "number"),
        ("hbsag", "COI", "positive"),
        ("hbsag", "", "number"),
        ("unheard_of", "anything", "number"),  # not in the study: kept, not used
        ("unheard_of", "something", "number"),
    )
    assert found(table, study) == [([6], ""), ([3], "IU/mL"), ([4], "ng/mL")]


def test_anti_hbs_in_iu_per_ml_is_taken_for_a_slip_of_the_pen():
    expected, advice = not_accepted(ANTI_HBS, "[IU]/mL")
    assert expected == "a unit of anti_hbs in this study ('mIU/mL', 'IU/L', 'kIU/L')"
    assert advice.startswith("A thousand times mIU/mL: probably a slip of the pen")
    assert not_accepted(ANTI_HBS, "ng/mL")[1] == "Convert it, or state the factor under [analytes.anti_hbs] units"


@pytest.mark.parametrize(
    ("rule", "unit", "expected"),
    [
        (ANTI_HBS, "m[IU]/mL", (1.0, "as_is")),
        (ANTI_HBS, "IU/L", (1.0, "as_is")),
        (ANTI_HBS, "kIU/L", (1000.0, "as_is")),
        (ANTI_HBS, "log10 mIU/mL", (1.0, "from_log10")),
        (ANTI_HBS, "{Log_kIU}/L", (1000.0, "from_log10")),
        (ANTI_HBS, "IU/mL", None),
        (ANTI_HBS, "", None),
        (ANTI_HBS, "log10", None),
        (HBCRAG, "Log U/mL", (1.0, "log10")),
        (HBCRAG, "U/mL", (1.0, "to_log10")),
        # A factor converts amounts: it must not be multiplied with a logarithm.
        (HBCRAG, "kU/mL", (1000.0, "to_log10")),
        (HBCRAG, "log10 kU/mL", (1000.0, "log10")),
        (HBCRAG, "ng/mL", None),
    ],
)
def test_conversion(rule, unit, expected):
    assert conversion(rule, unit) == expected


def test_logarithms_that_cannot_be_and_negative_limits():
    table = pd.DataFrame(
        {
            "unit": ["log10 IU/mL", "log10 IU/mL", "IU/mL", "IU/mL", "log10 IU/mL", ""],
            "number": [3.0, 2000.0, 2000.0, 5.0, -1.3, np.nan],  # 2,000 is the amount, not its logarithm
            "lower_limit": [-1.3, np.nan, 20.0, -5.0, -30.0, np.nan],
        }
    )
    none = np.zeros(len(table), dtype=bool)
    wrong = [(np.flatnonzero(rows).tolist(), column) for rows, column, _ in scale_problems(table, none) if rows.any()]
    assert wrong == [([1], "value"), ([4], "lower_limit"), ([3], "lower_limit")]
    all_transformed = [(np.flatnonzero(rows).tolist(), column) for rows, column, _ in scale_problems(table, ~none)]
    assert ([3], "lower_limit") not in all_transformed  # a limit of what may be negative


@given(st.sampled_from(["mIU/mL", "IU/L", "kIU/L"]), st.floats(1e-3, 1e6))
def test_an_amount_and_its_logarithm_convert_to_the_same(unit, amount):
    factor, scale = conversion(ANTI_HBS, unit)
    of_logarithm, from_log10 = conversion(ANTI_HBS, f"log10 {unit}")
    assert (scale, from_log10) == ("as_is", "from_log10")
    assert of_logarithm * 10 ** np.log10(amount) == pytest.approx(factor * amount)
