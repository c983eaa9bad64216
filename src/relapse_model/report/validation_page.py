"""The page of a validation: the answer first, then what a reviewer asks, and the rest folded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from relapse_model.classifiers.known import label_of
from relapse_model.development.internal_validation.bootstrap import OUT_OF_BAG
from relapse_model.development.internal_validation.group_tables import THRESHOLDS, thresholds_of
from relapse_model.development.internal_validation.result import Validation
from relapse_model.report.answer import answer_of, carriers
from relapse_model.report.baseline_words import baseline_parts
from relapse_model.report.cohort_sections import deciding
from relapse_model.report.disclosure import FULL, with_all_counts
from relapse_model.report.figures_of_report import captions, net_benefit_words
from relapse_model.report.first_screen import first_screen
from relapse_model.report.group_words import unlike_limit, unlike_words
from relapse_model.report.language import words_of
from relapse_model.report.limitations import LOST_IN_TRAINING
from relapse_model.report.model_values import odds_ratio_words
from relapse_model.report.page import render
from relapse_model.report.performance_table import (
    COLUMNS,
    EXPLAINED,
    flat_thresholds,
    flat_words,
    group_rows,
    interval_methods,
    performance_rows,
    shown_columns,
    threshold_rows,
)
from relapse_model.report.risk_groups import order_words
from relapse_model.report.table_one import CHARACTERISTICS, level_names
from relapse_model.report.tripod import ITEMS, items_of
from relapse_model.report.words import outcome_words, predictor_rows, priors_sentence, reads_labs
from relapse_model.small_counts import disclosed_count
from relapse_model.validation.estimate import Estimate
from relapse_model.validation.performance_measures import MEASURES, THREE_DIGITS, Performance
from relapse_model.validation.subgroups import Subgroup

HEADLINE = ("auc", "log_loss_difference", "calibration_slope", "observed_expected")
_ABOVE_ONE = ("calibration_slope",)  # what a value above 1 means is not what one below it does
CONTENTS = tuple(
    (anchor, anchor.replace("-", "_"))
    for anchor in (
        "performance", "benefit", "participants", "groups", "model", "checks", "limitations", "more", "methods",
        "tripod",
    )
)  # fmt: skip
GROUPINGS = CHARACTERISTICS | {"age": "Age"}


def report_page(
    validation: Validation,
    pictures: dict[str, str],
    values: dict[str, Any],
    language: str = "en",
) -> str:
    """Return the page: everything inside it, nothing fetched, no script.

    Parameters
    ----------
    validation : Validation
    pictures : dict of str to str
        Figures as SVG.
    values : dict
        As `relapse_model.report.validation_report.validation_values` makes them.
    language : {"en", "zh"}
        Names of the study of which it has no translation stay as they are.
    """
    say, study, rule = words_of(language), validation.study, validation.study.outcome
    named = (rule.label_zh if language == "zh" else "") or rule.name
    carried = carriers(study, validation.performance.measures.get("auc"), validation.within_levels, language)
    answer = answer_of(
        validation.performance, named, values["errors"], size=values["sample_size"], without=carried, language=language
    ).to_dict()
    return render(
        "validation_report.html.jinja",
        pictures,
        say=say,
        language=language,
        contents=CONTENTS,
        validation=validation,
        performance=validation.performance,
        landmark=validation.landmark_week,
        synthetic=validation.synthetic,
        not_at_risk=validation.data.not_at_risk,
        values=values | {"answer": answer},
        named=named,
        first=first_screen(
            values,
            study,
            named,
            validation.landmark_week,
            say,
            competed=validation.performance.competing,
            adjudicated=validation.cohort.outcomes is not None,
        ),
        headline=_headline(validation, say),
        **_study_parts(validation, values, answer["code"]),
        **_performance_parts(validation, values),
    )


def _headline(validation: Validation, say: Callable[..., str]) -> list[dict[str, str]]:
    found, unlike = validation.performance, unlike_limit(validation.left_out, say)
    return [
        _measure(name, found, say) | {"groups": unlike if name == "observed_expected" else ""}
        for name in HEADLINE
        if name in found.measures
    ]


def _study_parts(validation: Validation, values: dict[str, Any], code: str) -> dict[str, Any]:
    """Return what the page says of the study and its protocol."""
    study, candidates = validation.study, validation.settings["candidates"]
    rows, undecided = deciding(values["screening"]["rows"])
    return {
        "study": study,
        "deciding": {"rows": rows, "undecided": undecided},
        "outcome": outcome_words(study.outcome, study),
        "captions": captions(study, values["disclosure"]),
        "net_benefit": net_benefit_words(code),
        "chosen": [(label_of(name, study.has_priors), validation.chosen.get(name, 0)) for name in candidates],
        "predictors": predictor_rows(study),
        "priors": study.has_priors,
        "reads_labs": reads_labs(study),
        "priors_sentence": priors_sentence(study, candidates),
        **baseline_parts(study, candidates),
        "lost_in_training": LOST_IN_TRAINING.get(validation.settings["censoring"], ""),
        "tripod": ITEMS,
        "items_of": items_of,
    }


def _performance_parts(validation: Validation, values: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of the performance, by measure, group and threshold."""
    shown = with_all_counts(validation) if values["disclosure"] == FULL else validation
    thresholds = threshold_rows(shown)
    flat = flat_thresholds(shown)
    return {
        "risk_groups": [_group_row(one) for one in values["risk_groups"]],
        "out_of_order": order_words(values["risk_groups"]),
        "unlike": _unlike(shown),
        "odds_ratios": odds_ratio_words(validation.model),
        "columns": [
            {"name": name, "label": COLUMNS[name], "text": EXPLAINED[name]} for name in shown_columns(validation)
        ],
        "methods": interval_methods(validation),
        "rows": performance_rows(validation),
        "refused": _refused(validation),
        "by_landmark": _landmark_rows(validation, values["disclosure"]),
        "thresholds": [row for row in thresholds if not any(row["threshold"] in cuts for cuts in flat.values())],
        "flat_thresholds": flat_words(flat),
        "usual_thresholds": thresholds_of(validation.data).tolist() == THRESHOLDS.tolist(),
        "left_out": group_rows(shown.left_out),
        "unshown": [group.name for group in shown.left_out if group.hidden],
        "subgroups": {
            GROUPINGS.get(name, name): _called(group_rows(groups), level_names(name, validation.study))
            for name, groups in _own_subgroups(shown).items()
        },
        "effects": effect_rows(validation),
    }


