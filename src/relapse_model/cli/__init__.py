"""The command line: arguments, verbs, what they print, and the demo."""

from relapse_model.cli.program import main

__all__ = ["main"]
