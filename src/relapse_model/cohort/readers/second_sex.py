"""A second column of the sex that is not read: where it says the other one, the row may be another patient's."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.tables.columns import TABLES

_NAMES = frozenset(
    (
        "sex",
        "gender",
        "性别",
        "geschlecht",
        "geschl.",
        "geschl",
        "sexe",
        "sexo",
        "sesso",
        "patient sex",
        "患者性别",
        "病人性别",
    )
)
EXPECTED = "the sex of the patient, as the patients table has it"
ADVICE = "Is it the row of another patient? Correct the one that is wrong"


def is_sex(name: str) -> bool:
    """Tell whether a column is called that of the patient's sex."""
    return plain_words(name) in _NAMES


def other_sex(texts: pd.Series, keys: pd.Series, sexes: Mapping[str, str]) -> Mask:
    """Tell which rows say another sex than that of their patient; a text that is none says nothing.

    Parameters
    ----------
    texts : Series
        Of the second column.
    keys : Series
        Of the patient of each row.
    sexes : mapping of str to str
        As printed, by the patient's key.

    Examples
    --------
    >>> other_sex(pd.Series(["男", "F", "1", ""]), pd.Series(["7", "7", "7", "7"]), {"7": "M"}).tolist()
    [False, True, False, False]
    """
    own = texts.astype(object).map(sex_named).to_numpy(dtype=object)
    stated = keys.map({key: sex_named(text) for key, text in sexes.items()}).fillna("").to_numpy(dtype=object)
    wrong: Mask = np.asarray((own != "") & (stated != "") & (own != stated), dtype=bool)
    return wrong


def sex_named(text: object) -> str:
    """Return the sex that a text names, alone or beside its code; nothing where it names none, or both.

    Examples
    --------
    >>> [sex_named(text) for text in ("weiblich", "W - weiblich", "Mujer", "1 = male", "M/F", "unknown")]
    ['F', 'F', 'F', 'M', '', '']
    """
    whole = _sex(str(text))
    parts = {_sex(part) for part in re.split(r"[\W\d_]+", str(text)) if part}
    return whole or (parts.pop() if len(parts) == 1 else "")


def _sex(text: str) -> str:
    plain, rule = text.strip(), TABLES["patients"]["sex"]
    return rule.spellings.get(plain.casefold(), plain.upper() if plain.upper() in rule.choices else "")
