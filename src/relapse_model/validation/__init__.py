"""How good are predicted risks: one family of measures per file, pure functions on arrays."""
