"""Proposed comparators of a result: from a field whose name, or label, says of which result they are."""

from __future__ import annotations

from relapse_model.cohort.readers.proposed_text import MUST, quoted, table_text
from relapse_model.cohort.readers.redcap.beside_values import comparator_meanings, comparators_beside
from relapse_model.cohort.readers.redcap.found_fields import Found
from relapse_model.cohort.readers.redcap.not_counted import names_of
from relapse_model.cohort.readers.redcap.proposal import Proposal
from relapse_model.cohort.readers.signs_beside import analytes_in
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
    mark = "" if len(sure) == 1 else f"{MUST}Of which result are these the comparators? "
    proposal.named.update(signs)
    return [f"{mark}comparator = {_stated(proposal, name)}" for name in signs]


def _named(proposal: Proposal, name: str) -> set[str]:
    names, study = analyte_names(proposal.study), proposal.study
    texts = [text for text in names_of(proposal.export, name) if text]
    return set[str]().union(*(analytes_in(text, names) for text in texts)) & set(study.analytes)


def _stated(proposal: Proposal, name: str) -> str:
    meanings = comparator_meanings(proposal.export, name)
    values = f", values = {table_text(meanings.items())}" if meanings else ""
    return f"{{ field = {quoted(name)}{values} }}"
