"""Units that names and labels of columns state, and whether they are the units in which the column is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.factors_in_names import factor_in_name, is_times, shown_factor
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.measures_in_names import other_measure
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.errors import Problem
from relapse_model.study.analyte import Analyte
from relapse_model.study.names_known import analyte_names
from relapse_model.study.study import Study
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import is_log10, unit_key, without_log10

Labels = Mapping[str, tuple[str, ...]]
"""What a source says of its columns besides their names."""

_LOG = "log10"
_LOGS = frozenset({"log", "lg", "log10", "lg10"})
_LOG_WORD = re.compile(r"(?:log|lg)(?:10|(?:iu|ui|ie|u|cop\w*|cp|kopien)(?=/|$))")  # logIU/mL, LogIU
_LIKE_UNIT = re.compile(
    r".*[^\d\s/].*/\s*(?:[dcmunµμ]?l|mm\^?3|cc|升|毫升|dl|kg)|.*[^\W\d]\s?%|[x×*]?\s?(?:n|uln)", re.IGNORECASE
)  # in brackets: a unit by its form, even if nobody knows it
_BRACKETS = re.compile(r"\(([^()]*)\)")
_RUN = re.compile(r"([A-Za-z0-9^*.%]+|\d*[A-Za-z]*拷贝)/([A-Za-z0-9^*]+|毫升|升)")
_LITRES = ("l", "dl", "ml", "ul")
_GLUED = re.compile(r"((?:[mkuμ]|mc)?(?:iu|ui|ie)|[mu]?kat|[munp]?mol|[mun]g|copies)(d?l|ml|ul)")
_COUNTS = re.compile(r"10[\^*e]*(\d{1,2})")
_ALONE = re.compile(
    r"(?:[kmu]|mc)?(?:iu|ui|ie|u|g|mol|l)|mg/kg|iu/kg|[千万]?(?:iu|u|单位|国际单位)"
)  # amounts of a dose
_TIMES: Mapping[str, str] = {
    word: unit
    for unit, words in {
        "years": ("year", "years", "yr", "yrs", "jahr", "jahre", "jahren", "ans", "años", "anni", "岁", "年"),
        "months": ("month", "months", "mo", "mon", "monat", "monate", "mois", "meses", "mesi", "月", "个月", "月龄"),
        "weeks": ("week", "weeks", "wk", "wks", "woche", "wochen", "semaines", "semanas", "settimane", "周"),
        "days": ("day", "days", "tage", "jours", "días", "giorni", "天", "日"),
        "hours": ("hour", "hours", "hr", "hrs", "小时"),
    }.items()
    for word in words
}
_OF_KEYS: Mapping[str, str] = {
    f"{begin}{one}": f"{one}s" for begin in ("", "start_", "end_") for one in ("day", "week", "month")
}
_OF_COLUMNS: Mapping[str, str] = {"hbsag_before_treatment_iu_ml": "IU/mL"}
_KILOGRAMS = ("kg/m2", "kg/m^2", "kg/m²")
_ADVICE = (
    "State that unit in the mapping; or, if the name or label is wrong, correct it in a copy of the file in which it "
    "stands (of REDCap, the data dictionary), and read with that"
)


def units_in_name(name: str) -> tuple[str, ...]:
    """Return the units that a name or a label states, in its order of certainty; none where it states none.

    Read are units in brackets, as words with a slash, and as parts of a name (``alt_ukat_l``), and the sign of a
    logarithm, alone (``log10``) or of the unit. Words that are no units of amounts in blood are not taken for any.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> units_in_name("HBsAg(IU/mL)_w12"), units_in_name("alt_ukat_l"), units_in_name("HBV DNA (log10 copies/mL)")
    (('IU/mL',), ('ukat/l',), ('log10 copies/mL',))
    >>> units_in_name("plt_10_9_l"), units_in_name("hbv_dna_log"), units_in_name("AST/ALT"), units_in_name("HBsAg_w4")
    (('10^9/l',), ('log10',), (), ())
    """
    plain = unicodedata.normalize("NFKC", name).replace("\u03bc", "u").replace("\u00b5", "u")
    plain = re.sub(r"\[(i?u|arb'?u)\]", r"\1", plain, flags=re.IGNORECASE).translate(str.maketrans("[]{}", "()()"))
    words = [word for word in re.split(r"[\s_\-,;:()]+", plain.casefold()) if word]
    found = [one for text in _BRACKETS.findall(plain) if (one := _unit(text))]
    found = found or list(_with_slash(plain)) or list(_of_words(words))
    if any(word in _LOGS or _LOG_WORD.match(word) for word in words) or re.match(r"lg(?=[A-Z])", plain):
        found = [one if is_log10(unit_key(one)) or one == _LOG else f"{_LOG} {one}" for one in found] or [_LOG]
    return tuple(dict.fromkeys(found))


def unknown_unit_in_name(name: str) -> str:
    """Return what stands in the brackets of a name like a unit, and is none that is known; nothing where none does.

    Examples
    --------
    >>> [unknown_unit_in_name(one) for one in ("DNA (LC/mL)", "ALT (N)", "ALT (U/L)", "HBsAg (W12)", "AST (serum)")]
    ['LC/mL', 'N', '', '', '']
    """
    plain = unicodedata.normalize("NFKC", name).translate(str.maketrans("[]{}", "()()"))
    texts = [one.strip() for one in _BRACKETS.findall(plain)]
    return next((one for one in texts if _LIKE_UNIT.fullmatch(one) and not _unit(one)), "")


def time_named(word: str) -> str:
    """Return the unit of time that a word is, by its name in English; nothing where it is none.

    Examples
    --------
    >>> time_named("Jahre"), time_named("周"), time_named("IU")
    ('years', 'weeks', '')
    """
    return _TIMES.get(word.casefold(), "")


def shorter_names(name: str) -> list[str]:
    """Return a name without its last parts, where it states a unit that those may be; else nothing.

    Examples
    --------
    >>> shorter_names("alt_ukat_l"), shorter_names("alt_lower"), shorter_names("ALT U/L")
    (['alt ukat', 'alt'], [], ['ALT'])
    """
    if not units_in_name(name):
        return []
    parts = [part for part in re.split(r"[\s_]+", name) if part]
    return [" ".join(parts[:-count]) for count in range(1, min(4, len(parts)))]


def _unit(text: str) -> str:
    """Return a text where it is a unit; else nothing."""
    text = text.strip(" .,;")
    if text.casefold() in _LOGS:
        return _LOG
    bare = without_log10(unit_key(text)) if is_log10(unit_key(text)) else text
    known = bare == "%" or any(unit_factor(one, one) is not None for one in (bare, unit_key(bare)))
    return text if known else ""


def _with_slash(plain: str) -> Iterator[str]:
    for above, below in _RUN.findall(plain.replace("_", " ")):
        for start in range(len(above)):
            one = _unit(f"{above[start:]}/{below}")
            # "HBsAgIU/mL" is in IU/mL, "HBsAg/mL" in nothing: one small letter within a word is no unit.
            if one and (start == 0 or len(above) - start > 1 or above[start:] in ("U", "%")):
                yield one
                break


def _of_words(words: list[str]) -> Iterator[str]:
    """Yield the units of which a name consists in part: ``iu_ml``, ``iu_per_ml``, ``10_9_l``, ``iuml``, ``coi``."""
    joined = [word for word in words if word != "per"]
    for place, word in enumerate(joined):
        before = joined[place - 1] if place else ""
        if word in _LITRES and before:
            power = _COUNTS.fullmatch(before)
            if power is not None:
                yield f"10^{power[1]}/{word}"
            elif before.isdigit() and place > 1 and joined[place - 2].endswith("10"):
                yield f"10^{before}/{word}"
            elif not before.isdigit() and (one := _unit(f"{before}/{word}")):
                yield one
        elif glued := _GLUED.fullmatch(word):
            yield f"{glued[1]}/{glued[2]}"
        elif word in ("coi", "sco") or (word == "co" and before == "s"):
            yield "COI" if word == "coi" else "S/CO"


def unit_stands(named: str, read: str, rule: Analyte | None = None) -> bool:
    """Tell whether the unit that a name states is the one in which the column is read.

    Parameters
    ----------
    named, read : str
    rule : Analyte, optional
        By which two spellings may be one unit: U/L and IU/L of an enzyme.

    Examples
    --------
    >>> unit_stands("IU/L", "mIU/mL"), unit_stands("IU/mL", "mIU/mL"), unit_stands("log10", "log10 IU/mL")
    (True, False, True)
    """
    one, other = unit_key(named), unit_key(read)
    if named == _LOG or one == other:
        return named != _LOG or is_log10(other)
    if is_log10(one) != is_log10(other):
        return False
    if rule is not None:
        first, second = conversion(rule, named), conversion(rule, read)
        if first is not None and second is not None and np.isclose(first[0], second[0], rtol=1e-9):
            return True
    plain = [without_log10(text) if is_log10(text) else text for text in (one, other)]
    printed = (named, read) if not is_log10(one) else tuple(plain)
    factors = [unit_factor(*printed), unit_factor(*plain)]
    return any(factor is not None and np.isclose(factor, 1.0, rtol=1e-9) for factor in factors)


def unit_clashes(
    mapping: SourceMapping, made: Mapping[str, MadeTable], study: Study | None, labels: Labels
) -> Iterator[Problem]:
    """Yield a problem for each column whose name or label states another unit than the one in which it is read.

    Parameters
    ----------
    mapping : SourceMapping
    made : mapping of str to MadeTable
    study : Study or None
    labels : mapping of str to tuple of str
        Labels and notes by name of a column.
    """
    yield from _of_times(mapping, labels)
    yield from _of_patients(mapping, study, labels)
    for section, lead in (("labs", "value"), ("treatments", "dose")):
        if section in made:
            yield from _of_rows(made[section], section, lead, study, labels)


def _of_rows(made: MadeTable, section: str, lead: str, study: Study | None, labels: Labels) -> Iterator[Problem]:
    rows, name = made.rows, made.called.get(lead)
    if name is None or "unit" not in rows or lead not in rows or not len(rows):
        return
    what = "analyte" if section == "labs" else "agent"
    table = pd.DataFrame({"name": name, "unit": rows["unit"], "what": rows[what], "source": made.source}, dtype=object)
    table = table[((rows[lead] != "") & (rows["unit"] != "")).to_numpy()]
    for column, unit, meant, source in table.drop_duplicates().itertuples(index=False):
        rule = None if study is None or section != "labs" else study.analytes.get(_meaning(study, str(meant)))
        texts = [str(column), *labels.get(str(column), ())]
        clash = _clash(texts, str(unit), rule, amount=section == "treatments")
        if clash:
            of = "doses" if section == "treatments" else "results"
            expected = f"one unit: that of its {of} is {unit!r}, by the mapping or a column of units"
            yield Problem(str(source), None, str(column), f"{clash!r} by its name or label", expected, _ADVICE)


def _meaning(study: Study, name: str) -> str:
    known: str | None = name if name in study.analytes else analyte_names(study).meaning(name).name
    return known or ""


def _clash(texts: Iterable[str], unit: str, rule: Analyte | None = None, *, amount: bool = False) -> str:
    """Return the unit by which names contradict the one that is read; nothing where they state none, or it, too."""
    for text in texts:
        named: list[str] = [*units_in_name(text), *(_amounts(text) if amount else [])]
        if (factor := factor_in_name(text)) and factor_in_name(unit) != factor:
            if any(is_times(unit, one, factor) for one in named):
                continue
            return f"{shown_factor(factor)} {unit}"
        if named and not any(unit_stands(one, unit, rule) or (amount and _dose(one) == _dose(unit)) for one in named):
            return named[0]
        unknown = "" if named or amount else unknown_unit_in_name(text)
        if unknown and unit_key(unknown) != unit_key(unit):
            return unknown
        if not named and not amount and (measure := other_measure(text, unit)):
            return measure
    return ""


def _dose(unit: str) -> str:
    """Return the unit of an amount of a drug in one of its spellings: of these, U is printed for IU."""
    key = unit_key(unit)
    return re.sub(r"^([千万]?)(?:u|units|国际单位|单位)$", r"\1iu", {"mcg": "ug"}.get(key, key))


def _amounts(text: str) -> list[str]:
    """Return the units of amounts of a drug in a name: in brackets, or at its end."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u03bc", "u").replace("[", "").replace("]", "")
    last = re.split(r"[\s_]+", _BRACKETS.sub(" ", plain).strip())[-1:]
    return [one.strip() for one in (*_BRACKETS.findall(plain), *last) if _ALONE.fullmatch(one.strip())]


