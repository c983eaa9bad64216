"""How a departure from the dosing rule reads in a table whose rows are patients, visits or doses with it."""

from __future__ import annotations

from relapse_model.trial.dosing.rule import NOT_ASSESSED, OMITTED, UNDECIDABLE
from relapse_model.trial.dosing.visit_verdicts import WRONG_AMOUNT

_WORDS = {
    OMITTED: "{agent} omitted",
    WRONG_AMOUNT: "{agent} given in a wrong amount",
    UNDECIDABLE: "titre that does not decide",
    NOT_ASSESSED: "visit without a titre",
}


def deviation_words(deviation: str, agent: str) -> str:
    """Return a departure in words that say what was given or omitted.

    Parameters
    ----------
    deviation : str
        A verdict of the audit.
    agent : str
        What the rule's agent is called.

    Examples
    --------
    >>> deviation_words("given although HBsAg was detected", "hepatitis B immunoglobulin")
    'Hepatitis B immunoglobulin given although HBsAg was detected'
    >>> deviation_words("not assessed", "hepatitis B immunoglobulin")
    'Visit without a titre'
    """
    text = _WORDS.get(deviation, "{agent} " + deviation).format(agent=agent)
    return text[:1].upper() + text[1:]
