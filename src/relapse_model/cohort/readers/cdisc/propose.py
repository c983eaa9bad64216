"""A mapping for CDISC data sets, from what is found in them and the names that a study knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.readers.cdisc.contradicted import DESCRIBED, competing_named
from relapse_model.cohort.readers.cdisc.data_set import DataSet
from relapse_model.cohort.readers.cdisc.library import Library, open_library
from relapse_model.cohort.readers.cdisc.people import subjects_data
from relapse_model.cohort.readers.cdisc.signs_said import proposed_comparator
from relapse_model.cohort.readers.cdisc.standard import BDS, CM, EC, EX, ID, LB, TTE, Standard, standard_of
from relapse_model.cohort.readers.cdisc.units import unit_of_label
from relapse_model.cohort.readers.cdisc.wanted import code_of, of_associated
from relapse_model.cohort.readers.columns_of_study import column_called, columns_left
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.named_codes import Naming, agent_named
from relapse_model.cohort.readers.other_things import PERSON, SPECIMEN, other_thing
from relapse_model.cohort.readers.proposed_text import arm_line, comment, heading, not_read, quoted, table_text
from relapse_model.cohort.readers.second_names import SecondNames
from relapse_model.study.analyte import Analyte
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import unit_key

_EMPTY = '[mapping]\nprotocol = 1\nkind = "cdisc"\n[patients]\nid = "USUBJID"\n'
_SHOWN = 60
_RATIO = "R2A1HI"  # the standard's ratio of a result to the upper limit of its normal range (A1HI)
_LIMITS = frozenset(map(unit_key, ("ULN", "xULN", "x ULN")))


def propose_cdisc(source: str | Path, study: Study) -> str:
    """Write a mapping for CDISC data sets: what the standard and the study say, and every code that neither knows.

    Lines that begin with ``#?`` are for somebody who knows the trial.

    Parameters
    ----------
    source : str or Path
        A folder of data sets, or one.
    study : Study
        Whose names and codes are looked for.

    Returns
    -------
    str
        The text of a mapping file.

    Raises
    ------
    SourceError
        If a data set cannot be read.
    """
    library = open_library(Path(source), {})
    mapping = parse_mapping(_EMPTY)
    subjects = subjects_data(library, mapping)
    lines = [
        *heading("cdisc", study), *_time(subjects), *_patients(subjects, study), *_labs(library, study),
        *_treatments(library, study), *_outcome(library), *_rest(library, subjects),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _time(subjects: DataSet) -> list[str]:
    dates = [name for name in ("TRTSDT", "RANDDT", "RFSTDTC", "RFXSTDTC", "RFICDTC") if name in subjects]
    if not dates:
        return ["", "[time]", '#? zero = { field = "..." }  # the date from which weeks are counted']
    others = [f"# zero = {{ field = {quoted(name)} }}" for name in dates[1:]]
    note = _note(subjects, dates[0])
    return ["", "[time]", f"zero = {{ field = {quoted(dates[0])} }}  # {note}: weeks are counted from it", *others]


def _note(data: DataSet, name: str) -> str:
    filled = int((data.texts(name) != "").sum())
    return f"{comment(data.labels[name] or name)}, {filled:,} of {data.rows:,}"


def _patients(subjects: DataSet, study: Study) -> list[str]:
    lines = [
        "",
        f"[patients]  # {subjects.name}: {subjects.rows:,}",
        f'id = {{ field = "{ID}", source = {quoted(subjects.name)} }}',
    ]
    if "SEX" in subjects:
        sexes = ", ".join(f"{quoted(one)} = {quoted(one if one in 'FM' else '')}" for one in subjects.counts("SEX"))
        lines.append(f'sex = {{ field = "SEX", values = {{ {sexes} }} }}')
    lines += [
        f'{column} = "{name}"' for column, name in (("age_years", "AGE"), ("bmi_kg_m2", "BMIBL")) if name in subjects
    ]
    lines += [f'centre = "{name}"' for name in ("SITEID",) if name in subjects]
    arm = next((name for name in ("TRT01P", "ARM") if name in subjects), None)
    if arm is not None:
        lines += arm_line(study, arm, subjects.counts(arm))
    lines += _of_study(subjects, study, lines)
    flags = [name for name in ("ITTFL", "SAFFL") if name in subjects]
    return lines + [f'# when = {{ {name} = "Y" }}  # {_counted(subjects, name)}' for name in flags]


def _of_study(subjects: DataSet, study: Study, lines: list[str]) -> list[str]:
    """Return the lines of columns that only the study knows, by the names and labels of variables; else questions."""
    called = {
        column: name
        for name in subjects.labels if (column := column_called((name, subjects.labels[name]), study)) is not None
    }  # fmt: skip
    found = [f"{column} = {quoted(name)}  # {_note(subjects, name)}" for column, name in called.items()]
    return [*found, *columns_left([*lines, *found], study)]


def _counted(data: DataSet, name: str) -> str:
    return ", ".join(f"{text}: {count:,}" for text, count in data.counts(name).items())


def _labs(library: Library, study: Study) -> list[str]:
    names = analyte_names(study)
    lines: list[str] = []
    every = [
        (one, standard_of(one)) for one in library.data if standard_of(one) in (LB, BDS) and not of_associated(one)
    ]
    ready: set[str] = set()
    for data, standard in every:
        labels = data.first_of_each(standard.code, standard.label) if standard.label in data else {}
        for code, count in data.counts(standard.code).items():
            label = labels.get(code, "")
            analyte = _analyte(names, study, code, label)
            if analyte is None:
                continue
            doubt = _doubt(data, standard, code, SecondNames(study), analyte)
            mark = "# " if analyte in ready or doubt else ""
            ready |= set() if doubt else {analyte}
            again = ["# The same analyte in another data set: once is enough."] if mark and not doubt else []
            lines += ["", *again, *([f"#? Is it {analyte}? {doubt}"] if doubt else [])]
            lines += [f"{mark}[[labs]]", f"{mark}analyte = {quoted(analyte)}", f"{mark}source = {quoted(data.name)}",
                      f"{mark}codes = [{quoted(code)}]  # {comment(label)}: {count:,}"
                      f"{_units(data, standard, code, study.analytes[analyte])}",
                      ]  # fmt: skip
            lines += [mark + one for one in (*_ratio(data, standard, code, study.analytes[analyte]),
                                             *proposed_comparator(data, standard, code),
                                             *_parts(data, standard, code))]  # fmt: skip
    return lines


def _analyte(names: NameTable, study: Study, code: str, label: str) -> str | None:
    bare = label.rpartition("(")[0].strip() or label
    found = next((names.meaning(text).name for text in (code, label, bare) if text and names.meaning(text).name), None)
    return found if found in study.analytes else None


def _doubt(data: DataSet, standard: Standard, code: str, second: SecondNames, analyte: str) -> str:
    """Return what rows of a code say that they are instead; nothing where they do not."""
    rows = data.holds(standard.code, [code])
    labels = data.counts(standard.label, rows) if standard.label in data else {}
    found = [f"{standard.label} {text!r}" for text in labels if second.contradicts("analyte", text, analyte)]
    for part in ("LBSPEC", "PARCAT1"):
        counts = data.counts(part, rows) if part in data else {}
        if len(counts) == 1:
            found += [f"{part} {text!r}" for text in counts if other_thing(text, (SPECIMEN, PERSON))]
    return comment(", ".join(found))


def _ratio(data: DataSet, standard: Standard, code: str, rule: Analyte) -> list[str]:
    """Return how results are read whose units are none of the study's: as ratios to their upper limit."""
    other = [unit for unit in _found(data, standard, code) if unit and conversion(rule, unit) is None]
    if not other:
        return []
    found, wanted = comment(", ".join(other)), comment(rule.unit)
    if unit_key(rule.unit) in _LIMITS and _RATIO in data:
        note = f"the result divided by its upper limit of normal, since the study has it in {wanted}, not in {found}"
        return [f"value = {quoted(_RATIO)}  # {note}", f"unit = {quoted(rule.unit)}"]
    return [f'#? value = "..."  # {found} is none of its units in the study ({wanted}): state the factor there, or a '
            "variable that is in one of them"]  # fmt: skip


