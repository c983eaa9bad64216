"""A proposed mapping while it is written: lines, questions, and which columns it uses."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.readers.number_codes import is_unsettled
from relapse_model.cohort.readers.proposed_text import quoted
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.units_in_names import units_in_name
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study

_VISITS_HERE = "\0visits"
_LOGARITHM = r"\s*-[0-9](?:[.,][0-9]+)?\s*"  # not -99, which may be a code for no value
_BREAKS = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")  # quoted values have none
_SHOWN = 20  # characters of a text; a longer one is a remark, and not shown


class Proposal:
    """Gathers the lines of a mapping.

    Attributes
    ----------
    unreadable : Counter of str
        Texts among the results that cannot be read.
    unsettled : Counter of str
        Abbreviations among them that may mean "not detected" or "not done".
    """

    def __init__(self, study: Study):
        self.study = study
        self.analytes, self.agents = analyte_names(study), agent_names(study)
        self.unreadable: Counter[str] = Counter()
        self.unsettled: Counter[str] = Counter()
        self._lines: list[str] = []
        self._used: set[tuple[int, int]] = set()
        self._visits: dict[str, str] = {}
        self._patients = 0

    def add(self, *lines: str) -> None:
        """Add lines; a line break in a text of the source, which stands in a comment, becomes a space."""
        self._lines += [_BREAKS.sub(" ", line) for line in lines]

    def ask(self, question: str, line: str) -> None:
        """Add a line that a person must complete, under the question."""
        self.add(f"#? {question}", line)

    def use(self, look: Look, *places: int) -> None:
        """Note that columns of a sheet are used."""
        self._used |= {(id(look), place) for place in places}

    def uses(self, look: Look, place: int) -> bool:
        """Tell whether a column of a sheet is used."""
        return (id(look), place) in self._used

    def patients_here(self) -> None:
        """Note where the section of the patients ends."""
        self._patients = len(self._lines)

    def add_to_patients(self, *lines: str) -> None:
        """Add lines to the section of the patients, once it is known what the others read."""
        self._lines[self._patients : self._patients] = lines
        self._patients += len(lines)

    def visits_here(self) -> None:
        """Keep a place for the weeks of visits, which are known once the columns have been looked at."""
        self._lines.append(_VISITS_HERE)

    def visit(self, name: str, week: str) -> None:
        """Note a visit whose week the mapping must state, and the week; ``"..."`` where it is to be asked."""
        self._visits[name] = week

    def note_unreadable(self, values: pd.Series, name: str = "") -> None:
        """Count the results that cannot be read; remarks are not shown, since they may name somebody.

        A logarithm may be negative; the name of its column says that it is one.
        """
        if "log10" in " ".join(units_in_name(name)):
            values = values[~values.astype(str).str.fullmatch(_LOGARITHM)]
        stated = self.study.laboratory
        read = read_lab_texts(values, dash=stated.dash, below_limit_detected=stated.below_limit_detected)
        bad = values[(read["kind"] == "unreadable").to_numpy()].astype(str)
        self.unsettled.update(str(one) for one in values if is_unsettled(str(one)))
        self.unreadable.update(text if len(text) <= _SHOWN else "(a longer text)" for text in bad)

    def text(self) -> str:
        """Return the whole text."""
        lines: list[str] = []
        for line in self._lines:
            lines += self._visit_lines() if line == _VISITS_HERE else [line]
        return "\n".join(lines) + "\n"

    def _visit_lines(self) -> list[str]:
        if not self._visits:
            return []
        order = sorted(self._visits, key=lambda one: (len(one), one))
        weeks = ", ".join(f"{quoted(one)} = {self._visits[one]}" for one in order)
        if '"..."' not in self._visits.values():
            return [
                "# Visits without dates: the weeks since enrolment, as their names have them.",
                f"visits = {{ {weeks} }}",
            ]
        question = '#? In which week since enrolment is each visit? Put it in place of each "..."'
        if any(one.startswith("-") for one in order):
            question += ", and -4 for 4 weeks before it"
        if any(not any(char.isdigit() for char in one) for one in order):
            question += "; one that is at another week in each patient needs a column of its date, or is taken out"
        return [question, f"visits = {{ {weeks} }}"]
