"""What a number format adds to a number or text that a sheet shows: zeros, a per cent sign, words, a sign before it."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.spreadsheets.sheet import number_text

_SPACING = re.compile(r"_.|\*.|\[(?:\$[^\]]*|[A-Za-z]+\d*|h+|m+|s+)\]")  # widths, fillings, currencies, colours
_LITERAL = r'(?:"[^"]*"|\\.|[¥$€£()+<>=≤≥±~\s/:]|-)'
_DIGITS = r"(?:General|G/通用格式|[0#?](?:[0#?.,]*[0#?.])?(?:[eE][+-]?[0#?]+)?)"
_SIMPLE = re.compile(
    rf"(?P<before>{_LITERAL}*)(?P<digits>{_DIGITS})(?P<percent>%?)(?P<after>{_LITERAL}*)", re.IGNORECASE
)
_TEXT = re.compile(rf"(?P<before>{_LITERAL}*)@(?P<after>{_LITERAL}*)")
_ZEROS = re.compile(r"0{2,}")
_GROUPS = re.compile(r"(?<=[0#])(?:\\?[ \u00a0])(?=[0#]{3}(?![0#]))")  # a space that parts thousands
_BUILT_IN = {"9": "0%", "10": "0.00%"}  # the others of the standard add nothing to a number, or make a date of it


def built_in_format(number: str) -> str:
    """Return the format that the standard gives a number; the empty text where it adds nothing."""
    return _BUILT_IN.get(number, "")


def changes_a_number(code: str) -> bool:
    """Tell whether a number is shown with more than its digits under a format.

    Examples
    --------
    >>> [changes_a_number(code) for code in ("General", "0.00", "#,##0", "0%", '"<"0.00', "000000", "yyyy-mm-dd")]
    [False, False, False, True, True, True, False]
    """
    if re.search(r"[ymdhs]", re.sub(r"\[[^\]]*\]", "", _unquoted(code)), re.IGNORECASE):
        return False  # a date, which is no number
    return any(shown_number(number, code) != number_text(number) for number in (1234.5, -3.0, 0.0))


def shown_number(number: float, code: str) -> str | None:
    """Return a number as it is shown under a format, with all of its digits; None where that is not known.

    Rounding is not followed: a number keeps the digits that the cell holds.

    Parameters
    ----------
    number : float
    code : str
        A format of the workbook, such as ``"<"0.00``.

    Examples
    --------
    >>> shown_number(0.05, '"<"0.00'), shown_number(0.05, "0%"), shown_number(12, "000000"), shown_number(0.126, "0.00")
    ('<0.05', '5%', '000012', '0.126')
    >>> shown_number(34, '0"岁"'), shown_number(5, '[>100]"high";0') is None
    ('34岁', True)
    >>> shown_number(3, "0;-0;;@"), shown_number(0, "0;-0;;@")  # zeros are not shown
    ('3', None)
    """
    plain = [_GROUPS.sub(",", _SPACING.sub("", section).strip()) for section in _sections(code)]
    if len(plain) == 4 or (len(plain) > 1 and "@" in _unquoted(plain[-1])):
        plain = plain[:-1]  # the last is for texts
    if len(plain) == 1:
        return _in_section(number, plain[0], sign=True)
    if len(plain) > 3:
        return None
    place = 1 if number < 0 else 2 if number == 0 and len(plain) == 3 else 0
    return _in_section(abs(number), plain[place], sign=False, negative=number < 0)


def changes_a_text(code: str) -> bool:
    """Tell whether a text is shown otherwise than it stands under a format.

    Examples
    --------
    >>> [changes_a_text(code) for code in ("General", "@", "0.00", '"<"@', '0;0;0;"neg"', "0;0;0;")]
    [False, False, False, True, True, True]
    """
    return shown_text("x", code) != "x"


def shown_text(text: str, code: str) -> str | None:
    """Return a text as it is shown under a format; None where the format hides it, or what is shown is not known.

    Parameters
    ----------
    text : str
    code : str
        A format of the workbook, such as ``"<"@``: its fourth section, or one with ``@``, is for texts.

    Examples
    --------
    >>> shown_text("0.05", '"<"@'), shown_text("0.05", '0.0;-0.0;0;"＜"@'), shown_text("0.05", "0.00")
    ('<0.05', '＜0.05', '0.05')
    >>> shown_text("0.05", "0;0;0;") is None
    True
    """
    plain = [_SPACING.sub("", section).strip() for section in _sections(code)]
    if len(plain) < 4 and "@" not in _unquoted(plain[-1]):
        return text
    found = _TEXT.fullmatch(plain[-1])
    if found is None:
        return text if plain[-1].casefold() == "general" else None
    return f"{_words(found['before'])}{text}{_words(found['after'])}"


def _unquoted(section: str) -> str:
    return re.sub(r'"[^"]*"|\\.', "", section)


def _sections(code: str) -> list[str]:
    """Split a format at its semicolons, those between quotation marks apart."""
    return re.findall(r'(?:^|;)((?:"[^"]*"|\\.|[^;"])*)', code) if code else ["General"]


def _in_section(number: float, section: str, *, sign: bool, negative: bool = False) -> str | None:
    found = _SIMPLE.fullmatch(section)
    if section in ("", "@"):
        return number_text(number) if section == "@" else None
    if found is None:
        return "0" if number == 0 and re.fullmatch(r'"?-"?[?\s]*', section) else None
    before, after = _words(found["before"]), _words(found["after"])
    if number == 0 and before == "-":
        before = ""
    if negative and before not in ("-", "("):
        return None
    if negative and after in ("", ")"):
        before, after = "-", ""
    digits = number_text(number * 100 if found["percent"] else number)
    if _ZEROS.fullmatch(found["digits"]) and digits.lstrip("-").isdigit():
        digits = f"-{digits[1:].zfill(len(found['digits']))}" if number < 0 else digits.zfill(len(found["digits"]))
    minus = "" if not sign or number >= 0 else "-"
    return f"{before}{digits}{found['percent']}{after}" if not (before and minus) else None


def _words(text: str) -> str:
    return re.sub(r'"([^"]*)"|\\(.)', lambda part: part[1] or part[2] or "", text).strip()
