"""Proposed columns of the patients table: recognised by name or label, with the meanings of their codes."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.columns_of_study import column_called, columns_left, columns_read, levels_of
from relapse_model.cohort.readers.contradicting_meanings import is_unknown
from relapse_model.cohort.readers.label_words import is_negated, says
from relapse_model.cohort.readers.proposed_text import MAY, MUST, comment, quoted, table_text
from relapse_model.cohort.readers.redcap.boxes import boxes_of, boxes_of_findings, label_of_box
from relapse_model.cohort.readers.redcap.doubts import asked_if, doubt_of_patient, is_flag
from relapse_model.cohort.readers.redcap.export import ARM
from relapse_model.cohort.readers.redcap.found_fields import (
    Found,
    before_treatment,
    patient_column,
    sexes,
    without_unit,
)
from relapse_model.cohort.readers.redcap.mapping_checks import is_coded_column
from relapse_model.cohort.readers.redcap.proposal import SHOWN, Proposal, note_of
from relapse_model.cohort.readers.spreadsheets.header_words import arm_of
from relapse_model.study.names import level_of, yes_or_no

_GROUP = "redcap_data_access_group"


def patient_lines(proposal: Proposal) -> list[str]:
    """Return the section of the patients.

    Parameters
    ----------
    proposal : Proposal
    """
    export = proposal.export
    lines = ["", "[patients]", f"id = {quoted(export.record)}"]
    taken: set[str] = set()
    if _GROUP in export.columns:
        lines.append(f"centre = {quoted(_GROUP)}")
        taken.add("centre")
    for one in proposal.found:
        column = patient_column(one) or column_called((one.name, without_unit(one.label)), proposal.study)
        if column is None or column in taken or proposal.repeats(one) or (column == "enrolment_date"):
            continue
        taken.add(column)
        proposal.named.add(one.name)
        own = (
            _boxes(proposal, column, one)
            if "___" in one.name
            else _patient(column, one, _mark(proposal, column), levels_of(proposal.study, column))
        )
        lines += asked_if(doubt_of_patient(one, column), own)
    for one in proposal.found:
        column = before_treatment(one)
        if column is not None and column not in taken and not proposal.repeats(one):
            unit = f", unit = {quoted(one.unit or '...')}" if column.endswith("iu_ml") else ""
            lines.append(f"{MAY}{column} = {{ field = {quoted(one.name)}{unit} }}  # {note_of(one)}; is it that one?")
            proposal.named.add(one.name)
    arms = sorted({text for text in export.columns[ARM].unique() if text}) if ARM in export.columns else []
    if "arm" not in taken and len(arms) > 1:
        stated = ", ".join(f'{quoted(arm)} = "..."' for arm in arms)
        mark = MUST if "arm" in columns_read(proposal.study) else MAY
        lines.append(f"{mark}arm = {{ field = {quoted(ARM)}, values = {{ {stated} }} }}  # the arms of the events")
    return [*lines, *columns_left(lines, proposal.study)]


def _boxes(proposal: Proposal, column: str, one: Found) -> list[str]:
    """Return the line of a question with boxes: of several that say that something is there, any counts, if so said."""
    export, note = proposal.export, f"  # {note_of(one)}"
    boxes = boxes_of_findings(export, one.name)
    proposal.named.update(boxes_of(export, one.name))
    if not is_flag(column):
        return [f"{MUST}{column} = {quoted(one.name)}{note}; a box, 1 where it is ticked"]
    if boxes == [one.name]:
        return [f"{column} = {quoted(one.name)}{note}"]
    shown = ", ".join(f"{name} {label_of_box(export, name)}" for name in boxes)
    listed = f"[{', '.join(map(quoted, boxes))}]"
    return [
        f"{MUST}{column} = {{ field = {quoted(boxes[0] if boxes else one.name)}, boxes = {listed} }}{note}",
        f"# Any of these boxes counts as {column}: {shown}. Take out those that do not.",
    ]


def _mark(proposal: Proposal, column: str) -> str:
    """Return how a line of a column begins whose codes are not known: a question, if the study reads the column."""
    return MUST if column in columns_read(proposal.study) else MAY


def _patient(column: str, one: Found, mark: str, levels: tuple[str, ...]) -> list[str]:
    note = f"  # {note_of(one)}"
    if column == "sex":
        words = sexes(one.choices.values() if one.choices else one.texts)
        if one.choices and words:
            stated = ", ".join(
                f"{quoted(code)} = {quoted(words.get(label, ''))}" for code, label in one.choices.items()
            )
            return [f"sex = {{ field = {quoted(one.name)}, values = {{ {stated} }} }}{note}"]
        if not words:
            return [_asked(column, one, note, mark)]
    elif one.choices and is_flag(column):
        return [_flags(column, one, note)]
    elif one.choices and levels and column != "hbv_genotype":
        return [_levels(column, one, mark, levels)]
    elif one.choices:
        stated = ", ".join(f"{quoted(code)} = {quoted(label)}" for code, label in one.choices.items())
        return [f"{column} = {{ field = {quoted(one.name)}, values = {{ {stated} }} }}{note}"]
    elif is_coded_column(column) and "___" not in one.name and all(re.fullmatch(r"[\d.]+", text) for text in one.texts):
        return [_asked(column, one, note, mark)]
    return [f"{column} = {quoted(one.name)}{note}"]


def _levels(column: str, one: Found, mark: str, levels: tuple[str, ...]) -> str:
    """Return a column whose codes are levels of the study, such as its arms; asked for where a label names none."""
    meanings = {code: _level(label, levels) for code, label in one.choices.items()}
    line = f"{column} = {{ field = {quoted(one.name)}, values = " + table_text(meanings.items())
    if "..." not in meanings.values():
        return f"{line} }}  # {note_of(one)}"
    labels = comment(", ".join(f"{code} {label}" for code, label in one.choices.items()))
    return f"{mark}{line} }}  # {note_of(one)}; which of {' and '.join(levels)} is each? {labels}"


def _level(label: str, levels: tuple[str, ...]) -> str:
    """Return what a code means by its label: a level, nothing that is known, or dots where it names none."""
    if is_unknown(label):
        return ""
    return label if level_of(label, levels) is not None else arm_of(label, levels) or "..."


def _flags(column: str, one: Found, note: str) -> str:
    """Return a column of yes and no with the meanings of its codes; asked for where a label says neither."""
    contrary = is_negated(one.label or one.name, column)  # then yes says that it is not there
    meanings = {code: _yes_or_no(label, column, contrary) for code, label in one.choices.items()}
    mark = MUST if "..." in meanings.values() else ""
    return f"{mark}{column} = {{ field = {quoted(one.name)}, values = {table_text(meanings.items())} }}{note}"


def _yes_or_no(label: str, column: str, contrary: bool) -> str:
    """Return what a code means by its label: 1, 0, nothing that is known, or dots where the label says neither."""
    if is_unknown(label):
        return ""
    said = yes_or_no(label) if contrary else says(label, column)
    return "..." if said is None else str(int(said is not contrary))


def _asked(column: str, one: Found, note: str, mark: str) -> str:
    texts = dict.fromkeys(re.sub(r"^(\d+)\.0+$", r"\1", text) for text in sorted(one.texts))
    stated = ", ".join(f'{quoted(text)} = "..."' for text in list(texts)[:SHOWN])
    return f"{mark}{column} = {{ field = {quoted(one.name)}, values = {{ {stated} }} }}{note}; what do the codes mean?"
