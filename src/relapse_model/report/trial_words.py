"""What the trial report says in words: numbers, the plan, the rows of its tables."""

from __future__ import annotations

from math import isfinite
from typing import Any

from relapse_model.report.words import outcome_words
from relapse_model.trial.arms.analysis import TrialAnalysis
from relapse_model.trial.arms.arm_contrast import ArmContrast, ArmFigures
from relapse_model.trial.arms.number_words import weeks_of
from relapse_model.trial.statistics import Contrast

MINUS = "\N{MINUS SIGN}"
MEASURES = {
    "risk_difference": "risk difference", "risk_ratio": "risk ratio", "odds_ratio": "odds ratio",
    "hazard_ratio": "hazard ratio", "rmst_difference": "weeks gained", "rmst_ratio": "ratio of mean weeks",
}  # fmt: skip


def percent(share: float) -> str:
    """Return a share as a percentage with one decimal.

    Parameters
    ----------
    share : float

    Examples
    --------
    >>> percent(0.1793)
    '17.9 %'
    """
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """Return a difference of shares in percentage points, with its sign.

    Parameters
    ----------
    difference : float

    Examples
    --------
    >>> points(0.0213), points(-0.1146)
    ('+2.1', '\N{MINUS SIGN}11.5')
    """
    return f"{100 * difference:+z.1f}".replace("-", MINUS) if round(abs(100 * difference), 1) else "0.0"


def p_value(p: float) -> str:
    """Return a p-value as journals print it.

    Parameters
    ----------
    p : float

    Examples
    --------
    >>> p_value(0.00004), p_value(0.0123), p_value(0.757)
    ('p < 0.001', 'p = 0.012', 'p = 0.76')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def contrast_words(contrast: Contrast, *, interval_only: bool = False) -> str:
    """Return a contrast with its interval; a risk difference in percentage points.

    Parameters
    ----------
    contrast : Contrast
    interval_only : bool
        Without the estimate.
    """
    if contrast.measure == "risk_difference":
        value = points(contrast.value or 0.0)
        low, high = points(contrast.lower), points(contrast.upper)
    else:
        signed = contrast.measure == "rmst_difference"
        value, low, high = (ratio_words(one, signed=signed) for one in (contrast.value, contrast.lower, contrast.upper))
    interval = f"{low} to {high}" if isfinite(contrast.upper) else f"{low} upwards"
    return interval if interval_only else f"{value} ({interval})"


def ratio_words(value: float | None, *, signed: bool = False) -> str:
    """Return a ratio, or a number of weeks with its sign, with two decimals.

    Parameters
    ----------
    value : float or None
    signed : bool
    """
    if value is None:
        return "not estimable"
    if not isfinite(value):
        return "cannot be given"
    return f"{value:{'+' if signed else ''}.2f}".replace("-", MINUS)


def failure_words(found: TrialAnalysis) -> str:
    """Return what counts as a failure.

    Parameters
    ----------
    found : TrialAnalysis
    """
    composite = [one.event for one in found.plan.intercurrent if one.strategy == "composite"]
    ways = [outcome_words(found.study.outcome, found.study), *composite]
    return f"{'; or '.join(ways)}; by week {found.endpoint.week:g}"


def result_rows(contrasts: tuple[ArmContrast, ...], usual: str = "") -> list[dict[str, str]]:
    """Return the rows of a table of comparisons as text.

    Parameters
    ----------
    contrasts : tuple of ArmContrast
    usual : str
        An estimand that need not be repeated.
    """
    rows = []
    for one in contrasts:
        made = one.contrast
        test = one.tests[0] if made is None and one.tests else None
        p = made.p_value if made is not None else test.p_value if test is not None else None
        tests = [f"{t.method}: {p_value(t.p_value)}" for t in one.tests if t is not test]
        measure = "" if made is None else MEASURES[made.measure]
        failed = one.note.startswith("not made")
        rows.append(
            {
                "label": first_capital(one.label),
                "estimand": "" if one.estimand == usual else one.estimand,
                "treatment": "" if failed else _arm(one.treatment, weeks=one.kind == "rmst"),
                "control": "" if failed else _arm(one.control, weeks=one.kind == "rmst"),
                "measure": first_capital(measure),
                "contrast": "" if made is None else contrast_words(made),
                "p": "" if p is None else p_value(p),
                "method": _method(one),
                "note": one.note,
                "small": "; ".join(filter(None, (one.note, *tests))),
            }
        )
    return rows


def first_capital(text: str) -> str:
    """Return text that begins with a capital, and is otherwise as it was.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> first_capital("sustained HBsAg loss")
    'Sustained HBsAg loss'
    """
    return text[:1].upper() + text[1:]


def signed(value: float) -> str:
    """Return a number with two decimals and a proper minus sign.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> signed(-0.372)
    '\N{MINUS SIGN}0.37'
    """
    return f"{value:z.2f}".replace("-", MINUS)


def _method(one: ArmContrast) -> str:
    if one.contrast is not None:
        return one.contrast.method
    return one.tests[0].method if one.tests else ""


def _arm(arm: ArmFigures, *, weeks: bool) -> str:
    counted = f"{arm.events} of {arm.patients}" + (f", {arm.lost} lost" if arm.lost else "")
    if arm.value is None:
        return counted
    return f"{arm.value:.1f} weeks ({counted})" if weeks else f"{percent(arm.value)} ({counted})"


def plan_rows(found: TrialAnalysis) -> list[tuple[str, str]]:
    """Return the plan as pairs of a heading and what it says.

    Parameters
    ----------
    found : TrialAnalysis
    """
    plan, asked = found.plan, found.plan.primary
    ratio = ":".join(f"{part:g}" for part in plan.arms.ratio)
    rows = [
        ("Arms", f"{' against '.join(plan.arms.names)}, allocated {ratio}"),
        ("Strata of the randomisation", ", ".join(plan.strata) or "none (simple randomisation)"),
        ("Population", "all randomised patients, in the arm to which they were allocated"),
        ("Endpoint", f"{asked.endpoint} at week {asked.week:g}, its visit within {weeks_of(asked.window_weeks)}"),
        ("Failure", failure_words(found)),
        ("Measure and method", f"{MEASURES[asked.measure]}; {_planned_method(found)}"),
        ("Level", f"{100 * asked.level:g} %, {'two-sided' if asked.sides == 2 else 'one-sided'} test"),
        ("Adjusted for", ", ".join(asked.adjust) or _model_words(asked.adjust_model) or "nothing"),
    ]
    for one in plan.intercurrent:
        weighted = f", patients weighted by {', '.join(one.weight_by)}" if one.weight_by else ""
        rows.append((f"Intercurrent event: {one.event}", one.strategy + weighted))
    rows.append(("Sensitivity analyses", "; ".join(one.kind for one in plan.sensitivity) or "none"))
    rows.append(("Subgroups", ", ".join(one.label for one in plan.subgroups) or "none"))
    rows.append(("Dated", "not stated" if plan.dated is None else plan.dated.isoformat()))
    return rows


def _model_words(file: str) -> str:
    return f"the risk from the model {file}" if file else ""


def _planned_method(found: TrialAnalysis) -> str:
    asked: Any = found.plan.primary
    if asked.adjusted:
        return "standardised to all randomised patients, robust variance"
    if asked.method == "kaplan-meier":
        return f"Kaplan-Meier, {'score' if asked.interval == 'score' else 'Greenwood'} interval"
    return {"miettinen-nurminen": "Miettinen-Nurminen", "newcombe": "Newcombe"}[asked.method]
