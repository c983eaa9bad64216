"""The kinds of predictor a study may ask for by name, and the keys each of them takes (data only).

The functions that compute them live in `relapse_model.features`; this table stands below the study so that a
study file can be checked without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_LAB = ("analyte",)
_LAB_OPTIONS = ("window_weeks", "cap", "saturating")
_WINDOW = ("window_weeks",)


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """What one kind of predictor is computed from.

    Parameters
    ----------
    name : str
        The word a study writes after ``kind =``.
    requires, allows : tuple of str
        Keys of the predictor that must, or may, be given beside the common ones.
    definition : str
        One sentence for the data dictionary.
    unit : str
        Unit of the result: ``"analyte"`` for the unit of the analyte on its scale, else the unit itself.
    """

    name: str
    requires: tuple[str, ...]
    allows: tuple[str, ...]
    definition: str
    unit: str


def _kind(
    name: str, requires: tuple[str, ...], definition: str, unit: str, allows: tuple[str, ...] = ()
) -> FeatureKind:
    return FeatureKind(name, requires, allows, definition, unit)


_ALL: dict[str, FeatureKind] = {
    kind.name: kind
    for kind in (
        _kind("last", _LAB, "last result at or before the landmark", "analyte", _LAB_OPTIONS),
        _kind("first", _LAB, "first result at or before the landmark", "analyte", _LAB_OPTIONS),
        _kind("maximum", _LAB, "highest result at or before the landmark", "analyte", _LAB_OPTIONS),
        _kind("minimum", _LAB, "lowest result at or before the landmark", "analyte", _LAB_OPTIONS),
        _kind("mean", _LAB, "mean of the results at or before the landmark", "analyte", _LAB_OPTIONS),
        _kind(
            "time_weighted_mean",
            _LAB,
            "time-weighted mean of the results up to the landmark, with linear interpolation between them",
            "analyte",
            _LAB_OPTIONS,
        ),
        _kind(
            "change",
            _LAB,
            "difference between the last and the first result up to the landmark (last minus first)",
            "analyte",
            _WINDOW,
        ),
        _kind(
            "slope",
            _LAB,
            "least-squares slope per 4 weeks of the results up to the landmark, from at least two different weeks",
            "analyte per 4 weeks",
            _WINDOW,
        ),
        _kind(
            "slope_to_first_below",
            ("analyte", "below"),
            "least-squares slope per 4 weeks of the results from the first one to the first below the threshold, "
            "provided that an earlier result was not below it",
            "analyte per 4 weeks",
            _WINDOW,
        ),
        _kind("count", _LAB, "number of recorded results up to the landmark", "results", _WINDOW),
        _kind(
            "weeks_below",
            ("analyte", "below"),
            "weeks during which the most recent result was below the threshold, from the first recorded result to the "
            "landmark",
            "weeks",
            (*_WINDOW, "cap"),
        ),
        _kind(
            "weeks_at_least",
            ("analyte", "at_least"),
            "weeks during which the most recent result was at or above the threshold, from the first recorded result "
            "to the landmark",
            "weeks",
            (*_WINDOW, "cap"),
        ),
        _kind("weeks_since_last", _LAB, "weeks from the last result to the landmark", "weeks", (*_WINDOW, "cap")),
        _kind(
            "weeks_since_first_below",
            ("analyte", "below"),
            "weeks from the first result below the threshold to the landmark, provided that an earlier result was not "
            "below it",
            "weeks",
            ("cap",),
        ),
        _kind(
            "ever_detected",
            _LAB,
            "whether the analyte was detected in any recorded result up to the landmark",
            "0/1",
            _WINDOW,
        ),
        _kind(
            "endogenous",
            _LAB,
            "the patient's own share of the last result, without the antibody given as a drug, which is subtracted "
            "according to its kinetics",
            "analyte",
            _LAB_OPTIONS,
        ),
        _kind(
            "column",
            ("column",),
            "value of a column of the patients table",
            "",
            ("equals", "others", "levels", "scale", "negative", "possible", "cap", "saturating"),
        ),
        _kind(
            "weeks_on_agent",
            ("agents",),
            "weeks on treatment with the agents up to the landmark; overlapping courses are counted once",
            "weeks",
            ("column", "cap"),
        ),
        _kind(
            "weeks_between_courses",
            ("agents",),
            "weeks off treatment between the start of the first and the end of the last course of the agents, up to "
            "the landmark",
            "weeks",
            ("column", "cap"),
        ),
        _kind(
            "weeks_on_agent_after_first_negative",
            ("agents", "analyte", "below"),
            "weeks on treatment with the agents, up to the landmark, after the first result of the most recent run of "
            "results below the threshold, provided that an earlier result was not below it",
            "weeks",
            ("column", "cap", "confirmed", "gap_weeks"),
        ),
        _kind(
            "weeks_off_agent",
            ("agents",),
            "weeks from the end of the last course of the agents to the landmark",
            "weeks",
            ("column", "cap"),
        ),
        _kind(
            "ever_on_agent", ("agents",), "whether any of the agents was given up to the landmark", "0/1", ("column",)
        ),
        _kind("dose_count", ("agents",), "number of doses of the agents given up to the landmark", "doses"),
        _kind("dose_total", ("agents",), "total dose of the agents given up to the landmark", "dose unit"),
        _kind("landmark_week", (), "week of the landmark, counted from enrolment", "weeks"),
    )
}
AS_MEASURED = (  # they read the results of an analyte as the laboratory gave them, passive antibody and all
    "last", "first", "maximum", "minimum", "mean", "time_weighted_mean", "change", "slope", "weeks_below",
    "weeks_at_least", "weeks_since_first_below", "ever_detected", "slope_to_first_below",
)  # fmt: skip
DIFFERENCES = ("change", "slope", "slope_to_first_below")  # of logarithms, where the analyte is on the log10 scale
ONE_RESULT = ("last", "first", "maximum", "minimum")  # the value is one result, as the laboratory printed it
WITH_WORDS = ("count", "ever_detected", "last", "weeks_since_last")  # to which a word without a number is a result too
FEATURE_KINDS: Mapping[str, FeatureKind] = MappingProxyType(_ALL)  # a live view


def kind_named(name: object) -> FeatureKind | None:
    """Return the kind of a name as a study file has it, which may be anything; None where there is none.

    Examples
    --------
    >>> kind_named({"last": 1}) is None
    True
    """
    return FEATURE_KINDS.get(name) if isinstance(name, str) else None


def add_feature_kind(kind: FeatureKind) -> None:
    """Add a kind; see `relapse_model.features.by_kind.register_feature_kind`, which also takes its function."""
    _ALL[kind.name] = kind
