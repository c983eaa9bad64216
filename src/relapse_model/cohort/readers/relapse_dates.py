"""A column of the day of relapse that the mapping does not read, held against the day that it reads for the outcome."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relapse_model.arrays import Mask
from relapse_model.cohort.gate_tables import FIRST_ROW
from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.comparisons import DAYS_PER_WEEK
from relapse_model.errors import Problem
from relapse_model.study.names import yes_or_no

_RELAPSE = re.compile(
    r"relaps(?:e(?:d(?!a)|s)?)?|recurren(?:ces?|t)?|rezidiv(?:e?s|e)?|r(?:ü|ue)ckf(?:a|ä|ae)ll(?:e?s|e)?|r[eé]cidiv(?:es?|as?)"
    r"|rechutes?|reca[ií]das?|(?<![a-z])(?:sero-?)?reversions?|re-?appearances?|复发|復發|复阳|復陽|转阳|轉陽|阳转|陽轉|再现|再阳"
)  # without what is compounded with it: "Rezidivdatum"
_DATE = re.compile(
    r"(?<![a-z])(?:dates?|dat|dt|day|time|datum|tag|zeitpunkt|on|fecha|data)(?![a-z])|日期|时间|時間|日(?!期)"
)
_MORE = re.compile(
    r"(?<![a-z])(?:of|the|if|yes|any|hbsag|hbv|virological|virologic|serological|first|1st|confirmed|confirmation|documented"
    r"|detected|onset|der|des|de|die|du|del|la|d{1,2}|m{1,2}|y{2,4}|t{2}|j{2,4}|dmy|ymd|mdy)(?![a-z])"
    r"|首次|第一次|确认|確認|确诊|出现|出現|发生|發生|发现|發現|血清学|病毒学|表面抗原|乙肝|的|年月(?!\w)"
)
ADVICE = (
    "The day of a relapse is the day at which it was found, not that of the last contact: put both into one column of "
    "a copy (the day of relapse, and of those without one the last contact), and name it as date of [outcome]"
)


def is_relapse_date(called: Iterable[str]) -> bool:
    """Tell whether a column is called the day of the relapse, by its name or its label, and nothing else.

    Examples
    --------
    >>> [is_relapse_date([name]) for name in ("Relapse date", "date_of_relapse", "复发日期", "Relapse", "Visit date")]
    [True, True, True, False, False]
    >>> [is_relapse_date([name]) for name in ("Rezidivdatum", "HBsAg reversion date", "Date of visit before relapse")]
    [True, True, False]
    """
    for one in called:
        plain = plain_words(one)
        bare, events = _RELAPSE.subn(" ", plain)
        rest, dates = _DATE.subn(" ", bare)
        if events and dates and not re.search(r"\w", _MORE.sub(" ", rest)):
            return True
    return False


def is_relapse(name: str) -> bool:
    """Tell whether a column is called whether there was a relapse, and nothing else.

    Examples
    --------
    >>> [is_relapse(name) for name in ("Relapse", "HBsAg recurrence (yes/no)", "是否复发", "Relapse date", "Relapse 2")]
    [True, True, True, False, False]
    """
    bare, events = _RELAPSE.subn(" ", plain_words(name))
    rest = re.sub(
        r"(?<![a-z])(?:no|y|n|ja|nein|oui|non|sí|occurred|status)(?![a-z])|是否|有无|[是否有无]|[01]", " ", bare
    )
    return bool(events) and not re.search(r"\w", _MORE.sub(" ", rest))


def other_relapse_days(
    made: Mapping[str, MadeTable], column: str, keys: pd.Series, days: pd.Series
) -> tuple[list[Problem], int]:
    """Return a problem for each outcome whose day is not that of a column of days of relapse; and how many have none.

    Parameters
    ----------
    made : mapping of str to MadeTable
        With ``"outcomes"``.
    column : str
        What the column is called.
    keys, days : Series
        Of its rows: the patients' keys, and dates as YYYY-MM-DD, empty where there is none.

    Returns
    -------
    list of Problem
    int
        Patients with a day of relapse and without an outcome.
    """
    rows = made["outcomes"].rows.astype(str)
    filled = days.to_numpy() != ""
    said = pd.Series(days.to_numpy()[filled], index=keys.to_numpy()[filled]).str.slice(0, 10)
    said = said[~said.index.duplicated()]
    own = identifier_keys(rows["patient_id"])
    known = own.map(said).astype(object).fillna("").to_numpy(dtype=object)
    told = _relapsed(rows)
    problems = list(_problems(made, column, own, known, told))
    return problems, int((~pd.Series(said.index).isin(own[told.notna().to_numpy()])).sum())


def _relapsed(rows: pd.DataFrame) -> pd.Series:
    """Return whether each outcome is a relapse; nothing where it is not known."""
    if "event" in rows:
        events = rows["event"].str.strip().str.casefold()
        return events.map(lambda text: None if not text else text == "relapse").astype(object)
    return rows["relapse"].map(lambda text: yes_or_no(text.strip())).astype(object)


def _problems(
    made: Mapping[str, MadeTable], column: str, keys: pd.Series, known: NDArray[np.object_], told: pd.Series
) -> Iterator[Problem]:
    table = made["outcomes"]
    key = next((one for one in ("date", "day", "week") if one in table.rows), "")
    bare = _without_time(table.rows)
    far = bare | _far(made, key, keys, known)
    for row in np.flatnonzero(known != "").tolist():
        relapsed = told.iloc[row]
        if relapsed is None or (relapsed and not far[row]):
            continue
        said = "no relapse" if not relapsed else f"no {key}" if bare[row] else repr(table.rows[key].iloc[row])
        found = f"{said}, and {known[row]!r} in {column!r}"
        expected = "the day of the relapse" if relapsed else "no day of relapse, or a relapse"
        at = key if relapsed else "event" if "event" in table.rows else "relapse"
        advice = ADVICE if relapsed else "Correct the one that is wrong"
        problem = Problem("outcomes", row + FIRST_ROW, at, found, expected, advice, str(keys.iloc[row]))
        yield table.place(problem)


def _without_time(rows: pd.DataFrame) -> Mask:
    """Tell which outcomes are of no day and no week."""
    keys = [one for one in ("date", "day", "week") if one in rows]
    bare: Mask = (rows[keys].astype(str).apply(lambda texts: texts.str.strip()) == "").all(axis=1).to_numpy(dtype=bool)
    return bare


def _far(made: Mapping[str, MadeTable], key: str, keys: pd.Series, known: NDArray[np.object_]) -> Mask:
    """Tell which outcomes are of another day than the one that is known of the relapse; of weeks, by more than one."""
    texts = made["outcomes"].rows[key].astype(str)
    if key == "date":
        differs: Mask = (texts.str.slice(0, 10).to_numpy() != known) & (texts != "").to_numpy()
        return differs
    patients = made["patients"].rows
    if "enrolment_date" not in patients:
        return np.zeros(len(texts), dtype=bool)
    start = pd.Series(patients["enrolment_date"].astype(str).to_numpy(), index=identifier_keys(patients["patient_id"]))
    since = pd.to_datetime(pd.Series(known), errors="coerce") - pd.to_datetime(
        keys.map(start[~start.index.duplicated()]), errors="coerce"
    ).reset_index(drop=True)
    days = (since / np.timedelta64(1, "D")).to_numpy(dtype=float)
    told = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float) * (DAYS_PER_WEEK if key == "week" else 1)
    far: Mask = np.abs(days - told) > DAYS_PER_WEEK
    return far


def without_outcome(table: str, column: str, count: int) -> list[str]:
    """Return a note on patients with a day of relapse of whom the outcome is not told; none where there are none.

    Parameters
    ----------
    table, column : str
    count : int
    """
    if not count:
        return []
    return [f"{table}, {column}: {count:,} patients have a day of relapse there, and [outcome] tells nothing of them"]
