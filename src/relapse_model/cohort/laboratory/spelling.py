"""The many spellings in which laboratories print the same characters, made one."""

from __future__ import annotations

import html
import re
import unicodedata

_SUPERSCRIPT = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")

_SUPERSCRIPT_DIGITS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")

_SPELLINGS = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−⁃─━\u00ad", "-"),
        **dict.fromkeys("〈《‹«", "<"),
        **dict.fromkeys("〉》›»", ">"),
        **dict.fromkeys("≤≦⩽≯", "<="),
        **dict.fromkeys("≥≧⩾≮", ">="),
        **dict.fromkeys("×✕✖╳·∙⋅∗", "*"),
        **dict.fromkeys("⬆▲⇑", "↑"),
        **dict.fromkeys("⬇▼⇓", "↓"),
        **dict.fromkeys("【〔", "("),
        **dict.fromkeys("】〕", ")"),
        **dict.fromkeys("\"'`“”‘’\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None),
    }
)


def tidied(text: str) -> str:
    """Return the text in one spelling: plain characters, single spaces, ``^`` before every power.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> tidied("＜2.0×10³  IU / mL")
    '<2.0*10^3 IU/mL'
    """
    text = re.sub(r"<sup>([^<]*)</sup>", r"^\1 ", html.unescape(text))
    # the blank after a power keeps "10³5" from becoming 10^35
    text = _SUPERSCRIPT.sub(lambda match: f"^{match[0].translate(_SUPERSCRIPT_DIGITS)} ", text)
    text = re.sub(r"(lo?g)(?:₁₀|\s?[(（]10[)）])", r"\g<1>10", text, flags=re.IGNORECASE)
    text = unicodedata.normalize("NFKC", "".join(map(_undisguised, text))).translate(_SPELLINGS)
    text = re.sub(r"([<>]) ?=|= ?([<>])", r"\1\2=", " ".join(text.split()))
    return re.sub(r"[.,;:。、]$", "", re.sub(r" ?/ ?", "/", text)).strip()


def _undisguised(char: str) -> str:
    # NFKC makes "5²" 52, "5①" 51 and "½" 1/2: only true digits (full-width too) may become digits
    if char.isascii() or unicodedata.category(char) == "Nd":
        return char
    return "\ufffd" if any(c in "0123456789" for c in unicodedata.normalize("NFKC", char)) else char
