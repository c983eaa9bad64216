"""Internal validation: the whole procedure refitted in every fold and resample."""
