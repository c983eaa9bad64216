"""RM124: levels of a column that count as "no" without the study saying so."""

from __future__ import annotations

from relapse_model.cohort.study_columns import categories, reader_of
from relapse_model.cohort.tables.column_values import texts
from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.model.scoring.guards.shown_names import identifiers, shown_name
from relapse_model.small_counts import SMALL
from relapse_model.study.names import yes_or_no

_LISTED = 10  # levels of a column; the commonest first


def counted_as_no(at: AtLandmark) -> Verdict:
    """Note the levels that are "not X" only because they are not X, where the study looks for X and names no others.

    Parameters
    ----------
    at : AtLandmark
    """
    silent = [
        one
        for one in at.study.predictors
        if one.equals is not None
        and not one.others
        and yes_or_no(one.equals) is None
        and one.column in at.cohort.patients
    ]
    if not silent:
        return not_applicable(
            "every predictor that looks for one level says what the others are, or looks for a yes or no"
        )
    nobody, listed = identifiers(at.cohort), []
    for predictor in silent:
        reader = reader_of(predictor, at.study)
        values = at.cohort.patients[reader.column]
        other = texts(values)[categories(values, reader)[0] == ""].value_counts()
        if len(other) > 1:  # of two levels, the one is what the other is not
            names = [f"{shown_name(str(n), nobody)} ({c if c >= SMALL else f'<{SMALL}'})" for n, c in other.items()]
            rest = f", and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
            listed.append(
                f"{predictor.label}, {reader.column} not {predictor.equals!r}: {', '.join(names[:_LISTED])}{rest}"
            )
    if not listed:
        return passed()
    return found(
        f"several levels count as no: {'; '.join(listed)}. If one of them means yes, or that nothing is known, correct "
        "it; then list the others in the study (others = [...]), so that any further level is refused."
    )


CHECK = CohortCheck("RM124", "entries that are counted as no", counted_as_no, "note")
