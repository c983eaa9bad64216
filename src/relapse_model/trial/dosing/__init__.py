"""The dosing rule as protocol logic: who is due, what was given, and when the titre will fall below the limit."""
