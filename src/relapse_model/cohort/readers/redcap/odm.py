"""A project in ODM 1.3.1 XML as REDCap writes it: read as a stream, every declaration of a type or entity refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from relapse_model.cohort.readers.redcap.dictionary import FieldDefinition, choices_of, without_tags
from relapse_model.cohort.readers.redcap.text_file import REFUSED, content_of
from relapse_model.errors import Problem, SourceError

_ROOTS = ("http://www.cdisc.org/ns/odm/v1.3 ODM", "https://www.cdisc.org/ns/odm/v1.3 ODM")  # REDCap wrote both
_DEPTH = 50  # the format has about ten levels


@dataclass
class Project:
    """What stands in the file.

    Attributes
    ----------
    fields : dict of str to FieldDefinition
    events : dict of str to str
        Unique names by what the file calls them.
    offsets : dict of str to float
        The day of each event since the start, by its unique name.
    repeating : set of (str, str)
        Events and the forms that repeat in them.
    repeating_events : set of str
        Events that repeat as a whole.
    missing : str
        The project's codes for missing values, as REDCap writes them.
    record : str
        The field of the record's identifier.
    rows : dict
        By (record, event, repeating form, instance): the line where it begins, and the values of its fields.
    """

    fields: dict[str, FieldDefinition] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    offsets: dict[str, float] = field(default_factory=dict)
    repeating: set[tuple[str, str]] = field(default_factory=set)
    repeating_events: set[str] = field(default_factory=set)
    missing: str = ""
    record: str = ""
    rows: dict[tuple[str, str, str, str], tuple[int, dict[str, str]]] = field(default_factory=dict)


def read_project(path: Path, max_bytes: int) -> Project:
    """Read a project in ODM XML.

    Parameters
    ----------
    path : Path
    max_bytes : int

    Raises
    ------
    SourceError
        If it is not XML, not ODM, or declares a document type or an entity: those expand without bound, or read
        other files, and REDCap writes none.
    """
    reading = _Reading(path.name)
    try:
        reading.parser.Parse(content_of(path, max_bytes), True)
    except expat.ExpatError as error:
        reading.refuse(f"it is no whole XML ({expat.ErrorString(error.code)})", "ODM XML", error.lineno)
    except (ValueError, LookupError) as error:
        if isinstance(error, SourceError):
            raise
        reading.refuse("an encoding that is not known, or a value that cannot be", "ODM XML in UTF-8")
    return reading.project


class _Reading:
    """Collects the elements that a cohort needs while the parser passes over them."""

    def __init__(self, name: str):
        self.name, self.project = name, Project()
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self.declaration
        self.parser.EntityDeclHandler = self.declaration
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.buffer_text = True
        self.path: list[str] = []
        self.at: dict[str, str] = {}
        self.line = 0
        self.forms: dict[str, str] = {}
        self.form_of_item: dict[str, str] = {}
        self.texts: list[str] = []
        self.choices: dict[str, str] = {}
        self.open: dict[str, Callable[[dict[str, str]], None]] = {
            "MetaDataVersion": self.version, "StudyEventDef": self.event, "FormDef": self.form,
            "ItemGroupRef": self.group, "ItemRef": self.item_ref,
            "ItemGroupDef": self.item_group, "ItemDef": self.item, "CodeList": self.code_list,
            "CodeListItem": self.code, "SubjectData": self.subject, "StudyEventData": self.in_event,
            "FormData": self.in_form, "ItemData": self.value, "RepeatingInstrument": self.repeats,
            "RepeatingEvent": self.event_repeats,
        }  # fmt: skip
        self.groups: dict[str, str] = {}

    def refuse(self, found: str, expected: str, line: int | None = None) -> NoReturn:
        raise SourceError(REFUSED, [Problem(self.name, line, None, found, expected, counted="line")])

    def declaration(self, *_: Any) -> None:
        self.refuse(
            "a declaration of a document type or an entity", "none, as in the XML that REDCap writes",
            self.parser.CurrentLineNumber,
        )  # fmt: skip

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.path and tag not in _ROOTS:
            self.refuse("another root than ODM of version 1.3", "ODM 1.3.1", self.parser.CurrentLineNumber)
        self.path.append(tag.rpartition(" ")[2])
        if len(self.path) > _DEPTH:
            self.refuse("elements without end in each other", "ODM 1.3.1", self.parser.CurrentLineNumber)
        self.texts = []
        opened = self.open.get(self.path[-1])
        if opened is not None:
            opened({name.rpartition(" ")[2]: value for name, value in attributes.items()})

    def text(self, text: str) -> None:
        self.texts.append(text)

    def end(self, _tag: str) -> None:
        name, text = self.path.pop(), "".join(self.texts)
        inside = self.path[-1] if self.path else ""
        if name == "MissingDataCodes":
            self.project.missing = text.strip()
        elif name == "TranslatedText" and inside == "Decode":
            self.choices[self.at["code"]] = without_tags(text)
        elif name == "TranslatedText" and inside == "Question":
            known = self.project.fields[self.at["item"]]
            self.project.fields[self.at["item"]] = replace(known, label=known.label or without_tags(text))
        elif name == "CodeList":
            self.coded()
        if name not in ("TranslatedText", "Decode"):
            self.texts = []

    # Definitions

    def version(self, given: dict[str, str]) -> None:
        self.project.record = given.get("RecordIdField", "")

    def event(self, given: dict[str, str]) -> None:
        name = self.project.events[given.get("OID", "")] = given.get("UniqueEventName", "")
        if name and given.get("DayOffset", "").removeprefix("-").isdecimal():
            self.project.offsets[name] = float(given["DayOffset"])

    def form(self, given: dict[str, str]) -> None:
        self.at["form"] = self.forms[given.get("OID", "")] = given.get("FormName") or _after_dot(given.get("OID", ""))

    def repeats(self, given: dict[str, str]) -> None:
        self.project.repeating.add((given.get("UniqueEventName", ""), given.get("RepeatInstrument", "")))

    def event_repeats(self, given: dict[str, str]) -> None:
        self.project.repeating_events.add(given.get("UniqueEventName", ""))

    def group(self, given: dict[str, str]) -> None:
        self.groups[given.get("ItemGroupOID", "")] = self.at.get("form", "")

    def item_group(self, given: dict[str, str]) -> None:
        self.at["group"] = given.get("OID", "")

    def item_ref(self, given: dict[str, str]) -> None:
        self.form_of_item[given.get("ItemOID", "")] = self.groups.get(self.at.get("group", ""), "")

    def item(self, given: dict[str, str]) -> None:
        oid = given.get("OID", "")
        self.at["item"] = oid
        if oid in self.project.fields:
            self.refuse(f"field {oid!r} a second time", "each field once", self.parser.CurrentLineNumber)
        self.project.fields[oid] = FieldDefinition(
            oid, self.form_of_item.get(oid, ""), given.get("FieldType", "text").lower(), "",
            given.get("TextValidationType", "").lower(), identifier=given.get("Identifier", "").lower() == "y",
            note=without_tags(given.get("FieldNote", "")), formula=given.get("Calculation", ""),
        )  # fmt: skip

    def code_list(self, given: dict[str, str]) -> None:
        self.at["list"] = given.get("Name") or given.get("OID", "").removesuffix(".choices")
        self.at["boxes"] = given.get("CheckboxChoices", "")
        self.choices = {}

    def code(self, given: dict[str, str]) -> None:
        self.at["code"] = given.get("CodedValue", "")
        if self.at["code"] in self.choices:
            found = f"code {self.at['code']!r} of two choices of {self.at['list']!r}"
            self.refuse(found, "each code once", self.parser.CurrentLineNumber)

    def coded(self) -> None:
        known = self.project.fields.get(self.at["list"])
        if known is not None:
            choices = choices_of("checkbox", self.at["boxes"]) if self.at["boxes"] else self.choices
            self.project.fields[known.name] = replace(known, choices=dict(choices))

    # Data

    def subject(self, given: dict[str, str]) -> None:
        self.at["record"] = given.get("SubjectKey", "")
        self.at["event"] = self.at["repeat"] = ""
        self.project.record = self.project.record or given.get("RecordIdField", "")

    def in_event(self, given: dict[str, str]) -> None:
        oid = given.get("StudyEventOID", "")
        self.at["event"] = given.get("UniqueEventName") or self.project.events.get(oid, oid)
        self.at["event_repeat"] = given.get("StudyEventRepeatKey", "1")

    def in_form(self, given: dict[str, str]) -> None:
        oid = given.get("FormOID", "")
        form = given.get("FormName") or self.forms.get(oid) or _after_dot(oid)
        event = self.at["event"]
        if any(name == form and (event in ("", of)) for of, name in self.project.repeating):
            self.at["repeat"], self.at["instance"] = form, given.get("FormRepeatKey", "1")
        else:
            whole = event in self.project.repeating_events
            self.at["repeat"], self.at["instance"] = "", self.at.get("event_repeat", "1") if whole else ""

    def value(self, given: dict[str, str]) -> None:
        key = (self.at.get("record", ""), self.at.get("event", ""), self.at["repeat"], self.at["instance"])
        line = self.parser.CurrentLineNumber
        values = self.project.rows.setdefault(key, (line, {}))[1]
        name = given.get("ItemOID", "")
        if name == self.project.record and given.get("Value", "") not in ("", key[0]):
            self.refuse("a record's identifier that is not its SubjectKey", "one identifier of each record", line)
        if values.setdefault(name, given.get("Value", "")) != given.get("Value", ""):
            self.refuse(f"a second value of {name!r} in one form", "each field once", line)


def _after_dot(oid: str) -> str:
    return oid.partition(".")[2] or oid
