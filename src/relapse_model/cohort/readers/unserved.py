"""What a study reads and a cohort, as it was read from a source, has not: columns and results, by their names."""

from __future__ import annotations

from collections.abc import Iterable

from relapse_model.cohort.cohort import Cohort
from relapse_model.study.names_known import analyte_names
from relapse_model.study.study import Study

_SHOWN = 12
ABSENT = "the column is missing"  # as `derive_features` finds it


def unserved(cohort: Cohort, study: Study) -> str:
    """Return, as a part of a sentence, what the study reads and the cohort has not; nothing where it has all.

    A column for which treatments stand in is not missed. Those of criteria and arms alone come last: without them
    nobody can be called eligible, or the arms be compared, while scores are the same.

    Parameters
    ----------
    cohort : Cohort
    study : Study
    """
    patients, labs = cohort.patients, cohort.labs
    read = [one.column for one in study.predictors if not (one.agents and cohort.treatments is not None)]
    columns = [one for one in (*read, study.outcome.column) if one is not None and one not in patients]
    asked = [one.column for one in (*study.eligibility.include, *study.eligibility.exclude)]
    asked += [] if study.trial is None else [study.trial.arms.column]
    others = [one for one in asked if one is not None and one not in patients and one not in columns]
    there = set(labs["analyte"].astype(str)) if labs is not None else set()
    analytes = [name for name in analyte_names(study).asked if name not in there]
    of_criteria = _named("column", "columns", others)
    said = [
        _named("column", "columns", columns), _named("results of", "results of", analytes),
        f"{of_criteria} (for criteria and arms)" if of_criteria else "",
    ]  # fmt: skip
    return " and ".join(one for one in said if one)


def _named(one: str, more: str, names: Iterable[str]) -> str:
    each = list(dict.fromkeys(names))
    cut = f" and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
    return f"no {one if len(each) == 1 else more} {', '.join(each[:_SHOWN])}{cut}" if each else ""
