"""What the standards say of their data sets: where value, unit and time stand, and which rows are no result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relapse_model.cohort.readers.cdisc.data_set import DataSet

ID = "USUBJID"


@dataclass(frozen=True, slots=True)
class Standard:
    """What a data set's variables mean, unless the mapping says otherwise.

    Attributes
    ----------
    code, label : str
        Variables with the code of what a row is about, and its words.
    values : tuple of (str, str)
        Value and unit, in the order in which they are looked for, row by row.
    dates, days : mapping of str to str
        From the key of the mapping to the variable; days are study days.
    more : mapping of str to str
        Other keys.
    parts : tuple of str
        Variables of which rows of one code may have several values that are not one analyte (blood and urine).
    none : mapping of str to tuple of str
        Variables, and their texts with which a row is nothing that happened.
    """

    code: str = ""
    label: str = ""
    values: tuple[tuple[str, str], ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    days: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    none: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_NOT_DONE, _PLANNED = ("NOT DONE",), ("SCHEDULED",)
LB = Standard(
    code="LBTESTCD", label="LBTEST",
    values=(("LBORRES", "LBORRESU"), ("LBSTRESC", "LBSTRESU"), ("LBSTRESN", "LBSTRESU")),
    dates={"date": "LBDTC"}, days={"day": "LBDY"}, more={"lower_limit": "LBLLOQ", "upper_limit": "LBULOQ"},
    parts=("LBSPEC", "LBCAT"), none={"LBSTAT": _NOT_DONE},
)  # fmt: skip
BDS = Standard(
    code="PARAMCD", label="PARAM", values=(("AVALC", "AVALU"), ("AVAL", "AVALU")), dates={"date": "ADT"},
    days={"day": "ADY"}, none={"DTYPE": ("*",)},
)  # fmt: skip
EX = Standard(
    code="EXTRT", label="EXTRT", dates={"start": "EXSTDTC", "end": "EXENDTC"},
    days={"start_day": "EXSTDY", "end_day": "EXENDY"}, more={"dose": "EXDOSE", "unit": "EXDOSU"},
    none={"EXSTAT": _NOT_DONE, "EXOCCUR": ("N",), "EXMOOD": _PLANNED},
)  # fmt: skip
EC = Standard(
    code="ECTRT", label="ECTRT", dates={"start": "ECSTDTC", "end": "ECENDTC"},
    days={"start_day": "ECSTDY", "end_day": "ECENDY"}, more={"dose": "ECDOSE", "unit": "ECDOSU"},
    none={"ECSTAT": _NOT_DONE, "ECOCCUR": ("N",), "ECMOOD": _PLANNED},
)  # fmt: skip
CM = Standard(
    code="CMDECOD", label="CMTRT", dates={"start": "CMSTDTC", "end": "CMENDTC"},
    days={"start_day": "CMSTDY", "end_day": "CMENDY"}, more={"dose": "CMDOSE", "unit": "CMDOSU"},
    none={"CMSTAT": _NOT_DONE, "CMOCCUR": ("N",), "CMMOOD": _PLANNED},
)  # fmt: skip
TTE = Standard(code="PARAMCD", label="PARAM", dates={"date": "ADT"}, days={"day": "ADY"}, more={"relapse": "CNSR"})
OTHER = Standard()

EVENT_BY_CENSORING = {"0": "1"} | {str(reason): "0" for reason in range(1, 100)}
"""CNSR: 0 is an event, any other number a reason for which there is none."""


def standard_of(data: DataSet) -> Standard:
    """Return what the standard says of a data set, by its variables.

    Parameters
    ----------
    data : DataSet
    """
    for variable, one in (("LBTESTCD", LB), ("CNSR", TTE), ("PARAMCD", BDS), ("EXTRT", EX), ("ECTRT", EC),
                          ("CMTRT", CM)):  # fmt: skip
        if variable in data:
            return one
    return OTHER
