"""Proposed comparators of a result: from a field whose name, or label, says of which result they are."""

from __future__ import annotations

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.proposed_text import MUST, quoted, table_text
from relapse_model.cohort.readers.redcap.beside_values import comparator_meanings, comparators_beside, texts_of
from relapse_model.cohort.readers.redcap.found_fields import Found
from relapse_model.cohort.readers.redcap.not_counted import names_of
from relapse_model.cohort.readers.redcap.proposal import Proposal
from relapse_model.cohort.readers.redcap.said_in_words import words_beside
from relapse_model.cohort.readers.signs_beside import NO_SIGN, analytes_in
from relapse_model.cohort.readers.words_beside import as_comparators
from relapse_model.study.names_known import analyte_names


def comparator_lines(proposal: Proposal, one: Found, analyte: str, results: list[Found]) -> list[str]:
    """Return the line for the comparators of a result; asking where nothing says of which of several results they are.

    A field that names an analyte, in its name or its label, is the comparator of that analyte alone: "HBsAg: sign" is
    none of anti-HBs.

    Parameters
    ----------
    proposal : Proposal
    one : Found
        The result.
    analyte : str
    results : list of Found
        All results of the export.
    """
    sure, asked = list[str](), list[str]()
    names, forms = analyte_names(proposal.study), proposal.export.forms
    same = {other.name for other in results if other.meaning(names) == analyte} - {one.name}
    for name, others in comparators_beside(proposal.export, [other.name for other in results]).items():
        named = _named(proposal, name)
        if (named and analyte not in named) or (one.name not in others and same & set(others)):
            continue  # of another analyte, or of another result of this one
        if others == [one.name] or (named == {analyte} and one.form == forms.get(name, "") and not same & set(others)):
            sure.append(name)
        elif one.name in others:
            asked.append(name)
    signs = sure or asked
    if not signs:
        return _mixed(proposal, one, analyte, [other.name for other in results])
    mark = "" if len(sure) == 1 else f"{MUST}Of which result are these the comparators? "
    proposal.named.update(signs)
    return [f"{mark}comparator = {_stated(proposal, name)}" for name in signs]


def _mixed(proposal: Proposal, one: Found, analyte: str, results: list[str]) -> list[str]:
    """Return the lines for a field in which signs, or words for "below the limit", stand among other texts."""
    export, names = proposal.export, analyte_names(proposal.study)
    others = [name for name in results if name != one.name]
    for name, stated in words_beside(export, one.name, analyte, others, frozenset(proposal.named), names):
        by_code = dict(zip(export.columns[name].astype(str).str.strip(), texts_of(export, name), strict=True))
        signs = as_comparators({code: stated.meanings.get(label, "") for code, label in by_code.items()})
        if not any(signs.values()):
            continue
        known = {code: sign for code, sign in signs.items() if sign or plain_words(by_code[code]) in NO_SIGN | {"="}}
        line = f"comparator = {{ field = {quoted(name)}, values = {table_text(known.items())} }}"
        proposal.named.add(name)
        if len(known) == len(signs):
            return [line]
        return [
            f'{MUST}Is this the comparator? Give its {len(signs) - len(known)} other texts a meaning, too: "" where a '
            "number is none; else take the line out",
            line,
        ]
    return []


def _named(proposal: Proposal, name: str) -> set[str]:
    names, study = analyte_names(proposal.study), proposal.study
    texts = [text for text in names_of(proposal.export, name) if text]
    return set[str]().union(*(analytes_in(text, names) for text in texts)) & set(study.analytes)


def _stated(proposal: Proposal, name: str) -> str:
    meanings = comparator_meanings(proposal.export, name)
    values = f", values = {table_text(meanings.items())}" if meanings else ""
    return f"{{ field = {quoted(name)}{values} }}"
