"""Which identifiers of a patient are those of the hospital, and which say who the person is everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain

from relapse_model.cohort.readers.proposed_text import comment, quoted

_RECORD = frozenset({"MR", "MRT", "PI", "PT", "AN"})
_NATIONAL = frozenset(
    {"SS", "NI", "NIIP", "NH", "PPN", "DL", "SB", "TAX", "MC", "MB", "MA", "SN", "CZ", "PRC", "HC", "JHN", "INN", "BA"}
)
_WORDS = re.compile(
    r"ssn|social.?(?:security|insurance)|passport|driver|licen[cs]e|national|nhs-?number|aadhaar|citizen|resident.?(?:id|card)"
    r"|id.?card|identity.?card|insurance|medicare|medicaid|tax|身份证|护照|社保|医保|居民|oid:2\.16\.840\.1\.113883\.4\.[13]\b",
    re.IGNORECASE,
)
_OF_RECORD = re.compile(r"mrn|medical.?record|hospital|病历|病案|住院号", re.IGNORECASE)
_WHY = (
    "# Not offered as the identifier: what says who a person is outside the hospital (social security, passport, "
    "licence) would link the cohort to anything else that is known of the person."
)


def identifier_lines(systems: Mapping[str, int], types: Mapping[str, Iterable[str]], patients: int) -> list[str]:
    """Return the lines on the identifier of patients: Patient.id, and what else may stand for it.

    Parameters
    ----------
    systems : mapping of str to int
        Of identifiers, with the number of patients.
    types : mapping of str to iterable of str
        Of each system, the codes and words of the types of its identifiers.
    patients : int

    Examples
    --------
    >>> for line in identifier_lines({"urn:a": 3, "urn:mrn": 3, "urn:b": 2}, {"urn:a": ["SS"]}, 3):
    ...     print(line[:62])
    id = "id"  # of the Patient resource
    # id = "identifier(urn:mrn)"  # medical record number, 3 of 3
    # id = "identifier(urn:b)"  # 2 of 3
    # Not offered as the identifier: what says who a person is out
    # not offered: urn:a, 3 of 3
    """
    kinds = {system: _kind(system, types.get(system, ())) for system in systems}
    lines = ['id = "id"  # of the Patient resource']
    own = sorted((one for one in systems if kinds[one] != "person"), key=lambda one: (kinds[one] != "record", one))
    for system in own:
        called = "medical record number, " if kinds[system] == "record" else ""
        lines.append(f"# id = {quoted(f'identifier({system})')}  # {called}{systems[system]:,} of {patients:,}")
    persons = sorted(one for one in systems if kinds[one] == "person")
    listed = [f"# not offered: {comment(system)}, {systems[system]:,} of {patients:,}" for system in persons]
    return [*lines, *([_WHY, *listed] if persons else [])]


def _kind(system: str, types: Iterable[str]) -> str:
    said = list(types)
    if set(said) & _NATIONAL or any(_WORDS.search(one) for one in chain([system], said)):
        return "person"
    return "record" if set(said) & _RECORD or any(_OF_RECORD.search(one) for one in chain([system], said)) else ""
