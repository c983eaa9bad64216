"""Deaths and what contradicts them: anything dated after one, a second one, one that is not serious."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relapse_model.arrays import Floats, Mask
from relapse_model.comparisons import at_or_before

_AFTER = {"labs": "week", "treatments": "start_week", "outcomes": "week", "adverse_events": "week"}
_ADVICE = "Correct the date, or the death (grade 5) in adverse_events"
_ADVICE_OUTCOMES = "Correct the date, or the death in the outcomes"
_DEATHS = frozenset({"death", "dead", "died", "deceased", "dies", "fatal", "mortality"})
_DEATHS_IN_CHINESE = ("死亡", "病死", "病故", "身故", "已故", "去世", "逝世")
_OTHERWISE = frozenset({"or", "and", "no", "not", "non", "before", "after", "near"})
_SEVERAL = re.compile("[/|&+或和与、未无非前后]")


@dataclass(frozen=True, slots=True, eq=False)
class Contradicted:
    """Rows of one table that contradict a death, or what is known of an event.

    Attributes
    ----------
    table, column : str
    rows : array of bool
    found, expected, advice : str
    counts : bool
        Whether the rows count nevertheless, and are listed only.
    """

    table: str
    rows: Mask
    column: str
    found: str
    expected: str
    advice: str = ""
    counts: bool = False


def _happened(outcomes: pd.DataFrame) -> Mask:
    """Tell which rows are events: that a patient is free of it may be known of a week after a death."""
    rows = np.zeros(len(outcomes), dtype=bool)
    if "relapse" in outcomes:
        rows |= outcomes["relapse"].isin([1]).to_numpy()
    if "event" in outcomes:
        rows |= outcomes["event"].isin(["relapse", "competing"]).to_numpy()
    return rows


def death_weeks(events: pd.DataFrame | None, patients: int) -> Floats:
    """Return the week of each patient's death (grade 5 of adverse_events); infinite without one.

    A death in an unknown week counts from week 0: nobody knows that it was later.

    Parameters
    ----------
    events : DataFrame or None
        The table of a cohort, as the gate has read it.
    patients : int

    Examples
    --------
    >>> rows = pd.DataFrame({"patient": [0, 2, 2], "grade": ["5", "3", "5"], "week": [20.0, 4.0, np.nan]})
    >>> death_weeks(rows, 3).tolist()
    [20.0, inf, 0.0]
    """
    weeks = np.full(patients, np.inf)
    if events is None or "grade" not in events:
        return weeks
    dead = events[events["grade"].isin(["5"])]
    week = dead["week"].to_numpy(dtype=float) if "week" in dead else np.zeros(len(dead))
    np.minimum.at(weeks, dead["patient"].to_numpy(dtype=np.intp), np.nan_to_num(week, nan=0.0))
    return weeks


def names_a_death(name: str) -> bool:
    """Tell whether the name of an event says that the patient died; a name of several events does not.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> [names_a_death(name) for name in ("Death", "liver-related death", "肝病死亡", "death or transplant", "moved")]
    [True, True, True, False, False]
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    words = frozenset(re.findall(r"[^\W\d_]+", plain))
    if words & _OTHERWISE or _SEVERAL.search(plain):
        return False
    return bool(words & _DEATHS) or any(one in plain for one in _DEATHS_IN_CHINESE)


def contradicted(
    tables: Mapping[str, pd.DataFrame], ids: Mapping[str, pd.Series], outcome: str = ""
) -> Iterator[Contradicted]:
    """Yield the rows that contradict a death, and those of events of which it is not said whether they were serious.

    Deaths are adverse events of grade 5, and outcomes: competing events whose name says so, or the outcome of the
    study where that is death.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As the gate has read them.
    ids : mapping of str to Series
        Whose each row is.
    outcome : str
        What the study calls its outcome.
    """
    if "adverse_events" in tables:
        yield from _of_adverse_events(tables, ids, tables["adverse_events"])
    if "outcomes" in tables:
        yield from _of_outcomes(tables, ids, tables["outcomes"], outcome)


