"""What a proposal for a REDCap export is made of: the export, the study, the fields found, and those that it named."""

from __future__ import annotations

from dataclasses import dataclass

from relapse_model.cohort.readers.other_days import not_of_a_sample
from relapse_model.cohort.readers.proposed_text import comment
from relapse_model.cohort.readers.redcap.export import Export
from relapse_model.cohort.readers.redcap.found_fields import Found
from relapse_model.study.study import Study

SHOWN = 8  # texts, or fields, that a line lists


@dataclass(frozen=True, slots=True)
class Proposal:
    """An export looked at for a study.

    Attributes
    ----------
    export : Export
    study : Study
    found : list of Found
    named : set of str
        Fields that the proposal has named.
    """

    export: Export
    study: Study
    found: list[Found]
    named: set[str]

    def dates(self, form: str) -> list[Found]:
        """Return the dates of a form that may be of a visit, a sample or a course.

        Not what its label calls an amount, whatever the dictionary lets it hold; nor the day of a report or an entry.
        """
        found = [one for one in self.found if one.date and one.form == form and not one.unit]
        return [one for one in found if not not_of_a_sample(one.label or one.name)]

    def repeats(self, one: Found) -> bool:
        """Tell whether the form of a field repeats."""
        return one.form in self.export.repeating


def note_of(one: Found) -> str:
    """Return the label of a field and how many cells of it are filled, for a comment."""
    label = f"{comment(one.label)}, " if one.label and one.label != one.name else ""
    return f"{label}{one.filled:,} filled"
