"""The page docs/study_file.md, made of the keys that the reader accepts; `python -m` this module prints it."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator

from relapse_model.study import keys
from relapse_model.study.key_meanings import MODEL_TABLES, OTHER_ANALYTES
from relapse_model.study.key_meanings_of_trial import CANDIDATES, TRIAL_TABLES
from relapse_model.study.key_table import KeyTable
from relapse_model.study.predictor_kinds import FEATURE_KINDS

KEY_TABLES = (*MODEL_TABLES, *TRIAL_TABLES)
_HEAD = """# The study file

A study is one TOML file. Here is every key it may hold; a key that is not here is refused, with its line and the
nearest right one. The built-in study is a worked example: `src/relapse_model/study/studies/hbsag_relapse.toml`. Of the
sections, `[study]`, `[outcome]`, `[prediction]` and `[[predictors]]` are needed. This page is made by
`python -m relapse_model.study.study_file_page`.
"""


def study_file_page() -> str:
    """Return the page.

    Examples
    --------
    >>> study_file_page().splitlines()[0]
    '# The study file'
    """
    told = {"[other_analytes]": OTHER_ANALYTES, "[[candidates]]": CANDIDATES}  # of keys that anybody may name
    parts = [_HEAD, *map(_section, KEY_TABLES), *(f"## `{name}`\n\n{text}\n" for name, text in told.items()), _kinds()]
    return "\n".join(parts)


def type_words(check: keys.Check) -> str:
    """Return what a key holds, as its check says when it refuses.

    Parameters
    ----------
    check : Check
    """
    try:
        check(object())
    except keys.NotAllowed as expected:
        return str(expected)
    return "anything"


def _section(table: KeyTable) -> str:
    rows = "\n".join(_rows(table))
    return f"## `{table.header}`\n\n{table.about}\n\n| key | holds | default | meaning |\n|---|---|---|---|\n{rows}\n"


def _rows(table: KeyTable) -> Iterator[str]:
    for name, check in table.keys.items():
        holds = table.types.get(name) or type_words(check)
        default = "**required**" if name in table.required else table.defaults.get(name) or _default(table, name)
        cells = (f"`{name}`", holds, default, table.meanings[name])
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(table: KeyTable, name: str) -> str:
    """Return the default of the class that holds the value."""
    of_class = {one.name: one for one in dataclasses.fields(table.filled)} if table.filled else {}
    if name not in of_class or of_class[name].default is dataclasses.MISSING:
        return "none"
    value = of_class[name].default
    if value is None or value in ((), ""):
        return "none"
    written = list(value) if isinstance(value, tuple) else value
    return f"`{json.dumps(written).replace('.0', '')}`" if not isinstance(value, str) else f"`{value}`"


def _kinds() -> str:
    rows = [
        f"| `{kind.name}` | {kind.definition} | {_listed(kind.requires)} | {_listed(kind.allows)} | "
        f"{kind.unit or 'none'} |"
        for kind in FEATURE_KINDS.values()
    ]
    return (
        f"## Kinds of predictors\n\nBeside {_listed(keys.COMMON)}, which all take.\n\n"
        "| kind | what it is | needs | may have | unit |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


if __name__ == "__main__":
    sys.stdout.write(study_file_page())
