"""An analyte of the laboratory, as a study declares it: unit, scale, limits of its assays, other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Assay:
    """What holds for the results of one assay only: its limits, and units that convert by a factor of its own.

    Copies become international units by another factor on each assay, so no analyte has one for all.
    """

    lower_limit: float | None = None
    upper_limit: float | None = None
    units: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Analyte:
    """A laboratory analyte: the unit it is read in, its scale, and the limits of its assays.

    Parameters
    ----------
    name, label : str
        Name in the labs table; name for people.
    label_zh : str
        Name for people in Chinese; may be empty, as those of outcomes, predictors and terms.
    unit : str
        Unit in which thresholds are written and features are computed.
    scale : {"linear", "log10"}
        Scale on which features of it are computed.
    lower_limit, upper_limit : float or None
        Limits of quantification used where a result carries none.
    units : mapping of str to float
        Other accepted units, each with the factor to `unit`.
    below_limit : {"half", "limit"}
        The number that stands for a result below the limit: half the limit, or the limit.
    floor : bool
        Whether no result stands lower than one below `lower_limit`. Else a printed 0, whose limit is the study's,
        stands above a printed 0.2 of a laboratory with a lower limit of its own.
    loinc : tuple of str
        LOINC codes.
    sdtm : str
        CDISC test code.
    assays : mapping of str to Assay
        By the name in the assay column; a limit given with a result wins over them.
    synonyms : tuple of str
        Other names that laboratories print for it.
    other_units : tuple of str
        Units that are accepted as they come and convert into no other: of such a result only the laboratory's word, or
        the limit that stands with it, can be read.
    negative : bool
        Whether it may be negative, as the logarithm or a standard score of an amount may; 0 is then a number like
        others, and a result below a limit stands at the limit.
    possible : (low, high) or None
        What a body, or an assay, can give, in `unit`: a result that lies wholly outside is refused by row. None: no
        such limits are known.
    """

    name: str
    unit: str
    label: str
    scale: str = "linear"
    lower_limit: float | None = None
    upper_limit: float | None = None
    units: Mapping[str, float] = field(default_factory=dict)
    below_limit: str = "half"
    floor: bool = False
    loinc: tuple[str, ...] = ()
    sdtm: str = ""
    assays: Mapping[str, Assay] = field(default_factory=dict)
    synonyms: tuple[str, ...] = ()
    other_units: tuple[str, ...] = ()
    negative: bool = False
    label_zh: str = ""
    possible: tuple[float, float] | None = None
