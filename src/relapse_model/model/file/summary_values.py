"""What the summary in a model file may say: every entry that scoring, cards and reports read, before any reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from relapse_model.classifiers.known import KNOWN
from relapse_model.classifiers.shared.saved_parts import is_number
from relapse_model.features.clinical_units import clinical
from relapse_model.small_counts import BELOW_ROUNDED, HIDDEN, ROUNDED, SMALL
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study

_UNTOLD = (f"<{SMALL}", HIDDEN, BELOW_ROUNDED)  # what stands for a count that could point to a patient
KEY, COARSE = "disclosure", "small-counts"  # of a summary that tells by the rule in `coarse`
HASHES = ("seed", "fingerprint", "sha256")  # not told there
# As development_data.CENSORING, which is not imported: a model is loaded without what training needs. A test compares.
CENSORING = ("ipcw", "drop_lost", "lost_as_free")
_MOST_FINDINGS, _LONGEST = 1000, 10_000
_SHARE = (0.0, 1.0)


def wrong_entries(summary: Mapping[str, Any], study: Study) -> list[str]:
    """Return the names of the entries of a summary that are not what training writes for this study.

    An entry that nothing reads is not looked at. Files of earlier versions lack some; those are missed only where
    every version has written them.

    Parameters
    ----------
    summary : Mapping
    study : Study

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> "events" in wrong_entries({"patients": 132, "events": -1}, study)
    True
    """
    get = summary.get
    is_total = _is_told_count if (coarse := get(KEY) == COARSE) else _is_count
    right = {
        KEY: KEY not in summary or (coarse and _keeps_the_rule(summary)),
        "patients": _is_count(get("patients")),
        "events": _is_count(get("events")),
        "lost_before_horizon": is_total(get("lost_before_horizon")),
        "not_at_risk": is_total(get("not_at_risk")),
        "mean_risk": _is_within(get("mean_risk"), *_SHARE),
        "synthetic": isinstance(get("synthetic"), bool),
        "seed": coarse or _is_whole(get("seed")),
        "censoring": get("censoring", CENSORING[0]) in CENSORING,
        "competing": _are_told_counts(get("competing", {})),
        "eligibility": "eligibility" not in summary or _is_eligibility(summary["eligibility"]),
        "choice": _is_choice(get("choice")),
        "packages": _are_texts(get("packages")),
        "unmeasured": _is_told_count(get("unmeasured", 0)),
        "treated_share": _is_within(get("treated_share", 0.0), *_SHARE),
        "accepted_risk_change": _is_within(get("accepted_risk_change", 0.0), *_SHARE),
        "by_landmark": "by_landmark" not in summary or are_landmarks(summary["by_landmark"]),
        "warnings": are_findings(get("warnings")),
        "fingerprint": _is_fingerprint(get("fingerprint")),
        "parent": get("parent") is None or _is_parent(get("parent")),
        "update": get("update") is None or _is_update(get("update")),
        **{part: _are_counts(get(part, {})) for part in ("assays", "units")},
        "hardly_known": _are_texts(get("hardly_known", {})),
        "predictors": isinstance(get("predictors"), dict),
    }
    wrong = [key for key, good in right.items() if not good]
    if not {"patients", "events"} & set(wrong) and summary["events"] > summary["patients"]:
        wrong.append("events")
    if "predictors" in wrong:
        return wrong
    ranges = summary["predictors"]
    wrong += [one.name for one in study.predictors if not _is_range(ranges.get(one.name), one)]
    names = [one.name for one in study.predictors if not one.levels]
    if len(wrong) == 0 and not _is_scatter(get("scatter"), names, ranges):
        wrong.append("scatter")
    return wrong


def is_coarse(summary: Mapping[str, Any]) -> bool:
    """Tell whether everything in a summary is as it may leave: of the training, of an update, of the model before.

    Parameters
    ----------
    summary : Mapping
    """
    others = [summary.get(name) for name in ("update", "parent")]
    told = [one for one in (summary, *others) if isinstance(one, Mapping)]
    return all(one.get(KEY) == COARSE for one in told)


def ascend(weeks: list[Any]) -> bool:
    """Tell whether these are numbers, each above the one before."""
    return all(map(is_number, weeks)) and all(before < after for before, after in pairwise(weeks))


def are_landmarks(value: object) -> bool:
    """Tell whether these are the landmarks of a model of several: weeks that ascend, each with its counts."""
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        return False
    counts = ("patients", "events", "lost_before_horizon")
    told = all(_is_told_count(one.get(key)) for one in value for key in counts)
    return told and ascend([one.get("week") for one in value])


def are_findings(value: object) -> bool:
    """Tell whether these are the findings of checks, which scoring and cards repeat."""
    keys = ("code", "title", "severity", "text")
    return (
        isinstance(value, list)
        and len(value) <= _MOST_FINDINGS
        and all(isinstance(one, dict) and all(_is_text(one.get(key)) for key in keys) for one in value)
    )


def _is_count(value: object) -> bool:
    return _is_whole(value) and value <= 10**12  # type: ignore[operator]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_told_count(value: object) -> bool:
    return _is_count(value) or (isinstance(value, str) and value in _UNTOLD)


def _is_within(value: object, low: float, high: float) -> bool:
    return is_number(value) and low <= value <= high  # type: ignore[operator]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _are_texts(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(key) and _is_text(text) for key, text in value.items())


def _are_counts(value: object) -> bool:
    """Tell whether these are counts by name, by analyte."""
    return isinstance(value, dict) and all(
        isinstance(counts, dict) and all(map(_is_told_count, counts.values())) for counts in value.values()
    )


def _are_told_counts(value: object) -> bool:
    """Tell whether these are counts by name."""
    return isinstance(value, dict) and all(map(_is_told_count, value.values()))


def _is_eligibility(value: object) -> bool:
    """Tell whether this is how many patients met the study's criteria, did not, and could not be judged."""
    return _are_told_counts(value) and set(value) == {"met", "not_met", "undecidable"}  # type: ignore[call-overload]


