"""What a row calls its own analyte or agent besides its code: another one, or that of another person."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from relapse_model.arrays import Mask
from relapse_model.cohort.readers.contradicting_units import other_unit_named
from relapse_model.cohort.readers.distinct_pairs import distinct_pairs
from relapse_model.cohort.readers.other_things import (
    DERIVED,
    LOGARITHM,
    NO_RESULT,
    OF_TREATMENTS,
    PERSON,
    SPECIMEN,
    other_thing,
)
from relapse_model.cohort.readers.units_in_names import units_in_name
from relapse_model.cohort.readers.viruses import of_other_virus
from relapse_model.study.analyte_library import analyte_library
from relapse_model.study.names import NameTable
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.study import Study
from relapse_model.study.unit_spelling import is_log10, unit_key

_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_SAID = {"analyte": (PERSON, SPECIMEN, DERIVED, NO_RESULT), "agent": OF_TREATMENTS}
_IN_BRACKETS = re.compile(r"[(（\[][^()（）\[\]]*[)）\]]|\{visit\}")
_DIVIDED = re.compile(r"[/÷]")
OF_ONE_UNIT = "a name that states the unit in which the result is read, or none"
IF_ITS_UNIT = (
    "If the name is right, state its unit in the entry, or correct that of the row, or leave such rows out by 'when'; "
    "if the name is wrong, correct it"
)
IF_RIGHT = "Leave such rows out by 'when'; if the name is wrong, correct it"


@dataclass(frozen=True, slots=True)
class SecondNames:
    """Holds what rows call their analyte or agent against the one as which they are read.

    A text contradicts if it is a name of another analyte of the study, alone or before brackets; if it holds names of
    agents of the study, and not that one; if it is a ratio of two, or names another virus; or if it says that the
    result is of another person or specimen or a quantity derived from it, or that nothing was given (`other_things`). A
    text that is not understood contradicts nothing, and neither does a name that the study has for that one.

    Parameters
    ----------
    study : Study or None
        By whose names texts are understood.
    """

    study: Study | None = None
    _tables: dict[str, NameTable] = field(default_factory=dict, repr=False)
    _found: dict[tuple[str, str, str], bool] = field(default_factory=dict, repr=False)
    _loinc: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    def contradicts(self, key: str, text: str, meant: str) -> bool:
        """Tell whether a text says another analyte or agent, or another person's.

        Parameters
        ----------
        key : {"analyte", "agent"}
        text, meant : str

        Examples
        --------
        >>> import relapse_model as rm
        >>> names = SecondNames(rm.load_study("hbsag-relapse"))
        >>> [names.contradicts("analyte", text, "hbsag") for text in ("HBsAb (mIU/mL)", "HBsAg (mother)", "S antigen")]
        [True, True, False]
        >>> names.contradicts("agent", "Entecavir 0.5mg", "hbig"), names.contradicts("agent", "HBIG 400 IU", "hbig")
        (True, False)
        """
        place = key, text, meant
        if place not in self._found:
            self._found[place] = bool(text) and self._contradicts(key, text, meant)
        return self._found[place]

    def rows(self, key: str, texts: pd.Series, meant: str) -> Mask:
        """Tell which of some texts contradict; each different one is read once.

        Parameters
        ----------
        key, meant : str
            As in `contradicts`.
        texts : Series
        """
        codes, distinct = pd.factorize(texts)
        found = [self.contradicts(key, str(one), meant) for one in distinct]
        among: Mask = np.array([*found, False], dtype=bool)[codes]
        return among

    def _contradicts(self, key: str, text: str, meant: str) -> bool:
        plain = unicodedata.normalize("NFKC", text)
        if self.study is None:
            return self._other(key, plain, meant)
        table = self._table(self.study, key)
        own = table.meaning(meant).name
        if own and table.meaning(plain).name == own:
            return False
        if self._other(key, plain, meant) or (key == "analyte" and names_a_ratio(plain, table)):
            return True
        if key == "analyte" and own in self.study.analytes:
            rule = self.study.analytes[str(own)]
            if of_other_virus(plain, (str(own), rule.label, *rule.synonyms)):
                return True
        said = self._said(table, key, plain)
        return bool(own) and bool(said) and own not in said and not self._together({str(own), *said})

    def differ(self, key: str, one: str, other: str) -> bool:
        """Tell whether two texts of one row are names of two analytes or agents of the study, and of none in common.

        Also of agents that a predictor counts together: one course is of one of them.

        Parameters
        ----------
        key : {"analyte", "agent"}
        one, other : str

        Examples
        --------
        >>> import relapse_model as rm
        >>> names = SecondNames(rm.load_study("hbsag-relapse"))
        >>> names.differ("agent", "ENTECAVIR", "Tenofovir"), names.differ("agent", "ENTECAVIR", "Baraclude")
        (True, False)
        """
        if self.study is None:
            return False
        table = self._table(self.study, key)
        first, second = (self._said(table, key, unicodedata.normalize("NFKC", text)) for text in (one, other))
        parts = any(two.startswith(f"{part}_") for part in first | second for two in first | second)
        return (
            bool(first)
            and bool(second)
            and not first & second
            and not parts
            and not self._names_a_class(first | second)
        )

    def _table(self, study: Study, key: str) -> NameTable:
        if key not in self._tables:
            self._tables[key] = analyte_names(study) if key == "analyte" else agent_names(study)
        return self._tables[key]

    def loinc_of_others(self, name: str) -> frozenset[str]:
        """Return the LOINC codes that the study states for other analytes alone; none of one that it does not know.

        Parameters
        ----------
        name : str
            Of an analyte.
        """
        if name not in self._loinc:
            analytes = {} if self.study is None else self.study.analytes
            own = analytes[name].loinc if name in analytes else ()
            others = {code for one in analytes.values() for code in one.loinc} if name in analytes else set()
            self._loinc[name] = frozenset(others - {*own})
        return self._loinc[name]

    def logarithms(self, texts: pd.Series, units: pd.Series) -> Mask:
        """Tell which texts say that a result is a logarithm, where its unit does not say so.

        Parameters
        ----------
        texts, units : Series
        """
        codes, pairs = distinct_pairs(texts, units)
        found = [logarithm_in_plain_unit(text, unit) for text, unit in pairs]
        among: Mask = np.array([*found, False], dtype=bool)[codes]
        return among

    def other_units(self, texts: pd.Series, units: pd.Series) -> Mask:
        """Tell which texts state a unit of the result that is not the one in which it is read.

        Parameters
        ----------
        texts, units : Series
        """
        codes, pairs = distinct_pairs(texts, units)
        found = [bool(other_unit_named(text, unit)) for text, unit in pairs]
        among: Mask = np.array([*found, False], dtype=bool)[codes]
        return among

    @staticmethod
    def _other(key: str, text: str, meant: str) -> bool:
        """Tell whether a text says another thing than its name does: an agent may be a placebo, an analyte a ratio."""
        said = other_thing(text, _SAID[key])
        return bool(said) and said != other_thing(meant, _SAID[key])

    @staticmethod
    def _said(table: NameTable, key: str, text: str) -> set[str]:
        """Return the names that a text says; of agents all that stand in it as words."""
        bare = _BRACKETS.sub("", text)
        found = {name for one in (text, bare) if (name := table.meaning(one).name) is not None}
        return found if found or key == "analyte" else set(table.meaning(text).doubt)

    def _names_a_class(self, names: set[str]) -> bool:
        """Tell whether one of some agents is the class of others: it gives its name to a predictor that counts them."""
        groups = [] if self.study is None else [one for one in self.study.predictors if len(one.agents) > 1]
        return any(names <= {*one.agents} and names & {*one.name.split("_")} for one in groups)

    def _together(self, names: set[str]) -> bool:
        """Tell whether the study counts agents as one, so that one may be called by the other."""
        sets = [] if self.study is None else [set(one.agents) for one in self.study.predictors if one.agents]
        return any(names <= each for each in sets)


@lru_cache(maxsize=8192)
def logarithm_in_plain_unit(name: str, unit: str) -> bool:
    """Tell whether a name says that a result is a logarithm, and its unit says an amount itself.

    Without a unit nothing is said: results without one are refused elsewhere.

    Parameters
    ----------
    name, unit : str

    Examples
    --------
    >>> [logarithm_in_plain_unit(*one) for one in (("lg HBV DNA", "IU/mL"), ("HBV_DNA_log10", "IU/mL"))]
    [True, True]
    >>> [logarithm_in_plain_unit(*one) for one in (("HBV DNA (log)", "log10 IU/mL"), ("HBV DNA", "IU/mL"))]
    [False, False]
    """
    return unit != "" and _is_logarithm(name) and not (_is_logarithm(unit) or is_log10(unit_key(unit)))


def _is_logarithm(text: str) -> bool:
    named = bool(other_thing(text, (LOGARITHM,)))
    return named or any(one.startswith("log10") for one in units_in_name(text))


_LOINC = re.compile(r"\d{1,7}-\d")
_MOST = 5  # codes that the report names


@dataclass(slots=True)
class LoincMet:
    """Counts LOINC codes that stand beside results, and that the study does not state for their analyte.

    Codes that it states for another analyte are refused (`SecondNames.loinc_of_others`); of those that it lacks, nobody
    here knows what they are, and the results count.

    Parameters
    ----------
    second : SecondNames
    met : Counter
        By analyte and code.
    """

    second: SecondNames = field(default_factory=SecondNames)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)

    def see(self, name: str, codes: Iterable[str], counts: Iterable[int] | None = None) -> None:
        """Count the LOINC codes among some codes of results of an analyte, each as often as `counts` says.

        Parameters
        ----------
        name : str
        codes : iterable of str
        counts : iterable of int, optional
            Default: once each.
        """
        study = self.second.study
        own = set() if study is None or name not in study.analytes else {*study.analytes[name].loinc}
        for code, count in zip(codes, itertools.repeat(1) if counts is None else counts, strict=False):
            if code not in own and _LOINC.fullmatch(code):
                self.met[name, code] += count

    def seen(self, name: str, code: str) -> bool:
        """Tell whether a code of an analyte was counted."""
        return (name, code) in self.met

    def states(self, name: str) -> bool:
        """Tell whether the study states LOINC codes for an analyte: a mapping that names another one may be wrong."""
        study = self.second.study
        return study is not None and name in study.analytes and bool(study.analytes[name].loinc)

    def sentences(self) -> Iterator[str]:
        """Yield what the report says of them, for each analyte.

        Examples
        --------
        >>> met = LoincMet()
        >>> met.see("alt", ["1920-8", "2951-2", "U/L"], [3, 1, 9])
        >>> next(met.sentences()).partition(". ")[0].partition(": ")[2]
        '1920-8 (3; ast in the library of common analytes), 2951-2 (1; sodium in the library of common analytes)'
        """
        known = {code: name for name, one in analyte_library().items() for code in one.loinc_from}
        for name in sorted({name for name, _ in self.met}):
            codes = sorted(((count, code) for (one, code), count in self.met.items() if one == name), reverse=True)
            said = ", ".join(f"{code} ({count:,}{_in_library(known.get(code))})" for count, code in codes[:_MOST])
            more = f", and {len(codes) - _MOST:,} more" if len(codes) > _MOST else ""
            yield (
                f"results of {name} that count have LOINC codes which the study does not state for it: {said}{more}. "
                f"See what they are: if they are of {name}, state them as its loinc in the study; if not, leave such "
                "rows out"
            )


def _in_library(name: str | None) -> str:
    return "" if name is None else f"; {name} in the library of common analytes"


def names_a_ratio(text: str, names: NameTable) -> bool:
    """Tell whether a text names two analytes, one divided by the other; what stands in brackets does not count.

    Parameters
    ----------
    text : str
    names : NameTable

    Examples
    --------
    >>> table = NameTable({"alt": (), "ast": ()}, ("alt", "ast"))
    >>> [names_a_ratio(text, table) for text in ("ALT/AST", "W{visit} AST ÷ ALT", "ALT (U/L)", "ALT/ALT")]
    [True, False, False, False]
    """
    parts = [one.strip() for one in _DIVIDED.split(_IN_BRACKETS.sub(" ", text))]
    found = [names.meaning(one).name for one in parts if one]
    return len(set(found)) > 1 and None not in found


NAMED: Mapping[str, str] = {"labs": "analyte", "treatments": "agent"}
"""By section, which key of an entry says of what its rows are."""
