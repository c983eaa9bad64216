"""The table of scores as a notebook shows it: with a sentence on how far its risks can be relied on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from relapse_model.display.html_summary import html_summary


class ScoreTable(pd.DataFrame):
    """A plain DataFrame but for what a notebook shows; whatever is made from it is a plain one.

    Parameters
    ----------
    scores : DataFrame
    verdict : str
        The sentence.
    """

    _metadata = ["_verdict"]  # noqa: RUF012 - as pandas asks for it

    def __init__(self, scores: pd.DataFrame, verdict: str) -> None:
        super().__init__(scores)  # type: ignore[call-arg]
        self._verdict = verdict

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        """Return the sentence and the table."""
        table = pd.DataFrame(self)._repr_html_()  # type: ignore[operator]
        table = table.replace("<th></th>", "<td></td>")  # the corner is the heading of nothing
        return f"{html_summary(self._verdict)}{table}"
