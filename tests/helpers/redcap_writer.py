"""A cohort written as REDCap exports it: raw CSV with repeating instruments, its data dictionary, and ODM XML."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pandas as pd
from whole_days import ENROLLED, day

DICTIONARY = ["Variable / Field Name", "Form Name", "Field Type", "Field Label",
              "Choices, Calculations, OR Slider Labels", "Text Validation Type OR Show Slider Number",
              "Identifier?"]  # fmt: skip
LABS = {"lab_date": "date_ymd", "lab_test": "", "lab_value": "", "lab_unit": "", "lab_assay": "",
        "lab_low": "number", "lab_high": "number"}  # fmt: skip
DRUGS = {"drug": "", "drug_start": "date_ymd", "drug_stop": "date_ymd", "drug_dose": "number", "drug_unit": ""}
STRUCTURE = ["redcap_repeat_instrument", "redcap_repeat_instance"]

MAPPING = """
[mapping]
protocol = 1
kind = "redcap"
study = "hbsag-relapse"
[source]
repeating = ["labs", "drugs"]
{source}
[time]
zero = {{ field = "enrol_date" }}
[patients]
id = "record_id"
sex = {{ field = "sex", values = {{ "0" = "F", "1" = "M" }} }}
{columns}
[[labs]]
analyte = {{ field = "lab_test" }}
value = "lab_value"
unit = {{ field = "lab_unit" }}
assay = {{ field = "lab_assay" }}
lower_limit = {{ field = "lab_low" }}
upper_limit = {{ field = "lab_high" }}
date = "lab_date"
[[treatments]]
agent = {{ field = "drug" }}
start = "drug_start"
end = "drug_stop"
dose = "drug_dose"
unit = {{ field = "drug_unit" }}
"""


def text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def rows_of(cohort) -> pd.DataFrame:
    """Return the rows of the export: each record, then its results and its courses."""
    tables = cohort.tables()
    plain = [name for name in tables["patients"] if name not in ("patient_id", "sex")]
    rows = []
    for patient in tables["patients"].to_dict("records"):
        record = patient["patient_id"]
        rows.append({
            "record_id": record, "enrol_date": str(ENROLLED.date()),
            "sex": {"F": "0", "M": "1"}.get(patient["sex"], ""),
            **{name: text(patient[name]) for name in plain}, "patient_complete": "2",
        })  # fmt: skip
        labs = tables["labs"][tables["labs"]["patient_id"] == record]
        for number, row in enumerate(labs.to_dict("records"), start=1):
            cells = [day(row["week"]), *(row[name] for name in ("analyte", "value", "unit", "assay", "lower_limit",
                                                                "upper_limit"))]  # fmt: skip
            rows.append({"record_id": record, STRUCTURE[0]: "labs", STRUCTURE[1]: str(number),
                         **dict(zip(LABS, map(text, cells), strict=True)), "labs_complete": "2"})  # fmt: skip
        courses = tables["treatments"][tables["treatments"]["patient_id"] == record]
        for number, row in enumerate(courses.to_dict("records"), start=1):
            end = "" if pd.isna(row["end_week"]) else day(row["end_week"])
            cells = [row["agent"], day(row["start_week"]), end, row["dose"], row["unit"]]
            rows.append({"record_id": record, STRUCTURE[0]: "drugs", STRUCTURE[1]: str(number),
                         **dict(zip(DRUGS, map(text, cells), strict=True)), "drugs_complete": "2"})  # fmt: skip
    names = ["record_id", *STRUCTURE, "enrol_date", "sex", *plain, "patient_complete", *LABS, "labs_complete", *DRUGS,
             "drugs_complete"]  # fmt: skip
    return pd.DataFrame(rows, columns=names).fillna("")


def dictionary_of(rows: pd.DataFrame) -> pd.DataFrame:
    forms = {**dict.fromkeys(LABS, "labs"), **dict.fromkeys(DRUGS, "drugs")}
    fields = [name for name in rows if name not in STRUCTURE and not name.endswith("_complete")]
    made = [
        [name, forms.get(name, "patient"), "radio" if name == "sex" else "text", name,
         "0, Female | 1, Male" if name == "sex" else "",
         {**LABS, **DRUGS, "enrol_date": "date_ymd"}.get(name, ""), ""]
        for name in fields
    ]  # fmt: skip
    return pd.DataFrame(made, columns=DICTIONARY)


def odm_of(rows: pd.DataFrame) -> str:
    """Return the project as ODM XML."""
    known = dictionary_of(rows)
    made = ['<?xml version="1.0" encoding="UTF-8" ?>',
            '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:redcap="https://projectredcap.org">',
            '<Study OID="P"><GlobalVariables><redcap:RepeatingInstrumentsAndEvents><redcap:RepeatingInstruments>',
            *(f'<redcap:RepeatingInstrument redcap:UniqueEventName="event_1_arm_1" redcap:RepeatInstrument="{form}"/>'
              for form in ("labs", "drugs")),
            "</redcap:RepeatingInstruments></redcap:RepeatingInstrumentsAndEvents></GlobalVariables>",
            '<MetaDataVersion OID="M" Name="m" redcap:RecordIdField="record_id">']  # fmt: skip
    for form in ("patient", "labs", "drugs"):
        made.append(f'<FormDef OID="Form.{form}" Name="{form}" Repeating="No" redcap:FormName="{form}">'
                    f'<ItemGroupRef ItemGroupOID="{form}.all" Mandatory="No"/></FormDef>')  # fmt: skip
        items = [*known.loc[known["Form Name"] == form, DICTIONARY[0]], f"{form}_complete"]
        made.append(f'<ItemGroupDef OID="{form}.all" Name="{form}" Repeating="No">')
        made += [f'<ItemRef ItemOID="{item}" Mandatory="No"/>' for item in items] + ["</ItemGroupDef>"]
    for _, row in known.iterrows():
        made.append(f'<ItemDef OID="{row.iloc[0]}" Name="{row.iloc[0]}" redcap:FieldType="{row.iloc[2]}" '
                    f'redcap:TextValidationType="{row.iloc[5]}"><Question><TranslatedText>{row.iloc[3]}'
                    "</TranslatedText></Question></ItemDef>")  # fmt: skip
    made.append('<CodeList OID="sex.choices" Name="sex" DataType="text">'
                '<CodeListItem CodedValue="0"><Decode><TranslatedText>Female</TranslatedText></Decode></CodeListItem>'
                '<CodeListItem CodedValue="1"><Decode><TranslatedText>Male</TranslatedText></Decode></CodeListItem>'
                '</CodeList></MetaDataVersion></Study><ClinicalData StudyOID="P" MetaDataVersionOID="M">')  # fmt: skip
    for record, its in rows.groupby("record_id", sort=False):
        made.append(f"<SubjectData SubjectKey={quoteattr(str(record))}>")
        for row in its.to_dict("records"):
            form = row.pop(STRUCTURE[0]) or "patient"
            instance = row.pop(STRUCTURE[1]) or "1"
            made.append(f'<FormData FormOID="Form.{form}" FormRepeatKey="{instance}"><ItemGroupData '
                        f'ItemGroupOID="{form}.all" ItemGroupRepeatKey="1">')  # fmt: skip
            made += [f'<ItemData ItemOID="{name}" Value={quoteattr(value)}/>' for name, value in row.items() if value]
            made.append("</ItemGroupData></FormData>")
        made.append("</SubjectData>")
    return "\n".join([*made, "</ClinicalData></ODM>"])


def write_project(cohort, folder: Path, form: str = "csv") -> tuple[Path, Path]:
    """Write data, dictionary and mapping; return the source and the mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(cohort)
    columns = "\n".join(
        f'{name} = "{name}"'
        for name in cohort.patients
        if name not in ("patient_id", "sex", "patient", "enrolment_date")
    )
    mapping = folder / "map.toml"
    if form == "xml":
        source = folder / "project.xml"
        source.write_text(odm_of(rows), encoding="utf-8")
        mapping.write_text(MAPPING.format(source="", columns=columns).replace("repeating =", "# repeating ="), "utf-8")
        return source, mapping
    source = folder / "data.csv"
    rows.to_csv(source, index=False, encoding="utf-8")
    dictionary_of(rows).to_csv(folder / "dictionary.csv", index=False, encoding="utf-8")
    mapping.write_text(MAPPING.format(source='dictionary = "dictionary.csv"', columns=columns), "utf-8")
    return source, mapping
