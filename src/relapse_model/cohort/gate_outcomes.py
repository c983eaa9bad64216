"""Adjudicated outcomes at the gate: what came first, and the name of what competes with the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relapse_model.cohort.gate_weeks import WeeksAtTheGate
from relapse_model.cohort.outcome.competing import ADVICE, expected_names, plain_name, unlisted_names
from relapse_model.study.study import Study

_WORDS = {1.0: "relapse", 0.0: "free"}


class OutcomesAtTheGate(WeeksAtTheGate):
    """Checks the outcomes table where it says which event came first."""

    def events_of_outcomes(self) -> None:
        """Refuse an event that contradicts the yes or no beside it, a competing one without a name or with two.

        Where the table has no column of yes and no, it is made of the events: of a competing one it is not known
        whether somebody has looked for a relapse before it, and it stays empty.
        """
        table = self.tables.get("outcomes")
        if table is None or "event" not in table:
            if table is not None and "competing_event" in table:
                named = table["competing_event"].notna().to_numpy()
                self.refuse("outcomes", named, "competing_event", "a name, and no column 'event'", "event = competing")
            return
        event = table["event"].astype(object).where(table["event"].notna(), None)
        competing = (event == "competing").to_numpy(dtype=bool)
        if "relapse" in table:
            said = pd.to_numeric(table["relapse"], errors="coerce").to_numpy(dtype=float)
            wanted = event.map({"relapse": 1.0, "free": 0.0, "competing": 0.0}).to_numpy(dtype=float)
            apart = ~np.isnan(said) & ~np.isnan(wanted) & (said != wanted)
            self.refuse("outcomes", apart, "event", [f"{word}, and relapse = {int(one)}" for word, one in
                        zip(event[apart], said[apart], strict=True)], "the same in both")  # fmt: skip
            event = event.where(event.notna(), pd.Series(said).map(_WORDS).to_numpy(dtype=object))
            table["relapse"] = np.where(np.isnan(said) & ~competing, wanted, said)
        else:
            empty = event.isna().to_numpy()
            self.refuse("outcomes", empty, "event", "nothing", "one of relapse, free, competing")
            table["relapse"] = event.map({"relapse": 1.0, "free": 0.0}).to_numpy(dtype=float)
        table["event"] = event.to_numpy(dtype=object)
        self._names_of_competing(table, competing)

    def _names_of_competing(self, table: pd.DataFrame, competing: np.ndarray) -> None:
        if "competing_event" not in table:
            table["competing_event"] = pd.Series([None] * len(table), dtype=object)
        names = table["competing_event"].map(plain_name, na_action="ignore")
        table["competing_event"] = names.astype(object)
        named = names.notna().to_numpy(dtype=bool)
        advice = "Without it nobody can say what the risk is in the presence of"
        self.refuse("outcomes", competing & ~named, "competing_event", "nothing", "its name, such as death", advice)
        self.refuse("outcomes", named & ~competing, "competing_event", "a name, and another event",
                    "a name of a competing event only")  # fmt: skip
        telling = [name for name in names.dropna().unique() if self.holds_identifier(name)]
        found = "a text that is not shown, since a patient's identifier is in it"
        self.refuse("outcomes", names.isin(telling).to_numpy(), "competing_event", found, "the event alone")

    def competing_events(self, study: Study | None) -> None:
        """Refuse the name of a competing event that the study does not list, where it lists any."""
        table = self.tables.get("outcomes")
        if study is None or table is None or "event" not in table or study.outcome.column is not None:
            return
        names = table["competing_event"]
        bad = (table["event"] == "competing").to_numpy(dtype=bool) & names.notna().to_numpy()
        bad &= unlisted_names(names, study.outcome)
        self.refuse("outcomes", bad, "competing_event", self.shown(names[bad]), expected_names(study.outcome), ADVICE)
