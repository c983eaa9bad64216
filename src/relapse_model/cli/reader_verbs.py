"""What the verbs do that read what a hospital has."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from relapse_model.cli.texts import say
from relapse_model.cohort.readers.mapping_file import load_mapping, parse_mapping
from relapse_model.cohort.readers.read_source import proposer_of, reader_of
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_text
from relapse_model.study.reader import load_study

TO_COMPLETE = "?"  # what the proposal writes where only a person knows


def propose_mapping(given: Namespace) -> None:
    """Look into an export and write what is found as a mapping file."""
    text = proposer_of(given.kind)(given.source, load_study(given.study))
    write_text(text, Path(given.out))
    asked = [number for number, line in enumerate(text.split("\n"), start=1) if _is_question(line)]
    say(f"Mapping written to {given.out}.")
    if asked:
        lines = ", ".join(map(str, asked))
        say(f"To be completed by somebody who knows the data: line{'s' if len(asked) > 1 else ''} {lines}.")
    else:
        parse_mapping(text, Path(given.out).name, given.kind)
        say("Check it; nothing in it was left open.")


def _is_question(line: str) -> bool:
    return line.lstrip().startswith(("#?", "# ?"))


def read(given: Namespace) -> None:
    """Read an export into a cohort folder, and say what became of every row."""
    out = Path(given.out)
    if out.is_dir() and any(out.glob("*.csv")):
        raise RelapseModelError(f"--out {given.out}: the folder holds tables already; choose another.")
    mapping = Path(given.mapping)
    study = None if given.study is None else load_study(given.study)
    load_mapping(mapping, given.kind)
    cohort = reader_of(given.kind)(given.source, mapping, study=study, dash=given.dash)
    cohort.write(out)
    report = cohort.reading
    if report is not None:
        write_text(f"{report}\n", out / "reading_report.txt")
        write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n", out / "reading_report.json")
        say(str(report))
    say(f"{cohort!r} written to {given.out}. Next: relapse-model check {given.out}")


def export(given: Namespace) -> None:
    """Write a cohort in the form of another system."""
    from relapse_model.cohort.folder import read_cohort
    from relapse_model.cohort.interchange.sdtm import write_sdtm

    study = load_study(given.study)
    cohort = read_cohort(given.cohort, study=study)
    if given.form == "parquet":
        cohort.write(given.out, "parquet")
    else:
        write_sdtm(cohort, given.out, study)
    say(f"{cohort!r} written to {given.out} as {given.form}.")
