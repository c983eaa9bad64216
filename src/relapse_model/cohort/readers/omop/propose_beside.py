"""What a proposed mapping of an OMOP source asks besides results and drugs: the arm in OBSERVATION, single doses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping

from relapse_model.cohort.readers.label_words import plain_words
from relapse_model.cohort.readers.omop.cdm import CDM
from relapse_model.cohort.readers.omop.said_of_doses import QUANTITY
from relapse_model.cohort.readers.omop.tables import Query, Tables
from relapse_model.cohort.readers.proposed_text import MAY, arm_line, comment
from relapse_model.study.study import Study

_ARM = re.compile(
    r"(?<![a-z])(?:arm|(?:treatment|study|trial|randomi[sz]ed|allocated|allocation) (?:group|arm)|randomi[sz]ation"
    r"|treatment allocation)(?![a-z])|分组|组别|入组组"
)
_SHOWN = 20  # concepts of OBSERVATION
_MOST = 12  # arms of a trial
_UNIT = "dose_unit_source_value"


class Observations:
    """The concepts of OBSERVATION, counted once by the source itself; texts are read of those that are called an arm.

    Parameters
    ----------
    tables : Tables
    """

    def __init__(self, tables: Tables):
        self._tables, known = tables, CDM["observation"]
        self.called: dict[str, Counter[str]] = defaultdict(Counter)
        there = tables.columns("observation")
        self._texts = {known.concept, known.text} <= set(there)
        if known.concept in there:
            columns = tuple(one for one in (known.concept, known.source_code) if one in there)
            for (concept, *source), count in tables.counts_of("observation", columns).items():
                self.called[concept]["".join(source)] += count

    def label(self, concept: str, names: Mapping[str, tuple[str, str]]) -> str:
        """Return what a concept is called, by the vocabulary or the source."""
        most = [text for text, _ in self.called[concept].most_common(1)]
        return names.get(concept, ("", ""))[0] or "".join(most)

    def arm(self, names: Mapping[str, tuple[str, str]], study: Study) -> list[str]:
        """Return the lines for the arm, where a concept is called one; else nothing."""
        for concept in self._in_order() if self._texts else ():
            named = plain_words(f"{names.get(concept, ('', ''))[0]} {' '.join(self.called[concept])}")
            if concept not in ("", "0") and _ARM.search(named):
                filled = self._texts_of(concept)
                if 0 < len(filled) <= _MOST:
                    more = f'source = "observation", codes = [{concept}]'
                    return arm_line(study, CDM["observation"].text, filled, more)
        return []

    def _in_order(self) -> list[str]:
        """Return the concepts, the most frequent first: a database has them in no order of its own."""
        return sorted(self.called, key=lambda one: (-self.called[one].total(), one))

    def _texts_of(self, concept: str) -> dict[str, int]:
        """Return the texts of the rows of a concept, with their counts: of an arm there are few."""
        known, found = CDM["observation"], Counter[str]()
        for chunk in self._tables.chunks(Query("observation", (known.text,), {known.concept: (concept,)})):
            found.update(text for text in chunk[known.text].astype(str) if text)
        return dict(found)

    def lines(self, names: Mapping[str, tuple[str, str]]) -> list[str]:
        """Return the list of the concepts, with their counts."""
        every = self._in_order()
        told = [f"# {one or 'no concept'}  # {comment(self.label(one, names))}: {self.called[one].total():,}"
                for one in every[:_SHOWN]]  # fmt: skip
        rest = [f"# ... and {len(every) - _SHOWN} more"] if len(every) > _SHOWN else []
        head = '# Found in OBSERVATION (an entry reads it with source = "observation"):'
        return ["", head, *told, *rest] if told else []


def dose_lines(tables: Tables, among: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the question whether the quantity of drugs of single days is their dose; nothing of courses of more.

    Parameters
    ----------
    tables : Tables
    among : mapping of str to tuple of str
        Which rows of DRUG_EXPOSURE are those of the agent.
    """
    known = CDM["drug_exposure"]
    there = tables.columns("drug_exposure")
    if not {QUANTITY, known.start, known.end} <= set(there):
        return []
    columns = tuple(one for one in (QUANTITY, known.start, known.end, _UNIT) if one in there)
    found: Counter[tuple[str, str]] = Counter()
    for chunk in tables.chunks(Query("drug_exposure", columns, among)):
        if (chunk[known.start].str[:10] != chunk[known.end].str[:10]).any():
            return []
        units = chunk[_UNIT] if _UNIT in chunk else chunk[QUANTITY].mask(chunk[QUANTITY] != "", "")
        found.update(zip(chunk[QUANTITY], units, strict=True))
    filled = Counter({pair: count for pair, count in found.items() if pair[0]})
    if not filled:
        return []
    told = ", ".join(f"{' '.join(pair).strip()}: {count:,}" for pair, count in filled.most_common(5))
    whole = all(unit for _, unit in filled)
    stated = "" if whole else ', unit = "IU"'
    note = f"{comment(told)}: where it is the amount that was given, and no number of vials"
    unit = [f'{MAY}unit = {{ field = "{_UNIT}" }}'] if whole else []
    return [f'{MAY}dose = {{ field = "{QUANTITY}"{stated} }}  # {note}', *unit]
