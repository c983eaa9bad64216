"""Codes that a mapping gives to one analyte, and the study to another: one of the two is mistyped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from relapse_model.cohort.readers.source_mapping import Entry
from relapse_model.study.study import Study

EXPECTED = "codes of the analyte"
IF_RIGHT = "Correct the code, or the analyte; if the code is right, state it in the study, for this analyte too"
_USUAL = frozenset({
    "VALUE", "VALUE_AS_NUMBER", "VALUE_AS_CONCEPT_ID", "VALUE_AS_STRING", "VALUE_SOURCE_VALUE",
    "LBORRES", "LBSTRESC", "LBSTRESN", "AVAL", "AVALC",
})  # fmt: skip


def codes_of_others(entry: Entry, study: Study | None, codes: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
    """Yield the codes of an entry that the study states for other analytes alone, each with the first of them.

    An entry whose value stands elsewhere than usual (a ratio), or that says of which rows it is, may make another
    analyte of the same code.

    Parameters
    ----------
    entry : Entry
        One of ``[[labs]]``.
    study : Study or None
    codes : mapping of str to iterable of str
        Of each analyte, in the source's spelling; case makes no difference.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> codes = {name: [one.sdtm] for name, one in study.analytes.items()}
    >>> list(codes_of_others(Entry("labs", 0, {"analyte": "anti_hbs"}, codes=("HBSAG", "HBSAB")), study, codes))
    [('HBSAG', 'hbsag')]
    """
    own = entry.constants.get("analyte", "")
    if study is None or own not in study.analytes or entry.when:
        return
    if "value" in entry.fields and entry.fields["value"].name.upper() not in _USUAL:
        return
    stated = {name: {code.casefold() for code in some if code} for name, some in codes.items()}
    for code in entry.codes:
        others = [name for name, known in stated.items() if code.casefold() in known]
        if others and own not in others:
            yield code, others[0]
