"""English pages in another language: every text of a page is looked up among the sentences that the library says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from html import escape, unescape
from importlib.resources import files

from relapse_model.features.clinical_units import predictor_title
from relapse_model.report.language import known_language, spaced
from relapse_model.report.page_texts import in_texts
from relapse_model.report.translated_labels import translated_label
from relapse_model.study.study import Study

_HOLE = re.compile(r"\{([a-z]\d*)\}")
_NUMBER = r"[<>]?[\u2212+-]?\d[\d,.]*(?: ?%)?|\.\d+"
_SENTENCE = re.compile(r"(?<=[.?]) (?=[A-Z\"0-9])")
_FEW_LETTERS = 12
_LISTS = (("; ", "；"), (", ", "、"), (" or ", "或"), (" x ", " × "))
_COUNTED = re.compile(r"(\S.*?)\s*\((n = [\d,]+)\)")
_SHORTENED = re.compile(r"(.+?) ?\.\.\.(.*)")
_WORDS = re.compile(r"[A-Za-z]*[a-z]{2}[A-Za-z]*")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_ALREADY = re.compile(r".*[\u3400-\u9fff][^A-Za-z]*。", re.DOTALL)  # said in the language by the page itself
_INLINE = r"</?(?:a|code|em|small|span|strong)\b[^>]*>"
_BLANK = re.compile(rf"([，。：；？！）、])((?:{_INLINE})*)\s+(?=(?:{_INLINE})*[^\s<])")  # such a sign has its own room
_BLANK_BEFORE = re.compile(rf"(?<=[^\s>])((?:{_INLINE})*)[ \n]+(?=[，。：；？！）、])")
_SHOWN_ATTRIBUTES = re.compile(r'(?<= )(aria-label|data-label)="([^"]*)"')
_MARKUP = re.compile(r"(\*\*|(?<!\\)\||^#+ |^- |`[^`]*`)")

Translate = Callable[[str], str | None]


def translation(study: Study, language: str) -> Translate:
    """Return a function from an English text to the same in a language, or None where it is not known.

    Names that the study gives in the language (``label_zh``) are used; other names stay as they are.

    Parameters
    ----------
    study : Study
    language : {"zh"}

    Examples
    --------
    >>> import relapse_model as rm
    >>> said = translation(rm.load_study("hbsag-relapse"), "zh")
    >>> said("15 % (10 to 21)")
    '15 % (10 至 21)'
    >>> said("a sentence of nobody") is None
    True
    """
    known_language(language)
    names = names_of(study)

    @cache
    def said(text: str) -> str | None:
        found = _said(" ".join(text.split()), names)
        return None if found is None else spaced(found)

    return said


def names_of(study: Study) -> dict[str, str]:
    """Return what a study calls its outcome, predictors and analytes, by what it calls them in English.

    Empty where the study has no Chinese name: then it stays as it is.

    Parameters
    ----------
    study : Study
    """
    analytes, predictors = list(study.analytes.values()), study.predictors
    labelled = [(one.label, one.label_zh) for one in analytes]
    labelled += [(one.label, one.label_zh) for one in predictors] + [(one.label, one.label_zh) for one in study.terms]
    labelled += [(one.label, one.label_zh) for one in study.agents.values()]
    labelled += [(one.text, one.text_zh) for one in (*study.eligibility.include, *study.eligibility.exclude)]
    named = {label: chinese for label, chinese in labelled if chinese}
    if study.heading_zh:
        named[study.heading] = study.heading_zh
    if study.outcome.label_zh:
        named[study.outcome.name] = study.outcome.label_zh
    titles = {
        predictor_title(one): predictor_title(one).replace(one.label, named[one.label])
        for one in study.predictors
        if one.label in named
    }
    with_units = {title: _units(words) for title, words in titles.items()}
    units = [one.unit for one in analytes] + [one.unit for one in predictors]
    own = (
        [*units, *(f"log10 {unit}" for unit in units)]
        + [label for label, _ in labelled]
        + [predictor_title(one) for one in study.predictors]
        + [study.outcome.name]
    )
    for one in study.predictors:
        others = one.others if isinstance(one.others, tuple) else ()
        own += [*one.levels, *others, *one.agents, *([one.equals] if one.equals else [])]
    return {
        **dict.fromkeys(own, ""),
        **{name[:1].upper() + name[1:]: words for name, words in named.items()},
        **with_units,
        **named,
    }


def translated_page(page: str, study: Study, language: str) -> str:
    """Return a page whose texts are in another language; what is not known stays English, and is marked so.

    Parameters
    ----------
    page : str
        As `relapse_model.report.page.render` returns it.
    study : Study
    language : {"zh"}
    """
    said = translation(study, language)
    page = re.sub(
        r'<g id="[^"]*text_\d+">.*?</g>', lambda found: translated_label(found[0], said), page, flags=re.DOTALL
    )
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    inside = {"svg": 0}

    def change(text: str) -> str:
        done = _ALREADY.match(text)
        first = done[0] if done else ""
        rest = text[len(first) :]
        return text if not rest.strip() else first + _in_page(rest, said, marked=not inside["svg"])

    def opened(tag: str) -> None:
        inside["svg"] += (tag.startswith("<svg") or tag == "<title>") - (tag in ("</svg>", "</title>"))

    page = _BLANK_BEFORE.sub(r"\1", _BLANK.sub(r"\1\2", in_texts(page, change, opened)))
    page = _SHOWN_ATTRIBUTES.sub(lambda found: f'{found[1]}="{_attribute(found[2], said)}"', page)
    if title:
        kind, _, rest = unescape(title[1]).partition(": ")
        page = re.sub(
            r"<title>.*?</title>",
            lambda _: f"<title>{escape(f'{said(kind) or kind}：{said(rest) or rest}')}</title>",
            page,
        )
    return page.replace('<html lang="en">', '<html lang="zh-CN">', 1)


def translated_card(card: str, study: Study, language: str) -> str:
    """Return a model card, which is Markdown, in another language; what is not known stays English.

    Parameters
    ----------
    card : str
    study : Study
    language : {"zh"}
    """
    said = translation(study, language)
    lines = []
    for line in card.split("\n"):
        parts = _MARKUP.split(line)
        lines.append("".join(part if place % 2 else _in_card(part, said) for place, part in enumerate(parts)))
    return "\n".join(lines)


@cache
def sentences() -> dict[str, str]:
    """Return every sentence, English to Chinese."""
    text = files(__name__.rpartition(".")[0]).joinpath("sentences.toml").read_text(encoding="utf-8")
    return {english: chinese for part in tomllib.loads(text).values() for english, chinese in part.items()}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], bool, str], ...]:
    """Return the sentences that have holes, and whether their own words are few: then what fills them must be known.

    Those with most words stand first, so that the closest fit is taken.
    """
    holed = [one for one in sentences().items() if _HOLE.search(one[0])]
    holed.sort(key=lambda one: -len(_HOLE.sub("", one[0])))
    few = [len(re.findall("[A-Za-z]", _HOLE.sub("", english))) < _FEW_LETTERS for english, _ in holed]
    return tuple(
        (re.compile(_pattern(english, so)), so, chinese) for (english, chinese), so in zip(holed, few, strict=True)
    )


def _pattern(english: str, few: bool) -> str:
    parts = _HOLE.split(english)
    return "".join(
        re.escape(part) if place % 2 == 0
        else f"(?P<{part}>{_NUMBER})" if part.startswith("n")
        else rf"(?P<{part}>(?:(?!: |[.?] [A-Z]).)+?)" if place == 1 and not (parts[0] or few)  # its subject
        else rf"(?P<{part}>(?:(?![.?] [A-Z]).)+?)"
        for place, part in enumerate(parts)
    )  # fmt: skip


def _said(text: str, names: Mapping[str, str]) -> str | None:
    whole = _whole(text, names)
    if whole is not None:
        return whole
    for separator, joined in ((_SENTENCE, ""), (re.compile("; "), "；")):
        parts = separator.split(text)
        if len(parts) > 1:
            found = [_said(part, names) for part in parts]
            if all(part is not None for part in found):
                return joined.join(part for part in found if part is not None)
    before, comma, after = text.rpartition(", ")
    first, second = (_whole(part, names) for part in (before, after)) if comma else (None, None)
    if first is not None and second is not None:
        return f"{first}，{second}"
    if text.endswith("."):
        bare = _whole(text[:-1], names)
        return None if bare is None else f"{bare}。"
    bare = _whole(f"{text}.", names)
    return None if bare is None else bare.removesuffix("。")


def _whole(text: str, names: Mapping[str, str]) -> str | None:
    """Return a text that is one known sentence, or a name, or that is the same in every language."""
    known = names.get(text) or sentences().get(text) or sentences().get(text[:1].lower() + text[1:])
    counted = _COUNTED.fullmatch(text)
    if counted:
        return f"{_whole(counted[1], names) or counted[1]}（{counted[2]}）"
    if known is not None or _is_data(text):
        return known or text
    shortened = _SHORTENED.fullmatch(text)
    if shortened:
        full = {
            words for name, words in names.items() if words and name.startswith(shortened[1]) and not name.endswith(")")
        }
        if len(full) == 1:
            return full.pop() + (_units(shortened[2]))
    for pattern, few, chinese in _patterns():
        found = pattern.fullmatch(text)
        if found:
            parts = {name: _part(value, names, few) for name, value in found.groupdict().items()}
            if few and None in parts.values():
                continue
            filled = {name: _or_own(parts[name], value) for name, value in found.groupdict().items()}
            return _filled(chinese, filled)
    return text if text in names else None


def _part(value: str, names: Mapping[str, str], every: bool) -> str | None:
    """Return what fills a hole, a list by its parts; None where no part of it is known, or not every one."""
    whole = _said(value, names)
    if whole is not None or re.fullmatch(r"'[^']*'", value):
        return whole or value
    for separator, joined in _LISTS:
        if separator in value:
            parts = value.split(separator)
            found = [_part(part, names, every) for part in parts]
            if (all if every else any)(found):
                return joined.join(map(_or_own, found, parts))
    return None


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _HOLE.sub(lambda hole: values[hole[1]], text)


def _or_own(found: str | None, own: str) -> str:
    return own if found is None else found


def _units(words: str) -> str:
    words = words.replace(" (weeks)", "（周）").replace(" (years)", "（岁）")
    return re.sub(r" ?\(([^()]*(?:\([^()]*\))?[^()]*)\)$", r"（\1）", words)


def _is_data(text: str) -> bool:
    return _WORDS.search(re.sub(r"doi:\S+", "", text)) is None or _CHINESE.search(text) is not None


def _in_page(text: str, said: Translate, *, marked: bool) -> str:
    """Return a text of a page with the blanks around it; what is not known is marked as English outside of figures."""
    bare = text.strip()
    found = said(unescape(bare))
    if found is None:
        return text.replace(bare, f'<span lang="en">{bare}</span>') if marked else text
    return text.replace(bare, escape(found, quote=False))


def _attribute(text: str, said: Translate) -> str:
    return escape(said(unescape(text)) or unescape(text))


def _in_card(text: str, said: Translate) -> str:
    bare = text.strip()
    if not bare or _is_data(bare):
        return text
    plain = unescape(re.sub(r"\\([\\`*\[\]|~_])", r"\1", bare))
    found = said(plain)
    if found is None:
        return text
    marked = re.sub(r"([\\`*\[\]|~])", r"\\\1", found).replace("<", "&lt;").replace(">", "&gt;")
    return text.replace(bare, marked)
