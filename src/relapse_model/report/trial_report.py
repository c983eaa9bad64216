"""The report of a trial: strict JSON with everything, one page that opens offline, tables, and the analysis data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from relapse_model.files import write_csv, write_text
from relapse_model.report.deviation_words import deviation_words
from relapse_model.report.figures.flow import flow_svg
from relapse_model.report.harms_words import harms_rows
from relapse_model.report.page import json_text, packages, render, save_figures
from relapse_model.report.trial_answer import (
    DIFFERENCE,
    answer,
    answer_caveats,
    endpoint_words,
    excludes_none,
    short_answer,
)
from relapse_model.report.trial_figures import trial_captions, trial_figures
from relapse_model.report.trial_next import next_steps
from relapse_model.report.trial_words import (
    contrast_words,
    failure_words,
    first_capital,
    p_value,
    percent,
    plan_rows,
    points,
    ratio_words,
    result_rows,
    signed,
)
from relapse_model.trial.arms.analysis import TrialAnalysis, direction
from relapse_model.trial.arms.number_words import number_of, out_of
from relapse_model.trial.arms.subgroups import SubgroupOfPlan

_OPTIONAL = frozenset({"subgroups", "harms"})
_WIDEST_GRID = 13  # cells of the tipping point in a row of the page; all of them are in trial.json


def write_trial_report(found: TrialAnalysis, folder: Path) -> dict[str, Path]:
    """Write the files of `TrialAnalysis.save`; return where they are.

    Parameters
    ----------
    found : TrialAnalysis
    folder : Path
        Made if it does not exist.
    """
    places = {
        "report": folder / "trial.html",
        "values": folder / "trial.json",
        "figures": folder / "figures",
        "data": folder / "analysis_data",
    }
    pictures = save_figures(trial_figures(found), places["figures"])
    pictures["flow"] = flow_svg(found.flow)
    write_text(pictures["flow"], places["figures"] / "flow.svg")
    said = {"answer": answer(found), "next": next_steps(found)}
    values = found.to_dict() | said | {"plan": dict(plan_rows(found)), "packages": packages()}
    write_text(json_text(values), places["values"])
    tables = _tables(found)
    for name, table in tables.items():
        write_csv(table, folder / f"{name}.csv")
    for name in _OPTIONAL - tables.keys():  # of an earlier analysis in the same folder
        (folder / f"{name}.csv").unlink(missing_ok=True)
    found.data_sets.write(folder)
    write_text(trial_page(found, pictures), places["report"])
    return places


def trial_page(found: TrialAnalysis, pictures: dict[str, str]) -> str:
    """Return the page: everything inside it, nothing fetched, no script.

    Parameters
    ----------
    found : TrialAnalysis
    pictures : dict of str to str
        Figures as SVG.
    """
    primary = found.primary
    treatment, control = found.plan.arms.names
    return render(
        "trial_report.html.jinja",
        pictures,
        study=found.study,
        synthetic=found.synthetic,
        found=found,
        names=(treatment, control),
        answer=short_answer(found),
        caveats=answer_caveats(found),
        following=next_steps(found),
        direction=direction(found.plan),
        failure=failure_words(found),
        cards=_cards(found),
        primary=result_rows((primary,))[0],
        apart=_in_opposite_directions(found),
        beside=result_rows(found.beside, primary.estimand),
        sensitivity=result_rows(found.sensitivity),
        later=result_rows((found.later,))[0],
        extra=result_rows(found.extra),
        tipping=_tipping(found),
        subgroups=[_subgroup(one) for one in found.subgroups],
        interactions=_interactions(found.subgroups),
        safety=_safety(found),
        adjusted=found.plan.primary.adjusted or bool(found.extra),
        harms=harms_rows(found.adverse_events),
        rate_ratio=_rate_ratio(found),
        loss=found.loss.table.to_dict("records"),
        loss_p=p_value(found.loss.share.p_value),
        since_dose=None if found.since_dose is None else found.since_dose.to_dict("records"),
        deviations=_deviations(found),
        adherence=found.adherence.to_dict("records"),
        plan=plan_rows(found),
        captions=trial_captions(found),
        signed=signed,
        items_of=lambda anchor: "",
    )  # fmt: skip


def _deviations(found: TrialAnalysis) -> list[dict[Any, Any]]:
    """Return the rows of the table of deviations, each in words."""
    if found.study.dosing is None:
        return []
    (agent,) = found.study.agent_labels([found.study.dosing.agent])
    rows = found.deviations.to_dict("records")
    return [row | {"deviation": deviation_words(row["deviation"], agent)} for row in rows]


def _rate_ratio(found: TrialAnalysis) -> str:
    tested = found.testing
    if tested is None or tested.ratio is None:
        return ""
    return f"{tested.ratio:.2f} ({tested.lower:.2f} to {tested.upper:.2f})"


def _cards(found: TrialAnalysis) -> list[dict[str, str]]:
    one, contrast = found.primary, found.primary.contrast
    cards = []
    for arm in (one.treatment, one.control):
        if arm.value is not None and arm.lower is not None and arm.upper is not None:
            kept = f"{endpoint_words(found)}: {percent(1 - arm.value)}"
            cards.append({"label": f"Failed, {arm.name}", "value": percent(arm.value),
                          "interval": f"{percent(arm.lower)} to {percent(arm.upper)}",
                          "meaning": f"{arm.events} of {arm.patients} patients, {arm.lost} lost. {kept}."})  # fmt: skip
    if contrast is not None:
        difference = contrast.measure == "risk_difference"
        value = points(contrast.value or 0.0) if difference else contrast_words(contrast).split(" (")[0]
        cards.append({"label": "Difference in failure, percentage points" if difference else one.label, "value": value,
                      "interval": contrast_words(contrast, interval_only=True),
                      "meaning": f"{direction(found.plan)}. {p_value(contrast.p_value)}."})  # fmt: skip
    return cards


def _in_opposite_directions(found: TrialAnalysis) -> str:
    """Say how the risk and the mean weeks can point in opposite directions, where they do."""
    risk = found.primary.contrast
    weeks = next((one.contrast for one in found.beside if one.kind == "rmst"), None)
    if risk is None or weeks is None or risk.measure != DIFFERENCE:
        return ""
    later = (weeks.value or 0.0) > 0
    if (risk.value or 0.0) * (weeks.value or 0.0) <= 0:  # more failures and fewer weeks, or the reverse: one direction
        return ""
    shown = [name for name, one in (("failures", risk), ("weeks", weeks)) if excludes_none(one)]
    which = f"The difference in {' and in '.join(shown)}" if shown else "Neither difference"
    more, came = ("more", "later") if later else ("fewer", "earlier")
    of_weeks, of_risk = ratio_words(weeks.value, signed=True), points(risk.value or 0.0)
    return (
        f"{first_capital(more)} weeks free of failure with {found.plan.arms.names[0]} ({of_weeks}), but also {more} "
        f"failures by week {found.endpoint.week:g} ({of_risk} percentage points): they came {came}. "
        f"{which} was statistically significant."
    )


def _tipping(found: TrialAnalysis) -> dict[str, Any] | None:
    grid = found.tipping
    if grid is None:
        return None
    rows, columns = grid.difference.shape
    if max(rows, columns) > _WIDEST_GRID:
        return {"rows": None, "size": f"{rows} x {columns}"}
    fewer, more = grid.fewer_events, grid.more_events
    return {
        "marked": bool(fewer.any() or more.any()),
        "columns": list(range(columns)),
        "rows": [
            [
                {
                    "value": points(float(grid.difference[i, j])),
                    "side": "fewer" if fewer[i, j] else "more" if more[i, j] else "",
                }
                for j in range(columns)
            ]
            for i in range(rows)
        ],
    }  # fmt: skip


def _subgroup(one: SubgroupOfPlan) -> dict[str, Any]:
    levels = () if one.effects is None else one.effects.levels
    return {
        "label": first_capital(one.label),
        "note": one.note,
        "interaction": "" if one.interaction is None else p_value(one.interaction.p_value),
        "method": "" if one.interaction is None else one.interaction.method,
        "levels": [
            {
                "name": level.name,
                "treatment": f"{level.events[0]} of {level.patients[0]}",
                "control": f"{level.events[1]} of {level.patients[1]}",
                "contrast": "" if level.contrast is None else contrast_words(level.contrast),
                "note": level.note,
            }
            for level in levels
        ],
    }


def _interactions(subgroups: tuple[SubgroupOfPlan, ...]) -> str:
    tests = sum(one.interaction is not None for one in subgroups)
    if not tests:
        return ""
    if tests == 1:
        return "1 interaction test; by chance alone it has p < 0.05 once in 20 times"
    return f"{tests} interaction tests; by chance alone p < 0.05 is expected in {0.05 * tests:g} of them"


def _safety(found: TrialAnalysis) -> list[dict[str, Any]] | None:
    table, week = found.safety, found.endpoint.week
    if table is None:
        return None
    rows = []
    for agent, both in table.groupby("what", sort=False):
        one, nought = both.to_dict("records")
        (label,) = found.study.agent_labels([str(agent)])
        rows.append({"what": first_capital(label), "treatment": _given(one, week), "control": _given(nought, week)})
    return rows


def _given(row: Mapping[Any, Any], week: float) -> str:
    courses = number_of(row["courses"], "dose or course", "doses or courses")
    return f"{out_of(row['patients'], row['of'])} ({courses} by week {week:g})"


def _tables(found: TrialAnalysis) -> dict[str, pd.DataFrame]:
    """Return the tables that are written beside the page; none holds a patient."""
    levels = [
        {
            "variable": one.label, "level": level.name, "patients_treatment": level.patients[0],
            "patients_control": level.patients[1], "events_treatment": level.events[0],
            "events_control": level.events[1],
            "difference": None if level.contrast is None else level.contrast.value,
            "lower": None if level.contrast is None else level.contrast.lower,
            "upper": None if level.contrast is None else level.contrast.upper,
            "p_interaction": None if one.interaction is None else one.interaction.p_value,
            "note": level.note or one.note,
        }
        for one in found.subgroups
        for level in (one.effects.levels if one.effects is not None else ())
    ]  # fmt: skip
    tables = {
        "results": found.to_table(), "flow": found.flow.to_table(), "table_one": found.table_one.to_table(),
    }  # fmt: skip
    if found.adverse_events is not None:
        tables["harms"] = found.adverse_events.table
    return tables | ({"subgroups": pd.DataFrame(levels)} if levels else {})
