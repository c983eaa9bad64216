"""Columns whose own name, or label, is that of another analyte or agent than the one that they are read as."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from relapse_model.cohort.readers.entry_rows import in_mapping, place_of
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.cohort.readers.units_in_names import Labels, shorter_names
from relapse_model.errors import Problem
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_BRACKETS = re.compile(r"[(\[（][^()\[\]（）]*[)\]）]\s*$")
_ROLE = frozenset(
    {"date", "dt", "start", "begin", "first", "end", "stop", "last", "dose", "amount", "result", "value", "level",
     "日期", "开始日期", "结束日期", "剂量", "结果"}
)  # fmt: skip
_VISIT = "{visit}"
_LEAD = {"labs": ("analyte", ("value",)), "treatments": ("agent", ("start", "start_day", "start_week", "dose"))}
_ADVICE = "Name the column of it, or correct the name of the column if it is the name that is wrong"


def name_clashes(mapping: SourceMapping, study: Study | None, labels: Labels) -> Iterator[Problem]:
    """Yield a problem for each column that is read as one analyte or agent, and is called by the name of another.

    A name and a label that say two of them contradict each other, whichever of the two is read.

    Only names that the study knows are understood, as a whole, beside a unit, a visit, or a word such as ``date``.

    Parameters
    ----------
    mapping : SourceMapping
    study : Study or None
    labels : mapping of str to tuple of str
        Labels and notes by name of a column.
    """
    if study is None:
        return
    tables = {"analyte": analyte_names(study), "agent": agent_names(study)}
    for entry in (*mapping.labs, *mapping.treatments):
        kind, keys = _LEAD[entry.section]
        meant = tables[kind].meaning(entry.constants.get(kind, "")).name
        if meant is None:
            continue
        for key in keys:
            one = entry.fields.get(key)
            texts = [] if one is None or one.values else [one.name, *labels.get(one.name, ())[:1]]
            called = [name for text in texts if (name := _called(text, tables[kind])) is not None]
            others = [name for name in called if name != meant and not counted_as_one({name, meant}, study)]
            if one is not None and others and (kind == "analyte" or meant not in called):
                yield in_mapping(mapping, (*place_of(entry), key), f"{one.name!r}, by its name or label {others[0]!r}",
                                 f"a column of {meant!r}", _ADVICE)  # fmt: skip


def counted_as_one(agents: set[str], study: Study) -> bool:
    """Tell whether a predictor of a study counts agents together, so that one may be called by the other."""
    return any(agents <= set(one.agents) for one in study.predictors if one.agents)


def _called(text: str, names: NameTable) -> str | None:
    """Return the analyte or agent of which a text is the name; None where it says more than that.

    Examples
    --------
    >>> names = NameTable({"alt": ("谷丙转氨酶",), "ast": ()}, ("alt",))
    >>> [_called(text, names) for text in ("W{visit} ALT(U/L)", "ast_date", "alt_u_l", "ALT/AST", "谷丙转氨酶")]
    ['alt', 'ast', 'alt', None, 'alt']
    """
    plain = unicodedata.normalize("NFKC", text)
    words = [word for word in re.split(r"[\s_]+", _BRACKETS.sub("", plain)) if word and _VISIT not in word]
    while words and words[-1].casefold() in _ROLE:
        words.pop()
    short = " ".join(words)
    each = (plain, short, *shorter_names(plain), *shorter_names(short))
    return next((name for one in each if one.strip() and (name := names.meaning(one).name) is not None), None)