def _of_patients(mapping: SourceMapping, study: Study | None, labels: Labels) -> Iterator[Problem]:
    known = dict(_OF_COLUMNS)
    if study is not None:
        known |= {one.column: one.unit for one in study.predictors if one.column and one.unit}
    for column, one in mapping.patients.items():
        texts, place = [one.name, *labels.get(one.name, ())], ("patients", column)
        wanted = next((unit for unit in ("years", "months", "weeks", "days") if column.endswith(f"_{unit}")), "")
        if wanted:
            yield from _other_time(mapping, texts, time_named(one.unit) or wanted, place)
            continue
        unit = one.unit or known.get(column, "")
        if unit in _KILOGRAMS or not unit:
            continue
        clash = _clash(texts, unit)
        if clash:
            found = f"{one.name!r}, in {clash!r} by its name or label"
            yield in_mapping(mapping, place, found, f"a column in {unit!r}",
                             "State its unit: { field = ..., unit = ... }, or correct it")  # fmt: skip


def _of_times(mapping: SourceMapping, labels: Labels) -> Iterator[Problem]:
    outcome = () if mapping.outcome is None else (mapping.outcome,)
    for entry in (*mapping.labs, *mapping.treatments, *outcome):
        for key, one in entry.fields.items():
            if key in _OF_KEYS and not one.values:
                texts = [one.name, *labels.get(one.name, ())]
                yield from _other_time(mapping, texts, _OF_KEYS[key], (*place_of(entry), key))


def _other_time(
    mapping: SourceMapping, texts: list[str], wanted: str, place: tuple[str | int, ...]
) -> Iterator[Problem]:
    for text in texts:
        plain = unicodedata.normalize("NFKC", text).casefold()
        words = re.split(r"[\s_\-,;:()\[\]/]+", plain)
        named = {_TIMES[word] for word in words if word in _TIMES}
        if named and wanted not in named:
            yield in_mapping(mapping, place, f"{texts[0]!r}, in {sorted(named)[0]} by its name or label",
                             f"a column in {wanted}", "Convert it, or name another column")  # fmt: skip
            return
