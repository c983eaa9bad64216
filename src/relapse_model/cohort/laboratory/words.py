"""The words of laboratory reports, in English, Chinese and other languages: tables to read and to extend."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from itertools import product

ASCII_CASE = re.IGNORECASE | re.ASCII  # without ASCII, "İ" would match "i" and miss the table


def table(text: str) -> frozenset[str]:
    """Return the words of a text in which bars part them."""
    return frozenset(word.strip() for word in text.split("|"))


# ---- words: English ones are read in any case, their spaces stand for any run of spaces, "-" and "_" ----
_LIMITS = list(product(("<", "低于", "小于"), ("", "最低"), ("检测", "检出", "定量"), ("下限", "限", "限值", "低限")))

_NEGATIVE = table(
    """neg | negative | non reactive | not reactive | unreactive | nr | n.r
    | negativ | negatif | négatif | négative | negativo | negativa | nicht reaktiv | no reactivo | não reagente
    | non réactif | non réactive | non reattivo
    | 阴性 | 阴 | 无反应性 | 无反应 | 非反应性 | 陰性 | 無反應 | 無反應性"""
)

_UNDETECTED = table(
    """tnd | target not detected | not detected | none detected | not detectable | undetectable | undetected
    | nd | n.d | bdl | below lod | <lod | <llod | below detection limit | below the detection limit
    | below detectable limit | below limit of detection | below the limit of detection | below detection
    | below detectable | under detection limit | under the detection limit | below detectable range
    | unter nachweisgrenze | unter der nachweisgrenze | unterhalb der nachweisgrenze | unter nwg
    | nicht nachweisbar | nicht nachgewiesen | kein nachweis | n.n | n. n
    | no detectable | no detectado | indetectable | indétectable | non détecté
    | non détectable | não detectado | não detectável | indetectável | non rilevato | non rilevabile
    | 未检测到靶标 | 未检出靶标 | 靶标未检出 | 未检测到目标
    | 未檢出 | 未偵測到 | 検出せず | 検出されず | 未检出 | 未检测到 | 检测不到 | 检不出 | 未测出 | 未测到"""
) | {"".join(parts) for parts in _LIMITS if "定量" not in parts}

_UNQUANTIFIED = table(
    """<lloq | <loq | below lloq | below loq | blq | bloq | below quantification limit
    | below limit of quantification | below the limit of quantification
    | below lower limit of quantification | below the lower limit of quantification"""
) | {"".join(parts) for parts in _LIMITS if "定量" in parts}

_POSITIVE = table(
    """positive | pos | weak positive | weakly positive | low positive | strong positive | strongly positive
    | reactive | weakly reactive | strongly reactive | detected | target detected | detectable
    | positiv | positif | positivo | positiva | schwach positiv | stark positiv | reaktiv | reactivo | réactif
    | reagente | reattivo | nachweisbar | nachgewiesen | detectado | détecté | détectable | detectável | rilevato
    | rilevabile | 陽性 | 弱陽性 | 強陽性 | 有反應 | 檢出
    | not quantified | not quantifiable | >uloq | above uloq
    | 阳性 | 阳 | 弱阳性 | 弱阳 | 强阳性 | 有反应性 | 有反应 | 反应性 | 检出 | 已检出 | 检测到
    | 高于检测上限 | 大于检测上限 | >检测上限 | 超出检测上限 | 超过检测上限"""
)

_GREY = table(
    """grey zone | gray zone | equivocal | indeterminate | borderline | inconclusive
    | grenzwertig | zweifelhaft | dudoso | douteux | indeterminado | indéterminé
    | 灰区 | 灰區 | 可疑 | 可疑阳性 | 临界 | 临界值 | 不确定"""
)

_MISSING = table(
    """na | n/a | n.a | #n/a | <na> | nan | nat | null | none | qns | quantity not sufficient | not done
    | not tested | not performed | not available | not applicable | missing | pending | no result
    | hemolysed | hemolyzed | haemolysed | haemolyzed
    | nicht bestimmt | nicht durchgeführt | n.b | n. b | nicht beurteilbar
    | non fait | non dosé | non réalisé | no realizado | não realizado
    | 未做 | 未查 | 未检 | 未检测 | 未检查 | 未测 | 未送检 | 未采 | 未采血 | 标本溶血 | 样本溶血 | 溶血
    | 标本凝固 | 标本量不足 | 标本不足 | 样本不足 | 拒检 | 缺失 | 不详 | 无结果 | 待测"""
)

# "limit": the word names a limit, so that a number beside it may be the limit instead of the result
MEANINGS = (
    (_NEGATIVE, frozenset({"negative"})),
    (_UNDETECTED, frozenset({"negative", "limit"})),
    (_UNQUANTIFIED, frozenset({"limit"})),
    (_POSITIVE, frozenset({"positive"})),
    (_GREY, frozenset({"grey"})),
    (_MISSING, frozenset({"missing"})),
)

SIGNS = {
    **dict.fromkeys(("+", "++", "+++", "++++", "1+", "2+", "3+", "4+"), "positive"),
    **dict.fromkeys(("+-", "-+", "+/-", "-/+", "±"), "grey"),
    "-": "negative",  # in brackets only; a bare dash is the caller's decision
}

_COMPARATORS = {
    "<": table("less than | lower than | below | under | 小于 | 低于 | 少于"),
    "<=": table(
        """less than or equal to | no more than | not more than | at most | 小于等于 | 小于或等于
        | 低于或等于 | 不大于 | 不高于 | 不超过 | 至多"""
    ),
    ">": table("greater than | higher than | more than | above | over | 大于 | 高于 | 多于 | 超过"),
    ">=": table(
        """greater than or equal to | no less than | not less than | at least | 大于等于 | 大于或等于
        | 高于或等于 | 不小于 | 不低于 | 至少"""
    ),
}


def squeezed(word: str) -> str:
    """Return a word without case, spaces, dashes and underscores."""
    return re.sub(r"[\s_-]", "", word.casefold())


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern that matches any of the words, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(r"[\s_-]*".join(map(re.escape, word.split())) for word in ordered)


WORDS = {squeezed(word): meaning for words, meaning in MEANINGS for word in words}

_COMPARATOR_SPELLINGS = [word for words in _COMPARATORS.values() for word in words]

COMPARATOR_WORDS = {squeezed(word): sign for sign, words in _COMPARATORS.items() for word in words}

COMPARATOR_WORD = re.compile(rf"\A(?:{alternatives(_COMPARATOR_SPELLINGS)})", ASCII_CASE)


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
