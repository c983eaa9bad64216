"""Second statements in rows of a data set: another text of the result, another LOINC code, ends and doses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.readers.beside_numbers import Numbers, contradicts
from relapse_model.cohort.readers.cdisc.data_set import Columns, DataSet
from relapse_model.cohort.readers.cdisc.wanted import Wanted, made_value
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.entry_rows import EntryRows, in_mapping, leaving_out, place_of
from relapse_model.cohort.readers.other_things import NO_RESULT, PERSON, SPECIMEN, other_thing
from relapse_model.cohort.readers.same_meaning import results_contradict
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.readers.words_beside import denied, limit_said
from relapse_model.errors import Problem
from relapse_model.study.analyte import Analyte

_PRINTED = "LBORRES"
_TEXTS = (_PRINTED, "LBSTRESC", "AVALC")
_OF_WHAT = ("LBSPEC", "LBCAT", "LBSCAT", "PARCAT1", "PARCAT2", "LBNAM", "FOCID", "SREL", "LBSPCCND")
_SOURCE = "SRCDOM"
_CATEGORY = re.compile(r"(?:CM|EX|EC|PR|MH|CE|AE|DS|SU|FA)S?CAT|PARCAT\d")
_RELATIVE = re.compile(r"\b(?:family|household|relatives?|kin)\b")
_EXPECTED = {
    "labs": "results of the patient's blood", "treatments": "what the patient was given",
    "outcome": "events of the patient",
}  # fmt: skip
_GOES_ON = frozenset({"", "ONGOING", "AFTER", "DURING/AFTER"})
_SEVERAL = re.compile(
    r"[BTQ]\.?I\.?D\.?|Q(?:[1-9]|1[0-2])\s?H.*|TWICE.*|(?:[2-9]|1\d)\s?(?:X|TIMES?).*|.*TIMES (?:A|PER) DAY"
)
_NUMERIC = ("LBSTRESN", "AVAL")
_CORRECT = "Correct the one that is wrong, or "


def signs_as_printed(wanted: Wanted, columns: Columns) -> list[str]:
    """Take the sign that the laboratory printed where the standard text has the same number without it; return notes.

    Parameters
    ----------
    wanted : Wanted
    columns : Columns
        With the result that is read; changed where it is the one without a sign.
    """
    value, data = wanted.entry.fields.get("value"), wanted.data
    if wanted.entry.section != "labs" or value is None or _PRINTED not in data or not _is_usual(wanted, value.name):
        return []
    own = columns[value.name]
    read, printed = read_lab_texts(own), read_lab_texts(columns[_PRINTED])
    bare = _without_sign(printed, read)
    if bare.any():
        columns.others[value.name] = own.mask(bare, printed["comparator"].astype(object) + own)
    for name in (one for one in _TEXTS if one in data and one != _PRINTED):
        bare |= _without_sign(printed, read_lab_texts(columns[name]))
    note = f"{data.name}: {int(bare.sum()):,} results have < or > in {_PRINTED} alone: it counts"
    return [note] if bare.any() else []


def words_before_numbers(wanted: Wanted, columns: Columns) -> list[str]:
    """Return a note on results that are read as a word, and have a number in another variable of the standard.

    Parameters
    ----------
    wanted : Wanted
    columns : Columns
        With the result that is read.
    """
    value, data = wanted.entry.fields.get("value"), wanted.data
    if wanted.entry.section != "labs" or value is None or value.name != made_value(data, wanted.standard):
        return []
    words = read_lab_texts(columns[value.name])["kind"].isin(["negative", "positive"]).to_numpy()
    notes, told = [], np.zeros(len(words), dtype=bool)
    for name, _ in wanted.standard.values[1:]:
        if name in data and words.any():
            rows = words & ~told & (read_lab_texts(columns[name])["kind"] == "number").to_numpy()
            told |= rows
            if rows.any():
                notes.append(
                    f"{data.name}: {int(rows.sum()):,} results count by their word, such as positive, and have a "
                    f'number in {name}, which is not read; if the numbers count, state in the entry: value = "{name}"'
                )
    return notes


def _without_sign(signed: pd.DataFrame, read: pd.DataFrame) -> Mask:
    """Tell which texts are the number of another one without its sign."""
    equal = (read["kind"] == "number").to_numpy() & (read["number"].to_numpy() == signed["number"].to_numpy())
    bare: Mask = equal & (signed["comparator"] != "").to_numpy() & (read["comparator"] == "").to_numpy()
    return bare


def _is_usual(wanted: Wanted, name: str) -> bool:
    """Tell whether a variable is one in which the standard has results."""
    return name in (made_value(wanted.data, wanted.standard), *(one for one, _ in wanted.standard.values))


def other_texts(wanted: Wanted, columns: Columns, table: SourceTable, unit: pd.Series) -> Iterator[Problem]:
    """Yield a problem for each row of which another text says another result: a comparator, or a word.

    Parameters
    ----------
    wanted : Wanted
    columns : Columns
        With the result that is read.
    table : SourceTable
    unit : Series
        Of each row.
    """
    value = wanted.entry.fields.get("value")
    if wanted.entry.section != "labs" or value is None or not _is_usual(wanted, value.name):
        return
    study, name = wanted.second.study, wanted.entry.constants.get("analyte", "")
    rule = None if study is None else study.analytes.get(name)
    own = columns[value.name]
    read = read_lab_texts(own)
    for variable in _TEXTS:
        if variable not in wanted.data:
            continue
        texts = columns[variable]
        beside = read_lab_texts(texts)
        both = (read["kind"] == "number").to_numpy() & (beside["kind"] == "number").to_numpy()
        wrong = both & (read["comparator"] != beside["comparator"]).to_numpy()
        if variable != _PRINTED:  # `signs_as_printed` has noted it
            wrong &= ~_without_sign(read, beside)
        wrong |= contradicts(_numbers(read, unit), _words(texts, beside), rule)
        wrong |= contradicts(_numbers(beside, _own_units(wanted, columns, variable, unit)), _words(own, read), rule)
        wrong |= _limits(own, unit, texts, rule)
        codes, pairs = distinct_pairs(own, texts)
        opposite = [results_contradict(one, other) for one, other in pairs]
        wrong |= np.array([*opposite, False], dtype=bool)[codes]
        expected = f"what {value.name} says: comparator and words"
        yield from table.problems(wrong, variable, expected, _CORRECT + leaving_out(variable))


def _limits(own: pd.Series, unit: pd.Series, texts: pd.Series, rule: Analyte | None) -> Mask:
    """Tell which numbers are limits, or none, by what a text beside them says: BLQ, or not detected."""
    codes, distinct = pd.factorize(texts)
    said = np.array([*(limit_said(str(one)) for one in distinct), ""], dtype=object)[codes]
    found: Mask = said != ""
    at = np.flatnonzero(found)
    if len(at):
        found[at] = denied(own.iloc[at].tolist(), unit.iloc[at].tolist(), said[at], rule)
    return found


def _own_units(wanted: Wanted, columns: Columns, variable: str, unit: pd.Series) -> pd.Series:
    """Return the units of the numbers of a variable: where the row that is read, a word, has none, its own ones."""
    name = dict(wanted.standard.values).get(variable, "")
    return unit.mask(unit == "", columns[name]) if name in wanted.data else unit


def _numbers(read: pd.DataFrame, unit: pd.Series) -> Numbers:
    return Numbers(
        read["number"].to_numpy(dtype=float), read["comparator"].to_numpy(dtype=object), unit.to_numpy(dtype=object),
        (read["kind"] == "number").to_numpy(),
    )  # fmt: skip


def _words(texts: pd.Series, read: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    said = read["kind"].isin(["negative", "positive"]).to_numpy()
    return np.where(said, texts.to_numpy(dtype=object), "").astype(object)


def other_loinc(wanted: Wanted, columns: Columns, table: SourceTable) -> list[Problem]:
    """Refuse rows whose LOINC code is one that the study states for other analytes alone."""
    name = wanted.entry.constants.get("analyte", "")
    if "LBLOINC" not in wanted.data or "LBLOINC" in wanted.entry.when:
        return []
    others = wanted.second.loinc_of_others(name) - {*wanted.entry.codes}
    rows = columns["LBLOINC"].str.strip().isin(others).to_numpy()
    return table.problems(rows, "LBLOINC", f"a LOINC code of {name}", _CORRECT + leaving_out("LBLOINC"))


def texts_alone(wanted: Wanted, rows: EntryRows) -> Mask:
    """Tell which results stand as text without a number beside them that says what a point in them parts.

    Parameters
    ----------
    wanted : Wanted
    rows : EntryRows
        That were taken.
    """
    columns = rows.table.columns
    known = np.zeros(len(rows.at), dtype=bool)
    value = rows.rows["value"].astype(str)
    for variable, _ in wanted.standard.values:
        if variable in wanted.data:
            texts = columns[variable].iloc[rows.at].reset_index(drop=True)
            number = pd.to_numeric(texts, errors="coerce").notna()
            numeric = variable in _NUMERIC
            known |= (number & (numeric | (texts != value))).to_numpy()
    return ~known


def of_another(wanted: Wanted, chosen: Mask, mapping: SourceMapping) -> list[Problem]:
    """Refuse rows of another specimen than blood, or of another person, unless 'when' asks for them."""
    data, entry = wanted.data, wanted.entry
    name = entry.constants.get("analyte", "")
    problems = []
    of_results = entry.section == "labs"
    variables = _OF_WHAT if of_results else categories(data)
    kinds = (SPECIMEN, PERSON, NO_RESULT) if of_results else (PERSON,)
    for variable in (*variables, _SOURCE):
        counts = data.counts(variable, chosen) if variable in data and variable not in entry.when else {}
        said = {text: _other(variable, text, kinds) for text in counts}
        right = [text for text, other in said.items() if not other]
        for text, other in said.items():
            if other and other != other_thing(name, (SPECIMEN, PERSON)):
                found = f"{data.name}: {variable} {text!r} ({counts[text]:,}): {other}"
                advice = only_these(variable, right)
                problems.append(in_mapping(mapping, place_of(entry), found, _EXPECTED[entry.section], advice))
    return problems


def categories(data: DataSet) -> tuple[str, ...]:
    """Return the variables that say of which kind a row of a data set of events is, such as CMCAT.

    Examples
    --------
    >>> from relapse_model.cohort.readers.cdisc.data_set import Coded, DataSet
    >>> categories(DataSet("MH", "", "mh.xpt", 0, {"MHCAT": "", "MHTERM": ""}, lambda name: None))
    ('MHCAT',)
    """
    return tuple(one for one in data.labels if _CATEGORY.fullmatch(one))


def of_a_relative(data: DataSet, variables: tuple[str, ...]) -> Mask:
    """Tell which rows say that they are of another person than the subject, such as a family history."""
    found = np.zeros(data.rows, dtype=bool)
    for variable in (*variables, _SOURCE):
        if variable in data:
            coded = data.coded(variable)
            found |= np.array([bool(_other(variable, text, (PERSON,))) for text in coded.texts], dtype=bool)[
                coded.codes
            ]
    return found


def only_these(variable: str, texts: list[str]) -> str:
    """Return the advice to read some rows alone; without any, to read none of them."""
    if not texts:
        return "None of these rows is one of the patient's own: leave out the entry, or correct the variable"
    listed = ", ".join(f'"{one}"' for one in texts)
    return f"State when = {{ {variable} = {listed if len(texts) == 1 else f'[{listed}]'} }}"


def _other(variable: str, text: str, kinds: tuple[str, ...]) -> str:
    """Return what a text says that its rows are instead; domains AP.. are those of associated persons."""
    if variable == _SOURCE:
        return PERSON if text.strip().upper().startswith("AP") else ""
    return PERSON if PERSON in kinds and _RELATIVE.search(text.casefold()) else other_thing(text, kinds)


def other_ends(wanted: Wanted, columns: Columns, table: SourceTable) -> list[Problem]:
    """Refuse courses without an end of which the row says that they ended (CMENRF, CMENRTPT), or nobody knows."""
    standard, entry = wanted.standard, wanted.entry
    if entry.section != "treatments" or "end" not in standard.dates:
        return []
    stem = standard.dates["end"][:2]
    ends = [entry.fields[key].name for key in ("end", "end_day", "end_week") if key in entry.fields]
    open_ = np.ones(len(table), dtype=bool)
    for name in ends:
        open_ &= (columns[name] == "").to_numpy()
    problems = []
    for variable, goes_on in (
        (f"{stem}ENRF", _GOES_ON),
        (f"{stem}ENRTPT", _GOES_ON),
        (f"{stem}ONGO", {"", "Y", "YES"}),
    ):
        if variable in wanted.data and variable not in entry.when:
            ended = ~columns[variable].str.strip().str.upper().isin(goes_on).to_numpy() & open_
            advice = f"Give its end, or {leaving_out(variable)}"
            problems += table.problems(ended, variable, "a course that goes on, since it has no end", advice)
    return problems


def other_doses(wanted: Wanted, columns: Columns, table: SourceTable) -> list[Problem]:
    """Refuse doses of a single day that were given several times, or of which the total is another one."""
    fields, data = wanted.entry.fields, wanted.data
    dose = fields.get("dose")
    stem = "" if dose is None else dose.name[:2]
    if wanted.entry.section != "treatments" or dose is None or dose.name != f"{stem}DOSE":
        return []
    there = (columns[dose.name] != "").to_numpy()
    problems = []
    often, total = f"{stem}DOSFRQ", f"{stem}DOSTOT"
    if often in data and total not in data:
        several = columns[often].str.strip().str.upper().str.fullmatch(_SEVERAL).fillna(False).to_numpy(dtype=bool)
        advice = "State a variable with the dose of the day, or write one row for each time"
        problems += table.problems(there & several, often, "one dose: with several, the amount is that of each", advice)
    if total in data:
        amount, whole = (pd.to_numeric(columns[one], errors="coerce") for one in (dose.name, total))
        other = (whole.notna() & amount.notna() & (whole != amount)).to_numpy() & there
        problems += table.problems(other, total, f"the amount of {dose.name}", f'State dose = "{total}"')
    return problems
