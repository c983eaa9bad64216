"""Tables given as objects: data frames of pandas, or what turns into one; anything else is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from relapse_model.errors import CohortError, Problem


def data_frames(given: Mapping[str, object], required: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """Return the tables that were given as data frames of pandas.

    Tables of polars and pyarrow are converted by their own ``to_pandas``.

    Parameters
    ----------
    given : mapping of str to object
        None for a table that there is not.
    required : sequence of str
        Tables that must be given.

    Raises
    ------
    CohortError
        With every table that is something else, and what it is.

    Examples
    --------
    >>> try:
    ...     data_frames({"patients": [1], "labs": None}, required=("labs",))
    ... except CohortError as refusal:
    ...     [(problem.table, problem.found) for problem in refusal.problems]
    [('patients', 'an object of type list'), ('labs', 'None')]
    """
    tables, problems = {}, []
    for name, table in given.items():
        converts = getattr(table, "to_pandas", None)
        if isinstance(table, pd.DataFrame):
            tables[name] = table
        elif table is not None and callable(converts) and not isinstance(table, pd.Series | type):
            tables[name] = pd.DataFrame(converts())
        elif table is not None:
            advice = "Make one of it with pandas.DataFrame(...)"
            if isinstance(table, str):
                advice = "A path is read by read_cohort"
            found = f"an object of type {type(table).__name__}"
            problems.append(Problem(name, None, None, found, "a pandas DataFrame", advice))
        elif name in required:
            advice = "Without any rows, give one that has the columns only"
            if name == "labs":
                advice += ". A study that reads no results needs none: give it with study=..."
            problems.append(Problem(name, None, None, "None", "a pandas DataFrame", advice))
    if problems:
        raise CohortError("the cohort was refused", problems)
    return tables