def _units(data: DataSet, standard: Standard, code: str, rule: Analyte) -> str:
    units = [(unit, count) for unit, count in _found(data, standard, code).items() if unit]
    said = [
        f"{comment(unit)}: {count:,}{f', {unread}' if (unread := not_read(rule, unit)) else ''}"
        for unit, count in units
    ]  # fmt: skip
    return f" ({'; '.join(said)})" if said else ""


def _found(data: DataSet, standard: Standard, code: str) -> Counter[str]:
    """Return the units of the results of a code."""
    rows = data.holds(standard.code, [code])
    units: Counter[str] = Counter()
    variable = standard.values[0][1]
    if variable in data:
        units.update(data.counts(variable, rows))
    elif standard.label in data:
        units.update({unit_of_label(text): count for text, count in data.counts(standard.label, rows).items()})
    return units


def _parts(data: DataSet, standard: Standard, code: str) -> list[str]:
    rows = data.holds(standard.code, [code])
    asked = []
    for part in standard.parts:
        counts = data.counts(part, rows) if part in data else {}
        if len(counts) > 1:
            note = ", ".join(f"{text}: {count:,}" for text, count in counts.items())
            asked.append(f'#? when = {{ {part} = "..." }}  # which of them: {comment(note)}')
    return asked


def _treatments(library: Library, study: Study) -> list[str]:
    names, second = agent_names(study), SecondNames(study)
    naming = Naming("agent", lambda text: agent_named(text, names), names, second)
    lines: list[str] = []
    for data in library.data:
        standard = standard_of(data)
        if standard not in (EX, EC, CM):
            continue
        agents: dict[str, dict[str, int]] = {}
        for text, count, called in _drugs(data, standard):
            agent = naming.named(text) or (naming.named(called) if not naming.doubts(text) else None)
            if agent is not None and second.contradicts("agent", called, agent):
                lines += ["", f"#? Is it {agent}? {comment(text)} is called {comment(called)}: {count:,}"]
            elif agent is not None:
                agents.setdefault(agent, {})[text] = count
            elif doubt := naming.doubts(text) or naming.doubts(called):
                lines += ["", f"#? Is it {' or '.join(doubt)}? {comment(called or text)}: {count:,}",
                          *(f"# {line}" for line in _course(doubt[0], data, {text: count}))]  # fmt: skip
        for agent, texts in sorted(agents.items()):
            lines += ["", *_course(agent, data, texts)]
    return lines


