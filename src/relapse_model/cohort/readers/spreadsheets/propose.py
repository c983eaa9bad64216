"""A mapping proposed for spreadsheets: what is found is written, what only a person knows is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from relapse_model.cohort.readers.identifying import holds_contacts, may_identify
from relapse_model.cohort.readers.proposed_outcome import WHETHER, outcome_part, outcome_question
from relapse_model.cohort.readers.proposed_text import may_mean_none, quoted
from relapse_model.cohort.readers.source_dates import iso_date
from relapse_model.cohort.readers.spreadsheets.header_words import ENROLMENT, at_visit, bare_name
from relapse_model.cohort.readers.spreadsheets.join_sheets import ask_to_join, sheets_alike
from relapse_model.cohort.readers.spreadsheets.look import Look, category_counts, look_at
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal
from relapse_model.cohort.readers.spreadsheets.proposed_doses import (
    dates_in,
    numbered_doses,
    sheet_of_doses,
    unread_treatments,
)
from relapse_model.cohort.readers.spreadsheets.proposed_identifiers import ask_second_identifiers
from relapse_model.cohort.readers.spreadsheets.proposed_patients import patient_columns
from relapse_model.cohort.readers.spreadsheets.proposed_results import long_results, wide_results
from relapse_model.cohort.readers.spreadsheets.proposed_treatments import dated_courses, histories, treatment_rows
from relapse_model.cohort.readers.spreadsheets.proposed_visit_rows import results_by_visit
from relapse_model.cohort.readers.spreadsheets.remarks_of_loss import ask_of_loss
from relapse_model.cohort.tables.identifiers import identifier_keys
from relapse_model.errors import StudyError
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study

_DATE_IN = re.compile(r"(?<!\d)(?:19|20)\d\d[-./年]\d{1,2}")


def propose_excel(source: str | Path, study: Study) -> str:
    """Look into spreadsheets and write what is found as a mapping file to be checked and completed.

    Columns are recognised by their names: the study's names of analytes and agents, and the usual words in English and
    Chinese. What only a person knows is asked on a line that begins with ``#?``; the line after it is to be completed.

    Parameters
    ----------
    source : str or Path
        A file, or a folder whose spreadsheets belong together.
    study : Study

    Returns
    -------
    str
        TOML, as `read_excel` reads it.

    Raises
    ------
    SourceError
        If nothing can be read.

    Examples
    --------
    >>> import relapse_model as rm
    >>> print(propose_excel("followup.xlsx", rm.load_study("hbsag-relapse")))  # doctest: +SKIP
    """
    path = Path(source)
    looks, left = look_at(path)
    main = max(looks, key=lambda look: (look.about_patients, len(look.table.names)))
    alike = sheets_alike(main, looks)
    names = _names([look for look in looks if look is not main and look not in alike])
    proposal = Proposal(study)
    _head(proposal, study)
    _sources(proposal, path, main, names, ask_to_join(main, alike))
    enrolment = _time(proposal, main, looks)
    _patients(proposal, main, enrolment)
    proposal.patients_here()
    for name, look in (("", main), *names.items()):
        wide_results(proposal, name, look)
        long_results(proposal, name, look)
        results_by_visit(proposal, name, look)
    for name, look in (("", main), *names.items()):
        histories(proposal, name, look)
        numbered_doses(proposal, name, look)
        treatment_rows(proposal, name, look)
        dated_courses(proposal, name, look)
        sheet_of_doses(proposal, name, look)
        unread_treatments(proposal, look)
    for name, look in (("", main), *names.items()):
        _outcome(proposal, name, look)
    ask_of_loss(proposal, main)
    _missing(proposal)
    _rest(proposal, (main, *names.values()), left)
    return proposal.text()


def _names(looks: Iterable[Look]) -> dict[str, Look]:
    """Give each further sheet a short name for ``[sources.NAME]``."""
    names: dict[str, Look] = {}
    for look in looks:
        stem = look.sheet or look.file.stem
        bare = "".join(one for one in stem.casefold() if one.isascii() and (one.isalnum() or one == "_"))
        short = bare if bare and bare not in names else f"source{len(names) + 2}"
        names[short] = look
    return names


def _head(proposal: Proposal, study: Study) -> None:
    proposal.add(
        "# Proposed from the names of sheets and columns, and what stands in them. Check every line.",
        "# A line that begins with #? asks what only somebody who knows the data can say.",
        "[mapping]", "protocol = 1", 'kind = "excel"',
    )  # fmt: skip
    if _is_built_in(study):
        proposal.add(f"study = {quoted(study.name)}")
    else:
        proposal.add('# The study is given at reading, or named here by its file: study = "my_study.toml"')


def _is_built_in(study: Study) -> bool:
    try:
        return load_study(study.name) == study
    except (StudyError, OSError):
        return False


def _sources(proposal: Proposal, path: Path, main: Look, names: Mapping[str, Look], join: str) -> None:
    if path.is_dir() or main.sheet or main.options:
        proposal.add("", "[source]")
    _options(proposal, main, named=path.is_dir(), join=join)
    for name, look in names.items():
        proposal.add("", f"[sources.{name}]")
        _options(proposal, look, named=look.file != main.file)
        _identifier(proposal, name, look, main)


def _options(proposal: Proposal, look: Look, *, named: bool, join: str = "") -> None:
    """Write how a sheet is opened; nothing in place of its name where it is to be joined with others first."""
    proposal.add(*(f"# {comment}" for comment in look.comments))
    proposal.add(*(f"# In the sheet: {note}." for note in look.table.sheet.notes))
    if join:
        proposal.add(f"#? {join}")
    if named:
        proposal.add(f"file = {quoted('' if join and not look.sheet else look.file.name)}")
    if look.sheet:
        proposal.add(f"sheet = {quoted('' if join else look.sheet)}")
    for key, value in look.options.items():
        proposal.add(*([f"#? {look.asked[key]}"] if key in look.asked else []))
        proposal.add(f"{key} = {json.dumps(value, ensure_ascii=False)}")


def _identifier(proposal: Proposal, name: str, look: Look, main: Look) -> None:
    """Name the column of identifiers of a further source, where it is called otherwise than that of the patients."""
    own, of_main = look.identifier, main.identifier
    if own is None:
        proposal.ask(f"Which column of {name} holds the identifier of the patient?", 'id = ""')
        return
    proposal.use(look, own)
    if of_main is None or look.table.names[own] != main.table.names[of_main]:
        proposal.add(f"id = {quoted(look.table.names[own])}")
    if of_main is not None:
        known = set(identifier_keys(main.texts(of_main)))
        here = set(identifier_keys(look.texts(own)))
        proposal.add(f"# {len(here & known)} of its {len(here)} identifiers are those of the {len(known)} patients.")
        ask_second_identifiers(proposal, look, main)
        if here - known:
            question = '"list" if they are other people, "refuse" if they may be mistyped'
            proposal.ask(f"{len(here - known)} are of no patient: {question}", 'unknown_patients = "refuse"')


def _time(proposal: Proposal, main: Look, looks: list[Look]) -> int | None:
    """Write when the clock starts, and how dates are written; return the column of enrolment."""
    proposal.add("", "[time]")
    bare = [bare_name(name) for name in main.table.names]
    place = next((bare.index(word) for word in ENROLMENT if word in bare), None)
    if place is None and not any(map(_dated, looks)):
        proposal.add("# No column of dates was found: the weeks of the results are those of the source.")
    elif place is None:
        proposal.ask(
            "Which column is the date of enrolment (time zero)? Without dates, take the line out and state the weeks of"
            " the visits.", 'zero = { field = "" }',
        )  # fmt: skip
    else:
        proposal.use(main, place)
        proposal.add(f"zero = {{ field = {quoted(main.table.names[place])} }}")
    order = _order(looks)
    if order == "?":
        proposal.ask('In dates such as 02/03/2024, which part is the day? "dmy" or "mdy"', 'dates = ""')
    elif order != "ymd":
        proposal.add(f"dates = {quoted(order)}")
    proposal.visits_here()
    return place


def _dated(look: Look) -> bool:
    """Tell whether a sheet has dates, in any order of their parts, or courses with dates."""
    for place in range(len(look.table.names)):
        texts = [str(one) for one in look.texts(place).unique()]
        if any(_DATE_IN.search(one) or _reads(one, "dmy") or _reads(one, "mdy") for one in texts):
            return True
    return False


def _order(looks: list[Look]) -> str:
    """Return the order of the parts of dates that do not begin with the year; "?" where both orders fit all."""
    texts = {text for look in looks for place in range(len(look.table.names)) for text in look.texts(place).unique()}
    late = [one for one in texts if iso_date(str(one)) is None and (_reads(one, "dmy") or _reads(one, "mdy"))]
    if not late:
        return "ymd"
    days_first, months_first = (all(_reads(one, order) for one in late) for order in ("dmy", "mdy"))
    return "dmy" if days_first and not months_first else "mdy" if months_first and not days_first else "?"


def _reads(text: object, order: str) -> bool:
    return iso_date(str(text), "dmy" if order == "dmy" else "mdy") is not None


def _patients(proposal: Proposal, main: Look, enrolment: int | None) -> None:
    proposal.add("", "[patients]")
    place = main.identifier
    if place is None:
        proposal.ask("Which column holds the identifier of the patient?", 'id = ""')
    else:
        proposal.use(main, place)
        proposal.add(f"id = {quoted(main.table.names[place])}")
        ask_second_identifiers(proposal, main, main)
    patient_columns(proposal, main, {one for one in (place, enrolment) if one is not None})


def _outcome(proposal: Proposal, source: str, look: Look) -> None:
    """Ask about columns that are called an outcome."""
    found: dict[str, list[str]] = {}
    texts: dict[str, dict[str, str]] = {}
    for place, name in enumerate(look.table.names):
        if proposal.uses(look, place) or may_identify(name) or not len(look.texts(place)) or at_visit(name):
            continue
        part = outcome_part([bare_name(name)], dates=dates_in(look, place))
        if part == WHETHER and not category_counts(look.texts(place)):
            continue  # of too many texts to be codes
        if part:
            found.setdefault(part, []).append(name)
            texts[name] = {str(one): str(one) for one in look.texts(place).unique()} if part == WHETHER else {}
    proposal.add(*outcome_question(found, texts, f"source = {quoted(source)}" if source else ""))


def _missing(proposal: Proposal) -> None:
    """Ask which texts among the results mean that there is none; numbers that cannot be read are listed beside."""
    proposal.add("", "[missing]")
    words = [(text, count) for text, count in proposal.unreadable.most_common() if may_mean_none(text)]
    others = [(text, count) for text, count in proposal.unreadable.most_common() if not may_mean_none(text)]
    if others:
        proposal.add(f"#? These cannot be read as results, and are to be corrected in a copy: {_counted(others)}")
    if proposal.unsettled:
        met = list(proposal.unsettled)
        proposal.add(
            f"#? Does {_counted(proposal.unsettled.most_common())} mean that nothing was detected? It is read so. If "
            f"it means that it was not done, put it among the codes: codes = [{', '.join(map(quoted, met))}]"
        )
    if words:
        proposal.ask(
            f"Which of these texts among the results mean that there is none? {_counted(words)}. Write them so: "
            f"codes = [{quoted(words[0][0])}]", "codes = []",
        )  # fmt: skip
    else:
        proposal.add("codes = [] # such as -99: none was found that cannot be read")


def _counted(texts: list[tuple[str, int]]) -> str:
    return ", ".join(f"{text} {count}" for text, count in texts[:12])


def _rest(proposal: Proposal, looks: Iterable[Look], left: list[str]) -> None:
    """List what the proposal does not use."""
    never, other = [], []
    for look in looks:
        for place, name in enumerate(look.table.names):
            texts = look.texts(place)
            if proposal.uses(look, place) or not len(texts):
                continue
            line = f"#   {look.table.name}, {name or 'a column without a name'}"
            if may_identify(name) or holds_contacts(texts):
                never.append(line)
            else:
                other.append(f"{line}: {len(texts)} cells")
    proposal.add(*(["", "# Never read, since they may identify a person:", *never] if never else []))
    proposal.add(*(["", "# Not used by this mapping:", *other] if other else []))
    proposal.add(*(["", "# Not looked at:", *(f"#   {one}" for one in left)] if left else []))
