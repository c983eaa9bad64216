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
    """The concepts of OBSERVATION, with what stands in their texts.

    Parameters
    ----------
    tables : Tables
    """

    def __init__(self, tables: Tables):
        known = CDM["observation"]
        self.texts: dict[str, Counter[str]] = defaultdict(Counter)
        self.called: dict[str, Counter[str]] = defaultdict(Counter)
        there = tables.columns("observation")
        if not {known.concept, known.text} <= set(there):
            return
        columns = tuple(one for one in (known.concept, known.text, known.source_code) if one in there)
        for chunk in tables.chunks(Query("observation", columns)):
            cells = (chunk[name].astype(str) for name in columns)
            for (concept, text, *source), count in Counter(zip(*cells, strict=True)).items():
                self.texts[concept][text] += count
                self.called[concept]["".join(source)] += count

    def label(self, concept: str, names: Mapping[str, tuple[str, str]]) -> str:
        """Return what a concept is called, by the vocabulary or the source."""
        most = [text for text, _ in self.called[concept].most_common(1)]
        return names.get(concept, ("", ""))[0] or "".join(most)

    def arm(self, names: Mapping[str, tuple[str, str]], study: Study) -> list[str]:
        """Return the lines for the arm, where a concept is called one; else nothing."""
        for concept, texts in self.texts.items():
            filled = {text: count for text, count in texts.items() if text}
            called = plain_words(f"{names.get(concept, ('', ''))[0]} {' '.join(self.called[concept])}")
            if concept not in ("", "0") and 0 < len(filled) <= _MOST and _ARM.search(called):
                more = f'source = "observation", codes = [{concept}]'
                return arm_line(study, CDM["observation"].text, filled, more)
        return []

    def lines(self, names: Mapping[str, tuple[str, str]]) -> list[str]:
        """Return the list of the concepts, with their counts."""
        every = sorted(self.texts, key=lambda one: -self.texts[one].total())
        told = [f"# {one or 'no concept'}  # {comment(self.label(one, names))}: {self.texts[one].total():,}"
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
