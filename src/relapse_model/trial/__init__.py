"""The trial: arms compared, doses due, biomarkers identified, benefit shown."""
