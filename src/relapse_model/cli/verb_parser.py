"""The parsers: one that says which choice was meant, and one of a verb, which costs nothing until it is asked for."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn


class HelpfulParser(argparse.ArgumentParser):
    """A parser that says which choice was probably meant."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Parameters
        ----------
        message : str
        """
        refused = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if refused is not None:
            import difflib  # takes as long to load as four verbs

            choices = re.findall(r"[\w.-]+", refused[2])
            came = refused[1].casefold()
            near = difflib.get_close_matches(came, choices)
            exchanged = [choice for choice in near if sorted(choice) == sorted(came)]  # trian: train before trial
            message += f". Did you mean {[*exchanged, *near][0]!r}?" if near else ""
        super().error(message)


class VerbParser(HelpfulParser):
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