def _course(agent: str, data: DataSet, texts: dict[str, int]) -> list[str]:
    return ["[[treatments]]", f"agent = {quoted(agent)}", f"source = {quoted(data.name)}",
            f"codes = [{', '.join(map(quoted, texts))}]  # {sum(texts.values()):,}"]  # fmt: skip


def _drugs(data: DataSet, standard: Standard) -> Iterator[tuple[str, int, str]]:
    """Yield the drugs of a data set: the code, else the words of rows without one, their rows, and the words beside."""
    code, label = code_of(data, standard), standard.label
    words = data.first_of_each(code, label) if label in data else {}
    for text, count in data.counts(code).items():
        yield text, count, words.get(text, "")
    if label in data and label != code:
        for text, count in data.counts(label, (data.texts(code) == "").to_numpy()).items():
            yield text, count, ""


def _outcome(library: Library) -> list[str]:
    found = [one for one in library.data if standard_of(one) is TTE]
    lines: list[str] = []
    for data in found:
        for code, label in data.first_of_each("PARAMCD", "PARAM").items():
            events = int((data.holds("PARAMCD", [code]) & data.holds("CNSR", ["0"])).sum())
            mark = "" if not lines else "# "
            lines += ["", f"{mark}[outcome]  # {comment(label)}: {events:,} events in {data.counts('PARAMCD')[code]:,}",
                      f"{mark}source = {quoted(data.name)}", f"{mark}when = {{ PARAMCD = {quoted(code)} }}",
                      *_events(data, code, mark)]  # fmt: skip
    return lines


def _events(data: DataSet, code: str, mark: str) -> list[str]:
    """Return the question whether deaths among censored rows compete with the outcome; nothing where none is named."""
    censored = data.holds("PARAMCD", [code]) & ~data.holds("CNSR", ["0"])
    for variable in (name for name in DESCRIBED if name in data):
        named = {text: competing_named(text, "relapse") for text in data.counts(variable, censored)}
        if any(named.values()):
            events = data.counts(variable, data.holds("PARAMCD", [code]) & ~censored)
            values = dict.fromkeys(events, "relapse")
            values |= {text: f"competing: {one}" if one else "free" for text, one in named.items()}
            return [f"{mark or '#? '}event = {{ field = {quoted(variable)}, values = {table_text(values.items())} }}"
                    "  # which of these compete with the outcome"]  # fmt: skip
    return []


def _rest(library: Library, subjects: DataSet) -> list[str]:
    lines = ["", "# Found:"]
    for data in library.data:
        standard = standard_of(data)
        code = code_of(data, standard) if standard.code else ""
        note = f": {comment(data.label)}" if data.label else ""
        lines.append(f"# {data.name}{note}, {data.rows:,} observations")
        if code in data:
            labels = data.first_of_each(code, standard.label) if standard.label in data else {}
            each = list(data.counts(code).items())
            lines += [
                f"#     {comment(text)} ({comment(labels.get(text, ''))}): {count:,}" for text, count in each[:_SHOWN]
            ]
            lines += [f"#     and {len(each) - _SHOWN} more"] if len(each) > _SHOWN else []
    return lines
