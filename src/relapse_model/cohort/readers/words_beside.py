"""A column of words beside a result, detected or not, that a mapping does not read: "not detected" beside a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_text import read_lab_text
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.readers.beside_numbers import limits_in
from relapse_model.cohort.readers.contradicting_meanings import is_unknown
from relapse_model.cohort.readers.label_words import answer_of, plain_words
from relapse_model.cohort.readers.second_statements import holds_comparators, plain_sign
from relapse_model.cohort.readers.signs_beside import BELOW, LESS, MORE, sign_or_limit
from relapse_model.cohort.readers.units_in_names import shorter_names
from relapse_model.study.analyte import Analyte
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import analyte_names
from relapse_model.study.study import Study

_DETECTS = r"(?<![a-z])det(?:ect(?:ed|able|ion)?)?(?![a-z])|检出"
_REACTS = r"(?<![a-z])(?:pos(?:iti(?:v[aeo]?|vity|f))?|reactive)(?![a-z])|是否阳性|[阳陽]性(?!率)"
_DENIES = r"(?<![a-z])n[eé]g(?:ati(?:v[aeo]?|vity|f))?(?![a-z])|[阴陰]性(?!率)"
_ASKS = re.compile(f"{_DETECTS}|{_REACTS}|{_DENIES}")
_ASKED = {name: re.compile(one) for name, one in (("there", _DETECTS), ("positive", _REACTS), ("negative", _DENIES))}
_KINDS = re.compile(
    r"(?<![a-z])(?:results?|res|qual(?:itative)?|interpret(?:ation|ed)?|interp|status|finding|label|text|category|test"
    r"|value|lab|is|was|the|of|if|any|yes|no|befund(?:text)?|bewertung|beurteilung|ergebnis|qualitativ|wert|nachweis"
    r"|r[ée]sultat|interpr[ée]tation|conclusion|qualitatif|resultado|interpretaci[óo]n|conclusi[óo]n|cualitativo"
    r"|risultato|esito|interpretazione|giudizio|qualitativo)(?![a-z])"
    r"|定性|结果|结论|判定|判断|判读|阴阳性|解释|提示|评价|是否"
)
_NOT = re.compile(r"(?<![a-z])(?:not|non|neg)(?![a-z])|阴")
_DETECTION = re.compile(r"detect|检出|检测不到|检测到|测出|nachweis|nachgewiesen|détect|rileva|n\.\s?n")
_NUMBERS = re.compile(r"[<>≤≥]?=?\s*\d[\d.,]*(?:\s*\w+/\w+)?|[()\[\]（）【】]")  # and brackets, beside a word
_IN_NUMBERS = re.compile(r"(?<![a-z])quanti(?:fied|fiable|tated|table)(?![a-z])")
_PARTS = re.compile(r"[,;，；、]")
NEGATIVE, ABSENT, POSITIVE, PRESENT = "negative", "not detected", "positive", "detected"
_BESIDE = (BELOW, LESS, MORE)  # what also a column says that is not called one of results
_ANSWERED = {
    "there": {True: PRESENT, False: ABSENT},
    "positive": {True: POSITIVE, False: NEGATIVE},
    "negative": {True: NEGATIVE, False: POSITIVE},
}  # what yes and no say, by what a column asks
_SHOWN, _LONG = 15, 20  # texts in an advice, and characters of one
EXPECTED = "a number that agrees with it, or one that is said to be below its limit"
_SIGN = (
    "If the number is the limit of the assay, write it with '<', or name the column as the comparator: comparator = "
    "{{ field = {name!r}, values = {{ {stated} }} }}. "
)
_AT_LIMIT = "If the number is the limit of the assay, write it with '<' in a copy. "
_OWN = "If it is a test of its own, read it by a [[labs]] of its own; if it is wrong, correct it"


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """Results in words, of the rows of a table.

    Attributes
    ----------
    meanings : mapping of str to str
        What each text of the column says: `NEGATIVE`, `ABSENT`, `POSITIVE`, `PRESENT`, `BELOW`, `LESS`, `MORE`, or
        nothing.
    said : array of str
        The same, by row.
    """

    meanings: Mapping[str, str]
    said: NDArray[np.object_]

    @property
    def in_words(self) -> Mask:
        """Rows with a result in words: a sign alone is none."""
        return ~np.isin(self.said, ["", LESS, MORE])


def stated_results(called: Iterable[str], texts: pd.Series) -> Stated | None:
    """Return what a column says of results in words; None where it is no such column, or says of none that it is not.

    Parameters
    ----------
    called : iterable of str
        Its name and its label.
    texts : Series
        With the labels of codes.

    Examples
    --------
    >>> stated_results(["hbsag_det"], pd.Series(["0", "1", ""])).said.tolist()
    ['not detected', 'detected', '']
    >>> stated_results(["HBsAg 定性"], pd.Series(["阴性", "阳性"])).said.tolist()
    ['negative', 'positive']
    >>> stated_results(["HBsAg"], pd.Series(["0.05", "negative"])) is None
    True
    """
    asks = _asked(called)
    codes, distinct = pd.factorize(texts.astype(str).str.strip())
    meanings: dict[str, str] = {}
    for text in map(str, distinct):
        meaning = _meaning(text, asks=asks)
        if meaning is None:
            return stated_signs(texts)
        meanings[text] = meaning
    if not set(meanings.values()) & {NEGATIVE, ABSENT, BELOW}:
        return stated_signs(texts)
    return Stated(meanings, np.array([*meanings.values(), ""], dtype=object)[codes])


def stated_signs(texts: pd.Series) -> Stated | None:
    """Return which texts among others say by a sign, or in words, that a number is a limit; None where none does.

    A column of comparators alone, or of yes and no, is looked for as such.

    Parameters
    ----------
    texts : Series
        Of any column, with the labels of codes.

    Examples
    --------
    >>> stated_signs(pd.Series(["‹", "H", "<LLOQ", ""])).said.tolist()
    ['<', '', 'below its limit', '']
    >>> stated_signs(pd.Series(["<", "", "="])) is None, stated_signs(pd.Series(["H", "L", "+"])) is None
    (True, True)
    """
    if holds_comparators(texts):
        return None
    codes, distinct = pd.factorize(texts.astype(str).str.strip())
    meanings = {text: sign_or_limit(text) for text in map(str, distinct)}
    if not any(meanings.values()):
        return None
    return Stated(meanings, np.array([*meanings.values(), ""], dtype=object)[codes])


def _asked(called: Iterable[str]) -> str:
    """Return what a column asks of a result, by its name: that it is there, positive or negative; else nothing."""
    plain = [_without_no(plain_words(one)) for one in called]
    found = [name for name, words in _ASKED.items() if any(words.search(one) for one in plain)]
    return found[0] if found else ""


def _without_no(plain: str) -> str:
    """Return a name without what asks for the contrary, of which yes says that it is below its limit."""
    return re.sub(r"(?<![a-z])(?:not|non|un)[- ]?(?:detect|reactive)\w*|未检出", " ", plain)


def _meaning(text: str, *, asks: str) -> str | None:
    """Return what a text says of a result, the empty text where nothing; None where it is no such text."""
    plain = plain_words(text)
    if not plain or is_unknown(plain):
        return ""
    if sign := sign_or_limit(text):
        return sign
    if _IN_NUMBERS.fullmatch(plain):
        return PRESENT
    answer = answer_of(plain.removesuffix(".0"))
    if answer is not None:
        return _ANSWERED[asks][answer] if asks else None
    read = read_lab_text(text)
    if any(char.isdigit() for char in plain):  # "Negative (<0.05)" has its limit beside it; "0.05" is a number
        read = read_lab_text(_NUMBERS.sub(" ", text).strip(" ;:,；：，"))
        if read.kind not in ("negative", "positive"):
            return None
    if read.kind not in ("negative", "positive") or read.detected is None:
        parts = {_meaning(part, asks="") for part in _PARTS.split(text)} if _PARTS.search(text) else set()
        said = parts - {"", None}
        return str(said.pop()) if len(said) == 1 else ""
    detection = _DETECTION.search(plain) is not None
    return (PRESENT if detection else POSITIVE) if read.kind == "positive" else (ABSENT if detection else NEGATIVE)


def is_about(
    called: Iterable[str], analyte: str, own: Iterable[str], others: Collection[str], names: NameTable
) -> bool:
    """Tell whether a column is called the result of an analyte in words: by its name, or by none beside it alone.

    Parameters
    ----------
    called : iterable of str
        Its name and its label.
    analyte : str
    own : iterable of str
        What the column of the result itself is called.
    others : collection of str
        What other results of the row are called; where there are any, "Result" says nothing.
    names : NameTable

    Examples
    --------
    >>> names = NameTable({"hbsag": (), "hbeag": ()}, ("hbsag", "hbeag"))
    >>> [is_about([name], "hbsag", ["hbsag"], (), names) for name in ("hbsag_det", "HBeAg result", "Detected?", "Sex")]
    [True, False, True, False]
    >>> is_about(["Detected?"], "hbsag", ["hbsag"], ("hbeag",), names)
    False
    """
    rests = [_rest(one) for one in called if one]
    mine = {_rest(one) for one in own if one}
    named = [rest for rest in rests if rest]
    if any(rest in mine or names.meaning(rest).name == analyte for rest in named):
        return True
    return bool(rests) and not named and not others


def word_said(text: str) -> str:
    """Return `NEGATIVE`, `ABSENT`, `POSITIVE` or `PRESENT` where a word says so; nothing where it does not.

    Examples
    --------
    >>> [word_said(text) for text in ("negativ", "未检出", "Positive", "0.05", "fasting")]
    ['negative', 'not detected', 'positive', '', '']
    """
    said = _meaning(text, asks="") or ""
    return said if said in (NEGATIVE, ABSENT, POSITIVE, PRESENT) else ""


def limit_said(text: str) -> str:
    """Return what a text says that makes a plain number beside it a limit, or no result; nothing where it says none.

    Examples
    --------
    >>> [limit_said(text) for text in ("BLQ", "< LOD", "Below limit of detection", "negative", "positive", "<0.05")]
    ['below its limit', 'below its limit', 'below its limit', 'negative', '', '']
    """
    said = _meaning(text, asks="") or ""
    return said if said in (NEGATIVE, ABSENT, *_BESIDE) else ""


def says_no_more_than_result(name: str) -> bool:
    """Tell whether a column is called a result, and not of what: "Befund".

    Examples
    --------
    >>> [says_no_more_than_result(one) for one in ("Befund", "Result", "HBsAg result", "Sex")]
    [True, True, False, False]
    """
    return bool(name.strip()) and not _rest(name)


def _rest(name: str) -> str:
    """Return what a name says besides that it is a result in words, and its unit."""
    plain = plain_words(next(iter(shorter_names(name)), name))
    plain = _NOT.sub(" ", _KINDS.sub(" ", _ASKS.sub(" ", plain)))
    return " ".join(word for word in re.split(r"[\W_]+", plain) if word)


def denied(values: Sequence[str], units: Sequence[str], said: NDArray[np.object_], rule: Analyte | None) -> Mask:
    """Tell which results are plain numbers that the words beside them deny.

    "Not detected" denies a number at the study's lower limit or above it, and any but 0 where there is none;
    "negative" one at the limit or above it; both deny a ``>``. "Positive" denies 0 and ``<``; "detected" 0 alone, since
    DNA is reported as detected below the limit. "Below the limit" denies what "not detected" does; ``<`` and ``>`` deny
    every number that is printed without them.

    Parameters
    ----------
    values, units : sequence of str
    said : array of str
        As `Stated` has them.
    rule : Analyte or None
        Of the study.

    Examples
    --------
    >>> said = np.array(["not detected", "negative", "positive", "detected"], dtype=object)
    >>> denied(["0.05", "0.05", "<0.05", "<0.05"], ["IU/mL"] * 4, said, None).tolist()
    [True, False, True, False]
    """
    read = read_lab_texts(pd.Series(values, dtype=object))
    unit = read["unit"].to_numpy(dtype=object)
    limits = limits_in(np.where(unit != "", unit, np.array(units, dtype=object)), rule)
    number, sign = read["number"].to_numpy(dtype=float), read["comparator"].astype(str)
    below, above = sign.isin(["<", "<="]).to_numpy(), sign.isin([">", ">="]).to_numpy()
    plain = (read["kind"] == "number").to_numpy() & ~below & ~above
    at_limit = plain & (number >= limits)
    absent = np.where(np.isinf(limits), plain & (number > 0), at_limit) | above
    found: Mask = np.isin(said, [ABSENT, BELOW]) & absent | (said == NEGATIVE) & (at_limit | above)
    found |= (said == LESS) & (plain | above) | (said == MORE) & (plain | below)
    found |= (said == POSITIVE) & (below | (plain & (number == 0))) | (said == PRESENT) & plain & (number == 0)
    return found


def denied_results(results: pd.DataFrame, said: NDArray[np.object_], study: Study | None) -> Mask:
    """Tell the same of results of several analytes, each by its own rule.

    Parameters
    ----------
    results : DataFrame
        With ``analyte``, ``value`` and ``unit``, as texts.
    said : array of str
    study : Study or None
    """
    wrong: Mask = np.zeros(len(results), dtype=bool)
    names = None if study is None else analyte_names(study)
    for analyte in results["analyte"][said != ""].unique():
        own = ((results["analyte"] == analyte) & (said != "")).to_numpy()
        name = "" if names is None else names.meaning(str(analyte)).name or ""
        rule = None if study is None else study.analytes.get(name)
        rows = results[own]
        wrong[own] = denied(rows["value"].tolist(), rows["unit"].tolist(), said[own], rule)
    return wrong


def in_words_alone(table: str, column: str, value: str, count: int) -> str:
    """Return a note on results that stand in words where the column of numbers is empty.

    Parameters
    ----------
    table, column, value : str
    count : int
    """
    return (
        f"{table}, {column}: {count:,} results in words, where {value} is empty, are not read; to read them, add a "
        f'[[labs]] with value = {{ field = "{column}", values = {{ ... }} }} and when = {{ "{value}" = [""] }}'
    )


def advice_on(name: str, meanings: Mapping[str, str]) -> str:
    """Return what to do with a column of words beside numbers.

    Parameters
    ----------
    name : str
        As the mapping would have it.
    meanings : mapping of str to str
        Of the texts, or codes, that stand there.

    Examples
    --------
    >>> advice_on("hbsag_det", {"0": "not detected", "1": "detected"}).partition(". If")[0][-34:]
    'values = { "0" = "<", "1" = "" } }'
    """
    if not set(meanings.values()) & {ABSENT, *_BESIDE}:
        return (_AT_LIMIT if NEGATIVE in meanings.values() else "") + _OWN
    signs = as_comparators(meanings)
    signs = {text: sign for text, sign in signs.items() if sign or len(text) <= _LONG}  # a remark may name somebody
    if len(signs) > _SHOWN:
        signs = {text: sign for text, sign in signs.items() if sign}
    stated = ", ".join(f'"{text}" = "{sign}"' for text, sign in signs.items())
    return _SIGN.format(name=name, stated=stated).replace("'", '"') + _OWN


def as_comparators(meanings: Mapping[str, str]) -> dict[str, str]:
    """Return what the texts of a column are as comparators.

    Examples
    --------
    >>> as_comparators({"<LLOQ": BELOW, ">": MORE, "H": "", "": ""})
    {'<LLOQ': '<', '>': '>', 'H': ''}
    >>> as_comparators({"≤": LESS})
    {'≤': '<='}
    """
    signs = {ABSENT: "<", BELOW: "<", LESS: "<", MORE: ">"}
    equal = {"≤": "<=", "<=": "<=", "≥": ">=", ">=": ">="}
    return {text: equal.get(plain_sign(text), signs.get(meaning, "")) for text, meaning in meanings.items() if text}