def _own_subgroups(shown: Validation) -> dict[str, tuple[Subgroup, ...]]:
    """Return the groupings without the one that was left out in turn, which has a table of its own."""
    return {
        name: groups
        for name, groups in shown.subgroups.items()
        if name != shown.settings["leave_out"] or not shown.left_out
    }


def _unlike(shown: Validation) -> dict[str, str]:
    """Return what is said beside the tables of groups: of all subgroups at once, since all were looked at."""
    own = _own_subgroups(shown)
    names = {level: called for name in own for level, called in level_names(name, shown.study).items()}
    every = tuple(group for groups in own.values() for group in groups)
    return {"left_out": unlike_words(shown.left_out), "subgroups": unlike_words(every, names)}


def _called(rows: list[dict[str, str]], names: dict[str, str]) -> list[dict[str, str]]:
    return [row | {"name": names.get(row["name"], row["name"])} for row in rows]


def _group_row(group: dict[str, Any]) -> dict[str, str]:
    observed = group["observed"]
    shown = f"too few followed to the horizon ({group['followed']})"
    if observed is not None:
        value, lower, upper = (100 * observed[name] for name in ("value", "lower", "upper"))
        shown = f"{value:.0f} % ({lower:.0f} to {upper:.0f})"
    return {
        "name": group["name"].capitalize(), "patients": str(group["patients"]), "events": str(group["events"]),
        "predicted": f"{100 * group['predicted']:.0f} %", "observed": shown,
    }  # fmt: skip


def effect_rows(validation: Validation) -> list[dict[str, str]]:
    """Return in which share of the bootstrap models each column of the design raises or lowers the risk, as text.

    Parameters
    ----------
    validation : Validation
    """
    boot = validation.bootstrap
    if boot is None or boot.effects is None:
        return []
    study, rows = validation.model.study, []
    known = {one.name: one for one in (*study.predictors, *(candidate.predictor for candidate in study.candidates))}
    expected = {"up": "raise the risk", "down": "lower the risk", None: "either"}
    for name, kept, up in zip(boot.columns, boot.effects.kept, boot.effects.positive, strict=True):
        own, _, level = name.partition("=")
        predictor = known[own]
        rows.append(
            {
                "label": f"{predictor.label}: {level} against {predictor.levels[0]}" if level else predictor.label,
                "expected": expected[predictor.direction],
                "raises": f"{100 * up:.0f} %",
                "lowers": f"{100 * (kept - up):.0f} %",
                "none": f"{100 * (1 - kept):.0f} %",
            }
        )
    return rows


def _refused(validation: Validation) -> dict[str, str]:
    """Return the figures that these patients cannot support, and why; one line where a reason is that of all."""
    refused, boot = validation.performance.refused, validation.bootstrap
    reasons = {MEASURES.get(name, name): why for name, why in refused.items()}
    if len(refused) == len(MEASURES) and len(set(refused.values())) == 1:
        reasons = {"All measures": next(iter(refused.values()))}
    if boot is None:
        return reasons
    names = MEASURES | {
        "stability": "Stability",
        "calibration_curves": "Bootstrap curves",
        "effects": "Signs of effects",
    } | {f"{name}_632": f".632+ of {MEASURES[name]}" for name in OUT_OF_BAG}  # fmt: skip
    reasons |= {f"{names.get(name, name)}, bootstrap": why for name, why in boot.refused.items()}
    without = [one.no_interval for one in boot.corrected.values() if one.no_interval]
    return reasons | ({"Intervals, bootstrap": without[0]} if without else {})


def _landmark_rows(validation: Validation, disclosure: str) -> list[dict[str, Any]]:
    """Return the headline at each landmark, where there are several."""
    told: Callable[[int], int | str] = int if disclosure == FULL else disclosed_count
    if len(validation.by_landmark) < 2:
        return []
    return [
        {
            "week": f"week {week:g}", "patients": told(found.patients),
            "events": told(found.events), "lost": told(found.lost),
            "cells": {
                MEASURES[name]: _short(found, name) for name in ("auc", "calibration_slope", "observed_expected")
            },
        }
        for week, found in validation.by_landmark.items()
    ]  # fmt: skip


def _short(performance: Performance, name: str) -> str:
    found = performance.measures.get(name)
    return "not estimable" if found is None else str(found)


def _measure(name: str, performance: Performance, say: Callable[..., str]) -> dict[str, str]:
    found = performance.measures[name]
    value = found.value if isinstance(found, Estimate) else found
    above = name in _ABOVE_ONE and value > 1
    card = {"label": say(name), "meaning": say(f"{name}_means_above" if above else f"{name}_means")}
    if isinstance(found, Estimate):
        digits = "z.3f" if name in THREE_DIGITS else "z.2f"
        limits = {one: f"{getattr(found, one):{digits}}" for one in ("lower", "upper")}
        interval = say("interval", level=f"{100 * found.level:g}", **limits)
        return card | {"value": f"{found.value:{digits}}", "interval": interval}
    return card | {"value": f"{found:z.3f}", "interval": ""}