def _is_choice(value: object) -> bool:
    """Tell whether this is how the classifier was chosen: the losses of the candidates, if any were compared."""
    if not isinstance(value, dict) or value.get("chosen") not in KNOWN:
        return False
    losses, mean, gain = value.get("log_loss"), value.get("log_loss_mean_risk"), value.get("against_mean_risk")
    failed = value.get("failed_folds", {})
    return (
        isinstance(losses, dict)
        and all(name in KNOWN and is_number(loss) for name, loss in losses.items())
        and (is_number(mean) if losses else mean is None)
        and _is_count(value.get("folds"))
        and _is_count(value.get("repeats"))
        and isinstance(failed, dict)
        and all(map(_is_count, failed.values()))
        and (gain is None or _is_estimate(gain))
    )


def _is_estimate(value: object) -> bool:
    keys = ("value", "lower", "upper", "level")
    return (
        isinstance(value, dict)
        and set(value) == {*keys, "method"}
        and all(is_number(value[key]) for key in keys)
        and _is_text(value["method"])
    )


def _is_fingerprint(value: object) -> bool:
    """Tell whether this is the fingerprint of a cohort, or none, as in files of earlier versions."""
    return value is None or (isinstance(value, str) and re.fullmatch(r"[0-9a-f]{8}", value) is not None)


def _is_parent(value: object) -> bool:
    """Tell whether this is what a model keeps of the one that it started from."""
    return (
        isinstance(value, dict)
        and all(_is_text(value.get(key)) for key in ("study", "classifier"))
        and is_number(value.get("landmark_week"))
        and all(_is_count(value.get(key)) for key in ("patients", "events"))
        and isinstance(value.get("synthetic"), bool)
        and _is_fingerprint(value.get("fingerprint"))
        and (_keeps_the_rule(value) if KEY in value else _is_text(value.get("sha256")) and _is_whole(value.get("seed")))
    )


def _keeps_the_rule(values: Mapping[str, Any]) -> bool:
    """Tell whether what says that it tells coarsely does: no checksum, and the counts of patients rounded."""
    counts = ("patients", "events", "lost_before_horizon", "not_at_risk")
    rounded = [values.get(name, 0) for name in counts]
    return (
        values.get(KEY) == COARSE
        and not {*HASHES, "fingerprints"} & set(values)
        and all(not isinstance(count, int) or count % ROUNDED == 0 for count in rounded)
    )


def _is_update(value: object) -> bool:
    """Tell whether this is what a model keeps of its recalibration."""
    if not isinstance(value, dict):
        return False
    prints, coarse = value.get("fingerprints", []), KEY in value
    return (
        value.get("method") in ("intercept", "intercept_and_slope")
        and all(is_number(value.get(key)) for key in ("intercept", "slope"))
        and all(_is_count(value.get(key)) for key in ("patients", "events"))
        and (_is_told_count if coarse else _is_count)(value.get("lost_before_horizon"))
        and (not coarse or _keeps_the_rule(value))
        and isinstance(value.get("synthetic"), bool)
        and _is_told_count(value.get("unmeasured", 0))
        and isinstance(prints, list)
        and all(isinstance(one, str) and _is_fingerprint(one) for one in prints)
    )


def _is_range(value: object, predictor: Predictor) -> bool:
    """Tell whether this is the summary of a predictor: numbers in order, or unknown; or the counts of its levels.

    Numbers must be some in clinical units too, in which pages and warnings show them: no logarithm of 1,000.
    """
    if not isinstance(value, dict) or not _is_told_count(value.get("missing")):
        return False
    if predictor.levels:
        counts = value.get("levels")
        return (
            isinstance(counts, dict)
            and set(counts) == set(predictor.levels)
            and all(map(_is_told_count, counts.values()))
        )
    if not all(_is_count(value.get(key, 0)) for key in ("yes", "no")):
        return False
    numbers = [value.get(key) for key in ("p05", "median", "p95", "mean")]
    if all(key in value for key in ("p05", "p95", "mean")) and numbers == [None] * 4:
        return True
    if not all(map(is_number, numbers)):
        return False
    low, middle, high, _ = found = np.array(numbers, dtype=np.float64)
    with np.errstate(over="ignore"):
        return bool(low <= middle <= high and np.isfinite(clinical(found, predictor)).all())


def _is_scatter(value: object, names: list[str], ranges: Mapping[str, Any]) -> bool:
    """Tell whether this is how numeric predictors of the study scatter together: a correlation that can be solved."""
    if value is None:
        return True
    if not isinstance(value, dict):
        return False
    told, rows = value.get("predictors"), value.get("correlation")
    if not isinstance(told, list) or not isinstance(rows, list) or not all(isinstance(one, str) for one in told):
        return False
    size = len(told)
    if not 2 <= size == len(rows) == len(set(told)) or not set(told) <= set(names):
        return False
    if not all(isinstance(row, list) and len(row) == size and all(map(is_number, row)) for row in rows):
        return False
    correlation = np.array(rows, dtype=np.float64)
    return (
        all(ranges[name]["p05"] is not None for name in told)
        and bool((np.abs(correlation) <= 1.0 + 1e-6).all())
        and bool((np.abs(correlation - correlation.T) <= 1e-6).all())
        and float(np.linalg.eigvalsh(correlation).min()) > 1e-6
        and _is_within(value.get("shrinkage"), *_SHARE)
        and _is_within(value.get("spread"), 1e-6, 1e6)
    )
