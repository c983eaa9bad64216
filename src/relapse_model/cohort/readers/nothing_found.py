"""What a proposal says where nothing that it found is an analyte of the study: what is there, and what to do."""

from __future__ import annotations

import re
from itertools import chain

from relapse_model.cohort.readers.proposed_text import comment
from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.names import NameTable
from relapse_model.study.study import Study

_SHOWN = 5
_NUMBERS = re.compile(r": [\d,]+ \((?!no unit)[^()]")  # a count with the units of the results
_LIST = ("# codes = [", "#   ", "# source = ")


def nothing_found(text: str, study: Study, named: str) -> str:
    """Return a comment on a proposal that reads no result: what was found, and what to do.

    Parameters
    ----------
    text : str
        The proposal, with what was found and is not used as comments.
    study : Study
    named : str
        What the user calls the study.
    """
    table = _library_names()
    each = [_texts(line) for line in _listed(text)]
    known = {str(name): one for texts in each for one in texts if (name := table.meaning(one).name) is not None}
    called = [texts[-1:] if len(texts) == 2 else texts for texts in each if not set(texts) & set(known.values())]
    others = [one for one in dict.fromkeys(chain.from_iterable(called)) if not one.isdigit()]
    said = ""
    if known:
        shown = ", ".join(f"{name} ({comment(one)})" for name, one in list(known.items())[:_SHOWN])
        said += f" Known to the library of common analytes, and not to the study: {shown}."
    if others:
        said += f" Found, and not recognised: {', '.join(map(comment, others[:_SHOWN]))}"
        said += f", and {len(others) - _SHOWN:,} more." if len(others) > _SHOWN else "."
    # What the library knows is another analyte: nobody is to make a synonym of it.
    which = "one that was not recognised" if known and others else "one of them"
    mend = (
        f" If {which} is one of the study under another name, write it into the mapping, or add it to the synonyms or "
        "loinc of the analyte in the study."
    )
    asked = ", ".join(sorted(study.analytes)[:_SHOWN])
    return (
        f"# Nothing in the source was recognised, by name or code, as a result of an analyte of the study {named} "
        f"({asked}, ...), so that none would be read.{said}{mend if others or not known else ''} If the source is "
        "of another disease, write a study of what it holds first, its analytes with their codes "
        "(`relapse-model study new`), and propose the mapping anew with --study FILE.toml.\n"
    )


def _listed(text: str) -> list[str]:
    """Return the lines of what was found: numbers first, then what else may be a result; no event, drugs last."""
    part, found = "", list[tuple[int, str]]()
    for line in text.split("\n"):
        part = line if line.startswith(("[", "# Found")) else part
        if (
            line.startswith(_LIST) and not line.endswith("[") and part != "[time]"
        ):  # visits and conditions from which weeks may be counted
            drugs = part.startswith("# Found in ")
            found.append((2 if drugs else 0 if _NUMBERS.search(line) else 1, line))
    return [line for _, line in sorted(found, key=lambda one: one[0])]


def _texts(line: str) -> list[str]:
    """Return the names and codes in a line of what was found: what is quoted, and what stands before a count."""
    quoted = [one.rpartition("|")[2] for one in re.findall(r'"([^"]+)"', line.partition("  # ")[0])]
    label = line.partition("  # ")[2] or ("" if quoted else line.lstrip("# ").rpartition(", ")[2])
    name = re.sub(r": [\d,]+.*", "", label).strip()
    return [one for one in (*quoted, name) if one]


def _library_names() -> NameTable:
    library = analyte_library()
    each = {
        name: (*map(str, (one.declared.get("label", name), *one.declared.get("synonyms", ()))), *one.loinc_from)
        for name, one in library.items()
    }
    return NameTable(each, tuple(each), words=False)
