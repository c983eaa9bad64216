"""A proposed mapping of a FHIR export: every code, unit and answer found, with its count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from relapse_model.cohort.readers.columns_of_study import columns_left
from relapse_model.cohort.readers.fhir.elements import ATC, LOINC
from relapse_model.cohort.readers.fhir.files import Source
from relapse_model.cohort.readers.fhir.identifier_kinds import identifier_lines
from relapse_model.cohort.readers.fhir.met import CodeMet, Met, met_in
from relapse_model.cohort.readers.fhir.resource_types import TREATMENTS
from relapse_model.cohort.readers.fhir.times import on_another_day
from relapse_model.cohort.readers.named_codes import Naming, Verdict, agent_named, odd_rows, verdict
from relapse_model.cohort.readers.proposed_text import (
    beside_units,
    comment,
    heading,
    library_codes,
    meaning_of_word,
    not_read,
    quoted,
)
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.errors import SourceError
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_EVENTS = ("ResearchSubject", "EpisodeOfCare", "Encounter", "Procedure", "MedicationAdministration", "Condition")
_SHOWN = 15  # candidates for time zero


def propose_fhir(source: str | Path, study: Study) -> str:
    """Return a mapping for a FHIR export: what the study knows by code or name, ready; the rest as comments.

    Nothing is taken from the size of numbers. Time zero is asked for, since no code says which event it is.

    Parameters
    ----------
    source : str or Path
        As for `read_fhir`.
    study : Study

    Raises
    ------
    SourceError
        If a file cannot be read.
    """
    files = Source(Path(source))
    files.ask(None)
    met = met_in(files.resources())
    if files.problems:
        raise SourceError("the FHIR export was refused", files.problems)
    return "\n".join(
        [*heading("fhir", study), *_source(met), *_time(met), *_patients(met, study), *_labs(met, study),
         *_treatments(met, study), ""]
    )  # fmt: skip


def _source(met: Met) -> list[str]:
    offsets: Counter[str] = Counter()
    for (offset, _), count in met.clocks.items():
        offsets[offset] += count
    known = {one: count for one, count in met.clocks.items() if one[0]}
    other = on_another_day(known) if len({offset for offset, _ in known}) > 1 else 0
    if not met.greenwich and not other:
        return []
    said = [f"# {met.greenwich:,} of {met.times:,} times are in UTC: without a zone, they count as days of Greenwich."]
    told = ", ".join(f"{offset or 'none'}: {count:,}" for offset, count in sorted(offsets.items()))
    mixed = [
        f"# Times have several offsets ({told}); each counts by its day as written, and {other:,} would be of another "
        "day by another of them.",
    ]
    return [
        "", "[source]", *(said if met.greenwich else []), *(mixed if other else []),
        '#? zone = "..."  # of the hospital, such as "Asia/Shanghai"; a wrong one moves days',
    ]  # fmt: skip


def _time(met: Met) -> list[str]:
    lines = ["", "[time]", "#? Time zero: complete one of these. Weeks are counted from it."]
    lines.append('# file = "time_zero.csv"  # patient_id, date; in the folder of the export')
    every = [
        (kind, code, one) for kind in _EVENTS for code, one in met.codes.get(kind, {}).items()
    ]  # fmt: skip
    for kind, code, one in sorted(every, key=lambda each: (-len(each[2].subjects), each[2].count, each[0], each[1]))[
        :_SHOWN
    ]:
        codes = f"; codes = [{quoted(code)}]" if code else ""
        lines.append(
            f"# resource = {quoted(kind)}{codes}  # {comment(one.display)}: {len(one.subjects):,} of "
            f"{met.patients:,} patients, {one.count:,} times"
        )  # fmt: skip
    return [
        *(line.replace("; codes", "\n# codes") for line in lines),
        '# pick = "first"  # or "last": if a patient has several',
        '# others = "leave out"  # patients without time zero; otherwise they are refused',
    ]  # fmt: skip


def _patients(met: Met, study: Study) -> list[str]:
    lines = ["", "[patients]", *identifier_lines(met.identifiers, met.identifier_types, met.patients)]
    if met.elements["gender"]:
        lines.append('sex = { field = "gender", values = { male = "M", female = "F", other = "", unknown = "" } }')
    if met.elements["birthDate"]:
        lines.append('age_years = "birthDate"  # completed years at time zero')
    return [*lines, *columns_left(lines, study)]


def _labs(met: Met, study: Study) -> list[str]:
    names, library = analyte_names(study), library_codes(study)

    def meaning(text: str) -> str | None:
        found = names.meaning(text).name or library.get(text)
        return found if found in study.analytes else None

    naming = Naming("analyte", meaning, names, SecondNames(study))
    found = _sorted(met.codes.get("Observation", {}), naming, LOINC, study)
    lines: list[str] = []
    for name in sorted(found.known):
        lines += _lab(name, found.known[name], study, _odd(found, name))
    for name, codes in sorted(found.asked.items()):
        for code, (one, doubt) in codes.items():
            lines += [
                "",
                f"#? {_question(code, one, doubt, naming)}",
                *(f"# {line}" for line in _lab(name, {code: one}, study)[1:]),
            ]
    return [*lines, *_rest("# Found, and not known to the study:", found.rest)]


@dataclass(slots=True)
class _Sorted:
    """Codes by what they are: evident, with the rows that call them otherwise; to be asked; and the others."""

    known: dict[str, dict[str, CodeMet]] = field(default_factory=lambda: defaultdict(dict))
    odd: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    asked: dict[str, dict[str, tuple[CodeMet, tuple[str, ...]]]] = field(default_factory=lambda: defaultdict(dict))
    rest: dict[str, CodeMet] = field(default_factory=dict)


def _sorted(codes: dict[str, CodeMet], naming: Naming, system: str, study: Study | None = None) -> _Sorted:
    found = _Sorted()
    for code, one in sorted(codes.items(), key=lambda each: (-each[1].count, each[0])):
        of, _, bare = code.partition("|")
        stated = (bare,) if of == system or not one.display else ()
        if of == system and naming.meaning(bare) is None:
            stated = ()  # a code that is nearly that of an analyte is the code of another one
        said = verdict(stated, one.displays, naming)
        if study is not None and said.doubt[1:]:
            said = Verdict(said.name, said.odd, _by_unit(said.doubt, one, study))
        if code and said.name is not None:
            found.known[said.name][code] = one
            found.odd[said.name] += said.odd
        elif code and said.doubt:
            found.asked[said.doubt[0]][code] = one, said.doubt
        else:
            found.rest[code] = one
    return found


def _by_unit(doubt: tuple[str, ...], one: CodeMet, study: Study) -> tuple[str, ...]:
    """Return those of several analytes of which some result can be, by its unit."""
    units = [unit for unit in one.units if unit not in ("", "words")]
    if len(units) < len(one.units) or not units:
        return doubt
    return tuple(name for name in doubt if any(not not_read(study.analytes[name], unit) for unit in units))


def _odd(found: _Sorted, name: str) -> list[str]:
    """Return the lines on results, or courses, that are called otherwise than the others of their codes."""
    odd, codes = found.odd[name], found.known[name].values()
    paths = {path for one in codes for path in one.paths}
    path = paths.pop() if len(paths) == 1 else ""
    said = [text for one in codes for text in one.displays if text not in odd]
    return odd_rows(odd, list(dict.fromkeys(said)) if all(said) else [], path)


def _question(code: str, one: CodeMet, doubt: tuple[str, ...], naming: Naming) -> str:
    if code.startswith((f"{LOINC}|", f"{ATC}|")) and doubt == (naming.meaning(code.partition("|")[2]),):
        return f"Is it {doubt[0]}? The code is one of it, and is called {comment(one.display)}"
    return f"Is it {' or '.join(doubt)}? It is called {comment(one.display)}"


def _rest(title: str, rest: dict[str, CodeMet]) -> list[str]:
    """Return the codes of which nothing is known; where the export does not name them, with a question."""
    if not rest:
        return []
    called = [f"# codes = [{quoted(code)}]  # {_note(one)}" for code, one in rest.items() if one.display]
    bare = [f"# codes = [{quoted(code)}]  # {_note(one)}" for code, one in rest.items() if code and not one.display]
    asked = "#? Codes to which the export gives no name: is one of them something that the study reads?"
    lines = ["", title, *called, *([asked, *bare] if bare else [])]
    mute = sum(one.count for code, one in rest.items() if not code and not one.display)
    return [*lines, *([f"# {mute:,} have neither a code nor words, and are not read"] if mute else [])]


def _lab(name: str, codes: dict[str, CodeMet], study: Study, odd: Iterable[str] = ()) -> list[str]:
    lines = ["", "[[labs]]", f"analyte = {quoted(name)}", "codes = ["]
    lines += [*(f"    {quoted(code)},  # {_note(one)}" for code, one in codes.items()), "]", *odd]
    units: Counter[str] = sum((one.units for one in codes.values()), Counter())
    lines += beside_units(study, name, {unit: count for unit, count in units.items() if unit != "words"})
    if units[""]:
        others = sorted(unit for unit in units if unit not in ("", "words"))
        example = quoted(others[0]) if len(others) == 1 else '"..."'
        lines.append(f"#? unit = {example}  # {units['']:,} results have none: state it if it is known")
    answers: Counter[tuple[str, str]] = sum((one.answers for one in codes.values()), Counter())
    if answers:
        meanings = {key: meaning_of_word(display) for key, display in answers}
        mark = "" if any(meanings.values()) else "# "
        lines += [f"{mark}[labs.value]", f'{mark}field = "value"', f"{mark}[labs.value.values]"]
        for (key, display), count in sorted(answers.items()):
            note = f"  # {comment(display)}: {count:,}"
            if meanings[key]:
                lines.append(f"{quoted(key)} = {quoted(meanings[key])}{note}")
            else:
                lines.append(
                    f'#? {quoted(key)} = "..."{note}; state it: negative, positive, a text, or "" for no value'
                )
    return lines


def _note(one: CodeMet) -> str:
    units = ", ".join(f"{comment(unit) or 'no unit'}: {count:,}" for unit, count in sorted(one.units.items()))
    answers = f", {one.answers.total():,} coded" if one.answers else ""
    return f"{comment(one.display)}: {one.count:,}{f' ({units})' if units else ''}{answers}"


def _treatments(met: Met, study: Study) -> list[str]:
    names = agent_names(study)
    naming = Naming("agent", lambda text: agent_named(text, names), names, SecondNames(study))
    lines: list[str] = []
    ready: set[str] = set()
    for kind in TREATMENTS:
        found = _sorted(met.codes.get(kind, {}), naming, ATC)
        for name, codes in sorted(found.known.items()):
            lines += _course(name, kind, codes, _odd(found, name), again=name in ready)
            ready.add(name)
        for name, asked in sorted(found.asked.items()):
            for code, (one, doubt) in asked.items():
                lines += ["", f"#? {_question(code, one, doubt, naming)}",
                          *(f"# {line}" for line in _course(name, kind, {code: one}, [])[1:])]  # fmt: skip
        lines += _rest(f"# Found in {kind}, and not known to the study:", found.rest)
    return lines


def _course(name: str, kind: str, codes: dict[str, CodeMet], odd: list[str], *, again: bool = False) -> list[str]:
    """Return an entry of an agent; as a comment where it stands in another type of resource already."""
    lines = ["[[treatments]]", f"agent = {quoted(name)}", f"resource = {quoted(kind)}", "codes = ["]
    lines += [*(f"    {quoted(code)},  # {_note(one)}" for code, one in codes.items()), "]", *odd]
    if not again:
        return ["", *lines]
    return ["", "# The same agent again: read it once, or its doses count twice.", *(f"# {line}" for line in lines)]
