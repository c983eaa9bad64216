"""From what a hospital has (spreadsheets, REDCap, CDISC, FHIR, OMOP) to a cohort: a mapping, a reader, a report."""
