"""The parser of one verb, which costs next to nothing until the verb is asked for."""

from __future__ import annotations

import argparse
from typing import Any


class VerbParser(argparse.ArgumentParser):
    """The parser of one verb, whose arguments are added when the verb is asked for: of 20 verbs one is."""

    def __init__(self, **settings: Any):
        self._later: list[tuple[tuple[Any, ...], dict[str, Any]]] | None = []
        super().__init__(**settings)

    def add_argument(self, *names: Any, **settings: Any) -> Any:
        """Keep an argument for later."""
        if self._later is None:
            return super().add_argument(*names, **settings)
        return self._later.append((names, settings))

    def filled(self) -> VerbParser:
        """Return the parser with its arguments."""
        later, self._later = self._later, None
        for names, settings in later or ():
            super().add_argument(*names, **settings)
        return self

    def parse_known_args(self, *given: Any, **settings: Any) -> Any:
        """Parse, as it always does, once the arguments are there."""
        return argparse.ArgumentParser.parse_known_args(self.filled(), *given, **settings)
