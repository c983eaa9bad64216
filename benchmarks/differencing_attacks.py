"""The attacks of `differencing.py`: what each reads out of two model files, as pure functions of what they tell.

A file is a dict from part to its JSON; `first` is of the larger cohort, `second` of the same without one patient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

PRIOR = "classifier/prior_logistic.json"
File = dict[str, Any]
_SMALL = {"<5": 5, "<10": 10}


def summary_of(file: File) -> dict[str, Any]:
    """Return the summary of the training cohort."""
    return dict(file["manifest.json"]["summary"])


def number(count: int | str) -> int:
    """Return a count, the middle of what a small one may be."""
    return count if isinstance(count, int) else _SMALL.get(count, 20) // 2


def counted_rows(file: File) -> list[int]:
    """Return the numbers of patients that the classifier's numbers may be of: at risk, less those lost, or near it."""
    summary = summary_of(file)
    near = summary["patients"] - number(summary["lost_before_horizon"])
    return [*range(near - 8, near + 8), summary["patients"]]


def means(file: File, predictors: list[str]) -> dict[str, list[tuple[float, list[int]]]]:
    """Return each mean of each predictor, with the numbers of patients that it may be of."""
    summary = summary_of(file)
    found: dict[str, list[tuple[float, list[int]]]] = {name: [] for name in predictors}
    for name in predictors:
        one = summary["predictors"][name]
        missing = range(_SMALL.get(one["missing"], 0)) if isinstance(one["missing"], str) else [one["missing"]]
        if one.get("mean") is not None:
            found[name].append((one["mean"], [summary["patients"] - gone for gone in missing]))
    for part, values in file.items():
        if part.startswith("classifier/") and isinstance(values, dict) and "center" in values:
            for name, value in zip(predictors, values["center"], strict=False):
                found[name].append((value, counted_rows(file)))
    return found


def by_means(first: File, second: File, names: list[str]) -> dict[str, list[float]]:
    """Return what the means say of the removed patient: one value for every count that a mean may be of."""
    big, small = means(first, names), means(second, names)
    return {
        name: [
            size * (a - b) + b
            for (a, sizes), (b, _) in zip(big[name], small[name], strict=False)
            for size in sizes
            if a != b
        ]
        for name in names
    }


def by_shares(first: File, second: File, names: list[str]) -> dict[str, float]:
    """Return yes or no, where the counts of yes and of no differ by what one patient can make, or at all."""
    answers = {}
    for name in names:
        yes = []
        for summary in map(summary_of, (first, second)):
            one = summary["predictors"][name]
            mean = one.get("mean")
            yes.append(None if mean is None else mean * (summary["patients"] - number(one["missing"])))
        if None in yes:
            continue
        less = yes[0] - yes[1]
        if min(abs(less), abs(less - 1)) < 0.4:
            answers[name] = float(less > 0.5)  # 88 of 132 and 87 of 131: a yes was taken out
        elif less:
            answers[name] = float(less > 0)
    return answers


def by_scales(first: File, second: File, names: list[str]) -> dict[str, list[float]]:
    """Return what the standard deviations say: how far the removed patient is from the mean, on either side of it.

    Of n values of mean m and variance v, one at distance d from the mean of the others leaves them with
    ``(n v - (n - 1) d ** 2 / n) / (n - 1)``. Where the file tells no exact mean, it is the one that the summary tells.
    """
    if PRIOR not in first:
        return {}
    answers = {}
    rows = counted_rows(second)
    for place, name in enumerate(names):
        a, b = (file[PRIOR]["scale"][place] ** 2 for file in (first, second))
        told = summary_of(second)["predictors"][name]
        if told.get("mean") is None:
            continue
        center = told["mean"]
        if {told["p05"], told["p95"]} <= {0.0, 1.0}:  # of a yes or no, the variance tells the share
            center = 0.5 - np.sign(0.5 - center) * np.sqrt(max(0.25 - b, 0.0))
        away = [np.sqrt(max((n + 1) * a - n * b, 0.0) * (n + 1) / n) for n in rows]
        answers[name] = [center + side * one for one in away for side in (-1, 1)]
    return answers


def by_directions(first: File, second: File, names: list[str]) -> dict[str, float]:
    """Return above (1) or below (0) the mean, of a yes or no the answer, where a rounded number differs at all.

    The removed patient drew the centre, and the value that stands in for a missing one, towards himself; a greater
    standard deviation of a yes or no says that he had the rarer answer.
    """
    part = next((name for name in sorted(first) if "center" in first[name]), None)
    if part is None:
        return {}
    answers = {}
    for place, name in enumerate(names):
        big, small = (
            {key: file[part][key][place] for key in ("center", "impute", "scale")} for file in (first, second)
        )
        told = summary_of(second)["predictors"][name]
        for key in ("center", "impute"):
            if big[key] != small[key]:
                answers[name] = float(big[key] > small[key])
        if big["scale"] != small["scale"] and told.get("mean") is not None and {told["p05"], told["p95"]} <= {0.0, 1.0}:
            answers[name] = float((big["scale"] > small["scale"]) == (told["mean"] < 0.5))
    return answers


def by_coefficients(first: File, second: File, columns: int, rounded: float = 0.0) -> list[float] | None:
    """Return the predictors of the removed patient from the posteriors of all components, as a linear inverse."""
    if PRIOR not in first:
        return None
    big, small = (rounded_coefficients(file[PRIOR], rounded) for file in (first, second))
    shift = np.array(small["center"]) - np.array(big["center"])
    votes = []
    for b in np.argsort(big["weight"])[::-1]:
        used = np.flatnonzero(np.array(small["covariance"][b]).diagonal() > 0)
        near = [np.array(one["covariance"][b])[np.ix_(used, used)] for one in (big, small)]
        coef = [np.append(one["intercept"][b], one["coef"][b]) for one in (big, small)]
        move = np.eye(len(coef[0]))
        move[0, 1:] = shift  # the larger cohort's intercept, at the centres of the smaller
        moved = move[np.ix_(used, used)] @ near[0] @ move[np.ix_(used, used)].T
        curvature = (np.linalg.inv(moved) + np.linalg.inv(near[1])) / 2
        gradient = curvature @ (move @ coef[0] - coef[1])[used]
        if abs(gradient[0]) < 1e-12:
            continue
        value = np.full(len(coef[0]) - 1, np.nan)
        value[used[1:] - 1] = gradient[1:] / gradient[0]
        votes.append((value + np.array(small["center"]))[:columns])
    return None if not votes else list(np.nanmedian(np.array(votes), axis=0))


def rounded_coefficients(part: dict[str, Any], share: float) -> dict[str, Any]:
    """Return the classifier's part with intercept and coefficients on a grid of a share of their standard errors.

    All components of a column move alike, by what brings their mean to the grid: rounded one by one, their errors
    would cancel.
    """
    if not share:
        return part
    weight = np.array(part["weight"])
    theta = np.column_stack([part["intercept"], part["coef"]])
    mean = weight @ theta
    variance = weight @ (np.array(part["covariance"]).diagonal(axis1=1, axis2=2) + (theta - mean) ** 2)
    step = share * np.sqrt(variance)
    move = np.round(mean / np.where(step > 0, step, 1.0)) * step - mean
    theta = np.where(theta != 0, theta + np.where(step > 0, move, 0.0), theta)
    return {**part, "intercept": theta[:, 0], "coef": theta[:, 1:]}
