"""CDISC data sets: SDTM and ADaM from SAS transport files (XPT) and Dataset-JSON."""
