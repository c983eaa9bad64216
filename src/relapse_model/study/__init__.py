"""The study: the protocol as data, read from one TOML file."""
