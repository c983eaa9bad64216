"""The model file: packed, audited, read and signed; nothing in it is executed."""
