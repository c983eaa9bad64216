"""What a proposal asks about a second column of patients' identifiers, which names others than the first."""

from __future__ import annotations

import pandas as pd

from relapse_model.cohort.readers.proposed_text import comment
from relapse_model.cohort.readers.spreadsheets.look import Look
from relapse_model.cohort.readers.spreadsheets.proposal import Proposal
from relapse_model.cohort.readers.spreadsheets.second_identifiers import ADVICE, other_patients_named
from relapse_model.cohort.tables.identifiers import identifier_keys


def ask_second_identifiers(proposal: Proposal, look: Look, main: Look) -> None:
    """Ask about columns of a sheet that name other patients than its column of identifiers does.

    Parameters
    ----------
    proposal : Proposal
    look, main : Look
        The sheet, and that of the patients.
    """
    own, of_main = look.identifier, main.identifier
    if own is None or of_main is None:
        return
    keys = pd.Series(identifier_keys(look.table.column(own).astype(str).str.strip()).to_numpy())
    known = set(map(str, identifier_keys(main.texts(of_main)))) - {""}
    for place, name in enumerate(look.table.names):
        if place == own:
            continue
        count = int(other_patients_named(name, look.table.column(place), keys, known).sum())
        if count:
            said = f"names another patient than {look.table.names[own]!r} in {count:,} rows, which are refused"
            proposal.add(f"#? {comment(look.table.name)}, {comment(name)}: {said}. {ADVICE}.")
