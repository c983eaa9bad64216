"""A number with what it counts, in words."""

from __future__ import annotations

from math import exp


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


def out_of(part: int, whole: int, noun: str = "") -> str:
    """Return how many of how many: "all 13" where it is all of them, "none of 13" where it is nobody.

    Parameters
    ----------
    part, whole : int
    noun : str
        After the last number, in the plural.

    Examples
    --------
    >>> out_of(2, 13), out_of(13, 13, "patients"), out_of(0, 13), out_of(0, 0)
    ('2 of 13', 'all 13 patients', 'none of 13', '0 of 0')
    """
    counted = "all" if part == whole > 1 else "none of" if whole and not part else f"{part} of"
    return f"{counted} {whole} {noun}".rstrip()


def odds_factor(delta: float) -> str:
    """Return by what odds are multiplied for a shift on the log-odds: two digits, whatever its size.

    Parameters
    ----------
    delta : float

    Examples
    --------
    >>> odds_factor(1.0), odds_factor(3.0), odds_factor(10.0), odds_factor(-3.0)
    ('2.7', '20', '22,000', '0.05')
    """
    return f"{float(f'{exp(delta):.2g}'):,.10g}"


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
