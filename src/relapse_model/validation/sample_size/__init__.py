"""How many patients are needed: binary, time-to-event and external validation."""
