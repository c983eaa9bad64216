"""Times of FHIR as the hospital's own days: by the offset as it was written, or by a zone that is stated."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from functools import cache
from zoneinfo import ZoneInfo

from relapse_model.cohort.readers.fhir.elements import Json, NotFhirError, object_in, text_in
from relapse_model.cohort.readers.source_dates import Partial, iso_date

_TIME = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?)?)?")
_DAY = len("2024-03-02")
_MINUTES = 24 * 60
_SUMMER = 60  # minutes that a summer time is ahead
EXPECTED = "a date or a time as FHIR writes them (2024-03-02, 2024-03-02T08:30:00+08:00)"
EXPECTED_DAY = f'{EXPECTED} with its day; or partial = "middle" under [time]'


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def is_greenwich(text: str) -> bool:
    """Tell whether a time is one of Greenwich, as servers write it that keep no local times."""
    return "T" in text and text.endswith(("Z", "+00:00", "-00:00"))


def clock_of(text: str) -> tuple[str, str]:
    """Return the offset of a time and its hours and minutes, as written; empty where it has none.

    Examples
    --------
    >>> clock_of("2024-03-02T23:30:00+08:00"), clock_of("2024-03-02T23:30:00Z"), clock_of("2024-03-02")
    (('+08:00', '23:30'), ('+00:00', '23:30'), ('', ''))
    """
    found = _TIME.fullmatch(text)
    if found is None or not found[2]:
        return "", ""
    return "+00:00" if found[2] in ("Z", "-00:00") else found[2], found[1][:5]


def on_another_day(clocks: Mapping[tuple[str, str], int]) -> int:
    """Return how many times would be of another day by one of the other offsets that were met.

    Parameters
    ----------
    clocks : mapping of tuple of str to int
        How often each offset and time of day were met, as of `clock_of`.

    Examples
    --------
    >>> on_another_day({("+08:00", "23:30"): 2, ("+08:00", "12:00"): 5, ("+09:00", "12:00"): 1})
    2
    """
    shift = {offset: _minutes(offset[1:]) * (-1 if offset[0] == "-" else 1) for offset, _ in clocks}
    ends = min(shift.values(), default=0), max(shift.values(), default=0)
    return sum(
        count
        for (offset, clock), count in clocks.items()
        if any(not 0 <= _minutes(clock) + end - shift[offset] < _MINUTES for end in ends)
    )


def greenwich_beside(clocks: Mapping[tuple[str, str], int]) -> tuple[int, str]:
    """Return how many times in UTC would be of another day by an offset that is no summer time of it; and that offset.

    Servers that keep no local times write those in UTC: beside times of a hospital elsewhere their day is another one.

    Parameters
    ----------
    clocks : mapping of tuple of str to int
        As for `on_another_day`.

    Examples
    --------
    >>> greenwich_beside({("+00:00", "23:30"): 2, ("+00:00", "12:00"): 5, ("+08:00", "12:00"): 1})
    (2, '+08:00')
    >>> greenwich_beside({("+00:00", "23:30"): 2, ("+01:00", "12:00"): 5})
    (0, '')
    """
    far = sorted({offset for offset, _ in clocks if offset and _minutes(offset[1:]) > _SUMMER})
    utc = {one: count for one, count in clocks.items() if one[0] == "+00:00"}
    each = {offset: on_another_day(utc | {(offset, "12:00"): 0}) for offset in far}
    most = max(each, key=lambda offset: each[offset], default="")
    return (each[most], most) if most and each[most] else (0, "")


def _minutes(clock: str) -> int:
    return 60 * int(clock[:2]) + int(clock[3:])


def local_time(text: str, zone: str = "", partial: Partial = "refuse") -> str | None:
    """Return a FHIR date or time as ``YYYY-MM-DD`` with the time of day where there is one; None where it is none.

    The day is that of the offset as written, which is the day of the hospital that wrote it; or that of `zone`.

    Parameters
    ----------
    text : str
    zone : str
        Of the IANA database; empty: as written.
    partial : {"refuse", "middle"}
        What becomes of a month without a day.

    Examples
    --------
    >>> local_time("2024-03-02T23:30:00+08:00"), local_time("2024-03-02T23:30:00Z", "Asia/Shanghai")
    ('2024-03-02 23:30:00', '2024-03-03 07:30:00')
    >>> local_time("2024-03"), local_time("2024-03", partial="middle"), local_time("2.3.2024")
    (None, '2024-03-15', None)
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    if zone and found[2]:
        try:
            moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
            return moment.astimezone(_zone(zone)).strftime("%Y-%m-%d %H:%M:%S")
        except (ValueError, OverflowError):
            return None
    return iso_date(text[: found.start(2)] if found[2] else text, "ymd", partial)


def issued_before(resource: Json, moment: str) -> bool:
    """Tell whether a result was issued before the day it is of; a day less, since offsets may differ.

    Parameters
    ----------
    resource : dict
    moment : str
        The start of what the result is of.

    Examples
    --------
    >>> issued_before({"issued": "2024-03-01T08:00:00Z"}, "2024-03-08"), issued_before({}, "2024-03-08")
    (True, False)
    """
    issued = resource.get("issued")
    return isinstance(issued, str) and issued[:_DAY] < moment[:_DAY] and _days_apart(issued, moment) > 1


def _days_apart(one: str, other: str) -> int:
    """Return the days from one to the other as they are written; 0 where a day is not known."""
    try:
        first, second = (datetime.date.fromisoformat(text[:_DAY]) for text in (one, other))
    except ValueError:
        return 0
    return (second - first).days


def time_in(resource: Json, names: tuple[str, ...]) -> tuple[str, str, str]:
    """Return the element of a resource's time, with its start and end as printed; all empty where there is none.

    A moment is its own end. Of a period, each may be empty.

    Parameters
    ----------
    resource : dict
    names : tuple of str
        Elements; no resource has more than one.

    Examples
    --------
    >>> time_in({"effectivePeriod": {"start": "2024-03-01"}}, ("effectiveDateTime", "effectivePeriod"))
    ('effectivePeriod', '2024-03-01', '')
    """
    there = [name for name in names if name in resource]
    if len(there) > 1:
        raise NotFhirError(there[1], f"{' and '.join(there)}", "one of them")
    if not there:
        return "", "", ""
    name = there[0]
    if name.endswith("eriod"):
        period = object_in(resource, name) or {}
        start, end = text_in(period, "start"), text_in(period, "end")
        if start and end and end[:_DAY] < start[:_DAY] and _days_apart(end, start) > 1:
            raise NotFhirError(name, "a period that ends before it begins", "an end after the start")
        return name, start, end
    moment = text_in(resource, name)
    return name, moment, moment
