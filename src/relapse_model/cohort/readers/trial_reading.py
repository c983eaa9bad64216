"""A proposed mapping that asks nothing is read at once: what would be refused is open, and stands in it."""

from __future__ import annotations

from pathlib import Path

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.proposed_text import comment
from relapse_model.cohort.readers.read_source import reader_of
from relapse_model.errors import CohortError, MappingError, SourceError, problem_lines
from relapse_model.study.study import Study

_SHOWN = 10
_LONG = 400


def read_as_it_is(text: str, kind: str, source: str | Path, study: Study) -> Cohort | list[str]:
    """Read a source with a proposed mapping as it is; where it would be refused, return lines to be added that say why.

    Parameters
    ----------
    text : str
        Of the mapping; nothing is asked in it.
    kind : str
    source : str or Path
    study : Study

    Returns
    -------
    Cohort or list of str
    """
    try:
        return reader_of(kind)(source, parse_mapping(text, "this mapping", kind), study=study)
    except (CohortError, MappingError, SourceError) as error:
        lines = problem_lines(error.problems) or [str(error)]
        shown = [f"#   {_line(line)}" for line in lines[:_SHOWN]]
        more = [f"#   and {len(lines) - _SHOWN:,} more kinds"] if len(lines) > _SHOWN else []
        return [
            "",
            "#? How is this to be mended? Read with this mapping as it is, the source is refused:",
            *shown,
            *more,
        ]


def _line(text: str) -> str:
    return " ".join(comment(part) if len(part) > _LONG else part for part in text.split())
