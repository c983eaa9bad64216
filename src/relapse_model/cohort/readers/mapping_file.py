"""From a mapping file to a `SourceMapping`: every key checked, every problem listed with its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relapse_model.cohort.readers import mapping_keys as keys
from relapse_model.cohort.readers.mapping_lines import line_for, other_section
from relapse_model.cohort.readers.mapping_lines_by_kind import advice_on_key, advice_on_value
from relapse_model.cohort.readers.not_filled_in import not_filled_in
from relapse_model.cohort.readers.outcome_events import MEANINGS, unsound_meanings
from relapse_model.cohort.readers.source_mapping import PROTOCOL, Entry, Field, SourceMapping, TimeZero
from relapse_model.errors import MappingError, Problem
from relapse_model.files import byte_and_line, read_bounded, utf8_text
from relapse_model.study.keys import Check, NotAllowed, value_shown
from relapse_model.study.line_numbers import Place, line_of
from relapse_model.study.toml_text import MOST_LETTERS, read_toml

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_REFUSED = "the mapping was refused"
_OF_ENTRY = {"labs": keys.LABS, "treatments": keys.TREATMENTS, "outcome": keys.OUTCOME}


def load_mapping(path: str | Path, kind: str | None = None) -> SourceMapping:
    """Read a mapping file and check it.

    Parameters
    ----------
    path : str or Path
        A TOML file.
    kind : str, optional
        The reader that it must be for.

    Returns
    -------
    SourceMapping

    Raises
    ------
    MappingError
        With all problems, each with its line.
    """
    file = Path(path)
    try:
        text = utf8_text(read_bounded(file, 4 * MOST_LETTERS + 4))
    except FileNotFoundError:
        found, expected = f"no such file in {file.parent.resolve()}", "a mapping file"
    except UnicodeDecodeError as error:
        found, line = byte_and_line(error)
        problem = Problem(file.name, line, None, found, "UTF-8 text", "Save it as UTF-8", counted="line")
        raise MappingError(_REFUSED, [problem]) from None
    except OSError as error:
        found, expected = f"cannot be read ({error.strerror})", "a mapping file"
    else:
        return parse_mapping(text, file.name, kind)
    raise MappingError(_REFUSED, [Problem(file.name, None, None, found, expected)])


def parse_mapping(text: str, name: str = "mapping", kind: str | None = None) -> SourceMapping:
    """Check the text of a mapping file.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        What to call it in messages.
    kind : str, optional
        The reader that it must be for.

    Raises
    ------
    MappingError
        With all problems.

    Examples
    --------
    >>> mapping = parse_mapping('''
    ... [mapping]
    ... protocol = 1
    ... kind = "redcap"
    ... [time]
    ... zero = { field = "enrol_date" }
    ... [patients]
    ... id = "record_id"
    ... sex = { field = "sex", values = { "0" = "F", "1" = "M" } }
    ... [[labs]]
    ... analyte = "anti_hbs"
    ... value = "hbsab"
    ... unit = "mIU/mL"
    ... date = "lab_date"
    ... ''')
    >>> mapping.labs[0].constants["analyte"], mapping.labs[0].fields["value"].name
    ('anti_hbs', 'hbsab')
    """
    raw = read_toml(text, name, "a mapping file")
    if isinstance(raw, Problem):
        raise MappingError(_REFUSED, [raw])
    reader = _MappingReader(text, name)
    mapping = reader.mapping(raw, kind)
    left = reader.not_filled_in(raw)
    problems = [*(one for one in reader.problems if not _told(one, left)), *left]
    if problems:
        raise MappingError(_REFUSED, sorted(problems, key=lambda problem: problem.row or 0))
    return mapping


_ANSWER = "It is not filled in. "
_OPEN = "It is not filled in. Complete the line, or write # before it if it is not needed"
_EXPECTED: Mapping[str | int, str] = {
    "unit": "the unit that the laboratory prints",
    "zone": 'the zone of the hospital, such as "Asia/Shanghai"',
}
_NO_KEY = "Take it out, or write it as one of these"


class _MappingReader:
    """Collects problems while it reads, so that all of them are reported at once."""

    def __init__(self, text: str, name: str):
        self.text, self.name = text, name
        self.problems: list[Problem] = []
        self.own, self.kind = keys.KindKeys(), ""

    def refuse(self, path: Place, found: str, expected: str, advice: str = "") -> None:
        column = ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
        line = line_of(self.text, path)
        advice = advice or (_ANSWER if found == "''" else "") + line_for(path)
        self.problems.append(Problem(self.name, line, column or None, found, expected, advice, counted="line"))

    def not_filled_in(self, raw: dict[str, Any]) -> list[Problem]:
        """Return a problem for each line on which "..." was left: whoever completes the line sees them all."""
        found: dict[tuple[int | None, Place], Problem] = {}
        for path in not_filled_in(raw):
            line = line_of(self.text, path)
            column = ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
            expected = _EXPECTED.get(path[-1], "what the comment beside it asks for")
            problem = Problem(self.name, line, column, "'...'", expected, _OPEN, counted="line")
            found.setdefault((line, () if line else path), problem)
        return list(found.values())

    def table(self, raw: Any, path: Place, allowed: Mapping[str, Check]) -> dict[str, Any]:
        """Return the checked values of one table; refuse unknown keys and bad values."""
        if not isinstance(raw, dict):
            self.refuse(path, value_shown(raw), "a table of keys")
            return {}
        values = {}
        for key, value in raw.items():
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
                advice = advice_on_key(self.kind, path, key) or other_section(key, path, self.kind)
                advice = advice or (f"Did you mean {near[0]!r}?" if near else _NO_KEY)
                self.refuse((*path, key), "unknown key", f"one of {', '.join(sorted(allowed))}", advice)
                continue
            try:
                values[key] = allowed[key](value)
            except NotAllowed as no:
                self.refuse((*path, key), value_shown(value), str(no), advice_on_value(self.kind, path, key))
        return values

    def mapping(self, raw: dict[str, Any], kind: str | None) -> SourceMapping:
        sections = self.table(raw, (), dict.fromkeys(keys.SECTIONS, _anything))
        head = self.head(raw, sections, kind)
        self.kind = head.get("kind", "")
        self.own = keys.OF_KIND.get(self.kind, self.own)
        if "patients" not in raw:
            self.refuse((), "section [patients] is missing", "a section [patients] with its key 'id'")
        patient_id, patients, when = self.patients(sections.get("patients", {"id": "?"}))
        outcome = self.outcome(sections["outcome"]) if "outcome" in sections else None
        missing = self.table(sections.get("missing", {}), ("missing",), keys.MISSING)
        return SourceMapping(
            kind=head.get("kind", ""), study=head.get("study", ""), time=self.time(sections.get("time", {})),
            patient_id=patient_id, patients=patients, patients_when=when,
            labs=self.entries("labs", sections), treatments=self.entries("treatments", sections), outcome=outcome,
            missing=frozenset(missing.get("codes", ())), source=self.source(sections), file=self.name, text=self.text,
            results=frozenset(missing.get("results", ())),
        )  # fmt: skip

    def head(self, raw: dict[str, Any], sections: dict[str, Any], kind: str | None) -> dict[str, Any]:
        if "mapping" not in raw:
            self.refuse((), "section [mapping] is missing", f"[mapping] with protocol = {PROTOCOL} and kind = ...")
            return {"kind": kind or ""}
        head = self.table(sections["mapping"], ("mapping",), keys.MAPPING)
        for key in ("protocol", "kind"):
            if isinstance(raw["mapping"], dict) and key not in raw["mapping"]:
                self.refuse(("mapping",), f"key {key!r} is missing", f"{key} = ...")
        if head.get("protocol", PROTOCOL) != PROTOCOL:
            self.refuse(("mapping", "protocol"), str(head["protocol"]), str(PROTOCOL), "It is for another version")
        if kind is not None and head.get("kind", kind) != kind:
            self.refuse(("mapping", "kind"), repr(head["kind"]), repr(kind), "Use the reader that the mapping is for")
        return head

    def source(self, sections: dict[str, Any]) -> dict[str, Any]:
        source = self.table(sections.get("source", {}), ("source",), self.own.of_source)
        named = sections.get("sources", {})
        if "sources" in sections and not self.own.of_named:
            advice = "Take the section out; what is read stands in the source that the command names"
            self.refuse(("sources",), "named sources", "none: this reader has one source", advice)
        elif not isinstance(named, dict):
            self.refuse(("sources",), value_shown(named), "tables [sources.NAME]")
        else:
            source["named"] = {
                name: self.table(one, ("sources", name), self.own.of_named) for name, one in named.items()
            }
        return source

    def time(self, raw: Any) -> TimeZero:
        values = self.table(raw, ("time",), {**keys.TIME, **self.own.of_time})
        zero = self.field(values.pop("zero"), ("time", "zero")) if "zero" in values else None
        own = {key: values.pop(key) for key in self.own.of_time if key in values}
        return TimeZero(zero=zero, options=own, **values)

    def patients(self, raw: Any) -> tuple[Field, dict[str, Field], dict[str, tuple[str, ...]]]:
        """Return the identifier's field, those of the columns, and which rows are patients."""
        path: Place = ("patients",)
        if not isinstance(raw, dict):
            self.refuse(path, value_shown(raw), "a table of keys")
            return Field(""), {}, {}
        if "id" not in raw:
            self.refuse(path, "key 'id' is missing", 'id = "..." (the column of the identifier)')
        when: dict[str, Any] = {}
        if "when" in raw:
            when = self.table({"when": raw["when"]}, path, {"when": keys.conditions}).get("when", {})
        found = {
            column: self.field(value, (*path, column)) for column, value in raw.items() if column not in ("id", "when")
        }
        return self.field(raw.get("id", "?"), (*path, "id")), found, when

    def entries(self, section: str, sections: dict[str, Any]) -> tuple[Entry, ...]:
        raw = sections.get(section, [])
        if not isinstance(raw, list):
            advice = f"Write the section in double brackets, [[{section}]], once for each of them"
            self.refuse((section,), value_shown(raw), f"entries [[{section}]]", advice)
            return ()
        return tuple(self.entry(section, one, (section, place), place) for place, one in enumerate(raw))

    def outcome(self, raw: Any) -> Entry:
        """Return the outcome; refuse what its texts cannot mean, and a name of events that are not told."""
        entry = self.entry("outcome", raw, ("outcome",), 0)
        for text, meaning in unsound_meanings(entry):
            advice = 'The name may also stand in a column: competing_event = "..."'
            self.refuse(("outcome", "event"), f"{text!r} as {meaning!r}", MEANINGS, advice)
        if "competing_event" in entry.fields and "event" not in entry.fields:
            self.refuse(("outcome", "competing_event"), "no 'event' beside it", "event = { field = ..., values = ... }")
        return entry

    def entry(self, section: str, raw: Any, path: Place, position: int) -> Entry:
        known = _OF_ENTRY[section]
        own = {**self.own.of_entry, **(self.own.of_outcome if section == "outcome" else {})}
        allowed = {**dict.fromkeys(known, _anything), **keys.OF_EVERY_ENTRY, **own}
        values = self.table(raw, path, allowed)
        constants: dict[str, str] = {}
        fields: dict[str, Field] = {}
        for key in known:
            if key in values and isinstance(values[key], str | int | float) and key in keys.CONSTANT_OR_FIELD:
                if not str(values[key]).strip():
                    self.refuse((*path, key), value_shown(values[key]), f"the {key}, as text")
                elif key.endswith("_limit") and not _NUMBER.fullmatch(str(values[key]).strip()):
                    column = f"If it is a column: {key} = {{ field = {value_shown(values[key])} }}"
                    self.refuse((*path, key), value_shown(values[key]), "a number", column)
                constants[key] = str(values[key])
            elif key in values:
                fields[key] = self.field(values[key], (*path, key))
        return Entry(
            section, position, constants, fields,
            codes=values.get("codes", ()), when=values.get("when", {}), source=values.get("source", ""),
            options={key: values[key] for key in own if key in values},
        )  # fmt: skip

    def field(self, raw: Any, path: Place) -> Field:
        """Return where a value stands: a name, or a table with its name, meanings and unit."""
        if isinstance(raw, str) and raw.strip():
            return Field(raw)
        values = self.table(raw, path, {**keys.FIELD, **self.own.of_field})
        if isinstance(raw, dict) and "field" not in raw:
            self.refuse(path, "key 'field' is missing", '{ field = "..." }')
        own = {key: values[key] for key in self.own.of_field if key in values}
        return Field(
            values.get("field", ""), values.get("values", {}), values.get("unit", ""), values.get("source", ""), own
        )


def _told(problem: Problem, left: list[Problem]) -> bool:
    """Tell whether a problem is that of a key that was left open, or of the table of such keys."""
    column = problem.column or ""
    table = "." in column and not column.rpartition(".")[2].isdigit()
    return any(
        problem.row == one.row or (table and (one.column or "").startswith(f"{column}.")) for one in left if one.row
    )


def _anything(value: Any) -> Any:
    return value
