"""What the tables of the Common Data Model call the person, the concept and the dates of an event: a table to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CdmTable:
    """The columns of one table, in lower case; empty where it has none.

    Attributes
    ----------
    row : str
        Its key, by which messages name a row.
    concept : str
    start, end : str
        Dates.
    moment : str
        The start with its time of day.
    text : str
        What the source printed.
    source_code : str
        The code of the source.
    """

    row: str
    concept: str
    start: str
    end: str = ""
    moment: str = ""
    text: str = ""
    source_code: str = ""


CDM: Mapping[str, CdmTable] = {
    "measurement": CdmTable(
        "measurement_id", "measurement_concept_id", "measurement_date", "", "measurement_datetime",
        "value_source_value", "measurement_source_value",
    ),
    "observation": CdmTable(
        "observation_id", "observation_concept_id", "observation_date", "", "observation_datetime", "value_as_string",
        "observation_source_value",
    ),
    "drug_exposure": CdmTable(
        "drug_exposure_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_end_date",
        source_code="drug_source_value",
    ),
    "condition_occurrence": CdmTable(
        "condition_occurrence_id", "condition_concept_id", "condition_start_date", "condition_end_date",
        source_code="condition_source_value",
    ),
    "procedure_occurrence": CdmTable(
        "procedure_occurrence_id", "procedure_concept_id", "procedure_date", source_code="procedure_source_value"
    ),
    "visit_occurrence": CdmTable(
        "visit_occurrence_id", "visit_concept_id", "visit_start_date", "visit_end_date",
        source_code="visit_source_value",
    ),
    "death": CdmTable("", "cause_concept_id", "death_date"),
}  # fmt: skip
OPERATORS: Mapping[str, str] = {
    "": "", "0": "", "4172703": "", "4171756": "<", "4172704": ">", "4171754": "<=", "4171755": ">=",
}  # fmt: skip
"""Comparators by ``operator_concept_id``; 4172703 is "=", and 0 and NULL are none."""
SEXES: Mapping[str, str] = {"8507": "M", "8532": "F"}
"""By ``gender_concept_id``."""
CONCEPTS: Mapping[str, str] = {"8507": "Male", "8532": "Female"}
"""What the vocabulary calls concepts that a mapping gives a meaning to, where the source has no table CONCEPT."""
VISITS: Mapping[str, str] = {
    "9201": "Inpatient Visit", "9202": "Outpatient Visit", "9203": "Emergency Room Visit",
    "262": "Emergency Room and Inpatient Visit", "581476": "Home Visit", "32036": "Laboratory Visit",
    "5083": "Telehealth",
}  # fmt: skip
"""What the vocabulary calls the usual kinds of visit, where the source has no table CONCEPT."""
PERSONAL = frozenset({"person_source_value", "provider_id", "location_id", "birth_datetime", "day_of_birth"})
"""Columns of PERSON that may say who it is, or lead there."""
