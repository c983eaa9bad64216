"""What the verbs of a study file do."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from relapse_model.cli.texts import say
from relapse_model.cohort.folder import folder_tables, read_cohort
from relapse_model.cohort.study_draft import DraftOutcome, StudyDraft, drafted_study
from relapse_model.errors import RelapseModelError
from relapse_model.files import naming_standard_output, write_text
from relapse_model.report.study_check import cohort_lines, study_lines
from relapse_model.study.reader import load_study, parse_study
from relapse_model.study.study_text import built_in_studies, read_study_text


def study(given: Namespace) -> None:
    """Write, show or check a study file."""
    {"new": new, "show": show, "check": check}[given.action](given)


def new(given: Namespace) -> None:
    """Write a study file for a disease of one's own."""
    out = _new_file(given.out)
    tables = {} if given.cohort is None else folder_tables(given.cohort)
    ask = _asked if sys.stdin.isatty() and sys.stdout.isatty() else None
    title = given.title or _answer(ask, "Title, for reports", "") or ""
    outcome = _outcome(given, ask, "outcomes" in tables)
    draft = StudyDraft(
        name=given.name or out.stem.replace("_", "-"),
        title=title,
        outcome=outcome,
        landmark_week=given.landmark_week if given.landmark_week is not None else _number(ask, "Predict in week", "0"),
        horizon_weeks=given.horizon_weeks if outcome is None else _horizon(given, ask),
        columns=None if given.columns is None else tuple(given.columns),
        analytes=None if given.analytes is None else tuple(given.analytes),
    )
    text = drafted_study(draft, tables)
    found = parse_study(text, out.name)
    write_text(text, out)
    say(f"{out}: {len(found.predictors)} predictors. Read its comments, take away what you do not want, then run")
    say(f"  relapse-model study check {out}{'' if given.cohort is None else f' {given.cohort}'}")


def show(given: Namespace) -> None:
    """Print, or write, a built-in study as it is, or a file written out in full."""
    if given.study is None:
        say("Built-in studies:")
        for name in built_in_studies():
            say(f"  {name}: {load_study(name).heading}")
        return
    text = load_study(given.study).text if given.study.endswith(".toml") else read_study_text(given.study)[0]
    if given.out:
        out = _new_file(given.out)
        write_text(text, out)
        say(f"{given.study}: {out}. Give it a name of its own under [study] before you change anything else.")
        return
    with naming_standard_output():
        sys.stdout.write(text)


def check(given: Namespace) -> None:
    """List everything that is wrong with a study; with a cohort, say what it makes of the patients."""
    found = load_study(given.study)
    for line in study_lines(found):
        say(line)
    if given.cohort is not None:
        say()
        for line in cohort_lines(read_cohort(given.cohort, study=found), found):
            say(line)


def _new_file(name: str) -> Path:
    out = Path(name)
    if out.suffix != ".toml":
        raise RelapseModelError(f"--out {name}: expected a name that ends in .toml.")
    if out.exists():
        raise RelapseModelError(f"--out {name}: the file exists; choose another name, or take it away.")
    return out


Ask = Callable[[str, str], str] | None


def _asked(question: str, default: str) -> str:
    shown = f" [{default}]" if default else ""
    return input(f"{question}{shown}: ").strip() or default


def _answer(ask: Ask, question: str, default: str) -> str | None:
    return None if ask is None else ask(question, default)


def _number(ask: Ask, question: str, default: str) -> float:
    text = default if ask is None else ask(question, default)
    try:
        return float(text)
    except ValueError:
        raise RelapseModelError(f"{question}: {text!r}; expected a number.") from None


def _horizon(given: Namespace, ask: Ask) -> float:
    if given.horizon_weeks is not None:
        return float(given.horizon_weeks)
    if ask is None:
        raise RelapseModelError("--horizon-weeks is missing; expected the week up to which the risk is predicted.")
    return _number(ask, "Up to which week", "48")


def _outcome(given: Namespace, ask: Ask, has_table: bool) -> DraftOutcome | None:
    """Return what counts as the outcome, from the flags or by asking; nothing is taken for granted."""
    analyte, column, table = given.outcome_analyte, given.outcome_column, given.outcomes_table
    ways = sum((analyte is not None, column is not None, table))
    if given.no_outcome and not ways:
        return None
    if ways == 0 and ask is not None:
        said = ask("The outcome is in: an analyte (a), a column of yes and no (c), the outcomes table (t), nothing (n)",
                   "t" if has_table else "a")  # fmt: skip
        if said == "n":
            return None
        analyte = ask("Which analyte", "") if said == "a" else None
        column = ask("Which column of the patients table", "") if said == "c" else None
        table = said == "t"
    if sum((bool(analyte), bool(column), bool(table))) != 1 or given.no_outcome:
        raise RelapseModelError(
            "the outcome is missing, or stated twice; expected one of --outcome-analyte ANALYTE with --at-least or "
            "--below and --unit; --outcome-column COLUMN; --outcomes-table; --no-outcome, for predictors alone."
        )
    name = given.outcome or _answer(ask, "Name of the outcome", "relapse") or "relapse"
    at_least, below, unit = given.at_least, given.below, given.unit
    if analyte and at_least is None and below is None and ask is not None:
        side = ask("Is it a result of at least (l) or below (b) a threshold", "l")
        limit = _number(ask, "Which threshold", "")
        at_least, below = (None, limit) if side == "b" else (limit, None)
        unit = unit or ask("Its unit", "")
    if analyte and ((at_least is None) == (below is None) or not unit):
        raise RelapseModelError(f"--outcome-analyte {analyte}: expected one of --at-least, --below, and --unit.")
    return DraftOutcome(name, analyte, at_least, below, unit, column, given.equals, tuple(given.others or ()))
