"""What rows of a data set say beside their results: other units, another amount; which contradict."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.readers.cdisc.data_set import Columns
from relapse_model.cohort.readers.cdisc.standard import EVENT_BY_CENSORING
from relapse_model.cohort.readers.cdisc.wanted import Wanted, made_unit, made_value
from relapse_model.cohort.readers.contradicting_units import units_contradict
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.entry_rows import if_right
from relapse_model.cohort.readers.same_meaning import event_named
from relapse_model.cohort.readers.second_names import IF_ITS_UNIT, NAMED, OF_ONE_UNIT, SecondNames
from relapse_model.cohort.readers.source_table import SourceTable
from relapse_model.cohort.readers.units_in_names import unit_stands
from relapse_model.errors import Problem
from relapse_model.study.unit_factors import unit_factor
from relapse_model.study.unit_spelling import unit_key

_CENSORED = re.compile(r"censor|complet|end of (?:study|trial|follow)|cut.?off|no event|alive")
_LOG = re.compile(r"(LOG(?:10)?)", re.IGNORECASE)  # within a code, which has no spaces
DESCRIBED = ("EVNTDESC", "CNSDTDSC")  # how ADaM calls the event, and what the date of a censoring is
_COMPETES = (
    'If it competes, state in [outcome]: event = {{ field = "{field}", values = {{ {values}, ... }} }}, with the other '
    'texts as "relapse" or "free"; if it ends follow-up only, state '
    'relapse = {{ field = "CNSR", values = {{ "0" = "1", "1" = "0", ... }} }}'
)
_ROUNDED = 0.02  # standardised results are rounded


def other_units(wanted: Wanted, columns: Columns, table: SourceTable, own: pd.Series) -> list[Problem]:
    """Refuse rows that state a unit of their own, where the mapping states another one for all."""
    entry, standard = wanted.entry, wanted.standard
    stated = entry.constants.get("unit", "")
    name = made_unit(wanted.data, standard)
    if entry.section == "treatments":
        name = standard.more.get("unit", "")
        own = columns[name] if name in wanted.data and "dose" in entry.fields else own
    words = "value" in entry.fields and bool(entry.fields["value"].values)  # meanings have no unit
    if not stated or words or entry.section == "outcome":
        return []
    codes, distinct = pd.factorize(own)
    other = [one != "" and not unit_stands(str(one), stated) for one in distinct]
    rows = np.array([*other, False], dtype=bool)[codes]
    advice = "Leave the unit out of the mapping: that of each row counts"
    return table.problems(rows, name, f"{stated!r}, the unit that the mapping states", advice, found=own)


def other_results(wanted: Wanted, columns: Columns, table: SourceTable) -> list[Problem]:
    """Refuse rows whose standardised result is another amount than the original one, where units are arithmetic."""
    pairs = [(value, unit) for value, unit in wanted.standard.values if value in wanted.data and unit in wanted.data]
    if wanted.entry.section != "labs" or len(pairs) < 2 or pairs[0][0] == "AVALC":
        return []
    first, own = _amounts(columns[pairs[0][0]]), columns[pairs[0][1]]
    own = own.mask(own == "", wanted.entry.constants.get("unit", ""))  # as it is read
    problems, told = [], np.zeros(len(first), dtype=bool)
    for value, unit in pairs[1:]:
        factor, unlike = _factors(own, columns[unit])
        amount = _amounts(columns[value])
        other = ~np.isclose(amount, first * factor, rtol=_ROUNDED, atol=1e-12) & ~np.isnan(first * factor)
        other |= unlike & (first == amount) & (first != 0)  # one number in two units that are not one
        rows = other & ~np.isnan(amount) & ~told
        advice = f"If one of them counts, state it in the entry: value = {pairs[0][0]!r}".replace("'", '"')
        if "value" not in wanted.entry.fields or wanted.entry.fields["value"].name == made_value(
            wanted.data, wanted.standard
        ):
            problems += table.problems(rows, value, f"the amount of {pairs[0][0]} and {pairs[0][1]}", advice)
        told |= rows
    return problems


def other_characters(wanted: Wanted, columns: Columns, table: SourceTable) -> list[Problem]:
    """Refuse rows whose AVALC is another number than AVAL, of which it is the text."""
    if wanted.entry.section != "labs" or not {"AVALC", "AVAL"} <= set(wanted.data.labels):
        return []
    one, other = _amounts(columns["AVALC"]), _amounts(columns["AVAL"])
    rows = ~np.isnan(one) & ~np.isnan(other) & ~np.isclose(one, other, rtol=_ROUNDED, atol=1e-12)
    return table.problems(rows, "AVAL", "the number of AVALC", "Correct the one that is wrong")


def other_events(wanted: Wanted, columns: Columns, table: SourceTable) -> list[Problem]:
    """Refuse rows that are censored and say a relapse, or are events and say that there was none (EVNTDESC)."""
    if wanted.entry.section != "outcome" or "CNSR" not in wanted.data:
        return []
    study, entry = wanted.second.study, wanted.entry
    own = event_named("relapse" if study is None else study.outcome.name) or "relapse"
    event, number = (columns["CNSR"] == "0").to_numpy(), (columns["CNSR"] != "").to_numpy()
    problems = _asked_of_deaths(wanted, columns, table, own)
    for variable in ("EVNTDESC", "PARAM"):
        if variable not in wanted.data or variable in entry.when or "event" in entry.fields:
            continue
        said = columns[variable].map(lambda text: _event_of(text, own))
        other = ~said.isin(["", own]).to_numpy() & event
        none = (said == own).to_numpy() & ~event & (variable == "EVNTDESC")
        expected = "what CNSR says: 0 is the event, any other number none"
        problems += table.problems(number & (other | none), variable, expected, if_right(variable))
    return problems


def _asked_of_deaths(wanted: Wanted, columns: Columns, table: SourceTable, own: str) -> list[Problem]:
    """Refuse censored rows that say a death or a transplantation, unless the mapping says what these are."""
    entry = wanted.entry
    if "event" in entry.fields or "relapse" not in entry.fields or entry.fields["relapse"].values != EVENT_BY_CENSORING:
        return []
    number = ~columns["CNSR"].isin(["", "0"]).to_numpy()
    problems = []
    for variable in DESCRIBED:
        if variable in wanted.data and variable not in entry.when:
            texts = columns[variable]
            name = texts.map(lambda text: competing_named(str(text), own))
            rows = number & (name != "").to_numpy()
            said = {str(text): competing_named(str(text), own) for text in texts[rows].unique()}
            advice = _COMPETES.format(field=variable, values=", ".join(
                f'"{text}" = "competing: {event}"' for text, event in said.items()
            ))  # fmt: skip
            problems += table.problems(
                rows, variable, "whether it competes with the outcome, or ends follow-up", advice
            )
    return problems


def competing_named(text: str, own: str) -> str:
    """Return the event that a text of a censored row names, if none can come after it; nothing of others.

    Examples
    --------
    >>> [competing_named(text, "relapse") for text in ("Death", "Liver transplantation", "Completed study", "Relapse")]
    ['death', 'transplantation', '', '']
    """
    said = event_named(text) or ""
    return said if said in ("death", "transplantation") and said != own else ""


def _event_of(text: str, own: str) -> str:
    """Return which event a text names, of a censored one "censored"; of several the outcome.

    Examples
    --------
    >>> [_event_of(text, "relapse") for text in ("Died", "Censored", "Study completed", "Relapse or death", "Other")]
    ['death', 'censored', 'censored', 'relapse', '']
    """
    plain = text.casefold()
    if _CENSORED.search(plain):
        return "censored"
    said = event_named(text) or ""
    return "" if said not in ("", "free", own) and own in plain else said


def other_names(
    wanted: Wanted, columns: Columns, table: SourceTable, second: SecondNames, units: pd.Series
) -> list[Problem]:  # fmt: skip
    """Refuse rows whose words are the name of another analyte or agent than the one of their code, or of a person.

    A logarithm is refused where the unit of the row, or the mapping's, is that of no logarithm.
    """
    key, name = NAMED.get(wanted.entry.section), wanted.standard.label
    meant = "" if key is None else wanted.entry.constants.get(key, "")
    if key is None or not meant or name not in wanted.data or name in wanted.entry.when:
        return []
    value = wanted.entry.fields.get("value")
    if value is not None and value.name not in (
        made_value(wanted.data, wanted.standard),
        *(one for one, _ in wanted.standard.values),
    ):
        return []  # another analyte of the same code, such as a ratio
    printed = Columns(columns.data, columns.rows)  # PARAM as it stands: the unit in it may be read in its place
    problems = []
    modified = f"{name[:2]}MODIFY"
    code = wanted.standard.code
    for each in dict.fromkeys((name, *((code, modified) if key == "agent" else ()))):
        if each in wanted.data and each not in wanted.entry.when:
            texts = printed[each]
            rows = second.rows(key, texts, meant)
            problems += table.problems(rows, each, f"a name of {meant}", if_right(each), found=texts)
    if key == "agent" and {code, name} <= set(wanted.data.labels) and code != name and code not in wanted.entry.when:
        problems += _other_agents(printed, table, second, (code, name))
    if key == "analyte":
        stated = units.mask(units == "", wanted.entry.constants.get("unit", ""))
        expected = f"{meant} itself, as its unit says, and no logarithm"
        for each in [one for one in (name, code) if one in wanted.data and one not in wanted.entry.when]:
            texts = printed[each] if each == name else printed[each].str.replace(_LOG, r" \1 ", regex=True)
            logs = second.logarithms(texts, stated)
            problems += table.problems(logs, each, expected, if_right(each), found=printed[each])
    return problems


def other_named_units(
    wanted: Wanted, columns: Columns, table: SourceTable, second: SecondNames, units: pd.Series
) -> list[Problem]:  # fmt: skip
    """Refuse results whose own name states another unit than the one in which they are read."""
    entry, data = wanted.entry, wanted.data
    value = entry.fields.get("value")
    own = (made_value(data, wanted.standard), *(one for one, _ in wanted.standard.values))
    if entry.section != "labs" or (value is not None and (value.values or value.name not in own)):
        return []
    printed = Columns(columns.data, columns.rows)
    stated = units.mask(units == "", entry.constants.get("unit", ""))
    problems = []
    for each in dict.fromkeys((wanted.standard.label, wanted.standard.code)):
        if each in data:
            texts = printed[each]
            problems += table.problems(second.other_units(texts, stated), each, OF_ONE_UNIT, IF_ITS_UNIT, found=texts)
    return problems


def _other_agents(
    columns: Columns, table: SourceTable, second: SecondNames, names: tuple[str, str]
) -> list[Problem]:  # fmt: skip
    """Refuse courses whose code is one agent, and whose words another, also where a predictor counts both."""
    codes, pairs = distinct_pairs(columns[names[0]], columns[names[1]])
    other = [second.differ("agent", one, text) for one, text in pairs]
    rows = np.array([*other, False], dtype=bool)[codes]
    return table.problems(rows, names[1], f"the agent that {names[0]} names", if_right(names[1]))


def _amounts(texts: pd.Series) -> Floats:
    """Return numbers without a comparator; NaN for other texts."""
    codes, distinct = pd.factorize(texts)
    found = [pd.to_numeric(one, errors="coerce") for one in distinct]
    return np.array([*found, np.nan], dtype=float)[codes]


def _factors(came: pd.Series, wanted: pd.Series) -> tuple[Floats, Mask]:
    """Return by what each original unit becomes the standard one, and where both are known and it never does.

    The factor is NaN where it is no arithmetic.
    """
    codes, pairs = distinct_pairs(came, wanted)
    found = [1.0 if unit_key(one) == unit_key(other) else unit_factor(one, other) for one, other in pairs]
    unlike = [
        factor is None and units_contradict(one, other) for factor, (one, other) in zip(found, pairs, strict=True)
    ]
    factors = np.array([np.nan if one is None else one for one in found] or [np.nan], dtype=float)[codes]
    return factors, np.array(unlike or [False], dtype=bool)[codes]