def _of_outcomes(
    tables: Mapping[str, pd.DataFrame], ids: Mapping[str, pd.Series], outcomes: pd.DataFrame, outcome: str
) -> Iterator[Contradicted]:
    """Yield what is dated after a death that the outcomes tell, and the row of that death itself."""
    if "week" not in outcomes:
        return
    dead = np.zeros(len(outcomes), dtype=bool)
    if {"event", "competing_event"} <= set(outcomes):
        codes, names = pd.factorize(outcomes["competing_event"])
        fatal = np.array([*(names_a_death(str(name)) for name in names), False], dtype=bool)
        dead |= fatal[codes] & (outcomes["event"] == "competing").to_numpy(dtype=bool)
    if names_a_death(outcome) and "relapse" in outcomes:
        dead |= outcomes["relapse"].isin([1]).to_numpy()
    key, week = ids["outcomes"].to_numpy(dtype=object), outcomes["week"].to_numpy(dtype=float)
    dead &= ~np.isnan(week) & (key != "")
    if not dead.any():
        return
    yield Contradicted("outcomes", dead & ~np.asarray(at_or_before(0.0, week)), "week", "a death before enrolment",
                       "on the day of enrolment, or after it", "Correct one of the two dates")  # fmt: skip
    death = pd.Series(week[dead]).groupby(key[dead]).min()
    lived_on: set[str] = set()
    for name, column in _AFTER.items():
        if name != "outcomes" and name in tables and column in tables[name]:
            after = _after(tables[name], column, ids[name], death)
            lived_on |= set(ids[name][after])
            yield Contradicted(name, after, column, "after the patient's death (outcomes)",
                               "on the day of the death, or before", _ADVICE_OUTCOMES)  # fmt: skip
    contradicts = dead & np.isin(key, list(lived_on))
    yield Contradicted("outcomes", contradicts, "week", "a death, and rows of the patient dated after it",
                       "nothing after a death", "Correct the date, or those rows")  # fmt: skip


def _after(table: pd.DataFrame, column: str, own: pd.Series, death: pd.Series) -> Mask:
    """Tell which rows are dated after the death of the patient whose they are."""
    at, died = table[column].to_numpy(dtype=float), own.map(death).to_numpy(dtype=float)
    found: Mask = ~np.isnan(died) & ~np.isnan(at) & ~np.asarray(at_or_before(at, died))
    return found


def _of_adverse_events(
    tables: Mapping[str, pd.DataFrame], ids: Mapping[str, pd.Series], events: pd.DataFrame
) -> Iterator[Contradicted]:
    dead = events["grade"].isin(["5"]).to_numpy() if "grade" in events else np.zeros(len(events), dtype=bool)
    if "serious" in events:
        light = dead & events["serious"].isin([0]).to_numpy()
        yield Contradicted("adverse_events", light, "serious", "0, of grade 5 (death)", "1",
                           "A death is serious by definition: correct one of the two")  # fmt: skip
        unsaid = events["serious"].isna().to_numpy()
        yield Contradicted("adverse_events", unsaid & dead, "serious", "blank, of grade 5 (death)",
                           "1: a death counts as serious", counts=True)  # fmt: skip
        yield Contradicted("adverse_events", unsaid & ~dead, "serious", "blank", "0 or 1: it is not known, and counts "
                           "neither as serious nor as not", counts=True)  # fmt: skip
    if "week" not in events:
        return
    key = ids["adverse_events"].to_numpy(dtype=object)
    week = events["week"].to_numpy(dtype=float)
    known = dead & ~np.isnan(week) & (key != "")
    if not known.any():
        return
    death = pd.Series(week[known]).groupby(key[known]).min()
    for name, column in _AFTER.items():
        if name in tables and column in tables[name]:
            after = _after(tables[name], column, ids[name], death)
            if name == "outcomes":
                after &= _happened(tables[name])
            second = after & dead if name == "adverse_events" else np.zeros(len(after), dtype=bool)
            yield Contradicted(name, second, column, "a second death (grade 5) of one patient, on a later day",
                               "one death", _ADVICE)  # fmt: skip
            yield Contradicted(name, after & ~second, column, "after the patient's death (grade 5)",
                               "on the day of the death, or before", _ADVICE)  # fmt: skip
    first = pd.Series(known) & pd.Series(key).where(known, "").duplicated().to_numpy()
    same_day = first.to_numpy() & np.asarray(at_or_before(week, pd.Series(key).map(death).to_numpy(dtype=float)))
    yield Contradicted("adverse_events", same_day, "grade", "a second event of grade 5 on the day of the death",
                       "one death: the patient counts once, each event as one", counts=True)  # fmt: skip
