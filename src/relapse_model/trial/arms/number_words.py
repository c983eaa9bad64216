"""A number with what it counts, in words."""

from __future__ import annotations


def number_of(count: int, one: str, several: str = "") -> str:
    """Return a count with its noun, in the singular for 1.

    Parameters
    ----------
    count : int
    one, several : str
        The noun; the plural adds an s by default.

    Examples
    --------
    >>> number_of(1, "patient"), number_of(0, "patient"), number_of(2, "patient was", "patients were")
    ('1 patient', '0 patients', '2 patients were')
    """
    return f"{count} {one if count == 1 else several or f'{one}s'}"


def week_number(week: float) -> str:
    """Return a week for a sentence: to one decimal, and a whole one without.

    Parameters
    ----------
    week : float

    Examples
    --------
    >>> week_number(0.0), week_number(22.571), week_number(-0.04)
    ('0', '22.6', '0')
    """
    return f"{round(week, 1) + 0.0:g}"


def weeks_of(number: float) -> str:
    """Return a number of weeks, in the singular for 1.

    Parameters
    ----------
    number : float

    Examples
    --------
    >>> weeks_of(4.0), weeks_of(1.0), weeks_of(0.5)
    ('4 weeks', '1 week', '0.5 weeks')
    """
    return f"{number:g} week{'' if number == 1 else 's'}"
