"""What a row of DRUG_EXPOSURE says of its dose besides the column that is read: the directions (sig), an amount."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.beside_rows import OFTEN
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.units_in_names import unit_stands

SIG, QUANTITY = "sig", "quantity"
_AMOUNT = re.compile(
    r"(?<![\d.,])(\d+(?:,\d{3})*(?:\.\d+)?)\s*\[?(k?iu|u|[mµu]g|mcg|g|units?|国际单位|单位)\]?(?![a-z/])"
)
_UNITS = dict.fromkeys(("units", "unit", "u", "国际单位", "单位"), "IU")
_TIMES = re.compile(r"\d\s*[x×*]\s*\d|(?<![a-z])(?:[2-9]|two|three)\s*(?:x|times|doses|vials|ampoules)(?![a-z])")


def contradicts_dose(sig: str, amount: str, unit: str) -> bool:
    """Tell whether directions say another amount than the dose, or that it was given several times.

    Parameters
    ----------
    sig, amount, unit : str

    Examples
    --------
    >>> [contradicts_dose(sig, "400", "IU") for sig in ("400 IU im", "1 dose im", "200 IU im", "2 x 400 IU", "bid")]
    [False, False, True, True, True]
    """
    plain = sig.casefold()
    if _TIMES.search(plain) or OFTEN.search(plain):
        return True
    said = [(float(number.replace(",", "")), of) for number, of in _AMOUNT.findall(plain)]
    same = [number for number, of in said if _one_unit(of, unit)]
    try:
        return bool(same) and float(amount) not in same
    except ValueError:
        return False


def _one_unit(one: str, other: str) -> bool:
    first, second = (_UNITS.get(text, text) for text in (one, other.casefold()))
    return unit_stands(first, second)


def other_doses(sig: pd.Series, amount: pd.Series, unit: str | pd.Series) -> Mask:
    """Tell which rows have directions that contradict their dose; each different pair is read once.

    Parameters
    ----------
    sig, amount : Series
    unit : str or Series
    """
    units = pd.Series(unit if isinstance(unit, pd.Series) else [unit] * len(sig), dtype=object)
    joined = amount.astype(str) + "\0" + units.reset_index(drop=True).astype(str)
    codes, pairs = distinct_pairs(sig, joined)
    found = [bool(text) and contradicts_dose(str(text), *str(rest).split("\0")) for text, rest in pairs]
    wrong: Mask = np.array([*found, False], dtype=bool)[codes]
    return wrong
