"""What a file says of the training cohort, where the model in memory knows it to the last patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOLD = "told"
_DECIMALS = 3
_NOT_TOLD = "The numbers were shown where the model was trained."


def told_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary as it is written: counts rounded, texts of findings without their numbers.

    Training, and an update, put the rounded counts beside the exact ones, under ``told``; a summary without them comes
    from a file, and is what it is. Of a finding its code, its title and its severity are told: its text counts
    patients, and names what a single one may have had.

    Parameters
    ----------
    summary : mapping
        Of a model.

    Examples
    --------
    >>> told_summary({"events": 21, "warnings": [], "told": {"events": 20}})
    {'events': 20, 'warnings': []}
    """
    if TOLD not in summary:
        return dict(summary)
    told: dict[str, Any] = {name: value for name, value in summary.items() if name != TOLD} | summary[TOLD]
    if "events" in summary[TOLD]:  # trained here, not only updated
        told["warnings"] = [{**one, "text": f"{one['title']}. {_NOT_TOLD}"} for one in summary["warnings"]]
        told |= {"choice": rounded(summary["choice"])} if "choice" in summary else {}
    return told


def rounded(value: Any) -> Any:
    """Return JSON values with every broken number to three decimals.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> rounded({"log_loss": {"prior_logistic": 0.43957}, "folds": 5})
    {'log_loss': {'prior_logistic': 0.44}, 'folds': 5}
    """
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list | tuple) else value
