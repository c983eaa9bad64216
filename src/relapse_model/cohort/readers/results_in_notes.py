"""Notes beside a result that say another one: "corrected result: <0.05" beside 0.9."""

from __future__ import annotations

import re

from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.readers.label_words import plain_words

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NUMBER = rf"([<>≤≥]=?)?\s*(\d+(?:[.,]\d+)?)(?![\d.,]*(?:[-/:年月日号]|\s*(?:{_MONTHS})))"  # and no date
_SAYS = re.compile(
    r"(?<![a-z])(?:correct(?:ed)?|true|actual|real|amended|revised|should)(?![a-z])"
    r"(?:\s*(?:lab|test|final|result|value|reading|report|is|was|to|as|be|been|have|read|[:=,]))*\s*"
    r"(?:(?<=[:=,])|(?<=result)|(?<=value)|(?<=reading)|(?<= is)|(?<= was)|(?<= to)|(?<= as)|(?<= be)|(?<= been)"
    r"|(?<= read)|(?=[<>≤≥]))\s*" + _NUMBER
)
_CHINESE = re.compile(r"(?:更正|修正|改正|实际|应)(?:后|结果|数值|值)*(?:为|是|[:：])+\s*" + _NUMBER)
_ALONE = re.compile(r"([<>≤≥]=?)\s*(\d+(?:[.,]\d+)?)(?:\s*[a-z]+/[a-z]+)?")
_SIGNS = {"≤": "<=", "≥": ">="}


def result_in_note(text: str) -> str:
    """Return the result that a note says, with its sign; nothing where it says none.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> [result_in_note(text) for text in ("Corrected result: <0.05", "false positive, true value 0.3", "<0.05")]
    ['<0.05', '0.3', '<0.05']
    >>> [result_in_note(text) for text in ("Corrected on 3 March", "corrected: 2024-01-08", "12", "fasting 8 h")]
    ['', '', '', '']
    """
    plain = plain_words(text)
    found = _ALONE.fullmatch(plain) or _SAYS.search(plain) or _CHINESE.search(plain)
    return "" if found is None else f"{_SIGNS.get(found[1] or '', found[1] or '')}{found[2]}"


def says_another_result(text: str, value: str) -> bool:
    """Tell whether a note says another result than the number that it is beside; of other results it says nothing.

    Parameters
    ----------
    text : str
        The note.
    value : str
        The result.

    Examples
    --------
    >>> says_another_result("Corrected result: <0.05", "0.9"), says_another_result("Corrected result: <0.05", "<0.05")
    (True, False)
    """
    said = result_in_note(text)
    if not said:
        return False
    one, other = read_lab_text(said), read_lab_text(value)
    numbers = one.kind == "number" and other.kind == "number"
    return numbers and (one.number, one.comparator) != (other.number, other.comparator)
