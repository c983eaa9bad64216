"""A cohort written in the forms that other systems read."""
