"""The parsers: one that says which choice was meant, and one of a verb, which costs nothing until it is asked for."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
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
    """The parser of one verb, whose arguments are added when the verb is asked for: of 25 verbs one is.

    Parameters
    ----------
    fill : callable, optional
        Adds the arguments to the parser.
    **settings
        As ArgumentParser takes them.
    """

    def __init__(self, fill: Callable[[argparse.ArgumentParser], None] | None = None, **settings: Any):
        self._fill, self._empty = fill, True
        super().__init__(add_help=False, **settings)

    def filled(self) -> VerbParser:
        """Return the parser with its arguments, --help among them."""
        if self._empty:
            self._empty = False
            self.add_argument("-h", "--help", action="help", help="show this help message and exit")
            if self._fill is not None:
                self._fill(self)
        return self

    def parse_known_args(self, *given: Any, **settings: Any) -> Any:
        """Parse, as it always does, once the arguments are there."""
        return argparse.ArgumentParser.parse_known_args(self.filled(), *given, **settings)
