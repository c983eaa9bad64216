"""FHIR R4: bundles and bulk data as a hospital's server exports them, read to a cohort."""
